//! What the template makes of people, natively.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attributes, Rendered, SignatureInput, SignatureTemplate};
use estampe_plugin_signature_banner::SignatureBanner;

fn zoe() -> SignatureInput {
    let person = Attributes::default()
        .with_text("displayName", "Zoé Lefèvre-Núñez")
        .with_text("title", "Ingénieure R&D")
        .with_text("department", "Études")
        .with_text("telephoneNumber", "+33 (0)5 62 00 00 00")
        .with_text("mail", "zoe@garonne.example");
    let organisation = Attributes::default()
        .with_text("o", "Garonne <SA>")
        .with_text("street", "1 rue du Taur$Bâtiment B")
        .with_text("postalCode", "31000")
        .with_text("l", "Toulouse");
    SignatureInput { person, organisation, locale: "fr".into(), day: "2026-07-14".into() }
}

fn campaign() -> ScriptedHost {
    ScriptedHost::new()
        .with_config("banner", "https://www.garonne.example/salon.png")
        .with_config("banner-alt-fr", "Le salon « Air & Espace »")
        .with_config("banner-link", "https://www.garonne.example/salon?a=1&b=2")
}

fn rendered(host: &ScriptedHost, input: &SignatureInput) -> Rendered {
    SignatureBanner::render(host, input).unwrap()
}

#[test]
fn everything_that_is_known_stands_there() {
    let host = campaign().with_config("banner-height", "90").with_config("legal-notice-fr", "Mention.");
    let Rendered { html, text } = rendered(&host, &zoe());
    for part in [
        "border-left:3px solid #1a4d8f",
        "Ingénieure R&amp;D&nbsp;· Études<br>",
        "1 rue du Taur, Bâtiment B, 31000 Toulouse",
        "<tr><td lang=\"fr\" style=\"padding:14px 0 0 0\">\
         <a href=\"https://www.garonne.example/salon?a=1&amp;b=2\"><img src=\"https://www.garonne.example/salon.png\" \
         width=\"480\" height=\"90\" border=\"0\" alt=\"Le salon « Air &amp; Espace »\"",
        ">Mention.</td></tr></tbody></table>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert_eq!(
        text,
        "Zoé Lefèvre-Núñez\nIngénieure R&D · Études\nGaronne <SA>\nTél.\u{a0}: +33 (0)5 62 00 00 00\n\
         zoe@garonne.example\n1 rue du Taur\nBâtiment B\n31000 Toulouse\n\nLe salon « Air & Espace »\n\
         https://www.garonne.example/salon?a=1&b=2\n\nMention."
    );
}

#[test]
fn without_a_banner_it_is_a_signature_all_the_same() {
    let host =
        ScriptedHost::new().with_config("banner-alt-fr", "Le salon").with_config("banner-link", "https://a.example");
    let Rendered { html, text } = rendered(&host, &zoe());
    assert!(!html.contains("<img") && !html.contains("a.example") && !text.contains("salon"), "{html}");
}

#[test]
fn a_banner_needs_no_link() {
    let host = ScriptedHost::new().with_config("banner", "cid:b@a.example").with_config("banner-alt-en", "The fair");
    let Rendered { html, text } = rendered(&host, &zoe());
    assert!(html.contains("<img src=\"cid:b@a.example\"") && !html.contains("<a href=\"http"), "{html}");
    // the English words where there are no French ones
    assert!(text.ends_with("\n\nThe fair"), "{text}");
}

#[test]
fn a_wrong_configuration_says_what_would_be_right() {
    for (host, words) in [
        (ScriptedHost::new().with_config("banner", "https://a.example/b.png"), "banner-alt-fr"),
        (
            campaign().with_config("banner", "http://a.example/b.png"),
            "`banner` is an address that begins with https://",
        ),
        (campaign().with_config("banner-link", "javascript:alert(1)"), "`banner-link`"),
        (campaign().with_config("banner-link", "www.garonne.example"), "begins with https://"),
        (campaign().with_config("banner-width", "wide"), "`banner-width` is \"wide\""),
    ] {
        let failure = SignatureBanner::render(&host, &zoe()).unwrap_err();
        assert!(failure.message.contains(words), "{failure:?}");
    }
}

#[test]
fn the_manifest_asks_for_what_it_describes() {
    let manifest = include_str!("../plugin.toml");
    let described = SignatureBanner::describe();
    for name in described.person_attributes.iter().chain(&described.organisation_attributes) {
        assert!(manifest.contains(&format!("    \"{name}\",\n")), "{name}");
    }
}
