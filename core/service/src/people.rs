//! People, as the console lists them.

use std::collections::HashSet;

use estampe_domain::access::Scope;
use estampe_domain::ids::PersonId;
use estampe_domain::{Context, Error, Result, Right};
use estampe_store::PeopleQuery;

use crate::Service;
use crate::views::{PeopleFilter, PeoplePage, PersonDetail, Photo};

impl Service {
    /// People by name.
    pub async fn people(&self, ctx: &Context, filter: &PeopleFilter) -> Result<PeoplePage> {
        let scope = ctx.scope(Right::PeopleRead)?;
        let after: Option<PersonId> =
            filter.page.after.as_deref().map(|text| text.parse().map_err(|_| Error::NotFound)).transpose()?;
        let query = query_of(filter, scope);
        let (exact, page_size) = (filter.exact || filter.query.is_empty(), filter.page.limit);
        // a group, a team, those with a conflict are few: the database looks through them
        let deciding = ctx.scope(Right::ChangesDecide).ok();
        let roll = match scope {
            Scope::All if filter.group.is_none() && !filter.conflicts && !filter.cards_down => Some(self.roll().await?),
            Scope::All | Scope::Team(..) | Scope::Own(_) => None,
        };
        let page = self
            .store
            .read(move |tx| {
                let mut query = query;
                // an address holds an id, never a name
                if let Some(after) = after {
                    if !tx.is_within(after, scope)? {
                        return Err(Error::NotFound.into());
                    }
                    let last = tx.person(after)?.ok_or(Error::NotFound)?;
                    query.after = Some((last.profile.sort_key(), after.to_string()));
                }
                let conflicting =
                    PeopleQuery { active: Some(true), conflicts: true, scope: Some(scope), ..PeopleQuery::default() };
                let conflicts = tx.people_count(&conflicting)?;
                let down =
                    PeopleQuery { active: Some(true), cards_down: true, scope: Some(scope), ..PeopleQuery::default() };
                let cards_down = tx.people_count(&down)?;
                let changes = deciding.map_or(Ok(0), |deciding| tx.change_count(deciding))?;
                let (mut people, total, is_least) = if let Some(roll) = roll {
                    let limit = usize::try_from(query.limit).unwrap_or_default();
                    let without = if query.cards_up { tx.people_with_card_down()? } else { HashSet::new() };
                    let found = roll.find_without(&without, &query.words, query.active, after, limit, exact);
                    (tx.people_of(&found.ids)?, found.total, found.is_least)
                } else {
                    let total = tx.people_count(&query)?;
                    (tx.people(&query)?.into_iter().map(|(person, _)| person).collect(), total, false)
                };
                let more = people.len() as u64 > page_size.unsigned_abs();
                people.truncate(usize::try_from(page_size).unwrap_or_default());
                let next = if more { people.last().map(|person| person.id.to_string()) } else { None };
                Ok(PeoplePage { people, total, is_least, conflicts, cards_down, changes, next })
            })
            .await?;
        Ok(page)
    }

    /// Everybody whom a filter finds, by name.
    pub(crate) async fn people_ids(&self, ctx: &Context, filter: &PeopleFilter) -> Result<Vec<PersonId>> {
        let scope = ctx.scope(Right::PeopleRead)?;
        let query = query_of(filter, scope);
        if scope == Scope::All && filter.group.is_none() && !filter.conflicts && !filter.cards_down && !filter.cards_up
        {
            let roll = self.roll().await?;
            return Ok(roll.find(&query.words, query.active, None, usize::MAX, true).ids);
        }
        Ok(self.store.read(move |tx| tx.people_ids(&query)).await?)
    }

    /// One person.
    pub async fn person(&self, ctx: &Context, person: PersonId) -> Result<PersonDetail> {
        let scope = ctx.scope(Right::PeopleRead)?;
        let counts_leads = ctx.may_all(Right::LeadsRead) || (ctx.person == Some(person) && ctx.may(Right::LeadsRead));
        let detail = self
            .store
            .read(move |tx| {
                // who may not be seen is not known to be there
                if !tx.is_within(person, scope)? {
                    return Ok(None);
                }
                let Some((summary, made)) = tx.made(person)? else { return Ok(None) };
                let identities = tx.identities_of(person)?;
                let leads = if counts_leads { Some(tx.lead_count_of(person)?) } else { None };
                let mut groups = tx.groups_of(person)?;
                if let Scope::Team(account, _) = scope {
                    let mut led = Vec::new();
                    for group in groups {
                        if tx.leads_team(account, group.id)? {
                            led.push(group);
                        }
                    }
                    groups = led;
                }
                Ok(Some(PersonDetail { summary, made, identities, groups, leads }))
            })
            .await?;
        detail.ok_or(Error::NotFound)
    }

    /// A person's photo, for the console: shown for disabled people too.
    pub async fn person_photo(&self, ctx: &Context, person: PersonId) -> Result<Photo> {
        let scope = ctx.scope(Right::PeopleRead)?;
        let photo = self
            .store
            .read(move |tx| {
                if !tx.is_within(person, scope)? {
                    return Ok(None);
                }
                let Some(blob) = tx.person(person)?.and_then(|p| p.profile.photo) else { return Ok(None) };
                Ok(tx.blob(&blob)?.map(|bytes| Photo { blob, bytes }))
            })
            .await?;
        photo.ok_or(Error::NotFound)
    }
}

/// The words of a search.
pub(crate) fn words_of(query: &str) -> Vec<String> {
    query.split_whitespace().take(8).map(|word| word.chars().take(64).collect()).collect()
}

/// What a filter asks of the database.
fn query_of(filter: &PeopleFilter, scope: Scope) -> PeopleQuery {
    PeopleQuery {
        words: words_of(&filter.query),
        active: if filter.conflicts || filter.cards_down || filter.cards_up { Some(true) } else { filter.active },
        conflicts: filter.conflicts,
        cards_down: filter.cards_down,
        cards_up: filter.cards_up,
        group: filter.group,
        scope: Some(scope),
        after: None,
        limit: filter.page.limit + 1,
    }
}
