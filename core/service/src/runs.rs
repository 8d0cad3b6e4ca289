//! Runs: begun, looked at, approved or discarded.

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{JobId, RunId, SourceId};
use estampe_domain::plugin::SyncMode;
use estampe_domain::ports::Random;
use estampe_domain::run::{Run, RunState};
use estampe_domain::source::MAX_EVERY_MINUTES;
use estampe_domain::{Actor, Context, Error, Locale, Result, Right};
use estampe_store::{Job, NewJob, NewRun, Tx};
use serde_json::json;

use crate::Service;
use crate::views::{RunDetail, SyncStarted};

/// Groups named of those that a plan lets go.
const GROUPS: i64 = 200;

impl Service {
    /// Begins a run of a source: enqueued with its run row, done by the worker. It reads what
    /// changed, where the source can tell, unless everybody is wanted. `plan_only` holds it
    /// when the plan stands.
    pub async fn start_sync(
        &self,
        ctx: &Context,
        source: &str,
        plan_only: bool,
        everybody: bool,
    ) -> Result<SyncStarted> {
        ctx.require(Right::SourcesRun)?;
        let source = self.source_named(ctx, source).await?.id;
        if self.is_held() {
            return Err(Error::Conflict(
                "this was restored from a backup, and nothing leaves it before somebody says so: estampe resume".into(),
            ));
        }
        let last = self.store.read(move |tx| tx.runs(Some(source), 1)).await?;
        if let Some(Run { id: run, state, .. }) = last.first()
            && state.is_open()
        {
            let what = if *state == RunState::Held { "waits for a word" } else { "is under way" };
            return Err(Error::Conflict(format!("run {run} of this source {what}; one at a time")));
        }
        let mode = if everybody { SyncMode::Full } else { SyncMode::Incremental };
        let run = RunId::new(ctx.now, self.random());
        let (ctx, random) = (*ctx, self.shared_random());
        let new = NewRun { id: run, source, plan_only, mode, at: ctx.now };
        let started = self.store.write(move |tx| begin(tx, &ctx, &*random, &new)).await;
        match started {
            Ok(()) => {}
            Err(error) if error.is_conflict() => {
                return Err(Error::Conflict("a run of this source is under way; one at a time".into()));
            }
            Err(error) => return Err(error.into()),
        }
        self.wake_worker();
        Ok(SyncStarted { run })
    }

    /// Begins the runs that are due by their sources' schedules; how many.
    pub async fn start_due_runs(&self) -> Result<usize> {
        let ctx = self.context(Actor::System, Locale::En);
        let due = self.store.read(move |tx| tx.due_sources(ctx.now)).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let random = self.shared_random();
        let begun = self
            .store
            .write(move |tx| {
                // again, now that nobody else writes: another node may have begun them
                let due = tx.due_sources(ctx.now)?;
                for source in &due {
                    let run = RunId::new(ctx.now, &*random);
                    let mode = SyncMode::Incremental;
                    let new = NewRun { id: run, source: source.id, plan_only: false, mode, at: ctx.now };
                    begin(tx, &ctx, &*random, &new)?;
                }
                Ok(due.len())
            })
            .await;
        match begun {
            Ok(begun) => {
                self.wake_worker();
                Ok(begun)
            }
            // somebody was quicker
            Err(error) if error.is_conflict() => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets how often a source's runs begin by themselves; `None`: never.
    pub async fn set_schedule(&self, ctx: &Context, name: &str, every_minutes: Option<u32>) -> Result<()> {
        ctx.require(Right::SourcesChange)?;
        let id = self.source_named(ctx, name).await?.id;
        if every_minutes.is_some_and(|minutes| !(1..=MAX_EVERY_MINUTES).contains(&minutes)) {
            return Err(Error::invalid("every", "it is 1 minute to 28 days, or off"));
        }
        let (ctx, random) = (*ctx, self.shared_random());
        Ok(self
            .store
            .write(move |tx| {
                tx.lock_source(id)?;
                tx.set_schedule(id, every_minutes)?;
                let event = AuditEvent::done(&ctx, &*random, "source.schedule", "source", id);
                tx.audit(&event.with(json!({"every_minutes": every_minutes})))
            })
            .await?)
    }

    /// The newest runs, of one source or of all.
    pub async fn runs(&self, ctx: &Context, source: Option<SourceId>) -> Result<Vec<Run>> {
        ctx.require(Right::SourcesRead)?;
        Ok(self.store.read(move |tx| tx.runs(source, 50)).await?)
    }

    /// One run with its refused entries; its plan by [`plan_page`](Self::plan_page).
    pub async fn run(&self, ctx: &Context, run: RunId) -> Result<RunDetail> {
        ctx.require(Right::SourcesRead)?;
        let detail = self
            .store
            .read(move |tx| {
                let Some(found) = tx.run(run)? else { return Ok(None) };
                let groups_going = match found.state {
                    RunState::Held => tx.groups_going(run, found.source, GROUPS)?,
                    _ => Vec::new(),
                };
                Ok(Some(RunDetail {
                    groups_going,
                    run: found,
                    plan_only: tx.is_plan_only(run)?,
                    refusals: tx.refusals(run, 1000)?,
                    kept_refusals: tx.kept_refusals(run)?,
                    log: tx.run_log(run)?,
                }))
            })
            .await?;
        detail.ok_or(Error::NotFound)
    }

    /// Says yes to a held plan: it is applied by the worker.
    pub async fn approve_run(&self, ctx: &Context, run: RunId) -> Result<()> {
        self.decide(ctx, run, RunState::Applying, "run.approve").await?;
        self.wake_worker();
        Ok(())
    }

    /// Says no to a held plan: nobody's state was changed, and none will be.
    pub async fn discard_run(&self, ctx: &Context, run: RunId) -> Result<()> {
        self.decide(ctx, run, RunState::Discarded, "run.discard").await
    }

    async fn decide(&self, ctx: &Context, run: RunId, to: RunState, operation: &'static str) -> Result<()> {
        ctx.require(Right::SourcesRun)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let decided = self
            .store
            .write(move |tx| {
                if tx.run(run)?.is_none() {
                    return Ok(None);
                }
                if !tx.move_run(run, RunState::Held, to, None, ctx.now)? {
                    return Ok(Some(false));
                }
                if to == RunState::Discarded {
                    tx.drop_plan(run)?;
                }
                if to == RunState::Applying {
                    tx.enqueue(&NewJob {
                        id: JobId::new(ctx.now, &*random),
                        job: Job::Apply(run),
                        request: ctx.request,
                        run_at: ctx.now,
                    })?;
                }
                tx.audit(&AuditEvent::done(&ctx, &*random, operation, "run", run))?;
                Ok(Some(true))
            })
            .await?;
        match decided {
            None => Err(Error::NotFound),
            Some(false) => Err(Error::Conflict("this run does not wait for a word any more".into())),
            Some(true) => {
                if to == RunState::Discarded {
                    crate::sync::ended(run, "discarded", None);
                }
                Ok(())
            }
        }
    }
}

/// Stores a run with its job and its audit event.
fn begin(tx: &mut Tx<'_>, ctx: &Context, random: &dyn Random, new: &NewRun) -> estampe_store::Result<()> {
    tx.insert_run(new)?;
    tx.enqueue(&NewJob {
        id: JobId::new(ctx.now, random),
        job: Job::Sync(new.id),
        request: ctx.request,
        run_at: ctx.now,
    })?;
    let details = json!({"plan_only": new.plan_only, "mode": new.mode.as_str()});
    tx.audit(&AuditEvent::done(ctx, random, "run.start", "run", new.id).with(details))
}
