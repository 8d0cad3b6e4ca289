//! One's own second factors: passkeys, apps, and the codes for whoever lost them.

use data_encoding::BASE32_NOPAD;
use estampe_domain::approval::Act;
use estampe_domain::audit::AuditEvent;
use estampe_domain::credential::Secret;
use estampe_domain::ids::{AccountId, BlobId, FactorId, JobId, SecretToken, SessionId};
use estampe_domain::mail::AccountMail;
use estampe_domain::session::{Factor, FactorKind};
use estampe_domain::text::Line;
use estampe_domain::{Context, Error, Result, Right, Ts};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;
use crate::sign_in::{own_account, tell};
use crate::totp;
use crate::views::{FactorAdded, FactorOutcome, OwnFactors, PasskeyAsked, TotpOffer};

/// Most factors of an account.
const MOST: u64 = 10;
/// How many recovery codes there are.
const CODES: usize = 10;
/// Octets of a recovery code: 136 bits, so that a plain hash is enough (ASVS 5.0, 6.5.2 and 11.5.1).
const CODE: usize = 17;
/// A browser has so many seconds to answer (10 minutes).
const CEREMONY: i64 = 600;

/// What a factor needs in the transaction that adds it.
enum Added<'a> {
    Passkey { credential: &'a str, passkey: &'a str },
    Totp { seed: &'a Secret, step: i64 },
}

impl Service {
    /// One's own second factors.
    pub async fn own_factors(&self, ctx: &Context) -> Result<OwnFactors> {
        let own = own_account(ctx)?;
        let passkeys_can_be = self.ports.passkeys.can_be();
        Ok(self
            .store
            .read(move |tx| {
                Ok(OwnFactors {
                    factors: tx.factors(own)?,
                    recovery_codes: tx.recovery_codes(own)?,
                    has_password: tx.account(own)?.is_some_and(|(_, hash)| hash.is_some()),
                    passkeys_can_be,
                })
            })
            .await?)
    }

    /// Offers an app's seed. Nothing is kept until a code of it comes back.
    pub async fn offer_totp(&self, ctx: &Context) -> Result<TotpOffer> {
        ctx.require_recent()?;
        self.totp_offer(ctx, totp::new_seed(self.random())).await
    }

    /// The same offer again, for whoever mistyped the code.
    async fn totp_offer(&self, ctx: &Context, seed: Secret) -> Result<TotpOffer> {
        let own = own_account(ctx)?;
        let (account, _) = self.store.read(move |tx| tx.account(own)).await?.ok_or(Error::NotFound)?;
        let url = totp::url(&seed, &self.settings.organisation, account.email.as_str())?;
        let state =
            self.store.seal_state(&format!("totp {own}"), seed.reveal().as_bytes(), ctx.now.plus_seconds(CEREMONY))?;
        Ok(TotpOffer { qr: self.ports.qr.svg(&url)?, seed, state })
    }

    /// Adds an app, by a first code of the seed that was offered.
    pub async fn add_totp(&self, ctx: &Context, name: &str, state: &str, code: &str) -> Result<FactorOutcome> {
        ctx.require_recent()?;
        let own = own_account(ctx)?;
        let seed = self.store.open_state(&format!("totp {own}"), state, ctx.now);
        let Some(seed) = seed.and_then(|seed| String::from_utf8(seed).ok()).map(Secret::new) else {
            return Ok(FactorOutcome::Expired);
        };
        let mut problems = Vec::new();
        let name = factor_name(name, &mut problems);
        let step = totp::step(&seed, &without_spaces(code), ctx.now);
        if step.is_none() {
            problems.push(("code", "factor-code-wrong"));
        }
        let (Some(name), Some(step), true) = (name, step, problems.is_empty()) else {
            return Ok(FactorOutcome::Problems(problems, Some(Box::new(self.totp_offer(ctx, seed).await?))));
        };
        let factor = self.new_factor(ctx.now, FactorKind::Totp, name);
        self.add_factor(ctx, factor, move |added| added(Added::Totp { seed: &seed, step })).await
    }

    /// Asks the browser for a new passkey.
    pub async fn offer_passkey(&self, ctx: &Context) -> Result<PasskeyAsked> {
        ctx.require_recent()?;
        let own = own_account(ctx)?;
        let (account, known) = self.store.read(move |tx| Ok((tx.account(own)?, tx.passkeys(own)?))).await?;
        let (account, _) = account.ok_or(Error::NotFound)?;
        let known: Vec<_> = known.into_iter().map(|known| known.passkey).collect();
        let asked = self.ports.passkeys.begin_registration(own, account.email.as_str(), account.name.as_str(), &known);
        self.asked(&format!("new passkey {own}"), asked, ctx.now)
    }

    /// Adds the passkey that the browser answered with.
    pub async fn add_passkey(&self, ctx: &Context, name: &str, state: &str, answer: &str) -> Result<FactorOutcome> {
        ctx.require_recent()?;
        let own = own_account(ctx)?;
        let Some(state) = self.ceremony(&format!("new passkey {own}"), state, ctx.now) else {
            return Ok(FactorOutcome::Expired);
        };
        let mut problems = Vec::new();
        let name = factor_name(name, &mut problems);
        let made = match self.ports.passkeys.finish_registration(&state, answer) {
            Ok(made) => Some(made),
            Err(why) => {
                tracing::info!(passkey.problem = why, "a passkey was not taken");
                problems.push(("passkey", "factor-passkey-wrong"));
                None
            }
        };
        let (Some(name), Some(made), true) = (name, made, problems.is_empty()) else {
            return Ok(FactorOutcome::Problems(problems, None));
        };
        let factor = self.new_factor(ctx.now, FactorKind::Passkey, name);
        self.add_factor(ctx, factor, move |added| {
            added(Added::Passkey { credential: &made.credential, passkey: &made.passkey })
        })
        .await
    }

    /// Stores a factor, which the session has shown by that; other sessions end, and the first
    /// factor brings recovery codes.
    async fn add_factor(
        &self,
        ctx: &Context,
        factor: Factor,
        with: impl FnOnce(&mut dyn FnMut(Added<'_>) -> estampe_store::Result<()>) -> estampe_store::Result<()>
        + Send
        + 'static,
    ) -> Result<FactorOutcome> {
        let own = own_account(ctx)?;
        let session = session_of(ctx)?;
        let token = SecretToken::new(self.random());
        let codes = self.new_codes();
        let mail = self.mail_id(ctx.now);
        let (ctx, random, token_hash) = (*ctx, self.shared_random(), token.hash());
        let stored = self
            .store
            .write(move |tx| {
                tx.lock_account(own)?;
                let before = tx.factor_count(own)?;
                if before >= MOST {
                    return Err(Error::Conflict(format!("an account has at most {MOST} second factors")).into());
                }
                with(&mut |added| match added {
                    Added::Passkey { credential, passkey } => tx.insert_passkey(own, &factor, credential, passkey),
                    Added::Totp { seed, step } => tx.insert_totp(own, &factor, seed, step),
                })?;
                if before == 0 {
                    tx.put_recovery_codes(own, &hashes(&codes))?;
                }
                tx.end_other_sessions_of(own, session)?;
                tx.confirm_session(session, &token_hash, true, ctx.now)?;
                let event = AuditEvent::done(&ctx, &*random, "account.factor-add", "account", own);
                tx.audit(&event.with(json!({"factor": factor.id, "kind": factor.kind.as_str()})))?;
                tell(tx, &ctx, mail, AccountMail::FactorsChanged, own)?;
                Ok((before == 0).then_some(codes))
            })
            .await;
        self.wake_worker();
        match stored {
            Ok(codes) => Ok(FactorOutcome::Done(FactorAdded { token, recovery_codes: codes })),
            Err(error) if error.is_conflict() => {
                Err(Error::Conflict("this passkey belongs to an account already".into()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes one of one's own second factors. The last one stays while a role wants one.
    pub async fn remove_factor(&self, ctx: &Context, factor: FactorId) -> Result<SecretToken> {
        ctx.require_recent()?;
        let own = own_account(ctx)?;
        let session = session_of(ctx)?;
        let wanted = !ctx.roles.and(self.settings.sign_in.factor_roles).is_empty();
        let token = SecretToken::new(self.random());
        let mail = self.mail_id(ctx.now);
        let (ctx, random, token_hash) = (*ctx, self.shared_random(), token.hash());
        self.store
            .write(move |tx| {
                tx.lock_account(own)?;
                if !tx.delete_factor(own, factor)? {
                    return Err(Error::NotFound.into());
                }
                if wanted && tx.factor_count(own)? == 0 {
                    let why = "your role wants a second factor: add another one before you remove this one";
                    return Err(Error::Conflict(why.into()).into());
                }
                tx.end_other_sessions_of(own, session)?;
                tx.forget_browsers_of(own)?;
                tx.confirm_session(session, &token_hash, false, ctx.now)?;
                let event = AuditEvent::done(&ctx, &*random, "account.factor-remove", "account", own);
                tx.audit(&event.with(json!({"factor": factor})))?;
                tell(tx, &ctx, mail, AccountMail::FactorsChanged, own)
            })
            .await?;
        self.wake_worker();
        Ok(token)
    }

    /// New recovery codes; the earlier ones are void.
    pub async fn renew_recovery_codes(&self, ctx: &Context) -> Result<Vec<String>> {
        ctx.require_recent()?;
        let own = own_account(ctx)?;
        let codes = self.new_codes();
        let (ctx, random, hashes) = (*ctx, self.shared_random(), hashes(&codes));
        self.store
            .write(move |tx| {
                tx.lock_account(own)?;
                if tx.factor_count(own)? == 0 {
                    return Err(Error::Conflict("recovery codes are for whoever has a second factor".into()).into());
                }
                tx.put_recovery_codes(own, &hashes)?;
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.recovery-codes", "account", own))
            })
            .await?;
        Ok(codes)
    }

    /// Takes all second factors from somebody who lost them, after whoever does it made sure who
    /// they are. Their sessions end.
    pub async fn reset_factors(&self, ctx: &Context, account: AccountId) -> Result<()> {
        ctx.require(Right::AccountsChange)?;
        ctx.require_recent()?;
        // the account has to be there before somebody is asked about it
        self.account(ctx, account).await?;
        self.second_look(ctx, || Act::ResetFactors { account }).await?;
        let mail = self.mail_id(ctx.now);
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                tx.lock_account(account)?;
                tx.account(account)?.ok_or(Error::NotFound)?;
                let gone = tx.delete_factors(account)?;
                tx.end_sessions_of(account)?;
                tx.forget_browsers_of(account)?;
                let event = AuditEvent::done(&ctx, &*random, "account.factors-reset", "account", account);
                tx.audit(&event.with(json!({"factors": gone})))?;
                tell(tx, &ctx, mail.filter(|_| gone > 0), AccountMail::FactorsChanged, account)
            })
            .await?;
        self.wake_worker();
        Ok(())
    }

    fn new_factor(&self, now: Ts, kind: FactorKind, name: Line) -> Factor {
        Factor { id: FactorId::new(now, self.random()), kind, name, created_at: now, used_at: None }
    }

    pub(crate) fn mail_id(&self, now: Ts) -> Option<JobId> {
        self.settings.mail_configured.then(|| JobId::new(now, self.random()))
    }

    fn new_codes(&self) -> Vec<String> {
        let code = |_| {
            let mut octets = [0; CODE];
            self.random().fill(&mut octets);
            let text = BASE32_NOPAD.encode(&octets).to_lowercase();
            let groups: Vec<String> =
                text.chars().collect::<Vec<_>>().chunks(7).map(|group| group.iter().collect()).collect();
            groups.join("-")
        };
        (0..CODES).map(code).collect()
    }

    /// A ceremony for the browser, its state sealed for this purpose.
    pub(crate) fn asked(
        &self,
        purpose: &str,
        asked: Result<estampe_domain::ports::Ceremony, String>,
        now: Ts,
    ) -> Result<PasskeyAsked> {
        let asked = asked.map_err(|why| Error::Conflict(format!("no passkey can be asked for: {why}")))?;
        let state = self.store.seal_state(purpose, asked.state.as_bytes(), now.plus_seconds(CEREMONY))?;
        Ok(PasskeyAsked { options: asked.options, state })
    }

    /// The state of a ceremony that is still open, once: whoever answers twice is not heard.
    pub(crate) fn ceremony(&self, purpose: &str, sealed: &str, now: Ts) -> Option<String> {
        let state = String::from_utf8(self.store.open_state(purpose, sealed, now)?).ok()?;
        self.answered.first(sealed, now.plus_seconds(CEREMONY), now).then_some(state)
    }
}

/// Takes a recovery code, once.
pub fn take_recovery_code(tx: &mut Tx<'_>, account: AccountId, typed: &str) -> estampe_store::Result<bool> {
    tx.take_recovery_code(account, &hash_of(typed))
}

fn hashes(codes: &[String]) -> Vec<String> {
    codes.iter().map(|code| hash_of(code)).collect()
}

fn hash_of(code: &str) -> String {
    BlobId::of(without_spaces(code).to_lowercase().as_bytes()).as_str().to_owned()
}

/// Codes are shown in groups and typed as people like.
pub fn without_spaces(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(128).collect()
}

fn factor_name(name: &str, problems: &mut Vec<(&'static str, &'static str)>) -> Option<Line> {
    let name: Option<Line> = name.parse().ok().filter(|name: &Line| name.as_str().chars().count() <= 60);
    if name.is_none() {
        problems.push(("name", "factor-name-needed"));
    }
    name
}

/// The session that asks: only a browser has factors to show.
pub fn session_of(ctx: &Context) -> Result<SessionId> {
    ctx.proof.map(|proof| proof.session).ok_or(Error::Forbidden)
}
