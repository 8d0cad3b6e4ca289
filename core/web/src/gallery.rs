//! Renders every page with sample data, in both languages, and checks what must hold
//! for all of them. The pages are left in `target/gallery` to be looked at.

mod accounts;
mod bulk;
mod cards;
mod coverage;
mod frame;
mod secrets;

use std::collections::BTreeMap;
use std::path::PathBuf;

use askama::Template;
use estampe_domain::bundle::{InstalledPlugin, Signature};
use estampe_domain::ending::{EndingPlan, PeopleFate};
use estampe_domain::mapping::{Mapping, Target};
use estampe_domain::ownership::{Numbers, Owner, ProfileForm};
use estampe_domain::person::ProfileField;
use estampe_domain::plugin::PluginInfo;
use estampe_domain::run::{HoldReason, PlanAction, RunCounts, RunState};
use estampe_domain::{Locale, lead::LeadForm};
use estampe_service::views::{Doubt, FirstRun, GroupPage, Outbox, PeopleFilter, PeoplePage};
use estampe_service::views::{PluginEntry, RunDetail};
use estampe_service::{MappingPreview, OfferedPlugins};

use crate::assets;
use crate::console::changes::{ChangesPage, lines};
use crate::console::doors::{SignIn, SignInOffer, first_run_page, sign_in_page};
use crate::console::endings::{EndingPage, SourceEndPage};
use crate::console::groups::GroupsPage;
use crate::console::home::HomePage;
use crate::console::lead_export::ExportPage;
use crate::console::leads::{LeadDetailPage, LeadsPage};
use crate::console::mapping::{MappingPage, Told, Typed};
use crate::console::new_source::{NewSource, new_source_page};
use crate::console::outbox::OutboxPage;
use crate::console::people::{PeopleListPage, PersonPage};
use crate::console::person_edit::{self, PersonEditPage};
use crate::console::plugin_file::NotTaken;
use crate::console::plugins::{PluginPage, PluginsPage};
use crate::console::runs::{RunPage, Show};
use crate::console::shell::Section;
use crate::console::source_fields::SourceFieldsPage;
use crate::console::source_form::Found;
use crate::console::source_settings::{self, SourceSettingsPage, Waits, standing};
use crate::console::sources::{SourceLine, SourcePage, SourcesPage};
use crate::console::styleguide::themes_css;
use crate::error::{ErrorPage, Kept};
use crate::plain::Warning;
use crate::public::ca::CaPage;
use crate::public::card::{CardPage, QrPage};
use crate::public::exchange::{ExchangePage, GonePage, KeptPage, SentPage, fields};
use crate::samples::{self, HOST, lang, shell};
use crate::samples::{extensions, ownership, plans};
use crate::state::LocalRoot;
use estampe_service::views::PersonDetail;

pub(crate) type Pages = Vec<(&'static str, String)>;

fn public_pages(locale: Locale) -> Pages {
    let l = &lang(locale);
    let (card, bare) = (samples::card(), samples::card_of(samples::bare_profile()));
    let exchange = samples::exchange(locale);
    let (typed, empty) = (samples::typed(), LeadForm::default());
    let wrong = typed.parse().unwrap_err();
    let mut already = ExchangePage::new(l, HOST, &exchange, &typed, None);
    already.already = Some(samples::now());
    let root = LocalRoot { pem: String::new(), fingerprint: "9A:41:".repeat(15) + "7F:C2" };
    let mut kept = KeptPage::new(l, &card.public_id, &typed);
    kept.reference = Some("0192…".into());
    let mut late = KeptPage::new(l, &card.public_id, &typed);
    (late.title, late.text, late.seconds) = ("late-title", "late-text", 12);
    let doubtful = |doubt| {
        let mut page = ExchangePage::new(l, HOST, &exchange, &typed, None);
        page.doubt = Some(doubt);
        page.render().unwrap()
    };
    let sent = |copied, by_mail| {
        let receipt = &samples::receipt(copied);
        SentPage { l, receipt, email: "amelie.traore@atelier.fr", by_mail }.render().unwrap()
    };
    let gone = |contact| {
        let fields = fields(l, &typed, None);
        GonePage { l, host: HOST, fields, contact }.render().unwrap()
    };
    let too_many = ErrorPage {
        l,
        host: Some(HOST),
        title: "error-too-many-title",
        text: "error-too-many-text",
        detail: None,
        reference: None,
        home: false,
        kept: None,
        seconds: 12,
    };
    let error = ErrorPage {
        l,
        host: Some(HOST),
        title: "error-not-found-title",
        text: "error-not-found-text",
        detail: None,
        reference: None,
        home: false,
        kept: None,
        seconds: 0,
    };
    let broken = ErrorPage {
        l,
        host: None,
        title: "error-internal-title",
        text: "error-internal-text",
        detail: Some("…".into()),
        reference: Some("01935e1c-7f00-7000-8000-070707070707".into()),
        home: true,
        kept: None,
        seconds: 0,
    };
    let kept_form = |csrf: &str| Kept {
        action: "/people/1/edit".into(),
        fields: vec![("title".into(), "Conseillère".into())],
        csrf: csrf.into(),
    };
    let (ended_form, expired_form) = (kept_form(""), kept_form("x"));
    let unsent = |title, text, form| {
        let (host, detail, reference) = (None, None, None);
        ErrorPage { l, host, title, text, detail, reference, home: false, kept: Some(form), seconds: 0 }
            .render()
            .unwrap()
    };
    vec![
        ("error-ended", unsent("error-ended-title", "error-ended-text", &ended_form)),
        ("error-expired", unsent("error-expired-title", "error-expired-kept", &expired_form)),
        ("card", CardPage::new(l, (HOST, "https://cartes.example"), &card).render().unwrap()),
        ("card-bare", CardPage::new(l, (HOST, "https://cartes.example"), &bare).render().unwrap()),
        ("qr", QrPage { l, card: &card, url: "https://cartes.example/c/x".into() }.render().unwrap()),
        ("exchange", ExchangePage::new(l, HOST, &exchange, &empty, None).render().unwrap()),
        ("exchange-wrong", ExchangePage::new(l, HOST, &exchange, &typed, Some(&wrong)).render().unwrap()),
        ("exchange-already", already.render().unwrap()),
        ("exchange-trap", doubtful(Doubt::Trap)),
        ("exchange-quick", doubtful(Doubt::TooQuick)),
        ("kept", kept.render().unwrap()),
        ("late", late.render().unwrap()),
        ("gone", gone(Some("dpo@garonne.example"))),
        ("gone-no-contact", gone(None)),
        ("error-too-many", too_many.render().unwrap()),
        ("sent", sent(true, true)),
        ("sent-no-mail", sent(true, false)),
        ("sent-without-copy", sent(false, true)),
        ("ca", CaPage { l, host: HOST, root: &root }.render().unwrap()),
        ("error-not-found", error.render().unwrap()),
        ("error-internal", broken.render().unwrap()),
    ]
}

fn person_page<'a>(l: &'a crate::locale::Lang, detail: &'a PersonDetail) -> PersonPage<'a> {
    let (s, card_url) = (shell(Section::People), "https://c/".to_owned());
    PersonPage {
        l,
        s,
        detail,
        card_url,
        stale: false,
        done: None,
        has_signature: true,
        lines: Vec::new(),
        names: false,
    }
}

fn console_pages(locale: Locale) -> Pages {
    let l = &lang(locale);
    let s = shell;
    let filter =
        PeopleFilter { query: "zoé".into(), active: Some(true), page: Some("x").into(), ..PeopleFilter::default() };
    let (group, groups) = (samples::group("Tous les salariés", 1204), samples::groups());
    let no_groups = GroupPage { groups: Vec::new(), total: 0, next: None };
    let within = PeopleFilter { group: Some(group.id), ..PeopleFilter::default() };
    let people_page =
        |filter, group, page| PeopleListPage { l, s: s(Section::People), filter, group, page, nobody_chosen: false };
    let groups_page = |page, is_later| GroupsPage { l, s: s(Section::Sources), source: "Annuaire RH", page, is_later };
    let (all, nobody) = (
        PeopleFilter::default(),
        PeoplePage {
            people: Vec::new(),
            total: 0,
            is_least: false,
            conflicts: 0,
            cards_down: 0,
            changes: 0,
            next: None,
        },
    );
    let first_run = FirstRun { name: "Mireille Bordes".into(), ..FirstRun::default() };
    let wrong = [("token", "first-run-token-wrong"), ("password", "password-too-short")];
    let sign_in = SignIn::default();
    let (people, person, gone) = (samples::people(), samples::person(true), samples::person(false));
    let lines = || samples::home(false).sources.iter().map(|source| SourceLine::new(l, source)).collect();
    let plugins = samples::plugins();
    let overview = samples::overview("Annuaire RH", Some(RunState::Held));
    let runs = [samples::run(RunState::Held, Some(HoldReason::PlanOnly)), samples::run(RunState::Done, None)];
    let source = |probes| {
        let permissions = false;
        SourcePage { l, s: s(Section::Sources), overview: &overview, runs: &runs, probes, permissions }
    };
    let new_source = |plugins: &[PluginEntry], chosen: Option<&PluginInfo>| {
        let found = chosen.map(|info| NewSource::default().wrong(l, info)).unwrap_or_default();
        new_source_page(l, s(Section::Sources), plugins, chosen, &NewSource::default(), &found).render().unwrap()
    };
    let source_settings = |typed: bool, waits| {
        let (settings, mut given) = (extensions::settings(), standing(&extensions::settings()));
        let mut found = Found::new();
        if typed {
            given.config = [("days".into(), "0".into())].into();
            found = source_settings::wrong(l, &settings, &given);
        }
        SourceSettingsPage::new(l, s(Section::Sources), &settings, &given, &found, waits).render().unwrap()
    };
    let person_page = |detail| person_page(l, detail);
    let lead = |detail| LeadDetailPage { l, s: s(Section::Leads), detail };
    let warnings =
        ["certificate_ends_soon", "acme_failing", "configuration_refused"].map(|code| Warning { code, text: "" });
    let mut pages = vec![
        ("first-run", first_run_page(l, HOST, &first_run, &wrong).render().unwrap()),
        ("sign-in-out", {
            let mut page = sign_in_page(l, HOST, &sign_in, SignInOffer::default(), None);
            page.done = Some("sign-in-out");
            page.render().unwrap()
        }),
        ("sign-in", sign_in_page(l, HOST, &sign_in, SignInOffer::default(), Some("sign-in-wrong")).render().unwrap()),
        ("home", HomePage::new(l, s(Section::Home), &samples::home(false), &warnings).render().unwrap()),
        ("home-well", HomePage::new(l, s(Section::Home), &samples::home(true), &[]).render().unwrap()),
        ("people", people_page(&filter, None, &people).render().unwrap()),
        ("people-group", people_page(&within, Some(&group), &people).render().unwrap()),
        (
            "people-many",
            people_page(&filter, None, &PeoplePage { is_least: true, total: 1000, ..samples::people() })
                .render()
                .unwrap(),
        ),
        ("people-none", people_page(&filter, None, &nobody).render().unwrap()),
        ("people-empty", people_page(&all, None, &nobody).render().unwrap()),
        ("groups", groups_page(&groups, true).render().unwrap()),
        ("groups-empty", groups_page(&no_groups, false).render().unwrap()),
        ("person", person_page(&person).render().unwrap()),
        ("person-gone", person_page(&gone).render().unwrap()),
        ("sources", SourcesPage { l, s: s(Section::Sources), sources: lines() }.render().unwrap()),
        ("sources-empty", SourcesPage { l, s: s(Section::Sources), sources: Vec::new() }.render().unwrap()),
        ("source", source(None).render().unwrap()),
        ("source-checked", source(Some(samples::probes())).render().unwrap()),
        ("source-new", new_source(&plugins, Some(&plugins[0].info))),
        ("source-new-none", new_source(&[], None)),
        ("source-new-choose", new_source(&plugins, None)),
        ("source-settings", source_settings(false, None)),
        ("source-settings-wrong", source_settings(true, None)),
        ("source-settings-run", source_settings(false, Some(Waits::Run("/runs/1".into())))),
        ("source-settings-changed", source_settings(false, Some(Waits::Changed))),
        ("leads-export", ExportPage { l, s: s(Section::Leads), confirmed: false }.render().unwrap()),
        ("leads-export-confirmed", ExportPage { l, s: s(Section::Leads), confirmed: true }.render().unwrap()),
        ("leads", LeadsPage { l, s: s(Section::Leads), page: &samples::leads(), is_later: true }.render().unwrap()),
        ("lead", lead(&samples::lead_detail(false)).render().unwrap()),
        ("lead-erased", lead(&samples::lead_detail(true)).render().unwrap()),
        ("outbox", OutboxPage { l, s: s(Section::Outbox), outbox: &samples::outbox() }.render().unwrap()),
        ("outbox-empty", OutboxPage { l, s: s(Section::Outbox), outbox: &Outbox::default() }.render().unwrap()),
    ];
    pages.extend(plugin_pages(l));
    pages.extend(run_pages(l));
    pages.extend(accounts::pages(l));
    pages
}

/// Plugins, one by one and in their list.
fn plugin_pages(l: &crate::locale::Lang) -> Pages {
    let s = shell;
    let plugin_list = |plugins: &[InstalledPlugin], offered: &OfferedPlugins| {
        PluginsPage::new(l, s(Section::Plugins), plugins, offered).render().unwrap()
    };
    let not_taken = |refusal| {
        let offered = OfferedPlugins::default();
        let installed = [extensions::waiting()];
        let mut page = PluginsPage::new(l, s(Section::Plugins), &installed, &offered);
        page.not_taken = Some(NotTaken::refused(l, refusal));
        page.render().unwrap()
    };
    let plugin = |plugin| {
        let detail = extensions::detail(plugin);
        PluginPage::new(l, s(Section::Plugins), &detail).render().unwrap()
    };
    vec![
        ("plugins", plugin_list(&[extensions::waiting(), extensions::paused()], &extensions::offered())),
        ("plugins-empty", plugin_list(&[], &OfferedPlugins::default())),
        ("plugins-refused", not_taken(&extensions::refusal())),
        ("plugin-waits", plugin(extensions::waiting())),
        ("plugin-new", plugin(extensions::fresh())),
        ("plugin-paused", plugin(extensions::paused())),
        ("plugin-unusable", plugin(extensions::unusable())),
        ("plugin-template", plugin(extensions::template())),
    ]
}

/// Tokens of the API.
fn token_pages(l: &crate::locale::Lang) -> Pages {
    use estampe_domain::Error;

    use crate::console::tokens::{TokensPage, Typed, choices, form};

    let ctx = estampe_domain::Context::new(
        estampe_domain::Actor::Operator,
        l.locale,
        estampe_domain::RequestId::new(samples::now(), &samples::Sevens),
        samples::now(),
    );
    let show = |is_services: bool, tokens: &[_], typed: &Typed, wrong: Option<&Error>, secret: Option<&str>| {
        let (fields, problem) = form(l, typed, wrong);
        let section = if is_services { Section::Accounts } else { Section::Tokens };
        let (s, secret) = (shell(section), secret.map(str::to_owned));
        let scopes = choices(&ctx, is_services, &typed.scopes);
        let page = TokensPage { l, s, is_services, may_make: true, tokens, fields, scopes, problem, secret };
        page.render().unwrap()
    };
    let (tokens, nothing) = (samples::tokens::tokens(), Typed::default());
    let typed = Typed { name: "Intranet".to_owned(), scopes: Vec::new(), days: "400".to_owned() };
    let (days, scopes) = (Error::invalid("days", "it is 1 to 365"), Error::invalid("scopes", "name at least one"));
    let secret = "estp_7c0fa1v2mk3n4o5p6q7r8s9t0u1v2a3b4c5d6e7f8g9h0i1j2k3l4m5n6o7p8q9";
    vec![
        ("tokens", show(false, &tokens, &nothing, None, None)),
        ("tokens-empty", show(false, &[], &nothing, None, None)),
        ("tokens-wrong-days", show(false, &tokens, &typed, Some(&days), None)),
        ("tokens-wrong-scopes", show(true, &tokens, &typed, Some(&scopes), None)),
        ("tokens-made", show(true, &tokens, &nothing, None, Some(secret))),
    ]
}

/// A run, wherever it stands.
fn run_pages(l: &crate::locale::Lang) -> Pages {
    let states = [
        ("run-planning", RunState::Planning, None),
        ("run-held", RunState::Held, Some(HoldReason::TooManyGone)),
        ("run-held-groups", RunState::Held, Some(HoldReason::TooManyGroupsGone)),
        ("run-plan", RunState::Held, Some(HoldReason::PlanOnly)),
        ("run-applying", RunState::Applying, None),
        ("run-done", RunState::Done, None),
        ("run-failed", RunState::Failed, None),
        ("run-discarded", RunState::Discarded, None),
    ];
    let page = |(name, state, hold)| {
        let (detail, shown) = (&plans::run_detail(state, hold), &plans::shown(Show::All, false));
        (name, RunPage { l, s: shell(Section::Sources), detail, shown }.render().unwrap())
    };
    states.map(page).into()
}

/// What an administrator has to look at twice.
fn doubtful_pages(locale: Locale) -> Pages {
    let l = &lang(locale);
    let plugin = |plugin| {
        let detail = extensions::detail(plugin);
        PluginPage::new(l, shell(Section::Plugins), &detail).render().unwrap()
    };
    let wrong_network = |typed| {
        let detail = extensions::detail(extensions::waiting());
        PluginPage::new(l, shell(Section::Plugins), &detail).wrong_network(typed).render().unwrap()
    };
    let (other, unsigned) = (extensions::unknown(), Signature::None);
    let listed = [extensions::other_signer(unsigned.clone()), extensions::unusable(), extensions::fresh()];
    let mut nothing = plans::shown(Show::Refused, false);
    (nothing.show, nothing.refused) = (Show::All, estampe_service::views::RefusalPage::default());
    let (offered, mut denied) = (OfferedPlugins::default(), plans::run_detail(RunState::Failed, None));
    denied.run.failure = Some(("denied".into(), "field read mail is not granted".into()));
    vec![
        ("plugins-doubtful", PluginsPage::new(l, shell(Section::Plugins), &listed, &offered).render().unwrap()),
        ("plugin-other-signer", plugin(extensions::other_signer(other))),
        ("plugin-other-unsigned", plugin(extensions::other_signer(unsigned))),
        ("plugin-network-wrong", wrong_network("the house")),
        ("run-denied", RunPage { l, s: shell(Section::Sources), detail: &denied, shown: &nothing }.render().unwrap()),
    ]
}

/// Parts of a plan, and sources that end.
fn decided_pages(locale: Locale) -> Pages {
    let l = &lang(locale);
    let run = |detail: &RunDetail, show, is_later| {
        let shown = &plans::shown(show, is_later);
        RunPage { l, s: shell(Section::Sources), detail, shown }.render().unwrap()
    };
    let held = plans::run_detail(RunState::Held, Some(HoldReason::PlanOnly));
    let mut nothing = plans::run_detail(RunState::Done, None);
    (nothing.plan_only, nothing.kept_refusals) = (true, 0);
    nothing.run.counts = RunCounts { unchanged: 1204, ..RunCounts::default() };
    let mut empty = plans::shown(Show::Only(PlanAction::Create), false);
    empty.plan.lines.clear();
    empty.show = Show::All;
    let nothing = RunPage { l, s: shell(Section::Sources), detail: &nothing, shown: &empty }.render().unwrap();
    let overview = samples::overview("Annuaire RH", Some(RunState::Done));
    let plan = samples::endings::plan();
    let ask = |plan: &EndingPlan, typed, waits| {
        SourceEndPage::new(l, shell(Section::Sources), &overview, plan, typed, waits).render().unwrap()
    };
    let ending = |fate, done| {
        let ending = &samples::endings::ending(fate, done);
        EndingPage { l, s: shell(Section::Sources), ending }.render().unwrap()
    };
    vec![
        ("run-plan-created", run(&held, Show::Only(PlanAction::Create), true)),
        ("run-plan-refused", run(&held, Show::Refused, false)),
        ("run-plan-nothing", nothing),
        ("source-end", ask(&plan, "", None)),
        ("source-end-wrong", ask(&plan, "Annuaire", None)),
        ("source-end-mailboxes", ask(&EndingPlan { mailboxes: 1187, ..plan }, "", None)),
        ("source-end-publishing", {
            let page = SourceEndPage::new(l, shell(Section::Sources), &overview, &plan, "", None);
            SourceEndPage { publishing: Some("/signatures/publications/1".into()), ..page }.render().unwrap()
        }),
        ("source-end-empty", ask(&EndingPlan::default(), "", Some(Waits::Changed))),
        ("source-end-run", ask(&plan, "", Some(Waits::Run("/runs/1".into())))),
        ("ending-erasing", ending(PeopleFate::Erase, false)),
        ("ending-erased", ending(PeopleFate::Erase, true)),
        ("ending-disabled", ending(PeopleFate::Disable, true)),
        ("ending-kept", ending(PeopleFate::Keep, true)),
    ]
}

/// Where fields come from, and what was entered over it.
fn ownership_pages(locale: Locale) -> Pages {
    let l = &lang(locale);
    let (person, plain, alone) = (ownership::person(), samples::person(true), ownership::alone());
    let page = |detail, stale: bool| {
        let card_url = "https://c/".into();
        let lines = Vec::new();
        let (s, done) = (shell(Section::People), (!stale).then_some("person-saved"));
        PersonPage { l, s, detail, card_url, stale, done, has_signature: false, lines, names: false }.render().unwrap()
    };
    let edit = |detail, typed: &person_edit::Typed<'_>| {
        PersonEditPage::new(l, shell(Section::People), detail, typed).render().unwrap()
    };
    let fields = |waits| {
        let (owners, chosen) = (ownership::owners(), [(ProfileField::Links, Owner::Own)].into());
        let s = shell(Section::Sources);
        let page = SourceFieldsPage::new(l, s, "Annuaire RH", &owners, &chosen, waits, None);
        page.render().unwrap()
    };
    let mut form = ProfileForm::of(&person.made.shown);
    let touched = form.fill(&ownership::typed()).unwrap();
    let problems = form.parse(&touched, Numbers::of(&person.made.shown, None)).unwrap_err();
    let wrong = person_edit::Typed { inputs: ownership::typed(), problems: Some(&problems), stale: false };
    let stale = person_edit::Typed { inputs: ownership::typed(), problems: None, stale: true };
    let filter = PeopleFilter { conflicts: true, ..PeopleFilter::default() };
    let people = samples::people();
    vec![
        (
            "people-conflicts",
            PeopleListPage {
                l,
                s: shell(Section::People),
                filter: &filter,
                group: None,
                page: &people,
                nobody_chosen: true,
            }
            .render()
            .unwrap(),
        ),
        ("person-conflict", page(&person, false)),
        ("person-stale", page(&person, true)),
        ("person-alone", page(&alone, false)),
        ("person-own", {
            let (s, card_url) = (samples::employee(person.summary.id), "https://c/".into());
            let lines = lines(l, &samples::changes::own());
            PersonPage {
                l,
                s,
                detail: &person,
                card_url,
                stale: false,
                done: None,
                has_signature: true,
                lines,
                names: false,
            }
            .render()
            .unwrap()
        }),
        ("person-own-edit", {
            let s = samples::employee(person.summary.id);
            PersonEditPage::new(l, s, &person, &person_edit::Typed::default()).render().unwrap()
        }),
        ("person-own-edit-none", {
            let s = samples::employee(plain.summary.id);
            PersonEditPage::new(l, s, &plain, &person_edit::Typed::default()).render().unwrap()
        }),
        ("person-edit", edit(&person, &person_edit::Typed::default())),
        ("person-edit-plain", edit(&plain, &person_edit::Typed::default())),
        ("person-edit-alone", edit(&alone, &person_edit::Typed::default())),
        ("person-edit-wrong", edit(&person, &wrong)),
        ("person-edit-stale", edit(&person, &stale)),
        ("source-fields", fields(None)),
        ("source-fields-run", fields(Some(Waits::Run("/runs/1".into())))),
        ("source-fields-changed", fields(Some(Waits::Changed))),
        ("source-fields-not-written", {
            let (s, owners) = (shell(Section::Sources), ownership::owners());
            let chosen = [(ProfileField::Title, Owner::Written)].into();
            let refused = Some(ProfileField::Title);
            SourceFieldsPage::new(l, s, "Annuaire RH", &owners, &chosen, None, refused).render().unwrap()
        }),
        ("changes", {
            let lines = lines(l, &samples::changes::all());
            let (s, next) = (shell(Section::People), Some("1.x".to_owned()));
            ChangesPage { l, s, lines, stale: true, names: true, total: 61, next, is_later: true }.render().unwrap()
        }),
        ("changes-empty", {
            let (s, lines) = (shell(Section::People), Vec::new());
            let (next, is_later) = (None, false);
            ChangesPage { l, s, lines, stale: false, names: true, total: 0, next, is_later }.render().unwrap()
        }),
    ]
}

/// How a source's attributes become profiles.
fn mapping_pages(locale: Locale) -> Pages {
    let l = &lang(locale);
    let overview = samples::overview("Annuaire RH", None);
    let page = |typed: &Typed, told, preview| {
        let found = typed.read(l).err().unwrap_or_default();
        let page = MappingPage::new(l, shell(Section::Sources), &overview.source, typed, &found, told);
        MappingPage { preview, ..page }.render().unwrap()
    };
    let standing = || Typed::standing(Mapping::standard());
    let wrong = standing().with(Target::Title, "title|uper").with(Target::Office, "msDS-office|lower");
    vec![
        ("mapping", page(&standing(), Told::Nothing, None)),
        ("mapping-wrong", page(&wrong, Told::Nothing, None)),
        ("mapping-filled", page(&standing(), Told::Filled("Active Directory"), None)),
        ("mapping-silent", page(&standing(), Told::Silent("/srv/annuaire/export.ldif: no such file".into()), None)),
        ("mapping-changed", page(&standing(), Told::Waits(Waits::Changed), None)),
        ("mapping-run", page(&standing(), Told::Waits(Waits::Run("/runs/1".into())), None)),
        ("mapping-preview", page(&standing(), Told::Nothing, Some(samples::mapping::preview()))),
        ("mapping-preview-nobody", page(&standing(), Told::Nothing, Some(MappingPreview::default()))),
    ]
}

fn pages(locale: Locale) -> Pages {
    let mut pages = public_pages(locale);
    pages.extend(ownership_pages(locale));
    pages.extend(console_pages(locale));
    pages.extend(decided_pages(locale));
    pages.extend(doubtful_pages(locale));
    pages.extend(mapping_pages(locale));
    pages.extend(samples::doors::pages(locale));
    let l = &lang(locale);
    pages.extend(token_pages(l));
    pages.extend(samples::providers::pages(l));
    pages.extend(samples::signatures::pages(l));
    pages.extend(samples::designs::pages(l));
    pages.extend(samples::publications::pages(l));
    pages.extend(samples::outlook::pages(l));
    pages.extend(samples::permissions::pages(l));
    pages.extend(frame::pages(l));
    pages.extend(bulk::pages(&lang(locale)));
    pages.extend(cards::pages(&lang(locale)));
    pages
}

#[test]
fn every_page_says_its_words_and_nothing_inline() {
    for locale in Locale::ALL {
        for (name, html) in pages(locale) {
            assert!(!html.contains('⟦'), "{name} ({}) lacks words: {html}", locale.tag());
            assert!(!html.contains("{$") && !html.contains("{ $"), "{name} lacks an argument");
            // our own modules are the scripts that there are
            let module = |name| format!("<script type=\"module\" src=\"{}\"></script>", assets::url(name));
            let mut rest = html.replace(&module("console.js"), "").replace(&module("door.js"), "");
            // but for the add-in, which Outlook talks to
            if name.starts_with("outlook-") {
                let office = "<script src=\"https://appsforoffice.microsoft.com/lib/1/hosted/office.js\"></script>";
                for own in [office, "<script src=\"/outlook/runtime.js\"></script>"] {
                    rest = rest.replace(own, "");
                }
                rest = rest.replace(&module("outlook-pane.js"), "").replace(&module("outlook-dialog.js"), "");
            }
            let lower = rest.to_lowercase();
            for inline in ["<style", "style=", "<script", " onclick", " onload", " onsubmit", "javascript:"] {
                assert!(!lower.contains(inline), "{name}: {inline}");
            }
            for elsewhere in ["src=\"http", "src=\"//", "url(http"] {
                assert!(!lower.contains(elsewhere), "{name} fetches from elsewhere");
            }
            assert!(html.contains(&format!("<html lang=\"{}\">", locale.tag())), "{name}");
            assert_eq!(html.matches("<h1").count(), 1, "{name} has one heading of the first rank");
            assert_eq!(html.matches("<main").count(), 1, "{name} has one main part");
        }
    }
}

#[test]
fn every_id_stands_once_and_every_label_finds_its_field() {
    for (name, html) in pages(Locale::En) {
        let values = |attribute: &str| -> Vec<String> {
            html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).map(ToOwned::to_owned).collect()
        };
        let ids = values(" id=\"");
        let mut once = ids.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), ids.len(), "{name}: {ids:?}");
        let named = values(" for=\"").into_iter().chain(
            [" aria-describedby=\"", " aria-labelledby=\"", " href=\"#"]
                .into_iter()
                .flat_map(values)
                .flat_map(|list| list.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>()),
        );
        for id in named {
            assert!(ids.contains(&id), "{name} points at {id}, which is not there");
        }
    }
}

#[test]
fn what_people_typed_is_text() {
    for (name, html) in pages(Locale::Fr) {
        assert!(!html.contains("<script>alert"), "{name}");
    }
    let bare = public_pages(Locale::Fr).into_iter().find(|(name, _)| *name == "card-bare").unwrap().1;
    assert!(bare.contains("&#60;script&#62;alert"), "{bare}");
}

#[test]
fn a_version_that_waits_is_told_apart_from_the_one_in_use() {
    let pages: BTreeMap<_, _> = pages(Locale::En).into_iter().collect();
    let other = &pages["plugin-other-signer"];
    for said in [
        "<h1>entra-id 1.2.0</h1>",
        "Version 1.3.0 waits for your word",
        "1.3.0 is signed by another key than 1.2.0: 41C07D9E55B2A608 instead of E7620F1842B4E81F.",
        "button button-main\" type=\"submit\" name=\"then\" value=\"use\"",
    ] {
        assert!(other.contains(said), "{said}: {other}");
    }
    assert!(pages["plugin-other-unsigned"].contains("1.3.0 is not signed, while 1.2.0 is"));
    let more = &pages["plugin-waits"];
    assert!(more.contains("Grant the 2 new ones") && more.contains("value=\"new\""), "{more}");
    assert!(pages["plugin-new"].contains("value=\"all\""));
    let (unusable, list) = (&pages["plugin-unusable"], &pages["plugins-doubtful"]);
    assert!(!unusable.contains("signature verified") && unusable.contains("Upgrade it"), "{unusable}");
    assert!(list.contains("1.3.0 waits"), "{list}");
    assert!(!pages["plugin-template"].contains("f-network"));
    let network = &pages["plugin-network-wrong"];
    assert!(network.contains("value=\"the house\"") && network.contains("That is no network"), "{network}");
    assert!(pages["run-failed"].contains("<h1>Synchronisation of"));
}

#[test]
fn the_gallery_is_written() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/gallery");
    let _ = std::fs::remove_dir_all(&folder);
    assets::write_to(&folder);
    std::fs::create_dir_all(folder.join("styleguide")).unwrap();
    std::fs::write(folder.join("styleguide/themes.css"), themes_css()).unwrap();
    for locale in Locale::ALL {
        for (name, html) in pages(locale) {
            let path = folder.join(format!("{name}.{}.html", locale.tag()));
            std::fs::write(path, html.replace("http-equiv=\"refresh\"", "name=\"refresh\"")).unwrap();
        }
    }
}
