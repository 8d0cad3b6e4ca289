//! The rules as a table of Markdown, as it stands in docs/plugins/signatures.md.

use std::fmt::Write as _;

use crate::rules::{ALL, RULES};

/// Writes it.
pub fn table() -> String {
    let mut table = "| rule | what it demands | why | clients | source |\n|---|---|---|---|---|\n".to_owned();
    for rule in RULES {
        let named = rule.clients.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let clients = if rule.clients.len() == ALL.len() { "all" } else { &named };
        let (id, demand, why, source) = (rule.id, rule.demand, rule.why, rule.source);
        // a text takes whatever is written into it
        let _ = writeln!(table, "| `{id}` | {demand} | {why} | {clients} | {source} |");
    }
    table
}
