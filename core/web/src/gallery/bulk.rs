//! Many cards at once: the question, the work, its end.

use askama::Template as _;
use estampe_domain::BulkId;
use estampe_domain::bulk::{Bulk, BulkAct};
use estampe_service::views::PeopleFilter;

use super::Pages;
use crate::console::bulk::{BulkAskPage, BulkPage};
use crate::console::people::PersonPage;
use crate::console::shell::Section;
use crate::locale::Lang;
use crate::samples::{self, Sevens, now, shell};

fn bulk(act: BulkAct, done: u64, ended: bool) -> Bulk {
    Bulk {
        id: BulkId::new(now(), &Sevens),
        act,
        people: 1204,
        done,
        changed: done.saturating_sub(6),
        undoes: None,
        undone_by: None,
        started_at: now().plus_seconds(-40),
        ended_at: ended.then(now),
    }
}

/// Their pages.
pub(super) fn pages(l: &Lang) -> Pages {
    let filter = PeopleFilter { query: "agence de pau".into(), ..PeopleFilter::default() };
    let ask = |act, changed| {
        let s = shell(Section::People);
        BulkAskPage { l, s, act, filter: &filter, count: 146, changed }.render().unwrap()
    };
    let page = |bulk: &Bulk| BulkPage { l, s: shell(Section::People), bulk }.render().unwrap();
    let undone = Bulk { undone_by: Some(BulkId::new(now(), &Sevens)), ..bulk(BulkAct::CardDown, 1204, true) };
    let undo = Bulk { undoes: Some(BulkId::new(now(), &Sevens)), ..bulk(BulkAct::CardUp, 1204, true) };
    let mut down = samples::person(true);
    down.summary.card_active = false;
    let person = PersonPage {
        l,
        s: shell(Section::People),
        detail: &down,
        card_url: "https://c/".into(),
        stale: false,
        done: None,
        has_signature: true,
        lines: Vec::new(),
        names: false,
    };
    vec![
        ("bulk-ask", ask(BulkAct::CardDown, false)),
        ("bulk-ask-changed", ask(BulkAct::CardUp, true)),
        ("bulk-moves", page(&bulk(BulkAct::CardDown, 700, false))),
        ("bulk-done", page(&bulk(BulkAct::CardDown, 1204, true))),
        ("bulk-undone", page(&undone)),
        ("bulk-undo", page(&undo)),
        ("person-card-down", person.render().unwrap()),
    ]
}
