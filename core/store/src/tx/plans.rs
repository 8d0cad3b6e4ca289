//! The plan of a run: staged line by line, sealed under the run's own key, applied in
//! chunks, forgotten.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use estampe_domain::difference::PlanReason;
use estampe_domain::person::{FieldChange, Profile};
use estampe_domain::plan::{Fingerprint, PhotoDigest};
use estampe_domain::run::{PlanAction, Refusal, RunCounts};
use estampe_domain::{PersonId, RunId, SourceId};
use serde::{Deserialize, Serialize};

use super::{DataKey, Tx, id};
use crate::conn::per_backend;
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{run_item, run_refusal, run_state};

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
    /// Why, where no field says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<PlanReason>,
    /// The fields in which an entered value stays, though the source comes to say something
    /// else: what is kept, and what it says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<FieldChange>,
    /// The profile as the source says it; `None` for a disable, and once applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// What the source said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The photo as the source has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_digest: Option<String>,
    /// The new photo, a JPEG; stored behind the rest, not in it.
    #[serde(skip)]
    pub photo: Option<Vec<u8>>,
}

impl PlanPayload {
    /// The photo as the source has it.
    pub fn photo_digest(&self) -> Option<PhotoDigest> {
        self.photo_digest.clone().map(PhotoDigest::from_stored)
    }

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
        self.reset_groups(run_id)?;
        self.set_run_counts(run_id, &RunCounts::default())
    }

    /// Forgets the plan of a run that will not be applied: what it would have written is
    /// personal data. The refusals stay.
    pub fn drop_plan(&mut self, run_id: RunId) -> Result<()> {
        let text = run_id.to_string();
        self.drop_group_plan(&text)?;
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

    /// Notes that lines were applied, and to whom; keeps of them only what a person reads.
    pub fn items_applied(&mut self, run_id: RunId, items: &[(&StagedItem, PersonId)]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let key = self.needed_run_key(run_id)?;
        for (item, person) in items {
            let payload = &item.payload;
            let light =
                PlanPayload { profile: None, fingerprint: None, photo_digest: None, photo: None, ..payload.clone() };
            let sealed = self.seal_item(&key, run_id, item.seq, &light)?;
            diesel::update(run_item::table.find((run_id.to_string(), item.seq)))
                .set((
                    run_item::applied.eq(true),
                    run_item::person_id.eq(Some(person.to_string())),
                    run_item::sealed.eq(sealed),
                ))
                .execute(self.conn)?;
        }
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
}

pub(super) fn row_name(run_id: RunId, seq: i64) -> String {
    format!("{run_id}/{seq}")
}

pub(super) fn open_item(key: &DataKey, run_id: RunId, seq: i64, sealed: &[u8]) -> Result<PlanPayload> {
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
