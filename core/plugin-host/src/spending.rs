//! What the calls of one run spent together. Each call has limits of its own; a run is as
//! many calls as its plugin asks for, so that a plugin that never comes to an end, page by
//! page, would otherwise run for ever.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use estampe_domain::RunId;

use crate::budget::Stop;
use crate::settings::Limits;
use crate::sync::lock;

/// Runs remembered at once; the oldest are forgotten first. Far more than go on at once, and
/// a run that is forgotten only gets a new budget.
const MAX_RUNS: usize = 1_024;

/// What all runs spent.
#[derive(Debug, Default)]
pub struct Spending(Mutex<Runs>);

#[derive(Debug, Default)]
struct Runs {
    spent: HashMap<RunId, Spent>,
    order: VecDeque<RunId>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    computing: Duration,
    pages: u32,
}

impl Spending {
    /// Begins a page of a run, when the run may have one more.
    pub fn page(&self, run: RunId, limits: &Limits) -> Result<(), Stop> {
        let mut runs = lock(&self.0);
        if !runs.spent.contains_key(&run) {
            if runs.order.len() >= MAX_RUNS
                && let Some(oldest) = runs.order.pop_front()
            {
                runs.spent.remove(&oldest);
            }
            runs.order.push_back(run);
        }
        let spent = runs.spent.entry(run).or_default();
        if spent.pages >= limits.run_pages {
            return Err(Stop::RunPages(limits.run_pages));
        }
        if spent.computing >= limits.run_computing {
            return Err(Stop::RunComputing(limits.run_computing));
        }
        spent.pages += 1;
        Ok(())
    }

    /// Forgets a run that ended.
    pub fn forget(&self, run: RunId) {
        let mut runs = lock(&self.0);
        runs.spent.remove(&run);
        runs.order.retain(|other| *other != run);
    }

    fn spent(&self, run: RunId) -> Duration {
        lock(&self.0).spent.get(&run).map(|spent| spent.computing).unwrap_or_default()
    }

    fn add(&self, run: RunId, computing: Duration) {
        // a check belongs to no run, and a run that ended meanwhile is not begun again
        if let Some(spent) = lock(&self.0).spent.get_mut(&run) {
            spent.computing += computing;
        }
    }
}

/// The part of one call in what its run spends.
#[derive(Clone, Debug)]
pub struct Share {
    run: RunId,
    spending: Arc<Spending>,
    most: Duration,
}

impl Share {
    /// Of this run.
    pub fn new(run: RunId, spending: &Arc<Spending>, limits: &Limits) -> Self {
        Self { run, spending: Arc::clone(spending), most: limits.run_computing }
    }

    /// What the run may have in all.
    pub fn most(&self) -> Duration {
        self.most
    }

    /// What of it is left.
    pub fn left(&self) -> Duration {
        self.most.saturating_sub(self.spending.spent(self.run))
    }

    /// The call ended, having computed for so long.
    pub fn add(&self, computing: Duration) {
        self.spending.add(self.run, computing);
    }
}

#[cfg(test)]
mod tests {
    use estampe_domain::Ts;
    use estampe_domain::ports::Random;

    use super::*;

    struct Numbered(u64);

    impl Random for Numbered {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(self.0.to_le_bytes().into_iter().cycle()).for_each(|(to, from)| *to = from);
        }
    }

    fn run(number: u64) -> RunId {
        RunId::new(Ts::from_micros(1_790_000_000_000_000), &Numbered(number))
    }

    #[test]
    fn pages_and_time_are_summed_by_run() {
        let limits = Limits { run_pages: 3, run_computing: Duration::from_secs(10), ..Limits::default() };
        let spending = Arc::new(Spending::default());
        for _ in 0..3 {
            assert_eq!(spending.page(run(1), &limits), Ok(()));
        }
        assert_eq!(spending.page(run(1), &limits), Err(Stop::RunPages(3)));
        assert_eq!(spending.page(run(2), &limits), Ok(()));
        let share = Share::new(run(2), &spending, &limits);
        share.add(Duration::from_secs(7));
        assert_eq!(share.left(), Duration::from_secs(3));
        share.add(Duration::from_secs(7));
        assert_eq!(share.left(), Duration::ZERO);
        assert_eq!(spending.page(run(2), &limits), Err(Stop::RunComputing(Duration::from_secs(10))));
        spending.forget(run(2));
        share.add(Duration::from_secs(7));
        assert_eq!(spending.page(run(2), &limits), Ok(()));
        assert_eq!(share.left(), Duration::from_secs(10));
    }

    #[test]
    fn runs_are_remembered_within_bounds() {
        let spending = Spending::default();
        for number in 0..3 * MAX_RUNS as u64 {
            spending.page(run(number), &Limits::default()).unwrap();
        }
        let runs = lock(&spending.0);
        assert_eq!((runs.spent.len(), runs.order.len()), (MAX_RUNS, MAX_RUNS));
    }
}
