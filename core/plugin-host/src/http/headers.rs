//! Headers that a plugin wants to send: bounded, one line each, none that is the host's.

use estampe_domain::plugin::{FailKind, PluginFailure};

use crate::text::clean;

/// Headers of one request.
const MAX_HEADERS: usize = 64;
/// Octets of all of them.
const MAX_OCTETS: usize = 64 << 10;

/// Who asks, where a message ends and where it goes is the host's to say; so are the headers
/// by which some services take another method or path than the request's own.
const OF_THE_HOST: &[&str] = &[
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
    "x-original-url",
    "x-rewrite-url",
];

/// The same headers, when they may be sent; else `denied`, or `limit` when there are too
/// many.
pub fn checked(headers: Vec<(String, String)>) -> Result<Vec<(String, String)>, PluginFailure> {
    let octets: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || octets > MAX_OCTETS {
        let message = format!("a request has at most {MAX_HEADERS} headers and {} KiB of them", MAX_OCTETS >> 10);
        return Err(PluginFailure::new(FailKind::Limit, message));
    }
    for (name, value) in &headers {
        let shown = clean(name, 64);
        let denied = |why: &str| Err(PluginFailure::new(FailKind::Denied, format!("the header \"{shown}\" {why}")));
        if name.is_empty() || !name.bytes().all(is_token) {
            return denied("has a name that no header may have (RFC 9110, section 5.1)");
        }
        if OF_THE_HOST.iter().any(|host| name.eq_ignore_ascii_case(host)) {
            return denied("is set by the host alone; leave it out");
        }
        if !value.bytes().all(|octet| matches!(octet, b' '..=b'~' | b'\t')) {
            return denied("has a value with line breaks, control characters or more than ASCII");
        }
    }
    Ok(headers)
}

/// RFC 9110, section 5.6.2.
fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_smuggled_in_a_header() {
        let one = |name: &str, value: &str| checked(vec![(name.to_owned(), value.to_owned())]);
        for (name, value) in [("accept", "application/json"), ("X-Trace_1", "a\tb"), ("if-none-match", "\"x\"")] {
            assert!(one(name, value).is_ok(), "{name}");
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a:b", "x"),
            ("a\r\nhost", "x"),
            ("é", "x"),
            ("x", "a\r\nauthorization: y"),
            ("x", "a\nb"),
            ("x", "a\rb"),
            ("x", "a\0b"),
            ("x", "\u{7f}"),
            ("x", "é"),
            ("Authorization", "Bearer x"),
            ("PROXY-AUTHORIZATION", "x"),
            ("Cookie", "x"),
            ("hOst", "x"),
            ("Content-Length", "0"),
            ("connection", "close"),
            ("Transfer-Encoding", "chunked"),
            ("TE", "trailers"),
            ("trailer", "x"),
            ("upgrade", "x"),
            ("expect", "100-continue"),
            ("accept-encoding", "gzip"),
        ] {
            assert_eq!(one(name, value).unwrap_err().kind, FailKind::Denied, "{name:?} {value:?}");
        }
        let many = vec![("a".to_owned(), String::new()); MAX_HEADERS + 1];
        assert_eq!(checked(many).unwrap_err().kind, FailKind::Limit);
        assert_eq!(one("a", &"x".repeat(MAX_OCTETS)).unwrap_err().kind, FailKind::Limit);
    }
}
