//! Builds the plugins of the workspace in one go, and bundles each as
//! `target/plugins/<id>.estampe`. How one is compiled, encoded, bundled and signed is
//! `estampe-plugin-kit`'s, as for anybody's plugin.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use estampe_plugin_kit::bundle::{self, Bundle, LICENSE, SBOM};
use estampe_plugin_kit::toolchain::{self, GuestToolchain, Missing, run};
use estampe_plugin_kit::{TARGET, component, project, sbom, signing};

/// A plugin of this workspace.
struct Plugin {
    folder: PathBuf,
    id: String,
    package: String,
}

/// A compiler for the plugins, installed where it is missing and we may.
pub fn ensure_toolchain(log: &dyn Fn(&str)) -> Result<GuestToolchain, String> {
    toolchain::ensure(Missing::Install, log)
}

/// Compiles every plugin of the workspace (each folder `plugins/*/plugin.toml`), makes
/// it a component, refuses any import outside the contract, and bundles it. Gives the
/// bundles' paths, sorted.
pub fn build_plugins(workspace: &Path, tc: &GuestToolchain, log: &dyn Fn(&str)) -> Result<Vec<PathBuf>, String> {
    build_plugins_with(workspace, tc, None, log)
}

/// The same, signed with the key in this file; the public half lies beside the bundles.
pub fn build_plugins_with(
    workspace: &Path,
    tc: &GuestToolchain,
    key: Option<&Path>,
    log: &dyn Fn(&str),
) -> Result<Vec<PathBuf>, String> {
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
    // made at the first build, and never leaves `target`: releases have a key of their own
    let comment = "signs bundles of this checkout";
    let public = out.join("estampe.pub");
    let key = match key {
        Some(file) => signing::read_with(file, &public)?,
        None => signing::ensure(&target.join("plugin-key"), &public, comment)?,
    };
    let mut bundles = Vec::new();
    for plugin in &plugins {
        let module = project::module(&target, "plugin", &plugin.package);
        let octets = fs::read(&module).map_err(|error| format!("{}: {error}", module.display()))?;
        let component = component::encode(&octets, &module.display().to_string())?;
        let size = component.len();
        let file = out.join(&plugin.id).with_extension("estampe");
        let mut bundle = Bundle::gather(&plugin.folder, component)?;
        let license = workspace.join(LICENSE);
        bundle.complete(LICENSE, || fs::read(&license).map_err(|error| format!("{}: {error}", license.display())))?;
        bundle.complete(SBOM, || sbom::of(workspace, &plugin.package, tc))?;
        let octets = bundle.octets(Some(&key))?;
        bundle::save(&file, &octets)?;
        log(&format!("{}: {} KiB, {} KiB bundled", file.display(), size / 1024, octets.len() / 1024));
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
        let project = project::Project::open(&folder)?;
        let plugin = Plugin { id: project.id, package: project.package, folder };
        plugins.push(plugin);
    }
    Ok(plugins)
}
