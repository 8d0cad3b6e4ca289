//! Ends of sources over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::SourceId;
use estampe_domain::ending::{Ending, EndingDone, EndingPlan, PeopleFate};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

/// A source's end.
#[derive(Serialize)]
struct EndingView {
    id: SourceId,
    source: String,
    people: PeopleFate,
    people_count: u64,
    done: EndingDone,
    started_at: String,
    /// `null` as long as it is under way.
    ended_at: Option<String>,
}

impl From<Ending> for EndingView {
    fn from(ending: Ending) -> Self {
        Self {
            id: ending.source,
            source: ending.name,
            people: ending.fate,
            people_count: ending.people,
            done: ending.done,
            started_at: ending.started_at.to_string(),
            ended_at: ending.ended_at.map(|at| at.to_string()),
        }
    }
}

/// `GET /v1/sources/{name}/disconnect`: what it would do, or what is being done.
pub(crate) async fn plan(wire: Wire, name: web::Path<String>) -> Reply {
    let overview = wire.ok(wire.service().source(&wire.ctx, &name).await)?;
    let id = overview.source.id;
    let plan = wire.ok(wire.service().ending_plan(&wire.ctx, id).await)?;
    let ending = match overview.ending {
        Some(_) => Some(EndingView::from(wire.ok(wire.service().ending(&wire.ctx, id).await)?)),
        None => None,
    };
    let open = overview
        .last_run
        .filter(|(_, state, _)| state.is_open())
        .map(|(run, state, _)| json!({ "id": run, "state": state.as_str() }));
    let source = overview.source;
    wire.json(
        StatusCode::OK,
        &json!({
            "source": source.name, "plugin": source.connector.plugin, "plan": plan,
            "erased": plan.erased(), "open_run": open, "ending": ending,
        }),
    )
}

#[derive(Deserialize)]
struct Decision {
    people: PeopleFate,
    /// The plan that was shown.
    #[serde(default)]
    seen: Option<EndingPlan>,
}

/// `POST /v1/sources/{name}/disconnect`
pub(crate) async fn begin(wire: Wire, name: web::Path<String>, body: Body) -> Reply {
    let Decision { people, seen } = wire.body(&body)?;
    let id = wire.ok(wire.service().end_source(&wire.ctx, &name, people, seen).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "ending": id }))
}

/// `GET /v1/endings/{id}`
pub(crate) async fn show(wire: Wire, path: web::Path<String>) -> Reply {
    let ending = wire.ok(wire.service().ending(&wire.ctx, wire.id(&path)?).await)?;
    wire.json(StatusCode::OK, &EndingView::from(ending))
}
