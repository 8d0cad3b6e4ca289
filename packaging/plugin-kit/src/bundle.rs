//! Bundles: plain tar archives of a component and what belongs to it. The same input gives
//! the same octets, on every machine; the signature alone differs each time, since minisign
//! signs with randomness.

use std::fs;
use std::io::Read;
use std::path::Path;

use minisign::SecretKey;

use crate::signing::sign;

/// The signature of all entries before it; always the last.
const SIGNATURE: &str = "signature.minisig";

/// The software bill of materials.
pub const SBOM: &str = "sbom.cdx.json";
/// The terms.
pub const LICENSE: &str = "LICENSE";

/// What a bundle holds, in this order. Only the first two have to be there.
const ENTRIES: [&str; 6] = ["component.wasm", "plugin.toml", "README.md", LICENSE, "CHANGELOG.md", SBOM];

/// A bundle that is being made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Names and contents, in the order of [`ENTRIES`].
    entries: Vec<(&'static str, Vec<u8>)>,
}

impl Bundle {
    /// A component, with what of a bundle's files lies in the plugin's folder.
    pub fn gather(folder: &Path, component: Vec<u8>) -> Result<Self, String> {
        let mut bundle = Self { entries: Vec::new() };
        for name in ENTRIES {
            let path = folder.join(name);
            let content = match name {
                "component.wasm" => component.clone(),
                "plugin.toml" => read(&path)?,
                _ if path.is_file() => read(&path)?,
                _ => continue,
            };
            bundle.entries.push((name, content));
        }
        Ok(bundle)
    }

    /// The content of one of its files.
    pub fn content(&self, name: &str) -> Option<&[u8]> {
        self.entries.iter().find(|(there, _)| *there == name).map(|(_, content)| content.as_slice())
    }

    /// Adds this one of its files, where the folder held none.
    pub fn complete(
        &mut self,
        name: &'static str,
        content: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<(), String> {
        if !self.entries.iter().any(|(there, _)| *there == name) {
            self.entries.push((name, content()?));
            self.order();
        }
        Ok(())
    }

    fn order(&mut self) {
        self.entries.sort_by_key(|(name, _)| ENTRIES.iter().position(|other| other == name));
    }

    /// Takes a finished bundle apart; its signature is left out.
    pub fn open(archive: &[u8]) -> Result<Self, String> {
        let damaged = |error: std::io::Error| format!("it is no tar archive or damaged: {error}");
        let mut found: Vec<(&'static str, Vec<u8>)> = Vec::new();
        for entry in tar::Archive::new(archive).entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if path == SIGNATURE {
                continue;
            }
            let Some(name) = ENTRIES.into_iter().find(|name| *name == path) else {
                return Err(format!(
                    "it holds {path:?}; a bundle holds these alone: {}, {SIGNATURE}",
                    ENTRIES.join(", ")
                ));
            };
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(damaged)?;
            if found.iter().any(|(other, _)| *other == name) {
                return Err(format!("it holds {name} twice"));
            }
            found.push((name, content));
        }
        for needed in ["component.wasm", "plugin.toml"] {
            if !found.iter().any(|(name, _)| *name == needed) {
                return Err(format!("it holds no {needed}"));
            }
        }
        let mut bundle = Self { entries: found };
        bundle.order();
        Ok(bundle)
    }

    /// Its octets, signed when there is a key.
    pub fn octets(&self, key: Option<&SecretKey>) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| format!("writing a bundle: {error}");
        let mut archive = tar::Builder::new(Vec::new());
        for (name, content) in &self.entries {
            append(&mut archive, name, content).map_err(failed)?;
        }
        if let Some(key) = key {
            // what was written so far is what is signed: whole blocks, without the archive's end
            let signature = sign(archive.get_ref(), key)?;
            append(&mut archive, SIGNATURE, signature.as_bytes()).map_err(failed)?;
        }
        archive.into_inner().map_err(failed)
    }
}

/// Writes a file so that whoever reads it meanwhile sees the old one or the new one.
pub fn save(file: &Path, octets: &[u8]) -> Result<(), String> {
    let beside = file.with_extension("estampe.new");
    fs::write(&beside, octets)
        .and_then(|()| fs::rename(&beside, file))
        .map_err(|error| format!("{}: {error}", file.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    // nothing of this machine
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, name, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(octets: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(octets);
        let entries = archive.entries().unwrap();
        entries.map(|entry| String::from_utf8_lossy(&entry.unwrap().path_bytes()).into_owned()).collect()
    }

    #[test]
    fn the_same_input_gives_the_same_octets_and_the_signature_is_last() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Bundle::gather(folder.path(), vec![1]).unwrap_err().contains("plugin.toml"));
        for (name, content) in [("plugin.toml", "id = \"a\""), ("README.md", "# A"), ("LICENSE", "MIT"), ("notes", "x")]
        {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let bundle = Bundle::gather(folder.path(), b"code".to_vec()).unwrap();
        let plain = bundle.octets(None).unwrap();
        assert_eq!(plain, bundle.octets(None).unwrap());
        assert_eq!(names(&plain), ["component.wasm", "plugin.toml", "README.md", "LICENSE"]);

        let (key, _) = crate::signing::generate("a test").unwrap();
        let signed = bundle.octets(Some(&key)).unwrap();
        assert_eq!(names(&signed).last().map(String::as_str), Some(SIGNATURE));
        // what is signed anew holds one signature
        let opened = Bundle::open(&signed).unwrap();
        assert_eq!(opened, bundle);
        assert_eq!(names(&opened.octets(Some(&key)).unwrap()), names(&signed));
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        assert!(Bundle::open(&[0xff; 2048]).unwrap_err().contains("tar"));
        assert!(Bundle::open(&[0; 1024]).unwrap_err().contains("no component.wasm"));
        let mut archive = tar::Builder::new(Vec::new());
        append(&mut archive, "extra.txt", b"x").unwrap();
        assert!(Bundle::open(&archive.into_inner().unwrap()).unwrap_err().contains("extra.txt"));
    }
}
