//! A letter, written once and sent as text and as HTML.

use std::fmt::Write as _;

use askama::Template;
use estampe_domain::Locale;
use estampe_domain::mail::{AccountMail, LeadMail};
use estampe_domain::purpose::LegalBasis;
use estampe_domain::text::Email;
use estampe_service::{AccountMailData, BrowserMailData, LeadMailData, Settings};
use estampe_texts::{TimeZone, date, date_time, key, say, t, zone_name};

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
    pub fn of_lead(
        kind: LeadMail,
        data: &LeadMailData,
        settings: &Settings,
        card_url: String,
        zone: &TimeZone,
    ) -> Self {
        let (visitor, holder) = (data.details.name.as_str(), data.holder.display_name.as_str());
        let organisation = settings.organisation.as_str();
        let locale = match kind {
            LeadMail::Acknowledgement => data.visitor_locale,
            LeadMail::Notice => data.holder_locale,
        };
        let contact = settings.rights_contact.as_ref().map(Email::as_str);
        let day = date(locale, data.received_at, zone);
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
                let (rights, withdraw, not_you) = match contact {
                    Some(_) => (
                        key("mail-ack-rights-contact"),
                        key("mail-ack-withdraw-contact"),
                        key("mail-ack-not-you-contact"),
                    ),
                    None => (key("mail-ack-rights"), key("mail-ack-withdraw"), key("mail-ack-not-you")),
                };
                paragraphs.push(words(rights));
                // as the form said it beside its box
                if data.consents.iter().any(|c| !is_told(c) && c.granted) {
                    paragraphs.push(words(withdraw));
                }
                paragraphs.push(words(not_you));
            }
            LeadMail::Notice => {
                let asked = data.consents.iter().filter(|c| !is_told(c));
                paragraphs.extend(asked.map(|c| consent(locale, c)));
                paragraphs.push(words("mail-notice-reply"));
            }
        }
        let (subject, greeting, intro) = match kind {
            LeadMail::Acknowledgement => ("mail-ack-subject", "mail-ack-greeting", "mail-ack-intro"),
            LeadMail::Notice => ("mail-notice-subject", "mail-notice-greeting", "mail-notice-intro"),
        };
        let (link, address) = match kind {
            LeadMail::Acknowledgement => (key("mail-card-link"), card_url),
            // nobody is sent to a door that does not open for them
            LeadMail::Notice if data.holder_signs_in => {
                (key("mail-lead-link"), format!("{}/leads/{}", settings.internal_origin, data.lead))
            }
            LeadMail::Notice => (key("mail-own-card-link"), card_url),
        };
        Self {
            subject: words(subject),
            greeting: words(greeting),
            intro: words(intro),
            rows: rows(locale, data),
            paragraphs,
            link: (words(link), address),
            footer: words("mail-footer"),
        }
    }

    /// Writes to the holder of an account. A code stands in the letter and, for whoever opens
    /// the link, in the part of the address that no server is told (RFC 3986, 3.5).
    pub fn of_account(kind: AccountMail, data: &AccountMailData, settings: &Settings, zone: &TimeZone) -> Self {
        let contact = settings.rights_contact.as_ref().map(Email::as_str);
        let host = settings.internal_origin.trim_start_matches("https://");
        let words = |key: &'static str| {
            say(data.locale, key)
                .with("name", data.account.name.to_string())
                .with("organisation", settings.organisation.clone())
                .with("host", host.to_owned())
                .with("contact", contact.unwrap_or_default().to_owned())
                .with("when", format!("{} ({})", date_time(data.locale, data.ends, zone), zone_name(zone, data.ends)))
                .to_string()
        };
        let (subject, intro, paragraphs, link, path): (_, _, &[&'static str], _, _) = match kind {
            // who writes, what for, what the link does and until when, and whom to ask: else it reads like a fraud
            AccountMail::Invitation => (
                key("mail-invitation-subject"),
                // whoever has no card of their own keeps those of others
                if data.account.person.is_some() {
                    key("mail-invitation-intro")
                } else {
                    key("mail-invitation-intro-console")
                },
                match contact {
                    Some(_) => &[
                        key("mail-invitation-once"),
                        key("mail-invitation-link"),
                        key("mail-invitation-never"),
                        key("mail-invitation-doubt-contact"),
                    ],
                    None => &[
                        key("mail-invitation-once"),
                        key("mail-invitation-link"),
                        key("mail-invitation-never"),
                        key("mail-invitation-doubt"),
                    ],
                },
                key("mail-invitation-open"),
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

    /// Writes to the holder of an account that somebody signed in from a browser that was not known.
    pub fn of_browser(data: &BrowserMailData, settings: &Settings, zone: &TimeZone) -> Self {
        let words = |key: &'static str| {
            say(data.locale, key)
                .with("name", data.account.name.to_string())
                .with("organisation", settings.organisation.clone())
                .to_string()
        };
        let when = format!("{} ({})", date_time(data.locale, data.at, zone), zone_name(zone, data.at));
        let mut rows = vec![(words("mail-browser-when"), when)];
        let mut paragraphs = Vec::new();
        if let Some(session) = &data.session {
            let agent = session.agent.as_str();
            let agent = if agent.is_empty() { words("mail-browser-unknown") } else { agent.to_owned() };
            rows.push((words("mail-browser-agent"), agent));
            let address = Some(session.address.clone()).filter(|address| !address.is_empty());
            rows.extend(address.map(|address| (words("mail-browser-address"), address)));
        } else {
            paragraphs.push(words("mail-browser-ended"));
        }
        paragraphs.extend([words("mail-browser-you"), words("mail-account-not-you")]);
        Self {
            subject: words("mail-browser-subject"),
            greeting: words("mail-account-greeting"),
            intro: words("mail-browser-intro"),
            rows,
            paragraphs,
            link: (words("mail-account-link"), format!("{}/account", settings.internal_origin)),
            footer: words("mail-footer"),
        }
    }

    /// As plain text.
    pub fn text(&self, locale: Locale) -> String {
        // each language has its own way before a colon
        let line = |label: &str, value: &str| {
            say(locale, "mail-line").with("label", label.to_owned()).with("value", value.to_owned()).to_string()
        };
        let mut out = format!("{}\n\n{}\n\n", self.greeting, self.intro);
        for (label, value) in &self.rows {
            // writing to a String cannot fail
            let _ = writeln!(out, "{}", line(label, &value.replace('\n', "\n  ")));
        }
        for paragraph in &self.paragraphs {
            let _ = write!(out, "\n{paragraph}\n");
        }
        let _ = write!(out, "\n{}\n\n-- \n{}\n", line(&self.link.0, &self.link.1), self.footer);
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

#[cfg(test)]
mod tests {
    use estampe_domain::account::Account;
    use estampe_domain::session::{Agent, How, SessionFacts};
    use estampe_domain::{SecretToken, Ts};
    use estampe_service::SignInSettings;

    use super::*;

    const ID: &str = "0193a3c0-0000-7000-8000-000000000000";

    fn settings() -> Settings {
        Settings {
            organisation: "Banque Garonne".into(),
            public_origin: "https://cartes.example".into(),
            internal_origin: "https://console.example".into(),
            version: "0.1.0",
            hold_threshold_percent: 10,
            mail_configured: true,
            allow_unsigned_plugins: false,
            default_locale: Locale::Fr,
            rights_contact: None,
            security: None,
            sign_in: SignInSettings {
                idle_seconds: 1,
                absolute_seconds: 1,
                factor_roles: std::iter::empty().collect(),
                second_administrator: false,
            },
            key_rotation_days: None,
        }
    }

    fn account() -> Account {
        Account {
            id: ID.parse().unwrap(),
            name: "Karim Benali".parse().unwrap(),
            email: "karim@banque.example".parse().unwrap(),
            person: None,
            roles: std::iter::empty().collect(),
            active: true,
        }
    }

    /// 24 November 2026, 08:12 in Toulouse.
    fn browser(locale: Locale, session: bool) -> Letter {
        let at = Ts::from_micros(1_795_504_320_000_000);
        let session = session.then(|| SessionFacts {
            id: ID.parse().unwrap(),
            how: How::Password,
            agent: Agent::from_stored("Firefox · Linux".into()),
            address: "10.20.3.117".into(),
            begun: at,
            seen: at,
            with_factor: false,
        });
        let data = BrowserMailData { account: account(), locale, at, session };
        Letter::of_browser(&data, &settings(), &TimeZone::get("Europe/Paris").unwrap())
    }

    #[test]
    fn a_new_browser_is_told_with_when_which_and_where_from() {
        let text = browser(Locale::En, true).text(Locale::En);
        for said in [
            "When: 24 November 2026, 08:12 (Europe/Paris)\n",
            "Browser: Firefox · Linux\n",
            "Network address: 10.20.3.117\n",
            "If that was not you, end all sessions there, change your password",
            "Your account: https://console.example/account",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let text = browser(Locale::Fr, true).text(Locale::Fr);
        let when = "Quand\u{202f}: 24 novembre 2026, 8\u{202f}h\u{202f}12 (Europe/Paris)\n";
        assert!(text.contains(when) && text.contains("Si ce n’était pas vous"), "{text}");
        // it ended before the mail was written
        let text = browser(Locale::Fr, false).text(Locale::Fr);
        assert!(text.contains(when) && text.contains("terminée depuis") && !text.contains("Navigateur"), "{text}");
    }

    fn of(kind: AccountMail, locale: Locale, account: Account, settings: &Settings) -> Letter {
        let (code, ends) = (Some(SecretToken::presented("code")), Ts::from_micros(1_795_504_320_000_000));
        let zone = TimeZone::get("Europe/Paris").unwrap();
        Letter::of_account(kind, &AccountMailData { account, locale, code, ends }, settings, &zone)
    }

    #[test]
    fn an_invitation_says_who_asks_for_what_until_when_and_whom_to_ask() {
        let theirs = Account { person: Some(ID.parse().unwrap()), ..account() };
        let asked = Settings { rights_contact: Some("dpo@banque.example".parse().unwrap()), ..settings() };
        let text = of(AccountMail::Invitation, Locale::En, theirs, &asked).text(Locale::En);
        for said in [
            "Banque Garonne invites you",
            "your own business card",
            "until 24 November 2026, 08:12 (Europe/Paris)",
            "console.example",
            "by mail or telephone",
            "ask dpo@banque.example",
            "https://console.example/welcome#code",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        // whoever has no card, where nobody is named to be asked
        let text = of(AccountMail::Invitation, Locale::Fr, account(), &settings()).text(Locale::Fr);
        let until = "jusqu’au 24 novembre 2026, 8\u{202f}h\u{202f}12 (Europe/Paris)";
        assert!(text.contains("les cartes de visite") && text.contains(until), "{text}");
        assert!(text.contains("service informatique") && !text.contains("votre carte"), "{text}");
    }

    #[test]
    fn french_letters_keep_their_spaces() {
        for locale in Locale::ALL {
            let mut letters: Vec<_> =
                AccountMail::ALL.into_iter().map(|kind| of(kind, locale, account(), &settings())).collect();
            let theirs = Account { person: Some(ID.parse().unwrap()), ..account() };
            let asked = Settings { rights_contact: Some("dpo@banque.example".parse().unwrap()), ..settings() };
            letters.push(of(AccountMail::Invitation, locale, theirs, &asked));
            letters.extend([browser(locale, true), browser(locale, false)]);
            for letter in letters {
                let text = format!("{}\n{}", letter.subject, letter.text(locale));
                let marks = text.match_indices([':', ';', '?', '»']).filter(|(at, mark)| {
                    // in an address or a time it ends no word
                    text[at + mark.len()..].starts_with(char::is_whitespace)
                });
                let mut count = 0;
                for (at, mark) in marks {
                    count += 1;
                    let thin = text[..at].ends_with('\u{202f}');
                    assert_eq!(thin, locale == Locale::Fr, "before {mark}: {text}");
                }
                assert!(count > 0, "{text}");
            }
        }
    }
}
