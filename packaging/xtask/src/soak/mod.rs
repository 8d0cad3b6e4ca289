//! `cargo xtask soak`: the long trials. Each also has a small version among the tests or
//! by an option here.

mod alike;
mod properties;

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use crate::steps::{loud, seconds};
use crate::{bench, children, testing, tools, trial};

/// How long, where a trial leaves the choice.
#[derive(Clone, Copy, clap::Args)]
pub struct Size {
    /// `crashes`: how many kills; `rules`: how many cases of each property; `api`: how many
    /// tries of each operation; `mailboxes`: how many
    #[arg(long)]
    rounds: Option<u32>,
    /// `load`: how many minutes
    #[arg(long)]
    minutes: Option<u32>,
}

type Trial = (&'static str, &'static str, fn(&Path, Size) -> Result<(), String>);

const TRIALS: &[Trial] = &[
    ("large", "50,000 people with photos from a file of 200 MB, in flat memory", large),
    ("rules", "every property, 20,000 cases each, another seed each time", rules),
    ("api", "everything that the API's document allows and more, 400 tries of each operation", api),
    ("mailboxes", "5,000 mailboxes of Gmail written beside failures and two kill -9, none twice", mailboxes),
    ("crashes", "1,000 times kill -9 while 32 clients leave details", crashes),
    ("package", "what `dist` made, in a clean Debian and in a container", package),
    ("reproducible", "what is shipped, made twice in two places from one commit", reproducible),
    ("load", "an hour of mixed load: memory must not grow, no lead be lost", load),
];

/// Runs one trial or all, each to its end, so that one failure does not hide another.
pub fn run(workspace: &Path, name: Option<&str>, size: Size) -> Result<(), String> {
    let chosen: Vec<&Trial> = TRIALS.iter().filter(|(trial, ..)| name.is_none_or(|name| *trial == name)).collect();
    if chosen.is_empty() {
        let names: Vec<String> = TRIALS.iter().map(|(name, about, _)| format!("  {name:<9}  {about}")).collect();
        return Err(format!("there is no trial \"{}\"; there are\n{}", name.unwrap_or_default(), names.join("\n")));
    }
    let (mut passed, mut problems) = (Vec::new(), Vec::new());
    for (name, about, trial) in chosen {
        println!("{name}: {about}");
        match loud(name, || trial(workspace, size)) {
            Ok(((), took)) => passed.push(format!("{name} {}", seconds(took))),
            Err(problem) => problems.push(format!("{name}: {problem}")),
        }
        if crate::stop::asked() {
            break;
        }
    }
    if problems.is_empty() {
        println!("soak: passed ({})", passed.join(", "));
        return Ok(());
    }
    Err(problems.join("\n"))
}

fn large(workspace: &Path, _: Size) -> Result<(), String> {
    testing::named(workspace, &["a_large_file_is_read_in_flat_memory"], &[("ESTAMPE_TEST_BIG", "1".to_owned())])
}

fn api(workspace: &Path, size: Size) -> Result<(), String> {
    let tries = size.rounds.unwrap_or(400).to_string();
    let tool = tools::schemathesis()?.display().to_string();
    let environment =
        [("ESTAMPE_TEST_API_TRIES", tries), ("ESTAMPE_TEST_API_SEED", seed()), ("ESTAMPE_TEST_SCHEMATHESIS", tool)];
    testing::named(workspace, &["api::fuzz::"], &environment)
}

fn package(workspace: &Path, _: Size) -> Result<(), String> {
    trial::run(workspace, true)
}

fn reproducible(workspace: &Path, _: Size) -> Result<(), String> {
    alike::run(workspace)
}

fn crashes(workspace: &Path, size: Size) -> Result<(), String> {
    let rounds = size.rounds.unwrap_or(1000).to_string();
    testing::named(workspace, &["crash::"], &[("ESTAMPE_TEST_CRASHES", rounds)])
}

fn mailboxes(workspace: &Path, size: Size) -> Result<(), String> {
    let mailboxes = size.rounds.unwrap_or(5_000).to_string();
    let test = "google::a_killed_server_goes_on_and_writes_no_mailbox_twice";
    testing::named(workspace, &[test], &[("ESTAMPE_TEST_MAILBOXES", mailboxes)])
}

fn rules(workspace: &Path, size: Size) -> Result<(), String> {
    let cases = size.rounds.unwrap_or(20_000).to_string();
    let names = properties::find(workspace)?;
    println!("  {}", names.join("\n  "));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    testing::named(workspace, &names, &[("PROPTEST_CASES", cases), (testing::SEED, seed())])
}

/// A seed that was not tried before, unless one is asked for: to see a failure again.
fn seed() -> String {
    // std's hasher begins from the system's randomness
    std::env::var(testing::SEED).unwrap_or_else(|_| RandomState::new().hash_one(()).to_string())
}

fn load(workspace: &Path, size: Size) -> Result<(), String> {
    let program = bench::prepare(workspace)?;
    let mut load = bench::command(workspace, &program);
    load.args(["load", "--minutes", &size.minutes.unwrap_or(60).to_string()]);
    children::run("the load", &mut load)
}
