//! How a directory's attributes become a person's profile: rules of a source, one for each
//! field. Mapping is the host's, so that every connector's people look alike.
//!
//! Most rules only name attributes (`displayName or cn`) and are read without an interpreter;
//! the others are expressions ([`Rule`]).

mod expression;
mod filters;
mod phone;
mod preset;
mod reading;
mod rule;
mod scan;
mod target;
#[cfg(test)]
mod tests;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use phone::{Country, NoCountry, entered};
pub use preset::Preset;
pub use rule::{Rule, RuleProblem};
pub use target::{NoTarget, Target};
pub use writing::NotWritten;

use crate::ldap::is_secret;
use crate::person::{NotAPerson, Profile};
use crate::plugin::SourcePerson;
use crate::text::{Email, Line};
use reading::Reading;

/// The rules of a source. What has no rule stays empty; a name is then made of what there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// What fills in which field.
    pub rules: BTreeMap<Target, Rule>,
    /// The country whose telephone numbers are written without their country's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
}

/// The mapped profile and whatever was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The profile, without a photo yet.
    pub profile: Profile,
    /// What could not be used; the rest was taken: an attribute by its name, an expression's
    /// value by its field, an expression that failed with the reason.
    pub left_out: Vec<String>,
}

/// What is to be changed of a mapping; what is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MappingChange {
    /// Begin with the rules of this preset, not with those that stand.
    pub preset: Option<String>,
    /// Expressions by the field's name; an empty one takes the rule away.
    pub set: BTreeMap<String, String>,
    /// Two letters; empty for none.
    pub country: Option<String>,
}

/// What is wrong with a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingProblem {
    /// A rule: its field and its expression as they were given, and why.
    #[error("{target}: \"{expression}\": {problem}")]
    Rule {
        /// The field.
        target: Target,
        /// The expression.
        expression: String,
        /// What is wrong with it.
        problem: RuleProblem,
    },
    /// No field has this name.
    #[error("{0}: {NoTarget}")]
    Target(String),
    /// No preset has this id.
    #[error("preset: \"{0}\": there is none of this id; there are: {ids}", ids = Preset::ids())]
    Preset(String),
    /// No country.
    #[error("country: \"{0}\": {NoCountry}")]
    Country(String),
    /// Nothing would give anybody a name.
    #[error("name: it, given-name, family-name or emails needs an expression: without one of them nobody has a name")]
    Nameless,
}

/// The fields of which each alone makes somebody of an entry.
const NAMING: [Target; 4] = [Target::Name, Target::GivenName, Target::FamilyName, Target::Emails];

static STANDARD: LazyLock<Mapping> = LazyLock::new(|| Preset::STANDARD.mapping());

impl Default for Mapping {
    fn default() -> Self {
        Self::standard().clone()
    }
}

impl Mapping {
    /// What is mapped as long as nobody says otherwise.
    pub fn standard() -> &'static Self {
        &STANDARD
    }

    /// The mapping after a change, or all that is wrong with that.
    pub fn changed(&self, change: &MappingChange) -> Result<Self, Vec<MappingProblem>> {
        let mut problems = Vec::new();
        let mut mapping = self.clone();
        if let Some(id) = &change.preset {
            match Preset::of(id) {
                Some(preset) => mapping.rules = preset.mapping().rules,
                None => problems.push(MappingProblem::Preset(id.clone())),
            }
        }
        for (name, expression) in &change.set {
            let Ok(target) = name.parse::<Target>() else {
                problems.push(MappingProblem::Target(name.clone()));
                continue;
            };
            if expression.trim().is_empty() {
                mapping.rules.remove(&target);
                continue;
            }
            // here and not where a rule is read: what is stored has to stay readable
            let parsed = expression.parse::<Rule>().and_then(|rule| {
                let secret = rule.attributes().iter().find(|name| is_secret(name)).cloned();
                secret.map_or(Ok(rule), |secret| Err(RuleProblem::Secret(secret)))
            });
            match parsed {
                Ok(rule) => {
                    mapping.rules.insert(target, rule);
                }
                Err(problem) => {
                    problems.push(MappingProblem::Rule { target, expression: expression.clone(), problem });
                }
            }
        }
        if let Some(country) = &change.country {
            match country.trim() {
                "" => mapping.country = None,
                text => match text.parse() {
                    Ok(country) => mapping.country = Some(country),
                    Err(NoCountry) => problems.push(MappingProblem::Country(text.to_owned())),
                },
            }
        }
        if problems.is_empty() && !NAMING.iter().any(|target| mapping.rules.contains_key(target)) {
            problems.push(MappingProblem::Nameless);
        }
        if problems.is_empty() { Ok(mapping) } else { Err(problems) }
    }

    /// The attributes that its rules look at, in lower case.
    pub fn attributes(&self) -> BTreeSet<String> {
        self.rules.values().flat_map(Rule::attributes).map(|name| name.to_ascii_lowercase()).collect()
    }

    /// Those of them that give somebody a name or an address, without which nobody is taken.
    pub fn naming(&self) -> BTreeSet<String> {
        let rules = NAMING.iter().filter_map(|target| self.rules.get(target));
        rules.flat_map(Rule::attributes).map(|name| name.to_ascii_lowercase()).collect()
    }

    /// The fields whose rule differs.
    pub fn differing(&self, other: &Self) -> BTreeSet<Target> {
        Target::ALL.into_iter().filter(|target| self.rules.get(target) != other.rules.get(target)).collect()
    }

    /// The person of a directory's attributes.
    pub fn apply(&self, source: &SourcePerson) -> Result<Mapped, NotAPerson> {
        let id = &source.external_id;
        if id.is_empty() || id.len() > 255 || id.chars().any(char::is_control) {
            return Err(NotAPerson::BadIdentity);
        }
        let mut reading = Reading::new(self, source);
        let display_name = reading.first::<Line>(Target::Name);
        let bad_name = display_name.is_none() && reading.leaves_out();
        let given_name = reading.first::<Line>(Target::GivenName);
        let family_name = reading.first::<Line>(Target::FamilyName);
        let emails = reading.all::<Email>(Target::Emails);
        let display_name = display_name
            .or_else(|| match (&given_name, &family_name) {
                // both together may be longer than a name can be
                (Some(given), Some(family)) => {
                    format!("{given} {family}").parse().ok().or_else(|| Some(family.clone()))
                }
                (Some(one), None) | (None, Some(one)) => Some(one.clone()),
                (None, None) => None,
            })
            .or_else(|| emails.first().and_then(|email| email.as_str().parse().ok()));
        let Some(display_name) = display_name else {
            let naming = self.naming();
            let withheld = source.withheld.iter().filter(|name| naming.contains(&name.to_ascii_lowercase()));
            let withheld: Vec<_> = withheld.cloned().collect();
            return Err(match (bad_name, withheld.is_empty()) {
                (true, _) => NotAPerson::BadName,
                (false, true) => NotAPerson::NoNameNoMail,
                (false, false) => NotAPerson::NotGranted(withheld),
            });
        };
        let phones = reading.labelled_phones();
        let address = reading.address();
        let profile = Profile {
            given_name,
            family_name,
            pronouns: reading.first(Target::Pronouns),
            title: reading.first(Target::Title),
            organisation: reading.first(Target::Organisation),
            department: reading.first(Target::Department),
            office: reading.first(Target::Office),
            phones,
            emails,
            links: reading.links(),
            address,
            locale: reading.language(),
            photo: None,
            display_name,
        };
        Ok(Mapped { profile, left_out: reading.left_out() })
    }
}
