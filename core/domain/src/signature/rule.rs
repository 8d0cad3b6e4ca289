//! Rules: which design, banner and notice for whom, and when.
//!
//! Rules are asked in their order. Each may give a design, and values of the template's
//! configuration (a banner, a notice); the first rule that fits and gives something wins for
//! that alone, so that a campaign lends its banner for a month and leaves the design to the
//! rules below it. [`decide`] says of each rule what it gave, or why it gave nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{DesignId, GroupId, SignatureRuleId};
use crate::locale::Locale;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id.
    pub id: SignatureRuleId,
    /// Its name, unique, chosen by whoever made it.
    pub name: String,
    /// What it says.
    pub settings: RuleSettings,
}

/// What a rule says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSettings {
    /// Whom it is for.
    pub who: Who,
    /// Its first day.
    pub from: Option<Date>,
    /// Its last day.
    pub until: Option<Date>,
    /// The design that it gives.
    pub design: Option<DesignId>,
    /// Values that it gives, by the template's keys: they take the place of the design's.
    pub values: BTreeMap<String, String>,
}

/// Whom a rule is for: who is in each list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Who {
    /// In one of these groups, through others too.
    pub groups: BTreeSet<GroupId>,
    /// At one of these offices; letter case does not count.
    pub offices: BTreeSet<String>,
    /// With one of these languages.
    pub languages: BTreeSet<Locale>,
}

impl Who {
    /// Whether it is for everybody.
    pub fn is_everybody(&self) -> bool {
        self.groups.is_empty() && self.offices.is_empty() && self.languages.is_empty()
    }
}

/// Whom a signature is for, as rules see them.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Their groups.
    pub groups: BTreeSet<GroupId>,
    /// Their office.
    pub office: Option<String>,
    /// The language of their signature.
    pub locale: Locale,
}

/// Something that is decided by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// The design.
    Design,
    /// The value of this key.
    Value(String),
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It gave these; none: all that it gives was given by rules above it.
    Fits(Vec<Aspect>),
    /// Its first day is yet to come.
    Early(Date),
    /// Its last day is over.
    Over(Date),
    /// They are in none of its groups.
    Group,
    /// They are at none of its offices.
    Office,
    /// Their language is none of its.
    Language,
}

/// What somebody gets, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The design, and the rule that gave it; none: no signature.
    pub design: Option<(DesignId, SignatureRuleId)>,
    /// The values, and the rule that gave each.
    pub values: BTreeMap<String, (String, SignatureRuleId)>,
    /// Each rule in its order, and what became of it.
    pub verdicts: Vec<(SignatureRuleId, Verdict)>,
}

impl RuleSettings {
    /// Why it does not concern somebody on a day; none: it does.
    fn why_not(&self, whom: &Subject, day: Date) -> Option<Verdict> {
        if let Some(from) = self.from.filter(|from| day < *from) {
            return Some(Verdict::Early(from));
        }
        if let Some(until) = self.until.filter(|until| day > *until) {
            return Some(Verdict::Over(until));
        }
        let Who { groups, offices, languages } = &self.who;
        if !groups.is_empty() && groups.is_disjoint(&whom.groups) {
            return Some(Verdict::Group);
        }
        let same = |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
        let is_at = |office: &String| whom.office.as_deref().is_some_and(|theirs| same(theirs, office));
        if !offices.is_empty() && !offices.iter().any(is_at) {
            return Some(Verdict::Office);
        }
        (!languages.is_empty() && !languages.contains(&whom.locale)).then_some(Verdict::Language)
    }
}

/// What somebody gets on a day, by rules in their order.
pub fn decide(rules: &[Rule], whom: &Subject, day: Date) -> Decision {
    let mut decision = Decision::default();
    for Rule { id, settings, .. } in rules {
        let verdict = settings.why_not(whom, day).unwrap_or_else(|| Verdict::Fits(decision.take(*id, settings)));
        decision.verdicts.push((*id, verdict));
    }
    decision
}

impl Decision {
    /// Takes what a rule gives and no rule above it gave.
    fn take(&mut self, rule: SignatureRuleId, settings: &RuleSettings) -> Vec<Aspect> {
        let mut given = Vec::new();
        if let Some(design) = settings.design.filter(|_| self.design.is_none()) {
            self.design = Some((design, rule));
            given.push(Aspect::Design);
        }
        for (key, value) in &settings.values {
            if !self.values.contains_key(key) {
                self.values.insert(key.clone(), (value.clone(), rule));
                given.push(Aspect::Value(key.clone()));
            }
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::ports::Random;
    use crate::time::Ts;

    struct Of(u8);

    impl Random for Of {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn group(of: u8) -> GroupId {
        GroupId::new(Ts::from_micros(0), &Of(of))
    }

    fn design(of: u8) -> DesignId {
        DesignId::new(Ts::from_micros(0), &Of(of))
    }

    fn rule(of: u8, settings: RuleSettings) -> Rule {
        Rule { id: SignatureRuleId::new(Ts::from_micros(0), &Of(of)), name: format!("rule {of}"), settings }
    }

    fn zoe() -> Subject {
        Subject { groups: [group(1), group(2)].into(), office: Some("Toulouse".to_owned()), locale: Locale::Fr }
    }

    fn values(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_campaign_lends_its_banner_and_leaves_the_design() {
        let campaign = RuleSettings {
            from: Some(date(2026, 12, 1)),
            until: Some(date(2026, 12, 31)),
            values: values(&[("banner", "https://a.example/noel.png")]),
            ..RuleSettings::default()
        };
        let bank = RuleSettings {
            design: Some(design(1)),
            values: values(&[("banner", "https://a.example/all-year.png"), ("legal-notice-fr", "Siège")]),
            ..RuleSettings::default()
        };
        let rules = [rule(1, campaign), rule(2, bank)];
        let on = |day| decide(&rules, &zoe(), day);
        for (day, banner) in [
            (date(2026, 11, 30), "https://a.example/all-year.png"),
            (date(2026, 12, 1), "https://a.example/noel.png"),
            (date(2026, 12, 31), "https://a.example/noel.png"),
            (date(2027, 1, 1), "https://a.example/all-year.png"),
        ] {
            let decision = on(day);
            assert_eq!(decision.values["banner"].0, banner, "{day}");
            assert_eq!(
                (decision.design, &decision.values["legal-notice-fr"].0[..]),
                (Some((design(1), rules[1].id)), "Siège")
            );
        }
        assert_eq!(on(date(2026, 11, 30)).verdicts[0].1, Verdict::Early(date(2026, 12, 1)));
        assert_eq!(on(date(2027, 1, 1)).verdicts[0].1, Verdict::Over(date(2026, 12, 31)));
        let christmas = on(date(2026, 12, 24)).verdicts;
        assert_eq!(christmas[0].1, Verdict::Fits(vec![Aspect::Value("banner".to_owned())]));
        let rest = vec![Aspect::Design, Aspect::Value("legal-notice-fr".to_owned())];
        assert_eq!(christmas[1].1, Verdict::Fits(rest));
    }

    #[test]
    fn every_list_has_to_fit() {
        let who = |groups: &[u8], offices: &[&str], languages: &[Locale]| RuleSettings {
            who: Who {
                groups: groups.iter().map(|of| group(*of)).collect(),
                offices: offices.iter().map(|office| (*office).to_owned()).collect(),
                languages: languages.iter().copied().collect(),
            },
            design: Some(design(1)),
            ..RuleSettings::default()
        };
        let verdict = |settings| decide(&[rule(1, settings)], &zoe(), date(2026, 1, 1)).verdicts[0].1.clone();
        let fits = Verdict::Fits(vec![Aspect::Design]);
        assert_eq!(verdict(who(&[], &[], &[])), fits);
        assert_eq!(verdict(who(&[9, 2], &["PARIS", "toulouse "], &[Locale::En, Locale::Fr])), fits);
        assert_eq!(verdict(who(&[9], &["Toulouse"], &[])), Verdict::Group);
        assert_eq!(verdict(who(&[1], &["Paris"], &[])), Verdict::Office);
        assert_eq!(verdict(who(&[1], &["Toulouse"], &[Locale::En])), Verdict::Language);
        let homeless = Subject { office: None, ..zoe() };
        let decision = decide(&[rule(1, who(&[], &["Toulouse"], &[]))], &homeless, date(2026, 1, 1));
        assert_eq!((decision.design, &decision.verdicts[0].1), (None, &Verdict::Office));
    }

    fn settings() -> impl Strategy<Value = RuleSettings> {
        let day = (1i16..=28).prop_map(|day| date(2026, 2, i8::try_from(day).unwrap()));
        let days = (prop::option::of(day.clone()), prop::option::of(day));
        let who = (prop::collection::btree_set(1u8..4, 0..2), prop::collection::btree_set("[AB]", 0..2), any::<bool>());
        let gives = (prop::option::of(1u8..4), prop::collection::btree_map("[xyz]", "[a-c]", 0..3));
        (days, who, gives).prop_map(|((from, until), (groups, offices, french), (gives, values))| RuleSettings {
            who: Who {
                groups: groups.into_iter().map(group).collect(),
                offices,
                languages: french.then_some(Locale::Fr).into_iter().collect(),
            },
            from,
            until,
            design: gives.map(design),
            values,
        })
    }

    proptest! {
        #[test]
        fn each_thing_is_given_once_by_the_first_that_fits(
            all in prop::collection::vec(settings(), 0..8), day in 1i8..=28, groups in prop::collection::btree_set(1u8..4, 0..3),
            office in prop::option::of("[ABab]"), french in any::<bool>(),
        ) {
            let rules: Vec<_> = (1u8..).zip(all).map(|(of, settings)| rule(of, settings)).collect();
            let locale = if french { Locale::Fr } else { Locale::En };
            let whom = Subject { groups: groups.into_iter().map(group).collect(), office, locale };
            let day = date(2026, 2, day);
            let decision = decide(&rules, &whom, day);
            prop_assert_eq!(decision.verdicts.len(), rules.len());
            let fitting: Vec<_> = rules.iter().zip(&decision.verdicts).filter(|(_, (_, verdict))| matches!(verdict, Verdict::Fits(_))).map(|(rule, _)| rule).collect();
            let first = fitting.iter().find_map(|rule| Some((rule.settings.design?, rule.id)));
            prop_assert_eq!(decision.design, first);
            for key in ["x", "y", "z"] {
                let first = fitting.iter().find_map(|rule| Some((rule.settings.values.get(key)?.clone(), rule.id)));
                prop_assert_eq!(decision.values.get(key).cloned(), first);
            }
            // what no rule says away from is left to nobody: the settings survive being kept
            for rule in &rules {
                let kept: RuleSettings = serde_json::from_str(&serde_json::to_string(&rule.settings).unwrap()).unwrap();
                prop_assert_eq!(&kept, &rule.settings);
            }
        }
    }
}
