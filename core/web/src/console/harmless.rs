//! HTML that stands in somebody's mailbox, as it may be shown here: nothing in it acts, nothing is
//! loaded, no link leads anywhere. What its frame is allowed says the same once more
//! ([`super::publication`]).

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use estampe_domain::signature::is_soon_read;

/// Attributes that only lay out.
const LAYOUT: [&str; 16] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "lang",
    "rowspan",
    "size",
    "style",
    "valign",
    "width",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    cleaner
        .add_tags(["font"])
        .rm_tags(["map", "area"])
        .add_generic_attributes(LAYOUT)
        .rm_tag_attributes("a", ["href", "hreflang"])
        .url_schemes(HashSet::from(["data"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .attribute_filter(shown);
    cleaner
});

/// The HTML that is shown; none when it is so tangled that no parser should read it.
pub(crate) fn harmless(html: &str) -> Option<String> {
    is_soon_read(html).then(|| CLEANER.clean(html).to_string())
}

fn shown<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    match (element, attribute) {
        ("img", "src") => value.trim_start().starts_with("data:image/").then_some(value.into()),
        (_, "src" | "cite" | "href") => None,
        (_, "style") => Some(still(value).into()),
        _ => Some(value.into()),
    }
}

/// Declarations of a style that fetch nothing and stay in their place.
fn still(style: &str) -> String {
    let moves = |declaration: &&str| {
        let text = declaration.to_ascii_lowercase();
        ["url", "image", "\\", "@", "expression", "position", "behavior", "binding"]
            .iter()
            .any(|word| text.contains(word))
    };
    style.split(';').filter(|declaration| !moves(declaration)).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_or_fetches_is_not_shown() {
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=https://evil.example/x onerror=alert(1)>",
            "<img src='data:text/html,<script>alert(1)</script>'>",
            "<img srcset='https://evil.example/x 1x'>",
            "<a href='javascript:alert(1)'>A</a>",
            "<a href='https://evil.example/' ping='https://evil.example/'>A</a>",
            "<link rel=preconnect href=https://evil.example>",
            "<link rel=stylesheet href=https://evil.example/a.css>",
            "<meta http-equiv=refresh content='0;url=https://evil.example'>",
            "<base href=https://evil.example/>",
            "<style>@import 'https://evil.example/a.css'; *{background:url(https://evil.example/b)}</style>",
            "<p style='background:url(https://evil.example/x)'>A</p>",
            "<p style='background:\\75rl(https://evil.example/x)'>A</p>",
            "<p style='background-image:image-set(\"https://evil.example/x\" 1x)'>A</p>",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
            "<object data=https://evil.example></object><embed src=https://evil.example>",
            "<svg><image href=https://evil.example/x /><script>alert(1)</script></svg>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<form action=https://evil.example><input autofocus onfocus=alert(1)><button>A</button></form>",
            "<video poster=https://evil.example/x src=https://evil.example/y></video>",
            "<table background=https://evil.example/x><tr><td>A</td></tr></table>",
            "<blockquote cite=https://evil.example/x>A</blockquote>",
            "<a href=//evil.example>A</a><img src=//evil.example/x>",
        ] {
            let shown = harmless(hostile).unwrap();
            for word in ["evil", "script", "alert", "on", "url", "href", "<form", "<input", "<iframe", "<meta", "<link"]
            {
                let inside = if word == "on" { shown.contains(" on") } else { shown.contains(word) };
                assert!(!inside, "{hostile}\n{shown}");
            }
        }
        assert_eq!(harmless(&("<b>".repeat(2_000) + &"<p>".repeat(2_000))), None);
    }

    #[test]
    fn what_a_signature_looks_like_stays() {
        let mine = "<div dir=\"ltr\"><b style=\"color:#1a4d8f;position:fixed\">Zoé</b><br><font color=\"#888888\" size=\"2\">\
                    Banque</font> <img src=\"data:image/png;base64,AAAA\" alt=\"Logo\" width=\"9\"> <a href=\"https://a/\">Site</a></div>";
        let shown = harmless(mine).unwrap();
        for kept in
            ["style=\"color:#1a4d8f\"", "size=\"2\"", "data:image/png;base64,AAAA", "alt=\"Logo\"", "<a>Site</a>"]
        {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
    }
}
