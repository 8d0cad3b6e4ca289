//! Backups while visitors leave their details, and the way back.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Bench, Setting};
use crate::certificate::Certificates;
use crate::disk::sync_latency;
use crate::door::Door;
use crate::load;
use crate::process::output;
use crate::report::Row;
use crate::server::Server;
use crate::stats::{median, ms, percentile};

const CLIENTS: usize = 32;

/// Backups beside leads, and restores beside a plain copy.
pub struct Backup;

impl Bench for Backup {
    fn name(&self) -> &'static str {
        "backup"
    }

    fn about(&self) -> &'static str {
        "leads of 32 clients while backups are made, and a restore beside a plain copy"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let prepared = with.prepared()?;
        let folder = with.fresh_folder()?;
        prepared.copy_to(folder.path())?;
        let leads = with_leads(&folder.path().join("data"), with.pace.cards)?;
        let certificates = Certificates::make(folder.path())?;
        let vault = Vault::make(with, folder.path())?;
        let mut server = Server::start_with(&with.built, folder.path(), &certificates, &vault.configuration)?;
        let (mut without, mut beside, mut ratios, mut made) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..with.pace.rounds {
            let alone = p99(&server, &prepared.cards, with.pace.time)?;
            let (meanwhile, backups) = while_backing_up(&server, &prepared.cards, with.pace.time)?;
            without.push(alone);
            beside.push(meanwhile);
            ratios.push(meanwhile / alone);
            made.extend(backups);
        }
        let last = server.ask(&["backup", "create"])?;
        let name = last.get("name").and_then(serde_json::Value::as_str).ok_or("a backup has no name")?.to_owned();
        server.check()?;
        let mut rows = vec![
            Row::lower("backup.leads", median(&ratios), "ratio").bar(2.0).detail(format!(
                "p99 of leads while backups are made one after the other: {:.1} ms, without {:.1} ms; no error; {leads} leads, {} cards; rounds {}",
                median(&beside),
                median(&without),
                prepared.cards.len(),
                told(&ratios),
            )),
            Row::lower("backup.took", median(&made), "s").detail(format!("{} backups beside leads", made.len())),
        ];
        server.stop()?;
        rows.extend(restores(with, &vault, &name, &folder.path().join("data/keys/kek"))?);
        rows.extend(sync_latency("backup.fsync", folder.path(), 200)?);
        Ok(rows)
    }
}

fn told(ratios: &[f64]) -> String {
    ratios.iter().map(|ratio| format!("{ratio:.2}")).collect::<Vec<_>>().join(" ")
}

/// Leaves so many leads at the use case's door; how many there are then.
fn with_leads(data: &Path, wanted: usize) -> Result<usize, String> {
    let door = Door::open(data, None)?;
    let mut there = 0;
    while there < wanted {
        there += door.leads(CLIENTS, Duration::from_secs(if wanted > 10_000 { 5 } else { 1 }))?.flawless()?.done;
    }
    Ok(there)
}

/// Where backups go, and what opens them.
struct Vault {
    folder: std::path::PathBuf,
    identity: String,
    configuration: String,
}

impl Vault {
    fn make(with: &Setting, folder: &Path) -> Result<Self, String> {
        let identity = folder.join("identity").display().to_string();
        let mut key = Command::new(&with.built.binary);
        key.args(["--json", "backup", "key", &identity]);
        let made: serde_json::Value = serde_json::from_str(&output(&mut key)?).map_err(|e| e.to_string())?;
        let recipient = made.get("recipient").and_then(serde_json::Value::as_str).ok_or("a key has no recipient")?;
        let folder = folder.join("backups");
        let configuration = format!(
            "[backup]\nfolder = \"{}\"\nrecipients = [\"{recipient}\"]\nevery = \"off\"\nkeep = 2\n",
            folder.display()
        );
        Ok(Self { folder, identity, configuration })
    }
}

fn p99(server: &Server, cards: &[String], time: Duration) -> Result<f64, String> {
    let outcome = load::leads(&server.public, cards, CLIENTS, time)?.flawless()?;
    Ok(ms(percentile(&outcome.latencies, 0.99)))
}

/// The p99 of leads while one backup after the other is made, and how many seconds each took.
fn while_backing_up(server: &Server, cards: &[String], time: Duration) -> Result<(f64, Vec<f64>), String> {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let backups = scope.spawn(|| -> Result<Vec<f64>, String> {
            let mut took = Vec::new();
            while !over.load(Ordering::SeqCst) {
                let since = Instant::now();
                server.ask(&["backup", "create"])?;
                took.push(since.elapsed().as_secs_f64());
            }
            Ok(took)
        });
        let found = p99(server, cards, time);
        over.store(true, Ordering::SeqCst);
        let took = backups.join().unwrap_or_else(|_| Err("a thread of backups failed".to_owned()))?;
        Ok((found?, took))
    })
}

/// Restores into a new place, beside a copy of the database that is on disk when it ends.
fn restores(with: &Setting, vault: &Vault, name: &str, kek: &Path) -> Result<Vec<Row>, String> {
    let (mut ratios, mut restored, mut copied, mut octets) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for _ in 0..with.pace.rounds {
        let place = with.fresh_folder()?;
        let at = |e: std::io::Error| format!("{}: {e}", place.path().display());
        let config = place.path().join("estampe.toml");
        let data = place.path().join("data");
        fs::write(&config, format!("data_dir = \"{}\"\n", data.display())).map_err(at)?;
        let mut restore = Command::new(&with.built.binary);
        restore.arg("--config").arg(&config).args(["--json", "restore"]).arg(vault.folder.join(name));
        restore.args(["--identity", &vault.identity, "--key-file"]).arg(kek);
        let begun = Instant::now();
        output(&mut restore)?;
        restored.push(begun.elapsed().as_secs_f64());
        let database = place.path().join("data/estampe.db");
        octets = fs::metadata(&database).map_err(at)?.len();
        let begun = Instant::now();
        let copy = place.path().join("copy.db");
        fs::copy(&database, &copy).map_err(at)?;
        fs::File::open(&copy).and_then(|file| file.sync_all()).map_err(at)?;
        copied.push(begun.elapsed().as_secs_f64());
        ratios.push(restored.last().copied().unwrap_or(f64::NAN) / copied.last().copied().unwrap_or(f64::NAN));
    }
    let detail = format!(
        "{:.2} s, a copy of the database and its fsync {:.2} s; {} MiB; rounds {}",
        median(&restored),
        median(&copied),
        octets >> 20,
        told(&ratios)
    );
    Ok(vec![Row::lower("backup.restore", median(&ratios), "ratio").bar(5.0).detail(detail)])
}
