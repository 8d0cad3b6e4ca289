//! Tokens of the API: what a program presents, and how far it reaches.

use std::fmt;

use data_encoding::BASE32_DNSSEC;
use sha2::{Digest, Sha256};

use crate::access::Right;
use crate::ids::{AccountId, ApiTokenId, BlobId};
use crate::ports::Random;
use crate::text::Line;
use crate::time::Ts;

/// What a token may be used for. Each opens some [`Right`]s; the one table is
/// [`opens`](Self::opens).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each says itself what it opens")]
pub enum TokenScope {
    PeopleRead,
    PeopleWrite,
    LeadsRead,
    SignaturesRead,
    SourcesRead,
    SourcesRun,
    PluginsRead,
    AccountsRead,
    AccountsWrite,
    HealthRead,
    TokensRead,
    TokensWrite,
}

impl TokenScope {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::PeopleRead,
        Self::PeopleWrite,
        Self::LeadsRead,
        Self::SignaturesRead,
        Self::SourcesRead,
        Self::SourcesRun,
        Self::PluginsRead,
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::HealthRead,
        Self::TokensRead,
        Self::TokensWrite,
    ];

    /// As the database keeps it and programs name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PeopleRead => "people:read",
            Self::PeopleWrite => "people:write",
            Self::LeadsRead => "leads:read",
            Self::SignaturesRead => "signatures:read",
            Self::SourcesRead => "sources:read",
            Self::SourcesRun => "sources:run",
            Self::PluginsRead => "plugins:read",
            Self::AccountsRead => "accounts:read",
            Self::AccountsWrite => "accounts:write",
            Self::HealthRead => "health:read",
            Self::TokensRead => "tokens:read",
            Self::TokensWrite => "tokens:write",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// The table: which rights it opens. An account's token has no more of them than its
    /// account. A right that stands nowhere here is out of every token's reach. Tokens of
    /// one's own need no right: those scopes are asked for by their use cases.
    pub const fn opens(self) -> &'static [Right] {
        match self {
            Self::PeopleRead => &[Right::PeopleRead],
            Self::PeopleWrite => &[Right::PeopleRead, Right::PeopleChange],
            Self::LeadsRead => &[Right::LeadsRead],
            Self::SignaturesRead => &[Right::SignaturesRead],
            Self::SourcesRead => &[Right::SourcesRead],
            Self::SourcesRun => &[Right::SourcesRead, Right::SourcesRun],
            Self::PluginsRead => &[Right::PluginsRead],
            Self::AccountsRead => &[Right::AccountsRead],
            Self::AccountsWrite => &[Right::AccountsRead, Right::AccountsChange],
            Self::HealthRead => &[Right::HealthRead],
            Self::TokensRead | Self::TokensWrite => &[],
        }
    }

    /// Whether a token that belongs to nobody may have it: it has no tokens of its own.
    pub const fn is_for_services(self) -> bool {
        !matches!(self, Self::TokensRead | Self::TokensWrite)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Scopes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenScopes(u16);

impl TokenScopes {
    /// Whether a scope is among them.
    pub const fn has(self, scope: TokenScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// One after the other, in the order of [`TokenScope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = TokenScope> {
        TokenScope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of these are among `others`.
    pub const fn within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Whether any of them opens a right.
    pub fn open(self, right: Right) -> bool {
        self.iter().any(|scope| scope.opens().contains(&right))
    }
}

impl FromIterator<TokenScope> for TokenScopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// The token that somebody acts through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Through {
    /// Which.
    pub token: ApiTokenId,
    /// How far it reaches.
    pub scopes: TokenScopes,
}

/// A token, without its secret.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// Whose it is; none belongs to a service.
    pub account: Option<AccountId>,
    /// What it is for, in its maker's words.
    pub name: Line,
    /// How far it reaches.
    pub scopes: TokenScopes,
    /// When it was made.
    pub created_at: Ts,
    /// From when on it opens nothing.
    pub expires_at: Ts,
    /// When it was last used, to the hour.
    pub last_used_at: Option<Ts>,
    /// When it was revoked.
    pub revoked_at: Option<Ts>,
}

impl ApiToken {
    /// The word for whose it is.
    pub const fn kind(&self) -> &'static str {
        if self.account.is_some() { "personal" } else { "service" }
    }

    /// Whether it is good at this moment, as far as it knows itself.
    pub fn is_good(&self, now: Ts) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Days that a token lasts when nobody says otherwise.
pub const USUAL_DAYS: u32 = 90;
/// Most days that a token lasts.
pub const MOST_DAYS: u32 = 365;
/// Most good tokens of one account.
pub const MOST_TOKENS: usize = 50;

/// What every token begins with, so that a scanner for secrets finds it:
/// `estp_[0-9a-v]{60}`.
const PREFIX: &str = "estp_";
/// Characters of the secret: 256 bits in base32.
const SECRET: usize = 52;
/// Octets of its checksum.
const CHECK: usize = 5;

/// A token's text: `estp_`, 256 random bits and a checksum of all before, in the alphabet
/// of public ids. The checksum lets a scanner, and us, tell a token from what only looks
/// like one. Only the hash is ever stored.
#[derive(Clone)]
pub struct ApiSecret(String);

impl ApiSecret {
    /// Draws a new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let body = format!("{PREFIX}{}", BASE32_DNSSEC.encode(&bytes));
        let check = checksum(&body);
        Self(body + &check)
    }

    /// The secret itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256, in hexadecimal: what the store keeps and looks up.
    pub fn hash(&self) -> String {
        BlobId::of(self.0.as_bytes()).as_str().to_owned()
    }
}

/// What was presented cannot be one of our tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct NoToken;

impl std::str::FromStr for ApiSecret {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let (body, check) = text.split_at_checked(PREFIX.len() + SECRET).ok_or(NoToken)?;
        if !body.starts_with(PREFIX) || checksum(body) != check {
            return Err(NoToken);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for ApiSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiSecret(…)")
    }
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    BASE32_DNSSEC.encode(digest.get(..CHECK).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_token_is_told_from_what_looks_like_one() {
        let secret = ApiSecret::new(&Fixed(0xa7));
        let text = secret.reveal();
        assert_eq!(text.len(), 65);
        assert!(text.strip_prefix("estp_").unwrap().bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'v')));
        assert_eq!(text.parse::<ApiSecret>().unwrap().hash(), secret.hash());
        for at in 0..text.len() {
            let mut other = text.as_bytes().to_vec();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            assert!(String::from_utf8(other).unwrap().parse::<ApiSecret>().is_err(), "character {at}");
            assert!(text[..at].parse::<ApiSecret>().is_err(), "cut at {at}");
        }
        for bad in ["", "estp_", "é", &format!("{text}0"), &text.to_uppercase(), &"é".repeat(40)] {
            assert!(bad.parse::<ApiSecret>().is_err(), "{bad}");
        }
        assert!(!format!("{secret:?}").contains("estp_"));
    }

    #[test]
    fn scopes_have_one_spelling_and_add_up() {
        for scope in TokenScope::ALL {
            assert_eq!(TokenScope::from_stored(scope.as_str()), Some(scope));
        }
        assert_eq!(TokenScope::from_stored("people:*"), None);
        let read = TokenScopes::from_iter([TokenScope::PeopleRead]);
        let both = TokenScopes::from_iter([TokenScope::PeopleWrite, TokenScope::PeopleRead]);
        assert!(read.open(Right::PeopleRead) && !read.open(Right::PeopleChange));
        assert!(both.open(Right::PeopleChange) && !both.open(Right::LeadsRead));
        assert!(read.within(both) && !both.within(read) && TokenScopes::default().within(read));
    }

    #[test]
    fn some_rights_are_out_of_every_token_s_reach() {
        let closed: Vec<_> =
            Right::ALL.into_iter().filter(|right| !TokenScope::ALL.iter().any(|s| s.opens().contains(right))).collect();
        // what a program should not do while no person looks
        assert_eq!(
            closed,
            [
                Right::Overview,
                Right::ChangesDecide,
                Right::SourcesChange,
                Right::SourcesEnd,
                Right::PluginsChange,
                Right::PluginsGrant,
                Right::SignaturesChange,
                Right::SignaturesPublish,
                Right::MailsRead,
                Right::MailsChange,
                Right::KeysChange,
            ]
        );
    }
}
