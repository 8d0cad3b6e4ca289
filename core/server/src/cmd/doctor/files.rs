//! The data folder, the key file, the disk.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use estampe_adapters::{SystemClock, SystemRandom};
use estampe_domain::Ts;
use estampe_domain::ports::Clock;
use estampe_store::{Database, DatabaseFacts, key_file_id, next_key_file};

use super::{Report, Service};
use crate::cmd::work::counted;
use crate::config::access::{self, Reader, Unreadable};
use crate::config::{CheckedSettings, Settings, is_withheld};

/// Free space under which writes will soon fail.
pub const TOO_LITTLE: u64 = 64 << 20;
/// Free space under which somebody should look.
const LITTLE: u64 = 1 << 30;
/// Hours after which a key that is being replaced should long have been.
const LONG_ROTATION: u64 = 2;
/// Days after which a key is old that nothing replaces by itself.
const OLD_KEY: i64 = 365;
/// How copies from before a migration are called.
const BEFORE_MIGRATION: &str = "before-migration-";
/// Days after which such a copy should go: a version that does not work is left sooner.
const OLD_COPY: i64 = 30;
/// Files named at most.
const NAMED: usize = 5;

fn mode(facts: &Metadata) -> u32 {
    facts.permissions().mode() & 0o777
}

/// What must be its owner's alone, with what it holds.
fn is_secret(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains("estampe.db")
        || name.starts_with(BEFORE_MIGRATION)
        || path.extension().is_some_and(|end| end == "key")
        || path.parent().is_some_and(|folder| folder.ends_with("keys"))
        || name == "operator.sock"
}

/// The data folder: there, one owner, closed to others.
pub fn folder(settings: &CheckedSettings, report: &mut Report) {
    const CHECK: &str = "data folder";
    let folder = &settings.data_dir;
    let facts = match fs::metadata(folder) {
        Ok(facts) if facts.is_dir() => facts,
        Ok(_) => return report.fail(CHECK, format!("{} is no folder", folder.display()), "name a folder in data_dir"),
        // as it should be before the first start; a wrong name looks the same, so it is told
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return report.warn(
                CHECK,
                format!("{} is not there", folder.display()),
                "it is made at the first start (estampe serve); after that, mend data_dir",
            );
        }
        Err(error) => {
            return report.fail(CHECK, format!("{}: {error}", folder.display()), "mend data_dir or its rights");
        }
    };
    let (mut open, mut foreign, mut files) = (Vec::new(), Vec::new(), 0);
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            return report.fail(
                CHECK,
                format!("{} cannot be read", next.display()),
                "run this as root or as its owner",
            );
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(facts) = entry.metadata() else { continue };
            files += 1;
            if is_secret(&path) && !facts.is_dir() && mode(&facts) & 0o077 != 0 {
                open.push(format!("{} ({:o})", path.display(), mode(&facts)));
            }
            if facts.uid() != fs::metadata(folder).map_or(facts.uid(), |facts| facts.uid()) {
                foreign.push(path.display().to_string());
            }
            if facts.is_dir() {
                folders.push(path);
            }
        }
    }
    if !open.is_empty() {
        let first = open.first().and_then(|text| text.split(" (").next()).unwrap_or_default().to_owned();
        return report.fail(
            CHECK,
            format!("others may read {}", named(&open)),
            format!("take their right away: chmod go= {first}"),
        );
    }
    if !foreign.is_empty() {
        return report.fail(
            CHECK,
            format!("{} is not owned by the folder's owner (uid {})", named(&foreign), facts.uid()),
            format!("give everything to one user: chown -R {} {}", facts.uid(), folder.display()),
        );
    }
    let found = format!("{}, mode {:o}, owner uid {}, {files} entries", folder.display(), mode(&facts), facts.uid());
    if mode(&facts) & 0o007 != 0 {
        return report.warn(CHECK, format!("{found}: others may enter"), format!("chmod 0700 {}", folder.display()));
    }
    report.ok(CHECK, found);
}

/// Whether the service's user can read what the configuration names: root, who asks, can.
pub fn readable(file: Option<&Path>, settings: &Settings, report: &mut Report) {
    const CHECK: &str = "files";
    let Some(reader) = Reader::of_the_service(&settings.data_dir) else {
        return report.ok(CHECK, "the service runs as root, who reads everything");
    };
    let (count, found) = access::unreadable(file, settings, &reader);
    for Unreadable { found, mend } in &found {
        report.fail(CHECK, found, mend);
    }
    if found.is_empty() {
        let files = counted(count as u64, "file", "files");
        report.ok(
            CHECK,
            format!("the service's user {} can read the configuration and what it names ({files})", reader.name),
        );
    }
}

/// Copies from before a migration: whoever was erased since stands in them as they were.
pub fn old_copies(data_dir: &Path, now: Ts, report: &mut Report) {
    const CHECK: &str = "old copy";
    let entries = fs::read_dir(data_dir).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(BEFORE_MIGRATION)) {
        let Ok(facts) = entry.metadata() else { continue };
        let days = now.seconds_since(Ts::from_micros(0).plus_seconds(facts.mtime())) / 86_400;
        if days >= OLD_COPY {
            let path = entry.path();
            report.warn(
                CHECK,
                format!(
                    "{}, from before a migration {days} days ago, holds {}: whoever was erased since stands in it",
                    path.display(),
                    size(facts.len())
                ),
                format!("unless you mean to go back to the version of then: rm {}", path.display()),
            );
        }
    }
}

fn named(list: &[String]) -> String {
    let more = list.len().saturating_sub(NAMED);
    let first: Vec<_> = list.iter().take(NAMED).map(String::as_str).collect();
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}

/// The key file: closed to others, a key, and the one that the database was made with.
pub fn keys(settings: &CheckedSettings, facts: Option<&DatabaseFacts>, service: &Service, report: &mut Report) {
    const CHECK: &str = "keys";
    let path = &settings.store.kek_file;
    let shown = path.display();
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if facts.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return report.skip(CHECK, format!("{shown} is made together with a new database"));
        }
        Err(_) if is_withheld(path) => {
            return report.skip(CHECK, format!("{shown} is a credential of the unit, which is stopped"));
        }
        Err(error) => {
            let advice = "put back the key file that the database was made with; without it what is sealed is lost";
            return report.fail(CHECK, format!("{shown}: {error}"), advice);
        }
    };
    if mode(&meta) & 0o077 != 0 {
        let advice = format!("chmod 0400 {shown}; who may have read it can open every copy of the database");
        return report.fail(CHECK, format!("{shown}: others may read it (mode {:o})", mode(&meta)), advice);
    }
    let id = match key_file_id(path, &SystemRandom) {
        Ok(id) => id,
        Err(error) => return report.fail(CHECK, format!("{shown}: {error}"), "put back the key file"),
    };
    let Some(facts) = facts else {
        return report.skip(CHECK, format!("{shown} holds a key; whether it is the database's could not be looked at"));
    };
    let next = key_file_id(&next_key_file(path), &SystemRandom).ok();
    if facts.kek_ids.iter().any(|other| *other != id && Some(other) != next.as_ref()) {
        return report.fail(
            CHECK,
            format!("{shown} does not belong to this database"),
            "put back the one that it was made with; the data is not touched meanwhile",
        );
    }
    let place = if path.starts_with(&settings.data_dir) {
        "inside the data folder: a copy of the folder holds the key too"
    } else {
        "outside the data folder"
    };
    let now = SystemClock.now();
    copied(next.as_ref().unwrap_or(&id), facts.key_copied.as_ref(), &shown.to_string(), report);
    if next.is_some() {
        let begun = fs::metadata(next_key_file(path)).and_then(|meta| meta.modified()).ok();
        let hours = begun.and_then(|begun| begun.elapsed().ok()).map_or(0, |age| age.as_secs() / 3_600);
        let found = format!("{shown} is being replaced by {}", next_key_file(path).display());
        return rotating(&found, hours, matches!(service, Service::Running(_)), report);
    }
    let since = facts.key_since.as_ref().filter(|(of, _)| *of == id).map(|(_, at)| Ts::from_micros(*at));
    let found = format!("{shown} belongs to the database, mode {:o}, {place}", mode(&meta));
    aged(&found, since, now, settings.key_rotation_days, report);
}

/// Whether somebody showed a copy of the key that wraps: backups need it.
fn copied(id: &str, noted: Option<&(String, i64)>, file: &str, report: &mut Report) {
    const CHECK: &str = "key copy";
    match noted.filter(|(of, _)| of == id) {
        Some((_, at)) => report.ok(CHECK, format!("of the key {id} a copy was shown last at {}", Ts::from_micros(*at))),
        None => report.warn(
            CHECK,
            format!("nobody has shown a copy of the key {id}; without one no backup opens what is sealed"),
            format!("copy {file} to a safe place away from this machine, then: estampe key check COPY"),
        ),
    }
}

/// A key on its way: minutes, as long as the service runs.
fn rotating(found: &str, hours: u64, is_running: bool, report: &mut Report) {
    const CHECK: &str = "keys";
    if !is_running {
        // the service goes on with it by itself
        report.warn(CHECK, found, "start the service: it goes on by itself; keep both files until it has");
    } else if hours < LONG_ROTATION {
        report.warn(CHECK, found, "wait for its end: estampe key show; keep both files until then");
    } else {
        let found = format!("{found} for {hours} hours, and that does not end");
        report.fail(
            CHECK,
            found,
            "read in the log what it fails on (can the service write beside the key file?); it is tried again every hour; \
             keep both files",
        );
    }
}

/// How long a key has been in use, held to what the configuration says. `days`: after how many it is replaced.
fn aged(found: &str, since: Option<Ts>, now: Ts, days: Option<u32>, report: &mut Report) {
    const CHECK: &str = "keys";
    let every = days.map_or("never replaced by itself".to_owned(), |days| format!("replaced every {days} days"));
    let Some(since) = since else {
        return report.ok(CHECK, format!("{found}; since when it is in use is not noted yet; {every}"));
    };
    let age = now.seconds_since(since).div_euclid(86_400);
    let found = format!("{found}, in use since {since} ({age} days), {every}");
    match days {
        // it is looked at every hour
        Some(days) if age > i64::from(days) + 1 => {
            report.warn(
                CHECK,
                found,
                "start the service, or read in its log why no other took its place; or: estampe key rotate",
            );
        }
        None if age > OLD_KEY => {
            let advice =
                "what was erased since can be read from old copies: estampe key rotate, or set database.key_rotation";
            report.warn(CHECK, found, advice);
        }
        _ => report.ok(CHECK, found),
    }
}

/// The disk: room, inodes, a file system that keeps what it was given.
pub fn disk(settings: &CheckedSettings, report: &mut Report) {
    const CHECK: &str = "disk";
    let folder = &settings.data_dir;
    let (Ok(space), Ok(kind)) = (rustix::fs::statvfs(folder), rustix::fs::statfs(folder)) else {
        return report.skip(CHECK, format!("{} is not there", folder.display()));
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let total = space.f_blocks.saturating_mul(space.f_frsize);
    let database = database_size(&settings.store.database);
    let kind = file_system(kind.f_type);
    let found = format!(
        "{} free of {} at {}{}",
        size(free),
        size(total),
        folder.display(),
        database.map(|octets| format!("; the database takes {}", size(octets))).unwrap_or_default()
    );
    if space.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        return report.fail(CHECK, format!("{found}; it is mounted read-only"), "mount it for writing");
    }
    let inodes = space.f_files > 0 && space.f_favail < 1000;
    if free < TOO_LITTLE || inodes {
        let what = if inodes { "almost no inodes are left" } else { "almost full" };
        return report.fail(CHECK, format!("{found}: {what}"), "make room now: new leads cannot be stored soon");
    }
    if let Some((name, why)) = kind {
        let advice = "keep the data folder on a local disk (ext4, xfs, zfs, btrfs)";
        return report.warn(CHECK, format!("{found}; {name}: {why}"), advice);
    }
    if free < LITTLE || free < total / 20 {
        return report.warn(CHECK, format!("{found}: little is left"), "make room before it is full");
    }
    report.ok(CHECK, found);
}

/// Octets of SQLite's files.
pub fn database_size(database: &Database) -> Option<u64> {
    let Database::Sqlite(path) = database else { return None };
    let beside = |end: &str| PathBuf::from(format!("{}{end}", path.display()));
    let length = |path: PathBuf| fs::metadata(path).map_or(0, |facts| facts.len());
    Some(length(path.clone()) + length(beside("-wal"))).filter(|octets| *octets > 0)
}

/// File systems that do not lock or keep as a database needs it (`statfs(2)`).
fn file_system(magic: i64) -> Option<(&'static str, &'static str)> {
    const LOCKS: &str = "its locks and its writes are not reliable enough for a database";
    match magic {
        0x6969 => Some(("NFS", LOCKS)),
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => Some(("SMB", LOCKS)),
        0x0102_1997 => Some(("9P", LOCKS)),
        0x0102_1994 => Some(("tmpfs", "it lives in memory and is gone after a restart of the machine")),
        0x8584_58F6 => Some(("ramfs", "it lives in memory and is gone after a restart of the machine")),
        _ => None,
    }
}

/// Octets for people.
pub fn size(octets: u64) -> String {
    let tenths = |unit: u64| octets.saturating_mul(10) / unit;
    let text = |unit: u64, name: &str| format!("{}.{} {name}", tenths(unit) / 10, tenths(unit) % 10);
    match octets {
        0..0x10_0000 => text(1 << 10, "KiB"),
        0x10_0000..0x4000_0000 => text(1 << 20, "MiB"),
        _ => text(1 << 30, "GiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn of(tell: impl FnOnce(&mut Report)) -> (Status, String) {
        let mut report = Report::default();
        tell(&mut report);
        assert!(report.is_helpful());
        report.told().remove(0)
    }

    #[test]
    fn a_key_that_is_too_old_is_told() {
        let judged = |age: i64, days: Option<u32>| {
            let now = Ts::from_micros(0).plus_seconds(age * 86_400 + 60);
            of(|report| aged("the key", Some(Ts::from_micros(0)), now, days, report))
        };
        let (status, found) = judged(90, Some(90));
        assert!(status == Status::Ok && found.contains("(90 days), replaced every 90 days"), "{found}");
        assert_eq!(judged(92, Some(90)).0, Status::Warning);
        assert_eq!(judged(365, None).0, Status::Ok);
        assert_eq!(judged(366, None).0, Status::Warning);
        assert_eq!(of(|report| aged("the key", None, Ts::from_micros(0), Some(90), report)).0, Status::Ok);
    }

    #[test]
    fn a_copy_from_before_a_migration_is_told_once_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("before-migration-20261127000017.db"), "people").unwrap();
        fs::write(folder.path().join("estampe.db"), "people").unwrap();
        let judged = |days: i64| {
            let mut report = Report::default();
            old_copies(folder.path(), SystemClock.now().plus_seconds(86_400 * days + 60), &mut report);
            report.told()
        };
        assert!(judged(29).is_empty());
        let told = judged(31);
        assert!(told.len() == 1 && told[0].0 == Status::Warning && told[0].1.contains("31 days ago"), "{told:?}");
    }

    #[test]
    fn a_rotation_that_does_not_end_is_a_failure_while_the_service_runs() {
        let judged = |hours, is_running| of(|report| rotating("the key", hours, is_running, report)).0;
        assert_eq!((judged(0, true), judged(2, true)), (Status::Warning, Status::Failed));
        assert_eq!(judged(2, false), Status::Warning);
    }
}
