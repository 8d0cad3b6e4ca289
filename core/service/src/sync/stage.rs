//! Planning: pages looked up, judged, and staged as lines of a plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use estampe_domain::difference::PlanReason;
use estampe_domain::ids::PersonId;
use estampe_domain::plugin::{FailKind, Page, PluginFailure, SourcePhoto};
use estampe_domain::run::{PlanAction, Refusal};
use estampe_domain::{Error, Result};
use estampe_store::StagedItem;
use tracing::Instrument;

use super::judge::{Events, Incoming, Judged, Planned, judged, read_events};
use super::{LEASE, Planner, composed, keep_lease};
use crate::Service;
use crate::aside::aside;

/// Refused entries kept with their reasons; more are only counted.
const REFUSALS: i64 = 10_000;
/// Rows written in one transaction, octets of photos, and how long they may wait for more: the
/// lease is renewed with each.
const ROWS: usize = 1_000;
const PHOTOS: usize = 4 << 20;
const WAIT: Duration = Duration::from_secs(5);

/// What was planned and is not written yet: pages are small, and a commit has its price.
#[derive(Default)]
pub(super) struct Pending {
    items: Vec<Planned>,
    refusals: Vec<Refusal>,
    /// Identities that are known and were seen.
    seen: Vec<String>,
    state: BTreeMap<String, Option<Vec<u8>>>,
    checkpoint: Option<Vec<u8>>,
    /// Octets of the photos among them.
    photos: usize,
    since: Since,
}

/// When something began.
struct Since(Instant);

impl Default for Since {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Pending {
    /// Whether to write before more is planned.
    fn is_enough(&self) -> bool {
        let rows = self.items.len() + self.refusals.len() + self.seen.len();
        rows >= ROWS || self.photos >= PHOTOS || self.since.0.elapsed() >= WAIT
    }
}

impl Service {
    /// Plans one page: maps, looks up, judges, makes photos harmless, stages.
    pub(super) async fn stage_page(&self, planner: &mut Planner, mut page: Page) -> Result<()> {
        let mut refusals = Vec::new();
        let groups = planner.groups.take(&mut page.events, &mut refusals)?;
        let (source, mut told) = (Arc::clone(&planner.source), std::mem::take(&mut planner.told));
        let (events, refusals, told) = aside(move || {
            let events = read_events(page.events, &source.mapping, &mut told, &mut refusals);
            (events, refusals, told)
        })
        .await?;
        planner.told = told;
        let source = planner.source.id;
        let (events, known, owners) = self
            .store
            .read(move |tx| {
                let Events { incoming, gone, unusable } = &events;
                let others = gone.iter().map(|(id, _)| id).chain(unusable).map(String::as_str);
                let ids: Vec<&str> = incoming.iter().map(|p| p.external_id.as_str()).chain(others).collect();
                let known = tx.identities(source, &ids)?;
                Ok((events, known, tx.source_owners(source)?))
            })
            .await?;
        let mut events = events;
        events.gone.retain(|(id, _)| known.get(id).is_some_and(|known| known.active) && planner.told.insert(id));
        // whoever is not active and was never known gets no card, and needs no photo
        let is_strange = |person: &Incoming| person.active && !known.contains_key(&person.external_id);
        if events.incoming.iter().any(|person| person.photo == SourcePhoto::Same && is_strange(person)) {
            // everybody is read again, this time with their photos
            let why = "somebody's photo is said to be the same, and nothing of them is known";
            return Err(PluginFailure::new(FailKind::CursorExpired, why).into());
        }
        let images = Arc::clone(&self.ports.images);
        let Judged { items, seen, unchanged, notes } = aside(move || judged(events, &known, &owners, &*images)).await?;
        planner.counts.unchanged += unchanged;
        for item in &items {
            match item.action {
                PlanAction::Create => planner.counts.created += 1,
                PlanAction::Update => planner.counts.changed += 1,
                PlanAction::Disable => planner.counts.disabled += 1,
                // known only when a line is put together with what was entered
                PlanAction::Note => {}
            }
        }
        // a note is about a person who was taken all the same
        planner.counts.refused += refusals.len() as u64;
        let pending = &mut planner.pending;
        pending.photos += items.iter().map(|item| item.payload.photo.as_ref().map_or(0, Vec::len)).sum::<usize>();
        pending.items.extend(items);
        pending.refusals.extend(refusals.into_iter().chain(notes));
        pending.seen.extend(seen);
        pending.state.extend(page.state);
        pending.checkpoint = page.checkpoint.or(pending.checkpoint.take());
        if pending.is_enough() {
            self.write_pending(planner).await?;
        }
        self.stage_groups(planner, groups).await
    }

    /// Begins to write what was planned, once what came before it is written: meanwhile more
    /// can be planned.
    async fn write_pending(&self, planner: &mut Planner) -> Result<()> {
        self.written(planner).await?;
        let Pending { items, refusals, seen, state, checkpoint, .. } = std::mem::take(&mut planner.pending);
        let (run, source, lease) = (planner.run, planner.source.id, planner.lease);
        let (first, first_refusal, mut counts) = (planner.seq, planner.refusal_seq, planner.counts);
        let source_name = planner.source.name.clone();
        planner.seq += i64::try_from(items.len()).unwrap_or(0);
        planner.refusal_seq += i64::try_from(refusals.len()).unwrap_or(0);
        let (now, random, store) = (self.ports.clock.now(), self.shared_random(), self.store.clone());
        let work = async move {
            store
                .write(move |tx| {
                    keep_lease(tx, lease, now.plus_seconds(LEASE))?;
                    let owners = tx.source_owners(source)?;
                    let mut staged = Vec::with_capacity(items.len());
                    let mut notes = 0;
                    for (seq, item) in (first..).zip(items) {
                        let Planned { mut action, person, mut payload, same_photo } = item;
                        if composed::describe(tx, &owners, &source_name, person, &mut payload, same_photo)? {
                            action = PlanAction::Note;
                            notes += 1;
                        }
                        let person = person.unwrap_or_else(|| PersonId::new(now, &*random));
                        staged.push(StagedItem { seq, action, person, payload });
                    }
                    tx.stage(run, &staged)?;
                    let room = usize::try_from(REFUSALS - first_refusal).unwrap_or(0);
                    let kept = refusals.get(..room.min(refusals.len())).unwrap_or_default();
                    tx.refuse(run, first_refusal, kept)?;
                    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
                    tx.mark_seen(source, &seen, run)?;
                    tx.stage_state(run, &state)?;
                    if let Some(checkpoint) = &checkpoint {
                        tx.set_run_checkpoint(run, Some(checkpoint))?;
                    }
                    counts.noted(notes);
                    tx.set_run_counts(run, &counts)?;
                    Ok(notes)
                })
                .await
        };
        planner.writing = Some(tokio::spawn(work.in_current_span()));
        Ok(())
    }

    /// Writes whatever is planned, and waits until it is written.
    pub(super) async fn write_all(&self, planner: &mut Planner) -> Result<()> {
        self.write_pending(planner).await?;
        self.written(planner).await
    }

    /// Waits until what is being written is written.
    pub(super) async fn written(&self, planner: &mut Planner) -> Result<()> {
        let Some(writing) = planner.writing.take() else { return Ok(()) };
        let notes = writing.await.map_err(|error| Error::Internal(format!("planning: {error}")))??;
        planner.counts.noted(notes);
        Ok(())
    }

    /// Stages a disable for everybody whom a finished full run did not see.
    pub(super) async fn stage_missing(&self, planner: &mut Planner) -> Result<()> {
        let mut after = String::new();
        loop {
            let (run, source) = (planner.run, planner.source.id);
            let begin = after.clone();
            let missing = self.store.read(move |tx| tx.unseen(source, run, &begin, 500)).await?;
            let Some((last, _)) = missing.last() else { return Ok(()) };
            after.clone_from(last);
            planner.counts.disabled += missing.len() as u64;
            let gone = |(external_id, person)| Planned::disable(Some(person), external_id, Some(PlanReason::Missing));
            planner.pending.items.extend(missing.into_iter().map(gone));
            self.write_all(planner).await?;
        }
    }
}
