//! The value of one field of a profile, of whatever kind it is.

use serde::{Deserialize, Serialize};

use crate::ids::BlobId;
use crate::locale::Locale;
use crate::person::{LabelledLink, LabelledPhone, PostalAddress, Profile, ProfileField};
use crate::text::{Email, Line};

/// A name in its three forms; they go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullName {
    /// The whole name as it is shown.
    pub display: Line,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Line>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Line>,
}

/// The value of one field. Each variant is the field of its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is the profile's field of that name")]
pub enum FieldValue {
    Name(FullName),
    Pronouns(Option<Line>),
    Title(Option<Line>),
    Organisation(Option<Line>),
    Department(Option<Line>),
    Office(Option<Line>),
    Phones(Vec<LabelledPhone>),
    Emails(Vec<Email>),
    Links(Vec<LabelledLink>),
    Address(Option<PostalAddress>),
    Language(Option<Locale>),
    Photo(Option<BlobId>),
}

impl FieldValue {
    /// Whose value it is.
    pub const fn field(&self) -> ProfileField {
        match self {
            Self::Name(_) => ProfileField::Name,
            Self::Pronouns(_) => ProfileField::Pronouns,
            Self::Title(_) => ProfileField::Title,
            Self::Organisation(_) => ProfileField::Organisation,
            Self::Department(_) => ProfileField::Department,
            Self::Office(_) => ProfileField::Office,
            Self::Phones(_) => ProfileField::Phones,
            Self::Emails(_) => ProfileField::Emails,
            Self::Links(_) => ProfileField::Links,
            Self::Address(_) => ProfileField::Address,
            Self::Language(_) => ProfileField::Language,
            Self::Photo(_) => ProfileField::Photo,
        }
    }

    /// Whether it says nothing.
    pub const fn is_empty(&self) -> bool {
        match self {
            Self::Name(_) => false,
            Self::Pronouns(line)
            | Self::Title(line)
            | Self::Organisation(line)
            | Self::Department(line)
            | Self::Office(line) => line.is_none(),
            Self::Phones(phones) => phones.is_empty(),
            Self::Emails(emails) => emails.is_empty(),
            Self::Links(links) => links.is_empty(),
            Self::Address(address) => address.is_none(),
            Self::Language(locale) => locale.is_none(),
            Self::Photo(photo) => photo.is_none(),
        }
    }

    /// As a person reads it.
    pub fn readable(&self) -> String {
        fn joined<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
            values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
        }
        match self {
            Self::Name(name) => name.display.to_string(),
            Self::Pronouns(line)
            | Self::Title(line)
            | Self::Organisation(line)
            | Self::Department(line)
            | Self::Office(line) => line.as_ref().map(ToString::to_string).unwrap_or_default(),
            Self::Phones(phones) => joined(phones.iter().map(|phone| &phone.number)),
            Self::Emails(emails) => joined(emails),
            Self::Links(links) => joined(links.iter().map(|link| link.url.as_str())),
            Self::Address(address) => address.as_ref().map(PostalAddress::one_line).unwrap_or_default(),
            Self::Language(locale) => locale.map(Locale::tag).unwrap_or_default().to_owned(),
            Self::Photo(photo) => {
                photo.as_ref().map(|blob| blob.as_str().chars().take(8).collect()).unwrap_or_default()
            }
        }
    }
}

impl Profile {
    /// The value of a field.
    pub fn value(&self, field: ProfileField) -> FieldValue {
        match field {
            ProfileField::Name => FieldValue::Name(FullName {
                display: self.display_name.clone(),
                given: self.given_name.clone(),
                family: self.family_name.clone(),
            }),
            ProfileField::Pronouns => FieldValue::Pronouns(self.pronouns.clone()),
            ProfileField::Title => FieldValue::Title(self.title.clone()),
            ProfileField::Organisation => FieldValue::Organisation(self.organisation.clone()),
            ProfileField::Department => FieldValue::Department(self.department.clone()),
            ProfileField::Office => FieldValue::Office(self.office.clone()),
            ProfileField::Phones => FieldValue::Phones(self.phones.clone()),
            ProfileField::Emails => FieldValue::Emails(self.emails.clone()),
            ProfileField::Links => FieldValue::Links(self.links.clone()),
            ProfileField::Address => FieldValue::Address(self.address.clone()),
            ProfileField::Language => FieldValue::Language(self.locale),
            ProfileField::Photo => FieldValue::Photo(self.photo.clone()),
        }
    }

    /// Puts a value in its field's place.
    pub fn put(&mut self, value: FieldValue) {
        match value {
            FieldValue::Name(FullName { display, given, family }) => {
                (self.display_name, self.given_name, self.family_name) = (display, given, family);
            }
            FieldValue::Pronouns(line) => self.pronouns = line,
            FieldValue::Title(line) => self.title = line,
            FieldValue::Organisation(line) => self.organisation = line,
            FieldValue::Department(line) => self.department = line,
            FieldValue::Office(line) => self.office = line,
            FieldValue::Phones(phones) => self.phones = phones,
            FieldValue::Emails(emails) => self.emails = emails,
            FieldValue::Links(links) => self.links = links,
            FieldValue::Address(address) => self.address = address,
            FieldValue::Language(locale) => self.locale = locale,
            FieldValue::Photo(photo) => self.photo = photo,
        }
    }

    /// Empties a field. A name stays: there is nobody without one.
    pub fn clear(&mut self, field: ProfileField) {
        match field {
            ProfileField::Name => {}
            ProfileField::Pronouns => self.pronouns = None,
            ProfileField::Title => self.title = None,
            ProfileField::Organisation => self.organisation = None,
            ProfileField::Department => self.department = None,
            ProfileField::Office => self.office = None,
            ProfileField::Phones => self.phones.clear(),
            ProfileField::Emails => self.emails.clear(),
            ProfileField::Links => self.links.clear(),
            ProfileField::Address => self.address = None,
            ProfileField::Language => self.locale = None,
            ProfileField::Photo => self.photo = None,
        }
    }
}
