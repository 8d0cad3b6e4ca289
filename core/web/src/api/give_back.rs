//! `/people/{id}/give-back`: what was entered goes, and the directory's word is shown again.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::person::ProfileField;
use estampe_domain::{PersonId, Right};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::ApiCause;
use crate::api::caller::Sent;
use crate::api::edit::{seen, tagged};
use crate::api::once::once;
use crate::api::page::{Nothing, query};
use crate::api::people::{PersonFull, found};
use crate::api::problem::FieldProblem;
use crate::error::Fault;
use crate::respond::Reply;

/// Which fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveBack {
    /// As `fields` of the person names them.
    #[schema(min_items = 1)]
    fields: Vec<String>,
}

/// Gives fields back to the directory
///
/// What was entered for them goes; what the directory says is shown again.
#[utoipa::path(post, path = "/people/{id}/give-back", tag = "people", operation_id = "give_back",
    params(("id" = String, Path, format = "uuid"),
        ("If-Match" = String, Header, description = "The `ETag` of what its maker saw."),
        ("Idempotency-Key" = Option<String>, Header, description = "A name for this request: what comes again under it is done once.")),
    request_body = GiveBack, security(("token" = ["people:write"])),
    responses((status = 200, body = PersonFull, description = "The person as they are now.",
        headers(("ETag" = String, description = "The tag of what they are now.")))))]
pub(crate) async fn give_back(sent: Sent, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&sent.caller, &request)?;
    let asked = request.clone();
    once(sent, request, async move |sent: &Sent| {
        let caller = &sent.caller;
        let id: PersonId = caller.id(&path)?;
        caller.ok(caller.ctx.scope(Right::PeopleChange))?;
        let GiveBack { fields } = sent.json()?;
        let read = |(at, name): (usize, &String)| {
            let unknown = || FieldProblem::body(format!("/fields/{at}"), "it is no field of a person");
            ProfileField::from_key(name).ok_or_else(unknown)
        };
        let fields: Result<Vec<_>, _> = fields.iter().enumerate().map(read).collect();
        let fields = fields.map_err(|problem| Fault::new(caller, ApiCause::Problems(vec![problem]).into()))?;
        let before = found(caller, id).await?;
        seen(caller, &asked, &PersonFull::new(caller, &before))?;
        caller.ok(caller.service().give_back(&caller.ctx, id, fields, Some(before.made.version())).await)?;
        tagged(caller, &asked, StatusCode::OK, &PersonFull::new(caller, &found(caller, id).await?))
    })
    .await
}
