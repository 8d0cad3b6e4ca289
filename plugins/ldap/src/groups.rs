//! Groups and whom they name, nested ones too: who is in which, through which others, is the
//! host's to find.
//!
//! They are read after the people: all of them in a full run, and all of them again in a later
//! run as soon as anything changed. A group names its members by what they are called today, so
//! a person who is renamed changes groups of which no server says that they changed.

use estampe_plugin_sdk::ldap::{Entries, Entry, Query, Tracking, escape};
use estampe_plugin_sdk::{Cursor, Event, FailKind, Failure, Group, Host, LogLevel, MAX_HANDLE, Rejected, config};
use serde::{Deserialize, Serialize};

use crate::hex::Octets;
use crate::{identity, person, shown};

/// Groups of all the classes that there are (RFC 4519, RFC 2307, Active Directory).
pub const GROUPS: &str = "(|(objectClass=group)(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)\
                          (objectClass=groupOfMembers)(objectClass=posixGroup))";

/// The area of the manifest in which groups are.
const AREA: &str = "groups";

/// Groups of a page. In some directories one has 50,000 members and more: a page of ten stays
/// below what a call may hold.
const PAGE: u32 = 10;

/// Searches of a call for members beyond the first of a group.
const RANGES: usize = 40;

/// Characters of a name.
const NAME: usize = 200;

/// Attributes with the names of members.
const MEMBERS: [&str; 2] = ["member", "uniqueMember"];

/// What tells apart a login, by which a `posixGroup` names people, from other names.
const LOGIN: &str = "memberUid=";

/// Where the reading of groups stands between two pages.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reading {
    /// The next page of groups; none at the beginning, and at the end.
    cookie: Option<Octets>,
    /// Whether there is none.
    ended: bool,
    /// Groups of which the server shows a part of the members at once: they are read when the
    /// others of their page are done.
    large: Vec<Large>,
}

/// A group that is read part by part (`member;range=1500-*`).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Large {
    /// Its `objectGUID`.
    id: Octets,
    /// The next member.
    from: u32,
}

/// Whether groups are wanted.
pub fn are_wanted(host: &dyn Host) -> bool {
    config::get(host, "groups").as_deref() == Some("true")
}

/// The names by which groups refer to whose entry this is.
pub fn handles(entry: &Entry) -> Vec<String> {
    let logins = entry.texts("uid").take(4).map(|uid| format!("{LOGIN}{}", uid.trim()));
    std::iter::once(entry.dn.clone()).chain(logins).filter(|name| is_reference(name)).collect()
}

/// A search for groups.
pub fn query() -> Query {
    let attributes = person::IDENTITIES.into_iter().chain(["objectClass", "modifyTimestamp", "cn", "memberUid"]);
    Query::new(GROUPS).area(AREA).attributes(attributes.chain(MEMBERS)).page_size(PAGE)
}

/// Where the changes of groups are now, where the server tells; `changed` says whether there
/// were any since a position.
pub fn changes(host: &dyn Host, since: Option<&[u8]>) -> Result<(bool, Vec<u8>), Failure> {
    let (mut changed, mut position) = (false, since.map(<[u8]>::to_vec));
    loop {
        let told = host.ldap_changes(Tracking::ContentSync, &query(), position.as_deref())?;
        changed |= !told.changed.is_empty() || !told.gone.is_empty();
        if !told.more || position.as_ref() == Some(&told.position) {
            return Ok((changed, told.position));
        }
        position = Some(told.position);
    }
}

/// Whether a group has changed by the server's own count.
pub fn changed_above(host: &dyn Host, seen: u64) -> Result<bool, Failure> {
    let found = host.ldap_search(&query().attributes(["objectClass"]).page_size(1).changed_above(seen))?;
    Ok(!found.entries.is_empty())
}

impl Reading {
    /// Reads the next groups; whether there are more.
    pub fn next(&mut self, host: &dyn Host) -> Result<(Vec<Event>, bool), Failure> {
        let mut events = Vec::new();
        if self.large.is_empty() {
            self.page(host, &mut events)?;
        } else {
            self.ranges(host, &mut events)?;
        }
        let done = self.ended && self.large.is_empty();
        if done {
            events.push(Event::AllGroups);
        }
        Ok((events, !done))
    }

    fn page(&mut self, host: &dyn Host, events: &mut Vec<Event>) -> Result<(), Failure> {
        let cookie: Option<Cursor> = self.cookie.take().map(|cookie| cookie.0);
        let Entries { entries, next } = host.ldap_search(&query().after(cookie))?;
        let identity = identity(host);
        for entry in &entries {
            match (range(entry), entry.value("objectGUID")) {
                (Some(_), Some(id)) => self.large.push(Large { id: Octets(id.to_vec()), from: 0 }),
                _ => match group(host, entry, identity.as_deref()) {
                    Ok(mut group) => {
                        group.members = members(host, entry);
                        events.extend(group.events());
                    }
                    Err(rejected) => events.push(Event::Rejected(rejected)),
                },
            }
        }
        self.ended = next.is_none();
        self.cookie = next.map(Octets);
        Ok(())
    }

    /// Goes on with the groups that come part by part.
    fn ranges(&mut self, host: &dyn Host, events: &mut Vec<Event>) -> Result<(), Failure> {
        let identity = identity(host);
        for _ in 0..RANGES {
            let Some(large) = self.large.last_mut() else { return Ok(()) };
            let filter = format!("(objectGUID={})", escape(&large.id.0));
            let names = person::IDENTITIES.into_iter().chain(["cn"]).map(str::to_owned);
            let names = names.chain([format!("member;range={}-*", large.from)]);
            let query = Query { filter, ..query() }.attributes(names).page_size(1);
            let found = host.ldap_search(&query)?.entries.into_iter().next();
            let begun = large.from > 0;
            let Some(entry) = found else {
                if begun {
                    // what was told of it cannot be finished
                    let why = "a group was deleted while it was read: run it again";
                    return Err(Failure::new(FailKind::Conflict, why));
                }
                self.large.pop();
                continue;
            };
            let last = range(&entry).and_then(|(_, last)| last);
            match group(host, &entry, identity.as_deref()) {
                Ok(mut group) => {
                    group.members = members(host, &entry);
                    let (mut parts, more) = (group.events(), last.is_some());
                    for part in &mut parts {
                        if let Event::Group(group) = part {
                            group.more |= more;
                        }
                    }
                    events.extend(parts);
                }
                Err(rejected) => {
                    events.push(Event::Rejected(rejected));
                    self.large.pop();
                    continue;
                }
            }
            match last {
                Some(last) => large.from = last.saturating_add(1),
                None => {
                    self.large.pop();
                }
            }
        }
        Ok(())
    }
}

/// A group without its members, or why there is none.
fn group(host: &dyn Host, entry: &Entry, identity: Option<&str>) -> Result<Group, Rejected> {
    let position = shown(&entry.dn);
    let id = match person::identity_of(entry, identity) {
        Ok(id) => id,
        Err(reason) => return Err(Rejected { id: None, position, reason }),
    };
    let name = entry.text("cn").map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = name else {
        return Err(Rejected { id: Some(id), position, reason: "the group has no name (`cn`)".to_owned() });
    };
    if name.len() > NAME {
        host.log(LogLevel::Warn, &format!("the name of the group {position} is cut"));
    }
    let name = name.char_indices().take_while(|(at, sign)| at + sign.len_utf8() <= NAME).map(|(_, sign)| sign);
    let handles = Some(entry.dn.clone()).filter(|dn| is_reference(dn)).into_iter().collect();
    Ok(Group { id, name: name.collect(), handles, members: Vec::new(), more: false, position: Some(position) })
}

/// Whom a group names. What is no name is left out, and said.
fn members(host: &dyn Host, entry: &Entry) -> Vec<String> {
    let named = entry.attributes.iter().filter(|attribute| {
        let base = attribute.name.split(';').next().unwrap_or_default();
        MEMBERS.iter().any(|name| name.eq_ignore_ascii_case(base))
    });
    let mut bad = 0;
    let mut all = Vec::new();
    for value in named.flat_map(|attribute| &attribute.values) {
        match std::str::from_utf8(value).map(|text| without_uid(text.trim())) {
            Ok(text) if is_reference(text) => all.push(text.to_owned()),
            _ => bad += 1,
        }
    }
    for value in entry.values("memberUid") {
        match std::str::from_utf8(value).map(|text| format!("{LOGIN}{}", text.trim())) {
            Ok(text) if is_reference(&text) && text.len() > LOGIN.len() => all.push(text),
            _ => bad += 1,
        }
    }
    if bad > 0 {
        host.log(LogLevel::Warn, &format!("{bad} members of the group {} are no names and left out", shown(&entry.dn)));
    }
    all
}

/// A name without the bits that may stand behind it (RFC 4517, section 3.3.21).
fn without_uid(text: &str) -> &str {
    match text.rsplit_once('#') {
        Some((name, bits)) if bits.starts_with('\'') && bits.ends_with("'B") => name,
        _ => text,
    }
}

fn is_reference(text: &str) -> bool {
    (1..=MAX_HANDLE).contains(&text.len())
}

/// Which members an entry shows when it does not show all: the first, and the last unless
/// there are no more.
fn range(entry: &Entry) -> Option<(u32, Option<u32>)> {
    entry.attributes.iter().find_map(|attribute| {
        let mut parts = attribute.name.split(';');
        let base = parts.next()?;
        if !MEMBERS.iter().any(|name| name.eq_ignore_ascii_case(base)) {
            return None;
        }
        parts.find_map(|option| {
            let range = option.get(..6).filter(|start| start.eq_ignore_ascii_case("range=")).and(option.get(6..))?;
            let (first, last) = range.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()))
        })
    })
}

#[cfg(test)]
mod tests {
    use estampe_plugin_sdk::ldap::entry;
    use estampe_plugin_sdk::testing::ScriptedHost;

    use super::*;

    const UUID: &str = "6f1e0f3a-0000-4000-8000-000000000001";

    fn read(host: &ScriptedHost) -> Vec<Event> {
        let (mut reading, mut all) = (Reading::default(), Vec::new());
        loop {
            let (events, more) = reading.next(host).unwrap();
            all.extend(events);
            if !more {
                return all;
            }
        }
    }

    #[test]
    fn members_are_told_by_their_names_of_every_class() {
        let entry = entry(
            "cn=g,ou=groups",
            &[
                ("entryUUID", &[UUID]),
                ("cn", &[" Print shop "]),
                ("member", &["uid=a,ou=p", " ", "cn=other,ou=groups"]),
                ("uniqueMember", &["uid=b,ou=p#'0101'B", "uid=c#x,ou=p"]),
                ("memberUid", &["d"]),
            ],
        );
        let host = ScriptedHost::new().with_ldap(GROUPS, [entry]);
        let told = read(&host);
        let [Event::Group(group), Event::AllGroups] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((group.id.as_str(), group.name.as_str(), group.more), (UUID, "Print shop", false));
        assert_eq!(group.handles, ["cn=g,ou=groups"]);
        let members = ["uid=a,ou=p", "cn=other,ou=groups", "uid=b,ou=p", "uid=c#x,ou=p", "memberUid=d"];
        assert_eq!(group.members, members);
        assert_eq!(host.logged().len(), 1);
    }

    #[test]
    fn a_group_that_is_shown_in_ranges_comes_whole() {
        let members: Vec<_> = (0..61_234).map(|number| format!("cn=p{number},ou=p")).collect();
        let members: Vec<_> = members.iter().map(String::as_str).collect();
        let guid = "0123456789abcdef";
        let large = entry("cn=l", &[("objectGUID", &[guid]), ("cn", &["Everyone"]), ("member", &members)]);
        let small = entry("cn=s", &[("objectGUID", &["fedcba9876543210"]), ("cn", &["Few"]), ("member", &["cn=l"])]);
        let alone = format!("(objectGUID={})", escape(guid));
        let host = ScriptedHost::new().with_ldap(GROUPS, [large.clone(), small]).with_ldap(&alone, [large]);
        let told = read(&host);
        let mut named = Vec::new();
        let mut ended = 0;
        for event in &told {
            let Event::Group(group) = event else { continue };
            if group.name == "Everyone" {
                named.extend(group.members.iter().map(String::as_str));
                ended += usize::from(!group.more);
            }
        }
        assert_eq!((named == members, ended, told.len()), (true, 1, 43));
        assert!(host.logged().is_empty());
    }

    #[test]
    fn groups_without_a_name_or_an_identity_are_refused() {
        let entries = [entry("cn=a", &[("cn", &["a"])]), entry("cn=b", &[("entryUUID", &[UUID])])];
        let told = read(&ScriptedHost::new().with_ldap(GROUPS, entries));
        let [Event::Rejected(one), Event::Rejected(other), Event::AllGroups] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!((one.id.as_deref(), other.id.as_deref()), (None, Some(UUID)));
    }

    #[test]
    fn ranges_are_read() {
        for (name, told) in [
            ("member;range=0-1499", Some((0, Some(1499)))),
            ("Member;Range=1500-*", Some((1500, None))),
            ("member", None),
            ("cn;range=0-1", None),
        ] {
            assert_eq!(range(&entry("cn=a", &[(name, &["x"])])), told, "{name}");
        }
    }

    #[test]
    fn people_are_found_by_name_and_login() {
        let found = handles(&entry("uid=a,ou=p", &[("uid", &["a", "b"])]));
        assert_eq!(found, ["uid=a,ou=p", "memberUid=a", "memberUid=b"]);
    }
}
