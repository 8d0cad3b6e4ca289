//! What can be said of the certificates without serving them: for `check-config` and for
//! whoever looks after the appliance.

use estampe_domain::Ts;
use serde::Serialize;

use super::acme::Kept;
use super::local::{LocalRoot, file};
use super::pair::{Leaf, Pair};
use crate::config::{AcmeSource, CheckedSettings, Name, TlsSource};

/// One certificate.
#[derive(Debug, Serialize)]
pub struct CertificateStatus {
    /// `local`, `files` or `acme`.
    pub source: &'static str,
    /// Whom it is for; what is configured where there is none yet.
    pub names: Vec<String>,
    /// Its end (RFC 3339), when there is one.
    pub not_after: Option<String>,
    /// SHA-256, when there is one.
    pub fingerprint: Option<String>,
    /// What is wrong with it, and what to do.
    pub problem: Option<String>,
    /// Whether the service can start with it.
    pub usable: bool,
}

/// The certificates that `serve` would serve now, read from their files. Those that it
/// would make or order by itself are no problem when they are missing.
pub fn inspect(settings: &CheckedSettings, now: Ts) -> Vec<CertificateStatus> {
    let mut found = vec![match &settings.tls {
        TlsSource::Files { certificate, key } => match Pair::read(certificate, key) {
            Ok(pair) => {
                let foreign = settings.acme.is_none().then(|| stranger(settings, &pair.leaf)).flatten();
                CertificateStatus { problem: pair.usable(now).err().or(foreign), ..shown("files", &pair.leaf) }
            }
            Err(problem) => CertificateStatus { problem: Some(problem), usable: false, ..missing("files", Vec::new()) },
        },
        TlsSource::Local { names } => local(settings, names, now),
    }];
    found.extend(settings.acme.as_ref().map(|source| acme(settings, source, now)));
    found
}

fn local(settings: &CheckedSettings, names: &[Name], now: Ts) -> CertificateStatus {
    let told = || names.iter().map(ToString::to_string).collect();
    // a folder that we may not enter is the service's business
    if !file(&settings.data_dir).is_file() {
        return missing("local", told());
    }
    let leaf = || Pair::read(&settings.data_dir.join("tls/leaf.pem"), &settings.data_dir.join("tls/leaf.key"));
    match LocalRoot::read(&settings.data_dir).and_then(|root| root.check(names, now)) {
        Err(problem) => CertificateStatus { problem: Some(problem), usable: false, ..missing("local", told()) },
        // what is late or broken there is made anew at the start
        Ok(()) => leaf().map_or_else(|_| missing("local", told()), |pair| shown("local", &pair.leaf)),
    }
}

fn acme(settings: &CheckedSettings, source: &AcmeSource, now: Ts) -> CertificateStatus {
    match Kept::new(settings, source).read() {
        Some(pair) => CertificateStatus { problem: pair.usable(now).err(), ..shown("acme", &pair.leaf) },
        None => missing("acme", source.names.clone()),
    }
}

/// Whether the certificate does not name the host that visitors come to. Behind a proxy
/// that is as it should be.
fn stranger(settings: &CheckedSettings, leaf: &Leaf) -> Option<String> {
    let origin = url::Url::parse(&settings.public_origin).ok()?;
    let host: Name = origin.host_str()?.trim_matches(['[', ']']).parse().ok()?;
    let named = leaf.names.iter().any(|name| match (name, &host) {
        (Name::Dns(name), Name::Dns(host)) => {
            let under = name.strip_prefix('*').and_then(|rest| host.strip_suffix(rest));
            name == host || under.is_some_and(|label| !label.is_empty() && !label.contains('.'))
        }
        (name, host) => name == host,
    });
    (!named)
        .then(|| format!("the certificate is for {}, not for {host}, where public.origin sends visitors", leaf.told()))
}

fn shown(source: &'static str, leaf: &Leaf) -> CertificateStatus {
    CertificateStatus {
        source,
        names: leaf.names.iter().map(ToString::to_string).collect(),
        not_after: Some(leaf.not_after.timestamp().to_string()),
        fingerprint: Some(leaf.fingerprint.clone()),
        problem: None,
        usable: true,
    }
}

fn missing(source: &'static str, names: Vec<String>) -> CertificateStatus {
    CertificateStatus { source, names, not_after: None, fingerprint: None, problem: None, usable: true }
}
