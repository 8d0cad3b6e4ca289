//! Planning: pages mapped, looked up, judged, and staged as lines of a plan.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use estampe_domain::difference::PlanReason;
use estampe_domain::ids::PersonId;
use estampe_domain::mapping::Mapping;
use estampe_domain::ownership::Owners;
use estampe_domain::person::{NotAPerson, Profile};
use estampe_domain::plan::{self, Fingerprint, Known, PhotoDigest};
use estampe_domain::plugin::{DirectoryEvent, FailKind, Page, PluginFailure, SourcePerson, SourcePhoto};
use estampe_domain::ports::Images;
use estampe_domain::run::{PlanAction, Refusal};
use estampe_domain::{BlobId, Error, Result};
use estampe_store::{IdentityRow, PlanPayload, StagedItem};
use tracing::Instrument;

use super::identities::Identities;
use super::{LEASE, Planner, composed, keep_lease};
use crate::Service;

/// Refused entries kept with their reasons; more are only counted.
const REFUSALS: i64 = 10_000;
/// Rows written in one transaction, octets of photos, and how long they may wait for more: the
/// lease is renewed with each.
const ROWS: usize = 1_000;
const PHOTOS: usize = 4 << 20;
const WAIT: Duration = Duration::from_secs(5);

/// A person of a page, mapped.
struct Incoming {
    external_id: String,
    active: bool,
    profile: Profile,
    photo: SourcePhoto,
    position: String,
    left_out: Vec<String>,
    /// Why, where no field says it.
    reason: Option<PlanReason>,
}

/// What the source says of them, to be compared next time.
struct Said {
    fingerprint: Fingerprint,
    photo: Option<PhotoDigest>,
}

/// A line of the plan, not staged yet.
struct Planned {
    action: PlanAction,
    person: Option<PersonId>,
    payload: PlanPayload,
    /// The photo stays, whatever it is.
    same_photo: bool,
}

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

/// A page's events, sorted.
struct Events {
    /// People, mapped.
    incoming: Vec<Incoming>,
    /// Identities that left, and why.
    gone: Vec<(String, PlanReason)>,
    /// Identities whose entry was refused.
    unusable: Vec<String>,
}

/// Sorts a page's events and refuses what is no person, or was told of already.
fn read_events(
    events: Vec<DirectoryEvent>,
    mapping: &Mapping,
    told: &mut Identities,
    refusals: &mut Vec<Refusal>,
) -> Events {
    let mut incoming: Vec<Incoming> = Vec::with_capacity(events.len());
    let (mut gone, mut unusable) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            DirectoryEvent::Person(person) => {
                let position = person.position.clone().unwrap_or_default();
                let external_id = person.external_id.clone();
                match read_person(person, mapping) {
                    Ok(person) if told.insert(&person.external_id) => incoming.push(person),
                    Ok(_) => refusals.push(refusal(&position, &NotAPerson::Twice)),
                    Err(why) => {
                        refusals.push(refusal(&position, &why));
                        unusable.push(external_id);
                    }
                }
            }
            DirectoryEvent::PersonGone(external_id, why) => {
                // of whom nothing is known nothing is said either, and they may still come
                if !told.contains(&external_id) {
                    gone.push((external_id, why.into()));
                }
            }
            DirectoryEvent::Rejected { external_id, position, reason } => {
                unusable.extend(external_id);
                refusals.push(Refusal { position, code: "connector".into(), detail: reason });
            }
            // taken out before
            DirectoryEvent::Group(_) | DirectoryEvent::GroupGone(_) | DirectoryEvent::AllGroups => {}
        }
    }
    Events { incoming, gone, unusable }
}

/// What a page comes to.
#[derive(Default)]
struct Judged {
    items: Vec<Planned>,
    /// Identities that are known and were seen.
    seen: Vec<String>,
    unchanged: u64,
    notes: Vec<Refusal>,
}

/// Compares a page with what is known, and makes the photos of who is new or changed harmless.
fn judged(
    Events { incoming, gone, unusable }: Events,
    known: &HashMap<String, IdentityRow>,
    owners: &Owners,
    images: &dyn Images,
) -> Judged {
    let mut judged = Judged {
        // who is there but cannot be read stays as they were: an unreadable entry is not gone
        seen: unusable.into_iter().filter(|id| known.contains_key(id)).collect(),
        ..Judged::default()
    };
    for mut person in incoming {
        let before = known.get(&person.external_id);
        if !person.active {
            person.reason = Some(PlanReason::DisabledThere);
        } else if before.is_some_and(|before| !before.active) {
            person.reason = Some(PlanReason::Back);
        }
        if before.is_some() {
            judged.seen.push(person.external_id.clone());
        }
        let digest = match &person.photo {
            SourcePhoto::None => None,
            SourcePhoto::Same => before.and_then(|known| known.photo.clone()),
            SourcePhoto::Image(image) => Some(PhotoDigest::of(image)),
        };
        let fingerprint = owners.mark(Fingerprint::of(&person.profile, digest.as_ref()));
        let action = plan::judge(
            before.map(|k| Known { fingerprint: &k.fingerprint, active: k.active }),
            &fingerprint,
            person.active,
        );
        let before = before.map(|known| known.person);
        match action {
            None => judged.unchanged += 1,
            Some(PlanAction::Disable) => {
                judged.items.push(Planned::disable(before, person.external_id, person.reason));
            }
            Some(action) => {
                let said = Said { fingerprint, photo: digest };
                judged.items.push(planned(action, before, person, said, images, &mut judged.notes));
            }
        }
    }
    for (external_id, why) in gone {
        let Some(before) = known.get(&external_id) else { continue };
        judged.seen.push(external_id.clone());
        judged.items.push(Planned::disable(Some(before.person), external_id, Some(why)));
    }
    judged
}

/// The line of somebody who is new or changed.
fn planned(
    action: PlanAction,
    person: Option<PersonId>,
    incoming: Incoming,
    said: Said,
    images: &dyn Images,
    notes: &mut Vec<Refusal>,
) -> Planned {
    if !incoming.left_out.is_empty() {
        notes.push(note(&incoming.position, "left-out", incoming.left_out.join(", ")));
    }
    let photo = match &incoming.photo {
        SourcePhoto::None | SourcePhoto::Same => None,
        SourcePhoto::Image(image) => match images.portrait(image) {
            Ok(photo) => Some(photo),
            Err(why) => {
                notes.push(note(&incoming.position, "photo", why));
                None
            }
        },
    };
    let profile = Profile { photo: photo.as_deref().map(BlobId::of), ..incoming.profile };
    let payload = PlanPayload {
        external_id: incoming.external_id,
        name: profile.display_name.to_string(),
        changes: Vec::new(),
        reason: incoming.reason,
        kept: Vec::new(),
        profile: Some(profile),
        fingerprint: Some(said.fingerprint.as_str().to_owned()),
        photo_digest: said.photo.map(|digest| digest.as_str().to_owned()),
        photo,
    };
    Planned { action, person, payload, same_photo: incoming.photo == SourcePhoto::Same }
}

fn read_person(person: SourcePerson, mapping: &Mapping) -> Result<Incoming, NotAPerson> {
    let mapped = mapping.apply(&person)?;
    Ok(Incoming {
        external_id: person.external_id,
        active: person.active,
        profile: mapped.profile,
        photo: person.photo,
        position: person.position.unwrap_or_default(),
        left_out: mapped.left_out,
        reason: None,
    })
}

impl Planned {
    /// Somebody who left.
    fn disable(person: Option<PersonId>, external_id: String, reason: Option<PlanReason>) -> Self {
        let payload = PlanPayload {
            external_id,
            name: String::new(),
            changes: Vec::new(),
            kept: Vec::new(),
            reason,
            profile: None,
            fingerprint: None,
            photo_digest: None,
            photo: None,
        };
        Self { action: PlanAction::Disable, person, payload, same_photo: false }
    }
}

fn refusal(position: &str, why: &NotAPerson) -> Refusal {
    Refusal { position: position.to_owned(), code: why.code().to_owned(), detail: String::new() }
}

/// Something left out of a person who was taken all the same.
fn note(position: &str, code: &str, detail: String) -> Refusal {
    Refusal { position: position.to_owned(), code: code.to_owned(), detail }
}

/// Does what computes for a while off the async threads.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(format!("planning: {error}")))
}
