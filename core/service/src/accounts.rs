//! Accounts: the first one, what they are for, and how a password is first chosen.

use estampe_domain::access::{Role, Roles};
use estampe_domain::account::{Account, AccountDetail};
use estampe_domain::approval::Act;
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{AccountId, JobId, PersonId, SecretToken};
use estampe_domain::mail::AccountMail;
use estampe_domain::password::PasswordProblem;
use estampe_domain::session::How;
use estampe_domain::text::{Email, Line};
use estampe_domain::{Actor, Context, Error, Result, Right, Ts};
use serde_json::json;

use crate::Service;
use crate::approvals::names;
use crate::sign_in::tell;
use crate::views::{
    AccountChange, AccountPage, Asking, FirstRun, FirstRunOutcome, Invited, Knock, NewAccount, WelcomeOutcome,
};

/// A first-run token is good for so many seconds (24 hours).
const FIRST_RUN: i64 = 24 * 3600;
/// A token to choose a password by is good for so many seconds (7 days).
pub const INVITATION: i64 = 7 * 24 * 3600;
/// A code that was asked for by mail is good for so many seconds (1 hour).
pub const RESET: i64 = 3600;
/// Where its hash and end stand.
const FIRST_RUN_SETTING: &str = "first-run-token";

impl Service {
    /// Whether no administrator exists yet.
    pub async fn first_run_open(&self) -> Result<bool> {
        Ok(self.store.read(|tx| tx.accounts_with(Role::Administrator)).await? == 0)
    }

    /// Makes a one-time token for the first administrator; an earlier one is void.
    /// Only the operator, and only while no account exists.
    pub async fn first_run_token(&self, ctx: &Context) -> Result<SecretToken> {
        if ctx.actor != Actor::Operator {
            return Err(Error::Forbidden);
        }
        let token = SecretToken::new(self.random());
        let value = format!("{} {}", token.hash(), ctx.now.plus_seconds(FIRST_RUN).as_micros());
        let (ctx, random) = (*ctx, self.shared_random());
        let open = self
            .store
            .write(move |tx| {
                if tx.accounts_with(Role::Administrator)? > 0 {
                    return Ok(false);
                }
                tx.set_setting(FIRST_RUN_SETTING, &value, ctx.now)?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "first-run.token", "appliance", "first-run"))?;
                Ok(true)
            })
            .await?;
        if open {
            Ok(token)
        } else {
            Err(Error::Conflict("an administrator exists already; sign in at the console".into()))
        }
    }

    /// Makes the first administrator.
    pub async fn first_run(&self, ctx: &Context, knock: &Knock, form: &FirstRun) -> Result<FirstRunOutcome> {
        let mut problems = Vec::new();
        let name: Option<Line> = form.name.parse().map_err(|_| problems.push(("name", "first-run-name-needed"))).ok();
        let email: Option<Email> =
            form.email.parse().map_err(|_| problems.push(("email", "first-run-email-wrong"))).ok();
        if let Some(problem) = self.new_password_problem(&form.password, &form.name, &form.email).await? {
            problems.push(("password", password_problem(problem)));
        }
        if !self.throttle.begin(FIRST_RUN_SETTING, ctx.now) {
            return Err(Error::Unavailable("too many wrong tokens; wait a quarter of an hour".into()));
        }
        let presented = SecretToken::presented(form.token.trim()).hash();
        let good = self.first_run_token_is(&presented, ctx.now).await?;
        if good {
            self.throttle.succeeded(FIRST_RUN_SETTING);
        } else {
            problems.insert(0, ("token", "first-run-token-wrong"));
        }
        let (Some(name), Some(email), true) = (name, email, problems.is_empty()) else {
            return Ok(FirstRunOutcome::Problems(problems));
        };
        let hash = self.passwords.hash(&form.password, self.random()).await?;
        let account = Account {
            id: AccountId::new(ctx.now, self.random()),
            name,
            email,
            person: None,
            roles: Roles::ADMINISTRATOR,
            active: true,
        };
        let fresh = self.fresh(ctx.now, knock);
        let (ctx, random, stored) = (*ctx, self.shared_random(), account.clone());
        let made = self
            .store
            .write(move |tx| {
                // looked at again inside the transaction: two browsers, one token
                let still = tx.setting(FIRST_RUN_SETTING)?.is_some_and(|v| token_fits(&v, &presented, ctx.now));
                if !still || tx.accounts_with(Role::Administrator)? > 0 {
                    return Ok(None);
                }
                // of two that got here at once, one removes it
                if !tx.remove_setting(FIRST_RUN_SETTING)? {
                    return Ok(None);
                }
                tx.insert_account(&stored, Some(&hash), ctx.now)?;
                let admitted = fresh.admit(tx, (&ctx, &*random), &stored, &How::Token, false)?;
                let ctx = Context { actor: Actor::Account(stored.id), ..ctx };
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.first-run", "account", stored.id))?;
                Ok(Some(fresh.admission(stored, admitted)))
            })
            .await?;
        Ok(match made {
            Some(admission) => FirstRunOutcome::Done(admission),
            None => FirstRunOutcome::Problems(vec![("token", "first-run-token-wrong")]),
        })
    }

    async fn first_run_token_is(&self, presented: &str, now: Ts) -> Result<bool> {
        let stored = self.store.read(|tx| tx.setting(FIRST_RUN_SETTING)).await?;
        Ok(stored.is_some_and(|value| token_fits(&value, presented, now)))
    }

    /// Accounts by their address.
    pub async fn accounts(&self, ctx: &Context, asked: impl Into<Asking>) -> Result<AccountPage> {
        ctx.require(Right::AccountsRead)?;
        let Asking { after, limit } = asked.into();
        let after = after.map(|text| text.parse().map_err(|_| Error::NotFound)).transpose()?;
        let page = self
            .store
            .read(move |tx| {
                // an address holds an id, never a name
                let mut accounts = tx.account_list(after, limit + 1)?;
                let more = accounts.len() as u64 > limit.unsigned_abs();
                if more {
                    accounts.pop();
                }
                let next = accounts.last().filter(|_| more).map(|last| last.account.id.to_string());
                Ok(AccountPage { accounts, total: tx.accounts()?, next })
            })
            .await?;
        Ok(page)
    }

    /// One account.
    pub async fn account(&self, ctx: &Context, account: AccountId) -> Result<AccountDetail> {
        ctx.require(Right::AccountsRead)?;
        self.store.read(move |tx| tx.account_detail(account)).await?.ok_or(Error::NotFound)
    }

    /// The account of an address.
    pub async fn account_of(&self, ctx: &Context, email: &str) -> Result<AccountDetail> {
        ctx.require(Right::AccountsRead)?;
        let email = email.trim().to_lowercase();
        let found = self
            .store
            .read(move |tx| {
                let Some((account, _)) = tx.account_by_email(&email)? else { return Ok(None) };
                tx.account_detail(account.id)
            })
            .await?;
        found.ok_or(Error::NotFound)
    }

    /// Makes an account without a password, and a token by which it is chosen.
    pub async fn add_account(&self, ctx: &Context, new: NewAccount) -> Result<Invited> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        let name: Line = new.name.parse().map_err(|_| Error::invalid("name", "a line of text is needed"))?;
        let email: Email = new.email.parse().map_err(|_| Error::invalid("email", "an e-mail address is needed"))?;
        if new.roles.is_empty() {
            return Err(Error::invalid("roles", "name at least one"));
        }
        let act = || Act::AddAccount {
            name: name.to_string(),
            email: email.to_string(),
            roles: names(new.roles),
            person: new.person,
        };
        self.second_look(ctx, act).await?;
        let id = AccountId::new(ctx.now, self.random());
        let account = Account { id, name, email, person: new.person, roles: new.roles, active: true };
        let (token, hash) = self.account_token();
        let (ctx, random, stored) = (*ctx, self.shared_random(), account.clone());
        let made = self
            .store
            .write(move |tx| {
                if tx.account_by_email(stored.email.as_str())?.is_some() {
                    let why = "an account has this address already";
                    return Err(Error::Conflict(why.into()).into());
                }
                ensure_person(tx, stored.person)?;
                tx.insert_account(&stored, None, ctx.now)?;
                tx.put_account_token(id, &hash, ctx.now.plus_seconds(INVITATION))?;
                let roles: Vec<_> = stored.roles.iter().map(Role::as_str).collect();
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "account.add", "account", id)
                        .with(json!({"roles": roles, "person": stored.person})),
                )
            })
            .await;
        match made {
            Ok(()) => Ok(Invited { account, token }),
            Err(error) if error.is_conflict() => Err(Error::Conflict("an account has this address already".into())),
            Err(error) => Err(error.into()),
        }
    }

    /// A new token to choose a password by; an earlier one is void, the password stays until
    /// another is chosen.
    pub async fn invite_again(&self, ctx: &Context, account: AccountId) -> Result<Invited> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        // nobody is asked about what cannot be
        if !self.account(ctx, account).await?.account.active {
            return Err(may_not_sign_in());
        }
        // whoever gets to see the token could sign in as somebody else
        self.second_look(ctx, || Act::InviteAgain { account }).await?;
        let (token, hash) = self.account_token();
        let (ctx, random) = (*ctx, self.shared_random());
        let account = self
            .store
            .write(move |tx| {
                let (found, _) = tx.account(account)?.ok_or(Error::NotFound)?;
                if !found.active {
                    return Err(may_not_sign_in().into());
                }
                tx.put_account_token(account, &hash, ctx.now.plus_seconds(INVITATION))?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.invite", "account", account))?;
                Ok(found)
            })
            .await?;
        Ok(Invited { account, token })
    }

    /// Sends the holder of an account a code to choose a password by. It is made when the mail
    /// goes, and voids earlier ones then. Nobody but them gets to see it: it waits for nobody.
    pub async fn invite_by_mail(&self, ctx: &Context, account: AccountId) -> Result<()> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        let Some(job) = self.mail_id(ctx.now) else {
            return Err(Error::Conflict("there is no mail server to send it by; hand the token over".into()));
        };
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                let (found, _) = tx.account(account)?.ok_or(Error::NotFound)?;
                if !found.active {
                    return Err(may_not_sign_in().into());
                }
                tell(tx, &ctx, Some(job), AccountMail::Invitation, account)?;
                let event = AuditEvent::done(&ctx, &*random, "account.invite", "account", account);
                tx.audit(&event.with(json!({"by": "mail"})))
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    /// Changes what an account is for. Its sessions end, so that nobody goes on with what they
    /// were before; the last administrator stays one.
    pub async fn change_account(&self, ctx: &Context, account: AccountId, change: AccountChange) -> Result<()> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        if change.roles.is_some_and(Roles::is_empty) {
            return Err(Error::invalid("roles", "name at least one; an account that is not needed is disabled"));
        }
        // the account has to be there before somebody is asked about it
        self.account(ctx, account).await?;
        let act = || Act::ChangeAccount {
            account,
            roles: change.roles.map(names),
            active: change.active,
            person: change.person,
            teams: change.teams.clone(),
        };
        self.second_look(ctx, act).await?;
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                tx.lock_accounts(ctx.now)?;
                let seen = tx.account_detail(account)?.ok_or(Error::NotFound)?;
                if change.seen.as_ref().is_some_and(|version| *version != seen.version()) {
                    return Err(Error::Changed("this account").into());
                }
                let before = seen.account;
                let ruled = !tx.usable_administrators()?.is_empty();
                let after = Account {
                    roles: change.roles.unwrap_or(before.roles),
                    active: change.active.unwrap_or(before.active),
                    person: change.person.unwrap_or(before.person),
                    ..before.clone()
                };
                if after.person != before.person {
                    ensure_person(tx, after.person)?;
                }
                tx.update_account(&after)?;
                if ruled && tx.usable_administrators()?.is_empty() {
                    let why = "this is the last administrator who can sign in: make another one first";
                    return Err(Error::Conflict(why.into()).into());
                }
                if !after.active {
                    tx.drop_account_token(account)?;
                    tx.revoke_api_tokens_of(account, ctx.now)?;
                }
                if let Some(teams) = &change.teams {
                    for team in teams {
                        tx.group(*team)?.ok_or_else(|| Error::invalid("teams", format!("there is no group {team}")))?;
                    }
                    tx.put_teams(account, teams)?;
                }
                tx.end_sessions_of(account)?;
                let roles: Vec<_> = after.roles.iter().map(Role::as_str).collect();
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.change", "account", account).with(json!({
                    "roles": roles, "active": after.active, "person": after.person, "teams": change.teams
                })))
            })
            .await?;
        Ok(())
    }

    /// Chooses a password by a token, once, and signs in; a second factor stays what it was, and
    /// is asked for.
    pub async fn welcome(&self, ctx: &Context, knock: &Knock, token: &str, password: &str) -> Result<WelcomeOutcome> {
        let mut problems = Vec::new();
        // nobody guesses 256 bits: to count wrong ones would only let a stranger lock others out
        let presented = SecretToken::presented(token.trim()).hash();
        let (looked, now) = (presented.clone(), ctx.now);
        let found = self.store.read(move |tx| of_token(tx, &looked, now)).await?;
        if found.is_none() {
            problems.push(("token", "welcome-token-wrong"));
        }
        let (name, email) = found.as_ref().map(|a| (a.name.to_string(), a.email.to_string())).unwrap_or_default();
        if let Some(problem) = self.new_password_problem(password, &name, &email).await? {
            problems.push(("password", password_problem(problem)));
        }
        let (Some(account), true) = (found, problems.is_empty()) else {
            return Ok(WelcomeOutcome::Problems(problems));
        };
        let hash = self.passwords.hash(password, self.random()).await?;
        let fresh = self.fresh(ctx.now, knock);
        let mail = self.settings.mail_configured.then(|| JobId::new(ctx.now, self.random()));
        let (ctx, random, id) = (*ctx, self.shared_random(), account.id);
        let ctx = Context { actor: Actor::Account(id), ..ctx };
        let done = self
            .store
            .write(move |tx| {
                // looked at again inside the transaction: two browsers, one token
                tx.lock_account(id)?;
                if of_token(tx, &presented, ctx.now)?.is_none_or(|account| account.id != id) {
                    return Ok(None);
                }
                let had_one = tx.account(id)?.is_some_and(|(_, hash)| hash.is_some());
                tx.set_password(id, &hash)?;
                tx.end_sessions_of(id)?;
                tx.forget_browsers_of(id)?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.password", "account", id))?;
                tell(tx, &ctx, mail.filter(|_| had_one), AccountMail::PasswordChanged, id)?;
                let admitted = fresh.admit(tx, (&ctx, &*random), &account, &How::Token, false)?;
                Ok(Some(fresh.admission(account, admitted)))
            })
            .await?;
        self.wake_worker();
        Ok(match done {
            Some(admission) => WelcomeOutcome::Done(admission),
            None => WelcomeOutcome::Problems(vec![("token", "welcome-token-wrong")]),
        })
    }

    fn account_token(&self) -> (SecretToken, String) {
        let token = SecretToken::new(self.random());
        let hash = token.hash();
        (token, hash)
    }
}

/// The account that a token is for, if it may come in.
pub(crate) fn of_token(tx: &mut estampe_store::Tx<'_>, hash: &str, now: Ts) -> estampe_store::Result<Option<Account>> {
    let Some(account) = tx.account_of_token(hash, now)? else { return Ok(None) };
    Ok(is_there(tx, &account)?.then_some(account))
}

/// Whether an account may come in: whoever left does not, however the account itself stands.
pub(crate) fn is_there(tx: &mut estampe_store::Tx<'_>, account: &Account) -> estampe_store::Result<bool> {
    let person_is_there = match account.person {
        Some(person) => tx.person(person)?.is_some_and(|person| person.active),
        None => true,
    };
    Ok(account.active && person_is_there)
}

fn may_not_sign_in() -> Error {
    Error::Conflict("this account may not sign in; enable it first".into())
}

/// Refuses a person who is not there.
fn ensure_person(tx: &mut estampe_store::Tx<'_>, person: Option<PersonId>) -> estampe_store::Result<()> {
    let Some(person) = person else { return Ok(()) };
    match tx.person(person)? {
        Some(_) => Ok(()),
        None => Err(Error::invalid("person", format!("there is no person {person}")).into()),
    }
}

/// `hash end`, as the setting keeps it. Hashes are compared, so time tells nothing.
fn token_fits(stored: &str, presented_hash: &str, now: Ts) -> bool {
    let Some((hash, end)) = stored.split_once(' ') else { return false };
    hash == presented_hash && end.parse().is_ok_and(|end| now < Ts::from_micros(end))
}

pub fn password_problem(problem: PasswordProblem) -> &'static str {
    match problem {
        PasswordProblem::TooShort => "password-too-short",
        PasswordProblem::TooLong => "password-too-long",
        PasswordProblem::TooUniform => "password-too-uniform",
        PasswordProblem::Guessable => "password-guessable",
        PasswordProblem::Breached => "password-breached",
    }
}
