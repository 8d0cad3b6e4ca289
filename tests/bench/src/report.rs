//! What a bench finds: rows, shown as a table and written as JSON.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

/// Which way a value is meant to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// `card.h1`
    pub name: String,
    /// The figure.
    pub value: f64,
    /// `ratio`, `1/s`, `ms`, `MiB`.
    pub unit: &'static str,
    /// What it has to reach, or stay under; none for what is only told.
    pub bar: Option<f64>,
    /// Which way is good.
    pub better: Better,
    /// How it came about, for people.
    pub detail: String,
}

impl Row {
    /// A figure where more is better.
    pub fn higher(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, bar: None, better: Better::Higher, detail: String::new() }
    }

    /// A figure where less is better.
    pub fn lower(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { better: Better::Lower, ..Self::higher(name, value, unit) }
    }

    /// With what it has to reach.
    pub fn bar(self, bar: f64) -> Self {
        Self { bar: Some(bar), ..self }
    }

    /// With how it came about.
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// Whether it reaches its bar; none when it has none.
    fn met(&self) -> Option<bool> {
        self.bar.map(|bar| match self.better {
            Better::Higher => self.value >= bar,
            Better::Lower => self.value <= bar,
        })
    }
}

/// Prints the rows of one bench.
pub fn print(rows: &[Row]) {
    let cells: Vec<[String; 5]> = rows
        .iter()
        .map(|row| {
            let bar = row.bar.map_or_else(String::new, |bar| {
                format!("{} {bar}", if row.better == Better::Higher { "≥" } else { "≤" })
            });
            let met = match row.met() {
                Some(true) => "met",
                Some(false) => "MISSED",
                None => "",
            };
            [row.name.clone(), format!("{} {}", figure(row.value), row.unit), bar, met.to_owned(), row.detail.clone()]
        })
        .collect();
    let width = |at: usize| cells.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    for [name, value, bar, met, detail] in &cells {
        let mut line = String::new();
        let _ = write!(
            line,
            "  {name:<w0$}  {value:>w1$}  {bar:<w2$}  {met:<w3$}  {detail}",
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2],
            w3 = widths[3]
        );
        println!("{}", line.trim_end());
    }
}

/// Writes the rows of one bench to `NAME.json` in this folder.
pub fn write(folder: &Path, name: &str, rows: &[Row]) -> Result<(), String> {
    let file = folder.join(format!("{name}.json"));
    let text = serde_json::to_string_pretty(rows).map_err(|e| e.to_string())?;
    std::fs::write(&file, text + "\n").map_err(|e| format!("{}: {e}", file.display()))
}

/// A number with as many digits as mean something.
pub fn figure(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
