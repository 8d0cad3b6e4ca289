//! TLS to a directory: whom it trusts, and its failures in words.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use estampe_domain::Ts;
use estampe_domain::plugin::{FailKind, PluginFailure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

/// Octets of a CA file.
const MAX_CA_FILE: u64 = 1 << 20;

/// Trusts the CA of this file and no other, or those of the system.
pub(super) async fn trust(ca_file: Option<PathBuf>) -> Result<Arc<ClientConfig>, PluginFailure> {
    let loading = tokio::task::spawn_blocking(move || match ca_file {
        Some(path) => from_file(&path).map_err(|why| format!("the CA file {} cannot be used: {why}", path.display())),
        None => from_system(),
    });
    let roots = loading.await.unwrap_or_else(|_| Err("the certificates of CAs cannot be loaded".to_owned()));
    let roots = roots.map_err(|message| PluginFailure::new(FailKind::Config, message))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| PluginFailure::new(FailKind::Internal, format!("TLS: {error}")))?;
    Ok(Arc::new(versions.with_root_certificates(roots).with_no_client_auth()))
}

fn from_file(path: &Path) -> Result<RootCertStore, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() || about.len() > MAX_CA_FILE {
        return Err(format!("it is no file of at most {} MiB", MAX_CA_FILE >> 20));
    }
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| "it is no PEM".to_owned())?;
        roots.add(certificate).map_err(|_| "a certificate in it cannot be read".to_owned())?;
    }
    if roots.is_empty() { Err("it holds no certificate in PEM".to_owned()) } else { Ok(roots) }
}

fn from_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this system trusts no CA at all; name the CA file of the directory".to_owned());
    }
    Ok(roots)
}

/// When a server's own certificate ends.
pub(super) fn certificate_until(chain: Option<&[CertificateDer<'_>]>) -> Option<Ts> {
    let (_, certificate) = x509_parser::parse_x509_certificate(chain?.first()?).ok()?;
    Some(Ts::from_micros(certificate.validity().not_after.timestamp().saturating_mul(1_000_000)))
}

/// What a failed handshake means, and whether an administrator has to mend something here.
pub(super) fn refusal(error: &io::Error) -> (FailKind, String) {
    use CertificateError as C;
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return (FailKind::Unavailable, format!("the TLS handshake was cut off: {}", super::words(error)));
    };
    let rustls::Error::InvalidCertificate(problem) = error else {
        return (FailKind::Unavailable, format!("TLS failed: {error}"));
    };
    let words = match problem {
        // the second: a CA of the same name with another key
        C::UnknownIssuer | C::BadSignature => {
            "its certificate is not from a trusted CA; name the file of its CA".to_owned()
        }
        C::NotValidForName | C::NotValidForNameContext { .. } => {
            "its certificate is for another name than the one it is reached by".to_owned()
        }
        C::Expired | C::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        C::NotValidYet | C::NotValidYetContext { .. } => "its certificate is not valid yet".to_owned(),
        other => format!("its certificate is refused: {other}"),
    };
    (FailKind::Config, words)
}
