//! Fonts and their sizes.

use super::shown;
use crate::page::Page;

/// Families that Word's engine knows as such.
const GENERIC: [&str; 3] = ["monospace", "sans-serif", "serif"];
/// Fonts that come with Windows, macOS, iOS, Android or most distributions of Linux.
const SYSTEM: [&str; 25] = [
    "-apple-system",
    "aptos",
    "arial",
    "arial black",
    "calibri",
    "cambria",
    "candara",
    "consolas",
    "courier",
    "courier new",
    "dejavu sans",
    "georgia",
    "helvetica",
    "helvetica neue",
    "liberation sans",
    "lucida grande",
    "lucida sans unicode",
    "palatino",
    "palatino linotype",
    "segoe ui",
    "tahoma",
    "times",
    "times new roman",
    "trebuchet ms",
    "verdana",
];
/// The smallest text that may be.
const SMALLEST: f64 = 11.0;

fn families(value: &str) -> impl DoubleEndedIterator<Item = String> + '_ {
    value.split(',').map(|family| family.trim().trim_matches(['"', '\'']).to_ascii_lowercase())
}

/// All lists of fonts.
fn lists(page: &Page) -> impl Iterator<Item = &str> {
    page.declarations().filter(|(_, property, _)| *property == "font-family").map(|(_, _, value)| value)
}

pub fn fallback(page: &Page) -> Vec<String> {
    let is_generic = |value: &str| families(value).next_back().is_some_and(|last| GENERIC.contains(&last.as_str()));
    lists(page).filter(|value| !is_generic(value)).map(shown).collect()
}

pub fn system(page: &Page) -> Vec<String> {
    let all = lists(page).flat_map(families);
    all.filter(|family| !SYSTEM.contains(&family.as_str()) && !GENERIC.contains(&family.as_str())).collect()
}

pub fn size(page: &Page) -> Vec<String> {
    let sizes = page.declarations().filter(|(_, property, _)| *property == "font-size");
    let wrong = sizes.filter(|(_, _, value)| {
        let pixels = value.strip_suffix("px").and_then(|number| number.parse::<f64>().ok());
        pixels.is_none_or(|pixels| pixels < SMALLEST)
    });
    wrong.map(|(element, _, value)| format!("font-size:{value} at <{}>", element.name)).collect()
}

pub fn declared(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    for text in &page.texts {
        let table = text.within.iter().position(|place| page.elements.get(*place).is_some_and(|e| e.name == "table"));
        let within = text.within.get(..=table.unwrap_or_default()).unwrap_or_default();
        for property in ["font-family", "font-size", "color"] {
            if !page.at(within).any(|element| element.style(property).is_some()) {
                found.push(format!("no {property} up to the table: {}", shown(&text.content)));
            }
        }
    }
    found
}
