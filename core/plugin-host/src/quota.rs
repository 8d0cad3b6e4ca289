//! How much of the machine all guests together may have. Their threads stand back for others
//! (`guests`), which helps against whoever computes as well; a quota also leaves the caches and
//! the clock of the processors to the rest of the server.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::sync::lock;

/// Over how long it is kept. Ten ticks: a guest is stopped in the middle of one at most.
const WINDOW: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub struct Quota {
    /// Processor time of a window.
    most: Duration,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    used: Duration,
}

impl Quota {
    /// Of all processors that this process may use, in percent.
    pub fn of_machine(percent: u32) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::new(u32::try_from(processors).unwrap_or(u32::MAX), percent)
    }

    fn new(processors: u32, percent: u32) -> Self {
        let most = WINDOW.saturating_mul(processors) * percent / 100;
        Self { most, window: Mutex::new(Window { since: Instant::now(), used: Duration::ZERO }) }
    }

    /// Counts processor time that a guest used; how long it has to stand still for it.
    pub fn spend(&self, used: Duration, now: Instant) -> Duration {
        let mut window = lock(&self.window);
        let elapsed = now.saturating_duration_since(window.since);
        if elapsed >= WINDOW {
            // what was too much counts for the window that begins, and no further
            window.used = window.used.saturating_sub(self.most).min(self.most);
            window.since = now;
        }
        window.used += used;
        if window.used <= self.most { Duration::ZERO } else { (window.since + WINDOW).saturating_duration_since(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(10);

    #[test]
    fn guests_have_their_share_of_each_window() {
        // half of two processors: one
        let quota = Quota::new(2, 50);
        let start = Instant::now();
        // two threads that compute without a pause have used 100 ms after 50
        for tick in 1..=5 {
            for _ in 0..2 {
                assert_eq!(quota.spend(TICK, start + TICK * tick), Duration::ZERO, "{tick}");
            }
        }
        let pause = quota.spend(TICK, start + TICK * 6);
        assert!(pause > Duration::from_millis(30) && pause < Duration::from_millis(50), "{pause:?}");
        // in the next window they begin again, less what was too much
        assert_eq!(quota.spend(TICK, start + WINDOW + TICK), Duration::ZERO);
        assert!(quota.spend(WINDOW, start + WINDOW + TICK * 2) > Duration::ZERO);
    }

    #[test]
    fn one_long_call_does_not_stop_the_guests_for_ever() {
        let quota = Quota::new(1, 10);
        let start = Instant::now();
        assert!(quota.spend(Duration::from_mins(1), start) <= WINDOW);
        let pause = quota.spend(Duration::ZERO, start + WINDOW * 2);
        assert_eq!(pause, Duration::ZERO, "{pause:?}");
    }
}
