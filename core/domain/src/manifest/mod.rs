//! What a plugin says of itself in its manifest, what it asks for, and what it may be
//! configured with.

mod config;
mod fields;
mod offer;
mod permitted;
mod setup;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::credential::{CredentialAsk, keys_of, only_key};
use crate::egress::{Method, UrlPattern, parse_base};
use crate::ldap::is_secret;
use crate::permission::{LdapPlace, Permission};

pub use config::{ConfigKey, ConfigKind, ConfigProblem};
pub use fields::FieldsAsk;
pub use offer::Offer;
pub use permitted::{Granted, PermissionCheck, PermissionLine, PermissionTable, Standing};
pub use setup::{ProviderAsk, ProviderPermission, SetupStep};

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
    /// What it offers besides.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub offers: BTreeSet<Offer>,
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
    /// The provider that it asks, and what has to be set up there.
    #[serde(default, skip_serializing_if = "ProviderAsk::is_empty")]
    pub provider: ProviderAsk,
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
    /// Groups.
    #[serde(default, skip_serializing_if = "GroupsAsk::is_empty")]
    pub groups: GroupsAsk,
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
    /// Where its bodies are JSON objects, and no others than these are their keys; whatever body
    /// when there is none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub json_keys: BTreeSet<String>,
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
    /// Where its tokens are given back when a source ends (RFC 7009, section 2.1): at the origin
    /// of its token endpoint.
    #[serde(default, rename = "revoke-url", skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
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
    /// PEM file of a certificate to authenticate by, in the place of name and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<String>,
    /// PEM file of its private key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key: Option<String>,
    /// Attributes whose values people sign in by, separated by spaces; without it nobody
    /// does. The host asks by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The attribute that identifies people in what it delivers; `auto` or nothing: the first
    /// that is there of `objectGUID`, `entryUUID`, `ipaUniqueID` and `nsUniqueId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Attributes that it reads.
    pub attributes: BTreeSet<String>,
    /// Whether it reads those too that the mapping of a source names.
    #[serde(default, skip_serializing_if = "is_false")]
    pub mapped: bool,
    /// Further areas that it searches, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub areas: BTreeMap<String, LdapArea>,
    /// What for.
    #[serde(default)]
    pub description: Texts,
}

/// A part of the directory with a base and a filter of its own, which take the place of the
/// others. Servers, account and attributes are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LdapArea {
    /// Below which entry (RFC 4514); when it stands for nothing, below the other base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What every entry has to fit (RFC 4515).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

impl LdapAsk {
    /// The item that it asks for, besides the attributes.
    pub fn permission(&self) -> Permission {
        let Self { servers, password, start_tls, clear_text, ca_file, client_certificate, client_key, .. } = self;
        Permission::LdapConnect(LdapPlace {
            servers: servers.split_whitespace().map(str::to_owned).collect(),
            password: password.as_deref().and_then(only_key).map(str::to_owned),
            start_tls: start_tls.clone(),
            clear_text: clear_text.clone(),
            ca_file: ca_file.clone(),
            client_certificate: client_certificate.clone(),
            client_key: client_key.clone(),
        })
    }
}

/// Groups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupsAsk {
    /// Whether it tells which groups there are and who is in them.
    #[serde(default)]
    pub read: bool,
    /// Whether it makes and changes groups, and puts people into them and takes them out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub write: bool,
    /// What for.
    #[serde(default)]
    pub description: Texts,
}

impl GroupsAsk {
    fn is_empty(&self) -> bool {
        !self.read && !self.write
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_false(flag: &bool) -> bool {
    !*flag
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
                    keys: ask.json_keys.clone(),
                    credential: ask.credential.clone(),
                };
                all.insert(permission, ask.description.clone());
            }
        }
        for (name, declared) in &self.asks.credentials {
            all.insert(declared.ask.permission(name), declared.description.clone());
        }
        if let Some(ldap) = &self.asks.ldap {
            all.insert(ldap.permission(), ldap.description.clone());
            for attribute in &ldap.attributes {
                all.insert(Permission::LdapRead(attribute.clone()), Texts::new());
            }
            if ldap.mapped {
                all.insert(Permission::LdapReadMapped, Texts::new());
            }
        }
        let FieldsAsk { read, mapped, write } = &self.asks.fields;
        all.extend(read.iter().map(|field| (Permission::FieldRead(field.clone()), Texts::new())));
        if *mapped {
            all.insert(Permission::FieldReadMapped, Texts::new());
        }
        all.extend(write.iter().map(|field| (Permission::FieldWrite(field.clone()), Texts::new())));
        if self.asks.groups.read {
            all.insert(Permission::GroupsRead, self.asks.groups.description.clone());
        }
        if self.asks.groups.write {
            all.insert(Permission::GroupsWrite, Texts::new());
        }
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
            if !ask.json_keys.is_empty() && !ask.methods.iter().all(|method| method.has_body()) {
                return Err(format!("its http for {} has json-keys, which POST, PUT and PATCH alone have", ask.url));
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
            let origin = |url: &str| url.splitn(4, '/').take(3).map(str::to_owned).collect::<Vec<_>>();
            if let Some(revoke) = &declared.revoke_url
                && declared.ask.token_url().is_none_or(|token| origin(token) != origin(revoke))
            {
                // no other place is granted to see it
                return Err(format!("its credential \"{name}\": its revoke-url is not where its token-url is"));
            }
        }
        let refreshing = self.asks.credentials.values().filter_map(|declared| match &declared.ask {
            CredentialAsk::RefreshToken { refresh_token, .. } => only_key(refresh_token),
            _ => None,
        });
        let mut once = BTreeSet::new();
        if let Some(key) = refreshing.into_iter().find(|key| !once.insert(*key)) {
            return Err(format!("two of its credentials share the refresh token \"{key}\", which may be good once"));
        }
        self.asks.fields.are_sound()?;
        if let Some(ldap) = &self.asks.ldap {
            let LdapAsk { servers, base, filter, bind_dn, password, start_tls, clear_text, ca_file, .. } = ldap;
            let LdapAsk { client_certificate, client_key, login, identity, .. } = ldap;
            let means = [bind_dn, start_tls, clear_text, ca_file, client_certificate, client_key];
            let areas = ldap.areas.values().flat_map(|area| [&area.base, &area.filter]);
            let optional = [filter, login, identity].into_iter().chain(means).chain(areas).flatten();
            let texts: Vec<_> = [servers, base].into_iter().chain(optional).map(String::as_str).collect();
            let secrets: Vec<_> = password.iter().map(String::as_str).collect();
            self.are_templates(&texts, &secrets).map_err(|why| format!("its ldap: {why}"))?;
            if let Some(secret) = ldap.attributes.iter().find(|name| is_secret(name)) {
                return Err(format!(
                    "its ldap: the attribute {secret} proves who somebody is, and is no plugin's to read"
                ));
            }
            if let Some(number) = ldap.attributes.iter().find(|name| name.starts_with(|c: char| c.is_ascii_digit())) {
                return Err(format!("its ldap: attributes are named by their names, not by numbers: {number}"));
            }
            if bind_dn.is_some() != password.is_some() {
                return Err("its ldap: bind-dn and password stand together".to_owned());
            }
            if client_certificate.is_some() != client_key.is_some() {
                return Err("its ldap: client-certificate and client-key stand together".to_owned());
            }
        }
        self.destinations_are_given()
    }

    /// No default says where a secret is sent: the next version's would send it elsewhere
    /// without anybody's word.
    fn destinations_are_given(&self) -> Result<(), String> {
        let has_default = |key: &str| self.config.get(key).and_then(|known| known.default.as_deref());
        let urls = self.asks.http.iter().filter_map(|ask| ask.url.config_key());
        let tokens = self.asks.credentials.values().filter_map(|declared| declared.ask.token_url()).flat_map(keys_of);
        let ldap = self.asks.ldap.iter().flat_map(|ldap| {
            let means = [&ldap.ca_file, &ldap.client_certificate, &ldap.client_key];
            means.into_iter().flatten().chain([&ldap.servers])
        });
        let places = urls.chain(tokens).chain(ldap.flat_map(|text| keys_of(text)));
        if let Some(key) = places.into_iter().find(|key| has_default(key).is_some()) {
            return Err(format!("the key \"{key}\" says where secrets are sent and has a default"));
        }
        let clear = self.asks.ldap.iter().filter_map(|ldap| ldap.clear_text.as_deref()).flat_map(keys_of);
        match clear.into_iter().find(|key| has_default(key) == Some("true")) {
            None => Ok(()),
            Some(key) => Err(format!("the key \"{key}\" lets a password go in clear text by default")),
        }
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

    /// Keys that say where the host goes and with which means: whoever changes one could
    /// have a secret sent to a place of their own.
    pub fn destinations(&self) -> BTreeSet<&str> {
        let urls = self.asks.http.iter().filter_map(|ask| ask.url.config_key());
        let credentials = self.asks.credentials.values().flat_map(|declared| declared.ask.texts());
        let ldap = self.asks.ldap.iter().flat_map(|ldap| {
            let LdapAsk { servers, bind_dn, start_tls, clear_text, ca_file, client_certificate, client_key, .. } = ldap;
            let optional = [bind_dn, start_tls, clear_text, ca_file, client_certificate, client_key];
            let optional = optional.into_iter().flatten();
            std::iter::once(servers).chain(optional).map(String::as_str)
        });
        urls.chain(credentials.chain(ldap).flat_map(keys_of)).collect()
    }

    /// What is wrong with a configuration: key and reason, for each.
    pub fn config_problems(&self, config: &BTreeMap<String, String>) -> Vec<(String, ConfigProblem)> {
        let unknown = || ConfigProblem::Unknown(self.config.keys().cloned().collect());
        let given = config.iter().filter_map(|(key, value)| {
            let problem = self.config.get(key).map_or_else(|| Err(unknown()), |known| known.check(value)).err()?;
            Some((key.clone(), problem))
        });
        let is_place = |key: &str| self.asks.http.iter().any(|ask| ask.url.config_key() == Some(key));
        let places = config.iter().filter(|(key, value)| is_place(key) && !value.trim().is_empty());
        let no_address = places.filter_map(|(key, value)| {
            let problem = ConfigProblem::NoAddress(parse_base(value).err()?);
            Some((key.clone(), problem))
        });
        let is_set = |key: &String| config.get(key).is_some_and(|value| !value.trim().is_empty());
        let missing = self.config.iter().filter(|(key, known)| known.required && !is_set(key));
        given.chain(no_address).chain(missing.map(|(key, _)| (key.clone(), ConfigProblem::Missing))).collect()
    }
}
