//! What is typed for designs of signatures and for rules, and what can be wrong with it.

use std::collections::BTreeMap;
use std::fmt;

use estampe_domain::ids::SignatureRuleId;
use estampe_domain::plugin::{ConfigProblem, PluginInfo};
use estampe_domain::signature::{Design, Rule, RuleSettings, Who};
use estampe_domain::text::{Line, TextProblem};
use estampe_domain::{Context, Error, Locale, Result, Right};
use jiff::civil::Date;

use crate::Service;
use crate::sources::sound;

/// What is typed for a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleForm {
    /// Its name.
    pub name: String,
    /// Names or ids of groups.
    pub groups: Vec<String>,
    /// Offices, as people's cards name them.
    pub offices: Vec<String>,
    /// `fr`, `en`.
    pub languages: Vec<String>,
    /// Its first day, `2026-12-01`; empty: there is none.
    pub from: String,
    /// Its last day.
    pub until: String,
    /// The name of the design that it gives; empty: none.
    pub design: String,
    /// Values that it gives.
    pub values: BTreeMap<String, String>,
}

/// What is typed for a design.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesignForm {
    /// Its name.
    pub name: String,
    /// The template's configuration; what is not there is not set.
    pub config: BTreeMap<String, String>,
}

/// What is wrong with one of their fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureProblem {
    /// No name, no office.
    Text(TextProblem),
    /// A name with a slash, which addresses need.
    Slash,
    /// Another one has this name.
    Taken,
    /// Nothing is called so.
    NoGroup(String),
    /// Several groups are called so: their ids, each with its source.
    SeveralGroups(String, String),
    /// Not one of ours.
    NoLanguage(String),
    /// Not a day.
    NoDay(String),
    /// It ends before it begins.
    Backwards(Date, Date),
    /// Not there.
    NoDesign(String),
    /// Neither a design nor a value.
    GivesNothing,
    /// A value that the template does not take.
    Config(ConfigProblem),
}

impl From<TextProblem> for SignatureProblem {
    fn from(problem: TextProblem) -> Self {
        Self::Text(problem)
    }
}

impl fmt::Display for SignatureProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(problem) => problem.fmt(f),
            Self::Slash => f.write_str("a slash cannot be part of it"),
            Self::Taken => f.write_str("there is one of this name already"),
            Self::NoGroup(name) => write!(f, "there is no group \"{name}\""),
            Self::SeveralGroups(name, ids) => {
                write!(f, "several groups have the name \"{name}\"; name one by its id: {ids}")
            }
            Self::NoLanguage(tag) => write!(f, "\"{tag}\" is none of fr, en"),
            Self::NoDay(text) => write!(f, "\"{text}\" is no day; 2026-12-24 is right"),
            Self::Backwards(until, from) => write!(f, "it ends on {until}, before it begins on {from}"),
            Self::NoDesign(name) => write!(f, "there is no design \"{name}\""),
            Self::GivesNothing => f.write_str("a rule gives a design, a value, or both: this one gives nothing"),
            Self::Config(problem) => problem.fmt(f),
        }
    }
}

/// By the name of the field: `until`, `config.logo-width`.
pub type SignatureProblems = Vec<(String, SignatureProblem)>;

/// The first of them, for whoever has no form to show them beside.
pub(crate) fn refusal(problems: SignatureProblems) -> Error {
    let is_config = |problem: &SignatureProblem| matches!(problem, SignatureProblem::Config(_));
    match problems.iter().find(|(_, problem)| !is_config(problem)) {
        Some((field, SignatureProblem::Taken)) => Error::Conflict(format!("{field}: {}", SignatureProblem::Taken)),
        Some((field, problem)) => Error::invalid(field.clone(), problem.to_string()),
        None => {
            let config = problems.into_iter().filter_map(|(field, problem)| match problem {
                SignatureProblem::Config(problem) => Some((field.trim_start_matches("config.").to_owned(), problem)),
                _ => None,
            });
            sound(config.collect()).err().unwrap_or_else(|| Error::invalid("form", "it cannot be read"))
        }
    }
}

/// A name of a design or a rule.
pub(crate) fn named(name: &str) -> std::result::Result<String, SignatureProblem> {
    let name: Line = name.parse()?;
    if name.as_str().contains('/') { Err(SignatureProblem::Slash) } else { Ok(name.to_string()) }
}

fn day(text: &str) -> std::result::Result<Option<Date>, SignatureProblem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| SignatureProblem::NoDay(text.to_owned())),
    }
}

/// Values have to be such that some template takes each.
pub fn value_problems(templates: &[PluginInfo], values: &BTreeMap<String, String>) -> Vec<(String, ConfigProblem)> {
    let problem_of = |(key, value): (&String, &String)| {
        let one = BTreeMap::from([(key.clone(), value.clone())]);
        let mut known = templates.iter().filter(|info| info.config.contains_key(key)).map(|info| {
            let problems = info.config_problems(&one).into_iter();
            problems.filter(|(of, problem)| of == key && *problem != ConfigProblem::Missing).map(|(_, why)| why).next()
        });
        let Some(mut problem) = known.next() else {
            let mut keys: Vec<_> = templates.iter().flat_map(|info| info.config.keys()).cloned().collect();
            keys.sort();
            keys.dedup();
            return Some((key.clone(), ConfigProblem::Unknown(keys)));
        };
        // one that takes it is enough
        for other in known {
            problem = problem.and(other);
        }
        problem.map(|problem| (key.clone(), problem))
    };
    values.iter().filter_map(problem_of).collect()
}

/// What was read, or what is wrong with each field.
type Entered<T> = std::result::Result<T, SignatureProblems>;

/// Puts what could be read into its place, and what could not among the problems.
fn keep<T>(problems: &mut SignatureProblems, field: &str, read: std::result::Result<T, SignatureProblem>) -> Option<T> {
    read.map_err(|problem| problems.push((field.to_owned(), problem))).ok()
}

fn config_problems(of: Vec<(String, ConfigProblem)>) -> impl Iterator<Item = (String, SignatureProblem)> {
    of.into_iter().map(|(key, problem)| (format!("config.{key}"), SignatureProblem::Config(problem)))
}

impl Service {
    /// Adds a rule, below all others or above the one that is named; or says what is wrong.
    pub async fn enter_signature_rule(
        &self,
        ctx: &Context,
        form: &RuleForm,
        above: Option<&str>,
    ) -> Result<Entered<Rule>> {
        ctx.require(Right::SignaturesChange)?;
        match self.read_rule(ctx, form, None).await? {
            Ok(read) => self.insert_rule(ctx, read, above).await.map(Ok),
            Err(problems) => Ok(Err(problems)),
        }
    }

    /// Writes anew what a rule says; `before` is what its reader saw.
    pub async fn rewrite_signature_rule(&self, ctx: &Context, before: Rule, form: &RuleForm) -> Result<Entered<Rule>> {
        ctx.require(Right::SignaturesChange)?;
        match self.read_rule(ctx, form, Some(before.id)).await? {
            Ok((name, settings)) => {
                let changed = Rule { name, settings, ..before.clone() };
                self.update_rule(ctx, before, changed).await.map(Ok)
            }
            Err(problems) => Ok(Err(problems)),
        }
    }

    /// Makes a design of a template; or says what is wrong.
    pub async fn enter_signature_design(
        &self,
        ctx: &Context,
        plugin: &str,
        form: &DesignForm,
    ) -> Result<Entered<Design>> {
        ctx.require(Right::SignaturesChange)?;
        match self.read_design(ctx, plugin, form, None).await? {
            Ok(name) => self.insert_design(ctx, name, plugin, form.config.clone()).await.map(Ok),
            Err(problems) => Ok(Err(problems)),
        }
    }

    /// Gives a design this name and this configuration; `before` is what its reader saw.
    pub async fn rewrite_signature_design(
        &self,
        ctx: &Context,
        before: Design,
        form: &DesignForm,
    ) -> Result<Entered<Design>> {
        ctx.require(Right::SignaturesChange)?;
        match self.read_design(ctx, &before.plugin, form, Some(&before)).await? {
            Ok(name) => {
                let changed = Design { name, config: form.config.clone(), ..before.clone() };
                self.update_design(ctx, before, changed).await.map(Ok)
            }
            Err(problems) => Ok(Err(problems)),
        }
    }

    async fn read_design(
        &self,
        ctx: &Context,
        plugin: &str,
        form: &DesignForm,
        of: Option<&Design>,
    ) -> Result<Entered<String>> {
        let info = self.template(ctx, plugin).await?;
        let others = self.signature_designs(ctx).await?;
        let taken = |name: &String| {
            others.iter().any(|other| other.name == *name && of.is_none_or(|design| design.id != other.id))
        };
        let mut problems = SignatureProblems::new();
        let name = named(&form.name);
        let name = name.and_then(|name| if taken(&name) { Err(SignatureProblem::Taken) } else { Ok(name) });
        let name = keep(&mut problems, "name", name);
        problems.extend(config_problems(info.config_problems(&form.config)));
        Ok(name.filter(|_| problems.is_empty()).ok_or(problems))
    }

    /// A rule as it would be typed, to be changed.
    pub async fn signature_rule_form(&self, ctx: &Context, name: &str) -> Result<RuleForm> {
        let rule = self.signature_rule(ctx, name).await?;
        let groups = rule.settings.who.groups.iter().map(ToString::to_string).collect();
        Ok(form_of(rule, &self.signature_designs(ctx).await?, groups))
    }

    /// Reads what was typed for a rule; what it names has to be there.
    async fn read_rule(
        &self,
        ctx: &Context,
        form: &RuleForm,
        of: Option<SignatureRuleId>,
    ) -> Result<Entered<(String, RuleSettings)>> {
        let (mut problems, mut who) = (SignatureProblems::new(), Who::default());
        let others = self.signature_rules(ctx).await?;
        let taken = |name: &String| others.iter().any(|other| other.name == *name && Some(other.id) != of);
        let name = named(&form.name);
        let name = name.and_then(|name| if taken(&name) { Err(SignatureProblem::Taken) } else { Ok(name) });
        let name = keep(&mut problems, "name", name);
        for text in form.groups.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            match &*self.groups_for_rule(text).await? {
                [] => problems.push(("groups".to_owned(), SignatureProblem::NoGroup(text.to_owned()))),
                [only] => _ = who.groups.insert(only.id),
                several => {
                    let ids = several.iter().map(|group| format!("{} ({})", group.id, group.source_name));
                    let ids = ids.collect::<Vec<_>>().join(", ");
                    problems.push(("groups".to_owned(), SignatureProblem::SeveralGroups(text.to_owned(), ids)));
                }
            }
        }
        for office in form.offices.iter().map(|office| office.trim()).filter(|office| !office.is_empty()) {
            let office = keep(&mut problems, "offices", office.parse::<Line>().map_err(SignatureProblem::from));
            who.offices.extend(office.map(|office| office.to_string()));
        }
        for language in form.languages.iter().filter(|language| !language.is_empty()) {
            let locale = Locale::ALL.into_iter().find(|locale| locale.tag() == language);
            let unknown = || SignatureProblem::NoLanguage(language.clone());
            who.languages.extend(keep(&mut problems, "languages", locale.ok_or_else(unknown)));
        }
        let from = keep(&mut problems, "from", day(&form.from)).flatten();
        let until = keep(&mut problems, "until", day(&form.until)).flatten();
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            problems.push(("until".to_owned(), SignatureProblem::Backwards(until, from)));
        }
        let values: BTreeMap<_, _> = form.values.clone().into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let design = match form.design.trim() {
            "" if values.is_empty() => Err(SignatureProblem::GivesNothing),
            "" => Ok(None),
            name => match self.design_named(ctx, name).await {
                Err(Error::NotFound) => Err(SignatureProblem::NoDesign(name.to_owned())),
                found => Ok(Some(found?.id)),
            },
        };
        let design = keep(&mut problems, "design", design).flatten();
        problems.extend(config_problems(value_problems(&self.signature_templates(ctx).await?, &values)));
        let settings = RuleSettings { who, from, until, design, values };
        Ok(name.filter(|_| problems.is_empty()).map(|name| (name, settings)).ok_or(problems))
    }
}

/// A rule as it would be typed.
pub(crate) fn form_of(rule: Rule, designs: &[Design], groups: Vec<String>) -> RuleForm {
    let Rule { name, settings, .. } = rule;
    let design = designs.iter().find(|design| Some(design.id) == settings.design);
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    RuleForm {
        name,
        groups,
        offices: settings.who.offices.into_iter().collect(),
        languages: settings.who.languages.iter().map(|locale| locale.tag().to_owned()).collect(),
        from: day(settings.from),
        until: day(settings.until),
        design: design.map(|design| design.name.clone()).unwrap_or_default(),
        values: settings.values,
    }
}
