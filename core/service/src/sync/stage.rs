//! Planning: pages mapped, looked up, judged, and staged as lines of a plan.

use std::collections::{BTreeMap, HashSet};

use estampe_domain::ids::PersonId;
use estampe_domain::person::{NotAPerson, Profile};
use estampe_domain::plan::{self, Fingerprint, Known};
use estampe_domain::plugin::{DirectoryEvent, Page, SourcePerson};
use estampe_domain::run::{PlanAction, Refusal};
use estampe_domain::{BlobId, Error, Result};
use estampe_store::{PlanPayload, StagedItem};

use super::{LEASE, Planner, keep_lease};
use crate::Service;

/// Refused entries kept with their reasons; more are only counted.
const REFUSALS: i64 = 10_000;

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
    /// Plans one page: maps, looks up, judges, makes photos harmless, stages.
    pub(super) async fn stage_page(&self, planner: &mut Planner, mut page: Page) -> Result<()> {
        let mut refusals = Vec::new();
        let groups = planner.groups.take(&mut page.events, &mut refusals)?;
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
        self.write_page(planner, items, refusals, seen, page.state, page.checkpoint).await?;
        self.stage_groups(planner, groups).await
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
    pub(super) async fn stage_missing(&self, planner: &mut Planner) -> Result<()> {
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
            // taken out before
            DirectoryEvent::Group(_) | DirectoryEvent::GroupGone(_) | DirectoryEvent::AllGroups => {}
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
