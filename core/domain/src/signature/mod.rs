//! Signatures below e-mails: what a template is given, what it made of it, and the rules that say
//! who gets which.

mod attributes;
mod difference;
mod picture;
pub mod publication;
mod rule;
mod same;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub use self::attributes::{of_organisation, of_person};
pub use self::difference::{Change, Seen, difference};
pub use self::picture::{
    MadePicture, PICTURE_HEIGHT, PICTURE_OCTETS, PICTURE_SOURCE, PICTURE_WIDTH, Picture, PictureFile, PictureKind,
    PictureProblem,
};
pub use self::rule::{Aspect, Decision, Rule, RuleSettings, Subject, Verdict, Who, decide};
pub use self::same::{fingerprint, is_same, is_soon_read};
use crate::ids::DesignId;
use crate::locale::Locale;
use crate::plugin::AttributeValue;
use crate::time::Ts;

/// A template and what it was configured with: a look that rules give to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// Its id.
    pub id: DesignId,
    /// Its name, unique, chosen by whoever made it.
    pub name: String,
    /// Id of the template plugin: `signature-classic`.
    pub plugin: String,
    /// Its configuration. No key of a template is secret.
    pub config: BTreeMap<String, String>,
    /// Made when.
    pub created_at: Ts,
}

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
