//! Cards while people sign in: argon2id takes a processor for some twenty milliseconds each.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Bench, Running, Setting};
use crate::load::{self, runtime};
use crate::report::Row;
use crate::stats::{median, ms, percentile};

/// Connections of the cards' load.
const CONNECTIONS: usize = 16;
/// Sign-ins a second: a whole company on Monday morning.
const RATE: u32 = 50;
/// Connections that sign in, one after the other.
const DOORS: usize = 8;
const PASSWORD: &str = "violet+hortensia+47";

/// Cards while people sign in.
pub struct SignIns;

impl Bench for SignIns {
    fn name(&self) -> &'static str {
        "sign-ins"
    }

    fn about(&self) -> &'static str {
        "cards at 30 % load while 50 people sign in each second, and without them"
    }

    fn run(&self, with: &Setting) -> Result<Vec<Row>, String> {
        let mut ours = with.server()?;
        first_run(&ours)?;
        let (target, path) = (&ours.server.public, ours.hot_card()?);
        let capacity = load::closed(target, &path, CONNECTIONS, with.pace.time)?.flawless()?.rate();
        let rate = capacity * 0.3;
        let p95 = |ours: &Running| -> Result<f64, String> {
            let outcome = load::open(&ours.server.public, &path, CONNECTIONS, rate, with.pace.time)?.flawless()?;
            Ok(ms(percentile(&outcome.latencies, 0.95)))
        };
        let (mut without, mut beside, mut let_in) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..with.pace.rounds {
            without.push(p95(&ours)?);
            let (ended, done) = (AtomicBool::new(false), AtomicUsize::new(0));
            let (found, tried) = std::thread::scope(|scope| {
                let tried = scope.spawn(|| sign_in(&ours, &ended, &done));
                let begun = Instant::now();
                let found = p95(&ours);
                #[expect(clippy::cast_precision_loss, reason = "hundreds")]
                let_in.push(done.load(Ordering::SeqCst) as f64 / begun.elapsed().as_secs_f64());
                ended.store(true, Ordering::SeqCst);
                (found, tried.join().unwrap_or_else(|_| Err("a thread of sign-ins failed".to_owned())))
            });
            tried?;
            beside.push(found?);
        }
        ours.server.check()?;
        ours.stop()?;
        let ratios: Vec<f64> = beside.iter().zip(&without).map(|(beside, without)| beside / without).collect();
        let told: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        Ok(vec![
            Row::lower("sign-ins.cards", median(&ratios), "ratio").bar(2.5).detail(format!(
                "a card's p95 beside {RATE} sign-ins asked for each second: {:.2} ms, without {:.2} ms; rounds {}; open load of {rate:.0}/s, 30 % of {capacity:.0}/s",
                median(&beside),
                median(&without),
                told.join(" "),
            )),
            Row::higher("sign-ins.rate", median(&let_in), "1/s").detail("let in meanwhile".to_owned()),
        ])
    }
}

/// Makes the account that signs in.
fn first_run(ours: &Running) -> Result<(), String> {
    let first = ours.server.ask(&["first-run"])?;
    let token = first.get("token").and_then(serde_json::Value::as_str).ok_or("first-run gives no token")?;
    let form = format!("token={token}&name=Mireille&email=mireille%40banque.example&password={PASSWORD}");
    let answer =
        runtime(1)?.block_on(async { ours.server.internal.connect(0).await?.post("/first-run", form).await })?;
    if answer.status == 303 { Ok(()) } else { Err(format!("/first-run answers {}", answer.status)) }
}

/// Signs in at this rate until it is over; counts who is let in.
fn sign_in(ours: &Running, ended: &AtomicBool, done: &AtomicUsize) -> Result<(), String> {
    let form = format!("email=mireille%40banque.example&password={PASSWORD}");
    let pause = Duration::from_secs(1) * u32::try_from(DOORS).unwrap_or(1) / RATE;
    std::thread::scope(|scope| {
        let door = |_| {
            scope.spawn(|| -> Result<(), String> {
                runtime(1)?.block_on(async {
                    let mut connection = ours.server.internal.connect(0).await?;
                    let mut next = Instant::now();
                    while !ended.load(Ordering::SeqCst) {
                        let answer = connection.post("/sign-in", form.clone()).await?;
                        match answer.status {
                            303 => _ = done.fetch_add(1, Ordering::SeqCst),
                            status => return Err(format!("/sign-in answers {status}")),
                        }
                        next += pause;
                        tokio::time::sleep_until(next.into()).await;
                    }
                    Ok(())
                })
            })
        };
        let doors: Vec<_> = (0..DOORS).map(door).collect();
        doors.into_iter().try_for_each(|door| door.join().unwrap_or_else(|_| Err("a door failed".to_owned())))
    })
}
