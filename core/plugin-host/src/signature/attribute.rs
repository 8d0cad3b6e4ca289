//! Values of attributes, each held to what it is for.

use std::borrow::Cow;

use ammonia::Url;

use super::style;

/// Schemes of links and pictures together.
pub const SCHEMES: [&str; 5] = ["cid", "http", "https", "mailto", "tel"];
/// Where a link may lead.
const LINKS: [&str; 4] = ["http", "https", "mailto", "tel"];
/// Where a picture may come from: over TLS, or out of the mail itself (RFC 2392).
const PICTURES: [&str; 2] = ["cid", "https"];
/// Octets of an address.
const MAX_URL: usize = 2_048;
/// Octets of a word.
const MAX_WORD: usize = 32;

/// The value that stays; none takes the attribute away.
pub fn clean<'v>(_element: &str, name: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let kept = match name {
        "style" => return style::clean(value),
        "href" => return url(value, &LINKS),
        "src" => return url(value, &PICTURES),
        "alt" | "title" => true,
        "border" | "cellpadding" | "cellspacing" | "height" | "hspace" | "vspace" | "width" => is_measure(value),
        "colspan" | "rowspan" => number(value).is_some_and(|number| (1..=100).contains(&number)),
        "size" => number(value).is_some_and(|number| (1..=100).contains(&number)),
        "align" | "valign" => is_word(value),
        "bgcolor" | "color" => value.strip_prefix('#').map_or_else(|| is_word(value), is_hex),
        "face" => value.len() <= 200 && value.chars().all(|c| c.is_ascii_alphanumeric() || " ,-'".contains(c)),
        "dir" => matches!(value, "ltr" | "rtl" | "auto"),
        "lang" => value.len() <= MAX_WORD && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'),
        "nowrap" => value.is_empty() || value == "nowrap",
        "role" => value == "presentation",
        _ => false,
    };
    kept.then_some(Cow::Borrowed(value))
}

/// The address as it was understood, so that nobody understands it otherwise.
fn url<'v>(value: &'v str, schemes: &[&str]) -> Option<Cow<'v, str>> {
    let url = Url::parse(value).ok()?;
    let fits = schemes.contains(&url.scheme()) && url.username().is_empty() && url.password().is_none();
    let url = String::from(url);
    (fits && url.len() <= MAX_URL).then(|| if url == value { Cow::Borrowed(value) } else { Cow::Owned(url) })
}

/// `12` or `50%`.
fn is_measure(value: &str) -> bool {
    number(value.strip_suffix('%').unwrap_or(value)).is_some_and(|number| number <= style::MAX_NUMBER)
}

fn number(value: &str) -> Option<u32> {
    // no sign
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok())?
}

fn is_word(value: &str) -> bool {
    (1..=MAX_WORD).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_hex(value: &str) -> bool {
    matches!(value.len(), 3 | 6) && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}
