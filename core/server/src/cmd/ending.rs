//! `estampe source disconnect`: shows what it would do, asks, and waits until it is done.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::print;
use crate::cmd::work::{counted, encoded, text};
use crate::operator::Operator;

/// Ends a source, or says what that would do.
pub async fn disconnect(
    cli: &Cli,
    operator: &Operator,
    name: &str,
    people: Option<&str>,
    yes: bool,
) -> Result<ExitCode, String> {
    let path = format!("/v1/sources/{}/disconnect", encoded(name));
    let plan = operator.get(&path).await?;
    if let Some(ending) = plan.get("ending").filter(|ending| !ending.is_null()) {
        let fate = text(ending, "people");
        if people.is_some_and(|people| people != fate) {
            return Err(format!("\"{name}\" is being disconnected already, with --people {fate}"));
        }
        if !cli.json {
            print::line(&format!("\"{name}\" is being disconnected already, with --people {fate}."));
        }
        return finish(cli, operator, &text(ending, "id")).await;
    }
    if let (Some(people), true) = (people, yes) {
        let begun = operator.post(&path, &json!({ "people": people })).await?;
        return finish(cli, operator, &text(&begun, "ending")).await;
    }
    if cli.json {
        print::json(&plan);
    } else {
        show(name, &plan);
    }
    if let Some(run) = plan.get("open_run").filter(|run| !run.is_null()) {
        let (id, held) = (text(run, "id"), text(run, "state") == "held");
        let advice = if held { format!("estampe run discard {id}") } else { "wait for its end".to_owned() };
        return Err(format!("run {id} of this source is open: {advice}. Nothing was changed"));
    }
    if cli.json || !std::io::stdin().is_terminal() {
        return Err("nothing was changed: there is no terminal to ask at; say what becomes of its people with \
                    --people keep, disable or erase, and --yes"
            .to_owned());
    }
    let Some(people) = chosen(name, people)? else {
        print::line("Nothing was changed.");
        return Ok(ExitCode::from(1));
    };
    // what was shown, so that nothing else is done
    let seen = plan.get("plan").cloned().unwrap_or_default();
    let begun = operator.post(&path, &json!({ "people": people, "seen": seen })).await?;
    finish(cli, operator, &text(&begun, "ending")).await
}

/// What is answered on the terminal; nothing for a no.
fn chosen(name: &str, people: Option<&str>) -> Result<Option<String>, String> {
    let people = match people {
        Some(people) => people.to_owned(),
        None => asked("What becomes of its people: keep, disable or erase? [nothing is done]")?,
    };
    let sure = match people.as_str() {
        "keep" | "disable" => {
            let answer = asked(&format!("Disconnect \"{name}\" and {people} its people? [y/N]"))?;
            matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes" | "o" | "oui")
        }
        // nothing brings it back
        "erase" => {
            asked(&format!("Nothing brings them back. To erase them, type the source's name ({name}):"))? == name
        }
        _ => false,
    };
    Ok(sure.then_some(people))
}

fn asked(question: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("the terminal: {error}");
    print!("{question} ");
    std::io::stdout().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(answer.trim().to_owned())
}

fn number(of: &Value, key: &str) -> u64 {
    of.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn show(name: &str, answer: &Value) {
    let plan = answer.get("plan").cloned().unwrap_or_default();
    let count = |key: &str| number(&plan, key);
    print::line(&format!("\"{name}\" ({}) and what comes from it:", text(answer, "plugin")));
    let elsewhere = match count("known_elsewhere") {
        0 => String::new(),
        known => format!(", {known} of them known by another source too"),
    };
    print::line(&format!("  {}{elsewhere}", super::work::people(&plan)));
    print::line(&format!(
        "  {} left at their cards; they stay in every case",
        counted(count("leads"), "lead", "leads")
    ));
    print::line(&format!(
        "  {}, {}, {} of its plugin; they go with the source in every case",
        counted(count("runs"), "run", "runs"),
        counted(count("secrets"), "secret", "secrets"),
        counted(count("state"), "value", "values")
    ));
    if count("mailboxes") > 0 {
        print::line(&format!(
            "  {} with a signature that Estampe wrote; what stood there before cannot be brought back once",
            counted(count("mailboxes"), "mailbox", "mailboxes")
        ));
        print::line(&format!(
            "  the source is gone. To restore it first: estampe signature publish restore {name:?} --all"
        ));
    }
    print::line("What can become of its people:");
    let taken = |key: &str| match count(key) {
        1 => "1 card is taken down".to_owned(),
        cards => format!("{cards} cards are taken down"),
    };
    print::table(&[
        vec!["  keep".to_owned(), "they and their cards stay as they are, without a source".to_owned()],
        vec!["  disable".to_owned(), format!("{}; nothing is deleted", taken("cards_disabled"))],
        vec![
            "  erase".to_owned(),
            format!(
                "the data of {} is erased, {}; nothing brings them back",
                counted(number(answer, "erased"), "person", "people"),
                taken("cards_erased")
            ),
        ],
    ]);
}

/// Waits until it is done, and says what was.
async fn finish(cli: &Cli, operator: &Operator, id: &str) -> Result<ExitCode, String> {
    let path = format!("/v1/endings/{}", encoded(id));
    let mut pause = Duration::from_millis(50);
    let ending = loop {
        let ending = operator.get(&path).await?;
        if !text(&ending, "ended_at").is_empty() {
            break ending;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    };
    if cli.json {
        print::json(&ending);
        return Ok(ExitCode::SUCCESS);
    }
    let done = ending.get("done").cloned().unwrap_or_default();
    print::line(&format!(
        "Disconnected. People: {} stay as they were, {} disabled, {} erased; {} forgotten.",
        number(&done, "released"),
        number(&done, "disabled"),
        number(&done, "erased"),
        counted(number(&done, "runs"), "run", "runs")
    ));
    Ok(ExitCode::SUCCESS)
}
