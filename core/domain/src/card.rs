//! Cards: what is shown publicly of a person.

use crate::ids::{CardId, PersonId, PublicId};
use crate::person::{PersonSummary, Profile};
use crate::time::Ts;

/// A card that is shown, with its holder's profile.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its id.
    pub id: CardId,
    /// Its public name.
    pub public_id: PublicId,
    /// Its holder.
    pub person: PersonId,
    /// Rises with every change of what is shown: names a rendering.
    pub version: i64,
    /// What it shows.
    pub profile: Profile,
    /// When it last changed.
    pub changed_at: Ts,
}

/// Whether visitors see a card, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardState {
    /// Whoever opens it sees it.
    Up,
    /// Somebody took it down here.
    Down,
    /// Its holder is not with us any more.
    Disabled,
}

impl CardState {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Up, Self::Down, Self::Disabled];

    /// Of the card of a person.
    pub const fn of(holder: &PersonSummary) -> Self {
        match (holder.active, holder.card_active) {
            (false, _) => Self::Disabled,
            (true, false) => Self::Down,
            (true, true) => Self::Up,
        }
    }

    /// As addresses and commands name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Disabled => "disabled",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What a card received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeadTally {
    /// How many leads.
    pub leads: u64,
    /// When the last of them came.
    pub last: Option<Ts>,
}
