//! Leads: the list, one with its proofs and mails, and one for an address book.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use estampe_domain::LeadId;
use estampe_domain::lead::{ConsentRecord, Lead, LeadDetails};
use estampe_domain::purpose::LegalBasis;
use estampe_domain::vcard::{self, Version};
use estampe_service::views::{LeadDetail, LeadPage, MailEntry};
use estampe_texts::key;

use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::error::Fault;
use crate::locale::Lang;
use crate::public::files::{attachment, named};
use crate::respond::{Reply, segment};
use crate::session::Desk;
use crate::visit::Visit;
use crate::words;

/// The list.
#[derive(Template)]
#[template(path = "console/leads.html")]
pub(crate) struct LeadsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) page: &'a LeadPage,
    /// Whether this is not the first page.
    pub(crate) is_later: bool,
}

impl LeadsPage<'_> {
    fn next(&self) -> Option<String> {
        let after = self.page.next.as_deref()?;
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("after", after).finish();
        Some(format!("/leads?{query}"))
    }
}

/// One lead.
#[derive(Template)]
#[template(path = "console/lead.html")]
pub(crate) struct LeadDetailPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) detail: &'a LeadDetail,
}

impl LeadDetailPage<'_> {
    fn title(&self) -> String {
        match &self.detail.lead.details {
            Some(details) => details.name.to_string(),
            None => self.l.t("lead-erased").to_string(),
        }
    }

    /// A mail that is begun: to whom, about what, and how they are called (RFC 6068).
    fn reply(&self, details: &LeadDetails) -> String {
        let holder = Some(self.detail.lead.person_name.as_str()).filter(|name| !name.is_empty());
        let holder = holder.unwrap_or(&self.s.organisation);
        let subject = self.l.t("lead-reply-subject").with("holder", holder).to_string();
        let greeting = self.l.t("mail-ack-greeting").with("visitor", details.name.as_str()).to_string();
        let to = details.email.as_str().split('@').map(segment).collect::<Vec<_>>().join("@");
        format!("mailto:{to}?subject={}&body={}", segment(&subject), segment(&format!("{greeting}\r\n\r\n")))
    }

    fn kind(&self, mail: &MailEntry) -> &'static str {
        words::mail(mail.about)
    }

    /// Whether this was told rather than asked.
    fn told(&self, consent: &ConsentRecord) -> bool {
        consent.basis == LegalBasis::LegitimateInterest
    }

    fn state(&self, mail: &MailEntry) -> (&'static str, &'static str) {
        words::job_state(mail.state)
    }
}

/// `GET /leads`
pub(crate) async fn list(desk: Desk, request: HttpRequest) -> Reply {
    let after = Some(query_of(&request, "after")).filter(|after| !after.is_empty());
    let is_later = after.is_some();
    let page = desk.ok(desk.service().leads(&desk.ctx, after).await)?;
    let s = Shell::new(&desk, Section::Leads, here(&request));
    desk.page(&LeadsPage { l: &desk.l, s, page: &page, is_later })
}

/// `GET /leads/{id}`
pub(crate) async fn show(desk: Desk, request: HttpRequest, path: web::Path<String>) -> Reply {
    let id: LeadId = desk.id(&path)?;
    let detail = desk.ok(desk.service().lead(&desk.ctx, id).await)?;
    let s = Shell::new(&desk, Section::Leads, here(&request));
    desk.page(&LeadDetailPage { l: &desk.l, s, detail: &detail })
}

/// `GET /leads/{id}/contact.vcf`
pub(crate) async fn contact(desk: Desk, path: web::Path<String>) -> Reply {
    let id: LeadId = desk.id(&path)?;
    vcard_of(&desk, id).await
}

/// A lead as a vCard, and that it was taken along.
pub(crate) async fn vcard_of(visit: &Visit, id: LeadId) -> Result<HttpResponse, Fault> {
    let (lead, details, told) = visit.ok(visit.service().take_lead(&visit.ctx, id).await)?;
    let note = note(&visit.l, visit.organisation(), &lead, &details, &told);
    let mut reply = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, Version::V3.media_type()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(vcard::of_lead(lead.id, &details, lead.received_at, &note));
    named(&mut reply, &attachment(&vcard::file_name(&details.name)));
    Ok(reply)
}

/// Where and when they met, what was said, and what was agreed to.
fn note(l: &Lang, organisation: &str, lead: &Lead, details: &LeadDetails, told: &[ConsentRecord]) -> String {
    let when = l.when_in(&lead.received_at);
    let met = match lead.person_name.as_str() {
        "" => l.t("lead-note-house").with("organisation", organisation).with("when", when).to_string(),
        holder => {
            l.t("lead-note").with("holder", holder).with("organisation", organisation).with("when", when).to_string()
        }
    };
    let agreed = told.iter().map(|one| {
        let words = match (one.basis, one.granted) {
            (LegalBasis::LegitimateInterest, _) => key("mail-told"),
            (LegalBasis::Consent, true) => key("mail-agreed"),
            (LegalBasis::Consent, false) => key("mail-not-agreed"),
        };
        l.t(words).with("wording", one.wording.as_str()).to_string()
    });
    let said = details.message.as_ref().map(ToString::to_string);
    std::iter::once(met).chain(said).chain(agreed).collect::<Vec<_>>().join("\n")
}
