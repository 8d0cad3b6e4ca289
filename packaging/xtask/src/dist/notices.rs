//! The licences of the crates that are linked, with their texts: who gives a binary away has to give
//! these with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use estampe_plugin_kit::sbom;

/// Files in a crate's folder whose names begin so are its licence.
const NAMES: &[&str] = &["license", "licence", "copying", "notice", "copyright", "unlicense"];

/// The text: each crate once, equal texts together.
pub fn of(workspace: &Path, package: &str, features: &[&str]) -> Result<String, String> {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for linked in sbom::linked(workspace, package, features)? {
        let name = format!("{} {} ({})", linked.name, linked.version, linked.license.as_deref().unwrap_or("see below"));
        let texts = texts(&linked.folder)?;
        if texts.is_empty() {
            by_text.entry("The crate holds no text of its licence.".to_owned()).or_default().push(name.clone());
        }
        for text in texts {
            by_text.entry(text).or_default().push(name.clone());
        }
    }
    let mut written = String::from("What Estampe is made of, and under which licences.\n");
    for (text, names) in by_text {
        // writing to a String cannot fail
        let _ = write!(written, "\n{}\n{}\n\n{}\n", "=".repeat(78), names.join("\n"), text.trim_end());
    }
    Ok(written)
}

fn texts(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && NAMES.iter().any(|begin| name.starts_with(begin)) {
            let octets = fs::read(&path).map_err(failed)?;
            found.push(String::from_utf8_lossy(&octets).replace("\r\n", "\n"));
        }
    }
    found.sort();
    Ok(found)
}
