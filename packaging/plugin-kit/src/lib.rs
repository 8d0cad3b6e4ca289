//! Makes plugins: begins a new one, compiles it for WebAssembly, makes it a component that
//! imports nothing but the contract, bundles and signs it.
//!
//! `cargo xtask build` does so with the plugins of the workspace, `estampe plugin
//! new|build|key|sign` with those of anybody. Running them is the plugin host's.

pub mod bundle;
pub mod component;
pub mod project;
pub mod sbom;
pub mod scaffold;
pub mod signing;
pub mod toolchain;

/// The only target of guests: no WASI, no imports but the contract's.
pub const TARGET: &str = "wasm32-unknown-unknown";
