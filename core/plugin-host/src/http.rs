//! Requests over HTTP of one call: what a grant names goes on to the egress, everything else
//! is refused here. Bounded in number, in octets and in the time that it takes.

mod headers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use estampe_domain::credential::{Credential, filled};
use estampe_domain::egress::{Attached, HttpRequest, HttpResponse, Method, parse_url};
use estampe_domain::json_keys::{self, BodyRefusal};
use estampe_domain::permission::Permission;
use estampe_domain::plugin::{FailKind, Given, PluginFailure, PluginInfo};
use estampe_domain::ports::HttpEgress;
use tokio::runtime::Handle;
use url::Url;
use wasmtime::component::{Resource, ResourceTable};

use crate::budget::Stop;
use crate::call::Call;
use crate::log::Level;
use crate::meter;
use crate::text::clean;

/// Requests of one call.
const MAX_REQUESTS: u32 = 200;
/// Octets of a request's body.
const MAX_BODY: usize = 8 << 20;
/// Octets of one answer.
const MAX_ANSWER: usize = 16 << 20;
/// Octets of the answers that a call holds at once.
const MAX_HELD: usize = 32 << 20;
/// Octets that a call sends and receives in all.
const MAX_OCTETS: usize = 128 << 20;
/// Answers that a call holds at once.
const MAX_OPEN: usize = 16;
/// Octets given by one read.
const MAX_READ: u32 = 1 << 20;
/// Octets of a subject.
const MAX_SUBJECT: usize = 512;
/// Time for one request; less when the call has less left.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a wait looks whether anybody still waits for the call.
const LOOK: Duration = Duration::from_millis(50);

/// A request as a plugin asks for it.
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its address, as written.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Option<Vec<u8>>,
    /// The credential that it wants to carry.
    pub credential: Option<String>,
    /// On whose behalf.
    pub subject: Option<String>,
}

/// What became of a request.
pub enum Outcome {
    /// It was answered.
    Answered(Resource<Answer>),
    /// It would have changed something, and this is a dry run.
    Recorded,
}

/// An answer that a plugin reads.
pub struct Answer {
    response: HttpResponse,
    read: usize,
}

/// The capability within one call.
pub struct Http {
    egress: Arc<dyn HttpEgress>,
    runtime: Handle,
    answers: ResourceTable,
    requests: u32,
    open: usize,
    held: usize,
    octets: usize,
}

impl Http {
    /// Nothing asked yet.
    pub fn new(egress: Arc<dyn HttpEgress>, runtime: Handle) -> Self {
        let mut answers = ResourceTable::new();
        answers.set_max_capacity(MAX_OPEN);
        Self { egress, runtime, answers, requests: 0, open: 0, held: 0, octets: 0 }
    }

    /// An answer that is held.
    pub fn answer(&self, answer: &Resource<Answer>) -> wasmtime::Result<&Answer> {
        Ok(self.answers.get(answer)?)
    }

    /// The next octets of an answer's body.
    pub fn read(&mut self, answer: &Resource<Answer>, length: u32) -> wasmtime::Result<Vec<u8>> {
        let Answer { response, read } = self.answers.get_mut(answer)?;
        let rest = response.body.get(*read..).unwrap_or_default();
        let length = usize::try_from(length.min(MAX_READ)).unwrap_or(0).min(rest.len());
        let octets = rest.get(..length).unwrap_or_default().to_vec();
        *read += length;
        Ok(octets)
    }

    /// The plugin is done with an answer.
    pub fn close(&mut self, answer: Resource<Answer>) -> wasmtime::Result<()> {
        let answer = self.answers.delete(answer)?;
        self.open = self.open.saturating_sub(1);
        self.held = self.held.saturating_sub(answer.response.body.len());
        Ok(())
    }

    /// Octets that the next answer may have.
    fn room(&self, sent: usize) -> Result<usize, PluginFailure> {
        if self.requests > MAX_REQUESTS {
            return Err(limit(format!("a call makes at most {MAX_REQUESTS} requests; go on in the next page")));
        }
        let left = MAX_OCTETS.saturating_sub(self.octets.saturating_add(sent));
        if left == 0 {
            let most = MAX_OCTETS >> 20;
            return Err(limit(format!("a call sends and receives at most {most} MiB; go on in the next page")));
        }
        let free = MAX_HELD.saturating_sub(self.held);
        if free == 0 || self.open >= MAX_OPEN {
            let most = MAX_HELD >> 20;
            return Err(limit(format!(
                "a call holds at most {MAX_OPEN} answers and {most} MiB of them; drop those that were read"
            )));
        }
        Ok(left.min(free).min(MAX_ANSWER))
    }
}

impl Answer {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// Its headers.
    pub fn headers(&self) -> &[(String, String)] {
        &self.response.headers
    }
}

/// The credential of this name with its values, when it was granted. `config` without what is
/// secret, with the manifest's defaults.
pub fn attached(
    info: &PluginInfo,
    config: &BTreeMap<String, String>,
    given: &Given,
    name: String,
) -> Result<Attached, PluginFailure> {
    let Some(declared) = info.asks.credentials.get(&name) else {
        return Err(denied(format!("the plugin's manifest names no such credential: \"{}\"", clean(&name, 64))));
    };
    let asked = declared.ask.permission(&name);
    if !given.grants.cover(&asked) {
        return Err(denied(format!("an administrator would have to grant \"{asked}\"")));
    }
    let credential = declared.ask.with(config, &given.secrets).map_err(|why| {
        PluginFailure::new(FailKind::Config, format!("the credential \"{name}\" cannot be used: {why}"))
    })?;
    // held to the token endpoint's origin by the manifest
    let revoke_url = declared.revoke_url.as_deref().and_then(|url| parse_url(&filled(url, config).ok()?).ok());
    Ok(Attached { name, credential, subject: None, keeper: given.keeper.clone(), revoke_url })
}

impl Call {
    /// Makes a request, or says why not. The outer error ends the call.
    pub fn http(&mut self, request: Request) -> Result<Result<Outcome, PluginFailure>, Stop> {
        let begun = Instant::now();
        let outcome = match self.prepare(request) {
            Ok(Some(ready)) => match self.wait_for(ready)? {
                Ok(response) => self.keep(response),
                Err(failure) => Err(failure),
            },
            Ok(None) => Ok(Outcome::Recorded),
            Err(refused) => Err(refused),
        };
        self.budget.waited_since(begun)?;
        let said = match &outcome {
            Ok(Outcome::Answered(_)) => "ok",
            Ok(Outcome::Recorded) => "recorded",
            Err(failure) => failure.kind.as_str(),
        };
        meter::imported(&self.info.id, "http", said);
        Ok(outcome)
    }

    /// Holds a request to grants and bounds; `None` when it is only to be noted.
    fn prepare(&mut self, request: Request) -> Result<Option<HttpRequest>, PluginFailure> {
        self.http.requests = self.http.requests.saturating_add(1);
        let Request { method, url, headers, body, credential, subject } = request;
        let octets = body.as_ref().map_or(0, Vec::len);
        let max_response = self.http.room(octets)?;
        if octets > MAX_BODY {
            return Err(limit(format!("a request has a body of at most {} MiB", MAX_BODY >> 20)));
        }
        let url = parse_url(&url).map_err(|why| denied(format!("the address of the request {why}")))?;
        let headers = headers::checked(headers)?;
        let asked = Shape { method, url: &url, headers: &headers, body: body.as_deref() };
        let read_only = self.granted(&asked, credential.as_deref())?;
        let credential = match credential {
            Some(name) => Some(self.attached(name, subject)?),
            None if subject.is_some() => {
                return Err(denied("a request names a subject and no credential that could act for them".to_owned()));
            }
            None => None,
        };
        self.http.octets = self.http.octets.saturating_add(octets);
        if self.given.dry_run && !method.is_safe() && !read_only {
            let place = url.origin().ascii_serialization();
            let line = format!("dry run: not sent: {} to {place}, {octets} octets", method.as_str());
            self.log.write(Level::Info, &line);
            return Ok(None);
        }
        let timeout = PATIENCE.min(self.budget.waiting_left());
        let networks = self.given.grants.networks();
        Ok(Some(HttpRequest { method, url, headers, body, credential, networks, max_response, timeout }))
    }

    /// Whether the request is one that was asked for in the manifest and granted; gives
    /// whether it changes nothing there.
    fn granted(&self, request: &Shape<'_>, credential: Option<&str>) -> Result<bool, PluginFailure> {
        let Shape { method, url, headers, body } = *request;
        let asked: Vec<_> = self.info.asked().into_iter().map(|asked| asked.permission).collect();
        let place = format!("{} {}", method.as_str(), url.origin().ascii_serialization());
        let fits = |permission: &Permission| match permission {
            Permission::Http { method: named, url: pattern, .. } => {
                *named == method && pattern.matches(url, &self.config)
            }
            _ => false,
        };
        let fitting: Vec<_> = asked.iter().filter(|permission| fits(permission)).collect();
        let Some(first) = fitting.first() else {
            let path = clean(url.path(), 200);
            let words = format!("{place}: the plugin's manifest asks for no such method and path there: {path}");
            return Err(denied(words));
        };
        let granted: Vec<_> =
            fitting.iter().copied().filter(|permission| self.given.grants.cover(permission)).collect();
        if granted.is_empty() {
            return Err(denied(format!("{place}: an administrator would have to grant \"{first}\"")));
        }
        let granted = of_body(granted, headers, body).map_err(|why| denied(format!("{place}: {why}")))?;
        let read_only = granted.iter().filter_map(|permission| match permission {
            Permission::Http { read_only, credential: named, .. }
                if credential.is_none() || named.as_deref() == credential =>
            {
                Some(*read_only)
            }
            _ => None,
        });
        let name = credential.unwrap_or_default();
        read_only
            .max()
            .ok_or_else(|| denied(format!("{place}: no grant lets the credential \"{}\" go there", clean(name, 64))))
    }

    /// The credential of this name with its values, when it was granted.
    fn attached(&self, name: String, subject: Option<String>) -> Result<Attached, PluginFailure> {
        let mut attached = attached(&self.info, &self.config, &self.given, name)?;
        if let Some(subject) = &subject {
            let name = &attached.name;
            if !matches!(attached.credential, Credential::JwtBearer { .. }) {
                let message = format!("the credential \"{name}\" can act for nobody else: it is no jwt-bearer");
                return Err(PluginFailure::new(FailKind::Unsupported, message));
            }
            if subject.is_empty() || subject.len() > MAX_SUBJECT || subject.chars().any(char::is_control) {
                return Err(denied(format!("a subject has 1 to {MAX_SUBJECT} octets, none of control")));
            }
        }
        attached.subject = subject;
        Ok(attached)
    }

    /// Lets tokio do it, since this thread is none of its own, and gives up with the caller.
    fn wait_for(&mut self, request: HttpRequest) -> Result<Result<HttpResponse, PluginFailure>, Stop> {
        let (reply, answer) = channel();
        let (egress, end) = (Arc::clone(&self.http.egress), Instant::now() + self.budget.waiting_left());
        let task = self.http.runtime.spawn(async move {
            // the caller may have gone meanwhile
            let _ = reply.send(egress.send(request).await);
        });
        loop {
            match answer.recv_timeout(LOOK) {
                Ok(outcome) => return Ok(outcome),
                Err(RecvTimeoutError::Disconnected) => {
                    let message = "the request failed inside the server; see its log";
                    return Ok(Err(PluginFailure::new(FailKind::Internal, message)));
                }
                Err(RecvTimeoutError::Timeout) if self.budget.cancelled() => {
                    task.abort();
                    return Err(Stop::Cancelled);
                }
                // what follows counts the time and ends the call
                Err(RecvTimeoutError::Timeout) if Instant::now() > end => {
                    task.abort();
                    let message = "the call has no time left to wait";
                    return Ok(Err(PluginFailure::new(FailKind::Unavailable, message)));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn keep(&mut self, response: HttpResponse) -> Result<Outcome, PluginFailure> {
        let octets = response.body.len();
        let answer = self.http.answers.push(Answer { response, read: 0 });
        let answer = answer.map_err(|_| limit(format!("a call holds at most {MAX_OPEN} answers at once")))?;
        self.http.open += 1;
        self.http.held = self.http.held.saturating_add(octets);
        self.http.octets = self.http.octets.saturating_add(octets);
        Ok(Outcome::Answered(answer))
    }
}

/// What of a request grants look at.
#[derive(Clone, Copy)]
struct Shape<'a> {
    method: Method,
    url: &'a Url,
    headers: &'a [(String, String)],
    body: Option<&'a [u8]>,
}

/// Those of the granted items that let this body through; the error says why there is none.
fn of_body<'p>(
    granted: Vec<&'p Permission>,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> Result<Vec<&'p Permission>, String> {
    let mut refusal = None;
    let fits = |permission: &&Permission| match permission {
        Permission::Http { keys, .. } if !keys.is_empty() => match json_keys::has_only(keys, headers, body) {
            Ok(()) => true,
            Err(why) => {
                refusal = Some(why);
                false
            }
        },
        _ => true,
    };
    let fitting: Vec<_> = granted.into_iter().filter(fits).collect();
    match refusal {
        Some(BodyRefusal::Key(key)) if fitting.is_empty() => {
            Err(format!("no grant lets a body with the key \"{}\" go there", clean(&key, 64)))
        }
        Some(BodyRefusal::Unreadable) if fitting.is_empty() => {
            Err("a body that goes there is a JSON object, sent as application/json and not packed".to_owned())
        }
        _ => Ok(fitting),
    }
}

fn denied(message: String) -> PluginFailure {
    PluginFailure::new(FailKind::Denied, message)
}

fn limit(message: String) -> PluginFailure {
    PluginFailure::new(FailKind::Limit, message)
}
