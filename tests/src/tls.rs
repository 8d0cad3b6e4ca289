//! Certificates made for a test, and a client that looks at the ones it is served.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, NamedGroup, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::Digest;

/// Says once which cryptography this process uses: every client over TLS needs it.
pub fn provide() {
    static TLS: Once = Once::new();
    TLS.call_once(|| rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap());
}

/// A certificate authority whose key the test has.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, without limits: its root as PEM comes with it.
    pub fn new() -> (Self, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "An authority for tests");
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        (Self { issuer: Issuer::from_ca_cert_pem(&pem, key).unwrap() }, pem)
    }

    /// The one of a server's data folder, with its key: what a thief would have.
    pub fn stolen(data: &Path) -> Self {
        let read = |name: &str| std::fs::read_to_string(data.join("tls").join(name)).unwrap();
        let key = KeyPair::from_pem(&read("ca.key")).unwrap();
        Self { issuer: Issuer::from_ca_cert_pem(&read("ca.pem"), key).unwrap() }
    }

    /// A certificate for these names, as long as `days` before today and after: PEM, key.
    pub fn leaf(&self, names: &[&str], days: (i64, i64)) -> (String, String) {
        self.sign(names, days, IsCa::ExplicitNoCa)
    }

    /// One that is an authority itself.
    pub fn authority(&self, names: &[&str]) -> (String, String) {
        self.sign(names, (1, 30), IsCa::Ca(rcgen::BasicConstraints::Unconstrained))
    }

    fn sign(&self, names: &[&str], (before, after): (i64, i64), is_ca: IsCa) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, fingerprint(&key.subject_public_key_info()));
        params.is_ca = is_ca;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let now = std::time::UNIX_EPOCH + Duration::from_secs(UnixTime::now().as_secs());
        let at = |days: i64| {
            let span = Duration::from_secs(days.unsigned_abs() * 86_400);
            if days < 0 { now - span } else { now + span }
        };
        params.not_before = at(-before).into();
        params.not_after = at(after).into();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// SHA-256 as people compare it.
pub fn fingerprint(der: &[u8]) -> String {
    sha2::Sha256::digest(der).iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":")
}

/// What a client offers.
#[derive(Default)]
pub struct Offer {
    /// Key exchanges, the best first; empty: rustls's own.
    pub groups: Vec<&'static dyn SupportedKxGroup>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Served {
    /// The leaf, DER.
    pub leaf: CertificateDer<'static>,
    /// What the keys were exchanged by.
    pub group: NamedGroup,
    /// The answer to a request for `/health/live`, the first line.
    pub status: String,
}

/// Shakes hands with a listener, whatever its certificate, and asks one question.
pub fn shake_hands(address: &str, name: &str, offer: Offer) -> Served {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    if !offer.groups.is_empty() {
        provider.kx_groups = offer.groups;
    }
    let provider = Arc::new(provider);
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let leaf = connection.peer_certificates().and_then(|chain| chain.first()).expect("a certificate").clone();
    let group = connection.negotiated_key_exchange_group().expect("a full handshake").name();
    let status = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    Served { leaf: leaf.into_owned(), group, status }
}

/// Takes any certificate: the test looks at it itself.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
