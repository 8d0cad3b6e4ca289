//! The worker: leases due jobs, does a few at a time, retries, gives up visibly.

use std::sync::Arc;
use std::time::Duration;

use estampe_domain::ports::Mailer;
use estampe_domain::{Actor, Error, Locale, Result, RunId, metric};
use estampe_service::{DueJob, Lease, Service, Work};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::{backoff, mail};

/// Jobs done at the same time.
const CONCURRENT: usize = 6;
/// The longest that the worker sleeps, so that work of other nodes is seen.
const NAP: Duration = Duration::from_secs(15);
/// How often the lease of a long job is renewed.
const RENEWAL: Duration = Duration::from_secs(30);
/// How long work in hand may take to end at a stop; what does not is leased again later.
const FAREWELL: Duration = Duration::from_secs(15);

/// Does jobs until told to stop.
pub struct Worker {
    /// The use cases.
    pub service: Arc<Service>,
    /// Sends mail.
    pub mailer: Arc<dyn Mailer>,
    /// What stands after the `@` of a Message-ID.
    pub sender_domain: String,
}

impl Worker {
    /// Works until `stop` turns true, then lets what is in hand end.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let worker = Arc::new(self);
        let mut hands = JoinSet::new();
        let mut tidy = tokio::time::interval(Duration::from_hours(1));
        while !*stop.borrow() && stop.has_changed().is_ok() {
            let nap = worker.begin_due(&mut hands).await.unwrap_or_else(|error| {
                tracing::error!(error.code = error.code(), error.text = %error, "the worker cannot look for jobs");
                Duration::from_secs(5)
            });
            tokio::select! {
                // told to stop, or nobody is left to tell
                _ = stop.changed() => {}
                () = worker.service.job_enqueued() => {}
                // room again, and perhaps something more to do
                Some(_) = hands.join_next() => {}
                _ = tidy.tick() => {
                    if let Err(error) = worker.service.tidy().await {
                        tracing::warn!(error.code = error.code(), error.text = %error, "tidying failed");
                    }
                }
                () = tokio::time::sleep(nap) => {}
            }
        }
        let farewell = async { while hands.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("work in hand did not end in time; it goes on after the next start");
        }
    }

    /// Begins what is due while there is room; how long to sleep after.
    async fn begin_due(self: &Arc<Self>, hands: &mut JoinSet<()>) -> Result<Duration> {
        let room = CONCURRENT.saturating_sub(hands.len());
        if room == 0 {
            return Ok(NAP);
        }
        let (due, next) = self.service.due_jobs(i64::try_from(room).unwrap_or(1)).await?;
        let more = due.len() == room;
        for id in due {
            let job = match self.service.lease_job(id).await {
                Ok(Some(job)) => job,
                Ok(None) => continue,
                // one row that cannot be read must not stop those behind it
                Err(error) => {
                    tracing::error!(job.id = %id, error.code = error.code(), error.text = %error, "a job cannot be begun");
                    continue;
                }
            };
            let worker = Arc::clone(self);
            let span = tracing::info_span!("job", job.id = %job.lease.job, job.attempt = job.attempt);
            hands.spawn(async move { worker.work(job).await }.instrument(span));
        }
        if more {
            return Ok(Duration::from_millis(50));
        }
        let now = self.service.context(Actor::System, Locale::En).now;
        Ok(next.map_or(NAP, |at| {
            let wait = u64::try_from((at.as_micros() - now.as_micros()).max(1_000)).unwrap_or(1_000);
            Duration::from_micros(wait).min(NAP)
        }))
    }

    async fn work(&self, job: DueJob) {
        let done = match job.work {
            Work::Mail(kind, lead) => self.send(&job, kind, lead).await,
            Work::Sync(run) => self.do_run(&job, run, false).await,
            Work::Apply(run) => self.do_run(&job, run, true).await,
        };
        if let Err(error) = done {
            // the lease runs out and the job is tried again
            tracing::error!(job.id = %job.lease.job, error.code = error.code(), error.text = %error, "a job's end could not be noted");
        }
    }

    async fn send(
        &self,
        job: &DueJob,
        kind: estampe_domain::mail::LeadMail,
        lead: estampe_domain::LeadId,
    ) -> Result<()> {
        let composed = match mail::compose(&self.service, &self.sender_domain, job.lease.job, kind, lead).await {
            Ok(composed) => composed,
            Err(error) => return self.later(job, &error, backoff::MAIL_TRIES).await,
        };
        let tried = |outcome| {
            metrics::counter!(metric::MAILS.name, "mail" => kind.as_str(), "outcome" => outcome).increment(1);
        };
        let Some(composed) = composed else {
            tried("void");
            return self.service.finish_job(job.lease).await;
        };
        match self.mailer.send(&composed).await {
            Ok(()) => {
                tracing::info!(job.id = %job.lease.job, job.attempt = job.attempt, "a mail was handed over");
                tried("sent");
                self.service.finish_job(job.lease).await
            }
            Err(failure) if mail::is_final(&failure, job.attempt) => {
                tracing::warn!(job.id = %job.lease.job, job.attempt = job.attempt, mail.failure = %failure, "a mail was given up");
                tried("dead");
                self.service.kill_job(job.lease, failure.detail).await
            }
            Err(failure) => {
                let wait = backoff::seconds_after(job.attempt);
                tracing::warn!(job.id = %job.lease.job, job.attempt = job.attempt, mail.failure = %failure, mail.retry_seconds = wait, "a mail could not go yet");
                tried("later");
                self.service.retry_job(job.lease, wait, failure.detail).await
            }
        }
    }

    /// Does a run, or only applies its standing plan, while the lease is kept.
    async fn do_run(&self, job: &DueJob, run: RunId, planned: bool) -> Result<()> {
        let ctx = self.service.context(Actor::System, Locale::En);
        let work = async {
            if planned {
                self.service.apply_run(&ctx, run, job.lease).await
            } else {
                self.service.run_sync(&ctx, run, job.lease).await
            }
        };
        let done = tokio::select! {
            done = work => done,
            lost = self.keep(job.lease) => lost,
        };
        match done {
            Ok(()) => self.service.finish_job(job.lease).await,
            // the lease went to another worker: the job is its now
            Err(Error::Conflict(_)) => Ok(()),
            Err(error) if job.attempt >= backoff::RUN_TRIES => {
                self.service.fail_run(&ctx, run, error.code(), "the run could not be finished; see the log").await?;
                self.later(job, &error, backoff::RUN_TRIES).await
            }
            Err(error) => self.later(job, &error, backoff::RUN_TRIES).await,
        }
    }

    /// Renews a lease again and again; returns once it is lost.
    async fn keep(&self, lease: Lease) -> Result<()> {
        loop {
            tokio::time::sleep(RENEWAL).await;
            match self.service.renew_lease(lease).await {
                Ok(true) => {}
                Ok(false) => return Err(Error::Conflict("another worker has this job now".into())),
                // tried again before the lease ends
                Err(error) => tracing::warn!(job.id = %lease.job, error.code = error.code(), "a lease was not renewed"),
            }
        }
    }

    /// Puts a job back after a failure of our own, or gives it up.
    async fn later(&self, job: &DueJob, error: &Error, tries: u32) -> Result<()> {
        tracing::error!(job.id = %job.lease.job, job.attempt = job.attempt, error.code = error.code(), error.text = %error, "a job failed");
        if job.attempt >= tries {
            return self.service.kill_job(job.lease, error.code().to_owned()).await;
        }
        self.service.retry_job(job.lease, backoff::seconds_after(job.attempt), error.code().to_owned()).await
    }
}
