//! `estampe person …`, and whose the fields of a source's people are.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::{Cli, PersonCommand};
use crate::cmd::print;
use crate::cmd::work::{encoded, list, more, person_row, query_path, text};
use crate::operator::Operator;

/// People named in an error at most.
const NAMED: usize = 10;

/// Does a command about people.
pub async fn run(cli: &Cli, command: &PersonCommand, operator: &Operator) -> Result<ExitCode, String> {
    match command {
        PersonCommand::List { query, conflicts, after } => {
            let show = conflicts.then_some("conflicts");
            let pairs = [("q", query.as_deref()), ("show", show), ("after", after.as_deref())];
            let answer = operator.get(&query_path("/v1/people", &pairs)).await?;
            let code = list(cli, &answer, "people", "Nobody.", person_row);
            more(cli, &answer);
            code
        }
        PersonCommand::Show { person } => Ok(show(cli, &operator.get(&found(operator, person).await?).await?)),
        PersonCommand::Set { person, values } => {
            let path = found(operator, person).await?;
            let code = show(cli, &operator.post(&path, &json!({"set": values})).await?);
            if !cli.json {
                waits(operator, &path).await?;
            }
            Ok(code)
        }
        PersonCommand::Reset { person, fields } => {
            let path = found(operator, person).await?;
            Ok(show(cli, &operator.post(&format!("{path}/give-back"), &json!({"fields": fields})).await?))
        }
    }
}

/// The path of the one person that is meant: by id, by the whole name, or by words that fit
/// nobody else.
pub(super) async fn found(operator: &Operator, wanted: &str) -> Result<String, String> {
    let path = |id: &str| format!("/v1/people/{}", encoded(id));
    let is_id = wanted.len() == 36 && wanted.bytes().all(|octet| octet.is_ascii_hexdigit() || octet == b'-');
    if is_id {
        return match operator.get(&path(wanted)).await {
            Ok(_) => Ok(path(wanted)),
            Err(why) => Err(format!("no person \"{wanted}\" ({why}); see estampe person list")),
        };
    }
    let answer = operator.get(&query_path("/v1/people", &[("q", Some(wanted))])).await?;
    let people = answer.get("people").and_then(Value::as_array).cloned().unwrap_or_default();
    let named: Vec<_> = people.iter().filter(|person| text(person, "name") == wanted).collect();
    let fitting = if named.is_empty() { people.iter().collect() } else { named };
    match fitting.as_slice() {
        [one] => Ok(path(&text(one, "id"))),
        [] => Err(format!("nobody fits \"{wanted}\"; see estampe person list")),
        several => {
            let some = several.iter().take(NAMED);
            let lines: Vec<_> = some.map(|one| format!("  {}  {}", text(one, "id"), text(one, "name"))).collect();
            let rest = if several.len() > NAMED { "\n  and more" } else { "" };
            Err(format!("several people fit \"{wanted}\": name one by its id\n{}{rest}", lines.join("\n")))
        }
    }
}

fn show(cli: &Cli, person: &Value) -> ExitCode {
    if cli.json {
        print::json(person);
        return ExitCode::SUCCESS;
    }
    let state = if person.get("active") == Some(&Value::Bool(false)) { "disabled" } else { "online" };
    print::line(&format!("{} ({state})  {}", text(person, "name"), text(person, "id")));
    print::line(&text(person, "card_url"));
    let source = text(person, "source");
    let fields = person.get("fields").and_then(Value::as_array).cloned().unwrap_or_default();
    let row = |field: &Value| vec![text(field, "field"), text(field, "shown"), origin(field, &source)];
    print::table(&fields.iter().map(row).collect::<Vec<_>>());
    let open = fields.iter().filter(|field| field.get("conflict") == Some(&Value::Bool(true)));
    for field in open.map(|field| text(field, "field")) {
        print::line(&format!(
            "Conflict about {field}: estampe person reset {} {field} takes the directory's value; \
             setting yours again keeps it",
            text(person, "id")
        ));
    }
    ExitCode::SUCCESS
}

/// Says what of somebody waits to be written into the directory.
async fn waits(operator: &Operator, path: &str) -> Result<(), String> {
    let answer = operator.get("/v1/changes").await?;
    let id = path.rsplit('/').next().unwrap_or_default();
    for change in answer.get("changes").and_then(Value::as_array).into_iter().flatten() {
        if text(change, "person") == id {
            print::line(&format!(
                "{} is written into {} once the person, or whoever leads a team of theirs, agreed: \
                 estampe change list",
                text(change, "field"),
                text(change, "source")
            ));
        }
    }
    Ok(())
}

/// Where a value comes from, in words.
fn origin(field: &Value, source: &str) -> String {
    let (owner, said) = (text(field, "owner"), text(field, "said"));
    let entered = field.get("entered") == Some(&Value::Bool(true));
    let differs = field.get("said").is_some_and(|said| !said.is_null());
    match (entered, owner.as_str()) {
        (true, "directory" | "written") if differs && said.is_empty() => format!("entered; {source} says nothing"),
        (true, "directory" | "written") if differs => format!("entered; {source} says: {said}"),
        (true, _) => "entered".to_owned(),
        (false, "directory") => source.to_owned(),
        (false, "written") => format!("{source}; changes are written there"),
        (false, "once") => format!("{source}, once at creation"),
        (false, "own") => format!("the person's own, never from {source}"),
        (false, _) => String::new(),
    }
}

/// `estampe source owners`.
pub async fn owners(
    cli: &Cli,
    operator: &Operator,
    path: &str,
    values: &[(String, String)],
) -> Result<ExitCode, String> {
    let answer = if values.is_empty() {
        operator.get(path).await?
    } else {
        let set: Map<String, Value> =
            values.iter().map(|(field, owner)| (field.clone(), owner.clone().into())).collect();
        operator.post(path, &json!({"set": set})).await?
    };
    if cli.json {
        print::json(&answer);
        return Ok(ExitCode::SUCCESS);
    }
    let owners = answer.get("owners").and_then(Value::as_object).into_iter().flatten();
    print::table(
        &owners
            .map(|(field, owner)| vec![field.clone(), owner.as_str().unwrap_or_default().to_owned()])
            .collect::<Vec<_>>(),
    );
    if !values.is_empty() {
        print::line("Applied by the next run, which looks at everybody: estampe source sync NAME");
    }
    Ok(ExitCode::SUCCESS)
}
