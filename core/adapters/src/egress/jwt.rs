//! Assertions (RFC 7515, 7519, 7523): signed with RS256 by the key that a directory handed out
//! (PEM, or Google's JSON file with it), or with PS256 by that of a client's certificate.

use std::sync::Arc;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use estampe_domain::Ts;
use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::Attached;
use estampe_domain::ports::Random;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// How long an assertion is good, in seconds: clocks differ, and Google takes an hour at
/// most.
const GOOD: i64 = 600;

/// An assertion.
pub struct Signed {
    /// In its compact form.
    pub assertion: String,
    /// Whether it names the scopes itself, as Google wants it.
    pub scope_inside: bool,
}

/// What a key's text holds.
struct Key {
    pem: Secret,
    id: Option<String>,
    /// Whose it is, and that it is Google's.
    email: Option<String>,
}

/// Signs for what is attached; the error says what is wrong with the credential.
pub fn assertion(attached: &Attached, now: Ts, random: &dyn Random) -> Result<Signed, String> {
    let Credential::JwtBearer { token_url, key, issuer, audience, subject, scopes } = &attached.credential else {
        return Err("it is no jwt-bearer credential".to_owned());
    };
    let key = read(key)?;
    let google = key.email.is_some();
    let issuer = issuer.as_deref().or(key.email.as_deref());
    let issuer = issuer.ok_or("its issuer is not set, and only Google's JSON file names one itself")?;
    let subject = attached.subject.as_deref().or(subject.as_deref());
    let begin = now.as_millis().div_euclid(1_000);
    let mut claims = json!({
        "iss": issuer,
        "aud": audience.as_deref().unwrap_or(token_url.as_str()),
        "iat": begin,
        "exp": begin + GOOD,
        "jti": unique(random),
    });
    if let Some(fields) = claims.as_object_mut() {
        // Google's service account acts for itself when nobody is named
        if let Some(subject) = subject.or((!google).then_some(issuer)) {
            fields.insert("sub".to_owned(), subject.into());
        }
        if google && !scopes.is_empty() {
            fields.insert("scope".to_owned(), scopes.join(" ").into());
        }
    }
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let (Some(fields), Some(id)) = (header.as_object_mut(), key.id) {
        fields.insert("kid".to_owned(), id.into());
    }
    let wrong = || "its key cannot be used: give an RSA private key as PEM (PKCS #8), or Google's JSON file".to_owned();
    let key = signing_key(&key.pem).ok_or_else(wrong)?;
    let assertion = compact(&header, &claims, SignatureScheme::RSA_PKCS1_SHA256, &*key).ok_or_else(wrong)?;
    Ok(Signed { assertion, scope_inside: google })
}

/// Signs for a client that has a certificate (RFC 7523, section 2.2); the certificate is named
/// by its thumbprint (RFC 7515, section 4.1.8). The error says what is wrong with the credential.
pub fn of_client(
    token_url: &Url,
    client_id: &str,
    pem: &Secret,
    now: Ts,
    random: &dyn Random,
) -> Result<String, String> {
    let wrong = || {
        "its key cannot be used: give an RSA private key (PKCS #8) and its certificate as PEM, one after the other"
            .to_owned()
    };
    let certificate = CertificateDer::from_pem_slice(pem.reveal().as_bytes()).map_err(|_| wrong())?;
    let key = signing_key(pem).ok_or_else(wrong)?;
    let (_, read) = x509_parser::parse_x509_certificate(&certificate).map_err(|_| wrong())?;
    if key.public_key().is_some_and(|public| public.as_ref() != read.public_key().raw) {
        return Err("its private key is not the one of its certificate".to_owned());
    }
    let begin = now.as_millis().div_euclid(1_000);
    let header = json!({
        "alg": "PS256", "typ": "JWT", "x5t#S256": BASE64URL_NOPAD.encode(&Sha256::digest(&certificate)),
    });
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": token_url.as_str(),
        "iat": begin, "nbf": begin, "exp": begin + GOOD, "jti": unique(random),
    });
    compact(&header, &claims, SignatureScheme::RSA_PSS_SHA256, &*key).ok_or_else(wrong)
}

/// An identifier that no other assertion has.
fn unique(random: &dyn Random) -> String {
    let mut unique = [0; 16];
    random.fill(&mut unique);
    HEXLOWER.encode(&unique)
}

fn signing_key(pem: &Secret) -> Option<Arc<dyn SigningKey>> {
    any_supported_type(&PrivateKeyDer::from_pem_slice(pem.reveal().as_bytes()).ok()?).ok()
}

/// The compact form (RFC 7515, section 7.1); none when the key cannot sign like that.
fn compact(header: &Value, claims: &Value, scheme: SignatureScheme, key: &dyn SigningKey) -> Option<String> {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.choose_scheme(&[scheme])?.sign(signed.as_bytes()).ok()?;
    Some(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}

fn read(key: &Secret) -> Result<Key, String> {
    let text = key.reveal().trim();
    if !text.starts_with('{') {
        return Ok(Key { pem: Secret::new(text), id: None, email: None });
    }
    let json: Value = serde_json::from_str(text).map_err(|_| "its key begins like JSON and is none".to_owned())?;
    let field = |name: &str| json.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match (field("private_key"), field("client_email")) {
        (Some(pem), Some(email)) => Ok(Key {
            pem: Secret::new(pem),
            id: field("private_key_id").map(str::to_owned),
            email: Some(email.to_owned()),
        }),
        _ => {
            Err("its JSON has no private_key and client_email; give the file of a Google service account's key".into())
        }
    }
}
