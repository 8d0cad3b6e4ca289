//! Accounts: the first one, what they are for, passwords, sessions.

use estampe_domain::access::{Role, Roles};
use estampe_domain::account::{Account, AccountDetail, PasswordProblem, check_new_password};
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{AccountId, PersonId, SecretToken, SessionId};
use estampe_domain::text::{Email, Line};
use estampe_domain::{Actor, Context, Error, ErrorKind, Result, Right, Ts, metric};
use estampe_store::{NewSession, StoredSession};
use serde_json::json;

use crate::Service;
use crate::views::{
    AccountChange, AccountPage, FirstRun, FirstRunOutcome, Invited, NewAccount, Session, SignedIn, WelcomeOutcome,
};

/// A session ends after so many seconds without use (8 hours).
pub const SESSION_IDLE: i64 = 8 * 3600;
/// A session ends so many seconds after it began (24 hours).
pub const SESSION_ABSOLUTE: i64 = 24 * 3600;
/// A first-run token is good for so many seconds (24 hours).
const FIRST_RUN: i64 = 24 * 3600;
/// A token to choose a password by is good for so many seconds (7 days).
const INVITATION: i64 = 7 * 24 * 3600;
/// How a page of accounts is long.
const PAGE: i64 = 50;
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
    pub async fn first_run(&self, ctx: &Context, form: &FirstRun) -> Result<FirstRunOutcome> {
        let mut problems = Vec::new();
        let name: Option<Line> = form.name.parse().map_err(|_| problems.push(("name", "first-run-name-needed"))).ok();
        let email: Option<Email> =
            form.email.parse().map_err(|_| problems.push(("email", "first-run-email-wrong"))).ok();
        if let Err(problem) = check_new_password(&form.password) {
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
        let (token, session) = self.new_session(ctx.now);
        let (ctx, random, stored) = (*ctx, self.shared_random(), account.clone());
        let made = self
            .store
            .write(move |tx| {
                // looked at again inside the transaction: two browsers, one token
                let still = tx.setting(FIRST_RUN_SETTING)?.is_some_and(|v| token_fits(&v, &presented, ctx.now));
                if !still || tx.accounts_with(Role::Administrator)? > 0 {
                    return Ok(false);
                }
                // of two that got here at once, one removes it
                if !tx.remove_setting(FIRST_RUN_SETTING)? {
                    return Ok(false);
                }
                tx.insert_account(&stored, Some(&hash), ctx.now)?;
                session.store(tx, stored.id, ctx.now)?;
                let ctx = Context { actor: Actor::Account(stored.id), ..ctx };
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.first-run", "account", stored.id))?;
                Ok(true)
            })
            .await?;
        if made {
            Ok(FirstRunOutcome::Done(SignedIn { token, account }))
        } else {
            Ok(FirstRunOutcome::Problems(vec![("token", "first-run-token-wrong")]))
        }
    }

    async fn first_run_token_is(&self, presented: &str, now: Ts) -> Result<bool> {
        let stored = self.store.read(|tx| tx.setting(FIRST_RUN_SETTING)).await?;
        Ok(stored.is_some_and(|value| token_fits(&value, presented, now)))
    }

    /// Signs in by address and password. [`Error::Unauthenticated`] says no more than
    /// that the two do not fit; [`Error::Unavailable`] that too many did not.
    pub async fn sign_in(&self, ctx: &Context, email: &str, password: &str) -> Result<SignedIn> {
        // one spelling for the look-up and for the throttle; no setting's name has an @
        let wanted: String = email.trim().chars().take(254).collect::<String>().to_lowercase();
        let who = format!("{wanted}@");
        let outcome = |outcome| metrics::counter!(metric::SIGN_INS.name, "outcome" => outcome).increment(1);
        if !self.throttle.begin(&who, ctx.now) {
            outcome("throttled");
            return Err(Error::Unavailable("too many failed sign-ins; wait a quarter of an hour".into()));
        }
        let found = self
            .store
            .read(move |tx| {
                let Some((account, hash)) = tx.account_by_email(&wanted)? else { return Ok(None) };
                Ok(is_there(tx, &account)?.then_some((account, hash)))
            })
            .await?;
        // who may not come in is told no more than who does not exist
        let (account, hash) = found.unzip();
        let hash = hash.flatten();
        let password: String = password.chars().take(estampe_domain::account::PASSWORD_MAX).collect();
        let fits = self.passwords.verify(&password, hash.clone(), self.random()).await?;
        let Some(account) = account.filter(|_| fits) else { return self.not_let_in(ctx).await };
        let (token, session) = self.new_session(ctx.now);
        let (random, id) = (self.shared_random(), account.id);
        let signed = Context { actor: Actor::Account(id), ..*ctx };
        let stored = self
            .store
            .write(move |tx| {
                // another password may have been chosen meanwhile, or the account be no more
                tx.lock_account(id)?;
                let Some((account, still)) = tx.account(id)? else { return Ok(false) };
                if still != hash || !is_there(tx, &account)? {
                    return Ok(false);
                }
                session.store(tx, id, signed.now)?;
                tx.audit(&AuditEvent::done(&signed, &*random, "session.begin", "account", id))?;
                Ok(true)
            })
            .await?;
        if !stored {
            return self.not_let_in(ctx).await;
        }
        self.throttle.succeeded(&who);
        outcome("accepted");
        Ok(SignedIn { token, account })
    }

    /// Address and password do not fit.
    async fn not_let_in(&self, ctx: &Context) -> Result<SignedIn> {
        metrics::counter!(metric::SIGN_INS.name, "outcome" => "refused").increment(1);
        let event = AuditEvent::done(ctx, self.random(), "session.begin", "appliance", "console").refused();
        self.store.write(move |tx| tx.audit(&event)).await?;
        Err(Error::Unauthenticated)
    }

    /// Accounts by their address.
    pub async fn accounts(&self, ctx: &Context, after: Option<String>) -> Result<AccountPage> {
        ctx.require(Right::AccountsRead)?;
        let after = after.map(|text| text.parse().map_err(|_| Error::NotFound)).transpose()?;
        let page = self
            .store
            .read(move |tx| {
                // an address holds an id, never a name
                let mut accounts = tx.account_list(after, PAGE + 1)?;
                let more = accounts.len() as u64 > PAGE.unsigned_abs();
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
        let name: Line = new.name.parse().map_err(|_| Error::invalid("name", "a line of text is needed"))?;
        let email: Email = new.email.parse().map_err(|_| Error::invalid("email", "an e-mail address is needed"))?;
        if new.roles.is_empty() {
            return Err(Error::invalid("roles", "name at least one"));
        }
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
        let (token, hash) = self.account_token();
        let (ctx, random) = (*ctx, self.shared_random());
        let account = self
            .store
            .write(move |tx| {
                let (found, _) = tx.account(account)?.ok_or(Error::NotFound)?;
                if !found.active {
                    return Err(Error::Conflict("this account may not sign in; enable it first".into()).into());
                }
                tx.put_account_token(account, &hash, ctx.now.plus_seconds(INVITATION))?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.invite", "account", account))?;
                Ok(found)
            })
            .await?;
        Ok(Invited { account, token })
    }

    /// Changes what an account is for. Its sessions end, so that nobody goes on with what they
    /// were before; the last administrator stays one.
    pub async fn change_account(&self, ctx: &Context, account: AccountId, change: AccountChange) -> Result<()> {
        ctx.require(Right::AccountsChange)?;
        if change.roles.is_some_and(Roles::is_empty) {
            return Err(Error::invalid("roles", "name at least one; an account that is not needed is disabled"));
        }
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                tx.lock_accounts(ctx.now)?;
                let (before, _) = tx.account(account)?.ok_or(Error::NotFound)?;
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

    /// Chooses a password by a token, once, and signs in.
    pub async fn welcome(&self, ctx: &Context, token: &str, password: &str) -> Result<WelcomeOutcome> {
        let mut problems = Vec::new();
        if let Err(problem) = check_new_password(password) {
            problems.push(("password", password_problem(problem)));
        }
        // nobody guesses 256 bits: to count wrong ones would only let a stranger lock others out
        let presented = SecretToken::presented(token.trim()).hash();
        let (looked, now) = (presented.clone(), ctx.now);
        let found = self.store.read(move |tx| of_token(tx, &looked, now)).await?;
        if found.is_none() {
            problems.insert(0, ("token", "welcome-token-wrong"));
        }
        let (Some(account), true) = (found, problems.is_empty()) else {
            return Ok(WelcomeOutcome::Problems(problems));
        };
        let hash = self.passwords.hash(password, self.random()).await?;
        let (session_token, session) = self.new_session(ctx.now);
        let (ctx, random, id) = (*ctx, self.shared_random(), account.id);
        let ctx = Context { actor: Actor::Account(id), ..ctx };
        let done = self
            .store
            .write(move |tx| {
                // looked at again inside the transaction: two browsers, one token
                tx.lock_account(id)?;
                if of_token(tx, &presented, ctx.now)?.is_none_or(|account| account.id != id) {
                    return Ok(false);
                }
                tx.set_password(id, &hash)?;
                tx.end_sessions_of(id)?;
                session.store(tx, id, ctx.now)?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.password", "account", id))?;
                Ok(true)
            })
            .await?;
        Ok(if done {
            WelcomeOutcome::Done(SignedIn { token: session_token, account })
        } else {
            WelcomeOutcome::Problems(vec![("token", "welcome-token-wrong")])
        })
    }

    fn account_token(&self) -> (SecretToken, String) {
        let token = SecretToken::new(self.random());
        let hash = token.hash();
        (token, hash)
    }

    pub(crate) fn new_session(&self, now: Ts) -> (SecretToken, FreshSession) {
        let token = SecretToken::new(self.random());
        let fresh = FreshSession {
            id: SessionId::new(now, self.random()),
            token_hash: token.hash(),
            csrf: SecretToken::new(self.random()).reveal().to_owned(),
        };
        (token, fresh)
    }

    /// The session of a browser's token; `None` when it is unknown or past its time.
    pub async fn session(&self, token: &SecretToken) -> Result<Option<Session>> {
        let hash = token.hash();
        let now = self.ports.clock.now();
        let looked_up = hash.clone();
        let found = self
            .store
            .read(move |tx| {
                let Some(found) = tx.session(&looked_up)? else { return Ok(None) };
                Ok(is_there(tx, &found.account)?.then_some(found))
            })
            .await?;
        let Some(StoredSession { account, csrf, begun, seen }) = found else { return Ok(None) };
        if now.seconds_since(begun) >= SESSION_ABSOLUTE || now.seconds_since(seen) >= SESSION_IDLE {
            return Ok(None);
        }
        // once in five minutes is enough, and keeps reading pages from writing
        if now.seconds_since(seen) >= 300 {
            let touched = self.store.write(move |tx| tx.touch_session(&hash, now)).await.map_err(Error::from);
            match touched {
                // reading goes on while nothing can be written
                Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::Unavailable) => {
                    tracing::warn!(error.code = error.code(), "a session's use was not noted");
                }
                other => other?,
            }
        }
        Ok(Some(Session { account, csrf }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, ctx: &Context, token: &SecretToken) -> Result<()> {
        let (ctx, random, hash) = (*ctx, self.shared_random(), token.hash());
        Ok(self
            .store
            .write(move |tx| {
                if tx.end_session(&hash)? {
                    tx.audit(&AuditEvent::done(&ctx, &*random, "session.end", "appliance", "console"))?;
                }
                Ok(())
            })
            .await?)
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

/// Refuses a person who is not there.
fn ensure_person(tx: &mut estampe_store::Tx<'_>, person: Option<PersonId>) -> estampe_store::Result<()> {
    let Some(person) = person else { return Ok(()) };
    match tx.person(person)? {
        Some(_) => Ok(()),
        None => Err(Error::invalid("person", format!("there is no person {person}")).into()),
    }
}

/// A session that is not stored yet.
pub(crate) struct FreshSession {
    id: SessionId,
    token_hash: String,
    csrf: String,
}

impl FreshSession {
    pub(crate) fn store(
        &self,
        tx: &mut estampe_store::Tx<'_>,
        account: AccountId,
        now: Ts,
    ) -> estampe_store::Result<()> {
        let new = NewSession { id: self.id, token_hash: &self.token_hash, account, csrf: &self.csrf };
        tx.insert_session(&new, now)
    }
}

/// `hash end`, as the setting keeps it. Hashes are compared, so time tells nothing.
fn token_fits(stored: &str, presented_hash: &str, now: Ts) -> bool {
    let Some((hash, end)) = stored.split_once(' ') else { return false };
    hash == presented_hash && end.parse().is_ok_and(|end| now < Ts::from_micros(end))
}

fn password_problem(problem: PasswordProblem) -> &'static str {
    match problem {
        PasswordProblem::TooShort => "password-too-short",
        PasswordProblem::TooLong => "password-too-long",
        PasswordProblem::TooUniform => "password-too-uniform",
    }
}
