//! Google when it is busy, ill, forgetful, or no longer lets us in.

use std::time::Instant;

use estampe_fakes::Broken;
use estampe_fakes::google::ADMIN;
use estampe_plugin_google_workspace::GoogleWorkspace;
use estampe_plugin_sdk::{Connector, FailKind, Mailboxes, SyncMode};

use crate::{Bench, SCOPES, host_for};

#[test]
fn who_asks_to_wait_is_waited_for_and_nobody_is_lost() {
    let bench = Bench::new(330).with("groups", "true");
    bench.google.control().throttle_next(1, 1);
    let begun = Instant::now();
    let failure = bench.host.page::<GoogleWorkspace>(SyncMode::Full, None).unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (FailKind::RateLimited, Some(1_000)));
    let told = bench.run();
    assert!(begun.elapsed().as_millis() >= 1_000);
    assert_eq!(told.people.len(), 331);
    // in the middle of photos, and of groups
    for part in ["/photos/", "/members"] {
        bench.google.control().only(Some(part));
        bench.google.control().rate(30, std::time::Duration::from_millis(500), 1);
        let other = Bench { host: bench.fresh().with_config("groups", "true"), google: bench.google.clone() };
        let told = other.run();
        assert_eq!((told.people.len(), told.groups.len()), (331, 8), "{part}");
        assert!(part != "/photos/" || other.google.control().log().iter().any(|asked| asked.status == 429));
        bench.google.control().well_again();
    }
}

#[test]
fn a_run_gets_through_where_some_requests_fail() {
    let bench = Bench::new(330).with("groups", "true");
    bench.google.control().flaky(7, 15, 503);
    let told = bench.run();
    let photographed = bench.google.people(|people| people.photos.len());
    assert_eq!((told.people.len(), told.with_photo(), told.groups.len()), (331, photographed, 8));
    bench.google.control().well_again();
    // a body that ends in its middle is no answer
    bench.google.control().break_next(1, Broken::WithinBody);
    assert_eq!(bench.host.page::<GoogleWorkspace>(SyncMode::Full, None).unwrap_err().kind, FailKind::Unavailable);
    bench.google.control().fail_next(9, 500);
    assert_eq!(bench.host.page::<GoogleWorkspace>(SyncMode::Full, None).unwrap_err().kind, FailKind::Unavailable);
}

#[test]
fn a_page_that_google_forgot_begins_the_run_anew() {
    let bench = Bench::new(620).with("groups", "true").with("photos", "false");
    let first = bench.host.page::<GoogleWorkspace>(SyncMode::Full, None).unwrap();
    bench.google.expire_pages();
    let failure = bench.host.page::<GoogleWorkspace>(SyncMode::Full, first.next).unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired);
    assert_eq!(bench.run().people.len(), 621);
    // a cursor of another version
    let failure = bench.host.page::<GoogleWorkspace>(SyncMode::Full, Some(b"x".to_vec())).unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired);
}

#[test]
fn a_quota_that_is_used_up_is_no_refusal() {
    let bench = Bench::new(3).with("signatures", "true");
    let mailbox = bench.email(1);
    bench.google.quota(1);
    assert!(bench.host.call(|host| GoogleWorkspace::read_signatures(host, &mailbox)).is_ok());
    let failure = bench.host.call(|host| GoogleWorkspace::read_signatures(host, &mailbox)).unwrap_err();
    assert_eq!(failure.kind, FailKind::RateLimited, "{failure:?}");
}

#[test]
fn tokens_that_ended_are_fetched_anew() {
    let bench = Bench::new(30);
    bench.run();
    bench.google.expire_tokens();
    assert_eq!(bench.run().people.len(), 31);
}

#[test]
fn a_delegation_that_was_taken_back_is_said_plainly() {
    let bench = Bench::new(30);
    bench.run();
    bench.google.revoke_delegation();
    let failure = bench.host.full_run::<GoogleWorkspace>().unwrap_err();
    assert_eq!(failure.kind, FailKind::Auth);
    for words in ["taken back", "domain-wide delegation", "client ID", "auth/admin.directory.user.readonly"] {
        assert!(failure.message.contains(words), "{words}: {}", failure.message);
    }
}

#[test]
fn who_acts_for_us_must_be_an_administrator_and_there() {
    let bench = Bench::new(30);
    let (nobody, gone) = (bench.email(1), bench.email(2));
    let ask = |administrator: &str| {
        let host = host_for(&bench.google, administrator);
        host.full_run::<GoogleWorkspace>().unwrap_err()
    };
    let failure = ask(&nobody);
    assert_eq!(failure.kind, FailKind::Denied);
    assert!(failure.message.contains("`administrator`") && !failure.message.contains(&nobody), "{}", failure.message);
    bench.google.people(|people| people.suspend(&gone, true));
    let failure = ask(&gone);
    assert_eq!(failure.kind, FailKind::Auth);
    assert!(failure.message.contains("is suspended") && !failure.message.contains(&gone), "{}", failure.message);
}

#[test]
fn each_scope_is_tried_by_itself() {
    let bench = Bench::new(30).with("groups", "true").with("signatures", "true");
    let probes = || bench.host.call(|host| GoogleWorkspace::check(host));
    let all = probes();
    let names: Vec<_> = all.iter().map(|probe| probe.name.as_str()).collect();
    assert_eq!(names, ["scopes", "organisation", "people", "groups", "roles", "signatures"]);
    assert!(all.iter().all(|probe| probe.passed), "{all:?}");
    assert_eq!(all[0].detail.matches("https://www.googleapis.com/auth/").count(), 5);
    assert!(all[1].detail.ends_with("Banque Exemple"));

    // one scope less: that one alone is missed, with where to paste it
    for (number, (_, missing)) in SCOPES.iter().enumerate() {
        let others = SCOPES.iter().filter(|(_, name)| name != missing);
        let others: Vec<String> = others.map(|(_, name)| estampe_fakes::google::scope(name)).collect();
        bench.google.revoke_delegation();
        bench.google.delegate(&others.iter().map(String::as_str).collect::<Vec<_>>());
        let host = bench.fresh().with_config("groups", "true").with_config("signatures", "true");
        let failed: Vec<_> = GoogleWorkspace::check(&host).into_iter().filter(|probe| !probe.passed).collect();
        let name = ["people", "groups", "organisation", "roles", "signatures"][number];
        assert_eq!(failed.iter().map(|probe| probe.name.as_str()).collect::<Vec<_>>(), [name]);
        assert!(failed[0].detail.contains(missing) && failed[0].detail.contains("domain-wide delegation"));
    }

    // the least: what is switched on by itself
    let host = bench.fresh();
    let names: Vec<_> = GoogleWorkspace::check(&host).into_iter().map(|probe| probe.name).collect();
    assert_eq!(names, ["scopes", "organisation", "people"]);
    // an administrator without Gmail
    bench.google.people(|people| people.set(ADMIN, "isMailboxSetup", false.into()));
    let all: Vec<String> = SCOPES.iter().map(|(_, name)| estampe_fakes::google::scope(name)).collect();
    bench.google.delegate(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let host = bench.fresh().with_config("signatures", "true");
    let last = GoogleWorkspace::check(&host).pop().unwrap();
    assert!(last.passed && last.detail.contains("no mailbox"), "{last:?}");
}
