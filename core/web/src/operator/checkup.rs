//! What `estampe doctor` asks over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::Right;
use estampe_service::CheckupPart;
use serde_json::json;

use crate::console::people::query_of;
use crate::error::Fault;
use crate::operator::wire::Wire;
use crate::respond::Reply;

/// `GET /v1/service`: what the running service is, whatever the configuration says by now.
pub(crate) async fn service(wire: Wire) -> Reply {
    wire.ok(wire.ctx.require(Right::HealthRead))?;
    let held = wire.ok(wire.service().held_since(&wire.ctx).await)?;
    let settings = wire.service().settings();
    let answer = json!({
        "version": settings.version,
        "public_origin": settings.public_origin,
        "internal_origin": settings.internal_origin,
        "listening": wire.state.listening,
        "warnings": wire.state.tls.warnings(),
        "held_since": held.map(|held| held.to_string()),
    });
    wire.json(StatusCode::OK, &answer)
}

/// `POST /v1/resume`: lets a restored service send and write again.
pub(crate) async fn resume(wire: Wire) -> Reply {
    wire.ok(wire.service().resume(&wire.ctx).await)?;
    wire.json(StatusCode::OK, &json!({ "resumed": true }))
}

/// `GET /v1/checkup`
pub(crate) async fn facts(wire: Wire) -> Reply {
    let database = wire.ok(wire.service().database_facts(&wire.ctx).await)?;
    let outbox = wire.ok(wire.service().outbox(&wire.ctx).await)?;
    let answer = json!({
        "database": database,
        "mails": { "waiting": outbox.waiting_count, "given_up": outbox.dead_count },
    });
    wire.json(StatusCode::OK, &answer)
}

/// `GET /v1/checkup/{table}?after=`
pub(crate) async fn rows(wire: Wire, table: web::Path<String>, request: HttpRequest) -> Reply {
    let part: CheckupPart = table.parse().map_err(|()| Fault::not_found(&wire))?;
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let page = wire.ok(wire.service().checkup(&wire.ctx, part, after).await)?;
    wire.json(StatusCode::OK, &page)
}
