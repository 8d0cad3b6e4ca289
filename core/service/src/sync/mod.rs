//! Directory to card: the plan of a run, page by page, and its application.
//!
//! A plan is staged whole (`stage`) before anything is applied (`apply`), so that a
//! held, failed or interrupted run has changed nobody's state. Applying goes by chunks,
//! each one transaction; a killed process goes on with the lines that are left.

mod apply;
mod apply_groups;
mod checkpoint;
mod composed;
mod groups;
mod identities;
mod judge;
mod patience;
mod photos;
pub(crate) mod read;
mod stage;
mod standstill;

use std::sync::Arc;
use std::time::Instant;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::RunId;
use estampe_domain::plan;
use estampe_domain::plugin::{FailKind, LogLevel, LogLine, PluginFailure, SyncMode};
use estampe_domain::run::{HoldReason, Run, RunCounts, RunState};
use estampe_domain::source::Source;
use estampe_domain::{Context, Error, Result, metric};
use estampe_store::{Lease, Tx};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::groups::GroupPlan;
use self::identities::Identities;
use self::stage::Pending;
use crate::Service;

/// How often a full run begins anew because the directory lost its place, before it fails.
const FULL_TRIES: u32 = 1;
/// A worker's lease is renewed for so long, in seconds.
pub(crate) const LEASE: i64 = 120;

/// Where the plan of a run stands while it grows.
struct Planner {
    run: RunId,
    source: Arc<Source>,
    plan_only: bool,
    mode: SyncMode,
    /// Whether the plugin is told the last checkpoint.
    compares: bool,
    lease: Lease,
    seq: i64,
    refusal_seq: i64,
    counts: RunCounts,
    groups: GroupPlan,
    told: Identities,
    pending: Pending,
    /// What is being written; how many of its lines turned out to be notes.
    writing: Option<JoinHandle<estampe_store::Result<u64>>>,
}

impl Planner {
    fn new(run: RunId, source: Source, plan_only: bool, mode: SyncMode, lease: Lease) -> Self {
        Self {
            run,
            source: Arc::new(source),
            plan_only,
            mode,
            compares: true,
            lease,
            seq: 0,
            refusal_seq: 0,
            counts: RunCounts::default(),
            groups: GroupPlan::default(),
            told: Identities::default(),
            pending: Pending::default(),
            writing: None,
        }
    }
}

impl Service {
    /// Does a run, or what is left of it: plans, holds or applies. An interrupted plan
    /// begins anew, an interrupted application goes on.
    pub async fn run_sync(&self, ctx: &Context, run: RunId, lease: Lease) -> Result<()> {
        let begun = Instant::now();
        let Some((found, source, plan_only)) = self
            .store
            .read(move |tx| {
                let Some(found) = tx.run(run)? else { return Ok(None) };
                let source = tx.source(found.source)?;
                Ok(Some((found, source, tx.is_plan_only(run)?)))
            })
            .await?
        else {
            return Err(Error::NotFound);
        };
        match found.state {
            RunState::Planning => {}
            RunState::Applying => return self.apply_from(begun, ctx, run, lease).await,
            RunState::Held | RunState::Done | RunState::Failed | RunState::Discarded => return Ok(()),
        }
        self.greet(&source).await?;
        let mut planner = Planner::new(run, source, plan_only, found.mode, lease);
        match self.plan(&mut planner).await {
            Ok(()) => {}
            Err(Error::Plugin(failure)) => {
                return self.fail_from(Some(begun), ctx, run, failure.kind.as_str(), &failure.message).await;
            }
            Err(error) => return Err(error),
        }
        let held = self.decide_hold(ctx, &planner, &found, plan_only).await?;
        if held {
            ended(run, "held", Some(begun));
            return Ok(());
        }
        self.apply_from(begun, ctx, run, lease).await
    }

    /// Ends a run that could not be done. While it was planned nobody's state was changed;
    /// of a plan that was being applied, what was applied stays, under the code
    /// `apply-failed`, and the next full run plans the rest.
    pub async fn fail_run(&self, ctx: &Context, run: RunId, code: &str, words: &str) -> Result<()> {
        self.fail_from(None, ctx, run, code, words).await
    }

    async fn fail_from(
        &self,
        begun: Option<Instant>,
        ctx: &Context,
        run: RunId,
        code: &str,
        words: &str,
    ) -> Result<()> {
        let (ctx, random) = (*ctx, self.shared_random());
        let now = self.ports.clock.now();
        let noted = code.to_owned();
        let (code, words) = (code.to_owned(), words.to_owned());
        let failed = self
            .store
            .write(move |tx| {
                let planning = tx.move_run(run, RunState::Planning, RunState::Failed, None, now)?;
                let failed = planning || tx.move_run(run, RunState::Applying, RunState::Failed, None, now)?;
                if !planning && failed {
                    // what was applied may have changed who is in which group
                    let source = tx.run(run)?.ok_or(Error::NotFound)?.source;
                    tx.set_members_stale(source, true)?;
                }
                if failed {
                    let code = if planning { code.as_str() } else { "apply-failed" };
                    tx.set_run_failure(run, code, &words)?;
                    tx.drop_plan(run)?;
                    tx.audit(&AuditEvent::done(&ctx, &*random, "run.fail", "run", run).with(json!({"code": code})))?;
                }
                Ok(failed)
            })
            .await?;
        if failed {
            tracing::warn!(run.id = %run, run.failure = noted, "a run failed; its page says why");
            ended(run, "failed", begun);
        }
        Ok(())
    }

    /// Plans a run: what changed, if the source can tell, else everybody.
    async fn plan(&self, planner: &mut Planner) -> Result<()> {
        let mut begun_again = 0;
        loop {
            self.begin_plan(planner).await?;
            let failure = match self.plan_pages(planner).await {
                Err(Error::Plugin(failure)) => failure,
                done => return done,
            };
            let again = match (planner.mode, failure.kind) {
                (SyncMode::Incremental, FailKind::CursorExpired | FailKind::Unsupported) => true,
                (SyncMode::Full, FailKind::CursorExpired) => begun_again < FULL_TRIES,
                _ => false,
            };
            planner.compares &= planner.mode == SyncMode::Incremental;
            if !again {
                // it was asked for everybody, and again: no place that it lost is the reason
                let lost = failure.kind == FailKind::CursorExpired;
                let kind = if lost { FailKind::Unavailable } else { failure.kind };
                return Err(PluginFailure { kind, ..failure }.into());
            }
            begun_again += u32::from(planner.mode == SyncMode::Full);
            planner.mode = SyncMode::Full;
            let (run, now) = (planner.run, self.ports.clock.now());
            let text = format!("reads everybody: {}", failure.message);
            let line = LogLine { at: now, level: LogLevel::Info, text };
            self.store.write(move |tx| tx.add_run_log(run, &[line])).await?;
        }
    }

    /// Begins the plan anew; what an interrupted try staged is dropped.
    async fn begin_plan(&self, planner: &mut Planner) -> Result<()> {
        (planner.seq, planner.refusal_seq, planner.counts) = (0, 0, RunCounts::default());
        (planner.told, planner.pending) = (Identities::default(), Pending::default());
        let (run, mode, lease) = (planner.run, planner.mode, planner.lease);
        let until = self.ports.clock.now().plus_seconds(LEASE);
        let source = planner.source.id;
        let has_groups = self
            .store
            .write(move |tx| {
                keep_lease(tx, lease, until)?;
                tx.reset_plan(run)?;
                tx.set_run_checkpoint(run, None)?;
                tx.set_run_mode(run, mode)?;
                tx.has_groups(source)
            })
            .await?;
        planner.groups = GroupPlan::new(has_groups);
        Ok(())
    }

    async fn plan_pages(&self, planner: &mut Planner) -> Result<()> {
        self.read_and_stage(planner).await?;
        // of an incremental run, whom it did not tell of did not change
        if planner.mode == SyncMode::Full {
            self.stage_missing(planner).await?;
        }
        self.finish_groups(planner).await
    }

    /// Plans page after page: while one is staged the next is read.
    async fn read_and_stage(&self, planner: &mut Planner) -> Result<()> {
        let outcome = self.read_beside_staging(planner).await;
        // whatever the outcome: nothing may still be written once the plan begins anew
        let written = self.written(planner).await;
        outcome?;
        written
    }

    async fn read_beside_staging(&self, planner: &mut Planner) -> Result<()> {
        let reading = self.begin_reading(planner).await?;
        let (pages, read) = mpsc::channel(1);
        let staging = async {
            // gone when staging fails: then no more is read
            let mut read = read;
            while let Some(page) = read.recv().await {
                self.stage_page(planner, page).await?;
            }
            self.write_all(planner).await
        };
        // each ends by itself: nothing of a run may still go on once its plan begins anew
        let (read, staged) = tokio::join!(self.read_pages(reading, pages), staging);
        staged?;
        read
    }

    /// Holds the standing plan, or lets it be applied. Whether it is held.
    async fn decide_hold(&self, ctx: &Context, planner: &Planner, found: &Run, plan_only: bool) -> Result<bool> {
        let (groups, run, source) = (planner.groups.counts, planner.run, planner.source.id);
        let known_groups = self.store.write(move |tx| tx.set_run_groups(run, source, &groups)).await?;
        let percent = self.settings.hold_threshold_percent;
        let hold = if plan::must_hold(planner.counts.disabled, found.known_active, percent) {
            Some(HoldReason::TooManyGone)
        } else if plan::must_hold_groups(groups.gone, known_groups, percent) {
            Some(HoldReason::TooManyGroupsGone)
        } else if plan_only && planner.counts.changes() + planner.groups.counts.changes() > 0 {
            Some(HoldReason::PlanOnly)
        } else {
            None
        };
        let (ctx, random, counts) = (*ctx, self.shared_random(), planner.counts);
        let now = self.ports.clock.now();
        let to = if hold.is_some() { RunState::Held } else { RunState::Applying };
        let lease = planner.lease;
        self.store
            .write(move |tx| {
                keep_lease(tx, lease, now.plus_seconds(LEASE))?;
                if !tx.move_run(run, RunState::Planning, to, hold, now)? {
                    return Err(Error::Conflict("this run is no longer planned by this worker".into()).into());
                }
                if let Some(hold) = hold {
                    tx.audit(
                        &AuditEvent::done(&ctx, &*random, "run.hold", "run", run)
                            .with(json!({"reason": hold, "counts": counts, "groups": groups})),
                    )?;
                }
                Ok(())
            })
            .await?;
        Ok(hold.is_some())
    }

    /// Renews a worker's hold on a job that takes long; `false` when it is lost.
    pub async fn renew_lease(&self, lease: Lease) -> Result<bool> {
        let until = self.ports.clock.now().plus_seconds(LEASE);
        Ok(self.store.write(move |tx| tx.extend_lease(lease, until)).await?)
    }
}

/// Notes that a run ended or stopped to wait, and how long a worker had it.
pub fn ended(run: RunId, outcome: &'static str, begun: Option<Instant>) {
    tracing::info!(run.id = %run, run.outcome = outcome, "a run ended or waits for a word");
    metrics::counter!(metric::RUNS.name, "outcome" => outcome).increment(1);
    if let Some(begun) = begun {
        metrics::histogram!(metric::RUN_DURATION.name, "outcome" => outcome).record(begun.elapsed());
    }
}

/// Renews the lease; a worker that lost it must not write.
pub(crate) fn keep_lease(tx: &mut Tx<'_>, lease: Lease, until: estampe_domain::Ts) -> estampe_store::Result<()> {
    if tx.extend_lease(lease, until)? {
        Ok(())
    } else {
        Err(Error::Conflict("another worker has this job now".into()).into())
    }
}
