//! The contract's types under short names, and what makes them handy.

use std::io;

pub use crate::bindings::estampe::plugin::file::Info as FileInfo;
pub use crate::bindings::estampe::plugin::log::Level as LogLevel;
pub use crate::bindings::estampe::plugin::types::{
    Attribute, Cursor, Description, Event, FailKind, Failure, Features, Gone, Page, Person, Probe, Rejected,
    SyncMode, Value,
};

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

    /// About how many octets it takes to hand over: texts, names and photo.
    pub fn weight(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|a| a.name.len() + a.value.weight()).sum();
        self.id.len() + attributes + self.photo.as_ref().map_or(0, Vec::len)
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
            Self::PersonGone((id, _)) => id.len(),
            Self::Rejected(rejected) => rejected.position.len() + rejected.reason.len(),
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
