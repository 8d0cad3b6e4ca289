//! Each rule by itself, against answers that a test wrote down.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use estampe_plugin_google_workspace::GoogleWorkspace;
use estampe_plugin_sdk::http::{Outcome, Response};
use estampe_plugin_sdk::testing::{ScriptedHost, full_run};
use estampe_plugin_sdk::{
    Connector, Event, FailKind, Failure, MAX_MEMBERS, Mailboxes, Organisation, Page, Person, SyncMode, Value,
};
use serde_json::{Value as Json, json};

const DIRECTORY: &str = "https://admin.googleapis.com/admin/directory/v1";
const GMAIL: &str = "https://gmail.googleapis.com/gmail/v1/users/me/settings/sendAs";
const SENDERS: &str = "fields=sendAs%28sendAsEmail%2Csignature%2CisPrimary%2CverificationStatus%29";

/// Where users are listed, for these fields, with what follows.
fn users(mask: &str, more: &str) -> String {
    let mask = mask.replace(',', "%2C");
    format!("{DIRECTORY}/users?customer=my_customer&maxResults=500&fields=nextPageToken%2Cusers%28{mask}%29&{more}")
}

/// What is asked for of everybody.
const ALWAYS: &str = "archived,id,isGuestUser,suspended,thumbnailPhotoEtag";

fn alive(mask: &str) -> String {
    users(mask, "orderBy=email")
}

fn deleted() -> String {
    users("id", "showDeleted=true")
}

fn photo(id: &str) -> String {
    format!("{DIRECTORY}/users/{id}/photos/thumbnail?fields=photoData")
}

/// One person, of whom these fields are wanted.
fn person(user: Json, fields: &[&str], mask: &str) -> Vec<Event> {
    let listed = json!({"kind": "admin#directory#users", "users": [user]});
    let host = ScriptedHost::new()
        .with_fields(fields)
        .with_answer("GET", &alive(mask), 200, listed.to_string())
        .with_answer("GET", &deleted(), 200, "{}");
    let events = full_run::<GoogleWorkspace>(&host).unwrap().into_iter().flatten().collect();
    assert_eq!(host.unanswered(), [""; 0]);
    events
}

fn only(events: Vec<Event>) -> Person {
    match events.into_iter().next() {
        Some(Event::Person(person)) => person,
        other => panic!("{other:?}"),
    }
}

fn texts(person: &Person, name: &str) -> Vec<String> {
    match person.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value) {
        None => Vec::new(),
        Some(Value::Text(text)) => vec![text.clone()],
        Some(Value::Texts(texts)) => texts.clone(),
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn what_is_of_work_is_taken_and_what_is_of_home_is_not() {
    let user = json!({
        "id": "1", "primaryEmail": "zoe@banque.example",
        "name": {"givenName": "Zoé", "familyName": "Lefèvre", "fullName": "Zoé Lefèvre", "displayName": "Zoé L."},
        "phones": [
            {"value": "+33 1 00", "type": "home", "primary": true},
            {"value": "+33 6 22", "type": "mobile"},
            {"value": "+33 1 11", "type": "work"},
            {"value": "+33 1 12", "type": "work_fax"},
            {"value": "+33 6 11", "type": "work_mobile"},
            {"value": "+33 1 13", "type": "main"},
        ],
        "organizations": [
            {"title": "Élève", "type": "school"},
            {"title": "Ancienne", "department": "Audit"},
            {"title": "Juriste", "primary": true, "name": " Banque ", "location": "Lyon 3"},
        ],
        "addresses": [
            {"type": "home", "locality": "Pau", "postalCode": "64000", "primary": true},
            {"type": "work", "streetAddress": "1 rue A", "locality": "Lyon", "countryCode": "FR", "region": "ARA",
             "formatted": "1 rue A, Lyon"},
        ],
        "websites": [{"value": "https://home.example", "type": "home"}, {"value": "https://w.example", "type": "work"}],
        "languages": [{"languageCode": "en", "preference": "not_preferred"}, {"languageCode": "fr", "preference": "preferred"}],
        "externalIds": [{"value": "x", "type": "login_id"}, {"value": "M1", "type": "organization"}],
        "aliases": ["z@banque.example", "z@banque.example"], "orgUnitPath": "/Siège",
    });
    let fields = [
        "displayName",
        "cn",
        "givenName",
        "sn",
        "title",
        "o",
        "department",
        "physicalDeliveryOfficeName",
        "telephoneNumber",
        "mobile",
        "street",
        "postalAddress",
        "postalCode",
        "l",
        "st",
        "co",
        "labeledURI",
        "preferredLanguage",
        "employeeNumber",
        "aliases",
        "orgUnitPath",
        "mail",
        "pronouns",
    ];
    let mask = "addresses,aliases,archived,externalIds,id,isGuestUser,languages,locations,name,orgUnitPath,\
                organizations,phones,primaryEmail,suspended,thumbnailPhotoEtag,websites";
    let zoe = only(person(user, &fields, mask));
    for (name, expected) in [
        ("displayName", &["Zoé L."][..]),
        ("cn", &["Zoé Lefèvre"]),
        ("title", &["Juriste"]),
        ("o", &["Banque"]),
        ("department", &["Audit"]),
        ("physicalDeliveryOfficeName", &["Lyon 3"]),
        ("telephoneNumber", &["+33 1 11", "+33 1 13"]),
        ("mobile", &["+33 6 11", "+33 6 22"]),
        ("street", &["1 rue A"]),
        ("postalAddress", &["1 rue A, Lyon"]),
        // parts of two addresses make none
        ("postalCode", &[]),
        ("l", &["Lyon"]),
        ("st", &["ARA"]),
        ("co", &["FR"]),
        ("labeledURI", &["https://w.example"]),
        ("preferredLanguage", &["fr"]),
        ("employeeNumber", &["M1"]),
        ("aliases", &["z@banque.example"]),
        ("orgUnitPath", &["/Siège"]),
        ("mail", &["zoe@banque.example"]),
    ] {
        assert_eq!(texts(&zoe, name), expected, "{name}");
    }
    assert!(zoe.active);
    // every attribute that may come is described
    let described = GoogleWorkspace::describe().attributes;
    assert!(zoe.attributes.iter().all(|attribute| described.contains(&attribute.name)));
}

#[test]
fn odd_entries_break_nothing() {
    let odd = json!({
        "id": "1", "phones": "none", "organizations": [null, 7, {"title": 3}], "addresses": {}, "languages": [],
        "name": null, "suspended": null, "thumbnailPhotoEtag": "",
    });
    let mask = "addresses,archived,id,isGuestUser,languages,name,organizations,phones,suspended,thumbnailPhotoEtag";
    let fields = ["cn", "title", "telephoneNumber", "l", "preferredLanguage"];
    let person_of = |user| person(user, &fields, mask);
    let one = only(person_of(odd));
    assert!(one.active && one.attributes.is_empty() && one.photo_etag.is_none());
    for (user, id) in [
        (json!({"name": {"fullName": "x"}}), None),
        (json!({"id": "a\nb"}), None),
        (json!({"id": "x".repeat(256)}), None),
        (json!({"id": "1", "name": {"fullName": "x".repeat(70_000)}}), Some("1")),
    ] {
        match person_of(user).first() {
            Some(Event::Rejected(rejected)) => assert_eq!(rejected.id.as_deref(), id),
            other => panic!("{other:?}"),
        }
    }
    // whoever is of another organisation, and whoever left
    assert!(person_of(json!({"id": "1", "isGuestUser": true})).is_empty());
    for state in ["suspended", "archived"] {
        let mut user = json!({"id": "1"});
        user[state] = true.into();
        assert!(!only(person_of(user)).active, "{state}");
    }
}

#[test]
fn what_was_told_stands_when_a_photo_fails() {
    let listed = json!({"users": [{"id": "1"}, {"id": "2", "thumbnailPhotoEtag": "e2"}, {"id": "3"}]}).to_string();
    let host = ScriptedHost::new()
        .with_fields(&[])
        .with_answer("GET", &alive(ALWAYS), 200, listed.clone())
        .with_answer("GET", &photo("2"), 429, "")
        .with_answer("GET", &alive(ALWAYS), 200, listed.clone())
        .with_answer("GET", &photo("2"), 429, "")
        .with_answer("GET", &alive(ALWAYS), 200, listed.clone())
        .with_answer("GET", &photo("2"), 404, "")
        // whoever was told last has left the listing: it is told again
        .with_answer("GET", &alive(ALWAYS), 200, json!({"users": [{"id": "2"}, {"id": "3"}]}).to_string());
    let page = |from| GoogleWorkspace::sync_page(&host, SyncMode::Full, from);
    let told = |page: &Page| {
        let ids = page.events.iter().map(|event| match event {
            Event::Person(person) => (person.id.clone(), person.photo_etag.clone()),
            other => panic!("{other:?}"),
        });
        ids.collect::<Vec<_>>()
    };
    let first = page(None).unwrap();
    assert_eq!(told(&first), [("1".to_owned(), None)]);
    assert_eq!(page(first.next.clone()).unwrap_err().kind, FailKind::RateLimited);
    let rest = page(first.next.clone()).unwrap();
    assert_eq!(told(&rest), [("2".to_owned(), None), ("3".to_owned(), None)]);
    assert_eq!(told(&page(first.next).unwrap()).len(), 2);
    assert_eq!(host.unanswered(), [""; 0]);
    // known by its version
    let known = ScriptedHost::new().with_fields(&[]).with_known_photo("2", "e2");
    let known = known.with_answer("GET", &alive(ALWAYS), 200, listed);
    let page = GoogleWorkspace::sync_page(&known, SyncMode::Full, None).unwrap();
    assert_eq!(told(&page)[1].1.as_deref(), Some("e2"));
    assert_eq!(known.requests().len(), 1);
}

#[test]
fn a_large_group_is_told_in_parts_and_one_that_went_is_not() {
    let groups = format!(
        "{DIRECTORY}/groups?customer=my_customer&maxResults=200&orderBy=email&fields=nextPageToken%2Cgroups%28id%2C\
         email%2Cname%29"
    );
    let members = |id: &str, token: &str| {
        let fields = "maxResults=200&fields=nextPageToken%2Cmembers%28id%2Ctype%29";
        format!("{DIRECTORY}/groups/{id}/members?{fields}{token}")
    };
    let many = |from: usize, count: usize| {
        (from..from + count).map(|number| json!({"id": number.to_string(), "type": "USER"})).collect::<Vec<_>>()
    };
    let listed = json!({"groups": [
        {"id": "gone", "email": "gone@x"}, {"id": "large", "email": "large@x", "name": "x".repeat(300)},
        {"id": "none", "name": "None"}, {"id": "", "name": "Nothing"},
    ]});
    let first = json!({"members": many(0, MAX_MEMBERS + 5), "nextPageToken": "t"});
    let host = ScriptedHost::new()
        .with_config("groups", "true")
        .with_fields(&[])
        .with_answer("GET", &alive(ALWAYS), 200, "{}")
        .with_answer("GET", &deleted(), 200, "{}")
        .with_answer("GET", &groups, 200, listed.to_string())
        .with_answer("GET", &members("gone", ""), 404, "")
        .with_answer("GET", &members("large", ""), 200, first.to_string())
        .with_answer("GET", &groups, 200, listed.to_string())
        .with_answer("GET", &members("large", "&pageToken=t"), 200, json!({"members": many(50_000, 3)}).to_string())
        .with_answer("GET", &members("none", ""), 200, "{}");
    let events: Vec<_> = full_run::<GoogleWorkspace>(&host).unwrap().into_iter().flatten().collect();
    assert_eq!(host.unanswered(), [""; 0]);
    let parts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Group(group) => Some((group.id.as_str(), group.members.len(), group.more, group.name.len())),
            _ => None,
        })
        .collect();
    assert_eq!(
        parts,
        [("large", MAX_MEMBERS, true, 255), ("large", 5, true, 255), ("large", 3, false, 255), ("none", 0, false, 4)]
    );
    assert!(matches!(events.last(), Some(Event::AllGroups)));
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Rejected(_))).count(), 1);
}

/// What becomes of an answer to the first question of a run.
fn refused(status: u16, body: &str, header: Option<(&str, &str)>) -> Failure {
    let mut response = Response::new(status, body);
    response.headers.extend(header.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut host = ScriptedHost::new().with_fields(&[]);
    for _ in 0..3 {
        host = host.with_outcome("GET", &alive(ALWAYS), Ok(Outcome::Response(response.clone())));
    }
    GoogleWorkspace::sync_page(&host, SyncMode::Full, None).unwrap_err()
}

#[test]
fn googles_refusals_are_told_apart_and_never_repeated() {
    let because = |code: u16, reason: &str| {
        json!({"error": {
            "code": code, "message": "zoe@banque.example", "errors": [{"message": "zoe@banque.example", "reason": reason}],
        }})
        .to_string()
    };
    let disabled = json!({"error": {"code": 403, "details": [{"reason": "SERVICE_DISABLED"}]}}).to_string();
    for (status, body, kind, words) in [
        (401, because(401, "authError"), FailKind::Auth, "taken back"),
        (403, because(403, "quotaExceeded"), FailKind::RateLimited, "quotaExceeded"),
        (403, because(403, "userRateLimitExceeded"), FailKind::RateLimited, "quota"),
        (403, because(403, "rateLimitExceeded"), FailKind::RateLimited, "quota"),
        (403, because(403, "dailyLimitExceeded"), FailKind::RateLimited, "quota"),
        (403, because(403, "accessNotConfigured"), FailKind::Config, "Admin SDK API"),
        (403, disabled, FailKind::Config, "enable it"),
        (403, because(403, "insufficientPermissions"), FailKind::Denied, "auth/admin.directory.user.readonly"),
        (403, because(403, "forbidden"), FailKind::Denied, "super administrator"),
        (404, String::new(), FailKind::NotFound, "nothing"),
        (429, String::new(), FailKind::RateLimited, "fewer"),
        (400, because(400, "zoe@banque.example"), FailKind::Internal, "no reason given"),
        (400, because(400, "invalid"), FailKind::Internal, "invalid"),
        (302, String::new(), FailKind::Config, "elsewhere"),
        (503, String::new(), FailKind::Unavailable, "status 503"),
        (200, "<html>".to_owned(), FailKind::Unavailable, "cannot be read"),
    ] {
        let failure = refused(status, &body, None);
        assert_eq!(failure.kind, kind, "{status} {body}: {}", failure.message);
        assert!(failure.message.contains(words), "{words}: {}", failure.message);
        assert!(!failure.message.contains("zoe@"), "{}", failure.message);
    }
    assert_eq!(refused(429, "", Some(("retry-after", "7"))).retry_after_ms, Some(7_000));
    assert_eq!(refused(503, "", Some(("retry-after", "7"))).retry_after_ms, Some(7_000));
    assert_eq!(
        refused(403, &because(403, "rateLimitExceeded"), Some(("retry-after", "9"))).retry_after_ms,
        Some(9_000)
    );
}

#[test]
fn what_reads_is_asked_again_and_what_writes_is_not() {
    let host = ScriptedHost::new()
        .with_fields(&[])
        .with_answer("GET", &alive(ALWAYS), 502, "")
        .with_answer("GET", &alive(ALWAYS), 500, "")
        .with_answer("GET", &alive(ALWAYS), 200, "{}");
    assert!(GoogleWorkspace::sync_page(&host, SyncMode::Full, None).is_ok());
    let url = format!("{GMAIL}/z%40x.example?fields=signature");
    let host = ScriptedHost::new().with_config("signatures", "true").with_answer("PATCH", &url, 503, "");
    let failure = GoogleWorkspace::push_signature(&host, "m@x.example", "z@x.example", "<b>").unwrap_err();
    assert_eq!(failure.kind, FailKind::Unavailable);
    let request = &host.requests()[0];
    assert_eq!((request.credential.as_deref(), request.subject.as_deref()), (Some("gmail"), Some("m@x.example")));
    assert_eq!(request.body.as_deref(), Some(br#"{"signature":"<b>"}"#.as_slice()));
    // what the plugin does not know the host says itself
    let denied = ScriptedHost::new().with_config("signatures", "true");
    assert_eq!(GoogleWorkspace::read_signatures(&denied, "m@x.example").unwrap_err().kind, FailKind::Denied);
    assert_eq!(GoogleWorkspace::about(&denied).unwrap_err().kind, FailKind::Denied);
}

#[test]
fn a_mailbox_without_gmail_and_one_that_is_full_of_addresses() {
    let url = format!("{GMAIL}?{SENDERS}");
    let read = |status, body: String| {
        let host = ScriptedHost::new().with_config("signatures", "true").with_answer("GET", &url, status, body);
        GoogleWorkspace::read_signatures(&host, "m@x.example")
    };
    let error =
        json!({"error": {"code": 400, "status": "FAILED_PRECONDITION", "errors": [{"reason": "failedPrecondition"}]}});
    assert_eq!(read(400, error.to_string()).unwrap_err().kind, FailKind::NotFound);
    let forbidden = json!({"error": {"code": 403, "errors": [{"reason": "forbidden"}]}});
    assert_eq!(read(403, forbidden.to_string()).unwrap_err().kind, FailKind::Denied);
    assert_eq!(read(200, "{}".to_owned()), Ok(Vec::new()));
    let many: Vec<_> = (0..300).map(|number| json!({"sendAsEmail": format!("{number}@x")})).collect();
    let with_primary = json!({"sendAs": many.into_iter().chain([json!({"sendAsEmail": "m@x", "isPrimary": true})]).collect::<Vec<_>>()});
    let senders = read(200, with_primary.to_string()).unwrap();
    assert_eq!((senders.len(), senders[0].address.as_str()), (200, "m@x"));
}

#[test]
fn a_mailbox_is_not_called_missing_while_nobody_can_tell() {
    let url = format!("{GMAIL}?{SENDERS}");
    let invalid = Failure::new(FailKind::Auth, "the token endpoint refused: invalid_grant (status 400)");
    let away = Failure::new(FailKind::Unavailable, "away");
    let read = |then: Result<Outcome, Failure>| {
        let host = ScriptedHost::new()
            .with_config("signatures", "true")
            .with_config("administrator", "admin@x.example")
            .with_outcome("GET", &url, Err(invalid.clone()))
            .with_outcome("GET", &url, then);
        let failure = GoogleWorkspace::read_signatures(&host, "m@x.example").unwrap_err();
        let subjects: Vec<_> = host.requests().into_iter().filter_map(|request| request.subject).collect();
        assert_eq!(subjects, ["m@x.example", "admin@x.example"]);
        failure.kind
    };
    let answer = |status, body: &str| Ok(Outcome::Response(Response::new(status, body)));
    assert_eq!(read(answer(200, "{}")), FailKind::NotFound);
    let without = r#"{"error": {"code": 400, "status": "FAILED_PRECONDITION"}}"#;
    assert_eq!(read(answer(400, without)), FailKind::NotFound);
    assert_eq!(read(Err(invalid.clone())), FailKind::Auth);
    assert_eq!(read(Err(away)), FailKind::Unavailable);
    assert_eq!(read(answer(429, "")), FailKind::RateLimited);
}
