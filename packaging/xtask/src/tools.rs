//! Tools that are not ours and not the distribution's: built once, at a fixed version,
//! into a cache folder of the user's.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;
use crate::children;
use crate::steps::note;

/// The version of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

/// cargo-deny, built when it is not there.
pub fn cargo_deny(workspace: &Path) -> Result<PathBuf, String> {
    let root = cache()?.join("tools");
    let program = root.join("bin/cargo-deny");
    let version = |program: &Path| children::output("cargo-deny", Command::new(program).arg("--version"));
    if version(&program).is_ok_and(|text| text.trim().ends_with(CARGO_DENY)) {
        return Ok(program);
    }
    note(&format!("building cargo-deny {CARGO_DENY} into {} (once)", root.display()));
    let mut cargo = build::cargo(workspace);
    // it runs for a second: built quickly is better than built to be quick
    cargo.args(["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--force", "--debug", "--root"]);
    cargo.arg(&root).env("CARGO_PROFILE_DEV_DEBUG", "0").env_remove("CARGO_TARGET_DIR");
    // not from within the workspace: its settings are not meant for it
    cargo.current_dir(std::env::temp_dir());
    children::run("cargo install cargo-deny", &mut cargo)?;
    Ok(program)
}

fn cache() -> Result<PathBuf, String> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .ok_or("neither HOME nor XDG_CACHE_HOME is set")?;
    Ok(base.join("estampe"))
}
