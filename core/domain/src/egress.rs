//! Requests that leave the house for a plugin: which addresses an item of permission
//! names, and what the port that makes them is given. Pure rules; the port does the I/O.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::credential::{Credential, Keeper};
use crate::time::Ts;

/// A request's method (RFC 9110, section 9; `PATCH` RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As it stands in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether its requests have a body (RFC 9110, section 9.3; RFC 5789).
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    /// Whether it changes nothing by definition (RFC 9110, section 9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| "a method is one of GET, HEAD, POST, PUT, PATCH, DELETE".to_owned())
    }
}

/// Which addresses are meant: an origin and a path, which is exact or, with a `*` at its
/// end, a beginning. A `*` that is a whole part of the path stands for one part, whatever it
/// is; at the end that is `*$`. The query is free.
///
/// `https://api.example.com/v1/*`, `https://*.example.com/*` (one or more labels before),
/// `https://api.example.com/users/*$`, `https://api.example.com/groups/*/members/*/$ref`, or
/// `{url}/v1/*`, where the origin and the beginning of the path are what the source's
/// configuration has under the key `url`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UrlPattern {
    base: Base,
    path: String,
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Base {
    Origin { scheme: String, any_below: bool, host: String, port: Option<u16> },
    Config(String),
}

impl UrlPattern {
    /// The key of the configuration that it takes its origin from.
    pub fn config_key(&self) -> Option<&str> {
        match &self.base {
            Base::Config(key) => Some(key),
            Base::Origin { .. } => None,
        }
    }

    /// Whether it means this address, for a source that is configured so. The address is
    /// one that [`parse_url`] let pass.
    pub fn matches(&self, url: &Url, config: &BTreeMap<String, String>) -> bool {
        match &self.base {
            Base::Origin { scheme, any_below, host, port } => {
                let there = url.host_str().unwrap_or_default();
                let host_fits = if *any_below {
                    let below = there.strip_suffix(host.as_str()).and_then(|labels| labels.strip_suffix('.'));
                    below.is_some_and(|labels| !labels.is_empty()) && url.domain().is_some()
                } else {
                    there == host
                };
                host_fits && url.scheme() == scheme && url.port() == *port && self.path_fits(url.path(), "")
            }
            Base::Config(key) => {
                let Some(Ok(base)) = config.get(key).map(|value| parse_base(value)) else { return false };
                let before = base.path().trim_end_matches('/');
                base.origin() == url.origin() && self.path_fits(url.path(), before)
            }
        }
    }

    fn path_fits(&self, path: &str, before: &str) -> bool {
        let mut texts = self.path.split('*');
        let first = texts.next().unwrap_or_default();
        let mut rest = path.strip_prefix(before).and_then(|rest| rest.strip_prefix(first));
        // between two texts stands one part
        for text in texts {
            rest = rest.and_then(|rest| {
                let (part, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                if is_one_part(part) { after.strip_prefix(text) } else { None }
            });
        }
        rest.is_some_and(|rest| self.open || rest.is_empty())
    }
}

/// Whether a part of a path stays one for a server that decodes it.
fn is_one_part(part: &str) -> bool {
    !part.is_empty() && !percent_decoded(part).contains(['/', '\\'])
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.base {
            Base::Config(key) => write!(f, "{{{key}}}")?,
            Base::Origin { scheme, any_below, host, port } => {
                write!(f, "{scheme}://{}{host}", if *any_below { "*." } else { "" })?;
                if let Some(port) = port {
                    write!(f, ":{port}")?;
                }
            }
        }
        let end = if self.open {
            "*"
        } else if self.path.ends_with('*') {
            "$"
        } else {
            ""
        };
        write!(f, "{}{end}", self.path)
    }
}

impl FromStr for UrlPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (text, open) = match (text.strip_suffix("*$"), text.strip_suffix('*')) {
            (Some(_), _) => (text.strip_suffix('$').unwrap_or(text), false),
            (None, Some(text)) => (text, true),
            (None, None) => (text, false),
        };
        if let Some(rest) = text.strip_prefix('{') {
            let (key, path) = rest.split_once('}').ok_or("the key of the configuration ends with }")?;
            if !path.starts_with('/') || key.is_empty() {
                return Err("after {key} stands a path: {url}/v1/*".to_owned());
            }
            let url = parse_url(&format!("https://host.invalid{path}")).map_err(|why| format!("its path {why}"))?;
            exact(path, url.path(), &url)?;
            return Ok(Self { base: Base::Config(key.to_owned()), path: path.to_owned(), open });
        }
        let (scheme, rest) = text.split_once("://").ok_or("an address begins with https:// or {key}/")?;
        let (any_below, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let url = parse_url(&format!("{scheme}://{rest}")).map_err(|why| format!("the address {why}"))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        if any_below && (url.domain().is_none() || !host.contains('.')) {
            return Err("*. stands before a domain of two labels or more".to_owned());
        }
        exact(
            rest,
            &format!("{host}{}{}", url.port().map(|port| format!(":{port}")).unwrap_or_default(), url.path()),
            &url,
        )?;
        let port = url.port();
        let base = Base::Origin { scheme: url.scheme().to_owned(), any_below, host, port };
        Ok(Self { base, path: url.path().to_owned(), open })
    }
}

/// A pattern is written as it is meant: nothing of it may change when it is read.
fn exact(written: &str, read: &str, url: &Url) -> Result<(), String> {
    if url.query().is_some() {
        return Err("a pattern has no query: it is free".to_owned());
    }
    // what comes before the first slash is a host, where a * has no place
    if written.split('/').enumerate().any(|(at, part)| part.contains('*') && (at == 0 || part != "*")) {
        return Err("a * stands at the end, for a whole part of the path, or before the host as *.".to_owned());
    }
    if written == read { Ok(()) } else { Err(format!("write it as it is meant: {read}")) }
}

impl Serialize for UrlPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UrlPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Octets of an address.
const MAX_URL: usize = 8_192;

/// Reads an address that a plugin asks for. What two readers could understand differently
/// is refused; the error goes on after "the address".
pub fn parse_url(text: &str) -> Result<Url, String> {
    if text.len() > MAX_URL {
        return Err(format!("is longer than {MAX_URL} octets"));
    }
    // the URL standard drops some of these and turns others into slashes
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("holds a space, a backslash or a control character".to_owned());
    }
    let url = Url::parse(text).map_err(|error| format!("cannot be read: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err("is not of https or http".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err("holds a user or password".to_owned());
    }
    if url.fragment().is_some() {
        return Err("holds a fragment".to_owned());
    }
    match url.host() {
        Some(Host::Domain(name)) if name.ends_with('.') => return Err("has a host that ends with a dot".to_owned()),
        Some(_) => {}
        None => return Err("has no host".to_owned()),
    }
    // a server that decodes before it looks would leave the path that was checked
    let decoded = percent_decoded(url.path());
    // and some take what stands behind a semicolon for a parameter, before they resolve dots
    let is_dots = |part: &str| matches!(part.split(';').next(), Some("." | ".."));
    if decoded.split(['/', '\\']).any(is_dots) || decoded.contains('\0') {
        return Err("has a path that leads elsewhere once it is decoded".to_owned());
    }
    Ok(url)
}

/// The address of a service that a configuration names: with no query.
pub fn parse_base(text: &str) -> Result<Url, String> {
    let url = parse_url(text.trim())?;
    if url.query().is_some() { Err("has a query".to_owned()) } else { Ok(url) }
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Decoded until nothing changes: a double encoding hides nothing.
fn percent_decoded(path: &str) -> String {
    let mut text = path.to_owned();
    loop {
        let mut octets = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let decoded = (*first == b'%')
                .then(|| after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()))
                .flatten();
            octets.push(decoded.unwrap_or(*first));
            rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
        }
        let next = String::from_utf8_lossy(&octets).into_owned();
        if next == text {
            return text;
        }
        text = next;
    }
}

/// A request, allowed and ready to be made.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// Its method.
    pub method: Method,
    /// Where it goes: read by [`parse_url`] and granted.
    pub url: Url,
    /// Headers that the plugin set, already looked at.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Option<Vec<u8>>,
    /// What the host attaches.
    pub credential: Option<Attached>,
    /// Networks that may be reached though they are not public.
    pub networks: Vec<IpNet>,
    /// Octets of the answer's body that are taken; more is a failure.
    pub max_response: usize,
    /// Time for all of it.
    pub timeout: Duration,
}

/// A credential for one request.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The name that the plugin used.
    pub name: String,
    /// What it is.
    pub credential: Credential,
    /// On whose behalf, where it can act for others (the `sub` of RFC 7523).
    pub subject: Option<String>,
    /// Where a refresh token is kept that takes the place of this one's.
    pub keeper: Keeper,
    /// Where a token is given back (RFC 7009).
    pub revoke_url: Option<Url>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// RFC 9110, section 15.
    pub status: u16,
    /// In order; values that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// Decoded of its transfer coding.
    pub body: Vec<u8>,
    /// When the certificate of the other side ends, where it showed one.
    pub certificate_until: Option<Ts>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> UrlPattern {
        text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn a_pattern_means_its_origin_and_path_alone() {
        let config = BTreeMap::from([("url".to_owned(), "https://dir.bank.example:8443/scim/".to_owned())]);
        for (written, there, meant) in [
            ("https://a.example/v1/*", "https://a.example/v1/users?x=1", true),
            ("https://a.example/v1/*", "https://a.example:443/v1/", true),
            ("https://a.example/v1/*", "https://a.example/v1", false),
            ("https://a.example/v1/*", "http://a.example/v1/users", false),
            ("https://a.example/v1/*", "https://a.example:8443/v1/users", false),
            ("https://a.example/v1/*", "https://b.a.example/v1/users", false),
            ("https://a.example/v1/*", "https://a.example/v1/../v2", false),
            ("https://a.example/v1", "https://a.example/v1", true),
            ("https://a.example/v1", "https://a.example/v1x", false),
            ("https://a.example/v1", "https://A.example/v1", true),
            ("https://a.example/users/*$", "https://a.example/users/1?x=/", true),
            ("https://a.example/users/*$", "https://a.example/users/", false),
            ("https://a.example/users/*$", "https://a.example/users", false),
            ("https://a.example/users/*$", "https://a.example/users/1/", false),
            ("https://a.example/users/*$", "https://a.example/users/1/authentication/methods", false),
            ("https://a.example/users/*$", "https://a.example/users/1%2fauthentication", false),
            ("https://a.example/users/*$", "https://a.example/users/1%252fauthentication", false),
            ("https://a.example/users/*$", "https://a.example/users/1%5cauthentication", false),
            ("https://a.example/groups/*/members/*/$ref", "https://a.example/groups/1/members/2/$ref", true),
            ("https://a.example/groups/*/members/*/$ref", "https://a.example/groups/1/members/2", false),
            ("https://a.example/groups/*/members/*/$ref", "https://a.example/groups/1/members/2/%24ref", false),
            ("https://a.example/groups/*/members/*/$ref", "https://a.example/groups/1/members/2/3/$ref", false),
            ("https://a.example/groups/*/members/*/$ref", "https://a.example/groups/1/members//$ref", false),
            ("https://a.example/groups/*/members/*/$ref", "https://a.example/groups/1/members/2/$ref/", false),
            ("https://a.example/groups/*/*", "https://a.example/groups/1/members/2", true),
            ("{url}/v2/Users/*$", "https://dir.bank.example:8443/scim/v2/Users/7", true),
            ("{url}/v2/Users/*$", "https://dir.bank.example:8443/scim/v2/Users/7/x", false),
            ("https://*.a.example/*", "https://b.c.a.example/", true),
            ("https://*.a.example/*", "https://a.example/", false),
            ("https://*.a.example/*", "https://ba.example/", false),
            ("{url}/v2/*", "https://dir.bank.example:8443/scim/v2/Users", true),
            ("{url}/v2/*", "https://dir.bank.example:8443/v2/Users", false),
            ("{url}/v2/*", "https://dir.bank.example/scim/v2/Users", false),
            ("{other}/v2/*", "https://dir.bank.example:8443/scim/v2/Users", false),
        ] {
            let url = parse_url(there).unwrap();
            assert_eq!(pattern(written).matches(&url, &config), meant, "{written} {there}");
        }
    }

    #[test]
    fn addresses_that_hide_something_are_refused() {
        for text in [
            "https://good.example@evil.example/",
            "https://good.example:x@evil.example/",
            "https://@evil.example/",
            "https://a.example\\@evil.example/",
            "https://a.example/ b",
            "https://a.example/\u{7f}",
            "https://a.example/#x",
            "https://a.example./",
            "https://a.example/v1/%2e%2e%2fadmin",
            "https://a.example/v1/..;/admin",
            "https://a.example/v1/%2e%2e%3bx=1/admin",
            "https://a.example/v1/..%2fadmin",
            "https://a.example/v1/%252e%252e/admin",
            "https://a.example/v1/..%5cadmin",
            "https://a.example/%00",
            "ftp://a.example/",
            "file:///etc/passwd",
            "//a.example/",
            "a.example",
            "https://",
        ] {
            assert!(parse_url(text).is_err(), "{text}");
        }
        // every way to write an address is that address
        for text in ["http://0x7f.1/", "http://2130706433/", "http://127.1/", "http://0177.0.0.1/"] {
            assert_eq!(parse_url(text).unwrap().host_str(), Some("127.0.0.1"), "{text}");
        }
    }

    #[test]
    fn a_pattern_is_written_as_it_is_meant() {
        for text in [
            "https://a.example",
            "https://A.example/",
            "https://a.example:443/",
            "https://a.example/a/../b",
            "https://a.example/a*/b",
            "https://a.example/a*$",
            "https://a.example/**/b",
            "{url}/*b/c",
            "https://*/",
            "https://*.example/*",
            "https://a.*.example/",
            "https://a.example/?q=*",
            "ftp://a.example/",
            "{url}",
            "{url/v1",
            "{}/v1",
            "{url}/a/../b",
        ] {
            assert!(text.parse::<UrlPattern>().is_err(), "{text}");
        }
    }
}
