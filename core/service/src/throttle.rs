//! Slows guessing: bounds on failures by whatever they can be counted by, in memory.
//!
//! Who signs in is counted by the account as it was typed, by where they come from, and by
//! both; whoever comes with a browser that the account was signed in from before is counted
//! by that browser alone. So strangers who try a name lock out each other, not its holder.

use std::collections::HashMap;
use std::sync::Mutex;

use estampe_domain::{BlobId, Ts};

/// Failures allowed in a window, where nothing else is said.
pub const FAILURES: u32 = 10;
/// Failures allowed for an account from all that is not known, and for a client with all
/// accounts. Ten thousand million guesses would take at least a thousand million windows.
pub const MANY_FAILURES: u32 = 100;
/// The window, in seconds.
const WINDOW: i64 = 900;
/// Wrong codes of an account's app within a day, from all browsers that are not known: of a million
/// codes three are good at a time, so that a year of tries finds one with a chance of one in fifty.
pub const CODES_OF_DAY: u32 = 20;
/// The same of one known browser.
pub const CODES_OF_KNOWN: u32 = 50;
/// The longer window, in seconds.
const DAY: i64 = 86_400;
/// Most keys remembered. The oldest windows go first, and those at their limit last:
/// a flood of others must not forgive them.
const KEYS: usize = 100_000;

struct Count {
    failures: u32,
    most: u32,
    since: Ts,
    window: i64,
}

impl Count {
    fn is_over(&self, now: Ts) -> bool {
        now.seconds_since(self.since) >= self.window
    }
}

/// Counts failures. Keys are kept as hashes.
#[derive(Default)]
pub struct Throttle {
    failures: Mutex<HashMap<BlobId, Count>>,
}

impl Throttle {
    /// Begins a try, counted as failed until [`succeeded`](Self::succeeded) says
    /// otherwise, so that many at once are not more than one after another. `false` when
    /// no more are allowed now.
    pub fn begin(&self, who: &str, now: Ts) -> bool {
        self.begin_of(who, FAILURES, now)
    }

    /// The same with another bound.
    pub fn begin_of(&self, who: &str, most: u32, now: Ts) -> bool {
        self.begin_within(who, (most, WINDOW), now)
    }

    /// The same with another bound, and another window in seconds.
    fn begin_within(&self, who: &str, (most, window): (u32, i64), now: Ts) -> bool {
        let key = BlobId::of(who.as_bytes());
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failures.len() >= KEYS {
            failures.retain(|_, count| !count.is_over(now));
            if failures.len() >= KEYS {
                let mut oldest: Vec<_> =
                    failures.iter().map(|(key, c)| (c.failures >= c.most, c.since, key.clone())).collect();
                oldest.sort_unstable_by_key(|(at_limit, since, _)| (*at_limit, *since));
                for (_, _, key) in oldest.iter().take(KEYS / 10) {
                    failures.remove(key);
                }
            }
        }
        let count = failures.entry(key).or_insert(Count { failures: 0, most, since: now, window });
        if count.is_over(now) {
            *count = Count { failures: 0, most, since: now, window };
        }
        count.failures = count.failures.saturating_add(1);
        count.failures <= most
    }

    /// A try that was none: nobody could say whether it was right.
    pub fn took_back(&self, who: &str) {
        let key = BlobId::of(who.as_bytes());
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(count) = failures.get_mut(&key) {
            count.failures = count.failures.saturating_sub(1);
        }
    }

    /// Forgets the failures of who got in.
    pub fn succeeded(&self, who: &str) {
        let key = BlobId::of(who.as_bytes());
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&key);
    }
}

/// What one try to sign in is counted by.
pub struct Tries<'a> {
    throttle: &'a Throttle,
    /// Of nobody else: forgotten by success.
    own: String,
    /// Of others too: a success is only not counted, so that nobody wipes off their failures
    /// with other accounts by signing in with their own.
    shared: Vec<String>,
    /// What is counted by the day as well, and how many of it.
    daily: Option<(String, u32)>,
}

impl<'a> Tries<'a> {
    /// `what` is being guessed of `whom`, from this client and perhaps a known browser.
    pub fn of(throttle: &'a Throttle, what: &str, whom: &str, client: &str, known: Option<&str>) -> Self {
        match known {
            Some(browser) => {
                Self { throttle, own: format!("{what} of {whom} by {browser}"), shared: Vec::new(), daily: None }
            }
            None => Self {
                throttle,
                own: format!("{what} of {whom} from {client}"),
                shared: vec![format!("{what} of {whom}"), format!("{what} from {client}")],
                daily: None,
            },
        }
    }

    /// A code of an app, wherever it is asked for: so few that it cannot be found in the long run.
    pub fn of_code(throttle: &'a Throttle, what: &str, whom: &str, client: &str, known: Option<&str>) -> Self {
        let daily = match known {
            Some(browser) => (format!("codes of {whom} in a day by {browser}"), CODES_OF_KNOWN),
            None => (format!("codes of {whom} in a day"), CODES_OF_DAY),
        };
        Self { daily: Some(daily), ..Self::of(throttle, what, whom, client, known) }
    }

    /// What cannot be guessed, and is written down: by where it comes from alone.
    pub fn of_client(throttle: &'a Throttle, what: &str, client: &str) -> Self {
        Self { throttle, own: String::new(), shared: vec![format!("{what} from {client}")], daily: None }
    }

    /// Counts the try; `false` when no more are allowed now.
    pub fn begin(&self, now: Ts) -> bool {
        let own = self.own.is_empty() || self.throttle.begin(&self.own, now);
        // a client at its own limit uses up nothing of what is for all
        own && self.shared.iter().all(|who| self.throttle.begin_of(who, MANY_FAILURES, now))
            && self.daily.as_ref().is_none_or(|(who, most)| self.throttle.begin_within(who, (*most, DAY), now))
    }

    /// It was none: nobody could say whether it was right.
    pub fn took_back(&self) {
        for who in [&self.own].into_iter().chain(&self.shared).chain(self.daily.as_ref().map(|(who, _)| who)) {
            self.throttle.took_back(who);
        }
    }

    /// It was right.
    pub fn succeeded(&self) {
        self.throttle.succeeded(&self.own);
        for who in self.shared.iter().chain(self.daily.as_ref().map(|(who, _)| who)) {
            self.throttle.took_back(who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Ts {
        Ts::from_micros(1_795_507_920_000_000).plus_seconds(seconds)
    }

    #[test]
    fn strangers_lock_out_each_other_and_not_the_holder() {
        let throttle = Throttle::default();
        let stranger = |client: &str| Tries::of(&throttle, "password", "anne@", client, None).begin(at(0));
        for _ in 0..10 {
            assert!(stranger("192.0.2.1"));
        }
        assert!(!stranger("192.0.2.1"), "ten from one client");
        assert!(stranger("192.0.2.2"), "another client goes on");
        // from very many clients: all of the account's tries are used up
        let left = (3..40).filter(|n| (0..10).all(|_| stranger(&format!("192.0.2.{n}")))).count();
        assert_eq!(left, 8);
        assert!(!stranger("198.51.100.1"));
        // whoever was there before comes in
        let holder = Tries::of(&throttle, "password", "anne@", "192.0.2.1", Some("her browser"));
        assert!(holder.begin(at(1)));
        // and has ten tries as well
        let more = || Tries::of(&throttle, "password", "anne@", "192.0.2.1", Some("her browser")).begin(at(2));
        assert_eq!((0..20).filter(|_| more()).count(), 9);
    }

    #[test]
    fn codes_are_few_a_day_and_known_browsers_have_their_own() {
        let throttle = Throttle::default();
        // from as many addresses as they like, in as many windows
        let mut taken = 0;
        for n in 0..90 {
            let client = format!("192.0.2.{n}");
            let of = |what| Tries::of_code(&throttle, what, "anne", &client, None);
            taken += usize::from(of("factor").begin(at(900 * n)));
            taken += usize::from(of("confirmation").begin(at(900 * n)));
        }
        assert_eq!(taken, 20, "at sign-in and at the confirmation together");
        assert!(Tries::of_code(&throttle, "factor", "bert", "192.0.2.1", None).begin(at(81_000)), "another account");
        assert!(Tries::of(&throttle, "factor", "anne", "198.51.100.1", None).begin(at(81_000)), "what is no code");
        let known = |now| Tries::of_code(&throttle, "factor", "anne", "192.0.2.1", Some("her browser")).begin(at(now));
        assert_eq!((0..90).filter(|n| known(900 * n)).count(), 50);
        // a day later
        assert!(Tries::of_code(&throttle, "factor", "anne", "198.51.100.1", None).begin(at(86_400)));
        assert!(known(86_400));
    }

    #[test]
    fn a_right_code_is_not_counted() {
        let throttle = Throttle::default();
        for n in 0..50 {
            let tries = Tries::of_code(&throttle, "factor", "anne", &format!("192.0.2.{n}"), None);
            assert!(tries.begin(at(n)));
            tries.succeeded();
        }
    }

    #[test]
    fn signing_in_with_ones_own_account_forgives_no_other_failures() {
        let throttle = Throttle::default();
        let guess = |whom: &str| Tries::of(&throttle, "password", whom, "192.0.2.1", None).begin(at(0));
        let mut failed = 0;
        for n in 0..200 {
            failed += usize::from(guess(&format!("{n}@")));
            let own = Tries::of(&throttle, "password", "mallory@", "192.0.2.1", None);
            if own.begin(at(0)) {
                own.succeeded();
            }
        }
        assert_eq!(failed, 100, "a client's tries with all accounts");
        assert!(Tries::of(&throttle, "password", "0@", "192.0.2.1", None).begin(at(900)), "a window ends");
    }
}
