//! What one call may use: memory, computing, waiting, calls of the host; and how it is told
//! apart which of them ended a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use estampe_domain::plugin::{FailKind, PluginFailure};
use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Error, ResourceLimiter, Trap};

use crate::meter::Peak;
use crate::quota::Quota;
use crate::settings::Limits;
use crate::spending::Share;
use crate::text::clean;

/// How long a call may go on after nobody waits for it any more.
const GRACE: Duration = Duration::from_secs(1);

/// Elements of one table. A Rust guest has some hundred functions in it, a whole
/// JavaScript engine some ten thousand.
pub const TABLE_ELEMENTS: usize = 65_536;

/// Why the host stopped a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It wanted more memory than it may have, in octets.
    #[error("the plugin was stopped: it wanted more than {} MiB of memory", .0 >> 20)]
    Memory(usize),
    /// It wanted a table larger than [`TABLE_ELEMENTS`].
    #[error("the plugin was stopped: it wanted a table of more than {TABLE_ELEMENTS} elements")]
    Table,
    /// It computed for longer than this.
    #[error("the plugin was stopped: it computed for more than {0:?} in one call")]
    Computing(Duration),
    /// It waited for the host for longer than this.
    #[error("the plugin was stopped: it waited for more than {0:?} in one call")]
    Waiting(Duration),
    /// It called the host more often than this.
    #[error("the plugin was stopped: it called the host more than {0} times in one call")]
    HostCalls(u32),
    /// The calls of its run computed for longer than this together.
    #[error("the plugin was stopped: the run computed for more than {0:?} in all")]
    RunComputing(Duration),
    /// Its run has more pages than this.
    #[error("the plugin was stopped: the run has more than {0} pages, and does not end")]
    RunPages(u32),
    /// Nobody waits for the answer any more.
    #[error("the plugin was stopped: the run was cancelled")]
    Cancelled,
}

impl Stop {
    fn kind(self) -> FailKind {
        match self {
            Self::Memory(_) | Self::Table => FailKind::OutOfMemory,
            Self::Computing(_) | Self::Waiting(_) | Self::RunComputing(_) => FailKind::Deadline,
            Self::HostCalls(_) => FailKind::Internal,
            Self::RunPages(_) => FailKind::Limit,
            Self::Cancelled => FailKind::Unavailable,
        }
    }
}

impl From<Stop> for PluginFailure {
    fn from(stop: Stop) -> Self {
        Self { breach: matches!(stop, Stop::RunPages(_)), ..Self::new(stop.kind(), stop.to_string()) }
    }
}

/// Says what ended a call, whatever wasmtime wrapped around it.
pub fn failure(error: &Error) -> PluginFailure {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return (*stop).into();
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let message = format!("the plugin crashed ({trap}); that is a defect of the plugin");
        return PluginFailure::new(FailKind::Trapped, message);
    }
    let cause = error.root_cause().to_string();
    // wasmtime keeps this error's type to itself
    if cause.contains("fuel allocated for hostcalls") {
        let message = "the plugin handed over more data at once than a page may hold";
        return PluginFailure::breach(FailKind::Limit, message);
    }
    let message = format!("the plugin broke the contract: {}", clean(&cause, 300));
    PluginFailure::new(FailKind::Trapped, message)
}

/// Whether anybody still waits for a call.
#[derive(Clone, Debug, Default)]
pub struct Cancelled(Arc<AtomicBool>);

impl Cancelled {
    /// Nobody waits any more.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits any more.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Time of one call. Made and asked on the thread that the call runs on, since
/// processor time is counted per thread: a busy machine does not shorten it.
#[derive(Debug)]
pub struct Budget {
    computing: Duration,
    began: Duration,
    waiting: Duration,
    waited: Duration,
    host_calls: u32,
    most_host_calls: u32,
    run: Option<Share>,
    /// What is left of the run's time; more than a call may have when there is no run.
    run_left: Duration,
    quota: Arc<Quota>,
    /// Of the thread's time, what the quota was told.
    told: Duration,
    cancelled: Cancelled,
    cancelled_at: Option<Instant>,
}

impl Drop for Budget {
    fn drop(&mut self) {
        if let Some(run) = &self.run {
            run.add(thread_time().saturating_sub(self.began));
        }
    }
}

impl Budget {
    /// A full budget, beginning now.
    pub fn new(limits: &Limits, run: Option<Share>, quota: Arc<Quota>, cancelled: Cancelled) -> Self {
        let began = thread_time();
        Self {
            computing: limits.computing,
            began,
            waiting: limits.waiting,
            waited: Duration::ZERO,
            host_calls: 0,
            most_host_calls: limits.host_calls,
            run_left: run.as_ref().map_or(Duration::MAX, Share::left),
            run,
            quota,
            told: began,
            cancelled,
            cancelled_at: None,
        }
    }

    /// Full again, from now on.
    pub fn renew(&mut self) {
        self.began = thread_time();
        self.waited = Duration::ZERO;
        self.host_calls = 0;
    }

    /// The guest calls the host.
    pub fn host_call(&mut self) {
        self.host_calls = self.host_calls.saturating_add(1);
    }

    /// Whether the call kept within what is only counted while it runs: asked at every tick,
    /// and at its end, since a call may be over before the next tick.
    pub fn kept(&self) -> Result<(), Stop> {
        let most = self.most_host_calls;
        if self.host_calls > most { Err(Stop::HostCalls(most)) } else { Ok(()) }
    }

    /// Asked at every tick while the guest computes. Stands still while guests have had their
    /// share of the machine.
    pub fn tick(&mut self) -> Result<(), Stop> {
        let time = thread_time();
        let pause = self.quota.spend(time.saturating_sub(self.told), Instant::now());
        self.told = time;
        if !pause.is_zero() {
            thread::sleep(pause);
        }
        let computed = time.saturating_sub(self.began);
        if computed > self.computing {
            return Err(Stop::Computing(self.computing));
        }
        if let Some(run) = &self.run
            && computed > self.run_left
        {
            return Err(Stop::RunComputing(run.most()));
        }
        self.kept()?;
        if self.cancelled.is_set() {
            let since = *self.cancelled_at.get_or_insert_with(Instant::now);
            if since.elapsed() > GRACE {
                return Err(Stop::Cancelled);
            }
        }
        Ok(())
    }

    /// Counts a call of the host that began at this moment.
    pub fn waited_since(&mut self, start: Instant) -> Result<(), Stop> {
        self.waited += start.elapsed();
        if self.waited > self.waiting { Err(Stop::Waiting(self.waiting)) } else { Ok(()) }
    }

    /// Time that the call may still wait.
    pub fn waiting_left(&self) -> Duration {
        self.waiting.saturating_sub(self.waited)
    }

    /// Who waits for the call.
    pub fn caller(&self) -> Cancelled {
        self.cancelled.clone()
    }

    /// Whether the plugin should end soon.
    pub fn cancelled(&self) -> bool {
        self.cancelled.is_set()
    }
}

/// Processor time of this thread so far.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Memory of one call. A refusal ends the call at once: a guest that is told "no"
/// panics, and then looks like one with a defect.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    used: usize,
    peak: Peak,
}

impl Memory {
    /// Nothing used of this many octets.
    pub fn new(limit: usize, peak: Peak) -> Self {
        Self { limit, used: 0, peak }
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.used.saturating_sub(current).saturating_add(desired);
        if all > self.limit || maximum.is_some_and(|maximum| desired > maximum) {
            return Err(Error::new(Stop::Memory(self.limit)));
        }
        self.used = all;
        self.peak.note(all);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: Error) -> wasmtime::Result<()> {
        Err(Error::new(Stop::Memory(self.limit)))
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS || maximum.is_some_and(|maximum| desired > maximum) {
            return Err(Error::new(Stop::Table));
        }
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: Error) -> wasmtime::Result<()> {
        Err(Error::new(Stop::Table))
    }

    fn instances(&self) -> usize {
        32
    }

    fn tables(&self) -> usize {
        16
    }

    fn memories(&self) -> usize {
        2
    }
}
