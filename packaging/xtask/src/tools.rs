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

/// The version of cargo-auditable that the shipped programs are built with.
const CARGO_AUDITABLE: &str = "0.7.7";

/// cargo-auditable, which writes the list of a program's dependencies into it; built when it is not
/// there.
pub fn cargo_auditable(workspace: &Path) -> Result<PathBuf, String> {
    let root = cache()?.join("tools");
    let (program, stamp) = (root.join("bin/cargo-auditable"), root.join("cargo-auditable.version"));
    if program.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|version| version == CARGO_AUDITABLE) {
        return Ok(program);
    }
    note(&format!("building cargo-auditable {CARGO_AUDITABLE} into {} (once)", root.display()));
    let mut cargo = build::cargo(workspace);
    cargo.args([
        "install",
        "cargo-auditable",
        "--version",
        CARGO_AUDITABLE,
        "--locked",
        "--force",
        "--debug",
        "--root",
    ]);
    cargo.arg(&root).env("CARGO_PROFILE_DEV_DEBUG", "0").env_remove("CARGO_TARGET_DIR");
    cargo.current_dir(std::env::temp_dir());
    children::run("cargo install cargo-auditable", &mut cargo)?;
    std::fs::write(&stamp, CARGO_AUDITABLE).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(program)
}

/// A tar of Debian 12 with these packages, made when it is not there. The variant is mmdebstrap's:
/// `extract` for their files alone, `minbase` for a system.
pub fn debian(variant: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let folder = cache()?.join("debian");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let archive = folder.join(format!("{variant}-{}.tar", packages.join("-")));
    // its index and packages change: a week old is fresh enough
    let age = std::fs::metadata(&archive).ok().and_then(|found| found.modified().ok()?.elapsed().ok());
    if age.is_some_and(|age| age < std::time::Duration::from_hours(7 * 24)) {
        return Ok(archive);
    }
    note(&format!("fetching Debian 12 ({})", packages.join(", ")));
    let half = archive.with_extension("half.tar");
    let mut mmdebstrap = Command::new("mmdebstrap");
    mmdebstrap.args([
        "--quiet",
        &format!("--variant={variant}"),
        &format!("--include={}", packages.join(",")),
        "bookworm",
    ]);
    mmdebstrap.arg(&half);
    // the mirror that this machine uses
    for sources in ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"] {
        if Path::new(sources).is_file() {
            mmdebstrap.arg(sources);
            break;
        }
    }
    children::run("mmdebstrap", &mut mmdebstrap)?;
    std::fs::rename(&half, &archive).map_err(|error| format!("{}: {error}", archive.display()))?;
    Ok(archive)
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
    python("sslyze", SSLYZE)
}

/// schemathesis and everything that it is made of, from PyPI.
const SCHEMATHESIS: &[&str] = &[
    "schemathesis==4.32.5",
    "anyio==4.16.0",
    "certifi==2026.10.19.post1",
    "charset-normalizer==3.5.3",
    "click==8.5.1",
    "graphql-core==3.3.2",
    "harfile==0.6.0",
    "hypothesis==6.170.17",
    "hypothesis-graphql==0.13.5",
    "idna==3.20",
    "iniconfig==2.3.1",
    "jsonschema_rs==0.60.3",
    "markdown-it-py==4.3.0",
    "MarkupSafe==3.0.4",
    "mdurl==0.1.2",
    "packaging==26.4",
    "pluggy==1.7.0",
    "Pygments==2.21.0",
    "pyrate-limiter==4.5.1",
    "pytest==9.2.0",
    "PyYAML==6.0.4",
    "requests==2.34.2",
    "rich==15.0.0",
    "sortedcontainers==2.4.0",
    "typing_extensions==4.16.0",
    "urllib3==2.8.0",
    "Werkzeug==3.1.9",
];

/// schemathesis, which asks the API whatever its document allows, and more.
pub fn schemathesis() -> Result<PathBuf, String> {
    python("schemathesis", SCHEMATHESIS)
}

/// A program of PyPI with everything that it is made of, the program's own package first.
fn python(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let root = cache()?.join("tools").join(name);
    let (program, stamp) = (root.join("bin").join(name), root.join("versions"));
    let wanted = packages.join("\n");
    // the stamp is written last: a half-made environment is made anew
    if program.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|versions| versions == wanted) {
        return Ok(program);
    }
    note(&format!("installing {} into {} (once)", packages.first().unwrap_or(&name), root.display()));
    let mut venv = Command::new("/usr/bin/python3");
    venv.args(["-m", "venv", "--clear"]).arg(&root);
    children::run("python3 -m venv", &mut venv)?;
    let mut pip = Command::new(root.join("bin/pip"));
    pip.args(["--quiet", "--disable-pip-version-check", "install", "--no-deps"]).args(packages);
    children::run("pip install", &mut pip)?;
    std::fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(program)
}

/// The folder `node_modules` of the example in JavaScript (componentize-js, from npm's
/// registry), installed when it is not there as its lock file says.
pub fn componentize(workspace: &Path) -> Result<PathBuf, String> {
    node_modules("componentize", &workspace.join("plugin-sdk/examples/hello-js"))
}

/// axe-core's one file, which the tests hold every page against.
pub fn axe(workspace: &Path) -> Result<PathBuf, String> {
    Ok(node_modules("axe", &workspace.join("tests/axe"))?.join("axe-core/axe.min.js"))
}

/// A real OpenID Connect provider, which the tests sign in by.
pub fn oidc_provider(workspace: &Path) -> Result<PathBuf, String> {
    node_modules("oidc", &workspace.join("tests/oidc"))
}

/// A folder `node_modules` as the lock file in this folder says, installed when it is not
/// there.
fn node_modules(name: &str, described: &Path) -> Result<PathBuf, String> {
    let root = cache()?.join("tools").join(name);
    let stamp = root.join("installed");
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let wanted = read(&described.join("package-lock.json"))?;
    let modules = root.join("node_modules");
    // the stamp is written last: a half-made folder is made anew
    if modules.is_dir() && read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    note(&format!("installing {name} into {} (once)", root.display()));
    std::fs::create_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::write(root.join(name), read(&described.join(name))?).map_err(|error| format!("{name}: {error}"))?;
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
