//! What the listeners serve: certificates that can be exchanged while they run. The
//! `ServerConfig` never changes; each handshake takes what is there at its moment.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider, kx_group};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::Pair;
use crate::config::Name;

/// The certificate of both listeners.
pub type Base = Arc<ArcSwap<Pair>>;
/// The one of an ACME server, when there is one.
pub type Signed = Arc<ArcSwapOption<Pair>>;

/// Gives each client the certificate that it asks for: the ACME server's for its names,
/// the listener's own for everything else.
pub struct Resolver {
    pub base: Base,
    pub signed: Option<Signed>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let (Some(signed), Some(asked)) = (&self.signed, hello.server_name())
            && let Some(pair) = &*signed.load()
            && pair.leaf.names.iter().any(|name| matches!(name, Name::Dns(name) if name.eq_ignore_ascii_case(asked)))
        {
            return Some(Arc::clone(&pair.served));
        }
        Some(Arc::clone(&self.base.load().served))
    }
}

/// TLS 1.3, and 1.2 where it is wanted: of that, rustls has ECDHE with AEAD alone.
pub fn server_config(resolver: Resolver, tls12: bool) -> Result<ServerConfig, String> {
    let mut provider = default_provider();
    // post-quantum first, whatever a feature of rustls says elsewhere in the program
    provider.kx_groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    let versions: &[&rustls::SupportedProtocolVersion] =
        if tls12 { &[&rustls::version::TLS13, &rustls::version::TLS12] } else { &[&rustls::version::TLS13] };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .map_err(|e| format!("TLS: {e}"))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.ticketer = Ticketer::new().map_err(|e| format!("TLS tickets: {e}"))?;
    config.send_tls13_tickets = 1;
    Ok(config)
}
