//! Token endpoints (RFC 6749, section 5), in the words of the server's own client.

use estampe_plugin_sdk::{FailKind, Failure};
use serde_json::Value;

use crate::http::Wire;

/// Posts a form; status and answer.
pub fn form(url: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let wire = Wire::new();
    let answer = wire.answer(wire.post(url).form(fields)).unwrap_or_else(|failure| panic!("{}", failure.message));
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// The token that an endpoint gives for a form, or the failure that the server makes of its
/// refusal for the credential of this name.
pub fn token_of(url: &str, credential: &str, fields: &[(&str, &str)]) -> Result<String, Failure> {
    let (status, answer) = form(url, fields);
    if let (200, Some(token)) = (status, answer["access_token"].as_str()) {
        return Ok(token.to_owned());
    }
    let error = answer["error"].as_str().unwrap_or_default();
    let kind = match status {
        429 => FailKind::RateLimited,
        500.. => FailKind::Unavailable,
        _ => FailKind::Auth,
    };
    let words = format!(
        "the token endpoint {url} of the credential \"{credential}\" refused: {error} (status {status}); look at the \
         client, its secret and what it may do there"
    );
    Err(Failure::new(kind, words))
}
