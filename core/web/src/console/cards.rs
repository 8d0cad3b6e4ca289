//! Cards: whose each is, whether it is shown, what it received.

use actix_web::HttpRequest;
use askama::Template;
use estampe_domain::card::CardState;
use estampe_service::views::{Asking, CardFilter, CardLine, CardPage};
use estampe_texts::key;

use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;

/// The list.
#[derive(Template)]
#[template(path = "console/cards.html")]
pub(crate) struct CardsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) filter: &'a CardFilter,
    pub(crate) page: &'a CardPage,
    /// Where the cards are shown, without the slash before their path.
    pub(crate) origin: &'a str,
}

impl CardsPage<'_> {
    /// The state that is shown, as it stands in the address.
    fn shows(&self) -> &'static str {
        self.filter.state.map_or("", CardState::as_str)
    }

    /// The address of this list with one thing changed.
    fn with(&self, show: &str, after: Option<&str>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let pairs = [("q", self.filter.query.as_str()), ("show", show), ("after", after.unwrap_or_default())];
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        if query.is_empty() { "/cards".to_owned() } else { format!("/cards?{query}") }
    }

    fn filters(&self) -> Vec<(&'static str, String, bool)> {
        let all = std::iter::once(("", key("cards-all")));
        // of many, in languages that tell them apart
        let many = |state| if state == CardState::Down { key("people-cards-down") } else { words(state).0 };
        let states = CardState::ALL.into_iter().map(|state| (state.as_str(), many(state)));
        all.chain(states).map(|(show, words)| (words, self.with(show, None), self.shows() == show)).collect()
    }

    fn next(&self) -> Option<String> {
        self.page.next.as_deref().map(|after| self.with(self.shows(), Some(after)))
    }

    fn is_filtered(&self) -> bool {
        !self.filter.query.is_empty() || self.filter.state.is_some()
    }

    /// Its state in words, and their tone.
    fn state(&self, card: &CardLine) -> (&'static str, &'static str) {
        words(CardState::of(&card.holder))
    }

    /// The address of a card that somebody can open.
    fn open(&self, card: &CardLine) -> Option<String> {
        let is_up = CardState::of(&card.holder) == CardState::Up;
        is_up.then(|| format!("{}/c/{}", self.origin, card.holder.public_id))
    }
}

/// A state in words, and their tone.
const fn words(state: CardState) -> (&'static str, &'static str) {
    match state {
        CardState::Up => (key("card-state-up"), "leaf"),
        CardState::Down => (key("card-state-down"), "sun"),
        CardState::Disabled => (key("card-state-disabled"), "plain"),
    }
}

/// The filter of an address.
pub(crate) fn filter_of(request: &HttpRequest, exact: bool, state: Option<CardState>) -> CardFilter {
    let query = query_of(request, "q").trim().to_owned();
    let after = Some(query_of(request, "after")).filter(|after| !after.is_empty());
    // whoever searches looks at the first few, and types on
    let limit = if query.is_empty() || exact { 50 } else { 25 };
    CardFilter { state, exact, page: Asking { after, limit }, query }
}

/// `GET /cards`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let filter = filter_of(&request, false, CardState::read(&query_of(&request, "show")));
    let page = desk.ok(desk.service().cards(&desk.ctx, &filter).await)?;
    let s = Shell::new(&desk, Section::Cards, here(&request));
    let origin = &desk.service().settings().public_origin;
    desk.page(&CardsPage { l: &desk.l, s, filter: &filter, page: &page, origin })
}
