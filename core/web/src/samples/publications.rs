//! Signatures in mailboxes, for the gallery.

use askama::Template as _;
use estampe_domain::signature::publication::{
    LineContent, LineState, Publication, PublicationKind, PublicationLine, PublicationState,
};
use estampe_domain::{PersonId, PublicationId, SourceId};
use estampe_service::{MailboxSources, PlanRefusal, RingRefusal};
use jiff::civil::date;

use super::designs::auditor;
use super::{Sevens, now, shell};
use crate::console::publication::{PublicationPage, Shown};
use crate::console::publication_line::PublicationLinePage;
use crate::console::publication_ring::{PublicationAskPage, RingForm, Which};
use crate::console::publications::{NotPlanned, PlanForm, PublicationsPage};
use crate::console::shell::Section;
use crate::locale::Lang;
use crate::words::publication::not_released;

fn publication(kind: PublicationKind, state: PublicationState, counts: &[(LineState, u64)]) -> Publication {
    let ended = !state.is_open();
    Publication {
        id: PublicationId::new(now(), &Sevens),
        kind,
        source: SourceId::new(now(), &Sevens),
        source_name: "Google Workspace".into(),
        day: date(2026, 12, 24),
        state,
        resumes_in: None,
        why: None,
        ring: 0,
        refused_in_row: 0,
        not_before: None,
        counts: counts.iter().copied().collect(),
        released: 0,
        left: 0,
        started_at: now().plus_seconds(-90_000),
        ended_at: ended.then(|| now().plus_seconds(-400)),
    }
}

pub(crate) fn planned() -> Publication {
    let counts =
        [(LineState::Planned, 1143), (LineState::Unchanged, 40), (LineState::Skipped, 15), (LineState::Failed, 6)];
    publication(PublicationKind::Publish, PublicationState::Planned, &counts)
}

fn writing() -> Publication {
    let counts =
        [(LineState::Planned, 740), (LineState::Applying, 1), (LineState::Done, 402), (LineState::Unchanged, 40)];
    let of = publication(PublicationKind::Publish, PublicationState::Applying, &counts);
    Publication { ring: 2, released: 1143, left: 741, ..of }
}

pub(crate) fn paused(why: &str) -> Publication {
    let (state, resumes_in) = (PublicationState::Paused, Some(PublicationState::Applying));
    Publication { state, resumes_in, why: Some(why.into()), ..writing() }
}

pub(crate) fn drifted() -> Publication {
    let counts = [(LineState::Unchanged, 1139), (LineState::Drifted, 4)];
    publication(PublicationKind::Drift, PublicationState::Done, &counts)
}

fn line(seq: u64, state: LineState, code: Option<&str>) -> PublicationLine {
    let content = LineContent {
        mailbox: "zoe.lefevre@banque-garonne.example".into(),
        address: "zoe.lefevre@banque-garonne.example".into(),
        found: Some(
            "<div dir=\"ltr\"><b>Zoé Lefèvre</b><br>Chargée d’affaires<br><script>alert(1)</script>\
             <a href=\"https://intranet.example/\">Intranet</a></div>"
                .into(),
        ),
        wanted: Some(
            "<table><tr><td><b>Zoé Lefèvre-Núñez</b><br>Directrice des financements d’exportation<br>\
             <a href=\"https://www.banque-garonne.example/\">Banque Garonne</a></td></tr></table>"
                .into(),
        ),
    };
    let person = PersonId::new(now().plus_seconds(i64::try_from(seq).unwrap()), &Sevens);
    let tries = if code == Some("unavailable") { 2 } else { 0 };
    PublicationLine { seq, person, state, code: code.map(str::to_owned), tries, content }
}

/// Some mailboxes, in some states.
fn shown(only_waiting: bool) -> Shown {
    let names = [
        "Amélie Traoré",
        "Bruno Weiss",
        "Zoé Lefèvre-Núñez",
        "",
        "<script>alert(1)</script>",
        "Yann Le Goff",
        "Inès Morel",
        "Paul Roy",
    ];
    let states = [
        (LineState::Planned, None),
        (LineState::Planned, Some("unavailable")),
        (LineState::Done, Some("drifted")),
        (LineState::Failed, Some("denied")),
        (LineState::Skipped, Some("no-signature")),
        (LineState::Unchanged, None),
        (LineState::Failed, Some("shared-address")),
        (LineState::Skipped, Some("unsure")),
    ];
    let lines = names.into_iter().zip(states).zip(0..).map(|((name, (state, code)), seq)| {
        let state = if only_waiting { LineState::Planned } else { state };
        let mut line = line(seq, state, if only_waiting { None } else { code });
        if name.is_empty() {
            line.content = LineContent::default();
        }
        (line, name.to_owned())
    });
    Shown { state: only_waiting.then_some(LineState::Planned), from: 50, lines: lines.collect(), next: Some(100) }
}

fn lists(l: &Lang) -> Vec<(&'static str, String)> {
    let (restored, none) = (
        publication(
            PublicationKind::Restore,
            PublicationState::Stopped,
            &[(LineState::Done, 3), (LineState::Planned, 1)],
        ),
        Vec::new(),
    );
    let all = vec![planned(), writing(), paused("asked"), drifted(), restored];
    let with = MailboxSources {
        with: vec![("Google Workspace".into(), None), ("Google Pau".into(), None)],
        without: vec!["Annuaire RH".into(), "Filiale Pau".into()],
    };
    let without = MailboxSources { with: Vec::new(), ..with.clone() };
    let page = |read: bool, publications: &[Publication], sources: &MailboxSources, refusal: Option<PlanRefusal>| {
        let s = if read { auditor() } else { shell(Section::Signatures) };
        let (source, kind, query) = ("Google Pau".into(), "restore".into(), "toulouse".into());
        let form = PlanForm { source, kind, query, ..PlanForm::default() };
        let form = if refusal.is_some() { form } else { PlanForm::default() };
        let refused = refusal.map(|refusal| NotPlanned::refused(l, &refusal)).unwrap_or_default();
        PublicationsPage::new(l, s, (publications, sources), &form, refused).render().unwrap()
    };
    let (open, look) = (PlanRefusal::Open(PublicationId::new(now(), &Sevens)), drifted());
    let form = PlanForm { source: look.source_name.clone(), kind: "publish".into(), ..PlanForm::default() };
    let anew = (shell(Section::Signatures), NotPlanned::refused(l, &open));
    let anew = PublicationsPage::new(l, anew.0, (&all, &with), &form, anew.1).anew(Some(&look)).render().unwrap();
    vec![
        ("publications-anew", anew),
        ("publications", page(false, &all, &with, None)),
        ("publications-read", page(true, &all, &with, None)),
        ("publications-first", page(false, &none, &with, None)),
        ("publications-no-source", page(false, &none, &without, None)),
        ("publications-wrong", page(false, &all, &with, Some(PlanRefusal::NoGroup("Nulle part".into())))),
        ("publications-open", page(false, &all, &with, Some(open))),
        ("publications-never-read", page(false, &all, &with, Some(PlanRefusal::NeverRead("Google Pau".into())))),
    ]
}

fn ones(l: &Lang) -> Vec<(&'static str, String)> {
    let page = |of: &Publication, shown: &Shown| {
        PublicationPage::new(l, shell(Section::Signatures), of, shown).render().unwrap()
    };
    let reading = publication(
        PublicationKind::Publish,
        PublicationState::Planning,
        &[(LineState::Waiting, 300), (LineState::Planned, 890)],
    );
    let reading = Publication { not_before: Some(now().plus_seconds(65)), ..reading };
    let done = publication(PublicationKind::Publish, PublicationState::Done, &[(LineState::Done, 1143)]);
    let done = Publication { ring: 2, released: 1143, ..done };
    let planned = planned();
    let (waiting, some) = (shown(true), shown(false));
    let mut refused = PublicationPage::new(l, shell(Section::Signatures), &planned, &waiting);
    (refused.which, refused.refused) = (Which::Ticked, Some(not_released(RingRefusal::NotAdministrator)));
    refused.ticked = waiting.lines.iter().take(2).map(|(line, _)| line.person.to_string()).collect();
    let ring_two = Publication { ring: 1, released: 5, ..planned.clone() };
    let mut number = PublicationPage::new(l, shell(Section::Signatures), &ring_two, &waiting);
    number.which = Which::First;
    number.how_many.value = "some".into();
    number.how_many.problem = Some(l.t("publication-ring-number").to_string());
    let read = PublicationPage::new(l, auditor(), &planned, &some).render().unwrap();
    let none = Shown { state: Some(LineState::Failed), ..Shown::default() };
    vec![
        ("publication", page(&planned, &waiting)),
        ("publication-read", read),
        ("publication-reads", page(&reading, &Shown { next: None, from: 0, ..shown(true) })),
        ("publication-writes", page(&writing(), &some)),
        ("publication-paused", page(&paused("asked"), &some)),
        ("publication-hindered", page(&paused("denied"), &some)),
        ("publication-done", page(&done, &some)),
        ("publication-drifted", page(&drifted(), &none)),
        ("publication-refused", refused.render().unwrap()),
        ("publication-number", number.render().unwrap()),
    ]
}

fn asks(l: &Lang) -> Vec<(&'static str, String)> {
    let form = RingForm { which: Some(Which::First), first: "5".into(), ..RingForm::default() };
    let restore = publication(PublicationKind::Restore, PublicationState::Planned, &[(LineState::Planned, 1)]);
    let ask = |of: &Publication, count, second| {
        let s = shell(Section::Signatures);
        PublicationAskPage { l, s, of, form: &form, count, second }.render().unwrap()
    };
    vec![("publication-ask", ask(&planned(), 5, false)), ("publication-ask-restore", ask(&restore, 1, true))]
}

fn lines(l: &Lang) -> Vec<(&'static str, String)> {
    let page = |of: &Publication, line: &PublicationLine| {
        let (s, name) = (shell(Section::Signatures), "Zoé Lefèvre-Núñez");
        PublicationLinePage { l, s, of, line, name }.render().unwrap()
    };
    let planned_line = line(2, LineState::Planned, None);
    let mut nothing = line(3, LineState::Failed, Some("not-found"));
    (nothing.content.found, nothing.content.wanted) = (None, None);
    let mut changed = line(4, LineState::Drifted, None);
    changed.content.wanted = None;
    let mut alike = line(5, LineState::Done, None);
    alike.content.found.clone_from(&alike.content.wanted);
    alike.content.mailbox = "zoe@banque-garonne.example".into();
    vec![
        ("publication-line", page(&planned(), &planned_line)),
        ("publication-line-failed", page(&planned(), &nothing)),
        ("publication-line-drifted", page(&drifted(), &changed)),
        ("publication-line-alike", page(&planned(), &alike)),
    ]
}

pub(crate) fn pages(l: &Lang) -> Vec<(&'static str, String)> {
    lists(l).into_iter().chain(ones(l)).chain(asks(l)).chain(lines(l)).collect()
}
