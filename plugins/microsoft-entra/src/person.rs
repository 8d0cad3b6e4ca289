//! From a user of the tenant to a person: by which names, whether they are active, whether they
//! are meant.

use std::collections::{BTreeMap, BTreeSet};

use estampe_plugin_sdk::{Host, Person};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What is delivered, by its standard name (RFC 4519, RFC 2798), and the property of Graph's
/// `user` that holds it.
const FIELDS: [(&str, &str); 21] = [
    ("displayName", "displayName"),
    ("givenName", "givenName"),
    ("sn", "surname"),
    ("title", "jobTitle"),
    ("o", "companyName"),
    ("department", "department"),
    ("physicalDeliveryOfficeName", "officeLocation"),
    ("telephoneNumber", "businessPhones"),
    ("mobile", "mobilePhone"),
    ("facsimileTelephoneNumber", "faxNumber"),
    ("mail", "mail"),
    ("street", "streetAddress"),
    ("postalCode", "postalCode"),
    ("l", "city"),
    ("st", "state"),
    ("co", "country"),
    ("preferredLanguage", "preferredLanguage"),
    ("employeeNumber", "employeeId"),
    ("employeeId", "employeeId"),
    ("employeeType", "employeeType"),
    ("userPrincipalName", "userPrincipalName"),
];

/// A user as a delta tells them.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Stays the same for ever.
    pub id: Option<String>,
    /// They are no more, or among the deleted.
    #[serde(rename = "@removed")]
    pub removed: Option<IgnoredAny>,
    #[serde(rename = "accountEnabled")]
    enabled: Option<bool>,
    #[serde(rename = "userType")]
    kind: Option<String>,
    #[serde(flatten)]
    others: BTreeMap<String, Property>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Property {
    Text(String),
    Texts(Vec<String>),
    Other(IgnoredAny),
}

/// What is delivered.
pub fn fields() -> Vec<String> {
    FIELDS.iter().map(|(name, _)| *name).chain(["jpegPhoto"]).map(str::to_owned).collect()
}

/// How users are read.
pub struct Reader {
    wanted: BTreeSet<String>,
    guests: bool,
}

impl Reader {
    /// As the host says: the fields of which something is made, and whether guests count.
    pub fn of(host: &dyn Host) -> Self {
        Self { wanted: host.fields().into_iter().collect(), guests: crate::is_on(host, "guests") }
    }

    fn fields(&self) -> impl Iterator<Item = &(&'static str, &'static str)> {
        FIELDS.iter().filter(|(name, _)| self.wanted.contains(&name.to_ascii_lowercase()))
    }

    /// What Graph is asked for.
    pub fn select(&self) -> String {
        let mut names = vec!["id", "accountEnabled", "userType"];
        for (_, property) in self.fields() {
            if !names.contains(property) {
                names.push(property);
            }
        }
        names.join(",")
    }

    /// Whether they belong to what this source reads. Accounts that came from a directory at
    /// home do not always say what they are: those are members.
    pub fn means(&self, user: &User) -> bool {
        self.guests || !user.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("guest"))
    }

    /// The person; the error says what is wrong.
    pub fn person(&self, id: &str, user: &User) -> Result<Person, String> {
        let mut person = Person::new(id);
        person.active = user.enabled != Some(false);
        person.position = Some(position(id));
        for (name, property) in self.fields() {
            person.push(*name, texts(user, property));
        }
        person.check_limits()?;
        Ok(person)
    }
}

/// What a property of a user holds.
pub fn texts(user: &User, property: &str) -> Vec<String> {
    let texts: Vec<&str> = match user.others.get(property) {
        Some(Property::Text(text)) => vec![text],
        Some(Property::Texts(texts)) => texts.iter().map(String::as_str).collect(),
        Some(Property::Other(_)) | None => Vec::new(),
    };
    let texts = texts.into_iter().map(str::trim).filter(|text| !text.is_empty());
    texts.map(str::to_owned).collect()
}

/// Where somebody's record stands, for people: the Entra admin center finds them by it.
pub fn position(id: &str) -> String {
    format!("user {id}").chars().take(255).collect()
}
