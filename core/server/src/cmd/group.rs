//! `estampe group …`.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::{Cli, GroupCommand};
use crate::cmd::work::{encoded, list, more, person_row, query_path, text};
use crate::cmd::{person, print};
use crate::operator::Operator;

/// Does a command about groups.
pub async fn run(cli: &Cli, command: &GroupCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        GroupCommand::List { source, after } => {
            let path = query_path("/v1/groups", &[("source", source.as_deref()), ("after", after.as_deref())]);
            let answer = operator.get(&path).await.map_err(|why| match source {
                Some(name) => format!("no groups of a source \"{name}\" ({why}); see estampe source list"),
                None => why,
            })?;
            let empty = "No group yet. Where a source's plugin reads groups: estampe source set NAME --set groups=true";
            let code = list(cli, &answer, "groups", empty, |group| {
                let people = super::work::people(group);
                vec![text(group, "name"), people, text(group, "source"), text(group, "id")]
            });
            more(cli, &answer);
            code
        }
        GroupCommand::Show { group, after } => show(cli, operator, group, after.as_deref()).await,
        GroupCommand::Create { source, name } => {
            let path = format!("/v1/sources/{}/groups", encoded(source));
            write(cli, operator, &path, &json!({"name": name}), "Made").await
        }
        GroupCommand::Rename { group, name } => {
            let path = format!("/v1/groups/{}", encoded(group));
            write(cli, operator, &path, &json!({"name": name}), "Renamed").await
        }
        GroupCommand::Join { group, person } => member(cli, operator, group, person, true).await,
        GroupCommand::Leave { group, person } => member(cli, operator, group, person, false).await,
    }
}

async fn member(cli: &Cli, operator: &Operator, group: &str, person: &str, joins: bool) -> Result<ExitCode, String> {
    let found = person::found(operator, person).await?;
    let id = found.rsplit('/').next().unwrap_or_default();
    let path = format!("/v1/groups/{}/members", encoded(group));
    write(cli, operator, &path, &json!({"person": id, "joins": joins}), if joins { "Put in" } else { "Taken out" })
        .await
}

/// Has something done to a group in its directory.
async fn write(cli: &Cli, operator: &Operator, path: &str, order: &Value, done: &str) -> Result<ExitCode, String> {
    let answer = operator.post(path, order).await?;
    if cli.json {
        print::json(&answer);
    } else {
        print::line(&format!("{done}. The next run brings it here: estampe source sync NAME"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(cli: &Cli, operator: &Operator, name: &str, after: Option<&str>) -> Result<ExitCode, String> {
    let unknown = |why: String| format!("no group \"{name}\" ({why}); see estampe group list");
    let group = operator.get(&format!("/v1/groups/{}", encoded(name))).await.map_err(unknown)?;
    let id = text(&group, "id");
    let people = operator.get(&query_path("/v1/people", &[("group", Some(&id)), ("after", after)])).await?;
    if cli.json {
        let mut both: Map<String, Value> = people.as_object().cloned().unwrap_or_default();
        both.insert("group".to_owned(), group);
        print::json(&Value::Object(both));
        return Ok(ExitCode::SUCCESS);
    }
    print::line(&format!(
        "{} of {}, {}, {id}",
        text(&group, "name"),
        text(&group, "source"),
        super::work::people(&group)
    ));
    let code = list(cli, &people, "people", "Nobody.", person_row);
    more(cli, &people);
    code
}
