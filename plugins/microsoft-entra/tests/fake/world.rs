//! What a host makes of a run's events, held against what the tenant holds.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use estampe_fakes::graph::{CLIENT_ID, CLIENT_SECRET, Graph, TENANT};
use estampe_live_host::{LiveHost, token_of};
use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::{Event, Person, Value};
use serde_json::Value as Json;

pub use estampe_plugin_microsoft_entra::MicrosoftEntra as Entra;

/// A source, and what came of it.
pub struct World {
    pub host: LiveHost,
    pub people: BTreeMap<String, Person>,
    pub groups: BTreeMap<String, (String, BTreeSet<String>)>,
    /// Photos as they came.
    pub photos: BTreeMap<String, Vec<u8>>,
    guests: bool,
    with_groups: bool,
    with_photos: bool,
}

const FIELDS: [&str; 17] = [
    "displayName",
    "givenName",
    "sn",
    "title",
    "o",
    "department",
    "physicalDeliveryOfficeName",
    "telephoneNumber",
    "mobile",
    "mail",
    "street",
    "postalCode",
    "l",
    "st",
    "co",
    "preferredLanguage",
    "employeeNumber",
];

impl World {
    /// With all permissions that are needed, and no others.
    pub fn of(graph: &Graph, config: &[(&str, &str)]) -> Self {
        let set = |key: &str| config.contains(&(key, "true"));
        let mut needed = vec!["User.Read.All"];
        if set("groups") {
            needed.push("Group.Read.All");
        }
        if set("administrators") {
            needed.push("Directory.Read.All");
        }
        graph.consent(&needed);
        let url = graph.url();
        let endpoint = format!("{url}/{TENANT}/oauth2/v2.0/token");
        let mut host = LiveHost::new(move |credential, _| {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", CLIENT_ID),
                ("client_secret", CLIENT_SECRET),
                ("scope", "https://graph.microsoft.com/.default"),
            ];
            token_of(&endpoint, credential, &form)
        })
        .leading(&url, &url)
        .with_fields(&FIELDS)
        .with_config("graph-url", &url)
        .with_config("login-url", &url)
        .with_config("tenant", TENANT)
        .with_config("client-id", CLIENT_ID);
        for (key, value) in config {
            host = host.with_config(key, value);
        }
        Self {
            host,
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            photos: BTreeMap::new(),
            guests: set("guests"),
            with_groups: set("groups"),
            with_photos: set("photos"),
        }
    }

    /// A full run: whoever it did not name is gone. Gives how many events there were.
    pub fn full(&mut self) -> usize {
        let pages = self.host.full_run::<MicrosoftEntra>().unwrap();
        let (people, groups) = (std::mem::take(&mut self.people), std::mem::take(&mut self.groups));
        drop((people, groups));
        self.apply(pages)
    }

    /// A run over what changed. Gives how many events there were.
    pub fn incremental(&mut self) -> usize {
        let pages = self.host.incremental_run::<MicrosoftEntra>().unwrap();
        self.apply(pages)
    }

    /// As the host: everybody once a run, a group's parts one after another.
    fn apply(&mut self, pages: Vec<Vec<Event>>) -> usize {
        let mut told = HashSet::new();
        let mut open: Option<String> = None;
        let mut count = 0;
        for event in pages.into_iter().flatten() {
            count += 1;
            match event {
                Event::Person(mut person) => {
                    assert!(told.insert(person.id.clone()), "told twice: {}", person.id);
                    person.check_limits().unwrap();
                    match (person.photo.take(), &person.photo_etag) {
                        (Some(photo), _) => drop(self.photos.insert(person.id.clone(), photo)),
                        (None, Some(_)) => assert!(self.photos.contains_key(&person.id), "the same as what?"),
                        (None, None) => drop(self.photos.remove(&person.id)),
                    }
                    self.people.insert(person.id.clone(), person);
                }
                Event::PersonGone((id, _)) => {
                    assert!(told.insert(id.clone()), "told twice: {id}");
                    self.people.remove(&id);
                    self.photos.remove(&id);
                }
                Event::Group(group) => {
                    let goes_on = open.as_ref() == Some(&group.id);
                    assert!(goes_on || open.is_none(), "another group before its end");
                    assert!(goes_on || told.insert(group.id.clone()), "told twice: {}", group.id);
                    let entry = self.groups.entry(group.id.clone()).or_default();
                    if !goes_on {
                        *entry = (group.name, BTreeSet::new());
                    }
                    entry.1.extend(group.members);
                    open = group.more.then_some(group.id);
                }
                Event::GroupGone(id) => {
                    assert!(open.is_none() && told.insert(id.clone()));
                    self.groups.remove(&id);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(open.is_none());
        count
    }

    /// What came is what there is.
    pub fn is_as_in(&self, graph: &Graph) {
        let (users, groups, members, photos) = graph.tenant(|tenant| {
            (tenant.users.clone(), tenant.groups.clone(), tenant.members.clone(), tenant.photos.clone())
        });
        let is_meant = |user: &Json| self.guests || user["userType"] != "Guest";
        let meant: BTreeSet<&String> = users.iter().filter(|(_, user)| is_meant(user)).map(|(id, _)| id).collect();
        assert_eq!(self.people.keys().collect::<BTreeSet<_>>(), meant);
        for (id, person) in &self.people {
            let user = &users[id];
            assert_eq!(person.active, user["accountEnabled"] == true);
            for (name, property) in [
                ("displayName", "displayName"),
                ("sn", "surname"),
                ("title", "jobTitle"),
                ("o", "companyName"),
                ("mail", "mail"),
                ("l", "city"),
                ("employeeNumber", "employeeId"),
                ("st", "state"),
            ] {
                assert_eq!(text(person, name), user[property].as_str(), "{name} of {id}");
            }
            assert_eq!(text(person, "telephoneNumber"), user["businessPhones"][0].as_str());
            if self.with_photos {
                assert_eq!(self.photos.get(id), photos.get(id), "photo of {id}");
            }
        }
        if self.with_groups {
            let there: BTreeMap<_, _> = groups
                .iter()
                .map(|(id, group)| {
                    let name = group["displayName"].as_str().unwrap_or_default().to_owned();
                    (id.clone(), (name, members.get(id).cloned().unwrap_or_default()))
                })
                .collect();
            assert_eq!(self.groups, there);
        } else {
            assert!(self.groups.is_empty());
        }
    }

    /// Nothing was asked for that the contract does not have, and nobody came back too early.
    pub fn was_polite(&self, graph: &Graph) {
        assert_eq!(graph.control().violations(), [""; 0]);
        assert_eq!(graph.control().refused(), [""; 0]);
        let log = graph.control().log();
        assert!(log.iter().all(|asked| asked.method == "GET" || asked.path.ends_with("/oauth2/v2.0/token")));
    }
}

pub fn text<'a>(person: &'a Person, name: &str) -> Option<&'a str> {
    let attribute = person.attributes.iter().find(|attribute| attribute.name == name)?;
    match &attribute.value {
        Value::Text(text) => Some(text),
        Value::Texts(texts) => texts.first().map(String::as_str),
        other => panic!("{other:?}"),
    }
}
