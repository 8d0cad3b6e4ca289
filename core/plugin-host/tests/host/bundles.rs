//! What is loaded, what is refused, and what the cache does.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use estampe_domain::plugin::FailKind;
use estampe_domain::ports::{Directory, Plugins};
use estampe_plugin_host::{HostSettings, PluginHost};

use crate::support::{Loaded, Place, call, compiler, connector};

const GOOD: &str = "(i32.const 0)";

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[tokio::test]
async fn a_bad_bundle_does_not_stop_the_others() {
    let wasi = component("(component (import \"wasi:clocks/wall-clock@0.2.0\" (instance)))");
    let func = component("(component (import \"estampe:plugin/log@0.1.0\" (func)))");
    let place = Place::new();
    place
        .bundle("good", "0.1.3", &connector(GOOD))
        .bundle("wasi", "0.1.0", &wasi)
        .bundle("no-interface", "0.1.0", &func)
        .bundle("newer", "0.2.0", &connector(GOOD))
        .bundle("empty", "0.1.0", &component("(component)"))
        .bundle("module", "0.1.0", &component("(module)"))
        .bundle("text", "0.1.0", b"(component)")
        .bundle("noise", "0.1.0", &[7; 5000]);
    std::fs::write(place.path("plugins/rubbish.estampe"), b"rubbish").unwrap();
    std::fs::write(place.path("plugins/README"), b"not looked at").unwrap();
    let host = place.host().await;

    let plugins = host.plugins();
    assert_eq!(plugins.len(), 1);
    assert_eq!((plugins[0].id.as_str(), plugins[0].contract.as_str()), ("good", "0.1.3"));
    assert_eq!(plugins[0].inputs[0].name, "people");
    assert_eq!(plugins[0].description["fr"], "Un essai");
    host.sync_page(call("good")).await.unwrap();
    assert_eq!(host.check(&call("good").connector, &call("good").given).await, Ok(Vec::new()));
    let failure = host.sync_page(call("wasi")).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::NotFound);
    assert!(failure.message.contains("good"), "{failure}");

    let said = |name: &str| {
        let mut problems = host.problems.iter();
        problems.find(|problem| problem.0 == name).unwrap_or_else(|| panic!("{name} is no problem")).1.clone()
    };
    assert!(said("wasi").contains("wasi:clocks/wall-clock@0.2.0"), "{}", said("wasi"));
    assert!(said("no-interface").contains("estampe:plugin/log"), "{}", said("no-interface"));
    let newer = said("newer");
    assert!(newer.contains("0.2.0") && newer.contains("0.1.0"), "{newer}");
    assert!(said("empty").contains("contract"), "{}", said("empty"));
    for name in ["module", "text", "noise", "rubbish"] {
        assert!(!said(name).is_empty());
    }
    assert_eq!(host.problems.len(), 8, "{:?}", host.problems);
    // a folder of which one is no bundle offers the others
    let offered = host.offered().await;
    assert_eq!(offered.bundles.len(), 7);
    assert_eq!(offered.problems.len(), 2, "{:?}", offered.problems);
    let mut settings = place.settings();
    settings.offered = place.path("nowhere");
    let offered = PluginHost::start(settings).unwrap().offered().await;
    assert!(offered.problems[0].contains("cannot read the folder"), "{:?}", offered.problems);
}

/// A compiler that knows its fingerprint and nothing else, to see who asks it.
fn lazy_compiler(place: &Place, compile: &str) -> PathBuf {
    let path = place.path("lazy-compiler");
    let real = compiler();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --fingerprint ]; then exec {} --fingerprint; fi\n{compile}\n",
        real.display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn cached(place: &Place) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.path("cache")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

async fn start(settings: HostSettings) -> (Loaded, usize) {
    let host = Loaded::start(settings).await;
    let problems = host.problems.len();
    (host, problems)
}

fn flip(path: &Path, at: usize) {
    let mut octets = std::fs::read(path).unwrap();
    octets[at] ^= 1;
    std::fs::write(path, octets).unwrap();
}

#[tokio::test]
async fn the_cache_is_used_and_not_trusted() {
    let place = Place::new();
    place.bundle("good", "0.1.0", &connector(GOOD));
    assert_eq!(start(place.settings()).await.1, 0);
    let [file] = cached(&place).try_into().expect("one file");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // whole: the compiler is not asked
    let lazy = || HostSettings { compiler: lazy_compiler(&place, "exit 1"), ..place.settings() };
    let (host, problems) = start(lazy()).await;
    assert_eq!(problems, 0);
    host.sync_page(call("good")).await.unwrap();

    // a flipped bit in the code or in the MAC, a cut, another key: the compiler is asked
    let size = usize::try_from(std::fs::metadata(&file).unwrap().len()).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for at in [0, 31, 32, size / 2, size - 1] {
        flip(&file, at);
        assert_eq!(start(lazy()).await.1, 1, "octet {at}");
        std::fs::write(&file, &whole).unwrap();
    }
    std::fs::write(&file, &whole[..20]).unwrap();
    assert_eq!(start(lazy()).await.1, 1);
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(start(HostSettings { cache_key: [8; 32], ..lazy() }).await.1, 1);

    // and compiles anew
    flip(&file, size / 2);
    let (host, problems) = start(place.settings()).await;
    assert_eq!(problems, 0);
    host.sync_page(call("good")).await.unwrap();
    assert_eq!(start(lazy()).await.1, 0, "the good one was kept");

    // a plugin that was replaced leaves nothing behind
    place.bundle("good", "0.1.0", &connector("(i32.const 8) (drop) (i32.const 0)"));
    assert_eq!(start(place.settings()).await.1, 0);
    assert_eq!(cached(&place).len(), 1);
    assert!(!file.exists());
}

#[tokio::test]
async fn one_plugin_does_not_pass_for_another() {
    let place = Place::new();
    place.bundle("good", "0.1.0", &connector(GOOD));
    start(place.settings()).await;
    let [first] = cached(&place).try_into().expect("one file");
    let octets = std::fs::read(&first).unwrap();
    place.bundle("good", "0.1.0", &connector("unreachable"));
    start(place.settings()).await;
    let [second] = cached(&place).try_into().expect("one file");
    assert_ne!(first, second);
    std::fs::write(&second, octets).unwrap();
    let (host, _) = start(place.settings()).await;
    let failure = host.sync_page(call("good")).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Trapped, "{failure}");
}

#[tokio::test]
async fn a_compiler_that_hangs_or_chatters_is_ended() {
    let place = Place::new();
    place.bundle("good", "0.1.0", &connector(GOOD));
    for (compile, words) in [
        ("exec sleep 60", "longer than"),
        ("exec cat /dev/zero >&2", "stopped"),
        ("kill -XCPU $$", "more memory or time"),
        ("echo no such thing >&2; exit 1", "no such thing"),
        ("echo rubbish", "cannot load"),
    ] {
        let compiler = lazy_compiler(&place, compile);
        let mut settings = HostSettings { compiler, ..place.settings() };
        settings.limits.compiling = Duration::from_secs(2);
        let start = Instant::now();
        let host = Loaded::start(settings).await;
        let message = &host.problems[0].1;
        assert!(message.contains(words), "{compile}: {message}");
        assert!(start.elapsed() < Duration::from_secs(8), "{compile}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn without_a_compiler_the_host_starts_says_so_and_finds_it_once_it_is_there() {
    let place = Place::new();
    place.bundle("good", "0.1.0", &connector(GOOD));
    let settings = HostSettings { compiler: place.path("nothing"), ..place.settings() };
    let host = Loaded::start(settings).await;
    assert!(host.plugins().is_empty());
    assert!(host.problems[0].1.contains("nothing"), "{:?}", host.problems);
    std::os::unix::fs::symlink(compiler(), place.path("nothing")).unwrap();
    let bundle = std::fs::read(place.path("plugins/good.estampe")).unwrap();
    host.host.activate(bundle.into()).await.unwrap();
    assert_eq!(host.plugins().len(), 1);
}
