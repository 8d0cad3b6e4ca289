//! The commands that speak to the running service.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{Cli, Command, Lines, RunCommand};
use crate::cmd::print;
use crate::operator::Operator;

/// Refused entries printed at most; the console shows more.
const REFUSALS: usize = 20;

/// Does a work command.
pub async fn run(cli: &Cli, command: &Command, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        Command::FirstRun => first_run(cli, operator).await,
        Command::Health => super::shell::health(operator).await,
        Command::Source(command) => super::source::run(cli, command, operator).await,
        Command::Run(RunCommand::List { source }) => {
            let answer = operator.get(&query_path("/v1/runs", &[("source", source.as_deref())])).await?;
            list(cli, &answer, "runs", "No run yet: estampe source sync NAME", |run| {
                let state = match text(run, "hold").as_str() {
                    "" => text(run, "state"),
                    hold => format!("{} ({hold})", text(run, "state")),
                };
                vec![text(run, "id"), text(run, "source"), text(run, "started_at"), state]
            })
        }
        Command::Run(RunCommand::Show { id, lines }) => {
            let run = run_of(operator, id).await?;
            report(cli, operator, &run, Some(lines)).await?;
            if !cli.json {
                log(&run);
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Run(RunCommand::Approve { id }) => {
            run_of(operator, id).await?;
            operator.post(&format!("/v1/runs/{}/approve", encoded(id)), &json!({})).await?;
            finish(cli, operator, id, false, &Lines { all: false, limit: None }).await
        }
        Command::Run(RunCommand::Discard { id }) => {
            run_of(operator, id).await?;
            operator.post(&format!("/v1/runs/{}/discard", encoded(id)), &json!({})).await?;
            let run = operator.get(&format!("/v1/runs/{}", encoded(id))).await?;
            report(cli, operator, &run, None).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Person(command) => super::person::run(cli, command, operator).await,
        Command::Card(command) => super::card::run(cli, command, operator).await,
        Command::Group(command) => super::group::run(cli, command, operator).await,
        Command::Account(command) => super::account::run(cli, command, operator).await,
        Command::Token(command) => super::token::run(cli, command, operator).await,
        Command::Provider(command) => super::provider::run(cli, command, operator).await,
        Command::Approval(command) => super::approval::run(cli, command, operator).await,
        Command::Change(command) => super::change::run(cli, command, operator).await,
        Command::Lead(command) => super::lead::run(cli, command, operator).await,
        Command::Signature(command) => super::signature::run(cli, command, operator).await,
        Command::Key(command) => super::key::run(cli, command, operator).await,
        Command::Outbox(command) => super::outbox::run(cli, command, operator).await,
        Command::Plugin(command) => super::plugin::run(cli, command, operator).await,
        Command::Resume => {
            operator.post("/v1/resume", &json!({})).await?;
            if !cli.json {
                print::line("Mails, runs, signatures, changes and backups go on.");
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Backup { command } => super::backup::run(cli, command.as_ref(), operator).await,
        Command::Restore(_)
        | Command::Serve
        | Command::CheckConfig
        | Command::Ca { .. }
        | Command::Doctor
        | Command::UpgradeCheck
        | Command::Completions { .. }
        | Command::Man { .. } => Err("this command does not speak to the running server".to_owned()),
    }
}

async fn first_run(cli: &Cli, operator: &Operator) -> Result<ExitCode, String> {
    let answer = operator.post("/v1/first-run", &json!({})).await?;
    if cli.json {
        print::json(&answer);
    } else {
        print::line(&format!("Console  {}", text(&answer, "url")));
        print::line(&format!("Token    {}", text(&answer, "token")));
        print::line("The token is good once, for 24 hours. Calling this again makes a new one.");
    }
    Ok(ExitCode::SUCCESS)
}

/// A person on one line.
pub(super) fn person_row(person: &Value) -> Vec<String> {
    let is_no = |key: &str| person.get(key) == Some(&Value::Bool(false));
    let shown = match (is_no("active"), is_no("card_active")) {
        (true, _) => "disabled",
        (false, true) => "taken down",
        (false, false) => "",
    };
    vec![text(person, "name"), text(person, "title"), text(person, "card_url"), shown.into()]
}

/// The run of this id, or where ids are found.
async fn run_of(operator: &Operator, id: &str) -> Result<Value, String> {
    let is_id = !id.is_empty() && id.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let unknown = |why: String| format!("no run \"{id}\" ({why}); see estampe run list");
    if !is_id {
        return Err(unknown("that is no id".to_owned()));
    }
    operator.get(&format!("/v1/runs/{}", encoded(id))).await.map_err(unknown)
}

/// What the plugin wrote in a run.
fn log(run: &Value) {
    let lines = run.get("log").and_then(Value::as_array).cloned().unwrap_or_default();
    if !lines.is_empty() {
        print::line("What the plugin wrote:");
    }
    let row = |line: &Value| vec![format!("  {}", text(line, "at")), text(line, "level"), text(line, "text")];
    print::table(&lines.iter().map(row).collect::<Vec<_>>());
}

/// Waits for the end of a run and reports it; of a plan that is held or was only asked for,
/// the lines too.
pub(super) async fn finish(
    cli: &Cli,
    operator: &Operator,
    id: &str,
    dry_run: bool,
    lines: &Lines,
) -> Result<ExitCode, String> {
    let path = format!("/v1/runs/{}", encoded(id));
    let mut pause = Duration::from_millis(50);
    let run = loop {
        let run = operator.get(&path).await?;
        if !matches!(text(&run, "state").as_str(), "planning" | "applying") {
            break run;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    };
    let is_plan = dry_run || text(&run, "state") == "held";
    report(cli, operator, &run, is_plan.then_some(lines)).await?;
    let planned = dry_run && text(&run, "hold") == "plan-only";
    let nobody = nobody_is_left(&run);
    if nobody && !cli.json {
        print::line("Everybody was refused: nobody comes of what this source says.");
    }
    let well = (text(&run, "state") == "done" || planned) && !nobody;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Whether a run that compared everybody refused all of them. Of what changed alone a refused
/// entry is nothing unusual.
fn nobody_is_left(run: &Value) -> bool {
    let counts = run.get("counts").cloned().unwrap_or_default();
    let none = |key: &str| text(&counts, key) == "0";
    text(run, "mode") == "full" && !none("refused") && ["created", "changed", "unchanged"].iter().all(|key| none(key))
}

async fn report(cli: &Cli, operator: &Operator, run: &Value, lines: Option<&Lines>) -> Result<(), String> {
    if cli.json {
        if let Some(lines) = lines {
            return super::plan::json(operator, run, lines).await;
        }
        print::json(run);
        return Ok(());
    }
    let counts = run.get("counts").cloned().unwrap_or_default();
    let count = |key: &str| text(&counts, key);
    let is_done = text(run, "state") == "done";
    let verbs = |done: [&'static str; 3], planned: [&'static str; 3]| if is_done { done } else { planned };
    let [add, change, disable] = verbs(["added", "changed", "disabled"], ["to add", "to change", "to disable"]);
    let nothing = ["created", "changed", "disabled", "unchanged", "refused"].iter().all(|key| count(key) == "0");
    // of a run that failed before it read anything, noughts say nothing
    if !(nothing && text(run, "state") == "failed") {
        print::line(&format!(
            "{} {add}, {} {change}, {} {disable}, {} with nothing to do, {} refused",
            count("created"),
            count("changed"),
            count("disabled"),
            count("unchanged"),
            count("refused")
        ));
    }
    let groups = run.get("groups").cloned().unwrap_or_default();
    if ["created", "changed", "gone", "unchanged"].iter().any(|key| text(&groups, key) != "0") {
        let count = |key: &str| text(&groups, key);
        let [add, change, go] = verbs(["added", "changed", "gone"], ["to add", "to change", "to go"]);
        print::line(&format!(
            "Groups: {} {add}, {} {change}, {} {go}, {} unchanged",
            count("created"),
            count("changed"),
            count("gone"),
            count("unchanged")
        ));
    }
    let going = run.get("groups_going").and_then(Value::as_array).cloned().unwrap_or_default();
    if !going.is_empty() {
        print::line("Groups that would go:");
    }
    for name in going.iter().filter_map(Value::as_str) {
        print::line(&format!("  {name}"));
    }
    if let Some(lines) = lines {
        super::plan::show(operator, run, lines).await?;
    }
    refusals(operator, run, lines).await?;
    standing(run, &counts);
    Ok(())
}

/// The first refused entries, or all of them.
async fn refusals(operator: &Operator, run: &Value, lines: Option<&Lines>) -> Result<(), String> {
    let show = |refusal: &Value| print::line(&format!("  {}: {}", text(refusal, "position"), text(refusal, "reason")));
    let first = run.get("refusals").and_then(Value::as_array).cloned().unwrap_or_default();
    if first.is_empty() {
        return Ok(());
    }
    // what was left out of somebody who was taken all the same is no refusal
    let is_refused = run.get("counts").is_some_and(|counts| text(counts, "refused") != "0");
    print::line(if is_refused { "Refused:" } else { "Left out:" });
    if lines.is_some_and(|lines| lines.all) {
        let path = format!("/v1/runs/{}/refusals", encoded(&text(run, "id")));
        return super::plan::pages(operator, &path, "refusals", u64::MAX, |refusal| {
            show(refusal);
            true
        })
        .await;
    }
    first.iter().take(REFUSALS).for_each(show);
    let kept = run.get("kept_refusals").and_then(Value::as_u64).unwrap_or_default();
    let more = usize::try_from(kept).unwrap_or(usize::MAX).saturating_sub(REFUSALS);
    if more > 0 {
        print::line(&format!("  and {more} more: estampe run show {} --all", text(run, "id")));
    }
    Ok(())
}

/// Where a run stands, and what to do about it.
fn standing(run: &Value, counts: &Value) {
    let count = |key: &str| text(counts, key);
    let groups = run.get("groups").cloned().unwrap_or_default();
    let id = text(run, "id");
    match (text(run, "state").as_str(), text(run, "hold").as_str()) {
        ("held", "too-many-gone") => {
            print::line(&format!(
                "Held: {} people would be disabled, more than sync.hold_percent allows. Nothing was changed.",
                count("disabled")
            ));
            print::line(&format!("  estampe run approve {id}\n  estampe run discard {id}"));
        }
        ("held", "too-many-groups-gone") => {
            print::line(&format!(
                "Held: of the groups {} would go, more than sync.hold_percent allows. Nothing was changed.",
                text(&groups, "gone")
            ));
            print::line(&format!("  estampe run approve {id}\n  estampe run discard {id}"));
        }
        ("held", _) => {
            print::line("Planned. Nothing was changed.");
            print::line(&format!("  estampe run approve {id}\n  estampe run discard {id}"));
        }
        ("failed", _) => {
            let failure = run.get("failure").cloned().unwrap_or_default();
            print::line(&format!("Failed ({}): {}", text(&failure, "code"), text(&failure, "message")));
            print::line(match text(&failure, "code").as_str() {
                "apply-failed" => "What was applied stays; the next run does the rest.",
                _ => "Nothing was changed.",
            });
        }
        ("discarded", _) => print::line("Discarded. Nothing was changed."),
        ("done", _) if run.get("plan_only") == Some(&Value::Bool(true)) => {
            let nothing = ["created", "changed", "disabled"].iter().all(|key| count(key) == "0")
                && ["created", "changed", "gone"].iter().all(|key| text(&groups, key) == "0");
            if nothing {
                print::line("Nothing would change: everybody here is as the source says.");
            }
        }
        _ => {}
    }
}

pub(super) fn list(
    cli: &Cli,
    answer: &Value,
    key: &str,
    empty: &str,
    row: impl Fn(&Value) -> Vec<String>,
) -> Result<ExitCode, String> {
    if cli.json {
        print::json(answer);
        return Ok(ExitCode::SUCCESS);
    }
    let items = answer.get(key).and_then(Value::as_array).ok_or("the service's answer was not understood")?;
    if items.is_empty() {
        print::line(empty);
    }
    print::table(&items.iter().map(row).collect::<Vec<_>>());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn more(cli: &Cli, answer: &Value) {
    let next = text(answer, "next");
    if !cli.json && !next.is_empty() {
        print::line(&format!("More: --after '{next}'"));
    }
}

/// A value as text: strings without quotes, null as nothing.
pub(super) fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// So many of something.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How many people a value counts.
pub(super) fn people(value: &Value) -> String {
    counted(value.get("people").and_then(Value::as_u64).unwrap_or_default(), "person", "people")
}

/// A name as one segment of a path.
pub(super) fn encoded(segment: &str) -> String {
    let Ok(mut url) = url::Url::parse("http://operator/") else { return String::new() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(segment);
    }
    url.path().trim_start_matches('/').to_owned()
}

pub(super) fn query_path(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in pairs {
        if let Some(value) = value {
            query.append_pair(key, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
