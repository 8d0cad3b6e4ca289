//! People: who is told, how, and where the next run begins.

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attribute, Event, FailKind, Gone, Person, SyncMode, Value};

use super::{Answers, BASE, FIELDS, USERS, begun, call, host, run};

fn user(id: &str, more: &str) -> String {
    format!(r#"{{"id":"{id}","accountEnabled":true,"userType":"Member","displayName":"Zoé {id}"{more}}}"#)
}

fn names(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| match event {
        Event::Person(person) if person.active => person.id.clone(),
        Event::Person(person) => format!("({})", person.id),
        Event::PersonGone((id, why)) => {
            format!("{id} {}", if *why == Gone::Deleted { "Deleted" } else { "OutOfScope" })
        }
        Event::Rejected(rejected) => format!("rejected {:?}: {}", rejected.id, rejected.reason),
        other => panic!("{other:?}"),
    };
    events.iter().map(name).collect()
}

fn text(name: &str, text: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::Text(text.to_owned()) }
}

#[test]
fn a_person_has_standard_names_and_only_what_is_wanted_is_asked_for() {
    let more = r#","businessPhones":["+33 1", " ", "+33 2"],"mail":"zoe@bank.example","jobTitle":null"#;
    let host = host().latest(USERS).page(USERS, &user("a", more), "users/delta?$deltatoken=1");
    let (events, _) = run(&host, SyncMode::Full, None).unwrap();
    let [Event::Person(person)] = events.as_slice() else { panic!("{events:?}") };
    let phones = vec!["+33 1".to_owned(), "+33 2".to_owned()];
    let expected = Person {
        position: Some("user a".to_owned()),
        attributes: vec![
            text("displayName", "Zoé a"),
            Attribute { name: "telephoneNumber".to_owned(), value: Value::Texts(phones) },
            text("mail", "zoe@bank.example"),
        ],
        ..Person::new("a")
    };
    assert_eq!(*person, expected);
    for request in host.requests() {
        assert_eq!((request.method_name(), request.credential.as_deref()), ("GET", Some("secret")));
    }
    let prefer = ("prefer".to_owned(), "odata.maxpagesize=500".to_owned());
    assert!(host.requests().last().unwrap().headers.contains(&prefer));
}

#[test]
fn every_name_has_its_property() {
    let names = [
        "givenName",
        "sn",
        "title",
        "o",
        "department",
        "physicalDeliveryOfficeName",
        "mobile",
        "facsimileTelephoneNumber",
        "street",
        "postalCode",
        "l",
        "st",
        "co",
        "preferredLanguage",
        "employeeNumber",
        "employeeId",
        "employeeType",
        "userPrincipalName",
    ];
    let properties = [
        "givenName",
        "surname",
        "jobTitle",
        "companyName",
        "department",
        "officeLocation",
        "mobilePhone",
        "faxNumber",
        "streetAddress",
        "postalCode",
        "city",
        "state",
        "country",
        "preferredLanguage",
        "employeeId",
        "employeeId",
        "employeeType",
        "userPrincipalName",
    ];
    let mut asked = properties.to_vec();
    asked.dedup();
    let first = format!("users/delta?$select=id,accountEnabled,userType,{}", asked.join(","));
    let values: Vec<_> = asked.iter().map(|property| format!(r#""{property}":"of {property}""#)).collect();
    let user = format!(r#"{{"id":"a",{}}}"#, values.join(","));
    let host = ScriptedHost::new().with_fields(&names);
    let host = host.latest(&first).page(&first, &user, "users/delta?$deltatoken=1");
    let (events, _) = run(&host, SyncMode::Full, None).unwrap();
    let [Event::Person(person)] = events.as_slice() else { panic!("{events:?}") };
    let expected: Vec<_> = names.iter().zip(properties).map(|(name, of)| text(name, &format!("of {of}"))).collect();
    assert_eq!(person.attributes, expected);
}

#[test]
fn pages_follow_links_and_empty_ones_are_normal() {
    let host = host()
        .latest(USERS)
        .page(USERS, "", "users/delta?$skiptoken=1")
        .page("users/delta?$skiptoken=1", &user("a", ""), "users/delta?$skiptoken=2")
        .page("users/delta?$skiptoken=2", "", "users/delta?$skiptoken=3")
        .page("users/delta?$skiptoken=3", &user("b", ""), "users/delta?$deltatoken=end");
    let (events, checkpoint) = run(&host, SyncMode::Full, None).unwrap();
    assert_eq!(names(&events), ["a", "b"]);
    assert_eq!(host.unanswered(), [""; 0]);
    // the next run begins where this one did: what changed meanwhile is told then
    let host = host.page("users/delta?$deltatoken=L", "", "users/delta?$deltatoken=next");
    let (events, _) = run(&host, SyncMode::Incremental, Some(checkpoint)).unwrap();
    assert_eq!((names(&events).len(), host.unanswered().len()), (0, 0));
}

#[test]
fn guests_are_out_of_scope_unless_they_are_wanted() {
    let all = [
        user("a", ""),
        r#"{"id":"g","accountEnabled":true,"userType":"Guest","displayName":"G"}"#.to_owned(),
        r#"{"id":"s","accountEnabled":false,"userType":null,"displayName":"S"}"#.to_owned(),
        r#"{"id":"r","@removed":{"reason":"changed"}}"#.to_owned(),
        r#"{"id":"d","@removed":{"reason":"deleted"}}"#.to_owned(),
        r#"{"displayName":"nobody"}"#.to_owned(),
    ]
    .join(",");
    let full = |host: ScriptedHost| {
        let host = host.latest(USERS).page(USERS, &all, "users/delta?$deltatoken=1");
        names(&run(&host, SyncMode::Full, None).unwrap().0)
    };
    let nameless = "rejected None: it has no id";
    assert_eq!(full(host()), [nameless, "a", "(s)"]);
    assert_eq!(full(host().with_config("guests", "true")), [nameless, "a", "g", "(s)"]);

    let changes = |host: ScriptedHost| {
        let (host, checkpoint) = begun(host);
        let host = host.page("users/delta?$deltatoken=L", &all, "users/delta?$deltatoken=2");
        names(&run(&host, SyncMode::Incremental, Some(checkpoint)).unwrap().0)
    };
    assert_eq!(changes(host()), ["g OutOfScope", "r Deleted", "d Deleted", nameless, "a", "(s)"]);
    let told = changes(host().with_config("guests", "true"));
    assert_eq!(told, ["r Deleted", "d Deleted", nameless, "a", "g", "(s)"]);
}

#[test]
fn of_what_is_repeated_the_last_counts_on_a_page_and_the_first_in_a_run() {
    let old = user("a", r#","mail":"old@bank.example""#);
    let new = user("a", r#","mail":"new@bank.example""#);
    let host = host().latest(USERS).page(USERS, &format!("{old},{new}"), "users/delta?$skiptoken=1").page(
        "users/delta?$skiptoken=1",
        &format!("{old},{}", user("b", "")),
        "users/delta?$deltatoken=1",
    );
    let (events, _) = run(&host, SyncMode::Full, None).unwrap();
    assert_eq!(names(&events), ["a", "b"]);
    let Event::Person(first) = &events[0] else { panic!() };
    assert_eq!(first.attributes[1], text("mail", "new@bank.example"));
}

#[test]
fn nothing_changed_is_one_request() {
    let (host, checkpoint) = begun(host());
    let before = host.requests().len();
    let host = host.page("users/delta?$deltatoken=L", "", "users/delta?$deltatoken=2");
    let (events, checkpoint) = run(&host, SyncMode::Incremental, Some(checkpoint)).unwrap();
    assert_eq!((events.len(), host.requests().len() - before), (0, 1));
    // one page has nothing to repeat: the next run begins at its end
    let host = host.page("users/delta?$deltatoken=2", &user("a", ""), "users/delta?$deltatoken=3");
    let (events, _) = run(&host, SyncMode::Incremental, Some(checkpoint)).unwrap();
    assert_eq!(names(&events), ["a"]);
}

#[test]
fn changes_of_several_pages_are_read_after_their_end_is_known() {
    let (host, checkpoint) = begun(host());
    let host = host
        .page("users/delta?$deltatoken=L", &user("a", ""), "users/delta?$skiptoken=1")
        .page(&format!("{USERS}&$deltatoken=latest"), "", "users/delta?$deltatoken=M")
        .page("users/delta?$deltatoken=L", &user("a", ""), "users/delta?$skiptoken=2")
        .page("users/delta?$skiptoken=2", &user("b", ""), "users/delta?$deltatoken=Z");
    let (events, checkpoint) = run(&host, SyncMode::Incremental, Some(checkpoint)).unwrap();
    assert_eq!(names(&events), ["a", "b"]);
    let host = host.page("users/delta?$deltatoken=M", "", "users/delta?$deltatoken=N");
    run(&host, SyncMode::Incremental, Some(checkpoint)).unwrap();
}

#[test]
fn places_that_are_lost_lead_to_a_full_run() {
    let (host, checkpoint) = begun(host());
    let gone = r#"{"error":{"code":"syncStateNotFound","message":"Zoé"}}"#;
    for (status, body) in
        [(410, gone), (400, gone), (410, ""), (400, r#"{"error":{"code":"Directory_ExpiredPageToken","message":"x"}}"#)]
    {
        let host = begun(super::host()).0.answers("users/delta?$deltatoken=L", status, body);
        let failure = call(&host, SyncMode::Incremental, Some(checkpoint.clone())).unwrap_err();
        assert_eq!(failure.kind, FailKind::CursorExpired, "{body}");
        assert!(!failure.message.contains("Zoé"));
    }
    for from in [None, Some(b"{}".to_vec()), Some(b"\xff".to_vec())] {
        let failure = call(&host, SyncMode::Incremental, from).unwrap_err();
        assert_eq!(failure.kind, FailKind::CursorExpired);
    }
    // a checkpoint is no place within a full run
    let failure = call(&host, SyncMode::Full, Some(checkpoint)).unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired);
}

#[test]
fn links_that_lead_elsewhere_are_not_followed() {
    for link in [
        "https://graph.example/v1.0/users/delta?$skiptoken=1",
        "https://graph.microsoft.com.example/v1.0/users/delta?$skiptoken=1",
        "https://graph.microsoft.com/beta/users/delta?$skiptoken=1",
        "https://graph.microsoft.com/v1.0/usersx?$skiptoken=1",
        "https://graph.microsoft.com/v1.0/users/../me?$skiptoken=1",
        "https://graph.microsoft.com/v1.0/groups/delta?$skiptoken=1",
        "/v1.0/users/delta?$skiptoken=1",
    ] {
        let body = format!(r#"{{"value":[],"@odata.nextLink":"{link}"}}"#);
        let host = host().latest(USERS).answers(USERS, 200, &body);
        let failure = run(&host, SyncMode::Full, None).unwrap_err();
        assert_eq!(failure.kind, FailKind::Denied, "{link}");
        assert!(!failure.message.contains("skiptoken"), "{}", failure.message);
    }
    let long = format!(r#"{{"value":[],"@odata.nextLink":"{BASE}users/delta?$skiptoken={}"}}"#, "x".repeat(3_000));
    let host = host().latest(USERS).answers(USERS, 200, &long);
    assert_eq!(run(&host, SyncMode::Full, None).unwrap_err().kind, FailKind::Limit);
}

#[test]
fn a_page_without_any_link_is_no_end() {
    let host = host().latest(USERS).page(USERS, &user("a", ""), "");
    let failure = run(&host, SyncMode::Full, None).unwrap_err();
    assert_eq!(failure.kind, FailKind::Unavailable);
    assert!(failure.message.contains("neither a next link nor a delta link"));
}

#[test]
fn another_address_is_used_with_its_own_credential_and_both_are_needed() {
    let host = || ScriptedHost::new().with_fields(FIELDS).with_config("graph-url", "https://gate.bank.example/g/");
    let failure = run(&host(), SyncMode::Full, None).unwrap_err();
    assert_eq!(failure.kind, FailKind::Config);
    let base = "https://gate.bank.example/g/v1.0/";
    let page = |link: &str| format!(r#"{{"value":[],"@odata.deltaLink":"{base}{link}"}}"#);
    let host = host()
        .with_config("login-url", "https://gate.bank.example/l")
        .with_answer("GET", &format!("{base}{USERS}&$deltatoken=latest"), 200, page("users/delta?$deltatoken=1"))
        .with_answer("GET", &format!("{base}{USERS}"), 200, page("users/delta?$deltatoken=2"));
    run(&host, SyncMode::Full, None).unwrap();
    assert!(host.requests().iter().all(|request| request.credential.as_deref() == Some("elsewhere-secret")));
}

#[test]
fn a_certificate_takes_the_place_of_the_secret_where_it_is_chosen() {
    let host = |how: &str| host().with_config("authentication", how);
    let known = host("Certificate").latest(USERS).page(USERS, "", "users/delta?$deltatoken=1");
    run(&known, SyncMode::Full, None).unwrap();
    assert!(known.requests().iter().all(|request| request.credential.as_deref() == Some("certificate")));
    let failure = call(&host("password"), SyncMode::Full, None).unwrap_err();
    assert_eq!(failure.kind, FailKind::Config);
    assert!(failure.message.contains("one of: secret, certificate"), "{}", failure.message);
}
