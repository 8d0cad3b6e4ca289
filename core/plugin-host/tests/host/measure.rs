//! Numbers, for whoever wants them:
//! `cargo test -p estampe-plugin-host --test host measure -- --ignored --nocapture --test-threads 1`.

use std::time::Instant;

use estampe_domain::ports::Directory;
use estampe_plugin_host::PluginHost;

use crate::directory_file::{built, host, ldif};
use crate::support::{Place, connector};

/// Resident and highest resident size of this process, in MiB.
fn resident() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (field("VmRSS:"), field("VmHWM:"))
}

#[tokio::test]
#[ignore = "prints numbers"]
async fn calls() {
    let place = Place::new();
    place.bundle("good", "0.1.0", &connector("(i32.const 0)"));
    let before = resident();
    let start = Instant::now();
    drop(place.host());
    println!("start, compiling: {:?}", start.elapsed());
    let start = Instant::now();
    let host = PluginHost::start(place.settings()).unwrap();
    println!("start, from the cache: {:?}; resident {before:?} -> {:?} MiB", start.elapsed(), resident());
    let rounds = 5_000;
    let start = Instant::now();
    for _ in 0..rounds {
        host.sync_page(crate::support::call("good")).await.unwrap();
    }
    println!("queue, instance, call: {:?}", start.elapsed() / rounds);
}

#[tokio::test]
#[ignore = "prints numbers"]
async fn a_large_file() {
    let folder = built();
    let place = Place::new();
    let file = place.path("people.ldif");
    ldif(&file, 600_000);
    let size = std::fs::metadata(&file).unwrap().len() >> 20;
    let (host, mut call) = host(&place, folder, &file);
    println!("idle: {:?} MiB", resident());
    let (start, mut pages, mut people) = (Instant::now(), 0_u32, 0);
    loop {
        let page = host.sync_page(call.clone()).await.unwrap();
        pages += 1;
        people += page.events.len();
        call.cursor = page.next;
        if call.cursor.is_none() {
            break;
        }
    }
    let took = start.elapsed();
    println!("{size} MiB, {people} people in {pages} pages: {took:?}; {:?} MiB", resident());
}
