//! Loads of our own: closed (as fast as it goes), open (by a schedule that waits for
//! nobody), handshakes, leads, and connections that idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::IF_NONE_MATCH;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::{Connection, Target};
use crate::lead::{accepted, form, idempotency_key};

/// What a load did.
#[derive(Default)]
pub struct Outcome {
    /// Requests answered as they should be.
    pub done: usize,
    /// How long it took in all.
    pub took: Duration,
    /// How long each took; in an open load from when it was due.
    pub latencies: Vec<Duration>,
    /// What failed, in words, once each.
    pub problems: Vec<String>,
    /// How many failed.
    pub failed: usize,
}

impl Outcome {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64()
    }

    /// The outcome, when nothing failed.
    pub fn flawless(self) -> Result<Self, String> {
        if self.failed == 0 {
            return Ok(self);
        }
        Err(format!("{} of {} requests failed: {}", self.failed, self.failed + self.done, self.problems.join("; ")))
    }

    /// Adds what one worker did.
    pub fn merge(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.latencies.extend(other.latencies);
        for problem in other.problems {
            self.problem(problem);
        }
    }

    /// Counts one failure.
    pub fn fail(&mut self, problem: String) {
        self.failed += 1;
        self.problem(problem);
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < 5 && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// A runtime for one load.
pub fn runtime(threads: usize) -> Result<Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|e| format!("tokio: {e}"))
}

async fn gather(mut tasks: JoinSet<Outcome>, begun: Instant) -> Outcome {
    let mut all = Outcome::default();
    while let Some(one) = tasks.join_next().await {
        match one {
            Ok(outcome) => all.merge(outcome),
            Err(problem) => all.fail(problem.to_string()),
        }
    }
    all.took = begun.elapsed();
    all
}

fn well(answer: Result<crate::client::Answer, String>) -> Result<(), String> {
    match answer {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("status {}", answer.status)),
        Err(problem) => Err(problem),
    }
}

/// As many requests as go through `connections` kept-alive connections.
pub fn closed(target: &Target, path: &str, connections: usize, time: Duration) -> Result<Outcome, String> {
    let path: Arc<str> = path.into();
    Ok(runtime(1)?.block_on(async {
        let (begun, mut tasks) = (Instant::now(), JoinSet::new());
        for number in 0..connections {
            let (target, path) = (target.clone(), Arc::clone(&path));
            tasks.spawn(async move {
                let mut outcome = Outcome::default();
                let mut connection = match target.connect(number).await {
                    Ok(connection) => connection,
                    Err(problem) => {
                        outcome.fail(problem);
                        return outcome;
                    }
                };
                while begun.elapsed() < time {
                    let asked = Instant::now();
                    match well(connection.get(&path, "fr").await) {
                        Ok(()) => {
                            outcome.done += 1;
                            outcome.latencies.push(asked.elapsed());
                        }
                        Err(problem) => {
                            outcome.fail(problem);
                            break;
                        }
                    }
                }
                outcome
            });
        }
        gather(tasks, begun).await
    }))
}

/// A connection, a full handshake and a request each, as many as go through `clients` at
/// a time.
pub fn handshakes(target: &Target, path: &str, clients: usize, time: Duration) -> Result<Outcome, String> {
    let (path, next): (Arc<str>, _) = (path.into(), Arc::new(AtomicUsize::new(0)));
    Ok(runtime(1)?.block_on(async {
        let (begun, mut tasks) = (Instant::now(), JoinSet::new());
        for _ in 0..clients {
            let (target, path, next) = (target.clone(), Arc::clone(&path), Arc::clone(&next));
            tasks.spawn(async move {
                let mut outcome = Outcome::default();
                while begun.elapsed() < time && outcome.failed == 0 {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let answer = match target.connect(number).await {
                        Ok(mut connection) => well(connection.get(&path, "fr").await),
                        Err(problem) => Err(problem),
                    };
                    match answer {
                        Ok(()) => outcome.done += 1,
                        Err(problem) => outcome.fail(problem),
                    }
                }
                outcome
            });
        }
        gather(tasks, begun).await
    }))
}

/// Requests by a schedule: one every `1 / rate` seconds, whatever became of those before.
/// Each is timed from when it was due, so that a server that stalls is charged for all
/// who would have come meanwhile.
pub fn open(target: &Target, path: &str, connections: usize, rate: f64, time: Duration) -> Result<Outcome, String> {
    let runtime = runtime(1)?;
    let mut lines = Vec::new();
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    for number in 0..connections {
        let (line, mut due) = mpsc::unbounded_channel::<Instant>();
        lines.push(line);
        let (target, path) = (target.clone(), path.to_owned());
        tasks.spawn_on(
            async move {
                let (mut outcome, mut connection) = (Outcome::default(), None::<Connection>);
                while let Some(at) = due.recv().await {
                    let answer = match connection.take().filter(|c| !c.is_closed()) {
                        Some(open) => Ok(open),
                        None => target.connect(number).await,
                    };
                    let answer = match answer {
                        Ok(mut open) => {
                            let answer = well(open.get(&path, "fr").await);
                            connection = answer.is_ok().then_some(open);
                            answer
                        }
                        Err(problem) => Err(problem),
                    };
                    match answer {
                        Ok(()) => {
                            outcome.done += 1;
                            outcome.latencies.push(at.elapsed());
                        }
                        Err(problem) => outcome.fail(problem),
                    }
                }
                outcome
            },
            runtime.handle(),
        );
    }
    // a thread keeps the time: the runtime's timers count whole milliseconds
    let first = Instant::now() + Duration::from_millis(50);
    for (number, line) in lines.iter().cycle().enumerate() {
        let due = first + Duration::from_secs_f64(number as f64 / rate);
        if due > first + time {
            break;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        // a line whose task is gone has told why
        let _ = line.send(due);
    }
    drop(lines);
    Ok(runtime.block_on(gather(tasks, begun)))
}

/// Leads, as many as go through `clients` kept-alive connections, each with an
/// idempotency key of its own, spread over the cards.
pub fn leads(target: &Target, cards: &[String], clients: usize, time: Duration) -> Result<Outcome, String> {
    let cards: Arc<[String]> = cards.into();
    runtime(1)?.block_on(async {
        let mut keys = form_keys(target, &cards, clients, forms_for(time, 180)).await?;
        tokio::time::sleep(TYPING).await;
        let (begun, mut tasks) = (Instant::now(), JoinSet::new());
        for number in 0..clients {
            let (target, cards) = (target.clone(), Arc::clone(&cards));
            let mut keys = keys.pop().unwrap_or_default().into_iter();
            tasks.spawn(async move {
                let mut outcome = Outcome::default();
                let mut connection = match target.connect(number).await {
                    Ok(connection) => connection,
                    Err(problem) => {
                        outcome.fail(problem);
                        return outcome;
                    }
                };
                for turn in 0.. {
                    if begun.elapsed() >= time {
                        break;
                    }
                    let asked = Instant::now();
                    let Some(card) = cards.get((turn * clients + number) % cards.len().max(1)) else { break };
                    let path = format!("/c/{card}/leads");
                    match accepted(connection.post(&path, form(&keys.next().unwrap_or_else(idempotency_key))).await) {
                        Ok(()) => {
                            outcome.done += 1;
                            outcome.latencies.push(asked.elapsed());
                        }
                        Err(problem) => {
                            outcome.fail(problem);
                            break;
                        }
                    }
                }
                outcome
            });
        }
        Ok(gather(tasks, begun).await)
    })
}

/// How long a form has to be open before it is sent.
pub const TYPING: Duration = Duration::from_millis(2_200);

/// Forms that one client opens for a load, when it sends at most so many a second.
pub fn forms_for(time: Duration, rate: usize) -> usize {
    (time.as_secs_f64() * rate as f64) as usize
}

/// Opens forms, as people do some time before they send them: their keys, for each client.
async fn form_keys(
    target: &Target,
    cards: &Arc<[String]>,
    clients: usize,
    forms: usize,
) -> Result<Vec<Vec<String>>, String> {
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        let (target, cards) = (target.clone(), Arc::clone(cards));
        tasks.spawn(async move {
            let (mut connection, mut keys) = (target.connect(number).await?, Vec::with_capacity(forms));
            for turn in 0..forms {
                let Some(card) = cards.get((turn * clients + number) % cards.len().max(1)) else { break };
                let page = connection.read(&format!("/c/{card}/exchange"), "fr").await?;
                keys.push(key_in(&page).ok_or("a form without its key")?);
            }
            Ok(keys)
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// The idempotency key of a form.
fn key_in(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("name=\"idempotency_key\" value=\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// Connections that idle: each asks for a page that it has already ("not modified") once
/// in a while, so that the server has no reason to cut it.
pub struct Idle {
    runtime: Runtime,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Outcome>,
    /// How many were opened.
    pub opened: usize,
}

/// The server cuts what is silent for some 20 seconds.
pub const IDLE_PAUSE: Duration = Duration::from_secs(10);

impl Idle {
    /// Opens this many and keeps them.
    pub fn open(target: &Target, path: &str, etag: &str, connections: usize) -> Result<Self, String> {
        let runtime = runtime(1)?;
        let (stop, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let next = Arc::new(AtomicUsize::new(0));
        let (ready, mut readiness) = mpsc::unbounded_channel::<Result<(), String>>();
        let mut tasks = JoinSet::new();
        // some at a time, as the queue of a listener is short
        let gate = Arc::new(tokio::sync::Semaphore::new(64));
        for _ in 0..connections {
            let (target, path, etag) = (target.clone(), path.to_owned(), etag.to_owned());
            let (stop, opened, next, gate) = (stop.clone(), opened.clone(), next.clone(), gate.clone());
            let ready = ready.clone();
            tasks.spawn_on(
                async move {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let mut outcome = Outcome::default();
                    let mut connection = {
                        let _place = gate.acquire().await;
                        match target.connect(number).await {
                            Ok(connection) => connection,
                            Err(problem) => {
                                let _ = ready.send(Err(problem.clone()));
                                outcome.fail(problem);
                                return outcome;
                            }
                        }
                    };
                    // the first at once, as a browser does: a connection that never asked
                    // for anything is cut sooner; then spread, else all would ask at once
                    let mut next = Instant::now();
                    let mut spread = Some(IDLE_PAUSE.mul_f64((number % 997) as f64 / 997.0));
                    let mut ready = Some(ready);
                    while !stop.load(Ordering::Relaxed) {
                        if Instant::now() < next {
                            if let Some(ready) = ready.take() {
                                opened.fetch_add(1, Ordering::Relaxed);
                                let _ = ready.send(Ok(()));
                            }
                            tokio::time::sleep(Duration::from_millis(250)).await;
                            continue;
                        }
                        next += spread.take().unwrap_or(IDLE_PAUSE);
                        let headers = [(IF_NONE_MATCH, etag.as_str())];
                        match connection.ask(Method::GET, &path, "fr", &headers, Bytes::new()).await {
                            Ok(answer) if answer.status == 304 => outcome.done += 1,
                            Ok(answer) => outcome.fail(format!("an idle connection got status {}", answer.status)),
                            Err(problem) => {
                                outcome.fail(format!("an idle connection was cut: {problem}"));
                                break;
                            }
                        }
                    }
                    outcome
                },
                runtime.handle(),
            );
        }
        drop(ready);
        let first_problem = runtime.block_on(async {
            for _ in 0..connections {
                match readiness.recv().await {
                    Some(Ok(())) => {}
                    Some(Err(problem)) => return Some(problem),
                    None => return Some("a connection was given up".to_owned()),
                }
            }
            None
        });
        let opened = opened.load(Ordering::Relaxed);
        match first_problem {
            Some(problem) => Err(format!("connection {} of {connections} could not be opened: {problem}", opened + 1)),
            None => Ok(Self { runtime, stop, tasks, opened }),
        }
    }

    /// Closes them; what they saw.
    pub fn close(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        self.runtime.block_on(gather(self.tasks, Instant::now()))
    }
}
