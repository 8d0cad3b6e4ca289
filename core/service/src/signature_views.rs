//! Designs and rules as the console shows them.

use std::collections::{BTreeMap, BTreeSet};

use estampe_domain::access::Scope;
use estampe_domain::group::GroupSummary;
use estampe_domain::ids::{DesignId, GroupId, SignatureRuleId};
use estampe_domain::person::PersonSummary;
use estampe_domain::plugin::{PluginFailure, PluginInfo};
use estampe_domain::signature::{Design, Rule, Signature};
use estampe_domain::{Context, Error, Locale, Result, Right};
use estampe_store::{GroupQuery, PeopleQuery};
use jiff::civil::Date;

use crate::Service;
use crate::signature_forms::{RuleForm, form_of};

/// Everything that signatures are made of.
#[derive(Clone, Debug)]
pub struct SignatureOverview {
    /// The templates in use.
    pub templates: Vec<PluginInfo>,
    /// Every design, by name.
    pub designs: Vec<Design>,
    /// The pictures that the public listener serves: address and name.
    pub pictures: Vec<(String, String)>,
    /// Every rule, in the order in which they are asked.
    pub rules: Vec<Rule>,
    /// The groups that rules name; those that are gone are not there.
    pub groups: BTreeMap<GroupId, GroupSummary>,
    /// Those of them whose name another group has too.
    pub alike: BTreeSet<GroupId>,
}

impl SignatureOverview {
    /// The design of this id.
    pub fn design(&self, id: DesignId) -> Result<&Design> {
        self.designs.iter().find(|design| design.id == id).ok_or(Error::NotFound)
    }

    /// The rule of this id.
    pub fn rule(&self, id: SignatureRuleId) -> Result<&Rule> {
        self.rules.iter().find(|rule| rule.id == id).ok_or(Error::NotFound)
    }

    /// The template of this id, where it is in use.
    pub fn template(&self, id: &str) -> Option<&PluginInfo> {
        self.templates.iter().find(|info| info.id == id)
    }

    /// The names of the rules that give a design.
    pub fn given_by(&self, design: DesignId) -> Vec<&str> {
        let giving = self.rules.iter().filter(|rule| rule.settings.design == Some(design));
        giving.map(|rule| rule.name.as_str()).collect()
    }

    /// A rule as it would be typed: a group by its name, where no other is called so.
    pub fn form(&self, rule: &Rule) -> RuleForm {
        let name = |id: &GroupId| {
            let group = self.groups.get(id).filter(|_| !self.alike.contains(id));
            group.map_or_else(|| id.to_string(), |group| group.name.clone())
        };
        let groups = rule.settings.who.groups.iter().map(name).collect();
        form_of(rule.clone(), &self.designs, groups)
    }
}

/// How a design looks with somebody's data.
#[derive(Clone, Debug)]
pub struct DesignLook {
    /// In which language.
    pub locale: Locale,
    /// What the template made.
    pub made: std::result::Result<Signature, PluginFailure>,
}

impl Service {
    /// Designs, rules, and what they name.
    pub async fn signature_overview(&self, ctx: &Context) -> Result<SignatureOverview> {
        ctx.require(Right::SignaturesRead)?;
        let templates = self.signature_templates(ctx).await?;
        let read = self.store.read(move |tx| {
            let (designs, rules) = (tx.signature_designs()?, tx.signature_rules()?);
            let (mut groups, mut alike) = (BTreeMap::new(), BTreeSet::new());
            for id in rules.iter().flat_map(|rule| &rule.settings.who.groups) {
                if !groups.contains_key(id)
                    && let Some((group, _)) = tx.group(*id)?
                {
                    let named = GroupQuery { name: Some(group.name.clone()), limit: 2, ..GroupQuery::default() };
                    if tx.groups(&named)?.len() > 1 {
                        alike.insert(*id);
                    }
                    groups.insert(*id, group);
                }
            }
            Ok((designs, rules, groups, alike, tx.signature_pictures()?))
        });
        let (designs, rules, groups, alike, pictures) = read.await?;
        let addressed = pictures.into_iter().map(|picture| (self.picture_url(&picture.file), picture.name));
        let pictures = addressed.collect();
        Ok(SignatureOverview { templates, designs, pictures, rules, groups, alike })
    }

    /// How a design looks with the data of the first person by name; none when there is nobody.
    pub async fn design_look(&self, ctx: &Context, id: DesignId, day: Date) -> Result<Option<DesignLook>> {
        ctx.require(Right::SignaturesRead)?;
        let design = self.signature_designs(ctx).await?.into_iter().find(|design| design.id == id);
        let design = design.ok_or(Error::NotFound)?;
        let Some(person) = self.first_person().await? else { return Ok(None) };
        let locale = person.profile.locale.unwrap_or(self.settings.default_locale);
        let (made, _) = self.render(&design, BTreeMap::new(), &person, locale, day).await?;
        Ok(Some(DesignLook { locale, made }))
    }

    async fn first_person(&self) -> Result<Option<PersonSummary>> {
        let first = PeopleQuery { active: Some(true), scope: Some(Scope::All), limit: 1, ..PeopleQuery::default() };
        Ok(self.store.read(move |tx| tx.people(&first)).await?.pop().map(|(person, _)| person))
    }
}
