//! Acts that wait for a second administrator.

use diesel::prelude::*;
use estampe_domain::approval::{Act, Approval};
use estampe_domain::{AccountId, ApprovalId, Ts};

use super::{Tx, count, id, json, to_json};
use crate::error::Result;
use crate::schema::{account, approval};

/// What stands in the place of an act that nobody will do any more.
const DONE: &str = "{}";

type Row = (String, String, String, String, i64, i64, Option<bool>);

fn read((approval_id, act, asked_by, name, asked_at, ends_at, done): Row) -> Result<Approval> {
    Ok(Approval {
        account: None,
        id: id(&approval_id, "approval")?,
        act: json(&act, "approval")?,
        asked_by: id(&asked_by, "approval")?,
        asked_by_name: name,
        asked_at: Ts::from_micros(asked_at),
        ends_at: Ts::from_micros(ends_at),
        agreed: done == Some(true),
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
        (
            approval::id,
            approval::act,
            approval::asked_by,
            account::name,
            approval::asked_at,
            approval::ends_at,
            approval::done,
        )
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
        self.named(rows)
    }

    /// With the names of the accounts that they are about.
    fn named(&mut self, rows: Vec<Row>) -> Result<Vec<Approval>> {
        let mut found = rows.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        let ids: Vec<_> = found.iter().filter_map(|one| Some(one.act.account()?.to_string())).collect();
        let of = account::table.filter(account::id.eq_any(ids)).select((account::id, account::name, account::email));
        let accounts: Vec<(String, String, String)> = of.load(self.conn)?;
        for one in &mut found {
            let about = one.act.account().map(|about| about.to_string());
            let account = accounts.iter().find(|(id, ..)| about.as_ref() == Some(id));
            one.account = account.map(|(_, name, email)| format!("{name} <{email}>"));
        }
        Ok(found)
    }

    /// What an account asked for: what waits, and what it may do since somebody agreed.
    pub fn approvals_of(&mut self, asked_by: AccountId, now: Ts, limit: i64) -> Result<Vec<Approval>> {
        let rows: Vec<Row> = approval::table
            .inner_join(account::table.on(account::id.eq(approval::asked_by)))
            .filter(approval::asked_by.eq(asked_by.to_string()))
            .filter(approval::act.ne(DONE))
            .filter(approval::ends_at.gt(now.as_micros()))
            .order(approval::asked_at)
            .limit(limit)
            .select(columns!())
            .load(self.conn)?;
        self.named(rows)
    }

    /// Takes what an account may do since somebody agreed to it: it is done once. `false` when
    /// there is nothing of it.
    pub fn take_agreed(&mut self, asked_by: AccountId, act: &Act, now: Ts) -> Result<bool> {
        let act = to_json(act, "approval")?;
        let first: Option<String> = approval::table
            .filter(approval::asked_by.eq(asked_by.to_string()))
            .filter(approval::act.eq(act))
            .filter(approval::done.eq(Some(true)))
            .filter(approval::ends_at.gt(now.as_micros()))
            .order(approval::ends_at)
            .select(approval::id)
            .first(self.conn)
            .optional()?;
        let Some(first) = first else { return Ok(false) };
        let one = approval::table.find(first).filter(approval::act.ne(DONE));
        Ok(diesel::update(one).set(approval::act.eq(DONE)).execute(self.conn)? > 0)
    }

    /// Empties what nobody can decide or do any more; which it was.
    pub fn expire_approvals(&mut self, now: Ts) -> Result<Vec<ApprovalId>> {
        let over = || approval::table.filter(approval::ends_at.le(now.as_micros())).filter(approval::act.ne(DONE));
        let found: Vec<String> = over().select(approval::id).load(self.conn)?;
        diesel::update(over()).set(approval::act.eq(DONE)).execute(self.conn)?;
        found.iter().map(|found| id(found, "approval")).collect()
    }

    /// Removes what ended before this.
    pub fn prune_approvals(&mut self, before: Ts) -> Result<()> {
        diesel::delete(approval::table.filter(approval::ends_at.lt(before.as_micros()))).execute(self.conn)?;
        Ok(())
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

    /// It is decided: what was to be done is forgotten, unless whoever asked does it now; that it
    /// was asked stays. `false` when somebody else decided before.
    pub fn decide_approval(&mut self, asked: &Approval, done: bool, by: &str, now: Ts) -> Result<bool> {
        let of = approval::table.find(asked.id.to_string()).filter(approval::decided_at.is_null());
        let (act, ends_at) = if done && asked.act.is_done_by_asker() {
            (to_json(&asked.act, "approval")?, now.plus_seconds(Approval::AGREED))
        } else {
            (DONE.to_owned(), asked.ends_at)
        };
        let decided = diesel::update(of)
            .set((
                approval::act.eq(act),
                approval::ends_at.eq(ends_at.as_micros()),
                approval::done.eq(Some(done)),
                approval::decided_by.eq(Some(by)),
                approval::decided_at.eq(Some(now.as_micros())),
            ))
            .execute(self.conn)?;
        Ok(decided > 0)
    }
}
