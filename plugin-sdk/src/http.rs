//! Requests over HTTP, in types that are handy: the host makes them, attaches what is secret
//! and follows no redirect.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::estampe::plugin::http as import;
pub use crate::bindings::estampe::plugin::http::Method;
use crate::{FailKind, Failure};

/// The media type of JSON.
const JSON: &str = "application/json";

/// A request.
///
/// ```
/// use estampe_plugin_sdk::http::Request;
/// use estampe_plugin_sdk::testing::ScriptedHost;
/// use estampe_plugin_sdk::{Failure, Host};
///
/// fn count(host: &dyn Host) -> Result<usize, Failure> {
///     let request = Request::get("https://api.example.com/v1/users?limit=100").with_credential("api");
///     let users: Vec<String> = host.http(&request)?.answered()?.ok()?.json()?;
///     Ok(users.len())
/// }
///
/// let host = ScriptedHost::new().with_answer("GET", "https://api.example.com/v1/users?limit=100", 200, r#"["a", "b"]"#);
/// assert_eq!(count(&host), Ok(2));
/// assert_eq!(host.requests()[0].credential.as_deref(), Some("api"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Where to: what a grant names, `https://…`.
    pub url: String,
    /// Its headers. `authorization`, `host`, `content-length` and some others are the host's.
    pub headers: Vec<(String, String)>,
    /// Its body, at most 8 MiB.
    pub body: Option<Vec<u8>>,
    /// The credential that the host attaches, by the manifest's name.
    pub credential: Option<String>,
    /// On whose behalf, where the credential can act for others.
    pub subject: Option<String>,
}

impl Request {
    /// A request with this method.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: None, credential: None, subject: None }
    }

    /// Reads what is there.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// Makes something, or asks with a body.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::Post, url)
    }

    /// Replaces something.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::Put, url)
    }

    /// Changes something (RFC 5789).
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new(Method::Patch, url)
    }

    /// Removes something.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::Delete, url)
    }

    /// Adds a header.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body, and its media type when there is one.
    pub fn with_body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        if media_type.is_empty() { self } else { self.with_header("content-type", media_type) }
    }

    /// Sets the body to this as JSON.
    ///
    /// # Errors
    /// `internal` when it cannot be written as JSON.
    pub fn with_json<T: Serialize + ?Sized>(self, body: &T) -> Result<Self, Failure> {
        let octets = serde_json::to_vec(body).map_err(|error| Failure::internal(format!("no JSON: {error}")))?;
        Ok(self.with_body(JSON, octets))
    }

    /// Lets the host attach this credential.
    pub fn with_credential(mut self, name: impl Into<String>) -> Self {
        self.credential = Some(name.into());
        self
    }

    /// On behalf of this subject (the `sub` of RFC 7523).
    pub fn on_behalf_of(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Its method in words, as `GET`.
    pub fn method_name(&self) -> &'static str {
        match self.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// Its method, origin and path, for messages.
    fn shown(&self) -> String {
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        // no name and password either
        let (scheme, rest) = place.split_once("://").unwrap_or(("", place));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        format!("{} {scheme}://{host}{path}", self.method_name())
    }

    /// By the running component's host.
    pub(crate) fn send(&self) -> Result<Outcome, Failure> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| import::Header { name: name.clone(), value: value.clone() });
        let request = import::Request {
            method: self.method,
            url: self.url.clone(),
            headers: headers.collect(),
            body: self.body.clone(),
            credential: self.credential.clone(),
            subject: self.subject.clone(),
        };
        match import::send(&request)? {
            import::Outcome::Recorded => Ok(Outcome::Recorded),
            import::Outcome::Response(given) => {
                let headers = given.headers().into_iter().map(|header| (header.name, header.value));
                let mut response = Response::new(given.status(), Vec::new()).to(self);
                response.headers = headers.collect();
                loop {
                    let mut octets = given.read(1024 * 1024);
                    if octets.is_empty() {
                        return Ok(Outcome::Response(response));
                    }
                    response.body.append(&mut octets);
                }
            }
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was sent and answered.
    Response(Response),
    /// This is a dry run, and the request would have changed something: it was not sent.
    Recorded,
}

impl Outcome {
    /// The answer to a request that changes nothing, which a dry run sends too.
    ///
    /// # Errors
    /// `internal` when it was recorded: the manifest does not call it `read-only`.
    pub fn answered(self) -> Result<Response, Failure> {
        match self {
            Self::Response(response) => Ok(response),
            Self::Recorded => Err(Failure::internal("a request that should only read was not sent in a dry run")),
        }
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// RFC 9110, section 15.
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, at most 16 MiB.
    pub body: Vec<u8>,
    /// What was asked, for messages: `GET https://api.example.com/v1/users`. Never the query, in
    /// which secrets stand at some providers. Empty when nobody said.
    pub asked: String,
}

impl Response {
    /// An answer without headers, for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), asked: String::new() }
    }

    /// The same, as the answer to this request: failures name it.
    pub fn to(mut self, request: &Request) -> Self {
        self.asked = request.shown();
        self
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// `config` when it is not UTF-8: whoever asks again is told the same.
    pub fn text(&self) -> Result<&str, Failure> {
        std::str::from_utf8(&self.body).map_err(|error| {
            let at = error.valid_up_to();
            self.unreadable(FailKind::Config, &format!("it is not UTF-8, from octet {at} on"))
        })
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// `config` when it is not UTF-8, or JSON of another shape: whoever asks again is told the
    /// same, and another service answers there than was meant. `unavailable` when it is no JSON,
    /// as pages of proxies are. The words say where and what was expected, and never what stands
    /// there, which may be a person's.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(self.text()?).map_err(|error| {
            let place = format!("at line {} column {}", error.line(), error.column());
            if error.is_data() {
                let why = format!("it is JSON of another shape: {}, {place}", expected(&error));
                return self.unreadable(FailKind::Config, &why);
            }
            self.unreadable(FailKind::Unavailable, &format!("it is no JSON, {place}"))
        })
    }

    fn unreadable(&self, kind: FailKind, why: &str) -> Failure {
        let of = if self.asked.is_empty() { String::new() } else { format!(" to {}", self.asked) };
        Failure::new(kind, format!("the answer{of} cannot be read: {why}"))
    }

    /// The same when its status is 2xx.
    ///
    /// # Errors
    /// Of the kind that fits the status; `rate-limited` with the other side's `retry-after`
    /// when that is a number.
    pub fn ok(self) -> Result<Self, Failure> {
        let kind = match self.status {
            200..=299 => return Ok(self),
            401 => FailKind::Auth,
            403 => FailKind::Denied,
            404 | 410 => FailKind::NotFound,
            409 | 412 => FailKind::Conflict,
            413 => FailKind::Limit,
            429 => FailKind::RateLimited,
            405 | 501 => FailKind::Unsupported,
            500..=599 => FailKind::Unavailable,
            300..=399 => FailKind::Config,
            _ => FailKind::Internal,
        };
        let what = if self.asked.is_empty() { String::new() } else { format!("{}: ", self.asked) };
        let mut failure = Failure::new(kind, format!("{what}the other side answered with status {}", self.status));
        if matches!(self.status, 429 | 503) {
            let seconds = self.header("retry-after").and_then(|value| value.trim().parse::<u64>().ok());
            failure.retry_after_ms = seconds.map(|seconds| seconds.saturating_mul(1000));
        }
        Err(failure)
    }
}

/// What of another shape is wrong. Names of fields and what was expected are the plugin's own
/// words; all else may be the other side's data.
fn expected(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    if words.starts_with("missing field `") || words.starts_with("duplicate field `") {
        return words.to_owned();
    }
    match words.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "a value that does not fit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host;
    use crate::testing::ScriptedHost;

    #[test]
    fn statuses_become_failures_and_bodies_are_read() {
        let mut busy = Response::new(429, "");
        busy.headers.push(("retry-after".into(), "7".into()));
        assert_eq!(busy.header("Retry-After"), Some("7"));
        let failure = busy.ok().unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (FailKind::RateLimited, Some(7000)));
        assert_eq!(Response::new(204, "").ok().map(|response| response.body), Ok(Vec::new()));
        let secret = Response::new(200, r#"{"name": "Zoé"}"#);
        assert_eq!(secret.text(), Ok(r#"{"name": "Zoé"}"#));
        let failure = secret.json::<Vec<String>>().unwrap_err();
        assert!(failure.message.contains("another shape") && !failure.message.contains("Zoé"), "{}", failure.message);
        assert!(failure.message.contains("expected a sequence"), "{}", failure.message);
        assert!(Response::new(200, [0xff]).text().is_err());
    }

    #[test]
    fn failures_say_which_request_and_what_was_expected() {
        #[derive(Debug, serde::Deserialize)]
        struct Entry {
            #[expect(dead_code, reason = "read to be missed")]
            name: String,
        }
        let request = Request::get("https://u:p@api.example.com/v1/users?key=secret#x");
        let answer = |status, body: &[u8]| Response::new(status, body).to(&request);
        let asked = "GET https://api.example.com/v1/users";
        let failure = answer(503, b"").ok().unwrap_err();
        assert_eq!(failure.message, format!("{asked}: the other side answered with status 503"));
        for (body, kind, words) in [
            (&b"{\"nom\": \"Ada\"}"[..], FailKind::Config, "missing field `name`"),
            (b"{\"name\": 71234}", FailKind::Config, "expected a string"),
            (b"<html>Ada</html>", FailKind::Unavailable, "no JSON"),
            (b"{\"name\": \"Zo\xe9\"}", FailKind::Config, "not UTF-8, from octet 12 on"),
        ] {
            let failure = answer(200, body).json::<Entry>().unwrap_err();
            assert_eq!(failure.kind, kind, "{}", failure.message);
            let said = &failure.message;
            assert!(said.contains(asked) && said.contains(words), "{said}");
            assert!(!said.contains("secret") && !said.contains("Ada") && !said.contains("71234"), "{said}");
        }
    }

    #[test]
    fn a_scripted_host_answers_what_was_expected_in_order() {
        let host = ScriptedHost::new()
            .with_answer("GET", "https://a.example/", 200, "1")
            .with_answer("GET", "https://a.example/", 404, "2")
            .with_outcome("POST", "https://a.example/", Ok(Outcome::Recorded));
        let get = Request::get("https://a.example/");
        assert_eq!(host.http(&get), Ok(Outcome::Response(Response::new(200, "1").to(&get))));
        assert_eq!(host.http(&get).unwrap().answered().unwrap().status, 404);
        assert_eq!(host.http(&get).unwrap_err().kind, FailKind::Denied);
        let post = Request::post("https://a.example/").with_json(&["x"]).unwrap();
        assert_eq!(host.http(&post), Ok(Outcome::Recorded));
        assert_eq!(host.http(&Request::put("https://a.example/")).unwrap_err().kind, FailKind::Denied);
        let requests = host.requests();
        assert_eq!(requests.len(), 5);
        assert_eq!(requests[3].body.as_deref(), Some(b"[\"x\"]".as_slice()));
        assert_eq!(requests[3].headers, [("content-type".to_owned(), JSON.to_owned())]);
        assert_eq!(host.unanswered(), Vec::<String>::new());
    }
}
