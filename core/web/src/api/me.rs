//! `/me`: the token that asks, and whose it is.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use estampe_domain::access::Role;
use estampe_domain::token::TokenScope;
use estampe_domain::{Error, Right};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::caller::Caller;
use crate::api::page::{Nothing, query};
use crate::api::problem::Problem;
use crate::respond::Reply;

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    token: TokenFacts,
    /// Whose token it is; `null` for a service's.
    account: Option<OwnAccount>,
}

/// The token that asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenFacts {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    #[schema(pattern = "^(personal|service)$")]
    kind: &'static str,
    /// How far it reaches. Of an account's token, no farther than the account.
    scopes: Vec<&'static str>,
    #[schema(format = "date-time")]
    expires_at: String,
}

/// The account of a personal token.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnAccount {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    email: String,
    roles: Vec<&'static str>,
    /// The person whose account it is.
    #[schema(format = "uuid")]
    person: Option<String>,
}

/// Who asks
///
/// The token that is presented, and whose it is. Needs no scope.
#[utoipa::path(get, path = "/me", tag = "me", operation_id = "get_me", security(("token" = [])),
    responses((status = 200, body = Me, description = "The token and its account.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let token = &caller.who.token;
    let account = caller.who.account.as_ref().map(|account| OwnAccount {
        id: account.id.to_string(),
        name: account.name.to_string(),
        email: account.email.to_string(),
        roles: account.roles.iter().map(Role::as_str).collect(),
        person: account.person.map(|person| person.to_string()),
    });
    let token = TokenFacts {
        id: token.id.to_string(),
        name: token.name.to_string(),
        kind: token.kind(),
        scopes: token.scopes.iter().map(TokenScope::as_str).collect(),
        expires_at: token.expires_at.to_string(),
    };
    caller.json(StatusCode::OK, &Me { token, account })
}

/// A signature.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnSignature {
    /// A fragment of HTML for the body of a mail.
    html: String,
    /// The same for mails of plain text.
    text: String,
    /// In which language: `fr` or `en`.
    language: &'static str,
    /// The day that it is made for, in the organisation's time.
    #[schema(format = "date")]
    day: String,
}

/// One's own signature
///
/// What the person of the token's account has below their e-mails today. Needs `signatures:read`.
#[utoipa::path(get, path = "/me/signature", tag = "me", operation_id = "get_own_signature", security(("token" = [])),
    responses((status = 200, body = OwnSignature, description = "The signature of today."),
        (status = 404, body = Problem, content_type = "application/problem+json",
            description = "The token is nobody's, or no rule gives them a signature today.")))]
pub(crate) async fn signature(caller: Caller, request: HttpRequest) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    caller.ok(caller.ctx.scope(Right::SignaturesRead))?;
    let person = caller.who.account.as_ref().and_then(|account| account.person);
    let person = caller.ok(person.ok_or(Error::NotFound))?;
    let day = caller.l.today();
    let detail = caller.ok(caller.service().signature_of(&caller.ctx, person, day).await)?;
    let made = caller.ok(match detail.made {
        Some(Ok(made)) => Ok(made),
        Some(Err(failure)) => Err(failure.into()),
        None => Err(Error::NotFound),
    })?;
    let signature =
        OwnSignature { html: made.html, text: made.text, language: detail.locale.tag(), day: day.to_string() };
    caller.json(StatusCode::OK, &signature)
}
