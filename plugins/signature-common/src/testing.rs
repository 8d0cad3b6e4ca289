//! The people and configurations that each template is tried on.

use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{Attributes, SignatureInput};

use crate::facts;

/// Inputs from nearly nothing to far too much, each with what it is; in French and English.
pub fn inputs() -> Vec<(String, SignatureInput)> {
    let long = |of: &str, count: usize| vec![of; count].join(" ");
    let garonne = Attributes::default()
        .with_text("o", "Garonne & <Fils>")
        .with_text("labeledURI", "https://www.garonne.example/ Site")
        .with_text("street", "1 rue du Taur$Bâtiment \"B\"")
        .with_text("postalCode", "31000")
        .with_text("l", "Toulouse")
        .with_text("co", "France");
    let zoe = Attributes::default()
        .with_text("displayName", "Zoé Lefèvre-Núñez")
        .with_text("title", "Ingénieure R&D")
        .with_text("department", "Études")
        .with_text("telephoneNumber", "+33 (0)5 62 00 00 00")
        .with_text("mobile", "06 00 00 00 00")
        .with_text("mail", "zoe@garonne.example");
    let mut crowded = Attributes::default()
        .with_text("displayName", &long("Marie-Antoinette-Joséphine", 6))
        .with_text("title", &long("Directrice générale adjointe", 6))
        .with_text("department", &long("Transformation & conformité", 6))
        .with_text("o", &long("Société <garonnaise> de l'aéronautique", 4))
        .with_text("mail", &format!("{}@garonne.example", "marie.antoinette.".repeat(3)))
        .with_text("labeledURI", &format!("https://www.garonne.example/{}", "chemin/".repeat(20)))
        .with_text("street", &long("12345 boulevard du Maréchal-de-Lattre-de-Tassigny", 3))
        .with_text("postalCode", "31000")
        .with_text("l", "Villefranche-de-Lauragais");
    for number in 1..=5 {
        crowded = crowded
            .with_text("telephoneNumber", &format!("+33 (0)5 62 00 00 0{number} poste 12"))
            .with_text("mobile", &format!("+33 6 00 00 00 0{number}"));
    }
    let name = |name: &str| Attributes::default().with_text("cn", name);
    let people = [
        ("a name alone", name("Zoé"), Attributes::default()),
        ("an ordinary person", zoe.clone(), garonne.clone()),
        ("a mailbox and no number", name("Support").with_text("mail", "support@garonne.example"), garonne.clone()),
        ("a number that is none", zoe.clone().with_text("telephoneNumber", "poste interne"), garonne.clone()),
        (
            "an Arabic name",
            name("ليلى الحسيني").with_text("title", "مهندسة").with_text("mobile", "+212 600-000000"),
            garonne.clone(),
        ),
        ("a Hebrew name", name("ליאור בן־דוד").with_text("o", "גרון").with_text("l", "תל אביב"), garonne.clone()),
        (
            "hostile",
            name("<script>alert('x')</script>\"'&").with_text("mail", "\"><img src=x>@a.example"),
            garonne.clone(),
        ),
        ("far too much", crowded, garonne),
    ];
    let both = people.into_iter().flat_map(|(what, person, organisation)| {
        ["fr", "en-GB"].map(|locale| {
            let (person, organisation) = (person.clone(), organisation.clone());
            let input = SignatureInput { person, organisation, locale: locale.into(), day: "2026-07-14".into() };
            (format!("{what}, {locale}"), input)
        })
    });
    both.collect()
}

/// Somebody with a name, and these texts for all else that a template may show.
pub fn typed(texts: &[String]) -> SignatureInput {
    let names = facts::OF_PEOPLE.iter().filter(|name| **name != "displayName");
    let name = Attributes::default().with_text("displayName", "Zoé");
    let person = names.zip(texts).fold(name, |person, (name, text)| person.with_text(name, text));
    SignatureInput { person, locale: "fr".into(), day: "2026-07-14".into(), ..SignatureInput::default() }
}

/// Configurations with a logo, a notice of 3,000 characters and accents that can be read,
/// each with what it is. `more` sets what a template has of its own.
pub fn hosts(more: impl Fn(ScriptedHost) -> ScriptedHost) -> Vec<(&'static str, ScriptedHost)> {
    let logo = |host: ScriptedHost| {
        host.with_config("logo", "https://www.garonne.example/logo.png?a=1&b=2")
            .with_config("logo-width", "120")
            .with_config("logo-height", "48")
    };
    let notice = "Ce message est confidentiel ; s’il ne vous est pas destiné, détruisez-le. ";
    let full = logo(ScriptedHost::new())
        .with_config("legal-notice-fr", "Garonne SA, 31000 Toulouse,\nRCS Toulouse 000 000 000.")
        .with_config("legal-notice-en", "Garonne SA, registered in Toulouse, no. 000 000 000.")
        .with_config("colour", "#7A1F3D");
    let long = logo(ScriptedHost::new()).with_config("legal-notice-fr", &notice.repeat(3_000 / notice.chars().count()));
    vec![
        ("bare", ScriptedHost::new()),
        ("full", more(full)),
        ("a long notice", more(long)),
        ("an attached logo", more(ScriptedHost::new().with_config("logo", "cid:logo@garonne.example"))),
    ]
}
