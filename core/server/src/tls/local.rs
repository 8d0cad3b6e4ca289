//! The house's own certificate authority, and the certificate it signs for us.
//!
//! The authority is limited to the configured names by critical name constraints
//! (RFC 5280, 4.2.1.10) and to servers by its extended key usage: whoever steals its key
//! can pretend to be this appliance, and nobody else, to the devices that trust it.

use std::fs;
use std::path::{Path, PathBuf};

use estampe_domain::Ts;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::files::{self, PRIVATE, SHOWN};
use super::pair::{self, Pair};
use crate::config::Name;

/// A leaf lasts so many days, counted from a day ago: Mozilla's modern profile takes 90.
const LEAF_DAYS: i64 = 88;
/// The CA lasts so many days: ten years.
const CA_DAYS: i64 = 3650;

/// What to do when the authority no longer fits.
const REMEDY: &str = "run `estampe ca --renew`, which makes a new authority that every device must trust anew";

/// The local CA's root, for devices to trust.
pub struct LocalRoot {
    /// PEM.
    pub pem: String,
    /// Its file.
    pub file: PathBuf,
    /// SHA-256 of its DER, as people compare it.
    pub fingerprint: String,
    pub not_after: Ts,
    /// What it may sign for; `None`: anything, as an earlier form did.
    permitted: Option<Permitted>,
}

/// The names that an authority may sign for.
struct Permitted {
    names: Vec<Name>,
    /// Whether it may sign for no DNS name at all.
    no_dns: bool,
}

impl LocalRoot {
    /// The root of a data folder, when it has one.
    pub fn read(data_dir: &Path) -> Result<Self, String> {
        let file = file(data_dir);
        let at = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
        let pem = fs::read_to_string(&file).map_err(|e| at(&e))?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|e| at(&e))?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|e| at(&e))?;
        let permitted = Permitted::of(&certificate).map_err(|e| at(&e))?;
        let not_after = Ts::from_micros(certificate.validity().not_after.timestamp().saturating_mul(1_000_000));
        let fingerprint = pair::fingerprint(&der);
        Ok(Self { pem, file, fingerprint, not_after, permitted })
    }

    /// Whether the authority can sign for these names, now; the error says what to do.
    pub fn check(&self, names: &[Name], now: Ts) -> Result<(), String> {
        let file = self.file.display();
        if self.not_after <= now {
            return Err(format!("{file}: the local certificate authority has ended; {REMEDY}"));
        }
        let Some(permitted) = &self.permitted else {
            return Err(format!("{file}: the local certificate authority is not limited to any names; {REMEDY}"));
        };
        let list =
            |names: &mut dyn Iterator<Item = &Name>| names.map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let foreign = list(&mut names.iter().filter(|name| !permitted.allows(name)));
        if foreign.is_empty() {
            return Ok(());
        }
        Err(format!(
            "tls.names and the origins name {foreign}, but the local certificate authority ({file}) may sign for {} alone; {REMEDY}; or go back to the former names, or set tls.certificate_file",
            list(&mut permitted.names.iter())
        ))
    }
}

impl Permitted {
    fn of(certificate: &X509Certificate<'_>) -> Result<Option<Self>, x509_parser::error::X509Error> {
        let Some(found) = certificate.name_constraints()? else { return Ok(None) };
        let none = Vec::new();
        let mut names = Vec::new();
        for subtree in found.value.permitted_subtrees.as_ref().unwrap_or(&none) {
            match &subtree.base {
                // with its mask, which is always that of one address
                GeneralName::IPAddress(octets) => {
                    let address = octets.get(..octets.len() / 2).unwrap_or_default();
                    names.extend(pair::name(&GeneralName::IPAddress(address)));
                }
                other => names.extend(pair::name(other)),
            }
        }
        let excluded = found.value.excluded_subtrees.as_ref().unwrap_or(&none);
        let no_dns = excluded.iter().any(|subtree| matches!(subtree.base, GeneralName::DNSName("")));
        Ok(Some(Self { names, no_dns }))
    }

    fn allows(&self, name: &Name) -> bool {
        self.names.iter().any(|permitted| match (permitted, name) {
            (Name::Address(permitted), Name::Address(address)) => permitted == address,
            (Name::Dns(permitted), Name::Dns(name)) => {
                !self.no_dns
                    && name.strip_suffix(permitted.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            _ => false,
        })
    }
}

/// The CA of this house, in the data folder.
pub struct LocalCa {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// Its root.
    pub root: LocalRoot,
}

impl LocalCa {
    /// The one that is there, or a new one for these names where there is none.
    pub fn open_or_make(data_dir: &Path, names: &[Name], now: Ts) -> Result<Self, String> {
        let dir = data_dir.join("tls");
        if dir.join("ca.pem").is_file() && dir.join("ca.key").is_file() {
            return Self::open(data_dir, names, now);
        }
        Self::make(data_dir, names, now)
    }

    /// The one that is there.
    pub fn open(data_dir: &Path, names: &[Name], now: Ts) -> Result<Self, String> {
        let root = LocalRoot::read(data_dir)?;
        root.check(names, now)?;
        let dir = data_dir.join("tls");
        let key_file = dir.join("ca.key");
        let at = |e: &dyn std::fmt::Display| format!("{}: {e}", key_file.display());
        let key = fs::read_to_string(&key_file).map_err(|e| at(&e))?;
        let key = KeyPair::from_pem(&key).map_err(|e| at(&e))?;
        let wrong = |e: &dyn std::fmt::Display| format!("{}: {e}", root.file.display());
        let der = CertificateDer::from_pem_slice(root.pem.as_bytes()).map_err(|e| wrong(&e))?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|e| wrong(&e))?;
        if certificate.public_key().raw != key.subject_public_key_info() {
            return Err(at(&format!("the key is not the one of {}; {REMEDY}", root.file.display())));
        }
        let issuer = Issuer::from_ca_cert_pem(&root.pem, key).map_err(|e| wrong(&e))?;
        Ok(Self { dir, issuer, root })
    }

    /// A new one for these names, in the place of any that is there.
    pub fn make(data_dir: &Path, names: &[Name], now: Ts) -> Result<Self, String> {
        let dir = data_dir.join("tls");
        files::folder(&dir)?;
        let key = KeyPair::generate().map_err(|e| format!("local CA: {e}"))?;
        let certificate =
            ca_params(names, &key, now).and_then(|p| p.self_signed(&key)).map_err(|e| format!("local CA: {e}"))?;
        // a certificate beside a former key is noticed when it is opened, and named
        files::write(&dir.join("ca.key"), key.serialize_pem().as_bytes(), PRIVATE)?;
        files::write(&dir.join("ca.pem"), certificate.pem().as_bytes(), SHOWN)?;
        Self::open(data_dir, names, now)
    }

    /// The leaf for these names: the one that is there, or a new one when it is not
    /// ours, not for them, or late.
    pub fn leaf(&self, names: &[Name], now: Ts) -> Result<Pair, String> {
        let (pem_file, key_file) = (self.dir.join("leaf.pem"), self.dir.join("leaf.key"));
        if let Ok(found) = Pair::read(&pem_file, &key_file)
            && found.leaf.names == names
            && found.usable(now).is_ok()
            && !found.leaf.is_late(now)
            && self.has_signed(&found)
        {
            return Ok(found);
        }
        let key = KeyPair::generate().map_err(|e| format!("{}: {e}", key_file.display()))?;
        let until = now.plus_seconds(LEAF_DAYS * 86_400).min(self.root.not_after);
        let certificate = leaf_params(names, now, until)
            .and_then(|params| params.signed_by(&key, &self.issuer))
            .map_err(|e| format!("{}: {e}", pem_file.display()))?;
        files::write(&key_file, key.serialize_pem().as_bytes(), PRIVATE)?;
        files::write(&pem_file, certificate.pem().as_bytes(), SHOWN)?;
        Pair::read(&pem_file, &key_file)
    }

    fn has_signed(&self, pair: &Pair) -> bool {
        let Ok(root) = CertificateDer::from_pem_slice(self.root.pem.as_bytes()) else { return false };
        let Some(leaf) = pair.served.cert.first() else { return false };
        match (X509Certificate::from_der(&root), X509Certificate::from_der(leaf)) {
            (Ok((_, root)), Ok((_, leaf))) => {
                leaf.issuer() == root.subject() && leaf.verify_signature(Some(root.public_key())).is_ok()
            }
            _ => false,
        }
    }
}

/// Where the root stands in a data folder.
pub fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("tls/ca.pem")
}

fn ca_params(names: &[Name], key: &KeyPair, now: Ts) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    // people who renewed it tell the two apart on their devices
    let key = pair::fingerprint(&key.subject_public_key_info()).replace(':', "");
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("Estampe local CA {}", key.get(..8).unwrap_or_default()));
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(constraints(names));
    validity(&mut params, now, now.plus_seconds(CA_DAYS * 86_400));
    Ok(params)
}

/// A kind of name that no constraint speaks of is permitted, whole: so each kind is spoken
/// of. Other kinds than these are of no use to a server.
fn constraints(names: &[Name]) -> NameConstraints {
    let subtree = |name: &Name| match name {
        Name::Dns(name) => GeneralSubtree::DnsName(name.strip_prefix("*.").unwrap_or(name).to_owned()),
        Name::Address(address) => {
            let whole = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, whole))
        }
    };
    // of addresses, those of the loopback are always among the names
    let has_dns = names.iter().any(|name| matches!(name, Name::Dns(_)));
    let excluded = if has_dns { Vec::new() } else { vec![GeneralSubtree::DnsName(String::new())] };
    NameConstraints { permitted_subtrees: names.iter().map(subtree).collect(), excluded_subtrees: excluded }
}

fn leaf_params(names: &[Name], now: Ts, until: Ts) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let mut name = DistinguishedName::new();
    let host = names.iter().find(|name| matches!(name, Name::Dns(_))).map_or("Estampe".to_owned(), ToString::to_string);
    name.push(DnType::CommonName, host);
    params.distinguished_name = name;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    validity(&mut params, now, until);
    Ok(params)
}

fn validity(params: &mut CertificateParams, now: Ts, until: Ts) {
    let day = |at: Ts| {
        let at = at.timestamp().to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let positive = |n: i8| u8::try_from(n).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(at.year()), positive(at.month()), positive(at.day()))
    };
    // a day early, for clocks that are behind
    params.not_before = day(now.plus_seconds(-86_400));
    params.not_after = day(until);
}
