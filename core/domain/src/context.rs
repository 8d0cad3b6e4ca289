//! Who asks, in which language, under which request: carried everywhere.

use crate::ids::{AccountId, RequestId};
use crate::locale::Locale;
use crate::time::Ts;

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Someone outside, on the public listener.
    Visitor,
    /// A signed-in account.
    Account(AccountId),
    /// Root or the service's own user, by the operator socket or the command line.
    Operator,
    /// The appliance itself: schedule, worker, start-up.
    System,
}

impl Actor {
    /// The word for it in audit events.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Account(_) => "account",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }
}

/// The circumstances of one use case.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Who acts.
    pub actor: Actor,
    /// The language they read.
    pub locale: Locale,
    /// The request this belongs to.
    pub request: RequestId,
    /// When it began; one moment for everything that is written by it.
    pub now: Ts,
}

impl Context {
    /// Refuses anybody but an administrator's account, the operator and the
    /// appliance itself. Roles come with accounts for employees; until then an
    /// account is an administrator.
    pub fn require_administrator(&self) -> crate::Result<()> {
        match self.actor {
            Actor::Visitor => Err(crate::Error::Unauthenticated),
            Actor::Account(_) | Actor::Operator | Actor::System => Ok(()),
        }
    }
}
