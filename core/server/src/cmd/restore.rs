//! `estampe restore`: brings a backup back into an empty place, with the service stopped. What is there is
//! whole or not there: all is made beside and checked, then moved.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use estampe_adapters::{Identities, SystemClock, Unpacked, add_erasures, erasures_beside, erasures_in, unpack};
use estampe_domain::backup::{Engine, Manifest, Restored};
use estampe_domain::ports::Clock;
use estampe_store::{Database, StoreSettings, ensure_empty, fill, hold_data_dir, next_key_file};
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::{Cli, Look};
use crate::cmd::backup::{ensure_key, ensure_place_of_key, look_quickly, schema_words};
use crate::cmd::print;
use crate::config::access::Reader;
use crate::config::{CheckedSettings, is_credential};
use crate::restored;

/// Restores.
pub fn run(cli: &Cli, look: &Look, settings: &CheckedSettings) -> Result<ExitCode, String> {
    let made = [Some(settings.data_dir.as_path()), settings.store.kek_file.parent()].into_iter().flatten();
    let made: Vec<PathBuf> = made.flat_map(missing).collect();
    let done = restore(cli, look, settings);
    let given = give_to_owner(settings, &made, done.is_ok());
    let code = done?;
    given.map(|()| code)
}

/// The folders above and at a path that are not there, and would be made with it.
fn missing(path: &Path) -> Vec<PathBuf> {
    path.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect()
}

fn restore(cli: &Cli, look: &Look, settings: &CheckedSettings) -> Result<ExitCode, String> {
    let (file, kek) = (look.path(settings), look.kek(settings));
    let identities = Identities::read(&look.identity)?;
    let _lock = hold_data_dir(&held(&settings.store)).map_err(|error| error.to_string())?;
    ensure_empty(&settings.store).map_err(|error| error.to_string())?;
    let tls = settings.data_dir.join("tls");
    restored::clear(&settings.data_dir)?;
    if tls.exists() {
        return Err(format!(
            "{} is there: a backup is restored into an empty place only; name another data_dir, or put it aside",
            tls.display()
        ));
    }
    let beside = Beside::make(&settings.data_dir)?;
    let mut older = None;
    let unpacked = unpack(&file, &identities, &beside.0, |manifest| {
        ensure_engine(manifest, &settings.store.database)?;
        older = schema_words(manifest)?;
        ensure_key(manifest, &kek)?;
        ensure_place_of_key(manifest, &kek, &settings.store.kek_file)
    })?;
    let mut told = match &settings.store.database {
        Database::Sqlite(_) => look_quickly(&unpacked.copy, &unpacked.manifest, &kek, older.is_some())?,
        Database::Postgres(_) => Vec::new(),
    };
    let mut placed = Placed::default();
    // the list first: nothing may start that does not know who was erased
    let erased = bring_erasures(&file, &settings.data_dir, &mut placed)?;
    told.extend(put_in_place(settings, (&file, &unpacked), (&beside.0, &kek), &mut placed)?);
    placed.stays();
    drop(beside);
    tell(cli, &file, &unpacked.manifest, &told, &next_steps(settings, older, erased));
    Ok(ExitCode::SUCCESS)
}

/// What is held meanwhile: the folder of a key that is systemd's is not ours to make.
fn held(settings: &StoreSettings) -> StoreSettings {
    let mut settings = settings.clone();
    if is_credential(&settings.kek_file) {
        settings.kek_file = settings.data_dir.join("kek");
    }
    settings
}

/// What was put in its place so far: taken away again unless all of it stays.
#[derive(Default)]
struct Placed {
    paths: Vec<PathBuf>,
    /// A file that was added to, and how long it was.
    grown: Option<(PathBuf, u64)>,
    stays: bool,
}

impl Placed {
    fn stays(mut self) {
        self.stays = true;
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        for path in self.paths.iter().rev() {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        if let Some((path, octets)) = &self.grown {
            let _ = fs::OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(*octets));
        }
    }
}

fn ensure_engine(manifest: &Manifest, database: &Database) -> Result<(), String> {
    let advice = match (manifest.database.engine, database) {
        (Engine::Sqlite, Database::Sqlite(_)) | (Engine::Postgres, Database::Postgres(_)) => return Ok(()),
        (Engine::Sqlite, Database::Postgres(_)) => "leave database.url empty",
        (Engine::Postgres, Database::Sqlite(_)) => "set database.url to a new, empty database",
    };
    Err(format!(
        "the backup is of {}, and the configuration names the other kind of database: {advice}",
        manifest.database.engine.name()
    ))
}

/// The folder in which a backup is unpacked; gone when it is dropped.
struct Beside(PathBuf);

impl Beside {
    fn make(data_dir: &Path) -> Result<Self, String> {
        let folder = restored::beside(data_dir);
        let at = |error: io::Error| format!("{}: {error}", folder.display());
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(at)?;
        }
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(at)?;
        Ok(Self(folder))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn filled(url: &str, unpacked: &Unpacked) -> Result<Vec<String>, String> {
    let found = fill(url, &unpacked.copy, &unpacked.manifest.database).map_err(|error| error.to_string())?;
    if found != unpacked.manifest.database {
        return Err(
            "the database holds something else now than the manifest says: drop it, and take another backup".into()
        );
    }
    let rows: u64 = found.counts.values().sum();
    Ok(vec![
        "all of it decrypts, and every hash is right".to_owned(),
        format!("{rows} rows of {} tables are there, as the manifest says", found.counts.len()),
    ])
}

/// The key, the certificates, what the next start notes, and the database last: as long as it is not there,
/// nothing was restored. What was looked at on the way, in words.
fn put_in_place(
    settings: &CheckedSettings,
    (file, unpacked): (&Path, &Unpacked),
    (beside, kek): (&Path, &Path),
    placed: &mut Placed,
) -> Result<Vec<String>, String> {
    let own = &settings.store.kek_file;
    if kek != own && !is_credential(own) {
        for (from, to) in [(kek.to_owned(), own.clone()), (next_key_file(kek), next_key_file(own))] {
            if from.exists() && !to.exists() {
                placed.paths.push(to.clone());
                copy_key(&from, &to)?;
            }
        }
    }
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| format!("{}: {error}", path.display())
    };
    let (tls, data_dir) = (beside.join("tls"), &settings.data_dir);
    // first: what a kill leaves from here on is known by it, and taken away when it is tried again
    placed.paths.push(restored::file(data_dir));
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Manifest { made_at, installation, .. } = &unpacked.manifest;
    let (made_at, installation) = (*made_at, installation.clone());
    restored::leave(data_dir, &Restored { name, made_at, installation, restored_at: SystemClock.now() })?;
    if tls.exists() {
        let own = data_dir.join("tls");
        fs::File::open(&tls).and_then(|folder| folder.sync_all()).map_err(at(&tls))?;
        fs::rename(&tls, &own).map_err(at(&tls))?;
        placed.paths.push(own);
    }
    let sync = || fs::File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(at(data_dir));
    sync()?;
    match &settings.store.database {
        Database::Sqlite(path) => {
            fs::rename(&unpacked.copy, path).map_err(at(path))?;
            placed.paths.push(path.clone());
            sync()?;
            Ok(Vec::new())
        }
        Database::Postgres(url) => filled(url, unpacked),
    }
}

/// Copies a key to where the configuration has it. One that is there is never written over.
fn copy_key(from: &Path, to: &Path) -> Result<(), String> {
    let at = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    if to.exists() {
        return Ok(());
    }
    let text = Zeroizing::new(fs::read(from).map_err(|error| at(from, error))?);
    let write = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(to)?;
        file.write_all(&text)?;
        file.sync_all()?;
        to.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    write().map_err(|error| at(to, error))
}

/// Brings along who was erased since, as it is noted beside the backup; how many lines, or none where no list is there.
/// A backup makes the list, if only an empty one: where it is missing it did not come along. Whatever stands in it: the
/// service acts on its own lines alone.
fn bring_erasures(file: &Path, data_dir: &Path, placed: &mut Placed) -> Result<Option<usize>, String> {
    let Some(lines) = erasures_beside(file)? else { return Ok(None) };
    let here = erasures_in(data_dir);
    match fs::symlink_metadata(&here) {
        Ok(facts) if facts.is_file() => placed.grown = Some((here, facts.len())),
        Ok(_) => return Err(format!("{} is no file: put it aside", here.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => placed.paths.push(here),
        Err(error) => return Err(format!("{}: {error}", here.display())),
    }
    add_erasures(data_dir, &lines)?;
    Ok(Some(lines.len()))
}

/// What root restored belongs to the folder's owner, so that the service can read it; so do the folders that
/// were made for it. What was refused leaves those and the lock alone.
fn give_to_owner(settings: &CheckedSettings, made: &[PathBuf], is_restored: bool) -> Result<(), String> {
    let data_dir = &settings.data_dir;
    let at = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let facts = fs::metadata(data_dir).map_err(|error| at(data_dir, error))?;
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = Some((facts.uid(), facts.gid())).filter(|(uid, _)| *uid != 0).or_else(|| {
        // a data folder that root made just now is that one's
        Reader::packaged().map(|reader| (reader.uid, reader.gid))
    });
    let Some((uid, gid)) = owner else { return Ok(()) };
    let kek = &settings.store.kek_file;
    let mut left = vec![data_dir.clone(), kek.clone(), next_key_file(kek)];
    if !is_restored {
        left = vec![data_dir.join("lock")];
        if facts.uid() == 0 && !made.contains(data_dir) {
            return Ok(());
        }
    }
    left.extend(made.iter().cloned());
    while let Some(path) = left.pop() {
        let Ok(own) = fs::symlink_metadata(&path) else { continue };
        if own.uid() == 0 {
            std::os::unix::fs::lchown(&path, Some(uid), Some(gid)).map_err(|error| at(&path, error))?;
        }
        if own.is_dir() {
            left.extend(fs::read_dir(&path).map_err(|error| at(&path, error))?.flatten().map(|entry| entry.path()));
        }
    }
    Ok(())
}

fn next_steps(settings: &CheckedSettings, older: Option<&str>, erased: Option<usize>) -> Vec<String> {
    let mut steps = Vec::new();
    if is_credential(&settings.store.kek_file) {
        steps.push(
            "database.key_file is a credential of systemd, which this command cannot write: encrypt the key that the \
             backup needs (systemd-creds encrypt --name=NAME KEYFILE PATH, as your unit names them)"
                .to_owned(),
        );
    }
    steps.push("Start the service (estampe serve), then look: estampe doctor".to_owned());
    if let Some(older) = older {
        steps.push(format!("Of the database: {older}."));
    }
    match erased {
        Some(0) => {}
        Some(1) => steps.push(
            "One erasure is noted beside the backup; if it is from after it, it is done again at the start.".to_owned(),
        ),
        Some(many) => steps.push(format!(
            "{many} erasures are noted beside the backup; those from after it are done again at the start."
        )),
        None => steps.push(
            "No list of erasures lay beside the backup: whoever was erased after it was made is there again. If you \
             have the list (the file \"erasures\" of backup.folder or of the old data_dir), put it into data_dir before \
             you start."
                .to_owned(),
        ),
    }
    steps.push("What was ended after the backup was made is there again: sessions, tokens, accounts.".to_owned());
    steps.push(
        "Nothing leaves the service yet: no mail, no run, no signature, no backup by itself. Where it is to work again \
         (not on a machine that only tries a backup), look at what waits (estampe outbox list), then: estampe resume"
            .to_owned(),
    );
    if settings.backup.is_none() {
        steps.push("No folder for backups is configured: set backup.folder and backup.recipients.".to_owned());
    }
    steps
}

fn tell(cli: &Cli, file: &Path, manifest: &Manifest, told: &[String], next: &[String]) {
    if cli.json {
        print::json(&json!({
            "restored": file,
            "made_at": manifest.made_at.to_string(),
            "database": manifest.database,
            "checked": told,
            "next": next,
        }));
        return;
    }
    print::line(&format!("Restored {}, as it was at {}.", file.display(), manifest.made_at));
    for line in told {
        print::line(&format!("  {line}"));
    }
    print::line("What to do next:");
    for (number, step) in next.iter().enumerate() {
        print::line(&format!("  {}. {step}", number + 1));
    }
}
