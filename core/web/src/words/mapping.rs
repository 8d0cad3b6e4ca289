//! A mapping's fields, presets and mistakes, in words.

use estampe_domain::mapping::{Preset, RuleProblem, Target};
use estampe_texts::key;

use crate::locale::Lang;

/// The name of a field that a rule fills in.
pub(crate) const fn target(target: Target) -> &'static str {
    match target {
        Target::Name => key("field-name"),
        Target::GivenName => key("mapping-given-name"),
        Target::FamilyName => key("mapping-family-name"),
        Target::Pronouns => key("field-pronouns"),
        Target::Title => key("field-title"),
        Target::Organisation => key("field-organisation"),
        Target::Department => key("field-department"),
        Target::Office => key("field-office"),
        Target::PhoneWork => key("mapping-phone-work"),
        Target::PhoneMobile => key("mapping-phone-mobile"),
        Target::Emails => key("field-emails"),
        Target::Links => key("field-links"),
        Target::Street => key("mapping-street"),
        Target::PostalCode => key("mapping-postal-code"),
        Target::City => key("mapping-city"),
        Target::Region => key("mapping-region"),
        Target::Country => key("mapping-country"),
        Target::Language => key("field-language"),
    }
}

/// A preset's name, and which directory it is for.
pub(crate) fn preset(l: &Lang, preset: &Preset) -> String {
    let description = match preset.id {
        "active-directory" => "mapping-preset-active-directory",
        "openldap" => "mapping-preset-openldap",
        "freeipa" => "mapping-preset-freeipa",
        _ => "mapping-preset-standard",
    };
    format!("{} – {}", preset.name, l.t(description))
}

/// What is wrong with an expression.
pub(crate) fn problem(l: &Lang, problem: &RuleProblem) -> String {
    match problem {
        RuleProblem::Empty => l.t("problem-empty").to_string(),
        RuleProblem::TooLong(max) => l.t("problem-too-long").with("max", *max).to_string(),
        RuleProblem::Syntax(why) => l.t("problem-rule-syntax").with("why", why.as_str()).to_string(),
        RuleProblem::OpenQuote => l.t("problem-rule-quote").to_string(),
        RuleProblem::NoFilter(name, names) => {
            l.t("problem-rule-filter").with("name", name.as_str()).with("names", names.join(", ").as_str()).to_string()
        }
        RuleProblem::NoPlace(what) => l.t("problem-rule-place").with("what", what.as_str()).to_string(),
        RuleProblem::InBrackets(name) => l.t("problem-rule-brackets").with("name", name.as_str()).to_string(),
        RuleProblem::Secret(name) => l.t("problem-rule-secret").with("name", name.as_str()).to_string(),
        RuleProblem::NoPattern(filter) => l.t("problem-rule-no-pattern").with("filter", filter.as_str()).to_string(),
        RuleProblem::Pattern(pattern, why) => {
            l.t("problem-rule-pattern").with("pattern", pattern.as_str()).with("why", why.as_str()).to_string()
        }
    }
}
