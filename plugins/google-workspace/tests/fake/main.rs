//! The connector against Google as its documents have it: what they do not say is refused there,
//! and counted.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod directory;
mod faults;
mod mailboxes;

use std::collections::BTreeMap;
use std::rc::Rc;

use estampe_fakes::google::{ADMIN, Google, SERVICE_ACCOUNT, scope};
use estampe_fakes::jwt::now;
use estampe_live_host::{LiveHost, token_of};
use estampe_plugin_google_workspace::GoogleWorkspace;
use estampe_plugin_sdk::{Event, Group, Person, Value};
use serde_json::json;

/// The scopes by the manifest's names of the credentials.
const SCOPES: [(&str, &str); 5] = [
    ("directory", "admin.directory.user.readonly"),
    ("groups", "admin.directory.group.readonly"),
    ("customer", "admin.directory.customer.readonly"),
    ("roles", "admin.directory.rolemanagement.readonly"),
    ("gmail", "gmail.settings.basic"),
];

/// A Workspace, and the plugin's host before it.
struct Bench {
    google: Rc<Google>,
    host: LiveHost,
}

impl Bench {
    /// With all scopes delegated, all fields wanted.
    fn new(users: usize) -> Self {
        let google = Rc::new(Google::start(users));
        let all: Vec<String> = SCOPES.iter().map(|(_, name)| scope(name)).collect();
        google.delegate(&all.iter().map(String::as_str).collect::<Vec<_>>());
        let host = host_for(&google, ADMIN);
        Self { google, host }
    }

    /// Another host before the same Workspace, which knows nothing yet.
    fn fresh(&self) -> LiveHost {
        host_for(&self.google, ADMIN)
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.host.set_config(key, value);
        self
    }

    /// A whole run.
    fn run(&self) -> Told {
        Told::of(self.host.full_run::<GoogleWorkspace>().unwrap_or_else(|failure| panic!("{failure:?}")))
    }

    fn email(&self, number: usize) -> String {
        self.google.people(|people| {
            let user = people.users.values().nth(number).unwrap();
            user["primaryEmail"].as_str().unwrap().to_owned()
        })
    }

    fn id(&self, number: usize) -> String {
        self.google.people(|people| people.users.keys().nth(number).unwrap().clone())
    }

    /// How many requests had this method and this in their path since the last time.
    fn count(&self, method: &str, part: &str) -> usize {
        self.google.control().count_of(method, part)
    }
}

/// The plugin's host, with this administrator.
fn host_for(google: &Rc<Google>, administrator: &str) -> LiveHost {
    let (at, acting) = (Rc::clone(google), administrator.to_owned());
    let host = LiveHost::new(move |credential, subject| {
        // the host's own way: RFC 7523, for the administrator where nobody is named
        let subject = subject.unwrap_or(if credential == "gmail" { SERVICE_ACCOUNT } else { &acting });
        let asked = SCOPES.iter().find(|(name, _)| *name == credential).unwrap().1;
        let endpoint = format!("{}/token", at.url());
        let claims = json!({
            "iss": SERVICE_ACCOUNT, "sub": subject, "scope": scope(asked), "aud": endpoint,
            "iat": now(), "exp": now() + 600,
        });
        let assertion = at.service_key().sign(&json!({}), &claims);
        let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        token_of(&endpoint, credential, &[("grant_type", grant), ("assertion", &assertion)])
    });
    host.leading("https://admin.googleapis.com", &google.url())
        .leading("https://gmail.googleapis.com", &google.url())
        .with_config("administrator", administrator)
        .with_fields(&[
            "displayName",
            "givenName",
            "sn",
            "title",
            "o",
            "department",
            "telephoneNumber",
            "mobile",
            "mail",
            "aliases",
            "employeeNumber",
            "departmentNumber",
            "orgUnitPath",
        ])
}

impl Drop for Bench {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.google.control().violations(), [""; 0]);
            assert_eq!(self.google.control().refused(), [""; 0]);
        }
    }
}

/// What a run told.
#[derive(Default)]
struct Told {
    people: BTreeMap<String, Person>,
    groups: BTreeMap<String, Group>,
    gone: Vec<String>,
    rejected: usize,
    pages: usize,
}

impl Told {
    fn of(pages: Vec<Vec<Event>>) -> Self {
        let mut told = Self { pages: pages.len(), ..Self::default() };
        let mut goes_on: Option<String> = None;
        for event in pages.into_iter().flatten() {
            match event {
                Event::Person(person) => drop(told.people.insert(person.id.clone(), person)),
                Event::PersonGone((id, gone)) => {
                    assert_eq!(gone, estampe_plugin_sdk::Gone::Deleted);
                    told.gone.push(id);
                }
                Event::Group(mut group) => {
                    assert!(goes_on.is_none_or(|id| id == group.id), "another group came between");
                    goes_on = group.more.then(|| group.id.clone());
                    if let Some(begun) = told.groups.get_mut(&group.id) {
                        begun.members.append(&mut group.members);
                    } else {
                        told.groups.insert(group.id.clone(), group);
                    }
                }
                Event::Rejected(_) => told.rejected += 1,
                Event::AllGroups => assert_eq!(goes_on, None),
                Event::GroupGone(id) => panic!("a full run told that {id} is gone"),
            }
        }
        told
    }

    fn with_photo(&self) -> usize {
        self.people.values().filter(|person| person.photo.is_some()).count()
    }
}

fn text<'a>(person: &'a Person, name: &str) -> Option<&'a str> {
    let found = person.attributes.iter().find(|attribute| attribute.name == name)?;
    match &found.value {
        Value::Text(text) => Some(text),
        other => panic!("{other:?}"),
    }
}
