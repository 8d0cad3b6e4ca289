//! Photos: by their versions, and only when they are wanted.

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Event, FailKind, Person, SyncMode};

use super::{Answers, USERS, call, host, run};

fn with_photos() -> ScriptedHost {
    let users = r#"{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}"#;
    host().with_config("photos", "true").latest(USERS).page(USERS, users, "users/delta?$deltatoken=1")
}

fn etag(version: &str) -> String {
    format!(r#"{{"@odata.mediaEtag":"{version}","id":"96x96"}}"#)
}

fn people(events: Vec<Event>) -> Vec<Person> {
    let person = |event| match event {
        Event::Person(person) => person,
        other => panic!("{other:?}"),
    };
    events.into_iter().map(person).collect()
}

const NONE: &str = r#"{"error":{"code":"ImageNotFound"}}"#;

#[test]
fn what_is_known_is_not_fetched() {
    let host = with_photos()
        .with_known_photo("a", "v1")
        .with_known_photo("b", "v1")
        .answers("users/a/photo", 200, &etag("v1"))
        .answers("users/b/photo", 200, &etag("v2"))
        .answers("users/b/photo/$value", 200, "new")
        .answers("users/c/photo", 404, NONE)
        .answers("users/d/photo", 200, "{}")
        .answers("users/d/photo/$value", 200, "no version");
    let told = people(run(&host, SyncMode::Full, None).unwrap().0);
    let photos: Vec<_> = told.iter().map(|person| (person.photo.as_deref(), person.photo_etag.as_deref())).collect();
    let expected: [(Option<&[u8]>, Option<&str>); 4] =
        [(None, Some("v1")), (Some(b"new"), Some("v2")), (None, None), (Some(b"no version"), None)];
    assert_eq!(photos, expected);
    assert_eq!(host.unanswered(), [""; 0]);
}

#[test]
fn one_that_went_between_is_none_and_a_refusal_names_the_permission() {
    let host = with_photos()
        .answers("users/a/photo", 200, &etag("v1"))
        .answers("users/a/photo/$value", 404, NONE)
        .answers("users/b/photo", 404, NONE)
        .answers("users/c/photo", 404, NONE)
        .answers("users/d/photo", 404, NONE);
    let told = people(run(&host, SyncMode::Full, None).unwrap().0);
    assert!(told.iter().all(|person| person.photo.is_none() && person.photo_etag.is_none()));

    let host = with_photos().answers("users/a/photo", 403, r#"{"error":{"code":"Authorization_RequestDenied"}}"#);
    let failure = run(&host, SyncMode::Full, None).unwrap_err();
    assert_eq!(failure.kind, FailKind::Denied);
    assert!(failure.message.contains("ProfilePhoto.Read.All"), "{}", failure.message);
}

#[test]
fn those_that_are_done_stay_when_graph_wants_a_pause() {
    let host = with_photos()
        .answers("users/a/photo", 404, NONE)
        .answers("users/b/photo", 200, &etag("v1"))
        .answers("users/c/photo", 429, "")
        .answers("users/b/photo/$value", 429, "");
    let page = call(&host, SyncMode::Full, None).unwrap();
    let told: Vec<_> = people(page.events).into_iter().map(|person| person.id).collect();
    assert_eq!(told, ["a"]);
    let host = host
        .page(USERS, r#"{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}"#, "users/delta?$deltatoken=1")
        .answers("users/b/photo", 404, NONE)
        .answers("users/c/photo", 404, NONE)
        .answers("users/d/photo", 404, NONE);
    let page = call(&host, SyncMode::Full, page.next).unwrap();
    let told: Vec<_> = people(page.events).into_iter().map(|person| person.id).collect();
    assert_eq!((told.join(" ").as_str(), page.next), ("b c d", None));
}

#[test]
fn a_photo_of_many_mib_is_left_out() {
    let host = host()
        .with_config("photos", "true")
        .latest(USERS)
        .page(USERS, r#"{"id":"a"}"#, "users/delta?$deltatoken=1")
        .answers("users/a/photo", 200, &etag("v1"))
        .answers("users/a/photo/$value", 200, &"x".repeat((4 << 20) + 1));
    let told = people(run(&host, SyncMode::Full, None).unwrap().0);
    assert!(told[0].photo.is_none() && told[0].photo_etag.is_none());
    assert_eq!(host.logged().len(), 1);
}

#[test]
fn large_photos_are_handed_over_before_more_are_fetched() {
    let mut host = with_photos();
    for id in ["a", "b", "c"] {
        host = host.answers(&format!("users/{id}/photo"), 200, &etag("v1"));
    }
    let large = "x".repeat(3 << 20);
    let host = host.answers("users/d/photo", 404, NONE).answers("users/a/photo/$value", 200, &large).answers(
        "users/b/photo/$value",
        200,
        &large,
    );
    let page = call(&host, SyncMode::Full, None).unwrap();
    let told: Vec<_> = people(page.events).into_iter().map(|person| person.id).collect();
    assert_eq!((told.join(" ").as_str(), page.next.is_some()), ("a b", true));
}
