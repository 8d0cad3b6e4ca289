//! TLS to a directory: whom it trusts, and its failures in words.

use std::io;
use std::path::Path;
use std::sync::Arc;

use estampe_domain::Ts;
use estampe_domain::ldap::{LdapAccess, LdapBind};
use estampe_domain::plugin::{FailKind, PluginFailure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig, RootCertStore};

/// Octets of a file of certificates.
const MAX_FILE: u64 = 1 << 20;

/// Trusts the CA of this file and no other, or those of the system; and has a certificate of
/// its own where the source names one.
pub(super) async fn trust(access: &LdapAccess) -> Result<Arc<ClientConfig>, PluginFailure> {
    let (ca_file, bind) = (access.ca_file.clone(), access.bind.clone());
    let loading = tokio::task::spawn_blocking(move || {
        let cannot =
            |what: &str, path: &Path, why: String| format!("the {what} {} cannot be used: {why}", path.display());
        let roots = match ca_file {
            Some(path) => from_file(&path).map_err(|why| cannot("CA file", &path, why))?,
            None => from_system()?,
        };
        let own = match bind {
            LdapBind::External { certificate, key } => {
                let chain = chain(&certificate).map_err(|why| cannot("client certificate", &certificate, why))?;
                let key = private_key(&key).map_err(|why| cannot("client key", &key, why))?;
                Some((chain, key))
            }
            LdapBind::Anonymous | LdapBind::Simple { .. } => None,
        };
        Ok((roots, own))
    });
    let config = |message: String| PluginFailure::new(FailKind::Config, message);
    let loaded = loading.await.unwrap_or_else(|_| Err("the certificates of CAs cannot be loaded".to_owned()));
    let (roots, own) = loaded.map_err(config)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| PluginFailure::new(FailKind::Internal, format!("TLS: {error}")))?;
    let trusting = versions.with_root_certificates(roots);
    Ok(Arc::new(match own {
        None => trusting.with_no_client_auth(),
        Some((chain, key)) => {
            let wrong = |error| config(format!("the client certificate and its key cannot be used together: {error}"));
            trusting.with_client_auth_cert(chain, key).map_err(wrong)?
        }
    }))
}

fn octets(path: &Path) -> Result<Vec<u8>, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() || about.len() > MAX_FILE {
        return Err(format!("it is no file of at most {} MiB", MAX_FILE >> 20));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = octets(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| "it is no PEM")?;
    if chain.is_empty() { Err("it holds no certificate in PEM".to_owned()) } else { Ok(chain) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(&octets(path)?).map_err(|_| "it holds no private key in PEM".to_owned())
}

fn from_file(path: &Path) -> Result<RootCertStore, String> {
    let pem = octets(path)?;
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
    crate::certificate_end(chain?.first()?)
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
            "its certificate is not from a trusted CA; name the file of its CA in \"ca-file\" of the source".to_owned()
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
