//! The public listener: cards and what belongs to them, for anybody.
//!
//! Unknown, disabled and malformed ids get one and the same answer.

pub(crate) mod ca;
pub(crate) mod card;
pub(crate) mod exchange;
pub(crate) mod files;
pub(crate) mod hot;
pub(crate) mod pages;
pub(crate) mod security;

use actix_web::web;

use crate::assets;
use crate::error::Fault;
use crate::headers::Surface;
use crate::respond::{Reply, wrong_method};
use crate::routes::Table;
use crate::visit::Visit;

/// Adds the routes of the public listener.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(Surface::Public);
    routes().register(config, |allowed| web::to(move |visit: Visit| async move { wrong_method(&visit, allowed) }));
    config.default_service(web::to(missing));
}

/// Its routes.
pub(crate) fn routes() -> Table {
    // the hot page first: every route before it costs it time
    let table = Table::new().get("/c/{public_id:[^/.]+}", card::show).scope("/c", |table| {
        table
            .get("/{public_id:[^/.]+}/", card::slash)
            .get("/{public_id:[^/.]+}.vcf", files::vcard)
            .get("/{public_id:[^/.]+}/photo.jpg", files::photo)
            .get("/{public_id:[^/.]+}/qr.svg", files::qr_svg)
            .get("/{public_id:[^/.]+}/qr.png", files::qr_png)
            .get("/{public_id:[^/.]+}/qr", card::qr)
            .get("/{public_id:[^/.]+}/exchange", exchange::show)
            .post("/{public_id:[^/.]+}/leads", exchange::submit)
            .get("/{public_id:[^/.]+}/leads", exchange::again)
    });
    let table = ca::routes(assets::routes(table.get("/i/{file}", files::picture)));
    table.scope("/.well-known", |table| table.get("/security.txt", security::show))
}

async fn missing(visit: Visit) -> Reply {
    Err(Fault::not_found(&visit))
}
