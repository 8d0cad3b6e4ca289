//! What every handler shares.

use std::sync::Arc;

use estampe_service::Service;
use estampe_texts::TimeZone;

/// What every handler shares.
pub struct AppState {
    pub(crate) service: Arc<Service>,
    pub(crate) local_root: Option<LocalRoot>,
    pub(crate) zone: TimeZone,
    pub(crate) exposition: Option<Exposition>,
}

/// Gives what was measured, in the text format of Prometheus.
pub(crate) type Exposition = Box<dyn Fn() -> String + Send + Sync>;

/// The root certificate that this house signs its own addresses with.
#[derive(Clone, Debug)]
pub struct LocalRoot {
    /// The certificate, PEM.
    pub pem: String,
    /// Its SHA-256 fingerprint as people compare it: `AB:CD:…`.
    pub fingerprint: String,
}

impl AppState {
    /// State over this service. Times are shown in the system's time zone.
    pub fn new(service: Arc<Service>) -> Self {
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        Self { service, local_root: None, zone, exposition: None }
    }

    /// Hands this root certificate out under `/ca`.
    pub fn with_local_root(mut self, root: LocalRoot) -> Self {
        self.local_root = Some(root);
        self
    }

    /// Shows what `exposition` gives under `/metrics`, on the internal listener.
    pub fn with_metrics(mut self, exposition: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.exposition = Some(Box::new(exposition));
        self
    }

    /// Shows times in this zone (`Europe/Paris`); an unknown name changes nothing.
    pub fn with_time_zone(mut self, name: &str) -> Self {
        if let Ok(zone) = TimeZone::get(name) {
            self.zone = zone;
        }
        self
    }
}
