//! What each command does. `serve` runs the appliance; the others speak to it.

mod doctor;
mod outbox;
mod print;
mod work;

use std::process::ExitCode;

use serde_json::json;

use crate::cli::{Cli, Command};
use crate::config::{self, ConfigError, Origins, Settings};
use crate::operator::Operator;

/// Runs a command; the error is for people.
pub fn run(cli: &Cli) -> Result<ExitCode, String> {
    if matches!(cli.command, Command::Doctor) {
        return doctor::run(cli);
    }
    let (settings, origins) = config::load(cli.config.as_deref()).map_err(|e| e.to_string())?;
    match &cli.command {
        Command::Serve => {
            let checked = settings.check().map_err(|e| placed(&origins, &e))?;
            crate::serve::run(checked)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::CheckConfig => {
            settings.check().map_err(|e| placed(&origins, &e))?;
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

/// Says where each wrong value stands: its file, the environment, or nowhere yet.
pub fn placed(origins: &Origins, problems: &ConfigError) -> String {
    let place = |problem: &str| {
        let key = problem.split([':', ' ']).next().unwrap_or_default();
        origins.get(key).map_or("defaults", String::as_str).to_owned()
    };
    problems.0.iter().map(|problem| format!("{}: {problem}", place(problem))).collect::<Vec<_>>().join("\n")
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
