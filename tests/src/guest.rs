//! Plugins that are written to attack, from WebAssembly's text to a signed bundle.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::bundle::Bundle;
use crate::server::workspace;

/// A connector that misbehaves: what its exports do, as WebAssembly's text.
#[derive(Clone, Copy)]
pub struct Guest<'a> {
    /// What `check` does and gives: the address of a list.
    pub check: &'a str,
    /// What `sync-page` does and gives: the address of a result. Locals 0 to 3: the mode,
    /// whether there is a cursor, and where it is. A zeroed one is a good last page.
    pub page: &'a str,
    /// Its memory at the beginning: pages of 64 KiB, at least 3.
    pub memory: u32,
    /// Further fields of the module.
    pub fields: &'a str,
}

/// One that does nothing, well.
pub const GUEST: Guest<'static> = Guest { check: "(i32.const 0)", page: "(i32.const 0)", memory: 16, fields: "" };

impl Guest<'_> {
    /// Its component. The octets from 0 to 64 KiB are zero; at 66,000 stands `people`.
    pub fn component(&self) -> Vec<u8> {
        let Self { check, page, memory, fields } = self;
        component(&format!(
            r#"(module
                (import "estampe:plugin/log@0.1.0" "write" (func $log (param i32 i32 i32)))
                (import "estampe:plugin/config@0.1.0" "get" (func $config (param i32 i32 i32)))
                (import "estampe:plugin/clock@0.1.0" "cancelled" (func $cancelled (result i32)))
                (import "estampe:plugin/file@0.1.0" "stat" (func $stat (param i32 i32 i32)))
                (import "estampe:plugin/state@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32 i32)))
                (memory (export "memory") {memory})
                (data (i32.const 66000) "people")
                (global $free (mut i32) (i32.const 70000))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (global.get $free)
                    (global.set $free (i32.and (i32.const -8)
                        (i32.add (i32.const 7) (i32.add (global.get $free) (local.get 3))))))
                (func (export "estampe:plugin/connector@0.1.0#describe") (result i32) (i32.const 0))
                (func (export "estampe:plugin/connector@0.1.0#check") (result i32) {check})
                (func (export "estampe:plugin/connector@0.1.0#sync-page")
                    (param i32 i32 i32 i32) (result i32) {page})
                {fields})"#
        ))
    }

    /// Its bundle, unsigned as yet.
    pub fn bundle(&self, id: &str) -> Bundle {
        Bundle::new(manifest(id), self.component())
    }
}

/// A manifest that asks for the fields `cn` and `mail` and for nothing else.
pub fn manifest(id: &str) -> String {
    format!(
        "id = {id:?}\nversion = \"0.1.0\"\ncontract = \"0.1.0\"\nlicense = \"MIT\"\n\
         [description]\nen = \"An attack\"\nfr = \"Une attaque\"\n[fields]\nread = [\"cn\", \"mail\"]\n"
    )
}

/// A component of the world `connector-plugin`, from its core module's text.
pub fn component(text: &str) -> Vec<u8> {
    let mut module = wat::parse_str(text).expect("the text is WebAssembly");
    let mut resolve = Resolve::default();
    let wit = workspace().join("plugin-sdk/wit");
    let (package, _) = resolve.push_path(Path::new(&wit)).expect("the contract is WIT");
    let world = resolve.select_world(&[package], Some("connector-plugin")).expect("the world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}
