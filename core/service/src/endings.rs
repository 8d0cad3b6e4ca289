//! Ending a source: planned, decided, then done chunk by chunk by a job, so that a killed
//! process goes on where it was.

use std::sync::Arc;

use estampe_domain::approval::Act;
use estampe_domain::audit::AuditEvent;
use estampe_domain::ending::{Ending, EndingDone, EndingPlan, PeopleFate, PersonEnd};
use estampe_domain::ids::{JobId, PublicationId, SourceId};
use estampe_domain::ports::Random;
use estampe_domain::run::RunState;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::{Job, Lease, NewJob, Tx};
use serde_json::json;

use crate::Service;
use crate::sync::{LEASE, keep_lease};

/// People dealt with in one transaction.
const CHUNK: i64 = 100;

impl Service {
    /// What ending a source would do. Nothing is changed.
    pub async fn ending_plan(&self, ctx: &Context, source: SourceId) -> Result<EndingPlan> {
        ctx.require(Right::SourcesRead)?;
        Ok(self.store.read(move |tx| tx.ending_plan(source)).await?)
    }

    /// The publication that reads or writes a source's mailboxes now: the source cannot end before.
    pub async fn publishes(&self, ctx: &Context, source: SourceId) -> Result<Option<PublicationId>> {
        ctx.require(Right::SourcesRead)?;
        Ok(self.store.read(move |tx| publication_under_way(tx, source)).await?)
    }

    /// A source's end, under way or done.
    pub async fn ending(&self, ctx: &Context, source: SourceId) -> Result<Ending> {
        ctx.require(Right::SourcesRead)?;
        self.store.read(move |tx| tx.ending(source)).await?.ok_or(Error::NotFound)
    }

    /// Begins the end of a source: from now on nothing else can be done with it. Decided on
    /// what `seen` said of its people; not when that is no longer so, nor while a run is
    /// open. Asked again for the same, it answers with the end that is under way.
    pub async fn end_source(
        &self,
        ctx: &Context,
        name: &str,
        fate: PeopleFate,
        seen: Option<EndingPlan>,
    ) -> Result<SourceId> {
        ctx.require(Right::SourcesEnd)?;
        ctx.require_recent()?;
        let source = self.source_named(ctx, name).await?;
        let id = source.id;
        if fate != PeopleFate::Keep && self.store.read(move |tx| tx.ending(id)).await?.is_none() {
            let act = || Act::EndSource { source: id, name: source.name.clone(), fate, seen };
            self.second_look(ctx, act).await?;
        }
        let (ctx, random) = (*ctx, self.shared_random());
        self.store
            .write(move |tx| {
                if !tx.hold_source(id)? {
                    return Err(Error::NotFound.into());
                }
                match tx.ending(id)? {
                    None => {}
                    Some(ending) if ending.fate == fate => return Ok(()),
                    Some(ending) => {
                        let words = format!("this source is being disconnected already, by: {}", ending.fate.as_str());
                        return Err(Error::Conflict(words).into());
                    }
                }
                if let Some((run, state)) = tx.open_run(id)? {
                    let words = if state == RunState::Held {
                        format!("run {run} of this source waits for a word: estampe run discard {run}")
                    } else {
                        format!("run {run} of this source is under way: wait for its end")
                    };
                    return Err(Error::Conflict(words).into());
                }
                if let Some(open) = publication_under_way(tx, id)? {
                    let words = format!(
                        "publication {open} of this source is under way: wait for its end, or \
                         estampe signature publish stop {open}"
                    );
                    return Err(Error::Conflict(words).into());
                }
                let plan = tx.ending_plan(id)?;
                let facts = |plan: &EndingPlan| {
                    let cards = (plan.cards_disabled, plan.cards_erased);
                    (plan.people, plan.known_elsewhere, cards, plan.mailboxes)
                };
                if seen.is_some_and(|seen| facts(&seen) != facts(&plan)) {
                    let words = "its people changed since the plan was shown; look at it again";
                    return Err(Error::Conflict(words.into()).into());
                }
                tx.insert_ending(&Ending {
                    source: id,
                    name: source.name,
                    fate,
                    people: plan.people,
                    done: EndingDone::default(),
                    started_at: ctx.now,
                    ended_at: None,
                })?;
                tx.enqueue(&NewJob {
                    id: JobId::new(ctx.now, &*random),
                    job: Job::EndSource(id),
                    request: ctx.request,
                    run_at: ctx.now,
                })?;
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "source.disconnect", "source", id)
                        .with(json!({"people": fate, "plan": plan})),
                )
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    /// Does the end of a source, or what is left of it.
    pub async fn do_end_source(&self, ctx: &Context, source: SourceId, lease: Lease) -> Result<()> {
        self.give_tokens_back(source).await?;
        loop {
            let (ctx, random) = (*ctx, self.shared_random());
            let now = self.ports.clock.now();
            let more = self
                .store
                .write(move |tx| {
                    keep_lease(tx, lease, now.plus_seconds(LEASE))?;
                    end_some(tx, &Context { now, ..ctx }, &random, source)
                })
                .await?;
            if !more {
                tracing::info!(source.id = %source, "a source was disconnected");
                return Ok(());
            }
        }
    }
}

pub(crate) fn publication_under_way(tx: &mut Tx<'_>, source: SourceId) -> estampe_store::Result<Option<PublicationId>> {
    let Some(open) = tx.open_publication(source)? else { return Ok(None) };
    let is_busy = tx.publication_head(open)?.is_some_and(|publication| publication.state.is_busy());
    Ok(is_busy.then_some(open))
}

impl Service {
    /// Ends the tokens of a source that ends. Where its plugin cannot be used any more they end
    /// by themselves.
    async fn give_tokens_back(&self, source: SourceId) -> Result<()> {
        let read = self.store.read(move |tx| {
            let ends = tx.ending(source)?.is_some_and(|ending| ending.ended_at.is_none());
            if ends { tx.source(source).map(Some) } else { Ok(None) }
        });
        let Some(source) = read.await? else { return Ok(()) };
        if let Ok(given) = self.given(&source, true).await {
            self.ports.directory.give_back(&source.connector, &given).await;
        }
        Ok(())
    }
}

/// One step: some people, else some runs, else the source itself. Whether there is more.
fn end_some(tx: &mut Tx<'_>, ctx: &Context, random: &Arc<dyn Random>, source: SourceId) -> estampe_store::Result<bool> {
    tx.hold_source(source)?;
    let Some(mut ending) = tx.ending(source)?.filter(|ending| ending.ended_at.is_none()) else { return Ok(false) };
    let people = tx.people_of_source(source, CHUNK)?;
    for person in &people {
        let end = ending.fate.end_of(tx.ties_beside(*person, source)?);
        tx.forget_identities(*person, source)?;
        let operation = match end {
            PersonEnd::Released => "person.release",
            PersonEnd::Disabled => {
                tx.disable_person(*person, ctx.now)?;
                "person.disable"
            }
            PersonEnd::Erased => {
                for account in tx.erase_person(*person, ctx.now)? {
                    tx.audit(&AuditEvent::done(ctx, &**random, "account.release", "account", account))?;
                }
                "person.erase"
            }
        };
        ending.done.count(end);
        tx.audit(&AuditEvent::done(ctx, &**random, operation, "person", person).with(json!({"source": source})))?;
    }
    if !people.is_empty() {
        tx.set_ending_done(source, &ending.done)?;
        return Ok(true);
    }
    let runs = tx.forget_runs(source, ctx.now)?;
    if runs > 0 {
        ending.done.runs += runs;
        tx.set_ending_done(source, &ending.done)?;
        tx.audit(&AuditEvent::done(ctx, &**random, "run.forget", "source", source).with(json!({"runs": runs})))?;
        return Ok(true);
    }
    tx.end_source(source, ctx.now)?;
    tx.audit(&AuditEvent::done(ctx, &**random, "source.remove", "source", source).with(json!(ending.done)))?;
    Ok(false)
}
