//! Signatures over the operator's socket.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::mail::TestedSignature;
use estampe_domain::signature::{Aspect, Design, Rule, Verdict};
use estampe_domain::{Error, PersonId};
use estampe_service::{RuleForm, SignatureDetail};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::people::query_of;
use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

fn design_view(design: &Design) -> Value {
    json!({ "id": design.id, "name": design.name, "template": design.plugin, "config": design.config })
}

fn rule_view(rule: &Rule, designs: &[Design]) -> Value {
    let design = designs.iter().find(|design| Some(design.id) == rule.settings.design).map(|design| &design.name);
    let who = &rule.settings.who;
    json!({
        "id": rule.id, "name": rule.name, "groups": who.groups, "offices": who.offices, "languages": who.languages,
        "from": rule.settings.from, "until": rule.settings.until, "design": design, "values": rule.settings.values,
    })
}

/// `GET /v1/signatures/designs`
pub(crate) async fn designs(wire: Wire) -> Reply {
    let designs = wire.ok(wire.service().signature_designs(&wire.ctx).await)?;
    wire.json(StatusCode::OK, &json!({ "designs": designs.iter().map(design_view).collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDesign {
    name: String,
    template: String,
    #[serde(default)]
    config: BTreeMap<String, String>,
}

/// `POST /v1/signatures/designs`
pub(crate) async fn add_design(wire: Wire, body: Body) -> Reply {
    let NewDesign { name, template, config } = wire.body(&body)?;
    let design = wire.ok(wire.service().add_signature_design(&wire.ctx, &name, &template, config).await)?;
    wire.json(StatusCode::CREATED, &design_view(&design))
}

/// `POST /v1/signatures/designs/{name}`: what is not named stays, an empty value goes.
pub(crate) async fn change_design(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let config = wire.body(&body)?;
    let design = wire.ok(wire.service().change_signature_design(&wire.ctx, &path, config).await)?;
    wire.json(StatusCode::OK, &design_view(&design))
}

/// `POST /v1/signatures/designs/{name}/remove`
pub(crate) async fn remove_design(wire: Wire, path: web::Path<String>) -> Reply {
    wire.ok(wire.service().remove_signature_design(&wire.ctx, &path).await)?;
    wire.json(StatusCode::OK, &json!({ "removed": *path }))
}

/// `GET /v1/signatures/rules`
pub(crate) async fn rules(wire: Wire) -> Reply {
    let designs = wire.ok(wire.service().signature_designs(&wire.ctx).await)?;
    let rules = wire.ok(wire.service().signature_rules(&wire.ctx).await)?;
    let rules: Vec<_> = rules.iter().map(|rule| rule_view(rule, &designs)).collect();
    wire.json(StatusCode::OK, &json!({ "rules": rules }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleChange {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(default)]
    offices: Option<Vec<String>>,
    #[serde(default)]
    languages: Option<Vec<String>>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    design: Option<String>,
    /// An empty value goes.
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// Of a new one: the rule that it is asked before.
    #[serde(default)]
    above: Option<String>,
}

impl RuleChange {
    /// What is not named stays.
    fn of(self, before: RuleForm) -> RuleForm {
        let mut values = before.values;
        values.extend(self.values);
        RuleForm {
            name: self.name.unwrap_or(before.name),
            groups: self.groups.unwrap_or(before.groups),
            offices: self.offices.unwrap_or(before.offices),
            languages: self.languages.unwrap_or(before.languages),
            from: self.from.unwrap_or(before.from),
            until: self.until.unwrap_or(before.until),
            design: self.design.unwrap_or(before.design),
            values,
        }
    }
}

async fn rule_answer(wire: &Wire, status: StatusCode, rule: &Rule) -> Reply {
    let designs = wire.ok(wire.service().signature_designs(&wire.ctx).await)?;
    wire.json(status, &rule_view(rule, &designs))
}

/// `POST /v1/signatures/rules`
pub(crate) async fn add_rule(wire: Wire, body: Body) -> Reply {
    let change: RuleChange = wire.body(&body)?;
    let above = change.above.clone();
    let form = change.of(RuleForm::default());
    let rule = wire.ok(wire.service().add_signature_rule(&wire.ctx, &form, above.as_deref()).await)?;
    rule_answer(&wire, StatusCode::CREATED, &rule).await
}

/// `POST /v1/signatures/rules/{name}`
pub(crate) async fn change_rule(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let change: RuleChange = wire.body(&body)?;
    let form = change.of(wire.ok(wire.service().signature_rule_form(&wire.ctx, &path).await)?);
    let rule = wire.ok(wire.service().set_signature_rule(&wire.ctx, &path, &form).await)?;
    rule_answer(&wire, StatusCode::OK, &rule).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    /// The rule that it is asked before; none: it is asked last.
    #[serde(default)]
    above: Option<String>,
}

/// `POST /v1/signatures/rules/{name}/move`
pub(crate) async fn move_rule(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let Move { above } = wire.body(&body)?;
    wire.ok(wire.service().move_signature_rule(&wire.ctx, &path, above.as_deref()).await)?;
    rules(wire).await
}

/// `POST /v1/signatures/rules/{name}/remove`
pub(crate) async fn remove_rule(wire: Wire, path: web::Path<String>) -> Reply {
    wire.ok(wire.service().remove_signature_rule(&wire.ctx, &path).await)?;
    wire.json(StatusCode::OK, &json!({ "removed": *path }))
}

/// `GET /v1/people/{id}/signature?day=`: what they get, and why.
pub(crate) async fn of_person(wire: Wire, path: web::Path<String>, request: HttpRequest) -> Reply {
    let person: PersonId = wire.id(&path)?;
    let day = match query_of(&request, "day") {
        text if text.is_empty() => wire.l.today(),
        text => {
            let wrong = |_| Error::invalid("day", format!("\"{text}\" is no day; 2026-12-24 is right"));
            wire.ok(text.parse::<Date>().map_err(wrong))?
        }
    };
    let detail = wire.ok(wire.service().signature_of(&wire.ctx, person, day).await)?;
    wire.json(StatusCode::OK, &detail_view(&detail))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestMail {
    /// The address of an account.
    to: String,
    /// Whose signature.
    #[serde(default)]
    person: Option<PersonId>,
    /// Or the name of a design.
    #[serde(default)]
    design: Option<String>,
    #[serde(default)]
    day: Option<Date>,
}

/// `POST /v1/signatures/mail`: sends a signature to the holder of an account.
pub(crate) async fn mail(wire: Wire, body: Body) -> Reply {
    let TestMail { to, person, design, day } = wire.body(&body)?;
    let day = day.unwrap_or_else(|| wire.l.today());
    let of = match (person, design) {
        (Some(person), None) => TestedSignature::Person(person, day),
        (None, Some(name)) => {
            let designs = wire.ok(wire.service().signature_designs(&wire.ctx).await)?;
            let found = designs.into_iter().find(|design| design.name == name);
            let unknown = || Error::invalid("design", format!("there is no design \"{name}\""));
            TestedSignature::Design(wire.ok(found.ok_or_else(unknown))?.id, day)
        }
        _ => return wire.ok(Err(Error::invalid("person", "name a person or a design, and not both"))),
    };
    let email = wire.ok(wire.service().mail_signature_for(&wire.ctx, of, &to).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "to": email }))
}

fn detail_view(detail: &SignatureDetail) -> Value {
    let name = |id| detail.rules.iter().find(|rule| rule.id == id).map(|rule| rule.name.as_str());
    let verdicts = detail.decision.verdicts.iter();
    let why: Vec<_> = verdicts
        .map(|(rule, verdict)| {
            let (result, gives, day) = verdict_view(verdict);
            json!({ "rule": name(*rule), "result": result, "gives": gives, "day": day })
        })
        .collect();
    let signature = detail.made.as_ref().and_then(|made| made.as_ref().ok());
    let failure = detail.made.as_ref().and_then(|made| made.as_ref().err());
    json!({
        "person": detail.person.id, "name": detail.person.profile.display_name.as_str(), "day": detail.day,
        "language": detail.locale.tag(), "design": detail.design.as_ref().map(|design| &design.name),
        "why": why, "ignored": detail.ignored,
        "html": signature.map(|made| &made.html), "text": signature.map(|made| &made.text),
        "problem": failure.map(|failure| &failure.message),
    })
}

fn verdict_view(verdict: &Verdict) -> (&'static str, Vec<String>, Option<Date>) {
    let given = |aspect: &Aspect| match aspect {
        Aspect::Design => "design".to_owned(),
        Aspect::Value(key) => key.clone(),
    };
    match verdict {
        Verdict::Fits(aspects) => ("fits", aspects.iter().map(given).collect(), None),
        Verdict::Early(day) => ("early", Vec::new(), Some(*day)),
        Verdict::Over(day) => ("over", Vec::new(), Some(*day)),
        Verdict::Group => ("group", Vec::new(), None),
        Verdict::Office => ("office", Vec::new(), None),
        Verdict::Language => ("language", Vec::new(), None),
    }
}
