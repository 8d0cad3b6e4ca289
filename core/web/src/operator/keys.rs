//! The key that wraps all others, over the operator's socket.

use actix_web::http::StatusCode;
use estampe_service::KeyState;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

fn view(state: &KeyState) -> Value {
    json!({
        "id": state.id,
        "since": state.since.map(|since| since.to_string()),
        "copied": state.copied.map(|copied| copied.to_string()),
        "rotating": state.rotating,
    })
}

/// `GET /v1/keys`
pub(crate) async fn show(wire: Wire) -> Reply {
    let state = wire.ok(wire.service().key_state(&wire.ctx).await)?;
    wire.json(StatusCode::OK, &view(&state))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Copied {
    /// The id of the key in the copy.
    id: String,
}

/// `POST /v1/keys/copied`: notes that somebody showed a copy of the key.
pub(crate) async fn copied(wire: Wire, body: Body) -> Reply {
    let Copied { id } = wire.body(&body)?;
    let state = wire.ok(wire.service().note_key_copied(&wire.ctx, id).await)?;
    wire.json(StatusCode::OK, &view(&state))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    /// No other node uses the database.
    #[serde(default)]
    alone: bool,
}

/// `POST /v1/keys/rotate`: begins, and goes on by itself.
pub(crate) async fn rotate(wire: Wire, body: Body) -> Reply {
    let Rotate { alone } = wire.body(&body)?;
    let state = wire.ok(wire.service().begin_rotation(&wire.ctx, alone).await)?;
    wire.json(StatusCode::ACCEPTED, &view(&state))
}
