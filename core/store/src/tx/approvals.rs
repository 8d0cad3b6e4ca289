//! Acts that wait for a second administrator.

use diesel::prelude::*;
use estampe_domain::approval::{Act, Approval};
use estampe_domain::{AccountId, ApprovalId, Ts};

use super::{Tx, count, id, json, to_json};
use crate::error::Result;
use crate::schema::{account, approval};

type Row = (String, String, String, String, i64, i64);

fn read((approval_id, act, asked_by, name, asked_at, ends_at): Row) -> Result<Approval> {
    Ok(Approval {
        id: id(&approval_id, "approval")?,
        act: json(&act, "approval")?,
        asked_by: id(&asked_by, "approval")?,
        asked_by_name: name,
        asked_at: Ts::from_micros(asked_at),
        ends_at: Ts::from_micros(ends_at),
    })
}

/// Those that wait.
macro_rules! waiting {
    ($now:expr) => {
        approval::table
            .inner_join(account::table.on(account::id.eq(approval::asked_by)))
            .filter(approval::decided_at.is_null())
            .filter(approval::ends_at.gt($now.as_micros()))
    };
}

/// What is read of each.
macro_rules! columns {
    () => {
        (approval::id, approval::act, approval::asked_by, account::name, approval::asked_at, approval::ends_at)
    };
}

impl Tx<'_> {
    /// Keeps an act until a second administrator decides.
    pub fn insert_approval(&mut self, approval_id: ApprovalId, act: &Act, asked_by: AccountId, now: Ts) -> Result<()> {
        diesel::insert_into(approval::table)
            .values((
                approval::id.eq(approval_id.to_string()),
                approval::act.eq(to_json(act, "approval")?),
                approval::asked_by.eq(asked_by.to_string()),
                approval::asked_at.eq(now.as_micros()),
                approval::ends_at.eq(now.plus_seconds(Approval::WAITS).as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The acts that wait, the oldest first; at most so many.
    pub fn approvals(&mut self, now: Ts, limit: i64) -> Result<Vec<Approval>> {
        let rows: Vec<Row> = waiting!(now).order(approval::asked_at).limit(limit).select(columns!()).load(self.conn)?;
        rows.into_iter().map(read).collect()
    }

    /// How many wait.
    pub fn approval_count(&mut self, now: Ts) -> Result<u64> {
        Ok(count(waiting!(now).count().get_result(self.conn)?))
    }

    /// One that waits.
    pub fn approval(&mut self, approval_id: ApprovalId, now: Ts) -> Result<Option<Approval>> {
        let of = waiting!(now).filter(approval::id.eq(approval_id.to_string()));
        let row: Option<Row> = of.select(columns!()).first(self.conn).optional()?;
        row.map(read).transpose()
    }

    /// It is decided: what was to be done is forgotten, that it was asked stays. `false` when
    /// somebody else decided before.
    pub fn decide_approval(&mut self, approval_id: ApprovalId, done: bool, by: &str, now: Ts) -> Result<bool> {
        let of = approval::table.find(approval_id.to_string()).filter(approval::decided_at.is_null());
        let decided = diesel::update(of)
            .set((
                approval::act.eq("{}"),
                approval::done.eq(Some(done)),
                approval::decided_by.eq(Some(by)),
                approval::decided_at.eq(Some(now.as_micros())),
            ))
            .execute(self.conn)?;
        Ok(decided > 0)
    }
}
