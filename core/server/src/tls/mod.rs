//! Certificates: the local authority's, PEM files, or an ACME server's; served by
//! configurations that never change, and exchanged underneath while they are served.

mod acme;
mod files;
mod keeper;
mod live;
mod local;
mod pair;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use estampe_domain::ports::Clock;
use estampe_web::TlsFacts;
use rustls::ServerConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use local::{LocalCa, LocalRoot};
pub use status::{CertificateStatus, inspect};

use self::acme::Acme;
use self::keeper::Keeper;
use self::live::Resolver;
use crate::config::CheckedSettings;

/// What TLS needs, and what keeps it true.
pub struct Tls {
    /// For the public listener.
    pub public: ServerConfig,
    /// For the internal one.
    pub internal: ServerConfig,
    keeper: (Keeper, Signal),
    acme: Option<(Acme, Signal)>,
}

impl Tls {
    /// Reads the certificates or makes them. From then on SIGHUP asks to read them again;
    /// must be called within a tokio runtime.
    pub fn start(settings: &CheckedSettings, clock: &Arc<dyn Clock>, facts: &Arc<TlsFacts>) -> Result<Self, String> {
        let hangup = || signal(SignalKind::hangup()).map_err(|e| format!("SIGHUP: {e}"));
        let keeper = Keeper::open(settings, Arc::clone(clock), Arc::clone(facts))?;
        let acme = settings.acme.as_ref().map(|s| Acme::open(settings, s, Arc::clone(clock), Arc::clone(facts)));
        let resolver = |signed| Resolver { base: keeper.base(), signed };
        Ok(Self {
            public: live::server_config(resolver(acme.as_ref().map(Acme::signed)), settings.tls12)?,
            internal: live::server_config(resolver(None), settings.tls12)?,
            keeper: (keeper, hangup()?),
            acme: acme.map(|acme| Ok::<_, String>((acme, hangup()?))).transpose()?,
        })
    }

    /// Keeps the certificates true until told to stop: the configurations, and the tasks.
    pub fn keep(self, stopped: &watch::Receiver<bool>) -> (ServerConfig, ServerConfig, JoinSet<()>) {
        let mut tasks = JoinSet::new();
        let (keeper, hangup) = self.keeper;
        tasks.spawn(keeper.run(hangup, stopped.clone()));
        if let Some((acme, hangup)) = self.acme {
            tasks.spawn(acme.run(hangup, stopped.clone()));
        }
        (self.public, self.internal, tasks)
    }
}
