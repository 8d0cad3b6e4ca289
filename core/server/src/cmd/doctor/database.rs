//! The database: what it finds by itself, and what only the keys can tell.

use std::fs;
use std::sync::Arc;

use estampe_adapters::{SystemClock, SystemRandom};
use estampe_store::{CheckupPage, CheckupPart, Database, DatabaseFacts, JobState, Offline, OpenError};
use serde_json::Value;

use super::files::size;
use super::{Report, Service};
use crate::config::{CheckedSettings, database_weakness};
use crate::operator::Operator;

const DATABASE: &str = "database";
const LINE: &str = "database line";
const SEALED: &str = "sealed data";
const AUDIT: &str = "audit";
const OUTBOX: &str = "outbox";
/// Damaged rows named at most, of each table.
const NAMED: usize = 5;
/// A write-ahead log that nobody could cut back for long.
const LONG_WAL: u64 = 256 << 20;
/// Older ones may damage a database when its log begins anew.
const OLDEST_SQLITE: [u32; 3] = [3, 51, 3];

/// Who opens the database.
enum Door<'a> {
    Running(&'a Operator),
    Offline(Box<Offline>),
}

impl Door<'_> {
    async fn page(&mut self, part: CheckupPart, after: Option<String>) -> Result<CheckupPage, String> {
        match self {
            Self::Running(operator) => {
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .append_pair("after", after.as_deref().unwrap_or_default())
                    .finish();
                let answer = operator.get_slowly(&format!("/v1/checkup/{}?{query}", part.table())).await?;
                serde_json::from_value(answer).map_err(|e| format!("the service's answer was not understood: {e}"))
            }
            Self::Offline(offline) => offline.look(|tx| tx.checkup(part, after.as_deref())).map_err(|e| e.to_string()),
        }
    }
}

/// Looks at it; what it says of itself goes to the other checks.
pub async fn examine(settings: &CheckedSettings, service: &Service, report: &mut Report) -> Option<DatabaseFacts> {
    if let Database::Postgres(url) = &settings.store.database
        && let Some(weakness) = database_weakness(url)
    {
        report.warn(LINE, weakness, "let database.url say sslmode=verify-full&sslrootcert=FILE");
    }
    let skip = |report: &mut Report, why: &str| {
        for check in [SEALED, AUDIT, OUTBOX] {
            report.skip(check, why);
        }
    };
    let (mut door, facts, mails) = match service {
        Service::Closed(_) => {
            report.skip(DATABASE, "the running service alone may open it, and cannot be asked");
            skip(report, "needs the database");
            return None;
        }
        Service::Running(operator) => match operator.get_slowly("/v1/checkup").await.and_then(read) {
            Ok((facts, mails)) => (Door::Running(operator), facts, Some(mails)),
            Err(error) => {
                report.fail(DATABASE, format!("the service could not look at it: {error}"), "look at its log");
                skip(report, "needs the database");
                return None;
            }
        },
        Service::Stopped => match offline(settings) {
            Ok(Some((mut offline, facts))) => {
                let mails =
                    offline.look(|tx| Ok((tx.mail_count(JobState::Waiting)?, tx.mail_count(JobState::Dead)?))).ok();
                (Door::Offline(offline), facts, mails)
            }
            Ok(None) => {
                report.skip(DATABASE, "there is none yet; it is made at the first start");
                skip(report, "needs the database");
                return None;
            }
            Err((found, advice)) => {
                report.fail(DATABASE, found, advice);
                skip(report, "needs the database");
                return None;
            }
        },
    };
    judge(settings, &facts, matches!(door, Door::Offline(_)), report);
    if let Door::Offline(offline) = &door
        && let Some(problem) = offline.key_problem()
    {
        skip(report, &format!("needs the right key: {problem}"));
        return Some(facts);
    }
    sealed(&mut door, report).await;
    if let Some((waiting, given_up)) = mails {
        let found = format!("mails that wait: {waiting}; given up: {given_up}");
        if given_up == 0 {
            report.ok(OUTBOX, found);
        } else {
            report.warn(OUTBOX, found, "look why: estampe outbox list; then: estampe outbox resend --all");
        }
    }
    Some(facts)
}

fn read(answer: Value) -> Result<(DatabaseFacts, (u64, u64)), String> {
    let count = |key: &str| answer.pointer(&format!("/mails/{key}")).and_then(Value::as_u64).unwrap_or(0);
    let mails = (count("waiting"), count("given_up"));
    let facts = answer.get("database").cloned().unwrap_or_default();
    let facts = serde_json::from_value(facts).map_err(|e| format!("its answer was not understood: {e}"))?;
    Ok((facts, mails))
}

type Opened = Option<(Box<Offline>, DatabaseFacts)>;

fn offline(settings: &CheckedSettings) -> Result<Opened, (String, &'static str)> {
    if let Database::Sqlite(path) = &settings.store.database
        && !path.exists()
    {
        return Ok(None);
    }
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let mut offline = Offline::open(&settings.store, clock, random).map_err(|error| {
        let advice = match error {
            OpenError::InUse(_) => "a process holds it and does not answer: look at its log, or stop it",
            _ => "look at database.url, at the server it names and at the rights of its file",
        };
        (error.to_string(), advice)
    })?;
    let facts = offline.facts().map_err(|error| {
        (format!("cannot be read: {error}"), "restore a backup; keep the damaged file for whoever looks into it")
    })?;
    Ok(Some((Box::new(offline), facts)))
}

fn judge(settings: &CheckedSettings, facts: &DatabaseFacts, offline: bool, report: &mut Report) {
    let how = if offline { "opened for reading" } else { "asked of the service" };
    let mut found = format!("{} {}, {how}", facts.engine, facts.version);
    if !facts.findings.is_empty() {
        return report.fail(
            DATABASE,
            format!("{found}: {}", facts.findings.join("; ")),
            "stop the service, keep a copy, restore a backup",
        );
    }
    if !facts.unknown_migrations.is_empty() {
        return report.fail(
            DATABASE,
            format!("{found}: a newer Estampe wrote it (schema {})", facts.unknown_migrations.join(", ")),
            "install that version, or restore a backup made with this one",
        );
    }
    if facts.engine == "SQLite" {
        let version: Vec<u32> = facts.version.split('.').filter_map(|part| part.parse().ok()).collect();
        if version.as_slice() < OLDEST_SQLITE.as_slice() {
            return report.fail(DATABASE, format!("{found}: too old"), "install a build with SQLite 3.51.3 or newer");
        }
        let wal = match &settings.store.database {
            Database::Sqlite(path) => fs::metadata(format!("{}-wal", path.display())).map_or(0, |facts| facts.len()),
            Database::Postgres(_) => 0,
        };
        found = format!("{found}; quick_check and foreign_key_check found nothing; write-ahead log {}", size(wal));
        if wal > LONG_WAL {
            return report.warn(DATABASE, found, "something keeps it from being cut back: restart the service");
        }
    } else {
        let setting = |name: &str| facts.settings.get(name).map_or("", String::as_str);
        let durable = ["fsync", "full_page_writes", "synchronous_commit"];
        let off: Vec<_> = durable.into_iter().filter(|name| setting(name) == "off").collect();
        let settings = durable.map(|name| format!("{name} {}", setting(name))).join(", ");
        found = format!("{found}; {settings}, data_checksums {}", setting("data_checksums"));
        if !off.is_empty() {
            let advice = "switch them on: what was acknowledged is lost otherwise when the server falls";
            return report.fail(DATABASE, format!("{found}: {} off", off.join(", ")), advice);
        }
        if setting("data_checksums") == "off" {
            found += " (PostgreSQL itself would not see a flipped bit in plain columns)";
        }
    }
    if facts.pending_migrations.is_empty() {
        report.ok(DATABASE, format!("{found}; all migrations are run"));
    } else {
        let pending = facts.pending_migrations.len();
        report.warn(DATABASE, format!("{found}; migrations to come: {pending}"), "they are run at the next start");
    }
}

/// Opens every sealed value and verifies every audit event.
async fn sealed(door: &mut Door<'_>, report: &mut Report) {
    let (mut told, mut damaged, mut erased) = (Vec::new(), Vec::new(), 0);
    for part in CheckupPart::ALL {
        let all = match walk(door, part).await {
            Ok(all) => all,
            Err(error) => {
                let check = if part == CheckupPart::Audit { AUDIT } else { SEALED };
                let advice = "restore a backup; keep the damaged file for whoever looks into it";
                report.fail(check, format!("{} cannot be read: {error}", part.table()), advice);
                continue;
            }
        };
        if part == CheckupPart::Audit {
            let found = format!("{} events checked by their MAC", all.checked);
            if all.damaged.is_empty() {
                report.ok(AUDIT, found);
            } else {
                report.fail(
                    AUDIT,
                    format!("{found}: {} altered or damaged: {}", all.damaged.len(), rows(part, &all.damaged)),
                    "somebody or something wrote past Estampe: find out who; restored elsewhere, a backup shows what stood there",
                );
            }
            continue;
        }
        erased += all.erased;
        told.push(format!("{} {}", part.table(), all.checked));
        if !all.damaged.is_empty() {
            damaged.push(format!("{} of {}: {}", all.damaged.len(), part.table(), rows(part, &all.damaged)));
        }
    }
    let mut found = format!("rows opened: {}", told.join(", "));
    if erased > 0 {
        found = format!("{found}; {erased} were erased before");
    }
    if damaged.is_empty() {
        report.ok(SEALED, format!("{found}; plain columns carry no seal and were not checked by it"));
    } else {
        report.fail(
            SEALED,
            format!("{found}; damaged: {}", damaged.join("; ")),
            "everything else can be used. What stood there is in a backup: restore one elsewhere, look, enter it again; \
             or restore it here",
        );
    }
}

async fn walk(door: &mut Door<'_>, part: CheckupPart) -> Result<CheckupPage, String> {
    let mut all = CheckupPage::default();
    loop {
        let page = door.page(part, all.next.take()).await?;
        all.checked += page.checked;
        all.erased += page.erased;
        all.damaged.extend(page.damaged);
        all.next = page.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}

fn rows(part: CheckupPart, damaged: &[String]) -> String {
    let more = damaged.len().saturating_sub(NAMED);
    let first: Vec<_> = damaged.iter().take(NAMED).map(|row| format!("{} {row}", part.table())).collect();
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}
