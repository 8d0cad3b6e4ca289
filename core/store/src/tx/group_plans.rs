//! The groups of a plan, and the handles that change with it: staged, sealed under the run's
//! own key, applied in chunks, forgotten.

use diesel::prelude::*;
use estampe_domain::{RunId, SourceId};
use serde::{Deserialize, Serialize};

use super::plans::row_name;
use super::{DataKey, Tx};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{directory_group, run_group, run_handle};

/// All that a source says of a group. References are kept as
/// [`references`](Tx::references) gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupContent {
    /// The identity in the source.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// Its other names.
    pub handles: Vec<u8>,
    /// Whom it refers to.
    pub members: Vec<u8>,
}

/// What happens to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupAction {
    /// It is new.
    Create,
    /// It changes.
    Change,
    /// It is no more.
    Delete,
}

impl GroupAction {
    const ALL: [Self; 3] = [Self::Create, Self::Change, Self::Delete];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
        }
    }

    fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// A group of a plan.
#[derive(Clone, Debug)]
pub struct StagedGroup {
    /// Its place in the plan.
    pub seq: i64,
    /// What happens.
    pub action: GroupAction,
    /// What it is then; only the identity of one that is no more.
    pub content: GroupContent,
}

#[derive(Serialize, Deserialize)]
struct Head {
    external_id: String,
    name: String,
    handles: usize,
}

impl Tx<'_> {
    /// Adds groups to a run's plan.
    pub fn stage_groups(&mut self, run_id: RunId, groups: &[StagedGroup]) -> Result<()> {
        if groups.is_empty() {
            return Ok(());
        }
        let key = self.needed_run_key(run_id)?;
        for group in groups {
            let sealed = self.seal_names(&key, "run_group", run_id, group.seq, &group.content)?;
            diesel::insert_into(run_group::table)
                .values((
                    run_group::run_id.eq(run_id.to_string()),
                    run_group::seq.eq(group.seq),
                    run_group::action.eq(group.action.as_str()),
                    run_group::sealed.eq(sealed),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Adds identities with their new handles to a run's plan.
    pub fn stage_handles(&mut self, run_id: RunId, first_seq: i64, changes: &[(String, Vec<u8>)]) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let key = self.needed_run_key(run_id)?;
        for (seq, (external_id, handles)) in (first_seq..).zip(changes) {
            let (external_id, handles) = (external_id.clone(), handles.clone());
            let content = GroupContent { external_id, handles, ..GroupContent::default() };
            let sealed = self.seal_names(&key, "run_handle", run_id, seq, &content)?;
            diesel::insert_into(run_handle::table)
                .values((
                    run_handle::run_id.eq(run_id.to_string()),
                    run_handle::seq.eq(seq),
                    run_handle::sealed.eq(sealed),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Groups that are still to be applied, in order.
    pub fn pending_groups(&mut self, run_id: RunId, limit: i64) -> Result<Vec<StagedGroup>> {
        let rows: Vec<(i64, String, Vec<u8>)> = run_group::table
            .filter(run_group::run_id.eq(run_id.to_string()))
            .order(run_group::seq)
            .limit(limit)
            .select((run_group::seq, run_group::action, run_group::sealed))
            .load(self.conn)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.needed_run_key(run_id)?;
        rows.into_iter()
            .map(|(seq, action, sealed)| {
                let action = GroupAction::from_stored(&action).ok_or(StoreError::Unreadable("run_group"))?;
                Ok(StagedGroup { seq, action, content: open_names(&key, "run_group", run_id, seq, &sealed)? })
            })
            .collect()
    }

    /// The names of groups that a standing plan lets go, sorted; so many at most.
    pub fn groups_going(&mut self, run_id: RunId, source: SourceId, limit: i64) -> Result<Vec<String>> {
        let rows: Vec<(i64, Vec<u8>)> = run_group::table
            .filter(run_group::run_id.eq(run_id.to_string()))
            .filter(run_group::action.eq(GroupAction::Delete.as_str()))
            .order(run_group::seq)
            .limit(limit)
            .select((run_group::seq, run_group::sealed))
            .load(self.conn)?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (key, mut names) = (self.needed_run_key(run_id)?, Vec::new());
        for (seq, sealed) in rows {
            let content: GroupContent = open_names(&key, "run_group", run_id, seq, &sealed)?;
            let name: Option<String> = directory_group::table
                .filter(directory_group::source_id.eq(source.to_string()))
                .filter(directory_group::external_id.eq(&content.external_id))
                .select(directory_group::name)
                .first(self.conn)
                .optional()?;
            names.extend(name);
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Notes that a group was applied: nothing of it stays in the plan.
    pub fn group_applied(&mut self, run_id: RunId, seq: i64) -> Result<()> {
        diesel::delete(run_group::table.find((run_id.to_string(), seq))).execute(self.conn)?;
        Ok(())
    }

    /// Applies the next handles of a plan: how many, and whether one of them changed something.
    pub fn apply_handles(&mut self, run_id: RunId, source: SourceId, limit: i64) -> Result<(usize, bool)> {
        let rows: Vec<(i64, Vec<u8>)> = run_handle::table
            .filter(run_handle::run_id.eq(run_id.to_string()))
            .order(run_handle::seq)
            .limit(limit)
            .select((run_handle::seq, run_handle::sealed))
            .load(self.conn)?;
        let Some((last, _)) = rows.last() else { return Ok((0, false)) };
        let (last, key, mut changed) = (*last, self.needed_run_key(run_id)?, false);
        for (seq, sealed) in &rows {
            let content = open_names(&key, "run_handle", run_id, *seq, sealed)?;
            changed |= self.set_identity_handles(source, &content.external_id, &content.handles)?;
        }
        diesel::delete(
            run_handle::table.filter(run_handle::run_id.eq(run_id.to_string())).filter(run_handle::seq.le(last)),
        )
        .execute(self.conn)?;
        Ok((rows.len(), changed))
    }

    /// Begins the groups of a plan anew.
    pub(super) fn reset_groups(&mut self, run_id: RunId) -> Result<()> {
        let text = run_id.to_string();
        self.drop_group_plan(&text)?;
        diesel::update(directory_group::table.filter(directory_group::seen_run_id.eq(&text)))
            .set(directory_group::seen_run_id.eq(None::<String>))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets the groups of a plan.
    pub(super) fn drop_group_plan(&mut self, run_id: &str) -> Result<()> {
        diesel::delete(run_group::table.filter(run_group::run_id.eq(run_id))).execute(self.conn)?;
        diesel::delete(run_handle::table.filter(run_handle::run_id.eq(run_id))).execute(self.conn)?;
        Ok(())
    }

    fn seal_names(
        &self,
        key: &DataKey,
        table: &'static str,
        run_id: RunId,
        seq: i64,
        content: &GroupContent,
    ) -> Result<Vec<u8>> {
        let GroupContent { external_id, name, handles, members } = content;
        let head = Head { external_id: external_id.clone(), name: name.clone(), handles: handles.len() };
        let head = serde_json::to_vec(&head).map_err(|_| StoreError::Unreadable(table))?;
        let length = u32::try_from(head.len()).map_err(|_| StoreError::Unreadable(table))?;
        let plain = [length.to_be_bytes().as_slice(), head.as_slice(), handles.as_slice(), members.as_slice()].concat();
        let row = row_name(run_id, seq);
        let place = Place { table, row: &row, column: "sealed", key: &key.id };
        Ok(crypto::seal(&key.key, self.random, place, &plain)?.0)
    }
}

fn open_names(key: &DataKey, table: &'static str, run_id: RunId, seq: i64, sealed: &[u8]) -> Result<GroupContent> {
    let damaged = || StoreError::Damaged(table);
    let row = row_name(run_id, seq);
    let plain = crypto::open(&key.key, Place { table, row: &row, column: "sealed", key: &key.id }, sealed)?;
    let (length, rest) = plain.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (head, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(damaged)?;
    let head: Head = serde_json::from_slice(head).map_err(|_| damaged())?;
    let (handles, members) = rest.split_at_checked(head.handles).ok_or_else(damaged)?;
    Ok(GroupContent {
        external_id: head.external_id,
        name: head.name,
        handles: handles.to_vec(),
        members: members.to_vec(),
    })
}
