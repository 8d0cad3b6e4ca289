//! The server under test: the release binary with a folder of its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::certificate::Certificates;
use crate::client::Target;
use crate::process::{Running, free_port, output};

/// A running server.
pub struct Server {
    process: Running,
    binary: PathBuf,
    folder: PathBuf,
    /// The public listener.
    pub public: Target,
    /// The internal listener.
    pub internal: Target,
    /// From the start of the process to the first "ready".
    pub ready_after: Duration,
}

/// What is needed to start one.
#[derive(Clone)]
pub struct Built {
    /// The release binary; `estampe-compile` is beside it.
    pub binary: PathBuf,
    /// The folder of the bundles.
    pub plugins: PathBuf,
    /// What calls a plugin by Extism, if it was built.
    pub extism: Option<PathBuf>,
}

/// The configuration of the benchmarked server, in one place.
fn configuration(
    built: &Built,
    folder: &Path,
    certificates: &Certificates,
    (public, internal): (u16, u16),
    more: &str,
) -> String {
    format!(
        "data_dir = {data:?}\norganisation = \"Banque Garonne\"\n\
         [listen]\npublic = \"127.0.0.1:{public}\"\ninternal = \"127.0.0.1:{internal}\"\n\
         [public]\norigin = \"https://localhost:{public}\"\n[internal]\norigin = \"https://localhost:{internal}\"\n\
         [tls]\ncertificate_file = {leaf:?}\nkey_file = {key:?}\n\
         [plugins]\ndir = {plugins:?}\nallow_unsigned = true\n{LIMITS}{more}",
        data = folder.join("data").display().to_string(),
        leaf = certificates.leaf.display().to_string(),
        key = certificates.key.display().to_string(),
        plugins = built.plugins.display().to_string(),
    )
}

/// Thousands of requests come from one machine: no limits.
const LIMITS: &str =
    "[limits]\nconnections_per_client = 0\nrequests_per_minute = 0\nleads_per_minute = 0\ncard_leads_per_minute = 0\n";

impl Server {
    /// Starts one on `folder`, whose `data` may be there already, and waits until it is
    /// ready.
    pub fn start(built: &Built, folder: &Path, certificates: &Certificates) -> Result<Self, String> {
        Self::start_with(built, folder, certificates, "")
    }

    /// The same with more configuration.
    pub fn start_with(built: &Built, folder: &Path, certificates: &Certificates, more: &str) -> Result<Self, String> {
        let (public, internal) = (free_port()?, free_port()?);
        let file = folder.join("estampe.toml");
        fs::write(&file, configuration(built, folder, certificates, (public, internal), more))
            .map_err(|e| format!("{}: {e}", file.display()))?;
        let log = folder.join("estampe.log");
        let (public, internal) = (Target::new(public, certificates)?, Target::new(internal, certificates)?);
        let begun = Instant::now();
        let arguments = [OsStr::new("--config"), file.as_os_str(), OsStr::new("serve")];
        let mut process = Running::start("estampe", &built.binary, &arguments, &log)?;
        let runtime = crate::load::runtime(1)?;
        loop {
            if let Some(status) = process.ended()? {
                return Err(format!("the server ended ({status}):\n{}", last_words(&log)));
            }
            let ready = runtime.block_on(internal.get("/health/ready", "fr"));
            if ready.is_ok_and(|answer| answer.status == 200) {
                break;
            }
            if begun.elapsed() > Duration::from_mins(5) {
                return Err(format!("the server is not ready:\n{}", last_words(&log)));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let ready_after = begun.elapsed();
        Ok(Self { process, binary: built.binary.clone(), folder: folder.to_owned(), public, internal, ready_after })
    }

    /// A command of the operator, answered in JSON.
    pub fn ask(&self, arguments: &[&str]) -> Result<serde_json::Value, String> {
        let mut command = Command::new(&self.binary);
        command.arg("--config").arg(self.folder.join("estampe.toml")).arg("--json").args(arguments);
        let text = output(&mut command)?;
        serde_json::from_str(&text).map_err(|e| format!("{arguments:?}: {e}: {text}"))
    }

    /// The file of its database.
    pub fn store(&self) -> PathBuf {
        self.folder.join("data/estampe.db")
    }

    /// Memory that it holds now, in bytes.
    pub fn resident(&self) -> Result<u64, String> {
        self.process.resident()
    }

    /// The most memory that it held so far, in bytes.
    pub fn peak(&self) -> Result<u64, String> {
        self.process.peak()
    }

    /// Whether it still runs.
    pub fn check(&mut self) -> Result<(), String> {
        match self.process.ended()? {
            None => Ok(()),
            Some(status) => Err(format!("the server ended ({status}):\n{}", self.last_words())),
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        last_words(&self.folder.join("estampe.log"))
    }

    /// Stops it.
    pub fn stop(mut self) -> Result<(), String> {
        self.check()?;
        self.process.stop()
    }
}

fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}
