//! Everybody at once, as a search in memory wants them, and some of them by their ids.

use std::collections::HashMap;

use diesel::prelude::*;
use estampe_domain::PersonId;
use estampe_domain::person::PersonSummary;

use super::people::{Row, read, shown_columns};
use super::{Tx, id};
use crate::conn::per_backend;
use crate::error::Result;
use crate::schema::{card, person};

/// One of everybody.
#[derive(Clone, Debug)]
pub struct RollRow {
    /// Who.
    pub person: PersonId,
    /// Whether their card is shown.
    pub active: bool,
    /// What a search looks through, folded.
    pub text: String,
}

impl Tx<'_> {
    /// Everybody who was not erased, by name.
    pub fn roll(&mut self) -> Result<Vec<RollRow>> {
        let rows: Vec<(String, bool, String)> = person::table
            .filter(person::erased_at.is_null())
            .order((person::sort_key, person::id))
            .select((person::id, person::active, person::search_text))
            .load(self.conn)?;
        let row = |(person, active, text): (String, bool, String)| {
            Ok(RollRow { person: id(&person, "person")?, active, text })
        };
        rows.into_iter().map(row).collect()
    }

    /// These people, in this order, without those who are not there (any more).
    pub fn people_of(&mut self, ids: &[PersonId]) -> Result<Vec<PersonSummary>> {
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut found = HashMap::with_capacity(ids.len());
        // SQLite binds at most 32,766 values; pages hold fewer, chunks keep it so
        for chunk in texts.chunks(500) {
            let rows: Vec<Row> = per_backend!(self.conn, c => {
                person::table
                    .inner_join(card::table)
                    .filter(person::id.eq_any(chunk))
                    .filter(person::erased_at.is_null())
                    .select(shown_columns!())
                    .load(c)?
            });
            for row in &rows {
                let summary = read(row)?;
                found.insert(summary.id, summary);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }
}
