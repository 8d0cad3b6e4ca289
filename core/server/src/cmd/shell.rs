//! What a shell and its users are given: completions, man pages, and a check for supervisors.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::operator::Operator;

/// Prints the completions for a shell.
pub fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "estampe", &mut io::stdout());
}

/// Writes a man page for each command into this folder.
pub fn man(folder: &Path) -> Result<(), String> {
    let failed = |e: io::Error| format!("{}: {e}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)
}

/// Whether the service answers and its database does: nothing is printed when it does, for a
/// container's supervisor asks every few seconds.
pub async fn health(operator: &Operator) -> Result<ExitCode, String> {
    operator.get("/v1/ready").await.map(|_| ExitCode::SUCCESS)
}
