//! Files that an administrator handed to a source, and the watch over them: a run is
//! many calls, and all of them must read the same file.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use estampe_domain::RunId;
use estampe_domain::plugin::{FailKind, PluginFailure};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;

use crate::sync::lock;

/// Octets given by one read, at most.
const MAX_READ: u32 = 1 << 20;
/// Files watched at once, over all runs; the oldest are forgotten first.
const MAX_WATCHED: usize = 256;

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// Which version of its files every run began with.
#[derive(Debug, Default)]
pub struct Runs {
    watched: Mutex<Watched>,
    protected: Vec<PathBuf>,
}

#[derive(Debug, Default)]
struct Watched {
    versions: HashMap<(RunId, String), Version>,
    order: VecDeque<(RunId, String)>,
}

impl Runs {
    /// None yet; nothing is opened in the folders `protected`.
    pub fn new(protected: Vec<PathBuf>) -> Self {
        Self { watched: Mutex::default(), protected }
    }

    /// Forgets a run that ended.
    pub fn forget(&self, run: RunId) {
        let mut watched = lock(&self.watched);
        watched.versions.retain(|(other, _), _| *other != run);
        watched.order.retain(|(other, _)| *other != run);
    }

    /// Whether this is the version that the run began with; remembers the first.
    fn same(&self, run: RunId, input: &str, version: Version) -> bool {
        let mut watched = lock(&self.watched);
        let key = (run, input.to_owned());
        if let Some(first) = watched.versions.get(&key) {
            return *first == version;
        }
        if watched.order.len() >= MAX_WATCHED
            && let Some(oldest) = watched.order.pop_front()
        {
            watched.versions.remove(&oldest);
        }
        watched.order.push_back(key.clone());
        watched.versions.insert(key, version);
        true
    }
}

/// What is told of a file.
#[derive(Debug)]
pub struct Info {
    /// Octets.
    pub size: u64,
    /// Its name without folders.
    pub name: String,
}

/// The files of one call.
#[derive(Debug)]
pub struct Files {
    granted: BTreeMap<String, PathBuf>,
    open: BTreeMap<String, (File, Version)>,
    run: Option<RunId>,
    runs: Arc<Runs>,
}

impl Files {
    /// Nothing but these inputs; `run` is none for a check.
    pub fn new(granted: BTreeMap<String, PathBuf>, run: Option<RunId>, runs: Arc<Runs>) -> Self {
        Self { granted, open: BTreeMap::new(), run, runs }
    }

    /// Looks at an input.
    pub fn stat(&mut self, input: &str) -> Result<Info, PluginFailure> {
        let (_, version) = self.opened(input)?;
        let size = version.size;
        let path = self.granted.get(input).and_then(|path| path.file_name());
        let name = path.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Info { size, name })
    }

    /// Reads from an input. The file is looked at before and after, so that no
    /// octets of a changed file are given as those of the old one.
    pub fn read(&mut self, input: &str, offset: u64, length: u32) -> Result<Vec<u8>, PluginFailure> {
        let (file, version) = self.opened(input)?;
        let rest = version.size.saturating_sub(offset);
        let length = u64::from(length.min(MAX_READ)).min(rest);
        let mut octets = vec![0; usize::try_from(length).unwrap_or(0)];
        let outcome = file.read_exact_at(&mut octets, offset);
        self.opened(input)?;
        match outcome {
            Ok(()) => Ok(octets),
            Err(error) => Err(self.unreadable(input, &error)),
        }
    }

    /// The open file and its version, which must still be the one that the run saw.
    fn opened(&mut self, input: &str) -> Result<(&File, Version), PluginFailure> {
        let Some(path) = self.granted.get(input) else {
            let input = shown(input);
            let message = format!("the input {input:?}: an administrator would have to grant \"input {input}\"");
            return Err(PluginFailure::new(FailKind::Denied, message));
        };
        if !self.open.contains_key(input) {
            let file = open_regular(path, &self.runs.protected)?;
            let version = version(&file).map_err(|error| cannot_read(path, &error))?;
            self.open.insert(input.to_owned(), (file, version));
        }
        let Some((file, first)) = self.open.get(input) else {
            return Err(PluginFailure::new(FailKind::Internal, "an open file was lost"));
        };
        let now = version(file).map_err(|error| cannot_read(path, &error))?;
        let same = now == *first && self.run.is_none_or(|run| self.runs.same(run, input, now));
        if same {
            Ok((file, now))
        } else {
            let message = format!("{} was changed while it was being read; the next run reads it anew", path.display());
            Err(PluginFailure::new(FailKind::Conflict, message))
        }
    }

    fn unreadable(&self, input: &str, error: &io::Error) -> PluginFailure {
        let path = self.granted.get(input).map(PathBuf::as_path);
        cannot_read(path.unwrap_or_else(|| Path::new("")), error)
    }
}

fn version(file: &File) -> io::Result<Version> {
    let stat = fstat(file)?;
    Ok(Version {
        device: stat.st_dev,
        inode: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified: (stat.st_mtime, i64::try_from(stat.st_mtime_nsec).unwrap_or(0)),
    })
}

/// Opens a regular file for reading. Links are not followed at the end of the path:
/// who may replace the file must not reach the server's own secrets by a link. Pipes
/// and devices are refused without waiting for them.
fn open_regular(path: &Path, protected: &[PathBuf]) -> Result<File, PluginFailure> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let not_regular = || {
        let message = format!("{} is not a regular file; name the file itself, not a link", path.display());
        PluginFailure::new(FailKind::Denied, message)
    };
    let file = match open(path, flags, Mode::empty()) {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::LOOP) => return Err(not_regular()),
        Err(error) => return Err(cannot_read(path, &error.into())),
    };
    let stat = fstat(&file).map_err(|error| cannot_read(path, &error.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(not_regular());
    }
    // where the file that is open really stands, whatever links led to it
    let real =
        std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(|error| cannot_read(path, &error))?;
    if protected.iter().any(|folder| real.starts_with(folder)) {
        let message = format!("{} is in a folder of the appliance's own; put the file elsewhere", path.display());
        return Err(PluginFailure::new(FailKind::Denied, message));
    }
    Ok(file)
}

fn cannot_read(path: &Path, error: &io::Error) -> PluginFailure {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => FailKind::NotFound,
        io::ErrorKind::UnexpectedEof => FailKind::Conflict,
        _ => FailKind::Unavailable,
    };
    PluginFailure::new(kind, format!("cannot read {}: {error}", path.display()))
}

/// A name from a guest, short enough for a message.
fn shown(input: &str) -> String {
    crate::text::clean(input, 64)
}

#[cfg(test)]
mod tests {
    use estampe_domain::Ts;
    use estampe_domain::ports::Random;

    use super::*;

    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn run(number: u8) -> RunId {
        RunId::new(Ts::from_micros(0), &Fixed(number))
    }

    fn files(path: &Path, run: Option<RunId>, runs: &Arc<Runs>) -> Files {
        let granted = BTreeMap::from([("people".to_owned(), path.to_owned())]);
        Files::new(granted, run, Arc::clone(runs))
    }

    fn kind<T: std::fmt::Debug>(outcome: Result<T, PluginFailure>) -> FailKind {
        outcome.unwrap_err().kind
    }

    #[test]
    fn reads_what_was_granted_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.ldif");
        std::fs::write(&path, b"0123456789").unwrap();
        let runs = Arc::default();
        let mut files = files(&path, None, &runs);
        let info = files.stat("people").unwrap();
        assert_eq!((info.size, info.name.as_str()), (10, "people.ldif"));
        assert_eq!(files.read("people", 2, 3).unwrap(), b"234");
        assert_eq!(files.read("people", 8, u32::MAX).unwrap(), b"89");
        assert_eq!(files.read("people", 10, 5).unwrap(), b"");
        assert_eq!(files.read("people", u64::MAX, 5).unwrap(), b"");
        assert_eq!(kind(files.read("/etc/passwd", 0, 1)), FailKind::Denied);
        assert_eq!(kind(files.stat("")), FailKind::Denied);
    }

    #[test]
    fn a_file_changed_between_calls_is_a_conflict_for_its_run_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.ldif");
        std::fs::write(&path, b"before").unwrap();
        let runs = Arc::default();
        files(&path, Some(run(1)), &runs).read("people", 0, 6).unwrap();
        files(&path, Some(run(1)), &runs).read("people", 0, 6).unwrap();
        // replaced by another file, as careful programs do
        std::fs::write(folder.path().join("new"), b"after!").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(kind(files(&path, Some(run(1)), &runs).stat("people")), FailKind::Conflict);
        assert_eq!(files(&path, Some(run(2)), &runs).read("people", 0, 6).unwrap(), b"after!");
        runs.forget(run(1));
        assert_eq!(files(&path, Some(run(1)), &runs).read("people", 0, 6).unwrap(), b"after!");
        // and one that changes under an open handle
        let mut open = files(&path, Some(run(2)), &runs);
        open.stat("people").unwrap();
        std::fs::write(&path, b"longer than before").unwrap();
        assert_eq!(kind(open.read("people", 0, 6)), FailKind::Conflict);
    }

    #[test]
    fn links_pipes_and_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let runs = Arc::default();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
        assert_eq!(kind(files(&link, None, &runs).stat("people")), FailKind::Denied);
        assert_eq!(kind(files(folder.path(), None, &runs).stat("people")), FailKind::Denied);
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RUSR).unwrap();
        assert_eq!(kind(files(&pipe, None, &runs).stat("people")), FailKind::Denied);
        let gone = folder.path().join("gone");
        assert_eq!(kind(files(&gone, None, &runs).stat("people")), FailKind::NotFound);
    }

    #[test]
    fn the_watch_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.ldif");
        std::fs::write(&path, b"x").unwrap();
        let runs = Arc::<Runs>::default();
        let version = version(&File::open(&path).unwrap()).unwrap();
        for number in 0..2 * MAX_WATCHED {
            assert!(runs.same(run(1), &number.to_string(), version));
        }
        let watched = lock(&runs.watched);
        assert_eq!((watched.versions.len(), watched.order.len()), (MAX_WATCHED, MAX_WATCHED));
    }
}
