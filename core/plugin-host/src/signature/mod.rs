//! Makes what a template rendered harmless: whatever stands in the HTML, what leaves here
//! acts on nothing, loads nothing but named pictures, and keeps to its place in the mail.
//!
//! The HTML is parsed as browsers parse it (`ammonia`), held to lists of elements and
//! attributes, each value to a grammar of its own (`attribute`, `style`), and written anew.
//! That is repeated until nothing changes any more, so that what a mail client parses is
//! what was looked at here.

mod attribute;
mod style;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::signature::Signature;

/// Octets of HTML that are looked at.
const MAX_HTML: usize = 64 << 10;
/// Octets of the text.
const MAX_TEXT: usize = 16 << 10;
/// Characters of HTML that every mail client takes: Gmail's limit.
const MAX_CLEANED: usize = 10_000;
/// Tags that are parsed. A parser's work grows with how many are open.
const MAX_TAGS: usize = 2_000;
/// Tags, times those of them that format ([`FORMATTING`]).
const MAX_MULTIPLIED: usize = 100_000;
/// Elements within each other. Four make a table; Word's engine gives up before this.
const MAX_DEPTH: usize = 64;
/// How often the HTML may change by being read and written. Twice is rare.
const MAX_PASSES: usize = 4;

/// Elements that stay. Of others the content stays, except of those in [`WITH_CONTENT`].
const ELEMENTS: [&str; 29] = [
    "a", "b", "br", "col", "colgroup", "div", "em", "font", "hr", "i", "img", "li", "ol", "p", "s", "small", "span",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
];

/// Elements that go with all that is in them.
const WITH_CONTENT: [&str; 21] = [
    "applet", "audio", "button", "canvas", "frameset", "head", "iframe", "math", "noembed", "noframes", "noscript",
    "object", "option", "script", "select", "style", "svg", "template", "textarea", "title", "video",
];

/// Elements that HTML's parser opens anew in each paragraph while they are not closed (WHATWG
/// HTML, 13.2.4.3): 2,000 of them before 2,000 paragraphs are four million elements.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Attributes of any element.
const EVERYWHERE: [&str; 4] = ["dir", "lang", "style", "title"];

/// Attributes of one element, which mail clients heed where they ignore styles.
const ATTRIBUTES: [(&str, &[&str]); 11] = [
    ("a", &["href"]),
    ("col", &["width"]),
    ("div", &["align"]),
    ("font", &["color", "face", "size"]),
    ("hr", &["align", "size", "width"]),
    ("img", &["align", "alt", "border", "height", "hspace", "src", "vspace", "width"]),
    ("p", &["align"]),
    ("table", &["align", "bgcolor", "border", "cellpadding", "cellspacing", "height", "role", "width"]),
    ("td", &["align", "bgcolor", "colspan", "height", "nowrap", "rowspan", "valign", "width"]),
    ("th", &["align", "bgcolor", "colspan", "height", "nowrap", "rowspan", "valign", "width"]),
    ("tr", &["align", "bgcolor", "height", "valign"]),
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let attributes: HashMap<_, HashSet<_>> =
        ATTRIBUTES.iter().map(|(element, names)| (*element, names.iter().copied().collect())).collect();
    let mut cleaner = Builder::empty();
    cleaner
        .tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(WITH_CONTENT))
        .generic_attributes(HashSet::from(EVERYWHERE))
        .tag_attributes(attributes)
        .url_schemes(attribute::SCHEMES.into_iter().collect())
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(attribute::clean);
    cleaner
});

/// A signature of this HTML and text, harmless; `Limit` when it is larger than it may be.
pub fn harmless_signature(html: &str, text: &str) -> Result<Signature, PluginFailure> {
    for (what, octets, most) in [("HTML", html.len(), MAX_HTML), ("text", text.len(), MAX_TEXT)] {
        if octets > most {
            return Err(limit(&format!("a signature of {octets} octets of {what}; at most {most} are taken")));
        }
    }
    Ok(Signature { html: clean_html(html)?, text: clean_text(text) })
}

fn clean_html(html: &str) -> Result<String, PluginFailure> {
    let mut current = Cow::Borrowed(html);
    for _ in 0..MAX_PASSES {
        is_parsed_soon(&current)?;
        let cleaned = CLEANER.clean(&current).to_string();
        let cleaned = if cleaned.chars().any(is_hidden) {
            cleaned.chars().filter(|character| !is_hidden(*character)).collect()
        } else {
            cleaned
        };
        if cleaned == current {
            return measured(cleaned);
        }
        current = Cow::Owned(cleaned);
    }
    let what = "HTML so malformed that it means something else each time it is read; close and nest its elements";
    Err(limit(what))
}

/// Whether a parser makes no more of it than it is. Counted on the text, where each tag
/// begins with `<` and a letter: what only looks like one counts too.
fn is_parsed_soon(html: &str) -> Result<(), PluginFailure> {
    let (mut tags, mut formatting) = (0_usize, 0_usize);
    for part in html.split('<').skip(1) {
        tags += 1;
        let name = part.split(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').next().unwrap_or_default();
        formatting += usize::from(FORMATTING.iter().any(|known| known.eq_ignore_ascii_case(name)));
    }
    if tags > MAX_TAGS {
        return Err(limit(&format!("HTML with {tags} tags; at most {MAX_TAGS} are taken")));
    }
    if tags * formatting > MAX_MULTIPLIED {
        let what = format!("HTML with {formatting} tags that format (b, i, font …) among {tags}; use styles instead");
        return Err(limit(&what));
    }
    Ok(())
}

fn measured(html: String) -> Result<String, PluginFailure> {
    let characters = html.chars().count();
    if characters > MAX_CLEANED {
        let what = format!("a signature of {characters} characters of HTML; mail clients take {MAX_CLEANED}");
        return Err(limit(&what));
    }
    if depth(&html) > MAX_DEPTH {
        return Err(limit(&format!("HTML with more than {MAX_DEPTH} elements within each other")));
    }
    Ok(html)
}

/// How many elements stand within each other at most, in HTML that was written here.
fn depth(html: &str) -> usize {
    let (mut deepest, mut depth) = (0_usize, 0_usize);
    for part in html.split('<').skip(1) {
        if part.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !["br", "col", "hr", "img"].iter().any(|void| {
            part.strip_prefix(void).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        }) {
            // a `<` in the value of an attribute makes it deeper than it is, never less
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

/// Text for a mail: lines end in `\n`, nothing in it steers a terminal or turns text around.
fn clean_text(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{0b}', '\u{0c}', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
    let kept: String = text.chars().filter(|character| !is_hidden(*character)).collect();
    let mut lines: Vec<&str> = kept.split('\n').map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or_default();
    lines.get(first..).unwrap_or_default().join("\n")
}

/// Control characters but for line and tab, and the marks that turn text around. Those that
/// only say which way a single character runs stay: Arabic and Hebrew names need them.
fn is_hidden(character: char) -> bool {
    (character.is_control() && character != '\n' && character != '\t')
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn limit(what: &str) -> PluginFailure {
    PluginFailure::breach(FailKind::Limit, format!("the plugin broke a limit of the contract: {what}"))
}

#[cfg(test)]
mod tests;
