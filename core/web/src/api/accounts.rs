//! `/accounts`: who signs in, and as what. Passwords are chosen by their owners alone.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{HttpRequest, web};
use estampe_domain::access::{Role, Roles};
use estampe_domain::account::AccountDetail;
use estampe_domain::{AccountId, Error, GroupId, PersonId, Right};
use estampe_service::views::{AccountChange, NewAccount};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::caller::{Caller, Sent};
use crate::api::edit::{seen, tagged};
use crate::api::leads::Part;
use crate::api::once::once;
use crate::api::page::{Nothing, answer, asking, cursor, listed, query};
use crate::error::Fault;
use crate::respond::Reply;

/// What signs in.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountView {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    email: String,
    roles: Vec<RoleName>,
    /// Whether it may sign in.
    active: bool,
    /// Whether a password was chosen.
    has_password: bool,
    /// The sign-in providers that it is joined to, as their buttons name them.
    providers: Vec<String>,
    /// The person whose account it is.
    #[schema(format = "uuid")]
    person: Option<String>,
    /// The groups whose people it sees as a team manager.
    teams: Vec<Team>,
}

/// A group that a team manager leads.
#[derive(Serialize, ToSchema)]
pub(crate) struct Team {
    #[schema(format = "uuid")]
    id: String,
    name: String,
}

/// What an account is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoleName {
    Employee,
    TeamManager,
    CardDesigner,
    Integrator,
    Auditor,
    DataProtectionOfficer,
    Administrator,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Employee => Self::Employee,
            Role::TeamManager => Self::TeamManager,
            Role::CardDesigner => Self::CardDesigner,
            Role::Integrator => Self::Integrator,
            Role::Auditor => Self::Auditor,
            Role::DataProtectionOfficer => Self::DataProtectionOfficer,
            Role::Administrator => Self::Administrator,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Employee => Self::Employee,
            RoleName::TeamManager => Self::TeamManager,
            RoleName::CardDesigner => Self::CardDesigner,
            RoleName::Integrator => Self::Integrator,
            RoleName::Auditor => Self::Auditor,
            RoleName::DataProtectionOfficer => Self::DataProtectionOfficer,
            RoleName::Administrator => Self::Administrator,
        }
    }
}

fn roles(names: &[RoleName]) -> Roles {
    names.iter().map(|role| Role::from(*role)).collect()
}

/// A page of accounts, by address.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountPage {
    items: Vec<AccountView>,
    /// How many there are in all.
    total: u64,
    /// The cursor of the next page; `null` at the end.
    next: Option<String>,
}

impl From<&AccountDetail> for AccountView {
    fn from(detail: &AccountDetail) -> Self {
        let AccountDetail { account, has_password, providers, teams, factors: _ } = detail;
        Self {
            id: account.id.to_string(),
            name: account.name.to_string(),
            email: account.email.to_string(),
            roles: account.roles.iter().map(RoleName::from).collect(),
            active: account.active,
            has_password: *has_password,
            providers: providers.clone(),
            person: account.person.map(|person| person.to_string()),
            teams: teams.iter().map(|(id, name)| Team { id: id.to_string(), name: name.clone() }).collect(),
        }
    }
}

/// Accounts, by their address
#[utoipa::path(get, path = "/accounts", tag = "accounts", operation_id = "list_accounts", params(Part),
    security(("token" = ["accounts:read"])),
    responses((status = 200, body = AccountPage, description = "A page of accounts.",
        headers(("Link" = String, description = "The next page, `rel=\"next\"`.")))))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Part { cursor: at, limit } = query(&caller, &request)?;
    let page = asking(&caller, "accounts", at.as_deref(), limit)?;
    let found = listed(&caller, at.as_deref(), caller.service().accounts(&caller.ctx, page).await)?;
    let next = found.next.as_deref().map(|next| cursor("accounts", next));
    let items = found.accounts.iter().map(AccountView::from).collect();
    answer(&caller, &request, next.as_deref(), &AccountPage { items, total: found.total, next: next.clone() })
}

async fn found(caller: &Caller, id: AccountId) -> Result<AccountDetail, Fault> {
    caller.ok(caller.service().account(&caller.ctx, id).await)
}

/// One account
#[utoipa::path(get, path = "/accounts/{id}", tag = "accounts", operation_id = "get_account",
    params(("id" = String, Path, format = "uuid"),
        ("If-None-Match" = Option<String>, Header, description = "The tag of what is known already.")),
    security(("token" = ["accounts:read"])),
    responses((status = 200, body = AccountView, description = "The account.",
            headers(("ETag" = String, description = "What to send as `If-Match` with an edit."))),
        (status = 304, description = "It is what is known already.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let detail = found(&caller, caller.id(&path)?).await?;
    tagged(&caller, &request, StatusCode::OK, &AccountView::from(&detail))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountNew {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it signs in with.
    #[schema(format = "email", max_length = 254)]
    email: String,
    #[schema(min_items = 1)]
    roles: Vec<RoleName>,
    /// The person whose account it is.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    person: Option<PersonId>,
}

/// A new account, and how its owner chooses a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountInvited {
    account: AccountView,
    invitation: Invitation,
}

/// How a password is chosen, once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// Where.
    #[schema(format = "uri")]
    url: String,
    /// By this, within seven days. It is shown this once.
    token: String,
}

/// Makes an account
///
/// Its owner chooses a password by the invitation that comes with the answer.
#[utoipa::path(post, path = "/accounts", tag = "accounts", operation_id = "add_account",
    params(("Idempotency-Key" = Option<String>, Header, description = "A name for this request: what comes again under it is done once.")),
    request_body = AccountNew, security(("token" = ["accounts:write"])),
    responses((status = 201, body = AccountInvited, description = "The account and its invitation.",
        headers(("Location" = String, description = "The account's address.")))))]
pub(crate) async fn add(sent: Sent, request: HttpRequest) -> Reply {
    let Nothing {} = query(&sent.caller, &request)?;
    once(sent, request, async move |sent: &Sent| {
        let caller = &sent.caller;
        caller.ok(caller.ctx.require(Right::AccountsChange))?;
        let AccountNew { name, email, roles: names, person } = sent.json()?;
        let new = NewAccount { name, email, roles: roles(&names), person };
        let invited = caller.ok(caller.service().add_account(&caller.ctx, new).await)?;
        let (id, token) = (invited.account.id, invited.token.reveal().to_owned());
        let url = format!("{}/welcome", caller.service().settings().internal_origin);
        let account = AccountView::from(&found(caller, id).await?);
        let body = AccountInvited { account, invitation: Invitation { url, token } };
        let mut reply = caller.json(StatusCode::CREATED, &body)?;
        if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/accounts/{id}")) {
            reply.headers_mut().insert(LOCATION, place);
        }
        Ok(reply)
    })
    .await
}

/// What changes of an account. What is not named stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccountPatch {
    #[schema(min_items = 1)]
    roles: Option<Vec<RoleName>>,
    /// Whether it may sign in. One that may not has no sessions and no tokens.
    active: Option<bool>,
    /// The person whose account it is; empty for nobody's.
    #[schema(format = "uuid")]
    person: Option<String>,
    /// The groups whose people it sees as a team manager.
    #[schema(value_type = Option<Vec<String>>)]
    teams: Option<Vec<GroupId>>,
}

/// Changes an account
///
/// Its sessions end with that; its tokens reach no farther than its roles from then on.
#[utoipa::path(patch, path = "/accounts/{id}", tag = "accounts", operation_id = "change_account",
    params(("id" = String, Path, format = "uuid"),
        ("If-Match" = String, Header, description = "The `ETag` of what its maker saw.")),
    request_body = AccountPatch, security(("token" = ["accounts:write"])),
    responses((status = 200, body = AccountView, description = "The account as it is now.",
            headers(("ETag" = String, description = "The tag of what it is now."))),
        (status = 409, body = crate::api::Problem, content_type = "application/problem+json",
            description = "It contradicts what is there: the last administrator stays one.")))]
pub(crate) async fn change(sent: Sent, request: HttpRequest, path: web::Path<String>) -> Reply {
    let caller = &sent.caller;
    let Nothing {} = query(caller, &request)?;
    let id: AccountId = caller.id(&path)?;
    caller.ok(caller.ctx.require(Right::AccountsChange))?;
    let AccountPatch { roles: names, active, person, teams } = sent.json()?;
    let before = found(caller, id).await?;
    seen(caller, &request, &AccountView::from(&before))?;
    let no_person = |_| Error::invalid("person", "an id of a person is needed, or nothing");
    let person = match person.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(caller.ok(text.parse().map_err(no_person))?)),
    };
    let change =
        AccountChange { roles: names.as_deref().map(roles), active, person, teams, seen: Some(before.version()) };
    caller.ok(caller.service().change_account(&caller.ctx, id, change).await)?;
    tagged(caller, &request, StatusCode::OK, &AccountView::from(&found(caller, id).await?))
}
