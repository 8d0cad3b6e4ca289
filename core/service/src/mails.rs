//! The jobs as the worker sees them, and what mails say.

use estampe_domain::account::Account;
use estampe_domain::ids::{
    AccountId, BulkId, ChangeId, JobId, LeadId, PublicationId, RunId, SecretToken, SessionId, SourceId,
};
use estampe_domain::lead::{ConsentRecord, LeadDetails};
use estampe_domain::mail::{AccountMail, LeadMail, Occasion};
use estampe_domain::person::Profile;
use estampe_domain::session::SessionFacts;
use estampe_domain::{Locale, PublicId, RequestId, Result, Ts};
use estampe_store::{Job, JobRow, Lease, Tx};

use crate::Service;
use crate::accounts::{INVITATION, RESET, is_there};
use crate::views::{JobState, MailEntry};

/// A job that this worker leased.
#[derive(Clone, Debug)]
pub struct DueJob {
    /// This worker's hold on it.
    pub lease: Lease,
    /// What is to be done.
    pub work: Work,
    /// The request that caused it.
    pub request: RequestId,
    /// Tries, this one included.
    pub attempt: u32,
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Send a mail.
    Mail(Occasion),
    /// Run a connector.
    Sync(RunId),
    /// Apply a plan that stands.
    Apply(RunId),
    /// End a source, and what came from it.
    EndSource(SourceId),
    /// Do one thing to the cards of many people.
    Bulk(BulkId),
    /// Plan or write the signatures of mailboxes.
    Publication(PublicationId),
    /// A change of a person's field.
    WriteBack(ChangeId),
}

impl From<&Job> for Work {
    fn from(job: &Job) -> Self {
        match job {
            Job::LeadAcknowledgement(lead) => Self::Mail(Occasion::Lead(LeadMail::Acknowledgement, *lead)),
            Job::LeadNotice(lead) => Self::Mail(Occasion::Lead(LeadMail::Notice, *lead)),
            Job::AccountMail(mail, account) => Self::Mail(Occasion::Account(*mail, *account)),
            Job::NewBrowser(account, session) => Self::Mail(Occasion::NewBrowser(*account, *session)),
            Job::SignatureTest(account, of) => Self::Mail(Occasion::Signature(*account, *of)),
            Job::Sync(run) => Self::Sync(*run),
            Job::Apply(run) => Self::Apply(*run),
            Job::EndSource(source) => Self::EndSource(*source),
            Job::Bulk(bulk) => Self::Bulk(*bulk),
            Job::Publication(publication) => Self::Publication(*publication),
            Job::WriteBack(change) => Self::WriteBack(*change),
        }
    }
}

/// All that the mails of a lead say.
#[derive(Clone, Debug)]
pub struct LeadMailData {
    /// Which lead.
    pub lead: LeadId,
    /// Whether the holder has an account to see it by.
    pub holder_signs_in: bool,
    /// What was left.
    pub details: LeadDetails,
    /// When.
    pub received_at: Ts,
    /// The visitor's language.
    pub visitor_locale: Locale,
    /// The language for the holder.
    pub holder_locale: Locale,
    /// The holder.
    pub holder: Profile,
    /// The holder's card.
    pub public_id: PublicId,
    /// What was told and agreed.
    pub consents: Vec<ConsentRecord>,
}

/// All that a mail to the holder of an account says.
#[derive(Debug)]
pub struct AccountMailData {
    /// To whom.
    pub account: Account,
    /// The language for them.
    pub locale: Locale,
    /// The code to choose a password by; made now, so that no job holds one.
    pub code: Option<SecretToken>,
    /// Until when it is good.
    pub ends: Ts,
}

/// All that the mail about a browser that was not known says.
#[derive(Debug)]
pub struct BrowserMailData {
    /// To whom.
    pub account: Account,
    /// The language for them.
    pub locale: Locale,
    /// When the session was begun.
    pub at: Ts,
    /// From where; nothing once it has ended.
    pub session: Option<SessionFacts>,
}

/// How long a worker may be silent before another takes its job, in seconds.
const LEASE: i64 = 120;

impl Service {
    /// Leases a due job; `None` when another worker was quicker.
    pub async fn lease_job(&self, job: JobId) -> Result<Option<DueJob>> {
        let now = self.ports.clock.now();
        let row = self.store.write(move |tx| tx.lease_job(job, now, now.plus_seconds(LEASE))).await?;
        Ok(row.map(|row| DueJob {
            lease: row.lease(),
            work: Work::from(&row.job),
            request: row.request,
            attempt: row.attempts,
        }))
    }

    /// Gives back what a killed predecessor of this process had leased. Only for a
    /// database that no other node shares.
    pub async fn release_jobs(&self) -> Result<u64> {
        Ok(self.store.write(|tx| tx.release_jobs()).await?)
    }

    /// Notes that a job is done.
    pub async fn finish_job(&self, lease: Lease) -> Result<()> {
        let now = self.ports.clock.now();
        Ok(self.store.write(move |tx| tx.finish_job(lease, now)).await?)
    }

    /// Puts a job back for later. `error` holds classes and codes only.
    pub async fn retry_job(&self, lease: Lease, after_seconds: i64, error: String) -> Result<()> {
        let at = self.ports.clock.now().plus_seconds(after_seconds);
        Ok(self.store.write(move |tx| tx.retry_job(lease, at, &error)).await?)
    }

    /// Gives a job up; it stays visible.
    pub async fn kill_job(&self, lease: Lease, error: String) -> Result<()> {
        let now = self.ports.clock.now();
        Ok(self.store.write(move |tx| tx.kill_job(lease, now, &error)).await?)
    }

    /// What a mail to the holder of an account says; `None` when they may not come in any more.
    /// A mail with a code makes one, which voids the one before.
    pub async fn account_mail_data(&self, mail: AccountMail, account: AccountId) -> Result<Option<AccountMailData>> {
        let default_locale = self.settings.default_locale;
        let now = self.ports.clock.now();
        let code = mail.has_code().then(|| SecretToken::new(self.random()));
        let hash = code.as_ref().map(SecretToken::hash);
        let ends = now.plus_seconds(if mail == AccountMail::Reset { RESET } else { INVITATION });
        let found = self
            .store
            .write(move |tx| {
                tx.lock_account(account)?;
                let Some((account, _)) = tx.account(account)? else { return Ok(None) };
                if !is_there(tx, &account)? {
                    return Ok(None);
                }
                if let Some(hash) = hash {
                    tx.put_account_token(account.id, &hash, ends)?;
                }
                let locale = locale_of(tx, &account)?.unwrap_or(default_locale);
                Ok(Some((account, locale)))
            })
            .await?;
        Ok(found.map(|(account, locale)| AccountMailData { account, locale, code, ends }))
    }

    /// What the mail about a browser that was not known says; `None` when the account's holder may not come in
    /// any more.
    pub async fn browser_mail_data(&self, account: AccountId, session: SessionId) -> Result<Option<BrowserMailData>> {
        let default_locale = self.settings.default_locale;
        let read = self.store.read(move |tx| {
            let Some((account, _)) = tx.account(account)? else { return Ok(None) };
            if !is_there(tx, &account)? {
                return Ok(None);
            }
            let locale = locale_of(tx, &account)?.unwrap_or(default_locale);
            let found = tx.sessions_of(account.id)?.into_iter().find(|one| one.id == session);
            Ok(Some(BrowserMailData { account, locale, at: session.made_at(), session: found }))
        });
        Ok(read.await?)
    }

    /// What a lead's mails say; `None` when its subject was erased meanwhile.
    pub async fn lead_mail_data(&self, lead: LeadId) -> Result<Option<LeadMailData>> {
        let default_locale = self.settings.default_locale;
        Ok(self
            .store
            .read(move |tx| {
                let Some((found, visitor_locale)) = tx.lead(lead)? else { return Ok(None) };
                let Some(details) = found.details else { return Ok(None) };
                let Some(holder) = tx.person(found.person)? else { return Ok(None) };
                Ok(Some(LeadMailData {
                    lead,
                    holder_signs_in: tx.signs_in(found.person)?,
                    details,
                    received_at: found.received_at,
                    visitor_locale,
                    holder_locale: holder.profile.locale.unwrap_or(default_locale),
                    holder: holder.profile,
                    public_id: holder.public_id,
                    consents: tx.consents(lead)?,
                }))
            })
            .await?)
    }
}

/// The language of whoever an account belongs to, where it is known.
fn locale_of(tx: &mut Tx<'_>, account: &Account) -> estampe_store::Result<Option<Locale>> {
    let person = account.person.map(|person| tx.person(person)).transpose()?.flatten();
    Ok(person.and_then(|person| person.profile.locale))
}

/// A mail job for the console; `None` for other jobs.
pub fn entry(row: &JobRow) -> Option<MailEntry> {
    let Work::Mail(about) = Work::from(&row.job) else { return None };
    Some(MailEntry {
        job: row.id,
        about,
        state: match row.state {
            estampe_store::JobState::Waiting => JobState::Waiting,
            estampe_store::JobState::Running => JobState::Running,
            estampe_store::JobState::Done => JobState::Done,
            estampe_store::JobState::Dead => JobState::Dead,
        },
        attempts: row.attempts,
        next_at: row.run_at,
        last_error: row.last_error.clone(),
    })
}
