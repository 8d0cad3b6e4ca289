//! What is measured of each plugin: calls, their time, the memory of the largest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use estampe_domain::metric;
use estampe_domain::plugin::{FailKind, PluginFailure};

/// The memory of a plugin's largest call so far, in octets.
#[derive(Clone, Debug, Default)]
pub struct Peak(Arc<AtomicUsize>);

impl Peak {
    /// A call ended that had so much.
    pub fn note(&self, octets: usize) {
        self.0.fetch_max(octets, Ordering::Relaxed);
    }

    fn octets(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A plugin that can be called: what may go wrong begins at nothing, so that an alert on
/// growth sees the first one.
pub fn loaded(plugin: &str) {
    let failures = [FailKind::Trapped, FailKind::OutOfMemory, FailKind::Deadline, FailKind::Internal];
    for export in ["check", "sync-page"] {
        for outcome in failures.map(FailKind::as_str) {
            let plugin = plugin.to_owned();
            metrics::counter!(metric::PLUGIN_CALLS.name, "plugin" => plugin, "export" => export, "outcome" => outcome)
                .increment(0);
        }
    }
}

/// Notes a call of the host by this plugin.
pub fn imported(plugin: &str, import: &'static str, outcome: &'static str) {
    let plugin = plugin.to_owned();
    metrics::counter!(metric::PLUGIN_HOST_CALLS.name, "plugin" => plugin, "import" => import, "outcome" => outcome)
        .increment(1);
}

/// Notes a call of this plugin's export, begun at this moment.
pub fn called<T>(plugin: &str, export: &'static str, begun: Instant, peak: &Peak, outcome: &Result<T, PluginFailure>) {
    let said = outcome.as_ref().map_or_else(|failure| failure.kind.as_str(), |_| "ok");
    let plugin = || plugin.to_owned();
    metrics::counter!(metric::PLUGIN_CALLS.name, "plugin" => plugin(), "export" => export, "outcome" => said)
        .increment(1);
    metrics::histogram!(metric::PLUGIN_CALL_DURATION.name, "plugin" => plugin(), "export" => export)
        .record(begun.elapsed());
    #[expect(clippy::cast_precision_loss, reason = "octets of memory, far below 2^52")]
    metrics::gauge!(metric::PLUGIN_MEMORY_PEAK.name, "plugin" => plugin()).set(peak.octets() as f64);
}
