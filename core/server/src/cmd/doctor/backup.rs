//! Backups: whether they are made, how old the newest is, and when somebody last looked into one.

use std::path::Path;
use std::sync::Arc;

use estampe_adapters::{BackupFolder, SystemClock, SystemRandom};
use estampe_domain::Ts;
use estampe_domain::backup::{BackupPlan, Backups, ListPlace, is_ahead};
use estampe_domain::ports::Clock;
use estampe_service::{BackupNotes, DRILL_DAYS, ErasureList};
use estampe_store::{Offline, Tx};
use serde_json::Value;

use super::{Report, Service};
use crate::cmd::work::counted;
use crate::config::CheckedSettings;

const BACKUP: &str = "backup";
const DRILL: &str = "backup drill";
const ERASURES: &str = "erasures";
const DAY: i64 = 86_400;

/// What is known, asked of the service or read.
#[derive(Default)]
struct Known {
    good: Option<(String, Ts)>,
    failed: Option<String>,
    drill: Option<Ts>,
    /// Why old ones were not removed.
    unpruned: Option<String>,
    /// The lists of who was erased, as far as they were looked at: where, and how many lines are not ours.
    lists: Vec<(ListPlace, Result<u64, String>)>,
}

/// Looks at them.
pub async fn examine(settings: &CheckedSettings, service: &Service, report: &mut Report) {
    let Some(plan) = settings.backup.as_ref().map(|backup| &backup.plan) else {
        return report.warn(
            BACKUP,
            "none are made: no folder for them is configured",
            "set backup.folder and backup.recipients (docs/operator/backup.md)",
        );
    };
    let known = match service {
        Service::Running(operator) => operator.get("/v1/backups").await.map(|answer| asked(&answer)),
        Service::Stopped => read(settings),
        Service::Closed(_) => Err("the running service alone may open the database, and cannot be asked".to_owned()),
    };
    match known {
        Ok(known) => {
            let now = SystemClock.now();
            judge(settings, plan, &known, now, report);
            around(settings, plan, &known, report);
            drill(&known, now, report);
            lists(&known, plan, report);
        }
        Err(why) => report.skip(BACKUP, why),
    }
}

fn asked(answer: &Value) -> Known {
    let text = |path: &str| answer.pointer(path).and_then(Value::as_str).map(ToOwned::to_owned);
    let moment = |path: &str| text(path).and_then(|at| at.parse::<jiff::Timestamp>().ok()).map(Ts::from);
    Known {
        good: text("/good/file/name").zip(moment("/good/file/made_at")),
        failed: text("/failed/why"),
        drill: moment("/drill/at"),
        unpruned: text("/unpruned/why"),
        lists: [(ListPlace::Data, "/erasures/data"), (ListPlace::Backups, "/erasures/backups")]
            .into_iter()
            .filter_map(|(place, path)| {
                let list = answer.pointer(path)?;
                let why = list.get("unreadable").and_then(Value::as_str).map(ToOwned::to_owned);
                Some((place, why.map_or(Ok(list.get("strange")?.as_u64()?), Err)))
            })
            .collect(),
    }
}

fn read(settings: &CheckedSettings) -> Result<Known, String> {
    let mut offline = Offline::open(&settings.store, Arc::new(SystemClock), Arc::new(SystemRandom))
        .map_err(|error| error.to_string())?;
    let notes = offline.look(BackupNotes::read).map_err(|error| error.to_string())?;
    let folder = BackupFolder::new(settings.backup.clone(), settings.data_dir.clone());
    let mut lists = Vec::new();
    for place in [ListPlace::Data, ListPlace::Backups] {
        let strange = folder.erasures(place).and_then(|lines| {
            let sort = |tx: &mut Tx<'_>| Ok(ErasureList::of(&lines, |line| tx.read_erasure(line)).strange as u64);
            offline.look(sort).map_err(|error| error.to_string())
        });
        lists.push((place, strange));
    }
    Ok(Known {
        lists,
        unpruned: notes.unpruned.map(|failed| failed.why),
        good: notes.good.map(|good| (good.file.name, good.file.made_at)),
        failed: notes.failed.map(|failed| failed.why),
        drill: notes.drill.map(|drill| drill.at),
    })
}

fn judge(settings: &CheckedSettings, plan: &BackupPlan, known: &Known, now: Ts, report: &mut Report) {
    let folder = plan.folder.display();
    if let Some(why) = &known.failed {
        let advice = "mend that, then: estampe backup create";
        return report.fail(BACKUP, format!("the last try failed: {why}"), advice);
    }
    let Some((name, made_at)) = &known.good else {
        return report.warn(BACKUP, format!("there is none yet in {folder}"), "estampe backup create");
    };
    let files = BackupFolder::new(settings.backup.clone(), settings.data_dir.clone()).list();
    let count = match files {
        Ok(files) if files.iter().any(|file| file.name == *name) => files.len(),
        Ok(_) => {
            let advice = "is the right folder mounted there? Then: estampe backup create";
            return report.fail(BACKUP, format!("the newest, {name}, is not in {folder}"), advice);
        }
        Err(why) => return report.fail(BACKUP, why, "mend backup.folder or its rights"),
    };
    if is_ahead(*made_at, now) {
        let found =
            format!("the newest, {name}, is dated {made_at}, which is yet to come: this clock or that one was wrong");
        return report.warn(BACKUP, found, "see that the clock is right (timedatectl), then: estampe backup create");
    }
    let age = now.seconds_since(*made_at);
    let found = format!("the newest is of {made_at} ({}); {count} in {folder}", age_words(age));
    match plan.every {
        Some(every) if age > 2 * every => {
            let advice = "is the service running, and what does its log say? Then: estampe backup create";
            report.fail(BACKUP, format!("{found}: too old"), advice);
        }
        None => report.ok(BACKUP, format!("{found}; none is made by itself (backup.every)")),
        Some(_) => report.ok(BACKUP, found),
    }
}

/// What stands around the backups, and takes from what they are good for.
fn around(settings: &CheckedSettings, plan: &BackupPlan, known: &Known, report: &mut Report) {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if real(&plan.folder).starts_with(real(&settings.data_dir)) {
        report.warn(
            BACKUP,
            format!("{} lies in data_dir: what destroys the one destroys the other", plan.folder.display()),
            "name a folder on another disk or machine in backup.folder, and move the files there",
        );
    }
    let now = SystemClock.now();
    let files = BackupFolder::new(settings.backup.clone(), settings.data_dir.clone()).list().unwrap_or_default();
    let ahead: Vec<_> = files.into_iter().filter(|file| is_ahead(file.made_at, now)).map(|file| file.name).collect();
    if let Some(first) = ahead.first() {
        report.warn(
            BACKUP,
            format!("{} of the files are dated after today, as {first}: none of them counts, and none is removed", ahead.len()),
            "was a clock wrong? Look into them (estampe backup verify says when one was made), then remove them yourself",
        );
    }
    if let Some(why) = &known.unpruned {
        report.warn(
            BACKUP,
            format!("old ones were not removed: {why}"),
            "remove them, or mend the rights of the folder",
        );
    }
}

/// Whether the lists of who was erased hold what this installation wrote, and nothing else.
fn lists(known: &Known, plan: &BackupPlan, report: &mut Report) {
    let mut is_well = true;
    for (place, strange) in &known.lists {
        let list = match place {
            ListPlace::Data => "erasures in data_dir".to_owned(),
            ListPlace::Backups => plan.folder.join("erasures").display().to_string(),
        };
        match strange {
            Ok(0) => continue,
            Ok(strange) => report.warn(
                ERASURES,
                format!(
                    "{list}: {strange} of its lines were not written by this installation; nothing is done of them"
                ),
                "find out who wrote them and who may write there, then remove those lines",
            ),
            Err(why) => report.warn(
                ERASURES,
                format!("{list} cannot be read: {why}"),
                "mend that: without it a restore brings back who was erased",
            ),
        }
        is_well = false;
    }
    if is_well && !known.lists.is_empty() {
        report.ok(ERASURES, "the lists of who was erased hold nothing else");
    }
}

fn drill(known: &Known, now: Ts, report: &mut Report) {
    if known.good.is_none() {
        return;
    }
    let advice = "look into the newest: estampe backup verify FILE --identity FILE; better, restore it elsewhere";
    match known.drill.map(|at| (at, now.seconds_since(at))) {
        None => report.warn(DRILL, "no backup was ever looked into", advice),
        Some((at, age)) if age > DRILL_DAYS * DAY => {
            report.warn(DRILL, format!("the last one was at {at} ({})", age_words(age)), advice);
        }
        Some((at, age)) => report.ok(DRILL, format!("the last one was at {at} ({})", age_words(age))),
    }
}

fn age_words(seconds: i64) -> String {
    match seconds {
        ..3_600 => format!("{} old", counted(seconds.max(0).unsigned_abs() / 60, "minute", "minutes")),
        3_600..172_800 => format!("{} old", counted(seconds.unsigned_abs() / 3_600, "hour", "hours")),
        _ => format!("{} old", counted(seconds.unsigned_abs() / DAY.unsigned_abs(), "day", "days")),
    }
}
