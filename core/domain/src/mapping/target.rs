//! The fields of a profile that a mapping fills in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::locale::Locale;
use crate::person::{PhoneKind, PostalAddress, Profile};
use crate::text::{Email, Line};

/// A field that a rule fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[expect(missing_docs, reason = "each is the profile's field of that name")]
pub enum Target {
    Name,
    GivenName,
    FamilyName,
    Pronouns,
    Title,
    Organisation,
    Department,
    Office,
    PhoneWork,
    PhoneMobile,
    Emails,
    Links,
    Street,
    PostalCode,
    City,
    Region,
    Country,
    Language,
}

impl Target {
    /// Every one, as a person reads a card.
    pub const ALL: [Self; 18] = [
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::Pronouns,
        Self::Title,
        Self::Organisation,
        Self::Department,
        Self::Office,
        Self::PhoneWork,
        Self::PhoneMobile,
        Self::Emails,
        Self::Links,
        Self::Street,
        Self::PostalCode,
        Self::City,
        Self::Region,
        Self::Country,
        Self::Language,
    ];

    /// Its stable name, also the key of its words.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given-name",
            Self::FamilyName => "family-name",
            Self::Pronouns => "pronouns",
            Self::Title => "title",
            Self::Organisation => "organisation",
            Self::Department => "department",
            Self::Office => "office",
            Self::PhoneWork => "phone.work",
            Self::PhoneMobile => "phone.mobile",
            Self::Emails => "emails",
            Self::Links => "links",
            Self::Street => "address.street",
            Self::PostalCode => "address.postal-code",
            Self::City => "address.city",
            Self::Region => "address.region",
            Self::Country => "address.country",
            Self::Language => "language",
        }
    }

    /// Whether it holds several values: then all the attributes that a rule names give theirs,
    /// not the first alone.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::PhoneWork | Self::PhoneMobile | Self::Emails | Self::Links)
    }

    /// What a profile shows there; empty when there is nothing.
    pub fn shown(self, profile: &Profile) -> String {
        let line = |value: &Option<Line>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        let of_address = |part: fn(&PostalAddress) -> &Option<Line>| profile.address.as_ref().map(part).map(line);
        let phones = |kind: PhoneKind| {
            let numbers = profile.phones.iter().filter(|phone| phone.kind == kind).map(|phone| phone.number.as_str());
            numbers.collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Name => profile.display_name.to_string(),
            Self::GivenName => line(&profile.given_name),
            Self::FamilyName => line(&profile.family_name),
            Self::Pronouns => line(&profile.pronouns),
            Self::Title => line(&profile.title),
            Self::Organisation => line(&profile.organisation),
            Self::Department => line(&profile.department),
            Self::Office => line(&profile.office),
            Self::PhoneWork => phones(PhoneKind::Work),
            Self::PhoneMobile => phones(PhoneKind::Mobile),
            Self::Emails => profile.emails.iter().map(Email::as_str).collect::<Vec<_>>().join(", "),
            Self::Links => profile.links.iter().map(|link| link.url.as_str()).collect::<Vec<_>>().join(", "),
            Self::Street => of_address(|address| &address.street).unwrap_or_default(),
            Self::PostalCode => of_address(|address| &address.postal_code).unwrap_or_default(),
            Self::City => of_address(|address| &address.city).unwrap_or_default(),
            Self::Region => of_address(|address| &address.region).unwrap_or_default(),
            Self::Country => of_address(|address| &address.country).unwrap_or_default(),
            Self::Language => profile.locale.map(Locale::tag).unwrap_or_default().to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A name that no target has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no field of this name; there are: {}", Target::ALL.map(Target::key).join(", "))]
pub struct NoTarget;

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Self, NoTarget> {
        Self::ALL.into_iter().find(|target| target.key() == text).ok_or(NoTarget)
    }
}

impl TryFrom<String> for Target {
    type Error = NoTarget;

    fn try_from(text: String) -> Result<Self, NoTarget> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.key().to_owned()
    }
}
