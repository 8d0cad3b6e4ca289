//! Translates what a plugin says into the domain's words. All of it is hostile until
//! it was measured here; what breaks a bound fails the whole page, so that nothing is
//! concluded from half of one.

use std::collections::BTreeSet;

use estampe_domain::ldap::is_secret;
use estampe_domain::permission::{Grants, Permission};
use estampe_domain::plugin::{
    AttributeValue, Cursor, DirectoryEvent, FailKind, Given, Gone, Page, PluginFailure, PluginInfo, Probe, SourceGroup,
    SourcePerson, SourcePhoto,
};

use super::bindings::estampe::plugin::types as wit;
use crate::call::Call;
use crate::contract::Described;
use crate::text::clean;

/// Events of a page.
const MAX_EVENTS: usize = 5_000;
/// Octets of a page: texts and photos, and [`OVERHEAD`] for each value.
const MAX_PAGE: usize = 16 << 20;
/// What a value costs besides its octets.
const OVERHEAD: usize = 16;
/// Octets of a cursor.
const MAX_CURSOR: usize = 16_384;
/// Octets of a photo's version.
const MAX_VERSION: usize = 1_024;
/// Octets of a person's id.
const MAX_ID: usize = 255;
/// Attributes of a person.
const MAX_ATTRIBUTES: usize = 256;
/// Octets of an attribute's name.
const MAX_NAME: usize = 128;
/// Octets of a text.
const MAX_TEXT: usize = 64 << 10;
/// Values of an attribute.
const MAX_VALUES: usize = 1_000;
/// Other names of a person or a group.
const MAX_HANDLES: usize = 8;
/// Octets of a handle, or of a reference to a member.
const MAX_HANDLE: usize = 4_096;
/// Members of a group in one event.
const MAX_MEMBERS: usize = 10_000;
/// Octets of a group's name.
const MAX_GROUP_NAME: usize = 255;
/// Characters of what is written for people; longer is cut, not refused.
const MAX_MESSAGE: usize = 500;
/// Characters of a position, likewise.
const MAX_POSITION: usize = 200;
/// Lines of a self-check.
const MAX_PROBES: usize = 64;

/// Values of a person, by the names of their fields.
type Attributes = Vec<(String, AttributeValue)>;

/// A page, measured, with the fields that were granted.
pub fn page(page: wit::Page, call: Call) -> Result<Page, PluginFailure> {
    if page.events.len() > MAX_EVENTS {
        return Err(limit(&format!("a page of {} events; at most {MAX_EVENTS} are taken", page.events.len())));
    }
    let groups = Groups::of(&call.given.grants, &call.info);
    let mut measure = Measure { left: MAX_PAGE, fields: Fields::of(&call.given, &call.info), groups };
    let events = page.events.into_iter().enumerate().filter_map(|(at, event)| {
        let taken = measure.event(event).map_err(|failure| {
            let message = format!("{}; event {} of its page", failure.message, at + 1);
            PluginFailure { message, ..failure }
        });
        taken.transpose()
    });
    let events = events.collect::<Result<_, _>>()?;
    Ok(Page { events, next: cursor(page.next)?, checkpoint: cursor(page.checkpoint)?, state: call.state.into_writes() })
}

/// What a connector says of itself, measured.
pub fn description(said: &wit::Description) -> Result<Described, PluginFailure> {
    let count = said.attributes.len();
    if count > MAX_ATTRIBUTES {
        return Err(limit(&format!("a description of {count} attributes; at most {MAX_ATTRIBUTES} are taken")));
    }
    let attributes = said.attributes.iter().map(|name| clean(name, MAX_NAME));
    Ok(Described { incremental: said.features.incremental, attributes: attributes.collect() })
}

/// The lines of a self-check, measured.
pub fn probes(probes: Vec<wit::Probe>) -> Result<Vec<Probe>, PluginFailure> {
    if probes.len() > MAX_PROBES {
        let count = probes.len();
        return Err(limit(&format!("a self-check of {count} lines; at most {MAX_PROBES} are taken")));
    }
    let lines = probes.into_iter().map(|probe| Probe {
        name: clean(&probe.name, MAX_POSITION),
        passed: probe.passed,
        detail: clean(&probe.detail, MAX_MESSAGE),
    });
    Ok(lines.collect())
}

/// What the directory has in these fields of somebody, measured; others that the plugin tells of
/// are left out.
pub fn attributes(
    said: Vec<wit::Attribute>,
    call: &Call,
    wanted: &BTreeSet<String>,
) -> Result<Vec<(String, AttributeValue)>, PluginFailure> {
    let groups = Groups::of(&call.given.grants, &call.info);
    let mut measure = Measure { left: MAX_PAGE, fields: Fields::of(&call.given, &call.info), groups };
    let (mut attributes, _) = measure.attributes(said, None)?;
    attributes.retain(|(name, _)| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
    Ok(attributes)
}

/// A failure that the plugin told.
pub fn failure(failure: &wit::Failure) -> PluginFailure {
    let kind = match failure.kind {
        wit::FailKind::Config => FailKind::Config,
        wit::FailKind::Auth => FailKind::Auth,
        wit::FailKind::Denied => FailKind::Denied,
        wit::FailKind::NotFound => FailKind::NotFound,
        wit::FailKind::Conflict => FailKind::Conflict,
        wit::FailKind::RateLimited => FailKind::RateLimited,
        wit::FailKind::Unavailable => FailKind::Unavailable,
        wit::FailKind::CursorExpired => FailKind::CursorExpired,
        wit::FailKind::Unsupported => FailKind::Unsupported,
        wit::FailKind::Limit => FailKind::Limit,
        wit::FailKind::Internal => FailKind::Internal,
    };
    PluginFailure::new(kind, clean(&failure.message, MAX_MESSAGE)).after(failure.retry_after_ms)
}

/// A failure that a capability of the host tells the plugin.
pub fn refusal(failure: PluginFailure) -> wit::Failure {
    let kind = match failure.kind {
        FailKind::Config => wit::FailKind::Config,
        FailKind::Auth => wit::FailKind::Auth,
        FailKind::Denied => wit::FailKind::Denied,
        FailKind::NotFound => wit::FailKind::NotFound,
        FailKind::Conflict => wit::FailKind::Conflict,
        FailKind::RateLimited => wit::FailKind::RateLimited,
        FailKind::Unavailable | FailKind::Deadline => wit::FailKind::Unavailable,
        FailKind::CursorExpired => wit::FailKind::CursorExpired,
        FailKind::Unsupported => wit::FailKind::Unsupported,
        FailKind::Limit | FailKind::OutOfMemory => wit::FailKind::Limit,
        FailKind::Internal | FailKind::Trapped => wit::FailKind::Internal,
    };
    wit::Failure { kind, message: failure.message, retry_after_ms: failure.retry_after_ms }
}

fn cursor(cursor: Option<Cursor>) -> Result<Option<Cursor>, PluginFailure> {
    match cursor {
        Some(cursor) if cursor.len() > MAX_CURSOR => {
            Err(limit(&format!("a cursor of {} octets; at most {MAX_CURSOR} are taken", cursor.len())))
        }
        cursor => Ok(cursor),
    }
}

/// The field that a photo is.
const PHOTO: &str = "jpegPhoto";

/// Which fields of people a plugin may carry, in lower case.
pub struct Fields {
    asked: BTreeSet<String>,
    granted: BTreeSet<String>,
}

impl Fields {
    /// Those that the manifest asks for, and those that were granted. Both may take in whatever
    /// the mapping names.
    pub fn of(given: &Given, info: &PluginInfo) -> Self {
        let mapped = |counts: bool| given.fields.iter().filter(move |_| counts).cloned();
        let asked = info.asks.fields.read.iter().map(|name| name.to_ascii_lowercase());
        let granted = given.grants.iter().filter_map(|granted| match granted {
            Permission::FieldRead(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        let asks_mapped = info.asks.fields.mapped;
        let grants_mapped = asks_mapped && given.grants.cover(&Permission::FieldReadMapped);
        Self::new(asked.chain(mapped(asks_mapped)), granted.chain(mapped(grants_mapped)))
    }

    /// Those, in lower case. What proves who somebody is was never granted, whoever did.
    fn new(asked: impl Iterator<Item = String>, granted: impl Iterator<Item = String>) -> Self {
        Self { asked: asked.collect(), granted: granted.filter(|name| !is_secret(name)).collect() }
    }

    /// Whether a field, in lower case, is both asked for and granted.
    pub fn are_let_through(&self, name: &str) -> bool {
        self.asked.contains(name) && self.granted.contains(name)
    }

    /// Whether a plugin is shown a field.
    pub fn are_shown(&self, name: &str) -> bool {
        self.are_let_through(&name.to_ascii_lowercase())
    }

    /// Whether a field goes through. One that was not granted is left out: that is the
    /// administrator's word. One that the manifest does not even name is a breach.
    fn pass(&self, name: &str, at: Option<&str>) -> Result<bool, PluginFailure> {
        let name = name.to_ascii_lowercase();
        if self.asked.contains(&name) {
            return Ok(self.granted.contains(&name));
        }
        let what =
            format!("the plugin delivered the field {:?}, which its manifest does not ask for", clean(&name, 64));
        Err(PluginFailure::new(FailKind::Internal, located(at, &what)))
    }
}

/// Whether a plugin may tell of groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Groups {
    /// Its manifest does not ask for it.
    NotAsked,
    /// An administrator did not grant it: they are left out.
    NotGranted,
    Granted,
}

impl Groups {
    fn of(grants: &Grants, info: &PluginInfo) -> Self {
        match (info.asks.groups.read, grants.cover(&Permission::GroupsRead)) {
            (false, _) => Self::NotAsked,
            (true, false) => Self::NotGranted,
            (true, true) => Self::Granted,
        }
    }
}

/// Takes events and counts what the page still may hold.
struct Measure {
    left: usize,
    fields: Fields,
    groups: Groups,
}

impl Measure {
    fn take(&mut self, octets: usize) -> Result<(), PluginFailure> {
        let left = self.left.checked_sub(octets.saturating_add(OVERHEAD));
        self.left =
            left.ok_or_else(|| limit(&format!("a page of more than {} MiB; send smaller pages", MAX_PAGE >> 20)))?;
        Ok(())
    }

    /// None when it was not granted.
    fn event(&mut self, event: wit::Event) -> Result<Option<DirectoryEvent>, PluginFailure> {
        Ok(Some(match event {
            wit::Event::Person(person) => DirectoryEvent::Person(self.person(person)?),
            wit::Event::PersonGone((id, gone)) => {
                let gone = match gone {
                    wit::Gone::Deleted => Gone::Deleted,
                    wit::Gone::OutOfScope => Gone::OutOfScope,
                };
                DirectoryEvent::PersonGone(self.id(id, None)?, gone)
            }
            wit::Event::Rejected(rejected) => {
                let position = clean(&rejected.position, MAX_POSITION);
                let reason = clean(&rejected.reason, MAX_MESSAGE);
                self.take(position.len() + reason.len())?;
                let external_id = rejected.id.map(|id| self.id(id, Some(&position))).transpose()?;
                DirectoryEvent::Rejected { external_id, position, reason }
            }
            wit::Event::Group(group) => {
                let group = self.group(group)?;
                return Ok(self.passes_groups()?.then_some(DirectoryEvent::Group(group)));
            }
            wit::Event::GroupGone(id) => {
                let id = self.id(id, None)?;
                return Ok(self.passes_groups()?.then_some(DirectoryEvent::GroupGone(id)));
            }
            wit::Event::AllGroups => return Ok(self.passes_groups()?.then_some(DirectoryEvent::AllGroups)),
        }))
    }

    /// Whether groups go through. A manifest that does not even ask for them is broken.
    fn passes_groups(&self) -> Result<bool, PluginFailure> {
        match self.groups {
            Groups::Granted => Ok(true),
            Groups::NotGranted => Ok(false),
            Groups::NotAsked => {
                let what = "the plugin told of groups, which its manifest does not ask for ([groups] read)";
                Err(PluginFailure::new(FailKind::Internal, what))
            }
        }
    }

    fn group(&mut self, group: wit::Group) -> Result<SourceGroup, PluginFailure> {
        let wit::Group { id, name, handles, members, more, position } = group;
        let position = position.map(|position| clean(&position, MAX_POSITION));
        let at = position.as_deref();
        let external_id = self.id(id, at)?;
        if name.len() > MAX_GROUP_NAME {
            return Err(limit(&located(at, &format!("a group's name has at most {MAX_GROUP_NAME} octets"))));
        }
        self.take(name.len())?;
        let handles = self.references(handles, MAX_HANDLES, "handles", at)?;
        let members = self.references(members, MAX_MEMBERS, "members in one event", at)?;
        Ok(SourceGroup { external_id, name, handles, members, more, position })
    }

    fn references(
        &mut self,
        names: Vec<String>,
        most: usize,
        what: &str,
        at: Option<&str>,
    ) -> Result<Vec<String>, PluginFailure> {
        if names.len() > most {
            return Err(limit(&located(at, &format!("{} {what}; at most {most} are taken", names.len()))));
        }
        for name in &names {
            if name.is_empty() || name.len() > MAX_HANDLE {
                let what = format!("a handle or a reference has 1 to {MAX_HANDLE} octets");
                return Err(limit(&located(at, &what)));
            }
            self.take(name.len())?;
        }
        Ok(names)
    }

    fn person(&mut self, person: wit::Person) -> Result<SourcePerson, PluginFailure> {
        let position = person.position.map(|position| clean(&position, MAX_POSITION));
        let at = position.as_deref();
        let external_id = self.id(person.id, at)?;
        let (attributes, withheld) = self.attributes(person.attributes, at)?;
        let active = person.active;
        let mut photo = match (person.photo, person.photo_etag) {
            (Some(octets), version) => {
                self.take(octets.len())?;
                match version {
                    Some(version) => SourcePhoto::Versioned(octets, self.version(version, at)?),
                    None => SourcePhoto::Image(octets),
                }
            }
            (None, Some(_)) => SourcePhoto::Same,
            (None, None) => SourcePhoto::None,
        };
        if photo != SourcePhoto::None && !self.fields.pass(PHOTO, at)? {
            photo = SourcePhoto::None;
        }
        let mut handles = self.references(person.handles, MAX_HANDLES, "handles", at)?;
        if self.groups != Groups::Granted {
            handles.clear();
        }
        Ok(SourcePerson { external_id, active, attributes, photo, position, handles, withheld })
    }

    /// Those that go through, and the names of those that nobody granted.
    fn attributes(
        &mut self,
        said: Vec<wit::Attribute>,
        at: Option<&str>,
    ) -> Result<(Attributes, Vec<String>), PluginFailure> {
        let count = said.len();
        if count > MAX_ATTRIBUTES {
            let what = format!("a person of {count} attributes; at most {MAX_ATTRIBUTES} are taken");
            return Err(limit(&located(at, &what)));
        }
        let (mut attributes, mut withheld) = (Vec::with_capacity(count), Vec::new());
        for attribute in said {
            let name = attribute.name;
            let length = name.len();
            if length == 0 || length > MAX_NAME || name.chars().any(char::is_control) {
                let name = clean(&name, 64);
                let what = format!("an attribute's name has 1 to {MAX_NAME} octets, none of control: {name:?}");
                return Err(limit(&located(at, &what)));
            }
            self.take(length)?;
            let value = self.value(&name, attribute.value, at)?;
            if self.fields.pass(&name, at)? {
                attributes.push((name, value));
            } else if !is_secret(&name) {
                withheld.push(name);
            }
        }
        Ok((attributes, withheld))
    }

    fn version(&mut self, version: String, at: Option<&str>) -> Result<String, PluginFailure> {
        if version.is_empty() || version.len() > MAX_VERSION {
            return Err(limit(&located(at, &format!("a photo's version has 1 to {MAX_VERSION} octets"))));
        }
        self.take(version.len())?;
        Ok(version)
    }

    fn id(&mut self, id: String, at: Option<&str>) -> Result<String, PluginFailure> {
        if id.is_empty() || id.len() > MAX_ID || id.chars().any(char::is_control) {
            let what = format!("an id has 1 to {MAX_ID} octets, none of control");
            return Err(limit(&located(at, &what)));
        }
        self.take(id.len())?;
        Ok(id)
    }

    fn value(&mut self, name: &str, value: wit::Value, at: Option<&str>) -> Result<AttributeValue, PluginFailure> {
        Ok(match value {
            wit::Value::Text(text) => AttributeValue::Text(self.text(name, text, at)?),
            wit::Value::Flag(flag) => AttributeValue::Flag(flag),
            wit::Value::Number(number) => AttributeValue::Number(number),
            wit::Value::Texts(texts) => {
                if texts.len() > MAX_VALUES {
                    let what =
                        format!("{} values of the attribute {name:?}; at most {MAX_VALUES} are taken", texts.len());
                    return Err(limit(&located(at, &what)));
                }
                let texts = texts.into_iter().map(|text| self.text(name, text, at));
                AttributeValue::Texts(texts.collect::<Result<_, _>>()?)
            }
        })
    }

    fn text(&mut self, name: &str, text: String, at: Option<&str>) -> Result<String, PluginFailure> {
        if text.len() > MAX_TEXT {
            let octets = text.len();
            let what = format!("a value of {octets} octets of the attribute {name:?}; at most {MAX_TEXT} are taken");
            return Err(limit(&located(at, &what)));
        }
        self.take(text.len())?;
        Ok(text)
    }
}

fn located(position: Option<&str>, what: &str) -> String {
    match position {
        Some(position) => format!("{what} ({position})"),
        None => what.to_owned(),
    }
}

fn limit(what: &str) -> PluginFailure {
    PluginFailure::breach(FailKind::Limit, format!("the plugin broke a limit of the contract: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(names: &'a [&str]) -> impl Iterator<Item = String> + 'a {
        names.iter().map(|name| (*name).to_owned())
    }

    #[test]
    fn what_proves_who_somebody_is_is_dropped_whatever_was_granted() {
        let all = ["cn", "userpassword", "unicodepwd;x-old", "sn"];
        let fields = Fields::new(names(&all), names(&all[..3]));
        let let_through = |name: &str| fields.pass(name, None).map_err(|failure| failure.kind);
        assert_eq!(let_through("cn"), Ok(true));
        for dropped in ["userPassword", "unicodePwd;x-old", "sn"] {
            assert_eq!(let_through(dropped), Ok(false), "{dropped}");
        }
        assert!(!fields.are_shown("userPassword") && fields.are_shown("CN"));
        assert_eq!(let_through("title"), Err(FailKind::Internal));
    }

    #[test]
    fn a_breach_is_the_plugins_fault_and_names_the_place() {
        let fields = Fields::new(names(&["title"]), names(&["title"]));
        let mut measure = Measure { left: MAX_PAGE, fields, groups: Groups::NotAsked };
        let value = wit::Value::Text("x".repeat(MAX_TEXT + 1));
        let said = vec![wit::Attribute { name: "title".to_owned(), value }];
        let failure = measure.attributes(said, Some("line 120")).unwrap_err();
        assert!(failure.kind == FailKind::Limit && failure.is_own_fault(), "{failure}");
        assert!(failure.message.contains("\"title\"") && failure.message.contains("line 120"), "{failure}");
        let told = wit::Failure { kind: wit::FailKind::Limit, message: "slow down".to_owned(), retry_after_ms: None };
        assert!(!super::failure(&told).is_own_fault());
    }
}
