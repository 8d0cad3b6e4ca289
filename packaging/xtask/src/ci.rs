//! `cargo xtask ci`: what a change has to pass, in the order that finds mistakes soonest
//! and builds least twice.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::steps::{loud, seconds};
use crate::{apt, arrows, build, check, children, docs, pages, testing, tools, trial};

type Step = (&'static str, fn(&Path) -> Result<(), String>);

const STEPS: &[Step] = &[
    ("packages", packages),
    ("format", format),
    ("arrows", arrows::run),
    ("generated pages", docs::check),
    ("pages", pages::check),
    ("licences, bans, sources", deny),
    ("clippy", clippy),
    ("tests", tests),
    // packs the programs that the tests drove, before the demo builds the server for SQLite alone
    ("package and container", trial::where_possible),
    ("demo", check::run),
];

/// Every step, stopping at the first that fails.
pub fn run(workspace: &Path) -> Result<(), String> {
    let begun = Instant::now();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for (name, step) in STEPS {
        let ((), took) = loud(name, || step(workspace))?;
        times.push((name, took));
    }
    let each: Vec<String> = times.iter().map(|(name, took)| format!("{name} {}", seconds(*took))).collect();
    println!("ci: all {} steps passed in {} ({})", times.len(), seconds(begun.elapsed()), each.join(", "));
    Ok(())
}

fn packages(_: &Path) -> Result<(), String> {
    apt::need(&[apt::COMPILING, apt::DEMO, apt::TESTS])
}

fn format(workspace: &Path) -> Result<(), String> {
    children::run("cargo fmt", build::cargo(workspace).args(["fmt", "--all", "--check"]))
}

/// Advisories need a database that is not reachable everywhere: they are looked at for
/// releases.
fn deny(workspace: &Path) -> Result<(), String> {
    let mut deny = std::process::Command::new(tools::cargo_deny(workspace)?);
    deny.current_dir(workspace).args(["--all-features", "check", "licenses", "bans", "sources"]);
    children::run("cargo-deny", &mut deny)
}

fn clippy(workspace: &Path) -> Result<(), String> {
    let mut cargo = build::cargo(workspace);
    cargo.args(["clippy", "--workspace", "--all-targets", "--features", "estampe/postgres", "--", "-D", "warnings"]);
    children::run("cargo clippy", &mut cargo)
}

fn tests(workspace: &Path) -> Result<(), String> {
    testing::run(workspace, &[])
}
