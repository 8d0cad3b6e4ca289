//! `estampe plugin new|build|key|sign|test`: making plugins. Nothing here needs a running
//! appliance or its configuration.

mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use estampe_domain::plugin::PluginInfo;
use estampe_plugin_host::read_manifest;
use estampe_plugin_kit::bundle::{self, Bundle};
use estampe_plugin_kit::component;
use estampe_plugin_kit::project::Project;
use estampe_plugin_kit::scaffold::{self, Kind, Sdk};
use estampe_plugin_kit::signing;
use estampe_plugin_kit::toolchain::{self, Missing};
use serde_json::json;

use crate::cli::{Cli, KeyCommand, KitCommand};
use crate::cmd::print;

/// Does one of its commands.
pub fn run(cli: &Cli, command: &KitCommand) -> Result<ExitCode, String> {
    match command {
        KitCommand::New { name, kind, dir, sdk } => {
            let kind = if kind == "connector" { Kind::Connector } else { Kind::SignatureTemplate };
            new(cli, (name, kind), dir.as_deref(), sdk.as_deref())?;
        }
        KitCommand::Build { dir, sign } => build(cli, dir, sign.as_deref())?,
        KitCommand::Key(KeyCommand::New { file }) => key(cli, file)?,
        KitCommand::Sign { bundle, key } => sign(cli, bundle, key)?,
        KitCommand::Test(test) => return test::run(cli, test),
    }
    Ok(ExitCode::SUCCESS)
}

fn new(cli: &Cli, (name, kind): (&str, Kind), dir: Option<&Path>, sdk: Option<&Path>) -> Result<(), String> {
    let folder = dir.map_or_else(|| PathBuf::from(name), Path::to_path_buf);
    let from = sdk.map_or(Sdk::Version(env!("CARGO_PKG_VERSION")), Sdk::Path);
    scaffold::create(&folder, name, kind, from)?;
    let shown = folder.display().to_string();
    if cli.json {
        print::json(&json!({"plugin": name, "folder": shown}));
        return Ok(());
    }
    print::line(&format!("Made {shown}. Its README.md says how to try, build and test it."));
    if sdk.is_none() {
        print::line(
            "The SDK is published nowhere yet: in Cargo.toml, name the folder plugin-sdk of a checkout of Estampe\n\
             (estampe-plugin-sdk = { path = \"…\" }), or begin again with --sdk PATH.",
        );
    }
    Ok(())
}

fn build(cli: &Cli, dir: &Path, key: Option<&Path>) -> Result<(), String> {
    let key = key.map(signing::read).transpose()?;
    let project = Project::open(dir)?;
    let manifest = dir.join("plugin.toml");
    let read = std::fs::read(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    // as an appliance does, and before cargo runs
    let info = read_manifest(&read).map_err(|why| format!("{}: {why}", manifest.display()))?;
    // standard output is for the answer
    let note = |text: &str| eprintln!("{text}");
    let toolchain = toolchain::ensure(Missing::Tell, &note)?;
    let bundle = project.build(&toolchain)?;
    fits(&bundle, &info)?;
    let octets = bundle.octets(key.as_ref())?;
    let file = PathBuf::from(&project.id).with_extension("estampe");
    written(cli, &file, &octets, key.is_some())
}

fn key(cli: &Cli, file: &Path) -> Result<(), String> {
    let public = signing::create(file, "signs Estampe plugins")?;
    if cli.json {
        print::json(&json!({"key": file.display().to_string(), "public": public.display().to_string()}));
    } else {
        print::line(&format!("The secret key is {}: keep it, and give it to nobody.", file.display()));
        print::line(&format!("Who shall trust it puts {} into plugins.dir.", public.display()));
    }
    Ok(())
}

fn sign(cli: &Cli, file: &Path, key: &Path) -> Result<(), String> {
    let key = signing::read(key)?;
    let octets = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let opened = Bundle::open(&octets).map_err(|why| format!("{}: {why}", file.display()))?;
    let manifest = opened.content("plugin.toml").unwrap_or_default();
    // what no appliance takes is not worth a signature
    read_manifest(manifest).map_err(|why| format!("{}: {why}", file.display()))?;
    written(cli, file, &opened.octets(Some(&key))?, true)
}

/// The component is what its manifest says.
fn fits(bundle: &Bundle, info: &PluginInfo) -> Result<(), String> {
    let world = component::world(bundle.content("component.wasm").unwrap_or_default())?;
    let exports: Vec<&str> = world.exports.iter().map(String::as_str).collect();
    let imports: Vec<&str> = world.imports.iter().map(String::as_str).collect();
    estampe_plugin_host::fit(&exports, &imports, info).map_err(|why| format!("{}: {why}", info.id))
}

fn written(cli: &Cli, file: &Path, octets: &[u8], signed: bool) -> Result<(), String> {
    bundle::save(file, octets)?;
    if cli.json {
        print::json(&json!({"bundle": file.display().to_string(), "octets": octets.len(), "signed": signed}));
    } else {
        let by = if signed { "signed" } else { "signed by nobody" };
        print::line(&format!("{}: {} KiB, {by}", file.display(), octets.len() / 1024));
    }
    Ok(())
}
