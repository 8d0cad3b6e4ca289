//! `/leads`: what outsiders left at cards.
#![expect(unused_qualifications, reason = "utoipa writes them for parameters of the query")]

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use estampe_domain::LeadId;
use estampe_domain::lead::{ConsentRecord, Lead};
use estampe_domain::purpose::LegalBasis;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::caller::Caller;
use crate::api::page::{Nothing, answer, asking, cursor, listed, query};
use crate::respond::Reply;

/// Details that somebody left at a card.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeadView {
    #[schema(format = "uuid")]
    id: String,
    /// Whose card it was left at.
    holder: Holder,
    #[schema(format = "date-time")]
    received_at: String,
    /// What was left; `null` once it was erased.
    details: Option<Details>,
}

/// A card's holder.
#[derive(Serialize, ToSchema)]
pub(crate) struct Holder {
    #[schema(format = "uuid")]
    person: String,
    /// Empty once they were erased.
    name: String,
}

/// What was left.
#[derive(Serialize, ToSchema)]
pub(crate) struct Details {
    name: String,
    email: String,
    phone: Option<String>,
    company: Option<String>,
    message: Option<String>,
}

/// A lead with what was told and agreed.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeadFull {
    #[serde(flatten)]
    lead: LeadView,
    consents: Vec<Consent>,
}

/// What was told or agreed with a lead.
#[derive(Serialize, ToSchema)]
pub(crate) struct Consent {
    /// The purpose's key.
    purpose: String,
    /// `legitimate-interest` (told) or `consent` (asked for).
    basis: LegalBasisView,
    granted: bool,
    text_version: u32,
    /// The words as they stood on the page.
    wording: String,
    /// The language that they stood in.
    language: &'static str,
    #[schema(format = "date-time")]
    at: String,
    /// By which way: `card-form`.
    channel: String,
}

/// On what ground data is processed (GDPR, article 6).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LegalBasisView {
    /// Article 6(1)(f).
    LegitimateInterest,
    /// Article 6(1)(a).
    Consent,
}

/// A page of leads, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeadPage {
    items: Vec<LeadFull>,
    /// How many there are in all.
    total: u64,
    /// The cursor of the next page; `null` at the end.
    next: Option<String>,
}

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Where the last page ended: its `next`.
    #[param(pattern = "^[A-Za-z0-9_-]*$")]
    pub(crate) cursor: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<i64>,
}

impl From<Lead> for LeadView {
    fn from(lead: Lead) -> Self {
        Self {
            id: lead.id.to_string(),
            holder: Holder { person: lead.person.to_string(), name: lead.person_name },
            received_at: lead.received_at.to_string(),
            details: lead.details.map(|details| Details {
                name: details.name.to_string(),
                email: details.email.to_string(),
                phone: details.phone.map(|phone| phone.to_string()),
                company: details.company.map(|company| company.to_string()),
                message: details.message.map(|message| message.to_string()),
            }),
        }
    }
}

impl From<ConsentRecord> for Consent {
    fn from(consent: ConsentRecord) -> Self {
        Self {
            purpose: consent.purpose,
            basis: match consent.basis {
                LegalBasis::LegitimateInterest => LegalBasisView::LegitimateInterest,
                LegalBasis::Consent => LegalBasisView::Consent,
            },
            granted: consent.granted,
            text_version: consent.text_version,
            wording: consent.wording,
            language: consent.locale.tag(),
            at: consent.at.to_string(),
            channel: consent.channel,
        }
    }
}

/// Leads, the newest first
#[utoipa::path(get, path = "/leads", tag = "leads", operation_id = "list_leads", params(Part),
    security(("token" = ["leads:read"])),
    responses((status = 200, body = LeadPage, description = "A page of leads.",
        headers(("Link" = String, description = "The next page, `rel=\"next\"`.")))))]
pub(crate) async fn list(caller: Caller, request: HttpRequest) -> Reply {
    let Part { cursor: at, limit } = query(&caller, &request)?;
    let page = asking(&caller, "leads", at.as_deref(), limit)?;
    let found = listed(&caller, at.as_deref(), caller.service().leads(&caller.ctx, page).await)?;
    let next = found.next.as_deref().map(|next| cursor("leads", next));
    let (leads, mut consents) = (found.leads, found.consents);
    let full = |lead: Lead| {
        let told = consents.remove(&lead.id).unwrap_or_default();
        LeadFull { consents: told.into_iter().map(Consent::from).collect(), lead: lead.into() }
    };
    let items = leads.into_iter().map(full).collect();
    answer(&caller, &request, next.as_deref(), &LeadPage { items, total: found.total, next: next.clone() })
}

/// One lead, with what was told and agreed
#[utoipa::path(get, path = "/leads/{id}", tag = "leads", operation_id = "get_lead",
    params(("id" = String, Path, format = "uuid")), security(("token" = ["leads:read"])),
    responses((status = 200, body = LeadFull, description = "The lead.")))]
pub(crate) async fn show(caller: Caller, request: HttpRequest, path: web::Path<String>) -> Reply {
    let Nothing {} = query(&caller, &request)?;
    let id: LeadId = caller.id(&path)?;
    let detail = caller.ok(caller.service().lead(&caller.ctx, id).await)?;
    let consents = detail.consents.into_iter().map(Consent::from).collect();
    caller.json(StatusCode::OK, &LeadFull { lead: detail.lead.into(), consents })
}
