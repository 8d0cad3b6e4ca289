//! Hostile and ordinary signatures.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn html(html: &str) -> String {
    harmless_signature(html, "").unwrap_or_else(|failure| panic!("{html}: {failure}")).html
}

/// Looks at what was written, with means of its own.
fn is_harmless(html: &str) -> Result<(), String> {
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').ok_or("a tag is open")?;
        let name: String = tag.chars().skip_while(|c| *c == '/').take_while(char::is_ascii_alphanumeric).collect();
        if !ELEMENTS.contains(&name.as_str()) {
            return Err(format!("<{tag}>"));
        }
        let tag = tag.to_ascii_lowercase();
        let attributes = tag.split('"').step_by(2).collect::<String>();
        if attributes.split_whitespace().any(|name| name.starts_with("on")) {
            return Err(format!("a handler: <{tag}>"));
        }
        let values = tag.split('"').skip(1).step_by(2);
        for (value, name) in values.zip(tag.split('"').step_by(2)) {
            let name = name.trim().trim_end_matches('=');
            let wrong = match name.rsplit(' ').next().unwrap_or(name) {
                "href" => !["http://", "https://", "mailto:", "tel:"].iter().any(|scheme| value.starts_with(scheme)),
                "src" => !["https://", "cid:"].iter().any(|scheme| value.starts_with(scheme)),
                "style" => ["url", "expression", "position", "\\", "@", "/*"].iter().any(|bad| value.contains(bad)),
                _ => false,
            };
            if wrong {
                return Err(format!("{name}={value}"));
            }
        }
        rest = after;
    }
    Ok(())
}

#[test]
fn an_ordinary_signature_stays_as_it_is() {
    let ordinary = concat!(
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" width=\"420\" ",
        "style=\"border-collapse:collapse;font-family:'Segoe UI',Arial,sans-serif;font-size:13px\">",
        "<tbody><tr><td width=\"96\" valign=\"top\" style=\"padding:0 12px 0 0\">",
        "<img src=\"https://cartes.example.org/logo.png\" width=\"96\" height=\"48\" alt=\"Garonne &amp; fils\"></td>",
        "<td lang=\"fr\"><strong>Zoé Lefèvre-Núñez</strong><br><a href=\"tel:+33562000000\" style=\"color:#1a4d8f\">",
        "05 62 00 00 00</a><br><a href=\"mailto:zoe@garonne.example\">zoe@garonne.example</a>",
        "<img src=\"cid:logo@garonne\" width=\"1\" height=\"1\" alt=\"\"></td></tr></tbody></table>",
    );
    assert_eq!(html(ordinary), ordinary);
}

#[test]
fn what_acts_is_taken_out() {
    for (hostile, left) in [
        ("<script>alert(1)</script>a", "a"),
        ("<SCRIPT/SRC=//a.example/x.js></SCRIPT>a", "a"),
        ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)"),
        ("<b onclick=alert(1) ONMOUSEOVER='x'>a</b>", "<b>a</b>"),
        ("<img src=x onerror=alert(1)>", "<img>"),
        ("<img/src=`x`onerror=alert(1)>", "<img>"),
        ("<a href=\"javascript:alert(1)\">a</a>", "<a>a</a>"),
        ("<a href=\" java\tscript:alert(1)\">a</a>", "<a>a</a>"),
        ("<a href=\"&#106;avascript&colon;alert(1)\">a</a>", "<a>a</a>"),
        ("<a href=\"vbscript:x\">a</a><a href=\"data:text/html,x\">b</a>", "<a>a</a><a>b</a>"),
        ("<a href=\"/relative\">a</a><a href=\"//a.example/\">b</a>", "<a>a</a><a>b</a>"),
        ("<a href=\"https://bank.example@a.example/\">a</a>", "<a>a</a>"),
        ("<a href=\"https://a.example/\" target=_blank>a</a>", "<a href=\"https://a.example/\">a</a>"),
        ("<img src=\"http://a.example/x.png\" alt=\"a\">", "<img alt=\"a\">"),
        ("<img src=\"data:image/png;base64,AAAA\">", "<img>"),
        ("<img srcset=\"https://a.example/x.png 2x\">", "<img>"),
        ("<svg><a xlink:href=\"javascript:alert(1)\"><text>a</text></a></svg>b", "b"),
        ("<svg onload=alert(1)>", ""),
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
        ("<style>*{background:url(https://a.example)}</style>a", "a"),
        ("<link rel=stylesheet href=https://a.example/x.css>a", "a"),
        ("<meta http-equiv=refresh content=\"0;url=https://a.example\">a", "a"),
        ("<base href=https://a.example>a", "a"),
        ("<form action=https://a.example><input name=password><button>go</button></form>a", "a"),
        ("<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>a", "a"),
        ("<object data=x><embed src=x></object>a", "a"),
        ("<div style=\"position:fixed;top:0;color:#fff\">a</div>", "<div style=\"color:#fff\">a</div>"),
        ("<div style=\"background:url('https://a.example/x')\">a</div>", "<div>a</div>"),
        ("<td background=https://a.example/x.png>a</td>", "a"),
        ("<p style=\"width:expression(alert(1))\">a</p>", "<p>a</p>"),
        ("<!--[if mso]><script>alert(1)</script><![endif]-->a", "a"),
        ("<![if !mso]>a<![endif]>", "a"),
        ("<!-- a --!><b>b</b>", "<b>b</b>"),
        ("<b>a<i>b", "<b>a<i>b</i></b>"),
        ("<a title=\"<img src=x onerror=alert(1)>\">a</a>", "<a title=\"&lt;img src=x onerror=alert(1)&gt;\">a</a>"),
        ("<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<img>\"&gt;"),
        ("<b id=x class=y name=z data-a=b>a</b>", "<b>a</b>"),
        ("a\u{0}b\u{202e}c&#x202e;d\u{1b}", "abcd"),
        ("<html><head><title>t</title></head><body onload=x bgcolor=red>a</body></html>", "a"),
    ] {
        let cleaned = html(hostile);
        assert_eq!(is_harmless(&cleaned), Ok(()), "{hostile}");
        assert_eq!(cleaned, left, "{hostile}");
    }
}

#[test]
fn bombs_are_refused_soon() {
    let start = Instant::now();
    for bomb in ["<table><tr><td>", "<div>", "<b>", "<table>", "<a href=https://a.example/>", "<font><p>", "<svg><g>"] {
        let many = bomb.repeat(MAX_HTML / bomb.len());
        match harmless_signature(&many, "") {
            Ok(signature) => assert!(signature.html.len() <= MAX_CLEANED, "{bomb}"),
            Err(failure) => assert_eq!(failure.kind, FailKind::Limit, "{bomb}: {failure}"),
        }
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let nested =
        |count: usize| harmless_signature(&format!("{}a{}", "<div>".repeat(count), "</div>".repeat(count)), "");
    assert!(nested(MAX_DEPTH).is_ok());
    let failure = nested(MAX_DEPTH + 1).unwrap_err();
    assert!(failure.message.contains("64 elements within each other"), "{failure}");
}

#[test]
fn sizes_are_bounded() {
    let failure = harmless_signature(&"a".repeat(MAX_HTML + 1), "").unwrap_err();
    assert!(failure.kind == FailKind::Limit && failure.message.contains("65537 octets of HTML"), "{failure}");
    let failure = harmless_signature("", &"a".repeat(MAX_TEXT + 1)).unwrap_err();
    assert!(failure.message.contains("16385 octets of text"), "{failure}");
    // characters, not octets: what counts is what Gmail counts
    assert!(harmless_signature(&"é".repeat(MAX_CLEANED), "").is_ok());
    let failure = harmless_signature(&"é".repeat(MAX_CLEANED + 1), "").unwrap_err();
    assert!(failure.message.contains("10001 characters") && failure.message.contains("10000"), "{failure}");
    // what is taken out does not count
    assert_eq!(html(&format!("<style>{}</style>a", "x".repeat(60_000))), "a");
}

#[test]
fn texts_are_harmless() {
    let text = |text: &str| harmless_signature("", text).unwrap().text;
    assert_eq!(text("\r\n-- \r\nZoé\t\u{1b}[31m\u{202e}x\u{2028}y\u{85}z\r\n\r\n"), "--\nZoé\t[31mx\ny\nz");
    assert_eq!(text("\n\n"), "");
    assert_eq!(text("<b>"), "<b>");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_comes_is_harmless(parts in prop::collection::vec(prop_oneof![
        Just("<table>"), Just("<tr>"), Just("<td "), Just("</table>"), Just("<svg>"), Just("</svg>"), Just("<math>"),
        Just("<style>"), Just("</style>"), Just("<script>"), Just("</script>"), Just("<!--"), Just("-->"), Just("<a "),
        Just("href="), Just("src="), Just("style="), Just("onerror="), Just("javascript:x"), Just("'"), Just("\""),
        Just(">"), Just("<img "), Just("<form>"), Just("<mglyph>"), Just("<title>"), Just("<p>"), Just("</p>"),
        Just("<textarea>"), Just("<template>"), Just("url(x)"), Just("color:red;"), Just("&lt;"), Just("&#x3c;"),
        Just("<![CDATA["), Just("]]>"), Just("<noscript>"), Just("<select>"), Just("<b>"), Just("</b>"), Just(" "),
    ], 0..24)) {
        let hostile: String = parts.concat();
        if let Ok(signature) = harmless_signature(&hostile, &hostile) {
            prop_assert_eq!(is_harmless(&signature.html), Ok(()), "{}", hostile);
            prop_assert_eq!(html(&signature.html), signature.html, "{}", hostile);
        }
    }

    #[test]
    fn any_text_is_taken(text in "\\PC{0,200}") {
        let signature = harmless_signature(&text, &text).unwrap();
        prop_assert_eq!(is_harmless(&signature.html), Ok(()));
    }
}

#[test]
fn markup_that_a_parser_multiplies_is_refused_first() {
    let many = |count: usize| (0..count).fold(String::new(), |all, n| all + &format!("<b a={n}>"));
    for (what, bomb) in [
        ("tags", format!("<p>{}{}", many(2_000), "<p>x".repeat(8_000))),
        ("tags that format", format!("<p>{}{}", many(900), "<p>x".repeat(1_000))),
        ("tags", "<div>".repeat(10_000)),
    ] {
        let failure = harmless_signature(&bomb, "").unwrap_err();
        assert!(failure.kind == FailKind::Limit && failure.to_string().contains(what), "{failure}");
    }
    // as much as passes the counts is work of a moment, and then too large
    let most = format!("<p>{}{}", many(45), "<p>x".repeat(2_000));
    let begun = Instant::now();
    assert_eq!(harmless_signature(&most, "").unwrap_err().kind, FailKind::Limit);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
