//! One thing done to the cards of many people, and undone.

use serde::{Deserialize, Serialize};

use crate::ids::BulkId;
use crate::time::Ts;

/// What is done to each card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BulkAct {
    /// It is shown to nobody any more, whatever the directory says of its holder.
    CardDown,
    /// It is shown again, as long as the directory counts its holder.
    CardUp,
}

impl BulkAct {
    /// Both.
    pub const ALL: [Self; 2] = [Self::CardDown, Self::CardUp];

    /// As the database keeps it and forms name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CardDown => "card-down",
            Self::CardUp => "card-up",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }

    /// What undoes it.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::CardDown => Self::CardUp,
            Self::CardUp => Self::CardDown,
        }
    }

    /// Whether cards are shown afterwards.
    pub const fn shows(self) -> bool {
        matches!(self, Self::CardUp)
    }
}

/// An act on many people, under way or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// Its id.
    pub id: BulkId,
    /// What is done.
    pub act: BulkAct,
    /// How many people were chosen.
    pub people: u64,
    /// How many were dealt with.
    pub done: u64,
    /// Of them, those whose card changed; the others' stood so already.
    pub changed: u64,
    /// Which one this undoes.
    pub undoes: Option<BulkId>,
    /// Which one undoes this.
    pub undone_by: Option<BulkId>,
    /// Asked.
    pub started_at: Ts,
    /// Done.
    pub ended_at: Option<Ts>,
}

impl Bulk {
    /// Whether it can be undone: once, when it is done and changed something. What undoes
    /// another is not undone itself; whoever wants that asks for it anew.
    pub const fn can_be_undone(&self) -> bool {
        self.ended_at.is_some() && self.changed > 0 && self.undone_by.is_none() && self.undoes.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_and_its_reverse() {
        for act in BulkAct::ALL {
            assert_eq!(BulkAct::from_stored(act.as_str()), Some(act));
            assert_eq!(act.reverse().reverse(), act);
            assert_ne!(act.reverse().shows(), act.shows());
        }
        assert_eq!(BulkAct::from_stored("erase"), None);
    }
}
