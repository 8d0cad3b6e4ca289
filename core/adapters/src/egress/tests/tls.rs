//! TLS with an authority of the house.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// The authority's certificate (PEM) and a server for `inside.example` that it signed for.
fn server() -> (Vec<u8>, Server) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["inside.example".into()]).unwrap().signed_by(&key, &ca).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let wrap = move |stream: TcpStream| -> Box<dyn Stream> {
        Box::new(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream))
    };
    let server = Server::wrapped(wrap, |_, stream| {
        let _ = stream.write_all(answer(200, "", "encrypted").as_bytes());
    });
    (ca.pem().into_bytes(), server)
}

#[tokio::test]
async fn the_organisations_authority_is_trusted_when_it_is_named() {
    let (ca, server) = server();
    let names = || Names::new(&[("inside.example", &[&["127.0.0.1"]]), ("other.example", &[&["127.0.0.1"]])]);
    let port = server.address.port();
    let url = format!("https://inside.example:{port}/?token=hidden");
    let stranger = Bench::with(&EgressSettings::default(), names());
    let (kind, message) = stranger.fails(get(&url)).await;
    assert_eq!(kind, FailKind::Unavailable);
    assert!(message.contains("egress.ca_file") && !message.contains("hidden"), "{message}");
    let bench = Bench::with(&EgressSettings { proxy: None, ca_pem: Some(ca) }, names());
    let bearer = Credential::Bearer { token: secret("a-long-token") };
    assert_eq!(bench.send(with(get(&url), bearer)).await.unwrap().body, b"encrypted");
    assert_eq!(server.heard()[0].header("authorization"), Some("Bearer a-long-token"));
    // the name has to be the one that was asked for
    for host in ["other.example", "127.0.0.1"] {
        let (kind, message) = bench.fails(get(&format!("https://{host}:{port}/"))).await;
        assert_eq!(kind, FailKind::Unavailable);
        assert!(message.contains("cannot be trusted"), "{message}");
    }
    // plain HTTP to a TLS port and the other way round
    assert_eq!(bench.fails(get(&server.url("/"))).await.0, FailKind::Unavailable);
}
