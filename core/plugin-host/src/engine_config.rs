//! How plugins are compiled and run: the one configuration that the host and
//! `estampe-compile` share (it includes this file by path, since the two know
//! nothing of each other). What differs here makes wasmtime refuse the artifact.

use std::num::NonZeroUsize;

use wasmtime::{Config, WasmFeatures};

/// What is taken out of WebAssembly 3.0: whatever Rust, C, JavaScript and Python
/// guests do without. Less language is less compiler to trust. Threads, garbage
/// collection, exceptions and everything asynchronous are not even built in.
const REMOVED: [WasmFeatures; 7] = [
    WasmFeatures::MEMORY64,
    WasmFeatures::MULTI_MEMORY,
    WasmFeatures::RELAXED_SIMD,
    WasmFeatures::TAIL_CALL,
    WasmFeatures::EXTENDED_CONST,
    WasmFeatures::FUNCTION_REFERENCES,
    WasmFeatures::THREADS,
];

/// Stack of a guest, in octets. Guest threads of the host are larger than this.
pub const WASM_STACK: usize = 512 * 1024;

/// The configuration, without what concerns the host alone (its allocator).
pub fn engine_config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    // synchronous contract: no fibers, no concurrency tables in every store
    config.concurrency_support(false);
    // the only way to stop a loop that calls nothing
    config.epoch_interruption(true);
    config.max_wasm_stack(WASM_STACK);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(16));
    // tables for native unwinders: nobody unwinds through guests
    config.native_unwind_info(false);
    for feature in REMOVED {
        config.wasm_features(feature, false);
    }
    config
}
