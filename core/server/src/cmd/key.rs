//! `estampe key …`: the key that wraps all others.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use estampe_store::{key_text_id, next_key_file};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::cli::Cli;
use crate::cmd::work::text;
use crate::cmd::{block_on, print};
use crate::config::CheckedSettings;
use crate::operator::Operator;

/// Octets of a copy that are looked at: a key has 65.
const LONGEST: u64 = 1024;

/// How often it is asked whether a rotation has ended.
const LOOK: Duration = Duration::from_millis(300);

/// What has to be done once another key wraps.
const AFTER: &str = "\
Copy the new key to its safe place now, with its id: the file that database.key_file names, or keys/kek in data_dir.
Then show the copy: estampe key check COPY. Without it a backup made from now on opens nothing. Backups from before need the key from before: keep that copy as \
long as they are kept, then destroy it.";

/// How often it is asked whether that was noted.
const NOTING: u32 = 30;

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum KeyRingCommand {
    /// Say which key wraps all others, and since when
    Show,
    /// Look whether a copy of the key, kept elsewhere, is the one that wraps all others now, and note it
    ///
    /// Backups are worth nothing without it. doctor and the console's first page warn until a copy of the current
    /// key was shown. Nothing but the key's id is sent or kept.
    Check {
        /// The copy, where it is kept: /media/usb/kek; or - to read it from the standard input
        copy: PathBuf,
    },
    /// Replace the key by a new one, destroy the old one, and wait for the end of it
    ///
    /// Copies of the old key open nothing that is written from now on. Backups from before need them: keep such a
    /// copy as long as the backups. Copy the new key to its safe place afterwards.
    Rotate {
        /// On PostgreSQL: no other node uses the database now
        #[arg(long)]
        alone: bool,
    },
}

/// Does it.
pub async fn run(cli: &Cli, command: &KeyRingCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        KeyRingCommand::Show => told(cli, &operator.get("/v1/keys").await?),
        KeyRingCommand::Check { .. } => return Err("this command reads the configuration first".to_owned()),
        KeyRingCommand::Rotate { alone } => {
            let mut state = operator.post("/v1/keys/rotate", &json!({ "alone": alone })).await?;
            while state.get("rotating") == Some(&Value::Bool(true)) {
                tokio::time::sleep(LOOK).await;
                state = operator.get("/v1/keys").await?;
            }
            // that it wraps from now on is noted just after
            for _ in 0..NOTING {
                if state.get("since").is_none_or(Value::is_null) {
                    tokio::time::sleep(LOOK).await;
                    state = operator.get("/v1/keys").await?;
                }
            }
            told(cli, &state);
            if !cli.json {
                print::line(AFTER);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Looks at a copy of the key, and has it noted that somebody did.
pub fn check(cli: &Cli, copy: &Path, settings: &CheckedSettings) -> Result<ExitCode, String> {
    let state = show(copy, settings)?;
    if cli.json {
        print::json(&state);
    } else {
        let id = text(&state, "id");
        print::line(&format!("{} is a copy of {id}, the key that wraps all others. That is noted.", shown(copy)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Has it noted that somebody showed a copy of the key. Refused when it is another key's, or kept with the data.
pub fn show(copy: &Path, settings: &CheckedSettings) -> Result<Value, String> {
    ensure_elsewhere(copy, settings)?;
    let id = id_of(copy)?;
    let operator = Operator::new(settings.operator.clone())?;
    block_on(operator.post("/v1/keys/copied", &json!({ "id": id })))
}

/// Refuses the key file itself and what lies beside the data: it goes away with them.
fn ensure_elsewhere(copy: &Path, settings: &CheckedSettings) -> Result<(), String> {
    let own = &settings.store.kek_file;
    let Ok(facts) = fs::metadata(copy) else { return Ok(()) };
    let is_same =
        |other: &Path| fs::metadata(other).is_ok_and(|other| (other.dev(), other.ino()) == (facts.dev(), facts.ino()));
    if is_same(own) || is_same(&next_key_file(own)) {
        return Err(format!("{} is the key file itself: name the copy that is kept elsewhere", copy.display()));
    }
    let is_within = |folder: &Path| {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        real(copy).starts_with(real(folder))
    };
    if is_within(&settings.data_dir) {
        let folder = settings.data_dir.display();
        return Err(format!(
            "{} lies in {folder}, and is lost together with it: keep the copy elsewhere",
            copy.display()
        ));
    }
    Ok(())
}

fn id_of(copy: &Path) -> Result<String, String> {
    let mut text = Zeroizing::new(String::new());
    let read = if copy == Path::new("-") {
        std::io::stdin().take(LONGEST).read_to_string(&mut text)
    } else {
        File::open(copy).and_then(|file| file.take(LONGEST).read_to_string(&mut text))
    };
    read.map_err(|error| format!("{}: {error}", shown(copy)))?;
    key_text_id(&text).ok_or_else(|| format!("{} holds no key: 64 hexadecimal digits are one", shown(copy)))
}

fn shown(copy: &Path) -> String {
    if copy == Path::new("-") { "the standard input".to_owned() } else { copy.display().to_string() }
}

fn told(cli: &Cli, state: &Value) {
    if cli.json {
        return print::json(state);
    }
    let since = match text(state, "since") {
        since if since.is_empty() => "since an unknown moment".to_owned(),
        since => format!("since {since}"),
    };
    let rotating = state.get("rotating") == Some(&Value::Bool(true));
    let rotating = if rotating { "; it is taking the place of another one" } else { "" };
    print::line(&format!("The key {} wraps all others {since}{rotating}.", text(state, "id")));
    print::line(&match text(state, "copied") {
        at if at.is_empty() => "Nobody has shown a copy of it yet: estampe key check COPY".to_owned(),
        at => format!("A copy of it was shown last at {at}."),
    });
}
