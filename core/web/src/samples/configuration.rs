//! A configuration as the console shows it.

use super::HOST;
use crate::state::SettingFact;

/// Some values of each kind.
pub(crate) fn settings() -> Vec<SettingFact> {
    let fact = |key: &str, value: &str, place: Option<&str>| SettingFact {
        key: key.into(),
        value: value.into(),
        place: place.map(Into::into),
        reloads: ["limits.card_leads_per_minute", "smtp.host", "smtp.username", "log.level"].contains(&key),
    };
    let file = Some("/etc/estampe/estampe.toml");
    vec![
        fact("organisation", HOST, file),
        fact("data_dir", "/var/lib/estampe", None),
        fact("listen.public", "0.0.0.0:8443", None),
        fact("public.origin", "https://cartes.banque-garonne.example", file),
        fact("limits.card_leads_per_minute", "30", None),
        fact("smtp.host", "mail.banque-garonne.example", file),
        fact("smtp.username", "estampe", Some("environment")),
        fact("tls.names", "localhost", None),
        fact("privacy.contact", "", None),
        fact("sign_in.breached_passwords_file", "/var/lib/estampe/listes/mots-de-passe-divulgues.txt", file),
        fact("log.level", "info", None),
    ]
}
