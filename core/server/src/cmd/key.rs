//! `estampe key …`: the key that wraps all others.

use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::print;
use crate::cmd::work::text;
use crate::operator::Operator;

/// How often it is asked whether a rotation has ended.
const LOOK: Duration = Duration::from_millis(300);

/// What has to be done once another key wraps.
const AFTER: &str = "\
Copy the new key to its safe place now, with its id: the file that database.key_file names, or keys/kek in data_dir.
Without it a backup made from now on opens nothing. Backups from before need the key from before: keep that copy as \
long as they are kept, then destroy it.";

/// How often it is asked whether that was noted.
const NOTING: u32 = 30;

/// What to do with it.
#[derive(Debug, Subcommand)]
pub enum KeyRingCommand {
    /// Say which key wraps all others, and since when
    Show,
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
}
