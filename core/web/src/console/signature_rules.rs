//! Rules of signatures: for whom, when, and what they give.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use estampe_domain::plugin::{ConfigKey, ConfigKind};
use estampe_domain::signature::Rule;
use estampe_domain::{Error, Locale, Right};
use estampe_service::{RuleForm, SignatureOverview};

use crate::console::shell::{Section, Shell};
use crate::console::signatures::seen;
use crate::console::source_form::{Found, Typed, offer_pictures};
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, Nothing, ProtectedForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::session::Desk;
use crate::words;

/// The page.
#[derive(Template)]
#[template(path = "console/signature_rule.html")]
pub(crate) struct RulePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    /// None: a new one.
    pub(crate) rule: Option<&'a Rule>,
    pub(crate) fields: Vec<Field>,
    /// Tag, name, and whether it is ticked.
    pub(crate) languages: Vec<(&'static str, String, bool)>,
    /// What the form was made of.
    pub(crate) seen: String,
    /// It is not what a reader saw.
    pub(crate) changed: bool,
}

/// The fields before those of values, by the parts of the form.
const PARTS: [(&str, &[&str]); 3] =
    [("gives", &["name", "design", "above"]), ("who", &["groups", "offices"]), ("days", &["from", "until"])];

impl<'a> RulePage<'a> {
    pub(crate) fn new(
        l: &'a Lang,
        s: Shell,
        overview: &SignatureOverview,
        rule: Option<&'a Rule>,
        typed: &Sent,
        found: &Found,
    ) -> Self {
        let form = &typed.form;
        let ticked = |locale: Locale| form.languages.iter().any(|tag| tag == locale.tag());
        let language = |locale: Locale| (locale.tag(), estampe_texts::t(locale, "language-name"), ticked(locale));
        Self {
            fields: fields(l, overview, rule.is_none(), typed, found),
            languages: Locale::ALL.into_iter().map(language).collect(),
            seen: rule.map(seen_of).unwrap_or_default(),
            l,
            s,
            rule,
            changed: false,
        }
    }

    fn problems(&self) -> usize {
        problems(&self.fields)
    }

    fn path(&self) -> String {
        self.rule.map_or_else(|| "/signatures/rules/new".to_owned(), path_of)
    }

    /// The fields of a part of the form.
    fn part(&self, part: &str) -> Vec<&Field> {
        let names = PARTS.iter().find(|(known, _)| *known == part).map_or(&[][..], |(_, names)| names);
        let is_in = |field: &&Field| match part {
            "values" => field.name.starts_with("config."),
            _ => names.contains(&&*field.name),
        };
        self.fields.iter().filter(is_in).collect()
    }
}

fn fields(l: &Lang, overview: &SignatureOverview, is_new: bool, typed: &Sent, found: &Found) -> Vec<Field> {
    let form = &typed.form;
    let field = |name: &'static str, label: &'static str, value: &str| {
        Field::new(name, l.t(label), value).problem(found.get(name).cloned())
    };
    let choice = |first: String, names: Vec<(String, String)>| {
        Kind::Choice(std::iter::once((String::new(), first)).chain(names).collect())
    };
    let designs = overview.designs.iter().map(|design| (design.name.clone(), design.name.clone())).collect();
    let rules = overview.rules.iter().map(|rule| {
        let words = l.t("rule-place-above").with("name", rule.name.as_str()).to_string();
        (rule.name.clone(), words)
    });
    let rules = choice(l.t("rule-place-last").to_string(), rules.collect());
    let lines = |name, label, values: &[String], hint| {
        field(name, label, &values.join("\n")).kind(Kind::Lines).optional().hint(l.t(hint))
    };
    let day = |name, label, value: &str| field(name, label, value).kind(Kind::Line("date")).optional();
    let mut fields = vec![
        field("name", "rule-name", &form.name).hint(l.t("rule-name-hint")),
        field("design", "rule-design", &form.design)
            .kind(choice(l.t("rule-design-none").to_string(), designs))
            .hint(l.t("rule-design-hint")),
    ];
    if is_new {
        fields.push(field("above", "rule-place", &typed.above).kind(rules).hint(l.t("rule-place-hint")));
    }
    fields.extend([
        lines("groups", "rule-groups", &form.groups, "rule-groups-hint"),
        lines("offices", "rule-offices", &form.offices, "rule-offices-hint"),
        day("from", "rule-from", &form.from),
        day("until", "rule-until", &form.until),
    ]);
    let values = Typed { config: form.values.clone(), inputs: BTreeMap::new() };
    fields.extend(values.config_fields(l, &keys(overview, &form.values), &BTreeSet::new(), found, false));
    offer_pictures(&mut fields, &overview.pictures);
    fields
}

/// Whatever some template in use takes, and what is there already and none takes any more.
fn keys(overview: &SignatureOverview, values: &BTreeMap<String, String>) -> BTreeMap<String, ConfigKey> {
    let text = |of: ConfigKey| ConfigKey { kind: ConfigKind::String, choices: Vec::new(), ..of };
    let mut keys: BTreeMap<String, ConfigKey> = BTreeMap::new();
    for (name, key) in overview.templates.iter().flat_map(|info| &info.config) {
        // nothing is asked for, and nothing typed leaves it to the design
        let key = ConfigKey { required: false, default: None, ..key.clone() };
        match keys.get_mut(name) {
            Some(known) if known.kind != key.kind || known.choices != key.choices => *known = text(known.clone()),
            Some(_) => {}
            None => _ = keys.insert(name.clone(), key),
        }
    }
    for name in values.keys() {
        keys.entry(name.clone()).or_insert_with(|| ConfigKey {
            kind: ConfigKind::String,
            required: false,
            secret: false,
            lines: false,
            default: None,
            example: None,
            choices: Vec::new(),
            minimum: None,
            maximum: None,
            description: BTreeMap::new(),
        });
    }
    keys
}

fn path_of(rule: &Rule) -> String {
    format!("/signatures/rules/{}", rule.id)
}

fn seen_of(rule: &Rule) -> String {
    seen(&(&rule.name, &rule.settings))
}

/// What is typed.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) form: RuleForm,
    /// Of a new one: the rule that it is asked before.
    pub(crate) above: String,
    pub(crate) seen: String,
}

impl From<RuleForm> for Sent {
    fn from(form: RuleForm) -> Self {
        Self { form, ..Self::default() }
    }
}

impl From<Fields> for Sent {
    fn from(fields: Fields) -> Self {
        let text = |name: &str| fields.text(name).trim().to_owned();
        let lines = |name: &str| {
            let lines = fields.text(name);
            lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let form = RuleForm {
            name: text("name"),
            groups: lines("groups"),
            offices: lines("offices"),
            languages: fields.all("language"),
            from: text("from"),
            until: text("until"),
            design: text("design"),
            values: Typed::of(&fields).config,
        };
        Self { form, above: text("above"), seen: fields.text("seen") }
    }
}

async fn overview(desk: &Desk) -> Result<SignatureOverview, crate::error::Fault> {
    desk.ok(desk.service().signature_overview(&desk.ctx).await)
}

fn shell(desk: &Desk, rule: Option<&Rule>) -> Shell {
    let here = rule.map_or_else(|| "/signatures/rules/new".to_owned(), path_of);
    Shell::new(desk, Section::Signatures, here)
}

/// `GET /signatures/rules/new`
pub(crate) async fn new(desk: Desk) -> Reply {
    desk.needs(Right::SignaturesChange)?;
    let overview = overview(&desk).await?;
    desk.page(&RulePage::new(&desk.l, shell(&desk, None), &overview, None, &Sent::default(), &Found::new()))
}

/// `POST /signatures/rules/new`
pub(crate) async fn add(sent: ProtectedForm<Sent>) -> Reply {
    let ProtectedForm { desk, form: typed } = sent;
    desk.needs(Right::SignaturesChange)?;
    let above = Some(typed.above.as_str()).filter(|above| !above.is_empty());
    let found = match desk.service().enter_signature_rule(&desk.ctx, &typed.form, above).await {
        Ok(Ok(_)) => return Ok(see_other("/signatures#rules")),
        Ok(Err(found)) => words::signature::problems(&desk.l, &found),
        // the rule that it was to stand above went meanwhile
        Err(Error::Invalid { what, .. }) if what == "above" => {
            Found::from([(what, desk.l.t("signature-problem-above").to_string())])
        }
        Err(error) => return desk.ok(Err(error)),
    };
    let overview = overview(&desk).await?;
    let page = RulePage::new(&desk.l, shell(&desk, None), &overview, None, &typed, &found);
    desk.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// `GET /signatures/rules/{rule}`
pub(crate) async fn show(desk: Desk, path: web::Path<String>) -> Reply {
    let overview = overview(&desk).await?;
    let rule = desk.ok(overview.rule(desk.id(&path)?))?;
    let standing = Sent::from(overview.form(rule));
    desk.page(&RulePage::new(&desk.l, shell(&desk, Some(rule)), &overview, Some(rule), &standing, &Found::new()))
}

/// `POST /signatures/rules/{rule}`
pub(crate) async fn change(sent: ProtectedForm<Sent>, path: web::Path<String>) -> Reply {
    let ProtectedForm { desk, form: typed } = sent;
    desk.needs(Right::SignaturesChange)?;
    let overview = overview(&desk).await?;
    let rule = desk.ok(overview.rule(desk.id(&path)?))?;
    let outcome = if typed.seen == seen_of(rule) {
        desk.service().rewrite_signature_rule(&desk.ctx, rule.clone(), &typed.form).await
    } else {
        Err(Error::Changed("this rule"))
    };
    let (status, found) = match outcome {
        Ok(Ok(_)) => return Ok(see_other("/signatures#rules")),
        Ok(Err(found)) => (StatusCode::UNPROCESSABLE_ENTITY, words::signature::problems(&desk.l, &found)),
        Err(Error::Changed(_)) => (StatusCode::CONFLICT, Found::new()),
        Err(error) => return desk.ok(Err(error)),
    };
    let mut page = RulePage::new(&desk.l, shell(&desk, Some(rule)), &overview, Some(rule), &typed, &found);
    page.changed = status == StatusCode::CONFLICT;
    desk.page_with(status, &page)
}

/// `POST /signatures/rules/{rule}/remove`
pub(crate) async fn remove(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    desk.needs(Right::SignaturesChange)?;
    let overview = overview(&desk).await?;
    let rule = desk.ok(overview.rule(desk.id(&path)?))?;
    desk.ok(desk.service().remove_signature_rule(&desk.ctx, &rule.name).await)?;
    Ok(see_other("/signatures#rules"))
}

/// `GET` of the addresses of buttons.
pub(crate) async fn back(_: Desk, path: web::Path<String>) -> Reply {
    Ok(see_other(&format!("/signatures/rules/{}", crate::respond::segment(&path))))
}
