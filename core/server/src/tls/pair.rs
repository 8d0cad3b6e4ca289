//! A certificate with its key, read together and checked to be of use.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use estampe_domain::Ts;
use rustls::InconsistentKeys;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::config::Name;

/// A certificate, what stands between it and its root, and its key.
pub struct Pair {
    /// What rustls serves.
    pub served: Arc<CertifiedKey>,
    /// What the leaf says of itself.
    pub leaf: Leaf,
}

/// What a leaf says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Sorted. Names of other kinds (e-mail addresses) are left out.
    pub names: Vec<Name>,
    pub not_before: Ts,
    pub not_after: Ts,
    /// SHA-256 of its DER, as people compare it.
    pub fingerprint: String,
}

impl Pair {
    /// Reads both files, which may be one. Refused: what cannot be parsed, an authority's
    /// certificate, a key of another certificate.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|e| format!("{}: {e}", certificate.display()))?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| match e {
            rustls_pki_types::pem::Error::NoItemsFound => format!("{}: there is no private key in it", key.display()),
            other => format!("{}: {other}", key.display()),
        })?;
        Self::new(chain, secret, certificate.display(), key.display())
    }

    /// The same, of text.
    pub fn of_pem(chain: &str, key: &str) -> Result<Self, String> {
        let certificates = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
        let secret = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|e| format!("the key: {e}"))?;
        Self::new(certificates.map_err(|e| format!("the certificate: {e}"))?, secret, "the certificate", "the key")
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        secret: PrivateKeyDer<'static>,
        certificate: impl Display,
        key: impl Display,
    ) -> Result<Self, String> {
        let first = chain.first().ok_or_else(|| format!("{certificate}: there is no certificate in it"))?;
        let leaf = Leaf::of(first, &certificate)?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let served = CertifiedKey::from_der(chain, secret, &provider).map_err(|e| match e {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                format!("{key}: the key is not the one of the certificate {certificate}")
            }
            other => format!("{key}: {other}"),
        })?;
        Ok(Self { served: Arc::new(served), leaf })
    }

    /// Refuses what clients would refuse for its dates.
    pub fn usable(&self, now: Ts) -> Result<(), String> {
        let day = |at: Ts| at.timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string();
        if self.leaf.not_after <= now {
            return Err(format!("the certificate ended on {}", day(self.leaf.not_after)));
        }
        // clocks differ: a minute is nobody's mistake
        if self.leaf.not_before > now.plus_seconds(60) {
            return Err(format!("the certificate begins on {} only", day(self.leaf.not_before)));
        }
        Ok(())
    }
}

impl Leaf {
    fn of(der: &CertificateDer<'_>, place: impl Display) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|e| format!("{place}: {e}"))?;
        if certificate.is_ca() {
            return Err(format!(
                "{place}: the first certificate is an authority's (CA:TRUE), which no browser takes for a server's; put the server's own first"
            ));
        }
        let alternative = certificate.subject_alternative_name().map_err(|e| format!("{place}: {e}"))?;
        let mut names: Vec<Name> =
            alternative.iter().flat_map(|found| &found.value.general_names).filter_map(name).collect();
        names.sort();
        let at = |time: x509_parser::time::ASN1Time| Ts::from_micros(time.timestamp().saturating_mul(1_000_000));
        let validity = certificate.validity();
        Ok(Self {
            names,
            not_before: at(validity.not_before),
            not_after: at(validity.not_after),
            fingerprint: fingerprint(der),
        })
    }

    /// How many seconds it lasts from its beginning to its end.
    pub fn lifetime(&self) -> i64 {
        self.not_after.seconds_since(self.not_before)
    }

    /// Whether a third of its lifetime or less is left: time to make a new one.
    pub fn is_late(&self, now: Ts) -> bool {
        self.not_after.seconds_since(now) <= self.lifetime() / 3
    }

    /// Its names, for people.
    pub fn told(&self) -> String {
        self.names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// SHA-256 of a certificate's DER: `AB:CD:…`.
pub fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":")
}

/// A name in a form that we know.
pub fn name(general: &GeneralName<'_>) -> Option<Name> {
    match general {
        GeneralName::DNSName(name) => name.parse().ok(),
        GeneralName::IPAddress(octets) => {
            let address = <[u8; 4]>::try_from(*octets).map(Into::into);
            Some(Name::Address(address.or_else(|_| <[u8; 16]>::try_from(*octets).map(Into::into)).ok()?))
        }
        _ => None,
    }
}
