//! Backups in a folder: archives that are encrypted to recipients, whole or not there.

mod archive;
mod keys;
mod lists;
mod mark;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use estampe_domain::Ts;
use estampe_domain::backup::{self, BackupFile, BackupPlan, Backups, ListPlace, Manifest, Progress, Pruned};
use estampe_domain::ports::Clock;

use crate::SystemClock;

pub use archive::{Unpacked, unpack};
pub use keys::{Identities, new_identity};

/// What a file that is being written ends with.
const UNFINISHED: &str = ".new";
/// Room that stays free beside a backup.
const SPARE: u64 = 64 << 20;
/// Where who was erased is noted, in the data folder and beside the backups.
const ERASED: &str = "erasures";
/// A list beside the backups has no more octets than this: half a million lines.
const LONGEST_LIST: u64 = 64 << 20;
/// Folders for looking into backups that were left so many seconds ago are nobody's any more.
const LEFT: i64 = 86_400;

/// What an administrator set.
#[derive(Clone, Debug)]
pub struct BackupSettings {
    /// Where backups lie, how many, how often.
    pub plan: BackupPlan,
    /// Who can open them.
    recipients: Vec<Recipient>,
}

impl BackupSettings {
    /// Reads the recipients.
    pub fn new(plan: BackupPlan, recipients: &[String]) -> Result<Self, String> {
        let recipients = recipients.iter().map(|text| keys::recipient(text)).collect::<Result<Vec<_>, _>>()?;
        if recipients.is_empty() {
            return Err(
                "none is named: a backup is encrypted to at least one; estampe backup key FILE makes a key".into()
            );
        }
        Ok(Self { plan, recipients })
    }
}

/// The folder of backups.
pub struct BackupFolder {
    settings: Option<BackupSettings>,
    data_dir: PathBuf,
}

impl BackupFolder {
    /// As an administrator set it; none: no backups.
    pub fn new(settings: Option<BackupSettings>, data_dir: PathBuf) -> Self {
        Self { settings, data_dir }
    }

    /// A private folder for looking into a backup, gone when it is dropped. Beside the data where that is
    /// ours to write, else where temporary files are.
    pub fn room_to_look(&self) -> Result<tempfile::TempDir, String> {
        // what root made there the service could not use
        let is_ours = |facts: fs::Metadata| facts.is_dir() && facts.uid() == rustix::process::geteuid().as_raw();
        let beside = fs::metadata(&self.data_dir).is_ok_and(is_ours).then(|| self.work_folder());
        let mut builder = tempfile::Builder::new();
        builder.prefix("verify-");
        if let Some(folder) = beside
            && make_folder(&folder).is_ok()
            && let Ok(made) = builder.tempdir_in(&folder)
        {
            return Ok(made);
        }
        builder.tempdir().map_err(|error| format!("a folder for looking into the backup: {error}"))
    }

    fn work_folder(&self) -> PathBuf {
        self.data_dir.join("backup-work")
    }

    fn settings(&self) -> Result<&BackupSettings, String> {
        let words = "no folder for backups is configured: set backup.folder and backup.recipients \
                     (docs/operator/backup.md), then start the service again";
        self.settings.as_ref().ok_or_else(|| words.to_owned())
    }

    /// The folder of certificates, file by file.
    fn certificates(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let (mut found, mut folders) = (Vec::new(), vec![("tls".to_owned(), self.data_dir.join("tls"))]);
        while let Some((name, folder)) = folders.pop() {
            if !folder.is_dir() {
                continue;
            }
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let name = format!("{name}/{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push((name, entry.path()));
                } else if kind.is_file() && backup::is_tls_member(&name) && !name.ends_with(UNFINISHED) {
                    found.push((name, entry.path()));
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

impl Backups for BackupFolder {
    fn plan(&self) -> Option<BackupPlan> {
        self.settings.as_ref().map(|settings| settings.plan.clone())
    }

    fn work(&self) -> Result<PathBuf, String> {
        let folder = self.work_folder().join("copy");
        let at = |error: io::Error| format!("{}: {error}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(at)?;
        }
        make_folder(&folder)?;
        Ok(folder)
    }

    fn clean_work(&self) {
        let _ = fs::remove_dir_all(self.work_folder().join("copy"));
        let old = |path: &Path| {
            let now = SystemClock.now();
            fs::metadata(path)
                .is_ok_and(|facts| now.seconds_since(Ts::from_micros(0).plus_seconds(facts.mtime())) > LEFT)
        };
        for entry in fs::read_dir(self.work_folder()).into_iter().flatten().flatten() {
            if old(&entry.path()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn clean_folder(&self) {
        let Some(settings) = &self.settings else { return };
        for entry in fs::read_dir(&settings.plan.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_ours = name.strip_suffix(UNFINISHED).is_some_and(|name| backup::made_at(name).is_some());
            // another node that is at work holds it
            if is_ours && fs::File::open(entry.path()).is_ok_and(|file| lock(&file).is_ok()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn is_marked(&self, installation: &str) -> Result<bool, String> {
        mark::is_there(&self.settings()?.plan.folder, installation)
    }

    fn mark(&self, installation: &str) -> Result<(), String> {
        mark::put(&self.settings()?.plan.folder, installation)
    }

    fn ensure_room(&self, copy: u64) -> Result<(), String> {
        let folder = &self.settings()?.plan.folder;
        make_folder(&self.work_folder())?;
        let device = |path: &Path| fs::metadata(path).map(|facts| facts.dev()).ok();
        if device(folder) == device(&self.data_dir) {
            return archive::ensure_room(folder, copy.saturating_mul(2).saturating_add(SPARE));
        }
        archive::ensure_room(&self.data_dir, copy.saturating_add(SPARE))?;
        archive::ensure_room(folder, copy.saturating_add(SPARE))
    }

    fn pack(&self, manifest: &Manifest, copy: &Path, progress: &Progress) -> Result<BackupFile, String> {
        let settings = self.settings()?;
        let folder = &settings.plan.folder;
        let name = backup::file_name(manifest.made_at);
        let (path, new) = (folder.join(&name), folder.join(format!("{name}{UNFINISHED}")));
        if path.exists() {
            return Err(format!("{} is there already", path.display()));
        }
        // one that another node writes in this very second is that one's
        let mut is_ours = false;
        let written = (|| -> io::Result<u64> {
            let mut members = vec![(manifest.database.engine.member().to_owned(), copy.to_owned())];
            members.extend(self.certificates()?);
            let mut total = 0;
            for (_, path) in &members {
                total += fs::metadata(path)?.len();
            }
            progress.begin(total);
            let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            is_ours = true;
            lock(&file)?;
            archive::write(file, &settings.recipients, manifest, &members, progress)?;
            fs::rename(&new, &path)?;
            sync_folder(folder)?;
            Ok(fs::metadata(&path)?.len())
        })();
        let octets = written.map_err(|error| {
            if is_ours {
                let _ = fs::remove_file(&new);
            }
            format!("{}: {error}", path.display())
        })?;
        // its name has whole seconds
        let made_at = backup::made_at(&name).unwrap_or(manifest.made_at);
        Ok(BackupFile { name, made_at, octets })
    }

    fn list(&self) -> Result<Vec<BackupFile>, String> {
        let folder = &self.settings()?.plan.folder;
        let at = |error: io::Error| format!("{}: {error}", folder.display());
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(at)? {
            let entry = entry.map_err(at)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let (Some(made_at), Ok(facts)) = (backup::made_at(&name), entry.metadata()) else { continue };
            if facts.is_file() {
                found.push(BackupFile { name, made_at, octets: facts.len() });
            }
        }
        found.sort_by_key(|file| std::cmp::Reverse(file.made_at));
        Ok(found)
    }

    fn prune(&self, made: &str, now: Ts) -> Result<Pruned, String> {
        let plan = &self.settings()?.plan;
        let files = self.list()?;
        let mut pruned = Pruned::default();
        for file in backup::to_remove(&files, plan.keep, made, now) {
            let path = plan.folder.join(&file.name);
            match fs::remove_file(&path) {
                Ok(()) => pruned.gone.push(file.name.clone()),
                // another node was as quick
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => pruned.left.push(format!("{}: {error}", path.display())),
            }
        }
        Ok(pruned)
    }

    fn erasures(&self, place: ListPlace) -> Result<Vec<String>, String> {
        match (place, &self.settings) {
            (ListPlace::Data, _) => lists::read(&erasures_in(&self.data_dir), u64::MAX),
            (ListPlace::Backups, Some(settings)) => lists::read(&settings.plan.folder.join(ERASED), LONGEST_LIST),
            (ListPlace::Backups, None) => Ok(Vec::new()),
        }
    }

    fn note_erasures(&self, place: ListPlace, lines: &[String]) -> Result<(), String> {
        match (place, &self.settings) {
            (ListPlace::Data, _) => add_erasures(&self.data_dir, lines),
            (ListPlace::Backups, Some(settings)) => lists::append(&settings.plan.folder.join(ERASED), lines),
            (ListPlace::Backups, None) => Ok(()),
        }
    }
}

fn make_folder(path: &Path) -> Result<(), String> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The lines of a list of who was erased that lies beside a backup; none where there is no list. It is read as
/// what others may have written: bounded, and through no link.
pub fn erasures_beside(backup: &Path) -> Result<Option<Vec<String>>, String> {
    let path = backup.with_file_name(ERASED);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => lists::read(&path, LONGEST_LIST).map(Some),
    }
}

/// Adds lines to the list in the data folder, which is made where it is not. Through no link either.
pub fn add_erasures(data_dir: &Path, lines: &[String]) -> Result<(), String> {
    lists::append(&erasures_in(data_dir), lines)
}

/// Where the list in the data folder is.
pub fn erasures_in(data_dir: &Path) -> PathBuf {
    data_dir.join(ERASED)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

fn lock(file: &fs::File) -> io::Result<()> {
    Ok(rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?)
}
