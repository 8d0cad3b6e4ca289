//! Groups over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::group::GroupSummary;
use serde_json::{Value, json};

use crate::console::people::query_of;
use crate::operator::wire::Wire;
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
