//! Migrations: embedded, run at start under a lock, refused when the database is
//! newer than this binary.

use std::collections::BTreeSet;

#[cfg(feature = "postgres")]
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::conn::Conn;
use crate::open::OpenError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock of PostgreSQL that says "an Estampe migrates": the first eight
/// letters of its name as a number.
#[cfg(feature = "postgres")]
const LOCK: i64 = 0x0065_7374_616d_7065;

/// Brings the schema up to date.
pub fn run(conn: &mut Conn) -> Result<(), OpenError> {
    match conn {
        Conn::Sqlite(conn) => {
            // the data folder's lock keeps other processes out
            let known = versions(MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE))?;
            refuse_newer(&known, conn.applied_migrations())?;
            conn.run_pending_migrations(SQLITE).map_err(|e| OpenError::Migration(e.to_string()))?;
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            let failed = |e: diesel::result::Error| OpenError::Migration(e.to_string());
            conn.batch_execute("SET lock_timeout = '120s'; SET statement_timeout = 0;").map_err(failed)?;
            conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).map_err(failed)?;
            let known = versions(MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES))?;
            let result = refuse_newer(&known, conn.applied_migrations()).and_then(|()| {
                conn.run_pending_migrations(POSTGRES).map(|_| ()).map_err(|e| OpenError::Migration(e.to_string()))
            });
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).map_err(failed)?;
            result
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn versions<DB: diesel::backend::Backend>(
    migrations: Result<Vec<Box<dyn Migration<DB>>>, Failure>,
) -> Result<BTreeSet<String>, OpenError> {
    let migrations = migrations.map_err(|e| OpenError::Migration(e.to_string()))?;
    Ok(migrations.iter().map(|m| m.name().version().to_string()).collect())
}

fn refuse_newer(
    known: &BTreeSet<String>,
    applied: Result<Vec<MigrationVersion<'static>>, Failure>,
) -> Result<(), OpenError> {
    let applied = applied.map_err(|e| OpenError::Migration(e.to_string()))?;
    let unknown: BTreeSet<String> = applied.iter().map(ToString::to_string).filter(|v| !known.contains(v)).collect();
    let Some(database) = unknown.last().cloned() else { return Ok(()) };
    let binary = known.last().cloned().unwrap_or_default();
    // versions are dates: one between two that are known was never in a release
    Err(if database > binary {
        OpenError::TooNew { database, binary }
    } else {
        OpenError::Unreleased { database, binary }
    })
}

/// The migrations that this binary knows for this kind of database.
pub fn known(conn: &Conn) -> Result<BTreeSet<String>, OpenError> {
    match conn {
        Conn::Sqlite(_) => versions(MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => versions(MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES)),
    }
}
