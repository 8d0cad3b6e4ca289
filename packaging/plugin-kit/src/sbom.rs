//! The software bill of materials of a plugin: CycloneDX 1.6 in JSON, with the crates that are
//! linked into its component. The same crates give the same octets: no time, no serial number.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};
use serde_json::{Value, json};

use crate::TARGET;
use crate::toolchain::GuestToolchain;

/// The machine that the appliance is built for.
const HOST: &str = "x86_64-unknown-linux-gnu";

/// A crate that is linked into a program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// An SPDX expression, as its author wrote it.
    pub license: Option<String>,
    /// Where its sources are.
    pub folder: PathBuf,
}

/// That of a program for the appliance's own machine: the crate `package` of the workspace in this
/// folder, with these options of cargo (`--features …`).
pub fn of_host(folder: &Path, package: &str, options: &[&str]) -> Result<Vec<u8>, String> {
    let bill = bill(&of_the_host(folder, package, options)?, package);
    written(&bill.ok_or_else(|| format!("cargo metadata names no crate {package}"))?)
}

/// What is linked into the same program, without itself.
pub fn linked(folder: &Path, package: &str, options: &[&str]) -> Result<Vec<Linked>, String> {
    let metadata = of_the_host(folder, package, options)?;
    let bill = bill(&metadata, package).ok_or_else(|| format!("cargo metadata names no crate {package}"))?;
    let named: BTreeSet<&str> = bill
        .get("components")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("purl")?.as_str())
        .collect();
    let of = |package: &Package| Linked {
        name: package.name.to_string(),
        version: package.version.to_string(),
        license: package.license.clone(),
        folder: package.manifest_path.parent().map(|folder| folder.as_std_path().to_owned()).unwrap_or_default(),
    };
    let mut linked: Vec<_> =
        metadata.packages.iter().filter(|package| named.contains(purl(package).as_str())).map(of).collect();
    linked.sort();
    Ok(linked)
}

/// What cargo knows of the crates that are built for this package alone: the features that other members
/// of the workspace ask for are not its own.
fn of_the_host(folder: &Path, package: &str, options: &[&str]) -> Result<Metadata, String> {
    let mut command = MetadataCommand::new();
    let chosen = ["--filter-platform", HOST].iter().chain(options).map(|option| (*option).to_owned());
    command.current_dir(folder).other_options(chosen.collect::<Vec<_>>());
    let mut metadata = command.exec().map_err(|error| format!("cargo metadata: {error}"))?;
    let mut tree = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    tree.current_dir(folder).args(["tree", "-p", package, "--target", HOST, "--edges", "normal,no-proc-macro"]);
    let output = tree.args(["--prefix", "none", "--format", "{p}"]).args(options).output();
    let output = output.map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // `serde v1.0.229`, and more words for what lies in a folder
    let built: BTreeSet<String> =
        text.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let is_built = |package: &Package| built.contains(&format!("{} v{}", package.name, package.version));
    metadata.packages.retain(is_built);
    let kept: BTreeSet<PackageId> = metadata.packages.iter().map(|package| package.id.clone()).collect();
    if let Some(resolve) = &mut metadata.resolve {
        resolve.nodes.retain(|node| kept.contains(&node.id));
        for node in &mut resolve.nodes {
            node.deps.retain(|dependency| kept.contains(&dependency.pkg));
        }
    }
    Ok(metadata)
}

fn written(bill: &Value) -> Result<Vec<u8>, String> {
    let mut text = serde_json::to_vec_pretty(bill).map_err(|error| error.to_string())?;
    text.push(b'\n');
    Ok(text)
}

/// That of the crate `package` in this folder.
pub fn of(folder: &Path, package: &str, toolchain: &GuestToolchain) -> Result<Vec<u8>, String> {
    let failed = |error: cargo_metadata::Error| format!("cargo metadata: {error}");
    let mut command = MetadataCommand::new();
    command.current_dir(folder).other_options(["--filter-platform".to_owned(), TARGET.to_owned()]);
    let output = toolchain.plain(command.cargo_command()).output();
    let output = output.map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let metadata = MetadataCommand::parse(String::from_utf8_lossy(&output.stdout)).map_err(failed)?;
    written(&bill(&metadata, package).ok_or_else(|| format!("cargo metadata names no crate {package}"))?)
}

fn bill(metadata: &Metadata, package: &str) -> Option<Value> {
    let packages: BTreeMap<&PackageId, &Package> = metadata.packages.iter().map(|one| (&one.id, one)).collect();
    let nodes: BTreeMap<_, _> = metadata.resolve.as_ref()?.nodes.iter().map(|node| (&node.id, node)).collect();
    let root = metadata.packages.iter().find(|one| one.name.as_str() == package)?;
    let (mut linked, mut left) = (BTreeSet::new(), vec![&root.id]);
    let mut depends = BTreeMap::new();
    while let Some(id) = left.pop() {
        if !linked.insert(id) {
            continue;
        }
        let of_it = nodes.get(id)?.deps.iter().filter(|dependency| {
            let is_normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            // a macro ran while it was compiled, and is not in it
            is_normal && packages.get(&dependency.pkg).is_some_and(|package| !is_macro(package))
        });
        let of_it: BTreeSet<&PackageId> = of_it.map(|dependency| &dependency.pkg).collect();
        left.extend(&of_it);
        depends.insert(id, of_it);
    }
    let described = |id: &&PackageId| packages.get(*id).map(|package| component(package, "library"));
    let others: Vec<Value> = sorted(linked.iter().filter(|id| ***id != root.id).filter_map(described));
    let reference = |id: &PackageId| packages.get(id).map(|package| purl(package));
    let edges = depends.iter().filter_map(|(id, of_it)| {
        let mut on: Vec<String> = of_it.iter().filter_map(|id| reference(id)).collect();
        on.sort();
        Some(json!({"ref": reference(id)?, "dependsOn": on}))
    });
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(root, "application")},
        "components": others,
        "dependencies": sorted(edges),
    }))
}

/// In the order of their references.
fn sorted(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut values: Vec<Value> = values.collect();
    let key = |value: &Value| ["bom-ref", "ref"].map(|key| value.get(key).map(ToString::to_string));
    values.sort_by_cached_key(key);
    values
}

fn component(package: &Package, kind: &str) -> Value {
    // crates of old say `MIT/Apache-2.0`
    let license = package.license.iter().map(|license| json!({"expression": license.replace('/', " OR ")}));
    json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": package.name.as_str(),
        "version": package.version.to_string(),
        "licenses": license.collect::<Vec<_>>(),
        "purl": purl(package),
    })
}

/// Its package URL (purl-spec, type `cargo`).
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn is_macro(package: &Package) -> bool {
    package.targets.iter().any(|target| target.kind.contains(&TargetKind::ProcMacro))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_is_named_and_what_only_helped_is_not() {
        let metadata = MetadataCommand::new().exec().unwrap();
        let bill = bill(&metadata, env!("CARGO_PKG_NAME")).unwrap();
        let names: Vec<_> =
            bill["components"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        for (name, there) in [("tar", true), ("serde_json", true), ("tempfile", false), ("serde_derive", false)] {
            assert_eq!(names.contains(&name), there, "{name} in {names:?}");
        }
        let tar = bill["components"].as_array().unwrap().iter().find(|one| one["name"] == "tar").unwrap();
        assert_eq!(tar["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert!(tar["purl"].as_str().unwrap().starts_with("pkg:cargo/tar@"));
    }
}
