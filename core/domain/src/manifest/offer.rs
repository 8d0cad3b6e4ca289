//! What a connector does besides telling who is there.

use serde::{Deserialize, Serialize};

/// What a connector offers besides telling who is there: interfaces that it exports too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offer {
    /// Reads and sets the signatures of mailboxes.
    Mailboxes,
    /// Tells of the organisation at the provider, and who administers it there.
    Organisation,
    /// Sets fields of people in the directory.
    WriteBack,
    /// Makes and changes groups of the directory.
    WriteGroups,
}

impl Offer {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Mailboxes, Self::Organisation, Self::WriteBack, Self::WriteGroups];

    /// As a manifest and the contract write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mailboxes => "mailboxes",
            Self::Organisation => "organisation",
            Self::WriteBack => "write-back",
            Self::WriteGroups => "write-groups",
        }
    }
}
