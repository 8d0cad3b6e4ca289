//! Runs and their plans: staged, sealed under the run's own key, applied in chunks.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use estampe_domain::person::{FieldChange, Profile};
use estampe_domain::plan::Fingerprint;
use estampe_domain::run::{HoldReason, PlanAction, PlanLine, Refusal, Run, RunCounts, RunState};
use estampe_domain::{PersonId, RunId, SourceId, Ts};
use serde::{Deserialize, Serialize};

use super::{DataKey, Tx, count, id, stored_count};
use crate::conn::per_backend;
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{run, run_item, run_log, run_refusal, run_state, source};

/// A run to be stored.
#[derive(Debug)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Whose.
    pub source: SourceId,
    /// Hold it when the plan stands, whatever it is.
    pub plan_only: bool,
    /// When.
    pub at: Ts,
}

/// What a plan's line needs to be applied, and to be read by a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanPayload {
    /// The identity in the source.
    pub external_id: String,
    /// Who, as a person reads it.
    pub name: String,
    /// The fields that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// The profile to be shown; `None` for a disable, and once applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// What the source said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The new photo, a JPEG; stored behind the rest, not in it.
    #[serde(skip)]
    pub photo: Option<Vec<u8>>,
}

impl PlanPayload {
    /// What the source said.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.fingerprint.clone().map(Fingerprint::from_stored)
    }
}

/// A line of a plan.
#[derive(Clone, Debug)]
pub struct StagedItem {
    /// Its place in the plan.
    pub seq: i64,
    /// What happens.
    pub action: PlanAction,
    /// Who, when they are known here.
    pub person: Option<PersonId>,
    /// The rest.
    pub payload: PlanPayload,
}

impl Tx<'_> {
    /// Stores a run. A unique violation means that the source has an open one.
    pub fn insert_run(&mut self, new: &NewRun) -> Result<()> {
        let key = self.new_data_key(new.at)?;
        let known_active = self.known_active(new.source)?;
        diesel::insert_into(run::table)
            .values((
                run::id.eq(new.id.to_string()),
                run::source_id.eq(new.source.to_string()),
                run::data_key_id.eq(key.id),
                run::state.eq(RunState::Planning.as_str()),
                run::plan_only.eq(new.plan_only),
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

    /// Begins the plan of a run anew: what an interrupted try staged is dropped.
    pub fn reset_plan(&mut self, run_id: RunId) -> Result<()> {
        let text = run_id.to_string();
        diesel::delete(run_item::table.filter(run_item::run_id.eq(&text))).execute(self.conn)?;
        diesel::delete(run_refusal::table.filter(run_refusal::run_id.eq(&text))).execute(self.conn)?;
        diesel::delete(run_state::table.filter(run_state::run_id.eq(&text))).execute(self.conn)?;
        diesel::update(
            crate::schema::person_identity::table.filter(crate::schema::person_identity::seen_run_id.eq(&text)),
        )
        .set(crate::schema::person_identity::seen_run_id.eq(None::<String>))
        .execute(self.conn)?;
        self.set_run_counts(run_id, &RunCounts::default())
    }

    /// Forgets the plan of a run that will not be applied: what it would have written is
    /// personal data. The refusals stay.
    pub fn drop_plan(&mut self, run_id: RunId) -> Result<()> {
        let text = run_id.to_string();
        diesel::delete(run_item::table.filter(run_item::run_id.eq(&text))).execute(self.conn)?;
        diesel::delete(run_state::table.filter(run_state::run_id.eq(&text))).execute(self.conn)?;
        Ok(())
    }

    /// Which of these identities are in a run's plan already.
    pub fn staged_identities(&mut self, run_id: RunId, source: SourceId, ids: &[&str]) -> Result<HashSet<String>> {
        let by_mac: HashMap<Vec<u8>, &str> = ids.iter().map(|i| (self.identity_mac(source, i), *i)).collect();
        let macs: Vec<&Vec<u8>> = by_mac.keys().collect();
        let mut staged = HashSet::new();
        for chunk in macs.chunks(500) {
            let found: Vec<Vec<u8>> = per_backend!(self.conn, c => {
                run_item::table
                    .filter(run_item::run_id.eq(run_id.to_string()))
                    .filter(run_item::identity_mac.eq_any(chunk.iter().copied()))
                    .select(run_item::identity_mac)
                    .load(c)?
            });
            staged.extend(found.iter().filter_map(|mac| by_mac.get(mac)).map(|i| (*i).to_owned()));
        }
        Ok(staged)
    }

    fn identity_mac(&self, source: SourceId, external_id: &str) -> Vec<u8> {
        self.keys.index.mac(&[b"run.identity", source.to_string().as_bytes(), external_id.as_bytes()])
    }

    /// Adds lines to a run's plan.
    pub fn stage(&mut self, run_id: RunId, source: SourceId, items: &[StagedItem]) -> Result<()> {
        let key = self.needed_run_key(run_id)?;
        for item in items {
            let sealed = self.seal_item(&key, run_id, item.seq, &item.payload)?;
            diesel::insert_into(run_item::table)
                .values((
                    run_item::run_id.eq(run_id.to_string()),
                    run_item::seq.eq(item.seq),
                    run_item::identity_mac.eq(self.identity_mac(source, &item.payload.external_id)),
                    run_item::action.eq(item.action.as_str()),
                    run_item::person_id.eq(item.person.map(|p| p.to_string())),
                    run_item::sealed.eq(sealed),
                    run_item::applied.eq(false),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Adds refused entries to a run's report.
    pub fn refuse(&mut self, run_id: RunId, first_seq: i64, refusals: &[Refusal]) -> Result<()> {
        if refusals.is_empty() {
            return Ok(());
        }
        let key = self.needed_run_key(run_id)?;
        for (seq, refusal) in (first_seq..).zip(refusals) {
            let row = row_name(run_id, seq);
            let place = Place { table: "run_refusal", row: &row, column: "sealed", key: &key.id };
            let plain = serde_json::to_vec(refusal).map_err(|_| StoreError::Unreadable("run_refusal"))?;
            let sealed = crypto::seal(&key.key, self.random, place, &plain)?;
            diesel::insert_into(run_refusal::table)
                .values((
                    run_refusal::run_id.eq(run_id.to_string()),
                    run_refusal::seq.eq(seq),
                    run_refusal::sealed.eq(sealed.0),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Keeps what the plugin wrote until the run is applied.
    pub fn stage_state(&mut self, run_id: RunId, writes: &BTreeMap<String, Option<Vec<u8>>>) -> Result<()> {
        for (key, value) in writes {
            let row = (
                run_state::run_id.eq(run_id.to_string()),
                run_state::key.eq(key),
                run_state::value.eq(value.as_deref()),
            );
            per_backend!(self.conn, c => {
                diesel::insert_into(run_state::table)
                    .values(row)
                    .on_conflict((run_state::run_id, run_state::key))
                    .do_update()
                    .set(run_state::value.eq(value.as_deref()))
                    .execute(c)?;
            });
        }
        Ok(())
    }

    /// What the plugin wrote in a run.
    pub fn staged_state(&mut self, run_id: RunId) -> Result<Vec<(String, Option<Vec<u8>>)>> {
        Ok(run_state::table
            .filter(run_state::run_id.eq(run_id.to_string()))
            .select((run_state::key, run_state::value))
            .load(self.conn)?)
    }

    /// Lines that are still to be applied, in order.
    pub fn pending_items(&mut self, run_id: RunId, limit: i64) -> Result<Vec<StagedItem>> {
        let key = self.needed_run_key(run_id)?;
        let rows: Vec<(i64, String, Option<String>, Vec<u8>)> = run_item::table
            .filter(run_item::run_id.eq(run_id.to_string()))
            .filter(run_item::applied.eq(false))
            .order(run_item::seq)
            .limit(limit)
            .select((run_item::seq, run_item::action, run_item::person_id, run_item::sealed))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(seq, action, person, sealed)| {
                Ok(StagedItem {
                    seq,
                    action: PlanAction::from_stored(&action).ok_or(StoreError::Unreadable("run_item"))?,
                    person: person.map(|p| id(&p, "run_item")).transpose()?,
                    payload: open_item(&key, run_id, seq, &sealed)?,
                })
            })
            .collect()
    }

    /// Notes that a line was applied; keeps of it only what a person reads.
    pub fn item_applied(&mut self, run_id: RunId, item: &StagedItem, person: PersonId) -> Result<()> {
        let key = self.needed_run_key(run_id)?;
        let light = PlanPayload { profile: None, fingerprint: None, photo: None, ..item.payload.clone() };
        let sealed = self.seal_item(&key, run_id, item.seq, &light)?;
        diesel::update(run_item::table.find((run_id.to_string(), item.seq)))
            .set((
                run_item::applied.eq(true),
                run_item::person_id.eq(Some(person.to_string())),
                run_item::sealed.eq(sealed),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    fn seal_item(&self, key: &DataKey, run_id: RunId, seq: i64, payload: &PlanPayload) -> Result<Vec<u8>> {
        let row = row_name(run_id, seq);
        let place = Place { table: "run_item", row: &row, column: "sealed", key: &key.id };
        let json = serde_json::to_vec(payload).map_err(|_| StoreError::Unreadable("run_item"))?;
        let length = u32::try_from(json.len()).map_err(|_| StoreError::Unreadable("run_item"))?;
        let photo = payload.photo.as_deref().unwrap_or_default();
        let mut plain = Vec::with_capacity(4 + json.len() + photo.len());
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(&json);
        plain.extend_from_slice(photo);
        Ok(crypto::seal(&key.key, self.random, place, &plain)?.0)
    }

    /// The first lines of a plan, for a person to read; empty when its key is gone.
    pub fn plan_lines(&mut self, run_id: RunId, limit: i64) -> Result<Vec<PlanLine>> {
        let Some(key) = self.run_key(run_id)? else { return Ok(Vec::new()) };
        // what needs a look first: disables, then changes, then the new ones
        let mut lines = Vec::new();
        for action in [PlanAction::Disable, PlanAction::Update, PlanAction::Create] {
            let rows: Vec<(i64, Option<String>, Vec<u8>)> = run_item::table
                .filter(run_item::run_id.eq(run_id.to_string()))
                .filter(run_item::action.eq(action.as_str()))
                .order(run_item::seq)
                .limit(limit - stored_count(lines.len() as u64))
                .select((run_item::seq, run_item::person_id, run_item::sealed))
                .load(self.conn)?;
            for (seq, person, sealed) in rows {
                let payload = open_item(&key, run_id, seq, &sealed)?;
                lines.push(PlanLine {
                    action,
                    person: person.map(|p| id(&p, "run_item")).transpose()?,
                    name: payload.name,
                    changes: payload.changes,
                });
            }
        }
        Ok(lines)
    }

    /// The first refused entries of a run; empty when its key is gone.
    pub fn refusals(&mut self, run_id: RunId, limit: i64) -> Result<Vec<Refusal>> {
        let Some(key) = self.run_key(run_id)? else { return Ok(Vec::new()) };
        let rows: Vec<(i64, Vec<u8>)> = run_refusal::table
            .filter(run_refusal::run_id.eq(run_id.to_string()))
            .order(run_refusal::seq)
            .limit(limit)
            .select((run_refusal::seq, run_refusal::sealed))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(seq, sealed)| {
                let row = row_name(run_id, seq);
                let place = Place { table: "run_refusal", row: &row, column: "sealed", key: &key.id };
                let plain = crypto::open(&key.key, place, &sealed)?;
                serde_json::from_slice(&plain).map_err(|_| StoreError::Unreadable("run_refusal"))
            })
            .collect()
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
            self.destroy_data_key(&key_id, now)?;
        }
        Ok(())
    }

    fn read_run(&mut self, row: Row) -> Result<Run> {
        let (
            (run_id, source_id, source_name, state, hold),
            (known_active, created, changed, disabled, unchanged, refused),
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
            hold: hold.as_deref().and_then(HoldReason::from_stored),
            counts: RunCounts {
                created: count(created),
                changed: count(changed),
                disabled: count(disabled),
                unchanged: count(unchanged),
                refused: count(refused),
            },
            known_active: count(known_active),
            failure,
            started_at: Ts::from_micros(started_at),
            ended_at: ended_at.map(Ts::from_micros),
        })
    }
}

type Row = (
    (String, String, String, String, Option<String>),
    (i64, i64, i64, i64, i64, i64),
    (Option<String>, Option<Vec<u8>>, String),
    (i64, Option<i64>),
);

#[expect(clippy::type_complexity, reason = "the columns of Row, spelt once")]
const RUN_COLUMNS: (
    (run::id, run::source_id, source::name, run::state, run::hold),
    (run::known_active, run::created, run::changed, run::disabled, run::unchanged, run::refused),
    (run::failure_code, run::failure_sealed, run::data_key_id),
    (run::started_at, run::ended_at),
) = (
    (run::id, run::source_id, source::name, run::state, run::hold),
    (run::known_active, run::created, run::changed, run::disabled, run::unchanged, run::refused),
    (run::failure_code, run::failure_sealed, run::data_key_id),
    (run::started_at, run::ended_at),
);

pub(super) fn row_name(run_id: RunId, seq: i64) -> String {
    format!("{run_id}/{seq}")
}

fn open_item(key: &DataKey, run_id: RunId, seq: i64, sealed: &[u8]) -> Result<PlanPayload> {
    let damaged = || StoreError::Damaged("run_item");
    let row = row_name(run_id, seq);
    let place = Place { table: "run_item", row: &row, column: "sealed", key: &key.id };
    let plain = crypto::open(&key.key, place, sealed)?;
    let (length, rest) = plain.split_first_chunk::<4>().ok_or_else(damaged)?;
    let length = u32::from_be_bytes(*length) as usize;
    let (json, photo) = rest.split_at_checked(length).ok_or_else(damaged)?;
    let mut payload: PlanPayload = serde_json::from_slice(json).map_err(|_| damaged())?;
    payload.photo = (!photo.is_empty()).then(|| photo.to_vec());
    Ok(payload)
}
