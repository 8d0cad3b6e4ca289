//! The system's clock and its random source.

use estampe_domain::Ts;
use estampe_domain::ports::{Clock, Random};

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Ts {
        #[expect(clippy::disallowed_methods, reason = "this is the port that everybody else uses")]
        let now = jiff::Timestamp::now();
        now.into()
    }
}

/// The system's random source (`getrandom(2)`).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // no randomness, no keys: going on would be worse than stopping
            std::process::abort();
        }
    }
}
