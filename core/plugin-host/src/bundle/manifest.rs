//! Parses `plugin.toml`. All of it is hostile until it stands in a [`PluginInfo`].

use std::collections::{BTreeMap, BTreeSet};

use estampe_domain::bundle::{BundleProblem, BundleRefusal};
use estampe_domain::manifest::{CredentialDeclaration, ProviderAsk};
use estampe_domain::plugin::{
    Asks, ConfigKey, FieldsAsk, GroupsAsk, HttpAsk, LdapAsk, LimitsAsk, Offer, PluginInfo, PluginInput, PluginKind,
    Texts,
};
use serde::Deserialize;

use crate::contract::Contract;
use crate::text::clean;

/// Characters of a description.
const MAX_DESCRIPTION: usize = 1_000;
/// Inputs that a plugin may ask for.
const MAX_INPUTS: usize = 16;
/// Areas of a directory.
const MAX_AREAS: usize = 8;
/// Keys that may be configured.
const MAX_KEYS: usize = 64;
/// Characters of a provider's name.
const MAX_PROVIDER: usize = 60;
/// Items that a plugin may ask for.
const MAX_ASKED: usize = 200;

/// `plugin.toml`. A key that is not named here is a mistake: nothing that a plugin asks for
/// may be overlooked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    id: String,
    version: String,
    contract: String,
    #[serde(default)]
    kind: PluginKind,
    #[serde(default)]
    offers: BTreeSet<Offer>,
    license: String,
    description: Texts,
    #[serde(default)]
    inputs: Vec<PluginInput>,
    #[serde(default)]
    config: BTreeMap<String, ConfigKey>,
    #[serde(default)]
    http: Vec<HttpAsk>,
    #[serde(default)]
    credentials: BTreeMap<String, CredentialDeclaration>,
    #[serde(default)]
    ldap: Option<LdapAsk>,
    #[serde(default)]
    fields: FieldsAsk,
    #[serde(default)]
    groups: GroupsAsk,
    #[serde(default)]
    limits: LimitsAsk,
    #[serde(default)]
    provider: ProviderAsk,
}

/// What the manifest says, and the contract that it names; the error says what is wrong.
pub fn parse(manifest: &[u8]) -> Result<(PluginInfo, Contract), BundleRefusal> {
    let wrong = |words: String| BundleRefusal::new(BundleProblem::Manifest, words);
    let text = std::str::from_utf8(manifest).map_err(|_| wrong("its plugin.toml is not UTF-8".to_owned()))?;
    // the contract first: a newer one may know keys that this one does not
    let contract = Contract::parse(&contract_of(text).map_err(wrong)?)
        .map_err(|words| BundleRefusal::new(BundleProblem::Contract, words))?;
    Ok((info(text).map_err(wrong)?, contract))
}

fn info(text: &str) -> Result<PluginInfo, String> {
    let mut manifest: Manifest = toml::from_str(text).map_err(|error| wrong(&error))?;
    if !is_name(&manifest.id) {
        return Err("its id has 1 to 64 characters of a-z, 0-9 and -".to_owned());
    }
    if manifest.version.len() > 64 || semver::Version::parse(&manifest.version).is_err() {
        return Err("its version is of Semantic Versioning, such as 1.2.0".to_owned());
    }
    if manifest.license.len() > 200 || spdx::Expression::parse(&manifest.license).is_err() {
        return Err("its license is an SPDX expression, such as Apache-2.0 OR MIT".to_owned());
    }
    if manifest.description.is_empty() {
        return Err("its description is given in 1 to 16 languages (fr, en)".to_owned());
    }
    cleaned("its description", &mut manifest.description)?;
    let names: BTreeSet<_> = manifest.inputs.iter().map(|input| input.name.as_str()).collect();
    if names.len() > MAX_INPUTS || !names.iter().all(|name| is_name(name)) {
        return Err(format!("it asks for at most {MAX_INPUTS} inputs with names of a-z, 0-9 and -"));
    }
    if names.len() < manifest.inputs.len() {
        return Err("it asks for an input twice".to_owned());
    }
    for input in &mut manifest.inputs {
        cleaned("the description of an input", &mut input.description)?;
    }
    if manifest.config.len() > MAX_KEYS || !manifest.config.keys().all(|name| is_name(name)) {
        return Err(format!("it has at most {MAX_KEYS} keys to configure, with names of a-z, 0-9 and -"));
    }
    for (name, key) in &mut manifest.config {
        key.is_sound().map_err(|why| format!("its config.{name} {why}"))?;
        cleaned("the description of a key", &mut key.description)?;
    }
    for ask in &mut manifest.http {
        cleaned("the description of an http", &mut ask.description)?;
    }
    for declared in manifest.credentials.values_mut() {
        cleaned("the description of a credential", &mut declared.description)?;
    }
    if let Some(ldap) = &mut manifest.ldap {
        cleaned("the description of ldap", &mut ldap.description)?;
        if ldap.areas.len() > MAX_AREAS || !ldap.areas.keys().all(|name| is_name(name)) {
            return Err(format!("its ldap has at most {MAX_AREAS} areas, with names of a-z, 0-9 and -"));
        }
    }
    cleaned("the description of groups", &mut manifest.groups.description)?;
    provider(&mut manifest)?;
    let Manifest { id, version, contract: spoken, kind, offers, license, description, inputs, config, .. } = manifest;
    let Manifest { http, credentials, ldap, fields, groups, limits, provider, .. } = manifest;
    let asks = Asks { http, credentials, ldap, fields, groups, limits };
    let contract = spoken;
    let info = PluginInfo { id, version, contract, kind, offers, license, description, inputs, config, asks, provider };
    info.asks_are_sound()?;
    if info.kind == PluginKind::SignatureTemplate
        && let Some(item) = reaches_out(&info)
    {
        return Err(format!("it is a signature template, which is given no {item}; leave it out of its plugin.toml"));
    }
    if info.asked().len() > MAX_ASKED {
        return Err(format!("it asks for more than {MAX_ASKED} things; nobody could look at them"));
    }
    Ok(info)
}

/// What is said of the provider is fit to be shown, and makes sense.
fn provider(manifest: &mut Manifest) -> Result<(), String> {
    let Manifest { provider, config, .. } = manifest;
    provider.is_sound(config).map_err(|why| format!("its provider {why}"))?;
    provider.name = clean(&provider.name, MAX_PROVIDER);
    for step in &mut provider.steps {
        cleaned("the title of a step", &mut step.title)?;
        cleaned("the text of a step", &mut step.text)?;
    }
    for permission in &mut provider.permissions {
        cleaned("the description of a permission", &mut permission.description)?;
    }
    Ok(())
}

/// What a plugin asks for by which it reaches beyond what it is handed.
fn reaches_out(info: &PluginInfo) -> Option<&'static str> {
    let Asks { http, credentials, ldap, groups, .. } = &info.asks;
    [
        ("offers", !info.offers.is_empty()),
        ("[[http]]", !http.is_empty()),
        ("[credentials]", !credentials.is_empty()),
        ("[ldap]", ldap.is_some()),
        ("[groups]", groups.read || groups.write),
        ("[[inputs]]", !info.inputs.is_empty()),
        ("[provider]", !info.provider.is_empty()),
    ]
    .into_iter()
    .find_map(|(item, asked)| asked.then_some(item))
}

fn wrong(error: &toml::de::Error) -> String {
    format!("its plugin.toml is wrong: {}", clean(&error.to_string(), 300))
}

/// The contract that a manifest names, whatever else is in it.
fn contract_of(text: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Spoken {
        contract: String,
    }
    toml::from_str::<Spoken>(text).map(|manifest| manifest.contract).map_err(|error| wrong(&error))
}

/// Words fit to be shown.
fn cleaned(whose: &str, texts: &mut Texts) -> Result<(), String> {
    if texts.len() > 16 || !texts.keys().all(|language| is_name(&language.to_ascii_lowercase())) {
        return Err(format!("{whose} is given in at most 16 languages, by a language tag (fr, en)"));
    }
    for text in texts.values_mut() {
        *text = clean(text, MAX_DESCRIPTION);
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}
