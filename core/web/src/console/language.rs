//! Keeps the console's language in a cookie.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web;
use estampe_domain::Locale;

use crate::console::people::query_of;
use crate::locale::COOKIE;
use crate::respond::{Reply, local_path, see_other};
use crate::routes::Table;
use crate::visit::Visit;

/// Adds the route.
pub(crate) fn routes(table: Table) -> Table {
    table.scope("/language", |table| table.get("/{tag}", choose))
}

async fn choose(visit: Visit, path: web::Path<String>, request: actix_web::HttpRequest) -> Reply {
    let locale: Locale = visit.id(&path)?;
    let mut reply = see_other(local_path(&query_of(&request, "next")));
    let cookie = Cookie::build(COOKIE, locale.tag())
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(Duration::days(365))
        .finish();
    // a cookie of our own making is always writable
    let _ = reply.add_cookie(&cookie);
    Ok(reply)
}
