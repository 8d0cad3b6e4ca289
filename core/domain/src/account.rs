//! What signs in: for a person or alone, with roles.

use crate::access::Roles;
use crate::group::GroupSummary;
use crate::ids::{AccountId, GroupId, PersonId};
use crate::text::{Email, Line};

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// How it is addressed.
    pub name: Line,
    /// What it signs in with.
    pub email: Email,
    /// Whose it is, where it is somebody's whose card stands here.
    pub person: Option<PersonId>,
    /// What it is for.
    pub roles: Roles,
    /// Whether it may sign in.
    pub active: bool,
}

/// An account as whoever administrates it sees it.
#[derive(Clone, Debug)]
pub struct AccountDetail {
    /// The account.
    pub account: Account,
    /// Whether a password was chosen.
    pub has_password: bool,
    /// How many second factors it has.
    pub factors: u64,
    /// What the buttons of the providers say that it is joined to.
    pub providers: Vec<String>,
    /// The groups whose people it sees as a team manager, with their names.
    pub teams: Vec<(GroupId, String)>,
}

/// A group that accounts lead: they see its people and the leads that these receive.
#[derive(Clone, Debug)]
pub struct Team {
    /// The group.
    pub group: GroupSummary,
    /// Who leads it, by name.
    pub leaders: Vec<(AccountId, String)>,
}

impl AccountDetail {
    /// Whether there is a way in: whoever was only invited has none yet.
    pub fn can_come(&self) -> bool {
        self.has_password || !self.providers.is_empty()
    }

    /// What a change is sent with, so that it changes nothing that its maker did not see.
    pub fn version(&self) -> String {
        use sha2::{Digest, Sha256};
        let Account { id, name, email, person, roles, active } = &self.account;
        let roles: Vec<_> = roles.iter().map(crate::access::Role::as_str).collect();
        let facts = (id, name.as_str(), email.as_str(), person, roles, active, self.has_password, &self.teams);
        // strings and lists all through: they always serialise
        let facts = serde_json::to_vec(&facts).unwrap_or_default();
        data_encoding::HEXLOWER.encode(&Sha256::digest(facts))
    }
}
