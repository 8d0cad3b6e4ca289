//! Changes of people's fields that are written into the directory, over the operator's socket.
//! Nobody agrees to one here: that is the person's word, or whoever leads a team of theirs.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::ownership::FieldValue;
use estampe_service::{ChangeWord, ShownChange};
use serde_json::{Value, json};

use crate::console::people::query_of;
use crate::operator::wire::Wire;
use crate::respond::Reply;

fn view(shown: &ShownChange) -> Value {
    let (named, change) = (&shown.named, &shown.named.change);
    json!({
        "id": change.id.to_string(), "person": change.person.to_string(), "name": named.person_name,
        "source": named.source_name, "field": change.field().key(),
        "was": change.before.readable(), "wanted": change.wanted.readable(),
        "found": change.found.as_ref().map(FieldValue::readable),
        "state": change.state.as_str(), "code": change.code, "detail": change.detail,
        "asked_by": named.asked_by_name, "asked_at": change.asked_at.to_string(),
    })
}

/// `GET /v1/changes`
pub(crate) async fn list(wire: Wire, request: HttpRequest) -> Reply {
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let page = wire.ok(wire.service().directory_changes(&wire.ctx, None, after.into()).await)?;
    let changes: Vec<_> = page.changes.iter().map(view).collect();
    wire.json(StatusCode::OK, &json!({ "changes": changes, "total": page.total, "next": page.next }))
}

async fn say(wire: &Wire, id: &str, word: ChangeWord) -> Reply {
    wire.ok(wire.service().decide_change(&wire.ctx, wire.id(id)?, word).await)?;
    wire.json(StatusCode::OK, &json!({ "change": id }))
}

/// `POST /v1/changes/{change}/again`
pub(crate) async fn again(wire: Wire, path: web::Path<String>) -> Reply {
    say(&wire, &path, ChangeWord::Again).await
}

/// `POST /v1/changes/{change}/end`
pub(crate) async fn end(wire: Wire, path: web::Path<String>) -> Reply {
    say(&wire, &path, ChangeWord::End).await
}
