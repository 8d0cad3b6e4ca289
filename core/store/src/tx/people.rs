//! People, the identities by which sources know them, and their main card.

use std::collections::HashMap;

use diesel::dsl::{Eq, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use estampe_domain::access::Scope;
use estampe_domain::person::{PersonSummary, Profile};
use estampe_domain::plan::{Fingerprint, PhotoDigest};
use estampe_domain::text::folded;
use estampe_domain::{CardId, GroupId, PersonId, PublicId, RunId, SourceId, Ts};

use super::scope::within;
use super::{Tx, id, json, to_json};
use crate::conn::per_backend;
use crate::error::{Result, StoreError};
use crate::schema::{card, person, person_identity, source};

/// Which people, and from where on.
#[derive(Clone, Debug, Default)]
pub struct PeopleQuery {
    /// Every one of these words is in name, title, department, office or address.
    pub words: Vec<String>,
    /// Only active or only disabled ones.
    pub active: Option<bool>,
    /// Only those with an entered value that the directory contradicts.
    pub conflicts: bool,
    /// Only those whose card was taken down.
    pub cards_down: bool,
    /// Only those whose card was not taken down.
    pub cards_up: bool,
    /// Only those who are in this group.
    pub group: Option<GroupId>,
    /// Only those whom the reader may see.
    pub scope: Option<Scope>,
    /// After this sort key and id.
    pub after: Option<(String, String)>,
    /// At most so many.
    pub limit: i64,
}

/// What is known of an identity of a source.
#[derive(Clone, Debug)]
pub struct IdentityRow {
    /// Whose.
    pub person: PersonId,
    /// What the source said last time.
    pub fingerprint: Fingerprint,
    /// The photo that the source had.
    pub photo: Option<PhotoDigest>,
    /// Whether the source counted them as active.
    pub active: bool,
}

/// External id, person, fingerprint, photo, whether active.
type Identity = (String, String, String, Option<String>, bool);

pub(super) type Row = (String, String, bool, i64, String, String, bool);

pub(super) fn read(
    (person_id, profile, active, changed_at, card_id, public_id, card_active): &Row,
) -> Result<PersonSummary> {
    Ok(PersonSummary {
        id: id(person_id, "person")?,
        profile: json(profile, "person")?,
        active: *active,
        card_active: *card_active,
        card: id(card_id, "card")?,
        public_id: id(public_id, "card")?,
        changed_at: Ts::from_micros(*changed_at),
    })
}

/// The columns of a profile that is shown.
#[derive(AsChangeset)]
#[diesel(table_name = person, treat_none_as_null = true)]
pub(super) struct Shown {
    display_name: String,
    sort_key: String,
    search_text: String,
    profile: String,
    photo_id: Option<String>,
}

impl Shown {
    pub(super) fn of(profile: &Profile) -> Result<Self> {
        Ok(Self {
            display_name: profile.display_name.to_string(),
            sort_key: profile.sort_key(),
            search_text: profile.search_text(),
            profile: to_json(profile, "person")?,
            photo_id: profile.photo.as_ref().map(|blob| blob.as_str().to_owned()),
        })
    }
}

/// A pattern for LIKE that finds these words anywhere, with its signs made plain.
fn containing(word: &str) -> String {
    let word = folded(word).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{word}%")
}

/// What [`read`] reads.
macro_rules! shown_columns {
    () => {
        (person::id, person::profile, person::active, person::changed_at, card::id, card::public_id, card::active)
    };
}
pub(super) use shown_columns;

macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        for word in &$filter.words {
            query = query.filter(person::search_text.like(containing(word)).escape('\\'));
        }
        if let Some(active) = $filter.active {
            query = query.filter(person::active.eq(active));
        }
        if let Some(group) = $filter.group {
            let within = "person.id IN (SELECT person_id FROM group_member WHERE group_id = ";
            query = query.filter(sql::<Bool>(within).bind::<Text, _>(group.to_string()).sql(")"));
        }
        if $filter.cards_down {
            query = query.filter(sql::<Bool>("person.id IN (SELECT person_id FROM card WHERE NOT active)"));
        }
        if $filter.cards_up {
            query = query.filter(sql::<Bool>("person.id NOT IN (SELECT person_id FROM card WHERE NOT active)"));
        }
        if $filter.conflicts {
            query = query.filter(person::conflicts.gt(0));
        }
        if let Some(scope) = $filter.scope {
            query = within!(query, "person.id", scope);
        }
        query.filter(person::erased_at.is_null())
    }};
}

/// What a source says of somebody.
#[derive(Clone, Copy, Debug)]
pub struct IdentityOf<'a> {
    /// The source.
    pub source: SourceId,
    /// Their identity there.
    pub external_id: &'a str,
    /// Their profile.
    pub fingerprint: &'a Fingerprint,
    /// Their photo.
    pub photo: Option<&'a PhotoDigest>,
    /// The run that says so.
    pub run: RunId,
}

type Said<'a> = (
    Eq<person_identity::fingerprint, &'a str>,
    Eq<person_identity::photo_digest, Option<&'a str>>,
    Eq<person_identity::active, bool>,
    Eq<person_identity::seen_run_id, Option<String>>,
);

impl<'a> IdentityOf<'a> {
    fn said(&self) -> Said<'a> {
        (
            person_identity::fingerprint.eq(self.fingerprint.as_str()),
            person_identity::photo_digest.eq(self.photo.map(PhotoDigest::as_str)),
            person_identity::active.eq(true),
            person_identity::seen_run_id.eq(Some(self.run.to_string())),
        )
    }
}

impl Tx<'_> {
    /// People by name.
    pub fn people(&mut self, query: &PeopleQuery) -> Result<Vec<(PersonSummary, String)>> {
        let mut rows = filtered!(person::table.inner_join(card::table).into_boxed(), query)
            .order((person::sort_key, person::id))
            .limit(query.limit);
        if let Some((key, after)) = &query.after {
            rows = rows.filter(
                person::sort_key.gt(key.clone()).or(person::sort_key.eq(key.clone()).and(person::id.gt(after.clone()))),
            );
        }
        let rows: Vec<(Row, String)> = rows.select((shown_columns!(), person::sort_key)).load(self.conn)?;
        rows.into_iter().map(|(row, key)| Ok((read(&row)?, key))).collect()
    }

    /// Everybody whom a query finds, by name.
    pub fn people_ids(&mut self, query: &PeopleQuery) -> Result<Vec<PersonId>> {
        let ids: Vec<String> = filtered!(person::table.into_boxed(), query)
            .order((person::sort_key, person::id))
            .select(person::id)
            .load(self.conn)?;
        ids.iter().map(|text| id(text, "person")).collect()
    }

    /// How many people a query finds, wherever it begins.
    pub fn people_count(&mut self, query: &PeopleQuery) -> Result<u64> {
        let people: i64 = filtered!(person::table.into_boxed(), query).count().get_result(self.conn)?;
        Ok(super::count(people))
    }

    /// One person; none who was erased.
    pub fn person(&mut self, person_id: PersonId) -> Result<Option<PersonSummary>> {
        let row: Option<Row> = person::table
            .inner_join(card::table)
            .filter(person::id.eq(person_id.to_string()))
            .filter(person::erased_at.is_null())
            .select(shown_columns!())
            .get_result(self.conn)
            .optional()?;
        row.as_ref().map(read).transpose()
    }

    /// Names of the sources that know a person, with the identity there.
    pub fn identities_of(&mut self, person_id: PersonId) -> Result<Vec<(String, String)>> {
        Ok(person_identity::table
            .inner_join(source::table)
            .filter(person_identity::person_id.eq(person_id.to_string()))
            .order(source::name)
            .select((source::name, person_identity::external_id))
            .load(self.conn)?)
    }

    /// Stores a person and their card.
    pub fn insert_person(
        &mut self,
        person_id: PersonId,
        card_id: CardId,
        public_id: &PublicId,
        profile: &Profile,
        now: Ts,
    ) -> Result<()> {
        self.people_added = true;
        let person = (
            person::id.eq(person_id.to_string()),
            person::display_name.eq(profile.display_name.as_str()),
            person::sort_key.eq(profile.sort_key()),
            person::search_text.eq(profile.search_text()),
            person::profile.eq(to_json(profile, "person")?),
            person::photo_id.eq(profile.photo.as_ref().map(|blob| blob.as_str().to_owned())),
            person::active.eq(true),
            person::created_at.eq(now.as_micros()),
            person::changed_at.eq(now.as_micros()),
        );
        let card = (
            card::id.eq(card_id.to_string()),
            card::public_id.eq(public_id.as_str()),
            card::person_id.eq(person_id.to_string()),
            card::active.eq(true),
            card::version.eq(1),
            card::created_at.eq(now.as_micros()),
            card::changed_at.eq(now.as_micros()),
        );
        // by the database's own connection: the statements are not written anew each time
        per_backend!(self.conn, c => {
            diesel::insert_into(person::table).values(person).execute(c)?;
            diesel::insert_into(card::table).values(card).execute(c)?;
        });
        Ok(())
    }

    /// Changes a person's profile and shows it: their cards get a new version.
    pub fn update_person(&mut self, person_id: PersonId, profile: &Profile, now: Ts) -> Result<()> {
        self.cards_changed = true;
        diesel::update(person::table.find(person_id.to_string()))
            .set((Shown::of(profile)?, person::active.eq(true), person::changed_at.eq(now.as_micros())))
            .execute(self.conn)?;
        self.bump_cards(person_id, now)
    }

    /// Takes a person's cards down. Nothing is deleted.
    pub fn disable_person(&mut self, person_id: PersonId, now: Ts) -> Result<()> {
        self.cards_changed = true;
        self.end_sessions_of_person(person_id)?;
        diesel::update(person::table.find(person_id.to_string()))
            .set((person::active.eq(false), person::changed_at.eq(now.as_micros())))
            .execute(self.conn)?;
        self.bump_cards(person_id, now)
    }

    pub(super) fn bump_cards(&mut self, person_id: PersonId, now: Ts) -> Result<()> {
        diesel::update(card::table.filter(card::person_id.eq(person_id.to_string())))
            .set((card::version.eq(card::version + 1), card::changed_at.eq(now.as_micros())))
            .execute(self.conn)?;
        Ok(())
    }

    /// Whether another source than this one still counts a person as active.
    pub fn active_elsewhere(&mut self, person_id: PersonId, source_id: SourceId) -> Result<bool> {
        let others: i64 = person_identity::table
            .filter(person_identity::person_id.eq(person_id.to_string()))
            .filter(person_identity::source_id.ne(source_id.to_string()))
            .filter(person_identity::active.eq(true))
            .count()
            .get_result(self.conn)?;
        Ok(others > 0)
    }

    /// What is known of these identities of a source.
    pub fn identities(&mut self, source_id: SourceId, external_ids: &[&str]) -> Result<HashMap<String, IdentityRow>> {
        let source_id = source_id.to_string();
        let mut known = HashMap::with_capacity(external_ids.len());
        // SQLite binds at most 32,766 values; pages hold fewer, chunks keep it so
        for chunk in external_ids.chunks(500) {
            let rows: Vec<Identity> = per_backend!(self.conn, c => {
                person_identity::table
                    .filter(person_identity::source_id.eq(&source_id))
                    .filter(person_identity::external_id.eq_any(chunk.iter().copied()))
                    .select((
                        person_identity::external_id,
                        person_identity::person_id,
                        person_identity::fingerprint,
                        person_identity::photo_digest,
                        person_identity::active,
                    ))
                    .load(c)?
            });
            for (external_id, person_id, fingerprint, photo, active) in rows {
                let row = IdentityRow {
                    person: id(&person_id, "person_identity")?,
                    fingerprint: Fingerprint::from_stored(fingerprint),
                    photo: photo.map(PhotoDigest::from_stored),
                    active,
                };
                known.insert(external_id, row);
            }
        }
        Ok(known)
    }

    /// Notes that a run saw these identities. Changes nobody's state.
    pub fn mark_seen(&mut self, source_id: SourceId, external_ids: &[&str], run: RunId) -> Result<()> {
        let (source_id, run) = (source_id.to_string(), run.to_string());
        for chunk in external_ids.chunks(500) {
            per_backend!(self.conn, c => {
                diesel::update(
                    person_identity::table
                        .filter(person_identity::source_id.eq(&source_id))
                        .filter(person_identity::external_id.eq_any(chunk.iter().copied())),
                )
                .set(person_identity::seen_run_id.eq(Some(&run)))
                .execute(c)?;
            });
        }
        Ok(())
    }

    /// Active identities that a run did not see, by identity, beginning after one.
    pub fn unseen(
        &mut self,
        source_id: SourceId,
        run: RunId,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, PersonId)>> {
        let rows: Vec<(String, String)> = person_identity::table
            .filter(person_identity::source_id.eq(source_id.to_string()))
            .filter(person_identity::active.eq(true))
            .filter(
                person_identity::seen_run_id
                    .is_null()
                    .or(person_identity::seen_run_id.ne(run.to_string()).assume_not_null()),
            )
            .filter(person_identity::external_id.gt(after))
            .order(person_identity::external_id)
            .limit(limit)
            .select((person_identity::external_id, person_identity::person_id))
            .load(self.conn)?;
        rows.into_iter().map(|(external, person)| Ok((external, id(&person, "person_identity")?))).collect()
    }

    /// Notes what a source says of a person who is new, as the run that says it applies.
    pub fn insert_identity(&mut self, identity: &IdentityOf<'_>, person_id: PersonId) -> Result<()> {
        let row = (
            person_identity::source_id.eq(identity.source.to_string()),
            person_identity::external_id.eq(identity.external_id),
            person_identity::person_id.eq(person_id.to_string()),
            identity.said(),
        );
        per_backend!(self.conn, c => diesel::insert_into(person_identity::table).values(row).execute(c)?);
        Ok(())
    }

    /// Notes what a source says of a person who is known, as the run that says it applies.
    pub fn update_identity(&mut self, identity: &IdentityOf<'_>) -> Result<()> {
        let key = (identity.source.to_string(), identity.external_id);
        let changed = diesel::update(person_identity::table.find(key)).set(identity.said()).execute(self.conn)?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Unreadable("person_identity")) }
    }

    /// Notes that a source no longer counts an identity as active.
    pub fn deactivate_identity(&mut self, source_id: SourceId, external_id: &str) -> Result<()> {
        diesel::update(person_identity::table.find((source_id.to_string(), external_id)))
            .set(person_identity::active.eq(false))
            .execute(self.conn)?;
        Ok(())
    }
}
