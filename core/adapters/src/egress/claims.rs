//! What a token says that it allows. It came from its token endpoint a moment ago and is read
//! to be shown, never to decide by: nothing is verified.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use estampe_domain::credential::{Credential, Secret};
use serde::Deserialize;

/// Octets of a token's claims that are looked at.
const MAX_CLAIMS: usize = 64 << 10;
/// Names that are taken.
const MAX_NAMES: usize = 200;
/// Octets of a name.
const MAX_NAME: usize = 255;

/// Claims of an access token (RFC 9068, section 2.2.3, and what Microsoft Entra writes).
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scp: String,
    #[serde(default)]
    scope: String,
}

/// The permissions that a token names; none when it is opaque.
pub fn allowed(credential: &Credential, token: &Secret) -> Option<BTreeSet<String>> {
    // an assertion is answered for all of its scopes or not at all
    if let Credential::JwtBearer { scopes, .. } = credential {
        return Some(scopes.iter().cloned().collect());
    }
    let mut parts = token.reveal().split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    if claims.len() > MAX_CLAIMS {
        return None;
    }
    let claims: Claims = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?).ok()?;
    let words = [&claims.scp, &claims.scope].into_iter().flat_map(|words| words.split(' ').map(str::to_owned));
    let is_name = |name: &String| (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    Some(claims.roles.into_iter().chain(words).filter(is_name).take(MAX_NAMES).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Credential {
        Credential::ClientCredentials {
            token_url: "https://login.example/token".parse().unwrap(),
            client_id: "c".to_owned(),
            client_secret: Secret::new("s"),
            scopes: Vec::new(),
        }
    }

    fn read(claims: &str) -> Option<Vec<String>> {
        let token = Secret::new(format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.as_bytes())));
        allowed(&client(), &token).map(|names| names.into_iter().collect())
    }

    #[test]
    fn names_are_read_and_nothing_else() {
        assert_eq!(read(r#"{"roles":["User.Read.All"," x"],"scp":"a b"}"#).unwrap(), ["User.Read.All", "a", "b"]);
        assert_eq!(read("{}").unwrap(), Vec::<String>::new());
        assert_eq!(read("\"x\""), None);
        assert_eq!(read(r#"{"roles":"User.Read.All"}"#), None);
        assert_eq!(allowed(&client(), &Secret::new("opaque")), None);
        assert_eq!(allowed(&client(), &Secret::new("a.!.c")), None);
    }
}
