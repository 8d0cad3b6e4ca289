//! What is found when a source's servers are looked at, one after the other.

use serde::{Deserialize, Serialize};

use super::mediation::Granted;
use super::{LdapQuery, LdapScope};
use crate::time::Ts;

/// How far one looked at a server, and how that went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReport {
    /// For people: `ldaps://ldap.example.com:636`.
    pub server: String,
    /// What went well, in order: "connected", "TLS with a trusted certificate", "bound".
    pub passed: Vec<String>,
    /// When its certificate ends.
    pub certificate_until: Option<Ts>,
    /// Where it ended, when that was not at the end.
    pub failed: Option<StepFailed>,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailed {
    /// Which.
    pub step: Step,
    /// In words.
    pub why: String,
}

/// A step of looking at a source's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// What the source is configured with.
    Configuration,
    /// Name, address, port.
    Connection,
    /// StartTLS, handshake, certificate.
    Tls,
    /// The account that reads.
    Bind,
    /// The entry that people are below.
    Base,
    /// What tells which entries changed.
    Changes,
    /// What the connector tries by itself.
    Connector,
}

/// What was found of a source: a line for each thing that was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    /// The servers that the source names.
    pub servers: Vec<ServerReport>,
    /// What was tried beyond that.
    pub tried: Vec<Tried>,
}

/// Something that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// What.
    pub step: Step,
    /// Whether it went well.
    pub passed: bool,
    /// What was found, or why not.
    pub found: String,
}

impl Granted {
    /// The search for the base itself.
    pub fn of_base(&self) -> LdapQuery {
        LdapQuery {
            base: self.base.to_string(),
            scope: LdapScope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: vec!["objectClass".to_owned()],
            page_size: 1,
            cookie: None,
        }
    }

    /// The search for an entry that fits, and for what tells when it changed.
    pub fn of_changes(&self) -> LdapQuery {
        let people = "(|(objectClass=person)(objectClass=posixAccount))".to_owned();
        LdapQuery {
            scope: LdapScope::Subtree,
            filter: self.filter.as_ref().map_or(people, ToString::to_string),
            attributes: ["uSNChanged", "modifyTimestamp"].map(str::to_owned).to_vec(),
            ..self.of_base()
        }
    }
}

impl Tried {
    /// It went well.
    pub fn passed(step: Step, found: impl Into<String>) -> Self {
        Self { step, passed: true, found: found.into() }
    }

    /// It did not.
    pub fn failed(step: Step, why: impl Into<String>) -> Self {
        Self { step, passed: false, found: why.into() }
    }
}
