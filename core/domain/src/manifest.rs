//! What a plugin says of itself in its manifest, and what it may be configured with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The same words by language tag: `fr`, `en`.
pub type Texts = BTreeMap<String, String>;

/// What a plugin is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// Its id.
    pub id: String,
    /// Its version: Semantic Versioning 2.0.0.
    pub version: String,
    /// The contract that it was built for.
    pub contract: String,
    /// Its licence: an SPDX expression.
    pub license: String,
    /// What it is for.
    pub description: Texts,
    /// Files that it asks to read.
    pub inputs: Vec<PluginInput>,
    /// What may be configured, by key.
    pub config: BTreeMap<String, ConfigKey>,
}

/// A file that a plugin asks to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginInput {
    /// The name it asks by.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub description: Texts,
}

/// One thing that may be configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConfigKey {
    /// What kind of value it takes.
    #[serde(rename = "type")]
    pub kind: ConfigKind,
    /// Whether nothing works without it.
    #[serde(default)]
    pub required: bool,
    /// What counts when it is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// A value as it may look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The words of a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The smallest integer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// The largest integer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// What it is for.
    #[serde(default)]
    pub description: Texts,
}

/// Kinds of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigKind {
    /// Any text.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// `true` or `false`.
    Flag,
    /// One of a few words, in any case.
    Choice,
    /// `name=value, name=value`.
    Mapping,
}

/// Octets of a value.
const MAX_VALUE: usize = 16 << 10;

impl ConfigKey {
    /// Whether this may stand there; the error says what would be right.
    pub fn check(&self, value: &str) -> Result<(), String> {
        if value.len() > MAX_VALUE {
            return Err(format!("is longer than {} KiB", MAX_VALUE >> 10));
        }
        if value.contains('\0') {
            return Err("holds a NUL".to_owned());
        }
        let value = value.trim();
        match self.kind {
            ConfigKind::String => Ok(()),
            ConfigKind::Flag => match value {
                "true" | "false" => Ok(()),
                _ => Err("is true or false".to_owned()),
            },
            ConfigKind::Integer => {
                let (least, most) = (self.minimum.unwrap_or(i64::MIN), self.maximum.unwrap_or(i64::MAX));
                match value.parse::<i64>() {
                    Ok(number) if (least..=most).contains(&number) => Ok(()),
                    _ if (least, most) == (i64::MIN, i64::MAX) => Err("is a whole number".to_owned()),
                    _ => Err(format!("is a whole number from {least} to {most}")),
                }
            }
            ConfigKind::Choice if self.choices.iter().any(|word| word.eq_ignore_ascii_case(value)) => Ok(()),
            ConfigKind::Choice => Err(format!("is one of: {}", quoted(self.choices.iter().map(String::as_str)))),
            ConfigKind::Mapping => {
                let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
                let is_pair = |part: &str| {
                    part.rsplit_once('=').is_some_and(|(a, b)| !a.trim().is_empty() && !b.trim().is_empty())
                };
                for part in parts {
                    if !is_pair(part) {
                        return Err(format!("has \"{part}\", which is not of the form name=value"));
                    }
                }
                Ok(())
            }
        }
    }

    /// Whether the manifest makes sense here; the error says what would be right.
    pub fn is_sound(&self) -> Result<(), String> {
        match self.kind {
            ConfigKind::Choice if self.choices.is_empty() => Err("is a choice without choices".to_owned()),
            ConfigKind::Choice | ConfigKind::Integer => Ok(()),
            _ if !self.choices.is_empty() => Err("has choices and is no choice".to_owned()),
            _ => Ok(()),
        }?;
        let is_number = self.kind == ConfigKind::Integer;
        if !is_number && (self.minimum.is_some() || self.maximum.is_some()) {
            return Err("has a minimum or maximum and is no integer".to_owned());
        }
        if self.minimum.zip(self.maximum).is_some_and(|(least, most)| least > most) {
            return Err("has a minimum above its maximum".to_owned());
        }
        if self.required && self.default.is_some() {
            return Err("is required and has a default".to_owned());
        }
        for (name, value) in [("default", &self.default), ("example", &self.example)] {
            if let Some(value) = value {
                self.check(value).map_err(|why| format!("has a wrong {name}: it {why}"))?;
            }
        }
        Ok(())
    }
}

impl PluginInfo {
    /// What is wrong with a configuration: key and reason, for each.
    pub fn config_problems(&self, config: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (key, value) in config {
            match self.config.get(key) {
                Some(known) => {
                    if let Err(why) = known.check(value) {
                        problems.push((key.clone(), why));
                    }
                }
                None if self.config.is_empty() => {
                    problems.push((key.clone(), "is unknown: this plugin has nothing to configure".to_owned()));
                }
                None => {
                    let keys = quoted(self.config.keys().map(String::as_str));
                    problems.push((key.clone(), format!("is unknown; there are: {keys}")));
                }
            }
        }
        for (key, known) in &self.config {
            if known.required && config.get(key).is_none_or(|value| value.trim().is_empty()) {
                problems.push((key.clone(), "is not set, and nothing works without it".to_owned()));
            }
        }
        problems
    }
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: ConfigKind) -> ConfigKey {
        ConfigKey {
            kind,
            required: false,
            default: None,
            example: None,
            choices: Vec::new(),
            minimum: None,
            maximum: None,
            description: Texts::new(),
        }
    }

    #[test]
    fn values_are_held_to_their_kind() {
        let days = ConfigKey { minimum: Some(1), maximum: Some(30), ..key(ConfigKind::Integer) };
        let format = ConfigKey { choices: vec!["ldif".into(), "csv".into()], ..key(ConfigKind::Choice) };
        for (key, good, bad) in [
            (&key(ConfigKind::String), vec!["", "anything"], vec!["a\0b"]),
            (&key(ConfigKind::Flag), vec!["true", " false "], vec!["yes", "", "True"]),
            (&key(ConfigKind::Integer), vec!["-9", " 12 "], vec!["", "1.5", "9223372036854775808"]),
            (&days, vec!["1", "30"], vec!["0", "31", "-1"]),
            (&format, vec!["ldif", "CSV"], vec!["", "xml"]),
            (&key(ConfigKind::Mapping), vec!["", "a=b", "N° agent = id, b=c,"], vec!["a", "a=b, c", "=b", "a="]),
        ] {
            for value in good {
                assert_eq!(key.check(value), Ok(()), "{:?} {value:?}", key.kind);
            }
            for value in bad {
                assert!(key.check(value).is_err(), "{:?} {value:?}", key.kind);
            }
        }
        assert!(key(ConfigKind::String).check(&"x".repeat(MAX_VALUE + 1)).unwrap_err().contains("16 KiB"));
        assert_eq!(days.check("40").unwrap_err(), "is a whole number from 1 to 30");
        assert_eq!(format.check("xml").unwrap_err(), "is one of: \"ldif\", \"csv\"");
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_found() {
        let choice = || ConfigKey { choices: vec!["a".into()], ..key(ConfigKind::Choice) };
        for (wrong, words) in [
            (key(ConfigKind::Choice), "without choices"),
            (ConfigKey { choices: vec!["a".into()], ..key(ConfigKind::String) }, "no choice"),
            (ConfigKey { minimum: Some(1), ..key(ConfigKind::String) }, "no integer"),
            (ConfigKey { minimum: Some(2), maximum: Some(1), ..key(ConfigKind::Integer) }, "above"),
            (ConfigKey { default: Some("b".into()), ..choice() }, "wrong default"),
            (ConfigKey { example: Some("b".into()), ..choice() }, "wrong example"),
            (ConfigKey { required: true, default: Some("a".into()), ..choice() }, "required"),
        ] {
            assert!(wrong.is_sound().unwrap_err().contains(words), "{words}");
        }
        assert_eq!(ConfigKey { default: Some("A".into()), ..choice() }.is_sound(), Ok(()));
    }
}
