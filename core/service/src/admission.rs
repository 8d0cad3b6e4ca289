//! Letting somebody in who showed who they are, by whatever way: a session, or the step
//! before it where the account has a second factor.

use estampe_domain::account::Account;
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{JobId, SecretToken, SessionId};
use estampe_domain::ports::Random;
use estampe_domain::session::How;
use estampe_domain::{Actor, Context, Ts};
use estampe_store::{Job, NewJob, NewSession, Tx};
use serde_json::json;

use crate::Service;
use crate::views::{Admission, HalfWay, Knock, SignedIn};

/// Whoever showed the first factor has so many seconds for the second (10 minutes).
const HALF_WAY: i64 = 600;

/// What a session is made of, drawn before the transaction.
pub struct Fresh {
    token: SecretToken,
    id: SessionId,
    csrf: String,
    browser: SecretToken,
    mail: Option<JobId>,
    knock: Knock,
}

/// How far somebody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    signed_in: bool,
    /// The browser that was presented is known to this house.
    keeps_browser: bool,
}

impl Service {
    /// Draws what a session needs.
    pub(crate) fn fresh(&self, now: Ts, knock: &Knock) -> Fresh {
        Fresh {
            token: SecretToken::new(self.random()),
            id: SessionId::new(now, self.random()),
            csrf: SecretToken::new(self.random()).reveal().to_owned(),
            browser: SecretToken::new(self.random()),
            mail: self.settings.mail_configured.then(|| JobId::new(now, self.random())),
            knock: knock.clone(),
        }
    }
}

impl Fresh {
    /// Lets an account in, inside the transaction that checked what was shown: a session, or
    /// half of one where a second factor is still to be shown.
    pub fn admit(
        &self,
        tx: &mut Tx<'_>,
        (ctx, random): (&Context, &dyn Random),
        account: &Account,
        how: &How,
        with_factor: bool,
    ) -> estampe_store::Result<Admitted> {
        let ctx = Context { actor: Actor::Account(account.id), ..*ctx };
        let hash = self.token.hash();
        if !with_factor && tx.factor_count(account.id)? > 0 {
            tx.insert_half_session(&hash, account.id, how, ctx.now.plus_seconds(HALF_WAY))?;
            let event = AuditEvent::done(&ctx, random, "session.first-factor", "account", account.id);
            tx.audit(&event.with(json!({"how": how.as_stored()})))?;
            return Ok(Admitted { signed_in: false, keeps_browser: false });
        }
        // whoever signs in anew leaves no session behind that nobody sees any more
        if let Some(before) = &self.knock.session
            && tx.end_session(&before.hash())?
        {
            let event = AuditEvent::done(&ctx, random, "session.end", "appliance", "console");
            tx.audit(&event.with(json!({"by": "sign-in"})))?;
        }
        tx.insert_session(
            &NewSession {
                id: self.id,
                token_hash: &hash,
                account: account.id,
                csrf: &self.csrf,
                how,
                agent: &self.knock.agent,
                address: &self.knock.address,
                with_factor,
            },
            ctx.now,
        )?;
        let keeps_browser = match &self.knock.browser {
            Some(presented) => tx.browser_is_known(&presented.hash())?,
            None => false,
        };
        let presented = self.knock.browser.as_ref().filter(|_| keeps_browser);
        let first = !tx.has_browsers(account.id)?;
        let is_new = tx.know_browser(account.id, &presented.unwrap_or(&self.browser).hash(), ctx.now)?;
        if let Some(id) = self.mail.filter(|_| is_new && !first) {
            let job = Job::NewBrowser(account.id, self.id);
            tx.enqueue(&NewJob { id, job, request: ctx.request, run_at: ctx.now })?;
        }
        let event = AuditEvent::done(&ctx, random, "session.begin", "account", account.id);
        tx.audit(&event.with(json!({"how": how.as_stored(), "with_factor": with_factor})))?;
        Ok(Admitted { signed_in: true, keeps_browser })
    }

    /// What the browser is given.
    pub fn admission(self, account: Account, admitted: Admitted) -> Admission {
        if !admitted.signed_in {
            return Admission::HalfWay(HalfWay { token: self.token });
        }
        let browser = (!admitted.keeps_browser).then_some(self.browser);
        Admission::In(SignedIn { token: self.token, account, browser })
    }
}
