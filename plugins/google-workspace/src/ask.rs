//! Requests, and the answers that are worth asking for a second time.

use estampe_plugin_sdk::http::{Method, Outcome, Request, Response};
use estampe_plugin_sdk::{Failure, Host};
use serde::de::DeserializeOwned;

use crate::refusal::{explained, refused};
use crate::scope::Scope;

/// How often a request that only reads is made again when Google's answer is a passing failure.
/// Who asked us to wait is not asked again: the host waits, and calls for the page anew.
const AGAIN: usize = 2;

/// Reads, on whose behalf (the administrator, when nobody is named), whatever is answered.
pub fn read(host: &dyn Host, scope: Scope, url: String, subject: Option<&str>) -> Result<Response, Failure> {
    let mut request = Request::get(url).with_credential(scope.credential());
    request.subject = subject.map(str::to_owned);
    let mut left = AGAIN;
    loop {
        let answer = send(host, scope, &request)?.answered()?;
        if left == 0 || answer.header("retry-after").is_some() || !matches!(answer.status, 500 | 502 | 503 | 504) {
            return Ok(answer);
        }
        left -= 1;
    }
}

/// What is answered, read; a refusal in words.
pub fn get<T: DeserializeOwned>(host: &dyn Host, scope: Scope, url: String) -> Result<T, Failure> {
    accepted(scope, read(host, scope, url, None)?)?.json()
}

/// Changes something, once: whoever calls looks what became of it when that is unclear.
pub fn patch<T: serde::Serialize>(
    host: &dyn Host,
    scope: Scope,
    url: String,
    subject: &str,
    body: &T,
) -> Result<Outcome, Failure> {
    let request = Request::new(Method::Patch, url).with_credential(scope.credential()).on_behalf_of(subject);
    send(host, scope, &request.with_json(body)?)
}

/// An answer that is no refusal.
pub fn accepted(scope: Scope, answer: Response) -> Result<Response, Failure> {
    if (200..=299).contains(&answer.status) { Ok(answer) } else { Err(refused(scope, &answer)) }
}

fn send(host: &dyn Host, scope: Scope, request: &Request) -> Result<Outcome, Failure> {
    host.http(request).map_err(|failure| explained(scope, failure))
}
