//! Calls an empty function of a plugin by Extism, each time in a fresh instance of a module
//! that was compiled before, for as many milliseconds as it is told; prints how many
//! microseconds one took.

use std::time::{Duration, Instant};

use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};

/// What is called does nothing, and returns that all is well.
const PLUGIN: &str = r#"(module (memory (export "memory") 1) (func (export "check") (result i32) (i32.const 0)))"#;

fn main() -> Result<(), extism::Error> {
    let time: u64 = std::env::args().nth(1).ok_or_else(|| extism::Error::msg("how many milliseconds?"))?.parse()?;
    let time = Duration::from_millis(time);
    let manifest = Manifest::new([Wasm::data(PLUGIN)]).with_timeout(Duration::from_secs(5)).with_memory_max(1024);
    let compiled = CompiledPlugin::new(PluginBuilder::new(manifest).with_wasi(false))?;
    let call = || {
        let mut plugin = Plugin::new_from_compiled(&compiled)?;
        plugin.call::<_, ()>("check", ())
    };
    call()?;
    let (begun, mut calls) = (Instant::now(), 0_u32);
    while begun.elapsed() < time {
        call()?;
        calls += 1;
    }
    println!("{}", begun.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    Ok(())
}
