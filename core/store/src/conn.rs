//! One connection type over both databases, and how each kind is made ready.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL by libpq.
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
    /// SQLite, built in.
    Sqlite(SqliteConnection),
}

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    /// The path of a file.
    Sqlite(std::path::PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

/// Expands one body for both kinds, each with the connection's own type: for what
/// diesel's `MultiConnection` cannot do, such as `on_conflict`.
macro_rules! per_backend {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            #[cfg(feature = "postgres")]
            crate::conn::Conn::Postgres($c) => $body,
            crate::conn::Conn::Sqlite($c) => $body,
        }
    };
}
pub(crate) use per_backend;

impl Conn {
    /// Opens one and makes it ready.
    pub fn open(url: &Url) -> ConnectionResult<Self> {
        let mut conn = match url {
            Url::Sqlite(path) => Self::Sqlite(SqliteConnection::establish(&path.to_string_lossy())?),
            #[cfg(feature = "postgres")]
            Url::Postgres(url) => Self::Postgres(PgConnection::establish(url)?),
            #[cfg(not(feature = "postgres"))]
            Url::Postgres(_) => {
                return Err(ConnectionError::InvalidConnectionUrl(
                    "this build speaks SQLite only; install the package estampe-postgres".into(),
                ));
            }
        };
        let setup = match &conn {
            // FULL: what was acknowledged is on disk. The WAL is cut back to 64 MiB, and
            // written back every 16 MiB: what changes often in between is written once.
            Self::Sqlite(_) => {
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -2048; \
                 PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4096; \
                 PRAGMA temp_store = MEMORY;"
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => {
                "SET synchronous_commit = on; SET lock_timeout = '5s'; SET statement_timeout = '60s'; \
                 SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning;"
            }
        };
        conn.batch_execute(setup).map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }

    /// Fails when this transaction could not be committed any more: PostgreSQL answers a
    /// COMMIT after an error that nobody heeded by rolling back, and calls that success.
    #[cfg_attr(not(feature = "postgres"), expect(clippy::unnecessary_wraps, reason = "SQLite goes on after an error"))]
    pub fn ensure_commits(&mut self) -> QueryResult<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Postgres(conn) => conn.batch_execute("SELECT 1"),
        }
    }

    /// The statement that begins a transaction.
    pub fn begin(&self, write: bool) -> &'static str {
        match (self, write) {
            // IMMEDIATE: waits for the writer's place at once, never fails half-way
            (Self::Sqlite(_), true) => "BEGIN IMMEDIATE",
            (Self::Sqlite(_), false) => "BEGIN",
            #[cfg(feature = "postgres")]
            (Self::Postgres(_), true) => "BEGIN",
            #[cfg(feature = "postgres")]
            (Self::Postgres(_), false) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// A pooled connection, and when it was last known to work.
pub struct Live {
    conn: Conn,
    sound: Option<Instant>,
}

impl Live {
    /// After a failure: it is tried before anybody uses it again.
    pub fn doubt(&mut self) {
        self.sound = None;
    }
}

impl Deref for Live {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Live {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// The pool of either database.
pub type Pool = diesel::r2d2::Pool<Manager>;

/// Makes connections for a pool of r2d2.
#[derive(Debug)]
pub struct Manager {
    /// Where they lead.
    pub url: Url,
    /// Whether they write: those need the pages of every index, again and again.
    pub writes: bool,
}

/// SQLite's memory for pages of the one connection that writes: 8 MiB at most. It looks through
/// all of it at the end of a transaction that moved pages in a tree; with more, that costs more
/// than to read them again from the system's memory.
const WRITER_CACHE: &str = "PRAGMA cache_size = -8192";

/// A connection that worked so recently, and did not fail since, is used untried: to try
/// it is a whole round trip more for each unit of work.
const FRESH: Duration = Duration::from_secs(1);

impl diesel::r2d2::ManageConnection for Manager {
    type Connection = Live;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Live, Self::Error> {
        let mut conn = Conn::open(&self.url).map_err(diesel::r2d2::Error::ConnectionError)?;
        if self.writes && matches!(conn, Conn::Sqlite(_)) {
            conn.batch_execute(WRITER_CACHE).map_err(diesel::r2d2::Error::QueryError)?;
        }
        Ok(Live { conn, sound: Some(Instant::now()) })
    }

    fn is_valid(&self, live: &mut Live) -> Result<(), Self::Error> {
        if live.sound.is_none_or(|at| at.elapsed() > FRESH) {
            live.batch_execute("SELECT 1").map_err(diesel::r2d2::Error::QueryError)?;
            live.sound = Some(Instant::now());
        }
        Ok(())
    }

    fn has_broken(&self, _live: &mut Live) -> bool {
        std::thread::panicking()
    }
}
