//! `/health` and `/checkup`: how the appliance fares.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use estampe_domain::Right;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::Caller;
use crate::api::page::{Nothing, query};
use crate::respond::Reply;

/// How the appliance fares.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Whether requests can be served: the database answers and has room.
    ready: bool,
    /// Why not.
    problem: Option<&'static str>,
    /// What needs a look: certificates above all.
    warnings: Vec<Look>,
    /// The version of Estampe.
    version: &'static str,
}

/// Something that works and deserves a look.
#[derive(Serialize, ToSchema)]
pub(crate) struct Look {
    /// Stable.
    code: &'static str,
    /// One sentence.
    text: &'static str,
}

/// How the appliance fares
#[utoipa::path(get, path = "/health", tag = "health", operation_id = "get_health",
    security(("token" = ["health:read"])),
    responses((status = 200, body = Health, description = "How it fares.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    caller.ok(caller.ctx.require(Right::HealthRead))?;
    let warnings = caller.state.tls.warnings();
    let ready = caller.service().ready().await;
    let health = Health {
        ready: ready.is_ok(),
        problem: ready.err().map(|error| error.code()),
        warnings: warnings.iter().map(|warning| Look { code: warning.code, text: warning.text }).collect(),
        version: caller.service().settings().version,
    };
    caller.json(StatusCode::OK, &health)
}

/// What the database says of itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checkup {
    /// `SQLite` or `PostgreSQL`.
    engine: String,
    version: String,
    /// What its own checks found wrong: tables and row numbers, no content.
    findings: Vec<String>,
    /// Migrations that were run and that this version does not know.
    unknown_migrations: Vec<String>,
    /// Migrations that were not run.
    pending_migrations: Vec<String>,
}

/// What the database says of itself
///
/// Its own checks read all of it: ask once a day, not once a minute.
#[utoipa::path(get, path = "/checkup", tag = "health", operation_id = "get_checkup",
    security(("token" = ["health:read"])),
    responses((status = 200, body = Checkup, description = "What it says.")))]
pub(crate) async fn checkup(caller: Caller, request: HttpRequest) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let facts = caller.ok(caller.service().database_facts(&caller.ctx).await)?;
    let checkup = Checkup {
        engine: facts.engine,
        version: facts.version,
        findings: facts.findings,
        unknown_migrations: facts.unknown_migrations,
        pending_migrations: facts.pending_migrations,
    };
    caller.json(StatusCode::OK, &checkup)
}
