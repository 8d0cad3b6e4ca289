//! The worker: leases due jobs, does a few at a time, retries, gives up visibly.

use std::sync::Arc;
use std::time::Duration;

use estampe_domain::backup::ListPlace;
use estampe_domain::ports::Mailer;
use estampe_domain::{Actor, Context, Error, Locale, Result, Ts};
use estampe_service::{DueJob, Lease, Queue, Service, Work};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::backoff;
use crate::sender::Sender;

/// Jobs other than mails done at the same time.
const CONCURRENT: usize = 4;
/// The longest that the worker sleeps, so that work of other nodes is seen.
pub const NAP: Duration = Duration::from_secs(15);
/// How long the worker waits for more when something was enqueued: many leads at once are
/// one look.
const GATHERING: Duration = Duration::from_millis(10);
/// How often the lease of a long job is renewed.
pub const RENEWAL: Duration = Duration::from_secs(30);
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
        let sender = Sender::new(Arc::clone(&self.service), Arc::clone(&self.mailer), self.sender_domain.clone());
        let (sender, worker) = (Arc::new(sender.await), Arc::new(self));
        // apart, so that a mail server which does not answer holds up nothing else
        let (mut hands, mut mails) = (JoinSet::new(), JoinSet::new());
        let mut tidy = tokio::time::interval(Duration::from_hours(1));
        let mut schedule = tokio::time::interval(NAP);
        let (mut keys, mut backups, mut lists) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
        while !*stop.borrow() && stop.has_changed().is_ok() {
            let patient = |begun: Result<Duration>| {
                begun.unwrap_or_else(|error| {
                    tracing::error!(error.code = error.code(), error.text = %error, "the worker cannot look for jobs");
                    Duration::from_secs(5)
                })
            };
            let mut nap = patient(worker.begin_due(&mut hands).await);
            if !worker.service.is_held() {
                nap = nap.min(patient(sender.begin_due(&mut mails).await));
            }
            tokio::select! {
                // told to stop, or nobody is left to tell
                _ = stop.changed() => {}
                () = worker.service.job_enqueued() => tokio::time::sleep(GATHERING).await,
                // room again, and perhaps something more to do
                Some(_) = hands.join_next() => {}
                Some(_) = mails.join_next() => {}
                () = worker.service.rotation_begun() => worker.rotate(&mut keys),
                Some(_) = keys.join_next() => {}
                () = worker.service.backup_begun() => worker.back_up(&mut backups),
                Some(_) = backups.join_next() => {}
                Some(_) = lists.join_next() => {}
                _ = tidy.tick() => {
                    worker.keep_key().await;
                    worker.rotate(&mut keys);
                    worker.keep_lists(&mut lists);
                    if let Err(error) = worker.service.tidy().await {
                        tracing::warn!(error.code = error.code(), error.text = %error, "tidying failed");
                    }
                }
                _ = schedule.tick() => {
                    if let Err(error) = worker.service.look_whether_held().await {
                        tracing::warn!(error.code = error.code(), error.text = %error, "whether work is held is not known");
                    }
                    if worker.service.is_held() {
                        continue;
                    }
                    if let Err(error) = worker.service.start_due_runs().await {
                        tracing::error!(error.code = error.code(), error.text = %error, "scheduled runs cannot begin");
                    }
                    worker.begin_due_backup().await;
                }
                () = tokio::time::sleep(nap) => {}
            }
        }
        // done again after the next start
        keys.abort_all();
        let farewell = async {
            while hands.join_next().await.is_some() {}
            while mails.join_next().await.is_some() {}
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("work in hand did not end in time; it goes on after the next start");
        }
    }

    /// Looks after the key that wraps all others.
    async fn keep_key(&self) {
        let ctx = self.service.context(Actor::System, Locale::En);
        if let Err(error) = self.service.keep_key(&ctx).await {
            tracing::error!(error.code = error.code(), error.text = %error, "the key that wraps all others was not looked after");
        }
    }

    /// Goes on with a rotation of that key, unless it is under way.
    fn rotate(self: &Arc<Self>, keys: &mut JoinSet<()>) {
        if !self.service.is_rotating() || !keys.is_empty() {
            return;
        }
        let worker = Arc::clone(self);
        keys.spawn(async move {
            let ctx = worker.service.context(Actor::System, Locale::En);
            match worker.service.finish_rotation(&ctx).await {
                Ok(()) => tracing::info!("another key wraps all others now, and the one before is gone"),
                Err(error) => {
                    tracing::error!(error.code = error.code(), error.text = %error, "the rotation of the key did not end; it goes on within an hour");
                }
            }
        });
    }

    /// Begins the backup that is due, if one is.
    async fn begin_due_backup(&self) {
        let ctx = self.service.context(Actor::System, Locale::En);
        if let Err(error) = self.service.begin_due_backup(&ctx).await {
            tracing::error!(error.code = error.code(), error.text = %error, "a scheduled backup cannot begin");
        }
    }

    /// Makes the backup that was begun. Cut off by the end of the process, it is made anew when it is due.
    fn back_up(self: &Arc<Self>, backups: &mut JoinSet<()>) {
        let worker = Arc::clone(self);
        backups.spawn(async move {
            let ctx = worker.service.context(Actor::System, Locale::En);
            if let Err(error) = worker.service.make_backup(&ctx).await {
                tracing::error!(error.code = error.code(), error.text = %error, "no backup was made");
            }
        });
    }

    /// Looks after the folder of backups and the lists of who was erased, apart: the folder may be on a machine
    /// that is away.
    fn keep_lists(self: &Arc<Self>, lists: &mut JoinSet<()>) {
        if !lists.is_empty() {
            return;
        }
        let worker = Arc::clone(self);
        lists.spawn(async move {
            if let Err(error) = worker.service.clean_backup_folder().await {
                tracing::warn!(error.code = error.code(), error.text = %error, "what an interrupted backup may have left was not removed");
            }
            worker.keep_erasures().await;
        });
    }

    /// Notes who was erased outside of the database, and does again what a restored one does not know of.
    async fn keep_erasures(&self) {
        let ctx = self.service.context(Actor::System, Locale::En);
        for place in [ListPlace::Data, ListPlace::Backups] {
            let kept = async {
                self.service.replay_erasures(&ctx, place).await?;
                self.service.note_erasures(place).await
            };
            if let Err(error) = kept.await {
                tracing::error!(
                    error.code = error.code(), error.text = %error, erasures.place = ?place,
                    "who was erased could not be noted outside of the database; within an hour once more"
                );
            }
        }
    }

    /// Begins what is due while there is room; how long to sleep after.
    async fn begin_due(self: &Arc<Self>, hands: &mut JoinSet<()>) -> Result<Duration> {
        let queue = if self.service.is_held() { Queue::Within } else { Queue::House };
        let (jobs, nap) = take(&self.service, queue, CONCURRENT.saturating_sub(hands.len())).await?;
        for job in jobs {
            let worker = Arc::clone(self);
            let span = span_of(&job);
            hands.spawn(async move { worker.work(job).await }.instrument(span));
        }
        Ok(nap)
    }

    async fn work(&self, job: DueJob) {
        // what it writes belongs to the request that caused it
        let ctx = self.service.context_of(Actor::System, Locale::En, job.request);
        if let Err(error) = self.hold(&job, &ctx).await {
            // the lease runs out and the job is tried again
            tracing::error!(job.id = %job.lease.job, error.code = error.code(), error.text = %error, "a job's end could not be noted");
        }
    }

    /// What a job does; until when it wants to be left alone, where a provider asked for that.
    async fn task(&self, job: &DueJob, ctx: &Context) -> Result<Option<Ts>> {
        let (service, lease) = (&self.service, job.lease);
        match job.work {
            Work::Mail(_) => Ok(()),
            Work::Sync(run) => service.run_sync(ctx, run, lease).await,
            Work::Apply(run) => service.apply_run(ctx, run, lease).await,
            Work::EndSource(source) => {
                // noted at its beginning, so that no loss of the machine brings it back
                self.keep_erasures().await;
                let ended = service.do_end_source(ctx, source, lease).await;
                self.keep_erasures().await;
                ended
            }
            Work::Bulk(bulk) => service.do_bulk(ctx, bulk, lease).await,
            // its steps hold a mailbox's signatures: too much for one hand's stack
            Work::Publication(publication) => return Box::pin(service.do_publication(ctx, publication, lease)).await,
            Work::WriteBack(change) => return service.do_write_back(ctx, change, lease).await,
        }
        .map(|()| None)
    }

    /// Does a job while its lease is kept, and notes how that ended. A run is given up after some
    /// tries; anything else never is, for half of it would stay.
    async fn hold(&self, job: &DueJob, ctx: &Context) -> Result<()> {
        if matches!(job.work, Work::Mail(_)) {
            // mails are the sender's
            return Ok(());
        }
        let done = tokio::select! {
            done = self.task(job, ctx) => done,
            lost = self.keep(job.lease) => lost.map(|()| None),
        };
        if self.is_anothers(job, &done).await? {
            return Ok(());
        }
        let error = match done {
            Ok(None) => return self.service.finish_job(job.lease).await,
            Ok(Some(until)) => {
                let now = self.service.context(Actor::System, Locale::En).now;
                // a second more rather than one less
                let wait = (until.as_micros() - now.as_micros()).max(0) / 1_000_000 + 1;
                return self.service.retry_job(job.lease, wait, "waits".to_owned()).await;
            }
            Err(error) => error,
        };
        let (Work::Sync(run) | Work::Apply(run)) = job.work else {
            return later(&self.service, job, &error, u32::MAX).await;
        };
        if job.attempt >= backoff::RUN_TRIES {
            self.service.fail_run(ctx, run, error.code(), "the run could not be finished; see the log").await?;
        }
        later(&self.service, job, &error, backoff::RUN_TRIES).await
    }

    /// Whether the work ended because the lease went to another worker: the job is its now. Any
    /// other conflict is an error like others, which is tried again and given up one day.
    async fn is_anothers<T>(&self, job: &DueJob, done: &Result<T>) -> Result<bool> {
        Ok(matches!(done, Err(Error::Conflict(_))) && !self.service.renew_lease(job.lease).await?)
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
}

/// Leases what is due of a queue while there is room; how long to sleep after.
pub async fn take(service: &Service, queue: Queue, room: usize) -> Result<(Vec<DueJob>, Duration)> {
    if room == 0 {
        return Ok((Vec::new(), NAP));
    }
    let (due, next) = service.due_work(queue, i64::try_from(room).unwrap_or(1)).await?;
    let (more, mut spoilt) = (due.len() == room, false);
    let mut jobs = Vec::new();
    for id in due {
        match service.lease_job(id).await {
            Ok(job) => jobs.extend(job),
            // one row that cannot be read must not stop those behind it
            Err(error) => {
                tracing::error!(job.id = %id, error.code = error.code(), error.text = %error, "a job cannot be begun");
                spoilt = true;
            }
        }
    }
    let nap = if spoilt {
        Duration::from_secs(5)
    } else if more {
        Duration::from_millis(50)
    } else {
        let now = service.context(Actor::System, Locale::En).now;
        next.map_or(NAP, |at| nap_until(at, now))
    };
    Ok((jobs, nap))
}

/// The span of a job: its lines carry its id, and that of the request that caused it.
pub fn span_of(job: &DueJob) -> tracing::Span {
    tracing::info_span!("job", job.id = %job.lease.job, job.attempt = job.attempt, request.id = %job.request)
}

/// How long to sleep for something at this moment.
pub fn nap_until(at: Ts, now: Ts) -> Duration {
    let wait = u64::try_from((at.as_micros() - now.as_micros()).max(1_000)).unwrap_or(1_000);
    Duration::from_micros(wait).min(NAP)
}

/// Puts a job back after a failure of our own, or gives it up.
pub async fn later(service: &Service, job: &DueJob, error: &Error, tries: u32) -> Result<()> {
    tracing::error!(job.id = %job.lease.job, job.attempt = job.attempt, error.code = error.code(), error.text = %error, "a job failed");
    if job.attempt >= tries {
        return service.kill_job(job.lease, error.code().to_owned()).await;
    }
    service.retry_job(job.lease, backoff::seconds_after(job.attempt), error.code().to_owned()).await
}
