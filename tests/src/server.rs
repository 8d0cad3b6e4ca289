//! The appliance under test: the real binary, driven by HTTP and by its commands.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::database::{Database, fresh_postgres};
use crate::process::{Process, until};

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The sample directory of Banque Garonne.
pub fn sample() -> PathBuf {
    workspace().join("config/sample/garonne.ldif")
}

/// The folder of what is built.
pub(crate) fn target() -> PathBuf {
    binary().parent().unwrap().parent().unwrap().to_owned()
}

/// The program that is tested.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    // target/debug/deps/it-… → target/debug/estampe
    let found = own.parent().unwrap().parent().unwrap().join("estampe");
    assert!(found.is_file(), "{} is not built: run `cargo xtask test`", found.display());
    found
}

/// How a server is started.
pub struct Options {
    /// On which database.
    pub database: Database,
    /// More of the configuration, after what the harness writes: `[smtp]` and such.
    pub extra: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { database: Database::Sqlite, extra: String::new() }
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Output {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<std::process::Output> for Output {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A running server with a folder of its own.
pub struct Server {
    process: Option<Process>,
    folder: TempDir,
    typed: Mutex<Vec<String>>,
    /// `https://localhost:port` of the public listener.
    pub public: String,
    /// `https://localhost:port` of the internal listener.
    pub internal: String,
}

/// Two ports that are free, and stay so when the server is started again: below those
/// that the system gives to whoever asks for any, and none twice in this process.
pub fn free_ports() -> (u16, u16) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut found = std::iter::repeat_with(|| {
        let step = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        10_000 + u16::try_from(step % 20_000).unwrap()
    })
    .take(20_000)
    .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    (found.next().expect("a free port"), found.next().expect("a free port"))
}

impl Server {
    /// Starts one and waits until it is ready.
    pub async fn start(options: Options) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options).await
    }

    /// Starts one in this folder, in which something may be prepared already.
    pub async fn start_in(folder: TempDir, options: Options) -> Self {
        let url = match options.database {
            Database::Sqlite => String::new(),
            Database::Postgres => fresh_postgres(),
        };
        Self::start_on(folder, &url, &options.extra).await
    }

    /// Starts one in this folder on a database by its URL; an empty one is SQLite's, in the folder.
    pub async fn start_on(folder: TempDir, url: &str, extra: &str) -> Self {
        crate::tls::provide();
        let (public, internal) = free_ports();
        let configuration = format!(
            "data_dir = {:?}\norganisation = \"Banque Garonne\"\n\
             [listen]\npublic = \"127.0.0.1:{public}\"\ninternal = \"127.0.0.1:{internal}\"\n\
             [public]\norigin = \"https://localhost:{public}\"\n[internal]\norigin = \"https://localhost:{internal}\"\n\
             [database]\nurl = \"{url}\"\n[plugins]\ndir = {:?}\n",
            folder.path().join("data"),
            Self::bundles(),
        );
        let server = Self {
            process: None,
            typed: Mutex::default(),
            public: format!("https://localhost:{public}"),
            internal: format!("https://localhost:{internal}"),
            folder,
        };
        std::fs::write(server.folder.path().join("base.toml"), configuration).unwrap();
        server.configure(extra);
        server.run().await
    }

    /// The folder of the bundles that were built.
    pub fn bundles() -> PathBuf {
        target().join("plugins")
    }

    /// A server on SQLite without a mail server.
    pub async fn start_default() -> Self {
        Self::start(Options::default()).await
    }

    /// A server with the sample, which another imported that had no configuration of its own.
    pub async fn with_sample(options: Options) -> Self {
        let (folder, url) = crate::prepared::copy(options.database).await;
        Self::start_on(folder, &url, &options.extra).await
    }

    /// A server that imported the sample itself: for what the import leaves in its memory and its log.
    pub async fn importing_sample(options: Options) -> Self {
        let server = Self::start(options).await;
        server.import(&sample());
        server
    }

    /// Writes the configuration anew, with these further sections.
    pub fn configure(&self, extra: &str) {
        let base = std::fs::read_to_string(self.folder.path().join("base.toml")).unwrap();
        std::fs::write(self.config(), base + extra).unwrap();
    }

    /// Writes a file of `conf.d`, where a section of the main file can be added to.
    pub fn configure_more(&self, more: &str) {
        let folder = self.folder.path().join("conf.d");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("50-more.toml"), more).unwrap();
    }

    async fn run(mut self) -> Self {
        self.spawn(&[]);
        self.wait_ready().await;
        self
    }

    fn log_file(&self) -> PathBuf {
        // a test may have given the log a file system of its own
        let folder = self.folder.path().join("logs");
        if folder.is_dir() { folder.join("log") } else { self.folder.path().join("log") }
    }

    fn spawn(&mut self, variables: &[(&str, &str)]) {
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = self.command(&["serve"]);
        self.process = Some(Process::start(command.envs(variables.iter().copied()).stderr(log)));
    }

    async fn wait_ready(&mut self) {
        until("the server is ready", 60, async || {
            let process = self.process.as_mut().unwrap();
            if let Some(status) = process.0.try_wait().unwrap() {
                panic!("the server ended ({status}):\n{}", self.log());
            }
            if !self.data().join("tls/ca.pem").is_file() {
                return None;
            }
            let answer = self.client().get(format!("{}/health/ready", self.internal)).send().await;
            answer.is_ok_and(|a| a.status().is_success()).then_some(())
        })
        .await;
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.arg("--config").arg(self.config()).args(arguments);
        command
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("estampe.toml")
    }

    /// A folder for what a test writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().0.id()
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Words that must not stand in the log either, beside those of [`crate::canary`].
    pub fn never_logs(&self, words: &[&str]) {
        self.typed.lock().unwrap().extend(words.iter().map(|word| (*word).to_owned()));
    }

    /// A browser of a stranger: no cookies, follows nothing, trusts this server's CA alone.
    pub fn client(&self) -> reqwest::Client {
        self.builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
    }

    /// A browser of an administrator: keeps cookies, follows nothing.
    pub fn console(&self) -> reqwest::Client {
        self.builder().redirect(reqwest::redirect::Policy::none()).cookie_store(true).build().unwrap()
    }

    /// The same from another address of this machine, so that it counts as another client.
    pub fn console_from(&self, address: std::net::Ipv4Addr) -> reqwest::Client {
        let builder = self.builder().redirect(reqwest::redirect::Policy::none()).cookie_store(true);
        let builder = builder.resolve("localhost", (std::net::Ipv4Addr::LOCALHOST, 0).into());
        builder.local_address(std::net::IpAddr::V4(address)).build().unwrap()
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        let pem = std::fs::read(self.data().join("tls/ca.pem")).unwrap();
        reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()])
            // passwords are looked at when nobody else wants a processor
            .timeout(Duration::from_mins(2))
    }

    /// For raw TLS connections: trusts this server's CA alone.
    pub fn trusting(&self) -> rustls::ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.data().join("tls/ca.pem")).unwrap()).unwrap();
        rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
    }

    /// Runs a command against the server.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs a command that reads its standard input from a file.
    pub fn cli_reading(&self, arguments: &[&str], file: &Path) -> Output {
        self.command(arguments).stdin(std::fs::File::open(file).unwrap()).output().unwrap().into()
    }

    /// Begins a command and does not wait for it.
    pub fn begin(&self, arguments: &[&str]) -> std::process::Child {
        let mut command = self.command(arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
    }

    /// Runs a command that must print JSON, whatever its exit code.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cli(&[&["--json"], arguments].concat());
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {output:?}"))
    }

    /// Installs the plugin `directory-file` where it is not, with all that it asks for.
    pub fn install(&self) {
        if self.json(&["plugin", "list"])["plugins"].as_array().unwrap().is_empty() {
            let installed = self.cli(&["plugin", "install", "directory-file", "--yes"]);
            assert_eq!(installed.code, 0, "{installed:?}");
        }
    }

    /// Adds `file` as the source "siege" where it is not, and runs it: the run.
    pub fn import(&self, file: &Path) -> Value {
        let input = format!("people={}", file.display());
        self.install();
        let added = self.cli(&["source", "add", "siege", "--input", &input]);
        assert_eq!(added.code, 0, "{added:?}");
        self.sync()
    }

    /// Runs the source "siege": the run.
    pub fn sync(&self) -> Value {
        self.json(&["source", "sync", "siege"])
    }

    /// Everybody, by name.
    pub fn people(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = match &after {
                None => self.json(&["person", "list"]),
                Some(after) => self.json(&["person", "list", "--after", after]),
            };
            all.extend(page["people"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return all,
            }
        }
    }

    /// The address of somebody's card.
    pub fn card_of(&self, name: &str) -> String {
        let found = self.json(&["person", "list", name]);
        found["people"][0]["card_url"].as_str().unwrap_or_else(|| panic!("{name}: {found}")).to_owned()
    }

    /// Sends SIGTERM and waits for a clean end.
    pub fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        process.signal("TERM");
        assert_eq!(process.wait(Duration::from_secs(40)), 0, "{}", self.log());
    }

    /// Sends SIGHUP: read the certificates again.
    pub fn hang_up(&self) {
        self.process.as_ref().unwrap().signal("HUP");
    }

    /// Sends SIGTERM without waiting.
    pub fn ask_to_stop(&self) {
        self.process.as_ref().unwrap().signal("TERM");
    }

    /// Waits for the end after [`ask_to_stop`](Self::ask_to_stop); its exit code.
    pub fn wait(&mut self) -> i32 {
        self.process.take().unwrap().wait(Duration::from_secs(40))
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        self.process.take().unwrap();
    }

    /// Starts it again on the same folder.
    pub async fn start_again(&mut self) {
        self.start_again_with(&[]).await;
    }

    /// The same with these variables in its environment.
    pub async fn start_again_with(&mut self, variables: &[(&str, &str)]) {
        self.spawn(variables);
        self.wait_ready().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(30).collect();
            eprintln!("the server's last lines:");
            for line in tail.iter().rev() {
                eprintln!("  {line}");
            }
            return;
        }
        // the last lines are written before the process is gone
        self.process.take();
        let found = crate::canary::search(&self.log(), &self.typed.lock().unwrap());
        let told: Vec<_> = found.iter().take(10).map(ToString::to_string).collect();
        assert!(found.is_empty(), "personal data in the log:\n{}", told.join("\n"));
    }
}
