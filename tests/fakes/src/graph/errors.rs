//! How Microsoft says no.

use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::Digest as _;

use crate::contract::Wrong;
use crate::wire::Answer;

/// Graph's error.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    let id = identifier(&format!("{status}{code}{message}"));
    let inner = json!({"date": "2026-11-27T08:00:00", "request-id": id, "client-request-id": id});
    Answer::json(status, &json!({"error": {"code": code, "message": message, "innerError": inner}}))
        .with("request-id", id)
}

/// What the contract does not have.
pub(crate) fn wrong(wrong: &Wrong, path: &str) -> Answer {
    let bad = |message: &str| error(400, "Request_BadRequest", message);
    match wrong {
        Wrong::Path => {
            let last = path.rsplit('/').next().unwrap_or_default();
            error(400, "BadRequest", &format!("Resource not found for the segment '{last}'."))
        }
        Wrong::Method => {
            error(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        }
        Wrong::UnknownParameter(name) => {
            error(400, "BadRequest", &format!("The query parameter '{name}' is not supported."))
        }
        Wrong::Parameter(name, why) => {
            error(400, "BadRequest", &format!("Invalid value for query option '{name}': {why}"))
        }
        Wrong::MissingParameter(name) => error(400, "BadRequest", &format!("The query option '{name}' is missing.")),
        Wrong::UnknownField(at) => {
            bad(&format!("Property '{at}' does not exist as a declared property or extension property."))
        }
        Wrong::ReadOnly(at) => bad(&format!("Property '{at}' is read-only and cannot be set.")),
        Wrong::Value(at, why) => bad(&format!("Invalid value specified for property '{at}': {why}")),
        Wrong::Body(why) => error(400, "BadRequest", &format!("Unable to read JSON request payload. {why}")),
    }
}

pub(crate) fn unauthenticated() -> Answer {
    error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired or is not ours.")
        .with("www-authenticate", "Bearer realm=\"\", error=\"invalid_token\"")
}

pub(crate) fn denied() -> Answer {
    error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

pub(crate) fn not_found(id: &str) -> Answer {
    let message =
        format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    error(404, "Request_ResourceNotFound", &message)
}

/// The sign-in service's own format, with its number.
pub(crate) fn sign_in(status: u16, code: &str, number: u32, message: &str) -> Answer {
    let id = identifier(message);
    let description =
        format!("AADSTS{number}: {message} Trace ID: {id} Correlation ID: {id} Timestamp: 2026-11-27 08:00:00Z");
    let body = json!({
        "error": code, "error_description": description, "error_codes": [number], "timestamp": "2026-11-27 08:00:00Z",
        "trace_id": id, "correlation_id": id,
    });
    Answer::json(status, &body).with("cache-control", "no-store")
}

/// An identifier that is always the same for the same text.
pub(crate) fn identifier(text: &str) -> String {
    let hex = HEXLOWER.encode(&sha2::Sha256::digest(text.as_bytes())[..16]);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
