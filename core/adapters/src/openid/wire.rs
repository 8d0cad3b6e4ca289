//! Requests to a provider, by the checked egress.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use estampe_domain::Ts;
use estampe_domain::credential::{Credential, Keeper, Secret};
use estampe_domain::egress::{Attached, HttpRequest, Method};
use estampe_domain::openid::{OpenIdRefusal, ProofReason};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::HttpEgress;
use ipnet::IpNet;
use openidconnect::http::{Method as HttpMethod, Response, StatusCode};
use openidconnect::{AsyncHttpClient, HttpRequest as Asked, HttpResponse as Answered};
use serde_json::{Map, Value};
use url::Url;

/// Octets of a document, with keys of many certificates.
const DOCUMENT: usize = 256 * 1024;
/// Octets of a token's answer, and of somebody's claims.
const ANSWER: usize = 128 * 1024;
/// Time for one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a request is for.
#[derive(Clone, Copy)]
pub enum Sent {
    /// What the provider says of itself.
    Document,
    /// A token.
    Token,
}

/// See the module.
pub struct Wire {
    egress: Arc<dyn HttpEgress>,
    networks: Vec<IpNet>,
    certificate_until: Mutex<Option<Ts>>,
}

/// The crate's way to [`Wire::send`], which counts what was asked.
pub struct Asker<'a> {
    wire: &'a Wire,
    sent: Sent,
    asked: AtomicU32,
}

impl Asker<'_> {
    /// How many requests were made.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl<'c> AsyncHttpClient<'c> for Asker<'_> {
    type Error = HttpFailed;
    type Future = Pin<Box<dyn Future<Output = Result<Answered, HttpFailed>> + Send + 'c>>;

    fn call(&'c self, request: Asked) -> Self::Future {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(self.wire.send(request, self.sent))
    }
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HttpFailed(PluginFailure);

impl HttpFailed {
    /// As it is told: `unusable` where the provider did answer.
    pub fn refusal(&self, unusable: ProofReason) -> OpenIdRefusal {
        let answered = matches!(self.0.kind, FailKind::Limit | FailKind::Unsupported);
        OpenIdRefusal::new(if answered { unusable } else { ProofReason::Unreachable }, self.0.message.clone())
    }
}

impl Wire {
    /// These networks may be reached beside the public ones.
    pub fn new(egress: Arc<dyn HttpEgress>, networks: Vec<IpNet>) -> Self {
        Self { egress, networks, certificate_until: Mutex::default() }
    }

    /// When the first of the certificates ends that were shown.
    pub fn certificate_until(&self) -> Option<Ts> {
        *self.certificate_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For requests of this kind.
    pub fn asker(&self, sent: Sent) -> Asker<'_> {
        Asker { wire: self, sent, asked: AtomicU32::new(0) }
    }

    /// Makes a request of the crate's.
    async fn send(&self, asked: Asked, sent: Sent) -> Result<Answered, HttpFailed> {
        let denied = |words: &str| HttpFailed(PluginFailure::new(FailKind::Denied, words));
        let url = Url::parse(&asked.uri().to_string()).map_err(|_| denied("an endpoint is no address"))?;
        let method = match *asked.method() {
            HttpMethod::GET => Method::Get,
            HttpMethod::POST => Method::Post,
            _ => return Err(denied("no other request than GET and POST is made")),
        };
        let text = |(name, value): (&openidconnect::http::HeaderName, &openidconnect::http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let request = HttpRequest {
            method,
            headers: asked.headers().iter().filter_map(text).collect(),
            body: (method == Method::Post).then(|| asked.body().clone()),
            max_response: match sent {
                Sent::Document => DOCUMENT,
                Sent::Token => ANSWER,
            },
            ..self.request(url)
        };
        let answer = self.transfer(request).await?;
        let status = StatusCode::from_u16(answer.status).map_err(|_| denied("the answer's status is none"))?;
        let mut response = Response::builder().status(status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(answer.body).map_err(|_| denied("the answer's headers cannot be read"))
    }

    /// Somebody's claims, by the token that came with theirs.
    pub async fn userinfo(&self, endpoint: &Url, token: &str) -> Result<Map<String, Value>, OpenIdRefusal> {
        let attached = Attached {
            name: "access token".to_owned(),
            credential: Credential::Bearer { token: Secret::new(token) },
            subject: None,
            keeper: Keeper::default(),
            revoke_url: None,
        };
        let headers = vec![("accept".to_owned(), "application/json".to_owned())];
        let request = HttpRequest { headers, credential: Some(attached), ..self.request(endpoint.clone()) };
        let answer = self.transfer(request).await.map_err(|failed| failed.refusal(ProofReason::Userinfo))?;
        let unreadable = |words: String| OpenIdRefusal::new(ProofReason::Userinfo, words);
        if answer.status != 200 {
            return Err(unreadable(format!("the userinfo endpoint answers with status {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(|_| {
            unreadable("the userinfo endpoint's answer is no JSON object; signed answers are not read".to_owned())
        })
    }

    fn request(&self, url: Url) -> HttpRequest {
        HttpRequest {
            method: Method::Get,
            url,
            headers: Vec::new(),
            body: None,
            credential: None,
            networks: self.networks.clone(),
            max_response: ANSWER,
            timeout: TIMEOUT,
        }
    }

    async fn transfer(&self, request: HttpRequest) -> Result<estampe_domain::egress::HttpResponse, HttpFailed> {
        if request.url.scheme() != "https" {
            return Err(HttpFailed(PluginFailure::new(FailKind::Denied, "an endpoint is not https")));
        }
        let answer = self.egress.send(request).await.map_err(HttpFailed)?;
        let mut soonest = self.certificate_until.lock().unwrap_or_else(PoisonError::into_inner);
        *soonest = [*soonest, answer.certificate_until].into_iter().flatten().min();
        drop(soonest);
        Ok(answer)
    }
}

/// A code of the standards as it may stand in a log, whoever wrote it.
pub fn error_code(text: &str) -> String {
    let good = !text.is_empty() && text.len() <= 60 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if good { text.to_owned() } else { "none of the standard's".to_owned() }
}
