//! Builds, tests and shows Estampe: `cargo xtask`.
//!
//! Everything that the project does with itself stands here, so that a person, a
//! packager and CI say the same few words. It installs what it needs where it may and
//! says what is missing where it may not.

mod apt;
mod arrows;
mod bench;
mod build;
mod check;
mod children;
mod ci;
mod configuration;
mod demo;
mod dist;
mod docs;
mod guests;
mod mail;
mod pages;
mod postgres;
mod qr;
mod server;
mod soak;
mod steps;
mod stop;
mod testing;
mod tools;
mod trial;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, tests and shows Estampe.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The release binaries target/release/estampe and estampe-compile, and the plugins target/plugins/*.estampe
    Build,
    /// Starts an appliance with a sample company in var/demo, until Ctrl-C
    Demo {
        /// Without a person: starts on free ports in a folder of its own, imports, fetches a card,
        /// leaves details, reads the mails, stops
        #[arg(long)]
        check: bool,
        /// Starts over, without what an earlier demo left in var/demo
        #[arg(long)]
        fresh: bool,
    },
    /// Every test, on SQLite and on PostgreSQL, by HTTP and by browser
    Test {
        /// Only tests whose name contains one of these
        filters: Vec<String>,
    },
    /// Measures the release build beside its peers; writes target/bench/NAME.json
    Bench {
        /// Only this one: card, leads, idle, start, plugins, guests, directory, providers, console,
        /// sign-ins
        name: Option<String>,
        /// Whether everything works, in a minute or two; the figures mean little
        #[arg(long)]
        quick: bool,
        /// More and longer rounds
        #[arg(long, conflicts_with = "quick")]
        long: bool,
    },
    /// The long trials; fails when one of them does
    Soak {
        /// Only this one: large, rules, api, mailboxes, crashes, package, reproducible, load
        name: Option<String>,
        #[command(flatten)]
        size: soak::Size,
    },
    /// What is shipped, into target/dist: packages, images, plugins, bills of materials, checksums
    Dist {
        #[command(flatten)]
        signer: dist::Signer,
    },
    /// Installs the package in a clean Debian with systemd, and the image in a container, and tries them
    Trial {
        /// What `dist` made, instead of a package of the programs of the tests
        #[arg(long)]
        shipped: bool,
    },
    /// What a change has to pass: format, arrows, licences, clippy, tests, the demo
    Ci,
    /// Who knows whom among the crates
    Arrows,
    /// Whether links, named tests and counts of the documentation are true
    Pages,
    /// Writes docs/plugins/contract.md from the contract, docs/operator/configuration.md from
    /// config/estampe.toml, docs/api/openapi.json from the code
    Docs,
}

fn main() -> ExitCode {
    let workspace = workspace();
    let done = stop::listen().and_then(|()| match Arguments::parse().command {
        Command::Build => build::release(&workspace),
        Command::Demo { check: true, fresh: _ } => check::run(&workspace),
        Command::Demo { check: false, fresh } => demo::run(&workspace, fresh),
        Command::Test { filters } => testing::run(&workspace, &filters),
        Command::Bench { name, quick, long } => {
            let pace = match (quick, long) {
                (true, _) => bench::Pace::Quick,
                (_, true) => bench::Pace::Long,
                _ => bench::Pace::Usual,
            };
            bench::run(&workspace, name.as_deref(), pace)
        }
        Command::Soak { name, size } => soak::run(&workspace, name.as_deref(), size),
        Command::Dist { signer } => dist::run(&workspace, &signer),
        Command::Trial { shipped } => trial::run(&workspace, shipped),
        Command::Ci => ci::run(&workspace),
        Command::Arrows => arrows::run(&workspace),
        Command::Pages => pages::check(&workspace),
        Command::Docs => docs::write(&workspace),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The folder with the workspace's Cargo.toml.
fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
