//! `/runs`: executions of connectors, begun and decided about.
#![expect(unused_qualifications, reason = "utoipa writes them for parameters of the query")]

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{HttpRequest, web};
use estampe_domain::run::Run;
use estampe_domain::{Right, RunId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::caller::{Caller, Sent};
use crate::api::once::once;
use crate::api::page::{Nothing, query};
use crate::respond::Reply;

/// One execution of a connector.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunView {
    #[schema(format = "uuid")]
    id: String,
    /// The name of its source.
    source: String,
    state: State,
    /// `full` reads everybody, `incremental` what changed.
    mode: &'static str,
    /// Why its plan waits, while it is `held`: `too-many-gone`, `too-many-groups-gone` or
    /// `plan-only`.
    hold: Option<&'static str>,
    people: Counts,
    groups: GroupNumbers,
    /// The code of what went wrong, of one that `failed`.
    failure: Option<String>,
    #[schema(format = "date-time")]
    started_at: String,
    #[schema(format = "date-time")]
    ended_at: Option<String>,
}

/// Where a run stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It reads the source.
    Planning,
    /// Its plan waits for a word.
    Held,
    /// Its plan is being applied.
    Applying,
    /// It ended well.
    Done,
    /// It ended badly.
    Failed,
    /// Its plan was refused.
    Discarded,
}

/// How many people a run is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    created: u64,
    changed: u64,
    disabled: u64,
    unchanged: u64,
    refused: u64,
}

/// How many groups a run is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupNumbers {
    created: u64,
    changed: u64,
    gone: u64,
    unchanged: u64,
}

/// Runs, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunList {
    items: Vec<RunView>,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        use estampe_domain::run::RunState as S;
        Self {
            id: run.id.to_string(),
            source: run.source_name,
            state: match run.state {
                S::Planning => State::Planning,
                S::Held => State::Held,
                S::Applying => State::Applying,
                S::Done => State::Done,
                S::Failed => State::Failed,
                S::Discarded => State::Discarded,
            },
            mode: run.mode.as_str(),
            hold: run.hold.map(|hold| hold.as_str()),
            people: Counts {
                created: run.counts.created,
                changed: run.counts.changed,
                disabled: run.counts.disabled,
                unchanged: run.counts.unchanged,
                refused: run.counts.refused,
            },
            groups: GroupNumbers {
                created: run.groups.created,
                changed: run.groups.changed,
                gone: run.groups.gone,
                unchanged: run.groups.unchanged,
            },
            // a plugin's words may name people: the console shows them
            failure: run.failure.map(|(code, _)| code),
            started_at: run.started_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
        }
    }
}

/// Which runs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only those of this source, by its name.
    #[param(pattern = "^[^\\u0000]*$")]
    source: Option<String>,
}

/// Runs, the newest first
///
/// The newest 50 of a source, or of all.
#[utoipa::path(get, path = "/runs", tag = "runs", operation_id = "list_runs", params(Which),
    security(("token" = ["sources:read"])),
    responses((status = 200, body = RunList, description = "Runs."),
        (status = 404, body = crate::api::Problem, content_type = "application/problem+json",
            description = "There is no such source.")))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Which { source } = query(&caller, &request)?;
    let source = match &source {
        Some(name) => Some(caller.ok(caller.service().source(&caller.ctx, name).await)?.source.id),
        None => None,
    };
    let runs = caller.ok(caller.service().runs(&caller.ctx, source).await)?;
    caller.json(StatusCode::OK, &RunList { items: runs.into_iter().map(RunView::from).collect() })
}

async fn shown(caller: &Caller, status: StatusCode, id: RunId) -> Reply {
    let detail = caller.ok(caller.service().run(&caller.ctx, id).await)?;
    let mut reply = caller.json(status, &RunView::from(detail.run))?;
    if status == StatusCode::ACCEPTED
        && let Ok(place) = HeaderValue::from_str(&format!("/api/v1/runs/{id}"))
    {
        reply.headers_mut().insert(LOCATION, place);
    }
    Ok(reply)
}

/// One run
#[utoipa::path(get, path = "/runs/{id}", tag = "runs", operation_id = "get_run",
    params(("id" = String, Path, format = "uuid")), security(("token" = ["sources:read"])),
    responses((status = 200, body = RunView, description = "The run.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    shown(&caller, StatusCode::OK, caller.id(&path)?).await
}

/// How a run is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewRun {
    /// Whether its plan waits for a word whatever it says.
    plan_only: bool,
    /// Whether everybody is read, also where the source can tell what changed.
    full: bool,
}

/// Begins a run of a source
///
/// It is done in the background; where it stands says the run's own address.
#[utoipa::path(post, path = "/sources/{name}/runs", tag = "runs", operation_id = "start_run",
    params(("name" = String, Path, pattern = "^[^\\u0000]*$", description = "The source's name."),
        ("Idempotency-Key" = Option<String>, Header, description = "A name for this request: what comes again under it is done once.")),
    request_body = Option<NewRun>, security(("token" = ["sources:run"])),
    responses((status = 202, body = RunView, description = "The run has begun.",
        headers(("Location" = String, description = "The run's address.")))))]
pub(crate) async fn start(sent: Sent, request: HttpRequest, name: web::Path<String>) -> Reply {
    let Nothing {} = query(&sent.caller, &request)?;
    once(sent, request, async move |sent: &Sent| {
        let caller = &sent.caller;
        caller.ok(caller.ctx.require(Right::SourcesRun))?;
        let NewRun { plan_only, full } = sent.json_or_nothing()?;
        let started = caller.ok(caller.service().start_sync(&caller.ctx, &name, plan_only, full).await)?;
        shown(caller, StatusCode::ACCEPTED, started.run).await
    })
    .await
}

/// Nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Empty {}

/// Says yes to a plan that waits
#[utoipa::path(post, path = "/runs/{id}/approve", tag = "runs", operation_id = "approve_run",
    params(("id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name for this request: what comes again under it is done once.")),
    request_body = Option<Empty>, security(("token" = ["sources:run"])),
    responses((status = 202, body = RunView, description = "The plan is being applied.",
        headers(("Location" = String, description = "The run's address.")))))]
pub(crate) async fn approve(sent: Sent, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&sent.caller, &request)?;
    once(sent, request, async move |sent: &Sent| {
        let caller = &sent.caller;
        caller.ok(caller.ctx.require(Right::SourcesRun))?;
        let (id, Empty {}) = (caller.id(&path)?, sent.json_or_nothing()?);
        caller.ok(caller.service().approve_run(&caller.ctx, id).await)?;
        shown(caller, StatusCode::ACCEPTED, id).await
    })
    .await
}

/// Says no to a plan that waits
#[utoipa::path(post, path = "/runs/{id}/discard", tag = "runs", operation_id = "discard_run",
    params(("id" = String, Path, format = "uuid"),
        ("Idempotency-Key" = Option<String>, Header, description = "A name for this request: what comes again under it is done once.")),
    request_body = Option<Empty>, security(("token" = ["sources:run"])),
    responses((status = 200, body = RunView, description = "The plan is dropped.")))]
pub(crate) async fn discard(sent: Sent, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&sent.caller, &request)?;
    once(sent, request, async move |sent: &Sent| {
        let caller = &sent.caller;
        caller.ok(caller.ctx.require(Right::SourcesRun))?;
        let (id, Empty {}) = (caller.id(&path)?, sent.json_or_nothing()?);
        caller.ok(caller.service().discard_run(&caller.ctx, id).await)?;
        shown(caller, StatusCode::OK, id).await
    })
    .await
}
