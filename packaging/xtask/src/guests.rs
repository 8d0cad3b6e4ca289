//! Builds the plugins: guests for `wasm32-unknown-unknown`, made components and
//! bundled as `target/plugins/<id>.estampe`.
//!
//! Three steps, each in a file of its own: find or make a compiler for the target
//! (`toolchain`), compile (here), and wrap up what came out (`bundle`).

mod bundle;
mod command;
mod signing;
mod sysroot;
mod toolchain;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use command::run;
pub use toolchain::{GuestToolchain, ensure_toolchain};

/// The only target of guests: no WASI, no imports but the contract's.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A plugin of this workspace.
struct Plugin {
    folder: PathBuf,
    id: String,
    package: String,
}

/// Compiles every plugin of the workspace (each folder `plugins/*/plugin.toml`), makes
/// it a component, refuses any import outside the contract, and bundles it. Gives the
/// bundles' paths, sorted.
pub fn build_plugins(workspace: &Path, tc: &GuestToolchain, log: &dyn Fn(&str)) -> Result<Vec<PathBuf>, String> {
    let plugins = plugins_of(workspace)?;
    if plugins.is_empty() {
        return Err(format!("no plugin found: {}/*/plugin.toml", workspace.join("plugins").display()));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let target = std::path::absolute(&target).map_err(|error| format!("{}: {error}", target.display()))?;
    log(&format!(
        "compiling {} for {TARGET} with {}",
        plugins.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", "),
        tc.describe()
    ));
    let mut cargo = tc.cargo(workspace);
    cargo.args(["build", "--profile", "plugin", "--target", TARGET, "--target-dir"]).arg(&target);
    for plugin in &plugins {
        cargo.args(["-p", &plugin.package]);
    }
    run(&mut cargo, "compiling the plugins")?;

    let out = target.join("plugins");
    fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let key = signing::key(&target.join("plugin-key"), &out.join("estampe.pub"))?;
    let mut bundles = Vec::new();
    for plugin in &plugins {
        let module = target.join(TARGET).join("plugin").join(plugin.package.replace('-', "_")).with_extension("wasm");
        let component = bundle::component(&module)?;
        let file = out.join(&plugin.id).with_extension("estampe");
        let octets = bundle::write(&plugin.folder.join("plugin.toml"), &component, &file, &key)?;
        log(&format!("{}: {} KiB, {} KiB bundled", file.display(), component.len() / 1024, octets / 1024));
        bundles.push(file);
    }
    Ok(bundles)
}

/// Every folder of `plugins/` with a `plugin.toml`, by name.
fn plugins_of(workspace: &Path) -> Result<Vec<Plugin>, String> {
    let folder = workspace.join("plugins");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<OsString> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    names.sort();
    let mut plugins = Vec::new();
    for name in names {
        let folder = folder.join(name);
        let manifest = folder.join("plugin.toml");
        if !manifest.is_file() {
            continue;
        }
        let plugin = Plugin {
            id: text_at(&manifest, &["id"])?,
            package: text_at(&folder.join("Cargo.toml"), &["package", "name"])?,
            folder,
        };
        if plugin.id.is_empty() || !plugin.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(format!("{}: `id` may hold a to z, 0 to 9 and -", manifest.display()));
        }
        plugins.push(plugin);
    }
    Ok(plugins)
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
