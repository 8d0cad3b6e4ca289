//! For whoever watches over the process.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use estampe_domain::Error;
use serde_json::json;

use crate::respond::{Reply, get};
use crate::visit::Visit;

/// Adds the routes.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.route("/health/live", get().to(live)).route("/health/ready", get().to(ready));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body("ok")
}

async fn ready(visit: Visit) -> Reply {
    Ok(match visit.service().ready().await {
        Ok(()) => HttpResponse::Ok().json(json!({ "ready": true })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let mut answer = json!({ "ready": false, "code": error.code() });
            if let (Error::StorageFull(what), Some(answer)) = (&error, answer.as_object_mut()) {
                answer.insert("full".to_owned(), json!(what));
            }
            HttpResponse::ServiceUnavailable().json(answer)
        }
    })
}
