//! The plan of a run: staged line by line, sealed under the run's own key, applied in
//! chunks, forgotten.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use estampe_domain::difference::PlanReason;
use estampe_domain::person::{FieldChange, Profile};
use estampe_domain::plan::{Fingerprint, PhotoDigest};
use estampe_domain::run::{PlanAction, Refusal, RunCounts};
use estampe_domain::{PersonId, RunId};
use serde::{Deserialize, Serialize};

use super::{DataKey, Tx, id};
use crate::conn::per_backend;
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{run, run_item, run_refusal, run_state};

/// What a plan's line needs to be applied, and to be read by a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanPayload {
    /// The identity in the source.
    pub external_id: String,
    /// Who, as a person reads it.
    pub name: String,
    /// The fields that differ; of somebody new none: all of their profile is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FieldChange>,
    /// Why, where no field says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<PlanReason>,
    /// The fields in which an entered value stays, though the source comes to say something
    /// else: what is kept, and what it says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<FieldChange>,
    /// The profile as the source says it; `None` for a disable, and for a change that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// What the source said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The photo as the source has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_digest: Option<String>,
    /// The new photo, a JPEG; stored beside the rest, and only until it is applied.
    #[serde(skip)]
    pub photo: Option<Vec<u8>>,
}

/// What a source says, as it stands beside a line that shows only what differs.
#[derive(Serialize, Deserialize)]
struct Said {
    profile: Option<Profile>,
    fingerprint: Option<String>,
    photo_digest: Option<String>,
}

impl PlanPayload {
    /// What is kept of a line, and what only until it is applied; the photo is in neither.
    fn parts(&self, action: PlanAction) -> (Self, Option<Said>) {
        let mut light = Self { photo: None, ..self.clone() };
        if action == PlanAction::Create || light.profile.is_none() {
            return (light, None);
        }
        let (profile, fingerprint, photo_digest) =
            (light.profile.take(), light.fingerprint.take(), light.photo_digest.take());
        (light, Some(Said { profile, fingerprint, photo_digest }))
    }

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
    /// Its place in the plan, from 0.
    pub seq: i64,
    /// What happens.
    pub action: PlanAction,
    /// Who; of somebody new, whose line this will be.
    pub person: PersonId,
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
        // that is written together with the counts
        if self.has_counts(run_id)? {
            diesel::update(
                crate::schema::person_identity::table.filter(crate::schema::person_identity::seen_run_id.eq(&text)),
            )
            .set(crate::schema::person_identity::seen_run_id.eq(None::<String>))
            .execute(self.conn)?;
        }
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

    /// Adds lines to a run's plan. Nobody may stand in it twice.
    pub fn stage(&mut self, run_id: RunId, items: &[StagedItem]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let key = self.needed_run_key(run_id)?;
        let run = run_id.to_string();
        for item in items {
            let row = row_name(run_id, item.seq);
            let place = |column| Place { table: "run_item", row: &row, column, key: &key.id };
            let seal = |column, plain: &[u8]| crypto::seal(&key.key, self.random, place(column), plain);
            let unreadable = |_| StoreError::Unreadable("run_item");
            // who is new is shown whole; of others only what differs is kept once it is applied
            let (light, said) = item.payload.parts(item.action);
            let sealed = seal("sealed", &serde_json::to_vec(&light).map_err(unreadable)?)?;
            let said = said.map(|said| seal("said", &serde_json::to_vec(&said).map_err(unreadable)?)).transpose()?;
            let photo = item.payload.photo.as_deref().map(|photo| seal("photo", photo)).transpose()?;
            let line = (
                run_item::run_id.eq(&run),
                run_item::seq.eq(item.seq),
                run_item::action.eq(item.action.as_str()),
                run_item::person_id.eq(item.person.to_string()),
                run_item::sealed.eq(sealed.0),
                run_item::said.eq(said.map(|said| said.0)),
                run_item::photo.eq(photo.map(|photo| photo.0)),
            );
            per_backend!(self.conn, c => diesel::insert_into(run_item::table).values(line).execute(c)?);
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

    /// Lines that are still to be applied, in order, from a place on, without their photos: so
    /// many, and fewer where these photos have more octets together; at least one if there is.
    pub fn pending_items(&mut self, run_id: RunId, from: i64, limit: i64, photos: i64) -> Result<Vec<StagedItem>> {
        type Row = (i64, String, String, (Vec<u8>, Option<Vec<u8>>), Option<i64>);
        let key = self.needed_run_key(run_id)?;
        let from = from.max(self.applied_to(run_id)?);
        let rows: Vec<Row> = run_item::table
            .filter(run_item::run_id.eq(run_id.to_string()))
            .filter(run_item::seq.ge(from))
            .order(run_item::seq)
            .limit(limit)
            .select((
                run_item::seq,
                run_item::action,
                run_item::person_id,
                (run_item::sealed, run_item::said),
                sql::<Nullable<BigInt>>("CAST(length(photo) AS BIGINT)"),
            ))
            .load(self.conn)?;
        let mut octets = 0;
        let fits = |row: &Row| {
            let before = octets;
            octets += row.4.unwrap_or(0);
            before == 0 || octets <= photos
        };
        rows.into_iter()
            .take_while(fits)
            .map(|(seq, action, person, (sealed, said), _)| {
                let mut payload = open_item(&key, run_id, seq, &sealed)?;
                if let Some(said) = said {
                    let row = row_name(run_id, seq);
                    let place = Place { table: "run_item", row: &row, column: "said", key: &key.id };
                    let plain = crypto::open(&key.key, place, &said)?;
                    let said: Said = serde_json::from_slice(&plain).map_err(|_| StoreError::Damaged("run_item"))?;
                    let Said { profile, fingerprint, photo_digest } = said;
                    payload = PlanPayload { profile, fingerprint, photo_digest, ..payload };
                }
                Ok(StagedItem {
                    seq,
                    action: PlanAction::from_stored(&action).ok_or(StoreError::Unreadable("run_item"))?,
                    person: id(&person, "run_item")?,
                    payload,
                })
            })
            .collect()
    }

    /// The new photo of a line that is still to be applied.
    pub fn staged_photo(&mut self, run_id: RunId, seq: i64) -> Result<Option<Vec<u8>>> {
        let sealed: Option<Vec<u8>> =
            run_item::table.find((run_id.to_string(), seq)).select(run_item::photo).first(self.conn)?;
        let Some(sealed) = sealed else { return Ok(None) };
        let key = self.needed_run_key(run_id)?;
        let row = row_name(run_id, seq);
        let place = Place { table: "run_item", row: &row, column: "photo", key: &key.id };
        crypto::open(&key.key, place, &sealed).map(Some)
    }

    /// Notes that all lines up to a place, this one included, are applied. What was needed for that
    /// alone is forgotten.
    pub fn items_applied(&mut self, run_id: RunId, last: i64) -> Result<()> {
        let text = run_id.to_string();
        let from = self.applied_to(run_id)?;
        diesel::update(run::table.find(&text)).set(run::applied.eq(last + 1)).execute(self.conn)?;
        // of most lines there is nothing: to write each of them again would double what is written
        diesel::update(run_item::table)
            .filter(run_item::run_id.eq(&text))
            .filter(run_item::seq.between(from, last))
            .filter(run_item::said.is_not_null().or(run_item::photo.is_not_null()))
            .set((run_item::said.eq(None::<Vec<u8>>), run_item::photo.eq(None::<Vec<u8>>)))
            .execute(self.conn)?;
        Ok(())
    }

    /// The first place of a plan that is not applied.
    pub(super) fn applied_to(&mut self, run_id: RunId) -> Result<i64> {
        Ok(run::table.find(run_id.to_string()).select(run::applied).first(self.conn)?)
    }
}

pub(super) fn row_name(run_id: RunId, seq: i64) -> String {
    format!("{run_id}/{seq}")
}

pub(super) fn open_item(key: &DataKey, run_id: RunId, seq: i64, sealed: &[u8]) -> Result<PlanPayload> {
    let row = row_name(run_id, seq);
    let place = Place { table: "run_item", row: &row, column: "sealed", key: &key.id };
    let plain = crypto::open(&key.key, place, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Damaged("run_item"))
}
