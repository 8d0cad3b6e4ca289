//! Reads a bundle: a plain tar with `plugin.toml` and `component.wasm`, and nothing
//! else. Nothing of it is ever unpacked into a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use estampe_domain::manifest::CredentialDeclaration;
use estampe_domain::plugin::{
    Asks, ConfigKey, FieldsAsk, HttpAsk, LdapAsk, LimitsAsk, PluginInfo, PluginInput, PluginKind, Texts,
};
use serde::Deserialize;

use crate::contract::Contract;
use crate::text::clean;

/// Octets of the manifest.
const MAX_MANIFEST: u64 = 64 << 10;
/// Octets of the component. Python and JavaScript bring their own interpreter.
const MAX_COMPONENT: u64 = 64 << 20;
/// Octets of the whole file.
const MAX_BUNDLE: u64 = MAX_COMPONENT + (1 << 20);
/// Characters of a description.
const MAX_DESCRIPTION: usize = 1_000;
/// Inputs that a plugin may ask for.
const MAX_INPUTS: usize = 16;
/// Keys that may be configured.
const MAX_KEYS: usize = 64;
/// Items that a plugin may ask for.
const MAX_ASKED: usize = 200;

/// A bundle, parsed.
#[derive(Debug)]
pub struct Bundle {
    /// What the manifest says.
    pub info: PluginInfo,
    /// The contract that it speaks.
    pub contract: Contract,
    /// The component, not yet looked at.
    pub component: Vec<u8>,
}

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
    limits: LimitsAsk,
}

/// Reads the bundle at this path; the error says what is wrong with it.
pub fn open(path: &Path) -> Result<Bundle, String> {
    let file = File::open(path).map_err(|error| format!("cannot open it: {error}"))?;
    let facts = file.metadata().map_err(|error| format!("cannot look at it: {error}"))?;
    if !facts.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if facts.len() > MAX_BUNDLE {
        return Err(format!("it is larger than {} MiB", MAX_BUNDLE >> 20));
    }
    read(file.take(MAX_BUNDLE))
}

/// Reads a bundle from its octets.
pub fn read(octets: impl Read) -> Result<Bundle, String> {
    let damaged = |error: std::io::Error| format!("it is no tar archive or damaged: {error}");
    let (mut manifest, mut component) = (None, None);
    let mut archive = tar::Archive::new(octets);
    // raw: extended names and sparse files are entries like others, and refused
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let entry = entry.map_err(damaged)?;
        let name = entry.path_bytes().into_owned();
        let (slot, cap) = match name.as_slice() {
            b"plugin.toml" => (&mut manifest, MAX_MANIFEST),
            b"component.wasm" => (&mut component, MAX_COMPONENT),
            other => {
                let name = clean(&String::from_utf8_lossy(other), 100);
                return Err(format!("it holds {name:?}; a bundle holds plugin.toml and component.wasm alone"));
            }
        };
        let name = String::from_utf8_lossy(&name);
        if !entry.header().entry_type().is_file() {
            return Err(format!("its {name} is not a regular file"));
        }
        if slot.is_some() {
            return Err(format!("it holds {name} twice"));
        }
        let size = entry.header().entry_size().map_err(damaged)?;
        if size > cap {
            return Err(format!("its {name} is larger than {} KiB", cap >> 10));
        }
        let mut octets = Vec::new();
        entry.take(cap).read_to_end(&mut octets).map_err(damaged)?;
        if octets.len() as u64 != size {
            return Err(format!("its {name} is cut off"));
        }
        *slot = Some(octets);
    }
    let manifest = manifest.ok_or("it holds no plugin.toml")?;
    let component = component.ok_or("it holds no component.wasm")?;
    let (info, contract) = parse(&manifest)?;
    Ok(Bundle { info, contract, component })
}

fn parse(manifest: &[u8]) -> Result<(PluginInfo, Contract), String> {
    let text = std::str::from_utf8(manifest).map_err(|_| "its plugin.toml is not UTF-8")?;
    // the contract first: a newer one may know keys that this one does not
    let contract = Contract::parse(&contract_of(text)?)?;
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
    }
    let Manifest { id, version, contract: spoken, kind, license, description, inputs, config, .. } = manifest;
    let Manifest { http, credentials, ldap, fields, limits, .. } = manifest;
    let asks = Asks { http, credentials, ldap, fields, limits };
    let info = PluginInfo { id, version, contract: spoken, kind, license, description, inputs, config, asks };
    info.asks_are_sound()?;
    if info.asked().len() > MAX_ASKED {
        return Err(format!("it asks for more than {MAX_ASKED} things; nobody could look at them"));
    }
    Ok((info, contract))
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

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "id = \"a\"\nversion = \"1.0.0\"\ncontract = \"0.1.0\"\nlicense = \"MIT\"\n[description]\nfr = \"x\"\n";

    /// A tar of these entries: name, type, size in the header, content.
    fn archive(entries: &[(&str, tar::EntryType, u64, &[u8])]) -> Vec<u8> {
        let mut octets = Vec::new();
        for (name, kind, size, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(*size);
            header.set_cksum();
            octets.extend_from_slice(header.as_bytes());
            octets.extend_from_slice(content);
            octets.resize(octets.len().next_multiple_of(512), 0);
        }
        octets.resize(octets.len() + 1024, 0);
        octets
    }

    fn files(files: &[(&str, &[u8])]) -> Vec<u8> {
        let entries: Vec<_> = files
            .iter()
            .map(|(name, content)| (*name, tar::EntryType::Regular, content.len() as u64, *content))
            .collect();
        archive(&entries)
    }

    fn refused(octets: &[u8]) -> String {
        read(octets).unwrap_err()
    }

    #[test]
    fn a_good_bundle_is_read() {
        let good = files(&[("component.wasm", b"code"), ("plugin.toml", MANIFEST.as_bytes())]);
        let bundle = read(good.as_slice()).unwrap();
        assert_eq!(bundle.info.id, "a");
        assert_eq!(bundle.component, b"code");
        assert!(bundle.info.inputs.is_empty() && bundle.info.config.is_empty());
    }

    #[test]
    fn hostile_archives_are_refused() {
        let manifest = ("plugin.toml", MANIFEST.as_bytes());
        for name in ["../plugin.toml", "./plugin.toml", "/plugin.toml", "PLUGIN.TOML", "x", "plugin.toml/"] {
            assert!(refused(&files(&[(name, b"")])).contains("it holds"), "{name}");
        }
        assert!(refused(&files(&[manifest, manifest])).contains("twice"));
        assert!(refused(&files(&[manifest])).contains("no component.wasm"));
        assert!(refused(&files(&[("component.wasm", b"")])).contains("no plugin.toml"));
        assert!(refused(&[]).contains("no plugin.toml"));
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Directory,
            tar::EntryType::Link,
            tar::EntryType::Fifo,
            tar::EntryType::GNUSparse,
            tar::EntryType::XHeader,
            tar::EntryType::GNULongName,
        ] {
            let message = refused(&archive(&[("plugin.toml", kind, 0, b"")]));
            assert!(message.contains("regular"), "{kind:?}: {message}");
        }
        let large = archive(&[("plugin.toml", tar::EntryType::Regular, MAX_MANIFEST + 1, b"")]);
        assert!(refused(&large).contains("larger"));
        let endless = archive(&[("component.wasm", tar::EntryType::Regular, u64::MAX >> 1, b"")]);
        assert!(refused(&endless).contains("larger"));
        let cut = files(&[manifest, ("component.wasm", &[7; 600])]);
        assert!(!refused(&cut[..1800]).is_empty());
        assert!(refused(&[0xff; 2048]).contains("tar"));
    }

    #[test]
    fn a_manifest_says_all_that_it_asks_for() {
        let more = r#"
            [config.url]
            type = "string"
            [config.secret]
            type = "string"
            secret = true
            [[http]]
            url = "{url}/v1/*"
            methods = ["POST", "GET"]
            read-only = true
            credential = "api"
            description.en = "Lists people"
            [credentials.api]
            type = "client-credentials"
            token-url = "{url}/token"
            client-id = "estampe"
            client-secret = "{secret}"
            scopes = ["people.read"]
            [fields]
            read = ["mail", "cn"]
            [limits]
            memory-mib = 128
        "#;
        let manifest = format!("{MANIFEST}{more}");
        let bundle =
            read(files(&[("plugin.toml", manifest.as_bytes()), ("component.wasm", b"code")]).as_slice()).unwrap();
        let asked: Vec<_> = bundle.info.asked().iter().map(|asked| asked.permission.to_string()).collect();
        assert_eq!(
            asked,
            [
                "http GET {url}/v1/* with api",
                "http POST {url}/v1/* read-only with api",
                "credential api client-credentials people.read",
                "field read cn",
                "field read mail",
                "memory 128",
            ]
        );
    }

    #[test]
    fn hostile_manifests_are_refused() {
        let component = ("component.wasm", b"code".as_slice());
        for (from, to, words) in [
            ("\"a\"", "\"../a\"", "id"),
            ("\"a\"", "\"\"", "id"),
            ("\"1.0.0\"", "\"1.0\"", "version"),
            ("MIT", "my own", "license"),
            ("license = \"MIT\"", "", "license"),
            ("[description]", "network = true\n[description]", "network"),
            ("[description]", "[config.Days]\ntype = \"integer\"\n[description]", "keys"),
            ("[description]", "[config.days]\ntype = \"number\"\n[description]", "number"),
            ("[description]", "[config.days]\ntype = \"choice\"\n[description]", "config.days"),
            ("[description]", "[config.days]\ntype = \"flag\"\nsecret = true\n[description]", "secret"),
            ("[description]", "[[http]]\nurl = \"a.example\"\nmethods = [\"GET\"]\n[description]", "https://"),
            ("[description]", "[[http]]\nurl = \"https://a.example/*\"\nmethods = []\n[description]", "no method"),
            ("[description]", "[[http]]\nurl = \"{url}/*\"\nmethods = [\"GET\"]\n[description]", "no key"),
            (
                "[description]",
                "[[http]]\nurl = \"https://a.example/*\"\nmethods = [\"GET\"]\ncredential = \"a\"\n[description]",
                "does not declare",
            ),
            (
                "[description]",
                "[credentials.a]\ntype = \"bearer\"\ntoken = \"abc\"\n[description]",
                "never in the manifest",
            ),
            (
                "[description]",
                "[config.t]\ntype = \"string\"\n[credentials.a]\ntype = \"bearer\"\ntoken = \"{t}\"\n[description]",
                "not marked as secret",
            ),
            (
                "[description]",
                "[credentials.a]\ntype = \"bearer\"\ntoken = \"{t}\"\nscope = \"x\"\n[description]",
                "plugin.toml is wrong",
            ),
            ("[description]", "[fields]\nread = [\"a b\"]\n[description]", "cannot be granted"),
            ("[description]", "[[inputs]]\nname = \"a\"\n[[inputs]]\nname = \"a\"\n[description]", "twice"),
            ("0.1.0", "0.2.0", "contract"),
            ("0.1.0\"", "0.2.0\"\nnews = 1", "contract \"0.2.0\""),
            ("fr = \"x\"", "", "description"),
            ("fr = \"x\"", "\"<b>\" = \"x\"", "language"),
            ("id = ", "id: ", "plugin.toml is wrong"),
            ("[description]", "[[inputs]]\nname = \"A B\"\n[description]", "inputs"),
        ] {
            let manifest = MANIFEST.replace(from, to);
            let message = refused(&files(&[("plugin.toml", manifest.as_bytes()), component]));
            assert!(message.contains(words), "{to}: {message}");
        }
    }
}
