//! Whether two signatures in HTML are the same to a reader. Providers rewrite what they are
//! given (quotes, order of attributes, a `tbody`, a `rel`): that makes no other signature; another
//! text, link, picture or style does.

use std::fmt::Write;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use scraper::node::Element;
use scraper::{Html, Node};
use sha2::{Digest, Sha256};

/// A part of a signature, in its normal form.
enum Part {
    /// A tag that opens, with its attributes, or closes.
    Tag { name: String, text: String, opens: bool },
    /// Text as it stands.
    Text(String),
}

/// Whether both come to the same.
pub fn is_same(one: &str, other: &str) -> bool {
    one == other || normal(one) == normal(other)
}

/// SHA-256 of the normal form, in hexadecimal: the same for all that [`is_same`] holds the same.
pub fn fingerprint(html: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(normal(html)))
}

/// Elements that a parser opens anew in each paragraph while they are not closed (WHATWG HTML,
/// 13.2.4.3).
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Whether a parser makes no more of it than it is: 2,000 elements that format, before 2,000
/// paragraphs, are four million.
pub fn is_soon_read(html: &str) -> bool {
    let (mut tags, mut formatting) = (0_usize, 0_usize);
    for part in html.split('<').skip(1) {
        tags += 1;
        let name = part.split(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').next().unwrap_or_default();
        formatting += usize::from(FORMATTING.iter().any(|known| known.eq_ignore_ascii_case(name)));
    }
    tags.saturating_mul(formatting) <= 200_000
}

/// The normal form: nothing to be shown, only to be compared. What no parser reads soon is its own.
fn normal(html: &str) -> String {
    if !is_soon_read(html) {
        return html.to_owned();
    }
    let mut parts = parts(html);
    while is_wrapped(&parts) {
        parts.pop();
        parts.remove(0);
    }
    let mut normal = String::new();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Tag { text, .. } => normal.push_str(text),
            Part::Text(text) => {
                let before = at.checked_sub(1).and_then(|at| parts.get(at));
                // white space counts between words, not at the edge of a block
                let mut words = collapsed(text);
                if is_edge(before) {
                    words = words.trim_start_matches(' ').to_owned();
                }
                if is_edge(parts.get(at + 1)) {
                    words = words.trim_end_matches(' ').to_owned();
                }
                if !words.is_empty() {
                    // to a string: it cannot fail
                    let _ = write!(normal, "{words:?}");
                }
            }
        }
    }
    normal
}

/// The parts as a browser reads them (HTML, 13.2): what it would add or mend is added and mended.
fn parts(html: &str) -> Vec<Part> {
    let read = Html::parse_fragment(html);
    let mut parts: Vec<Part> = Vec::new();
    for edge in read.tree.root().traverse() {
        let (node, opens) = match edge {
            ego_tree::iter::Edge::Open(node) => (node.value(), true),
            ego_tree::iter::Edge::Close(node) => (node.value(), false),
        };
        match node {
            // html: what the reader puts around a fragment; tbody: what it puts into each table
            Node::Element(element) if !matches!(element.name(), "html" | "tbody") => {
                let name = element.name().to_owned();
                let text = if opens { tag(element) } else { format!("</{name}>") };
                parts.push(Part::Tag { name, text, opens });
            }
            Node::Text(text) if opens => match parts.last_mut() {
                Some(Part::Text(before)) => before.push_str(text),
                _ => parts.push(Part::Text(text.to_string())),
            },
            _ => {}
        }
    }
    parts
}

/// An opening tag: its attributes in order, without what providers add to links.
fn tag(element: &Element) -> String {
    let mut attributes: Vec<_> = element
        .attrs()
        .filter(|(name, value)| {
            !matches!(*name, "rel" | "target") && (*name, value.to_ascii_lowercase().as_str()) != ("dir", "ltr")
        })
        .filter_map(|(name, value)| {
            let value = match name {
                "style" => style(value),
                "bgcolor" | "color" => colours(value.trim()),
                _ => value.trim().to_owned(),
            };
            (name != "style" || !value.is_empty()).then(|| format!(" {name}={value:?}"))
        })
        .collect();
    attributes.sort_unstable();
    format!("<{}{}>", element.name(), attributes.concat())
}

/// Declarations in their order, in one spelling.
fn style(text: &str) -> String {
    let declaration = |text: &str| {
        let (name, value) = text.split_once(':')?;
        let value = collapsed(&value.replace('\'', "\"")).replace(", ", ",");
        let value = if value.contains("url(") { value } else { colours(&value) };
        Some(format!("{}:{}", name.trim().to_ascii_lowercase(), value.trim()))
    };
    declarations(text).into_iter().filter_map(declaration).collect::<Vec<_>>().join(";")
}

/// Splits at semicolons that stand neither in quotes nor in parentheses.
fn declarations(text: &str) -> Vec<&str> {
    let (mut quote, mut depth, mut from, mut found) = (None, 0_u32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ';') if depth == 0 => {
                found.extend(text.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    found.extend(text.get(from..));
    found
}

/// Colours as six digits, in lower case.
fn colours(text: &str) -> String {
    static RGB: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)").ok());
    static HEX: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)#([0-9a-f]{6}|[0-9a-f]{3})\b").ok());
    let (Some(rgb), Some(hex)) = (&*RGB, &*HEX) else { return text.to_owned() };
    let digits = |found: &Captures<'_>| {
        let number = |at| found.get(at).and_then(|part| part.as_str().parse::<u8>().ok());
        match (number(1), number(2), number(3)) {
            (Some(red), Some(green), Some(blue)) => format!("#{red:02x}{green:02x}{blue:02x}"),
            _ => found.get(0).map(|whole| whole.as_str().to_owned()).unwrap_or_default(),
        }
    };
    let text = rgb.replace_all(text, digits);
    let long = |found: &Captures<'_>| {
        let digits = found.get(1).map(|part| part.as_str().to_ascii_lowercase()).unwrap_or_default();
        let doubled = |c: char| [c, c];
        if digits.len() == 3 {
            format!("#{}", digits.chars().flat_map(doubled).collect::<String>())
        } else {
            format!("#{digits}")
        }
    };
    hex.replace_all(&text, long).into_owned()
}

/// Runs of white space (HTML's: a no-break space is none) as one space.
pub(super) fn collapsed(text: &str) -> String {
    let (mut collapsed, mut was_space) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        let is_space = matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
        if !is_space {
            collapsed.push(c);
        } else if !was_space {
            collapsed.push(' ');
        }
        was_space = is_space;
    }
    collapsed
}

/// Whether text begins or ends here for a reader.
fn is_edge(neighbour: Option<&Part>) -> bool {
    let Some(Part::Tag { name, .. }) = neighbour else { return neighbour.is_none() };
    is_block(name)
}

/// Whether an element of this name stands on lines of its own.
pub(super) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "blockquote"
            | "body"
            | "br"
            | "caption"
            | "center"
            | "col"
            | "colgroup"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "footer"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "ol"
            | "p"
            | "section"
            | "table"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Whether all of it stands in one `div` that says nothing: some providers put one around.
fn is_wrapped(parts: &[Part]) -> bool {
    let Some(Part::Tag { text, .. }) = parts.first() else { return false };
    if text != "<div>" || !matches!(parts.last(), Some(Part::Tag { name, opens: false, .. }) if name == "div") {
        return false;
    }
    let mut depth = 0_usize;
    parts.iter().enumerate().all(|(at, part)| {
        match part {
            Part::Tag { opens: true, .. } => depth += 1,
            Part::Tag { opens: false, .. } => depth = depth.saturating_sub(1),
            Part::Text(_) => {}
        }
        depth > 0 || at + 1 == parts.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_providers_rewrite_is_the_same() {
        for (one, other) in [
            (
                r#"<a href="https://a/" style="color:#fff">A</a>"#,
                r"<A style='color: rgb(255, 255, 255);' href=https://a/>A</A>",
            ),
            ("<table><tr><td>A</td></tr></table>", "<table>\n <tbody><tr>\n<td> A </td></tr></tbody>\n</table>"),
            (
                "<a href=\"https://a/?a=1&amp;b=2\">A</a>",
                "<a href=\"https://a/?a=1&b=2\" rel=noreferrer target=_blank>A</a>",
            ),
            ("<p>Zo&eacute; &amp; Co</p>", "<p>Zoé &#38; Co</p>"),
            ("<p>A<br>B</p>", "<p>A<br/> B</p>\n"),
            ("<p>A</p>", "<div dir=\"ltr\"><p>A</p></div>"),
            ("<p style=\"font-family:'Segoe UI', Arial\">A", "<p style='FONT-FAMILY: \"Segoe UI\",Arial'>A</p>"),
            ("<td bgcolor=#ABC>A</td>", "<td bgcolor=\"#aabbcc\">A</td>"),
            ("", "<div dir=ltr></div>"),
            ("A <!-- said by nobody --> B", "A  B"),
        ] {
            assert!(is_same(one, other), "{one}\n{}\n{other}\n{}", normal(one), normal(other));
            assert_eq!(fingerprint(one), fingerprint(other));
        }
    }

    #[test]
    fn what_a_reader_sees_otherwise_is_another() {
        for (one, other) in [
            ("<p>A</p>", "<p>B</p>"),
            ("<p>A</p>", ""),
            ("<p>A B</p>", "<p>AB</p>"),
            ("<p><b>A</b> <b>B</b></p>", "<p><b>A</b><b>B</b></p>"),
            ("<p>A&nbsp;B</p>", "<p>A B</p>"),
            ("<a href=\"https://a/\">A</a>", "<a href=\"https://b/\">A</a>"),
            ("<img src=\"https://a/1.png\" alt=A>", "<img src=\"https://a/2.png\" alt=A>"),
            ("<p style=\"color:#fff\">A</p>", "<p style=\"color:#eee\">A</p>"),
            ("<p style=\"background:url('a;b')\">A</p>", "<p style=\"background:url('a;c')\">A</p>"),
            ("<p><b>A</b>B</p>", "<p>A<b>B</b></p>"),
            ("<p>A</p><p>B</p>", "<p>A<br>B</p>"),
            ("<div>A</div><div>B</div>", "A</div><div>B"),
            ("<p>\"&gt;</p>", "<p>&quot;&lt;</p>"),
        ] {
            assert!(!is_same(one, other), "{one}\n{other}\n{}", normal(one));
            assert_ne!(fingerprint(one), fingerprint(other));
        }
    }

    #[test]
    fn a_bomb_is_not_lit() {
        let bomb = "<b>".repeat(2_000) + &"<p>".repeat(2_000);
        assert!(!is_soon_read(&bomb) && is_same(&bomb, &bomb) && !is_same(&bomb, "<p>A</p>"));
        assert!(is_soon_read(&"<tr><td><b>A</b></td></tr>".repeat(60)));
    }

    /// A piece of a signature.
    #[derive(Clone, Debug)]
    enum Piece {
        Words(String),
        Link { to: String, style: Option<String>, of: String },
        Picture { from: String, alt: String },
        Rows(Vec<Vec<Piece>>),
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let words = || "[a-zA-Zé&<>\"'][a-zA-Z é&<>\"']{0,11}[a-zA-Zé&<>\"']";
        let leaf = prop_oneof![
            words().prop_map(Piece::Words),
            ("https://[a-z]{1,5}/[a-z&=?]{0,5}", proptest::option::of("#[0-9a-f]{6}"), words())
                .prop_map(|(to, style, of)| Piece::Link { to, style, of }),
            ("https://[a-z]{1,5}/[a-z]{0,5}", words()).prop_map(|(from, alt)| Piece::Picture { from, alt }),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            proptest::collection::vec(proptest::collection::vec(inner, 1..3), 1..3).prop_map(Piece::Rows)
        })
    }

    /// One way to write it: as we do, or as a provider might. The words of neighbours are kept
    /// apart by tags, so that white space between is none that a reader sees.
    fn written(pieces: &[Piece], rewritten: bool) -> String {
        let text = |text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            if rewritten { text.replace('>', "&#62;").replace('"', "&quot;").replace('é', "&eacute;") } else { text }
        };
        let inside = |value: &str| value.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
        let one = |piece: &Piece| match piece {
            Piece::Words(words) => format!("<p>{}</p>", text(words)),
            Piece::Link { to, style, of } => {
                let (to, of) = (inside(to), text(of));
                match (style, rewritten) {
                    (None, false) => format!("<a href=\"{to}\">{of}</a>"),
                    (None, true) => format!("<A target=_blank rel=\"noopener\" href=\"{to}\">{of}</A>"),
                    (Some(colour), false) => format!("<a href=\"{to}\" style=\"color:{colour}\">{of}</a>"),
                    (Some(colour), true) => {
                        let part = |at: usize| u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
                        let (red, green, blue) = (part(1), part(3), part(5));
                        format!("<a style=' COLOR : rgb({red}, {green}, {blue}); ' href=\"{to}\">{of}</a>")
                    }
                }
            }
            Piece::Picture { from, alt } if rewritten => format!("<IMG alt=\"{}\" src=\"{from}\" />", inside(alt)),
            Piece::Picture { from, alt } => format!("<img src=\"{from}\" alt=\"{}\">", inside(alt)),
            Piece::Rows(rows) => {
                let row = |row: &Vec<Piece>| {
                    let cells: String = row
                        .iter()
                        .map(|cell| {
                            let cell = written(std::slice::from_ref(cell), rewritten);
                            if rewritten { format!("\n<td>{cell}\t</td>") } else { format!("<td>{cell}</td>") }
                        })
                        .collect();
                    if rewritten { format!("\n<TR>{cells}\n</TR>") } else { format!("<tr>{cells}</tr>") }
                };
                let rows: String = rows.iter().map(row).collect();
                if rewritten {
                    format!("<table><tbody>{rows}</tbody></table>")
                } else {
                    format!("<table>{rows}</table>")
                }
            }
        };
        pieces.iter().map(one).collect()
    }

    proptest! {
        #[test]
        fn a_rewritten_one_is_the_same(pieces in proptest::collection::vec(piece(), 0..4)) {
            let (ours, theirs) = (written(&pieces, false), written(&pieces, true));
            prop_assert_eq!(normal(&ours), normal(&theirs), "{}\n{}", ours, theirs);
            prop_assert_eq!(fingerprint(&ours), fingerprint(&format!("<div dir=\"ltr\">{theirs}</div>")));
        }

        #[test]
        fn another_one_is_another(pieces in proptest::collection::vec(piece(), 0..4), more in piece()) {
            let other = [&pieces[..], &[more]].concat();
            prop_assert!(!is_same(&written(&pieces, false), &written(&other, true)));
        }

        #[test]
        fn whatever_stands_there_is_the_same_as_itself(html in "[ -~<>/=\"'&;é\n]{0,60}") {
            let more = format!("{html} ");
            prop_assert!(is_same(&html, &html));
            prop_assert!(is_same(&html, &more) || html.contains('<') || html.contains('&'));
        }
    }
}
