//! The mails of leads and accounts: composed when they are sent, never stored; and what becomes of
//! those that did not go.

use estampe_domain::ids::{AccountId, JobId, LeadId, SessionId};
use estampe_domain::mail::{AccountMail, LeadMail, MailFailure, MailFault, Occasion, OutgoingMail, TestedSignature};
use estampe_domain::text::{Email, Line};
use estampe_domain::{Actor, Error, Locale, Result, Ts};
use estampe_service::{MailHistory, Retry, Service};
use estampe_texts::system_zone;

use crate::backoff::{self, MAIL_PATIENCE};
use crate::letter::Letter;
use crate::signed::SignedMail;

/// A code that was asked for is of no use to anybody after so many seconds (a day).
const CODE_PATIENCE: i64 = 86_400;

/// Composes a mail; `None` when there is nobody left to send it to.
pub async fn compose(
    service: &Service,
    sender_domain: &str,
    job: JobId,
    about: Occasion,
    history: MailHistory,
) -> Result<Option<OutgoingMail>> {
    let composed = match about {
        Occasion::Lead(kind, lead) => of_lead(service, kind, lead).await?,
        Occasion::Account(kind, account) => of_account(service, kind, account, history).await?,
        Occasion::NewBrowser(account, session) => of_browser(service, account, session).await?,
        Occasion::Signature(account, of) => return of_signature(service, sender_domain, job, (account, of)).await,
    };
    let Some(Composed { letter, to, reply_to, locale }) = composed else { return Ok(None) };
    Ok(Some(OutgoingMail {
        // the job's id: the same at every try
        message_id: format!("{job}@{sender_domain}"),
        to,
        reply_to,
        html: letter.html(locale).map_err(|e| Error::Internal(format!("mail template: {e}")))?,
        text: letter.text(locale),
        subject: letter.subject,
    }))
}

/// A name and an address.
type Party = (Option<Line>, Email);

struct Composed {
    letter: Letter,
    to: Party,
    reply_to: Option<Party>,
    locale: Locale,
}

async fn of_lead(service: &Service, kind: LeadMail, lead: LeadId) -> Result<Option<Composed>> {
    let Some(data) = service.lead_mail_data(lead).await? else { return Ok(None) };
    let letter = Letter::of_lead(kind, &data, service.settings(), service.card_url(&data.public_id), &system_zone());
    let visitor = (Some(data.details.name.clone()), data.details.email.clone());
    let holder = data.holder.emails.first().map(|email| (Some(data.holder.display_name.clone()), email.clone()));
    let (to, reply_to, locale) = match (kind, holder) {
        (LeadMail::Acknowledgement, holder) => (visitor, holder, data.visitor_locale),
        (LeadMail::Notice, Some(holder)) => (holder, Some(visitor), data.holder_locale),
        (LeadMail::Notice, None) => return Ok(None),
    };
    Ok(Some(Composed { letter, to, reply_to, locale }))
}

async fn of_account(
    service: &Service,
    kind: AccountMail,
    account: AccountId,
    history: MailHistory,
) -> Result<Option<Composed>> {
    let now = service.context(Actor::System, Locale::En).now;
    let stale = history.tried_since.is_some_and(|since| now.seconds_since(since) > CODE_PATIENCE);
    if kind == AccountMail::Reset && stale {
        return Ok(None);
    }
    let Some(data) = service.account_mail_data(kind, account).await? else { return Ok(None) };
    let letter = Letter::of_account(kind, &data, service.settings(), &system_zone());
    let to = (Some(data.account.name), data.account.email);
    Ok(Some(Composed { letter, to, reply_to: None, locale: data.locale }))
}

async fn of_browser(service: &Service, account: AccountId, session: SessionId) -> Result<Option<Composed>> {
    let Some(data) = service.browser_mail_data(account, session).await? else { return Ok(None) };
    let letter = Letter::of_browser(&data, service.settings(), &system_zone());
    let to = (Some(data.account.name), data.account.email);
    Ok(Some(Composed { letter, to, reply_to: None, locale: data.locale }))
}

/// A mail as its reader would write it: words, and the signature below.
async fn of_signature(
    service: &Service,
    sender_domain: &str,
    job: JobId,
    (account, of): (AccountId, TestedSignature),
) -> Result<Option<OutgoingMail>> {
    let ctx = service.context(Actor::System, Locale::En);
    let Some(data) = service.signature_mail_data(&ctx, account, of).await? else { return Ok(None) };
    let shown = SignedMail::new(&data, service.settings());
    Ok(Some(OutgoingMail {
        message_id: format!("{job}@{sender_domain}"),
        html: shown.html().map_err(|e| Error::Internal(format!("mail template: {e}")))?,
        text: shown.text(),
        subject: shown.subject,
        to: (Some(data.account.name), data.account.email),
        reply_to: None,
    }))
}

/// What becomes of a mail that did not go.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Back into the outbox.
    Again(Retry),
    /// Given up, with these last words.
    GiveUp(String),
}

/// Judges a failure: the server's troubles are not the mail's, what it refused for good
/// stays refused, and what may have arrived is not sent again and again.
pub fn judge(failure: &MailFailure, attempt: u32, history: MailHistory, now: Ts) -> Verdict {
    let detail = &failure.detail;
    match failure.fault {
        MailFault::Server(_) => Verdict::Again(Retry::Uncounted),
        MailFault::Refused => Verdict::GiveUp(detail.clone()),
        MailFault::Later => {
            let tried = history.tried_since.map_or(0, |since| now.seconds_since(since));
            if tried >= MAIL_PATIENCE {
                return Verdict::GiveUp(format!("given up after {} days: {detail}", MAIL_PATIENCE / 86_400));
            }
            Verdict::Again(Retry::Refused { at: now.plus_seconds(backoff::seconds_after(attempt)) })
        }
        MailFault::Unanswered => {
            let times = history.unanswered.saturating_add(1);
            match backoff::seconds_after_unanswered(times) {
                Some(wait) => Verdict::Again(Retry::Unanswered { at: now.plus_seconds(wait) }),
                None => Verdict::GiveUp(format!(
                    "handed over {times} times without an answer, it may have arrived: {detail}"
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use estampe_domain::mail::ServerFault;

    use super::*;

    fn now() -> Ts {
        Ts::from_micros(1_795_507_920_000_000)
    }

    fn judged(fault: MailFault, attempt: u32, days: i64, unanswered: u32) -> Verdict {
        let failure = MailFailure { fault, detail: "why".into() };
        let tried_since = (days > 0).then(|| now().plus_seconds(-days * 86_400));
        judge(&failure, attempt, MailHistory { tried_since, unanswered }, now())
    }

    #[test]
    fn a_server_that_is_away_is_never_the_mails_fault() {
        for fault in [ServerFault::Connection, ServerFault::Silent, ServerFault::SignIn] {
            assert_eq!(judged(MailFault::Server(fault), 9, 3, 2), Verdict::Again(Retry::Uncounted));
        }
    }

    #[test]
    fn a_mail_is_tried_for_five_days_however_often() {
        let again = Verdict::Again(Retry::Refused { at: now().plus_seconds(4 * 3600) });
        assert_eq!(judged(MailFault::Later, 28, 4, 0), again);
        assert_eq!(judged(MailFault::Later, 29, 5, 0), Verdict::GiveUp("given up after 5 days: why".into()));
        assert_eq!(judged(MailFault::Refused, 1, 0, 0), Verdict::GiveUp("why".into()));
    }

    #[test]
    fn what_may_have_arrived_is_sent_seven_times_at_most() {
        let sent = (0..20).take_while(|times| matches!(judged(MailFault::Unanswered, 1, 1, *times), Verdict::Again(_)));
        assert_eq!(sent.count() + 1, 7);
    }
}
