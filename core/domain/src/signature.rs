//! Signatures below e-mails: what a template is given, and what it made of it.

use jiff::civil::Date;

use crate::locale::Locale;
use crate::plugin::AttributeValue;

/// What one signature is made from. A template is shown those attributes alone that it asks
/// for and was granted, of the person and of the organisation alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureInput {
    /// Whose it is: standard names (RFC 2798, SCIM).
    pub person: Vec<(String, AttributeValue)>,
    /// Their organisation, in the same names.
    pub organisation: Vec<(String, AttributeValue)>,
    /// In which language.
    pub locale: Locale,
    /// For which day, in the organisation's own time.
    pub day: Date,
}

/// A signature, harmless and of a size that mail clients take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// A fragment of HTML without anything that acts, loads by itself or covers the mail.
    pub html: String,
    /// The same for mails of plain text; lines end in `\n`.
    pub text: String,
}
