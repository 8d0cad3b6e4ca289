//! Each rule and each refusal, against a host that answers what is written here.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod errors;
mod groups;
mod manifest;
mod organisation;
mod people;
mod photos;
mod writing;

use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Connector, Cursor, Event, Failure, Host, Page, SyncMode};

const BASE: &str = "https://graph.microsoft.com/v1.0/";
const FIELDS: &[&str] = &["displayName", "telephoneNumber", "mail"];
/// What Graph is asked for with those.
const USERS: &str = "users/delta?$select=id,accountEnabled,userType,displayName,businessPhones,mail";
const GROUPS: &str = "groups/delta?$select=id,displayName,members";

fn host() -> ScriptedHost {
    ScriptedHost::new()
        .with_fields(FIELDS)
        .with_config("tenant", "bank.example")
        .with_config("client-id", "6f1e0f3a-0000-4000-8000-000000000001")
}

trait Answers: Sized {
    fn answers(self, path: &str, status: u16, body: &str) -> Self;

    /// A page, with the path of its next or delta link.
    fn page(self, path: &str, value: &str, link: &str) -> Self {
        let name = if link.contains("deltatoken") { "deltaLink" } else { "nextLink" };
        let link = if link.is_empty() { String::new() } else { format!(r#","@odata.{name}":"{BASE}{link}""#) };
        self.answers(path, 200, &format!(r#"{{"value":[{value}]{link}}}"#))
    }

    fn latest(self, first: &str) -> Self {
        let set = first.split('?').next().unwrap();
        self.page(&format!("{first}&$deltatoken=latest"), "", &format!("{set}?$deltatoken=L"))
    }
}

impl Answers for ScriptedHost {
    fn answers(self, path: &str, status: u16, body: &str) -> Self {
        self.with_answer("GET", &format!("{BASE}{path}"), status, body)
    }
}

fn call(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
    MicrosoftEntra::sync_page(host, mode, from)
}

/// A run to its end: all events, and where the next one begins.
fn run(host: &dyn Host, mode: SyncMode, mut from: Option<Cursor>) -> Result<(Vec<Event>, Cursor), Failure> {
    let mut events = Vec::new();
    for _ in 0..100 {
        let page = call(host, mode, from)?;
        events.extend(page.events);
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok((events, page.checkpoint.expect("a checkpoint at the end"))),
        }
    }
    panic!("the run does not end");
}

/// Where an incremental run begins: a full one found nobody.
fn begun(host: ScriptedHost) -> (ScriptedHost, Cursor) {
    let host = host.latest(USERS).page(USERS, "", "users/delta?$deltatoken=x");
    let with_groups = host.config("groups").is_some();
    let host = if with_groups { host.latest(GROUPS).page(GROUPS, "", "groups/delta?$deltatoken=y") } else { host };
    let (events, checkpoint) = run(&host, SyncMode::Full, None).unwrap();
    assert_eq!(events, []);
    (host, checkpoint)
}
