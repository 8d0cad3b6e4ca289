//! Whose a field of a profile is, and how the profile that is shown is made of what a
//! source says and of what was entered in Estampe.
//!
//! What was entered always wins: no run overwrites it. Where the directory owns the field
//! and comes to say something else, that is a *conflict*, and an administrator settles it.

mod entered;
mod form;
mod made;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use entered::{Entered, Entry};
pub use form::{InputProblem, Inputs, Numbers, ProfileForm, ProfileProblems, UnknownInput};
pub use made::{Conflict, Made, Origin, Settlement};
pub use value::{FieldValue, FullName};

use crate::person::{Profile, ProfileField};
use crate::plan::Fingerprint;
use crate::write_back::is_written;

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// Always from the directory.
    #[default]
    Directory,
    /// Always from the directory; what is changed in Estampe is written there once somebody
    /// whom it concerns agreed, and shown when the directory has it.
    Written,
    /// From the directory once, when the person is created.
    Once,
    /// Never from the directory: the employee's own.
    Own,
}

impl Owner {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Directory, Self::Written, Self::Once, Self::Own];

    /// Its stable name.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Written => "written",
            Self::Once => "once",
            Self::Own => "own",
        }
    }

    /// Reads what [`key`](Self::key) wrote.
    pub fn from_key(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|owner| owner.key() == text)
    }

    /// What a field can have. A name is never the employee's own alone: without one
    /// nobody can be created. What directories take from others is written alone.
    pub const fn choices(field: ProfileField) -> &'static [Self] {
        match field {
            ProfileField::Name => &[Self::Directory, Self::Once],
            _ if is_written(field) => &Self::ALL,
            _ => &[Self::Directory, Self::Once, Self::Own],
        }
    }

    /// Whether the directory's value is the one that counts.
    pub const fn is_directorys(self) -> bool {
        matches!(self, Self::Directory | Self::Written)
    }
}

/// Who owns the fields of a source's people. What is not named is the directory's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owners(BTreeMap<ProfileField, Owner>);

impl Owners {
    /// Who owns a field.
    pub fn of(&self, field: ProfileField) -> Owner {
        self.0.get(&field).copied().unwrap_or_default()
    }

    /// The same with this field given to `owner`; `None` where it cannot have that one.
    #[must_use]
    pub fn with(mut self, field: ProfileField, owner: Owner) -> Option<Self> {
        if !Owner::choices(field).contains(&owner) {
            return None;
        }
        if owner == Owner::Directory {
            self.0.remove(&field);
        } else {
            self.0.insert(field, owner);
        }
        Some(self)
    }

    /// Whether everything is the directory's.
    pub fn are_plain(&self) -> bool {
        self.0.is_empty()
    }

    /// Fields whose owner differs.
    pub fn changes_to(&self, new: &Self) -> Vec<ProfileField> {
        ProfileField::ALL.into_iter().filter(|field| self.of(*field) != new.of(*field)).collect()
    }

    /// A fingerprint under these owners: another one as soon as any of them changes, and
    /// the same as before while everything is the directory's.
    #[must_use]
    pub fn mark(&self, fingerprint: Fingerprint) -> Fingerprint {
        if self.are_plain() {
            return fingerprint;
        }
        let mut hash = Sha256::new();
        hash.update(fingerprint.as_str());
        for (field, owner) in &self.0 {
            hash.update(format!("\n{}={}", field.key(), owner.key()));
        }
        Fingerprint::from_stored(data_encoding::BASE64URL_NOPAD.encode(&hash.finalize()))
    }
}

/// The profile to be shown: of what the source says now, of what is shown so far (nothing
/// for somebody new), and of what was entered.
///
/// What was entered always wins. Else a field of the directory's follows it; one taken once
/// stays as it is shown; the employee's own is never set by it.
pub fn compose(said: &Profile, shown: Option<&Profile>, entered: &Entered, owners: &Owners) -> Profile {
    let mut composed = said.clone();
    for field in ProfileField::ALL {
        if let Some(entry) = entered.of(field) {
            composed.put(entry.value.clone());
            continue;
        }
        match (owners.of(field), shown) {
            (Owner::Directory | Owner::Written, _) | (Owner::Once, None) => {}
            (Owner::Once | Owner::Own, Some(shown)) => composed.put(shown.value(field)),
            (Owner::Own, None) => composed.clear(field),
        }
    }
    composed
}
