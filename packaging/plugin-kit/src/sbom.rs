//! The software bill of materials of a plugin: CycloneDX 1.6 in JSON, with the crates that are
//! linked into its component. The same crates give the same octets: no time, no serial number.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};
use serde_json::{Value, json};

use crate::TARGET;
use crate::toolchain::GuestToolchain;

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
    let bill = bill(&metadata, package).ok_or_else(|| format!("cargo metadata names no crate {package}"))?;
    let mut text = serde_json::to_vec_pretty(&bill).map_err(|error| error.to_string())?;
    text.push(b'\n');
    Ok(text)
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
