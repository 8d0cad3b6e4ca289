//! `estampe source permissions`

use std::process::ExitCode;

use serde_json::{Value, json};

use super::print;
use super::source::{known, path};
use super::work::text;
use crate::cli::Cli;
use crate::operator::Operator;

/// Prints the table, after each was tried where that is asked for. The exit code says whether
/// all is there that is needed.
pub async fn show(cli: &Cli, operator: &Operator, name: &str, check: bool) -> Result<ExitCode, String> {
    known(operator, name).await?;
    let at = path(name, "/permissions");
    let found = if check { operator.post(&at, &json!({})).await? } else { operator.get(&at).await? };
    let permissions = list(&found, "permissions");
    let probes = list(&found, "probes");
    let is = |value: &Value, key: &str| value.get(key) == Some(&Value::Bool(true));
    let is_missing = |one: &Value| is(one, "needed") && one.get("granted") == Some(&Value::Bool(false));
    let failed: Vec<_> = probes.iter().filter(|probe| !is(probe, "passed")).collect();
    let code = u8::from(permissions.iter().any(is_missing) || !failed.is_empty());
    if cli.json {
        print::json(&found);
        return Ok(ExitCode::from(code));
    }
    if permissions.is_empty() {
        print::line("Its plugin names no permissions.");
        return Ok(ExitCode::from(code));
    }
    let organisation = text(&found, "organisation");
    let at = if organisation.is_empty() { String::new() } else { format!(": {organisation}") };
    print::line(&format!("{}{at}\n", text(&found, "provider")));
    let mut rows = vec![["permission", "needed", "granted", ""].map(str::to_owned).to_vec()];
    rows.extend(permissions.iter().map(|one| {
        let needed = if is(one, "needed") { "yes" } else { "no" };
        let granted = match (one.get("granted").and_then(Value::as_bool), is(one, "needed")) {
            (Some(true), true) => "yes",
            (Some(true), false) => "yes, unused",
            (Some(false), _) => "no",
            (None, _) => "not tried",
        };
        let detail = text(one, "detail");
        let words = if detail.is_empty() { text(one, "what_for") } else { detail };
        vec![text(one, "name"), needed.to_owned(), granted.to_owned(), words]
    }));
    print::table(&rows);
    for probe in failed {
        print::line(&format!("\n{}: {}", text(probe, "name"), text(probe, "detail")));
    }
    for idle in list(&found, "idle") {
        print::line(&format!("\nGranted there and used by nothing here: {}", idle.as_str().unwrap_or_default()));
    }
    let never: Vec<_> = list(&found, "never_used").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if !never.is_empty() {
        print::line(&format!("\nNever used: {}", never.join(", ")));
    }
    print::line(&format!("\nTo paste there:\n{}", text(&found, "paste")));
    if !is(&found, "tried") {
        print::line(&format!("\nTo try each: estampe source permissions \"{name}\" --check"));
    }
    Ok(ExitCode::from(code))
}

fn list(value: &Value, key: &str) -> Vec<Value> {
    value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}
