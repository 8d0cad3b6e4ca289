//! Backups: whether they are made, how old the newest is, and when somebody last looked into one.

use std::sync::Arc;

use estampe_adapters::{BackupFolder, SystemClock, SystemRandom};
use estampe_domain::Ts;
use estampe_domain::backup::{BackupPlan, Backups};
use estampe_domain::ports::Clock;
use estampe_service::{BackupNotes, DRILL_DAYS};
use estampe_store::Offline;
use serde_json::Value;

use super::{Report, Service};
use crate::cmd::work::counted;
use crate::config::CheckedSettings;

const BACKUP: &str = "backup";
const DRILL: &str = "backup drill";
const DAY: i64 = 86_400;

/// What is known, asked of the service or read.
#[derive(Default)]
struct Known {
    good: Option<(String, Ts)>,
    failed: Option<String>,
    drill: Option<Ts>,
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
            drill(&known, now, report);
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
    }
}

fn read(settings: &CheckedSettings) -> Result<Known, String> {
    let mut offline = Offline::open(&settings.store, Arc::new(SystemClock), Arc::new(SystemRandom))
        .map_err(|error| error.to_string())?;
    let notes = offline.look(BackupNotes::read).map_err(|error| error.to_string())?;
    Ok(Known {
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
