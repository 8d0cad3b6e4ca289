//! The cards of many people taken down or put up at once: chosen, done chunk by chunk by a
//! job, undone.

use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::bulk::{Bulk, BulkAct};
use estampe_domain::ids::{BulkId, JobId, PersonId};
use estampe_domain::ports::Random;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::{Job, Lease, NewJob, Tx};
use serde_json::json;

use crate::Service;
use crate::sync::{LEASE, keep_lease};
use crate::views::{Chosen, PeopleFilter};

/// People dealt with in one transaction.
const CHUNK: i64 = 100;
/// Most people who may be named one by one.
const NAMED: usize = 1000;
/// How long an act can be undone, in days.
pub(crate) const KEPT: i64 = 30;

impl Service {
    /// How many people a filter finds, whatever the page.
    pub async fn people_found(&self, ctx: &Context, filter: &PeopleFilter) -> Result<u64> {
        ctx.require(Right::PeopleChange)?;
        Ok(self.people_ids(ctx, filter).await?.len() as u64)
    }

    /// Begins an act on the cards of many people. Of all that a filter finds, only as long as
    /// these are as many as the reader saw.
    pub async fn begin_bulk(&self, ctx: &Context, act: BulkAct, chosen: Chosen) -> Result<BulkId> {
        ctx.require(Right::PeopleChange)?;
        let people = match chosen {
            Chosen::These(mut people) => {
                if people.len() > NAMED {
                    return Err(Error::invalid("people", format!("name at most {NAMED}, or all that match a search")));
                }
                let mut seen = std::collections::HashSet::new();
                people.retain(|person| seen.insert(*person));
                people
            }
            Chosen::All { filter, seen } => {
                let people = self.people_ids(ctx, &filter).await?;
                if seen.is_some_and(|seen| seen != people.len() as u64) {
                    return Err(Error::Conflict(format!("{} people match now; look at them again", people.len())));
                }
                people
            }
        };
        if people.is_empty() {
            return Err(Error::invalid("people", "choose at least one"));
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let id = self
            .store
            .write(move |tx| {
                // a name of nobody is a mistake of whoever typed it
                if people.len() <= NAMED {
                    for person in &people {
                        tx.person(*person)?.ok_or(Error::NotFound)?;
                    }
                }
                begin(tx, &ctx, &random, act, &people, None)
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    /// An act, under way or done.
    pub async fn bulk(&self, ctx: &Context, bulk: BulkId) -> Result<Bulk> {
        ctx.require(Right::PeopleChange)?;
        self.store.read(move |tx| tx.bulk(bulk)).await?.ok_or(Error::NotFound)
    }

    /// Undoes an act: exactly the cards that it changed are put back. Asked again, it answers
    /// with the act that undoes it already.
    pub async fn undo_bulk(&self, ctx: &Context, bulk: BulkId) -> Result<BulkId> {
        ctx.require(Right::PeopleChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let id = self
            .store
            .write(move |tx| {
                let found = tx.bulk(bulk)?.ok_or(Error::NotFound)?;
                if let Some(undone_by) = found.undone_by {
                    return Ok(undone_by);
                }
                if !found.can_be_undone() {
                    let why = match (found.ended_at, found.undoes) {
                        (None, _) => "it is still under way: wait for its end",
                        (_, Some(_)) => "it undoes another itself: choose the people anew",
                        _ => "it changed nothing",
                    };
                    return Err(Error::Conflict(why.into()).into());
                }
                let people = tx.people_changed_by(bulk)?;
                begin(tx, &ctx, &random, found.act.reverse(), &people, Some(bulk))
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    /// Does an act, or what is left of it.
    pub async fn do_bulk(&self, ctx: &Context, bulk: BulkId, lease: Lease) -> Result<()> {
        loop {
            let (ctx, random) = (*ctx, self.shared_random());
            let now = self.ports.clock.now();
            let more = self
                .store
                .write(move |tx| {
                    keep_lease(tx, lease, now.plus_seconds(LEASE))?;
                    do_some(tx, &Context { now, ..ctx }, &random, bulk)
                })
                .await?;
            if !more {
                tracing::info!(bulk.id = %bulk, "an act on many people was done");
                return Ok(());
            }
        }
    }
}

fn begin(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &Arc<dyn Random>,
    act: BulkAct,
    people: &[PersonId],
    undoes: Option<BulkId>,
) -> estampe_store::Result<BulkId> {
    let id = BulkId::new(ctx.now, &**random);
    let bulk = Bulk {
        id,
        act,
        people: people.len() as u64,
        done: 0,
        changed: 0,
        undoes,
        undone_by: None,
        started_at: ctx.now,
        ended_at: None,
    };
    tx.insert_bulk(&bulk, people)?;
    tx.enqueue(&NewJob {
        id: JobId::new(ctx.now, &**random),
        job: Job::Bulk(id),
        request: ctx.request,
        run_at: ctx.now,
    })?;
    tx.audit(
        &AuditEvent::done(ctx, &**random, "person.bulk", "bulk", id)
            .with(json!({"act": act, "people": people.len(), "undoes": undoes})),
    )?;
    Ok(id)
}

/// One step: some people. Whether there is more.
fn do_some(tx: &mut Tx<'_>, ctx: &Context, random: &Arc<dyn Random>, id: BulkId) -> estampe_store::Result<bool> {
    let Some(mut bulk) = tx.bulk(id)?.filter(|bulk| bulk.ended_at.is_none()) else { return Ok(false) };
    let operation = if bulk.act.shows() { "card.up" } else { "card.down" };
    let people = tx.people_of_bulk(id, bulk.done, CHUNK)?;
    for person in &people {
        // whose card stands so already, or who was erased meanwhile, is left alone
        if tx.set_card_active(*person, bulk.act.shows(), ctx.now)? {
            tx.note_changed_by(id, bulk.done)?;
            tx.audit(&AuditEvent::done(ctx, &**random, operation, "person", person).with(json!({"bulk": id})))?;
            bulk.changed += 1;
        }
        bulk.done += 1;
    }
    if people.is_empty() {
        bulk.ended_at = Some(ctx.now);
    }
    tx.set_bulk(&bulk)?;
    Ok(bulk.ended_at.is_none())
}
