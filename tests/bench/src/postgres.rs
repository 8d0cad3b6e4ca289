//! The peer for leads on PostgreSQL: pgbench with a script of one row.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::process::output;

/// Makes an empty database in the cluster that xtask started; its URL.
pub fn fresh(cluster: &str) -> Result<String, String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("b{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    ask(cluster, &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
    let (base, _) = cluster.rsplit_once('/').ok_or("the address of PostgreSQL has no path")?;
    Ok(format!("{base}/{name}"))
}

/// Single-row commits a second of this many connections.
pub struct Commits {
    url: String,
    script: std::path::PathBuf,
}

impl Commits {
    /// Makes the table, in a database of its own.
    pub fn prepare(cluster: &str, folder: &Path) -> Result<Self, String> {
        let url = fresh(cluster)?;
        ask(&url, "CREATE TABLE one (id BIGSERIAL PRIMARY KEY, text TEXT NOT NULL)")?;
        let script = folder.join("one-row.sql");
        let text = format!("INSERT INTO one (text) VALUES ('{}');\n", "x".repeat(200));
        fs::write(&script, text).map_err(|e| format!("{}: {e}", script.display()))?;
        Ok(Self { url, script })
    }

    /// Runs pgbench once.
    pub fn run(&self, connections: usize, time: Duration) -> Result<f64, String> {
        let mut pgbench = Command::new("pgbench");
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &connections.to_string()]);
        pgbench.args(["--time", &time.as_secs().max(1).to_string(), "--file"]).arg(&self.script).arg(&self.url);
        let text = output(&mut pgbench)?;
        text.lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
            .ok_or_else(|| format!("pgbench said something else:\n{text}"))
    }
}

fn ask(url: &str, sql: &str) -> Result<String, String> {
    output(Command::new("psql").args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]))
}

/// Whether the cluster keeps what it commits.
pub fn is_durable(url: &str) -> Result<bool, String> {
    Ok(ask(url, "SELECT current_setting('fsync') || current_setting('synchronous_commit')")?.trim() == "onon")
}
