//! Finds a compiler for guests: rustup's when its target is installed, else the
//! distribution's. Asks rustup for nothing, and touches no system folder except by
//! `apt-get`.

mod command;
mod sysroot;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use self::command::run;
use self::command::{cargo_home, clean, output};
use crate::TARGET;

/// The distribution's packages: compiler, cargo and library source of one version.
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// A compiler that can build guests.
#[derive(Clone, Debug)]
pub struct GuestToolchain {
    cargo: PathBuf,
    /// `rustc -V`.
    version: String,
    /// Set when the compiler is the distribution's.
    own: Option<Distribution>,
}

/// What the distribution's compiler has to be told.
#[derive(Clone, Debug)]
struct Distribution {
    rustc: PathBuf,
    /// Holds the target's library; none when the compiler brought it.
    sysroot: Option<PathBuf>,
    linker: PathBuf,
}

impl GuestToolchain {
    /// In words.
    pub fn describe(&self) -> String {
        match &self.own {
            None => format!("rustup's {}", self.version),
            Some(_) => format!("the distribution's {}", self.version),
        }
    }

    /// This command of cargo's, run by its cargo.
    pub fn plain(&self, command: Command) -> Command {
        let mut cargo = match &self.own {
            None => Command::new(&self.cargo),
            Some(own) => {
                let mut cargo = clean(&self.cargo);
                cargo.env("PATH", "/usr/bin:/bin").env("RUSTC", &own.rustc);
                cargo
            }
        };
        cargo.args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            cargo.current_dir(folder);
        }
        cargo
    }

    /// Its cargo, to be run in the workspace for the target.
    pub fn cargo(&self, workspace: &Path) -> Command {
        let mut flags = Vec::new();
        // paths of this machine have no business in a plugin
        for (from, to) in [(Some(workspace.to_owned()), "/estampe"), (cargo_home(), "/cargo")] {
            if let Some(from) = from {
                flags.push(format!("--remap-path-prefix={}={to}", from.display()));
            }
        }
        let mut cargo = match &self.own {
            None => {
                let mut cargo = Command::new(&self.cargo);
                cargo.env_remove("RUSTFLAGS");
                cargo
            }
            Some(own) => {
                let mut cargo = clean(&self.cargo);
                cargo.env("PATH", "/usr/bin:/bin").env("RUSTC", &own.rustc);
                cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", &own.linker);
                if let Some(sysroot) = &own.sysroot {
                    flags.push(format!("--sysroot={}", sysroot.display()));
                }
                cargo
            }
        };
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")).current_dir(workspace);
        cargo
    }
}

/// What may be done where no compiler for guests is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Install the distribution's packages, where we may.
    Install,
    /// Say what to install.
    Tell,
}

/// Finds or makes a compiler for guests. The first time, where only the
/// distribution's is at hand, that takes a minute of one core; afterwards nothing.
pub fn ensure(missing: Missing, log: &dyn Fn(&str)) -> Result<GuestToolchain, String> {
    if let Some(found) = rustups() {
        return Ok(found);
    }
    let (rustc, cargo) = (PathBuf::from("/usr/bin/rustc"), PathBuf::from("/usr/bin/cargo"));
    if !present(&rustc, &cargo) {
        install(missing, &PACKAGES, log)?;
        if !present(&rustc, &cargo) {
            return Err(format!(
                "{} are installed, but {} is not a compiler with its library source",
                PACKAGES.join(", "),
                rustc.display()
            ));
        }
    }
    let linker = linker(missing, log)?;
    let version = output(clean(&rustc).arg("-V"))?;
    let sysroot = if has_target(&rustc) { None } else { Some(sysroot::ensure(&rustc, &cargo, log)?) };
    Ok(GuestToolchain { cargo, version, own: Some(Distribution { rustc, sysroot, linker }) })
}

/// The toolchain that runs xtask, when its target is installed.
fn rustups() -> Option<GuestToolchain> {
    let rustc = std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from);
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let sysroot = output(Command::new(&rustc).args(["--print", "sysroot"])).ok()?;
    sysroot::holds_std(&sysroot::library(Path::new(&sysroot))).then_some(())?;
    let version = output(Command::new(&rustc).arg("-V")).ok()?;
    Some(GuestToolchain { cargo, version, own: None })
}

/// Whether the distribution packages the target's library too.
fn has_target(rustc: &Path) -> bool {
    output(clean(rustc).args(["--print", "sysroot"]))
        .is_ok_and(|sysroot| sysroot::holds_std(&sysroot::library(Path::new(&sysroot))))
}

fn present(rustc: &Path, cargo: &Path) -> bool {
    rustc.is_file() && cargo.is_file() && (has_target(rustc) || sysroot::source(rustc).is_ok())
}

/// `rust-lld` of the toolchain that runs xtask, else `wasm-ld` of the distribution.
/// The distribution ships no `rust-lld`.
fn linker(missing: Missing, log: &dyn Fn(&str)) -> Result<PathBuf, String> {
    let wasm_ld = PathBuf::from("/usr/bin/wasm-ld");
    if let Some(found) = rust_lld() {
        return Ok(found);
    }
    if !wasm_ld.is_file() {
        install(missing, &["lld"], log)?;
    }
    if wasm_ld.is_file() {
        Ok(wasm_ld)
    } else {
        Err("no linker for WebAssembly: neither rust-lld nor /usr/bin/wasm-ld".to_owned())
    }
}

fn rust_lld() -> Option<PathBuf> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"])).ok()?;
    let about = output(Command::new("rustc").arg("-vV")).ok()?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "))?;
    let lld = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin/rust-lld");
    lld.is_file().then_some(lld)
}

/// Installs packages of the distribution, when we are root; else says which.
fn install(missing: Missing, packages: &[&str], log: &dyn Fn(&str)) -> Result<(), String> {
    let by_hand = format!(
        "plugins are built for {TARGET}: run `rustup target add {TARGET}`, or, on Debian, `apt-get install --no-install-recommends {}`",
        packages.join(" ")
    );
    let apt = PathBuf::from("/usr/bin/apt-get");
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    if missing == Missing::Tell || !is_root || !apt.is_file() {
        return Err(by_hand);
    }
    let apt_get = |arguments: &[&str]| {
        let mut command = clean(&apt);
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        run(&mut command, "apt-get")
    };
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    log(&format!("installing {} (apt-get)", packages.join(", ")));
    apt_get(&arguments)
        .or_else(|_| apt_get(&["update"]).and_then(|()| apt_get(&arguments)))
        .map_err(|error| format!("{error}\n{by_hand}"))
}
