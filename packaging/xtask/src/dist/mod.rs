//! `cargo xtask dist`: what is shipped, into `target/dist`. Packages, images, plugins, bills of
//! materials, checksums and their signature; and one archive with what a site without network needs.

mod deb;
mod image;
mod notices;
mod sums;
#[cfg(test)]
mod tests;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use estampe_plugin_kit::bundle::Bundle;
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

    /// The one that cannot be installed beside it.
    pub fn other(self) -> Self {
        match self {
            Self::Sqlite => Self::Postgres,
            Self::Postgres => Self::Sqlite,
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
#[derive(Clone)]
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

/// Who signs plugins and checksums.
#[derive(clap::Args)]
pub struct Signer {
    /// The key that signs plugins and checksums [default: this checkout's own]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// What somebody else shipped of this commit (a folder with SHA256SUMS): takes the plugins'
    /// signatures from there, and says whether all that is made here is the same
    #[arg(long, value_name = "FOLDER", conflicts_with = "key")]
    like: Option<PathBuf>,
}

/// Builds everything. Without a key this checkout's own one signs, which nobody but its owner trusts.
pub fn run(workspace: &Path, Signer { key, like }: &Signer) -> Result<(), String> {
    apt::need(&[apt::COMPILING, apt::PACKAGING])?;
    let target = build::target(workspace);
    let out = target.join("dist");
    let failed = |error: std::io::Error| format!("{}: {error}", out.display());
    if out.exists() {
        fs::remove_dir_all(&out).map_err(failed)?;
    }
    fs::create_dir_all(out.join("plugins")).map_err(failed)?;
    let epoch = epoch(workspace)?;
    let ((), _) = loud("plugins", || guests_into(workspace, key.as_deref(), like.as_deref(), &out.join("plugins")))?;
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
    fs::copy(out.join("plugins/estampe.pub"), out.join("estampe.pub")).map_err(failed)?;
    let key = match (key, like) {
        (Some(key), _) => Some(signing::read(key)?),
        (None, Some(_)) => None,
        (None, None) => Some(signing::read(&target.join("plugin-key/estampe.key"))?),
    };
    sums::write(&out, key.as_ref())?;
    if let Some(like) = like {
        sums::same(&out, like)?;
    }
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
fn guests_into(workspace: &Path, key: Option<&Path>, like: Option<&Path>, out: &Path) -> Result<(), String> {
    let toolchain = guests::ensure_toolchain(&note)?;
    let bundles = guests::build_plugins_with(workspace, &toolchain, key, &note)?;
    let failed = |error: std::io::Error| format!("{}: {error}", out.display());
    for bundle in &bundles {
        let name = bundle.file_name().unwrap_or_default();
        let from = like.map_or_else(|| bundle.clone(), |like| like.join("plugins").join(name));
        let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
        // no two signatures are alike; all else has to be
        let (ours, theirs) = (Bundle::open(&read(bundle)?)?, Bundle::open(&read(&from)?)?);
        if ours != theirs {
            return Err(format!("{}: what is built here is not the same", from.display()));
        }
        fs::copy(&from, out.join(name)).map_err(failed)?;
    }
    let own = build::target(workspace).join("plugins");
    let public = like.map_or(own, |like| like.join("plugins")).join("estampe.pub");
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
