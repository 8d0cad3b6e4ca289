//! Publications of signatures: how far each is, with a key of its own for its mailboxes
//! ([`super::publication_lines`]).

use std::collections::BTreeMap;

use diesel::prelude::*;
use estampe_domain::signature::publication::{LineContent, LineState, Publication, PublicationKind, PublicationState};
use estampe_domain::{JobId, PersonId, PublicationId, SourceId, Ts};

use super::publication_lines::row_of;
use super::{DataKey, Tx, count, id, stored_count};
use crate::conn::per_backend;
use crate::error::{Result, StoreError};
use crate::schema::{
    job, person, person_identity, signature_publication as publication, signature_publication_line as line, source,
};

type Row = (
    (String, String, String, String, String),
    (String, Option<String>, Option<String>, i64, i64),
    (Option<i64>, i64, Option<i64>),
);

macro_rules! columns {
    () => {
        (
            (publication::id, publication::kind, publication::source_id, source::name, publication::day),
            (
                publication::state,
                publication::resumes_in,
                publication::why,
                publication::ring,
                publication::refused_in_row,
            ),
            (publication::not_before, publication::started_at, publication::ended_at),
        )
    };
}

const TABLE: &str = "signature_publication";
/// Lines after which a transaction is long enough.
const LINES_AT_ONCE: i64 = 5000;

impl Tx<'_> {
    /// Stores a publication and the mailboxes that it is about, none of them read yet.
    pub fn insert_publication(
        &mut self,
        new: &Publication,
        job: JobId,
        lines: &[(PersonId, LineContent)],
    ) -> Result<()> {
        let key = self.new_data_key(new.started_at)?;
        diesel::insert_into(publication::table)
            .values((
                publication::id.eq(new.id.to_string()),
                publication::kind.eq(new.kind.as_str()),
                publication::source_id.eq(new.source.to_string()),
                publication::data_key_id.eq(&key.id),
                publication::day.eq(new.day.to_string()),
                publication::state.eq(new.state.as_str()),
                publication::ring.eq(stored_count(new.ring)),
                publication::refused_in_row.eq(0),
                publication::job_id.eq(job.to_string()),
                publication::started_at.eq(new.started_at.as_micros()),
            ))
            .execute(self.conn)?;
        let mut seq = 0_u64;
        // SQLite binds at most 32,766 values
        for some in lines.chunks(1000) {
            let mut rows = Vec::with_capacity(some.len());
            for (person, content) in some {
                rows.push((
                    line::publication_id.eq(new.id.to_string()),
                    line::seq.eq(stored_count(seq)),
                    line::person_id.eq(person.to_string()),
                    line::state.eq(LineState::Waiting.as_str()),
                    line::tries.eq(0),
                    line::chosen.eq(false),
                    line::sealed.eq(self.sealed_line(&key, &row_of(new.id, seq), content)?),
                ));
                seq += 1;
            }
            per_backend!(self.conn, c => {
                diesel::insert_into(line::table).values(&rows).execute(c)?;
            });
        }
        Ok(())
    }

    pub(super) fn publication_key(&mut self, publication_id: PublicationId) -> Result<DataKey> {
        let key_id: String = publication::table
            .find(publication_id.to_string())
            .select(publication::data_key_id)
            .get_result(self.conn)?;
        self.data_key(&key_id)?.ok_or(StoreError::Damaged(TABLE))
    }

    /// One publication.
    pub fn publication(&mut self, publication_id: PublicationId) -> Result<Option<Publication>> {
        let Some(mut found) = self.publication_head(publication_id)? else { return Ok(None) };
        self.count_lines(&mut found)?;
        Ok(Some(found))
    }

    /// The same without its counts, for what looks at it again and again.
    pub fn publication_head(&mut self, publication_id: PublicationId) -> Result<Option<Publication>> {
        let row: Option<Row> = publication::table
            .inner_join(source::table)
            .filter(publication::id.eq(publication_id.to_string()))
            .select(columns!())
            .get_result(self.conn)
            .optional()?;
        row.map(read_publication).transpose()
    }

    /// The newest publications.
    pub fn publications(&mut self, limit: i64) -> Result<Vec<Publication>> {
        let rows: Vec<Row> = publication::table
            .inner_join(source::table)
            .order(publication::id.desc())
            .limit(limit)
            .select(columns!())
            .load(self.conn)?;
        let mut found = rows.into_iter().map(read_publication).collect::<Result<Vec<_>>>()?;
        for publication in &mut found {
            self.count_lines(publication)?;
        }
        Ok(found)
    }

    /// The newest publication of each source.
    pub fn newest_publications(&mut self) -> Result<Vec<Publication>> {
        let newest: Vec<Option<String>> = per_backend!(self.conn, c => {
            publication::table
                .group_by(publication::source_id)
                .select(diesel::dsl::max(publication::id))
                .load(c)?
        });
        let mut found = Vec::new();
        for text in newest.into_iter().flatten() {
            found.extend(self.publication(id(&text, TABLE)?)?);
        }
        Ok(found)
    }

    /// The publication of a source that has not ended.
    pub fn open_publication(&mut self, source: SourceId) -> Result<Option<PublicationId>> {
        let found: Option<String> = publication::table
            .filter(publication::source_id.eq(source.to_string()))
            .filter(publication::ended_at.is_null())
            .select(publication::id)
            .get_result(self.conn)
            .optional()?;
        found.map(|found| id(&found, TABLE)).transpose()
    }

    /// Who is here and counted by a source, by name.
    pub fn active_people_of(&mut self, source: SourceId) -> Result<Vec<PersonId>> {
        let ids: Vec<String> = per_backend!(self.conn, c => {
            let known = person_identity::table
                .filter(person_identity::source_id.eq(source.to_string()))
                .filter(person_identity::active.eq(true))
                .select(person_identity::person_id);
            person::table
                .filter(person::active.eq(true))
                .filter(person::id.eq_any(known))
                .order((person::sort_key, person::id))
                .select(person::id)
                .load(c)?
        });
        ids.iter().map(|text| id(text, "person")).collect()
    }

    /// Makes whoever else changes this publication wait until the transaction ends; `false` when
    /// there is none.
    pub fn lock_publication(&mut self, publication_id: PublicationId) -> Result<bool> {
        let found = diesel::update(publication::table.find(publication_id.to_string()))
            .set(publication::ring.eq(publication::ring))
            .execute(self.conn)?;
        Ok(found > 0)
    }

    /// The job that works on a publication: another one leaves it alone.
    pub fn publication_job(&mut self, publication_id: PublicationId) -> Result<JobId> {
        let text: String =
            publication::table.find(publication_id.to_string()).select(publication::job_id).get_result(self.conn)?;
        id(&text, TABLE)
    }

    /// Notes which job works on it.
    pub fn set_publication_job(&mut self, publication_id: PublicationId, job: JobId) -> Result<()> {
        diesel::update(publication::table.find(publication_id.to_string()))
            .set(publication::job_id.eq(job.to_string()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes how far a publication is.
    pub fn set_publication(&mut self, changed: &Publication) -> Result<()> {
        diesel::update(publication::table.find(changed.id.to_string()))
            .set((
                publication::state.eq(changed.state.as_str()),
                publication::resumes_in.eq(changed.resumes_in.map(PublicationState::as_str)),
                publication::why.eq(&changed.why),
                publication::ring.eq(stored_count(changed.ring)),
                publication::refused_in_row.eq(i64::from(changed.refused_in_row)),
                publication::not_before.eq(changed.not_before.map(Ts::as_micros)),
                publication::ended_at.eq(changed.ended_at.map(Ts::as_micros)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets publications that ended before, or those of a source, with their keys: some lines, so
    /// that no transaction is long. How many, one of them in part perhaps; none when nothing is left.
    pub fn forget_publications(&mut self, of: Option<SourceId>, ended_before: Ts, now: Ts) -> Result<u64> {
        let mut query = publication::table.select((publication::id, publication::data_key_id)).limit(10).into_boxed();
        query = match of {
            Some(source) => query.filter(publication::source_id.eq(source.to_string())),
            None => query.filter(publication::ended_at.lt(ended_before.as_micros()).assume_not_null()),
        };
        let old: Vec<(String, String)> = query.load(self.conn)?;
        let (mut room, mut forgotten) = (LINES_AT_ONCE, 0);
        for (publication_id, key_id) in &old {
            forgotten += 1;
            room -= self.forget_some_lines(publication_id, room)?;
            if room <= 0 {
                break;
            }
            diesel::delete(job::table.filter(job::reference.eq(publication_id))).execute(self.conn)?;
            diesel::delete(publication::table.find(publication_id)).execute(self.conn)?;
            self.destroy_data_key(key_id, now)?;
        }
        Ok(forgotten)
    }
}

fn read_publication(row: Row) -> Result<Publication> {
    let (
        (publication_id, kind, source_id, source_name, day),
        (state, resumes_in, why, ring, refused),
        (not_before, started_at, ended_at),
    ) = row;
    let unreadable = || StoreError::Unreadable(TABLE);
    let read = |text: &str| PublicationState::from_stored(text).ok_or_else(unreadable);
    Ok(Publication {
        id: id(&publication_id, TABLE)?,
        kind: PublicationKind::from_stored(&kind).ok_or_else(unreadable)?,
        source: id(&source_id, TABLE)?,
        source_name,
        day: day.parse().map_err(|_| unreadable())?,
        state: read(&state)?,
        resumes_in: resumes_in.as_deref().map(read).transpose()?,
        why,
        ring: count(ring),
        refused_in_row: u32::try_from(refused).unwrap_or(u32::MAX),
        not_before: not_before.map(Ts::from_micros),
        counts: BTreeMap::new(),
        released: 0,
        left: 0,
        started_at: Ts::from_micros(started_at),
        ended_at: ended_at.map(Ts::from_micros),
    })
}
