//! The form to share details back. Nothing typed is ever lost, and a confirmation is
//! shown only for what is on disk.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, REFERRER_POLICY, RETRY_AFTER};
use actix_web::web;
use askama::Template;
use estampe_domain::card::Card;
use estampe_domain::lead::{FormProblems, LeadField, LeadForm};
use estampe_domain::purpose::LegalBasis;
use estampe_domain::{ErrorKind, PublicId, Ts};
use estampe_service::views::{Doubt, Exchange, Receipt, Submission};
use estampe_texts::key;

use crate::edge::ClientAddress;
use crate::fields::{Field, Kind, problems};
use crate::forms::{Fields, OpenForm};
use crate::locale::Lang;
use crate::respond::{Reply, see_other};
use crate::visit::Visit;
use crate::words::lead_problem;

/// The form.
#[derive(Template)]
#[template(path = "public/exchange.html")]
pub(crate) struct ExchangePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) host: &'a str,
    pub(crate) exchange: &'a Exchange,
    pub(crate) fields: Vec<Field>,
    pub(crate) ticked: &'a [String],
    /// Set when other details went through under the form's first key.
    pub(crate) already: Option<Ts>,
    /// Set when nothing was stored for it looked like a program's.
    pub(crate) doubt: Option<Doubt>,
}

/// The form after a failure of ours, or too many of them: needs nothing that may be
/// away.
#[derive(Template)]
#[template(path = "public/kept.html")]
pub(crate) struct KeptPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    /// How long to wait, where the words say so.
    pub(crate) seconds: u64,
    pub(crate) card: &'a PublicId,
    pub(crate) fields: Vec<Field>,
    pub(crate) form: &'a LeadForm,
    pub(crate) reference: Option<String>,
}

/// What was typed for a card that is not there any more: to be read and copied, and kept by nobody.
#[derive(Template)]
#[template(path = "public/gone.html")]
pub(crate) struct GonePage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) host: &'a str,
    pub(crate) fields: Vec<Field>,
    /// Where the house is asked about data.
    pub(crate) contact: Option<&'a str>,
}

/// The confirmation.
#[derive(Template)]
#[template(path = "public/sent.html")]
pub(crate) struct SentPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) receipt: &'a Receipt,
    pub(crate) email: &'a str,
    /// Whether there is a server to send a copy by.
    pub(crate) by_mail: bool,
}

impl SentPage<'_> {
    fn text(&self) -> &'static str {
        match (self.by_mail, self.receipt.copied) {
            (false, _) => key("sent-text-no-mail"),
            (true, true) => key("sent-text"),
            (true, false) => key("sent-text-without-copy"),
        }
    }
}

impl<'a> ExchangePage<'a> {
    pub(crate) fn new(
        l: &'a Lang,
        host: &'a str,
        exchange: &'a Exchange,
        form: &'a LeadForm,
        found: Option<&FormProblems>,
    ) -> Self {
        Self { l, host, exchange, fields: fields(l, form, found), ticked: &form.consents, already: None, doubt: None }
    }

    fn card(&self) -> &Card {
        &self.exchange.card
    }

    fn problems(&self) -> usize {
        problems(&self.fields)
    }

    fn is_ticked(&self, purpose: &str) -> bool {
        self.ticked.iter().any(|ticked| ticked == purpose)
    }

    fn doubt_text(&self) -> Option<&'static str> {
        self.doubt.map(|doubt| match doubt {
            Doubt::Trap => key("exchange-doubt-trap"),
            Doubt::TooQuick => key("exchange-doubt-quick"),
        })
    }

    fn asks(&self, basis: &LegalBasis) -> bool {
        *basis == LegalBasis::Consent
    }
}

impl<'a> KeptPage<'a> {
    /// With the words of a failure of ours.
    pub(crate) fn new(l: &'a Lang, card: &'a PublicId, form: &'a LeadForm) -> Self {
        let (title, text) = (key("kept-title"), key("kept-text"));
        Self { l, title, text, seconds: 0, card, fields: fields(l, form, None), form, reference: None }
    }
}

/// The five fields as typed.
pub(crate) fn fields(l: &Lang, form: &LeadForm, found: Option<&FormProblems>) -> Vec<Field> {
    let problem =
        |field: LeadField| found.and_then(|problems| problems.of(field)).map(|problem| lead_problem(l, field, problem));
    vec![
        Field::new("name", l.t("lead-name"), &form.name).autocomplete("name").problem(problem(LeadField::Name)),
        Field::new("email", l.t("lead-email"), &form.email)
            .kind(Kind::Line("email"))
            .autocomplete("email")
            .inputmode("email")
            .problem(problem(LeadField::Email)),
        Field::new("phone", l.t("lead-phone"), &form.phone)
            .kind(Kind::Line("tel"))
            .autocomplete("tel")
            .inputmode("tel")
            .optional()
            .problem(problem(LeadField::Phone)),
        Field::new("company", l.t("lead-company"), &form.company)
            .autocomplete("organization")
            .optional()
            .problem(problem(LeadField::Company)),
        Field::new("message", l.t("lead-message"), &form.message)
            .kind(Kind::Lines)
            .optional()
            .problem(problem(LeadField::Message)),
    ]
}

impl From<Fields> for LeadForm {
    fn from(fields: Fields) -> Self {
        Self {
            name: fields.text("name"),
            email: fields.text("email"),
            phone: fields.text("phone"),
            company: fields.text("company"),
            message: fields.text("message"),
            consents: fields.all("consent"),
            idempotency_key: fields.text("idempotency_key"),
            website: fields.text("website"),
        }
    }
}

/// `GET /c/{public_id}/exchange`
pub(crate) async fn show(visit: Visit, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    let exchange = visit.ok(visit.service().exchange(&visit.ctx, &id).await)?;
    let form = LeadForm::default();
    let page = ExchangePage::new(&visit.l, visit.organisation(), &exchange, &form, None);
    let mut reply = form_page(visit.page(&page))?;
    // whoever comes back by the browser's button, after the network was gone, finds what they typed and the same
    // key, so that nothing is stored twice; whoever comes anew gets a new form
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(reply)
}

/// `POST /c/{public_id}/leads`
pub(crate) async fn submit(sent: OpenForm<LeadForm>, client: ClientAddress, path: web::Path<String>) -> Reply {
    let OpenForm { visit, form } = sent;
    // whatever is wrong with the address, what was typed is not swallowed
    let Ok(id) = path.parse::<PublicId>() else { return gone(&visit, &form) };
    let (service, rates) = (visit.service(), visit.state.edge.rates());
    let allowed = rates.lead(client).and_then(|()| {
        // what would not be stored takes nothing of what the card's other visitors have
        if service.is_lead(&visit.ctx, &form) { rates.card_lead(&id) } else { Ok(()) }
    });
    if let Err(seconds) = allowed {
        return late(&visit, client, &id, &form, seconds).await;
    }
    let outcome = visit.ok(visit.service().submit_lead(&visit.ctx, &id, &form).await);
    let (l, host) = (&visit.l, visit.organisation());
    match outcome {
        Ok(Submission::Received(receipt)) => confirmed(&visit, &receipt, &form),
        Ok(Submission::Problems { exchange, problems }) => {
            let page = ExchangePage::new(l, host, &exchange, &form, Some(&problems));
            form_page(visit.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Ok(Submission::Doubtful { exchange, doubt }) => {
            let mut page = ExchangePage::new(l, host, &exchange, &form, None);
            page.doubt = Some(doubt);
            form_page(visit.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Ok(Submission::AlreadySent { exchange, at }) => {
            let mut page = ExchangePage::new(l, host, &exchange, &form, None);
            page.already = Some(at);
            form_page(visit.page_with(StatusCode::CONFLICT, &page))
        }
        Err(fault) => match fault.domain().map(estampe_domain::Error::kind) {
            Some(ErrorKind::NotFound) => gone(&visit, &form),
            Some(ErrorKind::StorageFull) => kept(&visit, &id, &form, StatusCode::INSUFFICIENT_STORAGE),
            Some(ErrorKind::Unavailable) => kept(&visit, &id, &form, StatusCode::SERVICE_UNAVAILABLE),
            Some(ErrorKind::Internal) => kept(&visit, &id, &form, StatusCode::INTERNAL_SERVER_ERROR),
            _ => Err(fault),
        },
    }
}

/// `GET /c/{public_id}/leads`: someone asks for the answer's address; the form is there.
pub(crate) async fn again(visit: Visit, path: web::Path<String>) -> Reply {
    let id = visit.public_id(&path)?;
    Ok(see_other(&visit.l.link(format!("/c/{id}/exchange"))))
}

fn confirmed(visit: &Visit, receipt: &Receipt, form: &LeadForm) -> Reply {
    let by_mail = visit.service().settings().mail_configured;
    visit.page(&SentPage { l: &visit.l, receipt, email: form.email.trim(), by_mail })
}

/// The card was taken down meanwhile, or there never was one: the same answer.
fn gone(visit: &Visit, form: &LeadForm) -> Reply {
    let contact = visit.service().settings().rights_contact.as_ref().map(estampe_domain::text::Email::as_str);
    let mut fields = fields(&visit.l, form, None);
    fields.retain(|field| !field.value.trim().is_empty());
    let page = GonePage { l: &visit.l, host: visit.organisation(), fields, contact };
    visit.page_with(StatusCode::NOT_FOUND, &page)
}

fn kept(visit: &Visit, card: &PublicId, form: &LeadForm, status: StatusCode) -> Reply {
    let mut page = KeptPage::new(&visit.l, card, form);
    page.reference = Some(visit.ctx.request.to_string());
    if status == StatusCode::INSUFFICIENT_STORAGE {
        page.text = key("kept-full-text");
    }
    form_page(visit.page_with(status, &page))
}

/// Too many at once. Who only sends again what is on disk learns so all the same.
async fn late(visit: &Visit, client: ClientAddress, card: &PublicId, form: &LeadForm, seconds: u64) -> Reply {
    let l = &visit.l;
    // whatever else there is to say, such as that there is no such card, is for later
    if visit.state.edge.rates().repeat(client).is_ok()
        && let Ok(Some(receipt)) = visit.service().received_before(&visit.ctx, card, form).await
    {
        return confirmed(visit, &receipt, form);
    }
    let mut page = KeptPage::new(l, card, form);
    (page.title, page.text, page.seconds) = (key("late-title"), key("late-text"), seconds);
    let mut reply = form_page(visit.page_with(StatusCode::TOO_MANY_REQUESTS, &page))?;
    reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    Ok(reply)
}

/// A page with a form must let the browser say where the form comes from.
fn form_page(reply: Reply) -> Reply {
    let mut reply = reply?;
    reply.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(reply)
}
