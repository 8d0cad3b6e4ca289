//! Hands out the house's own root certificate, with the fingerprint to compare.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use askama::Template;

use crate::error::Fault;
use crate::locale::Lang;
use crate::respond::Reply;
use crate::routes::Table;
use crate::state::LocalRoot;
use crate::visit::Visit;

/// The page about the certificate.
#[derive(Template)]
#[template(path = "public/ca.html")]
pub(crate) struct CaPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) host: &'a str,
    pub(crate) root: &'a LocalRoot,
}

/// Adds the routes.
pub(crate) fn routes(table: Table) -> Table {
    table.get("/ca", show).get("/ca.pem", pem)
}

fn root(visit: &Visit) -> Result<Arc<LocalRoot>, Fault> {
    visit.state.tls.root().ok_or_else(|| Fault::not_found(visit))
}

async fn show(visit: Visit) -> Reply {
    visit.page(&CaPage { l: &visit.l, host: visit.organisation(), root: &*root(&visit)? })
}

async fn pem(visit: Visit) -> Reply {
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-pem-file"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"estampe-ca.pem\""))
        .body(root(&visit)?.pem.clone()))
}
