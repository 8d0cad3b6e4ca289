//! Writes what people typed into HTML, so that it stays text.

use std::borrow::Cow;

/// A text as the content of an element or as the value of an attribute in quotes.
///
/// ```
/// use estampe_plugin_sdk::html::escape;
/// assert_eq!(escape("Dupont & <fils>"), "Dupont &amp; &lt;fils&gt;");
/// ```
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'', '\u{a0}']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{a0}' => escaped.push_str("&nbsp;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// The address of a link that calls this number (RFC 3966), none when there is no number in
/// it: `05 62 00 00 00` becomes `tel:0562000000`, `+33 (0)5 62…` becomes `tel:+33562…`.
pub fn tel(number: &str) -> Option<String> {
    // the trunk prefix that is not dialled from abroad
    let number = number.trim().replace("(0)", "");
    // what comes after is an extension, which no link can dial everywhere
    let end = number.find(|c: char| c.is_alphabetic() || ",;#".contains(c)).unwrap_or(number.len());
    let dialled = number.get(..end).unwrap_or_default();
    let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
    let plus = if dialled.starts_with('+') { "+" } else { "" };
    (digits.len() >= 2).then(|| format!("tel:{plus}{digits}"))
}

/// The address of a link to a web page, none when it is none. What people type without a
/// scheme gets `https:`; `labeledURI` (RFC 2079) may have a label behind it.
pub fn web(address: &str) -> Option<String> {
    let address = address.split_whitespace().next()?;
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let scheme = scheme.to_ascii_lowercase();
    let fits = matches!(scheme.as_str(), "http" | "https") && rest.contains('.') && !rest.contains(['@', '\\']);
    fits.then(|| format!("{scheme}://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_typed_stays_text() {
        assert_eq!(escape("Zoé"), "Zoé");
        assert_eq!(escape("<a href=\"x\">L'été&\u{a0}!"), "&lt;a href=&quot;x&quot;&gt;L&#39;été&amp;&nbsp;!");
    }

    #[test]
    fn numbers_become_links() {
        for (number, link) in [
            ("05 62 00 00 00", Some("tel:0562000000")),
            ("+33 (0)5 62-00.00 00", Some("tel:+33562000000")),
            ("+33 5 62 00 00 00 poste 12", Some("tel:+33562000000")),
            ("none", None),
            ("", None),
        ] {
            assert_eq!(tel(number).as_deref(), link, "{number}");
        }
    }

    #[test]
    fn addresses_become_links() {
        for (address, link) in [
            ("https://garonne.example/a b", Some("https://garonne.example/a")),
            ("garonne.example", Some("https://garonne.example")),
            ("HTTP://garonne.example", Some("http://garonne.example")),
            ("javascript:alert(1)", None),
            ("ftp://garonne.example", None),
            ("https://a@b.example", None),
            ("none", None),
            (" ", None),
        ] {
            assert_eq!(web(address).as_deref(), link, "{address}");
        }
    }
}
