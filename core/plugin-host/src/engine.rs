//! The engine: its allocator, and the clock that interrupts guests.

use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use wasmtime::{Engine, PoolingAllocationConfig};

use crate::budget::TABLE_ELEMENTS;
use crate::engine_config::engine_config;
use crate::settings::Limits;
use crate::sync::lock;

/// How often running guests are interrupted to look at their budget.
const TICK: Duration = Duration::from_millis(10);

/// Makes the engine. Its pool reserves address space (4 GiB for each memory, so that
/// bounds need no checks) and no memory: what a call touched is given back after it. A memory
/// may grow to the largest that can be granted; each call's own limiter holds it to its own.
pub fn engine(limits: &Limits) -> wasmtime::Result<Engine> {
    let threads = u32::try_from(limits.threads).unwrap_or(u32::MAX);
    let instances = limits.instances.max(threads);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        // wit-component makes three modules of one, several languages a few more
        .total_core_instances(instances.saturating_mul(16))
        .total_memories(instances.saturating_mul(2))
        .max_memories_per_component(2)
        .total_tables(instances.saturating_mul(8))
        .max_tables_per_component(8)
        .max_tables_per_module(4)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(limits.pool_memory().next_multiple_of(64 << 10))
        .linear_memory_keep_resident(0)
        .table_keep_resident(0)
        .max_unused_warm_slots(0);
    let mut config = engine_config();
    config.allocation_strategy(pool);
    Engine::new(&config)
}

/// The clock that interrupts guests. It sleeps while none runs.
pub struct Ticker {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    running: usize,
    closed: bool,
}

impl Ticker {
    /// Starts the clock's thread.
    pub fn start(engine: Engine) -> std::io::Result<Arc<Self>> {
        let ticker = Arc::new(Self { state: Mutex::default(), wake: Condvar::new() });
        let clock = Arc::clone(&ticker);
        thread::Builder::new()
            .name("guest-clock".to_owned())
            .stack_size(128 << 10)
            .spawn(move || clock.tick(&engine))?;
        Ok(ticker)
    }

    /// Keeps the clock going until the answer is dropped.
    pub fn run(&self) -> Running<'_> {
        lock(&self.state).running += 1;
        self.wake.notify_one();
        Running(self)
    }

    /// Ends the thread once nothing runs any more.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.wake.notify_one();
    }

    fn tick(&self, engine: &Engine) {
        loop {
            let state = lock(&self.state);
            let state = self
                .wake
                .wait_while(state, |state| state.running == 0 && !state.closed)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if state.running == 0 {
                return;
            }
            drop(state);
            thread::sleep(TICK);
            engine.increment_epoch();
        }
    }
}

/// Says that a guest runs, for as long as it lives.
pub struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.running = state.running.saturating_sub(1);
    }
}
