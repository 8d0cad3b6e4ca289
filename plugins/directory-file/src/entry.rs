//! From an LDIF entry to a person: who counts as one, by which identity, and whether
//! they are active.

use data_encoding::HEXLOWER;
use estampe_plugin_sdk::{MAX_ID, MAX_VALUES, Person, ldap};

use crate::attributes::{self, KNOWN};
use crate::ldif::{Entry, Value, not_utf8};

/// Classes of people (RFC 4519, RFC 2798, RFC 2307, Active Directory).
const PEOPLE: [&str; 5] = ["person", "organizationalperson", "inetorgperson", "user", "posixaccount"];

/// Classes whose entries are accounts of machines, though Active Directory derives
/// them from `user`.
const MACHINES: [&str; 3] = ["computer", "msds-managedserviceaccount", "msds-groupmanagedserviceaccount"];

/// Attributes that may be an identity, the best first.
const IDENTITIES: [&str; 4] = ["entryuuid", "objectguid", "employeenumber", "uid"];

/// Attributes that say whether somebody is there.
const ACCOUNT_CONTROL: &str = "useraccountcontrol";
const ACCOUNT_LOCK: &str = "nsaccountlock";
const LOCKED_TIME: &str = "pwdaccountlockedtime";

/// `userAccountControl`: the account is disabled.
const ACCOUNT_DISABLE: i64 = 0x2;

/// `pwdAccountLockedTime`: locked until an administrator unlocks.
const LOCKED_FOR_EVER: &str = "000001010000Z";

/// Attributes with a photo, the better first.
const PHOTOS: [&str; 2] = ["jpegphoto", "thumbnailphoto"];

/// Whether an attribute, by its name in lower case, is looked at.
pub fn is_wanted(name: &str, id_attribute: Option<&str>) -> bool {
    name == "objectclass"
        || [ACCOUNT_CONTROL, ACCOUNT_LOCK, LOCKED_TIME].contains(&name)
        || IDENTITIES.contains(&name)
        || PHOTOS.contains(&name)
        || name == "userid"
        || id_attribute.is_some_and(|id| id.eq_ignore_ascii_case(name))
        || attributes::canonical(name).is_some()
}

/// The person of an entry; none when it is something else, such as a unit.
pub fn person(mut entry: Entry, id_attribute: Option<&str>) -> Result<Option<Person>, String> {
    if !is_person(&entry) {
        return Ok(None);
    }
    let mut person = Person::new(identity(&entry, id_attribute)?);
    person.active = is_active(&entry);
    person.position = Some(format!("line {}", entry.line));
    // what is meant for every language stands before what is meant for one
    entry.values.sort_by_key(|value| value.tagged);
    let names: Vec<_> = entry.values.iter().map(|value| attributes::canonical(&value.name)).collect();
    for known in KNOWN {
        let mut texts = Vec::new();
        for (value, name) in entry.values.iter().zip(&names) {
            if *name == Some(known.name) {
                let text = text(value, entry.line)?.trim();
                // one more than the limit is enough to be refused by it
                if texts.len() <= MAX_VALUES && !text.is_empty() && !texts.iter().any(|earlier| earlier == text) {
                    texts.push(text.to_owned());
                }
            }
        }
        person.push(known.name, texts);
    }
    person.photo = PHOTOS.iter().find_map(|name| {
        let photo = entry.values.iter_mut().find(|value| value.name == *name && !value.octets.is_empty())?;
        Some(std::mem::take(&mut photo.octets))
    });
    Ok(Some(person))
}

/// Whose entry it is, as far as it can be read: for entries that are refused.
pub fn whose(entry: &Entry, id_attribute: Option<&str>) -> Option<String> {
    let id = identity(entry, id_attribute).ok()?;
    (1..=MAX_ID).contains(&id.len()).then_some(id)
}

fn is_person(entry: &Entry) -> bool {
    let mut classes = values(entry, "objectclass").peekable();
    if classes.peek().is_none() {
        return true;
    }
    let mut found = false;
    for class in classes {
        let class = String::from_utf8_lossy(&class.octets).trim().to_ascii_lowercase();
        if MACHINES.contains(&class.as_str()) {
            return false;
        }
        found |= PEOPLE.contains(&class.as_str());
    }
    found
}

fn identity(entry: &Entry, id_attribute: Option<&str>) -> Result<String, String> {
    if let Some(name) = id_attribute {
        if name.eq_ignore_ascii_case("dn") {
            return Ok(entry.dn.trim().to_owned());
        }
        return first_identity(entry, &name.to_ascii_lowercase())
            .ok_or_else(|| format!("no value of `{name}`, which `id-attribute` says identifies people"));
    }
    Ok(IDENTITIES.iter().find_map(|name| first_identity(entry, name)).unwrap_or_else(|| entry.dn.trim().to_owned()))
}

fn first_identity(entry: &Entry, name: &str) -> Option<String> {
    let also = if name == "uid" { "userid" } else { name };
    entry
        .values
        .iter()
        .filter(|value| value.name == name || value.name == also)
        .map(|value| identity_text(name, &value.octets))
        .find(|id| !id.is_empty())
}

/// Texts as they are; 16 octets of a GUID as Active Directory writes them; other
/// binary values in hexadecimal.
fn identity_text(name: &str, octets: &[u8]) -> String {
    let is_guid = name == "objectguid" || name == "ms-ds-consistencyguid";
    if let (true, Some(guid)) = (is_guid, ldap::guid(octets)) {
        return guid;
    }
    match std::str::from_utf8(octets) {
        Ok(text) if text.chars().any(char::is_control) => HEXLOWER.encode(octets),
        Ok(text) if is_guid || name == "entryuuid" => text.trim().trim_matches(['{', '}']).to_ascii_lowercase(),
        Ok(text) => text.trim().to_owned(),
        Err(_) => HEXLOWER.encode(octets),
    }
}

fn is_active(entry: &Entry) -> bool {
    let says = |name, test: &dyn Fn(&str) -> bool| {
        values(entry, name).any(|value| std::str::from_utf8(&value.octets).is_ok_and(|text| test(text.trim())))
    };
    !(says(ACCOUNT_CONTROL, &|text| text.parse::<i64>().is_ok_and(|flags| flags & ACCOUNT_DISABLE != 0))
        || says(ACCOUNT_LOCK, &|text| text.eq_ignore_ascii_case("true"))
        || says(LOCKED_TIME, &|text| text.eq_ignore_ascii_case(LOCKED_FOR_EVER)))
}

fn values<'e>(entry: &'e Entry, name: &'static str) -> impl Iterator<Item = &'e Value> {
    entry.values.iter().filter(move |value| value.name == name)
}

fn text(value: &Value, entry_line: u64) -> Result<&str, String> {
    std::str::from_utf8(&value.octets).map_err(|_| {
        let reason = not_utf8(&value.name);
        if value.line == entry_line { reason } else { format!("line {}: {reason}", value.line) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(values: &[(&str, &[u8])]) -> Entry {
        let values = values
            .iter()
            .zip(8..)
            .map(|((name, octets), line)| Value {
                name: (*name).to_owned(),
                tagged: false,
                line,
                octets: octets.to_vec(),
            })
            .collect();
        Entry { line: 7, dn: "uid=zoe,dc=x".to_owned(), values }
    }

    #[test]
    fn identities_are_found_in_order_and_guids_read_as_windows_writes_them() {
        let guid = [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        let id = |values: &[(&str, &[u8])], configured| identity(&entry(values), configured);
        assert_eq!(
            id(&[("uid", b"zoe"), ("objectguid", &guid)], None).unwrap(),
            "00112233-4455-6677-8899-aabbccddeeff"
        );
        assert_eq!(id(&[("uid", b"zoe"), ("employeenumber", b"12")], None).unwrap(), "12");
        assert_eq!(id(&[("cn", b"Z")], None).unwrap(), "uid=zoe,dc=x");
        assert_eq!(id(&[("uid", b"zoe"), ("objectsid", &[1, 5, 0xff])], Some("objectSid")).unwrap(), "0105ff");
        assert_eq!(id(&[("uid", b"zoe")], Some("DN")).unwrap(), "uid=zoe,dc=x");
        assert!(id(&[("uid", b"zoe")], Some("employeeNumber")).unwrap_err().contains("`employeeNumber`"));
    }

    #[test]
    fn only_people_are_people() {
        let is = |classes: &[&[u8]]| {
            is_person(&entry(&classes.iter().map(|class| ("objectclass", *class)).collect::<Vec<_>>()))
        };
        assert!(is(&[]));
        assert!(is(&[b"top", b"inetOrgPerson"]));
        assert!(is(&[b"top", b"person", b"organizationalPerson", b"user"]));
        assert!(!is(&[b"top", b"person", b"organizationalPerson", b"user", b"computer"]));
        assert!(!is(&[b"top", b"organizationalUnit"]));
        assert!(!is(&[b"groupOfNames"]));
        assert!(!is(&[b"dcObject", b"organization"]));
    }

    #[test]
    fn directories_say_in_three_ways_that_somebody_left() {
        let active = |name, value: &'static str| is_active(&entry(&[(name, value.as_bytes())]));
        assert!(active("useraccountcontrol", "512"));
        assert!(!active("useraccountcontrol", "514"));
        assert!(!active("nsaccountlock", "TRUE"));
        assert!(active("pwdaccountlockedtime", "20240101000000Z"));
        assert!(!active("pwdaccountlockedtime", "000001010000Z"));
    }

    #[test]
    fn values_without_a_language_come_first_and_bad_ones_are_named() {
        let mut source = entry(&[("title", b"Director"), ("title", b" Directrice "), ("jpegphoto", b"\xff\xd8")]);
        source.values[0].tagged = true;
        let person = person(source, None).unwrap().unwrap();
        assert_eq!(
            person.attributes[0].value,
            estampe_plugin_sdk::Value::Texts(vec!["Directrice".to_owned(), "Director".to_owned()])
        );
        assert_eq!(person.photo.as_deref(), Some(&b"\xff\xd8"[..]));
        assert_eq!(person.position.as_deref(), Some("line 7"));
        let refused = super::person(entry(&[("uid", b"z"), ("sn", b"\xe9")]), None).unwrap_err();
        assert!(refused.starts_with("line 9: the value of `sn` is not UTF-8"), "{refused}");
    }
}
