//! What a plugin may be configured with: its keys, and what is wrong with a value.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::Texts;

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
    /// Whether it is a secret: kept sealed, given to no plugin, never shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// Whether it has several lines, such as a PEM.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lines: bool,
    /// What counts when it is not set. A manifest may write `30` or `true` without quotes.
    #[serde(default, deserialize_with = "as_text", skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// A value as it may look; likewise.
    #[serde(default, deserialize_with = "as_text", skip_serializing_if = "Option::is_none")]
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
    /// The address of a picture that mails load, `https://…`, or of one that they carry, `cid:…`
    /// (RFC 2392).
    Picture,
}

/// What is wrong with a value. Written, it goes on after the value's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigProblem {
    /// More than 16 KiB.
    TooLong,
    /// A NUL in it.
    Nul,
    /// Neither `true` nor `false`.
    NoFlag,
    /// No whole number from the one to the other.
    NoInteger(i64, i64),
    /// None of these words.
    NoChoice(Vec<String>),
    /// This part is not of the form `name=value`.
    NoPair(String),
    /// There is no such key; there are these.
    Unknown(Vec<String>),
    /// Not set, and nothing works without it.
    Missing,
    /// No address of a picture.
    NoPicture,
    /// No address that requests can be made to; why.
    NoAddress(String),
    /// A secret that stays while this other key, which says where it is sent, changes.
    Again(String),
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {} KiB", MAX_VALUE >> 10),
            Self::Nul => f.write_str("holds a NUL"),
            Self::NoFlag => f.write_str("is true or false"),
            Self::NoInteger(i64::MIN, i64::MAX) => f.write_str("is a whole number"),
            Self::NoInteger(least, i64::MAX) => write!(f, "is a whole number, at least {least}"),
            Self::NoInteger(i64::MIN, most) => write!(f, "is a whole number, at most {most}"),
            Self::NoInteger(least, most) => write!(f, "is a whole number from {least} to {most}"),
            Self::NoChoice(words) => write!(f, "is one of: {}", quoted(words)),
            Self::NoPair(part) => write!(f, "has \"{part}\", which is not of the form name=value"),
            Self::Unknown(keys) if keys.is_empty() => f.write_str("is unknown: this plugin has nothing to configure"),
            Self::Unknown(keys) => write!(f, "is unknown; there are: {}", quoted(keys)),
            Self::Missing => f.write_str("is not set, and nothing works without it"),
            Self::NoPicture => f.write_str("is the address of a picture, https://… or cid:…"),
            Self::NoAddress(why) => write!(f, "is no address of a service, such as https://host: it {why}"),
            Self::Again(key) => write!(f, "is needed again: \"{key}\" says where it is sent, and changes"),
        }
    }
}

/// Reads a value as it is configured: a text.
fn as_text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text, a whole number, true or false")]
    enum Written {
        Text(String),
        Number(i64),
        Flag(bool),
    }
    Ok(Option::<Written>::deserialize(value)?.map(|written| match written {
        Written::Text(text) => text,
        Written::Number(number) => number.to_string(),
        Written::Flag(flag) => flag.to_string(),
    }))
}

/// Octets of a value.
const MAX_VALUE: usize = 16 << 10;

impl ConfigKey {
    /// Whether this may stand there.
    pub fn check(&self, value: &str) -> Result<(), ConfigProblem> {
        if value.len() > MAX_VALUE {
            return Err(ConfigProblem::TooLong);
        }
        if value.contains('\0') {
            return Err(ConfigProblem::Nul);
        }
        let value = value.trim();
        match self.kind {
            ConfigKind::String => Ok(()),
            ConfigKind::Flag => match value {
                "true" | "false" => Ok(()),
                _ => Err(ConfigProblem::NoFlag),
            },
            ConfigKind::Integer => {
                let (least, most) = (self.minimum.unwrap_or(i64::MIN), self.maximum.unwrap_or(i64::MAX));
                match value.parse::<i64>() {
                    Ok(number) if (least..=most).contains(&number) => Ok(()),
                    _ => Err(ConfigProblem::NoInteger(least, most)),
                }
            }
            ConfigKind::Choice if self.choices.iter().any(|word| word.eq_ignore_ascii_case(value)) => Ok(()),
            ConfigKind::Choice => Err(ConfigProblem::NoChoice(self.choices.clone())),
            ConfigKind::Picture => {
                let is_there =
                    |rest: &str| !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
                let rest = ["https://", "cid:"].iter().find_map(|scheme| value.strip_prefix(scheme));
                if value.is_empty() || rest.is_some_and(is_there) { Ok(()) } else { Err(ConfigProblem::NoPicture) }
            }
            ConfigKind::Mapping => {
                let mut parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
                let is_pair = |part: &str| {
                    part.rsplit_once('=').is_some_and(|(a, b)| !a.trim().is_empty() && !b.trim().is_empty())
                };
                match parts.find(|part| !is_pair(part)) {
                    None => Ok(()),
                    Some(part) => Err(ConfigProblem::NoPair(part.to_owned())),
                }
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
        if self.secret && (self.kind != ConfigKind::String || self.default.is_some() || self.example.is_some()) {
            return Err("is a secret and is no string, or has a default or an example".to_owned());
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

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: ConfigKind) -> ConfigKey {
        ConfigKey {
            kind,
            required: false,
            secret: false,
            lines: false,
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
            (
                &key(ConfigKind::Picture),
                vec!["", "https://a.example/logo.png", "cid:logo@a"],
                vec![
                    "http://a.example/logo.png",
                    "logo.png",
                    "https://",
                    "https://a.example/a b.png",
                    "data:image/png,",
                ],
            ),
            (&key(ConfigKind::Mapping), vec!["", "a=b", "N° agent = id, b=c,"], vec!["a", "a=b, c", "=b", "a="]),
        ] {
            for value in good {
                assert_eq!(key.check(value), Ok(()), "{:?} {value:?}", key.kind);
            }
            for value in bad {
                assert!(key.check(value).is_err(), "{:?} {value:?}", key.kind);
            }
        }
        assert!(key(ConfigKind::String).check(&"x".repeat(MAX_VALUE + 1)).unwrap_err().to_string().contains("16 KiB"));
        assert_eq!(days.check("40").unwrap_err().to_string(), "is a whole number from 1 to 30");
        assert_eq!(format.check("xml").unwrap_err().to_string(), "is one of: \"ldif\", \"csv\"");
    }

    #[test]
    fn a_default_may_stand_without_quotes() {
        for (written, read) in [("30", "30"), ("true", "true"), ("\"30\"", "30")] {
            let json = format!("{{\"type\": \"string\", \"default\": {written}, \"example\": {written}}}");
            let key: ConfigKey = serde_json::from_str(&json).unwrap();
            assert_eq!((key.default.as_deref(), key.example.as_deref()), (Some(read), Some(read)));
        }
        let wrong = serde_json::from_str::<ConfigKey>("{\"type\": \"string\", \"default\": [1]}").unwrap_err();
        assert!(wrong.to_string().contains("expected a text, a whole number"), "{wrong}");
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
