//! `estampe signature publish …`: signatures into mailboxes, planned, applied, brought back.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::cmd::work::{encoded, list, query_path, text};
use crate::cmd::{person, print};
use crate::operator::Operator;

/// What to do with the signatures of mailboxes.
#[derive(Debug, Subcommand)]
pub enum PublishCommand {
    /// Read the mailboxes of a source and say what would be written; writes nothing
    Plan {
        /// Name of the source whose plugin has the mailboxes
        source: String,
        /// The day whose rules count [default: today]
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<String>,
        #[command(flatten)]
        whom: Whom,
    },
    /// Show a publication, or list the newest
    Show(Show),
    /// Write what a plan says: to all who remain, or to a few first
    Apply {
        /// Its id
        id: String,
        /// The first so many of what remains
        #[arg(long, value_name = "N", conflicts_with = "people")]
        first: Option<u64>,
        /// This person alone: their id, or words that fit nobody else; several times for several
        #[arg(long = "person", value_name = "PERSON")]
        people: Vec<String>,
    },
    /// Make it wait; the mailbox in hand is finished
    Pause {
        /// Its id
        id: String,
    },
    /// Go on with what is paused; mailboxes that failed by what is mended now are tried again
    Resume {
        /// Its id
        id: String,
    },
    /// End it; what was written stays, and can be restored
    Stop {
        /// Its id
        id: String,
    },
    /// Find the mailboxes that are no longer as they were written; writes nothing
    Drift {
        /// Name of the source
        source: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// Plan to bring back exactly what stood there before Estampe ever wrote
    Restore {
        /// Name of the source
        source: String,
        #[command(flatten)]
        whom: Whom,
        /// Of everybody
        #[arg(
            long,
            conflicts_with_all = ["people", "search", "group"],
            required_unless_present_any = ["people", "search", "group"]
        )]
        all: bool,
    },
}

/// Whose mailboxes; everybody's, when none is named.
#[derive(Debug, Args)]
pub struct Whom {
    /// This person alone: their id, or words that fit nobody else; several times for several
    #[arg(long = "person", value_name = "PERSON", conflicts_with_all = ["search", "group"])]
    people: Vec<String>,
    /// Whom these words find alone, as in the list of people
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Who is in this group alone: its name or its id
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Its id; without one the newest are listed
    pub id: Option<String>,
    /// With its mailboxes
    #[arg(long, requires = "id")]
    pub lines: bool,
    /// Only the mailboxes in this state: planned, done, failed, skipped, drifted, …
    #[arg(long, value_name = "STATE", requires = "id")]
    pub state: Option<String>,
    /// With what stands in each mailbox and what is to, as HTML
    #[arg(long, requires = "id")]
    pub html: bool,
}

/// Does a command about the signatures of mailboxes.
pub async fn run(cli: &Cli, command: &PublishCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        PublishCommand::Plan { source, day, whom } => {
            begin(cli, operator, "publish", source, day.as_deref(), whom).await
        }
        PublishCommand::Drift { source, whom } => begin(cli, operator, "drift", source, None, whom).await,
        PublishCommand::Restore { source, whom, .. } => begin(cli, operator, "restore", source, None, whom).await,
        PublishCommand::Show(show) => match &show.id {
            None => newest(cli, operator).await,
            Some(id) => one(cli, operator, id, show).await,
        },
        PublishCommand::Apply { id, first, people } => {
            let people = ids(operator, people).await?;
            tell(operator, id, "apply", &json!({"first": first, "people": people})).await?;
            finish(cli, operator, id).await
        }
        PublishCommand::Resume { id } => {
            tell(operator, id, "resume", &json!({})).await?;
            finish(cli, operator, id).await
        }
        PublishCommand::Pause { id } => {
            told(cli, &tell(operator, id, "pause", &json!({})).await?);
            Ok(ExitCode::SUCCESS)
        }
        PublishCommand::Stop { id } => {
            told(cli, &tell(operator, id, "stop", &json!({})).await?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn path(id: &str) -> String {
    format!("/v1/signatures/publications/{}", encoded(id))
}

fn unknown(id: &str, why: &str) -> String {
    format!("publication \"{id}\": {why}; see estampe signature publish show")
}

async fn ids(operator: &Operator, wanted: &[String]) -> Result<Vec<String>, String> {
    let mut people = Vec::new();
    for wanted in wanted {
        let path = person::found(operator, wanted).await?;
        people.push(path.rsplit('/').next().unwrap_or_default().to_owned());
    }
    Ok(people)
}

async fn begin(
    cli: &Cli,
    operator: &Operator,
    kind: &str,
    source: &str,
    day: Option<&str>,
    whom: &Whom,
) -> Result<ExitCode, String> {
    let people = ids(operator, &whom.people).await?;
    let (search, group) = (whom.search.as_deref().unwrap_or_default(), whom.group.as_deref().unwrap_or_default());
    let body = json!({
        "kind": kind, "source": source, "day": day, "people": people, "search": search, "group": group,
    });
    let begun = operator.post("/v1/signatures/publications", &body).await;
    let begun = begun.map_err(|why| format!("source \"{source}\": {why}; see estampe source list"))?;
    finish(cli, operator, &text(&begun, "id")).await
}

async fn tell(operator: &Operator, id: &str, what: &str, body: &Value) -> Result<Value, String> {
    operator.post(&format!("{}/{what}", path(id)), body).await.map_err(|why| unknown(id, &why))
}

/// Waits until nothing more is done by itself. Whoever stops waiting stops nothing.
async fn finish(cli: &Cli, operator: &Operator, id: &str) -> Result<ExitCode, String> {
    let mut pause = Duration::from_millis(50);
    loop {
        let publication = operator.get(&path(id)).await.map_err(|why| unknown(id, &why))?;
        let state = text(&publication, "state");
        if !matches!(state.as_str(), "planning" | "applying") {
            told(cli, &publication);
            return Ok(if state == "paused" { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

async fn newest(cli: &Cli, operator: &Operator) -> Result<ExitCode, String> {
    let empty = "No publication yet: estampe signature publish plan SOURCE";
    let answer = operator.get("/v1/signatures/publications").await?;
    list(cli, &answer, "publications", empty, |one| {
        vec![text(one, "id"), text(one, "source"), text(one, "kind"), text(one, "day"), text(one, "state"), counts(one)]
    })
}

/// A publication, with its mailboxes where they were asked for.
async fn one(cli: &Cli, operator: &Operator, id: &str, show: &Show) -> Result<ExitCode, String> {
    let mut publication = operator.get(&path(id)).await.map_err(|why| unknown(id, &why))?;
    let with_lines = show.lines || show.state.is_some() || show.html;
    let mut lines = Vec::new();
    let mut from = Some("0".to_owned());
    while let Some(at) = from.filter(|_| with_lines) {
        let html = show.html.then_some("true");
        let pairs = [("state", show.state.as_deref()), ("from", Some(at.as_str())), ("html", html)];
        let mut page = operator.get(&query_path(&format!("{}/lines", path(id)), &pairs)).await?;
        if let Some(some) = page.get_mut("lines").and_then(Value::as_array_mut) {
            lines.append(some);
        }
        from = page.get("next").and_then(Value::as_u64).map(|next| next.to_string());
    }
    if cli.json {
        if with_lines && let Some(publication) = publication.as_object_mut() {
            publication.insert("lines".to_owned(), lines.into());
        }
        print::json(&publication);
        return Ok(ExitCode::SUCCESS);
    }
    told(cli, &publication);
    if show.html {
        for line in &lines {
            print::line(&format!("\n{}  {}  {}", text(line, "name"), text(line, "address"), state(line)));
            print::line(&format!("- {}", text(line, "found").replace('\n', "\n- ")));
            print::line(&format!("+ {}", text(line, "wanted").replace('\n', "\n+ ")));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let row = |line: &Value| {
        let address = text(line, "address");
        let address = if address.is_empty() { text(line, "mailbox") } else { address };
        vec![format!("  {}", text(line, "name")), address, state(line)]
    };
    print::table(&lines.iter().map(row).collect::<Vec<_>>());
    Ok(ExitCode::SUCCESS)
}

/// How far a mailbox is, and why.
fn state(line: &Value) -> String {
    let because = match text(line, "code").as_str() {
        "" => String::new(),
        "no-signature" => ": no rule gives them a design".to_owned(),
        "no-address" => ": no such address, or their source says none".to_owned(),
        "shared-address" => ": somebody else of this plan has the same address".to_owned(),
        "unsure" => ": nobody knows whether it was ever written, and something else stands there".to_owned(),
        "gone" => ": they left".to_owned(),
        "template" => ": the template failed; see estampe signature test".to_owned(),
        "changed-since-plan" => ": something else stands there since the plan was made".to_owned(),
        "drifted" => ": the provider made something else of it".to_owned(),
        "there-already" => ": it stood there already".to_owned(),
        other => format!(": {other}"),
    };
    format!("{}{because}", text(line, "state"))
}

fn count(publication: &Value, state: &str) -> u64 {
    publication.get("counts").and_then(|counts| counts.get(state)).and_then(Value::as_u64).unwrap_or_default()
}

/// Mailboxes by how far they are.
fn counts(publication: &Value) -> String {
    let states = [
        ("waiting", "to be read"),
        ("planned", "to be written"),
        ("applying", "being written"),
        ("done", "written"),
        ("unchanged", "right already"),
        ("drifted", "changed since they were written"),
        ("skipped", "left alone"),
        ("failed", "failed"),
    ];
    let kind = text(publication, "kind");
    let some = states.into_iter().filter_map(|(state, words)| {
        let words = match (kind.as_str(), state) {
            ("restore", "done") => "restored",
            ("drift", "unchanged") => "as they were written",
            _ => words,
        };
        let count = count(publication, state);
        (count > 0).then(|| format!("{count} {words}"))
    });
    some.collect::<Vec<_>>().join(", ")
}

/// How far a publication is, and what can be done now.
fn told(cli: &Cli, publication: &Value) {
    if cli.json {
        print::json(publication);
        return;
    }
    let (id, state) = (text(publication, "id"), text(publication, "state"));
    let (source, kind) = (text(publication, "source"), text(publication, "kind"));
    print::line(&format!("{source}, {kind}, {}: {state}.  {id}", text(publication, "day")));
    let counts = counts(publication);
    if !counts.is_empty() {
        print::line(&format!("Mailboxes: {counts}"));
    }
    let next = |what: &str, why: &str| print::line(&format!("  estampe signature publish {what} {id}  {why}"));
    match state.as_str() {
        "planned" => {
            print::line("Nothing of what remains is written before you say so:");
            print::line(&format!("  estampe signature publish show {id} --lines  to look at it"));
            print::line(&format!("  estampe signature publish apply {id} --first 5  to write a few"));
            next("apply", "to write all");
            next("stop", "to drop it");
        }
        "paused" => {
            match text(publication, "why").as_str() {
                "asked" => print::line("Somebody paused it."),
                why => print::line(&format!(
                    "Paused: one mailbox after the other was refused ({why}). See estampe source check {source}"
                )),
            }
            next("resume", "to go on");
        }
        "planning" | "applying" if !text(publication, "not_before").is_empty() => {
            print::line(&format!("The provider asked for a pause until {} at least.", text(publication, "not_before")));
        }
        _ => {}
    }
    if count(publication, "failed") > 0 {
        print::line(&format!("  estampe signature publish show {id} --state failed  says why"));
    }
    if count(publication, "drifted") > 0 {
        print::line(&format!("  estampe signature publish show {id} --state drifted  names them"));
    }
}
