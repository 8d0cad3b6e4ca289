//! Signing in: the first run, passwords, sessions.

use estampe_domain::account::{Account, PasswordProblem, check_new_password};
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{AccountId, SecretToken, SessionId};
use estampe_domain::text::{Email, Line};
use estampe_domain::{Actor, Context, Error, ErrorKind, Result, Ts, metric};
use estampe_store::NewSession;

use crate::Service;
use crate::views::{FirstRun, FirstRunOutcome, Session, SignedIn};

/// A session ends after so many seconds without use (8 hours).
pub const SESSION_IDLE: i64 = 8 * 3600;
/// A session ends so many seconds after it began (24 hours).
pub const SESSION_ABSOLUTE: i64 = 24 * 3600;
/// A first-run token is good for so many seconds (24 hours).
const FIRST_RUN: i64 = 24 * 3600;
/// Where its hash and end stand.
const FIRST_RUN_SETTING: &str = "first-run-token";

impl Service {
    /// Whether no administrator exists yet.
    pub async fn first_run_open(&self) -> Result<bool> {
        Ok(self.store.read(|tx| tx.accounts()).await? == 0)
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
                if tx.accounts()? > 0 {
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
        let account = Account { id: AccountId::new(ctx.now, self.random()), name, email };
        let (token, session) = self.new_session(ctx.now);
        let (ctx, random, stored) = (*ctx, self.shared_random(), account.clone());
        let made = self
            .store
            .write(move |tx| {
                // looked at again inside the transaction: two browsers, one token
                let still = tx.setting(FIRST_RUN_SETTING)?.is_some_and(|v| token_fits(&v, &presented, ctx.now));
                if !still || tx.accounts()? > 0 {
                    return Ok(false);
                }
                // of two that got here at once, one removes it
                if !tx.remove_setting(FIRST_RUN_SETTING)? {
                    return Ok(false);
                }
                tx.insert_account(&stored, &hash, ctx.now)?;
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
        let found = self.store.read(move |tx| tx.account_by_email(&wanted)).await?;
        let (account, hash) = found.unzip();
        let password: String = password.chars().take(estampe_domain::account::PASSWORD_MAX).collect();
        let fits = self.passwords.verify(&password, hash, self.random()).await?;
        let Some(account) = account.filter(|_| fits) else {
            outcome("refused");
            let (ctx, random) = (*ctx, self.shared_random());
            self.store
                .write(move |tx| {
                    let event = AuditEvent::done(&ctx, &*random, "session.begin", "appliance", "console");
                    tx.audit(&event.refused())
                })
                .await?;
            return Err(Error::Unauthenticated);
        };
        self.throttle.succeeded(&who);
        let (token, session) = self.new_session(ctx.now);
        let (random, id) = (self.shared_random(), account.id);
        let ctx = Context { actor: Actor::Account(id), ..*ctx };
        self.store
            .write(move |tx| {
                session.store(tx, id, ctx.now)?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "session.begin", "account", id))
            })
            .await?;
        outcome("accepted");
        Ok(SignedIn { token, account })
    }

    fn new_session(&self, now: Ts) -> (SecretToken, FreshSession) {
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
        let found = self.store.read(move |tx| tx.session(&looked_up)).await?;
        let Some((account, csrf, begun, seen)) = found else { return Ok(None) };
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

struct FreshSession {
    id: SessionId,
    token_hash: String,
    csrf: String,
}

impl FreshSession {
    fn store(&self, tx: &mut estampe_store::Tx<'_>, account: AccountId, now: Ts) -> estampe_store::Result<()> {
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
