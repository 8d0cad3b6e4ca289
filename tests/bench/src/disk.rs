//! The disk, and plain SQLite on it: what durable figures are held against.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::report::Row;
use crate::stats::{ms, percentile};

/// How long this disk takes to keep 4 KiB (write and fdatasync), as rows.
pub fn sync_latency(name: &str, folder: &Path, times: usize) -> Result<Vec<Row>, String> {
    let path = folder.join("sync-latency");
    let at = |e: std::io::Error| format!("{}: {e}", path.display());
    let mut file = File::create(&path).map_err(at)?;
    let mut latencies = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).map_err(at)?;
        latencies.push(begun.elapsed());
    }
    std::fs::remove_file(&path).map_err(at)?;
    let detail = format!("4 KiB write and fdatasync, {times} times, appended{}", in_memory(folder));
    Ok(vec![
        Row::lower(format!("{name}.median"), ms(percentile(&latencies, 0.5)), "ms").detail(detail),
        Row::lower(format!("{name}.p99"), ms(percentile(&latencies, 0.99)), "ms"),
    ])
}

/// A warning, when nothing there is durable.
fn in_memory(folder: &Path) -> &'static str {
    const TMPFS: i64 = 0x0102_1994;
    match rustix::fs::statfs(folder) {
        Ok(system) if system.f_type == TMPFS => "; A FILE SYSTEM IN MEMORY: nothing here is durable",
        _ => "",
    }
}

/// Single-row commits a second of one thread of plain SQLite, WAL and `synchronous=FULL`.
pub fn sqlite_commits(folder: &Path, time: Duration) -> Result<f64, String> {
    let path = folder.join("plain.db");
    let rate = commits(&path, time).map_err(|e| format!("{}: {e}", path.display()))?;
    for suffix in ["", "-wal", "-shm"] {
        // gone with the folder anyhow
        let _ = std::fs::remove_file(folder.join(format!("plain.db{suffix}")));
    }
    Ok(rate)
}

fn commits(path: &Path, time: Duration) -> rusqlite::Result<f64> {
    let connection = rusqlite::Connection::open(path)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")?;
    let mut insert = connection.prepare("INSERT INTO row (text) VALUES (?1)")?;
    let text = "x".repeat(200);
    let (begun, mut done) = (Instant::now(), 0_u32);
    while begun.elapsed() < time {
        insert.execute([&text])?;
        done += 1;
    }
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}
