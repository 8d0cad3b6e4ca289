//! A second look: sensitive acts that another administrator has to agree to, where the house
//! wants it (`sign_in.second_administrator`).

use estampe_domain::access::{Role, Roles};
use estampe_domain::approval::{Act, Approval};
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::ApprovalId;
use estampe_domain::permission::Permission;
use estampe_domain::ports::Random;
use estampe_domain::provider::FormProblem;
use estampe_domain::{Actor, Context, Error, Result, Right};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;
use crate::providers::{GivenSecret, ProviderSaved};
use crate::publish::Ring;
use crate::views::{AccountChange, ActDone, NewAccount};

/// How many are shown at once.
const SHOWN: i64 = 100;

impl Service {
    /// Whether what is sensitive waits, for whoever asks.
    pub(crate) fn needs_second_look(&self, ctx: &Context) -> bool {
        let asks = ctx.through.is_some() || matches!(ctx.actor, Actor::Account(_));
        self.settings.sign_in.second_administrator && !ctx.seconded && asks
    }

    /// Lets an act go on that needs no second look or had one; keeps it otherwise, and says so
    /// by [`Error::Awaits`].
    pub(crate) async fn second_look(&self, ctx: &Context, act: impl FnOnce() -> Act) -> Result<()> {
        if !self.needs_second_look(ctx) {
            return Ok(());
        }
        // nobody could be shown what a program wants
        if ctx.through.is_some() {
            return Err(Error::Forbidden);
        }
        let Actor::Account(asked_by) = ctx.actor else { return Ok(()) };
        let (id, act) = (ApprovalId::new(ctx.now, self.random()), act());
        let (ctx, random) = (*ctx, self.shared_random());
        let waits = self.store.write(move |tx| {
            // asked for twice is asked for once
            let mut asked = tx.approvals_of(asked_by, ctx.now, SHOWN)?.into_iter();
            if let Some(same) = asked.find(|asked| !asked.agreed && asked.act == act) {
                return Ok(same.id);
            }
            tx.insert_approval(id, &act, asked_by, ctx.now)?;
            tx.audit(&AuditEvent::done(&ctx, &*random, "approval.ask", "approval", id))?;
            Ok(id)
        });
        Err(Error::Awaits(waits.await?))
    }

    /// The acts that wait, the oldest first, and what whoever asks may do since somebody agreed.
    /// Who does not see accounts sees what they asked for themselves.
    pub async fn approvals(&self, ctx: &Context) -> Result<Vec<Approval>> {
        let (now, all) = (ctx.now, ctx.may_all(Right::AccountsRead));
        let own = match ctx.actor {
            Actor::Account(account) => Some(account),
            _ if all => None,
            _ => return Err(Error::Forbidden),
        };
        let read = self.store.read(move |tx| {
            let mut found = if all { tx.approvals(now, SHOWN)? } else { Vec::new() };
            if let Some(own) = own {
                let of_own = tx.approvals_of(own, now, SHOWN)?;
                found.extend(of_own.into_iter().filter(|approval| !all || approval.agreed));
            }
            Ok(found)
        });
        Ok(read.await?)
    }

    /// Whether an act that whoever asks does themselves may be done now: nobody else has to
    /// agree, or somebody did, which is used up. Else it is asked for, by [`Error::Awaits`].
    pub(crate) async fn agreed(&self, ctx: &Context, act: Act) -> Result<()> {
        // nor does a program take what somebody agreed to for a human
        if let Actor::Account(asked_by) = ctx.actor
            && ctx.through.is_none()
            && self.settings.sign_in.second_administrator
        {
            let (now, wanted) = (ctx.now, act.clone());
            if self.store.write(move |tx| tx.take_agreed(asked_by, &wanted, now)).await? {
                return Ok(());
            }
        }
        self.second_look(ctx, || act).await
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
        let done = match &approval.act {
            Act::AddAccount { name, email, roles, person } => {
                let (name, email) = (name.clone(), email.clone());
                let new = NewAccount { name, email, roles: read(roles)?, person: *person };
                ActDone::Invited(Box::new(self.add_account(&seconded, new).await?))
            }
            Act::ChangeAccount { account, roles, active, person, teams } => {
                let roles = roles.as_ref().map(|roles| read(roles)).transpose()?;
                let (active, person, teams) = (*active, *person, teams.clone());
                let change = AccountChange { roles, active, person, teams, seen: None };
                self.change_account(&seconded, *account, change).await?;
                ActDone::Account(*account)
            }
            Act::InviteAgain { account } => ActDone::Invited(Box::new(self.invite_again(&seconded, *account).await?)),
            Act::ResetFactors { account } => {
                self.reset_factors(&seconded, *account).await?;
                ActDone::Account(*account)
            }
            Act::GrantPlugin { plugin, grant, revoke } => {
                self.grant_plugin(&seconded, plugin, items(grant)?, items(revoke)?).await?;
                ActDone::Plugin(plugin.clone())
            }
            Act::SetProvider { of, form, drops_secret } => {
                let secret = if *drops_secret { GivenSecret::Forget } else { GivenSecret::Keep };
                self.set(self.save_provider(&seconded, of.clone(), form, secret).await?)?
            }
            Act::ExportLeads { .. } | Act::MakeToken { .. } => ActDone::Agreed,
            Act::EndSource { source, name, fate, seen } => {
                // another one may have the name by now
                if !self.source_named(&seconded, name).await.is_ok_and(|found| found.id == *source) {
                    return Err(Error::Conflict("this source is not there any more".into()));
                }
                ActDone::Ending(self.end_source(&seconded, name, *fate, *seen).await?)
            }
            Act::PublishSignatures { publication, first, people, ring, mailboxes, .. } => {
                let ring = Ring { first: *first, people: people.clone(), seen: Some((*ring, *mailboxes)) };
                self.release(&seconded, *publication, ring, Some(approval.clone())).await??;
                return Ok(ActDone::Publication(*publication));
            }
        };
        self.decided(ctx, &approval, true).await?;
        Ok(done)
    }

    /// Nobody does it; whoever asked may refuse it themselves.
    pub async fn refuse(&self, ctx: &Context, id: ApprovalId) -> Result<()> {
        let now = ctx.now;
        let found = self.store.read(move |tx| tx.approval(id, now)).await?;
        let is_own = |approval: &Approval| ctx.actor == Actor::Account(approval.asked_by);
        // whoever may not see it does not learn that it is there
        if !found.as_ref().is_some_and(is_own) {
            ctx.require(Right::AccountsChange)?;
        }
        self.decided(ctx, &found.ok_or(Error::NotFound)?, false).await
    }

    /// A provider was set, or cannot be any more as it was asked for.
    fn set(&self, saved: ProviderSaved) -> Result<ActDone> {
        match saved {
            ProviderSaved::Done(provider) => Ok(ActDone::Provider(provider.name)),
            ProviderSaved::Problems(problems) => {
                let of = |(field, problem): (&str, FormProblem)| format!("{field}: {}", problem.words());
                Err(Error::Conflict(problems.into_iter().map(of).collect::<Vec<_>>().join("; ")))
            }
        }
    }

    async fn decided(&self, ctx: &Context, approval: &Approval, done: bool) -> Result<()> {
        let (ctx, random, approval) = (*ctx, self.shared_random(), approval.clone());
        self.store.write(move |tx| decided(tx, &ctx, &*random, &approval, done).map(drop)).await?;
        Ok(())
    }
}

/// Notes that somebody agreed or refused; `false` when somebody else decided before.
pub(crate) fn decided(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    approval: &Approval,
    done: bool,
) -> estampe_store::Result<bool> {
    let by = match ctx.actor {
        Actor::Account(account) => account.to_string(),
        other => other.kind().to_owned(),
    };
    if !tx.decide_approval(approval, done, &by, ctx.now)? {
        return Ok(false);
    }
    let operation = if done { "approval.agree" } else { "approval.refuse" };
    let event = AuditEvent::done(ctx, random, operation, "approval", approval.id);
    tx.audit(&event.with(json!({"asked_by": approval.asked_by})))?;
    Ok(true)
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
