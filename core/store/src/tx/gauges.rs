//! Figures for whoever watches: counts that indexes answer, never a row's content.

use diesel::prelude::*;
use estampe_domain::Ts;

use super::jobs::MAIL;
use super::{Tx, count};
use crate::error::Result;
use crate::schema::{job, plugin, run};

/// Mails in the outbox, by what becomes of them next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Could be sent now.
    pub due: u64,
    /// Wait for a later try.
    pub waiting: u64,
    /// Are being sent.
    pub sending: u64,
    /// Given up.
    pub dead: u64,
    /// Since when the one that is due the longest is due.
    pub oldest_due: Option<Ts>,
}

impl Tx<'_> {
    /// How full the outbox is.
    pub fn outbox_depth(&mut self, now: Ts) -> Result<OutboxDepth> {
        let mut mails = |state: &'static str, due: Option<bool>| -> Result<u64> {
            let mut query = job::table.filter(job::queue.eq(MAIL)).filter(job::state.eq(state)).into_boxed();
            match due {
                Some(true) => query = query.filter(job::run_at.le(now.as_micros())),
                Some(false) => query = query.filter(job::run_at.gt(now.as_micros())),
                None => {}
            }
            Ok(count(query.count().get_result(self.conn)?))
        };
        let (due, waiting) = (mails("waiting", Some(true))?, mails("waiting", Some(false))?);
        let (sending, dead) = (mails("running", None)?, mails("dead", None)?);
        let oldest: Option<i64> = job::table
            .filter(job::queue.eq(MAIL))
            .filter(job::state.eq("waiting").and(job::run_at.le(now.as_micros())))
            .select(diesel::dsl::min(job::run_at))
            .first(self.conn)?;
        Ok(OutboxDepth { due, waiting, sending, dead, oldest_due: oldest.map(Ts::from_micros) })
    }

    /// Plugins that are paused or could not be loaded.
    pub fn plugin_problems(&mut self) -> Result<u64> {
        Ok(count(plugin::table.filter(plugin::problem.is_not_null()).count().get_result(self.conn)?))
    }

    /// Runs that wait for an administrator's word.
    pub fn held_runs(&mut self) -> Result<u64> {
        Ok(count(run::table.filter(run::state.eq("held")).count().get_result(self.conn)?))
    }
}
