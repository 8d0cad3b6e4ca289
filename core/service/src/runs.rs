//! Runs: begun, looked at, approved or discarded.

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{JobId, RunId, SourceId};
use estampe_domain::run::{Run, RunState};
use estampe_domain::{Context, Error, Result};
use estampe_store::{Job, NewJob, NewRun};
use serde_json::json;

use crate::Service;
use crate::views::{RunDetail, SyncStarted};

impl Service {
    /// Begins a run of a source: enqueued with its run row, done by the worker.
    /// `plan_only` holds it when the plan stands.
    pub async fn start_sync(&self, ctx: &Context, source: &str, plan_only: bool) -> Result<SyncStarted> {
        ctx.require_administrator()?;
        let overview = self.source(ctx, source).await?;
        if let Some((run, state, _)) = overview.last_run
            && state.is_open()
        {
            let what = if state == RunState::Held { "waits for a word" } else { "is under way" };
            return Err(Error::Conflict(format!("run {run} of this source {what}; one at a time")));
        }
        let (ctx, random, source) = (*ctx, self.shared_random(), overview.source.id);
        let run = RunId::new(ctx.now, self.random());
        let started = self
            .store
            .write(move |tx| {
                tx.insert_run(&NewRun { id: run, source, plan_only, at: ctx.now })?;
                tx.enqueue(&NewJob {
                    id: JobId::new(ctx.now, &*random),
                    job: Job::Sync(run),
                    request: ctx.request,
                    run_at: ctx.now,
                })?;
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "run.start", "run", run).with(json!({"plan_only": plan_only})),
                )
            })
            .await;
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

    /// The newest runs, of one source or of all.
    pub async fn runs(&self, ctx: &Context, source: Option<SourceId>) -> Result<Vec<Run>> {
        ctx.require_administrator()?;
        Ok(self.store.read(move |tx| tx.runs(source, 50)).await?)
    }

    /// One run with its refused entries; its plan by [`plan_page`](Self::plan_page).
    pub async fn run(&self, ctx: &Context, run: RunId) -> Result<RunDetail> {
        ctx.require_administrator()?;
        let detail = self
            .store
            .read(move |tx| {
                let Some(found) = tx.run(run)? else { return Ok(None) };
                Ok(Some(RunDetail {
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
        ctx.require_administrator()?;
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
