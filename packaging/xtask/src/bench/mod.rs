//! `cargo xtask bench`: the release build beside its peers. What is measured, and how, is
//! in the crate `estampe-bench` (`tests/bench`); here stands what it needs around it.

use std::path::Path;
use std::process::Command;

use crate::postgres::{Cluster, Keeping};
use crate::{apt, build, children};

/// How thoroughly.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Whether everything works.
    Quick,
    /// What the bars are meant for.
    Usual,
    /// For a quiet machine.
    Long,
}

/// Installs, builds, starts PostgreSQL, measures.
pub fn run(workspace: &Path, name: Option<&str>, pace: Pace) -> Result<(), String> {
    let program = prepare(workspace)?;
    // only the leads are held against it
    let cluster = match name {
        None | Some("leads") => Some(Cluster::start(Keeping::Durable)?),
        Some(_) => None,
    };
    // the figure of a quick run means little, and this is a build of minutes
    if name.is_none_or(|name| name == "guests") && pace != Pace::Quick {
        build::extism(workspace)?;
    }
    let mut bench = command(workspace, &program);
    if let Some(cluster) = &cluster {
        bench.arg("--postgres").arg(cluster.url());
    }
    bench.arg("bench").args(name);
    match pace {
        Pace::Quick => _ = bench.arg("--quick"),
        Pace::Usual => {}
        Pace::Long => _ = bench.arg("--long"),
    }
    children::run("the bench", &mut bench)
}

/// Installs and builds what is measured and what measures; gives the latter.
pub fn prepare(workspace: &Path) -> Result<std::path::PathBuf, String> {
    apt::need(&[apt::COMPILING, apt::BENCH])?;
    build::server(workspace, true)?;
    build::compiler(workspace, true)?;
    build::plugins(workspace)?;
    build::bench(workspace)
}

/// The program, told where everything is.
pub fn command(workspace: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--workspace").arg(workspace).arg("--target").arg(build::target(workspace));
    command
}
