//! What a source says of a person, put together with what was entered for them.

use estampe_domain::Ts;
use estampe_domain::ids::PersonId;
use estampe_domain::ownership::{Made, Owners};
use estampe_domain::person::{FieldChange, Profile};
use estampe_domain::run::Run;
use estampe_store::{PlanPayload, Result, StoreError, Tx};

/// Says in a line of a plan what will really be shown, and what is kept. Whether applying it
/// changes nothing of the person.
pub(super) fn describe(
    tx: &mut Tx<'_>,
    owners: &Owners,
    source: &str,
    person: Option<PersonId>,
    payload: &mut PlanPayload,
    same_photo: bool,
) -> Result<bool> {
    let Some((summary, before)) = person.map(|person| tx.made(person)).transpose()?.flatten() else {
        return Ok(false);
    };
    let Some(said) = &mut payload.profile else {
        payload.name = before.shown.display_name.to_string();
        return Ok(false);
    };
    if same_photo {
        let last = before.origin.as_ref().map_or(&before.shown, |origin| &origin.said);
        said.photo.clone_from(&last.photo);
    }
    let after = before.told(said, owners, source);
    payload.name = after.shown.display_name.to_string();
    payload.changes = before.shown.changes_to(&after.shown);
    payload.kept = new_conflicts(&before, &after);
    Ok(summary.active && after.shown == before.shown && payload.kept.is_empty())
}

/// Conflicts that were not there before: what is kept, and what the source says.
fn new_conflicts(before: &Made, after: &Made) -> Vec<FieldChange> {
    let known = before.conflicts();
    let new = after.conflicts().into_iter().filter(|conflict| !known.contains(conflict));
    new.map(|conflict| FieldChange { field: conflict.field, old: conflict.kept, new: conflict.said }).collect()
}

/// What came of what a source said.
pub(super) struct Told {
    /// Fields that are shown otherwise now.
    pub(super) fields: Vec<&'static str>,
    /// Fields in which it contradicts what was entered, since now.
    pub(super) conflicts: Vec<&'static str>,
    /// What it said, where that is not what is shown.
    pub(super) said_else: Option<Profile>,
}

/// Shows what a source says of somebody known, but for what was entered or is not the
/// source's. Composed anew here, in the transaction that writes it: the plan may be old.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    (run, owners): (&Run, &Owners),
    person: PersonId,
    said: &Profile,
    now: Ts,
) -> Result<Told> {
    tx.lock_person(person)?;
    let (summary, before) = tx.made(person)?.ok_or(StoreError::Unreadable("run_item"))?;
    let after = before.told(said, owners, &run.source_name);
    if after.shown != before.shown {
        tx.keep_said(person, &before.shown, Some(run.source))?;
    }
    if after.shown != before.shown || !summary.active {
        tx.update_person(person, &after.shown, now)?;
    }
    if !after.entered.is_empty() {
        tx.set_conflicts(person, &after)?;
    }
    Ok(Told {
        fields: before.shown.changes_to(&after.shown).iter().map(|change| change.field.key()).collect(),
        conflicts: new_conflicts(&before, &after).iter().map(|change| change.field.key()).collect(),
        said_else: (after.shown != *said).then(|| said.clone()),
    })
}
