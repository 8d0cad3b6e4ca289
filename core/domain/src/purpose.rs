//! Why data is processed: legal basis, retention, and the words people agreed to.

use serde::{Deserialize, Serialize};

use crate::ids::PurposeId;

/// The ground of GDPR article 6 (1) on which a purpose rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegalBasis {
    /// Article 6 (1)(a): the person agreed; asked by a box that is not ticked beforehand.
    Consent,
    /// Article 6 (1)(f): a legitimate interest.
    LegitimateInterest,
}

impl LegalBasis {
    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::LegitimateInterest => "legitimate-interest",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Consent, Self::LegitimateInterest].into_iter().find(|b| b.as_str() == text)
    }
}

/// One purpose with its current text in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// Its id.
    pub id: PurposeId,
    /// Its stable key, used as the name of its box in forms: `reply`, `invitations`.
    pub key: String,
    /// The legal basis.
    pub basis: LegalBasis,
    /// Months that data is kept after the last contact.
    pub retention_months: u32,
    /// The version of the text below; a changed text has a higher one.
    pub text_version: u32,
    /// What the person is told, with `{organisation}` and `{months}` (the retention)
    /// where these stand. The text is whole: basis and retention are in it, for it is
    /// what is kept as proof.
    pub text: String,
}

impl Purpose {
    /// The exact words shown to a person, and kept as proof.
    pub fn wording(&self, organisation: &str) -> String {
        self.text.replace("{months}", &self.retention_months.to_string()).replace("{organisation}", organisation)
    }
}
