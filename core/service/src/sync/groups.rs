//! Groups of a plan: put together from their parts, compared with what is known, staged.

use std::collections::{BTreeSet, HashSet};

use estampe_domain::Result;
use estampe_domain::group::{self, GroupCounts, MAX_GROUPS, MAX_REFERENCES};
use estampe_domain::ids::SourceId;
use estampe_domain::plugin::{DirectoryEvent, FailKind, PluginFailure, SourceGroup, SyncMode};
use estampe_domain::run::Refusal;
use estampe_store::{GroupAction, GroupContent, Reference, StagedGroup, Tx};

use super::{LEASE, Planner, keep_lease};
use crate::Service;

/// Groups that are gone, staged in one transaction.
const GONE: i64 = 500;

/// Where the groups of a plan stand while it grows.
#[derive(Debug, Default)]
pub(super) struct GroupPlan {
    /// Whether the source had groups when the plan began.
    pub known: bool,
    /// What applying would do.
    pub counts: GroupCounts,
    /// Whether the plugin said that it told of all.
    all: bool,
    /// Identities that were told, whole or gone.
    told: HashSet<String>,
    /// Of which more parts follow.
    open: Option<Open>,
    /// Its parts so far.
    partial: Option<(SourceGroup, BTreeSet<Reference>)>,
    seq: i64,
    handle_seq: i64,
}

/// A group of which more parts follow.
#[derive(Debug)]
struct Open {
    external_id: String,
    /// Members so far.
    members: usize,
    /// Whether it was refused: its other parts are skipped.
    refused: bool,
}

/// What a page says of groups.
#[derive(Debug, Default)]
pub(super) struct Told {
    parts: Vec<Part>,
    gone: Vec<String>,
    /// Groups that are there and cannot be used as they are told.
    unusable: Vec<String>,
    /// Handles of people, by identity.
    handles: Vec<(String, Vec<String>)>,
}

#[derive(Debug)]
enum Part {
    Take(SourceGroup),
    /// What was taken of the open group does not count.
    Drop,
}

/// What is to be written of a page.
#[derive(Default)]
struct Staging {
    groups: Vec<StagedGroup>,
    seen: Vec<String>,
    handles: Vec<(String, Vec<u8>)>,
}

impl GroupPlan {
    /// Of a source that has groups already, or none.
    pub fn new(known: bool) -> Self {
        Self { known, ..Self::default() }
    }

    /// Takes what a page says of groups out of its events; refuses what is none.
    pub fn take(&mut self, events: &mut Vec<DirectoryEvent>, refusals: &mut Vec<Refusal>) -> Result<Told> {
        let mut told = Told::default();
        let mut others = Vec::with_capacity(events.len());
        for event in std::mem::take(events) {
            match event {
                DirectoryEvent::Group(group) => self.part(group, &mut told, refusals)?,
                DirectoryEvent::GroupGone(id) => {
                    self.ensure_whole()?;
                    if self.told.insert(id.clone()) {
                        told.gone.push(id);
                    }
                }
                DirectoryEvent::AllGroups => {
                    self.ensure_whole()?;
                    self.all = true;
                }
                DirectoryEvent::Person(mut person) => {
                    told.handles.push((person.external_id.clone(), std::mem::take(&mut person.handles)));
                    others.push(DirectoryEvent::Person(person));
                }
                DirectoryEvent::Rejected { external_id, position, reason } => {
                    told.unusable.extend(external_id.clone());
                    others.push(DirectoryEvent::Rejected { external_id, position, reason });
                }
                gone @ DirectoryEvent::PersonGone(..) => others.push(gone),
            }
        }
        *events = others;
        Ok(told)
    }

    /// Fails when a group was begun and not finished.
    fn ensure_whole(&self) -> Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let what =
            format!("the connector began the group {:?} and told of something else before its end", open.external_id);
        Err(PluginFailure::new(FailKind::Internal, what).into())
    }

    fn part(&mut self, group: SourceGroup, told: &mut Told, refusals: &mut Vec<Refusal>) -> Result<()> {
        let open = match self.open.take() {
            Some(open) if open.external_id == group.external_id => Some(open),
            open => {
                self.open = open;
                self.ensure_whole()?;
                None
            }
        };
        let mut state = open.unwrap_or_else(|| Open {
            external_id: group.external_id.clone(),
            members: 0,
            refused: self.refuses(&group, told, refusals),
        });
        state.members = state.members.saturating_add(group.members.len());
        if !state.refused && state.members > MAX_REFERENCES {
            refusals.push(refusal(&group, &format!("the group names more than {MAX_REFERENCES} members")));
            told.unusable.push(group.external_id.clone());
            told.parts.push(Part::Drop);
            state.refused = true;
        }
        let refused = state.refused;
        if group.more {
            self.open = Some(state);
        } else {
            self.told.insert(group.external_id.clone());
        }
        if !refused {
            told.parts.push(Part::Take(group));
        }
        Ok(())
    }

    /// Whether a group is refused at its first part.
    fn refuses(&self, group: &SourceGroup, told: &mut Told, refusals: &mut Vec<Refusal>) -> bool {
        let why = if self.told.contains(&group.external_id) {
            "the group was told twice: the first one counts".to_owned()
        } else if self.told.len() >= MAX_GROUPS {
            format!("more than {MAX_GROUPS} groups are told: name fewer by a filter or a base")
        } else if let Err(problem) = group::name(&group.name) {
            told.unusable.push(group.external_id.clone());
            format!("the group's name cannot be used: {problem}")
        } else {
            return false;
        };
        refusals.push(refusal(group, &why));
        true
    }

    /// Puts parts together: the groups that are whole now.
    fn gather(&mut self, tx: &Tx<'_>, source: SourceId, parts: Vec<Part>) -> Vec<GroupContent> {
        let mut whole = Vec::new();
        for part in parts {
            let Part::Take(mut group) = part else {
                self.partial = None;
                continue;
            };
            let members = std::mem::take(&mut group.members);
            let more = group.more;
            let (_, all) = self.partial.get_or_insert_with(|| (group, BTreeSet::new()));
            all.extend(members.iter().map(|member| tx.reference(source, member)));
            if more {
                continue;
            }
            let Some((group, members)) = self.partial.take() else { continue };
            let Ok(name) = group::name(&group.name) else { continue };
            whole.push(GroupContent {
                external_id: group.external_id,
                name: name.as_str().to_owned(),
                handles: tx.references(source, &group.handles),
                members: members.into_iter().flatten().collect(),
            });
        }
        whole
    }

    fn stage(&mut self, staging: &mut Staging, action: GroupAction, content: GroupContent) {
        staging.groups.push(StagedGroup { seq: self.seq, action, content });
        self.seq += 1;
    }

    /// Compares what a page says with what is known.
    fn compare(&mut self, tx: &mut Tx<'_>, source: SourceId, told: Told) -> estampe_store::Result<Staging> {
        let mut staging = Staging::default();
        if self.known || told.handles.iter().any(|(_, handles)| !handles.is_empty()) {
            let ids: Vec<&str> = told.handles.iter().map(|(id, _)| id.as_str()).collect();
            let known = tx.identity_handles(source, &ids)?;
            for (id, handles) in &told.handles {
                let handles = tx.references(source, handles);
                if known.get(id).map_or(!handles.is_empty(), |before| *before != handles) {
                    staging.handles.push((id.clone(), handles));
                }
            }
        }
        let whole = self.gather(tx, source, told.parts);
        let ids = whole.iter().map(|group| group.external_id.as_str()).chain(told.gone.iter().map(String::as_str));
        let known = tx.known_groups(source, &ids.collect::<Vec<_>>())?;
        for content in whole {
            let Some(before) = known.get(&content.external_id) else {
                self.counts.created += 1;
                self.stage(&mut staging, GroupAction::Create, content);
                continue;
            };
            staging.seen.push(content.external_id.clone());
            if before.fingerprint == tx.group_fingerprint(&content) {
                self.counts.unchanged += 1;
            } else {
                self.counts.changed += 1;
                self.stage(&mut staging, GroupAction::Change, content);
            }
        }
        for external_id in told.gone.into_iter().filter(|id| known.contains_key(id)) {
            staging.seen.push(external_id.clone());
            self.counts.gone += 1;
            self.stage(&mut staging, GroupAction::Delete, GroupContent { external_id, ..GroupContent::default() });
        }
        if self.known {
            staging.seen.extend(told.unusable);
        }
        Ok(staging)
    }
}

impl Told {
    /// Whether a page is about people alone, and says nothing that groups refer to.
    fn is_nothing(&self) -> bool {
        self.parts.is_empty() && self.gone.is_empty() && self.handles.iter().all(|(_, handles)| handles.is_empty())
    }
}

impl Service {
    /// Plans what a page says of groups.
    pub(super) async fn stage_groups(&self, planner: &mut Planner, told: Told) -> Result<()> {
        if told.is_nothing() && !planner.groups.known {
            return Ok(());
        }
        let (source, mut plan) = (planner.source.id, std::mem::take(&mut planner.groups));
        let (plan, staging) = self
            .store
            .read(move |tx| {
                let staging = plan.compare(tx, source, told)?;
                Ok((plan, staging))
            })
            .await?;
        planner.groups = plan;
        self.write_groups(planner, staging).await
    }

    async fn write_groups(&self, planner: &mut Planner, staging: Staging) -> Result<()> {
        let Staging { groups, seen, handles } = staging;
        if groups.is_empty() && seen.is_empty() && handles.is_empty() {
            return Ok(());
        }
        // both renew the lease, and would wait for one another
        self.written(planner).await?;
        let (run, source, lease) = (planner.run, planner.source.id, planner.lease);
        let until = self.ports.clock.now().plus_seconds(LEASE);
        let first = planner.groups.handle_seq;
        planner.groups.handle_seq += i64::try_from(handles.len()).unwrap_or(0);
        Ok(self
            .store
            .write(move |tx| {
                keep_lease(tx, lease, until)?;
                tx.stage_groups(run, &groups)?;
                tx.stage_handles(run, first, &handles)?;
                let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
                tx.mark_groups_seen(source, &seen, run)
            })
            .await?)
    }

    /// Stages the end of the groups that a run which tells of all did not name.
    pub(super) async fn finish_groups(&self, planner: &mut Planner) -> Result<()> {
        planner.groups.ensure_whole()?;
        if planner.groups.known && (planner.mode == SyncMode::Full || planner.groups.all) {
            let mut after = String::new();
            loop {
                let (run, source, begin) = (planner.run, planner.source.id, after);
                let missing = self.store.read(move |tx| tx.unseen_groups(source, run, &begin, GONE)).await?;
                let Some(last) = missing.last() else { break };
                after = last.clone();
                let mut staging = Staging::default();
                planner.groups.counts.gone += missing.len() as u64;
                for external_id in missing {
                    let content = GroupContent { external_id, ..GroupContent::default() };
                    planner.groups.stage(&mut staging, GroupAction::Delete, content);
                }
                self.write_groups(planner, staging).await?;
            }
        }
        Ok(())
    }
}

fn refusal(group: &SourceGroup, why: &str) -> Refusal {
    Refusal { position: group.position.clone().unwrap_or_default(), code: "connector".into(), detail: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str, members: usize, more: bool) -> DirectoryEvent {
        DirectoryEvent::Group(SourceGroup {
            external_id: id.into(),
            name: "Everyone".into(),
            handles: Vec::new(),
            members: vec!["x".into(); members],
            more,
            position: None,
        })
    }

    fn taken(events: Vec<DirectoryEvent>) -> Result<(usize, Vec<String>)> {
        let (mut events, mut refusals) = (events, Vec::new());
        let told = GroupPlan::new(true).take(&mut events, &mut refusals)?;
        assert!(events.is_empty());
        let taken = told.parts.iter().filter(|part| matches!(part, Part::Take(_))).count();
        Ok((taken, refusals.into_iter().map(|refusal| refusal.detail).collect()))
    }

    #[test]
    fn parts_of_a_group_follow_one_another() {
        let parts = vec![group("a", 1, true), group("a", 1, false), group("b", 1, false)];
        assert_eq!(taken(parts).unwrap(), (3, Vec::new()));
        for next in [group("b", 1, false), DirectoryEvent::AllGroups, DirectoryEvent::GroupGone("b".into())] {
            assert!(taken(vec![group("a", 1, true), next]).is_err());
        }
        let (taken_parts, refused) =
            taken(vec![group("a", 1, false), group("a", 1, true), group("a", 1, false)]).unwrap();
        assert_eq!((taken_parts, refused.len()), (1, 1));
        assert!(refused[0].contains("twice"), "{refused:?}");
    }

    #[test]
    fn a_group_without_end_is_refused_once() {
        let mut parts: Vec<_> = (0..30).map(|_| group("a", 10_000, true)).collect();
        parts.push(group("a", 1, false));
        parts.push(group("b", 1, false));
        let (taken_parts, refused) = taken(parts).unwrap();
        assert_eq!((taken_parts, refused.len()), (26, 1), "{refused:?}");
    }
}
