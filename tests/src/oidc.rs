//! A real OpenID Connect provider (oidc-provider, by node), and a browser that goes there and
//! comes back.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, until};
use crate::server::{Server, free_ports, workspace};
use crate::tls::Authority;

/// What we are told to be there, and by which secret.
pub const CLIENT: &str = "estampe";
/// See [`CLIENT`].
pub const CLIENT_SECRET: &str = "secret-of-a-client-for-tests";

/// A provider's folder, port and root, before it runs: a server has to know them first.
pub struct Provider {
    folder: TempDir,
    port: u16,
    /// The root that signed its certificate, PEM.
    pub root: String,
    process: Option<Process>,
}

impl Provider {
    /// One that knows nobody yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (authority, root) = Authority::new();
        let (leaf, key) = authority.leaf(&["localhost"], (1, 30));
        for (name, text) in [("cert.pem", &leaf), ("key.pem", &key), ("root.pem", &root)] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder, port: free_ports().0, root, process: None }
    }

    /// The part of a server's configuration that lets it trust the root.
    pub fn trusted(&self) -> String {
        format!("[egress]\nca_file = {:?}\n", self.folder.path().join("root.pem"))
    }

    /// `https://localhost:port`.
    pub fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Who is there: id and claims.
    pub fn people(&self, people: Value) {
        std::fs::write(self.folder.path().join("people.json"), people.to_string()).unwrap();
    }

    /// Runs it, for the console of this server.
    pub async fn run(&mut self, server: &Server, secret: Option<&str>) {
        let modules = std::env::var("ESTAMPE_TEST_OIDC").expect("`cargo xtask test` installs oidc-provider");
        let redirect = format!("{}/sign-in/back", server.internal);
        let settings = json!({"port": self.port, "redirect": redirect, "modules": modules, "secret": secret});
        let file = |name: &str| self.folder.path().join(name);
        std::fs::write(file("settings.json"), settings.to_string()).unwrap();
        let log = File::create(file("log")).unwrap();
        let script: PathBuf = workspace().join("tests/oidc/provider.mjs");
        let mut node = Command::new("node");
        node.arg(script).arg(self.folder.path()).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(Process::start(&mut node));
        until("oidc-provider is ready", 30, async || {
            let ended = self.process.as_mut().unwrap().0.try_wait().unwrap();
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(ended.is_none(), "oidc-provider ended: {log}");
            log.lines().any(|line| line == "ready").then_some(())
        })
        .await;
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// A browser that trusts the server and the provider, keeps cookies and follows nothing.
    pub fn browser(&self, server: &Server) -> Client {
        browser(server, &self.root)
    }
}

impl Default for Provider {
    fn default() -> Self {
        Self::new()
    }
}

/// A browser that trusts the server and this root, keeps cookies and follows nothing.
pub fn browser(server: &Server, root: &str) -> Client {
    let ours = std::fs::read(server.data().join("tls/ca.pem")).unwrap();
    let roots = [ours.as_slice(), root.as_bytes()].map(|pem| reqwest::Certificate::from_pem(pem).unwrap());
    Client::builder()
        .tls_certs_only(roots)
        .redirect(reqwest::redirect::Policy::none())
        .cookie_store(true)
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .unwrap()
}

/// Where an answer leads to.
pub fn location(answer: &Response) -> String {
    let location = answer.headers().get("location");
    location.unwrap_or_else(|| panic!("no location: {answer:?}")).to_str().unwrap().to_owned()
}

/// Where the page leads on to that stands between a button and a provider.
pub fn onward(answer: &Response) -> String {
    assert_eq!(answer.status(), 200, "{answer:?}");
    let refresh = answer.headers()["refresh"].to_str().unwrap();
    refresh.strip_prefix("0; url=").unwrap_or_else(|| panic!("{refresh}")).to_owned()
}

/// Presses the button of a provider: where that leads to.
pub async fn press(browser: &Client, server: &Server, provider: &str, form: &[(&str, &str)]) -> String {
    let url = format!("{}/sign-in/with/{provider}", server.internal);
    onward(&browser.post(url).form(form).send().await.unwrap())
}

/// Signs in at the provider as somebody: the address that it sends the browser back to.
pub async fn at_provider(browser: &Client, server: &Server, url: &str, who: &str) -> String {
    let back = format!("{}/sign-in/back", server.internal);
    let mut next = format!("{url}&login_hint={who}");
    for _ in 0..8 {
        let answer = browser.get(&next).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{next}: {answer:?}");
        let to = location(&answer);
        if to.starts_with(&back) {
            return to;
        }
        next = reqwest::Url::parse(&next).unwrap().join(&to).unwrap().to_string();
    }
    panic!("the provider does not send {who} back");
}
