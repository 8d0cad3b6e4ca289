//! The mails of a lead: composed when they are sent, never stored.

use estampe_domain::ids::{JobId, LeadId};
use estampe_domain::mail::{LeadMail, MailFailure, OutgoingMail};
use estampe_domain::{Error, Result};
use estampe_service::Service;

use crate::letter::Letter;

/// Composes a mail; `None` when there is nobody left to send it to.
pub async fn compose(
    service: &Service,
    sender_domain: &str,
    job: JobId,
    kind: LeadMail,
    lead: LeadId,
) -> Result<Option<OutgoingMail>> {
    let Some(data) = service.lead_mail_data(lead).await? else { return Ok(None) };
    let letter = Letter::of_lead(kind, &data, service.settings(), service.card_url(&data.public_id));
    let visitor = (Some(data.details.name.clone()), data.details.email.clone());
    let holder = data.holder.emails.first().map(|email| (Some(data.holder.display_name.clone()), email.clone()));
    let (to, reply_to, locale) = match (kind, holder) {
        (LeadMail::Acknowledgement, holder) => (visitor, holder, data.visitor_locale),
        (LeadMail::Notice, Some(holder)) => (holder, Some(visitor), data.holder_locale),
        (LeadMail::Notice, None) => return Ok(None),
    };
    Ok(Some(OutgoingMail {
        // the job's id: the same at every try
        message_id: format!("{job}@{sender_domain}"),
        to,
        reply_to,
        html: letter.html(locale).map_err(|e| Error::Internal(format!("mail template: {e}")))?,
        text: letter.text(),
        subject: letter.subject,
    }))
}

/// Whether a failure is final after this attempt.
pub fn is_final(failure: &MailFailure, attempt: u32) -> bool {
    !failure.temporary || attempt >= crate::backoff::MAIL_TRIES
}
