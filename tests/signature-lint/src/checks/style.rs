//! Properties of styles and their values.

use super::is_whole;
use crate::page::Page;

/// Properties that take something out of the flow or lay it out otherwise than by tables.
const LAYOUT: [&str; 16] = [
    "align-items",
    "bottom",
    "clear",
    "float",
    "gap",
    "justify-content",
    "left",
    "object-fit",
    "order",
    "overflow",
    "position",
    "right",
    "top",
    "transform",
    "visibility",
    "z-index",
];
/// Ways to be displayed that tables get along with.
const DISPLAYED: [&str; 6] = ["block", "inline", "inline-block", "table", "table-cell", "table-row"];
/// Properties that Word's engine, Gmail and the host know.
const KNOWN: [&str; 18] = [
    "background-color",
    "color",
    "direction",
    "display",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "max-width",
    "text-align",
    "text-decoration",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
];
/// Units that are the same everywhere, and none.
const UNITS: [&str; 4] = ["", "%", "pt", "px"];

fn is_layout(property: &str) -> bool {
    LAYOUT.contains(&property) || ["flex", "grid", "column"].iter().any(|family| property.starts_with(family))
}

fn is_background_image(property: &str, value: &str) -> bool {
    matches!(property, "background" | "background-image") || value.to_ascii_lowercase().contains("url(")
}

pub fn layout_properties(page: &Page) -> Vec<String> {
    let found = page.declarations().filter(|(_, property, value)| {
        is_layout(property) || (*property == "display" && !DISPLAYED.contains(&value.to_ascii_lowercase().as_str()))
    });
    found.map(|(element, property, value)| format!("{property}:{value} at <{}>", element.name)).collect()
}

pub fn background_image(page: &Page) -> Vec<String> {
    let styles = page.declarations().filter(|(_, property, value)| is_background_image(property, value));
    let styles = styles.map(|(element, property, _)| format!("{property} at <{}>", element.name));
    let attributes = page.elements.iter().filter(|element| element.attribute("background").is_some());
    styles.chain(attributes.map(|element| format!("the attribute background at <{}>", element.name))).collect()
}

pub fn properties(page: &Page) -> Vec<String> {
    let unknown = page.declarations().filter(|(_, property, value)| {
        let families = ["border", "margin", "padding", "mso-"];
        let is_known = KNOWN.contains(property) || families.iter().any(|family| property.starts_with(family));
        // border-radius and border-image are no borders
        let is_known = is_known && !["border-radius", "border-image"].contains(property);
        !is_known && !is_layout(property) && !is_background_image(property, value)
    });
    unknown.map(|(element, property, _)| format!("{property} at <{}>", element.name)).collect()
}

pub fn units(page: &Page) -> Vec<String> {
    let found = page.declarations().filter(|(_, property, value)| {
        *property != "font-family"
            && (value.contains("calc(")
                || value.contains("var(")
                || value.split([' ', ',', '(', ')', '/']).any(|token| !fits(token)))
    });
    found.map(|(element, property, value)| format!("{property}:{value} at <{}>", element.name)).collect()
}

/// Whether a token has no number in front, or one with a unit that everybody knows.
fn fits(token: &str) -> bool {
    let number = token.trim_start_matches(['-', '+']);
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return true;
    }
    let unit = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    UNITS.contains(&unit.to_ascii_lowercase().as_str())
}

pub fn max_width(page: &Page) -> Vec<String> {
    let found = page
        .declarations()
        .filter(|(element, property, _)| *property == "max-width" && !element.attribute("width").is_some_and(is_whole));
    found
        .map(|(element, _, value)| format!("max-width:{value} at <{}> without the attribute width", element.name))
        .collect()
}

pub fn size_attributes(page: &Page) -> Vec<String> {
    let found = page.declarations().filter(|(element, property, value)| {
        ["width", "height"].contains(property) && *value != "auto" && element.attribute(property).is_none()
    });
    let found = found.map(|(element, property, value)| {
        format!("{property}:{value} at <{}> without the attribute {property}", element.name)
    });
    found.collect()
}

pub fn margin(page: &Page) -> Vec<String> {
    let found = page.declarations().filter(|(_, property, _)| property.starts_with("margin"));
    found.map(|(element, property, value)| format!("{property}:{value} at <{}>", element.name)).collect()
}

pub fn padding(page: &Page) -> Vec<String> {
    let found = page.declarations().filter(|(element, property, _)| {
        property.starts_with("padding") && !["td", "th"].contains(&element.name.as_str())
    });
    found.map(|(element, property, value)| format!("{property}:{value} at <{}>", element.name)).collect()
}
