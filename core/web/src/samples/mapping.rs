//! A preview of a mapping.

use estampe_domain::mapping::Mapping;
use estampe_domain::mapping::Target;
use estampe_domain::person::NotAPerson;
use estampe_service::{MappingPreview, PreviewedPerson, SeenAttribute};

use super::profile;

pub(crate) fn preview() -> MappingPreview {
    let shown = |name: &str| {
        let mut profile = profile();
        profile.display_name = name.parse().unwrap();
        let shown = Mapping::standard().rules.keys().map(|target| (*target, target.shown(&profile)));
        shown.filter(|(_, text)| !text.is_empty()).collect::<Vec<(Target, String)>>()
    };
    let person = |position: &str, shown, left_out: &[&str]| PreviewedPerson {
        position: position.into(),
        shown,
        left_out: left_out.iter().map(|what| (*what).to_owned()).collect(),
    };
    let seen = |name: &str, sample: &str| SeenAttribute { name: name.into(), sample: sample.into() };
    MappingPreview {
        people: vec![
            person("line 19", Ok(shown("Zoé Lefèvre-Núñez")), &[]),
            person(
                "line 41",
                Ok(shown("Karim Benali")),
                &["mail", "title: tried to use + operator on unsupported types"],
            ),
            person("line 60", Err(NotAPerson::NoNameNoMail), &[]),
            person("line 72", Ok(shown("Maximilian-Konstantin von Hohenlohe-Waldenburg-Schillingsfürst")), &[]),
        ],
        attributes: vec![
            seen("cn", "Zoé Lefèvre-Núñez"),
            seen("labeledURI", "https://rdv.banque-garonne.example/zoe.lefevre Prendre rendez-vous"),
            seen("physicalDeliveryOfficeName", "Agence de Toulouse"),
            seen("telephoneNumber", "05 61 00 42 17"),
        ],
    }
}
