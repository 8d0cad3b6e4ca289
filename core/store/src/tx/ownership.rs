//! What was entered for a person, what their source says, and who owns its fields.

use diesel::prelude::*;
use estampe_domain::ownership::{Entered, Made, Origin, Owners};
use estampe_domain::person::{PersonSummary, Profile};
use estampe_domain::{PersonId, SourceId, Ts};

use super::people::Shown;
use super::{Tx, id, json, stored_count, to_json};
use crate::error::Result;
use crate::schema::{person, person_identity, source};

fn read_owners(stored: Option<&str>) -> Result<Owners> {
    stored.map_or_else(|| Ok(Owners::default()), |text| json(text, "source"))
}

impl Tx<'_> {
    /// Who owns the fields of a source's people.
    pub fn source_owners(&mut self, source_id: SourceId) -> Result<Owners> {
        let stored: Option<String> =
            source::table.find(source_id.to_string()).select(source::owners).get_result(self.conn)?;
        read_owners(stored.as_deref())
    }

    /// Writes who owns the fields of a source's people. Its next run is a full one.
    pub fn set_owners(&mut self, source_id: SourceId, owners: &Owners) -> Result<()> {
        let stored = (!owners.are_plain()).then(|| to_json(owners, "source")).transpose()?;
        diesel::update(source::table.find(source_id.to_string()))
            .set((source::owners.eq(stored), source::checkpoint.eq(None::<Vec<u8>>)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Waits for whoever changes this person, and makes others wait until the transaction
    /// ends. On SQLite there is one writer anyway.
    pub fn lock_person(&mut self, person_id: PersonId) -> Result<()> {
        diesel::update(person::table.find(person_id.to_string()))
            .set(person::changed_at.eq(person::changed_at))
            .execute(self.conn)?;
        Ok(())
    }

    /// A person with what their profile is made of. Of several sources the one counts that
    /// has them as active, then the first by name.
    pub fn made(&mut self, person_id: PersonId) -> Result<Option<(PersonSummary, Made)>> {
        type Identity = (String, Option<String>, Option<String>);
        let Some(summary) = self.person(person_id)? else { return Ok(None) };
        let entered: Option<String> =
            person::table.find(person_id.to_string()).select(person::entered).get_result(self.conn)?;
        let entered: Entered = entered.map_or_else(|| Ok(Entered::default()), |text| json(&text, "person"))?;
        let identity: Option<Identity> = person_identity::table
            .inner_join(source::table)
            .filter(person_identity::person_id.eq(person_id.to_string()))
            .order((person_identity::active.desc(), source::name))
            .select((source::name, source::owners, person_identity::said))
            .first(self.conn)
            .optional()?;
        let origin = identity.map(|(source, owners, said)| {
            let said = said.map_or_else(|| Ok(summary.profile.clone()), |text| json(&text, "person_identity"))?;
            Ok::<_, crate::StoreError>(Origin { source, owners: read_owners(owners.as_deref())?, said })
        });
        let made = Made { shown: summary.profile.clone(), entered, origin: origin.transpose()? };
        Ok(Some((summary, made)))
    }

    /// What a source that counts somebody as active says of them; none of whom it does not.
    pub fn said_by(&mut self, source_id: SourceId, person_id: PersonId) -> Result<Option<Profile>> {
        let said: Option<Option<String>> = person_identity::table
            .filter(person_identity::source_id.eq(source_id.to_string()))
            .filter(person_identity::person_id.eq(person_id.to_string()))
            .filter(person_identity::active.eq(true))
            .order(person_identity::external_id)
            .select(person_identity::said)
            .first(self.conn)
            .optional()?;
        match said {
            None => Ok(None),
            Some(Some(text)) => json(&text, "person_identity").map(Some),
            // what it says is what is shown
            Some(None) => Ok(self.person(person_id)?.map(|person| person.profile)),
        }
    }

    /// Writes what was entered or given back. What the sources say stays known, and a card
    /// that is not shown stays so.
    pub fn put_made(&mut self, person_id: PersonId, before: &Made, after: &Made, now: Ts) -> Result<()> {
        if after.shown != before.shown {
            self.keep_said(person_id, &before.shown, None)?;
            self.cards_changed = true;
            diesel::update(person::table.find(person_id.to_string()))
                .set((Shown::of(&after.shown)?, person::changed_at.eq(now.as_micros())))
                .execute(self.conn)?;
            self.bump_cards(person_id, now)?;
        }
        let entered = (!after.entered.is_empty()).then(|| to_json(&after.entered, "person")).transpose()?;
        diesel::update(person::table.find(person_id.to_string()))
            .set(person::entered.eq(entered))
            .execute(self.conn)?;
        self.set_conflicts(person_id, after)
    }

    /// Notes how many of a person's entered values wait for a word.
    pub fn set_conflicts(&mut self, person_id: PersonId, made: &Made) -> Result<()> {
        diesel::update(person::table.find(person_id.to_string()))
            .set(person::conflicts.eq(stored_count(made.conflicts().len() as u64)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Before another profile is shown: of sources that said what is shown, but for one,
    /// it is kept what they said.
    pub fn keep_said(&mut self, person_id: PersonId, shown: &Profile, but: Option<SourceId>) -> Result<()> {
        let but = but.map(|source| source.to_string()).unwrap_or_default();
        diesel::update(
            person_identity::table
                .filter(person_identity::person_id.eq(person_id.to_string()))
                .filter(person_identity::source_id.ne(but))
                .filter(person_identity::said.is_null()),
        )
        .set(person_identity::said.eq(Some(to_json(shown, "person_identity")?)))
        .execute(self.conn)?;
        Ok(())
    }

    /// Notes what a source says of a person; nothing where it is what is shown.
    pub fn set_said(&mut self, source_id: SourceId, external_id: &str, said: Option<&Profile>) -> Result<()> {
        let said = said.map(|said| to_json(said, "person_identity")).transpose()?;
        diesel::update(person_identity::table.find((source_id.to_string(), external_id)))
            .set(person_identity::said.eq(said))
            .execute(self.conn)?;
        Ok(())
    }

    /// People of a source for whom something was entered.
    pub fn entered_people(&mut self, source_id: SourceId) -> Result<Vec<PersonId>> {
        let rows: Vec<String> = person_identity::table
            .inner_join(person::table.on(person::id.eq(person_identity::person_id)))
            .filter(person_identity::source_id.eq(source_id.to_string()))
            .filter(person::entered.is_not_null())
            .order(person::id)
            .select(person::id)
            .load(self.conn)?;
        rows.iter().map(|row| id(row, "person")).collect()
    }
}
