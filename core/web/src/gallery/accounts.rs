//! Accounts, and choosing a password.

use askama::Template as _;
use estampe_domain::PersonId;
use estampe_domain::access::{Role, Roles};
use estampe_domain::account::{AccountDetail, Team};

use super::Pages;
use crate::console::account_change::{AccountShowPage, Typed};
use crate::console::account_parts::Candidate;
use crate::console::accounts::{AccountsPage, NewForm, Problems, new_page};
use crate::console::doors::{WelcomeForm, welcome_page};
use crate::console::shell::Section;
use crate::console::teams::TeamsPage;
use crate::locale::Lang;
use crate::samples::{self, HOST, Sevens, now, shell};

fn candidates() -> Vec<Candidate> {
    let candidate = |second: i64, name: &str, more: &str| Candidate {
        id: PersonId::new(now().plus_seconds(second), &Sevens),
        name: name.into(),
        more: more.into(),
    };
    vec![
        candidate(1, "Karim Benali", "Chargé de clientèle · karim.benali@banque-garonne.example"),
        candidate(2, "Karima Benali", "Juriste · karima.benali@banque-garonne.example"),
    ]
}

/// Their pages.
pub(super) fn pages(l: &Lang) -> Pages {
    let s = || shell(Section::Accounts);
    let show = |detail: &AccountDetail, typed: &Typed, wrong: &Problems, fill: fn(&mut AccountShowPage<'_>)| {
        let mut page = AccountShowPage::new(l, s(), detail, typed, wrong);
        (page.by_mail, page.was_sent) = (true, wrong.is_empty());
        page.welcome = "https://estampe.banque-garonne.example/welcome".to_owned();
        fill(&mut page);
        page.render().unwrap()
    };
    let last = samples::accounts::detail("Maelys Durand", &[Role::Administrator], true, true);
    let invited = samples::accounts::detail("Karim Benali", &[Role::Employee, Role::TeamManager], false, true);
    let reader = {
        let mut s = s();
        s.sees.changes_accounts = false;
        let detail = &samples::accounts::detail("Iris Bonnet", &[Role::Auditor], true, false);
        let mut page = AccountShowPage::new(l, s, detail, &Typed::standing(detail), &Problems::new());
        page.person = candidates().pop();
        page.render().unwrap()
    };
    let page = &samples::accounts::accounts();
    let typed =
        NewForm { name: "Karim Benali".into(), email: "karim".into(), find: "benali".into(), ..NewForm::default() };
    let wrong =
        vec![("email", "first-run-email-wrong"), ("find", "account-find-several"), ("roles", "account-role-needed")];
    let asked = Typed { find: "benali".into(), team: "Agence".into(), roles: Roles::NONE, ..Typed::standing(&invited) };
    let unclear =
        vec![("find", "account-find-several"), ("team", "account-team-unknown"), ("roles", "account-role-needed")];
    let nothing = Problems::new();
    let teams = [("Agence de Toulouse", 17), ("Financements d’exportation", 9)].map(|(name, people)| Team {
        group: samples::group(name, people),
        leaders: vec![(invited.account.id, "Karim Benali".into()), (invited.account.id, "Iris Bonnet".into())],
    });
    let team_page = |teams: &[Team]| TeamsPage { l, s: shell(Section::Teams), teams }.render().unwrap();
    vec![
        ("teams", team_page(&teams)),
        ("teams-empty", team_page(&[])),
        ("accounts", AccountsPage { l, s: s(), page, is_later: false, seconds: true }.render().unwrap()),
        ("account-new", new_page(l, s(), &NewForm::default(), &nothing, Vec::new()).render().unwrap()),
        ("account-new-wrong", new_page(l, s(), &typed, &wrong, candidates()).render().unwrap()),
        (
            "account-invited",
            show(&invited, &Typed::standing(&invited), &nothing, |page| {
                page.token = Some("7f2c-0d1e-0a5b-9c44-1b02-77aa".to_owned());
                page.person = candidates().into_iter().next();
            }),
        ),
        ("account-wrong", show(&invited, &asked, &unclear, |page| page.candidates = candidates())),
        (
            "account-last",
            show(&last, &Typed::standing(&last), &nothing, |page| {
                page.problem = Some(page.l.t("account-last").to_string());
            }),
        ),
        ("account-read", reader),
        ("welcome", welcome_page(l, HOST, &WelcomeForm::default(), &[]).render().unwrap()),
        (
            "welcome-wrong",
            welcome_page(
                l,
                HOST,
                &WelcomeForm::default(),
                &[("token", "welcome-token-wrong"), ("password", "password-too-short")],
            )
            .render()
            .unwrap(),
        ),
    ]
}
