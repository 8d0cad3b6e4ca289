//! What the template makes of people, natively.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attributes, Rendered, SignatureInput, SignatureTemplate};
use estampe_plugin_signature_classic::SignatureClassic;

fn zoe() -> SignatureInput {
    let person = Attributes::default()
        .with_text("displayName", "Zoé Lefèvre-Núñez")
        .with_text("title", "Ingénieure R&D")
        .with_text("department", "Études")
        .with_text("telephoneNumber", "+33 (0)5 62 00 00 00")
        .with_text("mobile", "06 00 00 00 00")
        .with_text("mail", "zoe@garonne.example");
    let organisation = Attributes::default()
        .with_text("o", "Garonne <SA>")
        .with_text("labeledURI", "https://www.garonne.example/ Site")
        .with_text("street", "1 rue du Taur$Bâtiment B")
        .with_text("postalCode", "31000")
        .with_text("l", "Toulouse")
        .with_text("co", "France");
    SignatureInput { person, organisation, locale: "fr".into(), day: "2026-07-14".into() }
}

fn rendered(host: &ScriptedHost, input: &SignatureInput) -> Rendered {
    SignatureClassic::render(host, input).unwrap()
}

#[test]
fn everything_that_is_known_stands_there() {
    let host = ScriptedHost::new()
        .with_config("logo", "https://www.garonne.example/l.png?a=1&b=2")
        .with_config("logo-height", "48")
        .with_config("legal-notice-fr", "Pensez à l’arbre\navant d’imprimer.");
    let Rendered { html, text } = rendered(&host, &zoe());
    assert_eq!(
        text,
        "Zoé Lefèvre-Núñez\nIngénieure R&D · Études\nGaronne <SA>\nTél.\u{a0}: +33 (0)5 62 00 00 00\n\
         Mobile\u{a0}: 06 00 00 00 00\nzoe@garonne.example\nhttps://www.garonne.example/\n1 rue du Taur\n\
         Bâtiment B\n31000 Toulouse\nFrance\n\nPensez à l’arbre\navant d’imprimer."
    );
    for part in [
        "src=\"https://www.garonne.example/l.png?a=1&amp;b=2\" width=\"96\" height=\"48\" border=\"0\" alt=\"Garonne &lt;SA&gt;\"",
        "<td lang=\"fr\"",
        "Ingénieure R&amp;D · Études<br>",
        "Tél.&nbsp;: <a href=\"tel:+33562000000\"",
        "href=\"mailto:zoe@garonne.example\"",
        ">www.garonne.example</a><br>1 rue du Taur<br>Bâtiment B<br>31000 Toulouse<br>France</td>",
        "<td colspan=\"2\" lang=\"fr\"",
        "Pensez à l’arbre<br>avant d’imprimer.",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn every_link_has_its_words_and_the_card_is_one() {
    let mut input = zoe();
    let links = ["https://social.example/zoe Zoé on Social", "https://blog.example/", "javascript:alert(1) X"];
    input.person = links.into_iter().fold(input.person, |person, link| person.with_text("labeledURI", link));
    input.person = input.person.with_text("profileUrl", "https://cards.garonne.example/c/abc");
    let Rendered { html, text } = rendered(&ScriptedHost::new(), &input);
    for part in [
        ">www.garonne.example</a>",
        "href=\"https://social.example/zoe\"",
        ">Zoé on Social</a>",
        ">blog.example</a>",
        "href=\"https://cards.garonne.example/c/abc\"",
        ">Ma carte de visite</a>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("javascript"), "{html}");
    for line in [
        "Zoé on Social\u{a0}: https://social.example/zoe\n",
        "\nhttps://blog.example/\n",
        "\nMa carte de visite\u{a0}: https://cards.garonne.example/c/abc\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn little_is_enough() {
    let person = Attributes::default().with_text("givenName", "Zoé").with_text("sn", "Lefèvre");
    let input = SignatureInput { person, locale: "en-GB".into(), ..SignatureInput::default() };
    let Rendered { html, text } = rendered(&ScriptedHost::new(), &input);
    assert_eq!(text, "Zoé Lefèvre");
    assert!(html.contains("lang=\"en\"") && !html.contains("<img") && !html.contains("<br>"), "{html}");
    let failure = SignatureClassic::render(&ScriptedHost::new(), &SignatureInput::default()).unwrap_err();
    assert!(failure.message.contains("displayName"), "{failure:?}");
}

#[test]
fn english_has_its_own_words() {
    let host = ScriptedHost::new().with_config("legal-notice-fr", "Mention");
    let mut input = zoe();
    input.locale = "en".into();
    let text = rendered(&host, &input).text;
    assert!(text.contains("Phone: +33") && text.ends_with("\n\nMention"), "{text}");
}

#[test]
fn a_persons_own_address_comes_first() {
    let mut input = zoe();
    input.person = input.person.with_text("l", "Pau").with_text("o", "Garonne Pau");
    let text = rendered(&ScriptedHost::new(), &input).text;
    assert!(text.ends_with("garonne.example/\nPau") && text.contains("Garonne Pau\n"), "{text}");
}

#[test]
fn a_wrong_configuration_says_what_would_be_right() {
    for (key, value, words) in
        [("logo", "http://www.garonne.example/l.png", "https://"), ("colour", "red;position:fixed", "#rrggbb")]
    {
        let failure = SignatureClassic::render(&ScriptedHost::new().with_config(key, value), &zoe()).unwrap_err();
        assert!(failure.message.contains(words) && failure.message.contains(key), "{failure:?}");
    }
}

#[test]
fn the_manifest_asks_for_what_it_describes() {
    let manifest = include_str!("../plugin.toml");
    let described = SignatureClassic::describe();
    for name in described.person_attributes.iter().chain(&described.organisation_attributes) {
        assert!(manifest.contains(&format!("    \"{name}\",\n")), "{name}");
    }
}
