//! Acts on the cards of many people: who was chosen, and how far it is.

use diesel::prelude::*;
use estampe_domain::bulk::{Bulk, BulkAct};
use estampe_domain::{BulkId, PersonId, Ts};

use super::{Tx, count, id, stored_count};
use crate::conn::per_backend;
use crate::error::{Result, StoreError};
use crate::schema::{bulk, bulk_person, card, person};

type Row = (String, String, (i64, i64, i64), Option<String>, (i64, Option<i64>));

impl Tx<'_> {
    /// Stores an act and whom it is about, in this order.
    pub fn insert_bulk(&mut self, new: &Bulk, people: &[PersonId]) -> Result<()> {
        let bulk_id = new.id.to_string();
        diesel::insert_into(bulk::table)
            .values((
                bulk::id.eq(&bulk_id),
                bulk::act.eq(new.act.as_str()),
                bulk::people.eq(stored_count(new.people)),
                bulk::done.eq(0),
                bulk::changed.eq(0),
                bulk::undoes.eq(new.undoes.map(|undoes| undoes.to_string())),
                bulk::started_at.eq(new.started_at.as_micros()),
            ))
            .execute(self.conn)?;
        // SQLite binds at most 32,766 values
        for (chunk, ids) in people.chunks(1000).enumerate() {
            let row = |(at, person): (usize, &PersonId)| {
                let seq = i64::try_from(chunk * 1000 + at).unwrap_or(i64::MAX);
                (
                    bulk_person::bulk_id.eq(bulk_id.clone()),
                    bulk_person::seq.eq(seq),
                    bulk_person::person_id.eq(person.to_string()),
                    bulk_person::changed.eq(false),
                )
            };
            let rows: Vec<_> = ids.iter().enumerate().map(row).collect();
            per_backend!(self.conn, c => {
                diesel::insert_into(bulk_person::table).values(&rows).execute(c)?;
            });
        }
        Ok(())
    }

    /// An act, under way or done.
    pub fn bulk(&mut self, bulk_id: BulkId) -> Result<Option<Bulk>> {
        let text = bulk_id.to_string();
        let row: Option<Row> = bulk::table
            .find(&text)
            .select((
                bulk::id,
                bulk::act,
                (bulk::people, bulk::done, bulk::changed),
                bulk::undoes,
                (bulk::started_at, bulk::ended_at),
            ))
            .get_result(self.conn)
            .optional()?;
        let Some((_, act, (people, done, changed), undoes, (started_at, ended_at))) = row else { return Ok(None) };
        let undone_by: Option<String> =
            bulk::table.filter(bulk::undoes.eq(&text)).select(bulk::id).get_result(self.conn).optional()?;
        Ok(Some(Bulk {
            id: bulk_id,
            act: BulkAct::from_stored(&act).ok_or(StoreError::Unreadable("bulk"))?,
            people: count(people),
            done: count(done),
            changed: count(changed),
            undoes: undoes.map(|text| id(&text, "bulk")).transpose()?,
            undone_by: undone_by.map(|text| id(&text, "bulk")).transpose()?,
            started_at: Ts::from_micros(started_at),
            ended_at: ended_at.map(Ts::from_micros),
        }))
    }

    /// Whom an act is about, from a place on.
    pub fn people_of_bulk(&mut self, bulk_id: BulkId, from: u64, limit: i64) -> Result<Vec<PersonId>> {
        let ids: Vec<String> = bulk_person::table
            .filter(bulk_person::bulk_id.eq(bulk_id.to_string()))
            .filter(bulk_person::seq.ge(stored_count(from)))
            .order(bulk_person::seq)
            .limit(limit)
            .select(bulk_person::person_id)
            .load(self.conn)?;
        ids.iter().map(|text| id(text, "bulk_person")).collect()
    }

    /// Whose cards an act changed, in its order.
    pub fn people_changed_by(&mut self, bulk_id: BulkId) -> Result<Vec<PersonId>> {
        let ids: Vec<String> = bulk_person::table
            .filter(bulk_person::bulk_id.eq(bulk_id.to_string()))
            .filter(bulk_person::changed.eq(true))
            .order(bulk_person::seq)
            .select(bulk_person::person_id)
            .load(self.conn)?;
        ids.iter().map(|text| id(text, "bulk_person")).collect()
    }

    /// Notes that an act changed the card of the one in this place.
    pub fn note_changed_by(&mut self, bulk_id: BulkId, seq: u64) -> Result<()> {
        diesel::update(bulk_person::table.find((bulk_id.to_string(), stored_count(seq))))
            .set(bulk_person::changed.eq(true))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes how far an act is, and whether it ended.
    pub fn set_bulk(&mut self, bulk: &Bulk) -> Result<()> {
        diesel::update(bulk::table.find(bulk.id.to_string()))
            .set((
                bulk::done.eq(stored_count(bulk.done)),
                bulk::changed.eq(stored_count(bulk.changed)),
                bulk::ended_at.eq(bulk.ended_at.map(Ts::as_micros)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Shows somebody's card, or takes it down; whether that changed anything. Of somebody
    /// erased there is none to show.
    pub fn set_card_active(&mut self, person_id: PersonId, active: bool, now: Ts) -> Result<bool> {
        let here = person::table.filter(person::erased_at.is_null()).select(person::id);
        let changed = per_backend!(self.conn, c => {
            diesel::update(
                card::table
                    .filter(card::person_id.eq(person_id.to_string()))
                    .filter(card::active.ne(active))
                    .filter(card::person_id.eq_any(here)),
            )
            .set((
                card::active.eq(active),
                card::version.eq(card::version + 1),
                card::changed_at.eq(now.as_micros()),
            ))
            .execute(c)?
        });
        self.cards_changed |= changed > 0;
        Ok(changed > 0)
    }

    /// Forgets acts that ended before; they can be undone no more.
    pub fn prune_bulks(&mut self, ended_before: Ts) -> Result<()> {
        let old = || bulk::table.filter(bulk::ended_at.lt(ended_before.as_micros()).assume_not_null());
        let ids: Vec<String> = old().select(bulk::id).limit(20).load(self.conn)?;
        for bulk_id in &ids {
            diesel::delete(bulk_person::table.filter(bulk_person::bulk_id.eq(bulk_id))).execute(self.conn)?;
            diesel::update(bulk::table.filter(bulk::undoes.eq(bulk_id)))
                .set(bulk::undoes.eq(None::<String>))
                .execute(self.conn)?;
            diesel::delete(bulk::table.find(bulk_id)).execute(self.conn)?;
        }
        Ok(())
    }
}
