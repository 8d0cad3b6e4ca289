//! Ports: what the domain needs from the world, made real by the outer crates.

use async_trait::async_trait;

use crate::mail::{MailFailure, OutgoingMail};
use crate::plugin::{ConnectorSpec, Page, PluginFailure, PluginInfo, Probe, SyncCall};
use crate::time::Ts;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Ts;
}

/// Gives random bytes fit for keys.
pub trait Random: Send + Sync {
    /// Fills `bytes`. Never fails: without randomness the process stops.
    fn fill(&self, bytes: &mut [u8]);
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands one mail to the next server. `Ok` when that server took it.
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailFailure>;
    /// Tries whether that server can be used, without a mail.
    async fn probe(&self) -> Result<(), MailFailure>;
}

/// Asks connectors about people.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The plugins that can be used.
    fn plugins(&self) -> Vec<PluginInfo>;
    /// Lets a connector try what it needs.
    async fn check(&self, connector: &ConnectorSpec) -> Result<Vec<Probe>, PluginFailure>;
    /// Fetches one page.
    async fn sync_page(&self, call: SyncCall) -> Result<Page, PluginFailure>;
}

/// Makes photos harmless: decodes within limits, turns upright, scales, encodes anew.
pub trait Images: Send + Sync {
    /// A JPEG of at most 512 × 512 pixels without metadata, or why not.
    fn portrait(&self, image: &[u8]) -> Result<Vec<u8>, String>;
}

/// Draws QR codes (ISO/IEC 18004) of a text.
pub trait QrCodes: Send + Sync {
    /// As SVG with a quiet zone.
    fn svg(&self, text: &str) -> crate::Result<String>;
    /// As PNG with a quiet zone.
    fn png(&self, text: &str) -> crate::Result<Vec<u8>>;
}
