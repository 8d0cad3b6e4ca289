//! What Gmail makes of the HTML of a signature: the same to look at, other octets.

use std::collections::BTreeMap;

/// Elements that do not survive, with what is in them.
const GONE: [&str; 4] = ["script", "style", "iframe", "object"];

/// Rewrites: names in small letters, attributes in the order of the alphabet with double
/// quotes, styles without their last semicolon, no comments, no scripts, no handlers, no classes.
pub(crate) fn rewritten(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        if rest.starts_with("<!") {
            let (open, close) = if rest.starts_with("<!--") { ("<!--", "-->") } else { ("<!", ">") };
            let end = rest[open.len()..].find(close);
            rest = end.map_or("", |end| &rest[open.len() + end + close.len()..]);
            continue;
        }
        let Some((tag, after)) = tag(rest) else {
            out.push_str("&lt;");
            rest = &rest[1..];
            continue;
        };
        rest = after;
        if GONE.contains(&tag.name.as_str()) {
            if !tag.closing {
                let close = format!("</{}", tag.name);
                let end = rest.to_ascii_lowercase().find(&close);
                rest = end.map_or("", |end| rest[end..].split_once('>').map_or("", |(_, after)| after));
            }
            continue;
        }
        out.push_str(&tag.written());
    }
    out.push_str(rest);
    out
}

struct Tag {
    name: String,
    closing: bool,
    attributes: BTreeMap<String, String>,
}

impl Tag {
    fn written(&self) -> String {
        if self.closing {
            return format!("</{}>", self.name);
        }
        let attributes: String = self
            .attributes
            .iter()
            .map(|(name, value)| format!(" {name}=\"{}\"", value.replace('"', "&quot;")))
            .collect();
        format!("<{}{attributes}>", self.name)
    }
}

/// The tag at the beginning, and what follows it.
fn tag(text: &str) -> Option<(Tag, &str)> {
    let mut rest = text.strip_prefix('<')?;
    let closing = rest.starts_with('/');
    rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric())?;
    if end == 0 {
        return None;
    }
    let mut tag = Tag { name: rest[..end].to_ascii_lowercase(), closing, attributes: BTreeMap::new() };
    rest = &rest[end..];
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((tag, after));
        }
        let end = rest.find(|letter: char| letter.is_ascii_whitespace() || "=>/".contains(letter))?;
        let name = rest[..end.max(1)].to_ascii_lowercase();
        rest = rest[end.max(1)..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let (found, left) = match after.chars().next()? {
                quote @ ('"' | '\'') => after[1..].split_once(quote)?,
                _ => after.split_at(after.find(|letter: char| letter.is_ascii_whitespace() || letter == '>')?),
            };
            found.clone_into(&mut value);
            rest = left;
        }
        if name == "style" {
            value = value.split(';').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(";");
            value = value.replace(": ", ":");
        }
        let harmful = name.starts_with("on") || value.trim_start().to_ascii_lowercase().starts_with("javascript:");
        if !harmful && name != "class" {
            tag.attributes.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rewritten;

    #[test]
    fn a_signature_comes_back_otherwise() {
        let given = "<TABLE width='10' cellpadding=0 class=x><tr><td style=\"color: red; \" onclick='x()'>a < b</td></tr>\
                     </TABLE><!-- c --><br/><script>alert('<b>')</script><a href='javascript:x'>n</a>";
        let wanted = "<table cellpadding=\"0\" width=\"10\"><tr><td style=\"color:red\">a &lt; b</td></tr>\
                      </table><br><a>n</a>";
        assert_eq!(rewritten(given), wanted);
        assert_eq!(rewritten(wanted), wanted, "twice is once");
    }
}
