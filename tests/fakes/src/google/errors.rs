//! How Google says no.

use serde_json::{Value, json};

use crate::contract::Wrong;
use crate::wire::Answer;

/// Google's error: its status, its word for it (both the short reason and the canonical one)
/// and what it says.
pub(crate) fn error(code: u16, reason: &str, message: &str) -> Answer {
    with_details(code, reason, message, Value::Null)
}

pub(crate) fn with_details(code: u16, reason: &str, message: &str, details: Value) -> Answer {
    let status = match code {
        400 if reason == "failedPrecondition" => "FAILED_PRECONDITION",
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 if reason.ends_with("Exceeded") => "RESOURCE_EXHAUSTED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    let domain = if reason.ends_with("LimitExceeded") || reason == "quotaExceeded" { "usageLimits" } else { "global" };
    let mut one = json!({"message": message, "domain": domain, "reason": reason});
    if code == 401 {
        one["location"] = "Authorization".into();
        one["locationType"] = "header".into();
    }
    let mut error = json!({"code": code, "message": message, "errors": [one], "status": status});
    if !details.is_null() {
        error["details"] = details;
    }
    Answer::json(code, &json!({"error": error}))
}

/// What the contract does not have.
pub(crate) fn wrong(wrong: &Wrong, path: &str) -> Answer {
    let bad = |field: &str, message: &str| {
        let violation = json!({"field": field, "description": message});
        let details = json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]);
        with_details(400, "invalid", message, details)
    };
    match wrong {
        // the front door's, which knows no JSON; a method that is not there is a page that is not
        Wrong::Path | Wrong::Method => Answer::empty(404).of("text/html; charset=UTF-8", lost(path)),
        Wrong::UnknownParameter(name) => bad(
            name,
            &format!(
                "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' \
                 could not be found in request message."
            ),
        ),
        Wrong::Parameter(name, why) => bad(name, &format!("Invalid value at '{name}': {why}")),
        Wrong::MissingParameter(name) => bad(name, &format!("Missing required parameter: {name}")),
        Wrong::UnknownField(at) => {
            bad(at, &format!("Invalid JSON payload received. Unknown name \"{at}\": Cannot find field."))
        }
        Wrong::ReadOnly(at) => bad(at, &format!("Invalid value at '{at}': the field is read-only")),
        Wrong::Value(at, why) => bad(at, &format!("Invalid value at '{at}': {why}")),
        Wrong::Body(why) => bad("", &format!("Invalid JSON payload received. {why}")),
    }
}

fn lost(path: &str) -> Vec<u8> {
    let path = path.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> That\u{2019}s an \
         error.\n<p>The requested URL <code>{path}</code> was not found on this server. That\u{2019}s all we know."
    )
    .into_bytes()
}

/// A token that is none, is too old, or is somebody else's.
pub(crate) fn unauthenticated() -> Answer {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                   other valid authentication credential. See \
                   https://developers.google.com/identity/sign-in/web/devconsole-project.";
    error(401, "authError", message)
        .with("www-authenticate", "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"")
}

/// A token without the scope.
pub(crate) fn scopes_missing(service: &str, method: &str) -> Answer {
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": service, "method": method},
    }]);
    with_details(403, "insufficientPermissions", "Request had insufficient authentication scopes.", details)
        .with("www-authenticate", "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\"")
}

/// A token of somebody who is no administrator.
pub(crate) fn not_authorized() -> Answer {
    error(403, "forbidden", "Not Authorized to access this resource/api")
}

/// Something that is not there: the parameter that names it.
pub(crate) fn not_found(parameter: &str) -> Answer {
    error(404, "notFound", &format!("Resource Not Found: {parameter}"))
}

/// A value that the Directory API does not take.
pub(crate) fn invalid(what: &str) -> Answer {
    error(400, "invalid", &format!("Invalid Input: {what}"))
}

/// The token endpoint's own format (RFC 6749, 5.2).
pub(crate) fn oauth(status: u16, code: &str, description: &str) -> Answer {
    Answer::json(status, &json!({"error": code, "error_description": description})).with("cache-control", "no-store")
}
