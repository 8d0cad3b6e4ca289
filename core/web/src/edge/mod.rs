//! What every request over TCP passes before its handler: how large its head is, for
//! which host it is meant, who asks, and how often they did.
//!
//! Nothing here trusts a header by itself. The external origin is the configured one;
//! the client's address is the peer's, unless the peer is a named proxy.

mod client;
mod forwarded;
mod hosts;
mod rates;

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::dev::{RequestHead, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use actix_web::{HttpResponse, ResponseError, web};
use arc_swap::{ArcSwap, Guard};
use estampe_domain::{Actor, PublicId};
use ipnet::IpNet;

use crate::api::ApiCause;
use crate::connection::Places;
use crate::edge::hosts::{Asked, Names};
use crate::error::{Cause, Fault};
use crate::headers::Surface;
use crate::state::AppState;
use crate::visit::Visit;

pub use client::ClientAddress;
pub use forwarded::ForwardHeader;
pub(crate) use rates::{Left, Rates};

/// Most bytes of an address: path and query.
const URI: usize = 8 * 1024;
/// Most header fields. HTTP/1.1 never has more: actix ends such a connection itself
/// with 431, and at 128 KiB of head; over HTTP/2 it would let 16 MiB through.
const FIELDS: usize = 96;
/// Most bytes of all header fields, names and values.
const HEAD: usize = 32 * 1024;

/// What an administrator set about the network around.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeSettings {
    /// Host names and addresses that the public listener answers for, besides loopback.
    pub public_names: Vec<String>,
    /// The same for the internal listener.
    pub internal_names: Vec<String>,
    /// Proxies whose word about the client is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// The one header in which they say it.
    pub forward_header: ForwardHeader,
    /// Connections of one client at a time; 0 for any number.
    pub connections_per_client: u32,
    /// Requests of one client to the public listener, a minute; 0 for any number.
    pub requests_per_minute: u32,
    /// Leads of one client, a minute; 0 for any number.
    pub leads_per_minute: u32,
    /// Leads at one card, a minute; 0 for any number.
    pub card_leads_per_minute: u32,
    /// Requests to the API by one token, a minute; 0 for any number. A tenth of it is how many
    /// wrong tokens a client may present.
    pub api_requests_per_minute: u32,
}

/// The settings made ready, with the counts that all workers share.
pub struct Edge {
    public: Names,
    internal: Names,
    trusted: Arc<[IpNet]>,
    header: ForwardHeader,
    rates: ArcSwap<Rates>,
    places: Arc<Places>,
}

impl Edge {
    /// From these settings.
    pub fn new(settings: &EdgeSettings) -> Self {
        let trusted: Arc<[IpNet]> = settings.trusted_proxies.as_slice().into();
        let proxies = Arc::clone(&trusted);
        Self {
            // a proxy's connections are those of all its clients
            places: Places::new(settings.connections_per_client, move |address| contains(&proxies, address)),
            public: Names::new(&settings.public_names),
            internal: Names::new(&settings.internal_names),
            trusted,
            header: settings.forward_header,
            rates: ArcSwap::from_pointee(Rates::new(settings)),
        }
    }

    pub(crate) fn rates(&self) -> Guard<Arc<Rates>> {
        self.rates.load()
    }

    /// Lets these rates apply from now on; what was counted so far is forgotten. Names, proxies and
    /// the number of connections stay as they are.
    pub(crate) fn set_rates(&self, settings: &EdgeSettings) {
        self.rates.store(Arc::new(Rates::new(settings)));
    }

    /// How many connections one client may hold, on all listeners together.
    pub fn places(&self) -> Arc<Places> {
        Arc::clone(&self.places)
    }

    /// Whether this address is a proxy's whose word is taken.
    fn trusts(&self, address: IpAddr) -> bool {
        contains(&self.trusted, address)
    }

    /// Who asks; nobody over the operator's socket.
    pub(crate) fn client(&self, head: &RequestHead) -> Option<ClientAddress> {
        let peer = head.peer_addr?.ip().to_canonical();
        if self.trusted.is_empty() || !self.trusts(peer) {
            return Some(ClientAddress::new(peer));
        }
        Some(ClientAddress::new(forwarded::client(self.header, &head.headers, peer, |address| self.trusts(address))))
    }

    pub(crate) fn check(&self, surface: Surface, head: &RequestHead) -> Result<(), Cause> {
        // before everything else: what is wrong with a request costs an answer, too
        if matches!(surface, Surface::Public | Surface::Plain)
            && let Some(client) = self.client(head)
        {
            // this form is read first and given back with all that was typed: its narrower
            // limits come later, and the budget is apart from that of pages
            let taken = if surface == Surface::Public && is_lead(head) {
                self.rates().form(client)
            } else {
                self.rates().request(client)
            };
            taken.map_err(Cause::TooMany)?;
        }
        let size: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if size > HEAD || head.headers.len() > FIELDS {
            return Err(Cause::HeadTooLarge);
        }
        if head.uri.path_and_query().is_some_and(|path| path.as_str().len() > URI) {
            return Err(Cause::AddressTooLong);
        }
        // no text of ours has it, and databases do not agree about what follows it
        if head.uri.path_and_query().is_some_and(|path| path.as_str().contains("%00")) {
            return Err(ApiCause::Malformed("the address has a NUL in it".to_owned()).into());
        }
        // nothing here is ever decompressed, so nothing can be without bound
        if is_encoded(&head.headers) {
            return Err(Cause::MediaType);
        }
        let names = match surface {
            Surface::Public => Some(&self.public),
            Surface::Console | Surface::Api => Some(&self.internal),
            // in clear, a host leads nowhere: the redirect goes to the configured one
            Surface::Plain => None,
            // whoever may open the socket has come to the right place
            Surface::Operator => return Ok(()),
        };
        match names.map_or(Asked::Ours, |names| names.asked(head)) {
            Asked::Ours => {}
            Asked::Another => return Err(Cause::Misdirected),
            Asked::Unclear => return Err(Cause::Host),
        }
        Ok(())
    }
}

/// Whether this is `POST /c/{public_id}/leads`.
fn is_lead(head: &RequestHead) -> bool {
    let card = head.uri.path().strip_prefix("/c/").and_then(|path| path.strip_suffix("/leads"));
    head.method == Method::POST && card.is_some_and(|card| card.parse::<PublicId>().is_ok())
}

fn contains(nets: &[IpNet], address: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&address))
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Why a request is not let in; nothing when it is.
pub(crate) fn admit(surface: Surface, request: &ServiceRequest) -> Option<HttpResponse> {
    let state = request.app_data::<web::Data<AppState>>()?;
    let cause = state.edge.check(surface, request.head()).err()?;
    Some(match Visit::of(request.request(), Actor::Visitor) {
        Ok(visit) => Fault::new(&visit, cause).error_response(),
        Err(error) => error.error_response(),
    })
}
