//! When a failed job is tried again, and when it is given up.

/// Tries of a run before it is given up.
pub const RUN_TRIES: u32 = 5;
/// Tries of a mail that fails by our own fault before it is given up: some five days.
pub const MAIL_TRIES: u32 = 38;
/// Seconds that a mail is tried before it is given up: five days (RFC 5321 4.5.4.1).
pub const MAIL_PATIENCE: i64 = 5 * 86_400;

/// The waits after a mail was handed over without an answer, in seconds. Each try may be
/// a second copy, so they are few and far between: about two days.
const UNANSWERED: [i64; 6] = [5 * 60, 15 * 60, 3600, 4 * 3600, 12 * 3600, 24 * 3600];

/// Seconds to wait after this attempt (the first is 1): 30 s, doubling to 4 h.
pub fn seconds_after(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(10);
    (30_i64 << doublings).min(4 * 3600)
}

/// Seconds to wait after this many tries without an answer; `None` when it was enough.
pub fn seconds_after_unanswered(times: u32) -> Option<i64> {
    UNANSWERED.get(usize::try_from(times).ok()?.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_four_hours() {
        assert_eq!(seconds_after(1), 30);
        assert_eq!(seconds_after(2), 60);
        assert_eq!(seconds_after(40), 4 * 3600);
        let total: i64 = (1..MAIL_TRIES).map(seconds_after).sum();
        assert!((MAIL_PATIENCE - 86_400..MAIL_PATIENCE + 86_400).contains(&total), "{total}");
    }

    #[test]
    fn what_may_have_arrived_is_sent_a_few_times_at_most() {
        let waits: Vec<_> = (1..20).map_while(seconds_after_unanswered).collect();
        assert_eq!(waits.len(), 6);
        assert!(waits.iter().sum::<i64>() < MAIL_PATIENCE);
        assert!(waits.is_sorted());
    }
}
