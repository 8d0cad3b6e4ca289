//! Signatures: designs, the rules that say who gets which, and what somebody gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::bundle::PluginState;
use estampe_domain::credential::Keeper;
use estampe_domain::ids::{DesignId, PersonId, SignatureRuleId};
use estampe_domain::person::PersonSummary;
use estampe_domain::plugin::{CallLog, ConnectorSpec, Given, PluginFailure, PluginInfo, PluginKind};
use estampe_domain::signature::{
    Decision, Design, Rule, RuleSettings, Signature, SignatureInput, Subject, decide, of_organisation, of_person,
};
use estampe_domain::{Context, Error, Locale, Result, Right};
use jiff::civil::Date;
use serde_json::json;

use crate::Service;
use crate::signature_forms::{RuleForm, named, refusal};
use crate::sources::sound;

/// Rules and designs that a house can have.
const MOST: usize = 500;

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

    pub(crate) async fn template(&self, ctx: &Context, id: &str) -> Result<PluginInfo> {
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
        let name = named(name).map_err(|problem| refusal(vec![("name".to_owned(), problem)]))?;
        sound(self.template(ctx, plugin).await?.config_problems(&config))?;
        self.insert_design(ctx, name, plugin, config).await
    }

    pub(crate) async fn insert_design(
        &self,
        ctx: &Context,
        name: String,
        plugin: &str,
        config: BTreeMap<String, String>,
    ) -> Result<Design> {
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
        let mut config = before.config.clone();
        for (key, value) in change {
            if value.is_empty() { _ = config.remove(&key) } else { _ = config.insert(key, value) }
        }
        sound(info.config_problems(&config))?;
        let changed = Design { config, ..before.clone() };
        self.update_design(ctx, before, changed).await
    }

    /// Nothing that its reader did not see is overwritten.
    pub(crate) async fn update_design(&self, ctx: &Context, before: Design, changed: Design) -> Result<Design> {
        let (ctx, random, stored) = (*ctx, self.shared_random(), changed.clone());
        let mut keys: Vec<_> = before.config.keys().chain(changed.config.keys()).cloned().collect();
        keys.sort();
        keys.dedup();
        keys.retain(|key| before.config.get(key) != changed.config.get(key));
        self.store
            .write(move |tx| {
                let all = tx.signature_designs()?;
                if !all.contains(&before) {
                    return Err(Error::Changed("this design").into());
                }
                if all.iter().any(|other| other.id != stored.id && other.name == stored.name) {
                    return Err(Error::Conflict(format!("there is a design \"{}\" already", stored.name)).into());
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

    pub(crate) async fn design_named(&self, ctx: &Context, name: &str) -> Result<Design> {
        let found = self.signature_designs(ctx).await?.into_iter().find(|design| design.name == name);
        found.ok_or(Error::NotFound)
    }

    /// Adds a rule, below all others or above the one that is named.
    pub async fn add_signature_rule(&self, ctx: &Context, form: &RuleForm, above: Option<&str>) -> Result<Rule> {
        self.enter_signature_rule(ctx, form, above).await?.map_err(refusal)
    }

    pub(crate) async fn insert_rule(
        &self,
        ctx: &Context,
        (name, settings): (String, RuleSettings),
        above: Option<&str>,
    ) -> Result<Rule> {
        let rule = Rule { id: SignatureRuleId::new(ctx.now, self.random()), name, settings };
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
        self.rewrite_signature_rule(ctx, before, form).await?.map_err(refusal)
    }

    /// Nothing that its reader did not see is overwritten.
    pub(crate) async fn update_rule(&self, ctx: &Context, before: Rule, changed: Rule) -> Result<Rule> {
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

    /// Moves a rule by one place, over the one that its reader saw beside it.
    pub async fn step_signature_rule(&self, ctx: &Context, rule: SignatureRuleId, over: SignatureRuleId) -> Result<()> {
        ctx.require(Right::SignaturesChange)?;
        let (ctx, random) = (*ctx, self.shared_random());
        let moved = self.store.write(move |tx| {
            let mut all = tx.signature_rules()?;
            let place = |of: SignatureRuleId| all.iter().position(|rule| rule.id == of);
            let from = place(rule).ok_or(Error::NotFound)?;
            let to = place(over).filter(|to| from.abs_diff(*to) == 1);
            let to = to.ok_or(Error::Changed("the order of the rules"))?;
            all.swap(from, to);
            let order: Vec<_> = all.iter().map(|rule| rule.id).collect();
            tx.order_signature_rules(&order)?;
            let name = |at: usize| all.get(at).map(|rule| &rule.name);
            let event = AuditEvent::done(&ctx, &*random, "signature.rule.move", "signature-rule", rule);
            tx.audit(&event.with(json!({"name": name(to), "above": name(to + 1)})))
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
        let values = detail.decision.values.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect();
        let (made, ignored) = self.render(design, values, &detail.person, detail.locale, detail.day).await?;
        (detail.made, detail.ignored) = (Some(made), ignored);
        Ok(())
    }

    /// Lets a design's template make a signature, with values in the place of the design's;
    /// those that the template does not know are given back.
    pub(crate) async fn render(
        &self,
        design: &Design,
        values: BTreeMap<String, String>,
        person: &PersonSummary,
        locale: Locale,
        day: Date,
    ) -> Result<(std::result::Result<Signature, PluginFailure>, Vec<String>)> {
        let plugin = match self.callable(&design.plugin).await {
            Ok(plugin) => plugin,
            Err(Error::Plugin(failure)) => return Ok((Err(failure), Vec::new())),
            Err(other) => return Err(other),
        };
        let keys = plugin.current.as_ref().map(|version| &version.info.config);
        let is_known = |key: &String| keys.is_some_and(|keys| keys.contains_key(key));
        let (known, ignored): (BTreeMap<_, _>, BTreeMap<_, _>) = values.into_iter().partition(|(key, _)| is_known(key));
        let mut config = design.config.clone();
        config.extend(known);
        let template = ConnectorSpec { plugin: design.plugin.clone(), config, inputs: BTreeMap::new() };
        let given = Given {
            grants: plugin.grants,
            secrets: BTreeMap::new(),
            fields: Arc::default(),
            dry_run: true,
            log: CallLog::default(),
            keeper: Keeper::default(),
        };
        let profile = &person.profile;
        let input = SignatureInput {
            person: of_person(profile, &self.card_url(&person.public_id)),
            organisation: of_organisation(&self.settings.organisation),
            locale,
            day,
        };
        let called = self.ports.signatures.render(&template, &given, vec![input]).await;
        // what fails for one person's data pauses it for nobody else
        self.note_call(&design.plugin, called.as_ref().err()).await?;
        let made = called.and_then(|mut made| made.pop().unwrap_or_else(|| Err(nothing())));
        Ok((made, ignored.into_keys().collect()))
    }
}

fn nothing() -> PluginFailure {
    PluginFailure::new(estampe_domain::plugin::FailKind::Internal, "the host made nothing of it")
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
