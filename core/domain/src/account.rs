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
    /// The groups whose people it sees as a team manager, with their names.
    pub teams: Vec<(GroupId, String)>,
}

impl AccountDetail {
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
