//! What an upgrade would find: asked of the database by a newer program, beside the older one that
//! may be running. Plain SQL, a question at a time: an older schema may lack what this one has.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};

use crate::conn::{Conn, per_backend};
use crate::error::{Result, StoreError};
use crate::migrate;
use crate::offline::read_only;
use crate::open::{OpenError, StoreSettings};

/// The setting in which each start notes which version it is and which keys its configuration has.
pub const LAST_START: &str = "last-start";

/// What an upgrade would find. Lists are `None` where this schema could not be asked.
#[derive(Clone, Debug, Default)]
pub struct UpgradeFacts {
    /// Migrations that this program knows and that were not run.
    pub pending: Vec<String>,
    /// Migrations that were run and that this program does not know.
    pub unknown: Vec<String>,
    /// The newest migration that this program knows.
    pub newest: String,
    /// What [`LAST_START`] holds.
    pub last_start: Option<String>,
    /// Runs, publications and other work that is under way or waits for a word.
    pub work: Option<Vec<OpenWork>>,
    /// Installed plugins: versions in use and those that wait.
    pub plugins: Option<Vec<PluginRow>>,
    /// What was granted: plugin and permission.
    pub grants: Option<Vec<(String, String)>>,
}

/// Work that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct OpenWork {
    /// `run`, `publication` or `job`.
    #[diesel(sql_type = Text)]
    pub what: String,
    /// The source's name, or the kind of a job.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Where it stands.
    #[diesel(sql_type = Text)]
    pub state: String,
}

/// A version of an installed plugin.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PluginRow {
    /// Its id.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// What an administrator made of the plugin.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// The version.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// `current`, or `waiting` for its grants.
    #[diesel(sql_type = Text)]
    pub place: String,
    /// Its bundle.
    #[diesel(sql_type = Binary)]
    pub bundle: Vec<u8>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Granted {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    permission: String,
}

const RUNS: &str = "SELECT 'run' AS what, source.name AS name, run.state AS state \
    FROM run JOIN source ON source.id = run.source_id \
    WHERE run.state IN ('planning', 'held', 'applying') ORDER BY source.name";
const PUBLICATIONS: &str = "SELECT 'publication' AS what, source.name AS name, signature_publication.state AS state \
    FROM signature_publication JOIN source ON source.id = signature_publication.source_id \
    WHERE signature_publication.ended_at IS NULL ORDER BY source.name";
// runs and publications are told by themselves
const JOBS: &str = "SELECT 'job' AS what, job.kind AS name, job.state AS state FROM job \
    WHERE job.state = 'running' AND job.kind NOT IN ('run.sync', 'run.apply', 'signature.publication') ORDER BY job.kind";
const PLUGINS: &str = "SELECT plugin.id AS id, plugin.state AS state, plugin_version.version AS version, \
    CASE WHEN plugin_version.version = plugin.current_version THEN 'current' ELSE 'waiting' END AS place, \
    plugin_version.bundle AS bundle FROM plugin JOIN plugin_version ON plugin_version.plugin_id = plugin.id \
    WHERE plugin_version.version = plugin.current_version OR plugin_version.version = plugin.waiting_version \
    ORDER BY plugin.id, place";
const GRANTS: &str =
    "SELECT plugin_id AS id, permission AS permission FROM plugin_grant ORDER BY plugin_id, permission";

/// The rows of a query; none where this schema does not have what it asks for.
macro_rules! rows {
    ($conn:expr, $query:expr) => {
        per_backend!($conn, c => diesel::sql_query($query).load(c).ok())
    };
}

/// Looks at the database, which another program may be using; changes nothing and opens nothing sealed.
/// `None`: nothing was ever written to it.
pub fn upgrade_facts(settings: &StoreSettings) -> Result<Option<UpgradeFacts>, OpenError> {
    let mut conn = read_only(settings)?;
    let known = migrate::known(&conn)?;
    let read = |error: StoreError| OpenError::Connect(error.to_string());
    let Some(applied) = applied(&mut conn).map_err(read)? else { return Ok(None) };
    let work = [RUNS, PUBLICATIONS, JOBS].map(|query| -> Option<Vec<OpenWork>> { rows!(&mut conn, query) });
    let work = work.into_iter().collect::<Option<Vec<_>>>().map(|all| all.concat());
    let last_start = format!("SELECT value AS value FROM setting WHERE key = '{LAST_START}'");
    let last_start: Option<Vec<Line>> = rows!(&mut conn, &last_start);
    let grants: Option<Vec<Granted>> = rows!(&mut conn, GRANTS);
    Ok(Some(UpgradeFacts {
        pending: known.difference(&applied).cloned().collect(),
        unknown: applied.difference(&known).cloned().collect(),
        newest: known.last().cloned().unwrap_or_default(),
        last_start: last_start.and_then(|lines| lines.into_iter().next()).map(|line| line.value),
        work,
        plugins: rows!(&mut conn, PLUGINS),
        grants: grants.map(|rows| rows.into_iter().map(|row| (row.id, row.permission)).collect()),
    }))
}

/// The migrations that were run; none where there is no table of them yet.
fn applied(conn: &mut Conn) -> Result<Option<BTreeSet<String>>> {
    let there = match conn {
        Conn::Sqlite(_) => "SELECT name AS value FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            "SELECT table_name::text AS value FROM information_schema.tables WHERE table_name = '__diesel_schema_migrations'"
        }
    };
    if lines(conn, there)?.is_empty() {
        return Ok(None);
    }
    let applied = lines(conn, "SELECT version AS value FROM __diesel_schema_migrations")?;
    Ok(Some(applied.into_iter().map(|line| line.value).collect()))
}

fn lines(conn: &mut Conn, query: &str) -> Result<Vec<Line>> {
    Ok(per_backend!(conn, c => diesel::sql_query(query).load(c)?))
}
