//! The contract's types under short names, and what makes them handy.

use std::io;

pub use crate::bindings::estampe::plugin::file::Info as FileInfo;
pub use crate::bindings::estampe::plugin::log::Level as LogLevel;
pub use crate::bindings::estampe::plugin::types::{
    Attribute, Cursor, Description, Event, FailKind, Failure, Features, Gone, Group, Page, Person, Probe, Rejected,
    SyncMode, Value,
};

/// The longest identity, octets.
pub const MAX_ID: usize = 255;
/// The longest text, octets.
pub const MAX_TEXT: usize = 64 * 1024;
/// The most attributes of a person.
pub const MAX_ATTRIBUTES: usize = 256;
/// The most values of an attribute.
pub const MAX_VALUES: usize = 1000;
/// The longest handle, octets.
pub const MAX_HANDLE: usize = 4096;
/// The most members of a group in one event; more follow in another one.
pub const MAX_MEMBERS: usize = 10_000;

impl Failure {
    /// A failure of this kind. The message is for an administrator: what happened,
    /// where, and what would be right. Never a secret, never a person's data.
    pub fn new(kind: FailKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after_ms: None }
    }

    /// The configuration is wrong; an administrator must mend it.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(FailKind::Config, message)
    }

    /// A defect of the plugin itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(FailKind::Internal, message)
    }

    /// The failure inside an [`io::Error`] that came from a
    /// [`FileReader`](crate::FileReader); any other becomes `unavailable`.
    pub fn from_io(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(other) => Self::new(FailKind::Unavailable, other.to_string()),
        }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        Self::other(failure)
    }
}

impl Person {
    /// An active person without attributes. The id is what the source keeps for one
    /// human for ever, 1 to 255 octets.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            active: true,
            etag: None,
            photo_etag: None,
            attributes: Vec::new(),
            photo: None,
            position: None,
            handles: Vec::new(),
        }
    }

    /// Adds one attribute with one text, by its standard name (RFC 4519, RFC 2798,
    /// RFC 7643).
    pub fn with_text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.push(name, vec![text.into()]);
        self
    }

    /// Adds one attribute; one text becomes [`Value::Text`], several [`Value::Texts`],
    /// none nothing.
    pub fn push(&mut self, name: impl Into<String>, mut texts: Vec<String>) {
        let value = match (texts.pop(), texts.is_empty()) {
            (None, _) => return,
            (Some(only), true) => Value::Text(only),
            (Some(last), false) => {
                texts.push(last);
                Value::Texts(texts)
            }
        };
        self.attributes.push(Attribute { name: name.into(), value });
    }

    /// Whether the host will take it; if not, why, in words for an administrator. The
    /// host fails the whole run over a person beyond the contract's limits, so reject
    /// such an entry instead.
    ///
    /// # Errors
    /// The first limit that it breaks.
    pub fn check_limits(&self) -> Result<(), String> {
        if self.id.is_empty() || self.id.len() > MAX_ID || self.id.chars().any(char::is_control) {
            return Err(format!(
                "its identity must have 1 to {MAX_ID} octets without control characters, and has {}",
                self.id.len()
            ));
        }
        if self.attributes.len() > MAX_ATTRIBUTES {
            return Err(format!("more than {MAX_ATTRIBUTES} attributes"));
        }
        for attribute in &self.attributes {
            let (longest, values) = match &attribute.value {
                Value::Text(text) => (text.len(), 1),
                Value::Texts(texts) => (texts.iter().map(String::len).max().unwrap_or_default(), texts.len()),
                Value::Flag(_) | Value::Number(_) => (0, 1),
            };
            if longest > MAX_TEXT {
                return Err(format!(
                    "a value of `{}` is longer than a text may be ({} KiB)",
                    attribute.name,
                    MAX_TEXT / 1024
                ));
            }
            if values > MAX_VALUES {
                return Err(format!("`{}` has more than {MAX_VALUES} values", attribute.name));
            }
        }
        Ok(())
    }

    /// About how many octets it takes to hand over: texts, names and photo.
    pub fn weight(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|a| a.name.len() + a.value.weight()).sum();
        self.id.len() + attributes + weight_of(&self.handles) + self.photo.as_ref().map_or(0, Vec::len)
    }
}

impl Value {
    /// About how many octets it takes to hand over.
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Texts(texts) => texts.iter().map(|text| text.len() + 8).sum(),
            Self::Flag(_) | Self::Number(_) => 8,
        }
    }
}

impl Event {
    /// About how many octets it takes to hand over.
    pub fn weight(&self) -> usize {
        match self {
            Self::Person(person) => person.weight(),
            Self::PersonGone((id, _)) | Self::GroupGone(id) => id.len(),
            Self::Rejected(rejected) => rejected.position.len() + rejected.reason.len(),
            Self::Group(group) => {
                group.id.len() + group.name.len() + weight_of(&group.handles) + weight_of(&group.members)
            }
            Self::AllGroups => 0,
        }
    }
}

fn weight_of(texts: &[String]) -> usize {
    texts.iter().map(|text| text.len() + 16).sum()
}

impl Group {
    /// The events that tell of it: one, or several when it has more members than go into
    /// one. They have to follow one another.
    pub fn events(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while self.members.len() > MAX_MEMBERS {
            let rest = self.members.split_off(MAX_MEMBERS);
            let members = std::mem::replace(&mut self.members, rest);
            events.push(Event::Group(Self { members, more: true, ..self.without_members() }));
        }
        events.push(Event::Group(self));
        events
    }

    fn without_members(&self) -> Self {
        Self {
            id: self.id.clone(),
            name: self.name.clone(),
            handles: self.handles.clone(),
            members: Vec::new(),
            more: self.more,
            position: self.position.clone(),
        }
    }
}

impl Probe {
    /// A probe that went well, with what was found.
    pub fn passed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed: true, detail: detail.into() }
    }

    /// A probe that did not, with what would mend it.
    pub fn failed(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), passed: false, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_group_comes_in_parts() {
        let members: Vec<_> = (0..=2 * MAX_MEMBERS).map(|n| n.to_string()).collect();
        let group = Group {
            id: "1".to_owned(),
            name: "Everyone".to_owned(),
            handles: Vec::new(),
            members: members.clone(),
            more: false,
            position: None,
        };
        let mut told = Vec::new();
        for event in group.events() {
            let Event::Group(part) = event else { panic!("{event:?}") };
            assert!(part.members.len() <= MAX_MEMBERS);
            told.extend(part.members);
            assert_eq!(part.more, told.len() < members.len());
        }
        assert_eq!(told, members);
    }

    #[test]
    fn people_beyond_the_limits_are_told() {
        assert_eq!(Person::new("1").with_text("cn", "Zoé").check_limits(), Ok(()));
        let why = |person: Person| person.check_limits().unwrap_err();
        assert!(why(Person::new("")).starts_with("its identity"));
        assert!(why(Person::new("a\nb")).starts_with("its identity"));
        assert!(why(Person::new("x".repeat(256))).ends_with("has 256"));
        assert!(why(Person::new("1").with_text("cn", "x".repeat(MAX_TEXT + 1))).contains("`cn` is longer"));
        let mut many = Person::new("1");
        many.push("mail", vec![String::new(); MAX_VALUES + 1]);
        assert!(why(many).contains("`mail` has more than 1000 values"));
    }
}
