//! Groups of sources, whom they refer to, and who is in them.
//!
//! Names by which groups refer to people and to one another are compared by a keyed hash and
//! kept as nothing else.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use estampe_domain::group::{GroupSummary, canonical};
use estampe_domain::text::folded;
use estampe_domain::{GroupId, PersonId, RunId, SourceId, Ts};

use super::group_plans::GroupContent;
use super::{Tx, count, id};
use crate::conn::per_backend;
use crate::error::{Result, StoreError};
use crate::schema::{account_team, directory_group, group_member, person_identity, source};

/// Octets of a reference.
const OCTETS: usize = 32;

/// What a name is compared by.
pub type Reference = [u8; OCTETS];

/// What is known of a group of a source.
#[derive(Clone, Debug)]
pub struct KnownGroup {
    /// Its id here.
    pub id: GroupId,
    /// What the source said last time.
    pub fingerprint: Vec<u8>,
}

/// Which groups, and from where on.
#[derive(Clone, Debug, Default)]
pub struct GroupQuery {
    /// Of this source alone.
    pub source: Option<SourceId>,
    /// Of exactly this name.
    pub name: Option<String>,
    /// After this sort key and id.
    pub after: Option<(String, String)>,
    /// At most so many.
    pub limit: i64,
}

/// Somebody or something with the names by which groups refer to it.
#[derive(Clone, Debug)]
pub struct Named<T> {
    /// Whom.
    pub id: T,
    /// The identity in the source, and every handle.
    pub names: Vec<Reference>,
    /// Of a group: whom it refers to.
    pub members: Vec<Reference>,
}

/// Somebody who comes into a group, or leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberChange {
    /// Which.
    pub group: GroupId,
    /// Who.
    pub person: PersonId,
    /// Whether they come.
    pub joins: bool,
}

type Row = (String, String, String, String, String, i64);

/// How many are in a group, beside its columns.
const PEOPLE: &str = "(SELECT count(*) FROM group_member WHERE group_member.group_id = directory_group.id)";

fn read((group, source_id, source_name, name, _, people): &Row) -> Result<GroupSummary> {
    Ok(GroupSummary {
        id: id(group, "directory_group")?,
        source: id(source_id, "directory_group")?,
        source_name: source_name.clone(),
        name: name.clone(),
        people: count(*people),
    })
}

/// References that stand behind one another.
fn split(octets: &[u8]) -> Vec<Reference> {
    octets.chunks_exact(OCTETS).filter_map(|chunk| chunk.try_into().ok()).collect()
}

impl Tx<'_> {
    /// What a handle, an identity or a reference of a source is compared by.
    pub fn reference(&self, source_id: SourceId, name: &str) -> Reference {
        let mac =
            self.keys.index.mac(&[b"group.reference", source_id.to_string().as_bytes(), canonical(name).as_bytes()]);
        mac.try_into().unwrap_or([0; OCTETS])
    }

    /// References as they are kept: each once, in order.
    pub fn references(&self, source_id: SourceId, names: &[String]) -> Vec<u8> {
        let all: BTreeSet<_> = names.iter().map(|name| self.reference(source_id, name)).collect();
        all.into_iter().flatten().collect()
    }

    /// The keyed hash of all that a source says of a group.
    pub fn group_fingerprint(&self, content: &GroupContent) -> Vec<u8> {
        self.keys.index.mac(&[b"group.content", content.name.as_bytes(), &content.handles, &content.members])
    }

    /// Whether a source has groups.
    pub fn has_groups(&mut self, source_id: SourceId) -> Result<bool> {
        let one: Option<String> = directory_group::table
            .filter(directory_group::source_id.eq(source_id.to_string()))
            .select(directory_group::id)
            .first(self.conn)
            .optional()?;
        Ok(one.is_some())
    }

    /// What is known of these groups of a source.
    pub fn known_groups(&mut self, source_id: SourceId, external_ids: &[&str]) -> Result<HashMap<String, KnownGroup>> {
        let source_id = source_id.to_string();
        let mut known = HashMap::with_capacity(external_ids.len());
        for chunk in external_ids.chunks(500) {
            let rows: Vec<(String, String, Vec<u8>)> = per_backend!(self.conn, c => {
                directory_group::table
                    .filter(directory_group::source_id.eq(&source_id))
                    .filter(directory_group::external_id.eq_any(chunk.iter().copied()))
                    .select((directory_group::external_id, directory_group::id, directory_group::fingerprint))
                    .load(c)?
            });
            for (external_id, group, fingerprint) in rows {
                known.insert(external_id, KnownGroup { id: id(&group, "directory_group")?, fingerprint });
            }
        }
        Ok(known)
    }

    /// Notes that a run saw these groups.
    pub fn mark_groups_seen(&mut self, source_id: SourceId, external_ids: &[&str], run: RunId) -> Result<()> {
        let (source_id, run) = (source_id.to_string(), run.to_string());
        for chunk in external_ids.chunks(500) {
            per_backend!(self.conn, c => {
                diesel::update(
                    directory_group::table
                        .filter(directory_group::source_id.eq(&source_id))
                        .filter(directory_group::external_id.eq_any(chunk.iter().copied())),
                )
                .set(directory_group::seen_run_id.eq(Some(&run)))
                .execute(c)?;
            });
        }
        Ok(())
    }

    /// Groups that a run did not see, by identity, beginning after one.
    pub fn unseen_groups(&mut self, source_id: SourceId, run: RunId, after: &str, limit: i64) -> Result<Vec<String>> {
        Ok(directory_group::table
            .filter(directory_group::source_id.eq(source_id.to_string()))
            .filter(
                directory_group::seen_run_id
                    .is_null()
                    .or(directory_group::seen_run_id.ne(run.to_string()).assume_not_null()),
            )
            .filter(directory_group::external_id.gt(after))
            .order(directory_group::external_id)
            .limit(limit)
            .select(directory_group::external_id)
            .load(self.conn)?)
    }

    /// Stores a group.
    pub fn insert_group(
        &mut self,
        group: GroupId,
        source_id: SourceId,
        content: &GroupContent,
        run: RunId,
        now: Ts,
    ) -> Result<()> {
        diesel::insert_into(directory_group::table)
            .values((
                directory_group::id.eq(group.to_string()),
                directory_group::source_id.eq(source_id.to_string()),
                directory_group::external_id.eq(&content.external_id),
                directory_group::name.eq(&content.name),
                directory_group::sort_key.eq(folded(&content.name)),
                directory_group::fingerprint.eq(self.group_fingerprint(content)),
                directory_group::seen_run_id.eq(Some(run.to_string())),
                directory_group::created_at.eq(now.as_micros()),
                directory_group::changed_at.eq(now.as_micros()),
                directory_group::handles.eq(content.handles.as_slice()),
                directory_group::members.eq(content.members.as_slice()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Changes a group.
    pub fn update_group(&mut self, group: GroupId, content: &GroupContent, now: Ts) -> Result<()> {
        diesel::update(directory_group::table.find(group.to_string()))
            .set((
                directory_group::name.eq(&content.name),
                directory_group::sort_key.eq(folded(&content.name)),
                directory_group::fingerprint.eq(self.group_fingerprint(content)),
                directory_group::changed_at.eq(now.as_micros()),
                directory_group::handles.eq(content.handles.as_slice()),
                directory_group::members.eq(content.members.as_slice()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets a group and who was in it.
    pub fn delete_group(&mut self, group: GroupId) -> Result<()> {
        let group = group.to_string();
        diesel::delete(group_member::table.filter(group_member::group_id.eq(&group))).execute(self.conn)?;
        diesel::delete(account_team::table.filter(account_team::group_id.eq(&group))).execute(self.conn)?;
        diesel::delete(directory_group::table.find(&group)).execute(self.conn)?;
        Ok(())
    }

    /// The handles of these identities of a source, as they are kept.
    pub fn identity_handles(&mut self, source_id: SourceId, external_ids: &[&str]) -> Result<HashMap<String, Vec<u8>>> {
        let source_id = source_id.to_string();
        let mut found = HashMap::with_capacity(external_ids.len());
        for chunk in external_ids.chunks(500) {
            let rows: Vec<(String, Option<Vec<u8>>)> = per_backend!(self.conn, c => {
                person_identity::table
                    .filter(person_identity::source_id.eq(&source_id))
                    .filter(person_identity::external_id.eq_any(chunk.iter().copied()))
                    .select((person_identity::external_id, person_identity::handles))
                    .load(c)?
            });
            found.extend(rows.into_iter().map(|(external_id, handles)| (external_id, handles.unwrap_or_default())));
        }
        Ok(found)
    }

    /// Writes the handles of an identity. Whether there is one.
    pub fn set_identity_handles(&mut self, source_id: SourceId, external_id: &str, handles: &[u8]) -> Result<bool> {
        let changed = diesel::update(person_identity::table.find((source_id.to_string(), external_id)))
            .set(person_identity::handles.eq(Some(handles).filter(|handles| !handles.is_empty())))
            .execute(self.conn)?;
        Ok(changed > 0)
    }

    /// Whether who is in a source's groups has to be found anew.
    pub fn members_are_stale(&mut self, source_id: SourceId) -> Result<bool> {
        Ok(source::table.find(source_id.to_string()).select(source::members_stale).get_result(self.conn)?)
    }

    /// Notes whether that has to be done.
    pub fn set_members_stale(&mut self, source_id: SourceId, stale: bool) -> Result<()> {
        diesel::update(source::table.find(source_id.to_string()))
            .set(source::members_stale.eq(stale))
            .execute(self.conn)?;
        Ok(())
    }

    /// Every group of a source, and whom it refers to.
    pub fn group_references(&mut self, source_id: SourceId) -> Result<Vec<Named<GroupId>>> {
        let rows: Vec<(String, String, Vec<u8>, Vec<u8>)> = directory_group::table
            .filter(directory_group::source_id.eq(source_id.to_string()))
            .order(directory_group::id)
            .select((
                directory_group::id,
                directory_group::external_id,
                directory_group::handles,
                directory_group::members,
            ))
            .load(self.conn)?;
        let named = rows.into_iter().map(|(group, external_id, handles, members)| {
            let mut names = split(&handles);
            names.push(self.reference(source_id, &external_id));
            Ok(Named { id: id(&group, "directory_group")?, names, members: split(&members) })
        });
        named.collect()
    }

    /// Everybody whom a source knows, by the names that its groups have for them, and whether
    /// it counts them as active.
    pub fn named_people(&mut self, source_id: SourceId) -> Result<Vec<(Named<PersonId>, bool)>> {
        let rows: Vec<(String, String, Option<Vec<u8>>, bool)> = person_identity::table
            .filter(person_identity::source_id.eq(source_id.to_string()))
            .select((
                person_identity::person_id,
                person_identity::external_id,
                person_identity::handles,
                person_identity::active,
            ))
            .load(self.conn)?;
        let named = rows.into_iter().map(|(person, external_id, handles, active)| {
            let mut names = split(&handles.unwrap_or_default());
            names.push(self.reference(source_id, &external_id));
            Ok((Named { id: id(&person, "person_identity")?, names, members: Vec::new() }, active))
        });
        named.collect()
    }

    /// Who is in the groups of a source, as it is kept.
    pub fn group_members(&mut self, source_id: SourceId) -> Result<HashMap<GroupId, BTreeSet<PersonId>>> {
        let rows: Vec<(String, String)> = group_member::table
            .inner_join(directory_group::table)
            .filter(directory_group::source_id.eq(source_id.to_string()))
            .select((group_member::group_id, group_member::person_id))
            .load(self.conn)?;
        let mut members: HashMap<GroupId, BTreeSet<PersonId>> = HashMap::new();
        for (group, person) in rows {
            members.entry(id(&group, "group_member")?).or_default().insert(id(&person, "group_member")?);
        }
        Ok(members)
    }

    /// Puts people into groups and takes them out.
    pub fn change_members(&mut self, changes: &[MemberChange]) -> Result<()> {
        let text = |change: &MemberChange| (change.group.to_string(), change.person.to_string());
        for change in changes.iter().filter(|change| !change.joins) {
            diesel::delete(group_member::table.find(text(change))).execute(self.conn)?;
        }
        let joining: Vec<_> = changes
            .iter()
            .filter(|change| change.joins)
            .map(text)
            .map(|(group, person)| (group_member::group_id.eq(group), group_member::person_id.eq(person)))
            .collect();
        for rows in joining.chunks(1_000) {
            per_backend!(self.conn, c => {
                diesel::insert_into(group_member::table).values(rows.to_vec()).execute(c)?;
            });
        }
        Ok(())
    }

    /// Groups by name, each with its sort key.
    pub fn groups(&mut self, query: &GroupQuery) -> Result<Vec<(GroupSummary, String)>> {
        let mut rows = directory_group::table
            .inner_join(source::table)
            .order((directory_group::sort_key, directory_group::id))
            .limit(query.limit)
            .select((
                directory_group::id,
                directory_group::source_id,
                source::name,
                directory_group::name,
                directory_group::sort_key,
                sql::<BigInt>(PEOPLE),
            ))
            .into_boxed();
        if let Some(source_id) = query.source {
            rows = rows.filter(directory_group::source_id.eq(source_id.to_string()));
        }
        if let Some(name) = &query.name {
            rows = rows.filter(directory_group::name.eq(name.clone()));
        }
        if let Some((key, after)) = &query.after {
            rows = rows.filter(
                directory_group::sort_key
                    .gt(key.clone())
                    .or(directory_group::sort_key.eq(key.clone()).and(directory_group::id.gt(after.clone()))),
            );
        }
        let rows: Vec<Row> = rows.load(self.conn)?;
        rows.iter().map(|row| Ok((read(row)?, row.4.clone()))).collect()
    }

    /// How many groups a source has.
    pub fn group_count(&mut self, source_id: SourceId) -> Result<u64> {
        let groups: i64 = directory_group::table
            .filter(directory_group::source_id.eq(source_id.to_string()))
            .count()
            .get_result(self.conn)?;
        Ok(count(groups))
    }

    /// One group, with its sort key.
    pub fn group(&mut self, group: GroupId) -> Result<Option<(GroupSummary, String)>> {
        let row: Option<Row> = directory_group::table
            .inner_join(source::table)
            .filter(directory_group::id.eq(group.to_string()))
            .select((
                directory_group::id,
                directory_group::source_id,
                source::name,
                directory_group::name,
                directory_group::sort_key,
                sql::<BigInt>(PEOPLE),
            ))
            .get_result(self.conn)
            .optional()?;
        row.map(|row| Ok::<_, StoreError>((read(&row)?, row.4.clone()))).transpose()
    }

    /// Which source tells of a group, and by which id.
    pub fn group_place(&mut self, group: GroupId) -> Result<Option<(SourceId, String)>> {
        let row: Option<(String, String)> = directory_group::table
            .find(group.to_string())
            .select((directory_group::source_id, directory_group::external_id))
            .get_result(self.conn)
            .optional()?;
        row.map(|(source, external_id)| Ok((id(&source, "directory_group")?, external_id))).transpose()
    }

    /// The groups that a person is in, by name.
    pub fn groups_of(&mut self, person: PersonId) -> Result<Vec<GroupSummary>> {
        let rows: Vec<Row> = group_member::table
            .inner_join(directory_group::table.inner_join(source::table))
            .filter(group_member::person_id.eq(person.to_string()))
            .order((directory_group::sort_key, directory_group::id))
            .limit(500)
            .select((
                directory_group::id,
                directory_group::source_id,
                source::name,
                directory_group::name,
                directory_group::sort_key,
                sql::<BigInt>(PERSONAL),
            ))
            .load(self.conn)?;
        rows.iter().map(read).collect()
    }
}

/// The same where the members' table is joined already.
const PERSONAL: &str = "(SELECT count(*) FROM group_member AS other WHERE other.group_id = directory_group.id)";
