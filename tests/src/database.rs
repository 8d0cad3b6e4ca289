//! A database for each test.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Which database a server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The embedded one.
    Sqlite,
    /// One of the throw-away cluster that `cargo xtask test` starts.
    Postgres,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Makes an empty PostgreSQL database and gives its URL.
pub fn fresh_postgres() -> String {
    made_from("template0 ENCODING 'UTF8'")
}

/// Makes a copy of a database that nobody is connected to, and gives its URL.
pub(crate) fn copy_of(url: &str) -> String {
    let path = url.split('?').next().unwrap_or(url);
    made_from(path.rsplit('/').next().expect("a path in the URL"))
}

fn made_from(template: &str) -> String {
    let cluster = std::env::var("ESTAMPE_TEST_POSTGRES")
        .expect("ESTAMPE_TEST_POSTGRES is not set: run the tests by `cargo xtask test`, which starts PostgreSQL");
    let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let made = Command::new("psql")
        .args(["-q", "-d", &cluster, "-c", &format!("CREATE DATABASE {name} TEMPLATE {template}")])
        .output()
        .expect("psql");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (head, query) = cluster.split_once('?').map_or((cluster.as_str(), None), |(h, q)| (h, Some(q)));
    let base = head.rsplit_once('/').expect("a path in the URL").0;
    query.map_or_else(|| format!("{base}/{name}"), |q| format!("{base}/{name}?{q}"))
}
