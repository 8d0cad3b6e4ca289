//! Who may know whom: the arrows of DESIGN section 2, held against `cargo metadata`.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::{build, children};

/// The crates that the server is made of.
const CORE: &[&str] = &[
    "estampe-adapters",
    "estampe-domain",
    "estampe-jobs",
    "estampe-plugin-host",
    "estampe-plugin-kit",
    "estampe-service",
    "estampe-store",
    "estampe-texts",
    "estampe-web",
];

/// What a template of e-mail signatures may know; the linter in its tests.
const SIGNATURE: &[&str] = &["estampe-plugin-sdk", "estampe-plugin-signature-common", "estampe-signature-lint"];

/// Each crate of ours and those of ours that it may know.
const ARROWS: &[(&str, &[&str])] = &[
    ("estampe-domain", &[]),
    ("estampe-texts", &["estampe-domain"]),
    ("estampe-store", &["estampe-domain"]),
    ("estampe-plugin-host", &["estampe-domain"]),
    ("estampe-adapters", &["estampe-domain"]),
    ("estampe-service", &["estampe-domain", "estampe-store"]),
    ("estampe-jobs", &["estampe-domain", "estampe-service", "estampe-texts"]),
    ("estampe-web", &["estampe-domain", "estampe-service", "estampe-texts"]),
    ("estampe", CORE),
    // host and guests share the contract's text, no Rust types
    ("estampe-plugin-compile", &[]),
    ("estampe-plugin-kit", &[]),
    ("estampe-plugin-sdk", &[]),
    ("estampe-plugin-directory-file", &["estampe-plugin-sdk"]),
    ("estampe-plugin-ldap", &["estampe-plugin-sdk"]),
    // the others in its tests
    ("estampe-plugin-google-workspace", &["estampe-plugin-sdk", "estampe-fakes", "estampe-live-host"]),
    ("estampe-plugin-microsoft-entra", &["estampe-fakes", "estampe-live-host", "estampe-plugin-sdk"]),
    ("estampe-plugin-signature-common", &["estampe-plugin-sdk"]),
    ("estampe-plugin-signature-classic", SIGNATURE),
    ("estampe-plugin-signature-compact", SIGNATURE),
    ("estampe-plugin-signature-banner", SIGNATURE),
    // reads what any template rendered, whoever wrote it
    ("estampe-signature-lint", &[]),
    ("estampe-fakes", &[]),
    ("estampe-live-host", &["estampe-plugin-sdk"]),
    // these stand outside: xtask knows the kit, the tests know the doors, the store,
    // and of the web the list of its routes
    ("xtask", &["estampe-plugin-kit"]),
    ("estampe-tests", &["estampe-domain", "estampe-fakes", "estampe-signature-lint", "estampe-store", "estampe-web"]),
    // beside the doors it measures the use case of a lead without HTTP, and a plugin in the
    // sandbox beside the same plugin without it; the tests write its hostile guests
    (
        "estampe-bench",
        &[
            "estampe-adapters",
            "estampe-domain",
            "estampe-fakes",
            "estampe-plugin-host",
            "estampe-plugin-sdk",
            "estampe-plugin-signature-classic",
            "estampe-service",
            "estampe-store",
            "estampe-tests",
        ],
    ),
];

/// Heavy or weighty parts and the only crates of ours that may name them.
const LEAVES: &[(&str, &[&str])] = &[
    ("diesel", &["estampe-store"]),
    ("libsqlite3-sys", &["estampe-store"]),
    ("wasmtime", &["estampe-plugin-host", "estampe-plugin-compile"]),
    ("actix", &["estampe-web"]),
    ("ldap3", &["estampe-adapters"]),
    ("lettre", &["estampe-adapters"]),
    ("image", &["estampe-adapters"]),
];

/// What must not be in the default server's binary, and why.
const NOT_IN_SERVER: &[(&str, &str)] = &[
    ("ring", "TLS is aws-lc-rs alone"),
    ("openssl-sys", "TLS is aws-lc-rs alone"),
    ("native-tls", "TLS is aws-lc-rs alone"),
    ("cranelift-codegen", "plugins are compiled in a process of their own"),
    ("pq-sys", "PostgreSQL is a feature, off by default"),
];

/// Fails on any arrow that is not in the tables, and on tables that no longer fit.
pub fn run(workspace: &Path) -> Result<(), String> {
    let metadata = MetadataCommand::new()
        .current_dir(workspace)
        .no_deps()
        .exec()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let ours = metadata.workspace_packages();
    let mut problems = crates(&ours);
    problems.extend(server(workspace)?);
    if problems.is_empty() {
        println!("{} crates, every arrow is drawn in the table", ours.len());
        return Ok(());
    }
    Err(format!("arrows that DESIGN section 2 does not have:\n  {}", problems.join("\n  ")))
}

fn crates(ours: &[&Package]) -> Vec<String> {
    let names: BTreeSet<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut problems = Vec::new();
    for package in ours {
        let name = package.name.as_str();
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            problems.push(format!("{name} is not in the table of packaging/xtask/src/arrows.rs"));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            if names.contains(to) && !allowed.contains(&to) {
                let kind = if dependency.kind == DependencyKind::Development { " in its tests" } else { "" };
                problems.push(format!("{name} knows {to}{kind}"));
            }
            for (leaf, users) in LEAVES {
                let is_leaf = to == *leaf || to.strip_prefix(leaf).is_some_and(|rest| rest.starts_with(['-', '_']));
                if is_leaf && !users.contains(&name) {
                    problems.push(format!("{name} names {to}, which only {} may", users.join(" and ")));
                }
            }
        }
    }
    for (from, _) in ARROWS {
        if !names.contains(from) {
            problems.push(format!("{from} is in the table and not in the workspace"));
        }
    }
    problems
}

/// What is in the default server, exactly as cargo would build it.
fn server(workspace: &Path) -> Result<Vec<String>, String> {
    let mut tree = build::cargo(workspace);
    tree.args(["tree", "-p", "estampe", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let text = children::output("cargo tree", &mut tree)?;
    let names: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    let found = NOT_IN_SERVER.iter().filter(|(name, _)| names.contains(name));
    Ok(found.map(|(name, why)| format!("{name} is in the server: {why}")).collect())
}
