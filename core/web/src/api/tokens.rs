//! `/tokens`: the tokens of the account whose token asks.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use estampe_domain::token::{ApiToken, TokenScope};
use estampe_service::{MadeToken, NewToken};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::caller::{Caller, Sent};
use crate::api::once::once;
use crate::api::page::{Nothing, query};
use crate::respond::Reply;

/// A token, without its text.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    expires_at: String,
    /// To the hour.
    #[schema(format = "date-time")]
    last_used_at: Option<String>,
    #[schema(format = "date-time")]
    revoked_at: Option<String>,
}

/// All tokens of the account, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    items: Vec<TokenView>,
}

/// A new token and its text.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenMade {
    token: TokenView,
    /// What to present. It is shown this once.
    secret: String,
}

impl From<&ApiToken> for TokenView {
    fn from(token: &ApiToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.to_string(),
            scopes: token.scopes.iter().map(TokenScope::as_str).collect(),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.to_string(),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// The account's own tokens
///
/// A service's token has none of its own: 403.
#[utoipa::path(get, path = "/tokens", tag = "tokens", operation_id = "list_tokens",
    security(("token" = ["tokens:read"])),
    responses((status = 200, body = TokenList, description = "The tokens.")))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let tokens = caller.ok(caller.service().own_tokens(&caller.ctx).await)?;
    caller.json(StatusCode::OK, &TokenList { items: tokens.iter().map(TokenView::from).collect() })
}

/// A new token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenNew {
    /// What it is for.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// How far it reaches: no farther than the token that makes it.
    #[schema(min_items = 1)]
    scopes: Vec<String>,
    /// How many days it lasts; no longer than the token that makes it.
    #[schema(minimum = 1, maximum = 365, default = 90)]
    #[serde(default)]
    days: Option<u32>,
}

/// Makes a token
#[utoipa::path(post, path = "/tokens", tag = "tokens", operation_id = "make_token",
    params(("Idempotency-Key" = Option<String>, Header, description = "A name for this request: what comes again under it is done once.")),
    request_body = TokenNew, security(("token" = ["tokens:write"])),
    responses((status = 201, body = TokenMade, description = "The token and its text.")))]
pub(crate) async fn make(sent: Sent, request: HttpRequest) -> Reply {
    let Nothing {} = query(&sent.caller, &request)?;
    once(sent, request, async move |sent: &Sent| {
        let caller = &sent.caller;
        caller.ok(caller.ctx.own_account(TokenScope::TokensWrite))?;
        let TokenNew { name, scopes, days } = sent.json()?;
        let made = caller.service().make_own_token(&caller.ctx, NewToken { name, scopes, days }).await;
        let MadeToken { token, secret } = caller.ok(made)?;
        let body = TokenMade { token: TokenView::from(&token), secret: secret.reveal().to_owned() };
        caller.json(StatusCode::CREATED, &body)
    })
    .await
}

/// Revokes a token
///
/// Also the one that asks. One that is revoked already stays so.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "tokens", operation_id = "revoke_token",
    params(("id" = String, Path, format = "uuid")), security(("token" = ["tokens:write"])),
    responses((status = 204, description = "It is revoked.")))]
pub(crate) async fn revoke(caller: Caller, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let id = caller.id(&path)?;
    caller.ok(caller.service().revoke_own_token(&caller.ctx, id).await)?;
    Ok(HttpResponse::NoContent().finish())
}
