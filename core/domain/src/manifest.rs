//! What a plugin says of itself in its manifest, what it asks for, and what it may be
//! configured with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::credential::{CredentialAsk, keys_of, only_key};
use crate::egress::{Method, UrlPattern};
use crate::permission::Permission;

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
    /// What it does.
    #[serde(default)]
    pub kind: PluginKind,
    /// Its licence: an SPDX expression.
    pub license: String,
    /// What it is for.
    pub description: Texts,
    /// Files that it asks to read.
    pub inputs: Vec<PluginInput>,
    /// What may be configured, by key.
    pub config: BTreeMap<String, ConfigKey>,
    /// Everything else that it asks for.
    #[serde(default)]
    pub asks: Asks,
}

/// The worlds of the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    /// Tells who is in the organisation.
    #[default]
    Connector,
    /// Makes e-mail signatures.
    SignatureTemplate,
}

/// What a plugin asks for besides files. What is not here is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asks {
    /// Requests that it makes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpAsk>,
    /// How the host authenticates for it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<String, CredentialDeclaration>,
    /// The directory that it searches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ldap: Option<LdapAsk>,
    /// Fields of people.
    #[serde(default, skip_serializing_if = "FieldsAsk::is_empty")]
    pub fields: FieldsAsk,
    /// What a call needs beyond the ordinary.
    #[serde(default, skip_serializing_if = "LimitsAsk::is_empty")]
    pub limits: LimitsAsk,
}

/// Requests that a plugin makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpAsk {
    /// Where to.
    pub url: UrlPattern,
    /// How.
    pub methods: BTreeSet<Method>,
    /// Whether its other methods than `GET` and `HEAD` change nothing there: a dry run
    /// sends them too.
    #[serde(default)]
    pub read_only: bool,
    /// The credential that the host may attach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// What for.
    #[serde(default)]
    pub description: Texts,
}

/// A credential that a plugin uses by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialDeclaration {
    /// How the host authenticates.
    #[serde(flatten)]
    pub ask: CredentialAsk,
    /// What for.
    #[serde(default)]
    pub description: Texts,
}

/// The directory that a plugin searches. In each text, `{key}` stands for what the source's
/// configuration has there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LdapAsk {
    /// Servers, separated by spaces.
    pub servers: String,
    /// Below which entry (RFC 4514).
    pub base: String,
    /// What every entry has to fit (RFC 4515).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// As whom; anonymous without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind_dn: Option<String>,
    /// Their password: one `{key}` of a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// `true`: StartTLS on `ldap://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_tls: Option<String>,
    /// `true`: `ldap://` without StartTLS may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_text: Option<String>,
    /// PEM file of the CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Attributes that it reads.
    pub attributes: BTreeSet<String>,
    /// What for.
    #[serde(default)]
    pub description: Texts,
}

/// Fields of people, by their standard names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldsAsk {
    /// Those that it carries: a connector delivers them, a template is shown them.
    #[serde(default)]
    pub read: BTreeSet<String>,
    /// Those that it changes in the directory.
    #[serde(default)]
    pub write: BTreeSet<String>,
}

impl FieldsAsk {
    fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

/// What a call needs when the ordinary limits do not do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LimitsAsk {
    /// Memory, MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u32>,
    /// Processor time, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<u32>,
}

impl LimitsAsk {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An item that a plugin asks for, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The item.
    pub permission: Permission,
    /// What for.
    pub description: Texts,
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
    /// Whether it is a secret: kept sealed, given to no plugin, never shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
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
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {} KiB", MAX_VALUE >> 10),
            Self::Nul => f.write_str("holds a NUL"),
            Self::NoFlag => f.write_str("is true or false"),
            Self::NoInteger(i64::MIN, i64::MAX) => f.write_str("is a whole number"),
            Self::NoInteger(least, most) => write!(f, "is a whole number from {least} to {most}"),
            Self::NoChoice(words) => write!(f, "is one of: {}", quoted(words)),
            Self::NoPair(part) => write!(f, "has \"{part}\", which is not of the form name=value"),
            Self::Unknown(keys) if keys.is_empty() => f.write_str("is unknown: this plugin has nothing to configure"),
            Self::Unknown(keys) => write!(f, "is unknown; there are: {}", quoted(keys)),
            Self::Missing => f.write_str("is not set, and nothing works without it"),
        }
    }
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

impl PluginInfo {
    /// The items that it asks for, and why, in order.
    pub fn asked(&self) -> Vec<Asked> {
        let mut all: BTreeMap<Permission, Texts> = BTreeMap::new();
        for input in &self.inputs {
            all.insert(Permission::Input(input.name.clone()), input.description.clone());
        }
        for ask in &self.asks.http {
            for method in &ask.methods {
                let permission = Permission::Http {
                    method: *method,
                    url: ask.url.clone(),
                    read_only: ask.read_only && !method.is_safe(),
                    credential: ask.credential.clone(),
                };
                all.insert(permission, ask.description.clone());
            }
        }
        for (name, declared) in &self.asks.credentials {
            let (kind, scopes) = (declared.ask.kind().to_owned(), declared.ask.scopes());
            all.insert(Permission::Credential { name: name.clone(), kind, scopes }, declared.description.clone());
        }
        if let Some(ldap) = &self.asks.ldap {
            all.insert(Permission::LdapConnect, ldap.description.clone());
            for attribute in &ldap.attributes {
                all.insert(Permission::LdapRead(attribute.clone()), Texts::new());
            }
        }
        let FieldsAsk { read, write } = &self.asks.fields;
        all.extend(read.iter().map(|field| (Permission::FieldRead(field.clone()), Texts::new())));
        all.extend(write.iter().map(|field| (Permission::FieldWrite(field.clone()), Texts::new())));
        let LimitsAsk { memory_mib, cpu_seconds } = self.asks.limits;
        all.extend(memory_mib.map(|mib| (Permission::Memory(mib), Texts::new())));
        all.extend(cpu_seconds.map(|seconds| (Permission::Time(seconds), Texts::new())));
        all.into_iter().map(|(permission, description)| Asked { permission, description }).collect()
    }

    /// Whether what it asks for makes sense; the error says what would be right.
    pub fn asks_are_sound(&self) -> Result<(), String> {
        for asked in self.asked() {
            let written = asked.permission.to_string();
            if written.parse() != Ok(asked.permission) {
                return Err(format!("it asks for \"{written}\", which cannot be granted as it is written"));
            }
        }
        for ask in &self.asks.http {
            if ask.methods.is_empty() {
                return Err(format!("its http for {} names no method", ask.url));
            }
            if let Some(key) = ask.url.config_key() {
                self.is_plain(key).map_err(|why| format!("its http for {}: {why}", ask.url))?;
            }
            if let Some(name) = &ask.credential
                && !self.asks.credentials.contains_key(name)
            {
                return Err(format!(
                    "its http for {} uses the credential \"{name}\", which it does not declare",
                    ask.url
                ));
            }
        }
        for (name, declared) in &self.asks.credentials {
            self.are_templates(&declared.ask.texts(), &declared.ask.secrets())
                .map_err(|why| format!("its credential \"{name}\": {why}"))?;
        }
        if let Some(ldap) = &self.asks.ldap {
            let LdapAsk { servers, base, filter, bind_dn, password, start_tls, clear_text, ca_file, .. } = ldap;
            let optional = [filter, bind_dn, start_tls, clear_text, ca_file].into_iter().flatten();
            let texts: Vec<_> = [servers, base].into_iter().chain(optional).map(String::as_str).collect();
            let secrets: Vec<_> = password.iter().map(String::as_str).collect();
            self.are_templates(&texts, &secrets).map_err(|why| format!("its ldap: {why}"))?;
            if bind_dn.is_some() != password.is_some() {
                return Err("its ldap: bind-dn and password stand together".to_owned());
            }
        }
        Ok(())
    }

    fn are_templates(&self, texts: &[&str], secrets: &[&str]) -> Result<(), String> {
        for key in texts.iter().flat_map(|text| keys_of(text)) {
            self.is_plain(key)?;
        }
        for template in secrets {
            let key = only_key(template).ok_or("a secret is written {key}, never in the manifest")?;
            match self.config.get(key) {
                Some(known) if known.secret => {}
                Some(_) => return Err(format!("the key \"{key}\" is not marked as secret")),
                None => return Err(format!("there is no key \"{key}\" in its configuration")),
            }
        }
        Ok(())
    }

    fn is_plain(&self, key: &str) -> Result<(), String> {
        match self.config.get(key) {
            Some(known) if known.secret => Err(format!("the key \"{key}\" is a secret and would be shown")),
            Some(_) => Ok(()),
            None => Err(format!("there is no key \"{key}\" in its configuration")),
        }
    }

    /// What is wrong with a configuration: key and reason, for each.
    pub fn config_problems(&self, config: &BTreeMap<String, String>) -> Vec<(String, ConfigProblem)> {
        let unknown = || ConfigProblem::Unknown(self.config.keys().cloned().collect());
        let given = config.iter().filter_map(|(key, value)| {
            let problem = self.config.get(key).map_or_else(|| Err(unknown()), |known| known.check(value)).err()?;
            Some((key.clone(), problem))
        });
        let is_set = |key: &String| config.get(key).is_some_and(|value| !value.trim().is_empty());
        let missing = self.config.iter().filter(|(key, known)| known.required && !is_set(key));
        given.chain(missing.map(|(key, _)| (key.clone(), ConfigProblem::Missing))).collect()
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
        assert!(key(ConfigKind::String).check(&"x".repeat(MAX_VALUE + 1)).unwrap_err().to_string().contains("16 KiB"));
        assert_eq!(days.check("40").unwrap_err().to_string(), "is a whole number from 1 to 30");
        assert_eq!(format.check("xml").unwrap_err().to_string(), "is one of: \"ldif\", \"csv\"");
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
