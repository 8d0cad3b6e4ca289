//! `cargo xtask dist`: what is shipped, into `target/dist`. Packages, images, plugins, bills of
//! materials, checksums and their signature; and one archive with what a site without network needs.

mod deb;
mod image;
mod notices;
mod sums;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use estampe_plugin_kit::{sbom, signing};

pub use deb::package;
pub use image::{base, image};

use crate::steps::{loud, note, seconds};
use crate::{apt, build, children, guests, tools};

/// The version that is shipped.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Which database a variant speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// SQLite alone: no library to fetch.
    Sqlite,
    /// PostgreSQL as well, by the distribution's libpq.
    Postgres,
}

impl Variant {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// The name of its package and its image.
    pub fn package(self) -> &'static str {
        match self {
            Self::Sqlite => "estampe",
            Self::Postgres => "estampe-postgres",
        }
    }

    fn features(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[],
            Self::Postgres => &["--features", "estampe/postgres"],
        }
    }
}

/// What a package is made of.
pub struct Parts {
    pub variant: Variant,
    pub version: String,
    /// The server, stripped.
    pub server: PathBuf,
    /// The process that compiles plugins, stripped.
    pub compiler: PathBuf,
    /// The folder of the plugins' bundles and the key that they were signed with.
    pub plugins: PathBuf,
    /// The bill of materials, JSON.
    pub sbom: Vec<u8>,
    /// The licences of what is linked, with their texts.
    pub notices: String,
    /// Seconds since 1970 that every file in a package is dated with.
    pub epoch: u64,
    /// Packed quickly rather than small.
    pub quick: bool,
}

/// Builds everything. `key` signs plugins and checksums; without one this checkout's own key does,
/// which nobody but its owner trusts.
pub fn run(workspace: &Path, key: Option<&Path>) -> Result<(), String> {
    apt::need(&[apt::COMPILING, apt::PACKAGING])?;
    let target = build::target(workspace);
    let out = target.join("dist");
    let failed = |error: std::io::Error| format!("{}: {error}", out.display());
    if out.exists() {
        fs::remove_dir_all(&out).map_err(failed)?;
    }
    fs::create_dir_all(out.join("plugins")).map_err(failed)?;
    let epoch = epoch(workspace)?;
    let ((), _) = loud("plugins", || guests_into(workspace, key, &out.join("plugins")))?;
    let (compiler, _) = loud("plugin compiler", || shipped(workspace, build::COMPILER, &[], "estampe-compile"))?;
    for variant in Variant::ALL {
        let (server, took) = loud(variant.package(), || shipped(workspace, "estampe", variant.features(), "estampe"))?;
        note(&format!("{} built in {}", variant.package(), seconds(took)));
        let parts = Parts {
            variant,
            version: VERSION.to_owned(),
            // the other variant is built over it
            server: kept(&server, &target.join("packaging").join(format!("{}.bin", variant.package())))?,
            compiler: compiler.clone(),
            plugins: out.join("plugins"),
            sbom: sbom::of_host(workspace, "estampe", variant.features())?,
            notices: notices::of(workspace, "estampe", variant.features())?,
            epoch,
            quick: false,
        };
        let deb = package(workspace, &parts, &out)?;
        lint(&deb)?;
        fs::write(out.join(format!("{}_{VERSION}.cdx.json", variant.package())), &parts.sbom).map_err(failed)?;
        image(workspace, &parts, &out)?;
    }
    let key = signing::read(&key.map_or_else(|| target.join("plugin-key/estampe.key"), Path::to_path_buf))?;
    fs::copy(out.join("plugins/estampe.pub"), out.join("estampe.pub")).map_err(failed)?;
    sums::write(&out, &key)?;
    tree::offline(workspace, &out, VERSION, epoch)?;
    for line in sums::sizes(&out)? {
        println!("{line}");
    }
    println!("{}", out.display());
    Ok(())
}

/// When the newest commit was made: two builds of it date their files alike.
pub fn epoch(workspace: &Path) -> Result<u64, String> {
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(workspace);
    let text = children::output("git log", &mut git)?;
    text.trim().parse().map_err(|_| format!("git log gave no time: {text}"))
}

/// The bundles of the plugins, signed with `key`, and its public half.
fn guests_into(workspace: &Path, key: Option<&Path>, out: &Path) -> Result<(), String> {
    let toolchain = guests::ensure_toolchain(&note)?;
    let bundles = guests::build_plugins_with(workspace, &toolchain, key, &note)?;
    let failed = |error: std::io::Error| format!("{}: {error}", out.display());
    for bundle in &bundles {
        fs::copy(bundle, out.join(bundle.file_name().unwrap_or_default())).map_err(failed)?;
    }
    let public = build::target(workspace).join("plugins/estampe.pub");
    fs::copy(public, out.join("estampe.pub")).map(|_| ()).map_err(failed)
}

/// A program in the profile that is shipped, with the list of its dependencies in it.
fn shipped(workspace: &Path, package: &str, features: &[&str], name: &str) -> Result<PathBuf, String> {
    let auditable = tools::cargo_auditable(workspace)?;
    let mut cargo = build::cargo(workspace);
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    // where it was built is nobody's business, and two places build the same
    let places = [(workspace, "/estampe"), (home.as_path(), "/cargo")];
    let remap = places.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let prefix = places.map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remap.join("\x1f")).env("CFLAGS", prefix.join(" "));
    cargo.env("CXXFLAGS", prefix.join(" ")).env("SOURCE_DATE_EPOCH", epoch(workspace)?.to_string());
    let real = cargo.get_program().to_owned();
    let mut command = Command::new(auditable);
    command.current_dir(workspace).env_remove("LIBSQLITE3_FLAGS").env("CARGO", real);
    for (name, value) in cargo.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.args(["auditable", "build", "--locked", "--profile", "shipped", "-p", package]).args(features);
    children::run("cargo auditable build", &mut command)?;
    Ok(build::target(workspace).join("shipped").join(name))
}

fn kept(from: &Path, to: &Path) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", to.display());
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
    fs::copy(from, to).map_err(failed)?;
    Ok(to.to_owned())
}

/// Debian's own checks: an error is one.
pub fn lint(deb: &Path) -> Result<(), String> {
    let mut lintian = Command::new("lintian");
    lintian.args(["--fail-on", "error", "--tag-display-limit", "0", "--allow-root"]).arg(deb);
    children::run("lintian", &mut lintian)
}
