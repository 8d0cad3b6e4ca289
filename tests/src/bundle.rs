//! Bundles that a test makes of a shipped one: another version, other asks, other keys.

use std::io::Read;
use std::path::{Path, PathBuf};

use minisign::KeyPair;

use crate::server::Server;

/// A bundle before it is written.
#[derive(Clone)]
pub struct Bundle {
    manifest: String,
    component: Vec<u8>,
}

/// A key that bundles are signed with.
pub struct Signer(KeyPair);

impl Signer {
    /// A new one.
    pub fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    /// The public half, as a configuration names it.
    pub fn public(&self) -> String {
        self.0.pk.to_base64()
    }
}

impl Default for Signer {
    fn default() -> Self {
        Self::new()
    }
}

impl Bundle {
    /// Of these contents.
    pub fn new(manifest: String, component: Vec<u8>) -> Self {
        Self { manifest, component }
    }

    /// The contents of a shipped one.
    pub fn shipped(id: &str) -> Self {
        Self::read(&Server::bundles().join(id).with_extension("estampe"))
    }

    /// The contents of this file.
    pub fn read(path: &Path) -> Self {
        let mut archive = tar::Archive::new(std::fs::File::open(path).unwrap());
        let mut bundle = Self { manifest: String::new(), component: Vec::new() };
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            match entry.path_bytes().as_ref() {
                b"plugin.toml" => drop(entry.read_to_string(&mut bundle.manifest).unwrap()),
                b"component.wasm" => drop(entry.read_to_end(&mut bundle.component).unwrap()),
                _ => {}
            }
        }
        bundle
    }

    /// With this in the place of that in its manifest.
    #[must_use]
    pub fn replacing(mut self, from: &str, to: &str) -> Self {
        assert!(self.manifest.contains(from), "{from} stands nowhere in the manifest");
        self.manifest = self.manifest.replace(from, to);
        self
    }

    /// As another version.
    #[must_use]
    pub fn version(self, version: &str) -> Self {
        self.replacing("version = \"0.1.0\"", &format!("version = \"{version}\""))
    }

    /// Without most of its component: for whoever reads no further than the manifest.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.component.truncate(64);
        self
    }

    /// Its octets, signed by `signer` or by nobody.
    pub fn octets(&self, signer: Option<&Signer>) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        append(&mut archive, "component.wasm", &self.component);
        append(&mut archive, "plugin.toml", self.manifest.as_bytes());
        if let Some(Signer(pair)) = signer {
            let signature = minisign::sign(None, &pair.sk, archive.get_ref().as_slice(), None, None).unwrap();
            append(&mut archive, "signature.minisig", signature.into_string().as_bytes());
        }
        archive.into_inner().unwrap()
    }

    /// Writes it to a file, signed by `signer` or by nobody.
    pub fn write(&self, folder: &Path, name: &str, signer: Option<&Signer>) -> PathBuf {
        let path = folder.join(name).with_extension("estampe");
        std::fs::write(&path, self.octets(signer)).unwrap();
        path
    }
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, content).unwrap();
}
