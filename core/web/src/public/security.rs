//! Whom to tell about a weakness: `security.txt` (RFC 9116).

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;

use crate::error::Fault;
use crate::respond::Reply;
use crate::visit::Visit;

/// `GET /.well-known/security.txt`
pub(crate) async fn show(visit: Visit) -> Reply {
    let settings = visit.service().settings();
    let contact = settings.security.as_ref().ok_or_else(|| Fault::not_found(&visit))?;
    let text = contact.text(&settings.public_origin, settings.default_locale, visit.ctx.now);
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(text))
}
