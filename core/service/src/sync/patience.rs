//! How long a run waits for another side that is busy or away for a moment: thousands of
//! requests do not all go well, and a run need not begin anew for one of them.

use std::time::Duration;

use estampe_domain::plugin::{FailKind, PluginFailure};

/// The longest that one page is waited for in all.
const LONGEST: Duration = Duration::from_mins(30);
/// Waits before a page is asked for again from another side that is away.
const AWAY: [u64; 3] = [1, 4, 10];
/// The longest wait between two questions when nobody said how long.
const UNTOLD: u64 = 60;

/// The waits for one page.
#[derive(Debug, Default)]
pub(super) struct Patience {
    waited: Duration,
    busy: u32,
    away: usize,
}

impl Patience {
    /// After which time the page is asked for again; none when the run ends with the failure.
    pub(super) fn after(&mut self, failure: &PluginFailure) -> Option<Duration> {
        let told = failure.retry_after_ms.map(Duration::from_millis);
        let wait = match failure.kind {
            FailKind::RateLimited => {
                self.busy += 1;
                told.unwrap_or_else(|| Duration::from_secs(2_u64.saturating_pow(self.busy).min(UNTOLD)))
            }
            FailKind::Unavailable => {
                let wait = AWAY.get(self.away).copied().map(Duration::from_secs)?;
                self.away += 1;
                wait.max(told.unwrap_or_default())
            }
            _ => return None,
        };
        // the clock of the other side may be a little late
        let wait = wait + Duration::from_millis(50);
        self.waited = self.waited.saturating_add(wait);
        (self.waited <= LONGEST).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailKind, after: Option<u64>) -> PluginFailure {
        PluginFailure::new(kind, "").after(after)
    }

    #[test]
    fn what_was_asked_for_is_kept_and_everything_ends() {
        let mut patience = Patience::default();
        let busy = failure(FailKind::RateLimited, Some(90_000));
        assert!(patience.after(&busy).unwrap() >= Duration::from_secs(90));
        let asked = std::iter::from_fn(|| patience.after(&busy)).count();
        assert!((10..25).contains(&asked), "{asked}");
        let mut patience = Patience::default();
        let untold: Vec<_> = std::iter::from_fn(|| patience.after(&failure(FailKind::RateLimited, None))).collect();
        assert!(untold.is_sorted() && untold.len() > 10 && untold.iter().all(|wait| wait.as_secs() <= UNTOLD));
        let mut patience = Patience::default();
        assert!(patience.after(&failure(FailKind::Unavailable, Some(20_000))).unwrap() >= Duration::from_secs(20));
        let away = failure(FailKind::Unavailable, None);
        assert_eq!(std::iter::from_fn(|| patience.after(&away)).count(), 2);
        for kind in [FailKind::Auth, FailKind::Denied, FailKind::Trapped, FailKind::CursorExpired] {
            assert_eq!(Patience::default().after(&failure(kind, Some(1))), None);
        }
    }
}
