//! Building: the server, the compiler process, the plugins.
//!
//! Each kind of build is one `cargo` invocation with a fixed choice of packages and
//! features, because cargo unifies features over what is chosen: the compiler process
//! is always built alone (else cranelift would land in the server's wasmtime), and
//! the tests run from exactly the choice that built the server they drive.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::children;
use crate::guests;
use crate::steps::note;

/// The package of the compiler process.
pub const COMPILER: &str = "estampe-plugin-compile";

/// The package of the benches and long trials.
pub const BENCH: &str = "estampe-bench";

/// The choice of the tests: every crate of ours but the compiler process, xtask and the
/// benches, with both databases.
pub const TESTED: &[&str] =
    &["--workspace", "--exclude", COMPILER, "--exclude", "xtask", "--exclude", BENCH, "--features", "estampe/postgres"];

/// A cargo of the toolchain that runs us, in the workspace.
pub fn cargo(workspace: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace);
    // set by `.cargo/config.toml`; inherited from the cargo that runs us, it counts as changed
    // every time, and SQLite and all above it would be built anew
    cargo.env_remove("LIBSQLITE3_FLAGS");
    cargo
}

/// Where cargo puts things.
pub fn target(workspace: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), |dir| workspace.join(dir))
}

/// `cargo xtask build`
pub fn release(workspace: &Path) -> Result<(), String> {
    crate::apt::need(&[crate::apt::COMPILING])?;
    server(workspace, true)?;
    compiler(workspace, true)?;
    plugins(workspace)?;
    let target = target(workspace);
    println!("{}\n{}", target.join("release/estampe").display(), target.join("release/estampe-compile").display());
    println!("{}", target.join("plugins").display());
    Ok(())
}

/// The server as it is shipped: default features, so SQLite alone.
pub fn server(workspace: &Path, release: bool) -> Result<PathBuf, String> {
    note("building the server");
    build(workspace, &["-p", "estampe"], release)?;
    Ok(binary(workspace, release, "estampe"))
}

/// The process that compiles plugins.
pub fn compiler(workspace: &Path, release: bool) -> Result<PathBuf, String> {
    note("building the plugin compiler");
    build(workspace, &["-p", COMPILER], release)?;
    Ok(binary(workspace, release, "estampe-compile"))
}

/// The plugins; gives the folder of their bundles.
pub fn plugins(workspace: &Path) -> Result<PathBuf, String> {
    let toolchain = guests::ensure_toolchain(&note)?;
    guests::build_plugins(workspace, &toolchain, &note)?;
    Ok(target(workspace).join("plugins"))
}

/// The program of the benches and long trials.
pub fn bench(workspace: &Path) -> Result<PathBuf, String> {
    note("building the benches");
    build(workspace, &["-p", BENCH], true)?;
    Ok(binary(workspace, true, BENCH))
}

/// What calls a plugin by Extism: a workspace of its own, with another wasmtime.
pub fn extism(workspace: &Path) -> Result<(), String> {
    note("building the other side of the bench of guests");
    let mut cargo = cargo(workspace);
    cargo.args(["build", "--release", "--locked", "--manifest-path", "tests/bench/extism/Cargo.toml", "--target-dir"]);
    children::run("cargo build", cargo.arg(target(workspace).join("extism")))
}

fn build(workspace: &Path, choice: &[&str], release: bool) -> Result<(), String> {
    let mut cargo = cargo(workspace);
    cargo.arg("build").args(choice);
    if release {
        cargo.arg("--release");
    }
    children::run("cargo build", &mut cargo)
}

fn binary(workspace: &Path, release: bool, name: &str) -> PathBuf {
    target(workspace).join(if release { "release" } else { "debug" }).join(name)
}
