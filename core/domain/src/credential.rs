//! Credentials by name: a manifest says how the host authenticates and which keys of the
//! configuration it takes for it; the values are the host's alone and reach no plugin.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::egress::parse_url;
use crate::permission::Permission;
use crate::ports::SecretKeeper;

/// A secret text: wiped when dropped, never printed, never serialised.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Takes it over.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for whoever authenticates with it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is kept that took another's place: some token endpoints exchange a refresh
/// token for a new one at each use, and the old one is good no longer (RFC 6749, section 6).
/// The default keeps nothing.
#[derive(Clone, Default)]
pub struct Keeper(Option<Arc<dyn SecretKeeper>>);

impl Keeper {
    /// Keeps them there.
    pub fn new(there: Arc<dyn SecretKeeper>) -> Self {
        Self(Some(there))
    }

    /// Keeps `new` in the place of one of `old`; on disk when it returns. `false` where
    /// something else stands. The error is in words.
    pub async fn replace(&self, key: &str, old: &[Secret], new: &Secret) -> Result<bool, String> {
        match &self.0 {
            Some(there) => there.replace(key, old, new).await,
            None => Ok(true),
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper(…)")
    }
}

/// The secret values of a source's configuration, by key.
pub type Secrets = BTreeMap<String, Secret>;

/// How a manifest says that the host authenticates. In each value, `{key}` stands for what
/// the source's configuration has there; what is secret has to be such a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum CredentialAsk {
    /// RFC 7617.
    Basic {
        /// The user.
        username: String,
        /// Their password.
        password: String,
    },
    /// RFC 6750, with a token that was handed out once.
    Bearer {
        /// The token.
        token: String,
    },
    /// A header of its own.
    ApiKey {
        /// The header's name.
        header: String,
        /// Its value.
        value: String,
    },
    /// RFC 6749, section 4.4.
    ClientCredentials {
        /// The token endpoint.
        token_url: String,
        /// The client.
        client_id: String,
        /// Its secret, sent in the body (section 2.3.1).
        client_secret: String,
        /// What is asked for.
        #[serde(default)]
        scopes: BTreeSet<String>,
    },
    /// RFC 6749, section 4.4, where an assertion takes the place of the secret (RFC 7523,
    /// section 2.2): signed with PS256, the certificate named by its thumbprint.
    ClientAssertion {
        /// The token endpoint, which is the `aud` too.
        token_url: String,
        /// The client.
        client_id: String,
        /// The private key (PKCS #8) and its certificate: PEM, one after the other.
        key: String,
        /// What is asked for.
        #[serde(default)]
        scopes: BTreeSet<String>,
    },
    /// RFC 6749, section 6.
    RefreshToken {
        /// The token endpoint.
        token_url: String,
        /// The client.
        client_id: String,
        /// Its secret, when it has one.
        #[serde(default)]
        client_secret: Option<String>,
        /// The refresh token.
        refresh_token: String,
        /// What is asked for.
        #[serde(default)]
        scopes: BTreeSet<String>,
    },
    /// RFC 7523, section 2.1, signed with RS256.
    JwtBearer {
        /// The token endpoint.
        token_url: String,
        /// The private key: PEM (PKCS #8), or Google's JSON file with it.
        key: String,
        /// The `iss`; Google's JSON names it itself.
        #[serde(default)]
        issuer: Option<String>,
        /// The `aud`; the token endpoint when it is not named.
        #[serde(default)]
        audience: Option<String>,
        /// The `sub` when a request names none.
        #[serde(default)]
        subject: Option<String>,
        /// What is asked for.
        #[serde(default)]
        scopes: BTreeSet<String>,
    },
}

/// A credential with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `CredentialAsk`")]
pub enum Credential {
    Basic {
        username: String,
        password: Secret,
    },
    Bearer {
        token: Secret,
    },
    ApiKey {
        header: String,
        value: Secret,
    },
    ClientCredentials {
        token_url: Url,
        client_id: String,
        client_secret: Secret,
        scopes: Vec<String>,
    },
    ClientAssertion {
        token_url: Url,
        client_id: String,
        key: Secret,
        scopes: Vec<String>,
    },
    RefreshToken {
        token_url: Url,
        client_id: String,
        client_secret: Option<Secret>,
        refresh_token: Secret,
        /// The key of the configuration that it stands at.
        refresh_key: String,
        scopes: Vec<String>,
    },
    JwtBearer {
        token_url: Url,
        key: Secret,
        issuer: Option<String>,
        audience: Option<String>,
        subject: Option<String>,
        scopes: Vec<String>,
    },
}

impl CredentialAsk {
    /// Its stable name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
            Self::ApiKey { .. } => "api-key",
            Self::ClientCredentials { .. } => "client-credentials",
            Self::ClientAssertion { .. } => "client-assertion",
            Self::RefreshToken { .. } => "refresh-token",
            Self::JwtBearer { .. } => "jwt-bearer",
        }
    }

    /// The scopes that it asks for.
    pub fn scopes(&self) -> BTreeSet<String> {
        match self {
            Self::ClientCredentials { scopes, .. }
            | Self::ClientAssertion { scopes, .. }
            | Self::RefreshToken { scopes, .. }
            | Self::JwtBearer { scopes, .. } => scopes.clone(),
            Self::Basic { .. } | Self::Bearer { .. } | Self::ApiKey { .. } => BTreeSet::new(),
        }
    }

    /// The token endpoint, where it has one.
    pub fn token_url(&self) -> Option<&str> {
        match self {
            Self::ClientCredentials { token_url, .. }
            | Self::ClientAssertion { token_url, .. }
            | Self::RefreshToken { token_url, .. }
            | Self::JwtBearer { token_url, .. } => Some(token_url),
            Self::Basic { .. } | Self::Bearer { .. } | Self::ApiKey { .. } => None,
        }
    }

    /// The item that a manifest asks for with it.
    pub fn permission(&self, name: &str) -> Permission {
        let at = self.token_url().map(str::to_owned);
        let keys = self.secrets().into_iter().filter_map(only_key).map(str::to_owned).collect();
        let (name, kind, scopes) = (name.to_owned(), self.kind().to_owned(), self.scopes());
        Permission::Credential { name, kind, keys, at, scopes }
    }

    /// Its values that are secret: each has to be one `{key}` of a secret.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Basic { password, .. } => vec![password],
            Self::Bearer { token } => vec![token],
            Self::ApiKey { value, .. } => vec![value],
            Self::ClientCredentials { client_secret, .. } => vec![client_secret],
            Self::RefreshToken { client_secret, refresh_token, .. } => {
                client_secret.iter().map(String::as_str).chain([refresh_token.as_str()]).collect()
            }
            Self::ClientAssertion { key, .. } | Self::JwtBearer { key, .. } => vec![key],
        }
    }

    /// Its other values, which may hold `{key}` of what is no secret.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Basic { username, .. } => vec![username],
            Self::Bearer { .. } => vec![],
            Self::ApiKey { header, .. } => vec![header],
            Self::ClientCredentials { token_url, client_id, .. }
            | Self::ClientAssertion { token_url, client_id, .. }
            | Self::RefreshToken { token_url, client_id, .. } => vec![token_url, client_id],
            Self::JwtBearer { token_url, issuer, audience, subject, .. } => {
                let optional = [issuer, audience, subject].into_iter().flatten().map(String::as_str);
                optional.chain([token_url.as_str()]).collect()
            }
        }
    }

    /// With the values of a source; the error says what is missing.
    pub fn with(&self, config: &BTreeMap<String, String>, secrets: &Secrets) -> Result<Credential, String> {
        let text = |template: &str| filled(template, config);
        let optional = |template: &Option<String>| template.as_deref().map(text).transpose();
        let url = |template: &str| parse_url(&text(template)?).map_err(|why| format!("the token endpoint {why}"));
        let secret = |template: &str| -> Result<Secret, String> {
            let key = only_key(template).ok_or("a secret of the manifest is no {key}")?;
            let found = secrets.get(key).filter(|secret| !secret.reveal().trim().is_empty());
            found.cloned().ok_or_else(|| format!("\"{key}\" is not set"))
        };
        let all = |scopes: &BTreeSet<String>| scopes.iter().cloned().collect();
        Ok(match self {
            Self::Basic { username, password } => {
                Credential::Basic { username: text(username)?, password: secret(password)? }
            }
            Self::Bearer { token } => Credential::Bearer { token: secret(token)? },
            Self::ApiKey { header, value } => Credential::ApiKey { header: text(header)?, value: secret(value)? },
            Self::ClientCredentials { token_url, client_id, client_secret, scopes } => Credential::ClientCredentials {
                token_url: url(token_url)?,
                client_id: text(client_id)?,
                client_secret: secret(client_secret)?,
                scopes: all(scopes),
            },
            Self::ClientAssertion { token_url, client_id, key, scopes } => Credential::ClientAssertion {
                token_url: url(token_url)?,
                client_id: text(client_id)?,
                key: secret(key)?,
                scopes: all(scopes),
            },
            Self::RefreshToken { token_url, client_id, client_secret, refresh_token, scopes } => {
                Credential::RefreshToken {
                    token_url: url(token_url)?,
                    client_id: text(client_id)?,
                    client_secret: client_secret.as_deref().map(secret).transpose()?,
                    refresh_token: secret(refresh_token)?,
                    refresh_key: only_key(refresh_token).unwrap_or_default().to_owned(),
                    scopes: all(scopes),
                }
            }
            Self::JwtBearer { token_url, key, issuer, audience, subject, scopes } => Credential::JwtBearer {
                token_url: url(token_url)?,
                key: secret(key)?,
                issuer: optional(issuer)?,
                audience: optional(audience)?,
                subject: optional(subject)?,
                scopes: all(scopes),
            },
        })
    }
}

/// The key of a template that is one `{key}` and nothing else.
pub fn only_key(template: &str) -> Option<&str> {
    let key = template.strip_prefix('{')?.strip_suffix('}')?;
    (!key.is_empty() && !key.contains(['{', '}'])).then_some(key)
}

/// The keys that a template names.
pub fn keys_of(template: &str) -> Vec<&str> {
    template.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

/// A template with what the configuration has for its keys.
pub fn filled(template: &str, config: &BTreeMap<String, String>) -> Result<String, String> {
    let mut text = String::with_capacity(template.len());
    let mut parts = template.split('{');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (key, rest) = part.split_once('}').ok_or_else(|| format!("\"{template}\" has a {{ without }}"))?;
        let value = config.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
        text.push_str(value.ok_or_else(|| format!("\"{key}\" is not set"))?);
        text.push_str(rest);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_from_the_configuration_and_secrets_from_theirs() {
        let ask = CredentialAsk::ClientCredentials {
            token_url: "https://login.example/{tenant}/token".into(),
            client_id: "{client}".into(),
            client_secret: "{secret}".into(),
            scopes: BTreeSet::from(["x".to_owned()]),
        };
        let config = BTreeMap::from([("tenant".to_owned(), " t1 ".to_owned()), ("client".to_owned(), "c".to_owned())]);
        let secrets = Secrets::from([("secret".to_owned(), Secret::new("s3cr3t"))]);
        let filled = ask.with(&config, &secrets).unwrap();
        let Credential::ClientCredentials { token_url, client_id, client_secret, .. } = &filled else { panic!() };
        assert_eq!((token_url.as_str(), client_id.as_str()), ("https://login.example/t1/token", "c"));
        assert_eq!(client_secret.reveal(), "s3cr3t");
        assert!(!format!("{filled:?}").contains("s3cr3t"));
        assert_eq!(ask.with(&config, &Secrets::new()).unwrap_err(), "\"secret\" is not set");
        assert_eq!(ask.with(&BTreeMap::new(), &secrets).unwrap_err(), "\"tenant\" is not set");
        // an assertion in its place is of another kind, with the key as its secret
        let signed = CredentialAsk::ClientAssertion {
            token_url: "https://login.example/{tenant}/token".into(),
            client_id: "{client}".into(),
            key: "{secret}".into(),
            scopes: BTreeSet::new(),
        };
        assert_eq!((signed.kind(), signed.secrets()), ("client-assertion", vec!["{secret}"]));
        assert_eq!(signed.texts(), ["https://login.example/{tenant}/token", "{client}"]);
        assert!(matches!(signed.with(&config, &secrets), Ok(Credential::ClientAssertion { .. })));
        // a secret is never taken from what the plugin can read
        let both = BTreeMap::from([("secret".to_owned(), "plain".to_owned())]);
        assert!(ask.with(&both, &Secrets::new()).is_err());
    }
}
