//! What trusted proxies say of the client: `X-Forwarded-For`, or RFC 7239.
//!
//! Each proxy appends the address that it saw. So the list is read from its end, and
//! only as long as each word comes from a proxy that is trusted: what stands further
//! left may be the client's own invention.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};

/// In which header trusted proxies name the client. Exactly one is read: a proxy that
/// sets one of them lets the other pass as the client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardHeader {
    /// `X-Forwarded-For: client, proxy`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy` (RFC 7239)
    Forwarded,
}

impl ForwardHeader {
    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        }
    }
}

/// The right-most address that is not itself trusted. Where the list ends or cannot be
/// read, it is the last address known: that of the proxy which said so.
pub(super) fn client(
    header: ForwardHeader,
    headers: &HeaderMap,
    peer: IpAddr,
    trusts: impl Fn(IpAddr) -> bool,
) -> IpAddr {
    let lines: Vec<_> = headers.get_all(header.name()).collect();
    let mut known = peer;
    for line in lines.into_iter().rev() {
        // a line of bytes that are no text may hide an entry: nothing left of it counts
        let Ok(line) = line.to_str() else { return known };
        for entry in elements(line, ',').into_iter().rev() {
            let said = match header {
                ForwardHeader::XForwardedFor => address(entry.trim()),
                ForwardHeader::Forwarded => forwarded_for(entry),
            };
            let Some(said) = said else { return known };
            known = said;
            if !trusts(known) {
                return known;
            }
        }
    }
    known
}

/// The parts of a list; a separator within quotes is text (RFC 9110, 5.6.4).
fn elements(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                parts.extend(text.get(start..at));
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// The `for` of one element of RFC 7239.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = elements(element, ';').into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    });
    let value = found.next()?;
    // twice in one element is not allowed (section 4): whose word would that be?
    if found.next().is_some() {
        return None;
    }
    let value = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?.replace('\\', ""),
        None => value.to_owned(),
    };
    address(&value)
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`,
/// `[2001:db8::1]`, `[2001:db8::1]:80`. `unknown` and `_hidden` are none.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    parsed.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    /// 10.0.0.0/8 and fd00::/8 are the proxies'.
    fn trusts(address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => address.octets()[0] == 10,
            IpAddr::V6(address) => address.octets()[0] == 0xfd,
        }
    }

    fn asked(header: ForwardHeader, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header.name(), HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        client(header, &headers, "10.0.0.1".parse().unwrap(), trusts).to_string()
    }

    #[test]
    fn the_right_most_address_that_is_not_a_proxy_asks() {
        let of = |lines: &[&str]| asked(ForwardHeader::XForwardedFor, lines);
        assert_eq!(of(&[]), "10.0.0.1");
        assert_eq!(of(&["192.0.2.7"]), "192.0.2.7");
        assert_eq!(of(&["1.1.1.1, 192.0.2.7, 10.2.3.4"]), "192.0.2.7");
        assert_eq!(of(&["1.1.1.1", "192.0.2.7", "10.2.3.4"]), "192.0.2.7");
        assert_eq!(of(&["1.1.1.1, ::ffff:192.0.2.7"]), "192.0.2.7");
        assert_eq!(of(&["192.0.2.7:4711"]), "192.0.2.7");
        assert_eq!(of(&["[2001:db8::7]:4711,fd00::1"]), "2001:db8::7");
        // what cannot be read hides what stands before it
        assert_eq!(of(&["1.1.1.1, unknown"]), "10.0.0.1");
        assert_eq!(of(&["1.1.1.1, , 10.2.3.4"]), "10.2.3.4");
        assert_eq!(of(&["10.9.9.9, 10.2.3.4"]), "10.9.9.9");
    }

    #[test]
    fn rfc_7239_is_read_with_its_quotes() {
        let of = |lines: &[&str]| asked(ForwardHeader::Forwarded, lines);
        assert_eq!(of(&["for=192.0.2.60;proto=http;by=10.0.0.43"]), "192.0.2.60");
        assert_eq!(of(&["For=\"[2001:db8:cafe::17]:4711\""]), "2001:db8:cafe::17");
        assert_eq!(of(&["for=1.1.1.1, for=192.0.2.43;host=\"a,for=2.2.2.2\", for=10.1.1.1"]), "192.0.2.43");
        assert_eq!(of(&["for=1.1.1.1, for=_hidden"]), "10.0.0.1");
        assert_eq!(of(&["for=1.1.1.1, for=2.2.2.2;for=3.3.3.3"]), "10.0.0.1");
        assert_eq!(of(&["for=1.1.1.1, for=\"2.2.2.2"]), "10.0.0.1");
        assert_eq!(of(&["proto=https"]), "10.0.0.1");
    }

    fn addresses(proxies: bool) -> impl Strategy<Value = IpAddr> {
        prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
            .prop_map(move |address| match (address.to_canonical(), proxies) {
                (IpAddr::V4(address), true) => IpAddr::from([10, address.octets()[1], address.octets()[2], 1]),
                (IpAddr::V6(address), true) => {
                    let mut octets = address.octets();
                    octets[0] = 0xfd;
                    IpAddr::from(octets)
                }
                (address, false) => address,
            })
            .prop_filter("its side", move |address| trusts(*address) == proxies)
    }

    fn written(header: ForwardHeader, address: IpAddr, port: Option<u16>) -> String {
        let text = match (address, port) {
            (_, Some(port)) => SocketAddr::new(address, port).to_string(),
            (IpAddr::V6(_), None) => format!("[{address}]"),
            (IpAddr::V4(_), None) => address.to_string(),
        };
        match header {
            ForwardHeader::XForwardedFor => text,
            ForwardHeader::Forwarded => format!("by=_x;For=\"{text}\";proto=https"),
        }
    }

    proptest! {
        /// Whatever the client sent itself, in however many lines: the proxies' word holds.
        #[test]
        fn nothing_that_a_client_invents_moves_its_address(
            invented in proptest::collection::vec("[ -~\\t]{0,40}", 0..4),
            is_forwarded: bool,
            true_client in addresses(false),
            port in proptest::option::of(any::<u16>()),
            proxies in proptest::collection::vec(addresses(true), 0..4),
            split: bool,
        ) {
            let header = if is_forwarded { ForwardHeader::Forwarded } else { ForwardHeader::XForwardedFor };
            let chain: Vec<_> =
                std::iter::once(true_client).chain(proxies).map(|address| written(header, address, port)).collect();
            let mut lines = invented;
            if split {
                lines.extend(chain);
            } else {
                lines.push(chain.join(", "));
            }
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            prop_assert_eq!(asked(header, &lines), true_client.to_string());
        }

        /// No bytes make it fail, and it never gives what nobody said.
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..80), is_forwarded: bool) {
            let header = if is_forwarded { ForwardHeader::Forwarded } else { ForwardHeader::XForwardedFor };
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            let mut headers = HeaderMap::new();
            headers.append(header.name(), value);
            let peer: IpAddr = "10.0.0.1".parse().unwrap();
            let found = client(header, &headers, peer, trusts);
            let text = String::from_utf8_lossy(&bytes);
            let said = |entry: &str| [address(entry.trim()), forwarded_for(entry)].contains(&Some(found));
            prop_assert!(found == peer || elements(&text, ',').into_iter().any(said));
        }
    }
}
