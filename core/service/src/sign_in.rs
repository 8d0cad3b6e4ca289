//! Signing in by address and password, the sessions that follow, and another password.

use std::time::{Duration, Instant};

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{JobId, SecretToken, SessionId};
use estampe_domain::mail::AccountMail;
use estampe_domain::password::PASSWORD_MAX;
use estampe_domain::session::{How, SessionFacts};
use estampe_domain::{AccountId, Actor, Context, Error, ErrorKind, Result, Right, metric};
use estampe_store::{Job, NewJob, StoredSession};
use serde_json::json;

use crate::Service;
use crate::accounts::{is_there, password_problem};
use crate::throttle::Tries;
use crate::views::{Admission, Knock, PasswordOutcome, Session};

/// Codes by mail for one account within a quarter of an hour.
const RESETS: u32 = 3;
/// Codes by mail that one client asks for within a quarter of an hour.
const RESETS_OF_CLIENT: u32 = 20;
/// The answer to who forgot a password comes at the next of these: how long was searched and
/// written is not heard.
const BEAT: Duration = Duration::from_millis(250);

impl Service {
    /// Signs in by address and password. [`Error::Unauthenticated`] says no more than
    /// that the two do not fit; [`Error::Unavailable`] that too many did not.
    pub async fn sign_in(&self, ctx: &Context, knock: &Knock, email: &str, password: &str) -> Result<Admission> {
        let wanted = one_spelling(email);
        let outcome = |outcome| metrics::counter!(metric::SIGN_INS.name, "outcome" => outcome).increment(1);
        let (looked_up, browser) = (wanted.clone(), knock.browser.as_ref().map(SecretToken::hash));
        let (meant, found, known) = self
            .store
            .read(move |tx| {
                let Some((account, hash)) = tx.account_by_email(&looked_up)? else { return Ok((None, None, None)) };
                let known = match browser {
                    Some(browser) if tx.knows_browser(account.id, &browser)? => Some(browser),
                    _ => None,
                };
                // who may not come in is told no more than who does not exist
                Ok((Some(account.id), is_there(tx, &account)?.then_some((account, hash)), known))
            })
            .await?;
        let tries = Tries::of(&self.throttle, "password", &wanted, &knock.client, known.as_deref());
        if !tries.begin(ctx.now) {
            outcome("throttled");
            return Err(Error::Unavailable("too many failed sign-ins; wait a quarter of an hour".into()));
        }
        let (account, hash) = found.unzip();
        // nothing longer was ever chosen, and what is longer is not cut to fit
        let hash = hash.flatten().filter(|_| password.chars().count() <= PASSWORD_MAX);
        let password: String = password.chars().take(PASSWORD_MAX).collect();
        let fits = self.passwords.verify(&password, hash.clone(), self.random()).await?;
        let Some(account) = account.filter(|_| fits) else { return self.not_let_in(ctx, meant).await };
        let fresh = self.fresh(ctx.now, knock);
        let (ctx_in, random, id) = (*ctx, self.shared_random(), account.id);
        let admitted = self
            .store
            .write(move |tx| {
                // another password may have been chosen meanwhile, or the account be no more
                tx.lock_account(id)?;
                let Some((account, still)) = tx.account(id)? else { return Ok(None) };
                if still != hash || !is_there(tx, &account)? {
                    return Ok(None);
                }
                let admitted = fresh.admit(tx, (&ctx_in, &*random), &account, &How::Password, false)?;
                Ok(Some(fresh.admission(account, admitted)))
            })
            .await?;
        let Some(admission) = admitted else { return self.not_let_in(ctx, meant).await };
        tries.succeeded();
        outcome("accepted");
        Ok(admission)
    }

    /// What was shown does not fit. The audit names the account that was meant, where there is one, by
    /// its id: what was typed stands nowhere.
    pub(crate) async fn not_let_in<T>(&self, ctx: &Context, meant: Option<AccountId>) -> Result<T> {
        metrics::counter!(metric::SIGN_INS.name, "outcome" => "refused").increment(1);
        let event = match meant {
            Some(account) => AuditEvent::done(ctx, self.random(), "session.begin", "account", account),
            None => AuditEvent::done(ctx, self.random(), "session.begin", "appliance", "console"),
        };
        let event = event.refused();
        self.store.write(move |tx| tx.audit(&event)).await?;
        Err(Error::Unauthenticated)
    }

    /// Somebody forgot their password: a mail with a code goes to the account of this address.
    /// Who asks is told the same, after as long, whether there is one or not.
    pub async fn forgot_password(&self, ctx: &Context, knock: &Knock, email: &str) -> Result<()> {
        let begun = Instant::now();
        if !self.settings.mail_configured {
            return Err(Error::Conflict("there is no mail server; ask whoever administers Estampe".into()));
        }
        let wanted = one_spelling(email);
        if !self.throttle.begin_of(&format!("resets from {}", knock.client), RESETS_OF_CLIENT, ctx.now) {
            return Err(Error::Unavailable("too many were asked for; wait a quarter of an hour".into()));
        }
        // more mails than these to one mailbox are not sent, and nobody hears of it
        let may = self.throttle.begin_of(&format!("resets of {wanted}"), RESETS, ctx.now);
        let (ctx, random, job) = (*ctx, self.shared_random(), JobId::new(ctx.now, self.random()));
        self.store
            .write(move |tx| {
                // whoever comes in by a provider alone gets no way around it
                let found =
                    tx.account_by_email(&wanted)?.filter(|(_, hash)| hash.is_some()).map(|(account, _)| account);
                let account = match found {
                    Some(account) if may && is_there(tx, &account)? => account,
                    _ => {
                        let event = AuditEvent::done(&ctx, &*random, "account.reset", "appliance", "console");
                        return tx.audit(&event.refused());
                    }
                };
                let work = Job::AccountMail(AccountMail::Reset, account.id);
                tx.enqueue(&NewJob { id: job, job: work, request: ctx.request, run_at: ctx.now })?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.reset", "account", account.id))
            })
            .await?;
        self.wake_worker();
        let over = Duration::from_nanos(u64::try_from(begun.elapsed().as_nanos() % BEAT.as_nanos()).unwrap_or(0));
        tokio::time::sleep(BEAT.saturating_sub(over)).await;
        Ok(())
    }

    /// The session of a browser's token; `None` when it is unknown or past its time.
    pub async fn session(&self, token: &SecretToken) -> Result<Option<Session>> {
        let hash = token.hash();
        let now = self.ports.clock.now();
        let limits = self.settings.sign_in;
        let looked_up = hash.clone();
        let found = self
            .store
            .read(move |tx| {
                let Some(found) = tx.session(&looked_up)? else { return Ok(None) };
                let has_factor = tx.factor_count(found.account.id)? > 0;
                Ok(is_there(tx, &found.account)?.then_some((found, has_factor)))
            })
            .await?;
        let Some((found, has_factor)) = found else { return Ok(None) };
        let StoredSession { id, account, csrf, how, begun, seen, confirmed, factor } = found;
        if now.seconds_since(begun) >= limits.absolute_seconds || now.seconds_since(seen) >= limits.idle_seconds {
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
        let must_enrol = !has_factor && !account.roles.and(limits.factor_roles).is_empty();
        Ok(Some(Session { id, account, csrf, how, confirmed, factor, has_factor, must_enrol }))
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

    /// The sessions of the account that asks, the one last used first.
    pub async fn own_sessions(&self, ctx: &Context) -> Result<Vec<SessionFacts>> {
        let own = own_account(ctx)?;
        Ok(self.store.read(move |tx| tx.sessions_of(own)).await?)
    }

    /// Ends one of one's own sessions; [`Error::NotFound`] when it is none of them.
    pub async fn end_own_session(&self, ctx: &Context, session: SessionId) -> Result<()> {
        let own = own_account(ctx)?;
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                if !tx.end_session_of(own, session)? {
                    return Err(Error::NotFound.into());
                }
                tx.audit(&AuditEvent::done(&ctx, &*random, "session.end", "session", session))
            })
            .await?;
        Ok(())
    }

    /// Ends one's own sessions but for the one that asks; how many. Browsers are known no more.
    pub async fn end_other_sessions(&self, ctx: &Context) -> Result<usize> {
        let own = own_account(ctx)?;
        let this = ctx.proof.map(|proof| proof.session).ok_or(Error::Forbidden)?;
        let (ctx, random) = (*ctx, self.shared_random());
        Ok(self
            .store
            .write(move |tx| {
                let ended = tx.end_other_sessions_of(own, this)?;
                tx.forget_browsers_of(own)?;
                let event = AuditEvent::done(&ctx, &*random, "session.end-others", "account", own);
                tx.audit(&event.with(json!({"ended": ended})))?;
                Ok(ended)
            })
            .await?)
    }

    /// Ends all sessions of an account, for whoever administers accounts; how many.
    pub async fn end_sessions(&self, ctx: &Context, account: AccountId) -> Result<usize> {
        ctx.require(Right::AccountsChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        Ok(self
            .store
            .write(move |tx| {
                tx.account(account)?.ok_or(Error::NotFound)?;
                let ended = tx.end_sessions_of(account)?;
                tx.forget_browsers_of(account)?;
                let event = AuditEvent::done(&ctx, &*random, "session.end-others", "account", account);
                tx.audit(&event.with(json!({"ended": ended})))?;
                Ok(ended)
            })
            .await?)
    }

    /// Chooses another password, by whoever knows the one before. Other sessions end, the one that
    /// asks gets another token, and browsers are known no more.
    pub async fn change_password(&self, ctx: &Context, current: &str, new: &str) -> Result<PasswordOutcome> {
        let own = own_account(ctx)?;
        let session = ctx.proof.map(|proof| proof.session).ok_or(Error::Forbidden)?;
        if ctx.proof.is_some_and(|proof| proof.has_factor) {
            ctx.require_recent()?;
        }
        let who = format!("own password of {own}");
        if !self.throttle.begin(&who, ctx.now) {
            return Err(Error::Unavailable("too many wrong passwords; wait a quarter of an hour".into()));
        }
        let (account, hash) = self.store.read(move |tx| tx.account(own)).await?.ok_or(Error::NotFound)?;
        let known = hash.clone().filter(|_| current.chars().count() <= PASSWORD_MAX);
        let mut problems = Vec::new();
        if self.passwords.verify(current, known, self.random()).await? {
            self.throttle.succeeded(&who);
        } else {
            problems.push(("current", "password-current-wrong"));
        }
        if let Some(problem) = self.new_password_problem(new, account.name.as_str(), account.email.as_str()).await? {
            problems.push(("password", password_problem(problem)));
        }
        if !problems.is_empty() {
            return Ok(PasswordOutcome::Problems(problems));
        }
        let new_hash = self.passwords.hash(new, self.random()).await?;
        let token = SecretToken::new(self.random());
        let (ctx, random, token_hash) = (*ctx, self.shared_random(), token.hash());
        let mail = self.settings.mail_configured.then(|| JobId::new(ctx.now, self.random()));
        let done = self
            .store
            .write(move |tx| {
                tx.lock_account(own)?;
                if tx.account(own)?.is_none_or(|(_, still)| still != hash) {
                    return Ok(false);
                }
                tx.set_password(own, &new_hash)?;
                tx.end_other_sessions_of(own, session)?;
                tx.forget_browsers_of(own)?;
                tx.confirm_session(session, &token_hash, false, ctx.now)?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.password", "account", own))?;
                tell(tx, &ctx, mail, AccountMail::PasswordChanged, own)?;
                Ok(true)
            })
            .await?;
        self.wake_worker();
        if done {
            Ok(PasswordOutcome::Done(token))
        } else {
            Err(Error::Conflict("another password was chosen meanwhile".into()))
        }
    }
}

/// Tells the holder of an account by mail.
pub fn tell(
    tx: &mut estampe_store::Tx<'_>,
    ctx: &Context,
    job: Option<JobId>,
    mail: AccountMail,
    account: AccountId,
) -> estampe_store::Result<()> {
    let Some(id) = job else { return Ok(()) };
    tx.enqueue(&NewJob { id, job: Job::AccountMail(mail, account), request: ctx.request, run_at: ctx.now })
}

/// The account that acts; nobody else has anything of their own here.
pub fn own_account(ctx: &Context) -> Result<AccountId> {
    match ctx.actor {
        Actor::Account(own) => Ok(own),
        Actor::Visitor => Err(Error::Unauthenticated),
        Actor::Operator | Actor::System | Actor::Service(_) => Err(Error::Forbidden),
    }
}

/// An address as it is looked up and counted.
fn one_spelling(email: &str) -> String {
    email.trim().chars().take(254).collect::<String>().to_lowercase()
}
