//! What each rule looks for: a function gives a line for each place where it is not kept.

pub mod colour;
pub mod font;
pub mod link;
pub mod picture;
pub mod structure;
pub mod style;
pub mod text;

/// What stands at an element, short enough for a message.
fn shown(value: &str) -> String {
    let mut shown: String = value.chars().take(60).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    shown
}

/// Whether this is a whole number without a sign.
fn is_whole(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}
