//! The plain-HTTP listener, which is off unless somebody asks for it: it sends people to
//! the encrypted address, answers ACME's http-01 (RFC 8555, 8.3) and hands out the house's
//! own root certificate, which a device must have before it can trust anything else here.
//!
//! Nothing that a visitor types is read on it, and the `Host` of a request leads nowhere:
//! the redirect goes to the configured origin alone.

mod facts;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::assets;
use crate::error::{Cause, Fault};
use crate::headers::Surface;
use crate::public::ca;
use crate::respond::Reply;
use crate::routes::Table;
use crate::visit::Visit;

pub use facts::{TlsFacts, Warning};

/// Adds the routes of the plain listener.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(Surface::Plain);
    routes().register(config, |_| web::to(elsewhere));
    config.default_service(web::to(elsewhere));
}

/// Its routes.
pub(crate) fn routes() -> Table {
    let table = Table::new().get("/.well-known/acme-challenge/{token}", challenge);
    // the page about the certificate needs its style, and no other place is trusted yet
    ca::routes(assets::routes(table))
}

async fn challenge(visit: Visit, token: web::Path<String>) -> Reply {
    let answer = visit.state.tls.challenge(&token).ok_or_else(|| Fault::not_found(&visit))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(answer))
}

/// 308 for whoever reads, a refusal for whoever sends: what was sent has been seen by
/// others already, and a repeated request would hide that.
async fn elsewhere(visit: Visit, request: HttpRequest) -> Reply {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Fault::new(&visit, Cause::Clear));
    }
    let target = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let origin = &visit.service().settings().public_origin;
    let location = target.starts_with('/').then(|| HeaderValue::try_from(format!("{origin}{target}")).ok()).flatten();
    let location = location.ok_or_else(|| Fault::not_found(&visit))?;
    Ok(HttpResponse::PermanentRedirect()
        .insert_header((LOCATION, location))
        // browsers keep a permanent redirect for good, operators change their minds
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}
