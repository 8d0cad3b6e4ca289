//! Applying: the lines of a standing plan, chunk by chunk, each with its audit event.

use std::time::Instant;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ids::{CardId, PersonId, PublicId, RunId};
use estampe_domain::ownership::{Entered, Owners, compose};
use estampe_domain::plugin::SyncMode;
use estampe_domain::ports::Random;
use estampe_domain::run::{PlanAction, Run, RunState};
use estampe_domain::{Context, Error, Result};
use estampe_store::{IdentityOf, Lease, StagedItem, Tx};
use serde_json::json;

use super::{LEASE, apply_groups, composed, keep_lease};
use crate::Service;

/// Lines of a plan applied in one transaction, and octets of their photos: what somebody
/// enters meanwhile waits for its end.
const CHUNK: i64 = 2_000;
const PHOTOS: i64 = 4 << 20;
/// Runs of a source whose details are kept.
const KEPT_RUNS: i64 = 20;

impl Service {
    /// Applies what is left of a plan, chunk by chunk.
    pub async fn apply_run(&self, ctx: &Context, run: RunId, lease: Lease) -> Result<()> {
        self.apply_from(Instant::now(), ctx, run, lease).await
    }

    pub(super) async fn apply_from(&self, begun: Instant, ctx: &Context, run: RunId, lease: Lease) -> Result<()> {
        let mut items = self.pending(run, 0).await?;
        loop {
            let ahead = items.last().map(|last| last.seq + 1);
            // what comes next is opened while this is written
            let (step, next) = tokio::join!(self.apply_chunk(ctx, run, lease, items), async {
                match ahead {
                    Some(from) => self.pending(run, from).await,
                    None => Ok(Vec::new()),
                }
            });
            match step? {
                Step::More => {}
                Step::Regroup(found) => {
                    if !self.regroup(ctx, &found, lease).await? {
                        return Ok(());
                    }
                }
                Step::Done => {
                    super::ended(run, "done", Some(begun));
                    return Ok(());
                }
                Step::Elsewhere => return Ok(()),
            }
            items = next?;
        }
    }

    /// The next lines to apply.
    async fn pending(&self, run: RunId, from: i64) -> Result<Vec<StagedItem>> {
        Ok(self.store.read(move |tx| tx.pending_items(run, from, CHUNK, PHOTOS)).await?)
    }

    /// Applies lines in one transaction; once there are none, what else there is to a run.
    async fn apply_chunk(&self, ctx: &Context, run: RunId, lease: Lease, items: Vec<StagedItem>) -> Result<Step> {
        let (ctx, random) = (*ctx, self.shared_random());
        let now = self.ports.clock.now();
        Ok(self
            .store
            .write(move |tx| {
                let Some(found) = tx.run(run)? else { return Err(Error::NotFound.into()) };
                if found.state != RunState::Applying {
                    return Ok(Step::Elsewhere);
                }
                keep_lease(tx, lease, now.plus_seconds(LEASE))?;
                // one moment for what is written, however long the run took
                let ctx = Context { now, ..ctx };
                if let Some(last) = items.last() {
                    let owners = tx.source_owners(found.source)?;
                    for item in &items {
                        apply_item(tx, &ctx, &*random, (&found, &owners), item)?;
                    }
                    tx.items_applied(run, last.seq)?;
                    // groups may have waited for somebody who is new
                    let is_new = |item: &StagedItem| item.action == PlanAction::Create;
                    if items.iter().any(is_new) && tx.has_groups(found.source)? {
                        tx.set_members_stale(found.source, true)?;
                    }
                    return Ok(Step::More);
                }
                if apply_groups::apply_next(tx, &ctx, &*random, &found)? {
                    return Ok(Step::More);
                }
                if tx.members_are_stale(found.source)? {
                    return Ok(Step::Regroup(Box::new(found)));
                }
                for (key, value) in tx.staged_state(run)? {
                    tx.set_source_state(found.source, &key, value.as_deref())?;
                }
                let checkpoint = tx.run_checkpoint(run)?;
                // an incremental run that says nothing leaves the one that it began at
                if checkpoint.is_some() || found.mode == SyncMode::Full {
                    tx.set_checkpoint(found.source, checkpoint.as_deref())?;
                }
                tx.move_run(run, RunState::Applying, RunState::Done, None, now)?;
                tx.prune_runs(found.source, KEPT_RUNS, now)?;
                tx.audit(
                    &AuditEvent::done(&ctx, &*random, "run.apply", "run", run).with(json!({"counts": found.counts})),
                )?;
                Ok(Step::Done)
            })
            .await?)
    }
}

/// How applying goes on after a chunk.
enum Step {
    More,
    /// Who is in which group has to be found anew.
    Regroup(Box<Run>),
    Done,
    /// Somebody else ended the run.
    Elsewhere,
}

/// Applies one line of a plan, with its audit event.
fn apply_item(
    tx: &mut Tx<'_>,
    ctx: &Context,
    random: &dyn Random,
    (run, owners): (&Run, &Owners),
    item: &StagedItem,
) -> estampe_store::Result<()> {
    let (payload, person) = (&item.payload, item.person);
    let event = |operation, person: PersonId| {
        AuditEvent::done(ctx, random, operation, "person", person).with(json!({"run": run.id}))
    };
    let unreadable = || estampe_store::StoreError::Unreadable("run_item");
    match item.action {
        PlanAction::Disable => {
            tx.deactivate_identity(run.source, &payload.external_id)?;
            if !tx.active_elsewhere(person, run.source)? {
                tx.disable_person(person, ctx.now)?;
                tx.audit(&event("person.disable", person))?;
            }
        }
        PlanAction::Create | PlanAction::Update | PlanAction::Note => {
            let profile = payload.profile.as_ref().ok_or_else(unreadable)?;
            let fingerprint = payload.fingerprint().ok_or_else(unreadable)?;
            let digest = payload.photo_digest();
            if profile.photo.is_some()
                && let Some(photo) = tx.staged_photo(run.id, item.seq)?
            {
                tx.put_blob("image/jpeg", &photo, ctx.now)?;
            }
            let identity = IdentityOf {
                source: run.source,
                external_id: &payload.external_id,
                fingerprint: &fingerprint,
                photo: digest.as_ref(),
                run: run.id,
            };
            if item.action == PlanAction::Create {
                let shown = compose(profile, None, &Entered::default(), owners);
                tx.insert_person(person, CardId::new(ctx.now, random), &PublicId::new(random), &shown, ctx.now)?;
                tx.audit(&event("person.create", person))?;
                tx.insert_identity(&identity, person)?;
                if shown != *profile {
                    tx.set_said(run.source, &payload.external_id, Some(profile))?;
                }
            } else {
                let told = composed::tell(tx, (run, owners), person, profile, ctx.now)?;
                tx.audit(&event("person.change", person).with(json!({
                    "run": run.id, "fields": told.fields, "conflicts": told.conflicts
                })))?;
                tx.update_identity(&identity)?;
                tx.set_said(run.source, &payload.external_id, told.said_else.as_ref())?;
            }
        }
    }
    Ok(())
}
