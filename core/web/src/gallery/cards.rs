//! The list of cards: some, those that nobody finds, none yet, and without leads.

use askama::Template as _;
use estampe_domain::card::{CardState, LeadTally};
use estampe_service::views::{CardFilter, CardLine, CardPage};

use super::Pages;
use crate::console::cards::CardsPage;
use crate::console::shell::Section;
use crate::locale::Lang;
use crate::samples::{self, now, shell};

fn page(tells_leads: bool) -> CardPage {
    let mut holders = samples::people().people;
    if let Some(one) = holders.get_mut(2) {
        one.card_active = false;
    }
    let tallies = [(128, Some(-420)), (3, Some(-86_400 * 9)), (0, None), (17, Some(-86_400 * 200))];
    let line = |(holder, (leads, last)): (_, (u64, Option<i64>))| CardLine {
        holder,
        tally: tells_leads.then(|| LeadTally { leads, last: last.map(|ago| now().plus_seconds(ago)) }),
    };
    let cards = holders.into_iter().zip(tallies).map(line).collect();
    CardPage { cards, total: 1204, is_least: false, tells_leads, next: Some("x".into()) }
}

/// Their pages.
pub(super) fn pages(l: &Lang) -> Pages {
    let all = CardFilter::default();
    let down = CardFilter { query: "zoé".into(), state: Some(CardState::Down), ..CardFilter::default() };
    let none = CardPage { cards: Vec::new(), total: 0, next: None, ..page(true) };
    let of = |filter: &CardFilter, page: &CardPage| {
        let s = shell(Section::Cards);
        CardsPage { l, s, filter, page, origin: "https://cartes.example" }.render().unwrap()
    };
    vec![
        ("cards", of(&all, &page(true))),
        ("cards-without-leads", of(&all, &page(false))),
        ("cards-none", of(&down, &none)),
        ("cards-empty", of(&all, &none)),
        ("cards-least", of(&down, &CardPage { is_least: true, total: 1000, ..page(true) })),
    ]
}
