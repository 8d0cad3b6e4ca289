//! Directory to card: the plan of a run, page by page, and its application.
//!
//! A plan is staged whole before anything is applied, so that a held, failed or
//! interrupted run has changed nobody's state. Applying goes by chunks, each one
//! transaction; a killed process goes on with the lines that are left.

use std::collections::{BTreeMap, HashSet};

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{CardId, PersonId, PublicId, RunId};
use estampe_domain::person::{NotAPerson, Profile};
use estampe_domain::plan::{self, Fingerprint, Known};
use estampe_domain::plugin::{DirectoryEvent, FailKind, Page, PluginFailure, SourcePerson, SyncCall, SyncMode};
use estampe_domain::ports::Random;
use estampe_domain::run::{HoldReason, PlanAction, Refusal, Run, RunCounts, RunState};
use estampe_domain::source::Source;
use estampe_domain::{BlobId, Context, Error, Result};
use estampe_store::{Lease, PlanPayload, StagedItem, Tx};
use serde_json::json;

use crate::Service;

/// Lines of a plan applied in one transaction.
const CHUNK: i64 = 200;
/// Refused entries kept with their reasons; more are only counted.
const REFUSALS: i64 = 10_000;
/// Runs of a source whose details are kept.
const KEPT_RUNS: i64 = 20;
/// A worker's lease is renewed for so long, in seconds.
const LEASE: i64 = 120;

/// Where the plan of a run stands while it grows.
struct Planner {
    run: RunId,
    source: Source,
    lease: Lease,
    seq: i64,
    refusal_seq: i64,
    counts: RunCounts,
}

/// A person of a page, mapped.
struct Incoming {
    external_id: String,
    active: bool,
    profile: Profile,
    fingerprint: Fingerprint,
    photo: Option<Vec<u8>>,
    position: String,
    left_out: Vec<String>,
}

impl Service {
    /// Does a run, or what is left of it: plans, holds or applies. An interrupted plan
    /// begins anew, an interrupted application goes on.
    pub async fn run_sync(&self, ctx: &Context, run: RunId, lease: Lease) -> Result<()> {
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
            RunState::Applying => return self.apply_run(ctx, run, lease).await,
            RunState::Held | RunState::Done | RunState::Failed | RunState::Discarded => return Ok(()),
        }
        let until = self.ports.clock.now().plus_seconds(LEASE);
        self.store
            .write(move |tx| {
                keep_lease(tx, lease, until)?;
                tx.reset_plan(run)
            })
            .await?;
        let mut planner = Planner { run, source, lease, seq: 0, refusal_seq: 0, counts: RunCounts::default() };
        match self.plan(&mut planner).await {
            Ok(()) => {}
            Err(Error::Plugin(failure)) => {
                return self.fail_run(ctx, run, failure.kind.as_str(), &failure.message).await;
            }
            Err(error) => return Err(error),
        }
        let held = self.decide_hold(ctx, &planner, &found, plan_only).await?;
        if held { Ok(()) } else { self.apply_run(ctx, run, lease).await }
    }

    /// Ends a run that could not be done. While it was planned nobody's state was changed;
    /// of a plan that was being applied, what was applied stays, under the code
    /// `apply-failed`, and the next full run plans the rest.
    pub async fn fail_run(&self, ctx: &Context, run: RunId, code: &str, words: &str) -> Result<()> {
        let (ctx, random) = (*ctx, self.shared_random());
        let now = self.ports.clock.now();
        let (code, words) = (code.to_owned(), words.to_owned());
        Ok(self
            .store
            .write(move |tx| {
                let planning = tx.move_run(run, RunState::Planning, RunState::Failed, None, now)?;
                if planning || tx.move_run(run, RunState::Applying, RunState::Failed, None, now)? {
                    let code = if planning { code.as_str() } else { "apply-failed" };
                    tx.set_run_failure(run, code, &words)?;
                    tx.drop_plan(run)?;
                    tx.audit(&AuditEvent::done(&ctx, &*random, "run.fail", "run", run).with(json!({"code": code})))?;
                }
                Ok(())
            })
            .await?)
    }

    async fn plan(&self, planner: &mut Planner) -> Result<()> {
        let source = planner.source.id;
        let mut state = self.store.read(move |tx| tx.source_state(source)).await?;
        let mut cursor = None;
        loop {
            let page = self
                .ports
                .directory
                .sync_page(SyncCall {
                    run: planner.run,
                    connector: planner.source.connector.clone(),
                    mode: SyncMode::Full,
                    cursor: cursor.clone(),
                    state: state.clone(),
                })
                .await?;
            let next = page.next.clone();
            overlay(&mut state, &page.state);
            self.stage_page(planner, page).await?;
            match next {
                None => break,
                Some(next) if cursor.as_ref() == Some(&next) => {
                    return Err(PluginFailure::new(
                        FailKind::Internal,
                        "the connector gave the same cursor twice: the run would never end",
                    )
                    .into());
                }
                Some(next) => cursor = Some(next),
            }
        }
        self.stage_missing(planner).await
    }

    /// Plans one page: maps, looks up, judges, makes photos harmless, stages.
    async fn stage_page(&self, planner: &mut Planner, page: Page) -> Result<()> {
        let mut refusals = Vec::new();
        let Events { incoming, gone, unusable } = read_events(page.events, &mut refusals);
        let (run, source) = (planner.run, planner.source.id);
        let (mut incoming, known, staged, gone, unusable) = self
            .store
            .read(move |tx| {
                let others = gone.iter().chain(&unusable).map(String::as_str);
                let ids: Vec<&str> = incoming.iter().map(|p| p.external_id.as_str()).chain(others).collect();
                let known = tx.identities(source, &ids)?;
                let staged = tx.staged_identities(run, source, &ids)?;
                Ok((incoming, known, staged, gone, unusable))
            })
            .await?;
        let twice = |external_id: &str| {
            staged.contains(external_id) || known.get(external_id).is_some_and(|k| k.seen == Some(run))
        };
        incoming.retain(|person| {
            let again = twice(&person.external_id);
            if again {
                refusals.push(refusal(&person.position, &NotAPerson::Twice));
            }
            !again
        });
        let mut work = Vec::new();
        // who is there but cannot be read stays as they were: an unreadable entry is not gone
        let mut seen: Vec<String> = unusable.into_iter().filter(|id| known.contains_key(id)).collect();
        for person in incoming {
            let before = known.get(&person.external_id);
            if before.is_some() {
                seen.push(person.external_id.clone());
            }
            let judged = plan::judge(
                before.map(|k| Known { fingerprint: &k.fingerprint, active: k.active }),
                &person.fingerprint,
                person.active,
            );
            match judged {
                None => planner.counts.unchanged += 1,
                Some(action) => work.push((action, before.map(|k| k.person), person)),
            }
        }
        let mut items = self.portraits(work, &mut refusals).await?;
        for external_id in gone {
            let Some(before) = known.get(&external_id).filter(|k| k.active && !twice(&external_id)) else { continue };
            seen.push(external_id.clone());
            items.push((PlanAction::Disable, Some(before.person), disable_payload(external_id)));
        }
        for (action, _, _) in &items {
            match action {
                PlanAction::Create => planner.counts.created += 1,
                PlanAction::Update => planner.counts.changed += 1,
                PlanAction::Disable => planner.counts.disabled += 1,
            }
        }
        // notes about a person who was taken all the same are not refusals
        planner.counts.refused += refusals.iter().filter(|r| !is_note(r)).count() as u64;
        self.write_page(planner, items, refusals, seen, page.state, page.checkpoint).await
    }

    /// Makes the photos of changed people harmless, off the async threads.
    async fn portraits(
        &self,
        work: Vec<(PlanAction, Option<PersonId>, Incoming)>,
        refusals: &mut Vec<Refusal>,
    ) -> Result<Vec<(PlanAction, Option<PersonId>, PlanPayload)>> {
        let images = std::sync::Arc::clone(&self.ports.images);
        let done = tokio::task::spawn_blocking(move || {
            let mut items = Vec::with_capacity(work.len());
            let mut notes = Vec::new();
            for (action, person, mut incoming) in work {
                let position = std::mem::take(&mut incoming.position);
                if action == PlanAction::Disable {
                    items.push((action, person, disable_payload(incoming.external_id)));
                    continue;
                }
                if !incoming.left_out.is_empty() {
                    notes.push(note(&position, "left-out", incoming.left_out.join(", ")));
                }
                let photo = match incoming.photo.as_deref().map(|photo| images.portrait(photo)) {
                    None => None,
                    Some(Ok(photo)) => Some(photo),
                    Some(Err(why)) => {
                        notes.push(note(&position, "photo", why));
                        None
                    }
                };
                let profile = Profile { photo: photo.as_deref().map(BlobId::of), ..incoming.profile };
                let payload = PlanPayload {
                    external_id: incoming.external_id,
                    name: profile.display_name.to_string(),
                    changes: Vec::new(),
                    profile: Some(profile),
                    fingerprint: Some(incoming.fingerprint.as_str().to_owned()),
                    photo,
                };
                items.push((action, person, payload));
            }
            (items, notes)
        })
        .await
        .map_err(|e| Error::Internal(format!("photos: {e}")))?;
        refusals.extend(done.1);
        Ok(done.0)
    }

    async fn write_page(
        &self,
        planner: &mut Planner,
        items: Vec<(PlanAction, Option<PersonId>, PlanPayload)>,
        refusals: Vec<Refusal>,
        seen: Vec<String>,
        state: BTreeMap<String, Option<Vec<u8>>>,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<()> {
        let (run, source, lease) = (planner.run, planner.source.id, planner.lease);
        let (first, first_refusal, counts) = (planner.seq, planner.refusal_seq, planner.counts);
        planner.seq += i64::try_from(items.len()).unwrap_or(0);
        planner.refusal_seq += i64::try_from(refusals.len()).unwrap_or(0);
        let until = self.ports.clock.now().plus_seconds(LEASE);
        Ok(self
            .store
            .write(move |tx| {
                keep_lease(tx, lease, until)?;
                let mut staged = Vec::with_capacity(items.len());
                for (seq, (action, person, mut payload)) in (first..).zip(items) {
                    if let Some(before) = person.map(|p| tx.person(p)).transpose()?.flatten() {
                        match &payload.profile {
                            Some(after) => payload.changes = before.profile.changes_to(after),
                            None => payload.name = before.profile.display_name.to_string(),
                        }
                    }
                    staged.push(StagedItem { seq, action, person, payload });
                }
                tx.stage(run, source, &staged)?;
                let room = usize::try_from(REFUSALS - first_refusal).unwrap_or(0);
                let kept = refusals.get(..room.min(refusals.len())).unwrap_or_default();
                tx.refuse(run, first_refusal, kept)?;
                let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
                tx.mark_seen(source, &seen, run)?;
                tx.stage_state(run, &state)?;
                if let Some(checkpoint) = &checkpoint {
                    tx.set_run_checkpoint(run, Some(checkpoint))?;
                }
                tx.set_run_counts(run, &counts)
            })
            .await?)
    }

    /// Stages a disable for everybody whom a finished full run did not see.
    async fn stage_missing(&self, planner: &mut Planner) -> Result<()> {
        let mut after = String::new();
        loop {
            let (run, source) = (planner.run, planner.source.id);
            let begin = after.clone();
            let missing = self.store.read(move |tx| tx.unseen(source, run, &begin, 500)).await?;
            let Some((last, _)) = missing.last() else { return Ok(()) };
            after.clone_from(last);
            planner.counts.disabled += missing.len() as u64;
            let items = missing
                .into_iter()
                .map(|(external_id, person)| (PlanAction::Disable, Some(person), disable_payload(external_id)))
                .collect();
            self.write_page(planner, items, Vec::new(), Vec::new(), BTreeMap::new(), None).await?;
        }
    }

    /// Holds the standing plan, or lets it be applied. Whether it is held.
    async fn decide_hold(&self, ctx: &Context, planner: &Planner, found: &Run, plan_only: bool) -> Result<bool> {
        let too_many =
            plan::must_hold(planner.counts.disabled, found.known_active, self.settings.hold_threshold_percent);
        let hold = if too_many {
            Some(HoldReason::TooManyGone)
        } else if plan_only && planner.counts.changes() > 0 {
            Some(HoldReason::PlanOnly)
        } else {
            None
        };
        let (ctx, random, run, counts) = (*ctx, self.shared_random(), planner.run, planner.counts);
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
                            .with(json!({"reason": hold, "counts": counts})),
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

    /// Applies what is left of a plan, chunk by chunk.
    pub async fn apply_run(&self, ctx: &Context, run: RunId, lease: Lease) -> Result<()> {
        loop {
            let (ctx, random) = (*ctx, self.shared_random());
            let now = self.ports.clock.now();
            let done = self
                .store
                .write(move |tx| {
                    let Some(found) = tx.run(run)? else { return Err(Error::NotFound.into()) };
                    if found.state != RunState::Applying {
                        return Ok(true);
                    }
                    keep_lease(tx, lease, now.plus_seconds(LEASE))?;
                    let items = tx.pending_items(run, CHUNK)?;
                    // one moment for what is written, however long the run took
                    let ctx = Context { now, ..ctx };
                    for item in &items {
                        apply_item(tx, &ctx, &*random, &found, item)?;
                    }
                    if !items.is_empty() {
                        return Ok(false);
                    }
                    for (key, value) in tx.staged_state(run)? {
                        tx.set_source_state(found.source, &key, value.as_deref())?;
                    }
                    let checkpoint = tx.run_checkpoint(run)?;
                    tx.set_checkpoint(found.source, checkpoint.as_deref())?;
                    tx.move_run(run, RunState::Applying, RunState::Done, None, now)?;
                    tx.prune_runs(found.source, KEPT_RUNS, now)?;
                    tx.audit(
                        &AuditEvent::done(&ctx, &*random, "run.apply", "run", run)
                            .with(json!({"counts": found.counts})),
                    )?;
                    Ok(true)
                })
                .await?;
            if done {
                return Ok(());
            }
        }
    }
}

/// Applies one line of a plan, with its audit event.
fn apply_item(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    run: &Run,
    item: &StagedItem,
) -> estampe_store::Result<()> {
    let payload = &item.payload;
    let event = |operation, person: PersonId| {
        AuditEvent::done(ctx, random, operation, "person", person).with(json!({"run": run.id}))
    };
    let unreadable = || estampe_store::StoreError::Unreadable("run_item");
    let person = match item.action {
        PlanAction::Disable => {
            let person = item.person.ok_or_else(unreadable)?;
            tx.deactivate_identity(run.source, &payload.external_id)?;
            if !tx.active_elsewhere(person, run.source)? {
                tx.disable_person(person, ctx.now)?;
                tx.audit(&event("person.disable", person))?;
            }
            person
        }
        PlanAction::Create | PlanAction::Update => {
            let profile = payload.profile.as_ref().ok_or_else(unreadable)?;
            let fingerprint = payload.fingerprint().ok_or_else(unreadable)?;
            if let Some(photo) = &payload.photo {
                tx.put_blob("image/jpeg", photo, ctx.now)?;
            }
            let person = if let Some(person) = item.person {
                tx.update_person(person, profile, ctx.now)?;
                let fields: Vec<_> = payload.changes.iter().map(|c| c.field.key()).collect();
                tx.audit(&event("person.change", person).with(json!({"run": run.id, "fields": fields})))?;
                person
            } else {
                let person = PersonId::new(ctx.now, random);
                tx.insert_person(person, CardId::new(ctx.now, random), &PublicId::new(random), profile, ctx.now)?;
                tx.audit(&event("person.create", person))?;
                person
            };
            tx.put_identity(run.source, &payload.external_id, person, &fingerprint, true, run.id)?;
            person
        }
    };
    tx.item_applied(run.id, item, person)
}

/// A page's events, sorted.
struct Events {
    /// People, mapped.
    incoming: Vec<Incoming>,
    /// Identities that left.
    gone: Vec<String>,
    /// Identities whose entry was refused.
    unusable: Vec<String>,
}

/// Sorts a page's events and refuses what is no person.
fn read_events(events: Vec<DirectoryEvent>, refusals: &mut Vec<Refusal>) -> Events {
    let mut incoming: Vec<Incoming> = Vec::with_capacity(events.len());
    let mut ids = HashSet::new();
    let (mut gone, mut unusable) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            DirectoryEvent::Person(person) => {
                let position = person.position.clone().unwrap_or_default();
                let external_id = person.external_id.clone();
                match read_person(person) {
                    Ok(person) if ids.insert(person.external_id.clone()) => incoming.push(person),
                    Ok(_) => refusals.push(refusal(&position, &NotAPerson::Twice)),
                    Err(why) => {
                        refusals.push(refusal(&position, &why));
                        unusable.push(external_id);
                    }
                }
            }
            DirectoryEvent::PersonGone(external_id, _) => {
                if ids.insert(external_id.clone()) {
                    gone.push(external_id);
                }
            }
            DirectoryEvent::Rejected { external_id, position, reason } => {
                unusable.extend(external_id);
                refusals.push(Refusal { position, code: "connector".into(), detail: reason });
            }
        }
    }
    Events { incoming, gone, unusable }
}

fn read_person(person: SourcePerson) -> Result<Incoming, NotAPerson> {
    let mapped = Profile::map(&person)?;
    let fingerprint = Fingerprint::of(&mapped.profile, person.photo.as_deref());
    Ok(Incoming {
        external_id: person.external_id,
        active: person.active,
        profile: mapped.profile,
        fingerprint,
        photo: person.photo,
        position: person.position.unwrap_or_default(),
        left_out: mapped.left_out,
    })
}

fn disable_payload(external_id: String) -> PlanPayload {
    PlanPayload { external_id, name: String::new(), changes: Vec::new(), profile: None, fingerprint: None, photo: None }
}

fn refusal(position: &str, why: &NotAPerson) -> Refusal {
    Refusal { position: position.to_owned(), code: why.code().to_owned(), detail: String::new() }
}

/// Something left out of a person who was taken all the same.
fn note(position: &str, code: &str, detail: String) -> Refusal {
    Refusal { position: position.to_owned(), code: code.to_owned(), detail }
}

fn is_note(refusal: &Refusal) -> bool {
    matches!(refusal.code.as_str(), "photo" | "left-out")
}

fn overlay(state: &mut BTreeMap<String, Vec<u8>>, writes: &BTreeMap<String, Option<Vec<u8>>>) {
    for (key, value) in writes {
        match value {
            Some(value) => state.insert(key.clone(), value.clone()),
            None => state.remove(key),
        };
    }
}

/// Renews the lease; a worker that lost it must not write.
fn keep_lease(tx: &mut Tx<'_>, lease: Lease, until: estampe_domain::Ts) -> estampe_store::Result<()> {
    if tx.extend_lease(lease, until)? {
        Ok(())
    } else {
        Err(Error::Conflict("another worker has this job now".into()).into())
    }
}
