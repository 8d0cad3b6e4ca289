//! Standard output, which may be a pipe that closed.

use std::io::Write;

use serde_json::Value;

/// A line for people.
pub fn line(text: &str) {
    // who closed the pipe does not want the rest
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A value for machines.
pub fn json(value: &Value) {
    line(&value.to_string());
}

/// Rows of text in columns, each as wide as its widest cell.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|r| r.get(at)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        line(cells.join("  ").trim_end());
    }
}
