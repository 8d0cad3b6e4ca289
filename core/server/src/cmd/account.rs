//! `estampe account …`.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::{AccountCommand, Cli};
use crate::cmd::print;
use crate::cmd::work::{encoded, list, more, query_path, text};
use crate::operator::Operator;

/// Does a command about accounts.
pub async fn run(cli: &Cli, command: &AccountCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        AccountCommand::List { after } => {
            let answer = operator.get(&query_path("/v1/accounts", &[("after", after.as_deref())])).await?;
            let code = list(cli, &answer, "accounts", "No account yet: estampe first-run", |account| {
                vec![text(account, "email"), text(account, "name"), roles(account), state(account).to_owned()]
            });
            more(cli, &answer);
            code
        }
        AccountCommand::Show { account } => {
            let found = operator.get(&path(account)).await.map_err(|why| unknown(account, &why))?;
            show(cli, &found);
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::Add { email, name, roles, person } => {
            let body = json!({ "email": email, "name": name, "roles": roles, "person": person });
            invited(cli, &operator.post("/v1/accounts", &body).await?);
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::Invite { account } => {
            let answer = operator.post(&format!("{}/invite", path(account)), &json!({})).await;
            invited(cli, &answer.map_err(|why| unknown(account, &why))?);
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::Set { account, roles, person, teams } => {
            let mut body = Map::new();
            if !roles.is_empty() {
                body.insert("roles".to_owned(), json!(roles));
            }
            if let Some(person) = person {
                body.insert("person".to_owned(), json!(person));
            }
            if !teams.is_empty() {
                let mut ids = Vec::new();
                for team in teams.iter().filter(|team| !team.is_empty()) {
                    let unknown = |why| format!("no group \"{team}\" ({why}); see estampe group list");
                    let group = operator.get(&format!("/v1/groups/{}", encoded(team))).await.map_err(unknown)?;
                    ids.push(text(&group, "id"));
                }
                body.insert("teams".to_owned(), json!(ids));
            }
            if body.is_empty() {
                return Err("nothing to change: name --role, --person or --team".to_owned());
            }
            changed(cli, operator, account, body.into()).await
        }
        AccountCommand::ResetFactors { account } => {
            let answer = operator.post(&format!("{}/reset-factors", path(account)), &json!({})).await;
            show(cli, &answer.map_err(|why| unknown(account, &why))?);
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::SignOut { account } => {
            let answer = operator.post(&format!("{}/sign-out", path(account)), &json!({})).await;
            let answer = answer.map_err(|why| unknown(account, &why))?;
            if cli.json {
                print::json(&answer);
            } else {
                print::line(&format!("Sessions ended: {}", text(&answer, "ended")));
            }
            Ok(ExitCode::SUCCESS)
        }
        AccountCommand::Disable { account } => changed(cli, operator, account, json!({ "active": false })).await,
        AccountCommand::Enable { account } => changed(cli, operator, account, json!({ "active": true })).await,
    }
}

fn path(account: &str) -> String {
    format!("/v1/accounts/{}", encoded(account))
}

fn unknown(account: &str, why: &str) -> String {
    format!("account \"{account}\": {why}; see estampe account list")
}

fn roles(account: &Value) -> String {
    let roles = account.get("roles").and_then(Value::as_array).cloned().unwrap_or_default();
    roles.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn state(account: &Value) -> &'static str {
    let is = |key: &str| account.get(key).and_then(Value::as_bool).unwrap_or(false);
    let is_joined = account.get("providers").and_then(Value::as_array).is_some_and(|providers| !providers.is_empty());
    match (is("active"), is("has_password") || is_joined) {
        (false, _) => "disabled",
        (true, false) => "no password yet",
        (true, true) => "active",
    }
}

fn show(cli: &Cli, account: &Value) {
    if cli.json {
        print::json(account);
        return;
    }
    print::line(&format!("{} <{}>, {}", text(account, "name"), text(account, "email"), state(account)));
    print::line(&format!("  Roles: {}", roles(account)));
    print::line(&format!("  Second factors: {}", text(account, "factors")));
    let providers = account.get("providers").and_then(Value::as_array).cloned().unwrap_or_default();
    for provider in providers.iter().filter_map(Value::as_str) {
        print::line(&format!("  Signs in by: {provider}"));
    }
    let person = text(account, "person");
    if !person.is_empty() {
        print::line(&format!("  Person: {person}"));
    }
    let teams = account.get("teams").and_then(Value::as_array).cloned().unwrap_or_default();
    for team in &teams {
        print::line(&format!("  Team: {}", text(team, "name")));
    }
}

async fn changed(cli: &Cli, operator: &Operator, account: &str, body: Value) -> Result<ExitCode, String> {
    let answer = operator.post(&path(account), &body).await.map_err(|why| unknown(account, &why))?;
    show(cli, &answer);
    Ok(ExitCode::SUCCESS)
}

/// The token, once.
pub fn invited(cli: &Cli, answer: &Value) {
    if cli.json {
        print::json(answer);
        return;
    }
    show(cli, &answer.get("account").cloned().unwrap_or_default());
    print::line("Hand this over; a password is chosen with it, once, within seven days:");
    print::line(&format!("  {}\n  {}", text(answer, "url"), text(answer, "token")));
}
