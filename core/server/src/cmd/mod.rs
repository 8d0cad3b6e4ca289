//! What each command does. `serve` runs the appliance; the others speak to it.

mod print;
mod work;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::{Cli, Command};
use crate::config::{self, Settings};
use crate::operator::Operator;

/// Runs a command; the error is for people.
pub fn run(cli: &Cli) -> Result<ExitCode, String> {
    let settings = config::load(cli.config.as_deref()).map_err(|e| e.to_string())?;
    match &cli.command {
        Command::Serve => {
            let checked = settings.check().map_err(|e| in_file(cli.config.as_deref(), &e.to_string()))?;
            crate::serve::run(checked)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::CheckConfig => {
            settings.check().map_err(|e| in_file(cli.config.as_deref(), &e.to_string()))?;
            if cli.json {
                print::json(&json!({"ok": true}));
            } else {
                print::line("The configuration can be used.");
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Ca => ca(cli, &settings),
        command => {
            let operator = Operator::new(settings.operator_socket())?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|e| format!("tokio: {e}"))?;
            runtime.block_on(work::run(cli, command, &operator))
        }
    }
}

fn ca(cli: &Cli, settings: &Settings) -> Result<ExitCode, String> {
    let root = crate::tls::local_root(&settings.data_dir).map_err(|e| {
        format!("{e}\nThe local CA is made at the first start of `estampe serve`, unless [tls] names a certificate.")
    })?;
    let url = format!("{}/ca", settings.public.origin.trim_end_matches('/'));
    if cli.json {
        print::json(&json!({
            "fingerprint_sha256": root.fingerprint,
            "pem_file": root.file,
            "url": url,
        }));
    } else {
        print::line(&format!("SHA-256  {}", root.fingerprint));
        print::line(&format!("File     {}", root.file.display()));
        print::line(&format!("Devices  {url}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says in which configuration a value stands, where it is one file.
fn in_file(file: Option<&Path>, problems: &str) -> String {
    let place = file.unwrap_or_else(|| Path::new("/etc/estampe/estampe.toml")).display();
    problems.lines().map(|line| format!("{place}: {line}")).collect::<Vec<_>>().join("\n")
}

/// Prints an error: to standard error, for people or machines.
pub fn print_error(cli: &Cli, error: &str) {
    if cli.json {
        eprintln!("{}", json!({"error": error}));
    } else {
        for line in error.lines() {
            eprintln!("estampe: {line}");
        }
    }
}
