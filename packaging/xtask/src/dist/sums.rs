//! Checksums of what is shipped, and their signature.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use estampe_plugin_kit::signing::{self, SecretKey};
use sha2::{Digest, Sha256};

/// `SHA256SUMS`, as sha256sum(1) checks it, and with a key `SHA256SUMS.minisig`.
pub fn write(out: &Path, key: Option<&SecretKey>) -> Result<(), String> {
    let mut text = String::new();
    for (name, path) in files(out)? {
        let octets = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for octet in Sha256::digest(&octets) {
            // writing to a String cannot fail
            let _ = write!(text, "{octet:02x}");
        }
        let _ = writeln!(text, "  {name}");
    }
    let write =
        |name: &str, content: &str| fs::write(out.join(name), content).map_err(|error| format!("{name}: {error}"));
    write("SHA256SUMS", &text)?;
    match key {
        Some(key) => write("SHA256SUMS.minisig", &signing::sign_as(text.as_bytes(), key, "estampe release")?),
        None => Ok(()),
    }
}

/// Whether what is here is what they shipped, octet by octet.
pub fn same(out: &Path, like: &Path) -> Result<(), String> {
    let read = |folder: &Path| {
        let file = folder.join("SHA256SUMS");
        fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
    };
    let differ = differing(&read(out)?, &read(like)?);
    if differ.is_empty() {
        println!("  every file is the same as in {}", like.display());
        return Ok(());
    }
    Err(format!("not the same as in {}: {}", like.display(), differ.join(", ")))
}

/// The files whose lines are not in both.
fn differing(one: &str, another: &str) -> Vec<String> {
    let only = |of: &str, not: &str| -> Vec<String> {
        let lines: Vec<&str> = not.lines().collect();
        let differ = of.lines().filter(|line| !lines.contains(line));
        differ.map(|line| line.split_whitespace().last().unwrap_or(line).to_owned()).collect()
    };
    let mut names = only(one, another);
    names.extend(only(another, one));
    names.sort();
    names.dedup();
    names
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
