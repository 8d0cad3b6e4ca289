//! The JSON API for programs: `/api/v1` on the internal listener.
//!
//! Whoever asks presents a token ([`caller`]); what is asked is one of the use cases that
//! the console has too. Every answer is described by the document that is made of this code
//! ([`document`]), and errors are problem+json (RFC 9457) with stable codes.

mod accounts;
mod caller;
mod cause;
mod document;
mod edit;
mod give_back;
mod groups;
mod health;
mod leads;
mod me;
mod once;
mod page;
mod people;
mod person_patch;
mod plugins;
mod problem;
mod runs;
mod sources;
mod tokens;

pub(crate) use caller::RateNote;
pub(crate) use cause::ApiCause;
pub(crate) use problem::{FieldProblem, Problem};

use actix_web::web;

use crate::respond::wrong_method;
use crate::routes::Table;
use crate::visit::Visit;

/// Where it stands.
const PREFIX: &str = "/api/v1";

/// Whether a path is the API's, also one that leads nowhere.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Adds the routes.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    routes().register(config, |allowed| web::to(move |visit: Visit| async move { wrong_method(&visit, allowed) }));
}

/// Its routes.
pub(crate) fn routes() -> Table {
    Table::new().scope(PREFIX, |table| {
        table
            .get("/openapi.json", document::show)
            .get("/me", me::show)
            .get("/me/signature", me::signature)
            .get("/people", people::list)
            .get("/people/{id}", people::show)
            .patch("/people/{id}", people::change)
            .get("/people/{id}/photo", people::photo)
            .post("/people/{id}/give-back", give_back::give_back)
            .get("/leads", leads::list)
            .get("/leads/{id}", leads::show)
            .get("/groups", groups::list)
            .get("/groups/{id}", groups::show)
            .get("/sources", sources::list)
            .get("/sources/{name}", sources::show)
            .post("/sources/{name}/runs", runs::start)
            .get("/runs", runs::list)
            .get("/runs/{id}", runs::show)
            .post("/runs/{id}/approve", runs::approve)
            .post("/runs/{id}/discard", runs::discard)
            .get("/plugins", plugins::list)
            .get("/plugins/{id}", plugins::show)
            .get("/accounts", accounts::list)
            .post("/accounts", accounts::add)
            .get("/accounts/{id}", accounts::show)
            .patch("/accounts/{id}", accounts::change)
            .get("/health", health::show)
            .get("/checkup", health::checkup)
            .get("/tokens", tokens::list)
            .post("/tokens", tokens::make)
            .delete("/tokens/{id}", tokens::revoke)
    })
}
