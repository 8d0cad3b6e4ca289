//! Accounts over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::access::{Role, Roles};
use estampe_domain::account::AccountDetail;
use estampe_domain::{AccountId, Error, GroupId, PersonId};
use estampe_service::views::{AccountChange, Invited, NewAccount};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::people::query_of;
use crate::operator::wire::{Body, Wire};
use crate::respond::Reply;

fn view(detail: &AccountDetail) -> Value {
    let AccountDetail { account, has_password, factors, providers, teams } = detail;
    let teams: Vec<_> = teams.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    json!({
        "id": account.id, "name": account.name.as_str(), "email": account.email.as_str(),
        "person": account.person, "roles": account.roles.iter().map(Role::as_str).collect::<Vec<_>>(),
        "active": account.active, "has_password": has_password, "factors": factors, "providers": providers,
        "teams": teams,
    })
}

/// `GET /v1/accounts?after=`
pub(crate) async fn list(wire: Wire, request: HttpRequest) -> Reply {
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let page = wire.ok(wire.service().accounts(&wire.ctx, after).await)?;
    let accounts: Vec<_> = page.accounts.iter().map(view).collect();
    wire.json(StatusCode::OK, &json!({ "accounts": accounts, "total": page.total, "next": page.next }))
}

/// By its id, or by its address.
async fn found(wire: &Wire, text: &str) -> Result<AccountDetail, crate::error::Fault> {
    match text.parse::<AccountId>() {
        Ok(id) => wire.ok(wire.service().account(&wire.ctx, id).await),
        Err(_) => wire.ok(wire.service().account_of(&wire.ctx, text).await),
    }
}

/// `GET /v1/accounts/{id or address}`
pub(crate) async fn show(wire: Wire, path: web::Path<String>) -> Reply {
    let detail = found(&wire, &path).await?;
    wire.json(StatusCode::OK, &view(&detail))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    email: String,
    roles: Vec<String>,
    #[serde(default)]
    person: Option<PersonId>,
}

fn roles(names: &[String]) -> Result<Roles, Error> {
    let all = || Role::ALL.map(Role::as_str).join(", ");
    let role = |name: &String| {
        Role::from_stored(name)
            .ok_or_else(|| Error::invalid("roles", format!("there is no role \"{name}\"; there are {}", all())))
    };
    names.iter().map(role).collect()
}

/// `POST /v1/accounts`
pub(crate) async fn add(wire: Wire, body: Body) -> Reply {
    let New { name, email, roles: names, person } = wire.body(&body)?;
    let roles = wire.ok(roles(&names))?;
    let invited = wire.ok(wire.service().add_account(&wire.ctx, NewAccount { name, email, roles, person }).await)?;
    invitation(&wire, invited).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    roles: Option<Vec<String>>,
    #[serde(default)]
    active: Option<bool>,
    /// Empty: nobody's.
    #[serde(default)]
    person: Option<String>,
    #[serde(default)]
    teams: Option<Vec<GroupId>>,
}

/// `POST /v1/accounts/{id or address}`
pub(crate) async fn change(wire: Wire, path: web::Path<String>, body: Body) -> Reply {
    let id = found(&wire, &path).await?.account.id;
    let Change { roles: names, active, person, teams } = wire.body(&body)?;
    let roles = wire.ok(names.map(|names| roles(&names)).transpose())?;
    let no_person = |_| Error::invalid("person", "an id of a person is needed, or nothing");
    let person = match person.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(wire.ok(text.parse().map_err(no_person))?)),
    };
    let change = AccountChange { roles, active, person, teams, seen: None };
    wire.ok(wire.service().change_account(&wire.ctx, id, change).await)?;
    let detail = wire.ok(wire.service().account(&wire.ctx, id).await)?;
    wire.json(StatusCode::OK, &view(&detail))
}

/// `POST /v1/accounts/{id or address}/invite`
pub(crate) async fn invite(wire: Wire, path: web::Path<String>) -> Reply {
    let id = found(&wire, &path).await?.account.id;
    let invited = wire.ok(wire.service().invite_again(&wire.ctx, id).await)?;
    invitation(&wire, invited).await
}

/// `POST /v1/accounts/{id or address}/reset-factors`
pub(crate) async fn reset_factors(wire: Wire, path: web::Path<String>) -> Reply {
    let id = found(&wire, &path).await?.account.id;
    wire.ok(wire.service().reset_factors(&wire.ctx, id).await)?;
    let detail = wire.ok(wire.service().account(&wire.ctx, id).await)?;
    wire.json(StatusCode::OK, &view(&detail))
}

/// `POST /v1/accounts/{id or address}/sign-out`
pub(crate) async fn sign_out(wire: Wire, path: web::Path<String>) -> Reply {
    let id = found(&wire, &path).await?.account.id;
    let ended = wire.ok(wire.service().end_sessions(&wire.ctx, id).await)?;
    wire.json(StatusCode::OK, &json!({ "ended": ended }))
}

/// The token by which a password is chosen, once.
pub(crate) async fn invitation(wire: &Wire, invited: Invited) -> Reply {
    let detail = wire.ok(wire.service().account(&wire.ctx, invited.account.id).await)?;
    let url = format!("{}/welcome", wire.service().settings().internal_origin);
    let body = json!({ "account": view(&detail), "url": url, "token": invited.token.reveal() });
    wire.json(StatusCode::CREATED, &body)
}
