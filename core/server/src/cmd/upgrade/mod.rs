//! `estampe upgrade-check`: run with the new program before it takes the place of the old one, says
//! what this one would make of the configuration, the database and the plugins. It reads beside the
//! running service, changes nothing, and asks the service for nothing.

mod plugins;
mod settings;

use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use estampe_service::is_newer;
use estampe_store::{Database, OpenWork, UpgradeFacts, next_key_file, upgrade_facts};
use serde::Deserialize;

use super::doctor::Report;
use super::doctor::files::{TOO_LITTLE, database_size, size};
use crate::cli::Cli;
use crate::config::{self, CheckedSettings};

/// This version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the last start noted.
#[derive(Debug, Deserialize)]
struct LastStart {
    version: String,
    keys: Vec<String>,
}

/// Looks at everything.
pub fn run(cli: &Cli) -> Result<ExitCode, String> {
    let mut report = Report::default();
    match config::load_some(cli.config.as_deref()) {
        Ok((settings, origins, problems)) => {
            let usable = super::without_withheld(settings.clone());
            let checked = usable.check().map_err(|error| super::placed(&origins, &error));
            let facts = checked.as_ref().ok().map(database);
            let last = facts.iter().flatten().flatten().find_map(last_start);
            version(last.as_ref(), &mut report);
            settings::tell(&settings, &problems, checked.as_ref().err(), last.as_ref(), &mut report);
            match (&checked, facts) {
                (Ok(checked), Some(facts)) => examine(checked, facts, last.as_ref(), &mut report),
                _ => report.skip("everything else", "the configuration says where to look"),
            }
        }
        Err(problems) => {
            report.fail("configuration", problems.to_string().replace('\n', "; "), "mend it: estampe check-config");
            report.skip("everything else", "the configuration says where to look");
        }
    }
    report.finish(cli, "It can be upgraded")
}

type Facts = Result<Option<UpgradeFacts>, String>;

fn database(settings: &CheckedSettings) -> Facts {
    if let Database::Sqlite(path) = &settings.store.database
        && !path.exists()
    {
        return Ok(None);
    }
    upgrade_facts(&settings.store).map_err(|error| error.to_string())
}

fn last_start(facts: &UpgradeFacts) -> Option<LastStart> {
    serde_json::from_str(facts.last_start.as_deref()?).ok()
}

fn version(last: Option<&LastStart>, report: &mut Report) {
    const CHECK: &str = "version";
    let Some(LastStart { version, .. }) = last else {
        return report.ok(CHECK, format!("this is {VERSION}; which version ran here last is not noted"));
    };
    let found = format!("{version} ran here last, this is {VERSION}");
    if is_newer(version, VERSION) {
        report.warn(CHECK, format!("{found}: that is going back"), "read \"Going back\" in docs/operator/upgrade.md");
    } else {
        report.ok(CHECK, found);
    }
}

fn examine(settings: &CheckedSettings, facts: Facts, last: Option<&LastStart>, report: &mut Report) {
    service(settings, report);
    let facts = match facts {
        Ok(Some(facts)) => facts,
        Ok(None) => {
            let advice = "where there should be one, name the service's configuration (--config) or mend data_dir";
            return report.warn("schema", "there is no database yet; it is made at the first start", advice);
        }
        Err(error) => {
            let advice = "look at database.url, at the server it names and at the rights of its file";
            return report.fail("schema", format!("the database cannot be read: {error}"), advice);
        }
    };
    schema(settings, &facts, last, report);
    room(settings, &facts, report);
    key(settings, report);
    plugins::examine(settings, &facts, report);
    work(facts.work.as_deref(), report);
}

fn service(settings: &CheckedSettings, report: &mut Report) {
    let found = match UnixStream::connect(&settings.operator) {
        Ok(_) => "running; it goes on until the new version takes its place",
        Err(_) => "stopped, or not to be reached from here",
    };
    report.ok("service", found);
}

fn schema(settings: &CheckedSettings, facts: &UpgradeFacts, last: Option<&LastStart>, report: &mut Report) {
    const CHECK: &str = "schema";
    if let Some(newest) = facts.unknown.last() {
        let found = format!("the database has the schema {newest}; this version knows {}", facts.newest);
        // versions are dates: one between two that are known was never in a release
        if *newest < facts.newest {
            let advice = "a development build wrote it: begin with an empty data folder, or restore a backup";
            return report.fail(CHECK, found, advice);
        }
        let needed = last.map_or("the version that wrote it".to_owned(), |last| format!("version {}", last.version));
        let advice = format!("install {needed} or a newer one, or restore a backup that was made with {VERSION}");
        return report.fail(CHECK, format!("{found}: a newer Estampe wrote it"), advice);
    }
    if facts.pending.is_empty() {
        return report.ok(CHECK, format!("stays as it is ({})", facts.newest));
    }
    let what = if facts.pending.len() == 1 { "one migration is" } else { "migrations are" };
    let found = format!(
        "{what} run at the first start, after which the old version cannot read it: {}",
        facts.pending.join(", ")
    );
    match settings.store.database {
        Database::Sqlite(_) => report.ok(CHECK, found),
        Database::Postgres(_) => {
            let advice = "no copy is made of a PostgreSQL database: back it up, and stop all nodes before the first new one starts";
            report.warn(CHECK, found, advice);
        }
    }
}

/// Room for the copy that is made before a migration.
fn room(settings: &CheckedSettings, facts: &UpgradeFacts, report: &mut Report) {
    const CHECK: &str = "room";
    let Some(needed) = database_size(&settings.store.database) else {
        return report.skip(CHECK, "the database is not in the data folder");
    };
    if facts.pending.is_empty() {
        return report.ok(CHECK, format!("no migration is run, so no copy of the database ({}) is made", size(needed)));
    }
    let Ok(space) = rustix::fs::statvfs(&settings.data_dir) else {
        return report.skip(CHECK, format!("{} cannot be looked at", settings.data_dir.display()));
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    // the migration itself may write all of it once more into its log
    judge_room(needed, free, report);
}

fn judge_room(needed: u64, free: u64, report: &mut Report) {
    const CHECK: &str = "room";
    let found = format!(
        "a copy of the database ({}) is made before the migration, which may write as much again; {} are free",
        size(needed),
        size(free)
    );
    if free < needed.saturating_add(TOO_LITTLE) {
        report.fail(CHECK, found, "make room in the data folder first");
    } else if free < needed.saturating_mul(2).saturating_add(TOO_LITTLE) {
        report.warn(CHECK, found, "make room in the data folder: a migration that finds none is undone");
    } else {
        report.ok(CHECK, found);
    }
}

fn key(settings: &CheckedSettings, report: &mut Report) {
    const CHECK: &str = "keys";
    let next = next_key_file(&settings.store.kek_file);
    if next.exists() {
        let advice = "wait for its end (estampe key show), or let the new version go on with it; keep both files";
        return report.warn(CHECK, format!("the key is being replaced by {}", next.display()), advice);
    }
    report.ok(CHECK, "no key is being replaced");
}

/// What the restart interrupts. It is durable: the new version goes on with it.
fn work(work: Option<&[OpenWork]>, report: &mut Report) {
    const CHECK: &str = "work in hand";
    let Some(work) = work else {
        return report.skip(CHECK, "this schema is too old for the question");
    };
    let (busy, waiting): (Vec<_>, Vec<_>) =
        work.iter().partition(|work| matches!(work.state.as_str(), "planning" | "applying" | "running"));
    let told = |work: &[&OpenWork]| {
        let line = |work: &&OpenWork| match work.what.as_str() {
            "job" => work.name.clone(),
            what => format!("{what} of \"{}\" ({})", work.name, work.state),
        };
        work.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    if !busy.is_empty() {
        let found = format!("under way: {}", told(&busy));
        report.warn(CHECK, found, "wait for its end, or let the new version go on with it after its start");
    }
    if !waiting.is_empty() {
        report.ok(CHECK, format!("waits for a word, before and after: {}", told(&waiting)));
    }
    if work.is_empty() {
        report.ok(CHECK, "nothing is under way");
    }
}

#[cfg(test)]
mod tests {
    use super::super::doctor::Status;
    use super::*;

    #[test]
    fn a_copy_needs_room() {
        let judged = |needed: u64, free: u64| {
            let mut report = Report::default();
            judge_room(needed, free, &mut report);
            report.statuses()
        };
        assert_eq!(judged(1 << 30, 1 << 30), [Status::Failed]);
        assert_eq!(judged(1 << 30, (1 << 30) + TOO_LITTLE), [Status::Warning]);
        assert_eq!(judged(1 << 30, (2 << 30) + TOO_LITTLE), [Status::Ok]);
        assert_eq!(judged(u64::MAX, u64::MAX), [Status::Ok]);
    }

    #[test]
    fn work_under_way_is_named_and_what_waits_is_no_warning() {
        let of = |what: &str, name: &str, state: &str| OpenWork {
            what: what.to_owned(),
            name: name.to_owned(),
            state: state.to_owned(),
        };
        let told = |all: Option<&[OpenWork]>| {
            let mut report = Report::default();
            work(all, &mut report);
            report.statuses()
        };
        assert_eq!(told(None), [Status::Skipped]);
        assert_eq!(told(Some(&[])), [Status::Ok]);
        assert_eq!(told(Some(&[of("run", "siege", "held")])), [Status::Ok]);
        let both = [of("run", "siege", "applying"), of("publication", "siege", "paused")];
        assert_eq!(told(Some(&both)), [Status::Warning, Status::Ok]);
    }
}
