//! Tokens signed with RS256 (RFC 7515, 7519): keys, signing, checking.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rustls::pki_types::UnixTime;
use serde_json::{Value, json};

/// An RSA key of 2048 bits.
pub struct Key {
    pair: KeyPair,
    /// What a token's header calls it.
    pub id: String,
}

impl Key {
    /// A new one.
    pub fn new(id: &str) -> Self {
        Self { pair: KeyPair::generate(KeySize::Rsa2048).expect("an RSA key"), id: id.to_owned() }
    }

    /// PKCS #8 in PEM, as Google's file has it.
    pub fn pem(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().expect("a key as PKCS #8");
        let text = BASE64.encode(der.as_ref());
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// Its public half (SubjectPublicKeyInfo, DER).
    pub fn public(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().expect("a public key");
        der.as_ref().to_vec()
    }

    /// Its public half as a key set has it.
    pub fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let number = |number: &[u8]| BASE64URL_NOPAD.encode(number);
        json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id,
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// A signed token with these claims and, beside the usual ones, these fields in its header.
    pub fn sign(&self, extra: &Value, claims: &Value) -> String {
        let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": self.id});
        for (name, value) in extra.as_object().into_iter().flatten() {
            header[name] = value.clone();
        }
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .expect("a signature");
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

/// A token whose signature has not been looked at.
pub struct Token {
    /// Its header.
    pub header: Value,
    /// Its claims.
    pub claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    /// Reads a compact one; nothing: it is none.
    pub fn read(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |text: &str| serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok();
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            signed: signed.to_owned(),
            signature: BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?,
        })
    }

    /// Whether this key (DER) signed it, by RS256 and nothing else.
    pub fn is_of(&self, public: &[u8]) -> bool {
        self.header["alg"] == "RS256"
            && UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
                .verify(self.signed.as_bytes(), &self.signature)
                .is_ok()
    }

    /// Whether this key (DER) signed it, by PS256 or by RS256.
    pub fn is_of_client(&self, public: &[u8]) -> bool {
        self.is_of(public)
            || self.header["alg"] == "PS256"
                && UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public)
                    .verify(self.signed.as_bytes(), &self.signature)
                    .is_ok()
    }

    /// A claim that is a text.
    pub fn text(&self, name: &str) -> &str {
        self.claims[name].as_str().unwrap_or_default()
    }

    /// A claim that is a point in time.
    pub fn time(&self, name: &str) -> Option<i64> {
        self.claims[name].as_i64()
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).expect("a time before the end of numbers")
}
