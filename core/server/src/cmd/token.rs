//! `estampe token …`.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::print;
use crate::cmd::work::{encoded, list, text};
use crate::operator::Operator;

/// What to do with tokens of the API.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// List the tokens that were not revoked, of services and of accounts
    List,
    /// Make a token for a program that acts for nobody; prints it, once
    Create {
        /// What it is for
        name: String,
        /// What it may be used for: people:read, people:write, leads:read, sources:read,
        /// sources:run, plugins:read, accounts:read, accounts:write, health:read; several
        /// times for several
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        /// How many days it lasts, at most 365
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// Let a token open nothing any more
    Revoke {
        /// Its id, as the list has it
        token: String,
    },
}

/// Does a command about tokens.
pub async fn run(cli: &Cli, command: &TokenCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        TokenCommand::List => {
            let answer = operator.get("/v1/tokens").await?;
            list(cli, &answer, "tokens", "No token yet: estampe token create NAME --scope SCOPE", |token| {
                let whose = match text(token, "account") {
                    account if account.is_empty() => "service".to_owned(),
                    account => account,
                };
                let used = match text(token, "last_used_at") {
                    at if at.is_empty() => "never used".to_owned(),
                    at => format!("used {at}"),
                };
                let expires = format!("until {}", text(token, "expires_at"));
                vec![text(token, "id"), whose, text(token, "name"), scopes(token), expires, used]
            })
        }
        TokenCommand::Create { name, scopes: wanted, days } => {
            let body = json!({ "name": name, "scopes": wanted, "days": days });
            let answer = operator.post("/v1/tokens", &body).await?;
            if cli.json {
                print::json(&answer);
                return Ok(ExitCode::SUCCESS);
            }
            let token = answer.get("token").cloned().unwrap_or_default();
            print::line(&format!(
                "{} ({}), until {}",
                text(&token, "name"),
                scopes(&token),
                text(&token, "expires_at")
            ));
            print::line("This is shown only now; a program sends it as Authorization: Bearer:");
            print::line(&format!("  {}", text(&answer, "secret")));
            Ok(ExitCode::SUCCESS)
        }
        TokenCommand::Revoke { token } => {
            let unknown = |why| format!("token \"{token}\": {why}; see estampe token list");
            let path = format!("/v1/tokens/{}/revoke", encoded(token));
            let answer = operator.post(&path, &json!({})).await.map_err(unknown)?;
            if cli.json {
                print::json(&answer);
            } else {
                print::line("It opens nothing any more.");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn scopes(token: &Value) -> String {
    let scopes = token.get("scopes").and_then(Value::as_array).cloned().unwrap_or_default();
    scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}
