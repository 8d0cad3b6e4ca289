//! Mail that leaves the house.

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
