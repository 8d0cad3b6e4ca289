//! A plan as a person reads it: page by page, what needs a look first.

use diesel::prelude::*;
use estampe_domain::RunId;
use estampe_domain::difference::{PlanLine, PlanPlace};
use estampe_domain::person::Profile;
use estampe_domain::run::{PlanAction, Refusal};

use super::plans::{open_item, row_name};
use super::{Tx, id};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{run_item, run_refusal};

impl Tx<'_> {
    /// Lines of a plan: all of them or those of one action, after a place; disables, then
    /// changes, then the new ones. Empty when the run's key is gone.
    pub fn plan_lines(
        &mut self,
        run_id: RunId,
        only: Option<PlanAction>,
        after: Option<PlanPlace>,
        limit: i64,
    ) -> Result<Vec<PlanLine>> {
        let Some(key) = self.run_key(run_id)? else { return Ok(Vec::new()) };
        let applied_to = self.applied_to(run_id)?;
        let passed = |action: &PlanAction| after.is_some_and(|after| *action != after.action);
        // what stands before the action of the place was read
        let from = PlanAction::READING.into_iter().skip_while(passed);
        let mut lines = Vec::new();
        for action in from.filter(|action| only.is_none_or(|only| only == *action)) {
            let room = limit - i64::try_from(lines.len()).unwrap_or(limit);
            if room <= 0 {
                break;
            }
            let seq = after.filter(|after| after.action == action).map_or(i64::MIN, |after| after.seq);
            let rows: Vec<(i64, String, Vec<u8>)> = run_item::table
                .filter(run_item::run_id.eq(run_id.to_string()))
                .filter(run_item::action.eq(action.as_str()))
                .filter(run_item::seq.gt(seq))
                .order(run_item::seq)
                .limit(room)
                .select((run_item::seq, run_item::person_id, run_item::sealed))
                .load(self.conn)?;
            for (seq, person, sealed) in rows {
                let payload = open_item(&key, run_id, seq, &sealed)?;
                let is_new = action == PlanAction::Create;
                let introduced = || payload.profile.as_ref().map(Profile::introduced).unwrap_or_default();
                lines.push(PlanLine {
                    seq,
                    action,
                    // who is new is not there before
                    person: (seq < applied_to || !is_new).then(|| id(&person, "run_item")).transpose()?,
                    changes: if is_new { introduced() } else { payload.changes },
                    name: payload.name,
                    kept: payload.kept,
                    reason: payload.reason,
                });
            }
        }
        Ok(lines)
    }

    /// Refused entries of a run with their places, after one; empty when its key is gone.
    pub fn refusals_after(&mut self, run_id: RunId, after: Option<i64>, limit: i64) -> Result<Vec<(i64, Refusal)>> {
        let Some(key) = self.run_key(run_id)? else { return Ok(Vec::new()) };
        let rows: Vec<(i64, Vec<u8>)> = run_refusal::table
            .filter(run_refusal::run_id.eq(run_id.to_string()))
            .filter(run_refusal::seq.gt(after.unwrap_or(i64::MIN)))
            .order(run_refusal::seq)
            .limit(limit)
            .select((run_refusal::seq, run_refusal::sealed))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(seq, sealed)| {
                let row = row_name(run_id, seq);
                let place = Place { table: "run_refusal", row: &row, column: "sealed", key: &key.id };
                let plain = crypto::open(&key.key, place, &sealed)?;
                let refusal = serde_json::from_slice(&plain).map_err(|_| StoreError::Unreadable("run_refusal"))?;
                Ok((seq, refusal))
            })
            .collect()
    }

    /// The first refused entries of a run; empty when its key is gone.
    pub fn refusals(&mut self, run_id: RunId, limit: i64) -> Result<Vec<Refusal>> {
        Ok(self.refusals_after(run_id, None, limit)?.into_iter().map(|(_, refusal)| refusal).collect())
    }

    /// How many refused entries of a run are kept with their reasons.
    pub fn kept_refusals(&mut self, run_id: RunId) -> Result<u64> {
        let kept: i64 =
            run_refusal::table.filter(run_refusal::run_id.eq(run_id.to_string())).count().get_result(self.conn)?;
        Ok(super::count(kept))
    }
}
