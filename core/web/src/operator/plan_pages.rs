//! The plan of a run over the operator's socket, page by page.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::difference::{PlanLine, PlanPlace};
use estampe_domain::person::FieldChange;
use estampe_domain::run::PlanAction;
use estampe_domain::{Error, Locale, PersonId};
use estampe_service::views::PlanFilter;
use estampe_texts::t;
use serde::Serialize;
use serde_json::json;

use crate::console::people::query_of;
use crate::operator::runs::RefusalView;
use crate::operator::wire::Wire;
use crate::respond::Reply;
use crate::words;

/// Lines of a page when nobody says how many.
const LINES: u64 = 100;

#[derive(Serialize)]
struct LineView {
    action: PlanAction,
    person: Option<PersonId>,
    name: String,
    /// Its stable name, and its words.
    reason: Option<&'static str>,
    why: Option<String>,
    changes: Vec<ChangeView>,
    kept: Vec<ChangeView>,
}

#[derive(Serialize)]
struct ChangeView {
    field: &'static str,
    words: String,
    old: String,
    new: String,
}

impl From<FieldChange> for ChangeView {
    fn from(change: FieldChange) -> Self {
        let read = |value, becomes| words::field_value(Locale::En, change.field, value, becomes).into_owned();
        Self {
            field: change.field.key(),
            words: t(Locale::En, words::field(change.field)),
            old: read(&change.old, false),
            new: read(&change.new, true),
        }
    }
}

impl From<PlanLine> for LineView {
    fn from(line: PlanLine) -> Self {
        Self {
            action: line.action,
            person: line.person,
            name: line.name,
            reason: line.reason.map(estampe_domain::difference::PlanReason::as_str),
            why: line.reason.map(|reason| t(Locale::En, words::reason(reason))),
            changes: line.changes.into_iter().map(ChangeView::from).collect(),
            kept: line.kept.into_iter().map(ChangeView::from).collect(),
        }
    }
}

/// A number of the query; one that cannot be read is an error.
fn number<N: std::str::FromStr>(request: &HttpRequest, name: &str) -> Result<Option<N>, Error> {
    match query_of(request, name).as_str() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Error::invalid(name, "give a whole number")),
    }
}

fn filter(request: &HttpRequest) -> Result<PlanFilter, Error> {
    let only = match query_of(request, "action").as_str() {
        "" => None,
        text => {
            Some(PlanAction::from_stored(text).ok_or_else(|| Error::invalid("action", "create, update or disable"))?)
        }
    };
    let after = match query_of(request, "after").as_str() {
        "" => None,
        text => {
            Some(PlanPlace::read(text).ok_or_else(|| Error::invalid("after", "give what a page named as its next"))?)
        }
    };
    Ok(PlanFilter { only, after, limit: number(request, "limit")?.unwrap_or(LINES) })
}

/// `GET /v1/runs/{id}/lines?action=&after=&limit=`
pub(crate) async fn lines(wire: Wire, request: HttpRequest, path: web::Path<String>) -> Reply {
    let filter = wire.ok(filter(&request))?;
    let page = wire.ok(wire.service().plan_page(&wire.ctx, wire.id(&path)?, filter).await)?;
    let lines: Vec<_> = page.lines.into_iter().map(LineView::from).collect();
    wire.json(StatusCode::OK, &json!({ "lines": lines, "next": page.next.map(PlanPlace::written) }))
}

/// `GET /v1/runs/{id}/refusals?after=&limit=`
pub(crate) async fn refusals(wire: Wire, request: HttpRequest, path: web::Path<String>) -> Reply {
    let (after, limit) = wire.ok(number(&request, "after").and_then(|after| Ok((after, number(&request, "limit")?))))?;
    let page = wire.service().refusal_page(&wire.ctx, wire.id(&path)?, after, limit.unwrap_or(LINES)).await;
    let page = wire.ok(page)?;
    let refusals: Vec<_> = page.refusals.iter().map(RefusalView::from).collect();
    wire.json(StatusCode::OK, &json!({ "refusals": refusals, "next": page.next.map(|seq| seq.to_string()) }))
}
