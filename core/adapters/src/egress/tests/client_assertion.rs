//! A client that proves who it is by its certificate's key (RFC 7523, section 2.2).

use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::credentials::{Provider, form, granted};
use super::*;

/// A private key and its certificate.
struct Identity {
    key: KeyPair,
    certificate: rcgen::Certificate,
}

impl Identity {
    fn new() -> Self {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        Self { key, certificate }
    }

    fn pem(&self) -> String {
        format!("{}{}", self.key.serialize_pem(), self.certificate.pem())
    }
}

fn credential(provider: &Provider, key: &str) -> Credential {
    Credential::ClientAssertion {
        token_url: provider.token_url(),
        client_id: "the client".into(),
        key: secret(key),
        scopes: vec!["a/.default".into()],
    }
}

#[tokio::test]
async fn the_certificate_s_key_signs_and_its_thumbprint_names_it() {
    let provider = Provider::start(|n, _| granted(n, ",\"expires_in\":3600"), |_| true);
    let bench = Bench::new();
    let identity = Identity::new();
    bench.send(provider.request(credential(&provider, &identity.pem()))).await.unwrap();
    // one token for both, and another client has another
    bench.send(provider.request(credential(&provider, &identity.pem()))).await.unwrap();
    assert_eq!(provider.tokens().len(), 1);
    let turned = format!("{}{}", identity.certificate.pem(), identity.key.serialize_pem());
    bench.send(provider.request(credential(&provider, &turned))).await.unwrap();

    for heard in provider.tokens() {
        let form = form(&heard);
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!((form["client_id"].as_str(), form["scope"].as_str()), ("the client", "a/.default"));
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert!(!form.contains_key("client_secret") && form.len() == 5, "{form:?}");
        let parts: Vec<_> = form["client_assertion"].split('.').collect();
        let [head, body, signature] = parts.as_slice() else { panic!("{parts:?}") };
        let read = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap();
        let thumbprint = BASE64URL_NOPAD.encode(&Sha256::digest(identity.certificate.der()));
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
        assert_eq!(serde_json::from_slice::<Value>(&read(head)).unwrap(), header);
        let (iat, exp) = (1_795_521_600, 1_795_522_200);
        let claims = json!({
            "iss": "the client", "sub": "the client", "aud": provider.token_url().as_str(),
            "iat": iat, "nbf": iat, "exp": exp, "jti": "07070707070707070707070707070707",
        });
        assert_eq!(serde_json::from_slice::<Value>(&read(body)).unwrap(), claims);
        let public = identity.key.subject_public_key_info();
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public)
            .verify(format!("{head}.{body}").as_bytes(), &read(signature))
            .unwrap();
    }
}

#[tokio::test]
async fn what_cannot_sign_is_told_without_showing_it() {
    let provider = Provider::start(|n, _| granted(n, ""), |_| true);
    let bench = Bench::new();
    let (one, other) = (Identity::new(), Identity::new());
    let mixed = format!("{}{}", one.key.serialize_pem(), other.certificate.pem());
    let elliptic = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&elliptic).unwrap();
    let elliptic = format!("{}{}", elliptic.serialize_pem(), certificate.pem());
    for (key, words) in [
        ("hidden", "RSA private key (PKCS #8) and its certificate"),
        (&one.key.serialize_pem(), "RSA private key (PKCS #8) and its certificate"),
        (&one.certificate.pem(), "RSA private key (PKCS #8) and its certificate"),
        (&mixed, "not the one of its certificate"),
        (&elliptic, "RSA private key (PKCS #8) and its certificate"),
    ] {
        let (kind, message) = bench.fails(provider.request(credential(&provider, key))).await;
        assert_eq!(kind, FailKind::Config, "{message}");
        assert!(message.contains(words) && message.contains("\"api\"") && !message.contains("hidden"), "{message}");
    }
    assert!(provider.server.heard().is_empty());
}
