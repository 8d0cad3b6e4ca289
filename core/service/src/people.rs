//! People, as the console lists them.

use estampe_domain::ids::PersonId;
use estampe_domain::{Context, Error, Result};
use estampe_store::PeopleQuery;

use crate::Service;
use crate::views::{PeopleFilter, PeoplePage, PersonDetail, Photo};

/// How a page of people is long.
const PAGE: i64 = 50;

impl Service {
    /// People by name.
    pub async fn people(&self, ctx: &Context, filter: &PeopleFilter) -> Result<PeoplePage> {
        ctx.require_administrator()?;
        let after = filter.after.as_deref().map(read_position).transpose()?;
        let query = PeopleQuery {
            words: filter.query.split_whitespace().take(8).map(|w| w.chars().take(64).collect()).collect(),
            active: filter.active,
            after,
            limit: PAGE + 1,
        };
        let page = self
            .store
            .read(move |tx| {
                let total = tx.people_count(&query)?;
                let mut found = tx.people(&query)?;
                let more = found.len() as u64 > PAGE.unsigned_abs();
                if more {
                    found.pop();
                }
                let next = if more { found.last().map(|(person, key)| format!("{}~{key}", person.id)) } else { None };
                Ok(PeoplePage { people: found.into_iter().map(|(person, _)| person).collect(), total, next })
            })
            .await?;
        Ok(page)
    }

    /// One person.
    pub async fn person(&self, ctx: &Context, person: PersonId) -> Result<PersonDetail> {
        ctx.require_administrator()?;
        let detail = self
            .store
            .read(move |tx| {
                let Some(summary) = tx.person(person)? else { return Ok(None) };
                let (identities, leads) = (tx.identities_of(person)?, tx.lead_count_of(person)?);
                Ok(Some(PersonDetail { summary, identities, leads }))
            })
            .await?;
        detail.ok_or(Error::NotFound)
    }

    /// A person's photo, for the console: shown for disabled people too.
    pub async fn person_photo(&self, ctx: &Context, person: PersonId) -> Result<Photo> {
        ctx.require_administrator()?;
        let photo = self
            .store
            .read(move |tx| {
                let Some(blob) = tx.person(person)?.and_then(|p| p.profile.photo) else { return Ok(None) };
                Ok(tx.blob(&blob)?.map(|bytes| Photo { blob, bytes }))
            })
            .await?;
        photo.ok_or(Error::NotFound)
    }
}

/// A position in the list: `id~sort key`.
fn read_position(text: &str) -> Result<(String, String)> {
    let (person, key) = text.split_once('~').ok_or(Error::NotFound)?;
    let person: PersonId = person.parse().map_err(|_| Error::NotFound)?;
    Ok((key.chars().filter(|c| !c.is_control()).take(600).collect(), person.to_string()))
}
