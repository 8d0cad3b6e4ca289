//! Reads a bundle: a plain tar with `plugin.toml` and `component.wasm`, and nothing
//! else. Nothing of it is ever unpacked into a folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use estampe_domain::plugin::PluginInfo;
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

/// `plugin.toml`. Keys that are not named here are for other programs.
#[derive(Deserialize)]
struct Manifest {
    id: String,
    version: String,
    contract: String,
    description: BTreeMap<String, String>,
    #[serde(default)]
    inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    name: String,
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
                return Err(format!(
                    "it holds {name:?}; a bundle holds plugin.toml and component.wasm alone"
                ));
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
    let manifest: Manifest = toml::from_str(text)
        .map_err(|error| format!("its plugin.toml is wrong: {}", clean(&error.to_string(), 300)))?;
    let contract = Contract::parse(&manifest.contract)?;
    if !is_name(&manifest.id) {
        return Err("its id has 1 to 64 characters of a-z, 0-9 and -".to_owned());
    }
    let in_version = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
    if !(1..=64).contains(&manifest.version.len()) || !manifest.version.bytes().all(in_version) {
        return Err("its version has 1 to 64 characters of a-z, 0-9 and .+-".to_owned());
    }
    if manifest.description.is_empty() || manifest.description.len() > 16 {
        return Err("its description is given in 1 to 16 languages (fr, en)".to_owned());
    }
    let inputs: Vec<_> = manifest.inputs.into_iter().map(|input| input.name).collect();
    if inputs.len() > MAX_INPUTS || !inputs.iter().all(|name| is_name(name)) {
        return Err(format!(
            "it asks for at most {MAX_INPUTS} inputs with names of a-z, 0-9 and -"
        ));
    }
    let described = manifest.description.into_iter();
    let description = described.map(|(language, text)| {
        if is_name(&language.to_ascii_lowercase()) {
            Ok((language, clean(&text, MAX_DESCRIPTION)))
        } else {
            Err("its description has a name that is no language tag".to_owned())
        }
    });
    let info = PluginInfo {
        id: manifest.id,
        version: manifest.version,
        contract: manifest.contract,
        description: description.collect::<Result<_, _>>()?,
        inputs,
    };
    Ok((info, contract))
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}
