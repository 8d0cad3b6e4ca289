//! Headless Chromium, driven through chromedriver.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, until};
use crate::workspace;

/// A telephone, in CSS pixels.
pub const PHONE: (u32, u32) = (390, 844);
/// A desk.
pub const DESKTOP: (u32, u32) = (1280, 900);

/// What the person prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A browser window.
pub struct Browser {
    _driver: Process,
    _profile: TempDir,
    client: Client,
    session: String,
}

impl Browser {
    /// Opens one that reads this language.
    pub async fn open(language: &str) -> Self {
        crate::tls::provide();
        let profile = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Process::start(
            Command::new("chromedriver")
                .arg(format!("--port={port}"))
                .env("HOME", profile.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        let base = format!("http://127.0.0.1:{port}");
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--ignore-certificate-errors",
            // nothing of a test is elsewhere, and a name that nobody answers for takes long
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            &format!("--lang={language}"),
            &format!("--accept-lang={language}"),
            &format!("--user-data-dir={}", profile.path().join("profile").display()),
        ];
        let capabilities = json!({
            "goog:chromeOptions": {"args": arguments, "prefs": {"intl.accept_languages": language}},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = until("chromedriver", 30, async || {
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities.clone()).connect(&base).await.ok()
        })
        .await;
        let id = client.session_id().await.unwrap().expect("a session");
        Self { session: format!("{base}/session/{id}"), _driver: driver, _profile: profile, client }
    }

    async fn command(&self, path: &str, body: Value) -> Value {
        let answer = reqwest::Client::new().post(format!("{}/{path}", self.session)).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].clone()
    }

    /// A command of the Chrome DevTools Protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        // a page that is just being left or opened has nobody to tell; chromedriver says so
        until("a page to tell", 20, async || {
            let request = reqwest::Client::new().post(format!("{}/goog/cdp/execute", self.session)).json(&body);
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            let error = answer["value"]["message"].as_str().unwrap_or_default();
            let moving = ["aborted by navigation", "Cannot take screenshot with 0 width"];
            let is_moving = moving.iter().any(|moving| error.contains(moving));
            assert!(is_moving || answer["value"]["error"].is_null(), "{command}: {answer}");
            (!is_moving).then(|| answer["value"].clone())
        })
        .await
    }

    /// Sets the window's size and what the person prefers.
    pub async fn show_as(&self, (width, height): (u32, u32), scheme: Scheme) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        // without motion: a picture must not catch colours on their way from one to the other
        let still = json!({"name": "prefers-reduced-motion", "value": "reduce"});
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}, still]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Opens a page.
    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
        // it may come back while scripts are still on their way
        until("the whole page", 60, async || {
            let state = self.client.execute("return document.readyState", Vec::new()).await.ok()?;
            (state == json!("complete")).then_some(())
        })
        .await;
    }

    /// The address it stands at.
    pub async fn url(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// Types into the field of this CSS selector, after what stands there is removed.
    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.client.find(Locator::Css(selector)).await.unwrap_or_else(|e| panic!("{selector}: {e}"));
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks on what this CSS selector finds.
    pub async fn click(&self, selector: &str) {
        let found = self.client.find(Locator::Css(selector)).await.unwrap_or_else(|e| panic!("{selector}: {e}"));
        found.click().await.unwrap();
    }

    /// Clicks on what leads to another page, and waits until that one stands there.
    pub async fn follow(&self, selector: &str) {
        self.leave().await;
        self.click(selector).await;
        self.arrive().await;
    }

    /// Marks the page that stands there, before something that leads to another.
    pub async fn leave(&self) {
        self.client.execute("window.estampeLeft = true", Vec::new()).await.unwrap();
    }

    /// Waits until another page than the marked one stands there, whole.
    pub async fn arrive(&self) {
        let script = "return window.estampeLeft === undefined && document.readyState === 'complete'";
        until("another page", 30, async || {
            // between two pages there may be nothing to ask
            let there = self.client.execute(script, Vec::new()).await.ok()?;
            (there == json!(true)).then_some(())
        })
        .await;
    }

    /// Cuts the page off from the network, or lets it reach that again.
    pub async fn cut_off(&self, offline: bool) {
        self.devtools("Network.enable", json!({})).await;
        let speed = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", speed).await;
    }

    /// The browser's own way back, until the page before stands there.
    pub async fn back(&self) {
        self.client.back().await.unwrap();
        // it may be the very page that was left, kept as it was: a mark tells nothing
        let script = "return document.URL.startsWith('http') && document.readyState === 'complete'";
        until("the page before", 30, async || {
            let there = self.client.execute(script, Vec::new()).await.ok()?;
            (there == json!(true)).then_some(())
        })
        .await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    /// The text of what this CSS selector finds.
    pub async fn text(&self, selector: &str) -> String {
        let found = self.client.wait().for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|e| panic!("{selector}: {e}")).text().await.unwrap()
    }

    /// The text of what this CSS selector finds, or nothing: while one page goes and another
    /// comes, there may be nothing to ask.
    pub async fn glimpse(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({selector:?})?.innerText ?? ''");
        let text = self.client.execute(&script, Vec::new()).await.unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The value of a field.
    pub async fn value(&self, selector: &str) -> String {
        let field = self.client.find(Locator::Css(selector)).await.unwrap();
        field.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Runs a script on the page that stands there; what it returns.
    pub async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Runs a script that gives its answer to the function which is its last argument.
    pub async fn wait_for_script(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.unwrap()
    }

    /// Whether the page is wider than its window.
    pub async fn scrolls_sideways(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        self.client.execute(script, Vec::new()).await.unwrap() == json!(true)
    }

    /// What the browser complained of: refused by the CSP, not found, failed scripts.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.command("se/log", json!({"type": "browser"})).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().filter(|e| e["level"] == "SEVERE").map(|e| e["message"].as_str().unwrap().to_owned()).collect()
    }

    /// A picture of the whole page into `target/screenshots`, for a person to look at.
    pub async fn picture(&self, name: &str) {
        let parameters = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.devtools("Page.captureScreenshot", parameters).await;
        let bytes = data_encoding::BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap();
        let folder: PathBuf = workspace().join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// Closes the window.
    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    /// After a failed test nobody closed the window: without this, Chromium would stay
    /// when chromedriver goes.
    fn drop(&mut self) {
        let mut close = Command::new("curl");
        close.args(["--silent", "--max-time", "5", "--request", "DELETE", &self.session]);
        let _ = close.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
