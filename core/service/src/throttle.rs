//! Slows guessing: a bound on failures for each address and for the first-run token,
//! in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use estampe_domain::{BlobId, Ts};

/// Failures allowed in a window.
const FAILURES: u32 = 10;
/// The window, in seconds.
const WINDOW: i64 = 900;
/// Most addresses remembered. The oldest windows go first, and those at their limit last:
/// a flood of others must not forgive them.
const ADDRESSES: usize = 10_000;

/// Counts failed sign-ins by address. Addresses are kept as hashes.
#[derive(Default)]
pub struct Throttle {
    failures: Mutex<HashMap<BlobId, (u32, Ts)>>,
}

impl Throttle {
    /// Begins a try, counted as failed until [`succeeded`](Self::succeeded) says
    /// otherwise, so that many at once are not more than one after another. `false` when
    /// no more are allowed now.
    pub fn begin(&self, who: &str, now: Ts) -> bool {
        let key = BlobId::of(who.as_bytes());
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, (_, since)| now.seconds_since(*since) < WINDOW);
            if failures.len() >= ADDRESSES {
                let mut oldest: Vec<_> =
                    failures.iter().map(|(key, (count, since))| (*count >= FAILURES, *since, key.clone())).collect();
                oldest.sort_unstable_by_key(|(at_limit, since, _)| (*at_limit, *since));
                for (_, _, key) in oldest.iter().take(ADDRESSES / 10) {
                    failures.remove(key);
                }
            }
        }
        let entry = failures.entry(key).or_insert((0, now));
        if now.seconds_since(entry.1) >= WINDOW {
            *entry = (0, now);
        }
        entry.0 += 1;
        entry.0 <= FAILURES
    }

    /// A try that was none: nobody could say whether it was right.
    pub fn took_back(&self, who: &str) {
        let key = BlobId::of(who.as_bytes());
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((count, _)) = failures.get_mut(&key) {
            *count = count.saturating_sub(1);
        }
    }

    /// Forgets the failures of who got in.
    pub fn succeeded(&self, who: &str) {
        let key = BlobId::of(who.as_bytes());
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&key);
    }
}
