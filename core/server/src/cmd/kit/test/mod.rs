//! `estampe plugin test`: the conformance suite. The real component runs in the host of the
//! appliance, with its limits; other sides answer by a script.

mod egress;
mod template;
mod trial;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use estampe_domain::plugin::{CallLog, LogLevel, LogLine, PluginKind, Probe};
use estampe_domain::ports::{Directory, Plugins};
use estampe_plugin_host::{Limits, PluginHost};
use serde::Serialize;
use serde_json::json;

use self::trial::{Run, Trial};
use crate::cli::{Cli, TestPlugin};
use crate::cmd::print;

/// How soon the host's threads are free again after a call that nobody waits for: the
/// host's grace is a second.
const GRACE: Duration = Duration::from_secs(3);
/// How long the call that is cancelled may go on before.
const IMPATIENT: Duration = Duration::from_millis(100);
/// Characters of a text that is looked for in the log; a shorter one is found by chance.
const TELLING: usize = 4;
/// Lines of its log that are shown below what failed.
const LINES: usize = 20;

/// What was found.
struct Report {
    lines: Vec<Check>,
    /// What the plugin writes, until the next check ends.
    log: CallLog,
}

/// One thing that was tried.
#[derive(Serialize)]
struct Check {
    #[serde(flatten)]
    probe: Probe,
    /// What the plugin wrote meanwhile: of a panic its text.
    log: Vec<LogLine>,
}

impl Report {
    fn note(&mut self, name: &str, outcome: Result<String, String>) {
        let (passed, detail) = match outcome {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        let probe = Probe { name: name.to_owned(), passed, detail };
        self.lines.push(Check { probe, log: self.log.take() });
    }

    fn passed(&self) -> bool {
        self.lines.iter().all(|line| line.probe.passed)
    }

    /// What the plugin wrote in all that was noted.
    fn written(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter().flat_map(|line| &line.log)
    }

    /// For people: of what failed the end of the log stands below it, of all of it where that is
    /// asked for.
    fn rows(&self, logs: bool) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for Check { probe, log } in &self.lines {
            let sign = if probe.passed { "ok" } else { "FAILED" };
            rows.push(vec![sign.to_owned(), probe.name.clone(), probe.detail.clone()]);
            let shown = match (logs, probe.passed) {
                (true, _) => log.as_slice(),
                (false, true) => &[],
                (false, false) => log.get(log.len().saturating_sub(LINES)..).unwrap_or_default(),
            };
            rows.extend(shown.iter().map(|line| vec![String::new(), level(line.level).to_owned(), line.text.clone()]));
        }
        rows
    }
}

const fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug:",
        LogLevel::Info => "info:",
        LogLevel::Warn => "warn:",
        LogLevel::Error => "error:",
    }
}

/// Tries a bundle and says what was found; fails when anything is wrong with it.
pub fn run(cli: &Cli, test: &TestPlugin) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| format!("tokio: {error}"))?;
    let (trial, report) = runtime.block_on(async {
        let trial = Trial::prepare(test).await?;
        let mut report = Report { lines: Vec::new(), log: trial.log.clone() };
        match (trial.facts.info.kind, &test.save) {
            (PluginKind::SignatureTemplate, save) => template::examine(&trial, save.as_deref(), &mut report).await,
            (PluginKind::Connector, None) => examine(&trial, &mut report).await,
            (PluginKind::Connector, Some(_)) => {
                return Err(format!("{}: --save is for templates of signatures", trial.facts.info.id));
            }
        }
        Ok::<_, String>((trial, report))
    })?;
    // what still hangs there waits for nothing
    runtime.shutdown_background();
    let passed = report.passed();
    let info = &trial.facts.info;
    if cli.json {
        print::json(&json!({
            "plugin": info.id, "version": info.version, "sha256": trial.facts.sha256,
            "passed": passed, "checks": report.lines,
        }));
    } else {
        print::table(&report.rows(test.log));
        print::line(&format!("{} {}: {}", info.id, info.version, if passed { "conforms" } else { "does not conform" }));
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn examine(trial: &Trial, report: &mut Report) {
    let host = match trial.host(Limits::default().threads).await {
        Ok(host) => host,
        Err(why) => return report.note("loads", Err(why)),
    };
    report.note("loads", Ok(format!("fits the contract {}", trial.facts.info.contract)));
    report.note("describe", describe(trial, &host).await);
    report.note("check", check(trial, &host).await);
    let run = match trial.full_run(&host).await {
        Ok(run) => run,
        Err(failure) => {
            let unknown = trial.egress.unknown();
            let hint =
                if unknown.is_empty() { String::new() } else { format!("; no answer to {}", unknown.join(", ")) };
            return report.note("full run", Err(format!("{failure}{hint}")));
        }
    };
    let (pages, people, rejected) = (run.turns.len(), run.people, run.rejected);
    let repeated = match run.again {
        0 => String::new(),
        again => format!("; {again} under an identity that was there before: the appliance refuses those"),
    };
    report.note("full run", Ok(format!("{people} people, {rejected} rejected, {pages} pages{repeated}")));
    report.note("fields", fields(trial, &run));
    report.note("resume", resume(trial, &run).await);
    report.note("idempotence", again(trial, &host, &run).await);
    report.note("cancellation", cancellation(trial).await);
    report.note("limits", Ok(limits(trial, &host, &run)));
    let redacted = redaction(report, &run);
    report.note("redaction", redacted);
}

async fn describe(trial: &Trial, host: &PluginHost) -> Result<String, String> {
    let said = host.describe(&trial.facts.info.id).await.map_err(|failure| failure.to_string())?;
    let beyond = beyond_manifest(trial, &said.attributes);
    if !beyond.is_empty() {
        return Err(format!("it may deliver {}: not in the manifest's [fields] read", beyond.join(", ")));
    }
    let knows = if said.incremental { "changes since a checkpoint" } else { "full runs alone" };
    Ok(format!("{} attributes, {knows}", said.attributes.len()))
}

async fn check(trial: &Trial, host: &PluginHost) -> Result<String, String> {
    let probes = host.check(&trial.spec, &trial.given()).await.map_err(|failure| failure.to_string())?;
    if probes.is_empty() {
        return Err("it says nothing; expected at least one line of what it tried".to_owned());
    }
    let failed = probes.iter().filter(|probe| !probe.passed);
    let failed: Vec<_> = failed.map(|probe| format!("{}: {}", probe.name, probe.detail)).collect();
    if failed.is_empty() { Ok(format!("{} lines, all passed", probes.len())) } else { Err(failed.join("; ")) }
}

/// Which of these attributes the manifest does not name.
fn beyond_manifest<'a>(trial: &Trial, names: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let asked = &trial.facts.info.asks.fields.read;
    let is_asked = |name: &&String| asked.iter().any(|asked| asked.eq_ignore_ascii_case(name));
    names.into_iter().filter(|name| !is_asked(name)).cloned().collect()
}

/// The host itself fails a run that delivers more; this says what was seen.
fn fields(trial: &Trial, run: &Run) -> Result<String, String> {
    let asked = &trial.facts.info.asks.fields.read;
    let beyond = beyond_manifest(trial, &run.attributes);
    if beyond.is_empty() {
        return Ok(format!("{} of {} that the manifest names", run.attributes.len(), asked.len()));
    }
    Err(format!("{}: not in the manifest's [fields] read", beyond.join(", ")))
}

/// A crash after every page: a host that knows nothing goes on from the cursor.
async fn resume(trial: &Trial, run: &Run) -> Result<String, String> {
    for (at, turn) in run.turns.iter().enumerate() {
        match trial.again(turn).await {
            Ok(true) => {}
            Ok(false) => {
                return Err(format!("page {} is another one when a new host goes on from its cursor", at + 1));
            }
            Err(why) => return Err(format!("page {}, in a new host: {why}", at + 1)),
        }
    }
    Ok(format!("each of {} pages is the same in a new host", run.turns.len()))
}

async fn again(trial: &Trial, host: &PluginHost, run: &Run) -> Result<String, String> {
    let second = trial.full_run(host).await.map_err(|failure| format!("the second run: {failure}"))?;
    if run.is_like(&second) {
        return Ok("a second run says the same".to_owned());
    }
    Err("a second run says something else, though nothing changed".to_owned())
}

/// Leaves a call alone and sees when the only thread is free again.
async fn cancellation(trial: &Trial) -> Result<String, String> {
    let host = trial.host(1).await?;
    trial.egress.hang(true);
    let begun = Instant::now();
    let left = tokio::time::timeout(IMPATIENT, host.sync_page(trial.call(None, BTreeMap::new()))).await;
    trial.egress.hang(false);
    let next = tokio::time::timeout(GRACE * 2, host.check(&trial.spec, &trial.given())).await;
    let took = begun.elapsed();
    match next {
        Err(_) => Err(format!("it still ran {} s after nobody waited any more", took.as_secs())),
        Ok(_) if took > GRACE => {
            Err(format!("it ended {} ms after it began, above {} s", took.as_millis(), GRACE.as_secs()))
        }
        Ok(_) if left.is_ok() => Ok(format!("the call ended by itself within {} ms", IMPATIENT.as_millis())),
        Ok(_) => Ok(format!("its thread was free after {} ms", took.as_millis())),
    }
}

fn limits(trial: &Trial, host: &PluginHost, run: &Run) -> String {
    let limits = Limits::default();
    let memory = host.usage(&trial.facts.info.id).map_or(0, |usage| usage.memory);
    let slowest = run.turns.iter().map(|turn| turn.took).max().unwrap_or_default();
    format!(
        "{:.1} of {} MiB of memory; slowest page {} ms, processor time of a call {} s at most",
        mebibytes(memory),
        limits.memory >> 20,
        slowest.as_millis(),
        limits.computing.as_secs()
    )
}

#[expect(clippy::cast_precision_loss, reason = "octets of memory, far below 2^52")]
fn mebibytes(octets: u64) -> f64 {
    octets as f64 / f64::from(1 << 20)
}

fn redaction(report: &Report, run: &Run) -> Result<String, String> {
    let lines: Vec<_> = report.written().collect();
    let values: Vec<_> = run.values.iter().filter(|value| value.chars().count() >= TELLING).collect();
    for line in &lines {
        if values.iter().any(|value| line.text.contains(value.as_str())) {
            // the line itself would repeat it
            return Err(format!("a line of {} octets in its log holds a person's value", line.text.len()));
        }
    }
    Ok(format!("none of {} lines in its log holds a person's value", lines.len()))
}
