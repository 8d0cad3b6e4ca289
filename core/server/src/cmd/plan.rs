//! The plan of a run on the terminal: who, which field, what it was and becomes. It is read
//! page by page, however many people there are.

use std::io::Write;

use serde_json::Value;

use crate::cli::Lines;
use crate::cmd::print;
use crate::cmd::work::{encoded, text};
use crate::operator::Operator;

/// Lines of each kind when nobody says how many.
const FIRST: u64 = 20;
/// Lines asked for at once.
const PAGE: u64 = 500;

/// What happens, which count says how often, and its title as a plan and as a report.
const KINDS: [(&str, &str, &str, &str); 3] = [
    ("disable", "disabled", "To be disabled:", "Disabled:"),
    ("update", "changed", "To be changed:", "Changed:"),
    ("create", "created", "To be added:", "Added:"),
];

/// Reads a list page by page until it ends, was long enough, or `take` wants no more.
pub async fn pages(
    operator: &Operator,
    path: &str,
    key: &str,
    mut most: u64,
    mut take: impl FnMut(&Value) -> bool,
) -> Result<(), String> {
    let (sign, mut after) = (if path.contains('?') { '&' } else { '?' }, String::new());
    while most > 0 {
        let page = operator.get(&format!("{path}{sign}limit={}&after={after}", most.min(PAGE))).await?;
        let items = page.get(key).and_then(Value::as_array).ok_or("the service's answer was not understood")?;
        for item in items {
            if !take(item) {
                return Ok(());
            }
        }
        most = most.saturating_sub(items.len() as u64);
        after = text(&page, "next");
        if after.is_empty() {
            break;
        }
    }
    Ok(())
}

fn path_of(run: &Value, action: &str) -> String {
    format!("/v1/runs/{}/lines?action={action}", encoded(&text(run, "id")))
}

fn count_of(run: &Value, key: &str) -> u64 {
    run.get("counts").and_then(|counts| counts.get(key)).and_then(Value::as_u64).unwrap_or_default()
}

/// Prints the first lines of each kind, and how many there are more.
pub async fn show(operator: &Operator, run: &Value, lines: &Lines) -> Result<(), String> {
    let most = if lines.all { u64::MAX } else { lines.limit.unwrap_or(FIRST) };
    for (action, key, planned, done) in KINDS {
        let count = count_of(run, key);
        if count == 0 {
            continue;
        }
        let mut shown = 0;
        let title = if text(run, "state") == "done" { done } else { planned };
        pages(operator, &path_of(run, action), "lines", most, |line| {
            if shown == 0 {
                print::line(title);
            }
            shown += 1;
            print_line(line);
            true
        })
        .await?;
        if shown == 0 && most > 0 {
            // past their retention, or the plan was thrown away
            print::line(&format!("{title} {count} people; the details are no longer kept."));
        } else if shown < count {
            print::line(&format!("  and {} more: estampe run show {} --all", count - shown, text(run, "id")));
        }
    }
    Ok(())
}

fn print_line(line: &Value) {
    let (name, why) = (text(line, "name"), text(line, "why"));
    print::line(&if why.is_empty() { format!("  {name}") } else { format!("  {name}: {why}") });
    let is_new = text(line, "action") == "create";
    let or_nothing = |value: String| if value.is_empty() { "(nothing)".to_owned() } else { value };
    for change in line.get("changes").and_then(Value::as_array).into_iter().flatten() {
        let (field, new) = (text(change, "words"), or_nothing(text(change, "new")));
        if is_new {
            print::line(&format!("      {field}: {new}"));
        } else {
            print::line(&format!("      {field}: {} → {new}", or_nothing(text(change, "old"))));
        }
    }
    for kept in line.get("kept").and_then(Value::as_array).into_iter().flatten() {
        let (field, here, there) = (text(kept, "words"), text(kept, "old"), text(kept, "new"));
        print::line(&format!("      {field}: {here} is kept; the directory says {there}"));
    }
}

/// Prints a run with its lines as one value for machines, without holding them all.
pub async fn json(operator: &Operator, run: &Value, lines: &Lines) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let head = run.to_string();
    let Some(head) = head.strip_suffix('}') else { return Err("the service's answer was not understood".into()) };
    // who closed the pipe does not want the rest
    let mut open = write!(out, "{head},\"lines\":[").is_ok();
    let mut first = true;
    for (action, ..) in KINDS {
        let most = if open { lines.limit.unwrap_or(u64::MAX) } else { 0 };
        pages(operator, &path_of(run, action), "lines", most, |line| {
            let comma = if std::mem::take(&mut first) { "" } else { "," };
            open = write!(out, "{comma}{line}").is_ok();
            open
        })
        .await?;
    }
    let _ = writeln!(out, "]}}");
    Ok(())
}
