//! What the running service says of itself: where it really listens, and what it warns of.

use std::net::SocketAddr;

use serde::Deserialize;

use super::{Report, Service};

/// What it answered.
#[derive(Debug, Deserialize)]
pub struct Running {
    /// The address that stands in links to cards.
    pub public_origin: String,
    listening: Vec<Listening>,
    warnings: Vec<Warning>,
    held_since: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listening {
    key: String,
    address: SocketAddr,
}

#[derive(Debug, Deserialize)]
struct Warning {
    code: String,
}

impl Running {
    /// Asks it; none where it is stopped, or older than this command.
    pub async fn ask(service: &Service) -> Option<Self> {
        let Service::Running(operator) = service else { return None };
        serde_json::from_value(operator.get("/v1/service").await.ok()?).ok()
    }

    /// Where a listener is.
    pub fn address(&self, key: &str) -> Option<SocketAddr> {
        self.listening.iter().find(|one| one.key == key).map(|one| one.address)
    }

    /// Tells that nothing leaves it after a restore, and of a configuration that it refused. What it warns of besides, other checks look at.
    pub fn tell(&self, report: &mut Report) {
        if let Some(since) = &self.held_since {
            report.warn(
                "restored",
                format!("brought back from a backup; since {since} no mail, no run and no signature leaves it"),
                "a drill: leave it so. Else look at estampe outbox list and estampe run list, then: estampe resume",
            );
        }
        if self.warnings.iter().any(|warning| warning.code == "configuration_refused") {
            report.warn(
                "service",
                "it read the configuration anew and refused it: the one before stays in force, and a restart would fail",
                "estampe check-config says whether that is mended; then: systemctl reload estampe",
            );
        }
    }
}
