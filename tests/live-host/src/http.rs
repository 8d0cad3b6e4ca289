//! One request after another, and whoever asked to be left alone is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Once;
use std::time::{Duration, Instant};

use estampe_plugin_sdk::http::{Request, Response};
use estampe_plugin_sdk::{FailKind, Failure};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio::runtime::{Builder, Runtime};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client in a runtime of its own.
pub(crate) struct Wire {
    runtime: Runtime,
    client: Client,
    /// Until when whoever has this token waits, at which origin.
    pauses: RefCell<HashMap<(String, String), Instant>>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        static TLS: Once = Once::new();
        TLS.call_once(|| {
            // another test may have been quicker
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        });
        let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(PATIENCE).build();
        Self {
            runtime: Builder::new_current_thread().enable_all().build().expect("a runtime"),
            client: client.expect("a client"),
            pauses: RefCell::default(),
        }
    }

    pub(crate) fn send(&self, url: &str, request: &Request, token: Option<&str>) -> Result<Response, Failure> {
        let url: reqwest::Url = url.parse().expect("an address");
        let who = (url.origin().ascii_serialization(), token.unwrap_or_default().to_owned());
        self.is_welcome(&who)?;
        let method = request.method_name().parse().expect("a method");
        let mut sent = self.client.request(method, url);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some(token) = token {
            sent = sent.bearer_auth(token);
        }
        if let Some(body) = &request.body {
            sent = sent.body(body.clone());
        }
        let answer = self.answer(sent)?;
        if matches!(answer.status, 429 | 503)
            && let Some(seconds) = answer.header("retry-after").and_then(|value| value.parse().ok())
        {
            self.pauses.borrow_mut().insert(who, Instant::now() + Duration::from_secs(seconds));
        }
        Ok(answer)
    }

    /// Sends it and reads the whole answer.
    pub(crate) fn answer(&self, request: reqwest::RequestBuilder) -> Result<Response, Failure> {
        let answered = self.runtime.block_on(async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            let texts = answer.headers().iter();
            let headers = texts.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
            let headers = headers.collect();
            let body = answer.bytes().await?.to_vec();
            Ok::<_, reqwest::Error>(Response { headers, ..Response::new(status, body) })
        });
        answered
            .map_err(|_| Failure::new(FailKind::Unavailable, "the connection ended before the whole answer was there"))
    }

    pub(crate) fn post(&self, url: &str) -> reqwest::RequestBuilder {
        self.client.post(url)
    }

    fn is_welcome(&self, who: &(String, String)) -> Result<(), Failure> {
        let Some(until) = self.pauses.borrow().get(who).copied() else { return Ok(()) };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            self.pauses.borrow_mut().remove(who);
            return Ok(());
        }
        let words =
            format!("{} asked to be left alone for {} more seconds; nothing was sent", who.0, left.as_secs() + 1);
        let mut failure = Failure::new(FailKind::RateLimited, words);
        failure.retry_after_ms = u64::try_from(left.as_millis() + 1).ok();
        Err(failure)
    }
}
