//! Ctrl-C and SIGTERM: noted here, acted on by whoever waits, so that children are
//! always stopped by the one that started them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// What is said when a wait ends because someone asked to stop.
pub const STOPPED: &str = "stopped before the end, as asked";

/// Begins to listen. A second Ctrl-C ends this process at once; the children's leash
/// (see [`crate::children`]) still ends them.
pub fn listen() -> Result<(), String> {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(asked))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(asked)))
            .map_err(|error| format!("signals: {error}"))?;
    }
    Ok(())
}

/// Whether someone asked to stop.
pub fn asked() -> bool {
    ASKED.get().is_some_and(|asked| asked.load(Ordering::Relaxed))
}

/// Tries until there is something, the time is over, or someone asks to stop.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut attempt: impl FnMut() -> Result<Option<T>, String>,
) -> Result<T, String> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = attempt()? {
            return Ok(found);
        }
        if asked() {
            return Err(STOPPED.to_owned());
        }
        if Instant::now() > end {
            return Err(format!("{what}: not after {}", crate::steps::seconds(limit)));
        }
        thread::sleep(Duration::from_millis(50));
    }
}
