//! Measures the server beside its peers, and tries it for long.
//!
//! `cargo xtask bench` and `cargo xtask soak load` build what is needed, start what is
//! shared and run this program. One bench is one file in `cases/`; what they share stands
//! beside: the server under test, nginx, load generators, medians, tables.

mod cases;
mod certificate;
mod client;
mod data;
mod disk;
mod door;
mod generators;
mod lead;
mod load;
mod nginx;
mod postgres;
mod process;
mod report;
mod server;
// the same directories as the tests have
#[path = "../../../core/adapters/tests/ldap/samba.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "it is written for tests")]
mod samba;
#[path = "../../../core/adapters/tests/ldap/slapd.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "it is written for tests")]
mod slapd;
mod soak;
mod stats;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use crate::cases::{Pace, Setting};
use crate::server::Built;

/// Called by `cargo xtask bench` and `cargo xtask soak`.
#[derive(Parser)]
struct Arguments {
    /// The folder of the workspace
    #[arg(long)]
    workspace: PathBuf,
    /// Where cargo puts things
    #[arg(long)]
    target: PathBuf,
    /// A durable cluster of PostgreSQL
    #[arg(long)]
    postgres: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures
    Bench {
        /// Only this one
        name: Option<String>,
        /// Whether everything works, in a minute; the figures mean little
        #[arg(long)]
        quick: bool,
        /// More and longer rounds
        #[arg(long, conflicts_with = "quick")]
        long: bool,
    },
    /// Mixed load for long: memory must not grow, nothing fail, no lead be lost
    Load {
        /// How long
        #[arg(long)]
        minutes: u64,
    },
}

fn main() -> ExitCode {
    let done = run(Arguments::parse());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let target = std::path::absolute(&arguments.target).map_err(|e| e.to_string())?;
    let folder = target.join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let extism = Some(target.join("extism/release/estampe-bench-extism")).filter(|program| program.is_file());
    let built = Built { binary: target.join("release/estampe"), plugins: target.join("plugins"), extism };
    let workspace = arguments.workspace;
    let setting = |pace| Setting { workspace, folder, built, postgres: arguments.postgres, pace };
    match arguments.command {
        Command::Bench { name, quick, long } => {
            let pace = match (quick, long) {
                (true, _) => Pace::QUICK,
                (_, true) => Pace::LONG,
                _ => Pace::USUAL,
            };
            bench(name.as_deref(), &setting(pace))
        }
        Command::Load { minutes } => soak::load(&setting(Pace::QUICK), minutes),
    }
}

fn bench(name: Option<&str>, with: &Setting) -> Result<(), String> {
    let all = cases::all();
    if let Some(name) = name
        && all.iter().all(|bench| bench.name() != name)
    {
        let names: Vec<_> = all.iter().map(|bench| format!("  {:<8}  {}", bench.name(), bench.about())).collect();
        return Err(format!("there is no bench \"{name}\"; there are\n{}", names.join("\n")));
    }
    let mut problems = Vec::new();
    for bench in all.iter().filter(|bench| name.is_none_or(|name| bench.name() == name)) {
        println!("── {}: {}", bench.name(), bench.about());
        let begun = Instant::now();
        // one that cannot be measured does not hide the others
        match bench.run(with) {
            Ok(rows) => {
                report::print(&rows);
                report::write(&with.folder, bench.name(), &rows)?;
                println!(
                    "── {}: {:.0} s, {}/{}.json",
                    bench.name(),
                    begun.elapsed().as_secs_f64(),
                    with.folder.display(),
                    bench.name()
                );
            }
            Err(problem) => problems.push(format!("{} could not be measured: {problem}", bench.name())),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
