//! One request and its answer, within limits; and words for what goes wrong.

use std::error::Error;
use std::io;

use estampe_domain::egress::{HttpResponse, Method};
use estampe_domain::plugin::{FailKind, PluginFailure};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response};
use url::Url;

use super::dns::NoWay;

/// Characters of a library's words in a message.
const MAX_WORDS: usize = 200;

/// What goes out.
pub struct Outgoing<'a> {
    /// Its method.
    pub method: Method,
    /// Where to.
    pub url: &'a Url,
    /// All of its headers but those of the protocol.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Option<Vec<u8>>,
    /// Octets of the answer's body that are taken.
    pub max_response: usize,
}

/// Scheme, host and port: what of an address may stand in a message. Paths name people,
/// queries hold secrets.
pub fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Sends it and reads the whole answer.
pub async fn exchange(client: &Client, outgoing: Outgoing<'_>) -> Result<HttpResponse, PluginFailure> {
    let Outgoing { method, url, mut headers, body, max_response } = outgoing;
    let place = place(url);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let method = match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    };
    let mut request = client.request(method, url.clone()).headers(headers);
    if let Some(body) = body {
        request = request.body(body);
    }
    let answer = request.send().await.map_err(|error| failure(&place, &error))?;
    let encoded = answer.headers().get_all(CONTENT_ENCODING).iter().any(|coding| coding.as_bytes() != b"identity");
    if encoded {
        // nothing would see a credential in it, and a plugin was promised plain octets
        let message = format!("{place} answered in a content-encoding, though none was asked for");
        return Err(PluginFailure::new(FailKind::Unsupported, message));
    }
    read(answer, &place, max_response).await
}

async fn read(mut answer: Response, place: &str, most: usize) -> Result<HttpResponse, PluginFailure> {
    let too_large = || {
        let message = format!("the answer of {place} is larger than {most} octets; ask for less at once");
        PluginFailure::new(FailKind::Limit, message)
    };
    let status = answer.status().as_u16();
    let texts = answer.headers().iter();
    let headers = texts.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    let headers = headers.collect();
    let shown = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    let certificate_until = shown.and_then(crate::certificate_end);
    if answer.content_length().is_some_and(|length| length > most as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(place, &error))? {
        if chunk.len() > most - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpResponse { status, headers, body, certificate_until })
}

fn failure(place: &str, error: &reqwest::Error) -> PluginFailure {
    if let Some(no_way) = NoWay::of(error) {
        return no_way.failure();
    }
    let unavailable = |message: String| PluginFailure::new(FailKind::Unavailable, message);
    let (words, tls) = root_cause(error);
    if tls {
        return unavailable(format!(
            "the certificate or the encryption of {place} cannot be trusted ({words}); \
             name a private authority in egress.ca_file"
        ));
    }
    if error.is_timeout() {
        return unavailable(format!("{place} did not answer in time"));
    }
    if error.is_connect() {
        return unavailable(format!("there is no connection to {place} ({words})"));
    }
    unavailable(format!("the connection to {place} ended before the whole answer was there ({words})"))
}

/// The innermost error, in its words, and whether it is one of TLS. The outer ones name the
/// address with its query.
fn root_cause(error: &reqwest::Error) -> (String, bool) {
    let mut words = "no reason given".to_owned();
    let mut tls = false;
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = inner.to_string();
        tls |= inner.is::<rustls::Error>();
        // an error of I/O hides the one that it was made of from `source`
        let within = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = within.map(|error| error as &(dyn Error + 'static)).or_else(|| inner.source());
    }
    let tame = |c: char| if c.is_control() { ' ' } else { c };
    (words.chars().take(MAX_WORDS).map(tame).collect(), tls)
}
