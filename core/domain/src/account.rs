//! What signs in: for a person or alone, with roles.

use crate::access::Roles;
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
    /// The groups whose people it sees as a team manager, with their names.
    pub teams: Vec<(GroupId, String)>,
}
