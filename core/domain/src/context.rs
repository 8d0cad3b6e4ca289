//! Who asks, in which language, under which request: carried everywhere.

use crate::access::{Reach, Right, Roles, Scope};
use crate::ids::{AccountId, ApiTokenId, PersonId, RequestId, SessionId};
use crate::locale::Locale;
use crate::time::Ts;
use crate::token::{Through, TokenScope};

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Someone outside, on the public listener.
    Visitor,
    /// A signed-in account.
    Account(AccountId),
    /// A program, by a token that belongs to nobody.
    Service(ApiTokenId),
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
            Self::Service(_) => "service",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }
}

/// What a session knows of how its holder showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The session.
    pub session: SessionId,
    /// When they last showed it, with whatever.
    pub confirmed: Ts,
    /// When with a second factor.
    pub factor: Option<Ts>,
    /// Whether the account has a second factor.
    pub has_factor: bool,
}

impl Proof {
    /// A sensitive act has to follow within so many seconds (10 minutes).
    pub const RECENT: i64 = 600;

    /// Whether they showed it a short while ago: with a second factor, where they have one.
    pub fn is_recent(&self, now: Ts) -> bool {
        let shown = if self.has_factor { self.factor } else { Some(self.confirmed) };
        shown.is_some_and(|at| now.seconds_since(at) < Self::RECENT)
    }
}

/// The circumstances of one use case.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Who acts.
    pub actor: Actor,
    /// What they are, where it is an account.
    pub roles: Roles,
    /// The person whose account it is.
    pub person: Option<PersonId>,
    /// How a signed-in browser's holder showed who they are. Tokens of programs have none.
    pub proof: Option<Proof>,
    /// Whether somebody else asked for this and they agreed: see [`approval`](crate::approval).
    pub seconded: bool,
    /// The token that they act through, which narrows what they may.
    pub through: Option<Through>,
    /// The language they read.
    pub locale: Locale,
    /// The request this belongs to.
    pub request: RequestId,
    /// When it began; one moment for everything that is written by it.
    pub now: Ts,
}

impl Context {
    /// Of somebody who is no account, or not known to be one yet.
    pub const fn new(actor: Actor, locale: Locale, request: RequestId, now: Ts) -> Self {
        Self {
            actor,
            roles: Roles::NONE,
            person: None,
            proof: None,
            seconded: false,
            through: None,
            locale,
            request,
            now,
        }
    }

    /// Of an account, once it is known.
    #[must_use]
    pub const fn of_account(self, account: AccountId, roles: Roles, person: Option<PersonId>) -> Self {
        Self { actor: Actor::Account(account), roles, person, ..self }
    }

    /// With what a session knows.
    #[must_use]
    pub const fn with_proof(self, proof: Proof) -> Self {
        Self { proof: Some(proof), ..self }
    }

    /// Refuses whoever did not show a short while ago who they are: for what does lasting harm
    /// in the hands of whoever finds a browser open. A token was made by somebody who had, for
    /// what its scopes open.
    pub fn require_recent(&self) -> crate::Result<()> {
        if self.through.is_some() {
            return Ok(());
        }
        match self.actor {
            Actor::Operator | Actor::System => Ok(()),
            Actor::Visitor => Err(crate::Error::Unauthenticated),
            Actor::Account(_) if self.proof.is_some_and(|proof| proof.is_recent(self.now)) => Ok(()),
            Actor::Account(_) | Actor::Service(_) => Err(crate::Error::Unconfirmed),
        }
    }

    /// Of a program, once its token is known.
    #[must_use]
    pub const fn of_service(self, through: Through) -> Self {
        Self { actor: Actor::Service(through.token), through: Some(through), ..self }
    }

    /// The account that acts, for what every account may do with what is its own. A token
    /// needs this scope for it.
    pub fn own_account(&self, scope: TokenScope) -> crate::Result<AccountId> {
        match self.actor {
            Actor::Visitor => Err(crate::Error::Unauthenticated),
            Actor::Account(account) if self.through.is_none_or(|through| through.scopes.has(scope)) => Ok(account),
            _ => Err(crate::Error::Forbidden),
        }
    }

    /// How far they may go.
    fn reach(&self, right: Right) -> crate::Result<Reach> {
        if self.through.is_some_and(|through| !through.scopes.open(right)) {
            return Err(crate::Error::Forbidden);
        }
        match self.actor {
            Actor::Visitor => Err(crate::Error::Unauthenticated),
            // whoever is root here, the appliance itself, and what an administrator let a program do
            Actor::Operator | Actor::System => Ok(Reach::All),
            Actor::Service(_) => {
                if self.through.is_some() {
                    Ok(Reach::All)
                } else {
                    Err(crate::Error::Forbidden)
                }
            }
            Actor::Account(_) => self.roles.reach(right).ok_or(crate::Error::Forbidden),
        }
    }

    /// Refuses whoever may not do this for everybody.
    pub fn require(&self, right: Right) -> crate::Result<()> {
        match self.reach(right)? {
            Reach::All => Ok(()),
            Reach::Own | Reach::Team => Err(crate::Error::Forbidden),
        }
    }

    /// For whom they may do this.
    pub fn scope(&self, right: Right) -> crate::Result<Scope> {
        match (self.reach(right)?, self.actor) {
            (Reach::All, _) => Ok(Scope::All),
            (Reach::Team, Actor::Account(account)) => Ok(Scope::Team(account, self.person)),
            // an account that belongs to nobody has nothing of its own
            _ => self.person.map(Scope::Own).ok_or(crate::Error::Forbidden),
        }
    }

    /// Whether there is anybody for whom they may do this: what is not for them is not shown.
    pub fn may(&self, right: Right) -> bool {
        self.scope(right).is_ok()
    }

    /// Whether they may do this for everybody.
    pub fn may_all(&self, right: Right) -> bool {
        self.require(right).is_ok()
    }
}
