//! What every handler shares.

use std::sync::Arc;

use estampe_service::Service;
use estampe_texts::TimeZone;

use crate::plain::TlsFacts;
use crate::public::pages::Pages;

/// What every handler shares.
pub struct AppState {
    pub(crate) service: Arc<Service>,
    pub(crate) tls: Arc<TlsFacts>,
    pub(crate) zone: TimeZone,
    pub(crate) pages: Pages,
}

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
        Self { service, tls: Arc::default(), zone, pages: Pages::new() }
    }

    /// Shows what these facts say: the root certificate, ACME's answers, warnings.
    pub fn with_tls(mut self, facts: Arc<TlsFacts>) -> Self {
        self.tls = facts;
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
