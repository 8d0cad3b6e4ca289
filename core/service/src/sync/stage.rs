//! Planning: pages mapped, looked up, judged, and staged as lines of a plan.

use std::collections::{BTreeMap, HashSet};

use estampe_domain::difference::PlanReason;
use estampe_domain::ids::PersonId;
use estampe_domain::mapping::Mapping;
use estampe_domain::person::{NotAPerson, Profile};
use estampe_domain::plan::{self, Fingerprint, Known, PhotoDigest};
use estampe_domain::plugin::{DirectoryEvent, FailKind, Page, PluginFailure, SourcePerson, SourcePhoto};
use estampe_domain::run::{PlanAction, Refusal};
use estampe_domain::{BlobId, Error, Result};
use estampe_store::{PlanPayload, StagedItem};

use super::{LEASE, Planner, composed, keep_lease};
use crate::Service;

/// Refused entries kept with their reasons; more are only counted.
const REFUSALS: i64 = 10_000;

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

impl Service {
    /// Plans one page: maps, looks up, judges, makes photos harmless, stages.
    pub(super) async fn stage_page(&self, planner: &mut Planner, mut page: Page) -> Result<()> {
        let mut refusals = Vec::new();
        let groups = planner.groups.take(&mut page.events, &mut refusals)?;
        let Events { incoming, gone, unusable } = read_events(page.events, &planner.source.mapping, &mut refusals);
        let (run, source) = (planner.run, planner.source.id);
        let (mut incoming, known, staged, gone, unusable, owners) = self
            .store
            .read(move |tx| {
                let others = gone.iter().map(|(id, _)| id).chain(&unusable).map(String::as_str);
                let ids: Vec<&str> = incoming.iter().map(|p| p.external_id.as_str()).chain(others).collect();
                let known = tx.identities(source, &ids)?;
                let staged = tx.staged_identities(run, source, &ids)?;
                Ok((incoming, known, staged, gone, unusable, tx.source_owners(source)?))
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
        // whoever is not active and was never known gets no card, and needs no photo
        let is_strange = |person: &Incoming| person.active && !known.contains_key(&person.external_id);
        if incoming.iter().any(|person| person.photo == SourcePhoto::Same && is_strange(person)) {
            // everybody is read again, this time with their photos
            let why = "somebody's photo is said to be the same, and nothing of them is known";
            return Err(PluginFailure::new(FailKind::CursorExpired, why).into());
        }
        // who is there but cannot be read stays as they were: an unreadable entry is not gone
        let mut seen: Vec<String> = unusable.into_iter().filter(|id| known.contains_key(id)).collect();
        for mut person in incoming {
            let before = known.get(&person.external_id);
            if !person.active {
                person.reason = Some(PlanReason::DisabledThere);
            } else if before.is_some_and(|before| !before.active) {
                person.reason = Some(PlanReason::Back);
            }
            if before.is_some() {
                seen.push(person.external_id.clone());
            }
            let digest = match &person.photo {
                SourcePhoto::None => None,
                SourcePhoto::Same => before.and_then(|known| known.photo.clone()),
                SourcePhoto::Image(image) => Some(PhotoDigest::of(image)),
            };
            let fingerprint = owners.mark(Fingerprint::of(&person.profile, digest.as_ref()));
            let judged = plan::judge(
                before.map(|k| Known { fingerprint: &k.fingerprint, active: k.active }),
                &fingerprint,
                person.active,
            );
            match judged {
                None => planner.counts.unchanged += 1,
                Some(action) => {
                    let said = Said { fingerprint, photo: digest };
                    work.push((action, before.map(|k| k.person), person, said));
                }
            }
        }
        let mut items = self.portraits(work, &mut refusals).await?;
        for (external_id, why) in gone {
            let Some(before) = known.get(&external_id).filter(|k| k.active && !twice(&external_id)) else { continue };
            seen.push(external_id.clone());
            items.push(Planned::disable(Some(before.person), external_id, Some(why)));
        }
        for item in &items {
            match item.action {
                PlanAction::Create => planner.counts.created += 1,
                PlanAction::Update => planner.counts.changed += 1,
                PlanAction::Disable => planner.counts.disabled += 1,
                // known only when a line is put together with what was entered
                PlanAction::Note => {}
            }
        }
        // notes about a person who was taken all the same are not refusals
        planner.counts.refused += refusals.iter().filter(|r| !is_note(r)).count() as u64;
        self.write_page(planner, items, refusals, seen, page.state, page.checkpoint).await?;
        self.stage_groups(planner, groups).await
    }

    /// Makes the photos of changed people harmless, off the async threads.
    async fn portraits(
        &self,
        work: Vec<(PlanAction, Option<PersonId>, Incoming, Said)>,
        refusals: &mut Vec<Refusal>,
    ) -> Result<Vec<Planned>> {
        let images = std::sync::Arc::clone(&self.ports.images);
        let done = tokio::task::spawn_blocking(move || {
            let mut items = Vec::with_capacity(work.len());
            let mut notes = Vec::new();
            for (action, person, mut incoming, said) in work {
                let position = std::mem::take(&mut incoming.position);
                if action == PlanAction::Disable {
                    items.push(Planned::disable(person, incoming.external_id, incoming.reason));
                    continue;
                }
                if !incoming.left_out.is_empty() {
                    notes.push(note(&position, "left-out", incoming.left_out.join(", ")));
                }
                let photo = match &incoming.photo {
                    SourcePhoto::None | SourcePhoto::Same => None,
                    SourcePhoto::Image(image) => match images.portrait(image) {
                        Ok(photo) => Some(photo),
                        Err(why) => {
                            notes.push(note(&position, "photo", why));
                            None
                        }
                    },
                };
                let profile = Profile { photo: photo.as_deref().map(BlobId::of), ..incoming.profile };
                let payload = PlanPayload {
                    external_id: incoming.external_id,
                    name: profile.display_name.to_string(),
                    changes: if person.is_none() { profile.introduced() } else { Vec::new() },
                    reason: incoming.reason,
                    kept: Vec::new(),
                    profile: Some(profile),
                    fingerprint: Some(said.fingerprint.as_str().to_owned()),
                    photo_digest: said.photo.map(|digest| digest.as_str().to_owned()),
                    photo,
                };
                let same_photo = incoming.photo == SourcePhoto::Same;
                items.push(Planned { action, person, payload, same_photo });
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
        items: Vec<Planned>,
        refusals: Vec<Refusal>,
        seen: Vec<String>,
        state: BTreeMap<String, Option<Vec<u8>>>,
        checkpoint: Option<Vec<u8>>,
    ) -> Result<()> {
        let (run, source, lease) = (planner.run, planner.source.id, planner.lease);
        let (first, first_refusal, mut counts) = (planner.seq, planner.refusal_seq, planner.counts);
        let source_name = planner.source.name.clone();
        planner.seq += i64::try_from(items.len()).unwrap_or(0);
        planner.refusal_seq += i64::try_from(refusals.len()).unwrap_or(0);
        let until = self.ports.clock.now().plus_seconds(LEASE);
        planner.counts = self
            .store
            .write(move |tx| {
                keep_lease(tx, lease, until)?;
                let owners = tx.source_owners(source)?;
                let mut staged = Vec::with_capacity(items.len());
                for (seq, item) in (first..).zip(items) {
                    let Planned { mut action, person, mut payload, same_photo } = item;
                    if composed::describe(tx, &owners, &source_name, person, &mut payload, same_photo)? {
                        action = PlanAction::Note;
                        counts.changed -= 1;
                        counts.unchanged += 1;
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
                tx.set_run_counts(run, &counts)?;
                Ok(counts)
            })
            .await?;
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
            let items = missing.into_iter().map(gone).collect();
            self.write_page(planner, items, Vec::new(), Vec::new(), BTreeMap::new(), None).await?;
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

/// Sorts a page's events and refuses what is no person.
fn read_events(events: Vec<DirectoryEvent>, mapping: &Mapping, refusals: &mut Vec<Refusal>) -> Events {
    let mut incoming: Vec<Incoming> = Vec::with_capacity(events.len());
    let mut ids = HashSet::new();
    let (mut gone, mut unusable) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            DirectoryEvent::Person(person) => {
                let position = person.position.clone().unwrap_or_default();
                let external_id = person.external_id.clone();
                match read_person(person, mapping) {
                    Ok(person) if ids.insert(person.external_id.clone()) => incoming.push(person),
                    Ok(_) => refusals.push(refusal(&position, &NotAPerson::Twice)),
                    Err(why) => {
                        refusals.push(refusal(&position, &why));
                        unusable.push(external_id);
                    }
                }
            }
            DirectoryEvent::PersonGone(external_id, why) => {
                if ids.insert(external_id.clone()) {
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

fn is_note(refusal: &Refusal) -> bool {
    matches!(refusal.code.as_str(), "photo" | "left-out")
}
