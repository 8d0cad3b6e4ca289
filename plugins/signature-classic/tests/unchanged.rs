//! What this template renders is compared with what stands in mailboxes: a byte that
//! changes is a signature that is written anew for everybody.

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attributes, Rendered, SignatureInput, SignatureTemplate};
use estampe_plugin_signature_classic::SignatureClassic;

fn zoe(locale: &str) -> SignatureInput {
    let person = Attributes::default()
        .with_text("displayName", "Zoé Lefèvre-Núñez")
        .with_text("title", "Ingénieure R&D")
        .with_text("department", "Études")
        .with_text("telephoneNumber", "+33 (0)5 62 00 00 00")
        .with_text("telephoneNumber", "poste interne")
        .with_text("mobile", "06 00 00 00 00")
        .with_text("mail", "zoe@garonne.example");
    let organisation = Attributes::default()
        .with_text("o", "Garonne <SA>")
        .with_text("labeledURI", "https://www.garonne.example/ Site")
        .with_text("street", "1 rue du Taur$Bâtiment \"B\"")
        .with_text("postalCode", "31000")
        .with_text("l", "Toulouse")
        .with_text("co", "France");
    SignatureInput { person, organisation, locale: locale.into(), day: "2026-07-14".into() }
}

#[test]
fn what_is_rendered_stays_byte_for_byte() {
    let bare = ScriptedHost::new();
    let full = ScriptedHost::new()
        .with_config("logo", "https://www.garonne.example/l.png?a=1&b=2")
        .with_config("logo-width", "120")
        .with_config("logo-height", "48")
        .with_config("colour", "#7a1f3d")
        .with_config("legal-notice-fr", "Pensez à l’arbre\n  avant d’imprimer ; \"merci\".");
    let little = SignatureInput {
        person: Attributes::default().with_text("givenName", "Zoé").with_text("sn", "O'Neill"),
        ..SignatureInput::default()
    };
    for (name, host, input) in [
        ("full-fr", &full, zoe("fr")),
        ("full-en", &full, zoe("en-GB")),
        ("bare-fr", &bare, zoe("fr")),
        ("little", &bare, little),
    ] {
        let Rendered { html, text } = SignatureClassic::render(host, &input).unwrap();
        for (ending, rendered) in [("html", html), ("txt", text)] {
            let file = format!("{}/tests/golden/{name}.{ending}", env!("CARGO_MANIFEST_DIR"));
            let expected = std::fs::read_to_string(&file).unwrap();
            assert_eq!(rendered, expected, "{file}");
        }
    }
}
