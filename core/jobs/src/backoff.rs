//! When a failed job is tried again.

/// Tries of a mail before it is given up: with the waits below about three days.
pub const MAIL_TRIES: u32 = 14;
/// Tries of a run before it is given up.
pub const RUN_TRIES: u32 = 5;

/// Seconds to wait after this attempt (the first is 1): 30 s, doubling to 8 h.
pub fn seconds_after(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(10);
    (30_i64 << doublings).min(8 * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_eight_hours_and_last_for_days() {
        assert_eq!(seconds_after(1), 30);
        assert_eq!(seconds_after(2), 60);
        assert_eq!(seconds_after(40), 8 * 3600);
        let total: i64 = (1..MAIL_TRIES).map(seconds_after).sum();
        assert!((86_400..4 * 86_400).contains(&total), "{total}");
    }
}
