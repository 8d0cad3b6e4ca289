//! What every handler shares.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use estampe_service::Service;
use estampe_texts::TimeZone;
use serde::Serialize;

use crate::edge::{Edge, EdgeSettings};
use crate::plain::{TlsFacts, Warning};
use crate::public::pages::Pages;

/// What every handler shares.
pub struct AppState {
    pub(crate) service: Arc<Service>,
    pub(crate) tls: Arc<TlsFacts>,
    pub(crate) zone: TimeZone,
    pub(crate) pages: Pages,
    pub(crate) edge: Edge,
    pub(crate) exposition: Option<Exposition>,
    pub(crate) settings: ArcSwap<Vec<SettingFact>>,
    pub(crate) listening: Vec<Listening>,
}

/// Where a listener really is, whatever the configuration says of a socket that was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listening {
    /// `listen.public`
    pub key: &'static str,
    /// Its address.
    pub address: SocketAddr,
    /// The unit of the service manager that opened it; none for one that the service opened.
    pub socket: Option<String>,
}

/// The part that warns of the configuration.
const CONFIGURATION: &str = "configuration";
const REFUSED: Warning = Warning {
    code: "configuration_refused",
    text: "The configuration was read anew and cannot be used; the one before stays in force.",
};

/// A value of the configuration, as it may be shown: no secret, no address with a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFact {
    /// `listen.public`
    pub key: String,
    /// As people read it.
    pub value: String,
    /// The file in which it stands, or `environment`; none for a default.
    pub place: Option<String>,
    /// Whether another value applies at a reload; else after a restart.
    pub reloads: bool,
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
        let zone = estampe_texts::system_zone();
        let settings = service.settings();
        let name = |origin: &str| {
            let url = url::Url::parse(origin).ok();
            url.and_then(|url| url.host_str().map(str::to_owned)).into_iter().collect()
        };
        let edge = Edge::new(&EdgeSettings {
            public_names: name(&settings.public_origin),
            internal_names: name(&settings.internal_origin),
            ..EdgeSettings::default()
        });
        Self {
            service,
            tls: Arc::default(),
            zone,
            pages: Pages::new(),
            edge,
            exposition: None,
            settings: ArcSwap::default(),
            listening: Vec::new(),
        }
    }

    /// With these hosts, proxies and limits, instead of the origins' hosts, no proxy
    /// and no limit of rates.
    pub fn with_edge(mut self, edge: Edge) -> Self {
        self.edge = edge;
        self
    }

    /// Shows what these facts say: the root certificate, ACME's answers, warnings.
    pub fn with_tls(mut self, facts: Arc<TlsFacts>) -> Self {
        self.tls = facts;
        self
    }

    /// Shows what `exposition` gives under `/metrics`, on the internal listener.
    pub fn with_metrics(mut self, exposition: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.exposition = Some(Box::new(exposition));
        self
    }

    /// Says where the listeners are.
    pub fn with_listening(mut self, listening: Vec<Listening>) -> Self {
        self.listening = listening;
        self
    }

    /// Shows how the appliance is configured.
    pub fn with_settings(self, settings: Vec<SettingFact>) -> Self {
        self.show(settings);
        self
    }

    /// As it is configured, and the address of a socket that was handed over in the place of one that is not used.
    fn show(&self, mut settings: Vec<SettingFact>) {
        for Listening { key, address, socket } in &self.listening {
            if let (Some(socket), Some(fact)) = (socket, settings.iter_mut().find(|fact| fact.key == *key)) {
                (fact.value, fact.place) = (address.to_string(), Some(socket.clone()));
            }
        }
        self.settings.store(Arc::new(settings));
    }

    /// Takes what may change while it runs: the rates among these limits, and how the appliance is
    /// shown to be configured.
    pub fn reload(&self, edge: &EdgeSettings, settings: Vec<SettingFact>) {
        self.edge.set_rates(edge);
        self.show(settings);
        self.tls.set_warnings(CONFIGURATION, Vec::new());
    }

    /// Warns of a configuration that was read anew and cannot be used, until one is taken.
    pub fn refuse_reload(&self) {
        self.tls.set_warnings(CONFIGURATION, vec![REFUSED]);
    }

    /// Shows times in this zone (`Europe/Paris`); an unknown name changes nothing.
    pub fn with_time_zone(mut self, name: &str) -> Self {
        if let Ok(zone) = TimeZone::get(name) {
            self.zone = zone;
        }
        self
    }
}
