//! Assertions signed with RS256 (RFC 7515, 7519, 7523), by the key that a directory handed
//! out: PEM, or Google's JSON file with it.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use estampe_domain::Ts;
use estampe_domain::credential::{Credential, Secret};
use estampe_domain::egress::Attached;
use estampe_domain::ports::Random;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

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
    let mut unique = [0; 16];
    random.fill(&mut unique);
    let mut claims = json!({
        "iss": issuer,
        "aud": audience.as_deref().unwrap_or(token_url.as_str()),
        "iat": begin,
        "exp": begin + GOOD,
        "jti": HEXLOWER.encode(&unique),
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
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = BASE64URL_NOPAD.encode(&sign(&key.pem, signed.as_bytes())?);
    Ok(Signed { assertion: format!("{signed}.{signature}"), scope_inside: google })
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

fn sign(pem: &Secret, octets: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = || "its key cannot be used: give an RSA private key as PEM (PKCS #8), or Google's JSON file".to_owned();
    let key = PrivateKeyDer::from_pem_slice(pem.reveal().as_bytes()).map_err(|_| wrong())?;
    let key = any_supported_type(&key).map_err(|_| wrong())?;
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or_else(wrong)?;
    signer.sign(octets).map_err(|_| wrong())
}
