//! What Graph and the host refuse, in words: what is missing, and what would mend it.

use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::http::{Outcome, Response};
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Connector, FailKind, Failure, SyncMode};

use super::{Answers, BASE, GROUPS, USERS, begun, call, host};

const DENIED: &str = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges, Zoé"}}"#;

fn refused(status: u16, body: &str) -> Failure {
    let host = host().answers(&format!("{USERS}&$deltatoken=latest"), status, body);
    call(&host, SyncMode::Full, None).unwrap_err()
}

#[test]
fn a_missing_permission_is_named_with_what_to_click() {
    let failure = refused(403, DENIED);
    assert_eq!(failure.kind, FailKind::Denied);
    for words in [
        "User.Read.All",
        "Directory.Read.All serves too",
        "403 Authorization_RequestDenied",
        "withdrawn",
        "Grant admin consent",
        "API permissions",
        "people",
    ] {
        assert!(failure.message.contains(words), "{words}: {}", failure.message);
    }
    assert!(!failure.message.contains("Zoé"), "{}", failure.message);

    let host = host().with_config("groups", "true").latest(USERS);
    let host = host.answers(&format!("{GROUPS}&$deltatoken=latest"), 403, DENIED);
    let failure = call(&host, SyncMode::Full, None).unwrap_err();
    assert!(failure.message.contains("Group.Read.All") && failure.message.contains("groups"), "{}", failure.message);
}

#[test]
fn other_refusals_have_their_kinds() {
    for (status, body, kind, words) in [
        (401, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#, FailKind::Auth, "removed from the tenant"),
        (400, r#"{"error":{"code":"BadRequest"}}"#, FailKind::Internal, "400 BadRequest"),
        (404, "", FailKind::NotFound, "404"),
        (405, "<html>", FailKind::Unsupported, "405"),
        (500, "", FailKind::Unavailable, "cannot answer now (500)"),
        (504, r#"{"error":{"code":"<script>"}}"#, FailKind::Unavailable, "(504)"),
        (302, "", FailKind::Config, "302"),
        (200, "<html>", FailKind::Unavailable, "cannot be read"),
    ] {
        let failure = refused(status, body);
        assert_eq!(failure.kind, kind, "{status}");
        assert!(failure.message.contains(words) && !failure.message.contains("script"), "{}", failure.message);
    }
}

#[test]
fn retry_after_is_told() {
    for (status, kind) in [(429, FailKind::RateLimited), (503, FailKind::Unavailable)] {
        let mut answer = Response::new(status, r#"{"error":{"code":"TooManyRequests"}}"#);
        answer.headers.push(("retry-after".into(), "7".into()));
        let url = format!("{BASE}{USERS}&$deltatoken=latest");
        let host = host().with_outcome("GET", &url, Ok(Outcome::Response(answer)));
        let failure = call(&host, SyncMode::Full, None).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (kind, Some(7_000)));
    }
}

#[test]
fn what_the_token_endpoint_says_comes_with_advice() {
    for (code, advice) in [
        ("invalid_client", "Certificates & secrets"),
        ("unauthorized_client", "Enterprise applications"),
        ("invalid_request", "`tenant`"),
        ("temporarily_unavailable", ""),
    ] {
        let said = Failure::new(FailKind::Auth, format!("the token endpoint refused: {code}"));
        let url = format!("{BASE}{USERS}&$deltatoken=latest");
        let host = host().with_outcome("GET", &url, Err(said.clone()));
        let failure = call(&host, SyncMode::Full, None).unwrap_err();
        assert_eq!(failure.kind, FailKind::Auth);
        assert!(failure.message.starts_with(&said.message) && failure.message.contains(advice), "{}", failure.message);
    }
}

fn checked(host: ScriptedHost) -> Vec<(String, bool, String)> {
    let probes = MicrosoftEntra::check(&host);
    assert_eq!(host.unanswered(), [""; 0]);
    probes.into_iter().map(|probe| (probe.name, probe.passed, probe.detail)).collect()
}

const TENANT: &str = "organization?$select=id,displayName";
const BANK: &str = r#"{"value":[{"id":"t","displayName":"Bank"}]}"#;
const SOMEBODY: &str = "users?$select=id&$top=1";

#[test]
fn the_check_tries_what_is_switched_on_and_nothing_else() {
    let least = host().answers(TENANT, 200, BANK).latest(USERS).page(SOMEBODY, r#"{"id":"a"}"#, "");
    let probes = checked(least);
    let names: Vec<_> = probes.iter().map(|(name, passed, _)| (name.as_str(), *passed)).collect();
    assert_eq!(names, [("tenant", true), ("people", true)]);
    assert!(probes[0].2.contains("Bank"));

    let id = "6f1e0f3a-0000-4000-8000-000000000009";
    let all = host()
        .with_config("groups", "true")
        .with_config("photos", "true")
        .with_config("administrators", "true")
        .answers(TENANT, 200, BANK)
        .latest(USERS)
        .page(SOMEBODY, &format!(r#"{{"id":"{id}"}}"#), "")
        .latest(GROUPS)
        .page("groups?$select=id&$top=1", r#"{"id":"g"}"#, "")
        .answers("groups/g/members?$select=id&$top=1", 403, DENIED)
        .answers(&format!("users/{id}/photo"), 404, r#"{"error":{"code":"ImageNotFound"}}"#)
        .page(SOMEBODY, &format!(r#"{{"id":"{id}"}}"#), "")
        .answers("directoryRoles?$select=id", 403, DENIED);
    let probes = checked(all);
    let told: Vec<_> = probes.iter().map(|(name, passed, _)| (name.as_str(), *passed)).collect();
    let expected = [("tenant", true), ("people", true), ("groups", false), ("photos", true), ("administrators", false)];
    assert_eq!(told, expected);
    assert!(probes[2].2.contains("Group.Read.All") && probes[4].2.contains("Directory.Read.All"));
}

#[test]
fn a_wrong_secret_is_said_once_for_each_of_the_first_two() {
    let refuse = || Err(Failure::new(FailKind::Auth, "the token endpoint refused: invalid_client (status 401)"));
    let host = host()
        .with_config("groups", "true")
        .with_outcome("GET", &format!("{BASE}{TENANT}"), refuse())
        .with_outcome("GET", &format!("{BASE}{USERS}&$deltatoken=latest"), refuse());
    let probes = checked(host);
    assert_eq!(probes.len(), 2);
    assert!(probes.iter().all(|(_, passed, detail)| !passed && detail.contains("client secret is wrong")));
}

#[test]
fn a_run_that_cannot_go_on_says_so_and_one_that_moved_keeps_what_it_has() {
    let (host, checkpoint) = begun(host().with_config("groups", "true"));
    let host = host
        .page("users/delta?$deltatoken=L", "", "users/delta?$deltatoken=2")
        .page(
            "groups/delta?$deltatoken=L",
            r#"{"id":"g","displayName":"G"},{"id":"h","displayName":"H"}"#,
            "groups/delta?$deltatoken=3",
        )
        .page("groups/g/members?$select=id&$top=999", r#"{"id":"a"}"#, "")
        .answers("groups/h/members?$select=id&$top=999", 429, "");
    let people = call(&host, SyncMode::Incremental, Some(checkpoint)).unwrap();
    let partial = call(&host, SyncMode::Incremental, people.next).unwrap();
    assert_eq!(partial.events.len(), 1);
    // the next call begins with the group that was refused, and not with the one that was told
    let page = r#"{"id":"g","displayName":"G"},{"id":"h","displayName":"H"}"#;
    let host = host.page("groups/delta?$deltatoken=L", page, "groups/delta?$deltatoken=3");
    let refused = host.answers("groups/h/members?$select=id&$top=999", 429, "");
    let failure = call(&refused, SyncMode::Incremental, partial.next.clone()).unwrap_err();
    assert_eq!(failure.kind, FailKind::RateLimited);
    let host = refused.page("groups/delta?$deltatoken=L", page, "groups/delta?$deltatoken=3").page(
        "groups/h/members?$select=id&$top=999",
        "",
        "",
    );
    let last = call(&host, SyncMode::Incremental, partial.next).unwrap();
    assert_eq!((last.events.len(), last.next), (1, None));
}
