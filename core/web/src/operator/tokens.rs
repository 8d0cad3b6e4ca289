//! Tokens of the API over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::token::{ApiToken, TokenScope};
use estampe_service::{MadeToken, NewToken};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

fn view(token: &ApiToken, account: Option<&str>) -> Value {
    json!({
        "id": token.id, "kind": token.kind(), "account": account, "name": token.name.as_str(),
        "scopes": token.scopes.iter().map(TokenScope::as_str).collect::<Vec<_>>(),
        "created_at": token.created_at.to_string(), "expires_at": token.expires_at.to_string(),
        "last_used_at": token.last_used_at.map(|at| at.to_string()),
    })
}

/// `GET /v1/tokens`
pub(crate) async fn list(wire: Wire) -> Reply {
    let tokens = wire.ok(wire.service().tokens(&wire.ctx).await)?;
    let tokens: Vec<_> = tokens.iter().map(|(token, account)| view(token, account.as_deref())).collect();
    wire.json(StatusCode::OK, &json!({ "tokens": tokens }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    scopes: Vec<String>,
    #[serde(default)]
    days: Option<u32>,
}

/// `POST /v1/tokens`: a service's.
pub(crate) async fn make(wire: Wire, body: Body) -> Reply {
    let New { name, scopes, days } = wire.body(&body)?;
    let made = wire.service().make_service_token(&wire.ctx, NewToken { name, scopes, days }).await;
    let MadeToken { token, secret } = wire.ok(made)?;
    wire.json(StatusCode::CREATED, &json!({ "token": view(&token, None), "secret": secret.reveal() }))
}

/// `POST /v1/tokens/{id}/revoke`
pub(crate) async fn revoke(wire: Wire, path: web::Path<String>) -> Reply {
    wire.ok(wire.service().revoke_token(&wire.ctx, wire.id(&path)?).await)?;
    wire.json(StatusCode::OK, &json!({ "revoked": *path }))
}
