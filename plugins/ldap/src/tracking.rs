//! How this directory tells what changed, chosen by its own entry, and where the next
//! incremental run begins.

use estampe_plugin_sdk::ldap::{Entry, Query, Tracking};
use estampe_plugin_sdk::{FailKind, Failure, Host, LogLevel};
use serde::{Deserialize, Serialize};

use crate::hex::{self, Octets};
use crate::{groups, query};

/// Active Directory's DirSync, among the controls of the root DSE.
const DIR_SYNC: &str = "1.2.840.113556.1.4.841";
/// RFC 4533.
const CONTENT_SYNC: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// The class of OpenLDAP's root DSE. Other servers tie a position to the whole search that it
/// came from, and the host learns it by a smaller one.
const OPEN_LDAP: &str = "OpenLDAProotDSE";
/// The longest position that fits twice into a cursor, octets.
const MAX_POSITION: usize = 3_500;
/// The same for that of groups, beside it.
const MAX_POSITION_OF_GROUPS: usize = 500;
/// A day, microseconds.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// Where an incremental run begins: the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When the last full run began, by the host's clock: microseconds since 1970.
    pub full: i64,
    /// Which database of which server it was, where that matters.
    pub server: Option<String>,
    /// Its count of changes when the last run began, where it has one.
    pub usn: Option<u64>,
    /// What was seen so far.
    pub at: At,
    /// The latest `modifyTimestamp` that the last full run saw, microseconds since 1970; 0 when
    /// none is shown.
    pub latest: i64,
    /// The same of the groups, where these are asked for by themselves.
    #[serde(default)]
    pub groups: Option<Octets>,
}

/// What was seen so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// DirSync up to this cookie.
    DirSync(Octets),
    /// RFC 4533 up to this cookie.
    ContentSync(Octets),
    /// Every change of this server up to its count of changes.
    Usn,
    /// Every change up to this `modifyTimestamp`, microseconds since 1970.
    Modified(i64),
}

impl Checkpoint {
    /// Where the directory is now, before a full run reads it.
    pub fn now(host: &dyn Host, identity: Option<&str>) -> Result<Self, Failure> {
        let full = host.now();
        let root = match host.ldap_root_dse() {
            Ok(root) => root,
            // it may be hidden from this account
            Err(failure) if matches!(failure.kind, FailKind::NotFound | FailKind::Denied) => {
                Entry { dn: String::new(), attributes: Vec::new() }
            }
            Err(failure) => return Err(failure),
        };
        let server = server(&root);
        let is = |name: &str| identity.is_none_or(|chosen| chosen == name);
        let usn = highest_usn(&root);
        if usn.is_some() && is("objectGUID") {
            let tracked = if root.has("supportedControl", DIR_SYNC) {
                position(host, Tracking::DirSync)?.map(At::DirSync)
            } else {
                None
            };
            return Ok(Self { full, server, usn, at: tracked.unwrap_or(At::Usn), latest: 0, groups: None });
        }
        let tracked =
            if root.has("supportedControl", CONTENT_SYNC) && root.has("objectClass", OPEN_LDAP) && is("entryUUID") {
                position(host, Tracking::ContentSync)?.map(At::ContentSync)
            } else {
                None
            };
        let groups = if tracked.is_some() && groups::are_wanted(host) { position_of_groups(host)? } else { None };
        Ok(Self { full, server, usn, at: tracked.unwrap_or(At::Modified(0)), latest: 0, groups })
    }

    /// The same after what was read: only times of change are learnt by reading.
    pub fn having_seen(mut self, latest: i64) -> Self {
        if let At::Modified(at) = &mut self.at {
            *at = latest.max(*at);
        }
        self
    }

    /// Since when somebody's photo may have changed; none: since ever. An hour earlier than
    /// what was seen, for what a replica is told late.
    pub fn photos_known(&self, now: &Self) -> Option<i64> {
        (self.latest > 0 && self.server == now.server).then(|| self.latest - DAY / 24)
    }

    /// Whether an incremental run may begin there.
    pub fn is_good_for_a_run(&self) -> bool {
        self.at != At::Modified(0)
    }

    /// The server's count of changes, when an incremental run may begin there now;
    /// `cursor-expired` says why it may not.
    pub fn still_holds(&self, host: &dyn Host) -> Result<Option<u64>, Failure> {
        let expired = |why: &str| Err(Failure::new(FailKind::CursorExpired, why));
        let watched = match self.at {
            At::ContentSync(_) => 7 * DAY,
            // who was deleted is told to whoever may read the container of what was deleted;
            // who left what the filter fits is told to nobody
            At::DirSync(_) | At::Usn | At::Modified(_) => DAY,
        };
        if !(0..watched).contains(&host.now().saturating_sub(self.full)) {
            return expired("it is time to compare everybody");
        }
        if self.usn.is_none() {
            return Ok(None);
        }
        let root = host.ldap_root_dse()?;
        let now = highest_usn(&root);
        if server(&root) != self.server {
            return expired("another server answers than the last time, or it was restored");
        }
        if now < self.usn {
            return expired("the server has made fewer changes than were seen: it was restored");
        }
        Ok(now)
    }
}

/// What is asked for changes of.
pub fn tracked(host: &dyn Host, tracking: Tracking) -> Query {
    let people = query(host);
    // DirSync tells of the whole naming context in one go
    if tracking == Tracking::DirSync && groups::are_wanted(host) {
        let filter = format!("(|{}{})", people.filter, groups::GROUPS);
        let attributes = [people.attributes.clone(), vec!["member".to_owned()]].concat();
        return Query { filter, attributes, ..people };
    }
    people
}

/// The same of groups.
fn position_of_groups(host: &dyn Host) -> Result<Option<Octets>, Failure> {
    match groups::changes(host, None) {
        Ok((_, position)) => Ok(Some(Octets(position)).filter(|position| position.0.len() <= MAX_POSITION_OF_GROUPS)),
        Err(failure) if matches!(failure.kind, FailKind::Unavailable | FailKind::Auth) => Err(failure),
        Err(failure) => {
            host.log(LogLevel::Info, &format!("all groups are read in every run: {}", failure.message));
            Ok(None)
        }
    }
}

/// Where the server's changes are now; none when it does not tell them to this account.
fn position(host: &dyn Host, tracking: Tracking) -> Result<Option<Octets>, Failure> {
    match host.ldap_changes(tracking, &tracked(host, tracking), None) {
        Ok(told) if told.position.len() > MAX_POSITION || told.position.is_empty() => Ok(None),
        Ok(told) => Ok(Some(Octets(told.position))),
        Err(failure) if matches!(failure.kind, FailKind::Unavailable | FailKind::Auth) => Err(failure),
        Err(failure) => {
            host.log(LogLevel::Info, &format!("changes are found by comparing: {}", failure.message));
            Ok(None)
        }
    }
}

/// The database that answers, where servers count changes each for themselves.
fn server(root: &Entry) -> Option<String> {
    highest_usn(root)?;
    let name = root.text("dsServiceName").or_else(|| root.text("dnsHostName")).unwrap_or_default();
    let invocation = hex::text(root.value("invocationId").unwrap_or_default());
    Some(format!("{name} {invocation}"))
}

/// Active Directory's count of its changes.
fn highest_usn(root: &Entry) -> Option<u64> {
    root.text("highestCommittedUSN")?.parse().ok()
}

/// How changes are found, for an administrator.
pub fn words(at: &At) -> &'static str {
    match at {
        At::DirSync(_) => "later runs read what changed (DirSync); once a day everybody is compared",
        At::ContentSync(_) => "later runs read what changed (content synchronisation)",
        At::Usn => "later runs read what changed (uSNChanged); once a day everybody is compared",
        At::Modified(_) => "later runs read what changed (modifyTimestamp); once a day everybody is compared",
    }
}
