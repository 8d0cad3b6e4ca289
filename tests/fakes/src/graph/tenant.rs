//! A tenant full of people, the same for the same number, and what has changed since when.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::errors::identifier;
use crate::google::ascii;
use crate::portrait;

/// The tenant's id.
pub const TENANT: &str = "11111111-2222-4333-8444-555555555555";
/// Its domain.
pub const DOMAIN: &str = "banque.example";

const GIVEN: [&str; 8] = ["Anna", "Émile", "Zoé", "Jean-Luc", "Chloé", "Noël", "Inès", "Bruno"];
const FAMILY: [&str; 6] = ["Mirbach", "Lefèvre", "O’Neill", "de la Tour", "Nguyễn", "Roy"];

/// Why somebody is no longer there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// Among the deleted, and may come back.
    Changed,
    /// For ever.
    Deleted,
}

/// What a tenant holds.
#[derive(Default)]
pub struct Tenant {
    /// Users by id.
    pub users: BTreeMap<String, Value>,
    /// Groups by id.
    pub groups: BTreeMap<String, Value>,
    /// Members by group.
    pub members: BTreeMap<String, BTreeSet<String>>,
    /// Photos by user, JPEG.
    pub photos: BTreeMap<String, Vec<u8>>,
    /// Managers by user.
    pub managers: BTreeMap<String, String>,
    /// Who has a role of an administrator.
    pub administrators: BTreeSet<String>,
    pub(crate) removed: BTreeMap<String, Removed>,
    pub(crate) gone: BTreeMap<String, Value>,
    /// The version in which an object changed last.
    pub(crate) changed: BTreeMap<String, u64>,
    /// Which member of a group came or went when.
    pub(crate) moves: BTreeMap<String, Vec<(u64, String)>>,
    pub(crate) version: u64,
}

impl Tenant {
    /// So many users, each seventh synchronised from a directory at home, each thirteenth a
    /// guest, each fifth with a photo; the first is an administrator.
    pub fn new(count: usize) -> Self {
        let mut tenant = Self::default();
        let mut ids = Vec::new();
        for number in 0..count {
            let id = identifier(&format!("user {number}"));
            tenant.users.insert(id.clone(), person(number, &id));
            if number % 5 == 0 {
                tenant.photos.insert(id.clone(), portrait(&id));
            }
            if number > 0 {
                tenant.managers.insert(id.clone(), identifier(&format!("user {}", number / 10)));
            }
            tenant.touch(&id);
            ids.push(id);
        }
        tenant.administrators.extend(ids.first().cloned());
        let mut inner = Vec::new();
        for (number, members) in ids.chunks(50).enumerate() {
            let id = tenant.add_group(&format!("Équipe {number}"));
            for member in members {
                tenant.join(&id, member);
            }
            inner.push(id);
        }
        let all = tenant.add_group("Tous");
        for group in &inner {
            tenant.join(&all, group);
        }
        tenant
    }

    /// A new group's id.
    pub fn add_group(&mut self, name: &str) -> String {
        let id = identifier(&format!("group {name} {}", self.groups.len()));
        let nick = ascii(name);
        let group = json!({
            "id": id, "deletedDateTime": null, "displayName": name, "description": null, "mail": null, "groupTypes": [],
            "mailEnabled": false, "mailNickname": nick, "securityEnabled": true, "visibility": null,
            "createdDateTime": "2024-01-15T09:30:00Z", "onPremisesSyncEnabled": null, "proxyAddresses": [],
        });
        self.groups.insert(id.clone(), group);
        self.members.insert(id.clone(), BTreeSet::new());
        self.touch(&id);
        id
    }

    /// The user with this id or this principal name.
    pub fn user(&self, key: &str) -> Option<&Value> {
        let named =
            |user: &&Value| user["userPrincipalName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(key));
        self.users.get(key).or_else(|| self.users.values().find(named))
    }

    /// Changes a field of a user or a group.
    pub fn set(&mut self, id: &str, field: &str, value: Value) {
        let object = self.users.get_mut(id).or_else(|| self.groups.get_mut(id));
        object.unwrap_or_else(|| panic!("there is no {id}"))[field] = value;
        self.touch(id);
    }

    /// Takes a user or a group away, for a while or for ever.
    pub fn remove(&mut self, id: &str, how: Removed) {
        let object = self.users.remove(id).or_else(|| self.groups.remove(id));
        if let Some(object) = object {
            self.gone.insert(id.to_owned(), object);
        }
        let groups: Vec<String> =
            self.members.iter().filter(|(_, members)| members.contains(id)).map(|(group, _)| group.clone()).collect();
        for group in &groups {
            self.leave(group, id);
        }
        self.removed.insert(id.to_owned(), how);
        self.touch(id);
    }

    /// Brings back a user who was removed for a while.
    pub fn restore(&mut self, id: &str) {
        if self.removed.get(id) == Some(&Removed::Changed) {
            self.removed.remove(id);
            if let Some(user) = self.gone.remove(id) {
                self.users.insert(id.to_owned(), user);
            }
            self.touch(id);
        }
    }

    /// Makes a user or a group a member.
    pub fn join(&mut self, group: &str, member: &str) {
        self.members.entry(group.to_owned()).or_default().insert(member.to_owned());
        self.touch(group);
        self.moves.entry(group.to_owned()).or_default().push((self.version, member.to_owned()));
    }

    /// No member any more.
    pub fn leave(&mut self, group: &str, member: &str) {
        if let Some(members) = self.members.get_mut(group) {
            members.remove(member);
        }
        self.touch(group);
        self.moves.entry(group.to_owned()).or_default().push((self.version, member.to_owned()));
    }

    pub(crate) fn touch(&mut self, id: &str) {
        self.version += 1;
        self.changed.insert(id.to_owned(), self.version);
    }
}

fn person(number: usize, id: &str) -> Value {
    let (given, family) = (GIVEN[number % GIVEN.len()], FAMILY[(number / GIVEN.len()) % FAMILY.len()]);
    let local = format!("{}.{number:05}", ascii(given));
    let (guest, synced) = (number % 13 == 12, number % 7 == 6);
    let mail = if guest { format!("{local}@ailleurs.example") } else { format!("{local}@{DOMAIN}") };
    let name =
        if guest { format!("{}#EXT#@banqueexemple.onmicrosoft.com", mail.replace('@', "_")) } else { mail.clone() };
    json!({
        "id": id, "deletedDateTime": null, "accountEnabled": number % 11 != 10,
        "displayName": format!("{given} {family}"), "givenName": given, "surname": family,
        "userPrincipalName": name, "mail": mail, "mailNickname": local, "otherMails": [], "proxyAddresses": [format!("SMTP:{mail}")],
        "userType": if guest { "Guest" } else { "Member" }, "externalUserState": if guest { json!("Accepted") } else { Value::Null },
        "jobTitle": "Conseillère", "department": "Réseau", "companyName": "Banque Exemple", "officeLocation": "Lyon 2",
        "businessPhones": [format!("+33 1 99 00 {:02} {:02}", number / 100 % 100, number % 100)],
        "mobilePhone": format!("+33 6 39 98 {:02} {:02}", number / 100 % 100, number % 100), "faxNumber": null,
        "streetAddress": "1 place Exemple", "city": "Lyon", "postalCode": "69002", "state": null, "country": "France",
        "preferredLanguage": "fr-FR", "usageLocation": "FR", "employeeId": format!("M{number:06}"), "employeeType": "CDI",
        "createdDateTime": "2024-01-15T09:30:00Z", "onPremisesSyncEnabled": if synced { json!(true) } else { Value::Null },
        "onPremisesImmutableId": null, "onPremisesDistinguishedName": null, "showInAddressList": null,
    })
}
