//! One certificate for both sides: a CA of the bench's own and an ECDSA P-256 leaf.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::CertificateDer;

/// The CA and where the leaf is.
pub struct Certificates {
    issuer: Issuer<'static, KeyPair>,
    /// Whom clients trust.
    pub root: CertificateDer<'static>,
    /// The leaf, PEM.
    pub leaf: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

impl Certificates {
    /// Makes a CA and a leaf in this folder.
    pub fn make(folder: &Path) -> Result<Self, String> {
        let problem = |e: rcgen::Error| format!("certificate: {e}");
        let key = KeyPair::generate().map_err(problem)?;
        let mut params = CertificateParams::new(Vec::new()).map_err(problem)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = params.self_signed(&key).map_err(problem)?;
        let made = Self {
            issuer: Issuer::new(params, key),
            root: root.der().clone(),
            leaf: folder.join("leaf.pem"),
            key: folder.join("leaf.key"),
        };
        made.renew()?;
        Ok(made)
    }

    /// Puts a new leaf in the place of the old one, each file whole or not at all.
    pub fn renew(&self) -> Result<(), String> {
        let problem = |e: rcgen::Error| format!("certificate: {e}");
        let key = KeyPair::generate().map_err(problem)?;
        let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).map_err(problem)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(problem)?;
        for (file, text) in [(&self.key, key.serialize_pem()), (&self.leaf, leaf.pem())] {
            let new = file.with_extension("new");
            fs::write(&new, text)
                .and_then(|()| fs::rename(&new, file))
                .map_err(|e| format!("{}: {e}", file.display()))?;
        }
        Ok(())
    }
}
