//! Pictures.

use super::{is_whole, shown};
use crate::page::{Element, Page};

/// Endings of files that a client does not show.
const UNKNOWN: [&str; 7] = [".avif", ".bmp", ".heic", ".svg", ".tif", ".tiff", ".webp"];

/// What is said of each picture that is wrong.
fn each(page: &Page, wrong: impl Fn(&Element) -> bool) -> Vec<String> {
    let pictures = page.named("img").filter(|(_, picture)| wrong(picture));
    pictures.map(|(_, picture)| shown(picture.attribute("src").unwrap_or("a picture without src"))).collect()
}

pub fn size(page: &Page) -> Vec<String> {
    each(page, |picture| !["width", "height"].into_iter().all(|side| picture.attribute(side).is_some_and(is_whole)))
}

pub fn alt(page: &Page) -> Vec<String> {
    each(page, |picture| picture.attribute("alt").is_none())
}

pub fn border(page: &Page) -> Vec<String> {
    each(page, |picture| picture.attribute("border") != Some("0"))
}

pub fn source(page: &Page) -> Vec<String> {
    each(page, |picture| {
        let source = picture.attribute("src").unwrap_or_default();
        let rest = source.strip_prefix("https://").or_else(|| source.strip_prefix("cid:"));
        !rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()))
    })
}

pub fn format(page: &Page) -> Vec<String> {
    each(page, |picture| {
        let source = picture.attribute("src").unwrap_or_default().to_ascii_lowercase();
        let path = source.split(['?', '#']).next().unwrap_or_default();
        UNKNOWN.iter().any(|ending| path.ends_with(ending))
    })
}

pub fn block(page: &Page) -> Vec<String> {
    each(page, |picture| picture.style("display") != Some("block"))
}
