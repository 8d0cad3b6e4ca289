//! Groups over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::PersonId;
use estampe_domain::group::GroupSummary;
use estampe_service::GroupOrder;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::people::query_of;
use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

fn view(group: &GroupSummary) -> Value {
    json!({ "id": group.id, "name": group.name, "source": group.source_name, "people": group.people })
}

/// `GET /v1/groups?source=&after=`
pub(crate) async fn list(wire: Wire, request: HttpRequest) -> Reply {
    let given = |name: &str| Some(query_of(&request, name)).filter(|value| !value.is_empty());
    let (source, after) = (given("source"), given("after"));
    let page = wire.ok(wire.service().groups(&wire.ctx, source.as_deref(), after.as_deref()).await)?;
    let groups: Vec<_> = page.groups.iter().map(view).collect();
    wire.json(StatusCode::OK, &json!({ "groups": groups, "total": page.total, "next": page.next }))
}

/// `GET /v1/groups/{name or id}`
pub(crate) async fn show(wire: Wire, path: web::Path<String>) -> Reply {
    let group = wire.ok(wire.service().find_group(&wire.ctx, &path).await)?;
    wire.json(StatusCode::OK, &view(&group))
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// `POST /v1/sources/{name}/groups`
pub(crate) async fn create(wire: Wire, source: web::Path<String>, body: Body) -> Reply {
    let Name { name } = wire.body(&body)?;
    let order = GroupOrder::Create { source: source.into_inner(), name };
    let id = wire.ok(wire.service().write_group(&wire.ctx, order).await)?;
    wire.json(StatusCode::OK, &json!({ "made": id }))
}

/// `POST /v1/groups/{name or id}`
pub(crate) async fn rename(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let Name { name } = wire.body(&body)?;
    let group = wire.ok(wire.service().find_group(&wire.ctx, &path).await)?.id;
    wire.ok(wire.service().write_group(&wire.ctx, GroupOrder::Rename { group, name }).await)?;
    wire.json(StatusCode::OK, &json!({ "renamed": group }))
}

#[derive(Deserialize)]
struct Member {
    person: String,
    joins: bool,
}

/// `POST /v1/groups/{name or id}/members`
pub(crate) async fn member(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let Member { person, joins } = wire.body(&body)?;
    let person: PersonId = wire.id(&person)?;
    let group = wire.ok(wire.service().find_group(&wire.ctx, &path).await)?.id;
    wire.ok(wire.service().write_group(&wire.ctx, GroupOrder::Member { group, person, joins }).await)?;
    wire.json(StatusCode::OK, &json!({ "group": group, "person": person, "joins": joins }))
}
