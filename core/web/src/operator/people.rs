//! People and leads over the operator's socket.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use estampe_domain::lead::{ConsentRecord, Lead};
use estampe_domain::person::PersonSummary;
use estampe_domain::purpose::LegalBasis;
use estampe_service::views::PeopleFilter;
use serde::Serialize;
use serde_json::json;

use crate::console::lead_export;
use crate::console::leads::vcard_of;
use crate::console::people::query_of;
use crate::operator::wire::Wire;
use crate::respond::Reply;

#[derive(Serialize)]
struct PersonView {
    id: String,
    name: String,
    title: Option<String>,
    email: Option<String>,
    active: bool,
    /// Whether nobody took the card down.
    card_active: bool,
    public_id: String,
    card_url: String,
}

impl PersonView {
    fn new(wire: &Wire, person: &PersonSummary) -> Self {
        Self {
            id: person.id.to_string(),
            name: person.profile.display_name.to_string(),
            title: person.profile.title.as_ref().map(ToString::to_string),
            email: person.profile.emails.first().map(ToString::to_string),
            active: person.active,
            card_active: person.card_active,
            public_id: person.public_id.to_string(),
            card_url: wire.service().card_url(&person.public_id),
        }
    }
}

fn after(request: &HttpRequest) -> Option<String> {
    Some(query_of(request, "after")).filter(|after| !after.is_empty())
}

/// `GET /v1/people?q=&show=conflicts|down&group=&after=`
pub(crate) async fn list(wire: Wire, request: HttpRequest) -> Reply {
    let group = Some(query_of(&request, "group")).filter(|group| !group.is_empty());
    let group = group.map(|group| wire.id(&group)).transpose()?;
    let show = query_of(&request, "show");
    let (conflicts, cards_down) = (show == "conflicts", show == "down");
    let query = query_of(&request, "q");
    let page = after(&request).into();
    let filter = PeopleFilter { query, conflicts, cards_down, exact: true, group, page, ..PeopleFilter::default() };
    let page = wire.ok(wire.service().people(&wire.ctx, &filter).await)?;
    let people: Vec<_> = page.people.iter().map(|person| PersonView::new(&wire, person)).collect();
    wire.json(
        StatusCode::OK,
        &json!({ "people": people, "total": page.total, "conflicts": page.conflicts, "next": page.next }),
    )
}

#[derive(Serialize)]
struct LeadView {
    id: String,
    card: String,
    person: String,
    person_name: String,
    received_at: String,
    /// `null` once erased.
    details: Option<estampe_domain::lead::LeadDetails>,
    /// The purposes that the visitor agreed to.
    agreed: Vec<String>,
}

impl LeadView {
    fn new(lead: Lead, told: &[ConsentRecord]) -> Self {
        let agreed = told.iter().filter(|one| one.granted && one.basis == LegalBasis::Consent);
        Self {
            id: lead.id.to_string(),
            card: lead.card.to_string(),
            person: lead.person.to_string(),
            person_name: lead.person_name,
            received_at: lead.received_at.to_string(),
            details: lead.details,
            agreed: agreed.map(|one| one.purpose.clone()).collect(),
        }
    }
}

/// `POST /v1/leads/export`: the same table as the console's, as CSV.
pub(crate) async fn export(wire: Wire) -> Reply {
    let rows = lead_export::table(&wire).await?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/csv; charset=utf-8")).body(rows))
}

/// `POST /v1/leads/{id}/contact`: the same vCard as the console's.
pub(crate) async fn contact(wire: Wire, path: web::Path<String>) -> Reply {
    let id = wire.id(&path)?;
    vcard_of(&wire, id).await
}

/// `GET /v1/leads?after=`
pub(crate) async fn leads(wire: Wire, request: HttpRequest) -> Reply {
    let page = wire.ok(wire.service().leads(&wire.ctx, after(&request)).await)?;
    let told = |lead: &Lead| page.consents.get(&lead.id).map_or(&[][..], Vec::as_slice);
    let leads: Vec<_> = page.leads.iter().map(|lead| LeadView::new(lead.clone(), told(lead))).collect();
    wire.json(StatusCode::OK, &json!({ "leads": leads, "total": page.total, "next": page.next }))
}
