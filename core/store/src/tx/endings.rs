//! The end of a source: what it would do, how far it is, and what goes with it. Its people
//! go one by one ([`super::erasing`]), its runs with their keys, the source itself last.

use diesel::prelude::*;
use estampe_domain::ending::{Ending, EndingDone, EndingPlan, PeopleFate};
use estampe_domain::{Error, SourceId, Ts};

use super::{Tx, count, id, stored_count};
use crate::conn::per_backend;
use crate::error::{Result, StoreError};
use crate::schema::{
    account_team, directory_group, group_member, job, lead, person, person_identity, run, run_group, run_handle,
    run_item, run_log, run_refusal, run_state, source, source_ending, source_secret, source_state,
};

/// Rows of runs after which a transaction is long enough.
const ENOUGH: usize = 10_000;

type Row = (String, String, String, (i64, i64, i64, i64, i64), (i64, Option<i64>));

fn read((source_id, name, fate, (people, released, disabled, erased, runs), (started, ended)): &Row) -> Result<Ending> {
    Ok(Ending {
        source: id(source_id, "source_ending")?,
        name: name.clone(),
        fate: PeopleFate::from_stored(fate).ok_or(StoreError::Unreadable("source_ending"))?,
        people: count(*people),
        done: EndingDone {
            released: count(*released),
            disabled: count(*disabled),
            erased: count(*erased),
            runs: count(*runs),
        },
        started_at: Ts::from_micros(*started),
        ended_at: ended.map(Ts::from_micros),
    })
}

/// Ids of people of a source, or of all the others, as a part of another query.
macro_rules! people_of {
    ($source:expr) => {
        person_identity::table.filter(person_identity::source_id.eq($source)).select(person_identity::person_id)
    };
    (not $source:expr) => {
        person_identity::table.filter(person_identity::source_id.ne($source)).select(person_identity::person_id)
    };
    (active not $source:expr) => {
        person_identity::table
            .filter(person_identity::source_id.ne($source))
            .filter(person_identity::active.eq(true))
            .select(person_identity::person_id)
    };
}

impl Tx<'_> {
    /// What ending a source would do.
    pub fn ending_plan(&mut self, source: SourceId) -> Result<EndingPlan> {
        let mailboxes = self.mailbox_count(source)?;
        let source = &source.to_string();
        // everybody who is here: erased people have no identity
        let (people, elsewhere, down_disabled, down_erased, leads): (i64, i64, i64, i64, i64) = per_backend!(self.conn, c => {
            let ours = || person::table.filter(person::id.eq_any(people_of!(source)));
            let shown = || ours().filter(person::active.eq(true));
            (
                ours().count().get_result(c)?,
                ours().filter(person::id.eq_any(people_of!(not source))).count().get_result(c)?,
                shown().filter(person::id.ne_all(people_of!(active not source))).count().get_result(c)?,
                shown().filter(person::id.ne_all(people_of!(not source))).count().get_result(c)?,
                lead::table.filter(lead::person_id.eq_any(people_of!(source))).count().get_result(c)?,
            )
        });
        let runs: i64 = run::table.filter(run::source_id.eq(source)).count().get_result(self.conn)?;
        let secrets: i64 =
            source_secret::table.filter(source_secret::source_id.eq(source)).count().get_result(self.conn)?;
        let state: i64 =
            source_state::table.filter(source_state::source_id.eq(source)).count().get_result(self.conn)?;
        Ok(EndingPlan {
            people: count(people),
            known_elsewhere: count(elsewhere),
            cards_disabled: count(down_disabled),
            cards_erased: count(down_erased),
            leads: count(leads),
            runs: count(runs),
            secrets: count(secrets),
            state: count(state),
            mailboxes,
        })
    }

    /// A source's end, under way or done.
    pub fn ending(&mut self, source: SourceId) -> Result<Option<Ending>> {
        let row: Option<Row> = source_ending::table
            .find(source.to_string())
            .select((
                source_ending::source_id,
                source_ending::name,
                source_ending::people_fate,
                (
                    source_ending::people,
                    source_ending::released,
                    source_ending::disabled,
                    source_ending::erased,
                    source_ending::runs,
                ),
                (source_ending::started_at, source_ending::ended_at),
            ))
            .get_result(self.conn)
            .optional()?;
        row.as_ref().map(read).transpose()
    }

    /// Refuses whatever is to be done with a source that ends.
    pub fn ensure_stays(&mut self, source: SourceId) -> Result<()> {
        match self.ending(source)? {
            None => Ok(()),
            Some(_) => {
                Err(Error::Conflict("this source is being disconnected: nothing else is done with it".into()).into())
            }
        }
    }

    /// Marks a source as ending.
    pub fn insert_ending(&mut self, new: &Ending) -> Result<()> {
        diesel::insert_into(source_ending::table)
            .values((
                source_ending::source_id.eq(new.source.to_string()),
                source_ending::name.eq(&new.name),
                source_ending::people_fate.eq(new.fate.as_str()),
                source_ending::people.eq(stored_count(new.people)),
                (
                    source_ending::released.eq(stored_count(new.done.released)),
                    source_ending::disabled.eq(stored_count(new.done.disabled)),
                    source_ending::erased.eq(stored_count(new.done.erased)),
                    source_ending::runs.eq(stored_count(new.done.runs)),
                ),
                source_ending::started_at.eq(new.started_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes how far a source's end is.
    pub fn set_ending_done(&mut self, source: SourceId, done: &EndingDone) -> Result<()> {
        diesel::update(source_ending::table.find(source.to_string()))
            .set((
                source_ending::released.eq(stored_count(done.released)),
                source_ending::disabled.eq(stored_count(done.disabled)),
                source_ending::erased.eq(stored_count(done.erased)),
                source_ending::runs.eq(stored_count(done.runs)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets some runs of a source whole: their keys are destroyed, their lines and they
    /// themselves deleted, and the jobs that were to do them. How many; none when there is
    /// no more. No identity of the source may be left.
    pub fn forget_runs(&mut self, source: SourceId, now: Ts) -> Result<u64> {
        // what stood in mailboxes can be brought back no more without the source
        let mailboxes = self.forget_some_mailboxes(source, now)? + self.forget_publications(Some(source), now, now)?;
        if mailboxes > 0 {
            return Ok(mailboxes);
        }
        // groups name the run that saw them
        let groups = self.forget_groups(source)?;
        if groups > 0 {
            return Ok(groups);
        }
        let rows: Vec<(String, String)> = run::table
            .filter(run::source_id.eq(source.to_string()))
            .order(run::id)
            .limit(50)
            .select((run::id, run::data_key_id))
            .load(self.conn)?;
        let (mut forgotten, mut deleted) = (0, 0);
        for (run_id, key_id) in rows {
            deleted += diesel::delete(run_item::table.filter(run_item::run_id.eq(&run_id))).execute(self.conn)?;
            deleted += diesel::delete(run_refusal::table.filter(run_refusal::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run_group::table.filter(run_group::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run_handle::table.filter(run_handle::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run_log::table.filter(run_log::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run_state::table.filter(run_state::run_id.eq(&run_id))).execute(self.conn)?;
            diesel::delete(job::table.filter(job::reference.eq(&run_id))).execute(self.conn)?;
            diesel::delete(run::table.find(&run_id)).execute(self.conn)?;
            self.destroy_data_key(&key_id, now)?;
            forgotten += 1;
            if deleted > ENOUGH {
                break;
            }
        }
        Ok(forgotten)
    }

    /// Deletes some groups of a source, and who is in them; how many.
    fn forget_groups(&mut self, source: SourceId) -> Result<u64> {
        let groups: Vec<String> = directory_group::table
            .filter(directory_group::source_id.eq(source.to_string()))
            .limit(20)
            .select(directory_group::id)
            .load(self.conn)?;
        for group in &groups {
            diesel::delete(group_member::table.filter(group_member::group_id.eq(group))).execute(self.conn)?;
            diesel::delete(account_team::table.filter(account_team::group_id.eq(group))).execute(self.conn)?;
            diesel::delete(directory_group::table.find(group)).execute(self.conn)?;
        }
        Ok(groups.len() as u64)
    }

    /// Deletes a source whose people and runs are gone: its secrets, its plugin's state, its
    /// configuration and itself. What was done stays.
    pub fn end_source(&mut self, source_id: SourceId, now: Ts) -> Result<()> {
        let text = source_id.to_string();
        self.forget_changes(source_id)?;
        diesel::delete(source_secret::table.filter(source_secret::source_id.eq(&text))).execute(self.conn)?;
        diesel::delete(source_state::table.filter(source_state::source_id.eq(&text))).execute(self.conn)?;
        diesel::delete(source::table.find(&text)).execute(self.conn)?;
        diesel::update(source_ending::table.find(&text))
            .set(source_ending::ended_at.eq(Some(now.as_micros())))
            .execute(self.conn)?;
        Ok(())
    }
}
