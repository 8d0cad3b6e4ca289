//! Backups: what a file of one says of itself, how such files are called, and which of them go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::time::Ts;

/// The form of the archive that this version writes and reads.
pub const FORMAT: u32 = 1;
/// What the files of backups begin and end with.
const PREFIX: &str = "estampe-";
const SUFFIX: &str = ".tar.age";
/// The moment in between, in UTC.
const MOMENT: &str = "%Y%m%dT%H%M%SZ";
/// The file by which a folder of backups is known to be an installation's.
pub const MARK: &str = "estampe-installation";
/// So many seconds may the clocks of two machines differ.
const SLACK: i64 = 600;

/// Which database a backup is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// SQLite: the copy is a database.
    Sqlite,
    /// PostgreSQL: the copy is a dump in pg_dump's custom form.
    Postgres,
}

impl Engine {
    /// The name that people know.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// Where its copy lies in the archive.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Sqlite => "database/estampe.db",
            Self::Postgres => "database/estampe.dump",
        }
    }
}

/// What a copy of a database holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyFacts {
    /// Which database.
    pub engine: Engine,
    /// Its newest migration.
    pub schema: String,
    /// The keys that wrap the keys in it: all of them are needed to open what is sealed.
    pub keys: Vec<String>,
    /// Rows of its main tables.
    pub counts: BTreeMap<String, u64>,
}

/// What a backup says of itself: the first thing in its archive. No personal data, no key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the archive.
    pub format: u32,
    /// The version of Estampe that made it.
    pub estampe: String,
    /// When.
    pub made_at: Ts,
    /// The id of the installation whose database it is: the restored one has the same. Empty: it was not noted.
    #[serde(default)]
    pub installation: String,
    /// What its database holds.
    pub database: CopyFacts,
}

/// That a backup was brought back here, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The name of its file.
    pub name: String,
    /// When it was made.
    pub made_at: Ts,
    /// The id of the installation that it is of, where the backup said so.
    #[serde(default)]
    pub installation: String,
    /// When it was brought back.
    pub restored_at: Ts,
}

/// A backup's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its name.
    pub name: String,
    /// When it was made, by its name.
    pub made_at: Ts,
    /// Its size in octets.
    pub octets: u64,
}

/// What an administrator set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPlan {
    /// Where the files lie.
    pub folder: PathBuf,
    /// How often one is made by itself, in seconds; none: never.
    pub every: Option<i64>,
    /// How many are kept.
    pub keep: usize,
}

/// How far a backup has come, for whoever waits.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Says how many octets there are to write.
    pub fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Notes that some were written.
    pub fn add(&self, octets: u64) {
        self.done.fetch_add(octets, Ordering::Relaxed);
    }

    /// Octets written, of how many; none of none while the copy is made.
    pub fn now(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

/// Where a list of who was erased lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListPlace {
    /// In the data folder.
    Data,
    /// Beside the backups.
    Backups,
}

/// What became of the files beyond those that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Which went.
    pub gone: Vec<String>,
    /// Which could not be removed, and why.
    pub left: Vec<String>,
}

/// Makes and keeps the files of backups. Blocks; where the folder of backups is on a machine that is away,
/// for as long as that is. Errors are words for an administrator.
pub trait Backups: Send + Sync {
    /// What is set; none: no backups are made.
    fn plan(&self) -> Option<BackupPlan>;
    /// A private folder for the copy of the database; what an interrupted backup left there is gone.
    fn work(&self) -> Result<PathBuf, String>;
    /// Removes what an interrupted backup left in the data folder.
    fn clean_work(&self);
    /// Removes what an interrupted backup left in the folder of backups.
    fn clean_folder(&self);
    /// Whether the folder of backups holds the mark of this installation. Refuses one that holds another's.
    fn is_marked(&self, installation: &str) -> Result<bool, String>;
    /// Puts the mark of this installation into the folder of backups, which is made where it is not there.
    fn mark(&self, installation: &str) -> Result<(), String>;
    /// Refuses when there is too little room for a copy of so many octets and the backup of it.
    fn ensure_room(&self, copy: u64) -> Result<(), String>;
    /// Makes the file of a copy: encrypted, whole, on disk before this returns.
    fn pack(&self, manifest: &Manifest, copy: &Path, progress: &Progress) -> Result<BackupFile, String>;
    /// The backups that are there, the newest first.
    fn list(&self) -> Result<Vec<BackupFile>, String>;
    /// Removes the oldest beyond those that are kept; never the one of this name, which was made just now.
    fn prune(&self, made: &str, now: Ts) -> Result<Pruned, String>;
    /// The lines of a list of who was erased, whoever wrote them; none where there is no list.
    fn erasures(&self, place: ListPlace) -> Result<Vec<String>, String>;
    /// Adds lines to a list of who was erased, on disk before this returns.
    fn note_erasures(&self, place: ListPlace, lines: &[String]) -> Result<(), String>;
}

/// What the file of a backup that is made at this moment is called.
pub fn file_name(at: Ts) -> String {
    format!("{PREFIX}{}{SUFFIX}", at.timestamp().strftime(MOMENT))
}

/// When a backup was made, by the name of its file; none: it is no backup's.
pub fn made_at(name: &str) -> Option<Ts> {
    let moment = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let at = TimeZone::UTC.to_timestamp(DateTime::strptime(MOMENT, moment).ok()?).ok()?.into();
    // one name a moment: others are not ours, and never removed
    (file_name(at) == name).then_some(at)
}

/// Whether a moment lies further ahead than clocks differ: one of them was or is wrong.
pub fn is_ahead(at: Ts, now: Ts) -> bool {
    at.seconds_since(now) > SLACK
}

/// Which of these backups go when so many are kept: the oldest. Never the one that was made just now, and
/// none that is dated ahead, which does not count as kept either: its name says nothing of its age.
pub fn to_remove<'a>(files: &'a [BackupFile], keep: usize, made: &str, now: Ts) -> Vec<&'a BackupFile> {
    let is_made = files.iter().any(|file| file.name == made);
    let mut others: Vec<_> = files.iter().filter(|file| file.name != made && file.made_at <= now).collect();
    others.sort_by_key(|file| std::cmp::Reverse(file.made_at));
    let stay = keep.max(1) - usize::from(is_made);
    others.split_off(stay.min(others.len()))
}

/// Whether a name may be one of a file of the folder `tls` in an archive: that and nothing above it.
pub fn is_tls_member(name: &str) -> bool {
    let sane = |part: &str| {
        let known = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(known)
    };
    name.strip_prefix("tls/").is_some_and(|rest| rest.split('/').all(sane))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(seconds: i64) -> BackupFile {
        let made_at = Ts::from_micros(0).plus_seconds(seconds);
        BackupFile { name: file_name(made_at), made_at, octets: 1 }
    }

    #[test]
    fn names_are_of_one_form() {
        let at: Ts = "2026-11-27T12:00:00Z".parse::<jiff::Timestamp>().unwrap().into();
        assert_eq!(file_name(at), "estampe-20261127T120000Z.tar.age");
        assert_eq!(made_at("estampe-20261127T120000Z.tar.age"), Some(at));
        for other in [
            "estampe-20261127T120000Z.tar.age.new",
            "estampe-20261127T120000.tar.age",
            "estampe-20261327T120000Z.tar.age",
            "estampe-2026112T1200000Z.tar.age",
            "estampe.tar.age",
            "x-estampe-20261127T120000Z.tar.age",
        ] {
            assert_eq!(made_at(other), None, "{other}");
        }
    }

    #[test]
    fn members_of_an_archive_stay_in_their_folder() {
        for good in ["tls/ca.key", "tls/acme/account.json"] {
            assert!(is_tls_member(good), "{good}");
        }
        for bad in ["tls/", "tls/../keys/kek", "tls//x", "/tls/x", "tls/.x", "tls/a b", "keys/kek", "tls/a\0"] {
            assert!(!is_tls_member(bad), "{bad}");
        }
    }

    proptest! {
        /// Whatever the clock says and said: what was made stays, what is dated ahead stays, and of the others
        /// the newest.
        #[test]
        fn the_oldest_go_and_what_was_made_stays(
            moments in proptest::collection::btree_set(0_i64..1_000, 1..40),
            keep in 0_usize..20,
            made in any::<prop::sample::Index>(),
            now in 0_i64..1_000,
        ) {
            let files: Vec<_> = moments.iter().map(|at| file(*at)).collect();
            let (made, now) = (made.get(&files), Ts::from_micros(0).plus_seconds(now));
            let gone: Vec<_> = to_remove(&files, keep, &made.name, now).into_iter().cloned().collect();
            prop_assert!(!gone.contains(made), "what was made just now");
            prop_assert!(gone.iter().all(|file| file.made_at <= now), "what is dated ahead");
            let kept: Vec<_> = files.iter().filter(|file| !gone.contains(file)).collect();
            let counted: Vec<_> = kept.into_iter().filter(|file| file.made_at <= now || *file == made).collect();
            let countable = files.iter().filter(|file| file.made_at <= now || *file == made).count();
            prop_assert_eq!(counted.len(), countable.min(keep.max(1)));
            let older = |gone: &BackupFile| counted.iter().all(|kept| *kept == made || gone.made_at < kept.made_at);
            prop_assert!(gone.iter().all(older), "the oldest go");
        }

        #[test]
        fn a_name_says_when(seconds in 0_i64..10_000_000_000) {
            let file = file(seconds);
            prop_assert_eq!(made_at(&file.name), Some(file.made_at));
        }
    }
}
