//! Ending a source: what becomes of the people who came from it.

use serde::{Deserialize, Serialize};

use crate::ids::SourceId;
use crate::time::Ts;

/// What becomes of a source's people when it ends. Whoever another source knows too stays
/// that one's, whatever is chosen here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeopleFate {
    /// They stay as they are, and nobody's source speaks of them any more.
    Keep,
    /// Their cards are taken down; nothing is deleted.
    Disable,
    /// Their data is erased. Nothing brings it back.
    Erase,
}

impl PeopleFate {
    /// Every fate, the mildest first.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Disable, Self::Erase];

    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Disable => "disable",
            Self::Erase => "erase",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fate| fate.as_str() == text)
    }
}

/// What is known of somebody when a source that knows them ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ties {
    /// Whether another source knows them.
    pub known_elsewhere: bool,
    /// Whether another source counts them as active.
    pub active_elsewhere: bool,
    /// Whether their card is shown.
    pub active: bool,
}

/// What happens to one person when a source ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonEnd {
    /// Only the identity goes; they stay as they are.
    Released,
    /// Their card is taken down.
    Disabled,
    /// Their data is erased.
    Erased,
}

impl PeopleFate {
    /// What this fate does with somebody.
    pub const fn end_of(self, ties: Ties) -> PersonEnd {
        match self {
            Self::Disable if ties.active && !ties.active_elsewhere => PersonEnd::Disabled,
            // what another source knows is that one's data too
            Self::Erase if !ties.known_elsewhere => PersonEnd::Erased,
            Self::Keep | Self::Disable | Self::Erase => PersonEnd::Released,
        }
    }
}

/// What ending a source would do, before anything is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingPlan {
    /// People whom it knows, active or not.
    pub people: u64,
    /// Of them, those whom another source knows too: they are not erased.
    pub known_elsewhere: u64,
    /// Cards that would be taken down by disabling.
    pub cards_disabled: u64,
    /// Cards that would be taken down by erasing.
    pub cards_erased: u64,
    /// Leads that were left at these people's cards; they stay.
    pub leads: u64,
    /// Its runs.
    pub runs: u64,
    /// Its secrets.
    pub secrets: u64,
    /// Values that its plugin remembered.
    pub state: u64,
    /// Mailboxes with a signature that Estampe wrote: what stood there before cannot be brought back
    /// once the source is gone.
    #[serde(default)]
    pub mailboxes: u64,
}

impl EndingPlan {
    /// People whom erasing would erase.
    pub const fn erased(&self) -> u64 {
        self.people.saturating_sub(self.known_elsewhere)
    }
}

/// A source's end, under way or done.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The source.
    pub source: SourceId,
    /// Its name.
    pub name: String,
    /// What becomes of its people.
    pub fate: PeopleFate,
    /// People whom it knew when that was decided.
    pub people: u64,
    /// What was done so far.
    pub done: EndingDone,
    /// Decided.
    pub started_at: Ts,
    /// Done.
    pub ended_at: Option<Ts>,
}

/// What ending a source did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingDone {
    /// People who stay as they are.
    pub released: u64,
    /// People whose cards were taken down.
    pub disabled: u64,
    /// People whose data was erased.
    pub erased: u64,
    /// Runs that were forgotten.
    pub runs: u64,
}

impl EndingDone {
    /// Counts somebody.
    pub const fn count(&mut self, end: PersonEnd) {
        match end {
            PersonEnd::Released => self.released += 1,
            PersonEnd::Disabled => self.disabled += 1,
            PersonEnd::Erased => self.erased += 1,
        }
    }

    /// People dealt with.
    pub const fn people(&self) -> u64 {
        self.released + self.disabled + self.erased
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_ties() -> impl Strategy<Value = Ties> {
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(known, counted, active)| Ties {
            known_elsewhere: known || counted,
            active_elsewhere: counted,
            active,
        })
    }

    proptest! {
        #[test]
        fn who_is_known_elsewhere_is_never_erased(ties in any_ties()) {
            for fate in PeopleFate::ALL {
                let end = fate.end_of(ties);
                prop_assert!(!ties.known_elsewhere || end != PersonEnd::Erased);
                prop_assert!(!ties.active_elsewhere || end == PersonEnd::Released);
                prop_assert!(fate != PeopleFate::Keep || end == PersonEnd::Released);
                prop_assert_eq!(fate == PeopleFate::Erase && !ties.known_elsewhere, end == PersonEnd::Erased);
            }
        }
    }

    #[test]
    fn a_card_that_is_down_is_not_taken_down_again() {
        let ties = Ties { known_elsewhere: false, active_elsewhere: false, active: false };
        assert_eq!(PeopleFate::Disable.end_of(ties), PersonEnd::Released);
        assert_eq!(PeopleFate::Disable.end_of(Ties { active: true, ..ties }), PersonEnd::Disabled);
        // known by another that does not count them: nobody counts them
        let known = Ties { known_elsewhere: true, active: true, ..ties };
        assert_eq!(PeopleFate::Disable.end_of(known), PersonEnd::Disabled);
    }
}
