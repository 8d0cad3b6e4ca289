//! A letter, written once and sent as text and as HTML.

use std::fmt::Write as _;

use askama::Template;
use estampe_domain::Locale;
use estampe_domain::mail::{AccountMail, LeadMail};
use estampe_domain::purpose::LegalBasis;
use estampe_domain::text::Email;
use estampe_service::{AccountMailData, LeadMailData, Settings};
use estampe_texts::{date, key, say, t};

/// What a letter says.
#[derive(Debug)]
pub struct Letter {
    /// Subject.
    pub subject: String,
    /// First line.
    pub greeting: String,
    /// What happened.
    pub intro: String,
    /// Label and value.
    pub rows: Vec<(String, String)>,
    /// What follows.
    pub paragraphs: Vec<String>,
    /// Words and address.
    pub link: (String, String),
    /// Last line.
    pub footer: String,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    lang: &'a str,
    letter: &'a Letter,
}

impl Letter {
    /// Writes a mail of a lead.
    pub fn of_lead(kind: LeadMail, data: &LeadMailData, settings: &Settings, card_url: String) -> Self {
        let (visitor, holder) = (data.details.name.as_str(), data.holder.display_name.as_str());
        let organisation = settings.organisation.as_str();
        let locale = match kind {
            LeadMail::Acknowledgement => data.visitor_locale,
            LeadMail::Notice => data.holder_locale,
        };
        let contact = settings.rights_contact.as_ref().map(Email::as_str);
        let day = date(locale, data.received_at, &estampe_texts::TimeZone::UTC);
        let words = |key: &'static str| {
            say(locale, key)
                .with("visitor", visitor.to_owned())
                .with("holder", holder.to_owned())
                .with("organisation", organisation.to_owned())
                .with("day", day.clone())
                .with("contact", contact.unwrap_or_default().to_owned())
                .to_string()
        };
        let mut paragraphs = Vec::new();
        match kind {
            LeadMail::Acknowledgement => {
                paragraphs.extend(data.consents.iter().map(|c| consent(locale, c)));
                // the holder of a card cannot erase anything: who can is named, where the house says so
                let (rights, not_you) = match contact {
                    Some(_) => (key("mail-ack-rights-contact"), key("mail-ack-not-you-contact")),
                    None => (key("mail-ack-rights"), key("mail-ack-not-you")),
                };
                paragraphs.extend([words(rights), words(not_you)]);
            }
            LeadMail::Notice => {
                let asked = data.consents.iter().filter(|c| !is_told(c));
                paragraphs.extend(asked.map(|c| consent(locale, c)));
                paragraphs.push(words("mail-notice-reply"));
            }
        }
        let (subject, greeting, intro, link) = match kind {
            LeadMail::Acknowledgement => ("mail-ack-subject", "mail-ack-greeting", "mail-ack-intro", "mail-card-link"),
            LeadMail::Notice => {
                ("mail-notice-subject", "mail-notice-greeting", "mail-notice-intro", "mail-own-card-link")
            }
        };
        Self {
            subject: words(subject),
            greeting: words(greeting),
            intro: words(intro),
            rows: rows(locale, data),
            paragraphs,
            link: (words(link), card_url),
            footer: words("mail-footer"),
        }
    }

    /// Writes to the holder of an account. A code stands in the letter and, for whoever opens
    /// the link, in the part of the address that no server is told (RFC 3986, 3.5).
    pub fn of_account(kind: AccountMail, data: &AccountMailData, settings: &Settings) -> Self {
        let words = |key: &'static str| {
            say(data.locale, key)
                .with("name", data.account.name.to_string())
                .with("organisation", settings.organisation.clone())
                .to_string()
        };
        let (subject, intro, paragraphs, link, path): (_, _, &[&'static str], _, _) = match kind {
            AccountMail::Invitation => (
                key("mail-invitation-subject"),
                key("mail-invitation-intro"),
                &[key("mail-invitation-once")],
                key("mail-welcome-link"),
                "/welcome",
            ),
            AccountMail::Reset => (
                key("mail-reset-subject"),
                key("mail-reset-intro"),
                &[key("mail-reset-once"), key("mail-reset-not-you")],
                key("mail-welcome-link"),
                "/welcome",
            ),
            AccountMail::PasswordChanged => (
                key("mail-password-subject"),
                key("mail-password-intro"),
                &[key("mail-account-not-you")],
                key("mail-account-link"),
                "/account",
            ),
            AccountMail::FactorsChanged => (
                key("mail-factors-subject"),
                key("mail-factors-intro"),
                &[key("mail-account-not-you")],
                key("mail-account-link"),
                "/account",
            ),
            AccountMail::NewBrowser => (
                key("mail-browser-subject"),
                key("mail-browser-intro"),
                &[key("mail-account-not-you")],
                key("mail-account-link"),
                "/account",
            ),
        };
        let code = data.code.as_ref().map(|code| code.reveal().to_owned());
        let fragment = code.as_ref().map(|code| format!("#{code}")).unwrap_or_default();
        Self {
            subject: words(subject),
            greeting: words("mail-account-greeting"),
            intro: words(intro),
            rows: code.into_iter().map(|code| (t(data.locale, "mail-account-code"), code)).collect(),
            paragraphs: paragraphs.iter().map(|key| words(key)).collect(),
            link: (words(link), format!("{}{path}{fragment}", settings.internal_origin)),
            footer: words("mail-footer"),
        }
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut out = format!("{}\n\n{}\n\n", self.greeting, self.intro);
        for (label, value) in &self.rows {
            // writing to a String cannot fail
            let _ = writeln!(out, "{label}: {}", value.replace('\n', "\n  "));
        }
        for paragraph in &self.paragraphs {
            let _ = write!(out, "\n{paragraph}\n");
        }
        let _ = write!(out, "\n{}: {}\n\n-- \n{}\n", self.link.0, self.link.1, self.footer);
        out
    }

    /// As HTML, every value escaped.
    pub fn html(&self, locale: Locale) -> Result<String, askama::Error> {
        Html { lang: locale.tag(), letter: self }.render()
    }
}

fn rows(locale: Locale, data: &LeadMailData) -> Vec<(String, String)> {
    let details = &data.details;
    [
        ("mail-name", Some(details.name.to_string())),
        ("mail-email", Some(details.email.to_string())),
        ("mail-phone", details.phone.as_ref().map(ToString::to_string)),
        ("mail-company", details.company.as_ref().map(ToString::to_string)),
        ("mail-message", details.message.as_ref().map(ToString::to_string)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((t(locale, key), value?)))
    .collect()
}

/// A legitimate interest is told, not agreed to; its record is always "granted".
fn is_told(record: &estampe_domain::lead::ConsentRecord) -> bool {
    record.basis == LegalBasis::LegitimateInterest
}

fn consent(locale: Locale, record: &estampe_domain::lead::ConsentRecord) -> String {
    let key = match (is_told(record), record.granted) {
        (true, _) => "mail-told",
        (false, true) => "mail-agreed",
        (false, false) => "mail-not-agreed",
    };
    say(locale, key).with("wording", record.wording.clone()).to_string()
}
