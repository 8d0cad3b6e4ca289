//! A signature sent to oneself: how it looks in a mail, and not only on a page.

use std::fmt;

use estampe_domain::account::Account;
use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{AccountId, JobId};
use estampe_domain::mail::TestedSignature;
use estampe_domain::signature::Signature;
use estampe_domain::text::Email;
use estampe_domain::{Actor, Context, Error, Locale, Result};
use estampe_store::{Job, NewJob};

use crate::Service;
use crate::accounts::is_there;

/// Mails that somebody may have sent to themselves within a quarter of an hour.
const MANY: u32 = 5;

/// Why no mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestMailRefusal {
    /// There is no server to send it by.
    NoServer,
    /// No rule gives a signature, or the template fails.
    NoSignature,
    /// Some were sent just now.
    TooMany,
}

impl fmt::Display for TestMailRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoServer => "no mail server is configured; see [smtp] of the configuration",
            Self::NoSignature => "there is no signature to be sent; see estampe signature test",
            Self::TooMany => "five were sent within a quarter of an hour: wait a little",
        })
    }
}

impl From<TestMailRefusal> for Error {
    fn from(refusal: TestMailRefusal) -> Self {
        Self::Conflict(refusal.to_string())
    }
}

/// All that such a mail says.
#[derive(Clone, Debug)]
pub struct SignatureMailData {
    /// To whom.
    pub account: Account,
    /// The language of what stands around the signature.
    pub locale: Locale,
    /// The signature.
    pub signature: Signature,
}

impl Service {
    /// Sends whoever asks a mail with a signature that they may see: to the address of their
    /// account and no other. To whom.
    pub async fn mail_signature(
        &self,
        ctx: &Context,
        of: TestedSignature,
    ) -> Result<std::result::Result<Email, TestMailRefusal>> {
        let Actor::Account(account) = ctx.actor else { return Err(Error::Forbidden) };
        self.mail_signature_to(ctx, of, account).await
    }

    /// The same for root of this machine, who is no account and names one.
    pub async fn mail_signature_for(&self, ctx: &Context, of: TestedSignature, email: &str) -> Result<Email> {
        if ctx.actor != Actor::Operator {
            return Err(Error::Forbidden);
        }
        let typed = email.to_owned();
        let found = self.store.read(move |tx| tx.account_by_email(&typed)).await?;
        let no_account = || Error::invalid("account", format!("no account has the address \"{email}\""));
        let (account, _) = found.ok_or_else(no_account)?;
        Ok(self.mail_signature_to(ctx, of, account.id).await??)
    }

    async fn mail_signature_to(
        &self,
        ctx: &Context,
        of: TestedSignature,
        account: AccountId,
    ) -> Result<std::result::Result<Email, TestMailRefusal>> {
        // whoever may not see it learns nothing else either
        let made = self.tested_signature(ctx, of).await?;
        if !self.settings.mail_configured {
            return Ok(Err(TestMailRefusal::NoServer));
        }
        if made.is_none() {
            return Ok(Err(TestMailRefusal::NoSignature));
        }
        if !self.throttle.begin_of(&format!("signature mail {account}"), MANY, ctx.now) {
            return Ok(Err(TestMailRefusal::TooMany));
        }
        let (ctx, random, id) = (*ctx, self.shared_random(), JobId::new(ctx.now, self.random()));
        let email = self
            .store
            .write(move |tx| {
                let (account, _) = tx.account(account)?.ok_or(Error::NotFound)?;
                let job = Job::SignatureTest(account.id, of);
                tx.enqueue(&NewJob { id, job, request: ctx.request, run_at: ctx.now })?;
                let event = match of {
                    TestedSignature::Person(person, _) => {
                        AuditEvent::done(&ctx, &*random, "signature.mail", "person", person)
                    }
                    TestedSignature::Design(design, _) => {
                        AuditEvent::done(&ctx, &*random, "signature.mail", "signature-design", design)
                    }
                };
                tx.audit(&event.with(serde_json::json!({"account": account.id})))?;
                Ok(account.email)
            })
            .await?;
        self.wake_worker();
        Ok(Ok(email))
    }

    /// What such a mail says; none when its reader may not come in any more, or there is no
    /// signature any more.
    pub async fn signature_mail_data(
        &self,
        ctx: &Context,
        account: AccountId,
        of: TestedSignature,
    ) -> Result<Option<SignatureMailData>> {
        let default_locale = self.settings.default_locale;
        let found = self
            .store
            .read(move |tx| {
                let Some((account, _)) = tx.account(account)? else { return Ok(None) };
                if !is_there(tx, &account)? {
                    return Ok(None);
                }
                let person = account.person.map(|person| tx.person(person)).transpose()?.flatten();
                let locale = person.and_then(|person| person.profile.locale).unwrap_or(default_locale);
                Ok(Some((account, locale)))
            })
            .await?;
        let Some((account, locale)) = found else { return Ok(None) };
        // as much as they may see now
        let reader = ctx.of_account(account.id, account.roles, account.person);
        match self.tested_signature(&reader, of).await {
            Ok(signature) => Ok(signature.map(|signature| SignatureMailData { account, locale, signature })),
            Err(Error::NotFound | Error::Forbidden) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The signature that is asked for, where there is one.
    async fn tested_signature(&self, ctx: &Context, of: TestedSignature) -> Result<Option<Signature>> {
        let made = match of {
            TestedSignature::Person(person, day) => self.signature_of(ctx, person, day).await?.made,
            TestedSignature::Design(design, day) => self.design_look(ctx, design, day).await?.map(|look| look.made),
        };
        Ok(made.and_then(std::result::Result::ok))
    }
}
