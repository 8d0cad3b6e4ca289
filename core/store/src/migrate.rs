//! Migrations: embedded, run at start under a lock, all of them or none, refused when the
//! database is newer than this binary. A SQLite database is copied before.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use estampe_domain::Ts;
use estampe_domain::backup::Engine;

use crate::conn::{Conn, per_backend};
use crate::copy;
use crate::open::OpenError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The advisory lock of PostgreSQL that says "an Estampe migrates": the first eight
/// letters of its name as a number.
#[cfg(feature = "postgres")]
const LOCK: i64 = 0x0065_7374_616d_7065;

/// The setting that says which version brought the database up to which schema.
const MIGRATED_BY: &str = "migrated-by";
/// What the copy of before a migration is called: this, the schema that it has, and the end of a database.
const BEFORE: &str = "before-migration-";

/// Brings the schema up to date: wholly, or not at all.
pub fn run(conn: &mut Conn, data_dir: &Path, now: Ts) -> Result<(), OpenError> {
    let known = known(conn)?;
    match conn {
        // the data folder's lock keeps other processes out
        Conn::Sqlite(_) => bring_up_sqlite(conn, data_dir, SQLITE, &known, now),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            let failed = |e: diesel::result::Error| OpenError::Migration(e.to_string());
            conn.batch_execute("SET lock_timeout = '120s'; SET statement_timeout = 0;").map_err(failed)?;
            conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).map_err(failed)?;
            let result = bring_up_postgres(conn, &known, now);
            conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).map_err(failed)?;
            result
        }
    }
}

fn bring_up_sqlite<S>(
    conn: &mut Conn,
    data_dir: &Path,
    source: S,
    known: &BTreeSet<String>,
    now: Ts,
) -> Result<(), OpenError>
where
    S: MigrationSource<diesel::sqlite::Sqlite>,
{
    let applied = applied(conn)?;
    refuse_newer(conn, known, &applied)?;
    if known.is_subset(&applied) {
        return Ok(());
    }
    let copy = applied.last().map(|schema| copy_before(conn, data_dir, schema)).transpose()?;
    match conn {
        Conn::Sqlite(sqlite) => all_or_none(|| {
            sqlite.immediate_transaction(|c| c.run_pending_migrations(source).map(drop).map_err(Failed::from))
        })?,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {}
    }
    note_version(conn, known, now)?;
    if let Some(copy) = copy {
        tracing::info!(file = %copy.display(), "the database was migrated; a copy from before lies beside it");
        forget_older(data_dir, &copy);
    }
    Ok(())
}

#[cfg(feature = "postgres")]
fn bring_up_postgres(conn: &mut Conn, known: &BTreeSet<String>, now: Ts) -> Result<(), OpenError> {
    let applied = applied(conn)?;
    refuse_newer(conn, known, &applied)?;
    if known.is_subset(&applied) {
        return Ok(());
    }
    if let Some(schema) = applied.last() {
        tracing::warn!(
            db.schema = schema.as_str(),
            "the database is migrated now; on PostgreSQL a dump from before is yours to make (estampe backup, pg_dump)"
        );
    }
    if let Conn::Postgres(postgres) = conn {
        all_or_none(|| postgres.transaction(|c| c.run_pending_migrations(POSTGRES).map(drop).map_err(Failed::from)))?;
    }
    note_version(conn, known, now)
}

/// Why migrations failed, in a form in which a transaction can give it on.
struct Failed(String);

impl From<Failure> for Failed {
    fn from(error: Failure) -> Self {
        Self(error.to_string())
    }
}

impl From<diesel::result::Error> for Failed {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.to_string())
    }
}

fn all_or_none(migrate: impl FnOnce() -> Result<(), Failed>) -> Result<(), OpenError> {
    migrate().map_err(|Failed(why)| OpenError::Migration(format!("{why}; the database is as it was before")))
}

/// Copies a database that is about to be migrated; where to.
fn copy_before(conn: &mut Conn, data_dir: &Path, schema: &str) -> Result<PathBuf, OpenError> {
    let copy = data_dir.join(format!("{BEFORE}{schema}.db"));
    let new = data_dir.join(format!("{BEFORE}{schema}.db.new"));
    let at = |error| OpenError::File { path: copy.clone(), error };
    let _ = fs::remove_file(&new);
    copy::copy_sqlite(conn, &new, true).map_err(|error| {
        let _ = fs::remove_file(&new);
        OpenError::Migration(format!(
            "nothing was migrated, for the copy from before could not be made ({error}): is there room for it in {}?",
            data_dir.display()
        ))
    })?;
    fs::rename(&new, &copy).map_err(at)?;
    fs::File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(at)?;
    Ok(copy)
}

/// Removes the copies of earlier migrations.
fn forget_older(data_dir: &Path, kept: &Path) {
    let Ok(entries) = fs::read_dir(data_dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_copy = path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with(BEFORE) && (name.ends_with(".db") || name.ends_with(".db.new"))
        });
        if is_copy && path != kept {
            let _ = fs::remove_file(path);
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

fn applied(conn: &mut Conn) -> Result<BTreeSet<String>, OpenError> {
    let applied: Result<Vec<MigrationVersion<'static>>, Failure> = per_backend!(conn, c => c.applied_migrations());
    let applied = applied.map_err(|e| OpenError::Migration(e.to_string()))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}

fn refuse_newer(conn: &mut Conn, known: &BTreeSet<String>, applied: &BTreeSet<String>) -> Result<(), OpenError> {
    let Some(database) = applied.difference(known).last().cloned() else { return Ok(()) };
    let binary = known.last().cloned().unwrap_or_default();
    // versions are dates: one between two that are known was never in a release
    Err(if database > binary {
        OpenError::TooNew { needed: migrated_by(conn, &database), database, binary }
    } else {
        OpenError::Unreleased { database, binary }
    })
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Which version brought a database up to a schema, in words.
fn migrated_by(conn: &mut Conn, schema: &str) -> String {
    let query = format!("SELECT value FROM setting WHERE key = '{MIGRATED_BY}'");
    let read: QueryResult<Line> = per_backend!(conn, c => diesel::sql_query(query).get_result(c));
    let noted = read.ok().and_then(|line| {
        let (of, version) = line.value.split_once(' ')?;
        (of == schema).then(|| format!("version {version} or newer"))
    });
    noted.unwrap_or_else(|| "the version that wrote it".to_owned())
}

/// Notes which version brought the database up to its schema: an older one names it when it refuses.
fn note_version(conn: &mut Conn, known: &BTreeSet<String>, now: Ts) -> Result<(), OpenError> {
    let Some(schema) = known.last() else { return Ok(()) };
    let (value, at) = (format!("{schema} {}", env!("CARGO_PKG_VERSION")), now.as_micros());
    conn.batch_execute(&format!(
        "INSERT INTO setting (key, value, changed_at) VALUES ('{MIGRATED_BY}', {}, {at}) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
        copy::quoted(&value)
    ))
    .map_err(|e| OpenError::Migration(e.to_string()))
}

/// The migrations that this binary knows for this kind of database.
pub fn known(conn: &Conn) -> Result<BTreeSet<String>, OpenError> {
    known_of(match conn {
        Conn::Sqlite(_) => Engine::Sqlite,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Engine::Postgres,
    })
}

fn known_of(engine: Engine) -> Result<BTreeSet<String>, OpenError> {
    match engine {
        Engine::Sqlite => versions(MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)),
        #[cfg(feature = "postgres")]
        Engine::Postgres => versions(MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES)),
        // both trees have the same names
        #[cfg(not(feature = "postgres"))]
        Engine::Postgres => versions(MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)),
    }
}

/// How a schema stands to this binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// It is the newest that this binary knows.
    Current,
    /// It is older: brought up at the next start.
    Older,
    /// It is newer; the newest that this binary knows.
    Newer(String),
    /// No release had it.
    Unreleased,
}

/// How the schema of a backup stands to this binary.
pub fn schema_of(engine: Engine, schema: &str) -> Result<Schema, OpenError> {
    let known = known_of(engine)?;
    let newest = known.last().cloned().unwrap_or_default();
    Ok(if schema == newest {
        Schema::Current
    } else if known.contains(schema) {
        Schema::Older
    } else if schema > newest.as_str() {
        Schema::Newer(newest)
    } else {
        Schema::Unreleased
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use diesel_migrations::FileBasedMigrations;

    use super::*;
    use crate::conn::Url;

    const NOW: Ts = Ts::from_micros(1_764_000_000_000_000);

    /// Migrations of a made-up history: the first makes what is needed, each other one says what it does.
    fn history(folder: &Path, more: &[(&str, &str)]) -> (FileBasedMigrations, BTreeSet<String>) {
        let first = "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL, changed_at BIGINT NOT NULL); \
                     CREATE TABLE lead (id TEXT); INSERT INTO lead VALUES ('one');";
        for (name, up) in [("2026-01-01-000001_first", first)].iter().chain(more) {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("up.sql"), up).unwrap();
            fs::write(folder.join(name).join("down.sql"), "").unwrap();
        }
        let source = FileBasedMigrations::from_path(folder).unwrap();
        let known = versions(MigrationSource::<diesel::sqlite::Sqlite>::migrations(&source)).unwrap();
        (source, known)
    }

    struct Place {
        folder: tempfile::TempDir,
        conn: Conn,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let conn = Conn::open(&Url::Sqlite(folder.path().join("estampe.db"))).unwrap();
            Self { folder, conn }
        }

        fn run(&mut self, (source, known): (FileBasedMigrations, BTreeSet<String>)) -> Result<(), OpenError> {
            bring_up_sqlite(&mut self.conn, self.folder.path(), source, &known, NOW)
        }

        fn migrate(&mut self, more: &[(&str, &str)]) -> Result<(), OpenError> {
            let history_folder = tempfile::tempdir().unwrap();
            self.run(history(history_folder.path(), more))
        }

        fn copies(&self) -> Vec<String> {
            let names =
                fs::read_dir(self.folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<_> = names.filter(|name| name.starts_with(BEFORE)).collect();
            names.sort();
            names
        }
    }

    const SECOND: (&str, &str) = ("2026-02-01-000002_second", "ALTER TABLE lead ADD COLUMN name TEXT;");
    const THIRD: (&str, &str) = ("2026-03-01-000003_third", "ALTER TABLE lead ADD COLUMN company TEXT;");
    const BROKEN: (&str, &str) =
        ("2026-04-01-000004_broken", "DROP TABLE lead; ALTER TABLE nothing ADD COLUMN x TEXT;");

    #[test]
    fn a_database_is_copied_before_it_is_migrated_and_one_copy_stays() {
        let mut place = Place::new();
        place.migrate(&[]).unwrap();
        assert_eq!(place.copies(), [""; 0], "a new one has nothing to lose");
        place.migrate(&[SECOND]).unwrap();
        assert_eq!(place.copies(), ["before-migration-20260101000001.db"]);
        let copy = place.folder.path().join("before-migration-20260101000001.db");
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        let mut old = copy::open_to_read(&copy).unwrap();
        assert_eq!(applied(&mut old).unwrap().into_iter().collect::<Vec<_>>(), ["20260101000001"]);
        old.batch_execute("SELECT id FROM lead").unwrap();
        assert!(old.batch_execute("SELECT name FROM lead").is_err());
        place.migrate(&[SECOND, THIRD]).unwrap();
        assert_eq!(place.copies(), ["before-migration-20260201000002.db"]);
        place.migrate(&[SECOND, THIRD]).unwrap();
        assert_eq!(place.copies(), ["before-migration-20260201000002.db"], "nothing was to be done");
    }

    #[test]
    fn a_migration_that_fails_leaves_all_as_it_was_and_the_old_version_starts() {
        let mut place = Place::new();
        place.migrate(&[SECOND]).unwrap();
        // two are to come, and the second fails: the first is undone too
        let error = place.migrate(&[SECOND, THIRD, BROKEN]).unwrap_err().to_string();
        assert!(error.contains("nothing") && error.contains("as it was before"), "{error}");
        assert_eq!(applied(&mut place.conn).unwrap().len(), 2);
        assert!(place.conn.batch_execute("SELECT company FROM lead").is_err());
        place.conn.batch_execute("SELECT name FROM lead").unwrap();
        place.migrate(&[SECOND]).unwrap();
        assert_eq!(place.copies(), ["before-migration-20260201000002.db"]);
        place.migrate(&[SECOND, THIRD]).unwrap();
    }

    #[test]
    fn without_room_for_the_copy_nothing_is_migrated() {
        let mut place = Place::new();
        place.migrate(&[]).unwrap();
        // a folder in its place
        fs::create_dir(place.folder.path().join("before-migration-20260101000001.db.new")).unwrap();
        let error = place.migrate(&[SECOND]).unwrap_err().to_string();
        assert!(error.contains("nothing was migrated"), "{error}");
        assert_eq!(applied(&mut place.conn).unwrap().len(), 1);
    }

    #[test]
    fn a_version_that_is_too_old_names_the_one_that_is_needed() {
        let mut place = Place::new();
        place.migrate(&[SECOND]).unwrap();
        let error = place.migrate(&[]).unwrap_err().to_string();
        let needed = format!("version {}", env!("CARGO_PKG_VERSION"));
        assert!(error.contains(&needed) && error.contains("20260201000002"), "{error}");
    }

    #[test]
    fn schemas_are_told_apart() {
        let newest = known_of(Engine::Sqlite).unwrap().last().cloned().unwrap();
        assert_eq!(schema_of(Engine::Sqlite, &newest).unwrap(), Schema::Current);
        assert_eq!(schema_of(Engine::Sqlite, "99990101000000").unwrap(), Schema::Newer(newest));
        assert_eq!(schema_of(Engine::Sqlite, "20200101000000").unwrap(), Schema::Unreleased);
    }
}
