//! What has to be set up at a provider before a plugin can work there, and what it has to be
//! permitted: shown beside the form of a source, and tried piece by piece afterwards.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ConfigKey, ConfigKind, PluginInfo, Texts};

/// Steps that a provider's set-up has at most.
pub const MAX_STEPS: usize = 16;
/// Permissions that are named at most.
pub const MAX_PERMISSIONS: usize = 64;
/// Octets of a permission's name.
const MAX_NAME: usize = 255;
/// Octets of an address or a path.
const MAX_ADDRESS: usize = 500;

/// The provider that a connector asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProviderAsk {
    /// What people call it: `Google Workspace`.
    #[serde(default)]
    pub name: String,
    /// What an administrator does there, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<SetupStep>,
    /// What is permitted there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<ProviderPermission>,
    /// What stands between two permissions where several are pasted at once; each on a line of
    /// its own without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Permissions that programs of this kind often have and this plugin never uses.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unused: BTreeSet<String>,
}

/// One thing that an administrator does at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SetupStep {
    /// What.
    pub title: Texts,
    /// How.
    #[serde(default)]
    pub text: Texts,
    /// Where: a page of the provider, by `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the permissions are pasted or chosen here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub permissions: bool,
    /// Keys of the configuration that are known after it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keys: BTreeSet<String>,
}

/// Something that the provider's administrator permits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProviderPermission {
    /// As the provider calls it: an OAuth scope, an application role.
    pub name: String,
    /// Flags of the configuration that make use of it: all of them are on. Always, when there
    /// is none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub when: BTreeSet<String>,
    /// Whether it is needed only where the source writes fields of people back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub written: bool,
    /// The probe of the plugin's self-check that tries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// What for.
    pub description: Texts,
}

impl ProviderPermission {
    /// Whether a configuration makes use of it, of a source that writes fields back or does not.
    /// What is not set counts as its default.
    pub fn is_needed(
        &self,
        known: &BTreeMap<String, ConfigKey>,
        config: &BTreeMap<String, String>,
        writes: bool,
    ) -> bool {
        (writes || !self.written) && self.when.iter().all(|key| is_on(known, config, key))
    }

    /// Whether a token's name for a permission is this one.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Whether a flag is on; what is not set counts as its default.
fn is_on(known: &BTreeMap<String, ConfigKey>, config: &BTreeMap<String, String>, key: &str) -> bool {
    let set = config.get(key).map(String::as_str).map(str::trim).filter(|value| !value.is_empty());
    let value = set.or_else(|| known.get(key)?.default.as_deref());
    value.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

impl PluginInfo {
    /// Whether a source with this configuration tells who is there: it does, unless the plugin has
    /// a flag `people` and that is off.
    pub fn tells_of_people(&self, config: &BTreeMap<String, String>) -> bool {
        !self.config.contains_key("people") || is_on(&self.config, config, "people")
    }
}

impl ProviderAsk {
    /// Whether nothing is said of a provider.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it makes sense beside the keys of the configuration; the error goes on after
    /// "its provider".
    pub fn is_sound(&self, known: &BTreeMap<String, ConfigKey>) -> Result<(), String> {
        if self.is_empty() {
            return Ok(());
        }
        if self.name.trim().is_empty() {
            return Err("has no name".to_owned());
        }
        if self.steps.len() > MAX_STEPS || self.permissions.len() + self.unused.len() > MAX_PERMISSIONS {
            return Err(format!("has at most {MAX_STEPS} steps and {MAX_PERMISSIONS} permissions"));
        }
        let is_plain = |text: &String| (1..=4).contains(&text.len()) && !text.chars().any(char::is_control);
        if !self.separator.as_ref().is_none_or(is_plain) {
            return Err("has a separator of 1 to 4 octets, such as a comma".to_owned());
        }
        for step in &self.steps {
            if step.title.is_empty() {
                return Err("has a step without a title".to_owned());
            }
            if let Some(url) = &step.url {
                let is_web = url.len() <= MAX_ADDRESS && url.starts_with("https://") && url::Url::parse(url).is_ok();
                if !is_web {
                    return Err(format!("leads to \"{url}\", which is no address that begins with https://"));
                }
            }
            if let Some(key) = step.keys.iter().find(|key| !known.contains_key(*key)) {
                return Err(format!("has a step for the key \"{key}\", which is not in its configuration"));
            }
        }
        let mut once = BTreeSet::new();
        for permission in &self.permissions {
            let name = &permission.name;
            if !is_word(name) || !once.insert(name) || self.unused.contains(name) {
                return Err(format!(
                    "names the permission \"{name}\": each once, of 1 to {MAX_NAME} characters, without spaces"
                ));
            }
            if permission.description.is_empty() {
                return Err(format!("does not say what the permission \"{name}\" is for"));
            }
            let no_flag = |key: &&String| known.get(*key).is_none_or(|known| known.kind != ConfigKind::Flag);
            if let Some(key) = permission.when.iter().find(no_flag) {
                return Err(format!("needs \"{name}\" when \"{key}\" is on, which is no flag of its configuration"));
            }
        }
        match self.unused.iter().find(|name| !is_word(name)) {
            None => Ok(()),
            Some(name) => Err(format!("never uses \"{name}\", which is no name of a permission")),
        }
    }

    /// The permissions that a configuration makes use of, as they are pasted.
    pub fn pasted(
        &self,
        known: &BTreeMap<String, ConfigKey>,
        config: &BTreeMap<String, String>,
        writes: bool,
    ) -> String {
        let needed = self.permissions.iter().filter(|permission| permission.is_needed(known, config, writes));
        let names: Vec<_> = needed.map(|permission| permission.name.as_str()).collect();
        names.join(self.separator.as_deref().unwrap_or("\n"))
    }
}

fn is_word(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(default: Option<&str>) -> ConfigKey {
        let flag = serde_json::json!({"type": "flag"});
        ConfigKey { default: default.map(str::to_owned), ..serde_json::from_value(flag).unwrap() }
    }

    fn provider() -> ProviderAsk {
        let words = serde_json::json!({"en": "for it"});
        serde_json::from_value(serde_json::json!({
            "name": "Example",
            "separator": ",",
            "permissions": [
                {"name": "people.read", "description": words},
                {"name": "groups.read", "when": ["groups"], "description": words},
                {"name": "photos.read", "when": ["people", "photos"], "description": words},
            ],
            "unused": ["people.write"],
        }))
        .unwrap()
    }

    #[test]
    fn what_is_needed_follows_what_is_switched_on() {
        let known = BTreeMap::from(
            [("groups", None), ("photos", Some("false")), ("people", Some("true"))]
                .map(|(key, default)| (key.to_owned(), flag(default))),
        );
        let pasted = |config: &[(&str, &str)]| {
            let config = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            provider().pasted(&known, &config, false)
        };
        assert_eq!(provider().is_sound(&known), Ok(()));
        assert_eq!(pasted(&[]), "people.read");
        assert_eq!(pasted(&[("groups", "true"), ("photos", " True ")]), "people.read,groups.read,photos.read");
        assert_eq!(pasted(&[("photos", "true"), ("people", "false")]), "people.read");
        let mut writing = provider();
        writing.permissions[1] = ProviderPermission { written: true, ..writing.permissions[0].clone() };
        writing.permissions[1].name = "people.write".to_owned();
        assert_eq!(writing.pasted(&known, &BTreeMap::new(), false), "people.read");
        assert_eq!(writing.pasted(&known, &BTreeMap::new(), true), "people.read,people.write");
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let known = BTreeMap::from([("groups", flag(None)), ("people", flag(None)), ("photos", flag(None))])
            .into_iter()
            .map(|(key, known)| (key.to_owned(), known))
            .collect();
        let refused = |change: fn(&mut ProviderAsk)| {
            let mut provider = provider();
            change(&mut provider);
            provider.is_sound(&known).unwrap_err()
        };
        assert!(refused(|provider| provider.name = " ".to_owned()).contains("no name"));
        assert!(refused(|provider| provider.permissions[0].name = "two words".to_owned()).contains("without spaces"));
        assert!(refused(|provider| provider.permissions[0].name = "groups.read".to_owned()).contains("each once"));
        assert!(refused(|provider| provider.permissions[0].name = "people.write".to_owned()).contains("each once"));
        assert!(
            refused(|provider| provider.permissions[0].when = BTreeSet::from(["tenant".to_owned()]))
                .contains("no flag of its configuration")
        );
        let step = |url: &str| SetupStep {
            title: Texts::from([("en".to_owned(), "Go there".to_owned())]),
            text: Texts::new(),
            url: Some(url.to_owned()),
            permissions: false,
            keys: BTreeSet::new(),
        };
        for url in ["http://example.com", "javascript:alert(1)", "https://"] {
            let mut provider = provider();
            provider.steps = vec![step(url)];
            assert!(provider.is_sound(&known).unwrap_err().contains("no address"), "{url}");
        }
    }
}
