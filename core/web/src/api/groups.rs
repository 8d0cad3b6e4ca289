//! `/groups`: groups of directories.
#![expect(unused_qualifications, reason = "utoipa writes them for parameters of the query")]

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::GroupId;
use estampe_domain::group::GroupSummary;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::caller::Caller;
use crate::api::page::{Nothing, answer, asking, cursor, listed, query};
use crate::respond::Reply;

/// A group of a source.
#[derive(Serialize, ToSchema)]
pub(crate) struct Group {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    /// The name of its source.
    source: String,
    /// How many people are in it, through other groups too.
    people: u64,
}

impl From<GroupSummary> for Group {
    fn from(group: GroupSummary) -> Self {
        Self { id: group.id.to_string(), name: group.name, source: group.source_name, people: group.people }
    }
}

/// A page of groups, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupPage {
    items: Vec<Group>,
    /// How many there are in all.
    total: u64,
    /// The cursor of the next page; `null` at the end.
    next: Option<String>,
}

/// Which groups.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only those of this source, by its name.
    #[param(pattern = "^[^\\u0000]*$")]
    source: Option<String>,
    /// Where the last page ended: its `next`.
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// Groups, by name
///
/// Who is in one: `/people?group=`.
#[utoipa::path(get, path = "/groups", tag = "groups", operation_id = "list_groups", params(Which),
    security(("token" = ["sources:read"])),
    responses((status = 200, body = GroupPage, description = "A page of groups.",
            headers(("Link" = String, description = "The next page, `rel=\"next\"`."))),
        (status = 404, body = crate::api::Problem, content_type = "application/problem+json",
            description = "There is no such source.")))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Which { source, cursor: at, limit } = query(&caller, &request)?;
    let page = asking(&caller, "groups", at.as_deref(), limit)?;
    let found = caller.service().groups(&caller.ctx, source.as_deref(), page).await;
    let found = listed(&caller, at.as_deref(), found)?;
    let next = found.next.as_deref().map(|next| cursor("groups", next));
    let items = found.groups.into_iter().map(Group::from).collect();
    answer(&caller, &request, next.as_deref(), &GroupPage { items, total: found.total, next: next.clone() })
}

/// One group
///
/// For team managers, one that they lead.
#[utoipa::path(get, path = "/groups/{id}", tag = "groups", operation_id = "get_group",
    params(("id" = String, Path, format = "uuid")), security(("token" = ["people:read"])),
    responses((status = 200, body = Group, description = "The group.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let id: GroupId = caller.id(&path)?;
    let group = caller.ok(caller.service().group(&caller.ctx, id).await)?;
    caller.json(StatusCode::OK, &Group::from(group))
}
