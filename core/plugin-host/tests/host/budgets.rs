//! Budgets beyond those of an ordinary call: of a whole run, of calls of the host, and those
//! that a plugin asks for.

use std::time::{Duration, Instant};

use estampe_domain::plugin::{FailKind, PluginFailure, SyncCall};
use estampe_domain::ports::{Directory, Random};
use estampe_domain::{RunId, Ts};
use estampe_plugin_host::Limits;

use crate::support::{Loaded, Place, call, connector, given, manifest};

const LOOP: &str = "(loop $again (br $again)) (i32.const 0)";
/// A page that says that there is another.
const ENDLESS: &str = "(i32.store8 (i32.const 16) (i32.const 1)) (i32.const 0)";

/// A connector with these limits in its manifest, in a host with other limits.
async fn host(body: &str, own: &str, limits: impl FnOnce(Limits) -> Limits) -> (Loaded, Place) {
    let place = Place::new();
    place.bundle_of("test", &format!("{}[limits]\n{own}\n", manifest("test", "0.1.0")), &connector(body));
    let mut settings = place.settings();
    settings.limits = limits(settings.limits);
    let host = Loaded::start(settings).await;
    assert_eq!(host.problems, []);
    (host, place)
}

struct Other;

impl Random for Other {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(9);
    }
}

#[tokio::test]
async fn a_run_that_does_not_end_is_ended() {
    let (host, _place) = host(ENDLESS, "", |limits| Limits { run_pages: 3, ..limits }).await;
    for _ in 0..3 {
        let page = host.sync_page(call("test")).await.unwrap();
        assert!(page.next.is_some());
    }
    // beginning anew is no way out
    for cursor in [None, Some(vec![1])] {
        let failure = host.sync_page(SyncCall { cursor, ..call("test") }).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Limit, "{failure}");
        assert!(failure.message.contains("more than 3 pages"), "{failure}");
    }
    let run = RunId::new(Ts::from_micros(1_790_000_000_000_000), &Other);
    host.sync_page(SyncCall { run, ..call("test") }).await.expect("another run has pages of its own");
}

#[tokio::test]
async fn a_run_that_ended_spent_nothing() {
    let (host, _place) = host("(i32.const 0)", "", |limits| Limits { run_pages: 1, ..limits }).await;
    for _ in 0..3 {
        host.sync_page(call("test")).await.unwrap();
    }
}

#[tokio::test]
async fn the_time_of_a_run_is_that_of_all_its_calls() {
    let run = |limits| Limits { run_computing: Duration::from_millis(700), ..limits };
    let (host, _place) = host(LOOP, "", run).await;
    let failure = host.sync_page(call("test")).await.unwrap_err();
    assert!(failure.message.contains("500ms in one call"), "{failure}");
    // 200 ms are left, then nothing
    let start = Instant::now();
    for _ in 0..2 {
        let failure = host.sync_page(call("test")).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Deadline, "{failure}");
        assert!(failure.message.contains("the run computed for more than 700ms"), "{failure}");
    }
    assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
    let start = Instant::now();
    host.sync_page(call("test")).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_millis(150), "refused at once: {:?}", start.elapsed());
}

#[tokio::test]
async fn a_flood_of_host_calls_is_ended() {
    let calls = |count: u32| {
        format!(
            "(local $n i32)
             (loop $again
                (drop (call $cancelled))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.ne (local.get $n) (i32.const {count}))))
             (i32.const 0)"
        )
    };
    let few = |limits| Limits { host_calls: 1_000, computing: Duration::from_secs(30), ..limits };
    let (within, _place) = host(&calls(1_000), "", few).await;
    within.sync_page(call("test")).await.unwrap();
    // one that ends by itself and one that does not
    for count in [1_001, 0] {
        let (host, _place) = host(&calls(count), "", few).await;
        let start = Instant::now();
        let failure = host.sync_page(call("test")).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Internal, "{failure}");
        assert!(failure.message.contains("called the host more than 1000 times"), "{failure}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

/// What becomes of a connector with these limits of its own and these grants.
async fn with<const N: usize>(body: &str, own: &str, grants: [&str; N]) -> Result<(), PluginFailure> {
    let (host, _place) = host(body, own, |limits| limits).await;
    host.sync_page(SyncCall { given: given(grants), ..call("test") }).await.map(|_| ())
}

/// Grows the memory to so many MiB.
fn grows(mib: u32) -> String {
    format!("(if (i32.eq (memory.grow (i32.const {})) (i32.const -1)) (then unreachable)) (i32.const 0)", mib * 16 - 16)
}

#[tokio::test]
async fn a_plugin_has_the_memory_that_it_asked_for_and_was_granted() {
    assert_eq!(with(&grows(128), "memory-mib = 128", ["memory 128"]).await, Ok(()));
    assert_eq!(with(&grows(128), "memory-mib = 128", ["memory 256"]).await, Ok(()));
    for (mib, own, grant, most) in [
        (129, "memory-mib = 128", "memory 256", "128 MiB"),
        (65, "memory-mib = 128", "memory 100", "64 MiB"),
        (65, "", "memory 128", "64 MiB"),
        (17, "memory-mib = 16", "memory 16", "16 MiB"),
        (513, "memory-mib = 1024", "memory 1024", "512 MiB"),
    ] {
        let failure = with(&grows(mib), own, [grant]).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::OutOfMemory, "{failure}");
        assert!(failure.message.contains(most), "{own}, {grant}: {failure}");
    }
}

#[tokio::test]
async fn a_plugin_has_the_time_that_it_asked_for_and_was_granted() {
    for (own, grant, most) in [
        ("cpu-seconds = 1", "time 1", "more than 1s"),
        ("cpu-seconds = 2", "time 1", "more than 500ms"),
        ("", "time 1", "more than 500ms"),
    ] {
        let failure = with(LOOP, own, [grant]).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Deadline, "{failure}");
        assert!(failure.message.contains(most), "{own}, {grant}: {failure}");
    }
}
