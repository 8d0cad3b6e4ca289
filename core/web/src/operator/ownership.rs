//! A person field by field, and whose the fields are, over the operator's socket.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::ownership::{Inputs, Made, Owners, ProfileProblems};
use estampe_domain::person::ProfileField;
use estampe_domain::{Error, PersonId};
use estampe_service::views::{PersonChange, PersonDetail, PersonEdit};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

/// A field of a person: what is shown, and why.
#[derive(Serialize)]
struct FieldView {
    field: &'static str,
    shown: String,
    /// Nobody where no source says anything.
    owner: Option<&'static str>,
    entered: bool,
    /// What the directory says, where that is something else.
    said: Option<String>,
    conflict: bool,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    active: bool,
    card_url: String,
    source: Option<String>,
    identities: BTreeMap<String, String>,
    fields: Vec<FieldView>,
    version: String,
}

fn fields(made: &Made) -> Vec<FieldView> {
    let open = made.conflicts();
    let view = |field: ProfileField| FieldView {
        field: field.key(),
        shown: made.shown.readable(field),
        owner: made.owner(field).map(|owner| owner.key()),
        entered: made.entered.of(field).is_some(),
        said: made.said_else(field).and(made.origin.as_ref()).map(|origin| origin.said.readable(field)),
        conflict: open.iter().any(|conflict| conflict.field == field),
    };
    ProfileField::ALL.into_iter().map(view).collect()
}

async fn answer(wire: &Wire, id: PersonId) -> Reply {
    let PersonDetail { summary, made, identities, .. } = wire.ok(wire.service().person(&wire.ctx, id).await)?;
    let shown = Shown {
        id: id.to_string(),
        name: made.shown.display_name.to_string(),
        active: summary.active,
        card_url: wire.service().card_url(&summary.public_id),
        source: made.origin.as_ref().map(|origin| origin.source.clone()),
        identities: identities.into_iter().collect(),
        fields: fields(&made),
        version: made.version(),
    };
    wire.json(StatusCode::OK, &shown)
}

/// `GET /v1/people/{id}`
pub(crate) async fn person(wire: Wire, id: web::Path<String>) -> Reply {
    answer(&wire, wire.id(&id)?).await
}

#[derive(Deserialize)]
struct Change {
    /// Inputs and their texts; lists name the same input again.
    #[serde(default)]
    set: Inputs,
    /// What was seen; without it what stands there now is changed.
    #[serde(default)]
    version: Option<String>,
}

/// `POST /v1/people/{id}`
pub(crate) async fn edit(wire: Wire, id: web::Path<String>, body: Body) -> Reply {
    let id: PersonId = wire.id(&id)?;
    let Change { set, version } = wire.body(&body)?;
    let change = PersonChange { inputs: set, seen: version };
    match wire.ok(wire.service().edit_person(&wire.ctx, id, change).await)? {
        PersonEdit::Done | PersonEdit::Asked => answer(&wire, id).await,
        PersonEdit::Problems(problems) => wire.ok(Err(refused(&problems))),
    }
}

/// Every problem in one error.
fn refused(ProfileProblems(problems): &ProfileProblems) -> Error {
    let mut all = problems.iter();
    // an error names its field by itself
    let Some((first, why)) = all.next() else { return Error::invalid("set", "it cannot be read") };
    let more: Vec<_> = all.map(|(input, why)| format!("; {input}: {why}")).collect();
    Error::invalid(first, format!("{why}{}", more.concat()))
}

/// Names of fields, as the doors take them.
fn field(name: &str) -> Result<ProfileField, Error> {
    let names = || ProfileField::ALL.map(ProfileField::key).join(", ");
    ProfileField::from_key(name)
        .ok_or_else(|| Error::invalid("field", format!("\"{name}\" is no field; there are: {}", names())))
}

#[derive(Deserialize)]
struct GiveBack {
    #[serde(default)]
    fields: Vec<String>,
}

/// `POST /v1/people/{id}/give-back`
pub(crate) async fn give_back(wire: Wire, id: web::Path<String>, body: Body) -> Reply {
    let id: PersonId = wire.id(&id)?;
    let GiveBack { fields } = wire.body(&body)?;
    let fields = wire.ok(fields.iter().map(|name| field(name)).collect::<Result<Vec<_>, _>>())?;
    wire.ok(wire.service().give_back(&wire.ctx, id, fields, None).await)?;
    answer(&wire, id).await
}

fn owners_view(owners: &Owners) -> serde_json::Value {
    let all: BTreeMap<_, _> =
        ProfileField::ALL.into_iter().map(|field| (field.key(), owners.of(field).key())).collect();
    json!({ "owners": all })
}

/// `GET /v1/sources/{name}/owners`
pub(crate) async fn owners(wire: Wire, name: web::Path<String>) -> Reply {
    let owners = wire.ok(wire.service().source_owners(&wire.ctx, &name).await)?;
    wire.json(StatusCode::OK, &owners_view(&owners))
}

#[derive(Deserialize)]
struct Owning {
    #[serde(default)]
    set: BTreeMap<String, String>,
}

/// `POST /v1/sources/{name}/owners`
pub(crate) async fn change_owners(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    use estampe_domain::ownership::Owner;
    let Owning { set } = wire.body(&body)?;
    let read = |(name, owner): (&String, &String)| {
        let choices = || Owner::ALL.map(Owner::key).join(", ");
        let owner = Owner::from_key(owner)
            .ok_or_else(|| Error::invalid(name, format!("its owner is one of {}, not \"{owner}\"", choices())))?;
        Ok((field(name)?, owner))
    };
    let change = wire.ok(set.iter().map(read).collect::<Result<BTreeMap<_, _>, _>>())?;
    let owners = wire.ok(wire.service().change_owners(&wire.ctx, &name, &change, None).await)?;
    wire.json(StatusCode::OK, &owners_view(&owners))
}
