//! Mail that leaves the house.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::ids::{AccountId, DesignId, InvalidId, LeadId, PersonId, SessionId};
use crate::text::{Email, Line};
use crate::time::Ts;

/// A mail, composed just before it is sent and never stored.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// `Message-ID` without brackets; the same at every attempt, so that a second
    /// delivery can be recognised.
    pub message_id: String,
    /// To whom: name and address.
    pub to: (Option<Line>, Email),
    /// Where answers go; the sender's own address when there is none.
    pub reply_to: Option<(Option<Line>, Email)>,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What hinders the mail server: no mail's own fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFault {
    /// Its name has no address.
    Name,
    /// No connection: refused, no route, or closed at once.
    Connection,
    /// It takes connections and does not answer in time.
    Silent,
    /// TLS failed: not offered, or its certificate is not trusted.
    Tls,
    /// It refuses our name and password.
    SignIn,
    /// It answers that it cannot work now, or what cannot be understood.
    Answer,
}

impl ServerFault {
    const ALL: [Self; 6] = [Self::Name, Self::Connection, Self::Silent, Self::Tls, Self::SignIn, Self::Answer];

    /// As the database and JSON have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connection => "connection",
            Self::Silent => "silent",
            Self::Tls => "tls",
            Self::SignIn => "sign-in",
            Self::Answer => "answer",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }
}

/// Whose fault it is that a mail did not go, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFault {
    /// The server cannot be used at all: every mail waits for it.
    Server(ServerFault),
    /// The server refused this mail for now: it is tried again.
    Later,
    /// The server refused this mail for good.
    Refused,
    /// It was handed over and no answer came: perhaps it was accepted.
    Unanswered,
}

/// Why a mail did not go. The text holds classes and codes, no addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct MailFailure {
    /// Whose fault it is.
    pub fault: MailFault,
    /// What happened, such as `550 5.1.1 at RCPT TO`.
    pub detail: String,
}

/// Since when the mail server cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailOutage {
    /// The first failure.
    pub since: Ts,
    /// What hinders it.
    pub fault: ServerFault,
    /// What the last try said; no personal data.
    pub detail: String,
}

/// Which mail of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadMail {
    /// To the visitor: what they left, and their rights.
    Acknowledgement,
    /// To the card's holder: someone left their details.
    Notice,
}

impl LeadMail {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Notice => "notice",
        }
    }
}

/// Which mail to the holder of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountMail {
    /// Somebody made them an account: a code to choose a password by.
    Invitation,
    /// Somebody forgot the password: a code to choose another by.
    Reset,
    /// Another password was chosen.
    PasswordChanged,
    /// A second factor was added or removed.
    FactorsChanged,
}

impl AccountMail {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Invitation, Self::Reset, Self::PasswordChanged, Self::FactorsChanged];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "account-invitation",
            Self::Reset => "account-reset",
            Self::PasswordChanged => "account-password",
            Self::FactorsChanged => "account-factors",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mail| mail.as_str() == text)
    }

    /// Whether it carries a code to choose a password by.
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Invitation | Self::Reset)
    }
}

/// Which signature somebody has sent to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestedSignature {
    /// What somebody gets on a day.
    Person(PersonId, Date),
    /// A design as it looks on a day, with somebody's data.
    Design(DesignId, Date),
}

impl TestedSignature {
    /// The name of the kind of mail.
    pub const KIND: &str = "signature-test";
}

impl fmt::Display for TestedSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person, day) => write!(f, "person {person} {day}"),
            Self::Design(design, day) => write!(f, "design {design} {day}"),
        }
    }
}

impl FromStr for TestedSignature {
    type Err = InvalidId;

    /// Reads what [`fmt::Display`] wrote.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (kind, rest) = text.split_once(' ').ok_or(InvalidId)?;
        let (id, day) = rest.split_once(' ').ok_or(InvalidId)?;
        let day = day.parse().map_err(|_| InvalidId)?;
        match kind {
            "person" => Ok(Self::Person(id.parse()?, day)),
            "design" => Ok(Self::Design(id.parse()?, day)),
            _ => Err(InvalidId),
        }
    }
}

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A lead.
    Lead(LeadMail, LeadId),
    /// An account.
    Account(AccountMail, AccountId),
    /// An account that was signed in to from a browser that was not known, by this session.
    NewBrowser(AccountId, SessionId),
    /// A signature that the holder of an account wants to see in a mail.
    Signature(AccountId, TestedSignature),
}

impl Occasion {
    /// The stable name of the mail about a browser that was not known.
    pub const NEW_BROWSER: &str = "account-browser";

    /// The stable name of its kind.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Lead(mail, _) => mail.as_str(),
            Self::Account(mail, _) => mail.as_str(),
            Self::NewBrowser(..) => Self::NEW_BROWSER,
            Self::Signature(..) => TestedSignature::KIND,
        }
    }

    /// The lead, where it is about one.
    pub const fn lead(self) -> Option<LeadId> {
        match self {
            Self::Lead(_, lead) => Some(lead),
            Self::Account(..) | Self::NewBrowser(..) | Self::Signature(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tested_signature_is_read_back() {
        let id = "0193a3c0-0000-7000-8000-000000000000";
        for text in [format!("person {id} 2026-12-24"), format!("design {id} 2026-12-24")] {
            assert_eq!(text.parse::<TestedSignature>().unwrap().to_string(), text);
        }
        for wrong in ["", "person", "design x 2026-12-24", "person 0193a3c0-0000-7000-8000-000000000000 soon"] {
            assert!(wrong.parse::<TestedSignature>().is_err(), "{wrong}");
        }
    }
}
