//! `/sources`: where people come from.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::source::SourceOverview;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::Caller;
use crate::api::page::{Nothing, query};
use crate::respond::Reply;

/// A configured connector. What it is configured with is not told here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Source {
    #[schema(format = "uuid")]
    id: String,
    /// What its address is made of.
    name: String,
    /// The plugin that reads it.
    plugin: String,
    /// How many active people come from it.
    people: u64,
    /// How often its runs begin by themselves; `null`: never.
    every_minutes: Option<u32>,
    last_run: Option<LastRun>,
    /// Whether it is being disconnected.
    ending: bool,
    /// What its provider calls the organisation, as it last said.
    organisation: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
}

/// How a source's last run stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastRun {
    #[schema(format = "uuid")]
    id: String,
    state: &'static str,
    #[schema(format = "date-time")]
    at: String,
}

impl From<SourceOverview> for Source {
    fn from(overview: SourceOverview) -> Self {
        let SourceOverview { source, people, last_run, ending, organisation } = overview;
        let last = |(id, state, at): (estampe_domain::RunId, estampe_domain::run::RunState, estampe_domain::Ts)| {
            LastRun { id: id.to_string(), state: state.as_str(), at: at.to_string() }
        };
        Self {
            id: source.id.to_string(),
            name: source.name,
            plugin: source.connector.plugin,
            people,
            every_minutes: source.every_minutes,
            last_run: last_run.map(last),
            ending: ending.is_some(),
            organisation,
            created_at: source.created_at.to_string(),
        }
    }
}

/// All sources.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceList {
    items: Vec<Source>,
}

/// Sources
///
/// All of them: there are few.
#[utoipa::path(get, path = "/sources", tag = "sources", operation_id = "list_sources",
    security(("token" = ["sources:read"])),
    responses((status = 200, body = SourceList, description = "The sources.")))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let sources = caller.ok(caller.service().sources(&caller.ctx).await)?;
    caller.json(StatusCode::OK, &SourceList { items: sources.into_iter().map(Source::from).collect() })
}

/// One source
#[utoipa::path(get, path = "/sources/{name}", tag = "sources", operation_id = "get_source",
    params(("name" = String, Path, pattern = "^[^\\u0000]*$", description = "Its name.")), security(("token" = ["sources:read"])),
    responses((status = 200, body = Source, description = "The source.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest, name: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let source = caller.ok(caller.service().source(&caller.ctx, &name).await)?;
    caller.json(StatusCode::OK, &Source::from(source))
}
