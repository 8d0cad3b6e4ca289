//! Token requests (RFC 6749 sections 4.4 and 6, RFC 7523 section 2) and their answers
//! (RFC 6749 section 5).

use estampe_domain::Ts;
use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::{Attached, HttpResponse, Method};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::Random;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::exchange::Outgoing;
use super::{jwt, pause};

/// Octets of a token endpoint's answer.
const MAX_ANSWER: usize = 64 << 10;
/// How long a token is good when nobody says it, in seconds.
const UNTOLD: i64 = 300;
/// The longest time that is believed.
const LONGEST: i64 = 24 * 3_600;
/// A token is replaced so long before its end, or a quarter of its time.
const MARGIN: i64 = 60;

/// Errors that are told by name: other words might be the secret.
const KNOWN_ERRORS: &[&str] = &[
    "access_denied",
    "consent_required",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_resource",
    "invalid_scope",
    "invalid_target",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
];

/// A request to a token endpoint, or to the one that takes tokens back.
pub struct Asked<'a> {
    /// The token endpoint.
    pub url: &'a Url,
    form: String,
}

/// What a token endpoint gave.
pub struct Fetched {
    /// The token.
    pub token: Secret,
    /// Until when it is used.
    pub until: Ts,
    /// A new refresh token.
    pub refresh: Option<Secret>,
}

/// The request for a credential's token. `refresh`: what took the configured refresh token's
/// place.
pub fn request<'a>(
    attached: &'a Attached,
    refresh: Option<&Secret>,
    now: Ts,
    random: &dyn Random,
) -> Result<Asked<'a>, PluginFailure> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let scope = |form: &mut form_urlencoded::Serializer<'_, String>, scopes: &[String]| {
        if !scopes.is_empty() {
            form.append_pair("scope", &scopes.join(" "));
        }
    };
    let unusable = |why| PluginFailure::new(FailKind::Config, format!("the credential \"{}\": {why}", attached.name));
    let url = match &attached.credential {
        Credential::ClientCredentials { token_url, client_id, client_secret, scopes } => {
            form.append_pair("grant_type", "client_credentials");
            form.append_pair("client_id", client_id).append_pair("client_secret", client_secret.reveal().trim());
            scope(&mut form, scopes);
            token_url
        }
        Credential::ClientAssertion { token_url, client_id, key, scopes } => {
            let assertion = jwt::of_client(token_url, client_id, key, now, random).map_err(unusable)?;
            form.append_pair("grant_type", "client_credentials").append_pair("client_id", client_id);
            form.append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            form.append_pair("client_assertion", &assertion);
            scope(&mut form, scopes);
            token_url
        }
        Credential::RefreshToken { token_url, client_id, client_secret, refresh_token, scopes, .. } => {
            form.append_pair("grant_type", "refresh_token");
            form.append_pair("refresh_token", refresh.unwrap_or(refresh_token).reveal().trim());
            form.append_pair("client_id", client_id);
            if let Some(secret) = client_secret {
                form.append_pair("client_secret", secret.reveal().trim());
            }
            scope(&mut form, scopes);
            token_url
        }
        Credential::JwtBearer { token_url, scopes, .. } => {
            let signed = jwt::assertion(attached, now, random).map_err(unusable)?;
            form.append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
            form.append_pair("assertion", &signed.assertion);
            if !signed.scope_inside {
                scope(&mut form, scopes);
            }
            token_url
        }
        Credential::Basic { .. } | Credential::Bearer { .. } | Credential::ApiKey { .. } => {
            let message = format!("the credential \"{}\" needs no token", attached.name);
            return Err(PluginFailure::new(FailKind::Internal, message));
        }
    };
    Ok(Asked { url, form: form.finish() })
}

/// The request that gives a token back (RFC 7009, section 2.1).
pub fn revocation<'a>(url: &'a Url, token: &Secret) -> Asked<'a> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token.reveal());
    Asked { url, form: form.finish() }
}

impl Asked<'_> {
    /// As it is sent.
    pub fn outgoing(&self) -> Outgoing<'_> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let body = Some(self.form.clone().into_bytes());
        Outgoing { method: Method::Post, url: self.url, headers, body, max_response: MAX_ANSWER }
    }
}

/// Reads an answer; a failure names the error's code and no secret.
pub fn read(answer: &HttpResponse, name: &str, place: &str, now: Ts) -> Result<Fetched, PluginFailure> {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let endpoint = || format!("the token endpoint {place} of the credential \"{name}\"");
    if answer.status != 200 {
        return Err(refusal(answer, &json, &endpoint(), now));
    }
    let wrong = |why: &str| PluginFailure::new(FailKind::Auth, format!("{} answered {why}", endpoint()));
    let kind = json.get("token_type").and_then(Value::as_str);
    if kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(wrong("with a token that is no bearer token (RFC 6750)"));
    }
    let token = json.get("access_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| wrong("without an access_token (RFC 6749, section 5.1)"))?;
    // some write the number as a text
    let told = json.get("expires_in").and_then(|told| told.as_i64().or_else(|| told.as_str()?.parse().ok()));
    let seconds = told.unwrap_or(UNTOLD).clamp(0, LONGEST);
    let until = now.plus_seconds(seconds - MARGIN.min(seconds / 4));
    let refresh = json.get("refresh_token").and_then(Value::as_str).filter(|token| !token.is_empty());
    Ok(Fetched { token: Secret::new(token), until, refresh: refresh.map(Secret::new) })
}

fn refusal(answer: &HttpResponse, json: &Value, endpoint: &str, now: Ts) -> PluginFailure {
    let code =
        json.get("error").and_then(Value::as_str).and_then(|code| KNOWN_ERRORS.iter().find(|known| **known == code));
    let status = answer.status;
    let words = code.map_or_else(|| format!("status {status}"), |code| format!("{code} (status {status})"));
    if status == 429 || code.is_some_and(|code| *code == "slow_down") {
        let after = answer.headers.iter().find(|(name, _)| name == "retry-after");
        let seconds = after.and_then(|(_, value)| pause::seconds(value, now)).and_then(|s| u64::try_from(s).ok());
        return PluginFailure::new(FailKind::RateLimited, format!("{endpoint} wants fewer requests: {words}"))
            .after(seconds.map(|seconds| seconds * 1_000));
    }
    if status >= 500 || code.is_some_and(|code| matches!(*code, "server_error" | "temporarily_unavailable")) {
        return PluginFailure::new(FailKind::Unavailable, format!("{endpoint} cannot answer now: {words}"));
    }
    if (300..400).contains(&status) {
        let message = format!("{endpoint} sends elsewhere (status {status}), which is not followed; mend its address");
        return PluginFailure::new(FailKind::Config, message);
    }
    let message = format!("{endpoint} refused: {words}; look at the client, its secret and what it may do there");
    PluginFailure::new(FailKind::Auth, message)
}
