//! Links.

use super::shown;
use crate::page::{Element, Page};

/// What is said of each link that is wrong; it is told its own place.
fn each(page: &Page, wrong: impl Fn(usize, &Element) -> bool) -> Vec<String> {
    let links = page.named("a").filter(|(place, link)| wrong(*place, link));
    links.map(|(_, link)| shown(link.attribute("href").unwrap_or("a link without href"))).collect()
}

fn has_text(page: &Page, place: usize) -> bool {
    page.texts.iter().any(|text| text.within.contains(&place))
}

pub fn scheme(page: &Page) -> Vec<String> {
    each(page, |_, link| {
        let address = link.attribute("href").unwrap_or_default();
        let after = |scheme: &str| address.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
        !["http://", "https://", "mailto:", "tel:"].into_iter().any(after)
    })
}

pub fn text(page: &Page) -> Vec<String> {
    each(page, |place, _| {
        let mut pictures = page.named("img").filter(|(_, picture)| picture.within.contains(&place));
        let is_said = |alt: &str| !alt.trim().is_empty();
        !has_text(page, place) && !pictures.any(|(_, picture)| picture.attribute("alt").is_some_and(is_said))
    })
}

pub fn tel(page: &Page) -> Vec<String> {
    each(page, |_, link| {
        let number = link.attribute("href").unwrap_or_default().strip_prefix("tel:");
        let digits = number.map(|number| number.strip_prefix('+').unwrap_or(number));
        digits.is_some_and(|digits| digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

pub fn colour(page: &Page) -> Vec<String> {
    each(page, |place, link| {
        has_text(page, place) && (link.style("color").is_none() || link.style("text-decoration").is_none())
    })
}
