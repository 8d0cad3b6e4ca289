//! The configuration as the console shows it: each value with the place it stands in, and no
//! secret. Secrets stand in files of their own; an address that holds one is not shown.

use estampe_web::SettingFact;
use toml::Value;

use super::{Origins, Settings};
use crate::reload;

/// What stands in the place of an address with a password.
const HIDDEN: &str = "…";

/// Every value, by its key.
pub fn shown(settings: &Settings, origins: &Origins) -> Vec<SettingFact> {
    let mut facts = Vec::new();
    if let Ok(Value::Table(table)) = Value::try_from(settings) {
        flatten("", &table, origins, &mut facts);
        for fact in &mut facts {
            fact.reloads = reload::takes(settings, &fact.key);
        }
    }
    facts
}

fn flatten(path: &str, table: &toml::Table, origins: &Origins, facts: &mut Vec<SettingFact>) {
    for (name, value) in table {
        let key = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, origins, facts),
            value => {
                facts.push(SettingFact { place: origins.get(&key).cloned(), value: text(value), key, reloads: false });
            }
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) if holds_a_secret(text) => HIDDEN.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Whether a text is an address with a password, in one of the forms that libraries take.
fn holds_a_secret(text: &str) -> bool {
    let in_address = url::Url::parse(text).is_ok_and(|url| url.password().is_some());
    in_address || text.to_ascii_lowercase().contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_shown_with_its_place_and_no_secret() {
        let mut settings = Settings::default();
        settings.database.url = "postgres://estampe:hortensia@db.example/cards".into();
        settings.egress.proxy = "http://proxy.example:3128".into();
        settings.tls.names = vec!["a.example".into(), "b.example".into()];
        let origins = [("egress.proxy".to_owned(), "/etc/estampe/estampe.toml".to_owned())].into();
        let facts = shown(&settings, &origins);
        let fact = |key: &str| facts.iter().find(|fact| fact.key == key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!(fact("database.url").value, "…");
        assert_eq!(fact("tls.names").value, "a.example, b.example");
        assert_eq!(fact("sync.hold_percent").value, "10");
        assert_eq!(fact("egress.proxy").place.as_deref(), Some("/etc/estampe/estampe.toml"));
        assert_eq!(fact("organisation").place, None);
        assert!(facts.iter().all(|fact| !fact.value.contains("hortensia")));
        settings.database.url = "host=db.example password=hortensia dbname=cards".into();
        assert!(shown(&settings, &origins).iter().all(|fact| !fact.value.contains("hortensia")));
        assert!(facts.len() > 40, "{}", facts.len());
    }
}
