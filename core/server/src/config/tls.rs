//! What the configuration says of certificates: names, files, ACME, the plain listener.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use estampe_adapters::AcmeSettings;
use estampe_domain::text::Email;
use rustls_pki_types::DnsName;
use url::Url;

use super::Settings;
use super::check::address;

/// Where the certificate of both listeners comes from.
#[derive(Clone)]
pub enum TlsSource {
    /// Our own CA, for these names, sorted.
    Local { names: Vec<Name> },
    /// PEM files.
    Files { certificate: PathBuf, key: PathBuf },
}

/// Where the public listener's certificate comes from besides.
#[derive(Clone)]
pub struct AcmeSource {
    pub settings: AcmeSettings,
    /// Names of the certificate, sorted.
    pub names: Vec<String>,
}

/// A name that a certificate is for. `*.` may stand before a DNS name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Dns(String),
    Address(IpAddr),
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        let name = text.to_ascii_lowercase();
        match DnsName::try_from(name.strip_prefix("*.").unwrap_or(&name)) {
            Ok(_) => Ok(Self::Dns(name)),
            Err(_) => Err(format!("\"{text}\" is neither a host name (cards.example.com) nor an address (192.0.2.7)")),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl Settings {
    pub(super) fn tls(&self, public_origin: Option<&str>, internal_origin: Option<&str>) -> Result<TlsSource, String> {
        let (certificate, key) = (&self.tls.certificate_file, &self.tls.key_file);
        match (certificate.is_empty(), key.is_empty()) {
            (false, false) => Ok(TlsSource::Files { certificate: certificate.into(), key: key.into() }),
            (true, true) => {
                let mut names = self.tls_names()?;
                names.extend([public_origin, internal_origin].into_iter().flatten().filter_map(host));
                names.extend([
                    Name::Address([127, 0, 0, 1].into()),
                    Name::Address(std::net::Ipv6Addr::LOCALHOST.into()),
                ]);
                names.sort();
                names.dedup();
                Ok(TlsSource::Local { names })
            }
            (false, true) => {
                Err("tls.certificate_file is set without tls.key_file: set both, or neither for a local CA".into())
            }
            (true, false) => {
                Err("tls.key_file is set without tls.certificate_file: set both, or neither for a local CA".into())
            }
        }
    }

    fn tls_names(&self) -> Result<Vec<Name>, String> {
        self.tls.names.iter().map(|name| name.parse::<Name>().map_err(|e| format!("tls.names: {e}"))).collect()
    }

    pub(super) fn tls12(&self) -> Result<bool, String> {
        match self.tls.min_version.as_str() {
            "1.3" => Ok(false),
            "1.2" => Ok(true),
            other => Err(format!("tls.min_version: \"{other}\" is not known; use \"1.3\" or \"1.2\"")),
        }
    }

    /// The plain listener, where it is wanted.
    pub(super) fn http(
        &self,
        public: Option<SocketAddr>,
        internal: Option<SocketAddr>,
    ) -> Result<Option<SocketAddr>, String> {
        if self.listen.http.is_empty() {
            return Ok(None);
        }
        let http = address("listen.http", &self.listen.http)?;
        let same = |other: SocketAddr| {
            http.port() == other.port()
                && http.port() != 0
                && (http.ip() == other.ip() || http.ip().is_unspecified() || other.ip().is_unspecified())
        };
        if [public, internal].into_iter().flatten().any(same) {
            return Err(format!(
                "listen.http is on port {} like another listener: what is encrypted and what is not need ports of their own",
                http.port()
            ));
        }
        Ok(Some(http))
    }

    pub(super) fn acme(&self, public_origin: Option<&str>) -> Result<Option<AcmeSource>, String> {
        let acme = &self.acme;
        if acme.directory.is_empty() {
            let set = [("contact", !acme.contact.is_empty()), ("ca_file", !acme.ca_file.is_empty())];
            return match set.iter().find(|(_, set)| *set) {
                Some((key, _)) => {
                    Err(format!("acme.{key} is set, but acme.directory is empty: set the directory, or remove it"))
                }
                None => Ok(None),
            };
        }
        let directory = Url::parse(&acme.directory).ok().filter(|url| url.scheme() == "https" && url.has_host());
        let directory = directory.ok_or_else(|| {
            format!(
                "acme.directory: \"{}\" is no https:// address; Let's Encrypt's is https://acme-v02.api.letsencrypt.org/directory",
                acme.directory
            )
        })?;
        if !acme.agree_to_terms {
            return Err(
                "acme.agree_to_terms is false: read the ACME server's terms of service, then set it to true".into()
            );
        }
        if self.listen.http.is_empty() {
            return Err("acme.directory is set, but listen.http is empty: the ACME server asks by plain HTTP; set it to \"0.0.0.0:80\", or to the port that your firewall leads port 80 to".into());
        }
        let contact = match acme.contact.trim() {
            "" => Vec::new(),
            text => {
                let address: Email = text
                    .strip_prefix("mailto:")
                    .unwrap_or(text)
                    .parse()
                    .map_err(|e| format!("acme.contact: {e}; give an e-mail address"))?;
                vec![format!("mailto:{address}")]
            }
        };
        let ca_file = match acme.ca_file.as_str() {
            "" => None,
            path => {
                std::fs::File::open(path).map_err(|e| format!("acme.ca_file: {path}: {e}"))?;
                Some(PathBuf::from(path))
            }
        };
        // a wrong origin has its own message
        let names = public_origin.map_or(Ok(Vec::new()), |origin| self.acme_names(origin))?;
        Ok(Some(AcmeSource { settings: AcmeSettings { directory: directory.into(), contact, ca_file }, names }))
    }

    /// The public origin's host, and those of `tls.names` that somebody outside could know.
    fn acme_names(&self, public_origin: &str) -> Result<Vec<String>, String> {
        let public = match host(public_origin) {
            Some(Name::Dns(name)) if !is_localhost(&name) => name,
            _ => {
                return Err(format!(
                    "acme.directory is set, but public.origin is {public_origin}: an ACME server signs for names that it can reach"
                ));
            }
        };
        let mut names = vec![public];
        for name in self.tls_names()? {
            match name {
                Name::Dns(name) if name.starts_with("*.") => {
                    return Err(format!(
                        "tls.names: {name} cannot be proved to an ACME server by http-01; name each host"
                    ));
                }
                Name::Dns(name) if !is_localhost(&name) => names.push(name),
                _ => {}
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

fn host(origin: &str) -> Option<Name> {
    Url::parse(origin).ok()?.host_str()?.trim_matches(['[', ']']).parse().ok()
}
