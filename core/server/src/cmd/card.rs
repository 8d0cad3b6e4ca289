//! `estampe card …`: the list of cards, and cards taken down and put up, of one person or of many, and undone.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{CardCommand, Choose, Cli};
use crate::cmd::print;
use crate::cmd::work::{counted, encoded, list, more, query_path, text};
use crate::operator::Operator;

/// Does a command about cards.
pub async fn run(cli: &Cli, command: &CardCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        CardCommand::List { query, state, after } => {
            let pairs = [("q", query.as_deref()), ("show", state.as_deref()), ("after", after.as_deref())];
            let answer = operator.get(&query_path("/v1/cards", &pairs)).await?;
            let code = list(cli, &answer, "cards", "No card.", |card| {
                let came = Some(text(card, "last_lead_at")).filter(|at| !at.is_empty());
                let leads = format!("{} leads", text(card, "leads"));
                let leads = came.map_or_else(|| leads.clone(), |at| format!("{leads}, the last {at}"));
                vec![text(card, "name"), text(card, "state"), leads, text(card, "url")]
            });
            more(cli, &answer);
            code
        }
        CardCommand::Down(choose) => act(cli, operator, "card-down", choose).await,
        CardCommand::Up(choose) => act(cli, operator, "card-up", choose).await,
        CardCommand::Show { id } => {
            show(cli, &operator.get(&path(id)).await.map_err(|why| unknown(id, &why))?);
            Ok(ExitCode::SUCCESS)
        }
        CardCommand::Undo { id } => {
            operator.get(&path(id)).await.map_err(|why| unknown(id, &why))?;
            let begun = operator.post(&format!("{}/undo", path(id)), &json!({})).await?;
            finish(cli, operator, &text(&begun, "bulk")).await
        }
    }
}

fn path(id: &str) -> String {
    format!("/v1/bulk/{}", encoded(id))
}

fn unknown(id: &str, why: &str) -> String {
    format!("no act \"{id}\" ({why}); estampe card down and estampe card up print their ids")
}

async fn act(cli: &Cli, operator: &Operator, act: &str, choose: &Choose) -> Result<ExitCode, String> {
    let body = if choose.all {
        let group = match &choose.group {
            Some(name) => {
                let group = operator.get(&format!("/v1/groups/{}", encoded(name))).await;
                let group = group.map_err(|why| format!("no group \"{name}\" ({why}); see estampe group list"))?;
                Some(text(group.get("group").unwrap_or(&group), "id"))
            }
            None => None,
        };
        let pairs = [("q", choose.query.as_deref()), ("group", group.as_deref())];
        let found = operator.get(&query_path("/v1/people", &pairs)).await?;
        let count = found.get("total").and_then(Value::as_u64).unwrap_or_default();
        if count == 0 {
            return Err("nobody is found by that; see estampe person list".to_owned());
        }
        if !choose.yes && !sure(act, count)? {
            print::line("Nothing was changed.");
            return Ok(ExitCode::from(1));
        }
        // what was shown, so that nobody else's card is changed
        json!({"act": act, "all": true, "q": choose.query.as_deref().unwrap_or_default(), "group": group, "seen": count})
    } else {
        let mut people = Vec::new();
        for wanted in &choose.people {
            let path = super::person::found(operator, wanted).await?;
            people.push(path.rsplit('/').next().unwrap_or_default().to_owned());
        }
        json!({"act": act, "people": people})
    };
    let begun = operator.post("/v1/bulk", &body).await?;
    finish(cli, operator, &text(&begun, "bulk")).await
}

/// The answer on the terminal.
fn sure(act: &str, count: u64) -> Result<bool, String> {
    let people = counted(count, "person", "people");
    if !std::io::stdin().is_terminal() {
        return Err(format!(
            "nothing was changed: this is about the cards of {people}, and there is no terminal to ask at; \
             say --yes"
        ));
    }
    let failed = |error: std::io::Error| format!("the terminal: {error}");
    let what = if act == "card-down" { "Take down" } else { "Put up" };
    print!("{what} the cards of {people}? [y/N] ");
    std::io::stdout().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes" | "o" | "oui"))
}

/// Waits until it is done, and says what was.
async fn finish(cli: &Cli, operator: &Operator, id: &str) -> Result<ExitCode, String> {
    let mut pause = Duration::from_millis(50);
    loop {
        let bulk = operator.get(&path(id)).await?;
        if !text(&bulk, "ended_at").is_empty() {
            show(cli, &bulk);
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

fn show(cli: &Cli, bulk: &Value) {
    if cli.json {
        print::json(bulk);
        return;
    }
    let count = |key: &str| bulk.get(key).and_then(Value::as_u64).unwrap_or_default();
    let what = if text(bulk, "act") == "card-down" { "taken down" } else { "put up" };
    let (done, people, changed) = (count("done"), count("people"), count("changed"));
    let same = done.saturating_sub(changed);
    print::line(&format!(
        "{} {what}, {same} stood so already ({done} of {people} people).  {}",
        counted(changed, "card", "cards"),
        text(bulk, "id")
    ));
    if bulk.get("can_be_undone") == Some(&Value::Bool(true)) {
        print::line(&format!("estampe card undo {} puts exactly these back.", text(bulk, "id")));
    }
    let by = text(bulk, "undone_by");
    if !by.is_empty() {
        print::line(&format!("It was undone: {by}"));
    }
}
