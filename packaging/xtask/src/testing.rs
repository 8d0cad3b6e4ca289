//! `cargo xtask test`: every test on real parts, and nothing left running afterwards.

use std::path::Path;
use std::process::Command;

use crate::postgres::{Cluster, Keeping};
use crate::steps::note;
use crate::{apt, build, children, tools};

/// Tests of one program at a time. They mostly wait: for servers that share two cores, and for what is slow
/// on purpose.
const THREADS: &str = "--test-threads=4";

/// What proptest begins its random cases from. The same for every run, so that a change
/// fails or passes for what it is; `cargo xtask soak rules` tries others.
pub const SEED: &str = "PROPTEST_RNG_SEED";
const USUAL_SEED: &str = "20260301";

/// Installs, builds, starts the databases, tests.
pub fn run(workspace: &Path, filters: &[String]) -> Result<(), String> {
    prepare(workspace)?;
    let (sslyze, componentize, axe) = (tools::sslyze()?, tools::componentize(workspace)?, tools::axe(workspace)?);
    let (schemathesis, oidc) = (tools::schemathesis()?, tools::oidc_provider(workspace)?);
    gallery(workspace)?;
    let cluster = Cluster::start(Keeping::Nothing)?;
    let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
    // both are tried, so that one failure does not hide another
    let ours = {
        let mut cargo = tests(workspace, &filters);
        cargo.env("ESTAMPE_TEST_POSTGRES", cluster.url()).env("ESTAMPE_TEST_SSLYZE", &sslyze);
        cargo.env("ESTAMPE_TEST_SCHEMATHESIS", &schemathesis).env("ESTAMPE_TEST_OIDC", &oidc);
        cargo.env("ESTAMPE_TEST_COMPONENTIZE", &componentize).env("ESTAMPE_TEST_AXE", &axe);
        children::run("cargo test", &mut cargo)
    };
    if crate::stop::asked() {
        return ours;
    }
    let compilers = {
        let mut cargo = build::cargo(workspace);
        cargo.args(["test", "-p", build::COMPILER, "-p", "xtask", "--"]).args(&filters);
        children::run("cargo test of the plugin compiler and xtask", &mut cargo)
    };
    ours.and(compilers)
}

/// The tests with these in their names, each of which must name one, with these
/// variables in the environment.
pub fn named(workspace: &Path, names: &[&str], environment: &[(&str, String)]) -> Result<(), String> {
    prepare(workspace)?;
    let listed = children::output("cargo test", tests(workspace, names).arg("--list"))?;
    let missing: Vec<&str> = names.iter().copied().filter(|name| !has_test(&listed, name)).collect();
    if !missing.is_empty() {
        return Err(format!("no test is called {}", missing.join(", ")));
    }
    let cluster = Cluster::start(Keeping::Nothing)?;
    let mut cargo = tests(workspace, names);
    cargo.env("ESTAMPE_TEST_POSTGRES", cluster.url());
    for (name, value) in environment {
        note(&format!("{name}={value}"));
        cargo.env(name, value);
    }
    children::run("cargo test", &mut cargo)
}

fn has_test(listed: &str, name: &str) -> bool {
    listed.lines().any(|line| line.strip_suffix(": test").is_some_and(|test| test.contains(name)))
}

/// `cargo test` of what is ours, those tests whose names contain one of these.
fn tests(workspace: &Path, names: &[&str]) -> Command {
    let mut cargo = build::cargo(workspace);
    cargo.arg("test").args(build::TESTED).args(["--lib", "--bins", "--tests", "--no-fail-fast", "--", THREADS]);
    cargo.args(names);
    if std::env::var_os(SEED).is_none() {
        cargo.env(SEED, USUAL_SEED);
    }
    cargo
}

/// The pages of the gallery, which a browser looks at in another test.
fn gallery(workspace: &Path) -> Result<(), String> {
    note("rendering the gallery");
    let mut cargo = build::cargo(workspace);
    cargo.arg("test").args(build::TESTED).args(["--quiet", "--lib", "--", "the_gallery_is_written"]);
    children::output("cargo test of the gallery", &mut cargo).map(|_| ())
}

/// What the tests drive: the compiler process, the plugins, and the server built from
/// the very choice of packages that is tested, so that nothing is built twice.
pub fn prepare(workspace: &Path) -> Result<(), String> {
    apt::need(&[apt::COMPILING, apt::DEMO, apt::TESTS])?;
    build::compiler(workspace, false)?;
    build::plugins(workspace)?;
    note("building the server and the tests");
    let mut cargo = build::cargo(workspace);
    cargo.arg("build").args(build::TESTED).args(["--lib", "--bins", "--tests"]);
    children::run("cargo build", &mut cargo)
}
