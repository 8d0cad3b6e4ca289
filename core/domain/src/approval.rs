//! Acts that wait for a second administrator, where the house wants one.

use serde::{Deserialize, Serialize};

use crate::ending::{EndingPlan, PeopleFate};
use crate::ids::{AccountId, ApprovalId, GroupId, PersonId, PublicationId, SourceId};
use crate::provider::ProviderForm;
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
    /// Give somebody a token to choose another password by. Its text is drawn when it is made.
    InviteAgain {
        /// Whose.
        account: AccountId,
    },
    /// Take all second factors from somebody.
    ResetFactors {
        /// From whom.
        account: AccountId,
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
    /// Add a sign-in provider, or change one. Our secret there is no part of it: it is set after.
    SetProvider {
        /// The name of the one that is changed.
        of: Option<String>,
        /// All its settings.
        form: Box<ProviderForm>,
        /// Whether our secret there is forgotten, because another one is asked from then on: what was given
        /// to one is not shown to another.
        drops_secret: bool,
    },
    /// Take leads along, once.
    ExportLeads {
        /// Whose.
        of: LeadReach,
    },
    /// Make a token that opens leads or changes of people, once. Its text is drawn when it is made.
    MakeToken {
        /// Whose; a service's when there is none.
        account: Option<AccountId>,
        /// What it is for.
        name: String,
        /// The names of its scopes.
        scopes: Vec<String>,
        /// How many days it lasts.
        days: u32,
    },
    /// End a source whose people are disabled or erased with it.
    EndSource {
        /// The source.
        source: SourceId,
        /// Its name.
        name: String,
        /// What becomes of its people.
        fate: PeopleFate,
        /// What was shown of them: it is not done once that changed.
        seen: Option<EndingPlan>,
    },
    /// Write signatures of a plan into mailboxes.
    PublishSignatures {
        /// The plan.
        publication: PublicationId,
        /// The name of the source whose mailboxes these are.
        source: String,
        /// The first so many of what remains; all when none.
        first: Option<u64>,
        /// Those of these people alone; of everybody when empty.
        people: Vec<PersonId>,
        /// How many rings were begun when it was asked for: another one is another plan.
        ring: u64,
        /// How many mailboxes that was.
        mailboxes: u64,
    },
}

/// Whose leads a download holds: what was asked for, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reach", rename_all = "kebab-case")]
pub enum LeadReach {
    /// Everybody's.
    Everybody,
    /// Those of some teams, and one's own.
    Teams {
        /// The groups, by id.
        teams: Vec<GroupId>,
        /// Whoever leads them.
        person: Option<PersonId>,
    },
    /// One's own.
    Own {
        /// Whose.
        person: PersonId,
    },
}

impl Act {
    /// Whose account is changed, or opened anew.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::ChangeAccount { account, .. } | Self::InviteAgain { account } | Self::ResetFactors { account } => {
                Some(*account)
            }
            _ => None,
        }
    }

    /// Whether it is done by whoever asked for it, once another one agreed.
    pub const fn is_done_by_asker(&self) -> bool {
        matches!(self, Self::ExportLeads { .. } | Self::MakeToken { .. })
    }
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
    /// The account that it is about, as it stands now: its name and what it signs in with.
    pub account: Option<String>,
    /// When.
    pub asked_at: Ts,
    /// Nobody can do it after this.
    pub ends_at: Ts,
    /// Somebody agreed, and whoever asked may do it.
    pub agreed: bool,
}

impl Approval {
    /// An act waits for so many seconds (7 days).
    pub const WAITS: i64 = 7 * 86_400;
    /// What whoever asked does themselves can be done for so many seconds after the agreement (a day).
    pub const AGREED: i64 = 86_400;
}
