//! What each command does. `serve` runs the appliance; the others speak to it.

mod account;
pub mod approval;
pub mod backup;
mod ca;
mod card;
pub mod change;
mod doctor;
mod ending;
mod group;
pub mod key;
mod kit;
pub mod lead;
mod mapping;
mod outbox;
mod password;
mod permissions;
mod person;
mod plan;
mod plugin;
mod print;
mod provider;
pub mod publish;
mod restore;
mod shell;
pub mod signature;
mod source;
pub mod token;
mod upgrade;
mod work;

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use estampe_adapters::SystemClock;
use estampe_domain::ports::Clock;
use serde_json::json;

use crate::cli::{BackupCommand, Cli, Command, KeyRingCommand, PluginCommand};
use crate::config::access::{self, Reader, Unreadable};
use crate::config::{self, CheckedSettings, ConfigError, Origins, Settings};
use crate::operator::Operator;
use crate::serve::Configured;

/// Runs a command; the error is for people.
pub fn run(cli: &Cli) -> Result<ExitCode, String> {
    if matches!(cli.command, Command::Doctor) {
        return doctor::run(cli);
    }
    match &cli.command {
        Command::UpgradeCheck => return upgrade::run(cli),
        Command::Plugin(PluginCommand::Kit(command)) => return kit::run(cli, command),
        Command::Completions { shell } => {
            shell::completions(*shell);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Man { folder } => return shell::man(folder).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    if matches!(cli.command, Command::Health) {
        // about the service, not about a configuration that was changed since it started
        let (settings, ..) = config::load_some(cli.config.as_deref()).map_err(|e| e.to_string())?;
        return of_the_service(cli, &settings);
    }
    let (settings, origins) = config::load(cli.config.as_deref()).map_err(|e| e.to_string())?;
    match &cli.command {
        Command::Serve => {
            let denied = access::denied(&settings);
            if !denied.is_empty() {
                return Err(denied.join("\n"));
            }
            let checked = settings.check().map_err(|e| placed(&origins, &e))?;
            crate::serve::run(Configured { file: cli.config.clone(), settings, origins, checked })?;
            Ok(ExitCode::SUCCESS)
        }
        Command::CheckConfig => {
            let checked = settings.check().map_err(|e| placed(&origins, &e))?;
            check_readers(cli, &settings)?;
            check_certificates(cli, &checked)
        }
        Command::Ca { renew: false } => ca::show(cli, &settings),
        Command::Ca { renew: true } => {
            let checked = settings.check().map_err(|e| placed(&origins, &e))?;
            ca::renew(cli, &settings, &checked)
        }
        Command::Backup { command: Some(BackupCommand::Key { file }) } => backup::new_key(cli, file),
        Command::Backup { command: Some(BackupCommand::List) } if !answers(&settings) => {
            let checked = settings.check().map_err(|e| placed(&origins, &e))?;
            backup::list_alone(cli, &checked)
        }
        Command::Backup { command: Some(BackupCommand::Verify(look)) } => {
            let checked = without_mail(settings).check().map_err(|e| placed(&origins, &e))?;
            backup::verify(cli, look, &checked)
        }
        Command::Key(KeyRingCommand::Check { copy }) => {
            let checked = without_mail(settings).check().map_err(|e| placed(&origins, &e))?;
            key::check(cli, copy, &checked)
        }
        Command::Restore(look) => {
            let checked = without_mail(settings).check().map_err(|e| placed(&origins, &e))?;
            restore::run(cli, look, &checked)
        }
        _ => of_the_service(cli, &settings),
    }
}

/// The same without a password that is a credential of the stopped unit: nothing else of it can be looked at.
pub(crate) fn without_withheld(settings: Settings) -> Settings {
    if config::is_withheld(settings.smtp.password_file.as_ref()) { without_mail(settings) } else { settings }
}

/// For commands that send no mail and work with the service stopped: its password may be a credential,
/// which the unit is handed while it runs and nobody else ever.
fn without_mail(settings: Settings) -> Settings {
    Settings { smtp: Settings::default().smtp, ..settings }
}

/// Whether the service runs.
fn answers(settings: &Settings) -> bool {
    let connected = UnixStream::connect(settings.operator_socket());
    // one that may not be asked is no stopped one: that is told as ever
    !connected.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused))
}

/// Asks the running service.
fn of_the_service(cli: &Cli, settings: &Settings) -> Result<ExitCode, String> {
    let operator = Operator::new(settings.operator_socket())?;
    block_on(work::run(cli, &cli.command, &operator))
}

/// Waits for an answer of the service.
fn block_on<T>(asking: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| format!("tokio: {e}"))?;
    runtime.block_on(asking)
}

/// Of `check-config`: that the service's user can read what the configuration names.
fn check_readers(cli: &Cli, settings: &Settings) -> Result<(), String> {
    let Some(reader) = Reader::of_the_service(&settings.data_dir) else { return Ok(()) };
    let (_, found) = access::unreadable(cli.config.as_deref(), settings, &reader);
    let told: Vec<_> = found.iter().map(|Unreadable { found, mend }| format!("{found}; mend it: {mend}")).collect();
    if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
}

/// The last part of `check-config`: what the certificates' files hold.
fn check_certificates(cli: &Cli, settings: &CheckedSettings) -> Result<ExitCode, String> {
    let found = crate::tls::inspect(settings, SystemClock.now());
    let problems = |usable: bool| {
        let of = found.iter().filter(move |certificate| certificate.usable == usable);
        of.filter_map(|certificate| certificate.problem.clone())
    };
    if let Some(problem) = problems(false).next() {
        return Err(problem);
    }
    if cli.json {
        print::json(&json!({"ok": true, "certificates": found}));
    } else {
        for problem in problems(true) {
            print::line(&format!("Warning: {problem}."));
        }
        print::line("The configuration can be used.");
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
