//! Runs over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::group::GroupCounts;
use estampe_domain::plugin::{LogLevel, LogLine};
use estampe_domain::run::{Refusal, Run, RunCounts};
use estampe_domain::{Locale, RunId};
use estampe_service::views::RunDetail;
use estampe_texts::t;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::operator::wire::Wire;
use crate::respond::Reply;

#[derive(Serialize)]
struct RunView {
    id: RunId,
    source: String,
    state: &'static str,
    mode: &'static str,
    hold: Option<&'static str>,
    /// Whether it was a dry run.
    plan_only: bool,
    counts: RunCounts,
    groups: GroupCounts,
    /// Names of those that would go, some of them.
    groups_going: Vec<String>,
    failure: Option<Failure>,
    started_at: String,
    ended_at: Option<String>,
    refusals: Vec<RefusalView>,
    /// How many of them are kept in all.
    kept_refusals: u64,
    log: Vec<LogLineView>,
}

/// A line that the plugin wrote.
#[derive(Serialize)]
struct LogLineView {
    at: String,
    level: LogLevel,
    text: String,
}

impl From<LogLine> for LogLineView {
    fn from(line: LogLine) -> Self {
        Self { at: line.at.to_string(), level: line.level, text: line.text }
    }
}

/// An entry that was refused, with the reason in words.
#[derive(Serialize)]
pub(crate) struct RefusalView {
    position: String,
    code: String,
    detail: String,
    reason: String,
}

impl From<&Refusal> for RefusalView {
    fn from(refusal: &Refusal) -> Self {
        let words = t(Locale::En, crate::words::refusal(refusal));
        let reason = match (refusal.code.as_str(), refusal.detail.as_str()) {
            (_, "") => words,
            // the connector knows better than we what was wrong
            ("connector", detail) => detail.to_owned(),
            (_, detail) => format!("{words} ({detail})"),
        };
        Self { position: refusal.position.clone(), code: refusal.code.clone(), detail: refusal.detail.clone(), reason }
    }
}

#[derive(Serialize)]
struct Failure {
    code: String,
    message: String,
}

impl From<RunDetail> for RunView {
    fn from(detail: RunDetail) -> Self {
        let run = detail.run;
        Self {
            id: run.id,
            source: run.source_name,
            state: run.state.as_str(),
            mode: run.mode.as_str(),
            hold: run.hold.map(|hold| hold.as_str()),
            plan_only: detail.plan_only,
            counts: run.counts,
            groups: run.groups,
            groups_going: detail.groups_going,
            failure: run.failure.map(|(code, message)| Failure { code, message }),
            started_at: run.started_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
            refusals: detail.refusals.iter().map(RefusalView::from).collect(),
            kept_refusals: detail.kept_refusals,
            log: detail.log.into_iter().map(LogLineView::from).collect(),
        }
    }
}

async fn answer(wire: &Wire, id: RunId) -> Reply {
    let detail = wire.ok(wire.service().run(&wire.ctx, id).await)?;
    wire.json(StatusCode::OK, &RunView::from(detail))
}

/// Of which source.
#[derive(Deserialize)]
pub(crate) struct Of {
    source: Option<String>,
}

/// `GET /v1/runs`
pub(crate) async fn list(wire: Wire, of: web::Query<Of>) -> Reply {
    let source = match &of.source {
        Some(name) => Some(wire.ok(wire.service().source(&wire.ctx, name).await)?.source.id),
        None => None,
    };
    let runs = wire.ok(wire.service().runs(&wire.ctx, source).await)?;
    let line = |run: &Run| {
        json!({
            "id": run.id, "source": run.source_name, "state": run.state.as_str(),
            "mode": run.mode.as_str(), "hold": run.hold.map(|hold| hold.as_str()), "counts": run.counts, "started_at": run.started_at.to_string(),
        })
    };
    wire.json(StatusCode::OK, &json!({ "runs": runs.iter().map(line).collect::<Vec<_>>() }))
}

/// `GET /v1/runs/{id}`
pub(crate) async fn show(wire: Wire, path: web::Path<String>) -> Reply {
    answer(&wire, wire.id(&path)?).await
}

/// `POST /v1/runs/{id}/approve`
pub(crate) async fn approve(wire: Wire, path: web::Path<String>) -> Reply {
    let id: RunId = wire.id(&path)?;
    wire.ok(wire.service().approve_run(&wire.ctx, id).await)?;
    answer(&wire, id).await
}

/// `POST /v1/runs/{id}/discard`
pub(crate) async fn discard(wire: Wire, path: web::Path<String>) -> Reply {
    let id: RunId = wire.id(&path)?;
    wire.ok(wire.service().discard_run(&wire.ctx, id).await)?;
    answer(&wire, id).await
}
