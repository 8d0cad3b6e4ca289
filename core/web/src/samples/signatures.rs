//! Signatures for the gallery.

use std::collections::BTreeMap;

use askama::Template as _;
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::signature::{Design, Rule, RuleSettings, Signature, Subject, decide};
use estampe_domain::{DesignId, Locale, SignatureRuleId};
use estampe_service::{SignatureDetail, TestMailRefusal};
use jiff::civil::date;

use super::{Sevens, employee, now, shell, summary};
use crate::console::shell::Section;
use crate::console::signature::SignaturePage;
use crate::console::signature_mail::Mailed;
use crate::locale::Lang;

/// What Zoé gets in December.
pub(crate) fn detail() -> SignatureDetail {
    let design = Design {
        id: DesignId::new(now(), &Sevens),
        name: "Banque Garonne".into(),
        plugin: "signature-classic".into(),
        config: BTreeMap::new(),
        created_at: now(),
    };
    let rule = |name: &str, seconds, settings| Rule {
        id: SignatureRuleId::new(now().plus_seconds(seconds), &Sevens),
        name: name.into(),
        settings,
    };
    let notice = |text: &str| BTreeMap::from([("legal-notice-fr".to_owned(), text.to_owned())]);
    let season = RuleSettings {
        from: Some(date(2026, 12, 1)),
        until: Some(date(2026, 12, 31)),
        values: notice("Joyeuses fêtes"),
        ..RuleSettings::default()
    };
    let paris = RuleSettings {
        who: estampe_domain::signature::Who { offices: ["Paris".to_owned()].into(), ..Default::default() },
        design: Some(design.id),
        ..RuleSettings::default()
    };
    let all = RuleSettings { design: Some(design.id), values: notice("Banque mutuelle"), ..RuleSettings::default() };
    let rules = vec![rule("Fêtes", 0, season), rule("Siège parisien", 1, paris), rule("Tout le monde", 2, all)];
    let day = date(2026, 12, 24);
    let whom = Subject { groups: [].into(), office: Some("Toulouse".into()), locale: Locale::Fr };
    let made = Signature { html: "<table></table>".into(), text: "Zoé".into() };
    SignatureDetail {
        person: summary("Zoé Lefèvre-Núñez", "Ingénieure", true),
        day,
        locale: Locale::Fr,
        decision: decide(&rules, &whom, day),
        rules,
        design: Some(design),
        ignored: vec!["banner".into()],
        made: Some(Ok(made)),
    }
}

pub(crate) fn pages(l: &Lang) -> Vec<(&'static str, String)> {
    let whole = detail();
    let none = SignatureDetail { design: None, made: None, ignored: Vec::new(), ..detail() };
    let failed = PluginFailure::new(
        FailKind::Denied,
        "the plugin signature-classic is disabled: estampe plugin enable signature-classic",
    );
    let broken = SignatureDetail { made: Some(Err(failed)), ..detail() };
    let mail = |detail: &SignatureDetail, rules, wrong_day, mailed: Option<Mailed>| {
        let s = if rules { shell(Section::People) } else { employee(detail.person.id) };
        let mailed = mailed.map(|mailed| (mailed, mailed.words(l, "mireille@banque-garonne.example")));
        SignaturePage { l, s, detail, rules, wrong_day, mailed }.render().unwrap()
    };
    let page = |detail: &SignatureDetail, rules, wrong_day| mail(detail, rules, wrong_day, None);
    vec![
        ("signature", page(&whole, true, false)),
        ("signature-own", page(&whole, false, false)),
        ("signature-mailed", mail(&whole, true, false, Some(Mailed::Sent))),
        ("signature-not-mailed", mail(&whole, false, false, Some(Mailed::Refused(TestMailRefusal::NoServer)))),
        ("signature-none", page(&none, true, true)),
        ("signature-broken", page(&broken, true, false)),
    ]
}
