//! Mail that leaves the house.

use crate::text::{Email, Line};

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

/// Why a mail did not go. The text holds classes and codes, no addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct MailFailure {
    /// Trying again may help.
    pub temporary: bool,
    /// What happened, such as `550 5.1.1 at RCPT TO`.
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
