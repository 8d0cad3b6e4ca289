//! Tells credentials apart without keeping them: a hash over all that makes one.

use estampe_domain::credential::Credential;
use estampe_domain::egress::Attached;
use sha2::{Digest, Sha256};

/// A credential with its secrets and whom it acts for.
pub type Key = [u8; 32];

/// The key of what is attached.
pub fn key(attached: &Attached) -> Key {
    of(attached, attached.subject.as_deref())
}

/// The same whomever it acts for.
pub fn family(attached: &Attached) -> Key {
    of(attached, None)
}

fn of(attached: &Attached, subject: Option<&str>) -> Key {
    let mut hash = Hash(Sha256::new());
    hash.optional(subject);
    match &attached.credential {
        Credential::Basic { username, password } => hash.all(["basic", username, password.reveal()]),
        Credential::Bearer { token } => hash.all(["bearer", token.reveal()]),
        Credential::ApiKey { header, value } => hash.all(["api-key", header, value.reveal()]),
        Credential::ClientCredentials { token_url, client_id, client_secret, scopes } => {
            hash.all(["client-credentials", token_url.as_str(), client_id, client_secret.reveal()]);
            hash.all(scopes.iter().map(String::as_str));
        }
        Credential::ClientAssertion { token_url, client_id, key, scopes } => {
            hash.all(["client-assertion", token_url.as_str(), client_id, key.reveal()]);
            hash.all(scopes.iter().map(String::as_str));
        }
        Credential::RefreshToken { token_url, client_id, client_secret, refresh_token, scopes, refresh_key: _ } => {
            hash.all(["refresh-token", token_url.as_str(), client_id, refresh_token.reveal()]);
            hash.optional(client_secret.as_ref().map(|secret| secret.reveal()));
            hash.all(scopes.iter().map(String::as_str));
        }
        Credential::JwtBearer { token_url, key, issuer, audience, subject, scopes } => {
            hash.all(["jwt-bearer", token_url.as_str(), key.reveal()]);
            for text in [issuer, audience, subject] {
                hash.optional(text.as_deref());
            }
            hash.all(scopes.iter().map(String::as_str));
        }
    }
    hash.0.finalize().into()
}

struct Hash(Sha256);

impl Hash {
    /// Lengths stand before texts, so that no two lists read the same.
    fn all<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        for text in texts {
            self.0.update((text.len() as u64).to_be_bytes());
            self.0.update(text);
        }
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.update([u8::from(text.is_some())]);
        self.all(text);
    }
}
