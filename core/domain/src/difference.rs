//! The lines of a plan as a person reads them: who, what differs, and why somebody goes.

use serde::{Deserialize, Serialize};

use crate::ids::PersonId;
use crate::person::{FieldChange, Profile};
use crate::plugin::Gone;
use crate::run::PlanAction;

/// Why a plan does something that no field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanReason {
    /// A run that read everything did not find them.
    Missing,
    /// Deleted in the directory.
    Deleted,
    /// Moved out of what the source reads.
    Moved,
    /// Still there, and marked as not active.
    DisabledThere,
    /// They were disabled here, and are back.
    Back,
}

impl PlanReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Missing, Self::Deleted, Self::Moved, Self::DisabledThere, Self::Back];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Deleted => "deleted",
            Self::Moved => "moved",
            Self::DisabledThere => "disabled-there",
            Self::Back => "back",
        }
    }
}

impl From<Gone> for PlanReason {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Deleted => Self::Deleted,
            Gone::OutOfScope => Self::Moved,
        }
    }
}

/// One line of a plan, opened for a person to read.
#[derive(Clone, Debug)]
pub struct PlanLine {
    /// Its place in the plan.
    pub seq: i64,
    /// What happens.
    pub action: PlanAction,
    /// Who, once they are known here.
    pub person: Option<PersonId>,
    /// Their name.
    pub name: String,
    /// The fields that differ; of somebody new, those that they get.
    pub changes: Vec<FieldChange>,
    /// The fields in which an entered value is kept over what the source comes to say.
    pub kept: Vec<FieldChange>,
    /// Why, where no field says it.
    pub reason: Option<PlanReason>,
}

/// Where a page of a plan begins: after this line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanPlace {
    /// Lines are read action by action.
    pub action: PlanAction,
    /// And within one in the order of the plan.
    pub seq: i64,
}

impl PlanPlace {
    /// As an address has it.
    pub fn written(self) -> String {
        format!("{}.{}", self.action.as_str(), self.seq)
    }

    /// Reads what [`written`](Self::written) wrote.
    pub fn read(text: &str) -> Option<Self> {
        let (action, seq) = text.split_once('.')?;
        Some(Self { action: PlanAction::from_stored(action)?, seq: seq.parse().ok()? })
    }
}

impl Profile {
    /// The fields that somebody new gets, without the name, which stands beside them.
    pub fn introduced(&self) -> Vec<FieldChange> {
        let blank = Self {
            display_name: self.display_name.clone(),
            given_name: None,
            family_name: None,
            pronouns: None,
            title: None,
            organisation: None,
            department: None,
            office: None,
            phones: Vec::new(),
            emails: Vec::new(),
            links: Vec::new(),
            address: None,
            locale: None,
            photo: None,
        };
        blank.changes_to(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::ProfileField;

    #[test]
    fn places_are_written_and_read_again() {
        for action in [PlanAction::Create, PlanAction::Update, PlanAction::Disable] {
            for seq in [0, 1, 49_999, i64::MAX] {
                let place = PlanPlace { action, seq };
                assert_eq!(PlanPlace::read(&place.written()), Some(place));
            }
        }
        for wrong in ["", "create", "create.", "create.x", "erase.1", ".1"] {
            assert_eq!(PlanPlace::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_a_connector_says_of_who_left_is_the_reason() {
        assert_eq!(PlanReason::from(Gone::Deleted), PlanReason::Deleted);
        assert_eq!(PlanReason::from(Gone::OutOfScope), PlanReason::Moved);
        let mut names = PlanReason::ALL.map(PlanReason::as_str).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PlanReason::ALL.len());
    }

    #[test]
    fn who_is_new_is_introduced_by_every_field_that_says_something() {
        let mut profile: Profile = serde_json::from_str(r#"{"display_name": "Ada Lovelace"}"#).unwrap();
        assert!(profile.introduced().is_empty());
        profile.title = "Analyst".parse().ok();
        profile.emails = vec!["ada@example.org".parse().unwrap()];
        let fields: Vec<_> = profile.introduced().into_iter().map(|c| (c.field, c.old, c.new)).collect();
        let wanted = [(ProfileField::Title, "Analyst"), (ProfileField::Emails, "ada@example.org")]
            .map(|(field, new)| (field, String::new(), new.to_owned()));
        assert_eq!(fields, wanted);
    }
}
