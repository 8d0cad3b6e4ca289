//! For whoever watches over the process.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use estampe_domain::Error;
use serde_json::json;

use crate::respond::Reply;
use crate::routes::Table;
use crate::visit::Visit;

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/health", |table| table.get("/live", live).get("/ready", ready))
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body("ok")
}

async fn ready(visit: Visit) -> Reply {
    Ok(match visit.service().ready().await {
        Ok(()) => HttpResponse::Ok().json(json!({ "ready": true, "warnings": visit.state.tls.warnings() })),
        Err(error) => {
            tracing::warn!(error.code = error.code(), error.text = %error, "the service is not ready");
            let mut answer = json!({ "ready": false, "code": error.code() });
            if let (Error::StorageFull(what), Some(answer)) = (&error, answer.as_object_mut()) {
                answer.insert("full".to_owned(), json!(what));
            }
            HttpResponse::ServiceUnavailable().json(answer)
        }
    })
}
