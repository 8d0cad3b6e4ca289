//! Attacks on the host's own code: what a guest hands over, what it makes the compiler do,
//! what it takes of the engine. Each ends with a named error, and the next call goes well.

use std::fmt::Write;
use std::time::{Duration, Instant};

use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::{Directory, Plugins};
use estampe_plugin_host::Limits;

use crate::support::{Loaded, Place, call, component, connector};

/// A connector with these further fields of its module, `check` and `sync-page`.
fn guest(fields: &str, check: &str, page: &str) -> Vec<u8> {
    component(&format!(
        r#"(module
            (import "estampe:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
            (import "estampe:plugin/config@0.1.0" "get" (func $config (param i32 i32 i32)))
            (memory (export "memory") 16)
            (global $free (mut i32) (i32.const 70000))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $free)
                (global.set $free (i32.and (i32.const -8)
                    (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
            (func (export "estampe:plugin/connector@0.1.0#describe") (result i32) (i32.const 0))
            (func (export "estampe:plugin/connector@0.1.0#check") (result i32) {check})
            (func (export "estampe:plugin/connector@0.1.0#sync-page")
                (param i32 i32 i32 i32) (result i32) {page})
            {fields})"#
    ))
}

/// What the call of this guest ends with; after it another plugin answers as ever.
async fn ends(component: &[u8]) -> PluginFailure {
    let place = Place::new();
    place.bundle("test", "0.1.0", component).bundle("good", "0.1.0", &connector("(i32.const 0)"));
    let host = place.host().await;
    assert_eq!(host.problems, []);
    let failure = host.sync_page(call("test")).await.unwrap_err();
    host.sync_page(call("good")).await.unwrap();
    failure
}

#[tokio::test]
async fn a_table_that_grows_is_ended() {
    let page = "(loop $again
            (drop (table.grow $bomb (ref.null func) (i32.const 10000)))
            (br $again))
        (i32.const 0)";
    let failure = ends(&guest("(table $bomb 1 funcref)", "(i32.const 0)", page)).await;
    assert_eq!(failure.kind, FailKind::OutOfMemory, "{failure}");
    assert!(failure.message.contains("table"), "{failure}");
}

#[tokio::test]
async fn texts_that_are_none_are_a_breach() {
    for (what, page) in [
        (
            "no UTF-8",
            "(i32.store8 (i32.const 0) (i32.const 255)) (call $log (i32.const 1) (i32.const 0) (i32.const 1))",
        ),
        ("beyond the memory", "(call $log (i32.const 1) (i32.const 1048000) (i32.const 1000000))"),
        ("of two gigabytes", "(call $log (i32.const 1) (i32.const 0) (i32.const 0x7fffffff))"),
        ("of no level", "(call $log (i32.const 9) (i32.const 0) (i32.const 1))"),
        ("a key beyond the memory", "(call $config (i32.const -8) (i32.const 16) (i32.const 0))"),
    ] {
        let failure = ends(&guest("", "(i32.const 0)", &format!("{page} (i32.const 8)"))).await;
        assert_eq!(failure.kind, FailKind::Trapped, "{what}: {failure}");
    }
}

#[tokio::test]
async fn a_list_that_is_not_there_is_a_breach() {
    // a page whose events are said to be 100 million, and one whose list lies beyond
    for (pointer, length) in [(65_536, 100_000_000), (0x7fff_0000, 10)] {
        let page = format!(
            "(i32.store (i32.const 8) (i32.const {pointer})) (i32.store (i32.const 12) (i32.const {length})) (i32.const 0)"
        );
        let failure = ends(&guest("", "(i32.const 0)", &page)).await;
        assert!(matches!(failure.kind, FailKind::Trapped | FailKind::Limit), "{failure}");
    }
}

#[tokio::test]
async fn an_answer_outside_of_the_memory_is_a_breach() {
    for address in ["(i32.const -4)", "(i32.const 0x7ffffff0)", "(i32.const 3)"] {
        let failure = ends(&guest("", "(i32.const 0)", address)).await;
        assert_eq!(failure.kind, FailKind::Trapped, "{address}: {failure}");
    }
}

#[tokio::test]
async fn a_nul_in_an_identity_is_refused() {
    // one person, whose id is the octet 0
    let page = "(i32.store offset=4 (i32.const 131072) (i32.const 0))
        (i32.store offset=8 (i32.const 131072) (i32.const 1))
        (i32.store (i32.const 8) (i32.const 131072)) (i32.store (i32.const 12) (i32.const 1)) (i32.const 0)";
    let failure = ends(&guest("", "(i32.const 0)", page)).await;
    assert!(failure.kind == FailKind::Limit && failure.message.contains("id"), "{failure}");
}

#[tokio::test]
async fn a_crash_in_the_check_is_named_too() {
    let place = Place::new();
    place.bundle("test", "0.1.0", &guest("", "unreachable", "(i32.const 0)"));
    let host = place.host().await;
    let call = call("test");
    let failure = host.check(&call.connector, &call.given).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Trapped, "{failure}");
    host.sync_page(call).await.unwrap();
}

#[tokio::test]
async fn a_memory_larger_than_the_cap_is_refused_before_it_runs() {
    let place = Place::new();
    // its memory begins with 1 MiB
    place.bundle("test", "0.1.0", &connector("(i32.const 0)"));
    let mut settings = place.settings();
    settings.limits = Limits { memory: 512 << 10, memory_most: 512 << 10, ..settings.limits };
    let host = Loaded::start(settings).await;
    let [(_, why)] = host.problems.as_slice() else { panic!("{:?}", host.problems) };
    assert!(why.contains("memory"), "{why}");
    // more than its own call may have, and not more than could be granted
    let mut settings = place.settings();
    settings.limits = Limits { memory: 512 << 10, ..settings.limits };
    let host = Loaded::start(settings).await;
    assert_eq!(host.problems, []);
    let failure = host.sync_page(call("test")).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::OutOfMemory, "{failure}");
}

#[tokio::test]
async fn a_bomb_for_the_compiler_is_bounded() {
    // some hundred thousand functions, each of a few hundred instructions
    let mut fields = String::new();
    let body = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.load (local.get 0))))".repeat(40);
    for _ in 0..40_000 {
        let _ = write!(fields, "(func (param i32) {body})");
    }
    let bomb = guest(&fields, "(i32.const 0)", "(i32.const 0)");
    let place = Place::new();
    place.bundle("bomb", "0.1.0", &bomb).bundle("good", "0.1.0", &connector("(i32.const 0)"));
    let mut settings = place.settings();
    settings.limits.compiling = Duration::from_secs(2);
    let host = estampe_plugin_host::PluginHost::start(settings).unwrap();
    host.activate(std::fs::read(place.path("plugins/good.estampe")).unwrap().into()).await.unwrap();
    let bundle = std::fs::read(place.path("plugins/bomb.estampe")).unwrap().into();
    let begun = Instant::now();
    let compiled = host.activate(bundle);
    // others are answered meanwhile
    let others = async {
        host.sync_page(call("good")).await.unwrap();
        begun.elapsed()
    };
    let (compiled, others) = tokio::join!(compiled, others);
    let why = compiled.unwrap_err();
    assert!(why.contains("longer than") || why.contains("memory or time"), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(others < Duration::from_secs(2), "{others:?}");
}
