//! A running appliance, as the demo starts it: its configuration, its command line, and
//! what it answers over TLS (asked by curl, which is not ours).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::children::{self, Running};
use crate::mail::Catcher;
use crate::steps::note;
use crate::stop;

/// Where the two listeners are, and how they are called from outside.
pub struct Address {
    pub listen: IpAddr,
    pub public_port: u16,
    pub internal_port: u16,
    /// What the public origin is called: a name or an address.
    pub public_name: String,
    /// What the certificate is for.
    pub names: Vec<String>,
}

impl Address {
    /// Loopback alone, on free ports.
    pub fn loopback() -> Result<Self, String> {
        Ok(Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            public_port: port(0)?,
            internal_port: port(0)?,
            public_name: "localhost".to_owned(),
            names: vec!["localhost".to_owned()],
        })
    }

    /// Where a telephone in the same network finds it, on the usual ports when they are
    /// free.
    pub fn for_telephones() -> Result<Self, String> {
        let mut names = vec!["localhost".to_owned()];
        names.extend(host_name());
        let own = own_address();
        names.extend(own.map(|address| address.to_string()));
        names.dedup();
        Ok(Self {
            listen: Ipv4Addr::UNSPECIFIED.into(),
            public_port: port(8443).or_else(|_| port(0))?,
            internal_port: port(9443).or_else(|_| port(0))?,
            public_name: own.map_or_else(|| "localhost".to_owned(), |address| address.to_string()),
            names,
        })
    }

    fn public_origin(&self) -> String {
        format!("https://{}:{}", self.public_name, self.public_port)
    }

    fn internal_origin(&self) -> String {
        format!("https://localhost:{}", self.internal_port)
    }
}

/// A port that is free now. Nobody else is given it meanwhile, but they may ask.
fn port(wanted: u16) -> Result<u16, String> {
    TcpListener::bind(("0.0.0.0", wanted))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("port {wanted}: {error}"))
}

/// This machine's address in its network: the one that a packet would be sent from. None
/// is sent.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // TEST-NET-1 (RFC 5737): nobody's
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_owned();
    let usable = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    usable.then_some(name)
}

/// A path as a string of TOML.
pub fn quoted(path: impl AsRef<Path>) -> String {
    toml::Value::String(path.as_ref().display().to_string()).to_string()
}

/// The authority of an earlier demo may sign for this machine's former addresses alone:
/// then there is a new one, which a telephone has to trust anew.
fn authority(binary: &Path, configuration: &Path, data: &Path) -> Result<(), String> {
    let estampe = |arguments: &[&str]| {
        let mut command = Command::new(binary);
        command.arg("--config").arg(configuration).args(arguments);
        children::output(&format!("estampe {}", arguments.join(" ")), &mut command)
    };
    match estampe(&["check-config"]) {
        Err(problem) if data.join("tls/ca.pem").exists() && problem.contains("estampe ca --renew") => {
            note("this machine's names or addresses have changed: making a new certificate authority");
            estampe(&["ca", "--renew"]).map(|_| ())
        }
        // anything else is said by the server itself
        _ => Ok(()),
    }
}

/// A running server with its configuration.
pub struct Server {
    process: Running,
    binary: PathBuf,
    configuration: PathBuf,
    log: PathBuf,
    ca_file: PathBuf,
    pub public_origin: String,
    pub internal_origin: String,
    loopback: [(u16, u16); 2],
}

impl Server {
    /// Writes the configuration into `folder` and starts.
    pub fn start(
        binary: &Path,
        plugins: &Path,
        folder: &Path,
        address: &Address,
        catcher: &Catcher,
    ) -> Result<Self, String> {
        let data = folder.join("data");
        let configuration = folder.join("estampe.toml");
        let text = format!(
            "# Written by `cargo xtask demo`; changes are lost.\n\
             data_dir = {data_dir}\norganisation = \"Banque Garonne\"\nlocale = \"fr\"\n\
             [listen]\npublic = \"{listen}:{public}\"\ninternal = \"127.0.0.1:{internal}\"\n\
             [public]\norigin = \"{public_origin}\"\n[internal]\norigin = \"{internal_origin}\"\n\
             [tls]\nnames = {names:?}\n[plugins]\ndir = {plugins}\ncompiler = {compiler}\n{mail}",
            data_dir = quoted(&data),
            listen = address.listen,
            public = address.public_port,
            internal = address.internal_port,
            public_origin = address.public_origin(),
            internal_origin = address.internal_origin(),
            names = address.names,
            plugins = quoted(plugins),
            compiler = quoted(binary.with_file_name("estampe-compile")),
            mail = catcher.configuration(),
        );
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&configuration, text))
            .map_err(|error| format!("{}: {error}", configuration.display()))?;
        let log = folder.join("estampe.log");
        let written = fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
        authority(binary, &configuration, &data)?;
        let mut command = Running::leashed(binary, "TERM");
        command.arg("--config").arg(&configuration).arg("serve");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(written);
        let process = Running::start("estampe", &mut command, Signal::TERM, Duration::from_secs(30))?;
        let mut server = Self {
            process,
            binary: binary.to_owned(),
            configuration,
            log,
            ca_file: data.join("tls/ca.pem"),
            public_origin: address.public_origin(),
            internal_origin: address.internal_origin(),
            loopback: [(address.public_port, address.public_port), (address.internal_port, address.internal_port)],
        };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let url = format!("{}/health/ready", self.internal_origin);
        stop::until("the server", Duration::from_mins(1), || {
            if let Some(status) = self.process.ended()? {
                return Err(format!("the server ended ({status}):\n{}", self.last_words()));
            }
            // until then it refuses connections, or has no certificate authority yet
            Ok(self.ca_file.exists().then(|| self.fetch(&url, &[]).ok()).flatten())
        })
        .map(|_| ())
        .map_err(|problem| format!("{problem}\n{}", self.last_words()))
    }

    /// Waits while it runs; an end that nobody asked for is a failure.
    pub fn wait(&mut self) -> Result<(), String> {
        let ended = stop::until("the server", Duration::MAX / 4, || self.process.ended());
        match ended {
            Ok(status) => Err(format!("the server ended ({status}):\n{}", self.last_words())),
            Err(_) if stop::asked() => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// Stops it; it must end well and in time.
    pub fn stop(&mut self) -> Result<(), String> {
        let status = self.process.stop()?;
        if status.success() { Ok(()) } else { Err(format!("it ended with {status}:\n{}", self.last_words())) }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }

    /// The file with its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// A command of the operator, answered in JSON.
    pub fn ask(&self, arguments: &[&str]) -> Result<Value, String> {
        let mut command = Command::new(&self.binary);
        command.arg("--config").arg(&self.configuration).arg("--json").args(arguments);
        let name = format!("estampe {}", arguments.join(" "));
        let text = children::output(&name, &mut command)?;
        serde_json::from_str(&text).map_err(|error| format!("{name} did not answer in JSON ({error}): {text}"))
    }

    /// Fetches a page or file, trusting the appliance's own authority alone.
    pub fn fetch(&self, url: &str, more: &[&str]) -> Result<String, String> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "20", "--noproxy", "*"]);
        command.arg("--cacert").arg(&self.ca_file);
        // the origin's name may be an address of the network or a name that only telephones know
        for (port, to) in self.loopback {
            command.args(["--connect-to", &format!(":{port}:127.0.0.1:{to}")]);
        }
        children::output(url, command.args(more).arg(url))
    }
}
