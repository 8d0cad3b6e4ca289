//! Small values that the appliance keeps for itself.

use diesel::prelude::*;
use estampe_domain::Ts;

use super::Tx;
use crate::conn::per_backend;
use crate::error::Result;
use crate::schema::setting;

impl Tx<'_> {
    /// Reads a value.
    pub fn setting(&mut self, key: &str) -> Result<Option<String>> {
        Ok(setting::table.find(key).select(setting::value).get_result(self.conn).optional()?)
    }

    /// Writes a value.
    pub fn set_setting(&mut self, key: &str, value: &str, now: Ts) -> Result<()> {
        let change = (setting::value.eq(value), setting::changed_at.eq(now.as_micros()));
        let row = (setting::key.eq(key), setting::value.eq(value), setting::changed_at.eq(now.as_micros()));
        per_backend!(self.conn, c => {
            diesel::insert_into(setting::table)
                .values(row)
                .on_conflict(setting::key)
                .do_update()
                .set(change)
                .execute(c)?;
        });
        Ok(())
    }

    /// Writes a value where it still is what `before` says: of several nodes one succeeds.
    pub fn claim_setting(&mut self, key: &str, before: Option<&str>, value: &str, now: Ts) -> Result<bool> {
        let at = (setting::value.eq(value), setting::changed_at.eq(now.as_micros()));
        let written = if let Some(before) = before {
            diesel::update(setting::table.find(key).filter(setting::value.eq(before))).set(at).execute(self.conn)?
        } else {
            let row = (setting::key.eq(key), at);
            per_backend!(self.conn, c => {
                diesel::insert_into(setting::table).values(row).on_conflict_do_nothing().execute(c)?
            })
        };
        Ok(written > 0)
    }

    /// Removes a value; whether it was there.
    pub fn remove_setting(&mut self, key: &str) -> Result<bool> {
        Ok(diesel::delete(setting::table.find(key)).execute(self.conn)? > 0)
    }
}
