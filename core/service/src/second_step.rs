//! The second factor: at sign-in, by a passkey alone, and again before a sensitive act.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{AccountId, BlobId, SecretToken};
use estampe_domain::password::PASSWORD_MAX;
use estampe_domain::session::How;
use estampe_domain::{Context, Error, Result, Ts, metric};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;
use crate::accounts::is_there;
use crate::factors::{session_of, take_recovery_code, without_spaces};
use crate::sign_in::own_account;
use crate::throttle::Tries;
use crate::totp;
use crate::views::{Admission, FactorAnswer, Knock, PasskeyAsked, StepOffer};

/// Ceremonies that were answered, until they end by themselves: none is answered twice.
#[derive(Default)]
pub struct Answered(Mutex<HashMap<BlobId, Ts>>);

impl Answered {
    /// Whether this is the first answer. Only who passed all other checks of its seal gets here.
    pub fn first(&self, sealed: &str, ends: Ts, now: Ts) -> bool {
        let mut answered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|_, ends| now < *ends);
        answered.insert(BlobId::of(sealed.as_bytes()), ends).is_none()
    }
}

/// No code of an app is longer, and no recovery code as short.
const LONGEST_CODE: usize = 12;

/// The purpose of a ceremony by which somebody signs in with a passkey alone.
const SIGN_IN: &str = "sign in by passkey";

/// A factor that was checked, to be noted in the transaction.
enum Shown {
    Totp(estampe_domain::FactorId, i64),
    Passkey(estampe_domain::FactorId, Option<String>),
    /// Whatever was typed that is no code of an app.
    Recovery(String),
}

impl Service {
    /// What whoever is half way in may show.
    pub async fn half_way(&self, token: &SecretToken, now: Ts) -> Result<Option<StepOffer>> {
        let hash = token.hash();
        let found = self
            .store
            .read(move |tx| {
                let Some((account, _)) = tx.half_session(&hash, now)? else { return Ok(None) };
                Ok(Some((account, tx.passkeys(account)?, !tx.totps(account)?.is_empty())))
            })
            .await?;
        let Some((account, passkeys, app)) = found else { return Ok(None) };
        Ok(Some(self.offer_step(&format!("second step of {account}"), passkeys, app, now)?))
    }

    fn offer_step(
        &self,
        purpose: &str,
        passkeys: Vec<estampe_store::StoredPasskey>,
        app: bool,
        now: Ts,
    ) -> Result<StepOffer> {
        let passkeys: Vec<_> = passkeys.into_iter().map(|stored| stored.passkey).collect();
        let can_be = !passkeys.is_empty() && self.ports.passkeys.can_be();
        let passkey =
            if can_be { Some(self.asked(purpose, self.ports.passkeys.begin_use(&passkeys), now)?) } else { None };
        Ok(StepOffer { passkey, app })
    }

    /// The second factor of whoever is half way in. [`Error::Unauthenticated`] when it is wrong,
    /// or when it is too late: then [`half_way`](Self::half_way) says so.
    pub async fn second_step(
        &self,
        ctx: &Context,
        knock: &Knock,
        token: &SecretToken,
        answer: &FactorAnswer,
    ) -> Result<Admission> {
        let hash = token.hash();
        let (looked_up, now) = (hash.clone(), ctx.now);
        let browser = knock.browser.as_ref().map(SecretToken::hash);
        let found = self
            .store
            .read(move |tx| {
                let Some((account, how)) = tx.half_session(&looked_up, now)? else { return Ok(None) };
                let known = match browser {
                    Some(browser) if tx.knows_browser(account, &browser)? => Some(browser),
                    _ => None,
                };
                Ok(Some((account, how, known)))
            })
            .await?;
        let Some((account, how, known)) = found else { return Err(Error::Unauthenticated) };
        let tries = self.tries("factor", account, (knock, known.as_deref()), answer);
        if !tries.begin(ctx.now) {
            throttled();
            return Err(Error::Unavailable("too many wrong codes; wait a quarter of an hour".into()));
        }
        let purpose = format!("second step of {account}");
        let Some(shown) = self.check_factor(account, &purpose, answer, ctx.now).await? else {
            return self.not_let_in(ctx, Some(account)).await;
        };
        let fresh = self.fresh(ctx.now, knock);
        let (ctx_in, random) = (*ctx, self.shared_random());
        let admission = self
            .store
            .write(move |tx| {
                tx.lock_account(account)?;
                let Some((found, _)) = tx.account(account)? else { return Ok(None) };
                if !is_there(tx, &found)? || !take(tx, account, &shown, ctx_in.now)? || !tx.end_half_session(&hash)? {
                    return Ok(None);
                }
                let admitted = fresh.admit(tx, (&ctx_in, &*random), &found, &how, true)?;
                Ok(Some(fresh.admission(found, admitted)))
            })
            .await?;
        let Some(admission) = admission else { return self.not_let_in(ctx, Some(account)).await };
        tries.succeeded();
        Ok(admission)
    }

    /// Asks the browser for any passkey of this house.
    pub fn ask_passkey(&self, now: Ts) -> Result<PasskeyAsked> {
        self.asked(SIGN_IN, self.ports.passkeys.begin_use(&[]), now)
    }

    /// Whether people can have passkeys here.
    pub fn passkeys_can_be(&self) -> bool {
        self.ports.passkeys.can_be()
    }

    /// Signs in by a passkey alone: what its holder has, and what they are or know.
    pub async fn passkey_sign_in(&self, ctx: &Context, knock: &Knock, state: &str, answer: &str) -> Result<Admission> {
        // nobody guesses one, but each that does not fit is written down
        let tries = Tries::of_client(&self.throttle, "passkey", &knock.client);
        if !tries.begin(ctx.now) {
            throttled();
            return Err(Error::Unavailable("too many passkeys that do not fit; wait a quarter of an hour".into()));
        }
        let state = self.ceremony(SIGN_IN, state, ctx.now);
        let whose = self.ports.passkeys.whose(answer).ok();
        let (Some(state), Some(whose)) = (state, whose) else { return self.not_let_in(ctx, None).await };
        let passkeys = self.store.read(move |tx| tx.passkeys(whose)).await?;
        // whom an answer names is its maker's word: an account without passkeys was not meant
        let meant = (!passkeys.is_empty()).then_some(whose);
        let stored: Vec<_> = passkeys.iter().map(|known| known.passkey.clone()).collect();
        let used = match self.ports.passkeys.finish_use(&state, answer, &stored, true) {
            Ok(used) => used,
            Err(why) => {
                tracing::info!(passkey.problem = why, "a passkey was not taken");
                return self.not_let_in(ctx, meant).await;
            }
        };
        let Some(factor) = passkeys.iter().find(|known| known.credential == used.credential).map(|k| k.factor) else {
            return self.not_let_in(ctx, meant).await;
        };
        let shown = Shown::Passkey(factor, used.passkey);
        let fresh = self.fresh(ctx.now, knock);
        let (ctx_in, random) = (*ctx, self.shared_random());
        let admission = self
            .store
            .write(move |tx| {
                tx.lock_account(whose)?;
                let Some((found, _)) = tx.account(whose)? else { return Ok(None) };
                if !is_there(tx, &found)? || !take(tx, whose, &shown, ctx_in.now)? {
                    return Ok(None);
                }
                let admitted = fresh.admit(tx, (&ctx_in, &*random), &found, &How::Passkey, true)?;
                Ok(Some(fresh.admission(found, admitted)))
            })
            .await?;
        let Some(admission) = admission else { return self.not_let_in(ctx, meant).await };
        tries.succeeded();
        metrics::counter!(metric::SIGN_INS.name, "outcome" => "accepted").increment(1);
        Ok(admission)
    }

    /// What whoever is signed in may show to confirm who they are.
    pub async fn confirmation(&self, ctx: &Context) -> Result<(StepOffer, bool)> {
        let own = own_account(ctx)?;
        let (passkeys, app, password) = self
            .store
            .read(move |tx| {
                let password = tx.account(own)?.is_some_and(|(_, hash)| hash.is_some());
                Ok((tx.passkeys(own)?, !tx.totps(own)?.is_empty(), password))
            })
            .await?;
        let has_factor = app || !passkeys.is_empty();
        Ok((self.offer_step(&format!("confirmation of {own}"), passkeys, app, ctx.now)?, password && !has_factor))
    }

    /// Shows once more who one is: by a second factor where there is one, else by the password.
    /// The session goes on under another token, which this gives. [`Error::Unauthenticated`] when
    /// it is wrong.
    pub async fn confirm(&self, ctx: &Context, knock: &Knock, answer: &FactorAnswer) -> Result<SecretToken> {
        let (own, session) = (own_account(ctx)?, session_of(ctx)?);
        // what the browser says of itself counts where the account knows it: anybody can say another each time
        let known = match knock.browser.as_ref().map(SecretToken::hash) {
            Some(browser) => {
                let hash = browser.clone();
                self.store.read(move |tx| tx.knows_browser(own, &hash)).await?.then_some(browser)
            }
            None => None,
        };
        let tries = self.tries("confirmation", own, (knock, known.as_deref()), answer);
        if !tries.begin(ctx.now) {
            throttled();
            return Err(Error::Unavailable("too many wrong tries; wait a quarter of an hour".into()));
        }
        let has_factor = ctx.proof.is_some_and(|proof| proof.has_factor);
        let shown = match answer {
            FactorAnswer::Password(password) if !has_factor => {
                let (_, hash) = self.store.read(move |tx| tx.account(own)).await?.ok_or(Error::NotFound)?;
                let hash = hash.filter(|_| password.chars().count() <= PASSWORD_MAX);
                if !self.passwords.verify(password, hash, self.random()).await? {
                    return self.not_confirmed(ctx, own).await;
                }
                None
            }
            answer => {
                let purpose = format!("confirmation of {own}");
                let Some(shown) = self.check_factor(own, &purpose, answer, ctx.now).await? else {
                    return self.not_confirmed(ctx, own).await;
                };
                Some(shown)
            }
        };
        let token = SecretToken::new(self.random());
        let (ctx_in, random, token_hash) = (*ctx, self.shared_random(), token.hash());
        let done = self
            .store
            .write(move |tx| {
                tx.lock_account(own)?;
                if let Some(shown) = &shown
                    && !take(tx, own, shown, ctx_in.now)?
                {
                    return Ok(false);
                }
                tx.confirm_session(session, &token_hash, shown.is_some(), ctx_in.now)?;
                let event = AuditEvent::done(&ctx_in, &*random, "session.confirm", "account", own);
                tx.audit(&event.with(json!({"with_factor": shown.is_some()})))?;
                Ok(true)
            })
            .await?;
        if !done {
            return self.not_confirmed(ctx, own).await;
        }
        tries.succeeded();
        Ok(token)
    }

    async fn not_confirmed<T>(&self, ctx: &Context, own: AccountId) -> Result<T> {
        let event = AuditEvent::done(ctx, self.random(), "session.confirm", "account", own).refused();
        self.store.write(move |tx| tx.audit(&event)).await?;
        Err(Error::Unauthenticated)
    }

    /// What an answer is counted by. A code of an app is short and can be guessed; a recovery code and a
    /// passkey cannot, so that whoever has them comes in while somebody else guesses.
    fn tries(
        &self,
        what: &str,
        account: AccountId,
        (knock, known): (&Knock, Option<&str>),
        answer: &FactorAnswer,
    ) -> Tries<'_> {
        let (whom, client) = (account.to_string(), &knock.client);
        match answer {
            FactorAnswer::Code(typed) if without_spaces(typed).chars().count() <= LONGEST_CODE => {
                Tries::of_code(&self.throttle, what, &whom, client, known)
            }
            FactorAnswer::Code(_) => Tries::of(&self.throttle, &format!("{what}, recovery"), &whom, client, known),
            FactorAnswer::Passkey { .. } => {
                Tries::of(&self.throttle, &format!("{what}, passkey"), &whom, client, known)
            }
            FactorAnswer::Password(_) => Tries::of(&self.throttle, what, &whom, client, known),
        }
    }

    /// Whether an answer is a factor of the account; it is taken in the transaction that lets
    /// them in.
    async fn check_factor(
        &self,
        account: AccountId,
        purpose: &str,
        answer: &FactorAnswer,
        now: Ts,
    ) -> Result<Option<Shown>> {
        match answer {
            FactorAnswer::Password(_) => Ok(None),
            FactorAnswer::Code(typed) => {
                let code = without_spaces(typed);
                let apps = self.store.read(move |tx| tx.totps(account)).await?;
                let of_app = apps.iter().find_map(|app| Some((app.factor, totp::step(&app.seed, &code, now)?)));
                Ok(Some(match of_app {
                    Some((factor, step)) => Shown::Totp(factor, step),
                    None => Shown::Recovery(code),
                }))
            }
            FactorAnswer::Passkey { state, answer } => {
                let Some(state) = self.ceremony(purpose, state, now) else { return Ok(None) };
                let passkeys = self.store.read(move |tx| tx.passkeys(account)).await?;
                let stored: Vec<_> = passkeys.iter().map(|known| known.passkey.clone()).collect();
                let used = match self.ports.passkeys.finish_use(&state, answer, &stored, false) {
                    Ok(used) => used,
                    Err(why) => {
                        tracing::info!(passkey.problem = why, "a passkey was not taken");
                        return Ok(None);
                    }
                };
                let factor = passkeys.iter().find(|known| known.credential == used.credential);
                Ok(factor.map(|known| Shown::Passkey(known.factor, used.passkey)))
            }
        }
    }
}

/// Somebody has to wait.
pub(crate) fn throttled() {
    metrics::counter!(metric::SIGN_INS.name, "outcome" => "throttled").increment(1);
}

/// Notes that a factor was shown; `false` when its code was taken before, or is none.
fn take(tx: &mut Tx<'_>, account: AccountId, shown: &Shown, now: Ts) -> estampe_store::Result<bool> {
    match shown {
        Shown::Totp(factor, step) => tx.take_totp_step(*factor, *step, now),
        Shown::Passkey(factor, passkey) => {
            tx.use_passkey(*factor, passkey.as_deref(), now)?;
            Ok(true)
        }
        Shown::Recovery(code) => take_recovery_code(tx, account, code),
    }
}
