//! Elements and how they stand in each other.

use super::{is_whole, shown};
use crate::page::{Element, Page};

/// Characters of HTML that Gmail takes.
const MOST: usize = 10_000;
/// Elements that a layout of tables is made of.
const LAYOUT: [&str; 20] = [
    "a", "b", "br", "col", "colgroup", "em", "i", "img", "s", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr",
];
/// Elements that act, play or hold something of another kind.
const ACTIVE: [&str; 17] = [
    "applet", "audio", "button", "canvas", "embed", "form", "iframe", "input", "marquee", "math", "object", "option",
    "script", "select", "svg", "textarea", "video",
];
/// Elements that style what stands elsewhere, or are about the whole of a document.
const SHEETS: [&str; 5] = ["base", "link", "meta", "style", "title"];
/// Attributes that the host lets through at any element.
const EVERYWHERE: [&str; 4] = ["dir", "lang", "style", "title"];
/// Attributes that it lets through at one.
const ATTRIBUTES: [(&str, &[&str]); 6] = [
    ("a", &["href"]),
    ("col", &["width"]),
    ("img", &["align", "alt", "border", "height", "hspace", "src", "vspace", "width"]),
    ("table", &["align", "bgcolor", "border", "cellpadding", "cellspacing", "height", "role", "width"]),
    ("td", &["align", "bgcolor", "colspan", "height", "nowrap", "rowspan", "valign", "width"]),
    ("tr", &["align", "bgcolor", "height", "valign"]),
];
/// Elements without an end tag.
const VOID: [&str; 10] = ["base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"];

pub fn size(page: &Page) -> Vec<String> {
    let characters = page.html.chars().count();
    if characters > MOST { vec![format!("{characters} characters, {MOST} at most")] } else { Vec::new() }
}

/// Elements that are not written out are made up by the parser, and those that are closed
/// wrongly are moved: either way there are more or fewer tags than elements.
pub fn nesting(page: &Page) -> Vec<String> {
    let parts = page.html.split('<').skip(1);
    let starts = parts.clone().filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic())).count();
    let ends = parts.filter(|part| part.starts_with('/')).count();
    let closed = page.elements.iter().filter(|element| !VOID.contains(&element.name.as_str())).count();
    let mut found = Vec::new();
    if starts != page.elements.len() {
        found.push(format!("{starts} start tags are read as {} elements", page.elements.len()));
    }
    if ends != closed {
        found.push(format!("{ends} end tags for {closed} elements that have one"));
    }
    found
}

pub fn one_table(page: &Page) -> Vec<String> {
    let tops: Vec<&str> = page.elements.iter().filter(|e| e.within.is_empty()).map(|e| e.name.as_str()).collect();
    let mut found: Vec<String> =
        page.texts.iter().filter(|text| text.within.is_empty()).map(|text| shown(&text.content)).collect();
    if tops != ["table"] {
        found.push(format!("at the top stand: {}", tops.join(", ")));
    }
    found
}

pub fn layout_elements(page: &Page) -> Vec<String> {
    let others = page.elements.iter().filter(|element| {
        let name = element.name.as_str();
        !LAYOUT.contains(&name) && !ACTIVE.contains(&name) && !SHEETS.contains(&name)
    });
    others.map(|element| format!("<{}>", element.name)).collect()
}

pub fn no_active(page: &Page) -> Vec<String> {
    let elements = page.elements.iter().filter(|element| ACTIVE.contains(&element.name.as_str()));
    let handlers = page.elements.iter().flat_map(|element| {
        let named = element.attributes.iter().filter(|(name, _)| name.starts_with("on"));
        named.map(move |(name, _)| format!("{name} at <{}>", element.name))
    });
    elements.map(|element| format!("<{}>", element.name)).chain(handlers).collect()
}

pub fn no_style_sheet(page: &Page) -> Vec<String> {
    let elements = page.elements.iter().filter(|element| SHEETS.contains(&element.name.as_str()));
    let names = page.elements.iter().flat_map(|element| {
        let named = ["class", "id"].into_iter().filter(|name| element.attribute(name).is_some());
        named.map(move |name| format!("{name} at <{}>", element.name))
    });
    elements.map(|element| format!("<{}>", element.name)).chain(names).collect()
}

pub fn attributes(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    for element in page.elements.iter().filter(|element| LAYOUT.contains(&element.name.as_str())) {
        let name = if element.name == "th" { "td" } else { element.name.as_str() };
        let own = ATTRIBUTES.iter().find(|(named, _)| *named == name).map_or(&[][..], |(_, own)| own);
        let others = element.attributes.iter().map(|(name, _)| name.as_str()).filter(|name| {
            // of these other rules speak
            let is_others = ["background", "class", "id"].contains(name) || name.starts_with("on");
            !EVERYWHERE.contains(name) && !own.contains(name) && !is_others
        });
        found.extend(others.map(|attribute| format!("{attribute} at <{}>", element.name)));
    }
    found
}

pub fn no_comments(page: &Page) -> Vec<String> {
    page.comments.iter().map(|comment| shown(comment)).collect()
}

pub fn table_role(page: &Page) -> Vec<String> {
    let tables = page.named("table").filter(|(_, table)| table.attribute("role") != Some("presentation"));
    tables.map(|(_, table)| format!("role is {:?}", table.attribute("role").unwrap_or_default())).collect()
}

pub fn table_reset(page: &Page) -> Vec<String> {
    let missing = page.named("table").flat_map(|(_, table)| {
        let names = ["cellpadding", "cellspacing", "border"].into_iter();
        names.filter(|name| !table.attribute(name).is_some_and(is_whole))
    });
    missing.map(|name| format!("a table without {name} as a number")).collect()
}

pub fn columns(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    for (place, _) in page.named("table") {
        let rows = page.named("tr").filter(|(_, row)| nearest(page, row, "table") == Some(place));
        let widths: Vec<usize> = rows.map(|(row, _)| width(page, row)).collect();
        if widths.windows(2).any(|pair| pair.first() != pair.last()) {
            found.push(format!("rows of {widths:?} columns"));
        }
    }
    found
}

/// Columns of a row.
fn width(page: &Page, row: usize) -> usize {
    let cells = page.elements.iter().filter(|cell| matches!(cell.name.as_str(), "td" | "th"));
    let cells = cells.filter(|cell| cell.within.first() == Some(&row));
    cells.map(|cell| cell.attribute("colspan").and_then(|span| span.parse().ok()).unwrap_or(1_usize)).sum()
}

/// The place of the nearest element of this name that another stands in.
fn nearest(page: &Page, element: &Element, name: &str) -> Option<usize> {
    element.within.iter().copied().find(|place| page.elements.get(*place).is_some_and(|found| found.name == name))
}

pub fn lang(page: &Page) -> Vec<String> {
    let has = |element: &Element| element.attribute("lang").is_some_and(|lang| !lang.is_empty());
    let without = page.texts.iter().filter(|text| !page.at(&text.within).any(has));
    without.map(|text| shown(&text.content)).collect()
}
