//! Mixed load for long: visitors, leads, an administrator who watches, synchronisations
//! and new certificates meanwhile. Memory must not grow, nothing may fail, no lead that
//! was acknowledged may be missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use tokio::task::JoinSet;

use crate::cases::{Running, Setting};
use crate::client::{Answer, Connection, Target};
use crate::lead::{accepted, form, idempotency_key};
use crate::load::{Outcome, runtime};
use crate::process::mib;
use crate::stats::median;

/// What memory may grow by after the warming up: this share, or this much.
const GROWTH: f64 = 0.10;
const GROWTH_BYTES: f64 = 8.0 * 1_048_576.0;

/// Runs it for so many minutes.
pub fn load(with: &Setting, minutes: u64) -> Result<(), String> {
    let mut ours = with.server()?;
    let time = Duration::from_mins(minutes.max(1));
    let warm = (time / 10).max(Duration::from_secs(20));
    let runtime = runtime(1)?;
    let cookie = runtime.block_on(sign_in(&ours))?;
    let database = ours.path().join("data/estampe.db");
    let before = leads_in(&database)?;
    let end = Instant::now() + time;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let cards: Arc<[String]> = ours.cards.clone().into();
    for number in 0..16 {
        let cards = Arc::clone(&cards);
        let steps = Steps::new(&ours.server.public, number, Duration::from_millis(100), end);
        tasks.spawn_on(
            steps.walk(move |turn| Step::Get {
                path: card(&cards, turn * 16 + number, ["", "/exchange", ".vcf", "", "/qr.svg", ""]),
                language: if turn % 3 == 0 { "en" } else { "fr" },
                cookie: None,
            }),
            runtime.handle(),
        );
    }
    for number in 0..8 {
        let (cards, acknowledged) = (Arc::clone(&cards), Arc::clone(&acknowledged));
        let mut steps = Steps::new(&ours.server.public, number, Duration::from_millis(330), end);
        steps.acknowledged = Some(acknowledged);
        tasks.spawn_on(
            steps.walk(move |turn| Step::Lead {
                path: card(&cards, turn * 8 + number, ["/leads"]),
                form: form(&idempotency_key()),
            }),
            runtime.handle(),
        );
    }
    let watching = Steps::new(&ours.server.internal, 0, Duration::from_millis(500), end);
    tasks.spawn_on(
        watching.walk(move |turn| Step::Get {
            path: pick(&["/", "/people", "/leads", "/outbox", "/sources", "/health/ready"], turn).to_owned(),
            language: "fr",
            cookie: Some(cookie.clone()),
        }),
        runtime.handle(),
    );

    println!("── load: {minutes} min on a server with {} cards", ours.cards.len());
    let memory = disturb(&mut ours, end, warm)?;
    let outcome = runtime.block_on(async {
        let mut all = Outcome::default();
        while let Some(one) = tasks.join_next().await {
            match one {
                Ok(outcome) => all.merge(outcome),
                Err(problem) => all.fail(problem.to_string()),
            }
        }
        all
    });
    let Running { server, folder, .. } = ours;
    server.stop()?;
    let stored = leads_in(&database)?.saturating_sub(before);
    drop(folder);
    judge(&outcome, &memory, acknowledged.load(Ordering::Relaxed), stored)
}

/// Synchronises, renews the certificate, and notes the memory each second after the
/// warming up.
fn disturb(ours: &mut Running, end: Instant, warm: Duration) -> Result<Vec<f64>, String> {
    let (begun, mut memory) = (Instant::now(), Vec::new());
    for second in 0_u64.. {
        if Instant::now() >= end {
            break;
        }
        ours.server.check()?;
        if second % 60 == 15 {
            ours.certificates.renew()?;
        }
        if second % 60 == 45 {
            ours.server.ask(&["source", "sync", "bench"])?;
        }
        if begun.elapsed() > warm {
            memory.push(ours.server.resident()? as f64);
        }
        if second % 300 == 0 {
            println!("  {:>4} s  {:.0} MiB resident", begun.elapsed().as_secs(), mib(ours.server.resident()?));
        }
        std::thread::sleep(Duration::from_secs(1).min(end.saturating_duration_since(Instant::now())));
    }
    Ok(memory)
}

fn judge(outcome: &Outcome, memory: &[f64], acknowledged: usize, stored: usize) -> Result<(), String> {
    let tenth = (memory.len() / 10).max(1);
    let first = median(memory.get(..tenth).unwrap_or(memory));
    let last = median(memory.get(memory.len().saturating_sub(tenth)..).unwrap_or(memory));
    println!(
        "  {} requests, {} failed; {acknowledged} leads acknowledged, {stored} stored; resident {:.1} MiB after warming up, {:.1} MiB at the end",
        outcome.done,
        outcome.failed,
        mib(first as u64),
        mib(last as u64)
    );
    let mut problems = Vec::new();
    if outcome.failed > 0 {
        problems.push(format!("{} requests failed: {}", outcome.failed, outcome.problems.join("; ")));
    }
    // each key is sent again until it is acknowledged, so the two are the same number
    if stored != acknowledged {
        problems.push(format!("{acknowledged} leads were acknowledged and {stored} are stored"));
    }
    if acknowledged == 0 || memory.is_empty() {
        problems.push("nothing was measured".to_owned());
    }
    if last > first + GROWTH_BYTES.max(first * GROWTH) {
        problems.push("memory grew".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("load: {}", problems.join("\n      "))) }
}

fn leads_in(database: &std::path::Path) -> Result<usize, String> {
    let count = |connection: rusqlite::Connection| {
        connection.query_row("SELECT count(*) FROM lead", [], |row| row.get::<_, i64>(0))
    };
    let counted = rusqlite::Connection::open(database).and_then(count);
    counted.map(|n| n as usize).map_err(|e| format!("{}: {e}", database.display()))
}

fn card<const N: usize>(cards: &[String], turn: usize, suffixes: [&str; N]) -> String {
    format!("/c/{}{}", cards.get(turn % cards.len().max(1)).map_or("", String::as_str), pick(&suffixes, turn))
}

fn pick<'a>(choices: &[&'a str], turn: usize) -> &'a str {
    choices.get(turn % choices.len().max(1)).copied().unwrap_or_default()
}

/// Makes the first administrator; gives the cookie of the session.
async fn sign_in(ours: &Running) -> Result<String, String> {
    let first = ours.server.ask(&["first-run"])?;
    let token = first.get("token").and_then(serde_json::Value::as_str).ok_or("first-run gives no token")?;
    let body = format!("token={token}&name=Mireille&email=mireille%40banque.example&password=violet+hortensia+47");
    let internal = &ours.server.internal;
    let origin = internal.origin();
    let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (ORIGIN, origin.as_str())];
    let answer = internal.connect(0).await?.ask(Method::POST, "/first-run", "fr", &headers, body.into()).await?;
    let cookie = answer.headers.get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()?.split(';').next());
    cookie.map(ToOwned::to_owned).ok_or_else(|| format!("signing in: status {}", answer.status))
}

/// One request of someone.
enum Step {
    Get { path: String, language: &'static str, cookie: Option<String> },
    Lead { path: String, form: String },
}

/// Someone who asks for something at an even pace.
struct Steps {
    target: Target,
    number: usize,
    pace: Duration,
    end: Instant,
    acknowledged: Option<Arc<AtomicUsize>>,
}

impl Steps {
    fn new(target: &Target, number: usize, pace: Duration, end: Instant) -> Self {
        Self { target: target.clone(), number, pace, end, acknowledged: None }
    }

    async fn walk(self, mut next: impl FnMut(usize) -> Step) -> Outcome {
        let (mut outcome, mut connection) = (Outcome::default(), None);
        let mut pace = tokio::time::interval(self.pace);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for turn in 0.. {
            pace.tick().await;
            if Instant::now() >= self.end {
                break;
            }
            let step = next(turn);
            // a connection may be closed between two requests: that is no failure, and a
            // lead has its key; a second time is
            let mut answer = self.send(&mut connection, &step).await;
            if answer.is_err() {
                answer = self.send(&mut connection, &step).await;
            }
            let done = match (&step, answer) {
                (Step::Lead { .. }, answer) => accepted(answer).inspect(|()| {
                    self.acknowledged.iter().for_each(|count| {
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                }),
                (_, Ok(answer)) if answer.status == 200 => Ok(()),
                (Step::Get { path, .. }, Ok(answer)) => Err(format!("{path}: status {}", answer.status)),
                (_, Err(problem)) => Err(problem),
            };
            match done {
                Ok(()) => outcome.done += 1,
                Err(problem) => outcome.fail(problem),
            }
        }
        outcome
    }

    async fn send(&self, connection: &mut Option<Connection>, step: &Step) -> Result<Answer, String> {
        let mut open = match connection.take().filter(|c| !c.is_closed()) {
            Some(open) => open,
            None => self.target.connect(self.number).await?,
        };
        let answer = match step {
            Step::Get { path, language, cookie } => {
                let headers: Vec<_> = cookie.iter().map(|cookie| (COOKIE, cookie.as_str())).collect();
                open.ask(Method::GET, path, language, &headers, Bytes::new()).await
            }
            Step::Lead { path, form } => open.post(path, form.clone()).await,
        };
        if answer.is_ok() {
            *connection = Some(open);
        }
        answer
    }
}
