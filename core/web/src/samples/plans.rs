//! Runs and their plans, for the gallery.

use estampe_domain::PersonId;
use estampe_domain::difference::{PlanLine, PlanReason};
use estampe_domain::person::{FieldChange, ProfileField};
use estampe_domain::run::{HoldReason, PlanAction, Refusal, RunState};
use estampe_service::views::{PlanPage, RefusalPage, RunDetail};

use super::{Sevens, extensions, now, run};
use crate::console::runs::{Show, Shown};

pub(crate) fn run_detail(state: RunState, hold: Option<HoldReason>) -> RunDetail {
    let going = match hold {
        Some(HoldReason::TooManyGroupsGone) => {
            ["Agence de Toulouse", "Clientèle", "Tous les salariés"].map(str::to_owned).into()
        }
        _ => Vec::new(),
    };
    RunDetail {
        groups_going: going,
        run: run(state, hold),
        plan_only: hold == Some(HoldReason::PlanOnly),
        refusals: refusals(),
        kept_refusals: 2,
        log: extensions::log(),
    }
}

fn refusals() -> Vec<Refusal> {
    vec![
        Refusal { position: "line 884".into(), code: "no-name-no-mail".into(), detail: "cn=svc-scan".into() },
        Refusal { position: "line 900".into(), code: "connector".into(), detail: "base64 is cut short".into() },
    ]
}

/// Lines of a plan, as one of its pages shows them.
pub(crate) fn shown(show: Show, is_later: bool) -> Shown {
    let change = |field, old: &str, new: &str| FieldChange { field, old: old.into(), new: new.into() };
    let line = |action, name: &str, reason, changes| PlanLine {
        seq: 1,
        action,
        person: (action != PlanAction::Create).then(|| PersonId::new(now(), &Sevens)),
        name: name.into(),
        changes,
        kept: Vec::new(),
        reason,
    };
    let lines = vec![
        line(PlanAction::Disable, "Jean-Marc Etcheverry", Some(PlanReason::Missing), Vec::new()),
        line(PlanAction::Disable, "Solène Le Bihan-Kermarrec", Some(PlanReason::DisabledThere), Vec::new()),
        line(
            PlanAction::Update,
            "Zoé Lefèvre-Núñez",
            None,
            vec![
                change(ProfileField::Title, "Chargée d’affaires", "Directrice des financements d’exportation"),
                change(ProfileField::Phones, "+33 5 61 00 42 00", "+33 5 61 00 42 17, +33 6 12 34 56 78"),
                change(ProfileField::Photo, "1a2b3c4d", "5e6f7a8b"),
                change(ProfileField::Language, "en", "fr"),
            ],
        ),
        line(
            PlanAction::Update,
            "Karim Benali",
            None,
            vec![change(ProfileField::Office, "", "Toulouse"), change(ProfileField::Pronouns, "il", "")],
        ),
        line(PlanAction::Update, "Paul Sarthe", Some(PlanReason::Back), Vec::new()),
        line(
            PlanAction::Create,
            "Inès Oyarzabal",
            None,
            vec![
                change(ProfileField::Title, "", "Conseillère"),
                change(ProfileField::Emails, "", "ines.oyarzabal.conseillere@agence.banque-garonne.example"),
            ],
        ),
        line(PlanAction::Create, "Maud Pic", None, Vec::new()),
    ];
    let fits = |line: &PlanLine| match show {
        Show::All => true,
        Show::Only(action) => line.action == action,
        Show::Refused => false,
    };
    let plan = PlanPage { lines: lines.into_iter().filter(fits).collect(), next: None };
    let refused = matches!(show, Show::Refused) || (show == Show::All && !is_later);
    let refusals = if refused { refusals() } else { Vec::new() };
    Shown { show, is_later, plan, refused: RefusalPage { refusals, next: refused.then_some(1) } }
}
