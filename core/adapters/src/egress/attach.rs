//! Headers: those of the plugin, the one with the credential, and those of an answer that
//! are nobody's but the host's.

use data_encoding::BASE64;
use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::{Attached, HttpResponse};
use estampe_domain::plugin::{FailKind, PluginFailure};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

/// Headers that say where a message ends or whom it is for: no key stands in them.
const OF_THE_PROTOCOL: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of an answer that a plugin does not see.
const NOT_SHOWN: &[&str] = &[
    "authentication-info",
    "authorization",
    "cookie",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "set-cookie",
    "set-cookie2",
];

/// A credential as it goes along.
pub struct Attachment {
    /// The header.
    pub name: HeaderName,
    /// Its value, marked as secret.
    pub value: HeaderValue,
    /// What must not come back.
    pub secrets: Vec<Secret>,
    /// The token, when it is one that was fetched.
    pub token: Option<Secret>,
    /// Whether that was fetched earlier.
    pub kept: bool,
}

/// The headers of a plugin.
pub fn plain(headers: &[(String, String)]) -> Result<HeaderMap, PluginFailure> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let wrong = || PluginFailure::new(FailKind::Denied, format!("the header {name:?} cannot be sent as it is"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        map.append(name, HeaderValue::from_str(value).map_err(|_| wrong())?);
    }
    Ok(map)
}

/// What needs no token to be fetched.
pub fn fixed(attached: &Attached) -> Result<Option<Attachment>, PluginFailure> {
    let name = &attached.name;
    match &attached.credential {
        Credential::Basic { username, password } => {
            if username.contains(':') {
                return Err(unusable(name, "a user name has no colon (RFC 7617)"));
            }
            let pair = Secret::new(BASE64.encode(format!("{username}:{}", password.reveal()).as_bytes()));
            let value = secret_value(name, &format!("Basic {}", pair.reveal()))?;
            let secrets = vec![pair, password.clone()];
            Ok(Some(Attachment { name: AUTHORIZATION, value, secrets, token: None, kept: false }))
        }
        Credential::Bearer { token } => {
            let token = trimmed(token);
            let value = secret_value(name, &format!("Bearer {}", token.reveal()))?;
            Ok(Some(Attachment { name: AUTHORIZATION, value, secrets: vec![token], token: None, kept: false }))
        }
        Credential::ApiKey { header, value } => {
            let read = HeaderName::from_bytes(header.trim().as_bytes()).ok();
            let header = read
                .filter(|header| !OF_THE_PROTOCOL.contains(&header.as_str()))
                .ok_or_else(|| unusable(name, &format!("\"{header}\" is no header that a key may stand in")))?;
            let secret = trimmed(value);
            let value = secret_value(name, secret.reveal())?;
            Ok(Some(Attachment { name: header, value, secrets: vec![secret], token: None, kept: false }))
        }
        Credential::ClientCredentials { .. }
        | Credential::ClientAssertion { .. }
        | Credential::RefreshToken { .. }
        | Credential::JwtBearer { .. } => Ok(None),
    }
}

/// A token that was fetched (RFC 6750).
pub fn token(name: &str, token: Secret, kept: bool) -> Result<Attachment, PluginFailure> {
    let value = secret_value(name, &format!("Bearer {}", token.reveal()))?;
    let secrets = vec![token.clone()];
    Ok(Attachment { name: AUTHORIZATION, value, secrets, token: Some(token), kept })
}

/// An answer as a plugin sees it.
pub fn without_secrets(mut answer: HttpResponse) -> HttpResponse {
    answer.headers.retain(|(name, _)| !NOT_SHOWN.contains(&name.as_str()));
    answer
}

/// A secret that was pasted often ends with a line break.
fn trimmed(secret: &Secret) -> Secret {
    Secret::new(secret.reveal().trim())
}

fn secret_value(name: &str, text: &str) -> Result<HeaderValue, PluginFailure> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| unusable(name, "its secret holds characters that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unusable(name: &str, why: &str) -> PluginFailure {
    PluginFailure::new(FailKind::Config, format!("the credential \"{name}\" cannot be used: {why}"))
}
