//! A copy of the database while others write to it: all of it, of one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use estampe_domain::backup::{CopyFacts, Engine};

use crate::conn::{Conn, Url, per_backend};
use crate::error::{Result, StoreError};
use crate::open::{Database, Store, StoreSettings};
use crate::pg_tools;

/// Tables whose rows a backup counts; one from another version may have counted others.
const COUNTED: [&str; 14] = [
    "person",
    "card",
    "lead",
    "consent",
    "subject",
    "data_key",
    "account",
    "source",
    "person_identity",
    "plugin_version",
    "blob",
    "job",
    "signature_mailbox",
    "audit_event",
];

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    value: i64,
}

fn lines(conn: &mut Conn, query: &str) -> Result<Vec<String>> {
    let rows: Vec<Line> = per_backend!(conn, c => diesel::sql_query(query).load(c)?);
    Ok(rows.into_iter().map(|row| row.value).collect())
}

fn count(conn: &mut Conn, query: &str) -> Result<u64> {
    let row: Count = per_backend!(conn, c => diesel::sql_query(query).get_result(c)?);
    Ok(u64::try_from(row.value).unwrap_or(0))
}

/// What a database holds, its main tables counted.
pub(crate) fn copy_facts(conn: &mut Conn) -> Result<CopyFacts> {
    facts_counting(conn, COUNTED)
}

/// What a database holds, as far as `told` says something of it: the tables that are named there are counted.
pub(crate) fn facts_beside(conn: &mut Conn, told: &CopyFacts) -> Result<CopyFacts> {
    // the names come from a file: nothing but a table's name goes into a statement
    let there: BTreeSet<String> = tables(conn)?.into_iter().collect();
    if let Some(strange) = told.counts.keys().find(|table| !there.contains(*table)) {
        return Err(StoreError::Copy(format!("there is no table {strange:?}, although the manifest counts its rows")));
    }
    facts_counting(conn, told.counts.keys().map(String::as_str))
}

/// The names of all tables that are ours.
fn tables(conn: &mut Conn) -> Result<Vec<String>> {
    let query = match conn {
        Conn::Sqlite(_) => "SELECT name AS value FROM sqlite_master WHERE type = 'table' AND name GLOB '[a-z]*'",
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            "SELECT table_name::text AS value FROM information_schema.tables WHERE table_name ~ '^[a-z]'"
        }
    };
    let plain = |name: &String| name.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_');
    Ok(lines(conn, query)?.into_iter().filter(plain).collect())
}

fn facts_counting<'a>(conn: &mut Conn, counted: impl IntoIterator<Item = &'a str>) -> Result<CopyFacts> {
    let engine = match conn {
        Conn::Sqlite(_) => Engine::Sqlite,
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Engine::Postgres,
    };
    let schema = lines(conn, "SELECT max(version) AS value FROM __diesel_schema_migrations")?.concat();
    let keys = lines(
        conn,
        "SELECT kek_id AS value FROM appliance_key \
         UNION SELECT kek_id FROM data_key WHERE wrapped IS NOT NULL ORDER BY 1",
    )?;
    let mut counts = BTreeMap::new();
    for table in counted {
        counts.insert(table.to_owned(), count(conn, &format!("SELECT count(*) AS value FROM {table}"))?);
    }
    Ok(CopyFacts { engine, schema, keys, counts })
}

/// A text as a literal of SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Copies a SQLite database into a file that its owner alone may read, from one reading transaction:
/// whoever writes meanwhile waits for nothing. What was deleted is not in it. On disk before this returns
/// if `durable`.
pub(crate) fn copy_sqlite(conn: &mut Conn, to: &Path, durable: bool) -> Result<()> {
    let file = |error: std::io::Error| StoreError::Copy(format!("{}: {error}", to.display()));
    // SQLite takes an empty file, and would make one that others may read
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(file)?;
    let level = if durable { "FULL" } else { "OFF" };
    conn.batch_execute(&format!("PRAGMA synchronous = {level}; VACUUM INTO {};", quoted(&to.to_string_lossy())))?;
    if durable {
        made.sync_all().map_err(file)?;
        if let Some(folder) = to.parent() {
            fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(file)?;
        }
    }
    Ok(())
}

/// Opens a SQLite database for reading and nothing else; nothing is made beside it.
pub(crate) fn open_to_read(path: &Path) -> Result<Conn> {
    let connect = |e: &dyn std::fmt::Display| StoreError::Connection(e.to_string());
    let encoded = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mut conn = SqliteConnection::establish(&format!("file:{encoded}?mode=ro")).map_err(|e| connect(&e))?;
    conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")?;
    Ok(Conn::Sqlite(conn))
}

impl Store {
    /// Copies the database into a folder, whatever is written meanwhile; what the copy holds. Blocks for as
    /// long as it takes: not for a thread that others wait for.
    pub fn copy_into(&self, folder: &Path) -> Result<(PathBuf, CopyFacts)> {
        let mut conn = Conn::open(self.url()).map_err(|e| StoreError::Connection(e.to_string()))?;
        match self.url() {
            Url::Sqlite(_) => {
                let copy = folder.join("estampe.db");
                copy_sqlite(&mut conn, &copy, false)?;
                let facts = copy_facts(&mut open_to_read(&copy)?)?;
                Ok((copy, facts))
            }
            Url::Postgres(url) => {
                let copy = folder.join("estampe.dump");
                // whoever counts and whoever dumps see the same moment
                conn.batch_execute(
                    "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; \
                     BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;",
                )?;
                let snapshot = lines(&mut conn, "SELECT pg_export_snapshot() AS value")?.concat();
                let facts = copy_facts(&mut conn)?;
                pg_tools::dump(url, &snapshot, &copy)?;
                conn.batch_execute("COMMIT")?;
                Ok((copy, facts))
            }
        }
    }

    /// How many octets a copy would have, about; the database server knows for PostgreSQL.
    pub fn copy_size(&self) -> Result<u64> {
        match self.url() {
            Url::Sqlite(path) => {
                let length = |path: &Path| fs::metadata(path).map_or(0, |facts| facts.len());
                Ok(length(path) + length(&PathBuf::from(format!("{}-wal", path.display()))))
            }
            Url::Postgres(_) => {
                let mut conn = Conn::open(self.url()).map_err(|e| StoreError::Connection(e.to_string()))?;
                count(&mut conn, "SELECT pg_database_size(current_database()) AS value")
            }
        }
    }
}

/// Refuses a place where a database is already.
pub fn ensure_empty(settings: &StoreSettings) -> Result<()> {
    match &settings.database {
        Database::Sqlite(path) => {
            let beside = ["", "-wal", "-shm", "-journal"].map(|end| PathBuf::from(format!("{}{end}", path.display())));
            match beside.into_iter().find(|path| path.exists()) {
                Some(path) => Err(StoreError::Copy(format!(
                    "{} is there: a backup is restored into an empty place only; name another data_dir, or put it aside",
                    path.display()
                ))),
                None => Ok(()),
            }
        }
        Database::Postgres(url) => {
            let mut conn =
                Conn::open(&Url::Postgres(url.clone())).map_err(|e| StoreError::Connection(e.to_string()))?;
            let tables = "SELECT count(*) AS value FROM information_schema.tables \
                          WHERE table_schema NOT IN ('pg_catalog', 'information_schema')";
            match count(&mut conn, tables)? {
                0 => Ok(()),
                there => Err(StoreError::Copy(format!(
                    "the database that database.url names holds {there} tables: a backup is restored into an empty place \
                     only; make a new database, and name that one"
                ))),
            }
        }
    }
}

/// Fills an empty PostgreSQL database with a dump: all of it or nothing. What it holds then, counted as the
/// manifest counts.
pub fn fill(url: &str, dump: &Path, told: &CopyFacts) -> Result<CopyFacts> {
    pg_tools::restore(url, dump)?;
    let mut conn = Conn::open(&Url::Postgres(url.to_owned())).map_err(|e| StoreError::Connection(e.to_string()))?;
    facts_beside(&mut conn, told)
}

/// What a copy in a file holds.
pub fn facts_of(engine: Engine, copy: &Path) -> Result<Option<CopyFacts>> {
    match engine {
        Engine::Sqlite => copy_facts(&mut open_to_read(copy)?).map(Some),
        // a dump can be listed, and not be asked
        Engine::Postgres => pg_tools::list(copy).map(|_| None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of an older version: some of today's tables are not there yet, and one that is gone since is.
    fn older(folder: &Path) -> PathBuf {
        let path = folder.join("estampe.db");
        let mut conn = Conn::open(&Url::Sqlite(path.clone())).unwrap();
        conn.batch_execute(
            "CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY); \
             INSERT INTO __diesel_schema_migrations VALUES ('20260101000001'); \
             CREATE TABLE appliance_key (name TEXT, kek_id TEXT, wrapped BLOB); \
             INSERT INTO appliance_key VALUES ('audit-mac', '00ff', x'00'); \
             CREATE TABLE data_key (id TEXT, kek_id TEXT, wrapped BLOB); \
             CREATE TABLE person (id TEXT); CREATE TABLE visiting_card (id TEXT); \
             INSERT INTO person VALUES ('a'), ('b'); INSERT INTO visiting_card VALUES ('c');",
        )
        .unwrap();
        path
    }

    fn told(counts: &[(&str, u64)]) -> CopyFacts {
        CopyFacts {
            engine: Engine::Sqlite,
            schema: "20260101000001".into(),
            keys: vec!["00ff".into()],
            counts: counts.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect(),
        }
    }

    #[test]
    fn an_older_versions_copy_is_counted_as_that_version_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = older(folder.path());
        let mut conn = open_to_read(&path).unwrap();
        assert!(copy_facts(&mut conn).is_err(), "today's tables are not all there");
        let manifest = told(&[("person", 2), ("visiting_card", 1)]);
        assert_eq!(facts_beside(&mut conn, &manifest).unwrap(), manifest);
        // a row that is missing is told
        let other = told(&[("person", 3), ("visiting_card", 1)]);
        assert_ne!(facts_beside(&mut conn, &other).unwrap(), other);
    }

    #[test]
    fn a_name_from_a_manifest_is_a_tables_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut conn = open_to_read(&older(folder.path())).unwrap();
        for strange in ["card", "person; DROP TABLE person", "person WHERE 1 = 0", "(SELECT 1)", "", "sqlite_master"] {
            let error = facts_beside(&mut conn, &told(&[(strange, 2)])).unwrap_err().to_string();
            assert!(error.contains("there is no table"), "{strange}: {error}");
        }
    }
}
