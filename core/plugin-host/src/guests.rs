//! The threads that guests run on: a few, of low priority, never tokio's. A guest may
//! compute for its whole budget; here it delays other guests and nothing else.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use estampe_domain::plugin::{FailKind, PluginFailure};
use tokio::sync::oneshot;

use crate::budget::Cancelled;
use crate::engine::Ticker;
use crate::settings::Limits;
use crate::sync::lock;

/// How much guests stand back for the rest of the server (nice value).
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// The threads and the queue before them.
pub struct Guests {
    queue: Arc<Queue>,
    ticker: Arc<Ticker>,
}

struct Queue {
    state: Mutex<Waiting>,
    ready: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Guests {
    /// Starts the threads.
    pub fn start(limits: &Limits, ticker: Arc<Ticker>) -> std::io::Result<Self> {
        let queue = Arc::new(Queue { state: Mutex::default(), ready: Condvar::new(), capacity: limits.queue });
        let guests = Self { queue, ticker };
        for number in 1..=limits.threads.max(1) {
            let queue = Arc::clone(&guests.queue);
            thread::Builder::new().name(format!("guest-{number}")).stack_size(2 << 20).spawn(move || queue.work())?;
        }
        Ok(guests)
    }

    /// Does `work` on one of the threads. When the caller goes away the work is told
    /// so, or not begun at all.
    pub async fn run<T, F>(&self, work: F) -> Result<T, PluginFailure>
    where
        T: Send + 'static,
        F: FnOnce(Cancelled) -> Result<T, PluginFailure> + Send + 'static,
    {
        let cancelled = Cancelled::default();
        let _caller = Caller(cancelled.clone());
        let (reply, answer) = oneshot::channel();
        let ticker = Arc::clone(&self.ticker);
        let span = tracing::Span::current();
        self.queue.push(Box::new(move || {
            if cancelled.is_set() {
                return;
            }
            let running = ticker.run();
            // what it logs belongs to whoever asked
            let result = span.in_scope(|| work(cancelled));
            drop(running);
            // the caller may have gone meanwhile
            let _ = reply.send(result);
        }))?;
        answer.await.unwrap_or_else(|_| {
            let message = "the plugin host failed while it ran the plugin; see the server's log";
            Err(PluginFailure::new(FailKind::Internal, message))
        })
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        let mut state = lock(&self.queue.state);
        state.closed = true;
        state.jobs.clear();
        drop(state);
        self.queue.ready.notify_all();
        self.ticker.close();
    }
}

/// Tells the work when its caller goes away.
struct Caller(Cancelled);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.set();
    }
}

impl Queue {
    fn push(&self, job: Job) -> Result<(), PluginFailure> {
        let mut state = lock(&self.state);
        if state.jobs.len() >= self.capacity {
            let message = "too many calls of plugins are waiting; try again later";
            return Err(PluginFailure::new(FailKind::Unavailable, message));
        }
        state.jobs.push_back(job);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    fn next(&self) -> Option<Job> {
        let state = lock(&self.state);
        let mut state = self
            .ready
            .wait_while(state, |state| state.jobs.is_empty() && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.jobs.pop_front()
    }

    fn work(&self) {
        // on Linux this concerns the calling thread alone; without it guests run as well
        if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
            tracing::debug!(error.text = %error, "cannot lower the priority of a guest thread");
        }
        while let Some(job) = self.next() {
            // a defect of ours must not take the thread away from later calls
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("the plugin host panicked; the call was given up");
            }
        }
    }
}
