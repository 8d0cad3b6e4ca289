//! A person's profile. How a directory's attributes become one is in
//! [`mapping`](crate::mapping).

use serde::{Deserialize, Serialize};

use crate::ids::{BlobId, CardId, PersonId, PublicId};
use crate::locale::Locale;
use crate::permission::Permission;
use crate::text::{Email, Line, Link, Phone, folded};
use crate::time::Ts;

/// What is known of a person of the organisation. All of it may be shown on a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The whole name as it is shown.
    pub display_name: Line,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<Line>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<Line>,
    /// Pronouns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pronouns: Option<Line>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Line>,
    /// Organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Line>,
    /// Department within it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Line>,
    /// Office or branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<Line>,
    /// Telephone numbers, the one to call first at the front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<LabelledPhone>,
    /// E-mail addresses, the main one at the front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
    /// Links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LabelledLink>,
    /// Postal address of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// The language in which this person reads mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The photo, a JPEG blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<BlobId>,
}

/// What a number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhoneKind {
    /// The desk.
    Work,
    /// The pocket.
    Mobile,
}

/// A number and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledPhone {
    /// What it is for.
    pub kind: PhoneKind,
    /// The number as written.
    pub number: Phone,
}

/// A link and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelledLink {
    /// The words; the host stands in when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Line>,
    /// Where it leads.
    pub url: Link,
}

/// A postal address (RFC 2798 / RFC 4519 attributes).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PostalAddress {
    /// `street`
    pub street: Option<Line>,
    /// `postalCode`
    pub postal_code: Option<Line>,
    /// `l`
    pub city: Option<Line>,
    /// `st`
    pub region: Option<Line>,
    /// `co` or `c`
    pub country: Option<Line>,
}

/// Why an entry is no person for Estampe. The codes are texts' keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAPerson {
    /// Neither a name nor an e-mail address: a service account, a printer.
    NoNameNoMail,
    /// The same, and the host left out these fields, which nobody granted: they may give one.
    NotGranted(Vec<String>),
    /// The name cannot be shown (too long, control characters).
    BadName,
    /// The identity that the source gave is empty or longer than 255 octets.
    BadIdentity,
    /// The same identity came earlier in this run.
    Twice,
}

impl NotAPerson {
    /// Its stable code, also the key of its words.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoNameNoMail => "no-name-no-mail",
            Self::NotGranted(_) => "name-not-granted",
            Self::BadName => "bad-name",
            Self::BadIdentity => "bad-identity",
            Self::Twice => "twice",
        }
    }

    /// The items whose grant would mend it.
    pub fn missing_grants(&self) -> Vec<String> {
        match self {
            Self::NotGranted(fields) => {
                fields.iter().map(|field| Permission::FieldRead(field.clone()).to_string()).collect()
            }
            Self::NoNameNoMail | Self::BadName | Self::BadIdentity | Self::Twice => Vec::new(),
        }
    }
}

/// A field of the profile, for differences shown to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the profile's field of that name")]
pub enum ProfileField {
    Name,
    Pronouns,
    Title,
    Organisation,
    Department,
    Office,
    Phones,
    Emails,
    Links,
    Address,
    Language,
    Photo,
}

impl ProfileField {
    /// Every field, as they stand on a page.
    pub const ALL: [Self; 12] = [
        Self::Name,
        Self::Pronouns,
        Self::Title,
        Self::Organisation,
        Self::Department,
        Self::Office,
        Self::Phones,
        Self::Emails,
        Self::Links,
        Self::Address,
        Self::Language,
        Self::Photo,
    ];

    /// Reads what [`key`](Self::key) wrote.
    pub fn from_key(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.key() == text)
    }

    /// Its stable name, also the key of its words.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Pronouns => "pronouns",
            Self::Title => "title",
            Self::Organisation => "organisation",
            Self::Department => "department",
            Self::Office => "office",
            Self::Phones => "phones",
            Self::Emails => "emails",
            Self::Links => "links",
            Self::Address => "address",
            Self::Language => "language",
            Self::Photo => "photo",
        }
    }
}

/// One field that differs: what was shown, what will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Which.
    pub field: ProfileField,
    /// Before, for reading; empty when there was nothing.
    pub old: String,
    /// After.
    pub new: String,
}

impl Profile {
    /// The given name where there is one, for "Send to Zoé".
    pub fn short_name(&self) -> &Line {
        self.given_name.as_ref().unwrap_or(&self.display_name)
    }

    /// What lists are sorted by: family name first, folded.
    pub fn sort_key(&self) -> String {
        folded(&match (&self.family_name, &self.given_name) {
            (Some(family), Some(given)) => format!("{family} {given}"),
            _ => self.display_name.to_string(),
        })
    }

    /// What a search looks through, folded like [`sort_key`](Self::sort_key).
    pub fn search_text(&self) -> String {
        let words = [&self.title, &self.department, &self.office].into_iter().flatten();
        let mut text = self.display_name.to_string();
        for word in words.map(Line::as_str).chain(self.emails.iter().map(Email::as_str)) {
            text.push('\n');
            text.push_str(word);
        }
        folded(&text)
    }

    /// One field as a person reads it.
    pub fn readable(&self, field: ProfileField) -> String {
        self.value(field).readable()
    }

    /// The fields in which `new` reads differently.
    pub fn changes_to(&self, new: &Self) -> Vec<FieldChange> {
        ProfileField::ALL
            .into_iter()
            .filter_map(|field| {
                let (before, after) = (self.readable(field), new.readable(field));
                (before != after).then_some(FieldChange { field, old: before, new: after })
            })
            .collect()
    }
}

impl PostalAddress {
    /// First line on a card: the street, or the whole when there is none.
    pub fn first_line(&self) -> String {
        self.street.as_ref().map_or_else(|| self.locality(), ToString::to_string)
    }

    /// "31520 Ramonville-Saint-Agne, France"
    pub fn locality(&self) -> String {
        let city =
            [&self.postal_code, &self.city].into_iter().flatten().map(Line::as_str).collect::<Vec<_>>().join(" ");
        [Some(city), self.region.as_ref().map(ToString::to_string), self.country.as_ref().map(ToString::to_string)]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The whole on one line.
    pub fn one_line(&self) -> String {
        match &self.street {
            Some(street) => format!("{street}, {}", self.locality()),
            None => self.locality(),
        }
    }
}

/// A person as the console lists them.
#[derive(Clone, Debug)]
pub struct PersonSummary {
    /// Its id.
    pub id: PersonId,
    /// The profile.
    pub profile: Profile,
    /// Whether they are with us: nobody else's card is shown.
    pub active: bool,
    /// Whether their card may be shown: nobody took it down.
    pub card_active: bool,
    /// The main card.
    pub card: CardId,
    /// Its public id.
    pub public_id: PublicId,
    /// When anything of it last changed.
    pub changed_at: Ts,
}
