//! `estampe approval …`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::work::{encoded, list, text};
use crate::cmd::{account, print};
use crate::operator::Operator;

/// What to do with acts that wait for a second administrator.
#[derive(Debug, Subcommand)]
pub enum ApprovalCommand {
    /// List what waits, and who asked for it
    List,
    /// Do what waits; root counts as the second administrator
    Agree {
        /// Its id, as the list has it
        id: String,
    },
    /// Let nobody do it
    Refuse {
        /// Its id, as the list has it
        id: String,
    },
}

/// Does a command about acts that wait.
pub async fn run(cli: &Cli, command: &ApprovalCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        ApprovalCommand::List => {
            let answer = operator.get("/v1/approvals").await?;
            list(cli, &answer, "approvals", "Nothing waits for a second administrator.", |approval| {
                let asked = format!("asked by {} {}", text(approval, "asked_by_name"), text(approval, "asked_at"));
                vec![text(approval, "id"), text(approval, "what"), asked]
            })
        }
        ApprovalCommand::Agree { id } => {
            let answer = decide(operator, id, "agree").await?;
            match answer.get("token") {
                Some(_) => account::invited(cli, &answer),
                None => said(cli, &answer, "Agreed."),
            }
            Ok(ExitCode::SUCCESS)
        }
        ApprovalCommand::Refuse { id } => {
            said(cli, &decide(operator, id, "refuse").await?, "Refused.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn decide(operator: &Operator, id: &str, what: &str) -> Result<Value, String> {
    let answer = operator.post(&format!("/v1/approvals/{}/{what}", encoded(id)), &json!({})).await;
    answer.map_err(|why| format!("approval \"{id}\": {why}; see estampe approval list"))
}

fn said(cli: &Cli, answer: &Value, words: &str) {
    if cli.json {
        print::json(answer);
    } else {
        print::line(words);
    }
}
