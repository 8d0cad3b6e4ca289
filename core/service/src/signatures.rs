//! Signatures: designs, the rules that say who gets which, and what somebody gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::bundle::PluginState;
use estampe_domain::credential::Keeper;
use estampe_domain::ids::{DesignId, PersonId, SignatureRuleId};
use estampe_domain::person::PersonSummary;
use estampe_domain::plugin::{CallLog, ConfigProblem, ConnectorSpec, Given, PluginFailure, PluginInfo, PluginKind};
use estampe_domain::signature::{
    Decision, Design, Rule, RuleSettings, Signature, SignatureInput, Subject, Who, decide, of_organisation, of_person,
};
use estampe_domain::text::Line;
use estampe_domain::{Context, Error, Locale, Result, Right};
use jiff::civil::Date;
use serde_json::json;

use crate::Service;
use crate::sources::sound;

/// Rules and designs that a house can have.
const MOST: usize = 500;

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

/// What somebody gets on a day, and why.
#[derive(Clone, Debug)]
pub struct SignatureDetail {
    /// Whose it is.
    pub person: PersonSummary,
    /// For which day.
    pub day: Date,
    /// In which language.
    pub locale: Locale,
    /// What the rules say.
    pub decision: Decision,
    /// The rules, in their order.
    pub rules: Vec<Rule>,
    /// The design that they get.
    pub design: Option<Design>,
    /// Keys that rules give and that this design's template does not have.
    pub ignored: Vec<String>,
    /// What the template made of it; none when there is no design.
    pub made: Option<std::result::Result<Signature, PluginFailure>>,
}

impl Service {
    /// Every design, by name.
    pub async fn signature_designs(&self, ctx: &Context) -> Result<Vec<Design>> {
        ctx.require(Right::SignaturesRead)?;
        Ok(self.store.read(|tx| tx.signature_designs()).await?)
    }

    /// Every rule, in the order in which they are asked.
    pub async fn signature_rules(&self, ctx: &Context) -> Result<Vec<Rule>> {
        ctx.require(Right::SignaturesRead)?;
        Ok(self.store.read(|tx| tx.signature_rules()).await?)
    }

    /// The templates that a design can have: installed, in use, and not switched off.
    pub async fn signature_templates(&self, ctx: &Context) -> Result<Vec<PluginInfo>> {
        ctx.require(Right::SignaturesRead)?;
        let installed = self.store.read(|tx| tx.installed_plugins()).await?;
        let usable = installed.into_iter().filter(|plugin| plugin.state == PluginState::Enabled);
        let infos = usable.filter_map(|plugin| Some(plugin.current?.info));
        Ok(infos.filter(|info| info.kind == PluginKind::SignatureTemplate).collect())
    }

    async fn template(&self, ctx: &Context, id: &str) -> Result<PluginInfo> {
        let mut templates = self.signature_templates(ctx).await?;
        if let Some(found) = templates.iter().position(|info| info.id == id) {
            return Ok(templates.swap_remove(found));
        }
        let there: Vec<_> = templates.iter().map(|info| info.id.as_str()).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        let words = format!("no template \"{id}\" is in use; there are: {there}; see estampe plugin list");
        Err(Error::invalid("template", words))
    }

    /// Makes a design of a template.
    pub async fn add_signature_design(
        &self,
        ctx: &Context,
        name: &str,
        plugin: &str,
        config: BTreeMap<String, String>,
    ) -> Result<Design> {
        ctx.require(Right::SignaturesChange)?;
        let name = named(name)?;
        sound(self.template(ctx, plugin).await?.config_problems(&config))?;
        let id = DesignId::new(ctx.now, self.random());
        let design = Design { id, name, plugin: plugin.to_owned(), config, created_at: ctx.now };
        let (ctx, random, stored) = (*ctx, self.shared_random(), design.clone());
        self.store
            .write(move |tx| {
                let all = tx.signature_designs()?;
                if all.iter().any(|other| other.name == stored.name) {
                    return Err(Error::Conflict(format!("there is a design \"{}\" already", stored.name)).into());
                }
                if all.len() >= MOST {
                    return Err(Error::Conflict(format!("there are {MOST} designs already")).into());
                }
                tx.insert_signature_design(&stored)?;
                let event = AuditEvent::done(&ctx, &*random, "signature.design.add", "signature-design", id);
                tx.audit(&event.with(json!({"name": stored.name, "template": stored.plugin})))
            })
            .await?;
        Ok(design)
    }

    /// Changes the configuration of a design; what is not named stays, an empty value goes.
    pub async fn change_signature_design(
        &self,
        ctx: &Context,
        name: &str,
        change: BTreeMap<String, String>,
    ) -> Result<Design> {
        ctx.require(Right::SignaturesChange)?;
        let before = self.design_named(ctx, name).await?;
        let info = self.template(ctx, &before.plugin).await?;
        let keys: Vec<_> = change.keys().cloned().collect();
        let mut config = before.config.clone();
        for (key, value) in change {
            if value.is_empty() { _ = config.remove(&key) } else { _ = config.insert(key, value) }
        }
        sound(info.config_problems(&config))?;
        let changed = Design { config, ..before.clone() };
        let (ctx, random, stored) = (*ctx, self.shared_random(), changed.clone());
        self.store
            .write(move |tx| {
                let stands = tx.signature_designs()?.into_iter().find(|design| design.id == before.id);
                if stands.as_ref() != Some(&before) {
                    return Err(Error::Changed("this design").into());
                }
                tx.update_signature_design(&stored)?;
                let event = AuditEvent::done(&ctx, &*random, "signature.design.change", "signature-design", stored.id);
                tx.audit(&event.with(json!({"name": stored.name, "keys": keys})))
            })
            .await?;
        Ok(changed)
    }

    /// Removes a design that no rule gives.
    pub async fn remove_signature_design(&self, ctx: &Context, name: &str) -> Result<()> {
        ctx.require(Right::SignaturesChange)?;
        let design = self.design_named(ctx, name).await?;
        let (ctx, random) = (*ctx, self.shared_random());
        let removed = self.store.write(move |tx| {
            let rules = tx.signature_rules()?;
            if let Some(rule) = rules.iter().find(|rule| rule.settings.design == Some(design.id)) {
                let words = format!("the rule \"{}\" gives this design: change the rule first", rule.name);
                return Err(Error::Conflict(words).into());
            }
            tx.delete_signature_design(design.id)?;
            let event = AuditEvent::done(&ctx, &*random, "signature.design.remove", "signature-design", design.id);
            tx.audit(&event.with(json!({"name": design.name})))
        });
        Ok(removed.await?)
    }

    async fn design_named(&self, ctx: &Context, name: &str) -> Result<Design> {
        let found = self.signature_designs(ctx).await?.into_iter().find(|design| design.name == name);
        found.ok_or(Error::NotFound)
    }

    /// Adds a rule, below all others or above the one that is named.
    pub async fn add_signature_rule(&self, ctx: &Context, form: &RuleForm, above: Option<&str>) -> Result<Rule> {
        ctx.require(Right::SignaturesChange)?;
        let settings = self.read_rule(ctx, form).await?;
        let rule = Rule { id: SignatureRuleId::new(ctx.now, self.random()), name: named(&form.name)?, settings };
        let (ctx, random, stored, above) = (*ctx, self.shared_random(), rule.clone(), above.map(str::to_owned));
        self.store
            .write(move |tx| {
                let all = tx.signature_rules()?;
                if all.iter().any(|other| other.name == stored.name) {
                    return Err(Error::Conflict(format!("there is a rule \"{}\" already", stored.name)).into());
                }
                if all.len() >= MOST {
                    return Err(Error::Conflict(format!("there are {MOST} rules already")).into());
                }
                tx.insert_signature_rule(&stored, ctx.now)?;
                if let Some(above) = &above {
                    tx.order_signature_rules(&placed(&all, stored.id, Some(above))?)?;
                }
                let event = AuditEvent::done(&ctx, &*random, "signature.rule.add", "signature-rule", stored.id);
                tx.audit(&event.with(json!({"name": stored.name})))
            })
            .await?;
        Ok(rule)
    }

    /// Writes anew what a rule says; it stays in its place.
    pub async fn set_signature_rule(&self, ctx: &Context, name: &str, form: &RuleForm) -> Result<Rule> {
        ctx.require(Right::SignaturesChange)?;
        let before = self.signature_rule(ctx, name).await?;
        let changed = Rule { name: named(&form.name)?, settings: self.read_rule(ctx, form).await?, ..before.clone() };
        let (ctx, random, stored) = (*ctx, self.shared_random(), changed.clone());
        self.store
            .write(move |tx| {
                let all = tx.signature_rules()?;
                if !all.contains(&before) {
                    return Err(Error::Changed("this rule").into());
                }
                if all.iter().any(|other| other.id != stored.id && other.name == stored.name) {
                    return Err(Error::Conflict(format!("there is a rule \"{}\" already", stored.name)).into());
                }
                tx.update_signature_rule(&stored)?;
                let event = AuditEvent::done(&ctx, &*random, "signature.rule.change", "signature-rule", stored.id);
                tx.audit(&event.with(json!({"name": stored.name})))
            })
            .await?;
        Ok(changed)
    }

    /// Moves a rule: directly above another one, or below all.
    pub async fn move_signature_rule(&self, ctx: &Context, name: &str, above: Option<&str>) -> Result<()> {
        ctx.require(Right::SignaturesChange)?;
        let rule = self.signature_rule(ctx, name).await?;
        let (ctx, random, above) = (*ctx, self.shared_random(), above.map(str::to_owned));
        let moved = self.store.write(move |tx| {
            let order = placed(&tx.signature_rules()?, rule.id, above.as_deref())?;
            tx.order_signature_rules(&order)?;
            let event = AuditEvent::done(&ctx, &*random, "signature.rule.move", "signature-rule", rule.id);
            tx.audit(&event.with(json!({"name": rule.name, "above": above})))
        });
        Ok(moved.await?)
    }

    /// Removes a rule.
    pub async fn remove_signature_rule(&self, ctx: &Context, name: &str) -> Result<()> {
        ctx.require(Right::SignaturesChange)?;
        let rule = self.signature_rule(ctx, name).await?;
        let (ctx, random) = (*ctx, self.shared_random());
        let removed = self.store.write(move |tx| {
            tx.delete_signature_rule(rule.id)?;
            let event = AuditEvent::done(&ctx, &*random, "signature.rule.remove", "signature-rule", rule.id);
            tx.audit(&event.with(json!({"name": rule.name})))
        });
        Ok(removed.await?)
    }

    /// The rule of this name.
    pub async fn signature_rule(&self, ctx: &Context, name: &str) -> Result<Rule> {
        self.signature_rules(ctx).await?.into_iter().find(|rule| rule.name == name).ok_or(Error::NotFound)
    }

    /// A rule as it would be typed, to be changed.
    pub async fn signature_rule_form(&self, ctx: &Context, name: &str) -> Result<RuleForm> {
        let Rule { name, settings, .. } = self.signature_rule(ctx, name).await?;
        let designs = self.signature_designs(ctx).await?;
        let design = designs.into_iter().find(|design| Some(design.id) == settings.design);
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        Ok(RuleForm {
            name,
            groups: settings.who.groups.iter().map(ToString::to_string).collect(),
            offices: settings.who.offices.into_iter().collect(),
            languages: settings.who.languages.iter().map(|locale| locale.tag().to_owned()).collect(),
            from: day(settings.from),
            until: day(settings.until),
            design: design.map(|design| design.name).unwrap_or_default(),
            values: settings.values,
        })
    }

    /// Reads what was typed for a rule; what it names has to be there.
    async fn read_rule(&self, ctx: &Context, form: &RuleForm) -> Result<RuleSettings> {
        let mut who = Who::default();
        for text in form.groups.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
            let unknown = |error| match error {
                Error::NotFound => Error::invalid("groups", format!("there is no group \"{text}\"")),
                other => other,
            };
            who.groups.insert(self.group_for_rule(text).await.map_err(unknown)?);
        }
        for office in form.offices.iter().map(|office| office.trim()).filter(|office| !office.is_empty()) {
            let office: Line = office.parse().map_err(|why| Error::invalid("offices", format!("{why}")))?;
            who.offices.insert(office.to_string());
        }
        for language in form.languages.iter().filter(|language| !language.is_empty()) {
            let Some(locale) = Locale::ALL.into_iter().find(|locale| locale.tag() == language) else {
                return Err(Error::invalid("languages", format!("\"{language}\" is none of fr, en")));
            };
            who.languages.insert(locale);
        }
        let (from, until) = (day("from", &form.from)?, day("until", &form.until)?);
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            return Err(Error::invalid("until", format!("it ends on {until}, before it begins on {from}")));
        }
        let design = match form.design.trim() {
            "" => None,
            name => {
                let unknown = |_| Error::invalid("design", format!("there is no design \"{name}\""));
                Some(self.design_named(ctx, name).await.map_err(unknown)?.id)
            }
        };
        let values: BTreeMap<_, _> = form.values.clone().into_iter().filter(|(_, value)| !value.is_empty()).collect();
        if design.is_none() && values.is_empty() {
            return Err(Error::invalid("design", "a rule gives a design, a value, or both: this one gives nothing"));
        }
        self.values_are_known(ctx, &values).await?;
        Ok(RuleSettings { who, from, until, design, values })
    }

    /// Values have to be such that some template in use takes each.
    async fn values_are_known(&self, ctx: &Context, values: &BTreeMap<String, String>) -> Result<()> {
        let templates = self.signature_templates(ctx).await?;
        for (key, value) in values {
            let mut problem = None;
            let takes = |info: &&PluginInfo| info.config.contains_key(key);
            for info in templates.iter().filter(takes) {
                let one = BTreeMap::from([(key.clone(), value.clone())]);
                let mut problems = info.config_problems(&one);
                problems.retain(|(of, problem)| of == key && *problem != ConfigProblem::Missing);
                if problems.is_empty() {
                    problem = None;
                    break;
                }
                problem = problem.or(problems.pop());
            }
            if let Some(problem) = problem {
                sound(vec![problem])?;
            }
            if !templates.iter().any(|info| info.config.contains_key(key)) {
                let mut known: Vec<_> = templates.iter().flat_map(|info| info.config.keys()).cloned().collect();
                known.sort();
                known.dedup();
                sound(vec![(key.clone(), ConfigProblem::Unknown(known))])?;
            }
        }
        Ok(())
    }

    /// Whether there are signatures at all, and this person's may be seen.
    pub async fn may_have_signature(&self, ctx: &Context, person: PersonId) -> Result<bool> {
        let Ok(scope) = ctx.scope(Right::SignaturesRead) else { return Ok(false) };
        Ok(self.store.read(move |tx| Ok(tx.is_within(person, scope)? && !tx.signature_rules()?.is_empty())).await?)
    }

    /// What somebody gets on a day, why, and how it looks.
    pub async fn signature_of(&self, ctx: &Context, person: PersonId, day: Date) -> Result<SignatureDetail> {
        let scope = ctx.scope(Right::SignaturesRead)?;
        let read = self.store.read(move |tx| {
            if !tx.is_within(person, scope)? {
                return Ok(None);
            }
            let Some((summary, _)) = tx.made(person)? else { return Ok(None) };
            let groups = tx.groups_of(person)?.into_iter().map(|group| group.id).collect();
            Ok(Some((summary, groups, tx.signature_rules()?, tx.signature_designs()?)))
        });
        let (person, groups, rules, designs) = read.await?.ok_or(Error::NotFound)?;
        let locale = person.profile.locale.unwrap_or(self.settings.default_locale);
        let office = person.profile.office.as_ref().map(ToString::to_string);
        let decision = decide(&rules, &Subject { groups, office, locale }, day);
        let given = decision.design.map(|(design, _)| design);
        let design = designs.into_iter().find(|design| Some(design.id) == given);
        let mut detail =
            SignatureDetail { person, day, locale, decision, rules, design, ignored: Vec::new(), made: None };
        self.make(&mut detail).await?;
        Ok(detail)
    }

    /// Lets the template make it.
    async fn make(&self, detail: &mut SignatureDetail) -> Result<()> {
        let Some(design) = &detail.design else { return Ok(()) };
        let plugin = match self.callable(&design.plugin).await {
            Ok(plugin) => plugin,
            Err(Error::Plugin(failure)) => {
                detail.made = Some(Err(failure));
                return Ok(());
            }
            Err(other) => return Err(other),
        };
        let keys = plugin.current.as_ref().map(|version| &version.info.config);
        let is_known = |key: &String| keys.is_some_and(|keys| keys.contains_key(key));
        let mut config = design.config.clone();
        for (key, (value, _)) in &detail.decision.values {
            if is_known(key) {
                config.insert(key.clone(), value.clone());
            } else {
                detail.ignored.push(key.clone());
            }
        }
        let template = ConnectorSpec { plugin: design.plugin.clone(), config, inputs: BTreeMap::new() };
        let given = Given {
            grants: plugin.grants,
            secrets: BTreeMap::new(),
            fields: Arc::default(),
            dry_run: true,
            log: CallLog::default(),
            keeper: Keeper::default(),
        };
        let profile = &detail.person.profile;
        let input = SignatureInput {
            person: of_person(profile, &self.card_url(&detail.person.public_id)),
            organisation: of_organisation(&self.settings.organisation),
            locale: detail.locale,
            day: detail.day,
        };
        let called = self.ports.signatures.render(&template, &given, vec![input]).await;
        // what fails for one person's data pauses it for nobody else
        self.note_call(&design.plugin, called.as_ref().err()).await?;
        detail.made = Some(called.and_then(|mut made| made.pop().unwrap_or_else(|| Err(nothing()))));
        Ok(())
    }
}

fn nothing() -> PluginFailure {
    PluginFailure::new(estampe_domain::plugin::FailKind::Internal, "the host made nothing of it")
}

fn named(name: &str) -> Result<String> {
    let name: Line = name.parse().map_err(|problem| Error::invalid("name", format!("{problem}")))?;
    if name.as_str().contains('/') {
        return Err(Error::invalid("name", "a slash cannot be part of it"));
    }
    Ok(name.to_string())
}

fn day(field: &'static str, text: &str) -> Result<Option<Date>> {
    match text.trim() {
        "" => Ok(None),
        text => {
            let wrong = |_| Error::invalid(field, format!("\"{text}\" is no day; 2026-12-24 is right"));
            Ok(Some(text.parse().map_err(wrong)?))
        }
    }
}

/// The order of the rules with one of them directly above another one, or below all.
fn placed(
    all: &[Rule],
    rule: SignatureRuleId,
    above: Option<&str>,
) -> std::result::Result<Vec<SignatureRuleId>, Error> {
    let mut order: Vec<_> = all.iter().map(|rule| rule.id).filter(|id| *id != rule).collect();
    let place = match above {
        None => order.len(),
        Some(name) => {
            let of = all.iter().find(|rule| rule.name == name).map(|rule| rule.id);
            let unknown = || Error::invalid("above", format!("there is no other rule \"{name}\""));
            order.iter().position(|id| Some(*id) == of).ok_or_else(unknown)?
        }
    };
    order.insert(place, rule);
    Ok(order)
}
