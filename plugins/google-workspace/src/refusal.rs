//! How Google says no, and what would mend it. Google's own words are not repeated: they name
//! people. Its words for the reason are of a short list.

use estampe_plugin_sdk::http::Response;
use estampe_plugin_sdk::{FailKind, Failure};
use serde_json::Value;

use crate::scope::Scope;

/// Reasons of a 403 that mean: later.
const QUOTAS: [&str; 5] =
    ["quotaExceeded", "userRateLimitExceeded", "rateLimitExceeded", "dailyLimitExceeded", "RATE_LIMIT_EXCEEDED"];
/// Reasons of a 403 that mean: the API is not switched on.
const SWITCHED_OFF: [&str; 2] = ["accessNotConfigured", "SERVICE_DISABLED"];
/// Reasons of a 403 that mean: another scope.
const SCOPES: [&str; 2] = ["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"];

/// What was refused by the token endpoint, or before it was asked.
const UNAUTHORIZED: [&str; 3] = ["unauthorized_client", "access_denied", "invalid_scope"];
/// The assertion is not accepted: its key, or on whose behalf it is.
const INVALID: &str = "invalid_grant";

/// The failure that an answer stands for.
pub fn refused(scope: Scope, answer: &Response) -> Failure {
    let error = Refusal::of(answer);
    let api = scope.api();
    let (kind, words) = match answer.status {
        401 => (
            FailKind::Auth,
            format!(
                "Google no longer accepts the service account's token ({api}, status 401): the delegation was taken \
                 back, or whoever it acts for was suspended or deleted; {}",
                delegate(scope)
            ),
        ),
        403 if error.is(&QUOTAS) => (
            FailKind::RateLimited,
            format!("Google's quota for the {api} is used up for the moment ({})", error.reason()),
        ),
        403 if error.is(&SWITCHED_OFF) => (
            FailKind::Config,
            format!(
                "the {api} is not switched on: in the Google Cloud console, in the service account's project, open \
                 APIs & Services > Library, look for \"{api}\" and enable it"
            ),
        ),
        403 if error.is(&SCOPES) => (FailKind::Denied, format!("the token lacks a scope: {}", delegate(scope))),
        403 => (FailKind::Denied, denied(scope)),
        404 => (FailKind::NotFound, format!("Google ({api}) knows nothing of what was asked for")),
        429 => (FailKind::RateLimited, format!("Google ({api}) asks for fewer requests")),
        400 if error.is(&["failedPrecondition", "FAILED_PRECONDITION"]) => {
            (FailKind::NotFound, "this user has no Gmail mailbox".to_owned())
        }
        500..=599 => (FailKind::Unavailable, format!("Google ({api}) cannot answer now (status {})", answer.status)),
        300..=399 => (FailKind::Config, format!("{api}: the answer leads elsewhere (status {})", answer.status)),
        status => (
            FailKind::Internal,
            format!("Google ({api}) does not take a request of this plugin (status {status}, {})", error.reason()),
        ),
    };
    let mut failure = Failure::new(kind, words);
    let seconds = answer.header("retry-after").and_then(|value| value.trim().parse::<u64>().ok());
    failure.retry_after_ms = seconds.map(|seconds| seconds.saturating_mul(1_000));
    failure
}

/// A failure of the host, with what would mend it where the token endpoint refused.
pub fn explained(scope: Scope, failure: Failure) -> Failure {
    if failure.kind != FailKind::Auth {
        return failure;
    }
    let said = |words: &str| failure.message.contains(words);
    let words = if UNAUTHORIZED.iter().any(|error| said(error)) {
        format!(
            "Google does not let the service account act with the scope {}: it was never delegated, or was taken \
             back; {}",
            scope.address(),
            delegate(scope)
        )
    } else if said(INVALID) {
        "Google refuses the service account (invalid_grant): `administrator` is no user there or is suspended, the key \
         in `service-account` was deleted (Google Cloud console, IAM & Admin > Service Accounts > Keys), or the clock of \
         this machine is wrong"
            .to_owned()
    } else {
        return failure;
    };
    Failure { message: words, ..failure }
}

/// Whether Google did not take the assertion, which names on whose behalf it is.
pub fn is_invalid_grant(failure: &Failure) -> bool {
    failure.kind == FailKind::Auth && failure.message.contains(INVALID)
}

/// Where a scope is pasted.
pub fn delegate(scope: Scope) -> String {
    format!(
        "in the Google Admin console open Security > Access and data control > API controls > Manage domain-wide \
         delegation, and give the service account's client ID (client_id in its JSON file) the scope {}",
        scope.address()
    )
}

fn denied(scope: Scope) -> String {
    match scope {
        Scope::Gmail => "Google does not let the service account into this mailbox".to_owned(),
        _ => "Google lets `administrator` not read this: name an administrator who may, such as a super administrator \
              (Google Admin console, Account > Admin roles)"
            .to_owned(),
    }
}

/// Google's error: `errors[].reason`, `status` and `details[].reason`.
struct Refusal(Vec<String>);

impl Refusal {
    fn of(answer: &Response) -> Self {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let error = body.get("error");
        let reason = |one: &Value| one.get("reason").and_then(Value::as_str).map(str::to_owned);
        let list = |name: &str| {
            let all = error.and_then(|error| error.get(name)).and_then(Value::as_array);
            all.into_iter().flatten().filter_map(reason).collect::<Vec<_>>()
        };
        let status = error.and_then(|error| error.get("status")).and_then(Value::as_str).map(str::to_owned);
        Self(list("errors").into_iter().chain(list("details")).chain(status).collect())
    }

    fn is(&self, reasons: &[&str]) -> bool {
        self.0.iter().any(|reason| reasons.contains(&reason.as_str()))
    }

    /// The first, as far as it is a word.
    fn reason(&self) -> &str {
        let is_word = |text: &&String| text.len() <= 40 && text.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
        self.0.iter().find(is_word).map_or("no reason given", String::as_str)
    }
}
