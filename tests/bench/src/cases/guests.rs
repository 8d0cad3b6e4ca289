//! What a guest costs: a trivial call beside Extism's, and cards while three guests burn all
//! that they may.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use estampe_domain::plugin::{ConnectorSpec, Given};
use estampe_domain::ports::{Directory, Plugins};
use estampe_tests::guest::{GUEST, Guest};

use super::plugins::{each, host};
use super::{Bench, Setting};
use crate::generators::wrk;
use crate::load::runtime;
use crate::process::output;
use crate::report::Row;
use crate::stats::{Pair, median};

/// Guests that burn.
const BURNING: usize = 3;
const CONNECTIONS: usize = 32;

/// Computes for a second or two of a core, well below what one call may, and says that all is
/// well: one that is cut would soon be paused, and would burn no more.
const BURN: &str = "(local $n i64)
    (loop $a (local.set $n (i64.add (local.get $n) (i64.const 1)))
        (br_if $a (i64.lt_u (local.get $n) (i64.const 1500000000))))
    (i32.const 0)";

/// See the module.
pub struct OfGuests;

impl Bench for OfGuests {
    fn name(&self) -> &'static str {
        "guests"
    }

    fn about(&self) -> &'static str {
        "a trivial call of a plugin beside Extism's; the card page while three plugins burn what they may"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        match &with.built.extism {
            Some(extism) => rows.push(calls(with, extism)?),
            None => eprintln!("  no Extism: cargo xtask bench guests builds it"),
        }
        rows.push(cards(with)?);
        Ok(rows)
    }
}

fn calls(with: &Setting, extism: &Path) -> Result<Row, String> {
    let (runtime, folder) = (runtime(1)?, with.fresh_folder()?);
    let host = host(with, &runtime, &folder.path().join("cache"))?;
    runtime.block_on(host.activate(GUEST.bundle("trivial").octets(None).into()))?;
    let spec = ConnectorSpec { plugin: "trivial".to_owned(), config: BTreeMap::new(), inputs: BTreeMap::new() };
    let given = Given::default();
    let call = || runtime.block_on(host.check(&spec, &given)).map(drop).map_err(|why| why.to_string());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..with.pace.rounds {
        ours.push(each(with.pace.time, 1, call)?);
        let told = output(Command::new(extism).arg(with.pace.time.as_millis().to_string()))?;
        theirs.push(told.trim().parse::<f64>().map_err(|_| format!("the other side said {told:?}"))?);
    }
    let (ours, theirs) = (median(&ours), median(&theirs));
    let told = format!("a fresh instance and an empty function: {ours:.0} µs, Extism {theirs:.0} µs");
    Ok(Row::lower("guests.call", ours / theirs, "ratio").bar(0.2).detail(told))
}

fn cards(with: &Setting) -> Result<Row, String> {
    let ours = with.server()?;
    let ids: Vec<_> = (1..=BURNING).map(|number| format!("burner-{number}")).collect();
    for id in &ids {
        let file = ours.path().join(id).with_extension("estampe");
        let bundle = Guest { check: BURN, ..GUEST }.bundle(id).octets(None);
        std::fs::write(&file, bundle).map_err(|error| format!("{}: {error}", file.display()))?;
        ours.server.ask(&["plugin", "install", &file.display().to_string(), "--yes"])?;
        ours.server.ask(&["source", "add", id, "--plugin", id])?;
    }
    let path = ours.hot_card()?;
    let (time, here) = (with.pace.time, &ours.server.public);
    wrk(here, &path, CONNECTIONS, time / 3, None)?;

    let (burn, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let (busy, calls) = (AtomicU32::new(0), AtomicU32::new(0));
    let pair = thread::scope(|scope| {
        let burners: Vec<_> = ids
            .iter()
            .map(|id| {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        if !burn.load(Ordering::SeqCst) {
                            thread::sleep(Duration::from_millis(5));
                            continue;
                        }
                        busy.fetch_add(1, Ordering::SeqCst);
                        let asked = ours.server.ask(&["source", "check", id]);
                        busy.fetch_sub(1, Ordering::SeqCst);
                        asked?;
                        calls.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok::<_, String>(())
                })
            })
            .collect();
        let wait = |until: u32| {
            let begun = Instant::now();
            while busy.load(Ordering::SeqCst) != until {
                if begun.elapsed() > Duration::from_mins(1) || burners.iter().any(thread::ScopedJoinHandle::is_finished)
                {
                    return Err("the guests do not burn as they should".to_owned());
                }
                thread::sleep(Duration::from_millis(5));
            }
            Ok(())
        };
        let measured = |burning: bool| {
            burn.store(burning, Ordering::SeqCst);
            wait(if burning { BURNING as u32 } else { 0 })?;
            wrk(here, &path, CONNECTIONS, time, None)
        };
        let pair = Pair::alternate(with.pace.rounds, || measured(true), || measured(false));
        over.store(true, Ordering::SeqCst);
        let ended: Result<Vec<()>, String> =
            burners.into_iter().map(|burner| burner.join().map_err(|_| "a burner panicked".to_owned())?).collect();
        ended.and(pair)
    })?;
    let calls = calls.load(Ordering::SeqCst);
    ours.stop()?;
    let told = format!("{}; {calls} calls burnt to their end", pair.told("without guests"));
    Ok(Row::higher("guests.cards", pair.ratio(), "ratio").bar(0.8).detail(told))
}
