//! `[proxy]` and `[limits]`, and the hosts that follow from the rest.

use std::net::{IpAddr, SocketAddr};

use estampe_web::{EdgeSettings, ForwardHeader};
use ipnet::IpNet;
use url::Url;

use super::Settings;
use super::check::within;

impl Settings {
    /// What the listeners hold every request against.
    pub(super) fn edge(&self) -> Result<EdgeSettings, String> {
        let trusted = self.proxy.trusted.iter().map(|text| network(text)).collect::<Result<_, _>>()?;
        let forward_header = match self.proxy.header.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => ForwardHeader::XForwardedFor,
            "forwarded" => ForwardHeader::Forwarded,
            other => {
                return Err(format!(
                    "proxy.header: \"{other}\" is not known; use \"x-forwarded-for\" or \"forwarded\""
                ));
            }
        };
        let limit = |key: &str, value| within(&format!("limits.{key}"), value, 0, 1_000_000);
        let limits = &self.limits;
        Ok(EdgeSettings {
            public_names: self.names(&self.public.origin, &self.listen.public),
            internal_names: self.names(&self.internal.origin, &self.listen.internal),
            trusted_proxies: trusted,
            forward_header,
            connections_per_client: limit("connections_per_client", limits.connections_per_client)?,
            requests_per_minute: limit("requests_per_minute", limits.requests_per_minute)?,
            leads_per_minute: limit("leads_per_minute", limits.leads_per_minute)?,
            card_leads_per_minute: limit("card_leads_per_minute", limits.card_leads_per_minute)?,
            api_requests_per_minute: limit("api_requests_per_minute", limits.api_requests_per_minute)?,
        })
    }

    /// A listener answers for its origin's host, the names of the certificate, and the
    /// one address that it listens on.
    fn names(&self, origin: &str, listen: &str) -> Vec<String> {
        let origin = Url::parse(origin).ok().and_then(|url| url.host_str().map(str::to_owned));
        let address = listen.parse().ok().map(|socket: SocketAddr| socket.ip());
        let address = address.filter(|address| !address.is_unspecified()).map(|address| address.to_string());
        self.tls.names.iter().cloned().chain(origin).chain(address).collect()
    }
}

/// A network, or an address alone.
fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("proxy.trusted: \"{text}\" is no address and no network, such as 10.0.0.5 or 10.0.0.0/24");
    let network = match text.trim().parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.trim().parse::<IpNet>().map_err(|_| wrong())?,
    };
    if network.prefix_len() == 0 {
        return Err(format!(
            "proxy.trusted: \"{text}\" is everybody: anybody could name any client; name your proxies"
        ));
    }
    Ok(network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_or_networks() {
        assert_eq!(network("10.0.0.5").unwrap().to_string(), "10.0.0.5/32");
        assert_eq!(network("::ffff:10.0.0.5").unwrap().to_string(), "10.0.0.5/32");
        assert_eq!(network(" fd00::1/64 ").unwrap().to_string(), "fd00::/64");
        for wrong in ["", "proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", "10.0.0.1-10.0.0.9"] {
            assert!(network(wrong).unwrap_err().starts_with("proxy.trusted: "), "{wrong}");
        }
    }

    #[test]
    fn a_listener_answers_for_its_own_names_alone() {
        let mut settings = Settings::default();
        settings.public.origin = "https://cards.example".into();
        settings.internal.origin = "https://console.example:9443".into();
        settings.listen.internal = "10.1.2.3:9443".into();
        settings.tls.names = vec!["spare.example".into()];
        let edge = settings.edge().unwrap();
        assert_eq!(edge.public_names, ["spare.example", "cards.example"]);
        assert_eq!(edge.internal_names, ["spare.example", "console.example", "10.1.2.3"]);
        settings.proxy.header = "X-Real-IP".into();
        assert!(settings.edge().unwrap_err().contains("proxy.header"));
        settings.proxy.header = "Forwarded".into();
        settings.limits.leads_per_minute = -1;
        assert!(settings.edge().unwrap_err().contains("limits.leads_per_minute"));
    }
}
