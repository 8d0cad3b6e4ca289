//! What of a user becomes a person, by the standard names of RFC 4519, RFC 2798 and their like.
//! Google keeps most of it in lists of several, each with a type: what is of somebody's home is
//! left out.

use std::collections::BTreeSet;

use estampe_plugin_sdk::{Host, MAX_ID, Person};
use serde_json::Value;

/// What is delivered, and the part of a user that holds it.
const FIELDS: [(&str, &str); 24] = [
    ("displayName", "name"),
    ("cn", "name"),
    ("givenName", "name"),
    ("sn", "name"),
    ("title", "organizations"),
    ("o", "organizations"),
    ("department", "organizations"),
    ("departmentNumber", "organizations"),
    ("employeeType", "organizations"),
    ("physicalDeliveryOfficeName", "organizations,locations"),
    ("employeeNumber", "externalIds"),
    ("telephoneNumber", "phones"),
    ("mobile", "phones"),
    ("mail", "primaryEmail"),
    ("aliases", "aliases"),
    ("labeledURI", "websites"),
    ("street", "addresses"),
    ("postalAddress", "addresses"),
    ("postalCode", "addresses"),
    ("l", "addresses"),
    ("st", "addresses"),
    ("co", "addresses"),
    ("preferredLanguage", "languages"),
    ("orgUnitPath", "orgUnitPath"),
];

/// What is asked for of everybody.
const ALWAYS: [&str; 5] = ["id", "suspended", "archived", "isGuestUser", "thumbnailPhotoEtag"];

/// Telephones of somebody's work.
const WORK: &[&str] = &["work", "main"];
/// The one of work first.
const MOBILE: &[&str] = &["work_mobile", "mobile"];
/// Websites that are somebody's in the organisation.
const SITES: &[&str] = &["work", "profile", "blog", "home_page"];

/// What is delivered.
pub fn fields() -> Vec<String> {
    FIELDS.iter().map(|(name, _)| (*name).to_owned()).chain(["jpegPhoto".to_owned()]).collect()
}

/// What becomes of people, and so what is asked for: the fields that the mapping names.
pub struct Wanted(BTreeSet<String>);

impl Wanted {
    /// As the host says.
    pub fn of(host: &dyn Host) -> Self {
        Self(host.fields().into_iter().collect())
    }

    /// Google's `fields`: the parts of a user that are wanted.
    pub fn mask(&self) -> String {
        let parts = FIELDS.iter().filter(|(name, _)| self.has(name)).flat_map(|(_, parts)| parts.split(','));
        let all: BTreeSet<&str> = ALWAYS.into_iter().chain(parts).collect();
        all.into_iter().collect::<Vec<_>>().join(",")
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(&name.to_ascii_lowercase())
    }
}

/// Whose entry it is.
pub fn id(user: &Value) -> Option<&str> {
    user.get("id")?.as_str()
}

/// Whether the host takes it for an id, of a user or a group.
pub fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control)
}

/// Where an entry stands, for people.
pub fn position(id: &str) -> String {
    format!("user {id}")
}

/// Whether it is somebody of another organisation.
pub fn is_guest(user: &Value) -> bool {
    is(user, "isGuestUser")
}

/// The person of a user, with the version of the photo; the error says what is wrong.
pub fn person(user: &Value, wanted: &Wanted) -> Result<Person, String> {
    let id = id(user).ok_or("it has no id")?;
    let mut person = Person::new(id);
    person.position = Some(position(id));
    // who is archived has left, and the mailbox is kept
    person.active = !is(user, "suspended") && !is(user, "archived");
    person.photo_etag = text(user, "thumbnailPhotoEtag");
    for (name, _) in FIELDS.iter().filter(|(name, _)| wanted.has(name)) {
        let mut texts: Vec<String> = Vec::new();
        for value in values(user, name) {
            let value = value.trim();
            if !value.is_empty() && !texts.iter().any(|earlier| earlier == value) {
                texts.push(value.to_owned());
            }
        }
        person.push(*name, texts);
    }
    person.check_limits()?;
    Ok(person)
}

/// All that a user has for a field, the best first.
fn values(user: &Value, name: &str) -> Vec<String> {
    let named = |key: &str| user.get("name").and_then(|named| text(named, key));
    match name {
        "displayName" => named("displayName").or_else(|| named("fullName")).into_iter().collect(),
        "cn" => named("fullName").into_iter().collect(),
        "givenName" => named("givenName").into_iter().collect(),
        "sn" => named("familyName").into_iter().collect(),
        "title" => post(user, "title"),
        "o" => post(user, "name"),
        "department" => post(user, "department"),
        "departmentNumber" => post(user, "costCenter"),
        "employeeType" => post(user, "description"),
        "physicalDeliveryOfficeName" => {
            let desks = list(user, "locations");
            let desk = desks.iter().find_map(|desk| text(desk, "buildingId").or_else(|| text(desk, "area")));
            post(user, "location").into_iter().chain(desk).take(1).collect()
        }
        "employeeNumber" => of_types(user, "externalIds", "value", &["organization"]),
        "telephoneNumber" => of_types(user, "phones", "value", WORK),
        "mobile" => of_types(user, "phones", "value", MOBILE),
        "mail" => text(user, "primaryEmail").into_iter().collect(),
        "aliases" => {
            let all = user.get("aliases").and_then(Value::as_array);
            all.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        "labeledURI" => of_types(user, "websites", "value", SITES),
        "street" => address(user, "streetAddress"),
        "postalAddress" => address(user, "formatted"),
        "postalCode" => address(user, "postalCode"),
        "l" => address(user, "locality"),
        "st" => address(user, "region"),
        "co" => {
            let country = address(user, "countryCode");
            if country.is_empty() { address(user, "country") } else { country }
        }
        "preferredLanguage" => {
            let all = list(user, "languages");
            let is_preferred = |one: &&&Value| text(one, "preference").as_deref() == Some("preferred");
            let found = all.iter().find(is_preferred).or_else(|| all.first());
            found.and_then(|one| text(one, "languageCode")).into_iter().collect()
        }
        "orgUnitPath" => text(user, "orgUnitPath").into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The entries of a list, the primary one first. Google's document gives these parts no type.
fn list<'a>(user: &'a Value, key: &str) -> Vec<&'a Value> {
    let entries = user.get(key).and_then(Value::as_array).into_iter().flatten();
    let mut entries: Vec<_> = entries.filter(|entry| entry.is_object()).collect();
    entries.sort_by_key(|entry| !is(entry, "primary"));
    entries
}

/// One part of the entries of these types, in this order of types.
fn of_types(user: &Value, key: &str, part: &str, types: &[&str]) -> Vec<String> {
    let entries = list(user, key);
    let of_type = |kind: &&str| {
        let fitting = entries.iter().filter(|entry| text(entry, "type").as_deref() == Some(*kind));
        fitting.filter_map(|entry| text(entry, part)).collect::<Vec<_>>()
    };
    types.iter().flat_map(of_type).collect()
}

/// One part of what somebody does in the organisation.
fn post(user: &Value, part: &str) -> Vec<String> {
    let posts = list(user, "organizations");
    let own = posts.iter().filter(|post| text(post, "type").as_deref() != Some("school"));
    own.filter_map(|post| text(post, part)).take(1).collect()
}

/// One part of the address at work: parts of two addresses make none.
fn address(user: &Value, part: &str) -> Vec<String> {
    let all = list(user, "addresses");
    let kind = |address: &Value| text(address, "type");
    let work = all.iter().find(|address| kind(address).as_deref() == Some("work"));
    let other = all.iter().find(|address| kind(address).as_deref() != Some("home"));
    work.or(other).and_then(|address| text(address, part)).into_iter().collect()
}

fn text(of: &Value, key: &str) -> Option<String> {
    of.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn is(of: &Value, key: &str) -> bool {
    of.get(key).and_then(Value::as_bool).unwrap_or_default()
}
