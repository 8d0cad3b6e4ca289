//! What a plugin wrote to its log in a run: sealed, since nobody can trust that it holds no
//! personal data.

use diesel::prelude::*;
use estampe_domain::RunId;
use estampe_domain::plugin::LogLine;

use super::Tx;
use super::plans::row_name;
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::run_log;

/// Lines that are kept of a run: the first ones say what went wrong.
const MAX_LINES: i64 = 2_000;

fn place<'a>(row: &'a str, key: &'a str) -> Place<'a> {
    Place { table: "run_log", row, column: "sealed", key }
}

impl Tx<'_> {
    /// Adds lines to a run's log; beyond its room they are dropped.
    pub fn add_run_log(&mut self, run_id: RunId, lines: &[LogLine]) -> Result<()> {
        let last: Option<i64> = run_log::table
            .filter(run_log::run_id.eq(run_id.to_string()))
            .select(diesel::dsl::max(run_log::seq))
            .first(self.conn)?;
        let first = last.map_or(0, |last| last + 1);
        let room = usize::try_from(MAX_LINES - first).unwrap_or(0);
        let key = self.needed_run_key(run_id)?;
        for (seq, line) in (first..).zip(lines.iter().take(room)) {
            let row = row_name(run_id, seq);
            let plain = serde_json::to_vec(line).map_err(|_| StoreError::Unreadable("run_log"))?;
            let sealed = crypto::seal(&key.key, self.random, place(&row, &key.id), &plain)?;
            diesel::insert_into(run_log::table)
                .values((run_log::run_id.eq(run_id.to_string()), run_log::seq.eq(seq), run_log::sealed.eq(sealed.0)))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// The log of a run, from its beginning; empty when its key is gone.
    pub fn run_log(&mut self, run_id: RunId) -> Result<Vec<LogLine>> {
        let Some(key) = self.run_key(run_id)? else { return Ok(Vec::new()) };
        let rows: Vec<(i64, Vec<u8>)> = run_log::table
            .filter(run_log::run_id.eq(run_id.to_string()))
            .order(run_log::seq)
            .select((run_log::seq, run_log::sealed))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(seq, sealed)| {
                let plain = crypto::open(&key.key, place(&row_name(run_id, seq), &key.id), &sealed)?;
                serde_json::from_slice(&plain).map_err(|_| StoreError::Unreadable("run_log"))
            })
            .collect()
    }
}
