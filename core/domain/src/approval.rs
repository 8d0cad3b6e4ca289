//! Acts that wait for a second administrator, where the house wants one.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ApprovalId, GroupId, PersonId};
use crate::time::Ts;

/// What somebody wants to do: all of it, so that it can be done later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Make an account.
    AddAccount {
        /// How it is addressed.
        name: String,
        /// What it signs in with.
        email: String,
        /// Stable names of its roles.
        roles: Vec<String>,
        /// Whose it is.
        person: Option<PersonId>,
    },
    /// Change what an account is for.
    ChangeAccount {
        /// The account.
        account: AccountId,
        /// Stable names of all its roles from then on, where they change.
        roles: Option<Vec<String>>,
        /// Whether it may sign in.
        active: Option<bool>,
        /// Whose it is; nobody's, when there is none within.
        person: Option<Option<PersonId>>,
        /// The groups whose people it sees.
        teams: Option<Vec<GroupId>>,
    },
    /// Say what a plugin may reach.
    GrantPlugin {
        /// The plugin.
        plugin: String,
        /// Items to grant.
        grant: Vec<String>,
        /// Items to take back.
        revoke: Vec<String>,
    },
}

/// An act that waits.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// What is to be done.
    pub act: Act,
    /// Who asked for it.
    pub asked_by: AccountId,
    /// Their name.
    pub asked_by_name: String,
    /// When.
    pub asked_at: Ts,
    /// Nobody can do it after this.
    pub ends_at: Ts,
}

impl Approval {
    /// An act waits for so many seconds (7 days).
    pub const WAITS: i64 = 7 * 86_400;
}
