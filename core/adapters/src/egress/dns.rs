//! Names become addresses here and nowhere else: what is connected to is what was checked.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use estampe_domain::networks::Reach;
use estampe_domain::plugin::{FailKind, PluginFailure};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 32;

/// Resolves names.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of a name.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own: `getaddrinfo(3)`, so `/etc/hosts` counts too.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Why there is no way to a host.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoWay {
    /// Nobody knows the name.
    #[error("the name {host} cannot be resolved: {why}")]
    Unknown {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// It leads where this request may not go.
    #[error(
        "{host} is at {}, which is no public address; an administrator can grant \"network {}\" if that is meant",
        .0.address, .0.address, host = .0.host
    )]
    Private(Forbidden),
    /// A credential would go in clear text through public networks.
    #[error(
        "a credential is sent to {host} over https alone; over http only to an address of a network that was granted"
    )]
    ClearText {
        /// The name.
        host: String,
    },
}

/// An address that may not be reached.
#[derive(Clone, Debug)]
pub struct Forbidden {
    host: String,
    address: IpAddr,
}

impl NoWay {
    /// As the contract tells it.
    pub fn failure(&self) -> PluginFailure {
        let kind = match self {
            Self::Unknown { .. } => FailKind::Unavailable,
            Self::Private(_) | Self::ClearText { .. } => FailKind::Denied,
        };
        PluginFailure::new(kind, self.to_string())
    }

    /// What of a reqwest error's causes is one of these.
    pub fn of(error: &reqwest::Error) -> Option<&Self> {
        let mut cause = error.source();
        while let Some(inner) = cause {
            if let Some(found) = inner.downcast_ref::<Self>() {
                return Some(found);
            }
            cause = inner.source();
        }
        None
    }

    /// Why `reach` does not lead to an address.
    pub fn to(host: &str, address: IpAddr, reach: &Reach, clear_secret: bool) -> Result<(), Self> {
        if reach.allows(address) {
            return Ok(());
        }
        if clear_secret && Reach::public_and(&[]).allows(address) {
            return Err(Self::ClearText { host: host.to_owned() });
        }
        Err(Self::Private(Forbidden { host: host.to_owned(), address: address.to_canonical() }))
    }
}

/// Asks the resolver.
pub async fn addresses(resolver: &dyn Resolver, host: &str) -> Result<Vec<IpAddr>, NoWay> {
    let unknown = |why: String| NoWay::Unknown { host: host.to_owned(), why };
    let mut found = resolver.addresses(host).await.map_err(|error| unknown(error.to_string()))?;
    found.truncate(MAX_ADDRESSES);
    if found.is_empty() { Err(unknown("it has no address".to_owned())) } else { Ok(found) }
}

/// Gives reqwest the addresses that may be connected to, of those that there are.
pub struct Guard {
    /// Where addresses come from.
    pub resolver: Arc<dyn Resolver>,
    /// Which of them are good.
    pub reach: Reach,
    /// Whether a credential goes in clear text.
    pub clear_secret: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, reach, clear_secret) = (Arc::clone(&self.resolver), self.reach.clone(), self.clear_secret);
        Box::pin(async move {
            let host = name.as_str();
            let found = addresses(&*resolver, host).await?;
            let mut refused = None;
            let mut good = Vec::new();
            for address in found {
                match NoWay::to(host, address, &reach, clear_secret) {
                    Ok(()) => good.push(SocketAddr::new(address, 0)),
                    Err(no_way) => refused = Some(no_way),
                }
            }
            match refused {
                Some(no_way) if good.is_empty() => Err(no_way.into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}
