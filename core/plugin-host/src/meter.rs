//! What is measured of each plugin: calls, their time, the memory of the largest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use estampe_domain::bundle::PluginUsage;
use estampe_domain::metric;
use estampe_domain::plugin::{FailKind, PluginFailure, PluginKind};

/// What a plugin used so far: the memory of its largest call, its calls and their time.
#[derive(Clone, Debug, Default)]
pub struct Peak(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    octets: AtomicUsize,
    calls: AtomicU64,
    failed: AtomicU64,
    microseconds: AtomicU64,
}

impl Peak {
    /// A call has so much.
    pub fn note(&self, octets: usize) {
        self.0.octets.fetch_max(octets, Ordering::Relaxed);
    }

    fn octets(&self) -> usize {
        self.0.octets.load(Ordering::Relaxed)
    }

    fn called(&self, begun: Instant, failed: bool) {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        self.0.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
        let microseconds = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// All of it.
    pub fn usage(&self) -> PluginUsage {
        PluginUsage {
            calls: self.0.calls.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
            time: Duration::from_micros(self.0.microseconds.load(Ordering::Relaxed)),
            memory: self.octets() as u64,
        }
    }
}

/// A plugin that can be called: what may go wrong begins at nothing, so that an alert on
/// growth sees the first one.
pub fn loaded(plugin: &str, kind: PluginKind) {
    let failures = [FailKind::Trapped, FailKind::OutOfMemory, FailKind::Deadline, FailKind::Internal];
    let exports: &[&'static str] = match kind {
        PluginKind::Connector => &["check", "sync-page"],
        PluginKind::SignatureTemplate => &["render"],
    };
    for export in exports {
        for outcome in failures.map(FailKind::as_str) {
            let plugin = plugin.to_owned();
            metrics::counter!(metric::PLUGIN_CALLS.name, "plugin" => plugin, "export" => *export, "outcome" => outcome)
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
    peak.called(begun, outcome.is_err());
    let said = outcome.as_ref().map_or_else(|failure| failure.kind.as_str(), |_| "ok");
    let plugin = || plugin.to_owned();
    metrics::counter!(metric::PLUGIN_CALLS.name, "plugin" => plugin(), "export" => export, "outcome" => said)
        .increment(1);
    metrics::histogram!(metric::PLUGIN_CALL_DURATION.name, "plugin" => plugin(), "export" => export)
        .record(begun.elapsed());
    #[expect(clippy::cast_precision_loss, reason = "octets of memory, far below 2^52")]
    metrics::gauge!(metric::PLUGIN_MEMORY_PEAK.name, "plugin" => plugin()).set(peak.octets() as f64);
}
