//! Plugins that misbehave while they run.

use std::time::{Duration, Instant};

use estampe_domain::plugin::{DirectoryEvent, FailKind, PluginFailure, SourcePhoto};
use estampe_domain::ports::Directory;
use estampe_plugin_host::Limits;

use crate::support::{Loaded, Place, call, connector, host};

const LOOP: &str = "(loop $again (br $again)) (i32.const 0)";
const GOOD: &str = "(i32.const 0)";

async fn fails(body: &str) -> PluginFailure {
    let (host, _place) = host(body).await;
    host.sync_page(call("test")).await.unwrap_err()
}

#[tokio::test]
async fn a_loop_is_ended_while_others_go_on() {
    let place = Place::new();
    place.bundle("loop", "0.1.0", &connector(LOOP)).bundle("good", "0.1.0", &connector(GOOD));
    let host = place.host().await;
    let start = Instant::now();
    let spin = host.sync_page(call("loop"));
    let others = async {
        for _ in 0..50 {
            host.sync_page(call("good")).await.unwrap();
        }
        start.elapsed()
    };
    let (failure, others) = tokio::join!(spin, others);
    let failure = failure.unwrap_err();
    assert_eq!(failure.kind, FailKind::Deadline, "{failure}");
    let limit = place.settings().limits.computing;
    assert!(start.elapsed() >= limit, "it had its time");
    assert!(others < limit, "50 good calls took {others:?}");
}

#[tokio::test]
async fn too_much_memory_is_told_from_a_crash() {
    let failure = fails("(loop $again (drop (memory.grow (i32.const 16))) (br $again)) (i32.const 0)").await;
    assert_eq!(failure.kind, FailKind::OutOfMemory, "{failure}");
    assert!(failure.message.contains("64 MiB"), "{failure}");
    let failure = fails("unreachable").await;
    assert_eq!(failure.kind, FailKind::Trapped, "{failure}");
    let failure = fails("(i32.load (i32.const -4))").await;
    assert_eq!(failure.kind, FailKind::Trapped, "{failure}");
}

#[tokio::test]
async fn memory_up_to_the_limit_is_given_and_taken_back() {
    // 1 MiB is there; 63 more are grown and the last octet written
    let body = "(if (i32.eq (memory.grow (i32.const 1008)) (i32.const -1)) (then unreachable))
        (i32.store8 (i32.const 0x3ffffff) (i32.const 1)) (i32.const 0)";
    let (host, _place) = host(body).await;
    for _ in 0..20 {
        host.sync_page(call("test")).await.unwrap();
    }
}

#[tokio::test]
async fn a_deep_recursion_is_a_crash() {
    // ends the export's body and adds a function that calls itself
    let body = "(call $deep) (i32.const 0)) (func $deep (call $deep) (drop (memory.size))";
    let failure = fails(body).await;
    assert_eq!(failure.kind, FailKind::Trapped, "{failure}");
    assert!(failure.message.contains("stack"), "{failure}");
}

#[tokio::test]
async fn every_call_gets_a_fresh_instance() {
    // counts its calls, and says the count as the length of its checkpoint
    let body = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (i32.const 1)))
        (i32.store8 (i32.const 28) (i32.const 1))
        (i32.store (i32.const 32) (i32.const 0))
        (i32.store (i32.const 36)
            (i32.add (global.get $calls) (i32.load (i32.const 100))))
        (i32.const 0)";
    let (host, _place) = host(body).await;
    for _ in 0..4 {
        let page = host.sync_page(call("test")).await.unwrap();
        assert_eq!(page.checkpoint.map(|checkpoint| checkpoint.len()), Some(2));
    }
}

#[tokio::test]
async fn a_file_that_was_not_granted_is_denied() {
    // asks for the input "people" and gives back what it was told
    let body = "(call $stat (i32.const 66000) (i32.const 6) (i32.const 65536)) (i32.const 65536)";
    let failure = fails(body).await;
    assert_eq!(failure.kind, FailKind::Denied, "{failure}");
    assert!(failure.message.contains("people"), "{failure}");
}

#[tokio::test]
async fn pages_are_bounded() {
    // a cursor of 20,000 octets
    let failure = fails(
        "(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 24) (i32.const 20000))
         (i32.const 0)",
    )
    .await;
    assert_eq!(failure.kind, FailKind::Limit, "{failure}");
    assert!(failure.message.contains("cursor"), "{failure}");
    // 5,001 events, all empty
    let failure = fails(
        "(i32.store (i32.const 8) (i32.const 131072)) (i32.store (i32.const 12) (i32.const 5001))
         (i32.const 0)",
    )
    .await;
    assert_eq!(failure.kind, FailKind::Limit, "{failure}");
    assert!(failure.message.contains("5001 events"), "{failure}");
    // one event: a person whose id is nothing
    let failure = fails(
        "(i32.store (i32.const 8) (i32.const 131072)) (i32.store (i32.const 12) (i32.const 1))
         (i32.const 0)",
    )
    .await;
    assert_eq!(failure.kind, FailKind::Limit, "{failure}");
    // persons with a photo of 16,000,000 octets each, all in the same place
    let heavy = |persons: u32| {
        format!(
            "(local $at i32) (local $left i32)
             (drop (memory.grow (i32.const 256)))
             (local.set $at (i32.const 131072)) (local.set $left (i32.const {persons}))
             (loop $again
                (i32.store offset=4 (local.get $at) (i32.const 66000))
                (i32.store offset=8 (local.get $at) (i32.const 6))
                (i32.store8 offset=48 (local.get $at) (i32.const 1))
                (i32.store offset=56 (local.get $at) (i32.const 16000000))
                (local.set $at (i32.add (local.get $at) (i32.const 80)))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if $again (local.get $left)))
             (i32.store (i32.const 8) (i32.const 131072))
             (i32.store (i32.const 12) (i32.const {persons}))
             (i32.const 0)"
        )
    };
    let (host, _place) = host(&heavy(1)).await;
    let page = host.sync_page(call("test")).await.unwrap();
    let [DirectoryEvent::Person(person)] = page.events.as_slice() else { panic!("{page:?}") };
    assert_eq!(person.external_id, "people");
    assert!(matches!(&person.photo, SourcePhoto::Image(photo) if photo.len() == 16_000_000));
    // two are more than a page holds, many more than the border lets through at all
    for (persons, words) in [(2, "more than 16 MiB"), (100, "handed over more data")] {
        let failure = fails(&heavy(persons)).await;
        assert_eq!(failure.kind, FailKind::Limit, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
    }
}

#[tokio::test]
async fn state_written_with_a_page_comes_back_with_it() {
    // sets "people" to "people"
    let body = "(call $set (i32.const 66000) (i32.const 6) (i32.const 1) (i32.const 66000)
            (i32.const 6) (i32.const 65536))
        (if (i32.load8_u (i32.const 65536)) (then unreachable))
        (i32.const 0)";
    let (host, _place) = host(body).await;
    let page = host.sync_page(call("test")).await.unwrap();
    assert_eq!(page.state.get("people"), Some(&Some(b"people".to_vec())));
}

#[tokio::test]
async fn a_flood_of_lines_does_no_harm() {
    let body = "(local $n i32)
        (loop $again
            (call $log (i32.const 1) (i32.const 0) (i32.const 65536))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))
        (i32.const 0)";
    let (host, _place) = host(body).await;
    host.sync_page(call("test")).await.unwrap();
}

async fn single_threaded(place: &Place) -> Loaded {
    let mut settings = place.settings();
    settings.limits =
        Limits { threads: 1, queue: 1, computing: Duration::from_secs(30), host_calls: u32::MAX, ..settings.limits };
    Loaded::start(settings).await
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_the_run() {
    let polite = "(loop $again (br_if $again (i32.eqz (call $cancelled)))) (i32.const 0)";
    for body in [polite, LOOP] {
        let place = Place::new();
        place.bundle("slow", "0.1.0", &connector(body)).bundle("good", "0.1.0", &connector(GOOD));
        let host = single_threaded(&place).await;
        let start = Instant::now();
        let impatient = Duration::from_millis(100);
        assert!(tokio::time::timeout(impatient, host.sync_page(call("slow"))).await.is_err());
        // the only thread comes free long before the budget is spent
        host.sync_page(call("good")).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let place = Place::new();
    place.bundle("loop", "0.1.0", &connector(LOOP));
    let host = single_threaded(&place).await;
    let calls = async { tokio::join!(host.sync_page(call("loop")), host.sync_page(call("loop"))) };
    let refused = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if let Ok(Err(failure)) =
                tokio::time::timeout(Duration::from_millis(20), host.sync_page(call("loop"))).await
            {
                return failure;
            }
        }
    };
    tokio::select! {
        _ = calls => panic!("the loops ended"),
        failure = refused => assert_eq!(failure.kind, FailKind::Unavailable, "{failure}"),
    }
}
