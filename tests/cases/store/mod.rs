//! The store by its own door, on both databases.

mod accounts;
mod changes;
mod jobs;
mod leads;
mod opening;
mod parity;
mod publications;
mod rotation;
mod runs;
mod submit;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use estampe_domain::ports::{Clock, Random};
use estampe_domain::{Actor, Context, Locale, RequestId, Ts};
use estampe_store::{Database as Place, OpenError, Store, StoreSettings};
use estampe_tests::{Database, fresh_postgres};
use tempfile::TempDir;

/// A clock that a test moves.
#[derive(Default)]
struct Hands(AtomicI64);

impl Hands {
    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Ts {
        Ts::from_micros(1_764_000_000_000_000 + self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// The system's randomness.
struct System;

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) {
        use std::io::Read;
        std::fs::File::open("/dev/urandom").unwrap().read_exact(bytes).unwrap();
    }
}

/// A place for a database, which may be opened again and again.
struct Bench {
    folder: TempDir,
    settings: StoreSettings,
    clock: Arc<Hands>,
}

impl Bench {
    fn new(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let place = match database {
            Database::Sqlite => Place::Sqlite(data_dir.join("estampe.db")),
            Database::Postgres => Place::Postgres(fresh_postgres()),
        };
        let settings = StoreSettings { database: place, kek_file: data_dir.join("keys/kek"), data_dir };
        Self { folder, settings, clock: Arc::default() }
    }

    fn try_open(&self) -> Result<Store, OpenError> {
        let open = || Store::open(&self.settings, self.clock.clone(), Arc::new(System));
        // a program that another test starts at this moment holds the lock's file until it runs
        for _ in 0..50 {
            match open() {
                Err(OpenError::InUse(_)) => std::thread::sleep(Duration::from_millis(20)),
                opened => return opened,
            }
        }
        open()
    }

    fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    /// What another program is told by the database, a line a row, octets in hexadecimal.
    fn ask(&self, sql: &str) -> Vec<String> {
        const PYTHON: &str = "import sys,sqlite3\nc=sqlite3.connect(sys.argv[1])\n\
            for r in c.execute(sys.argv[2]): print('|'.join(v.hex() if isinstance(v,bytes) else str(v) for v in r))\n\
            c.commit()";
        let mut command = match &self.settings.database {
            Place::Postgres(url) => {
                let mut psql = Command::new("psql");
                psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]);
                psql
            }
            Place::Sqlite(path) => {
                let mut python = Command::new("/usr/bin/python3");
                python.args(["-c", PYTHON]).arg(path).arg(sql);
                python
            }
        };
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    fn context(&self) -> Context {
        let now = self.clock.now();
        Context::new(Actor::System, Locale::Fr, RequestId::new(now, &System), now)
    }
}
