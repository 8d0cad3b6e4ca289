//! What signs in. Roles, second factors and single sign-on come later; the first
//! account is the administrator's.

use crate::ids::AccountId;
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
