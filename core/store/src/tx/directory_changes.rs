//! Changes of people's fields that are to be written into the directory that they come from.

use diesel::prelude::*;
use estampe_domain::access::Scope;
use estampe_domain::person::{Profile, ProfileField};
use estampe_domain::write_back::{ChangeState, DirectoryChange};
use estampe_domain::{AccountId, ChangeId, PersonId, SourceId, Ts};

use super::scope::within;
use super::{Tx, count, id, json, to_json};
use crate::error::{Result, StoreError};
use crate::schema::{account, directory_change as change, person, person_identity, source};

const TABLE: &str = "directory_change";

/// A change with the names of what it is about.
#[derive(Clone, Debug)]
pub struct NamedChange {
    /// The change.
    pub change: DirectoryChange,
    /// Whose field it is.
    pub person_name: String,
    /// The source's name.
    pub source_name: String,
    /// Who asked for it, where an account did.
    pub asked_by_name: Option<String>,
}

type Row = (
    (String, String, String),
    (String, String, Option<String>),
    (String, Option<String>, Option<String>, i64),
    (Option<String>, i64, Option<i64>),
);

macro_rules! columns {
    () => {
        (
            (change::id, change::person_id, change::source_id),
            (change::said, change::wanted, change::found),
            (change::state, change::code, change::detail, change::tries),
            (change::asked_by, change::asked_at, change::agreed_at),
        )
    };
}

fn read(row: Row) -> Result<DirectoryChange> {
    let (
        (change_id, person_id, source_id),
        (said, wanted, found),
        (state, code, detail, tries),
        (asked_by, asked_at, agreed_at),
    ) = row;
    Ok(DirectoryChange {
        id: id(&change_id, TABLE)?,
        person: id(&person_id, TABLE)?,
        source: id(&source_id, TABLE)?,
        before: json(&said, TABLE)?,
        wanted: json(&wanted, TABLE)?,
        state: ChangeState::from_stored(&state).ok_or(StoreError::Unreadable(TABLE))?,
        code,
        detail,
        found: found.map(|found| json(&found, TABLE)).transpose()?,
        tries: u32::try_from(tries).unwrap_or(u32::MAX),
        asked_by: asked_by.map(|account| id::<AccountId>(&account, TABLE)).transpose()?,
        asked_at: Ts::from_micros(asked_at),
        agreed_at: agreed_at.map(Ts::from_micros),
    })
}

impl Tx<'_> {
    /// Keeps a change. There is one of a field of a person at most.
    pub fn insert_change(&mut self, new: &DirectoryChange) -> Result<()> {
        diesel::insert_into(change::table)
            .values((
                change::id.eq(new.id.to_string()),
                change::person_id.eq(new.person.to_string()),
                change::source_id.eq(new.source.to_string()),
                change::field.eq(new.field().key()),
                change::said.eq(to_json(&new.before, TABLE)?),
                change::wanted.eq(to_json(&new.wanted, TABLE)?),
                change::state.eq(new.state.as_str()),
                change::tries.eq(i64::from(new.tries)),
                change::asked_by.eq(new.asked_by.map(|account| account.to_string())),
                change::asked_at.eq(new.asked_at.as_micros()),
                change::agreed_at.eq(new.agreed_at.map(Ts::as_micros)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes how far a change is, where it is still as far as it `was`; `false` where it is not.
    pub fn move_change(&mut self, now: &DirectoryChange, was: ChangeState) -> Result<bool> {
        let found = now.found.as_ref().map(|found| to_json(found, TABLE)).transpose()?;
        let moved = diesel::update(change::table.find(now.id.to_string()).filter(change::state.eq(was.as_str())))
            .set((
                change::state.eq(now.state.as_str()),
                change::code.eq(&now.code),
                change::detail.eq(&now.detail),
                change::found.eq(found),
                change::tries.eq(i64::from(now.tries)),
                change::agreed_at.eq(now.agreed_at.map(Ts::as_micros)),
            ))
            .execute(self.conn)?;
        Ok(moved > 0)
    }

    /// Forgets a change, where it is as far as it `was`; `false` where it is not.
    pub fn forget_change(&mut self, change_id: ChangeId, was: ChangeState) -> Result<bool> {
        let gone = change::table.find(change_id.to_string()).filter(change::state.eq(was.as_str()));
        Ok(diesel::delete(gone).execute(self.conn)? > 0)
    }

    /// A change.
    pub fn change(&mut self, change_id: ChangeId) -> Result<Option<DirectoryChange>> {
        let row: Option<Row> =
            change::table.find(change_id.to_string()).select(columns!()).get_result(self.conn).optional()?;
        row.map(read).transpose()
    }

    /// The change of one field of a person.
    pub fn change_of(&mut self, person_id: PersonId, field: ProfileField) -> Result<Option<DirectoryChange>> {
        let row: Option<Row> = change::table
            .filter(change::person_id.eq(person_id.to_string()))
            .filter(change::field.eq(field.key()))
            .select(columns!())
            .get_result(self.conn)
            .optional()?;
        row.map(read).transpose()
    }

    /// Changes of people whom a use case may be about, or of one of them, the oldest first, from
    /// after one on; at most so many.
    pub fn changes(
        &mut self,
        scope: Scope,
        of: Option<PersonId>,
        after: Option<(Ts, ChangeId)>,
        limit: i64,
    ) -> Result<Vec<NamedChange>> {
        let mut query = change::table
            .inner_join(person::table)
            .inner_join(source::table)
            .left_join(account::table.on(change::asked_by.eq(account::id.nullable())))
            .filter(person::erased_at.is_null())
            .order((change::asked_at, change::id))
            .limit(limit)
            .select((columns!(), person::display_name, source::name, account::name.nullable()))
            .into_boxed();
        if let Some(of) = of {
            query = query.filter(change::person_id.eq(of.to_string()));
        }
        if let Some((at, last)) = after {
            let at = at.as_micros();
            let later = change::asked_at.eq(at).and(change::id.gt(last.to_string()));
            query = query.filter(change::asked_at.gt(at).or(later));
        }
        let query = within!(query, "directory_change.person_id", scope);
        let rows: Vec<(Row, String, String, Option<String>)> = query.load(self.conn)?;
        let named = |(row, person_name, source_name, asked_by_name)| {
            Ok(NamedChange { change: read(row)?, person_name, source_name, asked_by_name })
        };
        rows.into_iter().map(named).collect()
    }

    /// How many changes there are of people whom a use case may be about.
    pub fn change_count(&mut self, scope: Scope) -> Result<u64> {
        let query = change::table.count().into_boxed();
        Ok(count(within!(query, "directory_change.person_id", scope).get_result(self.conn)?))
    }

    /// By which id a source knows a person.
    pub fn external_id_of(&mut self, person_id: PersonId, source_id: SourceId) -> Result<Option<String>> {
        Ok(person_identity::table
            .filter(person_identity::person_id.eq(person_id.to_string()))
            .filter(person_identity::source_id.eq(source_id.to_string()))
            .order((person_identity::active.desc(), person_identity::external_id))
            .select(person_identity::external_id)
            .first(self.conn)
            .optional()?)
    }

    /// Notes what a source says of a person since it was written there. What it says at the next
    /// run counts anew, even where that is what it said before this.
    pub fn set_said_anew(&mut self, source_id: SourceId, external_id: &str, said: Option<&Profile>) -> Result<()> {
        self.set_said(source_id, external_id, said)?;
        diesel::update(person_identity::table.find((source_id.to_string(), external_id)))
            .set(person_identity::fingerprint.eq(""))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets the changes of somebody, of all sources or of one.
    pub(super) fn forget_changes_of(&mut self, person_id: &str, of: Option<SourceId>) -> Result<()> {
        let theirs = change::table.filter(change::person_id.eq(person_id.to_owned()));
        match of {
            Some(source) => {
                diesel::delete(theirs.filter(change::source_id.eq(source.to_string()))).execute(self.conn)?
            }
            None => diesel::delete(theirs).execute(self.conn)?,
        };
        Ok(())
    }

    /// Forgets all changes of a source.
    pub(super) fn forget_changes(&mut self, source_id: SourceId) -> Result<()> {
        diesel::delete(change::table.filter(change::source_id.eq(source_id.to_string()))).execute(self.conn)?;
        Ok(())
    }
}
