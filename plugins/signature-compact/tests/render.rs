//! What the template makes of people, natively.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attributes, Rendered, SignatureInput, SignatureTemplate};
use estampe_plugin_signature_compact::SignatureCompact;

fn zoe() -> SignatureInput {
    let person = Attributes::default()
        .with_text("displayName", "Zoé Lefèvre-Núñez")
        .with_text("title", "Ingénieure R&D")
        .with_text("department", "Études")
        .with_text("telephoneNumber", "+33 (0)5 62 00 00 00")
        .with_text("telephoneNumber", "+33 (0)5 62 00 00 99")
        .with_text("mobile", "06 00 00 00 00")
        .with_text("mail", "zoe@garonne.example");
    let organisation = Attributes::default()
        .with_text("o", "Garonne <SA>")
        .with_text("labeledURI", "https://www.garonne.example/ Site")
        .with_text("l", "Toulouse");
    SignatureInput { person, organisation, locale: "fr".into(), day: "2026-07-14".into() }
}

fn rendered(host: &ScriptedHost, input: &SignatureInput) -> Rendered {
    SignatureCompact::render(host, input).unwrap()
}

#[test]
fn two_lines_say_it_all() {
    let Rendered { html, text } = rendered(&ScriptedHost::new(), &zoe());
    assert_eq!(html.matches("<br>").count(), 1, "{html}");
    for part in [
        ">Zoé Lefèvre-Núñez</strong>&nbsp;· Ingénieure R&amp;D&nbsp;· Garonne &lt;SA&gt;<br>",
        "Tél.&nbsp;: <a href=\"tel:+33562000000\"",
        "Mobile&nbsp;: <a href=\"tel:0600000000\"",
        "href=\"mailto:zoe@garonne.example\"",
        "border-left:2px solid #1a4d8f",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    // one number of a kind, and neither department nor address
    for part in ["00 00 99", "Études", "Toulouse", "<img"] {
        assert!(!html.contains(part) && !text.contains(part), "{part} in {html}");
    }
    assert_eq!(
        text,
        "Zoé Lefèvre-Núñez · Ingénieure R&D · Garonne <SA>\nTél.\u{a0}: +33 (0)5 62 00 00 00\n\
         Mobile\u{a0}: 06 00 00 00 00\nzoe@garonne.example\nhttps://www.garonne.example/"
    );
}

#[test]
fn little_is_enough() {
    let person = Attributes::default().with_text("cn", "Zoé").with_text("mobile", "06 00 00 00 00");
    let input = SignatureInput { person, locale: "en-GB".into(), ..SignatureInput::default() };
    assert_eq!(rendered(&ScriptedHost::new(), &input).text, "Zoé\nMobile: 06 00 00 00 00");
    let person = Attributes::default().with_text("cn", "Zoé");
    let input = SignatureInput { person, locale: "en".into(), ..SignatureInput::default() };
    let Rendered { html, text } = rendered(&ScriptedHost::new(), &input);
    assert!(text == "Zoé" && html.contains("lang=\"en\"") && !html.contains("<br>"), "{html}");
    let failure = SignatureCompact::render(&ScriptedHost::new(), &SignatureInput::default()).unwrap_err();
    assert!(failure.message.contains("displayName"), "{failure:?}");
}

#[test]
fn logo_and_notice_stand_where_they_are_set() {
    let host = ScriptedHost::new()
        .with_config("logo", "https://www.garonne.example/l.png")
        .with_config("logo-height", "24")
        .with_config("legal-notice-en", "Confidential.");
    let Rendered { html, text } = rendered(&host, &zoe());
    let logo =
        "src=\"https://www.garonne.example/l.png\" width=\"36\" height=\"24\" border=\"0\" alt=\"Garonne &lt;SA&gt;\"";
    assert!(html.contains(logo) && html.contains("<td colspan=\"2\" lang=\"fr\""), "{html}");
    assert!(text.ends_with("\n\nConfidential."), "{text}");
}

#[test]
fn an_accent_that_cannot_be_read_colours_the_line_alone() {
    let html = rendered(&ScriptedHost::new().with_config("colour", "#ffd200"), &zoe()).html;
    assert!(html.contains("solid #ffd200") && !html.contains("color:#ffd200"), "{html}");
    let html = rendered(&ScriptedHost::new().with_config("colour", "#7a1f3d"), &zoe()).html;
    assert!(html.contains("solid #7a1f3d") && html.contains("\"color:#7a1f3d"), "{html}");
    let failure = SignatureCompact::render(&ScriptedHost::new().with_config("colour", "red"), &zoe()).unwrap_err();
    assert!(failure.message.contains("#rrggbb"), "{failure:?}");
}

#[test]
fn the_manifest_asks_for_what_it_describes() {
    let manifest = include_str!("../plugin.toml");
    let described = SignatureCompact::describe();
    for name in described.person_attributes.iter().chain(&described.organisation_attributes) {
        assert!(manifest.contains(&format!("    \"{name}\",\n")), "{name}");
    }
    let asked = manifest.lines().filter(|line| line.starts_with("    \"")).count();
    assert_eq!(asked, described.person_attributes.len());
}
