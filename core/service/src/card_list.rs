//! Cards as the console lists them: whose, whether they are shown, what they received.

use estampe_domain::access::Scope;
use estampe_domain::card::CardState;
use estampe_domain::ids::PersonId;
use estampe_domain::person::PersonSummary;
use estampe_domain::{Context, Result, Right};

use crate::Service;
use crate::views::{CardFilter, CardLine, CardPage, PeopleFilter};

impl Service {
    /// Cards by their holder's name. Leads are counted for whoever may see them.
    pub async fn cards(&self, ctx: &Context, filter: &CardFilter) -> Result<CardPage> {
        let people = PeopleFilter {
            query: filter.query.clone(),
            active: (filter.state == Some(CardState::Disabled)).then_some(false),
            cards_down: filter.state == Some(CardState::Down),
            cards_up: filter.state == Some(CardState::Up),
            exact: filter.exact,
            page: filter.page.clone(),
            ..PeopleFilter::default()
        };
        let found = self.people(ctx, &people).await?;
        let (all, scope) = (ctx.scope(Right::PeopleRead)?, ctx.scope(Right::LeadsRead).ok());
        let holders = found.people;
        let cards = self
            .store
            .read(move |tx| {
                let mut told: Vec<PersonId> = Vec::with_capacity(holders.len());
                if let Some(scope) = scope {
                    for PersonSummary { id, .. } in &holders {
                        // most roles see the leads of all whose card they see
                        if scope == Scope::All || scope == all || tx.is_within(*id, scope)? {
                            told.push(*id);
                        }
                    }
                }
                let tallies = tx.lead_tallies(&told)?;
                let line = |holder: PersonSummary| CardLine {
                    tally: told.contains(&holder.id).then(|| tallies.get(&holder.card).copied().unwrap_or_default()),
                    holder,
                };
                Ok(holders.into_iter().map(line).collect())
            })
            .await?;
        let (total, is_least, next) = (found.total, found.is_least, found.next);
        Ok(CardPage { cards, total, is_least, tells_leads: scope.is_some(), next })
    }
}
