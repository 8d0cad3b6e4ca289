//! Mappings to begin with.

use super::{Mapping, Target};

/// The rules for one kind of directory.
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its stable id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    pub(super) rules: &'static [(Target, &'static str)],
}

use Target as T;

impl Preset {
    /// Every one.
    pub const ALL: [&'static Self; 4] = [&Self::STANDARD, &Self::ACTIVE_DIRECTORY, &Self::OPENLDAP, &Self::FREEIPA];

    /// What is mapped as long as nobody says otherwise.
    pub const STANDARD: Self = Self {
        id: "standard",
        name: "Standard",
        description: "the usual names of any directory or file (RFC 4519, RFC 2798, SCIM)",
        rules: &[
            (T::Name, "displayName or cn"),
            (T::GivenName, "givenName or name.givenName"),
            (T::FamilyName, "sn or surname or name.familyName"),
            (T::Pronouns, "pronouns"),
            (T::Title, "title"),
            (T::Organisation, "o or organizationName or organization or company"),
            (T::Department, "department or ou or departmentNumber"),
            (T::Office, "physicalDeliveryOfficeName or office"),
            (T::PhoneWork, "telephoneNumber or phoneNumbers.work"),
            (T::PhoneMobile, "mobile or mobileTelephoneNumber or phoneNumbers.mobile"),
            (T::Emails, "mail or email or emails or rfc822Mailbox"),
            (T::Links, "labeledURI or wWWHomePage or profileUrl"),
            (T::Street, "street or streetAddress"),
            (T::PostalCode, "postalCode"),
            (T::City, "l or localityName or locality"),
            (T::Region, "st or region"),
            (T::Country, "co or friendlyCountryName or c or countryName or country"),
            (T::Language, "preferredLanguage"),
        ],
    };

    /// Active Directory.
    pub const ACTIVE_DIRECTORY: Self = Self {
        id: "active-directory",
        name: "Active Directory",
        description: "users of a Windows domain, by the names of its schema",
        // connectors give `company` as `o` and `streetAddress` as `street`
        rules: &[
            (T::Name, "displayName or cn"),
            (T::GivenName, "givenName"),
            (T::FamilyName, "sn"),
            (T::Title, "title"),
            (T::Organisation, "company or o"),
            (T::Department, "department"),
            (T::Office, "physicalDeliveryOfficeName"),
            (T::PhoneWork, "telephoneNumber"),
            (T::PhoneMobile, "mobile"),
            (T::Emails, "mail"),
            (T::Links, "wWWHomePage"),
            (T::Street, "streetAddress or street"),
            (T::PostalCode, "postalCode"),
            (T::City, "l"),
            (T::Region, "st"),
            (T::Country, "co or c"),
            (T::Language, "preferredLanguage"),
        ],
    };

    /// OpenLDAP with inetOrgPerson.
    pub const OPENLDAP: Self = Self {
        id: "openldap",
        name: "OpenLDAP",
        description: "entries of the class inetOrgPerson",
        rules: &[
            (T::Name, "displayName or cn"),
            (T::GivenName, "givenName"),
            (T::FamilyName, "sn"),
            (T::Title, "title"),
            (T::Organisation, "o"),
            (T::Department, "ou or departmentNumber"),
            (T::Office, "physicalDeliveryOfficeName"),
            (T::PhoneWork, "telephoneNumber"),
            (T::PhoneMobile, "mobile"),
            (T::Emails, "mail"),
            (T::Links, "labeledURI"),
            (T::Street, "street"),
            (T::PostalCode, "postalCode"),
            (T::City, "l"),
            (T::Region, "st"),
            (T::Language, "preferredLanguage"),
        ],
    };

    /// FreeIPA and Red Hat Identity Management.
    pub const FREEIPA: Self = Self {
        id: "freeipa",
        name: "FreeIPA",
        description: "users of FreeIPA or Red Hat Identity Management",
        rules: &[
            (T::Name, "displayName or cn"),
            (T::GivenName, "givenName"),
            (T::FamilyName, "sn"),
            (T::Title, "title"),
            (T::Department, "ou or departmentNumber"),
            (T::PhoneWork, "telephoneNumber"),
            (T::PhoneMobile, "mobile"),
            (T::Emails, "mail"),
            (T::Links, "labeledURI"),
            (T::Street, "street"),
            (T::PostalCode, "postalCode"),
            (T::City, "l"),
            (T::Region, "st"),
            (T::Language, "preferredLanguage"),
        ],
    };

    /// The one of this id.
    pub fn of(id: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|preset| preset.id == id)
    }

    /// The one whose rules a mapping has.
    pub fn like(mapping: &Mapping) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|preset| preset.mapping().rules == mapping.rules)
    }

    /// Its rules, without a country.
    pub fn mapping(&self) -> Mapping {
        // each of them parses: a test reads them all
        let parsed = self.rules.iter().filter_map(|(target, text)| Some((*target, text.parse().ok()?)));
        Mapping { rules: parsed.collect(), country: None }
    }

    /// Every id, for an error.
    pub(super) fn ids() -> String {
        Self::ALL.map(|preset| preset.id).join(", ")
    }
}
