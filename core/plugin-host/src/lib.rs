//! Runs plugins: the only user of wasmtime's runtime
