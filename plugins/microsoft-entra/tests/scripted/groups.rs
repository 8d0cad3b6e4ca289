//! Groups, groups in groups, large ones, hidden ones, and those that go.

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Cursor, Event, FailKind, SyncMode};

use super::{Answers, GROUPS, USERS, begun, call, host, run};

fn with_groups() -> ScriptedHost {
    host().with_config("groups", "true")
}

fn members(group: &str) -> String {
    format!("groups/{group}/members?$select=id&$top=999")
}

/// Groups with their members, parts put together as the host does it.
fn told(events: &[Event]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut open = false;
    for event in events {
        match event {
            Event::Group(group) => {
                let members = group.members.join(" ");
                if open {
                    let last = all.last_mut().unwrap();
                    assert!(last.starts_with(&format!("{}:", group.id)), "another group before its end");
                    last.push(' ');
                    last.push_str(&members);
                } else {
                    all.push(format!("{}: {members}", group.id));
                }
                open = group.more;
            }
            Event::GroupGone(id) => all.push(format!("{id} gone")),
            Event::Rejected(rejected) => all.push(format!("{:?} rejected", rejected.id)),
            other => panic!("{other:?}"),
        }
    }
    assert!(!open);
    all
}

#[test]
fn a_group_is_told_with_all_of_its_members_and_groups_in_it() {
    let delta = r#"{"id":"g","displayName":" Print shop ","members@delta":[{"id":"a"}]},
        {"id":"n","displayName":null},
        {"id":"o","displayName":"Old","@removed":{"reason":"deleted"}}"#;
    let of_g = r##"{"@odata.type":"#microsoft.graph.user","id":"a"},{"@odata.type":"#microsoft.graph.group","id":"h"},
        {"@odata.type":"#microsoft.graph.device","id":"d"},{"@odata.type":"#microsoft.graph.servicePrincipal","id":"s"},
        {"id":"b"}"##;
    let host = with_groups()
        .latest(USERS)
        .latest(GROUPS)
        .page(USERS, "", "users/delta?$deltatoken=1")
        .page(GROUPS, delta, "groups/delta?$skiptoken=1")
        // a large group goes on on the next page of the delta
        .page(
            "groups/delta?$skiptoken=1",
            r#"{"id":"g","displayName":" Print shop ","members@delta":[{"id":"b"}]},{"id":"h","displayName":"H"}"#,
            "groups/delta?$deltatoken=1",
        )
        .page(&members("g"), of_g, "")
        .page(&members("h"), "", "");
    let (events, _) = run(&host, SyncMode::Full, None).unwrap();
    assert_eq!(told(&events), ["g: a h b", "Some(\"n\") rejected", "h: "]);
    let Some(Event::Group(group)) = events.first() else { panic!() };
    assert_eq!((group.name.as_str(), group.position.as_deref()), ("Print shop", Some("group g")));
    assert_eq!(host.unanswered(), [""; 0]);
}

#[test]
fn a_later_run_reads_those_that_changed_and_tells_who_went() {
    let (host, checkpoint) = begun(with_groups());
    let before = host.requests().len();
    let quiet = host.page("users/delta?$deltatoken=L", "", "users/delta?$deltatoken=2").page(
        "groups/delta?$deltatoken=L",
        "",
        "groups/delta?$deltatoken=2",
    );
    let (events, checkpoint) = run(&quiet, SyncMode::Incremental, Some(checkpoint)).unwrap();
    assert_eq!((events.len(), quiet.requests().len() - before), (0, 2));

    let delta = r#"{"id":"g","displayName":"G","members@delta":[{"id":"a","@removed":{"reason":"deleted"}}]},
        {"id":"x","@removed":{"reason":"changed"}},{"id":"m","displayName":"Went meanwhile"}"#;
    let host = quiet
        .page("users/delta?$deltatoken=2", "", "users/delta?$deltatoken=3")
        .page("groups/delta?$deltatoken=2", delta, "groups/delta?$deltatoken=3")
        .page(&members("g"), r#"{"id":"b"}"#, "")
        .answers(&members("m"), 404, r#"{"error":{"code":"Request_ResourceNotFound"}}"#);
    let (events, _) = run(&host, SyncMode::Incremental, Some(checkpoint)).unwrap();
    assert_eq!(told(&events), ["g: b", "x gone", "m gone"]);
}

#[test]
fn members_come_page_by_page_and_a_large_group_in_parts() {
    let ids = |from: usize| {
        let all: Vec<_> = (from..from + 999).map(|number| format!(r#"{{"id":"p{number}"}}"#)).collect();
        all.join(",")
    };
    let mut host = with_groups().latest(USERS).latest(GROUPS).page(USERS, "", "users/delta?$deltatoken=1").page(
        GROUPS,
        r#"{"id":"g","displayName":"Everyone"}"#,
        "groups/delta?$deltatoken=1",
    );
    for page in 0..=20 {
        let at = if page == 0 { members("g") } else { format!("groups/g/members?$skiptoken={page}") };
        let next = if page == 20 { String::new() } else { format!("groups/g/members?$skiptoken={}", page + 1) };
        host = host.page(&at, &ids(page * 999), &next);
    }
    let (events, _) = run(&host, SyncMode::Full, None).unwrap();
    assert_eq!(events.len(), 3);
    let all = told(&events).join("");
    let expected: Vec<_> = (0..21 * 999).map(|number| format!("p{number}")).collect();
    assert!(all == format!("g: {}", expected.join(" ")), "in order, each once");
}

#[test]
fn a_group_of_which_nothing_else_can_be_read_goes_on_in_the_next_call() {
    let first = members("g");
    let host = with_groups()
        .latest(USERS)
        .latest(GROUPS)
        .page(USERS, "", "users/delta?$deltatoken=1")
        .page(GROUPS, r#"{"id":"g","displayName":"G"}"#, "groups/delta?$deltatoken=1")
        .page(&first, r#"{"id":"a"}"#, "groups/g/members?$skiptoken=1")
        .answers("groups/g/members?$skiptoken=1", 503, "");
    let people = call(&host, SyncMode::Full, None).unwrap();
    let part = call(&host, SyncMode::Full, people.next).unwrap();
    let [Event::Group(group)] = part.events.as_slice() else { panic!("{:?}", part.events) };
    assert!(group.more && group.members == ["a"]);
    // and then it was deleted: what was begun has an end
    let host = host.answers("groups/g/members?$skiptoken=1", 404, "").page(
        GROUPS,
        r#"{"id":"g","displayName":"G"}"#,
        "groups/delta?$deltatoken=1",
    );
    let rest = call(&host, SyncMode::Full, part.next).unwrap();
    let [Event::Group(group)] = rest.events.as_slice() else { panic!("{:?}", rest.events) };
    assert!(!group.more && group.members.is_empty() && rest.next.is_none());
}

#[test]
fn a_group_with_hidden_members_is_refused_and_the_others_go_on() {
    let host = with_groups()
        .latest(USERS)
        .latest(GROUPS)
        .page(USERS, "", "users/delta?$deltatoken=1")
        .page(GROUPS, r#"{"id":"g","displayName":"G"},{"id":"h","displayName":"H"}"#, "groups/delta?$deltatoken=1")
        .answers(&members("g"), 403, r#"{"error":{"code":"Authorization_RequestDenied"}}"#)
        .page(&members("h"), r#"{"id":"a"}"#, "");
    let (events, _) = run(&host, SyncMode::Full, None).unwrap();
    assert_eq!(told(&events), ["Some(\"g\") rejected", "h: a"]);
}

#[test]
fn groups_that_are_switched_on_or_off_are_read_anew() {
    let (_, without) = begun(host());
    let (_, with): (_, Cursor) = begun(with_groups());
    for (host, checkpoint) in [(with_groups(), without), (host(), with)] {
        let failure = call(&host, SyncMode::Incremental, Some(checkpoint)).unwrap_err();
        assert_eq!((failure.kind, host.requests().len()), (FailKind::CursorExpired, 0));
    }
}
