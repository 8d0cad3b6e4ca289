//! Help for whoever lost a second factor or left a browser open.

use actix_web::web;
use estampe_domain::AccountId;

use crate::console::confirm::SensitiveForm;
use crate::forms::{Nothing, ProtectedForm};
use crate::respond::{Reply, see_other};

/// `POST /accounts/{id}/factors`
pub(crate) async fn reset_factors(sent: SensitiveForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: AccountId = desk.id(&path)?;
    desk.ok(desk.service().reset_factors(&desk.ctx, id).await)?;
    Ok(see_other(&format!("/accounts/{id}")))
}

/// `POST /accounts/{id}/sessions`
pub(crate) async fn end_sessions(sent: ProtectedForm<Nothing>, path: web::Path<String>) -> Reply {
    let desk = sent.desk;
    let id: AccountId = desk.id(&path)?;
    desk.ok(desk.service().end_sessions(&desk.ctx, id).await)?;
    Ok(see_other(&format!("/accounts/{id}")))
}
