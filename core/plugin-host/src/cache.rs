//! Compiled plugins, kept from start to start. Loading compiled code is running it, so
//! a file counts only with our MAC over it; anything else is compiled anew.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::compiler::{Compiler, MAX_ARTIFACT};
use crate::sync::lock;

/// Octets of the MAC at the start of a file.
const MAC: usize = 32;
/// How the files end.
const ENDING: &str = "compiled";

/// The folder of compiled plugins.
pub struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    compiler: Compiler,
    /// Once the compiler could be asked: it may be put there while we run.
    fingerprint: OnceLock<String>,
    used: Mutex<BTreeSet<String>>,
}

impl Cache {
    /// Opens the folder and asks the compiler what it makes artifacts for.
    pub fn open(folder: PathBuf, key: [u8; 32], compiler: Compiler) -> Self {
        if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(&folder) {
            // without a cache everything works, only slower
            tracing::warn!(plugin.cache = %folder.display(), error.text = %error, "cannot make the folder for compiled plugins");
        }
        let cache = Self { folder, key, compiler, fingerprint: OnceLock::new(), used: Mutex::default() };
        if let Err(why) = cache.fingerprint() {
            tracing::warn!(error.text = %why, "no plugin can be loaded before its compiler is there");
        }
        cache
    }

    /// Whether anything can be compiled; the error says why not.
    pub fn ready(&self) -> Result<(), String> {
        self.fingerprint().map(|_| ())
    }

    fn fingerprint(&self) -> Result<&str, String> {
        if let Some(known) = self.fingerprint.get() {
            return Ok(known);
        }
        let asked = self.compiler.fingerprint()?;
        Ok(self.fingerprint.get_or_init(|| asked))
    }

    /// The component, ready to be linked: from the folder, or compiled now.
    pub fn component(&self, engine: &Engine, component: &[u8]) -> Result<Component, String> {
        let name = self.name(component)?;
        let path = self.folder.join(&name);
        let kept = self.read(&name, &path).and_then(|artifact| load(engine, &artifact).ok());
        let loaded = if let Some(loaded) = kept {
            loaded
        } else {
            let artifact = self.compiler.compile(component)?;
            let loaded = load(engine, &artifact)?;
            if let Err(error) = self.write(&name, &path, &artifact) {
                tracing::warn!(plugin.cache = %path.display(), error.text = %error, "cannot keep a compiled plugin");
            }
            loaded
        };
        lock(&self.used).insert(name);
        Ok(loaded)
    }

    /// Removes what was not used since the start: plugins that were replaced or
    /// compiled for another processor, and what a crash left behind.
    pub fn prune(&self) {
        // nothing could be compiled: nothing that is there is known to be old
        if self.fingerprint.get().is_none() {
            return;
        }
        let used = lock(&self.used);
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let ours = name.rsplit_once('.').is_some_and(|(_, end)| end == ENDING || end == "part");
            if ours && !used.contains(name) {
                // it costs space and nothing else
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn name(&self, component: &[u8]) -> Result<String, String> {
        Ok(name(self.fingerprint()?, component))
    }

    /// The MAC of an artifact under its name, so that no artifact passes for another.
    fn mac(&self, name: &str, artifact: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(name.as_bytes());
        mac.update(artifact);
        Some(mac)
    }

    /// The artifact in a file, when it is ours.
    fn read(&self, name: &str, path: &Path) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        let file = File::open(path).ok()?;
        file.take(MAX_ARTIFACT + MAC as u64).read_to_end(&mut octets).ok()?;
        let (tag, artifact) = octets.split_at_checked(MAC)?;
        if self.mac(name, artifact)?.verify_slice(tag).is_err() {
            tracing::warn!(plugin.cache = %path.display(), "a compiled plugin is damaged or not ours; compiling it anew");
            return None;
        }
        octets.drain(..MAC);
        Some(octets)
    }

    fn write(&self, name: &str, path: &Path, artifact: &[u8]) -> io::Result<()> {
        let mac = self.mac(name, artifact).ok_or(io::ErrorKind::InvalidInput)?;
        let part = self.folder.join(format!("{name}.{}.part", std::process::id()));
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)
            .and_then(|mut file| {
                file.write_all(&mac.finalize().into_bytes())?;
                file.write_all(artifact)
            })
            .and_then(|()| fs::rename(&part, path));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written
    }
}

/// The file of a component that a compiler with this fingerprint compiled.
pub fn name(fingerprint: &str, component: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update((fingerprint.len() as u64).to_le_bytes());
    hash.update(fingerprint.as_bytes());
    hash.update(component);
    format!("{}.{ENDING}", HEXLOWER.encode(&hash.finalize()))
}

/// Loads compiled code.
fn load(engine: &Engine, artifact: &[u8]) -> Result<Component, String> {
    #[expect(
        unsafe_code,
        reason = "compiled code is trusted by its nature: it came from our own compiler \
                  through a pipe just now, or carries our MAC"
    )]
    // SAFETY: the artifact was written by `Component::serialize` of estampe-compile
    let component = unsafe { Component::deserialize(engine, artifact) };
    component.map_err(|error| format!("cannot load the compiled plugin: {error:#}"))
}
