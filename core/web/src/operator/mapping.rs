//! A source's mapping over the operator's socket: shown, changed, tried.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::Error;
use estampe_domain::mapping::{Country, Mapping, MappingChange, Preset, Target};
use estampe_service::{MappingPreview, PreviewedPerson};
use serde::Serialize;
use serde_json::json;

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;
use crate::words;

/// People of a preview.
pub(crate) const PREVIEWED: usize = 10;

#[derive(Serialize)]
struct RuleView<'a> {
    field: Target,
    expression: &'a str,
}

#[derive(Serialize)]
struct MappingView<'a> {
    /// As a person reads a card.
    rules: Vec<RuleView<'a>>,
    country: Option<Country>,
    /// The preset whose rules these are.
    preset: Option<&'static str>,
}

impl<'a> From<&'a Mapping> for MappingView<'a> {
    fn from(mapping: &'a Mapping) -> Self {
        let preset = Preset::like(mapping).map(|preset| preset.id);
        let rules = mapping.rules.iter().map(|(field, rule)| RuleView { field: *field, expression: rule.as_str() });
        Self { rules: rules.collect(), country: mapping.country, preset }
    }
}

/// `GET /v1/sources/{name}/mapping`
pub(crate) async fn show(wire: Wire, name: web::Path<String>) -> Reply {
    let source = wire.ok(wire.service().source(&wire.ctx, &name).await)?.source;
    wire.json(StatusCode::OK, &MappingView::from(&source.mapping))
}

/// All that is wrong, each with its field.
fn changed(before: &Mapping, change: &MappingChange) -> Result<Mapping, Error> {
    before.changed(change).map_err(|problems| {
        let words: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Error::invalid("mapping", words.join("; "))
    })
}

/// `POST /v1/sources/{name}/mapping`
pub(crate) async fn change(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    let change: MappingChange = wire.body(&body)?;
    let before = wire.ok(wire.service().source(&wire.ctx, &name).await)?.source.mapping;
    let mapping = wire.ok(changed(&before, &change))?;
    let source = wire.ok(wire.service().set_mapping(&wire.ctx, &name, &before, mapping).await)?;
    wire.json(StatusCode::OK, &MappingView::from(&source.mapping))
}

/// `POST /v1/sources/{name}/mapping/preview`: of the mapping after a change, which is not made.
pub(crate) async fn preview(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    let change: MappingChange = wire.body(&body)?;
    let before = wire.ok(wire.service().source(&wire.ctx, &name).await)?.source.mapping;
    let mapping = wire.ok(changed(&before, &change))?;
    let preview = wire.ok(wire.service().preview_mapping(&wire.ctx, &name, &mapping, PREVIEWED).await)?;
    let MappingPreview { people, attributes } = &preview;
    let attributes: Vec<_> = attributes.iter().map(|seen| json!({"name": seen.name, "sample": seen.sample})).collect();
    let people: Vec<_> = people.iter().map(|person| previewed(&wire, person)).collect();
    wire.json(StatusCode::OK, &json!({ "people": people, "attributes": attributes }))
}

fn previewed(wire: &Wire, person: &PreviewedPerson) -> serde_json::Value {
    let PreviewedPerson { position, shown, left_out } = person;
    match shown {
        Ok(shown) => {
            let fields: Vec<_> = shown.iter().map(|(target, text)| json!({"field": target, "value": text})).collect();
            json!({"position": position, "fields": fields, "left_out": left_out})
        }
        Err(why) => {
            let words = wire.l.t(words::not_a_person(why));
            let missing = why.missing_grants().join(", ");
            let reason = if missing.is_empty() { words.to_string() } else { format!("{words} ({missing})") };
            json!({"position": position, "refused": why.code(), "reason": reason})
        }
    }
}
