//! Judging: what a page says of people, mapped, compared with what is known, as lines of a plan.

use std::collections::HashMap;

use estampe_domain::BlobId;
use estampe_domain::difference::PlanReason;
use estampe_domain::ids::PersonId;
use estampe_domain::mapping::Mapping;
use estampe_domain::ownership::Owners;
use estampe_domain::person::{NotAPerson, Profile};
use estampe_domain::plan::{self, Fingerprint, Known, PhotoDigest};
use estampe_domain::plugin::{DirectoryEvent, SourcePerson, SourcePhoto};
use estampe_domain::ports::Images;
use estampe_domain::run::{PlanAction, Refusal};
use estampe_store::{IdentityRow, PlanPayload};

use super::identities::Identities;

/// A person of a page, mapped.
pub(super) struct Incoming {
    pub(super) external_id: String,
    pub(super) active: bool,
    pub(super) profile: Profile,
    pub(super) photo: SourcePhoto,
    pub(super) position: String,
    pub(super) left_out: Vec<String>,
    /// Why, where no field says it.
    pub(super) reason: Option<PlanReason>,
}

/// What the source says of them, to be compared next time.
struct Said {
    fingerprint: Fingerprint,
    photo: Option<PhotoDigest>,
}

/// A line of the plan, not staged yet.
pub(super) struct Planned {
    pub(super) action: PlanAction,
    pub(super) person: Option<PersonId>,
    pub(super) payload: PlanPayload,
    /// The photo stays, whatever it is.
    pub(super) same_photo: bool,
}

/// A page's events, sorted.
pub(super) struct Events {
    /// People, mapped.
    pub(super) incoming: Vec<Incoming>,
    /// Identities that left, and why.
    pub(super) gone: Vec<(String, PlanReason)>,
    /// Identities whose entry was refused.
    pub(super) unusable: Vec<String>,
}

/// Sorts a page's events and refuses what is no person, or was told of already.
pub(super) fn read_events(
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
pub(super) struct Judged {
    pub(super) items: Vec<Planned>,
    /// Identities that are known and were seen.
    pub(super) seen: Vec<String>,
    pub(super) unchanged: u64,
    pub(super) notes: Vec<Refusal>,
}

/// Compares a page with what is known, and makes the photos of who is new or changed harmless.
pub(super) fn judged(
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
            SourcePhoto::Versioned(_, version) => Some(PhotoDigest::of_version(version)),
        };
        // as the source had it before: it was made harmless then
        if digest.is_some() && before.is_some_and(|known| known.photo == digest) {
            person.photo = SourcePhoto::Same;
        }
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
        SourcePhoto::Image(image) | SourcePhoto::Versioned(image, _) => match images.portrait(image) {
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
    pub(super) fn disable(person: Option<PersonId>, external_id: String, reason: Option<PlanReason>) -> Self {
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
    let detail = why.missing_grants().join(", ");
    Refusal { position: position.to_owned(), code: why.code().to_owned(), detail }
}

/// Something left out of a person who was taken all the same.
fn note(position: &str, code: &str, detail: String) -> Refusal {
    Refusal { position: position.to_owned(), code: code.to_owned(), detail }
}
