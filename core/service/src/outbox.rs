//! The outbox: mails that wait, mails that were given up, and the server that all of
//! them need.

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::JobId;
use estampe_domain::mail::MailOutage;
use estampe_domain::{Context, Error, Result, Right, Ts};
use estampe_store::{JobState as Stored, MailHistory, MailRow, Queue, Retry};
use serde_json::json;

use crate::views::{Outbox, OutboxEntry};
use crate::{Lease, Service};

/// Mails listed at most, of each state.
const LISTED: i64 = 200;

impl Service {
    /// Ids of due jobs of a queue, and when the next one is due.
    pub async fn due_work(&self, queue: Queue, limit: i64) -> Result<(Vec<JobId>, Option<Ts>)> {
        let now = self.ports.clock.now();
        Ok(self.store.read(move |tx| Ok((tx.due_jobs(queue, now, limit)?, tx.next_job_at(queue)?))).await?)
    }

    /// What was tried before with a mail.
    pub async fn mail_history(&self, job: JobId) -> Result<MailHistory> {
        Ok(self.store.read(move |tx| tx.mail_history(job)).await?)
    }

    /// Puts a mail back. `error` holds classes and codes only.
    pub async fn retry_mail(&self, lease: Lease, retry: Retry, error: String) -> Result<()> {
        let now = self.ports.clock.now();
        Ok(self.store.write(move |tx| tx.retry_mail(lease, retry, now, &error)).await?)
    }

    /// Since when the mail server cannot be used, as it was noted last.
    pub async fn mail_outage(&self) -> Result<Option<MailOutage>> {
        Ok(self.store.read(|tx| tx.mail_outage()).await?)
    }

    /// Notes that the server cannot be used: due mails wait for it, and those that waited
    /// longer than `patience` seconds are given up. How many were.
    pub async fn note_outage(&self, outage: MailOutage, patience: i64) -> Result<u64> {
        let now = self.ports.clock.now();
        Ok(self
            .store
            .write(move |tx| {
                tx.set_mail_outage(Some(&outage), now)?;
                tx.mails_await_server(now, &outage.detail)?;
                let last_words = format!("given up after {} days: {}", patience / 86_400, outage.detail);
                tx.give_up_mails(now.plus_seconds(-patience), now, &last_words)
            })
            .await?)
    }

    /// Notes that the server can be used again.
    pub async fn note_recovery(&self) -> Result<()> {
        let now = self.ports.clock.now();
        Ok(self.store.write(move |tx| tx.set_mail_outage(None, now)).await?)
    }

    /// What waits, what was given up, and how the server fares.
    pub async fn outbox(&self, ctx: &Context) -> Result<Outbox> {
        ctx.require(Right::MailsRead)?;
        let configured = self.settings.mail_configured;
        Ok(self
            .store
            .read(move |tx| {
                let waiting = tx.outbox(&[Stored::Waiting, Stored::Running], LISTED)?;
                let dead = tx.outbox(&[Stored::Dead], LISTED)?;
                Ok(Outbox {
                    outage: tx.mail_outage()?.filter(|_| configured),
                    waiting_count: tx.mail_count(Stored::Waiting)? + tx.mail_count(Stored::Running)?,
                    dead_count: tx.mail_count(Stored::Dead)?,
                    waiting: waiting.iter().filter_map(entry).collect(),
                    dead: dead.iter().filter_map(entry).collect(),
                })
            })
            .await?)
    }

    /// Begins a mail anew that was given up, or tries one now that waits.
    pub async fn resend(&self, ctx: &Context, job: JobId) -> Result<()> {
        ctx.require(Right::MailsChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let found = self
            .store
            .write(move |tx| {
                if !tx.resend_mail(job, ctx.now)? {
                    return Ok(false);
                }
                tx.audit(&AuditEvent::done(&ctx, &*random, "mail.resend", "job", job))?;
                Ok(true)
            })
            .await?;
        if !found {
            return Err(Error::NotFound);
        }
        self.hurry_mail();
        Ok(())
    }

    /// The same with every mail; how many were begun anew, and how many waited.
    pub async fn resend_all(&self, ctx: &Context) -> Result<(u64, u64)> {
        ctx.require(Right::MailsChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let done = self
            .store
            .write(move |tx| {
                let waiting = tx.mail_count(Stored::Waiting)?;
                let (revived, _) = tx.resend_mails(ctx.now)?;
                let event = AuditEvent::done(&ctx, &*random, "mail.resend-all", "outbox", "all");
                tx.audit(&event.with(json!({"begun_anew": revived, "waiting": waiting})))?;
                Ok((revived, waiting))
            })
            .await?;
        self.hurry_mail();
        Ok(done)
    }

    /// Asks the worker to try the mail server now, whatever pause it keeps.
    fn hurry_mail(&self) {
        self.hurry.store(true, std::sync::atomic::Ordering::SeqCst);
        self.wake_worker();
    }

    /// Whether somebody asked to try the mail server now; forgotten once asked.
    pub fn mail_hurried(&self) -> bool {
        self.hurry.swap(false, std::sync::atomic::Ordering::SeqCst)
    }
}

fn entry(row: &MailRow) -> Option<OutboxEntry> {
    Some(OutboxEntry { mail: crate::mails::entry(&row.job)?, since: row.created_at, given_up_at: row.finished_at })
}
