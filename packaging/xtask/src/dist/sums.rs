//! Checksums of what is shipped, and their signature.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use estampe_plugin_kit::signing::{self, SecretKey};
use sha2::{Digest, Sha256};

/// `SHA256SUMS`, as sha256sum(1) checks it, and `SHA256SUMS.minisig`.
pub fn write(out: &Path, key: &SecretKey) -> Result<(), String> {
    let mut text = String::new();
    for (name, path) in files(out)? {
        let octets = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for octet in Sha256::digest(&octets) {
            // writing to a String cannot fail
            let _ = write!(text, "{octet:02x}");
        }
        let _ = writeln!(text, "  {name}");
    }
    let signature = signing::sign_as(text.as_bytes(), key, "estampe release")?;
    for (name, content) in [("SHA256SUMS", text), ("SHA256SUMS.minisig", signature)] {
        fs::write(out.join(name), content).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// A line for each file: how large it is.
pub fn sizes(out: &Path) -> Result<Vec<String>, String> {
    let size = |(name, path): (String, PathBuf)| {
        let octets = fs::metadata(&path).map_err(|error| format!("{name}: {error}"))?.len();
        Ok(format!("{:>6}.{} MB  {name}", octets / 1_000_000, octets / 100_000 % 10))
    };
    files(out)?.into_iter().map(size).collect()
}

/// Every file below, by name.
fn files(out: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), out.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            if path.is_dir() {
                folders.push((format!("{name}/"), path));
            } else {
                found.push((name, path));
            }
        }
    }
    found.sort();
    Ok(found)
}
