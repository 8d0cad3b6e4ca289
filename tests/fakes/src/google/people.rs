//! A Google Workspace full of people, the same for the same number.

use std::collections::{BTreeMap, HashMap};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::portrait;

/// The customer's id.
pub const CUSTOMER: &str = "C03estamp";
/// Its primary domain.
pub const DOMAIN: &str = "banque.example";
/// The super administrator's address.
pub const ADMIN: &str = "admin@banque.example";

const GIVEN: [&str; 12] =
    ["Anna", "Émile", "Zoé", "Jean-Luc", "Chloé", "Noël", "Inès", "Bruno", "Maëlle", "Paul", "Léa", "Hugo"];
const FAMILY: [&str; 10] =
    ["Mirbach", "Lefèvre", "Durand", "O’Neill", "de la Tour", "Garçon", "Nguyễn", "Petit", "Schäfer", "Roy"];
const UNITS: [&str; 4] = ["/", "/Siège", "/Agences", "/Agences/Lyon"];
const TITLES: [&str; 5] = ["Conseillère", "Analyste", "Directeur d’agence", "Juriste", "Chargée de clientèle"];

/// One address that a mailbox sends from.
pub(crate) type SendAs = Value;

/// What the Workspace holds. A test changes it through [`crate::google::Google::people`].
#[derive(Default)]
pub struct People {
    /// Users by id; the deleted ones have a `deletionTime`.
    pub users: BTreeMap<String, Value>,
    /// Photos by user id, JPEG.
    pub photos: BTreeMap<String, Vec<u8>>,
    /// Groups by id.
    pub groups: BTreeMap<String, Value>,
    /// Members by group id.
    pub members: BTreeMap<String, Vec<Value>>,
    /// Roles.
    pub roles: Vec<Value>,
    /// Who has them.
    pub assignments: Vec<Value>,
    /// Organisational units.
    pub units: Vec<Value>,
    /// Addresses to send from, by user id.
    pub senders: BTreeMap<String, Vec<SendAs>>,
    changes: u64,
    /// Who had an address first: a hint that spares the search.
    addresses: HashMap<String, String>,
}

impl People {
    /// So many users (the administrator is one more), of whom each eleventh is suspended, each
    /// third has a photo, and every tenth an alias.
    pub fn new(count: usize) -> Self {
        let mut people = Self::default();
        people.add("100000000000000000000", "Alix", "Administrateur", "admin", 0);
        for number in 1..=count {
            let given = GIVEN[number % GIVEN.len()];
            let family = FAMILY[(number / GIVEN.len()) % FAMILY.len()];
            let local = format!("{}.{number:05}", ascii(given));
            people.add(&format!("1{number:020}"), given, family, &local, number);
        }
        people.add_units();
        people.add_roles();
        people.add_groups(count);
        people
    }

    fn add(&mut self, id: &str, given: &str, family: &str, local: &str, number: usize) {
        let address = format!("{local}@{DOMAIN}");
        let mut user = json!({
            "kind": "admin#directory#user",
            "id": id,
            "etag": "",
            "primaryEmail": address,
            "name": {"givenName": given, "familyName": family, "fullName": format!("{given} {family}")},
            "isAdmin": number == 0,
            "isDelegatedAdmin": false,
            "lastLoginTime": "2026-11-01T08:00:00.000Z",
            "creationTime": "2024-01-15T09:30:00.000Z",
            "agreedToTerms": true,
            "suspended": number % 11 == 10,
            "archived": false,
            "changePasswordAtNextLogin": false,
            "ipWhitelisted": false,
            "emails": [{"address": address, "primary": true}],
            "phones": [
                {"value": format!("+33 1 99 00 {:02} {:02}", number / 100 % 100, number % 100), "type": "work", "primary": true},
                {"value": format!("+33 6 39 98 {:02} {:02}", number / 100 % 100, number % 100), "type": "mobile"},
            ],
            "organizations": [{
                "title": TITLES[number % TITLES.len()], "primary": true, "department": "Réseau",
                "name": "Banque Exemple", "customType": "", "description": "CDI", "costCenter": format!("CC{:03}", number % 40),
            }],
            "externalIds": [{"value": format!("M{number:06}"), "type": "organization"}],
            "customerId": CUSTOMER,
            "orgUnitPath": UNITS[number % UNITS.len()],
            "isMailboxSetup": true,
            "isEnrolledIn2Sv": false,
            "isEnforcedIn2Sv": false,
            "includeInGlobalAddressList": true,
        });
        if number % 11 == 10 {
            user["suspensionReason"] = "ADMIN".into();
        }
        let mut senders = vec![json!({
            "sendAsEmail": address, "displayName": format!("{given} {family}"), "replyToAddress": "", "signature": "",
            "isPrimary": true, "isDefault": true,
        })];
        if number % 10 == 1 {
            let alias = format!("contact.{number:05}@{DOMAIN}");
            user["aliases"] = json!([alias]);
            user["emails"] = json!([{"address": address, "primary": true}, {"address": alias}]);
            senders.push(json!({
                "sendAsEmail": alias, "displayName": format!("{given} {family}"), "replyToAddress": "", "signature": "",
                "treatAsAlias": true, "verificationStatus": "accepted",
            }));
        }
        self.senders.insert(id.to_owned(), senders);
        self.addresses.insert(address.clone(), id.to_owned());
        self.users.insert(id.to_owned(), user);
        if number % 3 == 1 {
            self.photos.insert(id.to_owned(), portrait(&address));
        }
        self.touch(id);
    }

    fn add_units(&mut self) {
        for (number, path) in UNITS.iter().enumerate().skip(1) {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            self.units.push(json!({
                "kind": "admin#directory#orgUnit", "etag": format!("\"unit-{number}\""), "name": name, "description": "",
                "orgUnitId": format!("id:unit{number}"), "orgUnitPath": path,
                "parentOrgUnitId": "id:unit0", "parentOrgUnitPath": if parent.is_empty() { "/" } else { parent },
                "blockInheritance": false,
            }));
        }
    }

    fn add_roles(&mut self) {
        let roles = [
            ("101", "_SEED_ADMIN_ROLE", true),
            ("102", "_HELP_DESK_ADMIN_ROLE", false),
            ("103", "Communication", false),
        ];
        for (id, name, all) in roles {
            self.roles.push(json!({
                "kind": "admin#directory#role", "etag": format!("\"role-{id}\""), "roleId": id, "roleName": name,
                "roleDescription": name, "isSystemRole": name.starts_with('_'), "isSuperAdminRole": all,
                "rolePrivileges": [{"privilegeName": "USERS_RETRIEVE", "serviceId": "00haapch16h1ysv"}],
            }));
        }
        self.assign("100000000000000000000", "101");
    }

    /// Gives somebody a role: 101 is the super administrators', the others are delegated.
    pub fn assign(&mut self, user: &str, role: &str) {
        let field = if role == "101" { "isAdmin" } else { "isDelegatedAdmin" };
        self.set(user, field, true.into());
        let user = &self.id_of(user).unwrap_or_default();
        let number = self.assignments.len() + 1;
        self.assignments.push(json!({
            "kind": "admin#directory#roleAssignment", "etag": format!("\"assignment-{number}\""),
            "roleAssignmentId": format!("{}", 9000 + number), "roleId": role, "assignedTo": user,
            "assigneeType": "user", "scopeType": "CUSTOMER",
        }));
    }

    /// One group for fifty users, and one that holds the groups.
    fn add_groups(&mut self, count: usize) {
        let users: Vec<String> = self.users.keys().cloned().collect();
        let mut inner = Vec::new();
        for number in 0..count.div_ceil(50).max(1) {
            let id = format!("03group{number:05}");
            let members = users.iter().skip(number * 50).take(50).filter_map(|id| self.users.get(id));
            let members: Vec<Value> = members.map(|user| member(user, "USER", user["primaryEmail"].as_str())).collect();
            self.add_group(&id, &format!("equipe.{number:05}"), members);
            inner.push(id);
        }
        let members = inner.iter().filter_map(|id| self.groups.get(id));
        let members = members.map(|group| member(group, "GROUP", group["email"].as_str())).collect();
        self.add_group("03groupall", "tous", members);
    }

    fn add_group(&mut self, id: &str, local: &str, members: Vec<Value>) {
        let group = json!({
            "kind": "admin#directory#group", "id": id, "etag": format!("\"{id}\""), "email": format!("{local}@{DOMAIN}"),
            "name": format!("Groupe {local}"), "directMembersCount": members.len().to_string(), "description": "",
            "adminCreated": true,
        });
        self.groups.insert(id.to_owned(), group);
        self.members.insert(id.to_owned(), members);
    }

    /// Whose key this is: an id, an address, an alias. The deleted have an id alone.
    pub fn id_of(&self, key: &str) -> Option<String> {
        if self.users.contains_key(key) {
            return Some(key.to_owned());
        }
        let has = |user: &Value| {
            let alias = |name: &str| user[name].as_array().into_iter().flatten().any(|it| same(it, key));
            same(&user["primaryEmail"], key) || alias("aliases") || alias("nonEditableAliases")
        };
        let alive = |user: &Value| user["deletionTime"].is_null();
        if let Some(id) = self.addresses.get(key)
            && self.users.get(id).is_some_and(|user| alive(user) && has(user))
        {
            return Some(id.clone());
        }
        self.users.iter().find(|(_, user)| alive(user) && has(user)).map(|(id, _)| id.clone())
    }

    /// The user that has this key and is not deleted.
    pub fn user(&self, key: &str) -> Option<&Value> {
        self.users.get(&self.id_of(key)?).filter(|user| user["deletionTime"].is_null())
    }

    /// Changes a field of a user; its etag changes too.
    pub fn set(&mut self, key: &str, field: &str, value: Value) {
        let id = self.id_of(key).unwrap_or_else(|| panic!("there is no user {key}"));
        if let Some(user) = self.users.get_mut(&id) {
            user[field] = value;
        }
        self.touch(&id);
    }

    /// Suspends somebody, or lets them in again.
    pub fn suspend(&mut self, key: &str, suspended: bool) {
        self.set(key, "suspended", suspended.into());
    }

    /// Deletes somebody: twenty days long among the deleted.
    pub fn delete(&mut self, key: &str) {
        let id = self.id_of(key).unwrap_or_else(|| panic!("there is no user {key}"));
        self.set(&id, "deletionTime", "2026-11-20T10:00:00.000Z".into());
        for members in self.members.values_mut() {
            members.retain(|member| member["id"] != id.as_str());
        }
    }

    /// Gives somebody a photo (JPEG), or takes it away.
    pub fn photograph(&mut self, key: &str, photo: Option<Vec<u8>>) {
        let id = self.id_of(key).unwrap_or_else(|| panic!("there is no user {key}"));
        match photo {
            Some(photo) => drop(self.photos.insert(id.clone(), photo)),
            None => drop(self.photos.remove(&id)),
        }
        self.touch(&id);
    }

    pub(crate) fn touch(&mut self, id: &str) {
        self.changes += 1;
        let photo = self.photos.get(id).map(|photo| etag(photo));
        let Some(user) = self.users.get_mut(id) else { return };
        user["etag"] = format!("\"fake/{}\"", self.changes).into();
        let Some(fields) = user.as_object_mut() else { return };
        if let Some(tag) = photo {
            let url = format!("https://lh3.googleusercontent.com/a-/{}=s96-c", tag.trim_matches('"'));
            fields.insert("thumbnailPhotoUrl".to_owned(), url.into());
            fields.insert("thumbnailPhotoEtag".to_owned(), tag.into());
        } else {
            fields.remove("thumbnailPhotoUrl");
            fields.remove("thumbnailPhotoEtag");
        }
    }
}

/// An etag of these octets.
pub(crate) fn etag(octets: &[u8]) -> String {
    use sha2::Digest as _;
    format!("\"{}\"", BASE64URL_NOPAD.encode(&sha2::Sha256::digest(octets)[..15]))
}

fn member(of: &Value, kind: &str, email: Option<&str>) -> Value {
    json!({
        "kind": "admin#directory#member", "etag": of["etag"], "id": of["id"], "email": email, "role": "MEMBER",
        "type": kind, "status": "ACTIVE",
    })
}

fn same(value: &Value, key: &str) -> bool {
    value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(key))
}

pub(crate) fn ascii(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .map(|letter| match letter {
            'é' | 'è' | 'ë' => 'e',
            'ï' => 'i',
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => '-',
        })
        .collect()
}
