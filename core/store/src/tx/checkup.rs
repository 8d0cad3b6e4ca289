//! Looking whether what is stored is whole: what the database finds by itself, and what
//! only the keys can tell, row by row. A damaged row is named by its id, never shown.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use estampe_domain::BlobId;
use serde::{Deserialize, Serialize};

use super::Tx;
use super::audit::AuditRow;
use crate::conn::{Conn, per_backend};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::migrate;
use crate::rotation;
use crate::schema::{
    account, appliance_key, audit_event, blob, data_key, lead, run, run_item, run_log, run_refusal, setting,
    sign_in_provider, signature_mailbox, source, subject,
};

/// Rows looked at in one transaction.
const PAGE: i64 = 500;
/// Lines of what a database finds wrong by itself.
const FINDINGS: i64 = 10;

/// What can be checked by a key or a hash of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckupPart {
    /// Keys of the appliance: they unwrap.
    ApplianceKeys,
    /// Keys of subjects and runs: they unwrap.
    DataKeys,
    /// Details of leads: they open.
    Leads,
    /// Why runs failed: it opens.
    Runs,
    /// Lines of plans: they open.
    RunItems,
    /// Refused entries: they open.
    RunRefusals,
    /// What plugins wrote in runs.
    RunLog,
    /// Secrets of sources: they open.
    SourceSecrets,
    /// Our secrets at sign-in providers: they open.
    Providers,
    /// Seeds of second factors, account by account: they open.
    Factors,
    /// What stood in mailboxes before they were written: it opens.
    Mailboxes,
    /// Photos: their content has the hash that names them.
    Blobs,
    /// Audit events: their MAC is right.
    Audit,
}

impl CheckupPart {
    /// All of them, in the order in which they make sense.
    pub const ALL: [Self; 13] = [
        Self::ApplianceKeys,
        Self::DataKeys,
        Self::Leads,
        Self::Runs,
        Self::RunItems,
        Self::RunRefusals,
        Self::RunLog,
        Self::SourceSecrets,
        Self::Providers,
        Self::Factors,
        Self::Mailboxes,
        Self::Blobs,
        Self::Audit,
    ];

    /// Its table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::ApplianceKeys => "appliance_key",
            Self::DataKeys => "data_key",
            Self::Leads => "lead",
            Self::Runs => "run",
            Self::RunItems => "run_item",
            Self::RunRefusals => "run_refusal",
            Self::RunLog => "run_log",
            Self::SourceSecrets => "source_secret",
            Self::Providers => "sign_in_provider",
            Self::Factors => "account_factor",
            Self::Mailboxes => "signature_mailbox",
            Self::Blobs => "blob",
            Self::Audit => "audit_event",
        }
    }
}

impl FromStr for CheckupPart {
    type Err = ();

    fn from_str(table: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|part| part.table() == table).ok_or(())
    }
}

/// What was found in some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckupPage {
    /// Rows that were opened or verified, the damaged ones among them.
    pub checked: u64,
    /// Rows whose key was destroyed: erased on purpose, nothing to open.
    pub erased: u64,
    /// Ids of damaged rows.
    pub damaged: Vec<String>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// What a database says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFacts {
    /// "SQLite" or "PostgreSQL".
    pub engine: String,
    /// Its version.
    pub version: String,
    /// Migrations that were run and that this binary does not know.
    pub unknown_migrations: Vec<String>,
    /// Migrations that this binary knows and that were not run.
    pub pending_migrations: Vec<String>,
    /// The newest migration that this binary knows: `20261127000007`.
    pub newest_migration: String,
    /// Settings that durability rests on.
    pub settings: BTreeMap<String, String>,
    /// What its own checks found wrong: tables and row numbers, no content.
    pub findings: Vec<String>,
    /// The newest audit event, in microseconds since the epoch.
    pub newest_event: Option<i64>,
    /// Ids of the keys under which other keys are wrapped.
    pub kek_ids: Vec<String>,
    /// The key that wraps all others, and since when (microseconds since the epoch), as far as
    /// that is noted.
    pub key_since: Option<(String, i64)>,
    /// The key of which somebody last showed a copy, and when (microseconds since the epoch).
    pub key_copied: Option<(String, i64)>,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    value: String,
}

fn lines(conn: &mut Conn, query: &str) -> QueryResult<Vec<String>> {
    let rows: Vec<Line> = per_backend!(conn, c => diesel::sql_query(query).load(c)?);
    Ok(rows.into_iter().map(|row| row.value).collect())
}

pub(crate) fn facts(conn: &mut Conn) -> Result<DatabaseFacts> {
    let mut facts = DatabaseFacts::default();
    let known = migrate::known(conn).map_err(|e| StoreError::Connection(e.to_string()))?;
    let applied: BTreeSet<String> =
        lines(conn, "SELECT version AS value FROM __diesel_schema_migrations")?.into_iter().collect();
    facts.unknown_migrations = applied.difference(&known).cloned().collect();
    facts.pending_migrations = known.difference(&applied).cloned().collect();
    facts.newest_migration = known.last().cloned().unwrap_or_default();
    match conn {
        Conn::Sqlite(_) => {
            facts.engine = "SQLite".into();
            facts.version = lines(conn, "SELECT sqlite_version() AS value")?.concat();
            let quick = lines(conn, &format!("SELECT quick_check AS value FROM pragma_quick_check LIMIT {FINDINGS}"))?;
            facts.findings =
                quick.into_iter().filter(|line| line != "ok").map(|line| format!("quick_check: {line}")).collect();
            let foreign = format!(
                "SELECT 'foreign key: ' || \"table\" || ' row ' || coalesce(rowid, '?') || ' points at nothing in ' || parent \
                 AS value FROM pragma_foreign_key_check LIMIT {FINDINGS}"
            );
            facts.findings.extend(lines(conn, &foreign)?);
            let mode = lines(conn, "SELECT journal_mode AS value FROM pragma_journal_mode")?.concat();
            facts.settings.insert("journal_mode".into(), mode);
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            facts.engine = "PostgreSQL".into();
            facts.version = lines(conn, "SELECT current_setting('server_version') AS value")?.concat();
            for name in ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"] {
                let value = lines(conn, &format!("SELECT coalesce(current_setting('{name}', true), '') AS value"))?;
                facts.settings.insert(name.into(), value.concat());
            }
        }
    }
    let newest = sql::<Nullable<BigInt>>("max(at)");
    facts.newest_event = audit_event::table.select(newest).first(conn)?;
    let mut kek_ids: Vec<String> = appliance_key::table.select(appliance_key::kek_id).distinct().load(conn)?;
    kek_ids.extend(
        data_key::table
            .filter(data_key::wrapped.is_not_null())
            .select(data_key::kek_id)
            .distinct()
            .load::<String>(conn)?,
    );
    kek_ids.sort();
    kek_ids.dedup();
    facts.kek_ids = kek_ids;
    facts.key_since = moment_of_key(conn, rotation::SINCE)?;
    facts.key_copied = moment_of_key(conn, rotation::COPIED)?;
    Ok(facts)
}

fn moment_of_key(conn: &mut Conn, name: &str) -> QueryResult<Option<(String, i64)>> {
    let noted: Option<String> = setting::table.find(name).select(setting::value).get_result(conn).optional()?;
    Ok(noted.as_deref().and_then(rotation::read_moment).map(|(id, at)| (id, at.as_micros())))
}

/// How a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Whole,
    Damaged,
    Erased,
}

impl From<bool> for Judged {
    fn from(whole: bool) -> Self {
        if whole { Self::Whole } else { Self::Damaged }
    }
}

/// How a data key is.
enum Key {
    Whole(super::DataKey),
    Damaged,
    Destroyed,
}

impl Key {
    /// How something is that this key sealed.
    fn judge(&self, place: (&'static str, &str, &'static str), sealed: &[u8]) -> Result<Judged> {
        Ok(match self {
            Self::Destroyed => Judged::Erased,
            Self::Damaged => Judged::Damaged,
            Self::Whole(key) => {
                let place = Place { table: place.0, row: place.1, column: place.2, key: &key.id };
                opens(crypto::open(&key.key, place, sealed))?.into()
            }
        })
    }
}

impl CheckupPage {
    /// What hangs on a row and opens, does not, or is not there.
    fn note_some(&mut self, row: String, opened: Result<bool>) -> Result<()> {
        if !matches!(opened, Ok(false)) {
            self.note(row, opens(opened)?.into());
        }
        Ok(())
    }

    fn note(&mut self, row: String, judged: Judged) {
        match judged {
            Judged::Erased => self.erased += 1,
            Judged::Whole => self.checked += 1,
            Judged::Damaged => {
                self.checked += 1;
                self.damaged.push(row);
            }
        }
    }
}

/// A failure of the database is one; a row that does not open is an answer.
fn opens<T>(opened: Result<T>) -> Result<bool> {
    match opened {
        Ok(_) => Ok(true),
        Err(StoreError::Damaged(_) | StoreError::Unreadable(_)) => Ok(false),
        // SQLite alone reads what cannot be: text that is none, after a flipped bit
        Err(StoreError::Database(diesel::result::Error::DeserializationError(_) | diesel::result::Error::NotFound)) => {
            Ok(false)
        }
        Err(other) => Err(other),
    }
}

/// Ids of one table after another id.
macro_rules! ids_after {
    ($tx:expr, $table:ident, $id:ident, $after:expr) => {
        $table::table
            .filter($table::$id.gt($after))
            .order($table::$id)
            .limit(PAGE)
            .select($table::$id)
            .load::<String>($tx.conn)?
    };
}

impl Tx<'_> {
    /// What the database says of itself; its own checks take their time.
    pub fn database_facts(&mut self) -> Result<DatabaseFacts> {
        facts(self.conn)
    }

    /// Looks at some rows of a part, after the row `after`.
    pub fn checkup(&mut self, part: CheckupPart, after: Option<&str>) -> Result<CheckupPage> {
        let after = after.unwrap_or_default();
        let ids = match part {
            CheckupPart::ApplianceKeys => ids_after!(self, appliance_key, name, after),
            CheckupPart::DataKeys => ids_after!(self, data_key, id, after),
            CheckupPart::Leads => ids_after!(self, lead, id, after),
            CheckupPart::Runs | CheckupPart::RunItems | CheckupPart::RunRefusals | CheckupPart::RunLog => {
                ids_after!(self, run, id, after)
            }
            CheckupPart::SourceSecrets => ids_after!(self, source, id, after),
            CheckupPart::Providers => ids_after!(self, sign_in_provider, id, after),
            CheckupPart::Factors => ids_after!(self, account, id, after),
            CheckupPart::Mailboxes => ids_after!(self, signature_mailbox, data_key_id, after),
            CheckupPart::Blobs => ids_after!(self, blob, id, after),
            CheckupPart::Audit => ids_after!(self, audit_event, id, after),
        };
        let mut page = CheckupPage {
            next: ids.last().filter(|_| i64::try_from(ids.len()) == Ok(PAGE)).cloned(),
            ..CheckupPage::default()
        };
        for id in ids {
            match part {
                CheckupPart::ApplianceKeys => {
                    let whole = opens(self.appliance_key_opens(&id))?;
                    page.note(id, whole.into());
                }
                CheckupPart::DataKeys => {
                    let judged = match self.judged_key(&id)? {
                        Key::Whole(_) => Judged::Whole,
                        Key::Damaged => Judged::Damaged,
                        Key::Destroyed => Judged::Erased,
                    };
                    page.note(id, judged);
                }
                CheckupPart::Leads => {
                    let judged = self.judged_lead(&id)?;
                    page.note(id, judged);
                }
                CheckupPart::Runs => {
                    if let Some(judged) = self.judged_run(&id)? {
                        page.note(id, judged);
                    }
                }
                CheckupPart::RunItems | CheckupPart::RunRefusals | CheckupPart::RunLog => {
                    self.judge_rows_of_run(part, &id, &mut page)?;
                }
                CheckupPart::SourceSecrets => {
                    let source = super::id(&id, "source")?;
                    let opened = self.source_secrets(source).map(|secrets| !secrets.is_empty());
                    page.note_some(id, opened)?;
                }
                CheckupPart::Providers => {
                    let provider = super::id(&id, "sign_in_provider")?;
                    let opened = self.provider_secret(provider).map(|secret| secret.is_some());
                    page.note_some(id, opened)?;
                }
                CheckupPart::Factors => {
                    let account = super::id(&id, "account")?;
                    let opened = self.totps(account).map(|seeds| !seeds.is_empty());
                    page.note_some(id, opened)?;
                }
                CheckupPart::Mailboxes => {
                    let whole = opens(self.backup_opens(&id))?;
                    page.note(id, whole.into());
                }
                CheckupPart::Blobs => {
                    let read = blob::table.find(&id).select(blob::content).first::<Vec<u8>>(self.conn);
                    let whole = opens(read.map_err(StoreError::from).and_then(|content| {
                        if BlobId::of(&content).as_str() == id { Ok(()) } else { Err(StoreError::Damaged("blob")) }
                    }))?;
                    page.note(id, whole.into());
                }
                CheckupPart::Audit => {
                    let whole = opens(self.audit_is_genuine(&id))?;
                    page.note(id, whole.into());
                }
            }
        }
        Ok(page)
    }

    fn appliance_key_opens(&mut self, name: &str) -> Result<()> {
        let (kek_id, wrapped): (String, Vec<u8>) =
            appliance_key::table.find(name).select((appliance_key::kek_id, appliance_key::wrapped)).first(self.conn)?;
        self.keys.unwrap_key("appliance_key", name, &kek_id, &wrapped).map(|_| ())
    }

    fn judged_key(&mut self, id: &str) -> Result<Key> {
        match self.data_key(id) {
            Ok(None) => Ok(Key::Destroyed),
            Ok(Some(key)) => Ok(Key::Whole(key)),
            Err(error) => opens::<()>(Err(error)).map(|_| Key::Damaged),
        }
    }

    fn judged_lead(&mut self, id: &str) -> Result<Judged> {
        let read = lead::table
            .inner_join(subject::table)
            .filter(lead::id.eq(id))
            .select((subject::data_key_id, lead::sealed))
            .first::<(String, Vec<u8>)>(self.conn);
        match read {
            Ok((key_id, sealed)) => self.judged_key(&key_id)?.judge(("lead", id, "sealed"), &sealed),
            Err(error) => opens::<()>(Err(error.into())).map(Judged::from),
        }
    }

    /// A run's failure; `None` when there is none to open.
    fn judged_run(&mut self, id: &str) -> Result<Option<Judged>> {
        let (key_id, sealed): (String, Option<Vec<u8>>) =
            run::table.find(id).select((run::data_key_id, run::failure_sealed)).first(self.conn)?;
        let Some(sealed) = sealed else { return Ok(None) };
        self.judged_key(&key_id)?.judge(("run", id, "failure_sealed"), &sealed).map(Some)
    }

    fn judge_rows_of_run(&mut self, part: CheckupPart, run_id: &str, page: &mut CheckupPage) -> Result<()> {
        let key_id: String = run::table.find(run_id).select(run::data_key_id).first(self.conn)?;
        let key = self.judged_key(&key_id)?;
        let mut after = i64::MIN;
        loop {
            macro_rules! rows_of {
                ($table:ident $(, $more:expr)*) => {
                    $table::table
                        .filter($table::run_id.eq(run_id).and($table::seq.gt(after)))
                        .order($table::seq)
                        .limit(PAGE)
                        .select(($table::seq, $table::sealed $(, $more)*))
                        .load(self.conn)?
                };
            }
            let rows: Vec<(i64, Vec<u8>)> = match part {
                CheckupPart::RunItems => {
                    type Item = (i64, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);
                    let rows: Vec<Item> = rows_of!(run_item, run_item::said, run_item::photo);
                    for (seq, _, said, photo) in &rows {
                        let row = format!("{run_id}/{seq}");
                        for (column, sealed) in [("said", said), ("photo", photo)] {
                            let Some(sealed) = sealed else { continue };
                            page.note(row.clone(), key.judge((part.table(), &row, column), sealed)?);
                        }
                    }
                    rows.into_iter().map(|(seq, sealed, ..)| (seq, sealed)).collect()
                }
                CheckupPart::RunLog => rows_of!(run_log),
                _ => rows_of!(run_refusal),
            };
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = *last;
            for (seq, sealed) in rows {
                let row = format!("{run_id}/{seq}");
                let judged = key.judge((part.table(), &row, "sealed"), &sealed)?;
                page.note(row, judged);
            }
        }
    }

    fn audit_is_genuine(&mut self, id: &str) -> Result<()> {
        let row: AuditRow = audit_event::table.find(id).first(self.conn)?;
        row.ensure_genuine(self.keys)
    }
}
