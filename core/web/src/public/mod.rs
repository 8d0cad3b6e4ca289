//! The public listener: cards and what belongs to them, for anybody.
//!
//! Unknown, disabled and malformed ids get one and the same answer.

pub(crate) mod ca;
pub(crate) mod card;
pub(crate) mod exchange;
pub(crate) mod files;
pub(crate) mod pages;

use actix_web::web;

use crate::assets;
use crate::error::Fault;
use crate::headers::Surface;
use crate::respond::{Reply, get};
use crate::visit::Visit;

/// Adds the routes of the public listener.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(Surface::Public);
    // the hot page first: every route before it costs it time
    config.route("/c/{public_id:[^/.]+}", get().to(card::show));
    config.service(
        web::scope("/c")
            .route("/{public_id:[^/.]+}.vcf", get().to(files::vcard))
            .route("/{public_id:[^/.]+}/photo.jpg", get().to(files::photo))
            .route("/{public_id:[^/.]+}/qr.svg", get().to(files::qr_svg))
            .route("/{public_id:[^/.]+}/qr.png", get().to(files::qr_png))
            .route("/{public_id:[^/.]+}/qr", get().to(card::qr))
            .route("/{public_id:[^/.]+}/exchange", get().to(exchange::show))
            .route("/{public_id:[^/.]+}/leads", web::post().to(exchange::submit))
            .route("/{public_id:[^/.]+}/leads", web::get().to(exchange::again)),
    );
    assets::configure(config);
    ca::configure(config);
    config.default_service(web::to(missing));
}

async fn missing(visit: Visit) -> Reply {
    Err(Fault::not_found(&visit))
}
