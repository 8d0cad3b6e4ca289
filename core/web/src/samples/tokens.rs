//! Tokens of the API for the gallery.

use estampe_domain::token::{ApiToken, TokenScope};
use estampe_domain::{AccountId, ApiTokenId};

use super::{Sevens, now};

pub(crate) fn tokens() -> Vec<ApiToken> {
    let token = |name: &str, scopes: &[TokenScope], days: i64, used: bool| ApiToken {
        id: ApiTokenId::new(now(), &Sevens),
        account: Some(AccountId::new(now(), &Sevens)),
        name: name.parse().unwrap(),
        scopes: scopes.iter().copied().collect(),
        created_at: now().plus_seconds((days - 90) * 86_400),
        expires_at: now().plus_seconds(days * 86_400),
        last_used_at: used.then(|| now().plus_seconds(-7_200)),
        revoked_at: None,
    };
    vec![
        token("Annuaire de l’intranet", &[TokenScope::PeopleRead], 41, true),
        token("Synchronisation de nuit", &[TokenScope::SourcesRead, TokenScope::SourcesRun], 89, false),
        token("Essai de mars", &[TokenScope::LeadsRead], -12, true),
    ]
}
