//! The target's standard library, built once from the distribution's source into a
//! folder of our own: `<cache>/guest-sysroot-<version>-<stamp>`.
//!
//! Safe to interrupt and to run twice at once: it is built beside and renamed when it
//! is whole, under a lock. The stamp is `rustc -Vv`, so a compiler that the
//! distribution moved gets a library of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::command::{cargo_home, clean, output, run};
use crate::TARGET;

/// Change it when what is built below changes.
const RECIPE: &str = "2: std,panic_abort; embed-bitcode; paths remapped";

/// Folders in the making begin so; the process id follows.
const BUILDING: &str = "guest-sysroot.building-";

/// Where a sysroot keeps the target's library.
pub fn library(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

/// Whether that folder holds a standard library.
pub fn holds_std(library: &Path) -> bool {
    fs::read_dir(library).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

/// The library's source that came with this compiler.
pub fn source(rustc: &Path) -> Result<PathBuf, String> {
    let sysroot = output(clean(rustc).args(["--print", "sysroot"]))?;
    let source = Path::new(&sysroot).join("lib/rustlib/src/rust/library");
    if source.join("std/Cargo.toml").is_file() {
        Ok(source)
    } else {
        Err(format!("no library source at {}", source.display()))
    }
}

/// The sysroot of this compiler, built when it is not there yet.
pub fn ensure(rustc: &Path, cargo: &Path, log: &dyn Fn(&str)) -> Result<PathBuf, String> {
    let about = output(clean(rustc).arg("-Vv"))?;
    let release = about.lines().find_map(|line| line.strip_prefix("release: ")).unwrap_or("unknown");
    let stamp = format!("{about}\n{RECIPE}\n");
    let digest = HEXLOWER.encode(Sha256::digest(stamp.as_bytes()).as_slice());
    let cache = cache_folder()?;
    let sysroot = cache.join(format!("guest-sysroot-{release}-{}", digest.get(..12).unwrap_or(&digest)));
    if is_whole(&sysroot, &stamp) {
        return Ok(sysroot);
    }
    fs::create_dir_all(&cache).map_err(|error| at(&cache, &error))?;
    let lock_file = cache.join("guest-sysroot.lock");
    let lock = File::create(&lock_file).map_err(|error| at(&lock_file, &error))?;
    lock.lock().map_err(|error| at(&lock_file, &error))?;
    if is_whole(&sysroot, &stamp) {
        return Ok(sysroot);
    }
    log(&format!("building the standard library for {TARGET} once, a minute: {}", sysroot.display()));
    let building = cache.join(format!("{BUILDING}{}", std::process::id()));
    clear(&cache);
    if sysroot.exists() {
        fs::remove_dir_all(&sysroot).map_err(|error| at(&sysroot, &error))?;
    }
    let made = build(rustc, cargo, &building, &stamp)?;
    fs::rename(&made, &sysroot).map_err(|error| at(&sysroot, &error))?;
    clear(&cache);
    Ok(sysroot)
}

/// Removes what was built beside, by us or by a run that was interrupted. We hold the
/// lock; what an orphaned compiler still writes there is left for the next time.
fn clear(cache: &Path) {
    let Ok(entries) = fs::read_dir(cache) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(BUILDING) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_whole(sysroot: &Path, stamp: &str) -> bool {
    fs::read_to_string(sysroot.join("stamp")).is_ok_and(|found| found == stamp) && holds_std(&library(sysroot))
}

/// Compiles an empty crate together with the library, and gathers the library.
fn build(rustc: &Path, cargo: &Path, folder: &Path, stamp: &str) -> Result<PathBuf, String> {
    let stub = folder.join("stub");
    let write = |file: &Path, text: &str| fs::write(file, text).map_err(|error| at(file, &error));
    fs::create_dir_all(stub.join("src")).map_err(|error| at(&stub, &error))?;
    write(
        &stub.join("Cargo.toml"),
        "[package]\nname = \"stub\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n[profile.release]\npanic = \"abort\"\n",
    )?;
    write(&stub.join("src/lib.rs"), "#![no_std]\n")?;
    // without bitcode the plugins' `lto` fails
    let mut flags = vec![
        "-Cembed-bitcode=yes".to_owned(),
        format!("--remap-path-prefix={}=/rust/library", source(rustc)?.display()),
    ];
    flags.extend(cargo_home().map(|home| format!("--remap-path-prefix={}=/cargo", home.display())));
    let mut command = clean(cargo);
    command
        .current_dir(&stub)
        .env("PATH", "/usr/bin:/bin")
        .env("RUSTC", rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .args(["build", "--quiet", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET])
        .args(["--target-dir", "../target"]);
    run(&mut command, "building the standard library")?;

    let sysroot = folder.join("sysroot");
    let library = library(&sysroot);
    fs::create_dir_all(&library).map_err(|error| at(&library, &error))?;
    let built = folder.join("target").join(TARGET).join("release/deps");
    for entry in fs::read_dir(&built).map_err(|error| at(&built, &error))? {
        let path = entry.map_err(|error| at(&built, &error))?.path();
        let (Some(name), Some("rlib")) = (path.file_name(), path.extension().and_then(|e| e.to_str())) else {
            continue;
        };
        if name.to_string_lossy().starts_with("libstub-") {
            continue;
        }
        fs::copy(&path, library.join(name)).map_err(|error| at(&path, &error))?;
    }
    if !holds_std(&library) {
        return Err(format!("building the standard library left none in {}", built.display()));
    }
    write(&sysroot.join("stamp"), stamp)?;
    Ok(sysroot)
}

/// `$ESTAMPE_CACHE`, else `$XDG_CACHE_HOME/estampe`, else `$HOME/.cache/estampe`.
fn cache_folder() -> Result<PathBuf, String> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("ESTAMPE_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|base| base.join("estampe")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/estampe")))
        .ok_or("no cache folder: set ESTAMPE_CACHE or HOME")?;
    std::path::absolute(&folder).map_err(|error| at(&folder, &error))
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
