//! Applying groups, after the people of a plan; and who is in them, found anew when that may
//! differ.

use std::collections::{HashMap, HashSet};

use estampe_domain::audit::AuditEvent;
use estampe_domain::group::{self, Direct, TooMany};
use estampe_domain::ids::{GroupId, PersonId, RunId, SourceId};
use estampe_domain::plugin::FailKind;
use estampe_domain::ports::Random;
use estampe_domain::run::{Run, RunState};
use estampe_domain::{Context, Error, Result};
use estampe_store::{GroupAction, Lease, MemberChange, Reference, StagedGroup, Tx};
use serde_json::json;

use super::{LEASE, keep_lease};
use crate::Service;

/// Groups applied in one transaction: one may have 8 MiB of members.
const CHUNK: i64 = 20;
/// Handles applied in one transaction.
const HANDLES: i64 = 500;
/// Memberships changed in one transaction.
const MEMBERS: usize = 2_000;

impl Service {
    /// Finds anew who is in the groups of a run's source. `false` when somebody else ended
    /// the run, or it was ended because there are too many.
    pub(super) async fn regroup(&self, ctx: &Context, run: &Run, lease: Lease) -> Result<bool> {
        let source = run.source;
        let changes = match self.store.read(move |tx| member_changes(tx, source)).await? {
            Ok(changes) => changes,
            Err(too_many) => {
                self.fail_run(ctx, run.id, FailKind::Limit.as_str(), &too_many.to_string()).await?;
                return Ok(false);
            }
        };
        for chunk in changes.chunks(MEMBERS) {
            let chunk = chunk.to_vec();
            let joined = chunk.iter().filter(|change| change.joins).count();
            let details = json!({"run": run.id, "added": joined, "removed": chunk.len() - joined});
            let write = move |tx: &mut Tx<'_>, ctx: &Context, random: &dyn Random| {
                tx.change_members(&chunk)?;
                tx.audit(&AuditEvent::done(ctx, random, "group.members", "source", source).with(details))
            };
            if !self.while_applying(ctx, run.id, lease, write).await? {
                return Ok(false);
            }
        }
        let write = move |tx: &mut Tx<'_>, _: &Context, _: &dyn Random| tx.set_members_stale(source, false);
        self.while_applying(ctx, run.id, lease, write).await
    }

    /// Writes something as long as the run is this worker's to apply; whether it is.
    async fn while_applying(
        &self,
        ctx: &Context,
        run: RunId,
        lease: Lease,
        write: impl FnOnce(&mut Tx<'_>, &Context, &dyn Random) -> estampe_store::Result<()> + Send + 'static,
    ) -> Result<bool> {
        let (random, now) = (self.shared_random(), self.ports.clock.now());
        let ctx = Context { now, ..*ctx };
        Ok(self
            .store
            .write(move |tx| {
                let found = tx.run(run)?.ok_or(Error::NotFound)?;
                if found.state != RunState::Applying {
                    return Ok(false);
                }
                keep_lease(tx, lease, now.plus_seconds(LEASE))?;
                write(tx, &ctx, &*random)?;
                Ok(true)
            })
            .await?)
    }
}

/// Applies the next groups and handles of a plan; whether there were any.
pub(super) fn apply_next(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    run: &Run,
) -> estampe_store::Result<bool> {
    let (handles, changed) = tx.apply_handles(run.id, run.source, HANDLES)?;
    let groups = if handles == 0 { tx.pending_groups(run.id, CHUNK)? } else { Vec::new() };
    for staged in &groups {
        apply_group(tx, ctx, random, run, staged)?;
        tx.group_applied(run.id, staged.seq)?;
    }
    if changed || !groups.is_empty() {
        tx.set_members_stale(run.source, true)?;
    }
    Ok(handles > 0 || !groups.is_empty())
}

fn apply_group(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    run: &Run,
    staged: &StagedGroup,
) -> estampe_store::Result<()> {
    let content = &staged.content;
    let known = tx.known_groups(run.source, &[&content.external_id])?.remove(&content.external_id);
    let (operation, group) = match (staged.action, known) {
        (GroupAction::Delete, None) => return Ok(()),
        (GroupAction::Delete, Some(known)) => {
            tx.delete_group(known.id)?;
            ("group.delete", known.id)
        }
        (GroupAction::Create | GroupAction::Change, Some(known)) => {
            tx.update_group(known.id, content, ctx.now)?;
            ("group.change", known.id)
        }
        (GroupAction::Create | GroupAction::Change, None) => {
            let id = GroupId::new(ctx.now, random);
            tx.insert_group(id, run.source, content, run.id, ctx.now)?;
            ("group.create", id)
        }
    };
    tx.audit(&AuditEvent::done(ctx, random, operation, "group", group).with(json!({"run": run.id})))
}

/// Who has to come into a source's groups and who has to leave them.
fn member_changes(tx: &mut Tx<'_>, source: SourceId) -> estampe_store::Result<Result<Vec<MemberChange>, TooMany>> {
    let groups = tx.group_references(source)?;
    if groups.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let mut people: HashMap<Reference, Vec<PersonId>> = HashMap::new();
    let (active, left): (Vec<_>, Vec<_>) = tx.named_people(source)?.into_iter().partition(|(_, active)| *active);
    for (person, _) in active {
        for name in person.names {
            people.entry(name).or_default().push(person.id);
        }
    }
    // somebody else may have the name by now that one who left had
    let taken: HashSet<Reference> = people.keys().copied().collect();
    for (person, _) in left {
        for name in person.names.into_iter().filter(|name| !taken.contains(name)) {
            people.entry(name).or_default().push(person.id);
        }
    }
    let mut places: HashMap<Reference, Vec<usize>> = HashMap::new();
    for (place, group) in groups.iter().enumerate() {
        for name in &group.names {
            places.entry(*name).or_default().push(place);
        }
    }
    let direct: Vec<_> = groups
        .iter()
        .map(|group| Direct {
            people: group.members.iter().filter_map(|name| people.get(name)).flatten().copied().collect(),
            groups: group.members.iter().filter_map(|name| places.get(name)).flatten().copied().collect(),
        })
        .collect();
    let now = match group::effective(&direct) {
        Ok(now) => now,
        Err(too_many) => return Ok(Err(too_many)),
    };
    let mut before = tx.group_members(source)?;
    let mut changes = Vec::new();
    for (group, now) in groups.iter().map(|group| group.id).zip(&now) {
        let before = before.remove(&group).unwrap_or_default();
        let change = |joins| move |person: &PersonId| MemberChange { group, person: *person, joins };
        changes.extend(before.difference(now).map(change(false)));
        changes.extend(now.difference(&before).map(change(true)));
    }
    Ok(Ok(changes))
}
