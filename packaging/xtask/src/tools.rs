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

/// sslyze and everything that it is made of, from PyPI.
const SSLYZE: &[&str] = &[
    "sslyze==6.3.1",
    "annotated-types==0.8.0",
    "cffi==2.1.1",
    "cryptography==46.0.7",
    "nassl==5.4.0",
    "pycparser==3.12",
    "pydantic==2.14.3",
    "pydantic_core==2.50.4",
    "tls_parser==2.0.2",
    "typing-inspection==0.4.5",
    "typing_extensions==4.16.0",
];

/// sslyze, which holds a server's TLS against Mozilla's profiles; installed into a virtual
/// environment of the distribution's Python when it is not there.
pub fn sslyze() -> Result<PathBuf, String> {
    let root = cache()?.join("tools/sslyze");
    let (program, stamp) = (root.join("bin/sslyze"), root.join("versions"));
    let wanted = SSLYZE.join("\n");
    // the stamp is written last: a half-made environment is made anew
    if program.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|versions| versions == wanted) {
        return Ok(program);
    }
    note(&format!("installing {} into {} (once)", SSLYZE.first().unwrap_or(&"sslyze"), root.display()));
    let mut venv = Command::new("/usr/bin/python3");
    venv.args(["-m", "venv", "--clear"]).arg(&root);
    children::run("python3 -m venv", &mut venv)?;
    let mut pip = Command::new(root.join("bin/pip"));
    pip.args(["--quiet", "--disable-pip-version-check", "install", "--no-deps"]).args(SSLYZE);
    children::run("pip install", &mut pip)?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(program)
}

/// The folder `node_modules` of the example in JavaScript (componentize-js, from npm's
/// registry), installed when it is not there as its lock file says.
pub fn componentize(workspace: &Path) -> Result<PathBuf, String> {
    npm("componentize", "componentize-js", &workspace.join("plugin-sdk/examples/hello-js"))
}

/// The same of a real OpenID Connect provider, which the tests sign in by.
pub fn oidc_provider(workspace: &Path) -> Result<PathBuf, String> {
    npm("oidc", "oidc-provider", &workspace.join("tests/oidc"))
}

/// What a folder's lock file names, installed by npm.
fn npm(place: &str, what: &str, example: &Path) -> Result<PathBuf, String> {
    let root = cache()?.join("tools").join(place);
    let stamp = root.join("installed");
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let wanted = read(&example.join("package-lock.json"))?;
    let modules = root.join("node_modules");
    // the stamp is written last: a half-made folder is made anew
    if modules.is_dir() && read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    note(&format!("installing {what} into {} (once)", root.display()));
    std::fs::create_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::write(root.join(name), read(&example.join(name))?).map_err(|error| format!("{name}: {error}"))?;
    }
    let mut npm = Command::new("/usr/bin/npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&root);
    children::run("npm ci", &mut npm)?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(modules)
}

fn cache() -> Result<PathBuf, String> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .ok_or("neither HOME nor XDG_CACHE_HOME is set")?;
    Ok(base.join("estampe"))
}
