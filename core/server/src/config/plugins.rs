//! `[plugins]`: what plugins may use, and whose signature counts.

use std::path::{Path, PathBuf};

use estampe_plugin_host::Keys;

use super::check::within;
use super::settings::Plugins;

/// The section, parsed.
#[derive(Debug)]
pub struct PluginSettings {
    /// Folder of bundles that lie ready.
    pub dir: PathBuf,
    /// The program that compiles.
    pub compiler: PathBuf,
    /// Memory of a call, octets.
    pub memory: usize,
    /// Processor time of a call, seconds.
    pub cpu_seconds: u32,
    /// Processor time of all calls together, percent of the machine's.
    pub cpu_percent: u32,
    /// Keys that count, and those that do no longer.
    pub keys: Keys,
    /// Whether bundles may be used that nobody known signed.
    pub allow_unsigned: bool,
}

/// Octets of a public key with its comment.
const MAX_KEY: u64 = 4_096;

impl Plugins {
    /// Parses every value; each problem names its key.
    pub fn check(&self) -> Result<PluginSettings, Vec<String>> {
        let mut problems = Vec::new();
        let memory_mib: Option<usize> = taken(&mut problems, within("plugins.memory_mib", self.memory_mib, 1, 4096));
        let cpu_seconds = taken(&mut problems, within("plugins.cpu_seconds", self.cpu_seconds, 1, 600));
        let cpu_percent = taken(&mut problems, within("plugins.cpu_percent", self.cpu_percent, 5, 100));
        let compiler = taken(&mut problems, self.compiler());
        let keys = key_files(&self.dir).and_then(|mut trusted| {
            trusted.extend(self.trusted_keys.iter().cloned());
            let keys = Keys::read(&trusted, &self.revoked_keys);
            keys.map_err(|why| format!("plugins.trusted_keys or revoked_keys: {why}"))
        });
        let keys = taken(&mut problems, keys);
        match (memory_mib, cpu_seconds, cpu_percent, compiler, keys) {
            (Some(memory_mib), Some(cpu_seconds), Some(cpu_percent), Some(compiler), Some(keys)) => {
                Ok(PluginSettings {
                    dir: self.dir.clone(),
                    compiler,
                    memory: memory_mib << 20,
                    cpu_seconds,
                    cpu_percent,
                    keys,
                    allow_unsigned: self.allow_unsigned,
                })
            }
            _ => Err(problems),
        }
    }

    fn compiler(&self) -> Result<PathBuf, String> {
        if !self.compiler.is_empty() {
            return Ok(self.compiler.clone().into());
        }
        let own =
            std::env::current_exe().map_err(|e| format!("plugins.compiler: {e}; name the program estampe-compile"))?;
        let beside = own.with_file_name("estampe-compile");
        // where packages put what nobody calls by hand
        let packaged = PathBuf::from("/usr/lib/estampe/estampe-compile");
        Ok(if !beside.is_file() && packaged.is_file() { packaged } else { beside })
    }
}

fn taken<T>(problems: &mut Vec<String>, result: Result<T, String>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

/// The public keys (`*.pub`) that lie with the bundles: who may write there may replace the
/// program as well. A folder that is not there is told when plugins are listed.
fn key_files(folder: &Path) -> Result<Vec<String>, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "pub")).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let failed = |error: std::io::Error| format!("plugins.dir: {}: {error}", path.display());
        if std::fs::metadata(&path).map_err(failed)?.len() > MAX_KEY {
            return Err(format!("plugins.dir: {} is too large for a public key", path.display()));
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        match Keys::read(std::slice::from_ref(&text), &[]) {
            Ok(_) => Ok(text),
            Err(why) => Err(format!("plugins.dir: {}: {why}; mend the file or take it away", path.display())),
        }
    };
    paths.into_iter().map(read).collect()
}
