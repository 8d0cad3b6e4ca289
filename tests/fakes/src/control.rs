//! What a test tells a fake and reads from it: faults on demand, a log of requests, and what
//! the client did that it must not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::wire::{Answer, Asked};

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Logged {
    /// In capitals.
    pub method: String,
    /// As it came.
    pub path: String,
    /// As it came, in order.
    pub query: Vec<(String, String)>,
    /// Whose token it was: the mailbox or administrator, or the application.
    pub who: Option<String>,
    /// What it was answered; 0: the connection was broken.
    pub status: u16,
    /// How long it took the fake, without the body's way.
    pub took: Duration,
}

/// Where a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Before anything is answered.
    BeforeAnswer,
    /// After half of the body.
    WithinBody,
}

/// What happens to a request before the service sees it.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Nothing.
    Served,
    /// 429, and for how many seconds.
    Throttled(u64),
    /// This status.
    Failed(u16),
    /// See [`Broken`].
    Broken(Broken),
}

#[derive(Default)]
struct State {
    only: Option<String>,
    latency: Duration,
    slow: Option<(usize, Duration)>,
    throttle: (u32, u64),
    fail: (u32, u16),
    flaky: Option<(u64, u8, u16)>,
    broken: Option<(u32, Broken)>,
    rate: Option<(u32, Duration, u64)>,
    recent: HashMap<String, Vec<Instant>>,
    /// Until when a token has to wait.
    waits: HashMap<String, Wait>,
    grace: Option<Duration>,
    counted: u64,
    log: Vec<Logged>,
    violations: Vec<String>,
    refused: Vec<String>,
}

/// A token that was told to wait.
#[derive(Clone, Copy)]
struct Wait {
    since: Instant,
    until: Instant,
}

/// What was on its way when 429 was answered is nobody's fault.
const GRACE: Duration = Duration::from_millis(100);

/// The handle. Clones are the same one.
#[derive(Clone, Default)]
pub struct Control(Arc<Mutex<State>>);

impl Control {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Faults meet only requests whose path has this in it; nothing: all of them.
    pub fn only(&self, part: Option<&str>) {
        self.state().only = part.map(str::to_owned);
    }

    /// Every answer takes at least that long.
    pub fn latency(&self, each: Duration) {
        self.state().latency = each;
    }

    /// Bodies come in pieces of so many octets, with a pause before each.
    pub fn slow_bodies(&self, piece: usize, pause: Duration) {
        self.state().slow = (piece > 0).then_some((piece, pause));
    }

    /// The next so many requests get 429 and have to wait so many seconds.
    pub fn throttle_next(&self, requests: u32, retry_after: u64) {
        self.state().throttle = (requests, retry_after);
    }

    /// How long after a 429 a request of the same token may still come in, having been on its way
    /// (100 ms when nobody says it).
    pub fn grace(&self, grace: Duration) {
        self.state().grace = Some(grace);
    }

    /// Each token has so many requests in each span; those beyond get 429.
    pub fn rate(&self, requests: u32, span: Duration, retry_after: u64) {
        self.state().rate = (requests > 0).then_some((requests, span, retry_after));
    }

    /// The next so many requests get this status, a 5xx.
    pub fn fail_next(&self, requests: u32, status: u16) {
        self.state().fail = (requests, status);
    }

    /// So many of a hundred requests get this status; which ones, the seed decides. 0: none.
    pub fn flaky(&self, seed: u64, percent: u8, status: u16) {
        self.state().flaky = (percent > 0).then_some((seed, percent, status));
    }

    /// The next so many connections break.
    pub fn break_next(&self, requests: u32, how: Broken) {
        self.state().broken = (requests > 0).then_some((requests, how));
    }

    /// No more faults. The log stays.
    pub fn well_again(&self) {
        let mut state = self.state();
        let kept = State {
            counted: state.counted,
            log: std::mem::take(&mut state.log),
            violations: std::mem::take(&mut state.violations),
            refused: std::mem::take(&mut state.refused),
            waits: std::mem::take(&mut state.waits),
            grace: state.grace,
            ..State::default()
        };
        *state = kept;
    }

    /// All requests so far.
    pub fn log(&self) -> Vec<Logged> {
        self.state().log.clone()
    }

    /// How many requests came in.
    pub fn count(&self) -> usize {
        self.state().log.len()
    }

    /// How many of them had this method and this in their path.
    pub fn count_of(&self, method: &str, part: &str) -> usize {
        self.state().log.iter().filter(|asked| asked.method == method && asked.path.contains(part)).count()
    }

    /// What a client did that a well-behaved one does not: it came back before Retry-After had
    /// ended, it deleted a user. Also answers of the fake that its contract does not have.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// Requests that the contract does not have, each with what is wrong.
    pub fn refused(&self) -> Vec<String> {
        self.state().refused.clone()
    }

    /// Forgets log, violations and what was refused.
    pub fn forget(&self) {
        let mut state = self.state();
        state.log.clear();
        state.violations.clear();
        state.refused.clear();
    }

    pub(crate) fn violation(&self, what: String) {
        self.state().violations.push(what);
    }

    pub(crate) fn refuse(&self, what: String) {
        self.state().refused.push(what);
    }

    pub(crate) fn slowness(&self) -> Option<(usize, Duration)> {
        self.state().slow
    }

    pub(crate) fn pause(&self, asked: &Asked) -> Duration {
        let state = self.state();
        if state.meets(asked) { state.latency } else { Duration::ZERO }
    }

    pub(crate) fn logged(&self, asked: &Asked, answer: Option<&Answer>) {
        self.state().log.push(Logged {
            method: asked.method.clone(),
            path: asked.path.clone(),
            query: asked.query.clone(),
            who: answer.and_then(|answer| answer.who.clone()),
            status: answer.map_or(0, |answer| answer.status),
            took: asked.received.elapsed(),
        });
    }

    pub(crate) fn fate(&self, asked: &Asked) -> Fate {
        let mut state = self.state();
        let who = asked.caller();
        let now = Instant::now();
        if let Some(wait) = state.waits.get(&who).copied() {
            if let Some(left) = wait.until.checked_duration_since(now).filter(|left| !left.is_zero()) {
                if asked.received > wait.since + state.grace.unwrap_or(GRACE) {
                    let early = format!("{} {} came {left:?} before Retry-After ended", asked.method, asked.path);
                    state.violations.push(early);
                }
                return Fate::Throttled(left.as_secs() + 1);
            }
            state.waits.remove(&who);
        }
        if !state.meets(asked) {
            return Fate::Served;
        }
        state.counted += 1;
        if let Some((left, how)) = state.broken {
            state.broken = (left > 1).then_some((left - 1, how));
            return Fate::Broken(how);
        }
        if state.throttle.0 > 0 {
            state.throttle.0 -= 1;
            let seconds = state.throttle.1;
            state.waits.insert(who, Wait { since: now, until: now + Duration::from_secs(seconds) });
            return Fate::Throttled(seconds);
        }
        if let Some((most, span, seconds)) = state.rate {
            let recent = state.recent.entry(who.clone()).or_default();
            recent.retain(|at| now.duration_since(*at) < span);
            if recent.len() >= most as usize {
                state.waits.insert(who, Wait { since: now, until: now + Duration::from_secs(seconds) });
                return Fate::Throttled(seconds);
            }
            recent.push(now);
        }
        if state.fail.0 > 0 {
            state.fail.0 -= 1;
            return Fate::Failed(state.fail.1);
        }
        match state.flaky {
            Some((seed, percent, status)) if mixed(seed ^ state.counted) % 100 < u64::from(percent) => {
                Fate::Failed(status)
            }
            _ => Fate::Served,
        }
    }
}

impl State {
    fn meets(&self, asked: &Asked) -> bool {
        self.only.as_ref().is_none_or(|part| asked.path.contains(part.as_str()))
    }
}

/// SplitMix64: the same number for the same seed.
pub(crate) fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
