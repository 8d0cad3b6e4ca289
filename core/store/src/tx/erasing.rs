//! People whose source ends: their identities go; of who is erased, all data goes too, and
//! an empty row stays where cards, leads or accounts pointed at them.

use diesel::prelude::*;
use estampe_domain::ending::{PeopleFate, Ties};
use estampe_domain::{AccountId, BlobId, PersonId, SourceId, Ts};

use super::{Tx, id};
use crate::error::Result;
use crate::schema::{card, group_member, person, person_identity, source_ending};

impl Tx<'_> {
    /// Who was erased, and which sources ended or end with that: "person/ID" and "source/ID", and when.
    pub fn erasures(&mut self) -> Result<Vec<(String, Ts)>> {
        let people: Vec<(String, Option<i64>)> = person::table
            .filter(person::erased_at.is_not_null())
            .select((person::id, person::erased_at))
            .load(self.conn)?;
        let sources: Vec<(String, i64)> = source_ending::table
            .filter(source_ending::people_fate.eq(PeopleFate::Erase.as_str()))
            .select((source_ending::source_id, source_ending::started_at))
            .load(self.conn)?;
        let people = people.into_iter().filter_map(|(id, at)| Some((format!("person/{id}"), Ts::from_micros(at?))));
        let sources = sources.into_iter().map(|(id, at)| (format!("source/{id}"), Ts::from_micros(at)));
        Ok(people.chain(sources).collect())
    }

    /// Some people whom a source still knows; each once.
    pub fn people_of_source(&mut self, source: SourceId, limit: i64) -> Result<Vec<PersonId>> {
        let mut rows: Vec<String> = person_identity::table
            .filter(person_identity::source_id.eq(source.to_string()))
            .order(person_identity::external_id)
            .limit(limit)
            .select(person_identity::person_id)
            .load(self.conn)?;
        rows.sort_unstable();
        rows.dedup();
        rows.iter().map(|row| id(row, "person_identity")).collect()
    }

    /// What ties somebody to others than this source.
    pub fn ties_beside(&mut self, person_id: PersonId, source: SourceId) -> Result<Ties> {
        let text = person_id.to_string();
        let others: Vec<bool> = person_identity::table
            .filter(person_identity::person_id.eq(&text))
            .filter(person_identity::source_id.ne(source.to_string()))
            .select(person_identity::active)
            .load(self.conn)?;
        Ok(Ties {
            known_elsewhere: !others.is_empty(),
            active_elsewhere: others.contains(&true),
            active: person::table.find(&text).select(person::active).get_result(self.conn)?,
        })
    }

    /// Forgets by which identities a source knows somebody.
    pub fn forget_identities(&mut self, person_id: PersonId, source: SourceId) -> Result<()> {
        self.forget_changes_of(&person_id.to_string(), Some(source))?;
        diesel::delete(
            person_identity::table
                .filter(person_identity::person_id.eq(person_id.to_string()))
                .filter(person_identity::source_id.eq(source.to_string())),
        )
        .execute(self.conn)?;
        Ok(())
    }

    /// Erases somebody: profile, names, what a search looks through, photo, identities, changes
    /// that wait, what stood in their mailboxes, and the link to an account. Their cards stay as empty rows that are never shown, so that
    /// nobody is given their addresses again.
    /// Says which accounts were theirs.
    pub fn erase_person(&mut self, person_id: PersonId, now: Ts) -> Result<Vec<AccountId>> {
        self.cards_changed = true;
        let text = person_id.to_string();
        let photo: Option<String> = person::table.find(&text).select(person::photo_id).get_result(self.conn)?;
        diesel::delete(group_member::table.filter(group_member::person_id.eq(&text))).execute(self.conn)?;
        diesel::delete(person_identity::table.filter(person_identity::person_id.eq(&text))).execute(self.conn)?;
        self.forget_lines_of(&text)?;
        self.forget_changes_of(&text, None)?;
        self.forget_mailboxes_of(&text, now)?;
        let accounts = self.release_accounts_of(person_id, now)?;
        diesel::update(card::table.filter(card::person_id.eq(&text)))
            .set((card::active.eq(false), card::version.eq(card::version + 1), card::changed_at.eq(now.as_micros())))
            .execute(self.conn)?;
        diesel::update(person::table.find(&text))
            .set((
                person::display_name.eq(""),
                person::sort_key.eq(""),
                person::search_text.eq(""),
                person::profile.eq("{}"),
                person::entered.eq(None::<String>),
                person::conflicts.eq(0),
                person::photo_id.eq(None::<String>),
                person::active.eq(false),
                person::changed_at.eq(now.as_micros()),
                person::erased_at.eq(Some(now.as_micros())),
            ))
            .execute(self.conn)?;
        if let Some(photo) = photo {
            self.drop_blob(&BlobId::from_stored(photo))?;
        }
        Ok(accounts)
    }
}
