//! Thousands of idle connections: what they cost in memory, and what they cost others.

use std::time::Duration;

use super::{Bench, Setting};
use crate::load::{self, IDLE_PAUSE};
use crate::process::mib;
use crate::report::Row;
use crate::stats::{median, ms, percentile};

const CONNECTIONS: usize = 32;
/// Descriptors that are left for everything else, in the server and in us.
const RESERVE: u64 = 500;

/// Idle connections.
pub struct Idle;

impl Bench for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn about(&self) -> &'static str {
        "10,000 idle TLS connections: memory, and the card's p99 at 30 % of capacity"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        // children inherit it: the server has as many
        let limit = raise_file_limit()?;
        let wanted = with.pace.idle.min(usize::try_from(limit.saturating_sub(RESERVE)).unwrap_or(usize::MAX));
        let ours = with.server()?;
        let (target, path) = (&ours.server.public, ours.hot_card()?);
        let page = load::runtime(1)?.block_on(target.get(&path, "fr"))?;
        let etag = page.etag().ok_or("the card's page has no entity tag")?.to_owned();
        let time = with.pace.time;
        let capacity = load::closed(target, &path, CONNECTIONS, time)?.flawless()?.rate();
        let rate = capacity * 0.3;
        let p99 = |time: Duration| -> Result<f64, String> {
            let outcome = load::open(target, &path, CONNECTIONS, rate, time)?.flawless()?;
            Ok(ms(percentile(&outcome.latencies, 0.99)))
        };
        let (mut without, mut beside, mut idle_problems) = (Vec::new(), Vec::new(), Vec::new());
        let before = ours.server.resident()?;
        let (mut held, mut opened, mut kept) = (0, 0, 0);
        for _ in 0..with.pace.rounds.min(3) {
            without.push(p99(time)?);
            let idle = load::Idle::open(target, &path, &etag, wanted)?;
            opened = idle.opened;
            // twice their pause, so that those are counted out whom the server cuts
            beside.push(p99((IDLE_PAUSE * 2).min(time * 7))?);
            held = held.max(ours.server.resident()?);
            let outcome = idle.close();
            kept = opened - outcome.failed;
            if outcome.failed > 0 {
                idle_problems.extend(outcome.problems);
            }
        }
        ours.stop()?;
        if kept < opened {
            return Err(format!("{} of {opened} idle connections failed: {}", opened - kept, idle_problems.join("; ")));
        }
        let ratios: Vec<f64> = beside.iter().zip(&without).map(|(with, without)| with / without).collect();
        let told: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        let growth = mib(held.saturating_sub(before)) * 1024.0 / opened as f64;
        Ok(vec![
            Row::lower("idle.p99", median(&ratios), "ratio").bar(2.0).detail(format!(
                "{opened} idle connections: {:.2} ms, without {:.2} ms; open load of {rate:.0}/s, 30 % of {capacity:.0}/s; rounds {}",
                median(&beside),
                median(&without),
                told.join(" ")
            )),
            Row::higher("idle.connections", opened as f64, "").detail(format!("file limit {limit}")),
            Row::lower("idle.memory", mib(held), "MiB").detail(format!("resident; {:.0} MiB before", mib(before))),
            Row::lower("idle.memory.each", growth, "KiB").detail("what one more connection costs"),
        ])
    }
}

/// Raises the soft limit of open files to the hard one; what it is now.
fn raise_file_limit() -> Result<u64, String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).map_err(|e| format!("file limit: {e}"))?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}
