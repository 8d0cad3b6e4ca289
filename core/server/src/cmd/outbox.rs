//! `estampe outbox`: what waits, what was given up, and sending it again.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::{Cli, OutboxCommand};
use crate::cmd::print;
use crate::cmd::work::{encoded, text};
use crate::operator::Operator;

/// Does one of its commands.
pub async fn run(cli: &Cli, command: &OutboxCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        OutboxCommand::List => {
            let answer = operator.get("/v1/outbox").await?;
            if cli.json {
                print::json(&answer);
            } else {
                show(&answer);
            }
        }
        OutboxCommand::Resend { id: Some(id), .. } => {
            let answer = operator.post(&format!("/v1/outbox/{}/resend", encoded(id)), &json!({})).await?;
            if cli.json {
                print::json(&answer);
            } else {
                print::line("It is tried now. Next: estampe outbox list");
            }
        }
        OutboxCommand::Resend { id: None, .. } => {
            let answer = operator.post("/v1/outbox/resend", &json!({})).await?;
            if cli.json {
                print::json(&answer);
            } else {
                print::line(&format!(
                    "{} begun anew, {} waited: they are tried now. Next: estampe outbox list",
                    text(&answer, "begun_anew"),
                    text(&answer, "waiting")
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(answer: &Value) {
    if let Some(outage) = answer.get("outage").filter(|outage| outage.is_object()) {
        print::line(&format!(
            "The mail server cannot be used since {}: {}",
            text(outage, "since"),
            text(outage, "detail")
        ));
    }
    print::line(&format!("{} given up, {} waiting", text(answer, "given_up"), text(answer, "waiting")));
    let mails = answer.get("mails").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows: Vec<_> = mails
        .iter()
        .map(|mail| {
            vec![
                text(mail, "id"),
                text(mail, "state"),
                format!("since {}", text(mail, "since")),
                format!("{} tries", text(mail, "tries")),
                text(mail, "error"),
            ]
        })
        .collect();
    print::table(&rows);
}
