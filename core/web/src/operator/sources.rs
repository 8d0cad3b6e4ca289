//! Sources over the operator's socket.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::ending::PeopleFate;
use estampe_domain::manifest::{Granted, PermissionLine};
use estampe_domain::plugin::{ConnectorSpec, Probe};
use estampe_domain::source::{SourceChange, SourceOverview};
use estampe_service::SourcePermissions;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

#[derive(Serialize)]
struct SourceView {
    id: String,
    name: String,
    #[serde(flatten)]
    connector: ConnectorSpec,
    people: u64,
    every_minutes: Option<u32>,
    last_run: Option<LastRun>,
    /// What becomes of its people, while it is being disconnected.
    ending: Option<PeopleFate>,
    /// What its provider calls the organisation, as it last said.
    organisation: Option<String>,
}

#[derive(Serialize)]
struct LastRun {
    id: String,
    state: &'static str,
    at: String,
}

impl From<SourceOverview> for SourceView {
    fn from(overview: SourceOverview) -> Self {
        let SourceOverview { source, people, last_run, ending, organisation } = overview;
        Self {
            id: source.id.to_string(),
            name: source.name,
            connector: source.connector,
            people,
            every_minutes: source.every_minutes,
            last_run: last_run.map(|(id, state, at)| LastRun {
                id: id.to_string(),
                state: state.as_str(),
                at: at.to_string(),
            }),
            ending,
            organisation,
        }
    }
}

/// `GET /v1/sources`
pub(crate) async fn list(wire: Wire) -> Reply {
    let sources = wire.ok(wire.service().sources(&wire.ctx).await)?;
    let sources: Vec<SourceView> = sources.into_iter().map(SourceView::from).collect();
    wire.json(StatusCode::OK, &json!({ "sources": sources }))
}

#[derive(Deserialize)]
struct NewSource {
    name: String,
    plugin: String,
    #[serde(default)]
    config: BTreeMap<String, String>,
    #[serde(default)]
    inputs: BTreeMap<String, PathBuf>,
}

/// `POST /v1/sources`
pub(crate) async fn add(wire: Wire, body: Body) -> Reply {
    let NewSource { name, plugin, config, inputs } = wire.body(&body)?;
    let connector = ConnectorSpec { plugin, config, inputs };
    let source = wire.ok(wire.service().add_source(&wire.ctx, &name, connector).await)?;
    wire.json(StatusCode::CREATED, &json!({ "id": source.id, "name": source.name }))
}

/// `GET /v1/sources/{name}`: of its secrets only the keys.
pub(crate) async fn show(wire: Wire, name: web::Path<String>) -> Reply {
    let overview = wire.ok(wire.service().source(&wire.ctx, &name).await)?;
    let settings = wire.ok(wire.service().source_settings(&wire.ctx, &name).await)?;
    wire.json(StatusCode::OK, &Shown { source: overview.into(), secrets: settings.secrets })
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    source: SourceView,
    secrets: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    set: BTreeMap<String, String>,
    #[serde(default)]
    unset: BTreeSet<String>,
    #[serde(default)]
    inputs: BTreeMap<String, PathBuf>,
}

/// `POST /v1/sources/{name}`
pub(crate) async fn change(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    let Change { set, unset, inputs } = wire.body(&body)?;
    let change = SourceChange { set, unset, inputs };
    let source = wire.ok(wire.service().change_source(&wire.ctx, &name, change).await)?;
    wire.json(StatusCode::OK, &json!({ "id": source.id, "name": source.name }))
}

/// `POST /v1/sources/{name}/check`
pub(crate) async fn check(wire: Wire, name: web::Path<String>) -> Reply {
    let probes = wire.ok(wire.service().check_source(&wire.ctx, &name).await)?;
    wire.json(StatusCode::OK, &json!({ "probes": probes }))
}

#[derive(Serialize)]
struct Permissions {
    provider: String,
    organisation: Option<String>,
    tried: bool,
    #[serde(rename = "permissions")]
    lines: Vec<PermissionView>,
    /// What is needed, as it is pasted.
    paste: String,
    /// Granted there, and used by nothing here.
    idle: BTreeSet<String>,
    never_used: BTreeSet<String>,
    /// What else was tried.
    probes: Vec<Probe>,
}

#[derive(Serialize)]
struct PermissionView {
    name: String,
    what_for: String,
    when: BTreeSet<String>,
    needed: bool,
    /// Whether it is there; `null` when nothing was tried that would show it.
    granted: Option<bool>,
    detail: String,
}

impl From<PermissionLine> for PermissionView {
    fn from(line: PermissionLine) -> Self {
        let PermissionLine { permission, needed, granted } = line;
        let (granted, detail) = match granted {
            Granted::Untried => (None, String::new()),
            Granted::Yes(detail) => (Some(true), detail),
            Granted::No(detail) => (Some(false), detail),
        };
        let words = &permission.description;
        let what_for = words.get("en").or_else(|| words.values().next()).cloned().unwrap_or_default();
        Self { name: permission.name, what_for, when: permission.when, needed, granted, detail }
    }
}

impl From<SourcePermissions> for Permissions {
    fn from(found: SourcePermissions) -> Self {
        let paste = found.pasted();
        let SourcePermissions { settings, table, tried, organisation, writes: _ } = found;
        Self {
            provider: settings.info.provider.name,
            organisation,
            tried,
            lines: table.lines.into_iter().map(PermissionView::from).collect(),
            paste,
            idle: table.idle,
            never_used: settings.info.provider.unused,
            probes: table.others,
        }
    }
}

/// `GET /v1/sources/{name}/permissions`
pub(crate) async fn permissions(wire: Wire, name: web::Path<String>) -> Reply {
    let found = wire.ok(wire.service().source_permissions(&wire.ctx, &name).await)?;
    wire.json(StatusCode::OK, &Permissions::from(found))
}

/// `POST /v1/sources/{name}/permissions`: each piece is tried.
pub(crate) async fn check_permissions(wire: Wire, name: web::Path<String>) -> Reply {
    let found = wire.ok(wire.service().check_permissions(&wire.ctx, &name).await)?;
    wire.json(StatusCode::OK, &Permissions::from(found))
}

#[derive(Deserialize)]
struct Sync {
    #[serde(default)]
    plan_only: bool,
    #[serde(default)]
    full: bool,
}

#[derive(Deserialize)]
struct Schedule {
    every_minutes: Option<u32>,
}

/// `POST /v1/sources/{name}/schedule`
pub(crate) async fn schedule(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    let Schedule { every_minutes } = wire.body(&body)?;
    wire.ok(wire.service().set_schedule(&wire.ctx, &name, every_minutes).await)?;
    wire.json(StatusCode::OK, &json!({ "every_minutes": every_minutes }))
}

/// `POST /v1/sources/{name}/sync`
pub(crate) async fn sync(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    let Sync { plan_only, full } = wire.body(&body)?;
    let started = wire.ok(wire.service().start_sync(&wire.ctx, &name, plan_only, full).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "run": started.run }))
}
