//! How the appliance is configured: what holds, and where it is changed. The file and the
//! environment are the one place to change it; this page reads.

use std::path::Path;

use actix_web::HttpRequest;
use askama::Template;
use estampe_domain::Right;
use estampe_texts::key;

use crate::console::people::here;
use crate::console::shell::{Section, Shell};
use crate::locale::Lang;
use crate::respond::Reply;
use crate::session::Desk;
use crate::state::SettingFact;

/// The sections of the file, in its order, with their words. Keys that stand in none of them
/// belong to the appliance itself.
const SECTIONS: &[(&str, &str)] = &[
    ("", "settings-appliance"),
    ("listen", "settings-listen"),
    ("public", "settings-public"),
    ("internal", "settings-internal"),
    ("database", "settings-database"),
    ("backup", "settings-backup"),
    ("tls", "settings-tls"),
    ("acme", "settings-acme"),
    ("proxy", "settings-proxy"),
    ("limits", "settings-limits"),
    ("smtp", "settings-smtp"),
    ("plugins", "settings-plugins"),
    ("egress", "settings-egress"),
    ("sync", "settings-sync"),
    ("privacy", "settings-privacy"),
    ("security", "settings-security"),
    ("sign_in", "settings-sign-in"),
    ("log", "settings-log"),
];

/// The page.
#[derive(Template)]
#[template(path = "console/settings.html")]
pub(crate) struct SettingsPage<'a> {
    pub(crate) l: &'a Lang,
    pub(crate) s: Shell,
    pub(crate) facts: &'a [SettingFact],
}

impl SettingsPage<'_> {
    /// What stands together: its name, its words, its values.
    fn sections(&self) -> Vec<(&'static str, &'static str, Vec<&SettingFact>)> {
        let named = |name: &str| SECTIONS.iter().any(|(known, _)| *known == name);
        let section = |(name, words): &(&'static str, &'static str)| {
            let within = |fact: &&SettingFact| {
                let of = fact.key.split_once('.').map_or("", |(section, _)| section);
                // a section that nobody put into words is not left out
                of == *name || (name.is_empty() && !named(of))
            };
            (*name, *words, self.facts.iter().filter(within).collect::<Vec<_>>())
        };
        SECTIONS.iter().map(section).filter(|(.., facts)| !facts.is_empty()).collect()
    }

    /// A key in pieces: a line that is too narrow breaks between two.
    fn pieces<'a>(&self, fact: &'a SettingFact) -> std::str::SplitInclusive<'a, [char; 2]> {
        fact.key.split_inclusive(['.', '_'])
    }

    /// Where a value comes from.
    fn place(&self, fact: &SettingFact) -> String {
        match fact.place.as_deref() {
            None => self.l.t("settings-default").to_string(),
            Some("environment") => {
                self.l.t("settings-environment").with("variable", variable(&fact.key).as_str()).to_string()
            }
            Some(file) => file.to_owned(),
        }
    }

    /// The file in which something stands, or the one that there would be.
    fn file(&self) -> &str {
        let mut files = self.facts.iter().filter_map(|fact| fact.place.as_deref());
        let is_file = |place: &str| Path::new(place).extension().is_some_and(|end| end == "toml");
        let is_main = |place: &&str| is_file(place) && !place.contains("/conf.d/");
        files.find(is_main).unwrap_or("/etc/estampe/estampe.toml")
    }
}

/// The variable of the environment that sets a key.
fn variable(key: &str) -> String {
    format!("ESTAMPE_{}", key.replace('.', "__").to_uppercase())
}

/// `GET /settings`
pub(crate) async fn show(desk: Desk, request: HttpRequest) -> Reply {
    desk.needs(Right::HealthRead)?;
    let s = Shell::new(&desk, Section::Settings, here(&request));
    let facts = desk.setting_facts();
    desk.page(&SettingsPage { l: &desk.l, s, facts: &facts })
}

/// The words of what a listener, its certificate or a configuration read anew warns of: a title, and what to do.
pub(crate) fn warning(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "acme_no_certificate" => (key("home-acme-none-title"), key("home-acme-text")),
        "acme_failing" => (key("home-acme-failing-title"), key("home-acme-text")),
        "certificate_not_reloaded" => (key("home-certificate-files-title"), key("home-certificate-files-text")),
        "certificate_ended" => (key("home-certificate-ended-title"), key("home-certificate-text")),
        "certificate_ends_soon" => (key("home-certificate-soon-title"), key("home-certificate-text")),
        "configuration_refused" => (key("home-refused-title"), key("home-refused-text")),
        "local_ca_ends_soon" => (key("home-ca-soon-title"), key("home-ca-text")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_variable() {
        assert_eq!(variable("listen.public"), "ESTAMPE_LISTEN__PUBLIC");
        assert_eq!(variable("data_dir"), "ESTAMPE_DATA_DIR");
    }
}
