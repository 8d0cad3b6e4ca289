//! What one call may use: memory, computing, waiting; and how it is told apart which
//! of them ended a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use estampe_domain::plugin::{FailKind, PluginFailure};
use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Error, ResourceLimiter, Trap};

use crate::meter::Peak;
use crate::settings::Limits;
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
    /// Nobody waits for the answer any more.
    #[error("the plugin was stopped: the run was cancelled")]
    Cancelled,
}

impl Stop {
    fn kind(self) -> FailKind {
        match self {
            Self::Memory(_) | Self::Table => FailKind::OutOfMemory,
            Self::Computing(_) | Self::Waiting(_) => FailKind::Deadline,
            Self::Cancelled => FailKind::Unavailable,
        }
    }
}

/// Says what ended a call, whatever wasmtime wrapped around it.
pub fn failure(error: &Error) -> PluginFailure {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return PluginFailure::new(stop.kind(), stop.to_string());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let message = format!("the plugin crashed ({trap}); that is a defect of the plugin");
        return PluginFailure::new(FailKind::Trapped, message);
    }
    let cause = error.root_cause().to_string();
    // wasmtime keeps this error's type to itself
    if cause.contains("fuel allocated for hostcalls") {
        let message = "the plugin handed over more data at once than a page may hold";
        return PluginFailure::new(FailKind::Limit, message);
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
    cancelled: Cancelled,
    cancelled_at: Option<Instant>,
}

impl Budget {
    /// A full budget, beginning now.
    pub fn new(limits: &Limits, cancelled: Cancelled) -> Self {
        Self {
            computing: limits.computing,
            began: thread_time(),
            waiting: limits.waiting,
            waited: Duration::ZERO,
            cancelled,
            cancelled_at: None,
        }
    }

    /// Asked at every tick while the guest computes.
    pub fn tick(&mut self) -> Result<(), Stop> {
        if thread_time().saturating_sub(self.began) > self.computing {
            return Err(Stop::Computing(self.computing));
        }
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

impl Drop for Memory {
    fn drop(&mut self) {
        // a memory never shrinks: what it had at the end was its most
        self.peak.note(self.used);
    }
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
