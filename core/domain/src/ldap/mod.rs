//! Searches in an LDAP directory for a plugin: what its source names, and what the port
//! that searches is given. Names ([`dn`]) and filters ([`filter`]) are parsed, never
//! handled as text; [`mediation`] makes a search of what a plugin asks for.

pub mod dn;
pub mod examine;
pub mod filter;
mod identity;
pub mod mediation;
mod secret;
pub mod sign_in;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::credential::Secret;

pub use identity::IDENTITIES;
pub use secret::is_secret;

/// Where a connection goes and as whom, by the source's configuration. No plugin chooses
/// any of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapAccess {
    /// Servers, tried in order: `ldaps://host[:port]` or `ldap://host[:port]`.
    pub servers: Vec<String>,
    /// StartTLS (RFC 4511, section 4.14) on `ldap://`; its refusal ends the connection.
    pub start_tls: bool,
    /// Whether `ldap://` without StartTLS may be used at all: an administrator's word.
    pub clear_text: bool,
    /// PEM file of the CA that signed the servers' certificates; none: the system's.
    pub ca_file: Option<PathBuf>,
    /// As whom.
    pub bind: LdapBind,
    /// Time to connect to one server.
    pub connect_timeout: Duration,
    /// Time for one operation.
    pub operation_timeout: Duration,
}

/// RFC 4513, section 5.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LdapBind {
    Anonymous,
    Simple {
        dn: String,
        password: Secret,
    },
    /// SASL EXTERNAL (RFC 4513, section 5.2.3): by a client certificate in TLS, PEM files.
    External {
        certificate: PathBuf,
        key: PathBuf,
    },
}

/// RFC 4511, section 4.5.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LdapScope {
    Base,
    OneLevel,
    Subtree,
}

/// How a search goes on from page to page and from run to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LdapMode {
    /// All that fits, page by page (RFC 2696).
    Paged,
    /// All that fits and whose `uSNChanged` is above this (Active Directory), page by page.
    ChangedAbove(u64),
    /// All that fits and whose `modifyTimestamp` is not before this moment, microseconds
    /// since 1970, page by page.
    ModifiedSince(i64),
}

/// One search, mediated: the filter holds the granted one, the base lies below the granted
/// one, the attributes are granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapQuery {
    /// RFC 4514.
    pub base: String,
    /// How far below.
    pub scope: LdapScope,
    /// RFC 4515.
    pub filter: String,
    /// Names; never `*` or `+`.
    pub attributes: Vec<String>,
    /// Entries of a page.
    pub page_size: u32,
    /// Where the page begins; as the page before gave it.
    pub cookie: Option<Vec<u8>>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapEntry {
    /// RFC 4514, as the server writes it.
    pub dn: String,
    /// In the server's order.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// How a directory tells which entries changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LdapTracking {
    /// Active Directory's DirSync ([MS-ADTS] 3.1.1.3.4.1.3), for whoever may read the entries.
    /// It tells of whole naming contexts, so that one that left the base is told too.
    DirSync,
    /// Content synchronisation (RFC 4533), refresh only.
    ContentSync,
}

/// Which entries changed, mediated like a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapTrack {
    /// How the server tells it.
    pub tracking: LdapTracking,
    /// RFC 4514.
    pub base: String,
    /// How far below.
    pub scope: LdapScope,
    /// RFC 4515. For DirSync it holds no granted filter: whoever left what it fits would
    /// never be told.
    pub filter: String,
    /// A change of these counts; their values are not told.
    pub attributes: Vec<String>,
    /// Where the last one ended; none: only where the server is now.
    pub since: Option<Vec<u8>>,
}

/// Entries that changed, by their identities alone (`objectGUID`, `entryUUID`): sixteen octets
/// each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LdapChanges {
    /// New, changed or moved, perhaps out of the base.
    pub changed: Vec<Vec<u8>>,
    /// Deleted, or no longer in what was asked for.
    pub gone: Vec<Vec<u8>>,
    /// Where the next one begins. It lasts.
    pub position: Vec<u8>,
    /// Whether there is more to be told at once, from that position on.
    pub more: bool,
}

/// A page of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LdapPage {
    /// What was found.
    pub entries: Vec<LdapEntry>,
    /// Where the next one begins; none at the end.
    pub cookie: Option<Vec<u8>>,
}

/// Whether this is an attribute type (RFC 4512, section 1.4): `telephoneNumber`, `2.5.4.20`.
fn is_attribute_type(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.chars().all(word)
    } else {
        text.contains('.') && text.split('.').all(number)
    }
}

/// Whether this is an attribute type with options (RFC 4512, section 2.5):
/// `jpegPhoto;binary`.
fn is_attribute_description(text: &str) -> bool {
    let mut parts = text.split(';');
    let option = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    parts.next().is_some_and(is_attribute_type) && parts.all(option)
}

/// An attribute's name without its options.
fn base_name(name: &str) -> &str {
    name.split(';').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attributes_are_told_from_others() {
        for good in ["cn", "telephoneNumber", "x-y1", "2.5.4.3", "cn;lang-fr", "jpegPhoto;binary"] {
            assert!(is_attribute_description(good), "{good}");
        }
        for bad in ["", "*", "+", "1", "1.", ".1", "1a.2", "c n", "cn;", ";x", "cn;a=b", "cn;*", "é", "@person", "-a"]
        {
            assert!(!is_attribute_description(bad), "{bad}");
        }
    }
}
