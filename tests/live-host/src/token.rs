//! Token endpoints (RFC 6749, section 5), in the words of the server's own client.

use estampe_plugin_sdk::http::Response;
use estampe_plugin_sdk::{FailKind, Failure};
use serde_json::Value;

use crate::http::Wire;

/// Posts a form; status and answer.
pub fn form(url: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let answer = posted(url, fields);
    (answer.status, read(&answer))
}

/// The token that an endpoint gives for a form, or the failure that the server makes of its
/// refusal for the credential of this name.
pub fn token_of(url: &str, credential: &str, fields: &[(&str, &str)]) -> Result<String, Failure> {
    let answer = posted(url, fields);
    let (status, told) = (answer.status, read(&answer));
    if let (200, Some(token)) = (status, told["access_token"].as_str()) {
        return Ok(token.to_owned());
    }
    let error = told["error"].as_str().unwrap_or_default();
    let kind = match status {
        429 => FailKind::RateLimited,
        500.. => FailKind::Unavailable,
        _ => FailKind::Auth,
    };
    let words = format!(
        "the token endpoint {url} of the credential \"{credential}\" refused: {error} (status {status}); look at the \
         client, its secret and what it may do there"
    );
    let mut failure = Failure::new(kind, words);
    let seconds = answer.header("retry-after").and_then(|value| value.parse::<u64>().ok());
    failure.retry_after_ms = seconds.map(|seconds| seconds * 1_000);
    Err(failure)
}

fn posted(url: &str, fields: &[(&str, &str)]) -> Response {
    let wire = Wire::new();
    wire.answer(wire.post(url).form(fields)).unwrap_or_else(|failure| panic!("{}", failure.message))
}

fn read(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}
