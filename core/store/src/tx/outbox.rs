//! The outbox: mails among the jobs. What the server does to all of them is kept apart
//! from what happens to one.

use diesel::prelude::*;
use estampe_domain::mail::{MailOutage, ServerFault};
use estampe_domain::{JobId, Ts};
use serde::{Deserialize, Serialize};

use super::jobs::{JobColumns, JobRow, JobState, Lease, MAIL, job_columns, leased, read_job};
use super::{Tx, json, to_json};
use crate::error::Result;
use crate::schema::job;

/// The setting that says since when the mail server cannot be used.
const OUTAGE: &str = "mail.outage";

/// A mail as the outbox shows it: references only.
#[derive(Clone, Debug)]
pub struct MailRow {
    /// Its job.
    pub job: JobRow,
    /// Since when it is in the outbox.
    pub created_at: Ts,
    /// When it was given up.
    pub finished_at: Option<Ts>,
}

/// What was tried before with a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailHistory {
    /// When the first try failed, since it was last begun anew.
    pub tried_since: Option<Ts>,
    /// How often it was handed over without an answer.
    pub unanswered: u32,
}

/// How a mail goes back into the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It never reached the server: the try does not count, and it stays due.
    Uncounted,
    /// The server refused it for now.
    Refused {
        /// Not before.
        at: Ts,
    },
    /// It was handed over, and no answer came.
    Unanswered {
        /// Not before.
        at: Ts,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredOutage {
    since: Ts,
    fault: String,
    detail: String,
}

/// Mails that wait for their time or for the server.
macro_rules! waiting_mails {
    () => {
        job::table.filter(job::queue.eq(MAIL).and(job::state.eq("waiting")))
    };
}

impl Tx<'_> {
    /// What was tried before with a mail.
    pub fn mail_history(&mut self, job_id: JobId) -> Result<MailHistory> {
        let (tried_since, unanswered): (Option<i64>, i64) =
            job::table.find(job_id.to_string()).select((job::tried_since, job::unanswered)).first(self.conn)?;
        Ok(MailHistory {
            tried_since: tried_since.map(Ts::from_micros),
            unanswered: u32::try_from(unanswered).unwrap_or(u32::MAX),
        })
    }

    /// Puts a mail back. Changes nothing once the lease is another worker's.
    pub fn retry_mail(&mut self, lease: Lease, retry: Retry, now: Ts, error: &str) -> Result<()> {
        diesel::update(leased!(lease).filter(job::tried_since.is_null()))
            .set(job::tried_since.eq(Some(now.as_micros())))
            .execute(self.conn)?;
        let back = (
            job::state.eq(JobState::Waiting.as_str()),
            job::lease_until.eq(None::<i64>),
            job::last_error.eq(Some(error)),
        );
        match retry {
            // undoes this lease's own count: an earlier holder's number still never comes again
            Retry::Uncounted => {
                diesel::update(leased!(lease)).set((back, job::attempts.eq(job::attempts - 1))).execute(self.conn)?
            }
            Retry::Refused { at } => {
                diesel::update(leased!(lease)).set((back, job::run_at.eq(at.as_micros()))).execute(self.conn)?
            }
            Retry::Unanswered { at } => diesel::update(leased!(lease))
                .set((back, job::run_at.eq(at.as_micros()), job::unanswered.eq(job::unanswered + 1)))
                .execute(self.conn)?,
        };
        Ok(())
    }

    /// Notes for every due mail that it waits for the server.
    pub fn mails_await_server(&mut self, now: Ts, error: &str) -> Result<()> {
        diesel::update(waiting_mails!().filter(job::tried_since.is_null()).filter(job::run_at.le(now.as_micros())))
            .set((job::tried_since.eq(Some(now.as_micros())), job::last_error.eq(Some(error))))
            .execute(self.conn)?;
        Ok(())
    }

    /// Gives up the waiting mails that are being tried since before `before`; how many.
    pub fn give_up_mails(&mut self, before: Ts, now: Ts, error: &str) -> Result<u64> {
        let dead = diesel::update(waiting_mails!().filter(job::tried_since.lt(before.as_micros()).assume_not_null()))
            .set((
                job::state.eq(JobState::Dead.as_str()),
                job::last_error.eq(Some(error)),
                job::finished_at.eq(Some(now.as_micros())),
            ))
            .execute(self.conn)?;
        Ok(dead as u64)
    }

    /// Begins a dead mail anew, or lets a waiting one go now; `false` when it is neither.
    pub fn resend_mail(&mut self, job_id: JobId, now: Ts) -> Result<bool> {
        let one = || job::table.filter(job::queue.eq(MAIL).and(job::id.eq(job_id.to_string())));
        let revived = diesel::update(one().filter(job::state.eq("dead")))
            .set((
                job::state.eq(JobState::Waiting.as_str()),
                job::attempts.eq(0),
                job::unanswered.eq(0),
                job::tried_since.eq(Some(now.as_micros())),
                job::run_at.eq(now.as_micros()),
                job::finished_at.eq(None::<i64>),
            ))
            .execute(self.conn)?;
        let hurried = diesel::update(one().filter(job::state.eq("waiting")).filter(job::run_at.gt(now.as_micros())))
            .set(job::run_at.eq(now.as_micros()))
            .execute(self.conn)?;
        let waits: i64 = one().filter(job::state.eq("waiting")).count().get_result(self.conn)?;
        Ok(revived + hurried > 0 || waits > 0)
    }

    /// Begins every dead mail anew and lets every waiting one go now; how many of each.
    pub fn resend_mails(&mut self, now: Ts) -> Result<(u64, u64)> {
        let hurried = diesel::update(waiting_mails!().filter(job::run_at.gt(now.as_micros())))
            .set(job::run_at.eq(now.as_micros()))
            .execute(self.conn)?;
        let revived = diesel::update(job::table.filter(job::queue.eq(MAIL).and(job::state.eq("dead"))))
            .set((
                job::state.eq(JobState::Waiting.as_str()),
                job::attempts.eq(0),
                job::unanswered.eq(0),
                job::tried_since.eq(Some(now.as_micros())),
                job::run_at.eq(now.as_micros()),
                job::finished_at.eq(None::<i64>),
            ))
            .execute(self.conn)?;
        Ok((revived as u64, hurried as u64))
    }

    /// Mails in these states, newest first.
    pub fn outbox(&mut self, states: &[JobState], limit: i64) -> Result<Vec<MailRow>> {
        let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        let rows: Vec<(JobColumns, i64, Option<i64>)> = job::table
            .filter(job::queue.eq(MAIL))
            .filter(job::state.eq_any(states))
            .order(job::id.desc())
            .limit(limit)
            .select((job_columns!(), job::created_at, job::finished_at))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(job, created_at, finished_at)| {
                Ok(MailRow {
                    job: read_job(&job)?,
                    created_at: Ts::from_micros(created_at),
                    finished_at: finished_at.map(Ts::from_micros),
                })
            })
            .collect()
    }

    /// Since when the mail server cannot be used, and why; `None` when it can.
    pub fn mail_outage(&mut self) -> Result<Option<MailOutage>> {
        let Some(text) = self.setting(OUTAGE)? else { return Ok(None) };
        let stored: StoredOutage = json(&text, "setting")?;
        let fault = ServerFault::from_stored(&stored.fault).unwrap_or(ServerFault::Answer);
        Ok(Some(MailOutage { since: stored.since, fault, detail: stored.detail }))
    }

    /// Notes that the server cannot be used, or that it can again.
    pub fn set_mail_outage(&mut self, outage: Option<&MailOutage>, now: Ts) -> Result<()> {
        let Some(outage) = outage else {
            self.remove_setting(OUTAGE)?;
            return Ok(());
        };
        let fault = outage.fault.as_str().to_owned();
        let stored = StoredOutage { since: outage.since, fault, detail: outage.detail.clone() };
        let text = to_json(&stored, "setting")?;
        self.set_setting(OUTAGE, &text, now)
    }
}
