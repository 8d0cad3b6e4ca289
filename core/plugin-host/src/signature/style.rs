//! Styles written at an element: known properties with values of a small grammar. Nothing
//! in it loads anything, leaves its place or covers something else.

use std::borrow::Cow;

/// Properties that stay.
const PROPERTIES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "color",
    "direction",
    "display",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "mso-line-height-rule",
    "mso-table-lspace",
    "mso-table-rspace",
    "overflow-wrap",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-transform",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
];
/// How something may be displayed: hiding is not among it.
const DISPLAYED: [&str; 6] = ["block", "inline", "inline-block", "table", "table-cell", "table-row"];
/// Units of a number, and none.
const UNITS: [&str; 11] = ["", "%", "ch", "cm", "em", "ex", "in", "mm", "pc", "pt", "px"];
/// The largest number: wider than any screen that a mail is read on.
pub const MAX_NUMBER: u32 = 2_000;
/// Octets of a word or a name.
const MAX_WORD: usize = 64;

/// What stays of a style; none when nothing does.
pub fn clean(style: &str) -> Option<Cow<'_, str>> {
    // what stays of each declaration is whole in itself, so that it does not matter that a
    // text may hold the `;` that they are parted at
    let kept: Vec<String> = style.split(';').filter_map(declaration).collect();
    if kept.is_empty() {
        return None;
    }
    let kept = kept.join(";");
    Some(if kept == style { Cow::Borrowed(style) } else { Cow::Owned(kept) })
}

fn declaration(declaration: &str) -> Option<String> {
    let (property, value) = declaration.split_once(':')?;
    let property = property.trim().to_ascii_lowercase();
    if !PROPERTIES.contains(&property.as_str()) {
        return None;
    }
    let tokens = tokens(value.trim())?;
    if property == "display" && !tokens.iter().all(|token| DISPLAYED.contains(&token.as_str())) {
        return None;
    }
    let mut written = property;
    let mut before = ":";
    written.push(':');
    for token in &tokens {
        if ![before, token].iter().any(|token| [":", ","].contains(token)) {
            written.push(' ');
        }
        written.push_str(token);
        before = token;
    }
    Some(written)
}

/// The tokens of a value, each as it is written; none when one of them is unknown.
fn tokens(value: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '\'' | '"' => {
                let (name, after) = rest.get(1..)?.split_once(first)?;
                (is_name(name).then(|| format!("'{name}'"))?, after)
            }
            ',' => (",".to_owned(), rest.get(1..)?),
            _ => {
                let end = end_of(rest);
                let (word, after) = rest.split_at_checked(end)?;
                (plain(word)?, after)
            }
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    (!tokens.is_empty() && tokens.len() <= 32).then_some(tokens)
}

/// Where a token without quotes ends; a colour's brackets are part of it.
fn end_of(text: &str) -> usize {
    let mut within = false;
    for (at, character) in text.char_indices() {
        match character {
            '(' => within = true,
            ')' => return at + 1,
            ',' | ' ' | '\t' | '\n' | '\'' | '"' if !within => return at,
            _ => {}
        }
    }
    text.len()
}

fn plain(token: &str) -> Option<String> {
    let lower = token.to_ascii_lowercase();
    if let Some(hex) = lower.strip_prefix('#') {
        let fits = matches!(hex.len(), 3 | 4 | 6 | 8) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        return fits.then(|| token.to_owned());
    }
    if let Some((function, arguments)) = lower.strip_suffix(')').and_then(|token| token.split_once('(')) {
        let are_numbers = arguments.split(',').all(|argument| is_number(argument.trim()));
        let fits = matches!(function, "rgb" | "rgba" | "hsl" | "hsla") && are_numbers;
        return fits.then(|| lower.replace([' ', '\t', '\n'], ""));
    }
    (lower == "!important" || is_word(&lower) || is_number(&lower)).then(|| token.to_owned())
}

/// A number without a sign, and a unit.
fn is_number(token: &str) -> bool {
    let end = token.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(token.len());
    let Some((number, unit)) = token.split_at_checked(end) else { return false };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let is_small = whole.len() <= 4 && whole.parse::<u32>().map_or(whole.is_empty(), |whole| whole <= MAX_NUMBER);
    let has_part = (1..=6).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    !number.is_empty() && is_small && has_part && UNITS.contains(&unit)
}

fn is_word(token: &str) -> bool {
    let mut bytes = token.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        || (token.starts_with('-') && bytes.next().is_some_and(|byte| byte.is_ascii_lowercase()));
    let fits = token.len() <= MAX_WORD && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // Internet Explorer's way to run a program, should a client have it still
    starts && fits && !token.contains("expression") && !token.contains("javascript")
}

/// The name of a font.
fn is_name(name: &str) -> bool {
    let fits = |character: char| character.is_alphanumeric() || character == ' ' || character == '-';
    !name.trim().is_empty() && name.len() <= MAX_WORD && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signatures_need_stays() {
        for style in [
            "color:#1a2b3c",
            "font-family:'Segoe UI',Arial,sans-serif;font-size:13px;line-height:1.4",
            "padding:0 12px 0 0;border-right:2px solid rgb(10,20,30);margin:0 auto",
            "mso-line-height-rule:exactly;white-space:nowrap;width:100%",
        ] {
            let kept = clean(style).unwrap();
            assert_eq!(kept, style);
        }
        assert_eq!(clean(" COLOR : Red ; ").as_deref(), Some("color:Red"));
        assert_eq!(clean("font-family: \"Segoe UI\" , Arial").as_deref(), Some("font-family:'Segoe UI',Arial"));
    }

    #[test]
    fn what_acts_or_leaves_its_place_goes() {
        for style in [
            "position:fixed",
            "background-image:url(https://a.example/x.png)",
            "background-color:url(https://a.example/x.png)",
            "color:u\\72l(x)",
            "width:expression(alert(1))",
            "width: ex/**/pression(alert(1))",
            "behavior:url(#x)",
            "-moz-binding:url(x)",
            "margin:-100px",
            "margin-top:-1e9px",
            "width:1e9px",
            "width:99999px",
            "width:calc(100vw*9)",
            "width:100vw",
            "display:none",
            "font-family:'a;b'",
            "font-family:'a\"<b>'",
            "color:var(--x)",
            "@import 'x'",
            "color:red}body{color:red",
            "color",
            ":red",
            "color:",
            "--x:1",
            "float:left",
            "opacity:0",
        ] {
            assert_eq!(clean(style), None, "{style}");
        }
        assert_eq!(clean("font-family:'a;color:red;b'").as_deref(), Some("color:red"));
        assert_eq!(clean("position:fixed;color:red").as_deref(), Some("color:red"));
    }
}
