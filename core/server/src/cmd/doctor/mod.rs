//! `estampe doctor`: looks whether everything is well, and says what to do where it is
//! not. What only the running service may open is asked of it; with the service stopped
//! the database is opened for reading, an offline check.

mod backup;
mod certificates;
mod clock;
mod database;
mod directories;
pub mod files;
mod network;
mod plugins;
mod providers;
mod running;
mod sources;

use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use estampe_adapters::SystemClock;
use estampe_domain::ports::Clock;
use serde::Serialize;

use crate::cli::Cli;
use crate::cmd::{placed, print, without_withheld};
use crate::config::{self, CheckedSettings, Settings};
use crate::operator::Operator;

pub use files::size;
use running::Running;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Well.
    Ok,
    /// Works, and should be looked at.
    Warning,
    /// Broken.
    Failed,
    /// Could not be looked at; the text says why.
    Skipped,
}

/// What one check found.
#[derive(Debug, Serialize)]
pub struct Finding {
    check: &'static str,
    status: Status,
    found: String,
    /// What to do; empty when nothing is to be done.
    advice: String,
}

/// What was found so far.
#[derive(Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    /// All is well.
    pub fn ok(&mut self, check: &'static str, found: impl Into<String>) {
        self.note(check, Status::Ok, found, "");
    }

    /// Works, and should be looked at.
    pub fn warn(&mut self, check: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.note(check, Status::Warning, found, advice);
    }

    /// Broken.
    pub fn fail(&mut self, check: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.note(check, Status::Failed, found, advice);
    }

    /// Could not be looked at.
    pub fn skip(&mut self, check: &'static str, why: impl Into<String>) {
        self.note(check, Status::Skipped, why, "");
    }

    /// Notes a finding.
    pub fn note(&mut self, check: &'static str, status: Status, found: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { check, status, found: found.into(), advice: advice.into() });
    }

    /// Whether all that failed or warns says what to do.
    #[cfg(test)]
    pub fn is_helpful(&self) -> bool {
        let is_well = |status| matches!(status, Status::Ok | Status::Skipped);
        self.0.iter().all(|finding| is_well(finding.status) || !finding.advice.is_empty())
    }

    /// How each check ended.
    #[cfg(test)]
    pub fn statuses(&self) -> Vec<Status> {
        self.0.iter().map(|finding| finding.status).collect()
    }

    /// How each check ended, and what it found.
    #[cfg(test)]
    pub fn told(self) -> Vec<(Status, String)> {
        self.0.into_iter().map(|finding| (finding.status, finding.found)).collect()
    }

    fn count(&self, status: Status) -> usize {
        self.0.iter().filter(|finding| finding.status == status).count()
    }

    /// Prints it, for people or machines; what is said when nothing failed, and the exit code.
    pub fn finish(&self, cli: &Cli, well: &str) -> Result<ExitCode, String> {
        if cli.json {
            print::json(&serde_json::to_value(&self.0).map_err(|e| format!("json: {e}"))?);
        } else {
            self.print(well);
        }
        Ok(if self.count(Status::Failed) > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    fn print(&self, well: &str) {
        for finding in &self.0 {
            let sign = match finding.status {
                Status::Ok => "ok     ",
                Status::Warning => "warning",
                Status::Failed => "FAILED ",
                Status::Skipped => "skipped",
            };
            print::line(&format!("{sign}  {:<14}  {}", finding.check, finding.found));
            if !finding.advice.is_empty() {
                print::line(&format!("{:25}-> {}", "", finding.advice));
            }
        }
        let (failed, warnings) = (self.count(Status::Failed), self.count(Status::Warning));
        print::line(&match (failed, warnings) {
            (0, 0) => format!("{well}."),
            (0, 1) => format!("{well}; one warning."),
            (0, many) => format!("{well}; {many} warnings."),
            (failed, 0) => format!("{failed} failed."),
            (failed, warnings) => format!("{failed} failed; {warnings} with a warning."),
        });
    }
}

/// How long something is still good.
fn days_left(days: i64) -> String {
    if days == 1 { "1 day left".to_owned() } else { format!("{days} days left") }
}

/// How the appliance stands.
pub enum Service {
    /// It answers.
    Running(Operator),
    /// Nobody listens.
    Stopped,
    /// It cannot be asked; why.
    Closed(String),
}

/// Looks at everything.
pub fn run(cli: &Cli) -> Result<ExitCode, String> {
    let mut report = Report::default();
    match configuration(cli) {
        Ok((written, settings)) => {
            report.ok("configuration", "can be used");
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|e| format!("tokio: {e}"))?;
            files::readable(cli.config.as_deref(), &written, &mut report);
            runtime.block_on(examine(&written, &settings, &mut report));
        }
        Err(problems) => {
            report.fail("configuration", problems.replace('\n', "; "), "mend it, then: estampe check-config");
            report.skip("everything else", "the configuration says where to look");
        }
    }
    let well = if report.count(Status::Warning) > 0 { "It works" } else { "All is well" };
    report.finish(cli, well)
}

fn configuration(cli: &Cli) -> Result<(Settings, CheckedSettings), String> {
    let (settings, origins) = config::load(cli.config.as_deref()).map_err(|e| e.to_string())?;
    let checked = without_withheld(settings.clone()).check().map_err(|e| placed(&origins, &e))?;
    Ok((settings, checked))
}

async fn examine(written: &Settings, settings: &CheckedSettings, report: &mut Report) {
    let service = service(settings, report);
    let running = Running::ask(&service).await;
    if let Some(running) = &running {
        running.tell(report);
    }
    house(settings, running.as_ref(), report);
    contact(settings, report);
    files::folder(settings, report);
    files::old_copies(&settings.data_dir, SystemClock.now(), report);
    files::disk(settings, report);
    let facts = database::examine(settings, &service, report).await;
    files::keys(settings, facts.as_ref(), &service, report);
    backup::examine(settings, &service, report).await;
    clock::examine(facts.as_ref(), report);
    certificates::examine(settings, report);
    if config::is_withheld(written.smtp.password_file.as_ref()) {
        report.skip("mail server", "its password is a credential of the unit, which is stopped");
    } else {
        network::smtp(settings, report).await;
    }
    plugins::examine(settings, &service, report).await;
    sources::examine(&service, report).await;
    directories::examine(&service, report).await;
    providers::examine(&service, report).await;
    network::listeners(settings, &service, running.as_ref(), report).await;
}

/// Whether visitors are told whose cards these are, and at an address that they can reach.
fn house(settings: &CheckedSettings, running: Option<&Running>, report: &mut Report) {
    const CHECK: &str = "house";
    let origin = running.map_or(&settings.public_origin, |running| &running.public_origin);
    let name = settings.organisation.as_str();
    if name == Settings::default().organisation {
        let found = format!("cards and consents name \"{name}\"");
        return report.warn(CHECK, found, "say in organisation whose cards these are, then restart the service");
    }
    if origin.starts_with("https://localhost") {
        return report.note(
            CHECK,
            Status::Ok,
            format!("cards of {name} are at {origin}, which this machine alone can open"),
            "set public.origin before QR codes are printed",
        );
    }
    report.ok(CHECK, format!("cards of {name} are at {origin}"));
}

/// Whether visitors are told whom to write to about their data: a hint, for it works without.
fn contact(settings: &CheckedSettings, report: &mut Report) {
    const CHECK: &str = "privacy";
    match &settings.rights_contact {
        Some(address) => report.ok(CHECK, format!("visitors write to {address} about their data")),
        None => report.note(
            CHECK,
            Status::Ok,
            "no address for visitors' rights: their requests reach the holders of cards",
            "name who can act on them in privacy.contact",
        ),
    }
}

fn service(settings: &CheckedSettings, report: &mut Report) -> Service {
    use std::io::ErrorKind as K;
    let socket = settings.operator.display();
    let service = match UnixStream::connect(&settings.operator) {
        Ok(_) => Operator::new(settings.operator.clone()).map_or_else(Service::Closed, Service::Running),
        Err(error) if matches!(error.kind(), K::NotFound | K::ConnectionRefused) => Service::Stopped,
        Err(error) => Service::Closed(format!("{socket}: {error}")),
    };
    match &service {
        Service::Running(_) => report.ok("service", format!("running, answers at {socket}")),
        Service::Stopped => report.warn(
            "service",
            "stopped; this is an offline check",
            "start it (estampe serve) unless it is meant to be stopped",
        ),
        Service::Closed(why) => {
            report.fail("service", format!("cannot be asked: {why}"), "run this as root or as the service's user");
        }
    }
    service
}
