//! The operator's Unix socket: the same use cases as JSON, for the command line.
//!
//! Whoever may open the socket is the operator. Errors are problem+json with stable
//! codes.

pub(crate) mod accounts;
pub(crate) mod approvals;
pub(crate) mod backups;
pub(crate) mod bulk;
pub(crate) mod cards;
pub(crate) mod changes;
pub(crate) mod checkup;
pub(crate) mod directory;
pub(crate) mod endings;
pub(crate) mod groups;
pub(crate) mod keys;
pub(crate) mod mapping;
pub(crate) mod outbox;
pub(crate) mod ownership;
pub(crate) mod people;
pub(crate) mod pictures;
pub(crate) mod plan_pages;
pub(crate) mod plugins;
pub(crate) mod providers;
pub(crate) mod publications;
pub(crate) mod runs;
pub(crate) mod signatures;
pub(crate) mod sources;
pub(crate) mod tokens;
pub(crate) mod wire;

pub use backups::told as backups_told;

use actix_web::http::StatusCode;
use actix_web::web;
use serde::Serialize;
use serde_json::json;

use crate::error::Fault;
use crate::headers::Surface;
use crate::operator::wire::Wire;
use crate::respond::{Reply, wrong_method};
use crate::routes::Table;

/// Adds the routes of the operator's socket.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(Surface::Operator);
    routes().register(config, |allowed| web::to(move |wire: Wire| async move { wrong_method(&wire, allowed) }));
    config.default_service(web::to(missing));
}

/// Its routes.
pub(crate) fn routes() -> Table {
    Table::new().scope("/v1", |table| {
        of_signatures(table)
            .get("/ready", ready)
            .post("/first-run", first_run)
            .get("/plugins", plugins::list)
            .post("/plugins", plugins::put)
            .get("/plugins/{id}", plugins::show)
            .post("/plugins/{id}/remove", plugins::remove)
            .post("/plugins/{id}/grants", plugins::grant)
            .post("/plugins/{id}/use", plugins::use_it)
            .post("/plugins/{id}/rollback", plugins::rollback)
            .post("/plugins/{id}/enable", plugins::enable)
            .post("/plugins/{id}/disable", plugins::disable)
            .get("/sources", sources::list)
            .post("/sources", sources::add)
            .get("/sources/{name}", sources::show)
            .post("/sources/{name}", sources::change)
            .get("/sources/{name}/owners", ownership::owners)
            .post("/sources/{name}/owners", ownership::change_owners)
            .get("/sources/{name}/mapping", mapping::show)
            .post("/sources/{name}/mapping", mapping::change)
            .post("/sources/{name}/mapping/preview", mapping::preview)
            .post("/sources/{name}/check", sources::check)
            .get("/sources/{name}/permissions", sources::permissions)
            .post("/sources/{name}/permissions", sources::check_permissions)
            .post("/sources/{name}/examine", directory::examine)
            .post("/sources/{name}/sign-in", directory::sign_in)
            .post("/sources/{name}/sync", sources::sync)
            .post("/sources/{name}/schedule", sources::schedule)
            .get("/sources/{name}/disconnect", endings::plan)
            .post("/sources/{name}/disconnect", endings::begin)
            .get("/endings/{id}", endings::show)
            .get("/runs", runs::list)
            .get("/runs/{id}", runs::show)
            .get("/runs/{id}/lines", plan_pages::lines)
            .get("/runs/{id}/refusals", plan_pages::refusals)
            .post("/runs/{id}/approve", runs::approve)
            .post("/runs/{id}/discard", runs::discard)
            .get("/keys", keys::show)
            .post("/keys/rotate", keys::rotate)
            .post("/keys/copied", keys::copied)
            .get("/backups", backups::list)
            .post("/backups", backups::begin)
            .post("/backups/verified", backups::verified)
            .get("/service", checkup::service)
            .post("/resume", checkup::resume)
            .get("/checkup", checkup::facts)
            .get("/checkup/{table}", checkup::rows)
            .get("/outbox", outbox::list)
            .post("/outbox/resend", outbox::resend_all)
            .post("/outbox/{job}/resend", outbox::resend)
            .get("/cards", cards::list)
            .get("/people", people::list)
            .post("/bulk", bulk::begin)
            .get("/bulk/{id}", bulk::show)
            .post("/bulk/{id}/undo", bulk::undo)
            .get("/people/{id}", ownership::person)
            .post("/people/{id}", ownership::edit)
            .post("/people/{id}/give-back", ownership::give_back)
            .get("/changes", changes::list)
            .post("/changes/{change}/again", changes::again)
            .post("/changes/{change}/end", changes::end)
            .get("/accounts", accounts::list)
            .post("/accounts", accounts::add)
            .get("/accounts/{account}", accounts::show)
            .post("/accounts/{account}", accounts::change)
            .post("/accounts/{account}/invite", accounts::invite)
            .post("/accounts/{account}/reset-factors", accounts::reset_factors)
            .post("/accounts/{account}/sign-out", accounts::sign_out)
            .get("/tokens", tokens::list)
            .post("/tokens", tokens::make)
            .post("/tokens/{id}/revoke", tokens::revoke)
            .get("/providers", providers::list)
            .post("/providers", providers::add)
            .get("/providers/{provider}", providers::show)
            .post("/providers/{provider}", providers::change)
            .post("/providers/{provider}/check", providers::check)
            .post("/providers/{provider}/remove", providers::remove)
            .get("/groups", groups::list)
            .get("/groups/{group}", groups::show)
            .post("/groups/{group}", groups::rename)
            .post("/groups/{group}/members", groups::member)
            .post("/sources/{name}/groups", groups::create)
            .get("/people/{id}/signature", signatures::of_person)
            .get("/approvals", approvals::list)
            .post("/approvals/{approval}/agree", approvals::agree)
            .post("/approvals/{approval}/refuse", approvals::refuse)
            .get("/leads", people::leads)
            .post("/leads/export", people::export)
            .post("/leads/{id}/contact", people::contact)
    })
}

fn of_signatures(table: Table) -> Table {
    table
        .get("/signatures/designs", signatures::designs)
        .post("/signatures/designs", signatures::add_design)
        .post("/signatures/designs/{name}", signatures::change_design)
        .post("/signatures/designs/{name}/remove", signatures::remove_design)
        .get("/signatures/rules", signatures::rules)
        .post("/signatures/rules", signatures::add_rule)
        .post("/signatures/rules/{name}", signatures::change_rule)
        .post("/signatures/rules/{name}/move", signatures::move_rule)
        .post("/signatures/rules/{name}/remove", signatures::remove_rule)
        .get("/signatures/pictures", pictures::list)
        .post("/signatures/pictures", pictures::add)
        .post("/signatures/pictures/{name}/remove", pictures::remove)
        .post("/signatures/mail", signatures::mail)
        .get("/signatures/publications", publications::list)
        .post("/signatures/publications", publications::begin)
        .get("/signatures/publications/{id}", publications::show)
        .get("/signatures/publications/{id}/lines", publications::lines)
        .post("/signatures/publications/{id}/apply", publications::apply)
        .post("/signatures/publications/{id}/pause", publications::pause)
        .post("/signatures/publications/{id}/resume", publications::resume)
        .post("/signatures/publications/{id}/stop", publications::stop)
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
