//! Who asks, as an address.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::error::ErrorInternalServerError;
use actix_web::{FromRequest, HttpRequest, web};

use crate::state::AppState;

/// The address of who asks: the peer's, or what a trusted proxy said of it. Addresses
/// of IPv4 written as IPv6 (RFC 4291, 2.5.5.2) are those of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// This address, in its one spelling.
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// What counts as one client: an address of IPv4, or a /64 of IPv6, which is what
    /// one household or host is given.
    pub fn unit(self) -> u128 {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX),
        }
    }
}

impl FromRequest for ClientAddress {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<AppState>>();
        let client = state.and_then(|state| state.edge.client(request.head()));
        ready(client.ok_or_else(|| ErrorInternalServerError("no client address")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> u128 {
        ClientAddress::new(text.parse().unwrap()).unit()
    }

    #[test]
    fn one_client_is_an_address_or_a_network_of_64_bits() {
        assert_eq!(ClientAddress::new("::ffff:192.0.2.1".parse().unwrap()).ip().to_string(), "192.0.2.1");
        assert_eq!(unit("::ffff:192.0.2.1"), unit("192.0.2.1"));
        assert_ne!(unit("192.0.2.1"), unit("192.0.2.2"));
        assert_eq!(unit("2001:db8:0:1::1"), unit("2001:db8:0:1:ffff::2"));
        assert_ne!(unit("2001:db8:0:1::1"), unit("2001:db8:0:2::1"));
    }
}
