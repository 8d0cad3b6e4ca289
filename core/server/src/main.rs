//! The Estampe appliance: one binary that serves, and whose other commands speak to
//! the one that serves.

mod cli;
mod cmd;
mod config;
mod operator;
mod serve;
mod telemetry;
mod tls;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse(); // wrong usage ends here, with 2
    // One TLS provider for the whole process; it fails only when one is there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match cmd::run(&cli) {
        Ok(code) => code,
        Err(error) => {
            cmd::print_error(&cli, &error);
            ExitCode::from(1)
        }
    }
}
