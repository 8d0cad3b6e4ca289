//! What was entered in Estampe for a person, by field.

use serde::{Deserialize, Serialize};

use super::FieldValue;
use crate::person::{Profile, ProfileField};

/// One field that was entered. When and by whom stands in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What was entered; it may be nothing, and is then kept as nothing.
    pub value: FieldValue,
    /// What the directory said when it was last decided that this value is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<FieldValue>,
}

/// What was entered for a person: each field at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entered(Vec<Entry>);

impl Entered {
    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was entered for a field.
    pub fn of(&self, field: ProfileField) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.value.field() == field)
    }

    /// The fields, as they stand on a page.
    pub fn fields(&self) -> Vec<ProfileField> {
        ProfileField::ALL.into_iter().filter(|field| self.of(*field).is_some()).collect()
    }

    /// Enters a value, knowing what the directory says.
    pub fn enter(&mut self, value: FieldValue, said: Option<&Profile>) {
        let field = value.field();
        self.give_back(field);
        self.0.push(Entry { value, over: said.map(|said| said.value(field)) });
    }

    /// Forgets what was entered for a field. Whether there was anything.
    pub fn give_back(&mut self, field: ProfileField) -> bool {
        let before = self.0.len();
        self.0.retain(|entry| entry.value.field() != field);
        self.0.len() != before
    }
}
