//! Durable leads beside single-row commits on the same disk.

use super::{Bench, Setting};
use crate::disk::{sqlite_commits, sync_latency};
use crate::door::Door;
use crate::load;
use crate::postgres::{Commits, fresh, is_durable};
use crate::report::Row;
use crate::stats::{Pair, median};

const CLIENTS: usize = 32;
/// Connections of the peer on PostgreSQL.
const SINGLE_ROWS: usize = 16;

/// Durable leads beside single-row commits.
pub struct Leads;

impl Bench for Leads {
    fn name(&self) -> &'static str {
        "leads"
    }

    fn about(&self) -> &'static str {
        "durable leads of 32 clients, beside single-row commits on the same disk"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let (time, rounds) = (with.pace.time, with.pace.rounds);
        let mut rows = Vec::new();
        let folder = with.fresh_folder()?;
        let plain = || sqlite_commits(folder.path(), time);

        let door = Door::open(&folder.path().join("door"), None)?;
        let at_the_door = Pair::alternate(rounds, || Ok(door.leads(CLIENTS, time)?.flawless()?.rate()), plain)?;
        drop(door);
        rows.push(ratio("leads.store", &at_the_door, "SQLite, one thread").bar(3.0));
        rows.push(Row::higher("leads.store.rate", median(&at_the_door.ours), "1/s"));

        let ours = with.server()?;
        let mut latencies = Vec::new();
        let over_http = Pair::alternate(
            rounds,
            || {
                let outcome = load::leads(&ours.server.public, &ours.cards, CLIENTS, time)?.flawless()?;
                latencies.extend_from_slice(&outcome.latencies);
                Ok(outcome.rate())
            },
            plain,
        )?;
        ours.stop()?;
        let p99 = crate::stats::ms(crate::stats::percentile(&latencies, 0.99));
        rows.push(ratio("leads.http", &over_http, "SQLite, one thread").bar(1.0));
        rows.push(Row::higher("leads.http.rate", median(&over_http.ours), "1/s"));
        rows.push(Row::lower("leads.http.p99", p99, "ms").detail("saturated"));
        rows.push(Row::higher("leads.single-row.sqlite", median(&over_http.theirs), "1/s"));

        match &with.postgres {
            Some(cluster) => rows.extend(on_postgres(with, cluster)?),
            None => println!("  PostgreSQL is left out: run by `cargo xtask bench`, which starts it"),
        }
        rows.extend(sync_latency("leads.fsync", folder.path(), 500)?);
        Ok(rows)
    }
}

fn on_postgres(with: &Setting, cluster: &str) -> Result<Vec<Row>, String> {
    let (time, rounds) = (with.pace.time, with.pace.rounds);
    let folder = with.fresh_folder()?;
    let durable = if is_durable(cluster)? { "fsync on" } else { "FSYNC OFF: nothing here is durable" };
    let single = Commits::prepare(cluster, folder.path())?;
    let door = Door::open(&folder.path().join("door"), Some(fresh(cluster)?))?;
    let pair = Pair::alternate(
        rounds,
        || Ok(door.leads(CLIENTS, time)?.flawless()?.rate()),
        || single.run(SINGLE_ROWS, time),
    )?;
    let row = ratio("leads.postgres", &pair, "pgbench, 16 connections");
    let detail = format!("{}; {durable}", row.detail);
    Ok(vec![
        row.bar(0.4).detail(detail),
        Row::higher("leads.postgres.rate", median(&pair.ours), "1/s"),
        Row::higher("leads.single-row.postgres", median(&pair.theirs), "1/s"),
    ])
}

fn ratio(name: &str, pair: &Pair, peer: &str) -> Row {
    Row::higher(name, pair.ratio(), "ratio").detail(format!("leads, {}", pair.told(peer)))
}
