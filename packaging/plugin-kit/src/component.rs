//! From a compiled module to a component that imports nothing but the contract.

use wit_component::{ComponentEncoder, DecodedWasm};

/// Every import must be of this package.
const PACKAGE: &str = "estampe:plugin/";

/// Makes the module a component, validates it, and refuses foreign imports. `name` is what
/// errors call it.
pub fn encode(module: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| format!("{name} cannot be made a component: {error:#}"))?;
    let foreign: Vec<String> = imports(&component)?.into_iter().filter(|import| !import.starts_with(PACKAGE)).collect();
    if foreign.is_empty() {
        return Ok(component);
    }
    Err(format!("{name} imports what the contract does not have: {}", foreign.join(", ")))
}

/// Names of a component's imports.
pub fn imports(component: &[u8]) -> Result<Vec<String>, String> {
    Ok(world(component)?.imports)
}

/// What a component exports and imports, by name: `estampe:plugin/connector@0.1.0`.
#[derive(Debug, Default)]
pub struct World {
    /// What it exports.
    pub exports: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
}

/// Looks at a component.
pub fn world(component: &[u8]) -> Result<World, String> {
    match wit_component::decode(component).map_err(|error| format!("the component cannot be read back: {error:#}"))? {
        DecodedWasm::Component(resolve, world) => {
            let world = resolve.worlds.get(world).ok_or("the component has no world")?;
            let imports = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
            let exports = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
            Ok(World { exports, imports })
        }
        DecodedWasm::WitPackage(..) => Err("a package of definitions, not a component".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use wit_component::{StringEncoding, embed_component_metadata};
    use wit_parser::Resolve;

    use super::*;

    fn module(package: &str, text: &str) -> Vec<u8> {
        let mut module = wat::parse_str(text).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("test.wit", package).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        module
    }

    #[test]
    fn only_the_contract_is_imported() {
        let good = module(
            "package estampe:plugin@0.1.0; interface i { f: func(); } world w { import i; }",
            "(module (import \"estampe:plugin/i@0.1.0\" \"f\" (func)))",
        );
        let component = encode(&good, "good.wasm").unwrap();
        assert_eq!(imports(&component).unwrap(), ["estampe:plugin/i@0.1.0"]);
        let foreign = module(
            "package wasi:clocks@0.2.0; interface i { f: func(); } world w { import i; }",
            "(module (import \"wasi:clocks/i@0.2.0\" \"f\" (func)))",
        );
        let refused = encode(&foreign, "bad.wasm").unwrap_err();
        assert!(refused.contains("bad.wasm") && refused.contains("wasi:clocks/i@0.2.0"), "{refused}");
        assert!(encode(b"no module", "x").unwrap_err().contains("x cannot be made a component"));
    }
}
