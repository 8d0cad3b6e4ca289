//! A plugin's folder: its manifest, its crate, and how both become a bundle.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle::{Bundle, SBOM};
use crate::toolchain::{GuestToolchain, run};
use crate::{TARGET, component, sbom};

/// A folder with `plugin.toml` and `Cargo.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Where it is.
    pub folder: PathBuf,
    /// The plugin's id.
    pub id: String,
    /// The crate's name.
    pub package: String,
}

impl Project {
    /// Looks at a folder.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let manifest = folder.join("plugin.toml");
        let id = text_at(&manifest, &["id"])?;
        is_id(&id).map_err(|why| format!("{}: `id` {why}", manifest.display()))?;
        let package = text_at(&folder.join("Cargo.toml"), &["package", "name"])?;
        Ok(Self { folder: folder.to_owned(), id, package })
    }

    /// Compiles the crate for [`TARGET`] in its release profile, makes it a component and
    /// gathers what belongs to it. cargo's output goes to ours.
    pub fn build(&self, toolchain: &GuestToolchain) -> Result<Bundle, String> {
        let folder =
            std::path::absolute(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let target = std::env::var_os("CARGO_TARGET_DIR").filter(|set| !set.is_empty());
        let target = target.map_or_else(|| folder.join("target"), PathBuf::from);
        let target = std::path::absolute(&target).map_err(|error| format!("{}: {error}", target.display()))?;
        let mut cargo = toolchain.cargo(&folder);
        cargo.args(["build", "--release", "--lib", "--target", TARGET, "--target-dir"]).arg(&target);
        run(&mut cargo, "compiling the plugin")?;
        let module = module(&target, "release", &self.package);
        let octets = fs::read(&module).map_err(|error| {
            format!("{}: {error}; the crate's [lib] needs crate-type = [\"cdylib\", \"rlib\"]", module.display())
        })?;
        let component = component::encode(&octets, &module.display().to_string())?;
        let mut bundle = Bundle::gather(&folder, component)?;
        bundle.complete(SBOM, || sbom::of(&folder, &self.package, toolchain))?;
        Ok(bundle)
    }
}

/// Where cargo puts a compiled module.
pub fn module(target: &Path, profile: &str, package: &str) -> PathBuf {
    target.join(TARGET).join(profile).join(package.replace('-', "_")).with_extension("wasm")
}

/// Whether this may be a plugin's id; the error says what would be right.
pub fn is_id(id: &str) -> Result<(), String> {
    let fits = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    if (1..=64).contains(&id.len()) && id.bytes().all(fits) {
        Ok(())
    } else {
        Err(format!("is {id:?}; expected 1 to 64 of a to z, 0 to 9 and -"))
    }
}

/// The text at a path of keys of a TOML file.
fn text_at(file: &Path, keys: &[&str]) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
    let mut value = &toml::Value::Table(table);
    for key in keys {
        value = value.get(key).ok_or_else(|| format!("{}: no `{}`", file.display(), keys.join(".")))?;
    }
    value.as_str().map(str::to_owned).ok_or_else(|| format!("{}: `{}` is no text", file.display(), keys.join(".")))
}
