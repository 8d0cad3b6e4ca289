//! The mailboxes of a publication, line by line: what each is to be given, sealed under the
//! publication's key, and how far it is.

use diesel::prelude::*;
use estampe_domain::signature::publication::{LineContent, LineState, Publication, PublicationLine, code};
use estampe_domain::{PersonId, PublicationId, Ts};

use super::{DataKey, Tx, count, id, stored_count};
use crate::conn::per_backend;
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{job, signature_publication as publication, signature_publication_line as line};

type LineRow = (i64, String, String, Option<String>, i64, Vec<u8>);

macro_rules! line_columns {
    () => {
        (line::seq, line::person_id, line::state, line::code, line::tries, line::sealed)
    };
}

/// The lines of one publication.
macro_rules! lines_of {
    ($publication:expr) => {
        line::table.filter(line::publication_id.eq($publication.to_string()))
    };
}

const LINES: &str = "signature_publication_line";

pub(super) fn row_of(publication: PublicationId, seq: u64) -> String {
    format!("{publication}/{seq}")
}

fn place<'a>(row: &'a str, key: &'a DataKey) -> Place<'a> {
    Place { table: LINES, row, column: "sealed", key: &key.id }
}

impl Tx<'_> {
    pub(super) fn sealed_line(&self, key: &DataKey, row: &str, content: &LineContent) -> Result<Vec<u8>> {
        let plain = serde_json::to_vec(content).map_err(|_| StoreError::Unreadable(LINES))?;
        Ok(crypto::seal(&key.key, self.random, place(row, key), &plain)?.0)
    }

    /// Counts the mailboxes of a publication: by how far they are, those of rings that were begun,
    /// and those of them that are still to come.
    pub(super) fn count_lines(&mut self, of: &mut Publication) -> Result<()> {
        let stored: Vec<(String, bool, i64)> = per_backend!(self.conn, c => {
            lines_of!(of.id)
                .group_by((line::state, line::chosen))
                .select((line::state, line::chosen, diesel::dsl::count_star()))
                .load(c)?
        });
        for (state, chosen, lines) in stored {
            let (state, lines) = (LineState::from_stored(&state).ok_or(StoreError::Unreadable(LINES))?, count(lines));
            *of.counts.entry(state).or_default() += lines;
            if chosen {
                of.released += lines;
                of.left += if matches!(state, LineState::Planned | LineState::Applying) { lines } else { 0 };
            }
        }
        Ok(())
    }

    /// Whose mailboxes are in a state.
    pub fn people_of_lines(&mut self, publication_id: PublicationId, state: LineState) -> Result<Vec<PersonId>> {
        let people: Vec<String> = lines_of!(publication_id)
            .filter(line::state.eq(state.as_str()))
            .order(line::seq)
            .select(line::person_id)
            .load(self.conn)?;
        people.iter().map(|text| id(text, LINES)).collect()
    }

    /// The next mailbox to be read for the plan, whose time has come.
    pub fn next_to_plan(&mut self, publication_id: PublicationId, now: Ts) -> Result<Option<PublicationLine>> {
        let row: Option<LineRow> = lines_of!(publication_id)
            .filter(line::state.eq(LineState::Waiting.as_str()))
            .filter(line::chosen.eq(false))
            .filter(line::not_before.is_null().or(line::not_before.le(now.as_micros()).assume_not_null()))
            .order(line::seq)
            .select(line_columns!())
            .first(self.conn)
            .optional()?;
        self.read_line_of(publication_id, row)
    }

    /// The next mailbox of the ring to be written, whose time has come: those first that a killed
    /// process may have written.
    pub fn next_to_write(&mut self, publication_id: PublicationId, now: Ts) -> Result<Option<PublicationLine>> {
        for state in [LineState::Applying, LineState::Planned] {
            let row: Option<LineRow> = lines_of!(publication_id)
                .filter(line::state.eq(state.as_str()))
                .filter(line::chosen.eq(true))
                .filter(line::not_before.is_null().or(line::not_before.le(now.as_micros()).assume_not_null()))
                .order(line::seq)
                .select(line_columns!())
                .first(self.conn)
                .optional()?;
            if row.is_some() {
                return self.read_line_of(publication_id, row);
            }
        }
        Ok(None)
    }

    /// When the next of the mailboxes that wait for their time may be tried.
    pub fn next_line_at(&mut self, publication_id: PublicationId, planning: bool) -> Result<Option<Ts>> {
        let earliest = diesel::dsl::min(line::not_before);
        let found: Option<i64> = if planning {
            lines_of!(publication_id)
                .filter(line::state.eq(LineState::Waiting.as_str()))
                .select(earliest)
                .get_result(self.conn)?
        } else {
            lines_of!(publication_id)
                .filter(line::state.eq_any([LineState::Applying.as_str(), LineState::Planned.as_str()]))
                .filter(line::chosen.eq(true))
                .select(earliest)
                .get_result(self.conn)?
        };
        Ok(found.map(Ts::from_micros))
    }

    fn read_line_of(&mut self, publication_id: PublicationId, row: Option<LineRow>) -> Result<Option<PublicationLine>> {
        let Some(row) = row else { return Ok(None) };
        let key = self.publication_key(publication_id)?;
        read_line(&key, publication_id, row).map(Some)
    }

    /// Mailboxes of a publication, in one state or in any, beginning at a place.
    pub fn publication_lines(
        &mut self,
        publication_id: PublicationId,
        state: Option<LineState>,
        from: u64,
        limit: i64,
    ) -> Result<Vec<PublicationLine>> {
        let mut query = lines_of!(publication_id)
            .filter(line::seq.ge(stored_count(from)))
            .order(line::seq)
            .limit(limit)
            .select(line::seq)
            .into_boxed();
        if let Some(state) = state {
            query = query.filter(line::state.eq(state.as_str()));
        }
        // their places first, by an index alone: what they hold is large
        let places: Vec<i64> = query.load(self.conn)?;
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<LineRow> = lines_of!(publication_id)
            .filter(line::seq.eq_any(places))
            .order(line::seq)
            .select(line_columns!())
            .load(self.conn)?;
        let key = self.publication_key(publication_id)?;
        rows.into_iter().map(|row| read_line(&key, publication_id, row)).collect()
    }

    /// How far one mailbox is; none when its holder was erased meanwhile.
    pub fn line_state(&mut self, publication_id: PublicationId, seq: u64) -> Result<Option<LineState>> {
        let found: Option<String> = line::table
            .find((publication_id.to_string(), stored_count(seq)))
            .select(line::state)
            .get_result(self.conn)
            .optional()?;
        found.map(|text| LineState::from_stored(&text).ok_or(StoreError::Unreadable(LINES))).transpose()
    }

    /// Notes how far a mailbox is; it is not tried again before `not_before`. Nothing happens when
    /// its holder was erased meanwhile.
    pub fn set_publication_line(
        &mut self,
        publication_id: PublicationId,
        changed: &PublicationLine,
        not_before: Option<Ts>,
    ) -> Result<()> {
        let key = self.publication_key(publication_id)?;
        let sealed = self.sealed_line(&key, &row_of(publication_id, changed.seq), &changed.content)?;
        diesel::update(line::table.find((publication_id.to_string(), stored_count(changed.seq))))
            .set((
                line::state.eq(changed.state.as_str()),
                line::code.eq(&changed.code),
                line::tries.eq(i64::from(changed.tries)),
                line::not_before.eq(not_before.map(Ts::as_micros)),
                line::sealed.eq(sealed),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes at which address a line of a plan is. Where another one is there too, that one fails, and
    /// this one is to: `true`.
    pub fn meets_another(&mut self, of: &Publication, seq: u64, address: &str) -> Result<bool> {
        let (mac, seq) = (self.address_mac(of.source, address), stored_count(seq));
        diesel::update(line::table.find((of.id.to_string(), seq)))
            .set(line::address_mac.eq(Some(&mac)))
            .execute(self.conn)?;
        let others: Vec<i64> = lines_of!(of.id)
            .filter(line::address_mac.eq(&mac).assume_not_null())
            .filter(line::seq.ne(seq))
            .select(line::seq)
            .load(self.conn)?;
        let planned = [LineState::Planned.as_str(), LineState::Unchanged.as_str()];
        diesel::update(lines_of!(of.id).filter(line::seq.eq_any(&others)).filter(line::state.eq_any(planned)))
            .set((line::state.eq(LineState::Failed.as_str()), line::code.eq(Some(code::SHARED))))
            .execute(self.conn)?;
        Ok(!others.is_empty())
    }

    /// Whether another publication of the source, which was stopped, has somebody's mailbox in hand.
    pub fn is_in_another_hand(&mut self, of: &Publication, person: PersonId, now: Ts) -> Result<bool> {
        let in_hand: i64 = line::table
            .inner_join(publication::table.on(publication::id.eq(line::publication_id)))
            .inner_join(job::table.on(job::id.eq(publication::job_id)))
            .filter(line::person_id.eq(person.to_string()))
            .filter(line::state.eq(LineState::Applying.as_str()))
            .filter(publication::source_id.eq(of.source.to_string()))
            .filter(publication::id.ne(of.id.to_string()))
            .filter(job::state.eq("running"))
            .filter(job::lease_until.ge(now.as_micros()).assume_not_null())
            .count()
            .get_result(self.conn)?;
        Ok(in_hand > 0)
    }

    /// Deletes some lines of a publication, at most so many; how many.
    pub(super) fn forget_some_lines(&mut self, publication_id: &str, most: i64) -> Result<i64> {
        let places: Vec<i64> = line::table
            .filter(line::publication_id.eq(publication_id))
            .order(line::seq)
            .limit(most)
            .select(line::seq)
            .load(self.conn)?;
        let Some(last) = places.last() else { return Ok(0) };
        let of = line::table.filter(line::publication_id.eq(publication_id)).filter(line::seq.le(last));
        diesel::delete(of).execute(self.conn)?;
        Ok(i64::try_from(places.len()).unwrap_or(most))
    }

    /// The mailboxes that a ring of what is planned would have: those of these people, or the
    /// first, or all. Those of rings that were begun are none of them.
    fn ring(&mut self, publication_id: PublicationId, people: &[PersonId], first: Option<u64>) -> Result<Vec<i64>> {
        let people: Vec<String> = people.iter().map(ToString::to_string).collect();
        let mut query = lines_of!(publication_id)
            .filter(line::state.eq(LineState::Planned.as_str()))
            .filter(line::chosen.eq(false))
            .order(line::seq)
            .select(line::seq)
            .into_boxed();
        if !people.is_empty() {
            query = query.filter(line::person_id.eq_any(people));
        }
        if let Some(first) = first {
            query = query.limit(stored_count(first));
        }
        Ok(query.load(self.conn)?)
    }

    /// How many mailboxes a ring would have.
    pub fn ring_count(
        &mut self,
        publication_id: PublicationId,
        people: &[PersonId],
        first: Option<u64>,
    ) -> Result<u64> {
        Ok(self.ring(publication_id, people, first)?.len() as u64)
    }

    /// Chooses a ring of what is planned; how many mailboxes it has.
    pub fn choose_lines(
        &mut self,
        publication_id: PublicationId,
        people: &[PersonId],
        first: Option<u64>,
    ) -> Result<u64> {
        let chosen = self.ring(publication_id, people, first)?;
        for some in chosen.chunks(1000) {
            diesel::update(lines_of!(publication_id).filter(line::seq.eq_any(some.to_vec())))
                .set(line::chosen.eq(true))
                .execute(self.conn)?;
        }
        Ok(chosen.len() as u64)
    }

    /// Puts back the mailboxes that failed by one of these codes: those of the plan, or those of the
    /// rings that were begun.
    pub fn renew_failed(&mut self, publication_id: PublicationId, codes: &[&str], planning: bool) -> Result<u64> {
        let back = if planning { LineState::Waiting } else { LineState::Planned };
        let renewed = diesel::update(
            lines_of!(publication_id)
                .filter(line::state.eq(LineState::Failed.as_str()))
                .filter(line::code.eq_any(codes.to_vec()))
                .filter(line::chosen.eq(!planning)),
        )
        .set((
            line::state.eq(back.as_str()),
            line::code.eq(None::<String>),
            line::tries.eq(0),
            line::not_before.eq(None::<i64>),
        ))
        .execute(self.conn)?;
        Ok(renewed as u64)
    }

    /// Forgets what publications say of somebody.
    pub(super) fn forget_lines_of(&mut self, person_id: &str) -> Result<()> {
        diesel::delete(line::table.filter(line::person_id.eq(person_id))).execute(self.conn)?;
        Ok(())
    }
}

fn read_line(key: &DataKey, publication_id: PublicationId, row: LineRow) -> Result<PublicationLine> {
    let (seq, person, state, code, tries, sealed) = row;
    let seq = count(seq);
    let plain = crypto::open(&key.key, place(&row_of(publication_id, seq), key), &sealed)?;
    Ok(PublicationLine {
        seq,
        person: id(&person, LINES)?,
        state: LineState::from_stored(&state).ok_or(StoreError::Unreadable(LINES))?,
        code,
        tries: u32::try_from(tries).unwrap_or(u32::MAX),
        content: serde_json::from_slice(&plain).map_err(|_| StoreError::Unreadable(LINES))?,
    })
}
