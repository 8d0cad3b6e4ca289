//! Which way a request goes, directly or by the proxy, and the connections kept for it.
//! Connections are shared only between requests that may reach the same addresses.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use estampe_domain::networks::Reach;
use estampe_domain::plugin::{FailKind, PluginFailure};
use ipnet::IpNet;
use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

use super::EgressSettings;
use super::dns::{Guard, NoWay, Resolver, addresses};

/// Time for one connection, TLS included.
const CONNECTING: Duration = Duration::from_secs(10);
/// A connection is kept for the next request so long.
const KEPT: Duration = Duration::from_secs(15);
/// Kept connections to one host.
const KEPT_PER_HOST: usize = 2;
/// Header fields of an answer.
const MAX_FIELDS: usize = 100;
/// Clients kept; each stands for one set of granted networks.
const MAX_CLIENTS: usize = 64;

/// A way out.
#[derive(Clone, PartialEq, Eq)]
enum Way {
    Direct { reach: Reach, clear_secret: bool },
    Proxy,
}

/// See the module.
pub struct Clients {
    tls: ClientConfig,
    proxy: Option<Url>,
    resolver: Arc<dyn Resolver>,
    kept: Mutex<Vec<(Way, Client)>>,
}

impl Clients {
    /// Makes ready; the error says what of the settings cannot be used.
    pub fn new(settings: &EgressSettings, resolver: Arc<dyn Resolver>) -> Result<Self, String> {
        let proxy = settings.proxy.as_deref().map(proxy_url).transpose()?;
        let tls = tls(settings.ca_pem.as_deref())?;
        let clients = Self { tls, proxy, resolver, kept: Mutex::default() };
        // whatever cannot be built is told now and not at the first request
        let first = if clients.proxy.is_some() {
            Way::Proxy
        } else {
            Way::Direct { reach: Reach::public_and(&[]), clear_secret: false }
        };
        clients.build(&first).map_err(|error| format!("egress: {error}"))?;
        Ok(clients)
    }

    /// The client for a request to this address. `secret`: whether a credential goes along,
    /// which public networks are shown encrypted alone.
    pub async fn for_request(&self, url: &Url, networks: &[IpNet], secret: bool) -> Result<Client, PluginFailure> {
        let clear_secret = secret && url.scheme() == "http";
        let reach = if clear_secret { Reach::only(networks) } else { Reach::public_and(networks) };
        let way = self.way(url, reach, clear_secret).await.map_err(|no_way| no_way.failure())?;
        self.client(way)
    }

    async fn way(&self, url: &Url, reach: Reach, clear_secret: bool) -> Result<Way, NoWay> {
        let (host, found): (_, Vec<IpAddr>) = match url.host() {
            Some(Host::Ipv4(address)) => (address.to_string(), vec![address.into()]),
            Some(Host::Ipv6(address)) => (address.to_string(), vec![address.into()]),
            // the guard looks at every address when it connects
            Some(Host::Domain(_)) if self.proxy.is_none() => return Ok(Way::Direct { reach, clear_secret }),
            Some(Host::Domain(name)) => match addresses(&*self.resolver, name).await {
                Ok(found) => (name.to_owned(), found),
                // inside many networks the proxy alone knows names of the Internet
                Err(_) if !clear_secret => return Ok(Way::Proxy),
                Err(_) => return Err(NoWay::ClearText { host: name.to_owned() }),
            },
            None => return Err(NoWay::Unknown { host: String::new(), why: "the address has no host".to_owned() }),
        };
        // behind a proxy nobody knows which of them it takes: all have to be good
        for address in &found {
            NoWay::to(&host, *address, &reach, clear_secret)?;
        }
        let inside = found.iter().all(|address| reach.allows_private(*address));
        Ok(if inside || clear_secret || self.proxy.is_none() {
            Way::Direct { reach, clear_secret }
        } else {
            Way::Proxy
        })
    }

    fn client(&self, way: Way) -> Result<Client, PluginFailure> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|(other, _)| *other == way) {
            let found = kept.remove(at);
            let client = found.1.clone();
            kept.push(found);
            return Ok(client);
        }
        let client = self.build(&way).map_err(|error| {
            PluginFailure::new(FailKind::Internal, format!("the HTTP client cannot be made: {error}"))
        })?;
        if kept.len() >= MAX_CLIENTS {
            kept.remove(0);
        }
        kept.push((way, client.clone()));
        Ok(client)
    }

    fn build(&self, way: &Way) -> reqwest::Result<Client> {
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .tls_info(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            // a plugin asks one thing after another: HTTP/2 would win nothing
            .http1_only()
            .http1_max_headers(MAX_FIELDS)
            .user_agent(concat!("Estampe/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECTING)
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(KEPT_PER_HOST);
        match (way, &self.proxy) {
            (Way::Direct { reach, clear_secret }, _) => {
                let (resolver, reach) = (Arc::clone(&self.resolver), reach.clone());
                builder.dns_resolver(Guard { resolver, reach, clear_secret: *clear_secret }).build()
            }
            (Way::Proxy, Some(proxy)) => builder.proxy(reqwest::Proxy::all(proxy.clone())?).build(),
            (Way::Proxy, None) => builder.build(),
        }
    }
}

/// Whether these settings can be used.
pub fn check(settings: &EgressSettings) -> Result<(), String> {
    settings.proxy.as_deref().map(proxy_url).transpose()?;
    settings.ca_pem.as_deref().map(own_authorities).transpose()?;
    Ok(())
}

fn proxy_url(text: &str) -> Result<Url, String> {
    let wrong = |why: &str| format!("egress.proxy: \"{text}\" {why}; give it as http://proxy.example.com:3128");
    let url = Url::parse(text).map_err(|_| wrong("is no web address"))?;
    if url.scheme() != "http" || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("does not begin with http:// and a host"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has more than a host and a port"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("egress.proxy: it holds a user or password, and a proxy that asks for one cannot be used; \
                    give it as http://proxy.example.com:3128"
            .to_owned());
    }
    Ok(url)
}

fn own_authorities(pem: &[u8]) -> Result<RootCertStore, String> {
    let wrong = |why: String| format!("egress.ca_file: {why}; give the CA's certificate as PEM");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|e| wrong(e.to_string()))?;
        roots.add(certificate).map_err(|e| wrong(e.to_string()))?;
    }
    if roots.is_empty() { Err(wrong("there is no certificate in it".to_owned())) } else { Ok(roots) }
}

/// The system's authorities, and the organisation's own beside them.
fn tls(ca_pem: Option<&[u8]>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (known, _) = roots.add_parsable_certificates(system.certs);
    if let Some(pem) = ca_pem {
        roots.extend(own_authorities(pem)?.roots);
    } else if known == 0 {
        tracing::warn!("no certificate authorities are installed: plugins can reach nothing over https");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("egress: TLS: {e}"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
