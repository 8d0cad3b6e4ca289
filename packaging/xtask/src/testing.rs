//! `cargo xtask test`: every test on real parts, and nothing left running afterwards.

use std::path::Path;

use crate::postgres::Cluster;
use crate::steps::note;
use crate::{apt, build, children, tools};

/// Tests of one program at a time. They mostly wait for servers that share two cores.
const THREADS: &str = "--test-threads=4";

/// Installs, builds, starts the databases, tests.
pub fn run(workspace: &Path, filter: Option<&str>) -> Result<(), String> {
    prepare(workspace)?;
    let sslyze = tools::sslyze()?;
    let cluster = Cluster::start()?;
    let filter = filter.unwrap_or_default();
    // both are tried, so that one failure does not hide another
    let ours = {
        let mut cargo = build::cargo(workspace);
        cargo.arg("test").args(build::TESTED).args(["--lib", "--bins", "--tests", "--no-fail-fast", "--"]);
        cargo.args([THREADS, filter]);
        cargo.env("ESTAMPE_TEST_POSTGRES", cluster.url()).env("ESTAMPE_TEST_SSLYZE", &sslyze);
        children::run("cargo test", &mut cargo)
    };
    if crate::stop::asked() {
        return ours;
    }
    let compilers = {
        let mut cargo = build::cargo(workspace);
        cargo.args(["test", "-p", build::COMPILER, "-p", "xtask", "--", filter]);
        children::run("cargo test of the plugin compiler and xtask", &mut cargo)
    };
    ours.and(compilers)
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
