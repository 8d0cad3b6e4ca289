//! An egress that sends nothing: what a fixture file says is what other sides answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use estampe_domain::egress::{HttpRequest, HttpResponse};
use estampe_domain::ldap::LdapAccess;
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::{HttpEgress, LdapClient, LdapConnection};
use serde::Deserialize;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    answers: Vec<Answer>,
}

/// What one request is answered, however often it is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default = "get")]
    method: String,
    url: String,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body as text …
    body: Option<String>,
    /// … or as JSON.
    json: Option<serde_json::Value>,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

/// See the module.
#[derive(Debug, Default)]
pub struct Scripted {
    fixture: Fixture,
    hanging: AtomicBool,
    unknown: Mutex<Vec<String>>,
}

impl Scripted {
    /// Answers as this file says; nothing at all without one.
    pub fn read(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut fixture: Fixture = serde_json::from_str(&text).map_err(|error| {
            format!("{}: {error}; expected {{\"answers\": [{{\"url\": …, \"json\": …}}]}}", file.display())
        })?;
        for answer in &mut fixture.answers {
            if answer.body.is_some() && answer.json.is_some() {
                return Err(format!(
                    "{}: the answer to {} has a body and json; expected one",
                    file.display(),
                    answer.url
                ));
            }
            // as the plugin's requests are written when they arrive here
            let url = url::Url::parse(&answer.url);
            answer.url = url.map_err(|error| format!("{}: {}: {error}", file.display(), answer.url))?.to_string();
        }
        Ok(Self { fixture, ..Self::default() })
    }

    /// From now on nothing is answered, or all is again.
    pub fn hang(&self, hanging: bool) {
        self.hanging.store(hanging, Ordering::Relaxed);
    }

    /// Requests that the fixture does not know, each once.
    pub fn unknown(&self) -> Vec<String> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// No directory: a script for searches is not there yet.
#[derive(Debug)]
pub struct NoDirectory;

#[async_trait]
impl LdapClient for NoDirectory {
    async fn connect(&self, _access: &LdapAccess) -> Result<Box<dyn LdapConnection>, PluginFailure> {
        let words = "estampe plugin test has no directory to search; try the source of an appliance";
        Err(PluginFailure::new(FailKind::Unavailable, words))
    }
}

#[async_trait]
impl HttpEgress for Scripted {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PluginFailure> {
        if self.hanging.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let (method, url) = (request.method.as_str(), request.url.as_str());
        let mut answers = self.fixture.answers.iter();
        let Some(answer) = answers.find(|answer| answer.method == method && answer.url == url) else {
            let words = format!("{method} {url}");
            let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
            if !unknown.contains(&words) {
                unknown.push(words);
            }
            return Err(PluginFailure::new(
                FailKind::Unavailable,
                format!("the fixture has no answer to {method} {url}"),
            ));
        };
        let body = match (&answer.body, &answer.json) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(json)) => json.to_string().into_bytes(),
            (None, None) => Vec::new(),
        };
        if body.len() > request.max_response {
            return Err(PluginFailure::new(FailKind::Limit, "the answer is larger than a call may still take"));
        }
        let headers = answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
        Ok(HttpResponse { status: answer.status, headers: headers.collect(), body, certificate_until: None })
    }
}
