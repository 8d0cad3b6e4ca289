//! `estampe source …`.

use std::io::Read;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::{AddSource, Cli, Lines, SetSource, Settings, SourceCommand};
use crate::cmd::work::{encoded, finish, list, text};
use crate::cmd::{password, print};
use crate::operator::Operator;

/// Octets of a value that stands in a file; the service says more exactly what it takes.
const VALUE: u64 = 64 << 10;

type Object = Map<String, Value>;

/// Does a command about sources.
pub async fn run(cli: &Cli, command: &SourceCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        SourceCommand::Add(new) => add(cli, operator, new).await,
        SourceCommand::List => {
            let empty = "No source yet: estampe source add NAME --input people=/path/to/export.ldif";
            list(cli, &operator.get("/v1/sources").await?, "sources", empty, |source| {
                let people = super::work::people(source);
                vec![text(source, "name"), text(source, "plugin"), people, state(source)]
            })
        }
        SourceCommand::Show { name } => show(cli, operator, name).await,
        SourceCommand::Set(change) => set(cli, operator, change).await,
        SourceCommand::Mapping(change) => {
            known(operator, &change.name).await?;
            super::mapping::run(cli, operator, change, &path(&change.name, "/mapping")).await
        }
        SourceCommand::Owners { name, values } => {
            known(operator, name).await?;
            super::person::owners(cli, operator, &path(name, "/owners"), values).await
        }
        SourceCommand::Check { name } => check(cli, operator, name).await,
        SourceCommand::Permissions { name, check } => super::permissions::show(cli, operator, name, *check).await,
        SourceCommand::SignIn { name, login } => sign_in(cli, operator, name, login).await,
        SourceCommand::Schedule { name, every } => {
            known(operator, name).await?;
            if let Some(every) = every {
                operator.post(&path(name, "/schedule"), &json!({"every_minutes": every.0})).await?;
            }
            let source = operator.get(&path(name, "")).await?;
            if cli.json {
                print::json(&json!({ "every_minutes": source.get("every_minutes") }));
            } else {
                print::line(&schedule(&source));
            }
            Ok(ExitCode::SUCCESS)
        }
        SourceCommand::Disconnect { name, people, yes } => {
            known(operator, name).await?;
            super::ending::disconnect(cli, operator, name, people.as_deref(), *yes).await
        }
        SourceCommand::Sync { name, full, dry_run, lines } => {
            known(operator, name).await?;
            let started = operator.post(&path(name, "/sync"), &json!({"plan_only": dry_run, "full": full})).await?;
            finish(cli, operator, &text(&started, "run"), *dry_run, lines).await
        }
    }
}

pub(super) fn path(name: &str, what: &str) -> String {
    format!("/v1/sources/{}{what}", encoded(name))
}

/// Values and files as the service takes them.
fn given(settings: &Settings) -> Result<(Object, Object), String> {
    let mut values: Object = settings.values.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
    for (key, file) in &settings.files {
        values.insert(key.clone(), value_in(file).map_err(|error| format!("{key}: {file}: {error}"))?.into());
    }
    let mut inputs = Object::new();
    for (name, given) in &settings.inputs {
        // the service has another current folder: it needs the whole path
        let whole = std::path::absolute(given).map_err(|e| format!("{given}: {e}"))?;
        inputs.insert(name.clone(), whole.to_string_lossy().into_owned().into());
    }
    Ok((values, inputs))
}

/// The text of a file, or of standard input, without the end of its last line.
fn value_in(file: &str) -> std::io::Result<String> {
    let mut value = String::new();
    let source: Box<dyn Read> =
        if file == "-" { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(file)?) };
    if source.take(VALUE + 1).read_to_string(&mut value)? as u64 > VALUE {
        return Err(std::io::Error::other("longer than a value may be"));
    }
    value.truncate(value.trim_end_matches(['\r', '\n']).len());
    Ok(value)
}

async fn add(cli: &Cli, operator: &Operator, new: &AddSource) -> Result<ExitCode, String> {
    let (config, inputs) = given(&new.settings)?;
    if new.install {
        super::plugin::install_missing(cli, operator, &new.plugin, new.yes).await?;
    }
    let body = json!({"name": new.name, "plugin": new.plugin, "config": config, "inputs": inputs});
    let answer = operator.post("/v1/sources", &body).await?;
    if new.sync {
        if !cli.json {
            print::line(&format!("Added \"{}\". Reading it.", new.name));
        }
        let started = operator.post(&path(&new.name, "/sync"), &json!({"plan_only": false, "full": false})).await?;
        return finish(cli, operator, &text(&started, "run"), false, &Lines { all: false, limit: None }).await;
    }
    if cli.json {
        print::json(&answer);
    } else {
        print::line(&format!("Added. Next: estampe source check \"{}\"", new.name));
    }
    Ok(ExitCode::SUCCESS)
}

/// There is a source of this name; else the error says which there are.
pub(super) async fn known(operator: &Operator, name: &str) -> Result<(), String> {
    let answer = operator.get("/v1/sources").await?;
    let sources = answer.get("sources").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<_> = sources.iter().map(|source| text(source, "name")).collect();
    if names.iter().any(|there| there == name) {
        return Ok(());
    }
    let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(format!("no source \"{name}\"; there are: {there}"))
}

async fn set(cli: &Cli, operator: &Operator, change: &SetSource) -> Result<ExitCode, String> {
    known(operator, &change.name).await?;
    let (values, inputs) = given(&change.settings)?;
    if values.is_empty() && inputs.is_empty() && change.unset.is_empty() {
        return Err("nothing to change: name it with --set, --set-file, --unset or --input".to_owned());
    }
    let body = json!({"set": values, "unset": change.unset, "inputs": inputs});
    let answer = operator.post(&path(&change.name, ""), &body).await?;
    if cli.json {
        print::json(&answer);
    } else {
        print::line(&format!("Changed. Next: estampe source check \"{}\"", change.name));
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(cli: &Cli, operator: &Operator, name: &str) -> Result<ExitCode, String> {
    known(operator, name).await?;
    let source = operator.get(&path(name, "")).await?;
    if cli.json {
        print::json(&source);
        return Ok(ExitCode::SUCCESS);
    }
    let people = format!("{}, {}", super::work::people(&source), state(&source));
    let mut rows = vec![
        vec!["plugin".to_owned(), text(&source, "plugin")],
        vec!["state".to_owned(), people],
        vec!["schedule".to_owned(), schedule(&source)],
    ];
    for (kind, key) in [("input", "inputs"), ("config", "config")] {
        let values = source.get(key).and_then(Value::as_object).into_iter().flatten();
        rows.extend(
            values.map(|(key, value)| vec![format!("{kind} {key}"), value.as_str().unwrap_or_default().to_owned()]),
        );
    }
    let secrets = source.get("secrets").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    rows.extend(secrets.map(|key| vec![format!("config {key}"), "(a secret, set)".to_owned()]));
    print::table(&rows);
    let last = source.get("last_run").cloned().unwrap_or_default();
    if !text(&last, "id").is_empty() {
        print::line(&format!("\nestampe run show {}", text(&last, "id")));
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(cli: &Cli, operator: &Operator, name: &str) -> Result<ExitCode, String> {
    known(operator, name).await?;
    let answer = operator.post(&path(name, "/check"), &json!({})).await?;
    let probes = answer.get("probes").and_then(Value::as_array).cloned().unwrap_or_default();
    let well = probes.iter().all(|p| p.get("passed") == Some(&Value::Bool(true)));
    if cli.json {
        print::json(&answer);
    } else {
        for probe in &probes {
            let sign = if probe.get("passed") == Some(&Value::Bool(true)) { "ok    " } else { "failed" };
            print::line(&format!("{sign}  {}  {}", text(probe, "name"), text(probe, "detail")));
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn sign_in(cli: &Cli, operator: &Operator, name: &str, login: &str) -> Result<ExitCode, String> {
    known(operator, name).await?;
    let password = password::read("Password").map_err(|error| format!("password: {error}"))?;
    let answer = operator.post(&path(name, "/sign-in"), &json!({"login": login, "password": password})).await?;
    let accepted = answer.get("accepted") == Some(&Value::Bool(true));
    if cli.json {
        print::json(&answer);
    } else if accepted {
        print::line(&format!("Accepted: {} (person {})", text(&answer, "name"), text(&answer, "person")));
    } else {
        print::line(&format!("Refused ({}): {}", text(&answer, "reason"), text(&answer, "detail")));
    }
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn state(source: &Value) -> String {
    if !text(source, "ending").is_empty() {
        return "being disconnected".into();
    }
    let run = source.get("last_run").cloned().unwrap_or_default();
    match text(&run, "state").as_str() {
        "" => "never run".into(),
        state => format!("last run {state}"),
    }
}

fn schedule(source: &Value) -> String {
    let every = match source.get("every_minutes").and_then(Value::as_u64) {
        None => return "read when you say so".to_owned(),
        Some(1_440) => "read every day".to_owned(),
        Some(60) => "read every hour".to_owned(),
        Some(minutes) if minutes % (24 * 60) == 0 => format!("read every {} days", minutes / (24 * 60)),
        Some(minutes) if minutes % 60 == 0 => format!("read every {} hours", minutes / 60),
        Some(minutes) => format!("read every {minutes} min"),
    };
    // nobody is created before somebody saw the first plan
    if source.get("last_run") == Some(&Value::Null) { format!("{every}, once a first run was applied") } else { every }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ran_is_not_read_by_itself() {
        let of = |minutes: Value, last: Value| schedule(&json!({ "every_minutes": minutes, "last_run": last }));
        assert_eq!(of(json!(60), Value::Null), "read every hour, once a first run was applied");
        assert_eq!(of(json!(2_880), json!({ "id": "r" })), "read every 2 days");
        assert_eq!(of(Value::Null, Value::Null), "read when you say so");
        let people = |count: u64| super::super::work::people(&json!({ "people": count }));
        assert_eq!((people(1), people(0), people(2)), ("1 person".into(), "0 people".into(), "2 people".into()));
    }
}
