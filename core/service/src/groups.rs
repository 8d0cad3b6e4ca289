//! Groups, as the console and the command line list them.

use estampe_domain::access::Scope;
use estampe_domain::account::Team;
use estampe_domain::group::GroupSummary;
use estampe_domain::ids::GroupId;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::GroupQuery;

use crate::Service;
use crate::views::{Asking, GroupPage};

impl Service {
    /// Groups of a source, or of all, by name.
    pub async fn groups(&self, ctx: &Context, source: Option<&str>, asked: impl Into<Asking>) -> Result<GroupPage> {
        let Asking { after, limit } = asked.into();
        let sources = self.sources(ctx).await?;
        let source = match source {
            None => None,
            Some(name) => {
                let found = sources.iter().find(|overview| overview.source.name == name);
                Some(found.ok_or(Error::NotFound)?.source.id)
            }
        };
        let all: Vec<_> = source.map_or_else(|| sources.iter().map(|found| found.source.id).collect(), |id| vec![id]);
        let after: Option<GroupId> = after.map(|text| text.parse().map_err(|_| Error::NotFound)).transpose()?;
        let page = self
            .store
            .read(move |tx| {
                let mut query = GroupQuery { source, name: None, after: None, limit: limit + 1 };
                // an address holds an id, never a name
                if let Some(after) = after {
                    let (last, key) = tx.group(after)?.ok_or(Error::NotFound)?;
                    query.after = Some((key, last.id.to_string()));
                }
                let mut groups = tx.groups(&query)?;
                let mut total = 0;
                for source in all {
                    total += tx.group_count(source)?;
                }
                let more = groups.len() as u64 > limit.unsigned_abs();
                groups.truncate(usize::try_from(limit).unwrap_or_default());
                let next = if more { groups.last().map(|(group, _)| group.id.to_string()) } else { None };
                Ok(GroupPage { groups: groups.into_iter().map(|(group, _)| group).collect(), total, next })
            })
            .await?;
        Ok(page)
    }

    /// Teams: the groups that somebody leads. A team manager's are their own.
    pub async fn teams(&self, ctx: &Context) -> Result<Vec<Team>> {
        let of = match ctx.scope(Right::PeopleRead)? {
            Scope::All => None,
            Scope::Team(account, _) => Some(account),
            Scope::Own(_) => return Err(Error::Forbidden),
        };
        Ok(self.store.read(move |tx| tx.teams(of)).await?)
    }

    /// One group.
    pub async fn group(&self, ctx: &Context, group: GroupId) -> Result<GroupSummary> {
        let scope = ctx.scope(Right::PeopleRead)?;
        let theirs = match scope {
            Scope::All => true,
            Scope::Team(account, _) => self.store.read(move |tx| tx.leads_team(account, group)).await?,
            Scope::Own(_) => false,
        };
        if !theirs {
            return Err(Error::NotFound);
        }
        let found = self.store.read(move |tx| tx.group(group)).await?;
        found.map(|(group, _)| group).ok_or(Error::NotFound)
    }

    /// The group of this id, or the only one of this name.
    pub async fn find_group(&self, ctx: &Context, text: &str) -> Result<GroupSummary> {
        if let Ok(id) = text.parse() {
            return self.group(ctx, id).await;
        }
        ctx.require(Right::SourcesRead)?;
        self.only_group(text).await
    }

    /// The groups of this id or name, for whoever may name groups without seeing sources.
    pub(crate) async fn groups_for_rule(&self, text: &str) -> Result<Vec<GroupSummary>> {
        if let Ok(id) = text.parse::<GroupId>() {
            let found = self.store.read(move |tx| tx.group(id)).await?;
            return Ok(found.into_iter().map(|(group, _)| group).collect());
        }
        let query = GroupQuery { name: Some(text.to_owned()), limit: 10, ..GroupQuery::default() };
        let found = self.store.read(move |tx| tx.groups(&query)).await?;
        Ok(found.into_iter().map(|(group, _)| group).collect())
    }

    async fn only_group(&self, text: &str) -> Result<GroupSummary> {
        let query = GroupQuery { name: Some(text.to_owned()), limit: 10, ..GroupQuery::default() };
        let mut found: Vec<_> = self.store.read(move |tx| tx.groups(&query)).await?;
        let first = found.pop().ok_or(Error::NotFound)?;
        if found.is_empty() {
            return Ok(first.0);
        }
        let ids: Vec<_> =
            found.iter().chain([&first]).map(|(group, _)| format!("{} ({})", group.id, group.source_name)).collect();
        Err(Error::Conflict(format!("several groups have this name; name one by its id: {}", ids.join(", "))))
    }
}
