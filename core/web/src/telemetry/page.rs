//! `GET /metrics`: what Prometheus reads. Figures and names of routes and plugins alone,
//! so no session is needed; the internal listener alone has it, like the health checks.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

use crate::error::{Cause, Fault};
use crate::respond::Reply;
use crate::routes::Table;
use crate::visit::Visit;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Adds the route.
pub(crate) fn routes(table: Table) -> Table {
    table.get("/metrics", show)
}

async fn show(visit: Visit) -> Reply {
    visit.service().measure().await;
    visit.state.pages.measure();
    let state = visit.state.clone();
    let text = web::block(move || state.exposition.as_ref().map(|exposition| exposition())).await;
    match text {
        Ok(Some(text)) => Ok(HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, TEXT))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(text)),
        Ok(None) => Err(Fault::not_found(&visit)),
        Err(error) => {
            let error = estampe_domain::Error::Unavailable(format!("metrics: {error}"));
            Err(Fault::new(&visit, Cause::Domain(error)))
        }
    }
}
