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

/// Fewest characters of a password. With the characters that people choose this
/// gives the 50 bits that CNIL (2022) asks for where attempts are throttled.
pub const PASSWORD_MIN: usize = 12;
/// Most characters, so that hashing stays bounded.
pub const PASSWORD_MAX: usize = 256;

/// Why a new password was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Fewer than [`PASSWORD_MIN`] characters.
    TooShort,
    /// More than [`PASSWORD_MAX`].
    TooLong,
    /// Fewer than five different characters.
    TooUniform,
}

/// Checks a new password.
pub fn check_new_password(password: &str) -> Result<(), PasswordProblem> {
    let count = password.chars().count();
    if count < PASSWORD_MIN {
        return Err(PasswordProblem::TooShort);
    }
    if count > PASSWORD_MAX {
        return Err(PasswordProblem::TooLong);
    }
    let different: std::collections::BTreeSet<char> = password.chars().collect();
    if different.len() < 5 {
        return Err(PasswordProblem::TooUniform);
    }
    Ok(())
}
