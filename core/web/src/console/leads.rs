//! Leads: the list, and one with its proofs and mails.

use actix_web::{HttpRequest, web};
use askama::Template;
use estampe_domain::LeadId;
use estampe_domain::lead::ConsentRecord;
use estampe_domain::purpose::LegalBasis;
use estampe_service::views::{LeadDetail, LeadPage, MailEntry};

use crate::console::people::{here, query_of};
use crate::console::shell::{Section, Shell};
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;
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
