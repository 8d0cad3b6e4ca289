//! The certificate: there, its key's, for the names of the origins, with days left.

use std::path::{Path, PathBuf};

use estampe_adapters::SystemClock;
use estampe_domain::Ts;
use estampe_domain::ports::Clock;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use url::Url;
use x509_parser::parse_x509_certificate;

use super::{Report, Status};
use crate::config::{CheckedSettings, TlsSource};

/// Days left under which somebody should look.
const SOON: i64 = 30;

/// Looks at what the listeners are to serve.
pub fn examine(settings: &CheckedSettings, report: &mut Report) {
    const CHECK: &str = "certificate";
    let (certificate, key, own) = match &settings.tls {
        TlsSource::Files { certificate, key } => (certificate.clone(), key.clone(), true),
        TlsSource::Local { .. } => {
            let folder = settings.data_dir.join("tls");
            (folder.join("leaf.pem"), folder.join("leaf.key"), false)
        }
    };
    if !own && !certificate.exists() {
        return report.skip(CHECK, "the local certificate is made at the first start");
    }
    let advice = if own { "renew it, and name it in [tls]" } else { "restart the service: it makes a new one" };
    match judge(settings, &certificate, &key, SystemClock.now()) {
        Ok((status, found)) => {
            let found = format!("{found}{}", if own { "" } else { ", signed by the local CA" });
            report.note(CHECK, status, found, if status == Status::Ok { "" } else { advice });
        }
        Err(problem) => report.fail(CHECK, problem, advice),
    }
}

fn judge(settings: &CheckedSettings, file: &Path, key: &PathBuf, now: Ts) -> Result<(Status, String), String> {
    let at = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|e| at(&e))?;
    let first = chain.first().cloned().ok_or_else(|| at(&"there is no certificate in it"))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| format!("{}: {e}", key.display()))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    rustls::sign::CertifiedKey::from_der(chain, secret, &provider)
        .map_err(|_| format!("{} is not the key of {}", key.display(), file.display()))?;
    let parsed = rustls::server::ParsedCertificate::try_from(&first).map_err(|e| at(&e))?;
    let hosts: Vec<String> = [&settings.public_origin, &settings.internal_origin]
        .into_iter()
        .filter_map(|origin| Some(Url::parse(origin).ok()?.host_str()?.trim_matches(['[', ']']).to_owned()))
        .collect();
    for host in &hosts {
        let name = ServerName::try_from(host.as_str()).map_err(|e| at(&e))?;
        if rustls::client::verify_server_name(&parsed, &name).is_err() {
            return Err(format!("{} is not for {host}, a host of the origins", file.display()));
        }
    }
    let (_, fields) = parse_x509_certificate(&first).map_err(|e| at(&e))?;
    let validity = fields.validity();
    let moment = |at: i64| Ts::from_micros(at.saturating_mul(1_000_000));
    let (from, until) = (moment(validity.not_before.timestamp()), moment(validity.not_after.timestamp()));
    let days = until.seconds_since(now).div_euclid(86_400);
    let mut names = hosts;
    names.dedup();
    let found = format!("{} for {}, until {until}", file.display(), names.join(", "));
    if now < from {
        return Err(format!("{found}: not valid before {from}; is the clock right?"));
    }
    if days < 0 {
        return Err(format!("{found}: it has expired"));
    }
    let status = if days < SOON { Status::Warning } else { Status::Ok };
    Ok((status, format!("{found} ({days} days left)")))
}
