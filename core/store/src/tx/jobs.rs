//! Durable work: enqueued with its cause, leased, retried, given up visibly.

use diesel::prelude::*;
use estampe_domain::{JobId, RequestId, Ts};

use super::{Tx, id};
use crate::error::{Result, StoreError};
use crate::schema::job;

/// What is to be done. References only: a job never holds personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Send the visitor what they left.
    LeadAcknowledgement(estampe_domain::LeadId),
    /// Tell the card's holder.
    LeadNotice(estampe_domain::LeadId),
    /// Write to the holder of an account.
    AccountMail(estampe_domain::mail::AccountMail, estampe_domain::AccountId),
    /// Tell the holder of an account that a session was begun from a browser that was not known.
    NewBrowser(estampe_domain::AccountId, estampe_domain::SessionId),
    /// Send a signature to the holder of an account who wants to see it in a mail.
    SignatureTest(estampe_domain::AccountId, estampe_domain::mail::TestedSignature),
    /// Run a connector: plan, and apply unless held.
    Sync(estampe_domain::RunId),
    /// Apply a plan that stands.
    Apply(estampe_domain::RunId),
    /// End a source, and what came from it.
    EndSource(estampe_domain::SourceId),
    /// Do one thing to the cards of many people.
    Bulk(estampe_domain::BulkId),
    /// Plan or write the signatures of mailboxes.
    Publication(estampe_domain::PublicationId),
    /// Write a change of a person's field into their directory.
    WriteBack(estampe_domain::ChangeId),
}

/// [`Job::NewBrowser`] as it is stored.
const NEW_BROWSER: &str = "mail.account-browser";

impl Job {
    pub(crate) fn stored(&self) -> (&'static str, String) {
        use estampe_domain::mail::AccountMail;
        match self {
            Self::LeadAcknowledgement(lead) => ("mail.lead-ack", lead.to_string()),
            Self::LeadNotice(lead) => ("mail.lead-notice", lead.to_string()),
            Self::AccountMail(mail, account) => {
                let kind = match mail {
                    AccountMail::Invitation => "mail.account-invitation",
                    AccountMail::Reset => "mail.account-reset",
                    AccountMail::PasswordChanged => "mail.account-password",
                    AccountMail::FactorsChanged => "mail.account-factors",
                };
                (kind, account.to_string())
            }
            Self::NewBrowser(account, session) => (NEW_BROWSER, format!("{account} {session}")),
            Self::SignatureTest(account, of) => ("mail.signature-test", format!("{account} {of}")),
            Self::Sync(run) => (SYNC, run.to_string()),
            Self::Apply(run) => ("run.apply", run.to_string()),
            Self::EndSource(source) => ("source.disconnect", source.to_string()),
            Self::Bulk(bulk) => ("person.bulk", bulk.to_string()),
            Self::Publication(publication) => (PUBLICATION, publication.to_string()),
            Self::WriteBack(change) => (WRITE_BACK, change.to_string()),
        }
    }

    pub(super) fn read(kind: &str, reference: &str) -> Result<Self> {
        Ok(match kind {
            "mail.lead-ack" => Self::LeadAcknowledgement(id(reference, "job")?),
            "mail.lead-notice" => Self::LeadNotice(id(reference, "job")?),
            NEW_BROWSER => {
                let (account, session) = reference.split_once(' ').ok_or(StoreError::Unreadable("job"))?;
                Self::NewBrowser(id(account, "job")?, id(session, "job")?)
            }
            "mail.signature-test" => {
                let (account, of) = reference.split_once(' ').ok_or(StoreError::Unreadable("job"))?;
                Self::SignatureTest(id(account, "job")?, id(of, "job")?)
            }
            SYNC => Self::Sync(id(reference, "job")?),
            "run.apply" => Self::Apply(id(reference, "job")?),
            "source.disconnect" => Self::EndSource(id(reference, "job")?),
            "person.bulk" => Self::Bulk(id(reference, "job")?),
            PUBLICATION => Self::Publication(id(reference, "job")?),
            WRITE_BACK => Self::WriteBack(id(reference, "job")?),
            _ => {
                let mail = kind.strip_prefix("mail.").and_then(estampe_domain::mail::AccountMail::from_stored);
                Self::AccountMail(mail.ok_or(StoreError::Unreadable("job"))?, id(reference, "job")?)
            }
        })
    }

    /// Where it waits.
    pub fn queue(&self) -> Queue {
        match self {
            Self::LeadAcknowledgement(_)
            | Self::LeadNotice(_)
            | Self::AccountMail(..)
            | Self::NewBrowser(..)
            | Self::SignatureTest(..) => Queue::Mail,
            Self::Sync(_)
            | Self::Apply(_)
            | Self::EndSource(_)
            | Self::Bulk(_)
            | Self::Publication(_)
            | Self::WriteBack(_) => Queue::House,
        }
    }
}

/// Where jobs wait, apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// The outbox: what leaves the house by mail.
    Mail,
    /// Everything else.
    House,
    /// Of everything else what reaches nobody outside.
    Within,
}

impl Queue {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Mail => MAIL,
            Self::House | Self::Within => "house",
        }
    }

    /// Kinds of jobs that wait there and are not of it.
    fn leaves_out(self) -> &'static [&'static str] {
        match self {
            Self::Mail | Self::House => &[],
            Self::Within => &[SYNC, PUBLICATION, WRITE_BACK],
        }
    }
}

/// [`Job::Sync`] as it is stored.
const SYNC: &str = "run.sync";
/// [`Job::Publication`] as it is stored.
const PUBLICATION: &str = "signature.publication";
/// [`Job::WriteBack`] as it is stored.
const WRITE_BACK: &str = "person.write-back";

/// [`Queue::Mail`] as it is stored.
pub(super) const MAIL: &str = "mail";

/// A job to be stored.
#[derive(Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub job: Job,
    /// The request that caused it.
    pub request: RequestId,
    /// Not before.
    pub run_at: Ts,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waits for its time.
    Waiting,
    /// Leased by a worker.
    Running,
    /// Done.
    Done,
    /// Given up.
    Dead,
}

impl JobState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }

    pub(super) fn read(text: &str) -> Result<Self> {
        [Self::Waiting, Self::Running, Self::Done, Self::Dead]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or(StoreError::Unreadable("job"))
    }
}

/// A job as stored.
#[derive(Clone, Debug)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub job: Job,
    /// The request that caused it.
    pub request: RequestId,
    /// Where it stands.
    pub state: JobState,
    /// Tries so far.
    pub attempts: u32,
    /// Not before.
    pub run_at: Ts,
    /// What the last try said.
    pub last_error: Option<String>,
}

/// A worker's hold on a job: the attempt is what tells it from an earlier holder's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// The attempt that this lease began.
    pub attempt: u32,
}

impl JobRow {
    /// The hold on this job that its leasing gave.
    pub fn lease(&self) -> Lease {
        Lease { job: self.id, attempt: self.attempts }
    }
}

/// What is read of a job: [`job_columns`].
pub(super) type JobColumns = (String, String, String, String, String, i64, i64, Option<String>);

pub(super) fn read_job(row: &JobColumns) -> Result<JobRow> {
    let (job_id, kind, reference, request, state, attempts, run_at, last_error) = row;
    Ok(JobRow {
        id: id(job_id, "job")?,
        job: Job::read(kind, reference)?,
        request: id(request, "job")?,
        state: JobState::read(state)?,
        attempts: u32::try_from(*attempts).unwrap_or(u32::MAX),
        run_at: Ts::from_micros(*run_at),
        last_error: last_error.clone(),
    })
}

macro_rules! job_columns {
    () => {
        (job::id, job::kind, job::reference, job::request_id, job::state, job::attempts, job::run_at, job::last_error)
    };
}

pub(super) use job_columns;

/// The job while a lease holds.
macro_rules! leased {
    ($lease:expr) => {
        job::table.filter(
            job::id
                .eq($lease.job.to_string())
                .and(job::state.eq("running"))
                .and(job::attempts.eq(i64::from($lease.attempt))),
        )
    };
}
pub(super) use leased;

impl Tx<'_> {
    /// Enqueues a job, in the transaction of its cause.
    pub fn enqueue(&mut self, new: &NewJob) -> Result<()> {
        let (kind, reference) = new.job.stored();
        let now = self.clock.now();
        diesel::insert_into(job::table)
            .values((
                job::id.eq(new.id.to_string()),
                job::queue.eq(new.job.queue().as_str()),
                job::kind.eq(kind),
                job::reference.eq(reference),
                job::request_id.eq(new.request.to_string()),
                job::state.eq(JobState::Waiting.as_str()),
                job::attempts.eq(0),
                job::run_at.eq(new.run_at.as_micros()),
                job::created_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Ids of jobs of a queue that are due: running ones whose lease ran out with the worker
    /// that had it, and waiting ones whose time has come.
    pub fn due_jobs(&mut self, queue: Queue, now: Ts, limit: i64) -> Result<Vec<JobId>> {
        let (left_out, now) = (queue.leaves_out(), now.as_micros());
        let queue = job::queue.eq(queue.as_str());
        // two statements: one index answers each in its order, however many wait
        let mut rows: Vec<String> = job::table
            .filter(queue.and(job::state.eq("running")).and(job::lease_until.lt(now).assume_not_null()))
            .filter(job::kind.ne_all(left_out))
            .order((job::run_at, job::id))
            .limit(limit)
            .select(job::id)
            .load(self.conn)?;
        let room = limit - i64::try_from(rows.len()).unwrap_or(limit);
        let waiting: Vec<String> = job::table
            .filter(queue.and(job::state.eq("waiting")).and(job::run_at.le(now)))
            .filter(job::kind.ne_all(left_out))
            .order((job::run_at, job::id))
            .limit(room)
            .select(job::id)
            .load(self.conn)?;
        rows.extend(waiting);
        rows.iter().map(|row| id(row, "job")).collect()
    }

    /// When the next waiting job of a queue is due.
    pub fn next_job_at(&mut self, queue: Queue) -> Result<Option<Ts>> {
        let next: Option<i64> = job::table
            .filter(job::queue.eq(queue.as_str()).and(job::state.eq("waiting")))
            .filter(job::kind.ne_all(queue.leaves_out()))
            .select(diesel::dsl::min(job::run_at))
            .get_result(self.conn)?;
        Ok(next.map(Ts::from_micros))
    }

    /// Takes a due job for this worker until `lease_until`; `None` when another was
    /// quicker. Counts the attempt.
    pub fn lease_job(&mut self, job_id: JobId, now: Ts, lease_until: Ts) -> Result<Option<JobRow>> {
        let now = now.as_micros();
        let waiting = job::state.eq("waiting").and(job::run_at.le(now));
        let orphaned = job::state.eq("running").and(job::lease_until.lt(now).assume_not_null());
        let taken = diesel::update(job::table.filter(job::id.eq(job_id.to_string()).and(waiting.or(orphaned))))
            .set((
                job::state.eq("running"),
                job::lease_until.eq(Some(lease_until.as_micros())),
                job::attempts.eq(job::attempts + 1),
            ))
            .execute(self.conn)?;
        if taken == 0 {
            return Ok(None);
        }
        let row: JobColumns = job::table.find(job_id.to_string()).select(job_columns!()).get_result(self.conn)?;
        read_job(&row).map(Some)
    }

    /// Renews a lease; `false` when it is no longer this worker's.
    pub fn extend_lease(&mut self, lease: Lease, until: Ts) -> Result<bool> {
        let renewed =
            diesel::update(leased!(lease)).set(job::lease_until.eq(Some(until.as_micros()))).execute(self.conn)?;
        Ok(renewed > 0)
    }

    /// Whether a worker has a job in hand: its lease did not run out.
    pub fn is_leased(&mut self, job_id: JobId, now: Ts) -> Result<bool> {
        let held: i64 = job::table
            .filter(job::id.eq(job_id.to_string()).and(job::state.eq("running")))
            .filter(job::lease_until.ge(now.as_micros()).assume_not_null())
            .count()
            .get_result(self.conn)?;
        Ok(held > 0)
    }

    /// Gives every running job back, at the start of the one process that runs them.
    pub fn release_jobs(&mut self) -> Result<u64> {
        let released = diesel::update(job::table.filter(job::state.eq("running")))
            .set((job::state.eq("waiting"), job::lease_until.eq(None::<i64>)))
            .execute(self.conn)?;
        Ok(released as u64)
    }

    /// Notes that a job is done. This and the next two change nothing once the lease is
    /// another worker's: what that one does stands.
    pub fn finish_job(&mut self, lease: Lease, now: Ts) -> Result<()> {
        self.end_job(lease, JobState::Done, now, None)
    }

    /// Gives a job up; it stays visible.
    pub fn kill_job(&mut self, lease: Lease, now: Ts, error: &str) -> Result<()> {
        self.end_job(lease, JobState::Dead, now, Some(error))
    }

    fn end_job(&mut self, lease: Lease, state: JobState, now: Ts, error: Option<&str>) -> Result<()> {
        diesel::update(leased!(lease))
            .set((
                job::state.eq(state.as_str()),
                job::lease_until.eq(None::<i64>),
                job::last_error.eq(error),
                job::finished_at.eq(Some(now.as_micros())),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Puts a job back for a later try.
    pub fn retry_job(&mut self, lease: Lease, run_at: Ts, error: &str) -> Result<()> {
        diesel::update(leased!(lease))
            .set((
                job::state.eq(JobState::Waiting.as_str()),
                job::lease_until.eq(None::<i64>),
                job::run_at.eq(run_at.as_micros()),
                job::last_error.eq(Some(error)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Begins a dead job anew; `false` when it is not dead.
    pub fn revive_job(&mut self, job_id: JobId, now: Ts) -> Result<bool> {
        let revived = diesel::update(job::table.filter(job::id.eq(job_id.to_string()).and(job::state.eq("dead"))))
            .set((
                job::state.eq(JobState::Waiting.as_str()),
                job::attempts.eq(0),
                job::run_at.eq(now.as_micros()),
                job::finished_at.eq(None::<i64>),
            ))
            .execute(self.conn)?;
        Ok(revived > 0)
    }

    /// Mails in one state, newest first.
    pub fn mails(&mut self, state: JobState, limit: i64) -> Result<Vec<JobRow>> {
        let rows: Vec<JobColumns> = job::table
            .filter(job::queue.eq(MAIL))
            .filter(job::state.eq(state.as_str()))
            .order(job::id.desc())
            .limit(limit)
            .select(job_columns!())
            .load(self.conn)?;
        rows.iter().map(read_job).collect()
    }

    /// How many mails are in one state.
    pub fn mail_count(&mut self, state: JobState) -> Result<u64> {
        let mails: i64 = job::table
            .filter(job::queue.eq(MAIL))
            .filter(job::state.eq(state.as_str()))
            .count()
            .get_result(self.conn)?;
        Ok(super::count(mails))
    }

    /// The jobs that refer to one thing.
    pub fn jobs_of(&mut self, reference: &str) -> Result<Vec<JobRow>> {
        let rows: Vec<JobColumns> =
            job::table.filter(job::reference.eq(reference)).order(job::id).select(job_columns!()).load(self.conn)?;
        rows.iter().map(read_job).collect()
    }

    /// Removes jobs that were done before this.
    pub fn prune_done_jobs(&mut self, before: Ts) -> Result<()> {
        self.prune_jobs(JobState::Done, before)
    }

    /// Removes jobs that were given up before this.
    pub fn prune_dead_jobs(&mut self, before: Ts) -> Result<()> {
        self.prune_jobs(JobState::Dead, before)
    }

    fn prune_jobs(&mut self, state: JobState, before: Ts) -> Result<()> {
        let (queues, before) = ([Queue::Mail.as_str(), Queue::House.as_str()], before.as_micros());
        // what ended was due before: the index finds it by that
        diesel::delete(
            job::table
                .filter(job::queue.eq_any(queues).and(job::state.eq(state.as_str())).and(job::run_at.lt(before)))
                .filter(job::finished_at.lt(before).assume_not_null()),
        )
        .execute(self.conn)?;
        Ok(())
    }
}
