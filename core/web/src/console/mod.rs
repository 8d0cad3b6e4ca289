//! The internal listener: the console for accounts, and the health checks.

pub(crate) mod account_change;
pub(crate) mod account_help;
pub(crate) mod account_parts;
pub(crate) mod accounts;
pub(crate) mod approvals;
pub(crate) mod bulk;
pub(crate) mod cards;
pub(crate) mod changes;
pub(crate) mod confirm;
pub(crate) mod doors;
pub(crate) mod endings;
pub(crate) mod groups;
pub(crate) mod harmless;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod language;
pub(crate) mod lead_export;
pub(crate) mod leads;
pub(crate) mod mapping;
pub(crate) mod new_source;
pub(crate) mod outbox;
pub(crate) mod outlook;
pub(crate) mod own;
pub(crate) mod own_factors;
pub(crate) mod own_ways;
pub(crate) mod people;
pub(crate) mod person_edit;
pub(crate) mod person_settle;
pub(crate) mod plugin_file;
pub(crate) mod plugins;
pub(crate) mod providers;
pub(crate) mod publication;
pub(crate) mod publication_line;
pub(crate) mod publication_ring;
pub(crate) mod publications;
pub(crate) mod runs;
pub(crate) mod second_door;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod shell;
pub(crate) mod sign_in_with;
pub(crate) mod signature;
pub(crate) mod signature_designs;
pub(crate) mod signature_mail;
pub(crate) mod signature_pictures;
pub(crate) mod signature_rules;
pub(crate) mod signatures;
pub(crate) mod source_fields;
pub(crate) mod source_form;
pub(crate) mod source_permissions;
pub(crate) mod source_settings;
pub(crate) mod sources;
pub(crate) mod styleguide;
pub(crate) mod teams;
pub(crate) mod tokens;

use actix_web::{HttpRequest, HttpResponse, web};
use estampe_domain::Actor;

use crate::error::Fault;
use crate::headers::Surface;
use crate::public::ca;
use crate::respond::wrong_method;
use crate::routes::Table;
use crate::session::Desk;
use crate::telemetry::page as metrics;
use crate::visit::Visit;
use crate::{api, assets};

/// Adds the routes of the internal listener.
pub fn configure(config: &mut web::ServiceConfig) {
    config.app_data(Surface::Console);
    api::configure(config);
    routes().register(config, |allowed| web::to(move |desk: Desk| async move { wrong_method(&desk, allowed) }));
    config.default_service(web::to(missing));
}

/// Its routes.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(crate) fn routes() -> Table {
    let table = Table::new()
        .get("/", home::show)
        .get("/settings", settings::show)
        .get("/teams", teams::list)
        .get("/cards", cards::list)
        // before the people, whose ids are what else stands there
        .scope("/people/bulk", |table| {
            table
                .post("", bulk::begin)
                .get("", bulk::back)
                .get("/{id}", bulk::show)
                .post("/{id}/undo", bulk::undo)
                .get("/{id}/undo", bulk::undo_back)
        })
        .scope("/people", |table| {
            table
                .get("", people::list)
                .get("/{id}", people::show)
                .get("/{id}/photo.jpg", people::photo)
                .get("/{id}/signature", signature::show)
                .get("/{id}/signature/preview", signature::preview)
                .get("/{id}/signature/mail", signature_mail::person_back)
                .post("/{id}/signature/mail", signature_mail::of_person)
                .get("/{id}/signature.htm", signature::html)
                .get("/{id}/signature.txt", signature::text)
                .get("/{id}/edit", person_edit::show)
                .post("/{id}/edit", person_edit::save)
                .post("/{id}/settle", person_settle::settle)
                .get("/{id}/settle", person_settle::back)
                .post("/{id}/give-back", person_settle::give_back)
                .get("/{id}/give-back", person_settle::back)
        })
        .scope("/changes", |table| {
            table
                .get("", changes::list)
                .post("/{change}/agree", changes::agree)
                .get("/{change}/agree", changes::back)
                .post("/{change}/again", changes::again)
                .get("/{change}/again", changes::back)
                .post("/{change}/end", changes::end)
                .get("/{change}/end", changes::back)
        })
        .scope("/sources", |table| {
            table
                .get("", sources::list)
                .post("", new_source::add)
                .get("/new", new_source::new)
                .get("/{name}", sources::show)
                .get("/{name}/groups", groups::list)
                .post("/{name}/sync", sources::sync)
                .post("/{name}/compare", sources::compare)
                .get("/{name}/compare", sources::back)
                .post("/{name}/schedule", sources::schedule)
                .get("/{name}/schedule", sources::back)
                .get("/{name}/sync", sources::back)
                .post("/{name}/plan", sources::plan)
                .get("/{name}/plan", sources::back)
                .post("/{name}/check", sources::check)
                .get("/{name}/check", sources::back)
                .get("/{name}/settings", source_settings::show)
                .post("/{name}/settings", source_settings::save)
                .get("/{name}/disconnect", endings::ask)
                .post("/{name}/disconnect", endings::decide)
                .get("/{name}/permissions", source_permissions::show)
                .post("/{name}/permissions", source_permissions::check)
                .get("/{name}/fields", source_fields::show)
                .post("/{name}/fields", source_fields::save)
                .get("/{name}/mapping", mapping::show)
                .post("/{name}/mapping", mapping::act)
        })
        .scope("/endings", |table| table.get("/{id}", endings::show))
        .scope("/plugins", |table| {
            table
                .get("", plugins::list)
                .post("", plugin_file::bring)
                .get("/{id}", plugins::show)
                .post("/{id}/install", plugins::install)
                .post("/{id}/upgrade", plugins::upgrade)
                .post("/{id}/grants", plugins::grant)
                .post("/{id}/network", plugins::network)
                .post("/{id}/enable", plugins::enable)
                .post("/{id}/disable", plugins::disable)
                .post("/{id}/rollback", plugins::rollback)
                .post("/{id}/remove", plugins::remove)
        })
        .scope("/runs", |table| {
            table.get("/{id}", runs::show).post("/{id}/approve", runs::approve).post("/{id}/discard", runs::discard)
        })
        .scope("/accounts", |table| {
            table
                .get("", accounts::list)
                .post("", accounts::add)
                .get("/new", accounts::new)
                .get("/providers", providers::list)
                .post("/providers", providers::add)
                .get("/providers/new", providers::new)
                .get("/providers/{provider}", providers::show)
                .post("/providers/{provider}", providers::change)
                .get("/providers/{provider}/check", providers::back)
                .post("/providers/{provider}/check", providers::check)
                .get("/providers/{provider}/remove", providers::back)
                .post("/providers/{provider}/remove", providers::remove)
                .get("/{id}", account_change::show)
                .post("/{id}", account_change::change)
                .post("/{id}/invite", account_change::invite)
                .post("/{id}/factors", account_help::reset_factors)
                .post("/{id}/sessions", account_help::end_sessions)
        })
        .scope("/approvals", |table| {
            table
                .get("", approvals::list)
                .post("/{approval}/agree", approvals::agree)
                .post("/{approval}/refuse", approvals::refuse)
        })
        .scope("/leads", |table| {
            table
                .get("", leads::list)
                .get("/export", lead_export::show)
                .post("/export", lead_export::export)
                .get("/{id}", leads::show)
                .get("/{id}/contact.vcf", leads::contact)
        })
        .scope("/outbox", |table| {
            table.get("", outbox::list).post("/resend", outbox::resend_all).post("/{job}/resend", outbox::resend)
        });
    [
        doors::routes,
        second_door::routes,
        sign_in_with::routes,
        // before the signatures, whose scope is around it
        publications::routes,
        signatures::routes,
        confirm::routes,
        own::routes,
        outlook::routes,
        tokens::routes,
        language::routes,
        health::routes,
        metrics::routes,
        assets::routes,
        ca::routes,
        styleguide::routes,
    ]
    .into_iter()
    .fold(table, |table, add| add(table))
}

/// Nobody learns which addresses exist here without signing in; those of the API are no
/// secret.
async fn missing(request: HttpRequest) -> Result<HttpResponse, actix_web::Error> {
    let visit = Visit::of(&request, Actor::Visitor)?;
    if visit.surface == Surface::Api {
        return Err(Fault::not_found(&visit).into());
    }
    let desk = Desk::of(&request).await?;
    Err(Fault::not_found(&desk).into())
}
