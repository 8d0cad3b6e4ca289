//! From an entry to a person: by which identity, whether they are active, what is known of
//! them.

use std::collections::BTreeSet;

use estampe_plugin_sdk::ldap::{self, Entry};
use estampe_plugin_sdk::{Host, MAX_VALUES, Person};

/// What is delivered, by its standard name (RFC 4519, RFC 2798), and the attributes that
/// hold it: Active Directory has some of them under a name of its own.
const FIELDS: [(&str, &[&str]); 23] = [
    ("displayName", &["displayName"]),
    ("cn", &["cn"]),
    ("givenName", &["givenName"]),
    ("sn", &["sn"]),
    ("pronouns", &["pronouns"]),
    ("title", &["title"]),
    ("o", &["o", "company"]),
    ("department", &["department"]),
    ("ou", &["ou"]),
    ("departmentNumber", &["departmentNumber"]),
    ("physicalDeliveryOfficeName", &["physicalDeliveryOfficeName"]),
    ("telephoneNumber", &["telephoneNumber"]),
    ("mobile", &["mobile"]),
    ("mail", &["mail"]),
    ("labeledURI", &["labeledURI"]),
    ("wWWHomePage", &["wWWHomePage"]),
    ("street", &["street", "streetAddress"]),
    ("postalCode", &["postalCode"]),
    ("l", &["l"]),
    ("st", &["st"]),
    ("co", &["co"]),
    ("c", &["c"]),
    ("preferredLanguage", &["preferredLanguage"]),
];

/// Attributes that identify somebody for ever, the best first.
pub const IDENTITIES: [&str; 4] = ["objectGUID", "entryUUID", "ipaUniqueID", "nsUniqueId"];

/// Classes that Active Directory derives from people though their entries are none of the
/// organisation's: accounts of machines, addresses of outsiders.
const NO_PEOPLE: [&str; 4] = ["computer", "msDS-ManagedServiceAccount", "msDS-GroupManagedServiceAccount", "contact"];

/// Attributes that say whether somebody is there. `lockoutTime` is not among them: a few wrong
/// passwords lock an account, whoever typed them, and a card does not go for that.
const STATES: [&str; 5] =
    ["userAccountControl", "accountExpires", "isCriticalSystemObject", "nsAccountLock", "pwdAccountLockedTime"];

/// Attributes beyond those that are known here: a search names at most 100.
const MAX_OTHERS: usize = 50;
/// Values of one of those, and octets of one value.
const MAX_OTHER_VALUES: usize = 64;
const MAX_OTHER_TEXT: usize = 4096;

/// Attributes with a photo, the better first.
pub const PHOTOS: [&str; 2] = ["jpegPhoto", "thumbnailPhoto"];

/// `userAccountControl`: the account is disabled ([MS-ADTS] 2.2.16).
const ACCOUNT_DISABLE: i64 = 0x2;

/// `userAccountControl`: it stands for another domain, a workstation or a controller.
const TRUST_ACCOUNTS: i64 = 0x800 | 0x1000 | 0x2000;

/// From 1601, where `accountExpires` begins to count, to 1970: microseconds.
const FROM_1601: i64 = 11_644_473_600_000_000;

/// `pwdAccountLockedTime`: locked until an administrator unlocks.
const LOCKED_FOR_EVER: &str = "000001010000Z";

/// What is delivered.
pub fn fields() -> Vec<String> {
    FIELDS.iter().map(|(name, _)| (*name).to_owned()).chain(["jpegPhoto".to_owned()]).collect()
}

/// What becomes of people, and so what is read of them: the fields that the mapping names.
pub struct Wanted(BTreeSet<String>);

impl Wanted {
    /// As the host says.
    pub fn of(host: &dyn Host) -> Self {
        Self(host.fields().into_iter().collect())
    }

    /// The fields with the attributes that hold them: those that are known here, then others
    /// by their own names.
    fn fields(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let known = FIELDS.iter().filter(|(name, _)| self.0.contains(&name.to_ascii_lowercase()));
        let is_known = |wanted: &str| FIELDS.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let others = self.0.iter().map(String::as_str).filter(move |name| !is_known(name) && is_attribute(name));
        known
            .map(|(name, attributes)| (*name, attributes.to_vec()))
            .chain(others.take(MAX_OTHERS).map(|name| (name, vec![name])))
    }

    /// What is searched for.
    pub fn attributes(&self) -> Vec<String> {
        self.attributes_without_photos().into_iter().chain(PHOTOS.map(str::to_owned)).collect()
    }

    /// The same but for photos, which weigh more than all the rest.
    pub fn attributes_without_photos(&self) -> Vec<String> {
        let fields = self.fields().flat_map(|(_, attributes)| attributes);
        let all = ["objectClass", "modifyTimestamp"].into_iter().chain(IDENTITIES).chain(STATES).chain(fields);
        let mut names: Vec<String> = Vec::new();
        for name in all {
            if !names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        names
    }
}

/// Whether a name can be an attribute's (RFC 4512, section 1.4): a mapping may name fields of
/// other sources too.
fn is_attribute(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Whether an entry is a person's: no machine's, no outsider's, and none of the accounts that
/// every domain has (Administrator, Guest, krbtgt).
pub fn is_person(entry: &Entry) -> bool {
    !(NO_PEOPLE.iter().any(|class| entry.has("objectClass", class))
        || account_control(entry) & TRUST_ACCOUNTS != 0
        || entry.has("isCriticalSystemObject", "true"))
}

/// The person of an entry at this moment (microseconds since 1970); the error says what is
/// wrong with it.
pub fn person(entry: &Entry, wanted: &Wanted, identity: Option<&str>, now: i64) -> Result<Person, String> {
    let mut person = Person::new(identity_of(entry, identity)?);
    person.active = is_active(entry, now);
    for (name, attributes) in wanted.fields() {
        let is_known = FIELDS.iter().any(|(known, _)| *known == name);
        let mut texts: Vec<String> = Vec::new();
        for value in attributes.iter().flat_map(|attribute| entry.values(attribute)) {
            let text = match std::str::from_utf8(value) {
                Ok(text) => text.trim(),
                Err(_) if is_known => return Err(format!("a value of `{name}` is not UTF-8")),
                // whatever it is, it is no text
                Err(_) => continue,
            };
            // nobody is refused for what is not known here; a mapping looks at no more
            if !is_known && (texts.len() >= MAX_OTHER_VALUES || text.len() > MAX_OTHER_TEXT) {
                continue;
            }
            // one more than the limit is enough to be refused by it
            if texts.len() <= MAX_VALUES && !text.is_empty() && !texts.iter().any(|earlier| earlier == text) {
                texts.push(text.to_owned());
            }
        }
        person.push(name, texts);
    }
    person.photo =
        PHOTOS.iter().find_map(|name| entry.value(name)).filter(|photo| !photo.is_empty()).map(<[u8]>::to_vec);
    person.check_limits()?;
    Ok(person)
}

/// Whose entry it is: by the attribute that was chosen, else by the first that is there.
pub fn identity_of(entry: &Entry, chosen: Option<&str>) -> Result<String, String> {
    let text = |name: &&str| identity_text(name, entry.value(name)?);
    let found = match chosen {
        Some(chosen) => text(&chosen),
        None => IDENTITIES.iter().find_map(text),
    };
    found.ok_or_else(|| match chosen {
        Some(name) => format!("it has no `{name}`, which the configuration says identifies people"),
        None => format!("it has none of {}: the account that reads may not see them", IDENTITIES.join(", ")),
    })
}

/// As text: the sixteen octets of Active Directory as Windows writes them.
fn identity_text(name: &str, octets: &[u8]) -> Option<String> {
    if let (true, Some(guid)) = (name == "objectGUID", ldap::guid(octets)) {
        return Some(guid);
    }
    let text = std::str::from_utf8(octets).ok()?.trim().to_ascii_lowercase();
    (!text.is_empty()).then_some(text)
}

fn is_active(entry: &Entry, now: i64) -> bool {
    !(account_control(entry) & ACCOUNT_DISABLE != 0
        || expires(entry).is_some_and(|moment| moment <= now)
        || entry.has("nsAccountLock", "true")
        || entry.has("pwdAccountLockedTime", LOCKED_FOR_EVER))
}

/// No flags where there are none to read.
fn account_control(entry: &Entry) -> i64 {
    number(entry, "userAccountControl").unwrap_or_default()
}

/// When an account of Active Directory ends, microseconds since 1970: it counts tenths of
/// them since 1601, and has two ways to say never ([MS-ADA1] 2.1).
fn expires(entry: &Entry) -> Option<i64> {
    let ticks = number(entry, "accountExpires").filter(|ticks| *ticks > 0 && *ticks != i64::MAX)?;
    Some(ticks / 10 - FROM_1601)
}

fn number(entry: &Entry, name: &str) -> Option<i64> {
    entry.text(name)?.trim().parse().ok()
}
