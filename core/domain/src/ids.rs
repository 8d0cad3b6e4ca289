//! Identifiers: UUID v7 inside, unguessable public ids outside.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_DNSSEC;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ports::Random;
use crate::time::Ts;

/// A malformed identifier; says nothing of what was given, which may be hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid identifier")]
pub struct InvalidId;

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id: UUID v7 (RFC 9562, 5.7) of this moment.
            pub fn new(now: Ts, random: &dyn Random) -> Self {
                Self(uuid_v7(now, random))
            }

            /// The UUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// When it was made, to the millisecond.
            pub fn made_at(self) -> Ts {
                // the first 48 bits (RFC 9562, 5.7)
                let millis = i64::try_from(self.0.as_u128() >> 80).unwrap_or_default();
                Ts::from_micros(millis.saturating_mul(1000))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    )+};
}

uuid_id! {
    /// A human of the organisation.
    PersonId,
    /// What is shown publicly of a person.
    CardId,
    /// One configured connector instance.
    SourceId,
    /// A group of a source.
    GroupId,
    /// One execution of a connector.
    RunId,
    /// Details that an outsider shared with a card's holder.
    LeadId,
    /// The human whose personal data is concerned, owner of a data key.
    SubjectId,
    /// Why data is processed.
    PurposeId,
    /// One thing done to many people.
    BulkId,
    /// What signs in.
    AccountId,
    /// Who else may say who somebody is.
    ProviderId,
    /// A signed-in browser.
    SessionId,
    /// A second factor of an account.
    FactorId,
    /// An act that waits for a second administrator.
    ApprovalId,
    /// A change of a person's field that is to be written into their directory.
    ChangeId,
    /// A look of signatures: a template and its configuration.
    DesignId,
    /// Who gets which signature.
    SignatureRuleId,
    /// Signatures written into the mailboxes of a source.
    PublicationId,
    /// A token of the API.
    ApiTokenId,
    /// Durable work to do later.
    JobId,
    /// One line of the audit log.
    AuditId,
    /// A request, followed through the logs.
    RequestId,
}

fn uuid_v7(now: Ts, random: &dyn Random) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// The public name of a card: 128 random bits, written as 26 characters of
/// lower-case base32 (RFC 4648 extended hex, no padding). Unguessable, so that
/// cards cannot be enumerated, and unrelated to the card's inner id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicId(String);

impl PublicId {
    /// Draws a new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        Self(BASE32_DNSSEC.encode(&bytes))
    }

    /// The 26 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicId {
    type Err = InvalidId;

    /// Accepts the canonical form alone, so that a card has one URL.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        if text.len() != 26 {
            return Err(InvalidId);
        }
        let bytes = BASE32_DNSSEC.decode(text.as_bytes()).map_err(|_| InvalidId)?;
        if BASE32_DNSSEC.encode(&bytes) != text {
            return Err(InvalidId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a blob: SHA-256 of its content, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobId(String);

impl BlobId {
    /// The id of this content.
    pub fn of(content: &[u8]) -> Self {
        use sha2::Digest;
        Self(data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(content)))
    }

    /// As the database keeps it; only for values that [`BlobId::of`] made.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An opaque secret given to a person or a browser (session, first-run token):
/// 256 random bits in base64url. Only its hash is ever stored.
#[derive(Clone)]
pub struct SecretToken(String);

impl SecretToken {
    /// Draws a new one.
    pub fn new(random: &dyn Random) -> Self {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        Self(data_encoding::BASE64URL_NOPAD.encode(&bytes))
    }

    /// Takes what a visitor presented; any text is a token, most match nothing.
    pub fn presented(text: &str) -> Self {
        Self(text.chars().take(128).collect())
    }

    /// The secret itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256, in hexadecimal: what the store keeps and looks up. A plain hash
    /// is right for 256 random bits.
    pub fn hash(&self) -> String {
        BlobId::of(self.0.as_bytes()).0
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(…)")
    }
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
    fn public_ids_have_one_spelling() {
        let id = PublicId::new(&Fixed(0xa7));
        assert_eq!(id.as_str().len(), 26);
        assert_eq!(id.as_str().parse::<PublicId>(), Ok(id.clone()));
        assert!(id.as_str().to_uppercase().parse::<PublicId>().is_err());
        // 26 characters carry two spare bits: they must be zero
        let mut other = id.as_str().to_owned();
        other.pop();
        other.push('v');
        assert!(other.parse::<PublicId>().is_err());
        for bad in ["", "..", "x", "zzzzzzzzzzzzzzzzzzzzzzzzzz"] {
            assert!(bad.parse::<PublicId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let early = PersonId::new(Ts::from_micros(1_000_000), &Fixed(0xff));
        assert_eq!(early.made_at(), Ts::from_micros(1_000_000));
        let late = PersonId::new(Ts::from_micros(2_000_000), &Fixed(0));
        assert!(early.to_string() < late.to_string());
    }
}
