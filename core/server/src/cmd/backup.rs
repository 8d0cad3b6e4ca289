//! `estampe backup …`: make one now, list them, look into one, make a key for them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use estampe_adapters::{BackupFolder, Identities, SystemClock, SystemRandom, new_identity, unpack};
use estampe_domain::backup::{Backups as _, Engine, Manifest, made_at};
use estampe_service::{BackupNotes, BackupState};
use estampe_store::{
    CheckupPart, Database, Offline, Schema, StoreSettings, facts_of, key_file_id, next_key_file, schema_of,
};
use estampe_web::operator::backups_told;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::doctor::size;
use crate::cmd::work::text;
use crate::cmd::{block_on, key, print};
use crate::config::CheckedSettings;
use crate::operator::Operator;

/// How often it is asked whether a backup has ended.
const LOOK: Duration = Duration::from_millis(200);
/// Damaged rows named at most.
const NAMED: usize = 10;

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make one now and wait for it; `estampe backup` alone does the same
    Create {
        /// backup.folder is another folder or disk than before, and empty: begin anew there
        #[arg(long)]
        new_folder: bool,
    },
    /// List those in backup.folder, the newest first, and how the last ones went; also while the service is stopped
    List,
    /// Open a backup and check all of it: nothing is changed. Do it now and then (a drill)
    Verify(Look),
    /// Make a key into FILE, and print the recipient (age1…) for backup.recipients. FILE alone opens
    /// the backups: keep it apart from them
    Key {
        /// A new file
        file: PathBuf,
    },
}

/// A backup, and what opens it.
#[derive(Debug, Args)]
pub struct Look {
    /// The backup's file, or its name in backup.folder
    pub file: PathBuf,
    /// The file of the identity that it was made for (estampe backup key, age-keygen)
    #[arg(long, value_name = "FILE")]
    pub identity: PathBuf,
    /// The key that wraps all others, as it was when the backup was made [default: the one of
    /// database.key_file]
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

impl Look {
    /// Where the backup lies.
    pub fn path(&self, settings: &CheckedSettings) -> PathBuf {
        let is_name = self.file.file_name().is_some_and(|name| name == self.file.as_os_str());
        match &settings.backup {
            Some(backup) if is_name && !self.file.exists() => backup.plan.folder.join(&self.file),
            _ => self.file.clone(),
        }
    }

    /// Where the key lies.
    pub fn kek(&self, settings: &CheckedSettings) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| settings.store.kek_file.clone())
    }
}

/// Makes a key.
pub fn new_key(cli: &Cli, file: &Path) -> Result<ExitCode, String> {
    let recipient = new_identity(file)?;
    if cli.json {
        print::json(&json!({ "recipient": recipient, "file": file }));
    } else {
        print::line(&recipient);
        print::line(&format!(
            "Put it into the configuration, recipients = [\"{recipient}\"] in [backup], and keep {} apart from the \
             backups, and elsewhere than on this machine: without it they cannot be opened.",
            file.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Does what the running service has to do.
pub async fn run(cli: &Cli, command: Option<&BackupCommand>, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        None => create(cli, operator, false).await,
        Some(BackupCommand::Create { new_folder }) => create(cli, operator, *new_folder).await,
        Some(BackupCommand::List) => list(cli, &operator.get("/v1/backups").await?),
        Some(BackupCommand::Verify(_) | BackupCommand::Key { .. }) => {
            Err("this command does not speak to the running server".to_owned())
        }
    }
}

async fn create(cli: &Cli, operator: &Operator, new_folder: bool) -> Result<ExitCode, String> {
    let begun = operator.post("/v1/backups", &json!({ "new_folder": new_folder })).await?;
    let number = begun.get("number").and_then(Value::as_u64).unwrap_or(0);
    let mut told = 0;
    let work = loop {
        let state = operator.get("/v1/backups").await?;
        let work = state.get("work").cloned().unwrap_or_default();
        let count = |key: &str| work.get(key).and_then(Value::as_u64).unwrap_or(0);
        if work.get("running") != Some(&Value::Bool(true)) || count("number") != number {
            break work;
        }
        let tenths = (count("done") * 10).checked_div(count("total")).unwrap_or(0);
        if !cli.json && tenths > told {
            told = tenths;
            eprintln!("{} of {}", size(count("done")), size(count("total")));
        }
        tokio::time::sleep(LOOK).await;
    };
    if let Some(error) = work.get("error").and_then(Value::as_str) {
        return Err(format!("no backup was made: {error}"));
    }
    let file = work.get("file").cloned().unwrap_or_default();
    if cli.json {
        print::json(&file);
    } else {
        let octets = file.get("octets").and_then(Value::as_u64).unwrap_or(0);
        print::line(&format!("{}  {}  {}", text(&file, "name"), text(&file, "made_at"), size(octets)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists those in the folder while the service is stopped; how the last ones went, as far as its database says.
pub fn list_alone(cli: &Cli, settings: &CheckedSettings) -> Result<ExitCode, String> {
    let files = BackupFolder::new(settings.backup.clone(), settings.data_dir.clone()).list();
    let notes = Offline::open(&settings.store, Arc::new(SystemClock), Arc::new(SystemRandom))
        .ok()
        .and_then(|mut offline| offline.look(BackupNotes::read).ok());
    let known = notes.is_some();
    let state = backups_told(BackupState {
        number: 0,
        running: false,
        progress: (0, 0),
        ended: None,
        plan: settings.backup.as_ref().map(|backup| backup.plan.clone()),
        notes: notes.unwrap_or_default(),
        files,
        lists: Vec::new(),
    });
    if !cli.json && !known {
        eprintln!("The service is stopped, and its database cannot be read: how the last ones went is not known.");
    }
    list(cli, &state)
}

fn list(cli: &Cli, state: &Value) -> Result<ExitCode, String> {
    if cli.json {
        print::json(state);
        return Ok(ExitCode::SUCCESS);
    }
    if state.get("plan").is_none_or(Value::is_null) {
        print::line("No folder for backups is configured: set backup.folder and backup.recipients.");
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(why) = state.get("unreadable").and_then(Value::as_str) {
        return Err(format!("the folder of backups cannot be read: {why}"));
    }
    let files = state.get("files").and_then(Value::as_array).cloned().unwrap_or_default();
    if files.is_empty() {
        print::line("There is no backup yet: estampe backup create");
    }
    let octets = |file: &Value| file.get("octets").and_then(Value::as_u64).unwrap_or(0);
    let row = |file: &Value| vec![text(file, "name"), text(file, "made_at"), size(octets(file))];
    print::table(&files.iter().map(row).collect::<Vec<_>>());
    if let Some(failed) = state.get("failed").filter(|failed| failed.is_object()) {
        print::line(&format!("The last try failed, {}: {}", text(failed, "at"), text(failed, "why")));
    }
    match state.get("drill").filter(|drill| drill.is_object()) {
        Some(drill) => {
            print::line(&format!("Last looked into: {}, at {}", text(drill, "name"), text(drill, "at")));
        }
        None => print::line("None was ever looked into: estampe backup verify FILE --identity FILE"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a backup whose schema this binary cannot take; says what has to be done of an older one.
pub fn schema_words(manifest: &Manifest) -> Result<Option<&'static str>, String> {
    let database = &manifest.database;
    let ours = env!("CARGO_PKG_VERSION");
    match schema_of(database.engine, &database.schema).map_err(|error| error.to_string())? {
        Schema::Current => Ok(None),
        Schema::Older => Ok(Some("its schema is older than this version's: it is brought up at the next start")),
        Schema::Newer(known) => Err(format!(
            "the backup was made by Estampe {} (schema {}), and this is {ours} (schema {known}): install {} or newer",
            manifest.estampe, database.schema, manifest.estampe
        )),
        Schema::Unreleased => Err(format!(
            "the backup has schema {}, which no release had: it cannot be brought up to date; use the build of Estampe {} \
             that made it",
            database.schema, manifest.estampe
        )),
    }
}

/// Refuses a key file that does not open what is sealed in a backup.
pub fn ensure_key(manifest: &Manifest, kek: &Path) -> Result<(), String> {
    let needed = &manifest.database.keys;
    let words = || {
        format!(
            "the backup needs the key {}: name its file with --key-file; docs/operator/keys.md tells which copy that is",
            needed.join(" and ")
        )
    };
    let id = key_file_id(kek, &SystemRandom).map_err(|error| {
        // a stick, most often: its file system knows no rights, and chmod does nothing there
        let others = if error.to_string().contains("chmod") {
            format!(" (where that does nothing: install -m 0400 {} /root/kek, and name that file)", kek.display())
        } else {
            String::new()
        };
        format!("{}: {error}{others}; {}", kek.display(), words())
    })?;
    let next = key_file_id(&next_key_file(kek), &SystemRandom).ok();
    if needed.iter().all(|needed| *needed == id || Some(needed) == next.as_ref()) {
        return Ok(());
    }
    Err(format!("{} holds the key {id}, and {}", kek.display(), words()))
}

/// Refuses a key in its own place that is not the one of the copy that is to be put there: nothing is written over.
pub fn ensure_place_of_key(manifest: &Manifest, kek: &Path, own: &Path) -> Result<(), String> {
    if kek == own {
        return Ok(());
    }
    let needed = manifest.database.keys.join(" and ");
    for (from, to) in [(kek.to_owned(), own.to_owned()), (next_key_file(kek), next_key_file(own))] {
        if !to.exists() {
            continue;
        }
        let there = key_file_id(&to, &SystemRandom).map_err(|error| format!("{}: {error}", to.display()))?;
        if key_file_id(&from, &SystemRandom).ok().as_ref() != Some(&there) {
            return Err(format!(
                "{} holds another key ({there}) than the backup needs ({needed}), and no key is written over: put that file aside (a fresh install made it, or it is of another database), then restore again",
                to.display()
            ));
        }
    }
    Ok(())
}

/// What was looked at, in words. `older`: the backup's schema is not this version's.
pub fn look_into(copy: &Path, manifest: &Manifest, kek: &Path, older: bool) -> Result<Vec<String>, String> {
    let mut told = vec!["all of it decrypts, and every hash is right".to_owned()];
    if manifest.database.engine == Engine::Postgres {
        facts_of(Engine::Postgres, copy).map_err(|error| error.to_string())?;
        told.push("pg_restore can list the dump; whether all of it can be used, only a restore shows".to_owned());
        told.push("the key is the one that it needs".to_owned());
        return Ok(told);
    }
    let mut offline = opened(copy, kek, older)?;
    let facts = offline.facts().map_err(|error| format!("the database in it: {error}"))?;
    if !facts.findings.is_empty() {
        return Err(format!("the database in it is damaged: {}", facts.findings.join("; ")));
    }
    told.push("SQLite's quick_check and foreign_key_check found nothing".to_owned());
    told.push(counted(&mut offline, manifest)?);
    told.push(if older {
        "sealed values were not opened: this version does not know the tables of an older one; after a restore and a start, estampe doctor opens them"
            .to_owned()
    } else {
        open_seals(&mut offline)?
    });
    Ok(told)
}

/// What a restore looks at: as much as shows that this is what was packed, and that the key opens it. The
/// rest is `verify`'s and `doctor`'s, which read every row.
pub fn look_quickly(copy: &Path, manifest: &Manifest, kek: &Path, older: bool) -> Result<Vec<String>, String> {
    let counted = counted(&mut opened(copy, kek, older)?, manifest)?;
    Ok(vec!["all of it decrypts, and every hash is right".to_owned(), counted])
}

/// A copy of a SQLite database, opened for reading with its key. One of an older version may lack keys that
/// this one has: there the ids that were compared have to do.
fn opened(copy: &Path, kek: &Path, older: bool) -> Result<Offline, String> {
    let folder = copy.parent().unwrap_or(copy).to_owned();
    let place =
        StoreSettings { database: Database::Sqlite(copy.to_owned()), data_dir: folder, kek_file: kek.to_owned() };
    let offline =
        Offline::open(&place, Arc::new(SystemClock), Arc::new(SystemRandom)).map_err(|error| error.to_string())?;
    match offline.key_problem() {
        Some(problem) if !older => Err(problem.to_string()),
        _ => Ok(offline),
    }
}

fn counted(offline: &mut Offline, manifest: &Manifest) -> Result<String, String> {
    let found = offline.facts_beside(&manifest.database).map_err(|error| format!("the database in it: {error}"))?;
    if found != manifest.database {
        return Err("the database in it does not hold what its manifest says: take another backup".to_owned());
    }
    let rows: u64 = found.counts.values().sum();
    Ok(format!("{rows} rows of {} tables are there, as the manifest says", found.counts.len()))
}

fn open_seals(offline: &mut Offline) -> Result<String, String> {
    let (mut checked, mut damaged) = (0, Vec::new());
    for part in CheckupPart::ALL {
        let mut after: Option<String> = None;
        loop {
            let page = offline.look(|tx| tx.checkup(part, after.as_deref()));
            let page = page.map_err(|error| format!("{} in it cannot be read: {error}", part.table()))?;
            checked += page.checked;
            damaged.extend(page.damaged.into_iter().map(|row| format!("{} {row}", part.table())));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    if damaged.is_empty() {
        return Ok(format!("{checked} sealed values, photos and audit events open and are genuine"));
    }
    let count = damaged.len();
    damaged.truncate(NAMED);
    Err(format!("{count} rows in it are damaged: {}; take another backup", damaged.join(", ")))
}

/// Looks into a backup.
pub fn verify(cli: &Cli, look: &Look, settings: &CheckedSettings) -> Result<ExitCode, String> {
    let (file, kek) = (look.path(settings), look.kek(settings));
    let identities = Identities::read(&look.identity)?;
    let folder = BackupFolder::new(settings.backup.clone(), settings.data_dir.clone()).room_to_look()?;
    let mut older = None;
    let unpacked = unpack(&file, &identities, folder.path(), |manifest| {
        older = schema_words(manifest)?;
        ensure_key(manifest, &kek)
    })?;
    let manifest = &unpacked.manifest;
    let mut told = look_into(&unpacked.copy, manifest, &kek, older.is_some())?;
    told.extend(older.map(ToOwned::to_owned));
    let noted = note(settings, &file, manifest);
    // a key of then, or the key file itself, shows nothing about a copy of today's
    let shown = look.key_file.as_deref().is_some_and(|copy| key::show(copy, settings).is_ok());
    if cli.json {
        print::json(&json!({
            "ok": true,
            "file": file,
            "made_at": manifest.made_at.to_string(),
            "estampe": manifest.estampe,
            "database": manifest.database,
            "octets": unpacked.octets,
            "checked": told,
            "noted": noted.is_ok(),
            "key_copied": shown,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    print::line(&format!(
        "{} can be restored: made at {} by Estampe {}, {}, {}.",
        file.display(),
        manifest.made_at,
        manifest.estampe,
        manifest.database.engine.name(),
        size(unpacked.octets)
    ));
    for line in told {
        print::line(&format!("  {line}"));
    }
    for table in ["person", "card", "lead", "account"] {
        let rows = manifest.database.counts.get(table).copied().unwrap_or(0);
        print::line(&format!("  {table:<8} {rows}"));
    }
    print::line(&match noted {
        Ok(()) => "Noted as the last drill.".to_owned(),
        Err(why) => format!("Not noted as a drill: {why}"),
    });
    if shown {
        print::line("Noted that a copy of the key was shown.");
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells the running service that a backup of its own was found whole.
fn note(settings: &CheckedSettings, file: &Path, manifest: &Manifest) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if made_at(&name).is_none() {
        return Err("the file is not called as backups are (estampe-20261127T120000Z.tar.age)".to_owned());
    }
    if !settings.operator.exists() {
        return Err("the service does not run here".to_owned());
    }
    let operator = Operator::new(settings.operator.clone())?;
    let body = json!({ "name": name, "made_at": manifest.made_at });
    block_on(operator.post("/v1/backups/verified", &body)).map(drop)
}
