//! A second look: sensitive acts that another administrator has to agree to, where the house
//! wants it (`sign_in.second_administrator`).

use estampe_domain::access::{Role, Roles};
use estampe_domain::approval::{Act, Approval};
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::ApprovalId;
use estampe_domain::permission::Permission;
use estampe_domain::{Actor, Context, Error, Result, Right};
use serde_json::json;

use crate::Service;
use crate::views::{AccountChange, ActDone, NewAccount};

/// How many are shown at once.
const SHOWN: i64 = 100;

impl Service {
    /// Lets an act go on that needs no second look or had one; keeps it otherwise, and says so
    /// by [`Error::Awaits`].
    pub(crate) async fn second_look(&self, ctx: &Context, act: impl FnOnce() -> Act) -> Result<()> {
        if !self.settings.sign_in.second_administrator || ctx.seconded {
            return Ok(());
        }
        // nobody could be shown what a program wants
        if ctx.through.is_some() {
            return Err(Error::Forbidden);
        }
        let Actor::Account(asked_by) = ctx.actor else { return Ok(()) };
        let (id, act) = (ApprovalId::new(ctx.now, self.random()), act());
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                tx.insert_approval(id, &act, asked_by, ctx.now)?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "approval.ask", "approval", id))
            })
            .await?;
        Err(Error::Awaits(id))
    }

    /// The acts that wait, the oldest first.
    pub async fn approvals(&self, ctx: &Context) -> Result<Vec<Approval>> {
        ctx.require(Right::AccountsRead)?;
        let now = ctx.now;
        Ok(self.store.read(move |tx| tx.approvals(now, SHOWN)).await?)
    }

    /// Does an act that somebody else asked for, with the rights of whoever agrees.
    pub async fn approve(&self, ctx: &Context, id: ApprovalId) -> Result<ActDone> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        let now = ctx.now;
        let approval = self.store.read(move |tx| tx.approval(id, now)).await?.ok_or(Error::NotFound)?;
        if ctx.actor == Actor::Account(approval.asked_by) {
            return Err(Error::Conflict("somebody else has to agree to what you asked for".into()));
        }
        let seconded = Context { seconded: true, ..*ctx };
        // what was done twice is the same, and what was done is noted after: nothing is lost by a stop between
        let done = match approval.act {
            Act::AddAccount { name, email, roles, person } => {
                let new = NewAccount { name, email, roles: read(&roles)?, person };
                ActDone::Invited(Box::new(self.add_account(&seconded, new).await?))
            }
            Act::ChangeAccount { account, roles, active, person, teams } => {
                let roles = roles.map(|roles| read(&roles)).transpose()?;
                self.change_account(&seconded, account, AccountChange { roles, active, person, teams, seen: None })
                    .await?;
                ActDone::Account(account)
            }
            Act::GrantPlugin { plugin, grant, revoke } => {
                self.grant_plugin(&seconded, &plugin, items(&grant)?, items(&revoke)?).await?;
                ActDone::Plugin(plugin)
            }
        };
        self.decided(ctx, &approval.asked_by.to_string(), id, true).await?;
        Ok(done)
    }

    /// Nobody does it; whoever asked may refuse it themselves.
    pub async fn refuse(&self, ctx: &Context, id: ApprovalId) -> Result<()> {
        ctx.require(Right::AccountsChange)?;
        let now = ctx.now;
        let approval = self.store.read(move |tx| tx.approval(id, now)).await?.ok_or(Error::NotFound)?;
        self.decided(ctx, &approval.asked_by.to_string(), id, false).await
    }

    async fn decided(&self, ctx: &Context, asked_by: &str, id: ApprovalId, done: bool) -> Result<()> {
        let (ctx, random, asked_by) = (*ctx, self.shared_random(), asked_by.to_owned());
        self.store
            .write(move |tx| {
                let by = match ctx.actor {
                    Actor::Account(account) => account.to_string(),
                    other => other.kind().to_owned(),
                };
                if !tx.decide_approval(id, done, &by, ctx.now)? {
                    return Ok(());
                }
                let operation = if done { "approval.agree" } else { "approval.refuse" };
                let event = AuditEvent::done(&ctx, &*random, operation, "approval", id);
                tx.audit(&event.with(json!({"asked_by": asked_by})))
            })
            .await?;
        Ok(())
    }
}

/// Roles by their stable names.
pub fn names(roles: Roles) -> Vec<String> {
    roles.iter().map(|role| role.as_str().to_owned()).collect()
}

fn read(names: &[String]) -> Result<Roles> {
    let role = |name: &String| {
        Role::from_stored(name).ok_or_else(|| Error::invalid("roles", format!("there is no role \"{name}\"")))
    };
    names.iter().map(role).collect()
}

fn items(texts: &[String]) -> Result<Vec<Permission>> {
    let item = |text: &String| text.parse().map_err(|error| Error::invalid("grant", format!("{error}")));
    texts.iter().map(item).collect()
}
