//! Runs: begun, moved from state to state, ended, forgotten with their keys.

use diesel::prelude::*;
use estampe_domain::group::GroupCounts;
use estampe_domain::plugin::SyncMode;
use estampe_domain::run::{HoldReason, Run, RunCounts, RunState};
use estampe_domain::{RunId, SourceId, Ts};

use super::{DataKey, Tx, count, id, stored_count};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{directory_group, run, run_item, run_log, run_refusal, run_state, source};

/// A run to be stored.
#[derive(Debug)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Whose.
    pub source: SourceId,
    /// Hold it when the plan stands, whatever it is.
    pub plan_only: bool,
    /// Whom it reads.
    pub mode: SyncMode,
    /// When.
    pub at: Ts,
}

impl Tx<'_> {
    /// Stores a run. A unique violation means that the source has an open one.
    pub fn insert_run(&mut self, new: &NewRun) -> Result<()> {
        self.lock_source(new.source)?;
        let key = self.new_data_key(new.at)?;
        let known_active = self.known_active(new.source)?;
        diesel::insert_into(run::table)
            .values((
                run::id.eq(new.id.to_string()),
                run::source_id.eq(new.source.to_string()),
                run::data_key_id.eq(key.id),
                run::state.eq(RunState::Planning.as_str()),
                run::plan_only.eq(new.plan_only),
                run::mode.eq(new.mode.as_str()),
                run::known_active.eq(stored_count(known_active)),
                (run::created.eq(0), run::changed.eq(0), run::disabled.eq(0)),
                (run::unchanged.eq(0), run::refused.eq(0)),
                run::started_at.eq(new.at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    pub(super) fn run_key(&mut self, run_id: RunId) -> Result<Option<DataKey>> {
        let key_id: String = run::table.find(run_id.to_string()).select(run::data_key_id).get_result(self.conn)?;
        self.data_key(&key_id)
    }

    pub(super) fn needed_run_key(&mut self, run_id: RunId) -> Result<DataKey> {
        self.run_key(run_id)?.ok_or(StoreError::Damaged("run"))
    }

    /// Whether anything was counted of a run yet.
    pub(super) fn has_counts(&mut self, run_id: RunId) -> Result<bool> {
        let seen = run::created + run::changed + run::disabled + run::unchanged + run::refused;
        Ok(run::table.find(run_id.to_string()).select(seen.gt(0)).get_result(self.conn)?)
    }

    /// Writes a run's counts.
    pub fn set_run_counts(&mut self, run_id: RunId, counts: &RunCounts) -> Result<()> {
        diesel::update(run::table.find(run_id.to_string()))
            .set((
                run::created.eq(stored_count(counts.created)),
                run::changed.eq(stored_count(counts.changed)),
                run::disabled.eq(stored_count(counts.disabled)),
                run::unchanged.eq(stored_count(counts.unchanged)),
                run::refused.eq(stored_count(counts.refused)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes what becomes of groups, and how many the source has: that many are given back.
    pub fn set_run_groups(&mut self, run_id: RunId, source: SourceId, counts: &GroupCounts) -> Result<u64> {
        let known: i64 = directory_group::table
            .filter(directory_group::source_id.eq(source.to_string()))
            .count()
            .get_result(self.conn)?;
        diesel::update(run::table.find(run_id.to_string()))
            .set((
                run::known_groups.eq(known),
                run::groups_created.eq(stored_count(counts.created)),
                run::groups_changed.eq(stored_count(counts.changed)),
                run::groups_gone.eq(stored_count(counts.gone)),
                run::groups_unchanged.eq(stored_count(counts.unchanged)),
            ))
            .execute(self.conn)?;
        Ok(count(known))
    }

    /// Notes whom a run reads after all.
    pub fn set_run_mode(&mut self, run_id: RunId, mode: SyncMode) -> Result<()> {
        diesel::update(run::table.find(run_id.to_string())).set(run::mode.eq(mode.as_str())).execute(self.conn)?;
        Ok(())
    }

    /// Notes where the next incremental run may begin, once this one is applied.
    pub fn set_run_checkpoint(&mut self, run_id: RunId, checkpoint: Option<&[u8]>) -> Result<()> {
        diesel::update(run::table.find(run_id.to_string())).set(run::checkpoint.eq(checkpoint)).execute(self.conn)?;
        Ok(())
    }

    /// The checkpoint that a run noted.
    pub fn run_checkpoint(&mut self, run_id: RunId) -> Result<Option<Vec<u8>>> {
        Ok(run::table.find(run_id.to_string()).select(run::checkpoint).get_result(self.conn)?)
    }

    /// Moves a run on; `false` when it was not in `from`, so that two deciders cannot
    /// both win.
    pub fn move_run(
        &mut self,
        run_id: RunId,
        from: RunState,
        to: RunState,
        hold: Option<HoldReason>,
        now: Ts,
    ) -> Result<bool> {
        let ended = (!to.is_open()).then(|| now.as_micros());
        let moved =
            diesel::update(run::table.filter(run::id.eq(run_id.to_string())).filter(run::state.eq(from.as_str())))
                .set((run::state.eq(to.as_str()), run::hold.eq(hold.map(HoldReason::as_str)), run::ended_at.eq(ended)))
                .execute(self.conn)?;
        Ok(moved > 0)
    }

    /// Notes why a run failed, in the connector's words, sealed.
    pub fn set_run_failure(&mut self, run_id: RunId, code: &str, words: &str) -> Result<()> {
        let key = self.needed_run_key(run_id)?;
        let row = run_id.to_string();
        let place = Place { table: "run", row: &row, column: "failure_sealed", key: &key.id };
        let sealed = crypto::seal(&key.key, self.random, place, words.as_bytes())?;
        diesel::update(run::table.find(&row))
            .set((run::failure_code.eq(Some(code)), run::failure_sealed.eq(Some(sealed.0))))
            .execute(self.conn)?;
        Ok(())
    }

    /// Whether a run is to be held when its plan stands.
    pub fn is_plan_only(&mut self, run_id: RunId) -> Result<bool> {
        Ok(run::table.find(run_id.to_string()).select(run::plan_only).get_result(self.conn)?)
    }

    /// One run.
    pub fn run(&mut self, run_id: RunId) -> Result<Option<Run>> {
        let row: Option<Row> = run::table
            .inner_join(source::table)
            .filter(run::id.eq(run_id.to_string()))
            .select(RUN_COLUMNS)
            .get_result(self.conn)
            .optional()?;
        row.map(|row| self.read_run(row)).transpose()
    }

    /// The newest runs, of one source or of all.
    pub fn runs(&mut self, of: Option<SourceId>, limit: i64) -> Result<Vec<Run>> {
        let mut query =
            run::table.inner_join(source::table).order(run::id.desc()).limit(limit).select(RUN_COLUMNS).into_boxed();
        if let Some(source_id) = of {
            query = query.filter(run::source_id.eq(source_id.to_string()));
        }
        let rows: Vec<Row> = query.load(self.conn)?;
        rows.into_iter().map(|row| self.read_run(row)).collect()
    }

    /// Forgets the details of a source's older runs: their keys are destroyed and
    /// their lines deleted; counts stay.
    pub fn prune_runs(&mut self, source_id: SourceId, keep: i64, now: Ts) -> Result<()> {
        let old: Vec<(String, String)> = run::table
            .filter(run::source_id.eq(source_id.to_string()))
            .filter(run::ended_at.is_not_null())
            .order(run::id.desc())
            .offset(keep)
            .limit(100)
            .select((run::id, run::data_key_id))
            .load(self.conn)?;
        for (run_id, key_id) in old {
            diesel::delete(run_item::table.filter(run_item::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run_refusal::table.filter(run_refusal::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run_log::table.filter(run_log::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run_state::table.filter(run_state::run_id.eq(&run_id))).execute(self.conn)?;
            self.drop_group_plan(&run_id)?;
            self.destroy_data_key(&key_id, now)?;
        }
        Ok(())
    }

    fn read_run(&mut self, row: Row) -> Result<Run> {
        let (
            (run_id, source_id, source_name, state, mode, hold),
            (known_active, created, changed, disabled, unchanged, refused),
            (known_groups, groups_created, groups_changed, groups_gone, groups_unchanged),
            (code, sealed, key_id),
            (started_at, ended_at),
        ) = row;
        let failure = match (code, sealed) {
            (Some(code), Some(sealed)) => {
                let words = match self.data_key(&key_id)? {
                    None => String::new(),
                    Some(key) => {
                        let place = Place { table: "run", row: &run_id, column: "failure_sealed", key: &key.id };
                        String::from_utf8_lossy(&crypto::open(&key.key, place, &sealed)?).into_owned()
                    }
                };
                Some((code, words))
            }
            _ => None,
        };
        let unreadable = StoreError::Unreadable("run");
        Ok(Run {
            id: id(&run_id, "run")?,
            source: id(&source_id, "run")?,
            source_name,
            state: RunState::from_stored(&state).ok_or(unreadable)?,
            mode: SyncMode::from_stored(&mode).ok_or(StoreError::Unreadable("run"))?,
            hold: hold.as_deref().and_then(HoldReason::from_stored),
            counts: RunCounts {
                created: count(created),
                changed: count(changed),
                disabled: count(disabled),
                unchanged: count(unchanged),
                refused: count(refused),
            },
            known_active: count(known_active),
            groups: GroupCounts {
                created: count(groups_created),
                changed: count(groups_changed),
                gone: count(groups_gone),
                unchanged: count(groups_unchanged),
            },
            known_groups: count(known_groups),
            failure,
            started_at: Ts::from_micros(started_at),
            ended_at: ended_at.map(Ts::from_micros),
        })
    }
}

type Row = (
    (String, String, String, String, String, Option<String>),
    (i64, i64, i64, i64, i64, i64),
    (i64, i64, i64, i64, i64),
    (Option<String>, Option<Vec<u8>>, String),
    (i64, Option<i64>),
);

#[expect(clippy::type_complexity, reason = "the columns of Row, spelt once")]
const RUN_COLUMNS: (
    (run::id, run::source_id, source::name, run::state, run::mode, run::hold),
    (run::known_active, run::created, run::changed, run::disabled, run::unchanged, run::refused),
    (run::known_groups, run::groups_created, run::groups_changed, run::groups_gone, run::groups_unchanged),
    (run::failure_code, run::failure_sealed, run::data_key_id),
    (run::started_at, run::ended_at),
) = (
    (run::id, run::source_id, source::name, run::state, run::mode, run::hold),
    (run::known_active, run::created, run::changed, run::disabled, run::unchanged, run::refused),
    (run::known_groups, run::groups_created, run::groups_changed, run::groups_gone, run::groups_unchanged),
    (run::failure_code, run::failure_sealed, run::data_key_id),
    (run::started_at, run::ended_at),
);
