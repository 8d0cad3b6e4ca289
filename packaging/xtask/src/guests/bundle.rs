//! From a compiled module to a bundle: a component that imports nothing but the
//! contract, in a plain tar beside its manifest. The same input gives the same
//! octets, but for the signature: minisign's has randomness in it.

use std::fs;
use std::path::Path;

use minisign::SecretKey;
use wit_component::{ComponentEncoder, DecodedWasm};

use super::signing::sign;

/// Every import must be of this package.
const PACKAGE: &str = "estampe:plugin/";

/// Makes the module a component, validates it, and refuses foreign imports.
pub fn component(module: &Path) -> Result<Vec<u8>, String> {
    let name = module.display();
    let module = fs::read(module).map_err(|error| format!("{name}: {error}"))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| format!("{name} cannot be made a component: {error:#}"))?;
    let foreign: Vec<String> = imports(&component)?.into_iter().filter(|import| !import.starts_with(PACKAGE)).collect();
    if foreign.is_empty() {
        return Ok(component);
    }
    Err(format!("{name} imports what the contract does not have: {}", foreign.join(", ")))
}

/// Names of a component's imports.
fn imports(component: &[u8]) -> Result<Vec<String>, String> {
    match wit_component::decode(component).map_err(|error| format!("the component cannot be read back: {error:#}"))? {
        DecodedWasm::Component(resolve, world) => {
            let world = resolve.worlds.get(world).ok_or("the component has no world")?;
            Ok(world.imports.keys().map(|key| resolve.name_world_key(key)).collect())
        }
        DecodedWasm::WitPackage(..) => Err("a package of definitions, not a component".to_owned()),
    }
}

/// Writes the bundle: a tar with `component.wasm`, `plugin.toml` and the signature of both,
/// in this order, without anything of this machine. Gives its length, octets.
pub fn write(manifest: &Path, component: &[u8], file: &Path, key: &SecretKey) -> Result<usize, String> {
    let manifest_text = fs::read(manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in [("component.wasm", component), ("plugin.toml", manifest_text.as_slice())] {
        append(&mut archive, name, content).map_err(failed)?;
    }
    // what was written so far is what is signed: whole blocks, without the archive's end
    let signature = sign(archive.get_ref(), key)?;
    append(&mut archive, "signature.minisig", signature.as_bytes()).map_err(failed)?;
    let octets = archive.into_inner().map_err(failed)?;
    // whoever reads it meanwhile sees the old one or the new one
    let beside = file.with_extension("estampe.new");
    fs::write(&beside, &octets).and_then(|()| fs::rename(&beside, file)).map_err(failed)?;
    Ok(octets.len())
}

fn append(archive: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, name, content)
}
