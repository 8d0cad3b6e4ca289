//! `estampe-compile`: compiles a plugin for the server, which has no compiler of its
//! own. A hostile component can make a compiler work for ever or use all memory, so
//! this is a process of its own that limits itself before it reads anything.
//!
//! A component comes in on standard input, the precompiled artifact goes out on
//! standard output. With `--fingerprint` it prints what an artifact depends on
//! (wasmtime, its configuration, this processor) and compiles nothing.
//!
//! Exit codes: 0 done, 1 the component was refused, 2 wrong usage.

#[path = "../../plugin-host/src/engine_config.rs"]
mod engine_config;

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use crate::engine_config::engine_config;

/// The only package that a plugin may import from.
const PACKAGE: &str = "estampe:plugin/";

/// Octets of a component, at most.
const MAX_COMPONENT: u64 = 64 << 20;

/// What this process may use at most (octets, seconds, files). A component that
/// needs more than this is refused.
const LIMITS: [(Resource, u64); 5] = [
    (Resource::As, 2 << 30),
    (Resource::Cpu, 30),
    (Resource::Core, 0),
    (Resource::Nofile, 16),
    (Resource::Fsize, 256 << 20),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let run = match arguments.as_slice() {
        [] => compile,
        [one] if one == "--fingerprint" => fingerprint,
        _ => {
            complain("usage: estampe-compile [--fingerprint] < component.wasm > artifact");
            return ExitCode::from(2);
        }
    };
    match limit_self().and_then(|()| run()) {
        Ok(output) => match io::stdout().write_all(&output) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&format!("cannot write the artifact: {error}")),
        },
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    complain(message);
    ExitCode::FAILURE
}

/// Says it on standard error; when even that fails nobody is listening.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

fn limit_self() -> Result<(), String> {
    for (resource, value) in LIMITS {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
            .map_err(|error| format!("cannot limit this process ({resource:?}): {error}"))?;
    }
    Ok(())
}

fn compile() -> Result<Vec<u8>, String> {
    let mut component = Vec::new();
    io::stdin()
        .take(MAX_COMPONENT + 1)
        .read_to_end(&mut component)
        .map_err(|error| format!("cannot read the component: {error}"))?;
    if component.len() as u64 > MAX_COMPONENT {
        return Err(format!("the component is larger than {} MiB", MAX_COMPONENT >> 20));
    }
    let engine = engine()?;
    // `from_binary` and not `new`: text is never compiled
    let component = Component::from_binary(&engine, &component)
        .map_err(|error| format!("cannot compile the component: {error:#}"))?;
    refuse_foreign_imports(&engine, &component)?;
    component.serialize().map_err(|error| format!("cannot write the artifact: {error:#}"))
}

/// Refuses whatever would give a plugin more than the contract does.
fn refuse_foreign_imports(engine: &Engine, component: &Component) -> Result<(), String> {
    for (name, import) in component.component_type().imports(engine) {
        let ours = name.starts_with(PACKAGE) && matches!(import.ty, ComponentItem::ComponentInstance(_));
        if !ours {
            return Err(format!(
                "the component imports {name:?}; a plugin may import interfaces of \
                 {PACKAGE}* only (build it for wasm32-unknown-unknown, without WASI)"
            ));
        }
    }
    Ok(())
}

fn fingerprint() -> Result<Vec<u8>, String> {
    let engine = engine()?;
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Ok(format!("{:016x}\n", hasher.finish()).into_bytes())
}

fn engine() -> Result<Engine, String> {
    Engine::new(&engine_config()).map_err(|error: wasmtime::Error| describe(&error))
}

fn describe(error: &dyn Display) -> String {
    format!("cannot set up the compiler: {error:#}")
}
