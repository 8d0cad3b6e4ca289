//! Slows guessing of passwords: a bound on failures for each address, in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use estampe_domain::{BlobId, Ts};

/// Failures allowed in a window.
const FAILURES: u32 = 10;
/// The window, in seconds.
const WINDOW: i64 = 900;
/// Most addresses remembered; the oldest windows go first.
const ADDRESSES: usize = 10_000;

/// Counts failed sign-ins by address. Addresses are kept as hashes.
#[derive(Default)]
pub struct Throttle {
    failures: Mutex<HashMap<BlobId, (u32, Ts)>>,
}

impl Throttle {
    /// Whether another try is allowed now.
    pub fn allows(&self, email: &str, now: Ts) -> bool {
        let key = BlobId::of(email.to_lowercase().as_bytes());
        let failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        failures.get(&key).is_none_or(|(count, since)| *count < FAILURES || now.seconds_since(*since) >= WINDOW)
    }

    /// Notes a failed try.
    pub fn failed(&self, email: &str, now: Ts) {
        let key = BlobId::of(email.to_lowercase().as_bytes());
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, (_, since)| now.seconds_since(*since) < WINDOW);
            if failures.len() >= ADDRESSES {
                failures.clear();
            }
        }
        let entry = failures.entry(key).or_insert((0, now));
        if now.seconds_since(entry.1) >= WINDOW {
            *entry = (0, now);
        }
        entry.0 += 1;
    }

    /// Forgets the failures of an address that signed in.
    pub fn succeeded(&self, email: &str) {
        let key = BlobId::of(email.to_lowercase().as_bytes());
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&key);
    }
}
