//! Ends of sources, for the gallery.

use estampe_domain::SourceId;
use estampe_domain::ending::{Ending, EndingDone, EndingPlan, PeopleFate};

use super::{Sevens, now};

pub(crate) fn plan() -> EndingPlan {
    EndingPlan {
        people: 1204,
        known_elsewhere: 3,
        cards_disabled: 1195,
        cards_erased: 1196,
        leads: 412,
        runs: 37,
        secrets: 1,
        state: 2,
        mailboxes: 0,
    }
}

pub(crate) fn ending(fate: PeopleFate, done: bool) -> Ending {
    let counts = match fate {
        PeopleFate::Erase => EndingDone { released: 3, disabled: 0, erased: if done { 1201 } else { 500 }, runs: 0 },
        PeopleFate::Disable => EndingDone { released: 9, disabled: 1195, erased: 0, runs: 0 },
        PeopleFate::Keep => EndingDone { released: 1204, ..EndingDone::default() },
    };
    Ending {
        source: SourceId::new(now(), &Sevens),
        name: "Annuaire RH".into(),
        fate,
        people: 1204,
        done: EndingDone { runs: if done { 37 } else { 0 }, ..counts },
        started_at: now().plus_seconds(-40),
        ended_at: done.then(|| now().plus_seconds(-20)),
    }
}
