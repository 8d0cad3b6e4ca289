//! `estampe source mapping`: which attributes fill in which fields.

use std::process::ExitCode;

use serde_json::{Map, Value};

use crate::cli::{Cli, MapSource};
use crate::cmd::print;
use crate::cmd::work::text;
use crate::operator::Operator;

/// Shows, changes or tries the mapping of a source that is there.
pub async fn run(cli: &Cli, operator: &Operator, change: &MapSource, path: &str) -> Result<ExitCode, String> {
    let mut body = Map::new();
    let rules: Map<String, Value> = change.rules.iter().map(|(key, text)| (key.clone(), text.clone().into())).collect();
    body.insert("set".to_owned(), rules.into());
    for (key, value) in [("preset", &change.preset), ("country", &change.country)] {
        if let Some(value) = value {
            body.insert(key.to_owned(), value.clone().into());
        }
    }
    let changes = !change.rules.is_empty() || change.preset.is_some() || change.country.is_some();
    if change.preview {
        let answer = operator.post(&format!("{path}/preview"), &body.into()).await?;
        said(cli, &answer, preview);
    } else if changes {
        let answer = operator.post(path, &body.into()).await?;
        said(cli, &answer, |answer| {
            rules_of(answer);
            print::line(&format!("\nSaved. The next run reads everybody: estampe source sync \"{}\"", change.name));
        });
    } else {
        said(cli, &operator.get(path).await?, rules_of);
    }
    Ok(ExitCode::SUCCESS)
}

fn said(cli: &Cli, answer: &Value, show: impl Fn(&Value)) {
    if cli.json { print::json(answer) } else { show(answer) }
}

fn items<'a>(answer: &'a Value, key: &str) -> &'a [Value] {
    answer.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn rules_of(mapping: &Value) {
    let rules: Vec<_> =
        items(mapping, "rules").iter().map(|rule| vec![text(rule, "field"), text(rule, "expression")]).collect();
    print::table(&rules);
    let preset = text(mapping, "preset");
    if !preset.is_empty() {
        print::line(&format!("\nThese are the rules of the preset {preset}."));
    }
    match text(mapping, "country").as_str() {
        "" => print::line("Telephone numbers are understood with their country's code: see --country."),
        country => print::line(&format!("Telephone numbers without their country's code are of {country}.")),
    }
}

fn preview(answer: &Value) {
    for person in items(answer, "people") {
        print::line(&text(person, "position"));
        let mut rows: Vec<_> = items(person, "fields")
            .iter()
            .map(|field| vec![format!("  {}", text(field, "field")), text(field, "value")])
            .collect();
        if person.get("refused").is_some() {
            rows.push(vec!["  refused".to_owned(), text(person, "reason")]);
        }
        let left_out: Vec<_> = items(person, "left_out").iter().filter_map(Value::as_str).collect();
        if !left_out.is_empty() {
            rows.push(vec!["  left out".to_owned(), left_out.join(", ")]);
        }
        print::table(&rows);
    }
    if items(answer, "people").is_empty() {
        print::line("There is nobody on the first pages of this source.");
    }
    print::line("\nAttributes that are there:");
    let attributes: Vec<_> = items(answer, "attributes")
        .iter()
        .map(|seen| vec![format!("  {}", text(seen, "name")), text(seen, "sample")])
        .collect();
    print::table(&attributes);
    print::line("\nNothing was saved.");
}
