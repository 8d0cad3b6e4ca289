//! Calls every import of the contract, and delivers every kind of event and value.

use estampe_plugin_sdk::http::{Outcome, Request};
use estampe_plugin_sdk::ldap::Query;
use estampe_plugin_sdk::{
    Attribute, Connector, Cursor, Description, Event, FailKind, Failure, Features, Gone, Group, Host, LogLevel, Page,
    Person, Probe, Rejected, SyncMode, Value, config,
};

struct Everything;

impl Connector for Everything {
    fn describe() -> Description {
        let attributes = ["cn", "mail", "employeeNumber", "pager", "jpegPhoto"].map(str::to_owned).to_vec();
        Description { features: Features { incremental: true }, attributes }
    }

    fn check(host: &dyn Host) -> Vec<Probe> {
        let secret = if host.config("token").is_some() { Probe::failed } else { Probe::passed };
        vec![
            Probe::passed("clock", format!("{} {}", host.now(), host.cancelled())),
            secret("secret", "is not to be seen".to_owned()),
        ]
    }

    fn sync_page(host: &dyn Host, mode: SyncMode, from: Option<Cursor>) -> Result<Page, Failure> {
        for level in [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error] {
            host.log(level, "a line");
        }
        match from.as_deref() {
            None => first(host, mode),
            Some(b"second") => second(host),
            Some(other) => Err(Failure::new(FailKind::CursorExpired, format!("{} octets", other.len()))),
        }
    }
}

/// Files, configuration, state; a person with every kind of value.
fn first(host: &dyn Host, mode: SyncMode) -> Result<Page, Failure> {
    let info = host.stat("people")?;
    let content = host.read("people", 0, 1 << 20)?;
    assert_eq!(info.size, content.len() as u64);
    let count = host.state_get("runs").map_or(0, |octets| octets[0]) + 1;
    host.state_set("runs", Some(&[count]))?;
    host.state_set("gone", None)?;
    let mut person = Person::new("1").with_text("cn", String::from_utf8_lossy(&content).trim());
    person.active = mode == SyncMode::Full;
    person.etag = Some(info.name);
    person.photo_etag = Some("photo-1".to_owned());
    person.photo = Some(vec![0xff, 0xd8, 0xff]);
    person.position = Some("line 1".to_owned());
    person.push("mail", vec!["a@example.org".to_owned(), "b@example.org".to_owned()]);
    person.attributes.push(Attribute { name: "employeeNumber".to_owned(), value: Value::Number(i64::from(count)) });
    person.attributes.push(Attribute { name: "pager".to_owned(), value: Value::Flag(true) });
    let greeting = config::require(host, "greeting")?;
    let rejected = Rejected { id: Some("2".to_owned()), position: "line 2".to_owned(), reason: greeting };
    let nameless = Rejected { id: None, position: "line 3".to_owned(), reason: "no id".to_owned() };
    let events = vec![Event::Person(person), Event::Rejected(rejected), Event::Rejected(nameless)];
    Ok(Page { events, next: Some(b"second".to_vec()), checkpoint: None })
}

/// Requests and searches; those who went.
fn second(host: &dyn Host) -> Result<Page, Failure> {
    let url = config::require(host, "url")?;
    let get = Request::get(format!("{url}/people")).with_header("accept", "text/plain").with_credential("api");
    let answer = host.http(&get)?.answered()?.ok()?;
    let header = answer.header("x-test").unwrap_or("none").to_owned();
    let post = Request::post(format!("{url}/people")).with_body("text/plain", "a").with_credential("api");
    let recorded = match host.http(&post)? {
        Outcome::Recorded => "recorded".to_owned(),
        Outcome::Response(response) => response.text()?.to_owned(),
    };
    let denied = host.http(&Request::get("https://elsewhere.example/")).map(|_| ()).unwrap_err();
    let dse = host.ldap_root_dse()?;
    let page = host.ldap_search(&Query::new("(uid=*)").attributes(["uid"]).page_size(2))?;
    let uids: Vec<&str> = page.entries.iter().filter_map(|entry| entry.text("uid")).collect();
    let others = host.ldap_search(&Query::new("(uid=*)").area("others").attributes(["uid"]))?;
    let told = format!(
        "{} {header} {recorded} {:?} dse={} {} more={} others={}",
        answer.text()?,
        denied.kind,
        dse.attributes.len(),
        uids.join("+"),
        page.next.is_some(),
        others.entries.len(),
    );
    let mut person = Person::new("3").with_text("cn", told);
    person.handles = vec!["uid=3".to_owned()];
    let group = Group {
        id: "6".to_owned(),
        name: "Everyone".to_owned(),
        handles: vec!["cn=6".to_owned()],
        members: vec!["uid=3".to_owned(), "4".to_owned()],
        more: false,
        position: Some("line 6".to_owned()),
    };
    let events = vec![
        Event::Person(person),
        Event::PersonGone(("4".to_owned(), Gone::Deleted)),
        Event::PersonGone(("5".to_owned(), Gone::OutOfScope)),
        Event::Group(group),
        Event::GroupGone("7".to_owned()),
        Event::AllGroups,
    ];
    Ok(Page { events, next: None, checkpoint: Some(b"checkpoint".to_vec()) })
}

estampe_plugin_sdk::export_connector!(Everything);
