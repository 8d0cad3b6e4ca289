//! Colours on their grounds, in the light and in the dark.

use super::shown;
use crate::colour::{Colour, DARK, WHITE, contrast, hex, inverted, luminance};
use crate::page::{Element, Page};

/// Contrast of a text of ordinary size (WCAG 2.2, 1.4.3).
const ENOUGH: f64 = 4.5;
/// Luminance from which on a ground is a lamp in the dark.
const LIGHT: f64 = 0.7;
/// Words in the value of a border that are no colours.
const OF_BORDERS: [&str; 12] =
    ["none", "hidden", "dotted", "dashed", "solid", "double", "groove", "ridge", "thin", "medium", "thick", "0"];
/// Words that are no colours and that everybody knows.
const WORDS: [&str; 2] = ["inherit", "transparent"];

pub fn as_hex(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    for (element, property, value) in page.declarations() {
        let is_border = property.starts_with("border") && !property.ends_with("-collapse");
        let is_colour = property == "background-color" || property.ends_with("color");
        // a colour in brackets holds blanks of its own
        let tokens: Vec<&str> = if is_border && !is_colour && !value.contains('(') {
            value.split_ascii_whitespace().filter(|token| !is_of_border(token)).collect()
        } else if is_colour || is_border {
            vec![value]
        } else {
            continue;
        };
        let wrong = tokens.into_iter().filter(|token| hex(token).is_none() && !WORDS.contains(token));
        found.extend(wrong.map(|token| format!("{property}:{token} at <{}>", element.name)));
    }
    for element in &page.elements {
        let wrong = element.attribute("bgcolor").filter(|value| hex(value).is_none());
        found.extend(wrong.map(|value| format!("bgcolor is {value} at <{}>", element.name)));
    }
    found
}

fn is_of_border(token: &str) -> bool {
    OF_BORDERS.contains(&token) || token.starts_with(|c: char| c.is_ascii_digit())
}

pub fn readable(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    for text in &page.texts {
        let Some(ink) = page.at(&text.within).find_map(|e| e.style("color").and_then(hex)) else { continue };
        let own = page.at(&text.within).find_map(ground);
        let light = contrast(ink, own.unwrap_or(WHITE));
        let dark = contrast(inverted(ink), own.map_or(DARK, inverted));
        for (contrast, how) in [(light, "as it is"), (dark, "in dark mode")] {
            if contrast < ENOUGH {
                found.push(format!("contrast {contrast:.1} {how}: {}", shown(&text.content)));
            }
        }
    }
    found
}

pub fn light_ground(page: &Page) -> Vec<String> {
    let light = page.elements.iter().filter(|element| ground(element).is_some_and(|colour| luminance(colour) > LIGHT));
    light.map(|element| format!("a light ground at <{}>", element.name)).collect()
}

/// The ground that an element gives itself.
fn ground(element: &Element) -> Option<Colour> {
    element.style("background-color").and_then(hex).or_else(|| element.attribute("bgcolor").and_then(hex))
}
