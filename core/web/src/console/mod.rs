//! The internal listener: the console for accounts, and the health checks.

pub(crate) mod doors;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod language;
pub(crate) mod leads;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod runs;
pub(crate) mod shell;
pub(crate) mod sources;

use actix_web::web;

use crate::assets;
use crate::error::Fault;
use crate::headers::Surface;
use crate::public::ca;
use crate::respond::{Reply, get};
use crate::session::Desk;

/// Adds the routes of the internal listener.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(Surface::Console);
    config
        .route("/", get().to(home::show))
        .route("/people", get().to(people::list))
        .route("/people/{id}", get().to(people::show))
        .route("/people/{id}/photo.jpg", get().to(people::photo))
        .route("/sources", get().to(sources::list))
        .route("/sources", web::post().to(sources::add))
        .route("/sources/new", get().to(sources::new))
        .route("/sources/{name}", get().to(sources::show))
        .route("/sources/{name}/sync", web::post().to(sources::sync))
        .route("/sources/{name}/plan", web::post().to(sources::plan))
        .route("/sources/{name}/check", web::post().to(sources::check))
        .route("/sources/{name}/{action}", get().to(sources::back))
        .route("/runs/{id}", get().to(runs::show))
        .route("/runs/{id}/approve", web::post().to(runs::approve))
        .route("/runs/{id}/discard", web::post().to(runs::discard))
        .route("/leads", get().to(leads::list))
        .route("/leads/{id}", get().to(leads::show))
        .route("/outbox", get().to(outbox::list))
        .route("/outbox/resend", web::post().to(outbox::resend_all))
        .route("/outbox/{job}/resend", web::post().to(outbox::resend));
    doors::configure(config);
    language::configure(config);
    health::configure(config);
    assets::configure(config);
    ca::configure(config);
    config.default_service(web::to(missing));
}

/// Nobody learns which addresses exist here without signing in.
async fn missing(desk: Desk) -> Reply {
    Err(Fault::not_found(&desk))
}
