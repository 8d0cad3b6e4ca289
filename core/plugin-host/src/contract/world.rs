//! Whether a component is what its manifest says, before wasmtime links it: its own words
//! would name neither the manifest nor what would mend it.

use estampe_domain::plugin::{Offer, PluginInfo, PluginKind};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::text::clean;

/// Where the contract's interfaces stand.
const PACKAGE: &str = "estampe:plugin/";
/// What a template may import; `types` holds no functions.
const OF_TEMPLATES: [&str; 4] = ["clock", "config", "log", "types"];

/// The world of a kind, and what it exports. The export is also how a manifest writes it.
const fn of(kind: PluginKind) -> (&'static str, &'static str) {
    match kind {
        PluginKind::Connector => ("connector-plugin", "connector"),
        PluginKind::SignatureTemplate => ("signature-template-plugin", "signature-template"),
    }
}

/// Whether the component exports what a plugin of this kind does, and imports no more.
pub fn fits(engine: &Engine, component: &Component, info: &PluginInfo) -> Result<(), String> {
    let component = component.component_type();
    let exports: Vec<&str> = component.exports(engine).map(|(name, _)| name).collect();
    let imports: Vec<&str> = component.imports(engine).map(|(name, _)| name).collect();
    fit(&exports, &imports, info)
}

/// The same of the names of what a component exports and imports; the error says what is wrong.
pub fn fit(exports: &[&str], imports: &[&str], info: &PluginInfo) -> Result<(), String> {
    let kind = info.kind;
    let (world, export) = of(kind);
    if !exports.iter().any(|name| interface(name) == Some(export)) {
        let there: Vec<String> = exports.iter().take(8).map(|name| clean(name, 64)).collect();
        return Err(format!(
            "its manifest says kind = \"{export}\", and its component does not export {PACKAGE}{export} \
             (it exports {}): build it for the world {world}, or mend `kind` in its plugin.toml",
            if there.is_empty() { "nothing".to_owned() } else { there.join(", ") },
        ));
    }
    for offer in Offer::ALL {
        let name = offer.as_str();
        match (info.offers.contains(&offer), exports.iter().any(|export| interface(export) == Some(name))) {
            (true, false) => {
                return Err(format!(
                    "its manifest offers \"{name}\", and its component does not export {PACKAGE}{name}: export it, \
                     or leave it out of `offers` in its plugin.toml"
                ));
            }
            (false, true) => {
                return Err(format!(
                    "its component exports {PACKAGE}{name}, and its manifest does not offer \"{name}\": say so in \
                     `offers` of its plugin.toml, or do not export it"
                ));
            }
            (true, true) | (false, false) => {}
        }
    }
    if kind == PluginKind::SignatureTemplate {
        for name in imports {
            if !interface(name).is_some_and(|interface| OF_TEMPLATES.contains(&interface)) {
                return Err(format!(
                    "a signature template imports log, clock and config and nothing else, and this one imports {}",
                    clean(name, 64)
                ));
            }
        }
    }
    Ok(())
}

/// `connector` of `estampe:plugin/connector@0.1.0`.
fn interface(name: &str) -> Option<&str> {
    name.strip_prefix(PACKAGE)?.split('@').next()
}
