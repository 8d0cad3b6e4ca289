//! For which host a request is meant. Only the hosts of the configuration and loopback
//! are served, so that no name of somebody else can be pointed at a listener.

use std::net::IpAddr;

use actix_web::dev::RequestHead;
use actix_web::http::header::HOST;

/// What a listener answers for. The port does not count: behind a proxy it is another.
pub(super) struct Names {
    names: Vec<String>,
    addresses: Vec<IpAddr>,
}

/// Whom a request asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Ours,
    Another,
    /// Nobody, two, or nothing that is a host.
    Unclear,
}

/// A host of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl Names {
    /// These, besides loopback.
    pub(super) fn new(names: &[String]) -> Self {
        let (mut known, mut addresses) = (Vec::new(), Vec::new());
        for name in names {
            match name.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(address) => addresses.push(address.to_canonical()),
                Err(_) => known.push(name.trim_end_matches('.').to_ascii_lowercase()),
            }
        }
        Self { names: known, addresses }
    }

    /// HTTP/1.1: exactly one `Host`; HTTP/2: `:authority`, or `Host` in its place. An
    /// address in full (RFC 9112, 3.2.2) must not contradict it.
    pub(super) fn asked(&self, head: &RequestHead) -> Asked {
        let authority = head.uri.authority().map(actix_web::http::uri::Authority::as_str);
        let mut given = head.headers.get_all(HOST);
        let (header, second) = (given.next(), given.next());
        if second.is_some() {
            return Asked::Unclear;
        }
        let header = match header.map(|value| value.to_str()) {
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => return Asked::Unclear,
            None => None,
        };
        let text = match (authority, header) {
            (Some(authority), Some(header)) if !authority.eq_ignore_ascii_case(header) => return Asked::Unclear,
            (Some(text), _) | (None, Some(text)) => text,
            (None, None) => return Asked::Unclear,
        };
        match host(text) {
            None => Asked::Unclear,
            Some(host) if self.has(host) => Asked::Ours,
            Some(_) => Asked::Another,
        }
    }

    fn has(&self, host: Host<'_>) -> bool {
        match host {
            Host::Name(name) => {
                name.eq_ignore_ascii_case("localhost")
                    || self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
            }
            Host::Address(address) => address.is_loopback() || self.addresses.contains(&address),
        }
    }
}

/// A host without its port (RFC 9110, 7.2); none for what is no host.
fn host(text: &str) -> Option<Host<'_>> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let address = IpAddr::V6(address.parse().ok()?).to_canonical();
        (Host::Address(address), if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
        let host = match name.parse() {
            Ok(address) => Host::Address(IpAddr::V4(address)),
            Err(_) => Host::Name(name.strip_suffix('.').unwrap_or(name)),
        };
        (host, port)
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return None;
    }
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    };
    match host {
        Host::Name(name) if !is_name(name) => None,
        host => Some(host),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    fn names() -> Names {
        Names::new(&["Cards.Example".into(), "203.0.113.9".into(), "[2001:db8::9]".into()])
    }

    fn asked(uri: &str, hosts: &[&str]) -> Asked {
        let mut request = TestRequest::with_uri(uri);
        for host in hosts {
            request = request.append_header((HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap()));
        }
        let request = request.to_http_request();
        names().asked(request.head())
    }

    #[test]
    fn configured_hosts_and_loopback_are_ours_by_any_port() {
        for host in [
            "cards.example",
            "CARDS.EXAMPLE",
            "cards.example.",
            "cards.example:8443",
            "203.0.113.9",
            "203.0.113.9:1",
            "[2001:db8::9]",
            "[2001:DB8:0::9]:443",
            "localhost",
            "localhost:9443",
            "127.0.0.1",
            "127.8.8.8",
            "[::1]:8443",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(asked("/", &[host]), Asked::Ours, "{host}");
        }
        for host in
            ["evil.example", "cards.example.evil.example", "xcards.example", "203.0.113.8", "[2001:db8::8]", "0.0.0.0"]
        {
            assert_eq!(asked("/", &[host]), Asked::Another, "{host}");
        }
    }

    #[test]
    fn what_is_missing_double_or_garbled_is_unclear() {
        assert_eq!(asked("/", &[]), Asked::Unclear);
        assert_eq!(asked("/", &["cards.example", "cards.example"]), Asked::Unclear);
        for host in [
            "",
            ":443",
            "cards.example:",
            "cards.example:x",
            "cards.example:+1",
            "cards.example:65536",
            "a b",
            "a@cards.example",
            "cards.example/x",
            "[::1",
            "[::1]x",
            "[cards.example]",
            "::1",
            "cards.example,evil.example",
            "é.example",
            "<script>",
        ] {
            assert_eq!(asked("/", &[host]), Asked::Unclear, "{host}");
        }
    }

    #[test]
    fn an_address_in_full_must_not_contradict_the_header() {
        assert_eq!(asked("https://cards.example/c/x", &[]), Asked::Ours);
        assert_eq!(asked("https://cards.example/c/x", &["Cards.example"]), Asked::Ours);
        assert_eq!(asked("https://evil.example/c/x", &["cards.example"]), Asked::Unclear);
        assert_eq!(asked("https://cards.example/c/x", &["evil.example"]), Asked::Unclear);
        assert_eq!(asked("https://evil.example/c/x", &["evil.example"]), Asked::Another);
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_ours_that_does_not_hold_our_name(text in "[ -~]{0,60}") {
            if names().has(host(&text).unwrap_or(Host::Name(""))) {
                let text = text.to_ascii_lowercase();
                prop_assert!(["cards.example", "localhost", "127.", "203.0.113.9", ":"].iter().any(|ours| text.contains(ours)));
            }
        }
    }
}
