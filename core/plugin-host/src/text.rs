//! Makes texts from plugins fit for people's eyes and for logs.

/// At most `max` characters, on one line, without control characters and without the
/// marks that turn text around (Unicode bidi controls).
pub fn clean(text: &str, max: usize) -> String {
    let mut kept: String = text.chars().map(tame).take(max).collect();
    if text.chars().nth(max).is_some() {
        kept.pop();
        kept.push('…');
    }
    kept.trim().to_owned()
}

fn tame(character: char) -> char {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if character.is_control() || turns { ' ' } else { character }
}

/// The longest start of `text` with at most `octets` octets.
pub fn cut(text: &str, octets: usize) -> &str {
    let mut end = octets.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_tamed_and_cut() {
        assert_eq!(clean("a\nb\u{1b}[31m\u{202e}c", 500), "a b [31m c");
        assert_eq!(clean("ééééé", 3), "éé…");
        assert_eq!(clean("ééé", 3), "ééé");
        assert_eq!(cut("éé", 3), "é");
        assert_eq!(cut("éé", 9), "éé");
    }
}
