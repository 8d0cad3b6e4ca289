//! Certificates: a local CA and its leaf made at the first start, or PEM files.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use estampe_domain::Ts;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use crate::config::{CheckedSettings, TlsSource};

/// A leaf lasts so many days; iOS takes no more than 825 from a private CA.
const LEAF_DAYS: i64 = 397;
/// A leaf is made anew when fewer days are left.
const RENEW_DAYS: i64 = 60;
/// The CA lasts so many days: ten years.
const CA_DAYS: i64 = 3650;

/// The local CA's root, for devices to trust.
pub struct LocalRoot {
    /// PEM.
    pub pem: String,
    /// Its file.
    pub file: PathBuf,
    /// SHA-256 of its DER, as people compare it.
    pub fingerprint: String,
}

/// What TLS needs.
pub struct TlsMaterial {
    /// Serves with it.
    pub config: ServerConfig,
    /// When the certificate is our own.
    pub root: Option<LocalRoot>,
}

/// Reads the certificate, or makes a local one where it is missing, ends soon or does
/// not name what is asked for.
pub fn material(settings: &CheckedSettings, now: Ts) -> Result<TlsMaterial, String> {
    let (certificate, key, root) = match &settings.tls {
        TlsSource::Files { certificate, key } => (certificate.clone(), key.clone(), None),
        TlsSource::Local { names } => {
            let local = LocalCa::open(&settings.data_dir.join("tls"), now)?;
            let (certificate, key) = local.leaf(names, now)?;
            (certificate, key, Some(local.root()?))
        }
    };
    Ok(TlsMaterial { config: server_config(&certificate, &key)?, root })
}

/// The root of a data folder, when it has one.
pub fn local_root(data_dir: &Path) -> Result<LocalRoot, String> {
    let file = data_dir.join("tls/ca.pem");
    let pem = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| format!("{}: {e}", file.display()))?;
    let fingerprint = Sha256::digest(&der).iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":");
    Ok(LocalRoot { pem, file, fingerprint })
}

fn server_config(certificate: &Path, key: &Path) -> Result<ServerConfig, String> {
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |e: &dyn std::fmt::Display| format!("{path}: {e}")
    };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect).map_err(|e| at(certificate)(&e))?;
    let Some(leaf) = chain.first() else {
        return Err(format!("{}: there is no certificate in it", certificate.display()));
    };
    crate::telemetry::serving(leaf);
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| at(key)(&e))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|e| format!("{}: {e}", certificate.display()))?;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(|e| format!("TLS tickets: {e}"))?;
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// The CA of this house, in the data folder.
struct LocalCa {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl LocalCa {
    fn open(dir: &Path, now: Ts) -> Result<Self, String> {
        let at = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        if !dir.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| at(dir, &e))?;
        }
        let (pem_file, key_file) = (dir.join("ca.pem"), dir.join("ca.key"));
        if !pem_file.is_file() || !key_file.is_file() {
            let key = KeyPair::generate().map_err(|e| at(&key_file, &e))?;
            let certificate = ca_params(now)?.self_signed(&key).map_err(|e| at(&pem_file, &e))?;
            // the key first: a certificate without its key would never be replaced
            write_whole(&key_file, key.serialize_pem().as_bytes(), 0o600)?;
            write_whole(&pem_file, certificate.pem().as_bytes(), 0o644)?;
        }
        let pem = fs::read_to_string(&pem_file).map_err(|e| at(&pem_file, &e))?;
        let key = fs::read_to_string(&key_file).map_err(|e| at(&key_file, &e))?;
        let key = KeyPair::from_pem(&key).map_err(|e| at(&key_file, &e))?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key).map_err(|e| at(&pem_file, &e))?;
        Ok(Self { dir: dir.to_owned(), issuer })
    }

    fn root(&self) -> Result<LocalRoot, String> {
        local_root(self.dir.parent().unwrap_or(&self.dir))
    }

    /// The leaf for these names: the one that is there, or a new one.
    fn leaf(&self, names: &[String], now: Ts) -> Result<(PathBuf, PathBuf), String> {
        let (pem_file, key_file, note) =
            (self.dir.join("leaf.pem"), self.dir.join("leaf.key"), self.dir.join("leaf.for"));
        // what it was made for and until when, so that no certificate need be parsed
        let wanted = names.join("\n");
        let fresh = fs::read_to_string(&note).ok().is_some_and(|text| {
            text.split_once("\n\n").is_some_and(|(until, made_for)| {
                made_for == wanted
                    && until
                        .parse()
                        .is_ok_and(|until: i64| now.plus_seconds(RENEW_DAYS * 86_400) < Ts::from_micros(until))
            })
        });
        if !fresh || !pem_file.is_file() || !key_file.is_file() {
            let until = now.plus_seconds(LEAF_DAYS * 86_400);
            let key = KeyPair::generate().map_err(|e| format!("{}: {e}", key_file.display()))?;
            let certificate = leaf_params(names, now)?
                .signed_by(&key, &self.issuer)
                .map_err(|e| format!("{}: {e}", pem_file.display()))?;
            // the note last: an interrupted renewal is begun anew
            let _ = fs::remove_file(&note);
            write_whole(&key_file, key.serialize_pem().as_bytes(), 0o600)?;
            write_whole(&pem_file, certificate.pem().as_bytes(), 0o644)?;
            write_whole(&note, format!("{}\n\n{wanted}", until.as_micros()).as_bytes(), 0o644)?;
        }
        Ok((pem_file, key_file))
    }
}

fn ca_params(now: Ts) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::new(Vec::new()).map_err(|e| format!("local CA: {e}"))?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Estampe local CA");
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut params, now, CA_DAYS);
    Ok(params)
}

fn leaf_params(names: &[String], now: Ts) -> Result<CertificateParams, String> {
    let mut params =
        CertificateParams::new(names.to_vec()).map_err(|e| format!("tls.names: {e}; give host names or addresses"))?;
    let mut name = DistinguishedName::new();
    let host = names.iter().find(|n| n.parse::<IpAddr>().is_err()).map_or("Estampe", String::as_str);
    name.push(DnType::CommonName, host);
    params.distinguished_name = name;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    validity(&mut params, now, LEAF_DAYS);
    Ok(params)
}

fn validity(params: &mut CertificateParams, now: Ts, days: i64) {
    let day = |at: Ts| {
        let at = at.timestamp().to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let positive = |n: i8| u8::try_from(n).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(at.year()), positive(at.month()), positive(at.day()))
    };
    // a day early, for clocks that are behind
    params.not_before = day(now.plus_seconds(-86_400));
    params.not_after = day(now.plus_seconds(days * 86_400));
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, content: &[u8], mode: u32) -> Result<(), String> {
    let at = |e: std::io::Error| format!("{}: {e}", path.display());
    let temporary = path.with_extension("new");
    let _ = fs::remove_file(&temporary);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary).map_err(at)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(at)?;
    fs::rename(&temporary, path).map_err(at)
}
