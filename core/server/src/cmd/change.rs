//! `estampe change …`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::print;
use crate::cmd::work::{encoded, list, more, query_path, text};
use crate::operator::Operator;

/// What to do with changes that are written into the directory.
#[derive(Debug, Subcommand)]
pub enum ChangeCommand {
    /// List what waits and what failed. The person, or whoever leads a team of theirs, agrees
    /// in the console; root cannot agree in their place
    List {
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
    /// Try again what was agreed to and failed
    Again {
        /// Its id, as the list has it
        id: String,
    },
    /// Withdraw a change: the directory stays as it is
    End {
        /// Its id, as the list has it
        id: String,
    },
}

/// Does a command about changes.
pub async fn run(cli: &Cli, command: &ChangeCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        ChangeCommand::List { after } => {
            let answer = operator.get(&query_path("/v1/changes", &[("after", after.as_deref())])).await?;
            let code = list(cli, &answer, "changes", "Nothing waits to be written into a directory.", row);
            more(cli, &answer);
            code
        }
        ChangeCommand::Again { id } => say(cli, operator, id, "again", "It is tried again.").await,
        ChangeCommand::End { id } => say(cli, operator, id, "end", "Withdrawn.").await,
    }
}

fn row(change: &Value) -> Vec<String> {
    let values = format!("{} -> {}", quoted(change, "was"), quoted(change, "wanted"));
    let state = match (text(change, "state").as_str(), text(change, "code"), text(change, "detail")) {
        ("conflict", ..) => format!("conflict: the directory has {} now", quoted(change, "found")),
        ("asked", ..) => "waits for the person or whoever leads a team of theirs".to_owned(),
        (state, code, _) if code.is_empty() => state.to_owned(),
        (state, code, detail) if detail.is_empty() => format!("{state} ({code})"),
        (state, code, detail) => format!("{state} ({code}): {detail}"),
    };
    vec![text(change, "id"), text(change, "name"), text(change, "source"), text(change, "field"), values, state]
}

fn quoted(change: &Value, key: &str) -> String {
    format!("\"{}\"", text(change, key))
}

async fn say(cli: &Cli, operator: &Operator, id: &str, what: &str, words: &str) -> Result<ExitCode, String> {
    let answer = operator.post(&format!("/v1/changes/{}/{what}", encoded(id)), &json!({})).await;
    let answer = answer.map_err(|why| format!("change \"{id}\": {why}; see estampe change list"))?;
    if cli.json {
        print::json(&answer);
    } else {
        print::line(words);
    }
    Ok(ExitCode::SUCCESS)
}
