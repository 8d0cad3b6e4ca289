//! Designs and rules of signatures for the gallery.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template as _;
use estampe_domain::plugin::{ConfigKey, ConfigKind, PluginInfo};
use estampe_domain::signature::{Picture, PictureFile, PictureKind, PictureProblem, Rule, RuleSettings, Who};
use estampe_domain::text::TextProblem;
use estampe_domain::{BlobId, Locale, SignatureRuleId};
use estampe_service::{DesignForm, PictureDetail, PictureRefusal, SignatureOverview, SignatureProblem};
use jiff::civil::date;

use super::{Sevens, extensions, now, shell, summary};
use crate::console::shell::{Section, Shell};
use crate::console::signature_designs::{DesignPage, Look, standing};
use crate::console::signature_pictures::PicturesPage;
use crate::console::signature_rules::{RulePage, Sent};
use crate::console::signatures::{SignaturesPage, Tester};
use crate::console::source_form::Found;
use crate::locale::Lang;
use crate::words::signature::problems;

fn template(id: &str) -> PluginInfo {
    let key = |kind, fr: &str, en: &str| ConfigKey {
        kind,
        required: false,
        secret: false,
        lines: false,
        default: None,
        example: None,
        choices: Vec::new(),
        minimum: None,
        maximum: None,
        description: [("fr".to_owned(), fr.to_owned()), ("en".to_owned(), en.to_owned())].into(),
    };
    let logo = ConfigKey {
        example: Some("https://www.garonne.example/logo.png".into()),
        ..key(ConfigKind::Picture, "L’adresse du logo.", "The logo’s address.")
    };
    let width = ConfigKey {
        default: Some("96".into()),
        minimum: Some(16),
        maximum: Some(400),
        ..key(ConfigKind::Integer, "La largeur du logo, en pixels.", "The logo’s width in pixels.")
    };
    let notice = key(ConfigKind::String, "La mention légale en français.", "The legal notice in French.");
    let info = extensions::template().current.unwrap().info;
    PluginInfo {
        id: id.into(),
        description: [
            ("fr".to_owned(), "Une signature de courriel sobre.".to_owned()),
            ("en".to_owned(), "A sober e-mail signature.".to_owned()),
        ]
        .into(),
        config: [("logo", logo), ("logo-width", width), ("legal-notice-fr", notice)]
            .map(|(name, key)| (name.to_owned(), key))
            .into(),
        ..info
    }
}

fn overview() -> SignatureOverview {
    let detail = super::signatures::detail();
    let mut design = detail.design.unwrap();
    design.config = BTreeMap::from([
        (
            "legal-notice-fr".to_owned(),
            "Banque Garonne, société anonyme au capital de 12 000 000 €, 18 avenue de l’Europe, 31520 Ramonville"
                .to_owned(),
        ),
        ("logo".to_owned(), "https://www.banque-garonne.example/communication/logo-signature.png".to_owned()),
    ]);
    let group = super::groups().groups.remove(0);
    let who = Who {
        groups: [group.id].into(),
        offices: ["Agence de Toulouse".to_owned(), "Agence de Pau".to_owned()].into(),
        languages: BTreeSet::from([Locale::Fr]),
    };
    let rule = |name: &str, seconds, settings| Rule {
        id: SignatureRuleId::new(now().plus_seconds(seconds), &Sevens),
        name: name.into(),
        settings,
    };
    let summer = RuleSettings { until: Some(date(2026, 8, 31)), who, ..detail.rules[1].settings.clone() };
    let open_days = RuleSettings {
        from: Some(date(2026, 11, 1)),
        until: Some(date(2026, 12, 1)),
        ..detail.rules[0].settings.clone()
    };
    let mut rules = detail.rules;
    rules.insert(1, rule("Portes ouvertes", 10, open_days));
    rules.insert(2, rule("Été", 11, summer));
    SignatureOverview {
        templates: vec![template("signature-classic"), template("signature-compact")],
        designs: vec![design],
        rules,
        groups: BTreeMap::from([(group.id, group)]),
        alike: BTreeSet::new(),
        pictures: pictures().into_iter().map(|one| (one.address, one.picture.name)).collect(),
    }
}

/// Two pictures, one of them in use.
fn pictures() -> Vec<PictureDetail> {
    let picture = |name: &str, kind, (width, height), users: &[&str]| {
        let blob = BlobId::of(name.as_bytes());
        let file = PictureFile::of(&blob, kind);
        let address = format!("https://cartes.banque-garonne.example/i/{file}");
        let picture = Picture { file, name: name.into(), kind, blob, width, height, octets: 48_210, created_at: now() };
        PictureDetail { picture, address, designs: users.iter().map(ToString::to_string).collect(), rules: Vec::new() }
    };
    vec![
        picture("Logo 2026", PictureKind::Png, (384, 192), &["Banque Garonne"]),
        picture("Salon de Toulouse", PictureKind::Jpeg, (1200, 300), &[]),
    ]
}

/// Who sees and does not change.
pub(crate) fn auditor() -> Shell {
    let mut shell = shell(Section::Signatures);
    (shell.sees.changes_signatures, shell.sees.publishes) = (false, false);
    shell
}

fn tester(found: Option<Vec<estampe_domain::person::PersonSummary>>, day: &str) -> Tester {
    Tester { query: "lefèvre".into(), day: day.into(), found, wrong_day: day.len() < 10 }
}

fn lists(l: &Lang) -> Vec<(&'static str, String)> {
    let whole = overview();
    let no_rule = SignatureOverview { rules: Vec::new(), ..overview() };
    let no_design = SignatureOverview { designs: Vec::new(), ..no_rule.clone() };
    let no_template = SignatureOverview { templates: Vec::new(), ..no_design.clone() };
    let quiet = tester(None, "2026-12-24");
    let page = |s: Shell, overview: &SignatureOverview, tester: &Tester, changed: bool| {
        let newest = super::publications::planned();
        let newest = Some(&newest).filter(|_| !overview.rules.is_empty() && !changed);
        SignaturesPage { l, s, overview, tester, changed, newest }.render().unwrap()
    };
    let own = || shell(Section::Signatures);
    let two = vec![summary("Zoé Lefèvre-Núñez", "Ingénieure", true), summary("Paul Lefèvre", "Juriste", true)];
    vec![
        ("signatures", page(own(), &whole, &quiet, false)),
        ("signatures-read", page(auditor(), &whole, &quiet, false)),
        ("signatures-read-empty", page(auditor(), &no_design, &quiet, false)),
        ("signatures-changed", page(own(), &whole, &quiet, true)),
        ("signatures-several", page(own(), &whole, &tester(Some(two), "2026-12-24"), false)),
        ("signatures-nobody", page(own(), &whole, &tester(Some(Vec::new()), "2026-12-24"), false)),
        ("signatures-no-day", page(own(), &whole, &tester(None, "demain"), false)),
        ("signatures-no-rule", page(own(), &no_rule, &quiet, false)),
        ("signatures-no-design", page(own(), &no_design, &quiet, false)),
        ("signatures-no-template", page(own(), &no_template, &quiet, false)),
    ]
}

fn designs(l: &Lang) -> Vec<(&'static str, String)> {
    let whole = overview();
    let free = SignatureOverview { rules: Vec::new(), ..overview() };
    let no_template = SignatureOverview { templates: Vec::new(), ..overview() };
    let design = &whole.designs[0];
    let own = || shell(Section::Signatures);
    let none = Found::new();
    let wrong = problems(
        l,
        &vec![
            ("name".to_owned(), SignatureProblem::Text(TextProblem::Empty)),
            (
                "config.logo-width".to_owned(),
                SignatureProblem::Config(estampe_domain::manifest::ConfigProblem::NoInteger(16, 400)),
            ),
        ],
    );
    let mut typed = standing(design);
    typed.name.clear();
    typed.config.insert("logo-width".into(), "9".into());
    let of = |s, overview, found: &Found, look, changed, kept| {
        let template = SignatureOverview::template(overview, &design.plugin);
        let form = if found.is_empty() { standing(design) } else { typed.clone() };
        let mut page = DesignPage::new(l, s, overview, (Some(design), template), &form, found);
        (page.look, page.changed, page.kept) = (look, changed, kept);
        page.render().unwrap()
    };
    let fresh = |overview: &SignatureOverview, chosen: Option<&str>| {
        let template = chosen.and_then(|id| overview.template(id));
        DesignPage::new(l, own(), overview, (None, template), &DesignForm::default(), &none).render().unwrap()
    };
    let failed =
        Look::Failed("the plugin signature-classic is disabled: estampe plugin enable signature-classic".into());
    vec![
        ("design", of(own(), &whole, &none, Look::Shown, false, false)),
        ("design-free", of(own(), &free, &none, Look::Nobody, false, false)),
        ("design-read", of(auditor(), &whole, &none, Look::Shown, false, false)),
        ("design-wrong", of(own(), &whole, &wrong, Look::Shown, false, false)),
        ("design-changed", of(own(), &whole, &none, Look::Shown, true, false)),
        ("design-kept", of(own(), &whole, &none, Look::Shown, false, true)),
        ("design-without-template", of(own(), &no_template, &none, failed, false, false)),
        ("design-new", fresh(&whole, Some("signature-classic"))),
        ("design-new-choose", fresh(&whole, None)),
        ("design-new-none", fresh(&no_template, None)),
    ]
}

fn picture_pages(l: &Lang) -> Vec<(&'static str, String)> {
    let all = pictures();
    let page = |s| PicturesPage::new(l, s, &all, "");
    let own = || shell(Section::Signatures);
    let mut wrong = PicturesPage::new(l, own(), &all, "Bandeau <script>alert(1)</script>");
    wrong.refused(&PictureRefusal::File(PictureProblem::TooHeavy(812_345)));
    vec![
        ("pictures", page(own()).render().unwrap()),
        ("pictures-none", PicturesPage::new(l, own(), &[], "").render().unwrap()),
        ("pictures-read", page(auditor()).render().unwrap()),
        ("pictures-wrong", wrong.render().unwrap()),
        ("pictures-kept", PicturesPage { kept: Some("Logo 2026"), ..page(own()) }.render().unwrap()),
    ]
}

fn rules(l: &Lang) -> Vec<(&'static str, String)> {
    let whole = overview();
    let own = || shell(Section::Signatures);
    let none = Found::new();
    let of = |s, rule: &Rule, found: &Found, changed| {
        let typed = Sent::from(whole.form(rule));
        let mut page = RulePage::new(l, s, &whole, Some(rule), &typed, found);
        page.changed = changed;
        page.render().unwrap()
    };
    let wrong = problems(
        l,
        &vec![
            ("name".to_owned(), SignatureProblem::Taken),
            ("groups".to_owned(), SignatureProblem::NoGroup("<script>alert(1)</script>".into())),
            ("until".to_owned(), SignatureProblem::Backwards(date(2026, 8, 31), date(2026, 9, 1))),
            ("design".to_owned(), SignatureProblem::GivesNothing),
        ],
    );
    let new = RulePage::new(l, own(), &whole, None, &Sent::default(), &none).render().unwrap();
    vec![
        ("rule", of(own(), &whole.rules[2], &none, false)),
        ("rule-read", of(auditor(), &whole.rules[2], &none, false)),
        ("rule-wrong", of(own(), &whole.rules[2], &wrong, false)),
        ("rule-changed", of(own(), &whole.rules[0], &none, true)),
        ("rule-new", new),
    ]
}

pub(crate) fn pages(l: &Lang) -> Vec<(&'static str, String)> {
    lists(l).into_iter().chain(designs(l)).chain(rules(l)).chain(picture_pages(l)).collect()
}
