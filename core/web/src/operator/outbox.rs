//! The outbox over the operator's socket: references only.

use actix_web::http::StatusCode;
use actix_web::web;
use estampe_domain::JobId;
use estampe_domain::mail::{LeadMail, MailOutage, Occasion, TestedSignature};
use estampe_service::views::{JobState, OutboxEntry};
use serde::Serialize;
use serde_json::json;

use crate::operator::wire::Wire;
use crate::respond::Reply;

#[derive(Serialize)]
struct MailView {
    id: String,
    mail: &'static str,
    lead: Option<String>,
    state: &'static str,
    tries: u32,
    since: String,
    next_at: Option<String>,
    given_up_at: Option<String>,
    error: Option<String>,
}

impl From<&OutboxEntry> for MailView {
    fn from(entry: &OutboxEntry) -> Self {
        let mail = &entry.mail;
        Self {
            id: mail.job.to_string(),
            mail: match mail.about {
                Occasion::Lead(LeadMail::Acknowledgement, _) => "lead-acknowledgement",
                Occasion::Lead(LeadMail::Notice, _) => "lead-notice",
                Occasion::Account(..) | Occasion::NewBrowser(..) => mail.about.kind(),
                Occasion::Signature(..) => TestedSignature::KIND,
            },
            lead: mail.about.lead().map(|lead| lead.to_string()),
            state: match mail.state {
                JobState::Waiting => "waiting",
                JobState::Running => "running",
                JobState::Done => "done",
                JobState::Dead => "given-up",
            },
            tries: mail.attempts,
            since: entry.since.to_string(),
            next_at: (mail.state == JobState::Waiting).then(|| mail.next_at.to_string()),
            given_up_at: entry.given_up_at.map(|at| at.to_string()),
            error: mail.last_error.clone(),
        }
    }
}

#[derive(Serialize)]
struct OutageView {
    since: String,
    fault: &'static str,
    detail: String,
}

impl From<MailOutage> for OutageView {
    fn from(outage: MailOutage) -> Self {
        Self { since: outage.since.to_string(), fault: outage.fault.as_str(), detail: outage.detail }
    }
}

/// `GET /v1/outbox`
pub(crate) async fn list(wire: Wire) -> Reply {
    let outbox = wire.ok(wire.service().outbox(&wire.ctx).await)?;
    let mails: Vec<MailView> = outbox.dead.iter().chain(&outbox.waiting).map(MailView::from).collect();
    let answer = json!({
        "outage": outbox.outage.map(OutageView::from),
        "waiting": outbox.waiting_count,
        "given_up": outbox.dead_count,
        "mails": mails,
    });
    wire.json(StatusCode::OK, &answer)
}

/// `POST /v1/outbox/{job}/resend`
pub(crate) async fn resend(wire: Wire, path: web::Path<String>) -> Reply {
    let job: JobId = wire.id(&path)?;
    wire.ok(wire.service().resend(&wire.ctx, job).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "id": job }))
}

/// `POST /v1/outbox/resend`
pub(crate) async fn resend_all(wire: Wire) -> Reply {
    let (begun_anew, waiting) = wire.ok(wire.service().resend_all(&wire.ctx).await)?;
    wire.json(StatusCode::ACCEPTED, &json!({ "begun_anew": begun_anew, "waiting": waiting }))
}
