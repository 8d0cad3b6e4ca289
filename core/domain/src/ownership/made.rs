//! A person's profile with all that it is made of, and what can be done with it.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{Entered, FieldValue, Owner, Owners, compose};
use crate::person::{Profile, ProfileField};

/// The source that a person comes from, and what it says of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The source's name.
    pub source: String,
    /// Who owns the fields of its people.
    pub owners: Owners,
    /// What it said last.
    pub said: Profile,
}

/// A profile and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What is shown.
    pub shown: Profile,
    /// What was entered in Estampe.
    pub entered: Entered,
    /// Where they come from; nothing for who is known from no source.
    pub origin: Option<Origin>,
}

/// A value that was entered, and a directory that has come to say something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Of which field.
    pub field: ProfileField,
    /// What was entered and is shown, for reading.
    pub kept: String,
    /// What the directory says, for reading.
    pub said: String,
}

/// How a conflict ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The directory's value is taken; the entered one goes.
    TakeDirectory,
    /// The entered value stays, until the directory says something new.
    Keep,
}

impl Settlement {
    /// Its stable name.
    pub const fn key(self) -> &'static str {
        match self {
            Self::TakeDirectory => "directory",
            Self::Keep => "keep",
        }
    }

    /// Reads what [`key`](Self::key) wrote.
    pub fn from_key(text: &str) -> Option<Self> {
        [Self::TakeDirectory, Self::Keep].into_iter().find(|choice| choice.key() == text)
    }
}

impl Made {
    /// Who owns a field; nobody where no source says anything.
    pub fn owner(&self, field: ProfileField) -> Option<Owner> {
        self.origin.as_ref().map(|origin| origin.owners.of(field))
    }

    /// What the directory says of a field, where that is not what is shown.
    pub fn said_else(&self, field: ProfileField) -> Option<FieldValue> {
        let said = self.origin.as_ref()?.said.value(field);
        (said != self.shown.value(field)).then_some(said)
    }

    /// The conflicts that nobody settled.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let Some(origin) = &self.origin else { return Vec::new() };
        let open = |field: &ProfileField| {
            let Some(entry) = self.entered.of(*field) else { return false };
            let said = origin.said.value(*field);
            origin.owners.of(*field).is_directorys()
                && !said.is_empty()
                && said != entry.value
                && entry.over.as_ref() != Some(&said)
        };
        let read = |field| Conflict { field, kept: self.shown.readable(field), said: origin.said.readable(field) };
        ProfileField::ALL.into_iter().filter(open).map(read).collect()
    }

    /// The same after a run in which the source says this.
    #[must_use]
    pub fn told(&self, said: &Profile, owners: &Owners, source: &str) -> Self {
        Self {
            shown: compose(said, Some(&self.shown), &self.entered, owners),
            entered: self.entered.clone(),
            origin: Some(Origin { source: source.to_owned(), owners: owners.clone(), said: said.clone() }),
        }
    }

    /// Enters values: they are shown, and kept over what the directory says.
    pub fn enter(&mut self, values: Vec<FieldValue>) {
        for value in values {
            self.shown.put(value.clone());
            self.entered.enter(value, self.origin.as_ref().map(|origin| &origin.said));
        }
    }

    /// Gives a field back: what the directory says is shown again; of a field that it never
    /// sets, nothing. Not without a source, nor where nothing was entered.
    pub fn give_back(&mut self, field: ProfileField) -> bool {
        let Some(origin) = &self.origin else { return false };
        if !self.entered.give_back(field) {
            return false;
        }
        if origin.owners.of(field) == Owner::Own && field != ProfileField::Name {
            self.shown.clear(field);
        } else {
            self.shown.put(origin.said.value(field));
        }
        true
    }

    /// Ends a conflict; `false` where there is none.
    pub fn settle(&mut self, field: ProfileField, choice: Settlement) -> bool {
        if !self.conflicts().iter().any(|conflict| conflict.field == field) {
            return false;
        }
        match choice {
            Settlement::TakeDirectory => self.give_back(field),
            Settlement::Keep => {
                let value = self.shown.value(field);
                self.entered.enter(value, self.origin.as_ref().map(|origin| &origin.said));
                true
            }
        }
    }

    /// What a form is sent with, so that it changes nothing that its reader did not see.
    pub fn version(&self) -> String {
        let origin = self.origin.as_ref().map(|origin| (&origin.source, &origin.owners, &origin.said));
        // profiles always serialise: they are strings and lists all through
        let facts = serde_json::to_vec(&(&self.shown, &self.entered, origin)).unwrap_or_default();
        HEXLOWER.encode(&Sha256::digest(facts))
    }
}
