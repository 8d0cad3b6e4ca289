//! One thing done to the cards of many people, over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::bulk::{Bulk, BulkAct};
use estampe_domain::{BulkId, GroupId, PersonId};
use estampe_service::views::{Chosen, PeopleFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

#[derive(Serialize)]
struct BulkView {
    id: BulkId,
    act: BulkAct,
    people: u64,
    done: u64,
    changed: u64,
    undoes: Option<BulkId>,
    undone_by: Option<BulkId>,
    can_be_undone: bool,
    started_at: String,
    /// `null` as long as it is under way.
    ended_at: Option<String>,
}

impl From<Bulk> for BulkView {
    fn from(bulk: Bulk) -> Self {
        Self {
            can_be_undone: bulk.can_be_undone(),
            id: bulk.id,
            act: bulk.act,
            people: bulk.people,
            done: bulk.done,
            changed: bulk.changed,
            undoes: bulk.undoes,
            undone_by: bulk.undone_by,
            started_at: bulk.started_at.to_string(),
            ended_at: bulk.ended_at.map(|at| at.to_string()),
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    act: BulkAct,
    /// These, or all whom the rest finds.
    #[serde(default)]
    people: Vec<PersonId>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    q: String,
    #[serde(default)]
    group: Option<GroupId>,
    /// How many were seen to be found.
    #[serde(default)]
    seen: Option<u64>,
}

/// `POST /v1/bulk`
pub(crate) async fn begin(wire: Wire, body: Body) -> Reply {
    let Wanted { act, people, all, q, group, seen } = wire.body(&body)?;
    let chosen = if all {
        Chosen::All { filter: PeopleFilter { query: q, group, ..PeopleFilter::default() }, seen }
    } else {
        Chosen::These(people)
    };
    let id = wire.ok(wire.service().begin_bulk(&wire.ctx, act, chosen).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "bulk": id }))
}

/// `GET /v1/bulk/{id}`
pub(crate) async fn show(wire: Wire, path: web::Path<String>) -> Reply {
    let bulk = wire.ok(wire.service().bulk(&wire.ctx, wire.id(&path)?).await)?;
    wire.json(StatusCode::OK, &BulkView::from(bulk))
}

/// `POST /v1/bulk/{id}/undo`
pub(crate) async fn undo(wire: Wire, path: web::Path<String>) -> Reply {
    let id = wire.ok(wire.service().undo_bulk(&wire.ctx, wire.id(&path)?).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "bulk": id }))
}
