//! What the store measures of itself: waits, transactions, failures, connections.

use std::time::Instant;

use diesel::r2d2::Pool;
use estampe_domain::metric;
use metrics::{Counter, Histogram};

use crate::conn::Manager;

/// Handles for one kind of unit: `read`, `write` or `lead`.
pub struct Meter {
    wait: Histogram,
    duration: Histogram,
    connect: Counter,
    work: Counter,
    commit: Counter,
    batch: Histogram,
}

impl Meter {
    /// Makes them once, so that a unit of work looks nothing up.
    pub fn new(kind: &'static str) -> Self {
        let failures =
            |stage: &'static str| metrics::counter!(metric::DB_FAILURES.name, "kind" => kind, "stage" => stage);
        Self {
            wait: metrics::histogram!(metric::DB_WAIT.name, "kind" => kind),
            duration: metrics::histogram!(metric::DB_TRANSACTION_DURATION.name, "kind" => kind),
            connect: failures("connect"),
            work: failures("work"),
            commit: failures("commit"),
            batch: metrics::histogram!(metric::DB_BATCH_SIZE.name),
        }
    }

    /// A unit got its connection after waiting since `asked`; now its transaction begins.
    pub fn begins(&self, asked: Instant) -> Instant {
        let now = Instant::now();
        self.wait.record(now - asked);
        now
    }

    /// Submissions that were queued at these moments share one transaction, which begins.
    pub fn begin_together(&self, queued: impl ExactSizeIterator<Item = Instant>) -> Instant {
        let now = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "at most some hundreds")]
        self.batch.record(queued.len() as f64);
        queued.for_each(|queued| self.wait.record(now - queued));
        now
    }

    /// A transaction that began at `begun` ended, whichever way.
    pub fn ends(&self, begun: Instant) {
        self.duration.record(begun.elapsed());
    }

    /// No connection could be had.
    pub fn no_connection(&self) {
        self.connect.increment(1);
    }

    /// A statement failed, at the database's fault or by a rule of its own.
    pub fn work_failed(&self) {
        self.work.increment(1);
    }

    /// A commit failed: nothing of the transaction is there.
    pub fn commit_failed(&self) {
        self.commit.increment(1);
    }
}

/// Connections of a pool, now.
pub fn connections(name: &'static str, pool: &Pool<Manager>) {
    let state = pool.state();
    let (all, idle) = (f64::from(state.connections), f64::from(state.idle_connections));
    metrics::gauge!(metric::DB_CONNECTIONS.name, "pool" => name, "state" => "busy").set(all - idle);
    metrics::gauge!(metric::DB_CONNECTIONS.name, "pool" => name, "state" => "idle").set(idle);
    metrics::gauge!(metric::DB_CONNECTIONS_MAX.name, "pool" => name).set(f64::from(pool.max_size()));
}
