//! The store that a call lives in: its limits, and the clock that looks at them.

use estampe_domain::plugin::{FailKind, PluginFailure};
use wasmtime::{Engine, Error, Store, UpdateDeadline};

use crate::budget::failure;
use crate::call::Call;

/// Octets that one crossing of the border may cost the host: a page's data and the
/// structures around it.
const CROSSING: usize = 32 << 20;

/// A store for this call.
pub fn store(engine: &Engine, call: Call) -> Store<Call> {
    let mut store = Store::new(engine, call);
    store.limiter(|call| &mut call.memory);
    store.set_hostcall_fuel(CROSSING);
    store.set_max_component_handles(64);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        context.data_mut().budget.tick().map_err(Error::new)?;
        Ok(UpdateDeadline::Continue(1))
    });
    store
}

/// Why no instance was made.
pub fn not_instantiated(error: &Error) -> PluginFailure {
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        let message = "too many plugins run at once; try again later";
        return PluginFailure::new(FailKind::Unavailable, message);
    }
    failure(error)
}
