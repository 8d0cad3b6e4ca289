//! The operator's Unix socket: the same use cases as JSON, for the command line.
//!
//! Whoever may open the socket is the operator. Errors are problem+json with stable
//! codes.

pub(crate) mod checkup;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod runs;
pub(crate) mod sources;
pub(crate) mod wire;

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Serialize;
use serde_json::json;

use crate::error::Fault;
use crate::headers::Surface;
use crate::operator::wire::Wire;
use crate::respond::Reply;

/// Adds the routes of the operator's socket.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(Surface::Operator);
    config.service(
        web::scope("/v1")
            .route("/ready", web::get().to(ready))
            .route("/first-run", web::post().to(first_run))
            .route("/plugins", web::get().to(plugins))
            .route("/sources", web::get().to(sources::list))
            .route("/sources", web::post().to(sources::add))
            .route("/sources/{name}/check", web::post().to(sources::check))
            .route("/sources/{name}/sync", web::post().to(sources::sync))
            .route("/runs/{id}", web::get().to(runs::show))
            .route("/runs/{id}/approve", web::post().to(runs::approve))
            .route("/runs/{id}/discard", web::post().to(runs::discard))
            .route("/checkup", web::get().to(checkup::facts))
            .route("/checkup/{table}", web::get().to(checkup::rows))
            .route("/outbox", web::get().to(outbox::list))
            .route("/outbox/resend", web::post().to(outbox::resend_all))
            .route("/outbox/{job}/resend", web::post().to(outbox::resend))
            .route("/people", web::get().to(people::list))
            .route("/leads", web::get().to(people::leads)),
    );
    config.default_service(web::to(missing));
}

async fn missing(wire: Wire) -> Reply {
    Err(Fault::not_found(&wire))
}

async fn ready(wire: Wire) -> Reply {
    wire.ok(wire.service().ready().await)?;
    wire.json(StatusCode::OK, &json!({ "ready": true }))
}

#[derive(Serialize)]
struct Invitation {
    url: String,
    token: String,
}

async fn first_run(wire: Wire) -> Reply {
    let token = wire.ok(wire.service().first_run_token(&wire.ctx).await)?;
    let url = format!("{}/first-run", wire.service().settings().internal_origin);
    wire.json(StatusCode::CREATED, &Invitation { url, token: token.reveal().to_owned() })
}

async fn plugins(wire: Wire) -> Reply {
    let plugins = wire.ok(wire.service().plugins(&wire.ctx).await)?;
    let plugins: Vec<_> = plugins.into_iter().map(|plugin| plugin.info).collect();
    wire.json(StatusCode::OK, &json!({ "plugins": plugins, "problems": wire.service().plugin_problems() }))
}
