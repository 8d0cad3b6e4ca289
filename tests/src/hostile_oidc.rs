//! A provider that does each thing wrong that one could. Every trick has an issuer of its own,
//! `https://localhost:port/TRICK`; people go there in the tests' heads alone.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use rcgen::{KeyPair, SigningKey as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::UnixTime;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::tls::Authority;

/// See the module. Its thread ends with the process.
pub struct HostileProvider {
    port: u16,
    /// The root that signed its certificate, PEM.
    pub root: String,
    inner: Arc<Inner>,
}

struct Inner {
    origin: String,
    /// Its key, the one that it signs with after a while, and one that is none of its own.
    keys: [KeyPair; 3],
    nonces: Mutex<HashMap<String, String>>,
    /// How often keys were asked for.
    fetched: AtomicU32,
    rotated: AtomicU32,
}

impl HostileProvider {
    /// Starts it.
    pub fn start() -> Self {
        let (authority, root) = Authority::new();
        let (leaf, key) = authority.leaf(&["localhost"], (1, 30));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::new(Inner {
            origin: format!("https://localhost:{port}"),
            keys: [(), (), ()].map(|()| KeyPair::generate().unwrap()),
            nonces: Mutex::default(),
            fetched: AtomicU32::new(0),
            rotated: AtomicU32::new(0),
        });
        let (config, served) = (Arc::new(config), Arc::clone(&inner));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, served) = (Arc::clone(&config), Arc::clone(&served));
                // who hangs up in the middle is not told
                std::thread::spawn(move || served.answer(stream, config).ok());
            }
        });
        Self { port, root, inner }
    }

    /// The issuer that does this trick.
    pub fn issuer(&self, trick: &str) -> String {
        format!("https://localhost:{}/{trick}", self.port)
    }

    /// Which sign-in its next token is for.
    pub fn expects(&self, trick: &str, nonce: &str) {
        self.inner.nonces.lock().unwrap().insert(trick.to_owned(), nonce.to_owned());
    }

    /// From now on it signs with another key, and publishes that one.
    pub fn rotate(&self) {
        self.inner.rotated.store(1, Ordering::SeqCst);
    }

    /// How often its keys were asked for.
    pub fn fetched(&self) -> u32 {
        self.inner.fetched.load(Ordering::SeqCst)
    }
}

fn part(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

/// An ECDSA signature (RFC 3279, 2.2.3) as JWS has it (RFC 7518, 3.4).
fn raw(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = &number[number.len().saturating_sub(32)..];
        out.extend(std::iter::repeat_n(0, 32 - number.len()));
        out.extend_from_slice(number);
        rest = &rest[2 + length..];
    }
    out
}

/// RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    block[..32].copy_from_slice(&Sha256::digest(key));
    let pad = |with: u8| block.map(|octet| octet ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

impl Inner {
    fn key(&self) -> &KeyPair {
        &self.keys[usize::try_from(self.rotated.load(Ordering::SeqCst)).unwrap()]
    }

    fn jwks(&self) -> Value {
        let point = self.key().public_key_raw();
        let number = |from: usize| BASE64URL_NOPAD.encode(&point[from..from + 32]);
        let kid = if self.rotated.load(Ordering::SeqCst) == 0 { "first" } else { "second" };
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": number(1), "y": number(33),
        }]})
    }

    fn token(&self, trick: &str) -> String {
        let now = UnixTime::now().as_secs();
        let nonce = self.nonces.lock().unwrap().get(trick).cloned().unwrap_or_default();
        let mut claims = json!({
            "iss": format!("{}/{trick}", self.origin), "aud": "estampe", "sub": "anna", "nonce": nonce,
            "iat": now, "exp": now + 300, "email": "anna@banque.example", "name": "Anna Mirbach",
        });
        let mut header = json!({"alg": "ES256", "typ": "JWT", "kid": self.jwks()["keys"][0]["kid"]});
        match trick {
            "wrong-issuer" => claims["iss"] = format!("{}/good", self.origin).into(),
            "wrong-audience" => claims["aud"] = "another".into(),
            "two-audiences" => claims["aud"] = json!(["estampe", "another"]),
            "other-party" => claims["azp"] = "another".into(),
            "wrong-nonce" => claims["nonce"] = "of another sign-in".into(),
            "no-nonce" => _ = claims.as_object_mut().unwrap().remove("nonce"),
            "expired" => (claims["iat"], claims["exp"]) = ((now - 900).into(), (now - 600).into()),
            "future" => (claims["iat"], claims["exp"]) = ((now + 3_600).into(), (now + 7_200).into()),
            "not-before" => claims["nbf"] = (now + 3_600).into(),
            "no-subject" => claims["sub"] = "".into(),
            "alg-none" => header["alg"] = "none".into(),
            "hs256" | "hs256-secret" => header["alg"] = "HS256".into(),
            // so that somebody has to be asked for more
            "other-user" => _ = claims.as_object_mut().unwrap().remove("email"),
            _ => {}
        }
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = match trick {
            "alg-none" => Vec::new(),
            // as if the public key were a shared secret, which everybody has
            "hs256" => hmac(self.key().public_key_raw(), signed.as_bytes()),
            "hs256-secret" => hmac(crate::oidc::CLIENT_SECRET.as_bytes(), signed.as_bytes()),
            "other-key" => raw(&self.keys[2].sign(signed.as_bytes()).unwrap()),
            _ => raw(&self.key().sign(signed.as_bytes()).unwrap()),
        };
        let mut signature = BASE64URL_NOPAD.encode(&signature);
        if trick == "bent-signature" {
            let first = if signature.starts_with('A') { "B" } else { "A" };
            signature.replace_range(..1, first);
        }
        format!("{signed}.{signature}")
    }

    fn document(&self, trick: &str) -> (&'static str, String, String) {
        let issuer = format!("{}/{trick}", self.origin);
        let mut document = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"), "userinfo_endpoint": format!("{issuer}/me"),
            "jwks_uri": format!("{issuer}/jwks"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
        });
        let json = "content-type: application/json\r\n".to_owned();
        match trick {
            "discovery-issuer" => document["issuer"] = format!("{}/good", self.origin).into(),
            "discovery-slash" => document["issuer"] = format!("{issuer}/").into(),
            "discovery-http" => document["token_endpoint"] = "http://localhost/token".into(),
            "discovery-script" => document["authorization_endpoint"] = "javascript:alert(1)".into(),
            "discovery-inside" => document["jwks_uri"] = "https://169.254.169.254/latest/meta-data".into(),
            "discovery-huge" => document["filler"] = "x".repeat(400_000).into(),
            "promises-iss" => document["authorization_response_iss_parameter_supported"] = true.into(),
            "discovery-redirect" => {
                let to = format!("location: {}/good/.well-known/openid-configuration\r\n", self.origin);
                return ("302 Found", to, String::new());
            }
            "discovery-html" => {
                let html = "content-type: text/html\r\n".to_owned();
                return ("200 OK", html, "<script>alert(1)</script>".to_owned());
            }
            _ => {}
        }
        ("200 OK", json, document.to_string())
    }

    fn granted(&self, trick: &str) -> (&'static str, Value) {
        let mut answer = json!({"access_token": "of-anna", "token_type": "Bearer", "id_token": self.token(trick)});
        match trick {
            "invalid-grant" => return ("400 Bad Request", json!({"error": "invalid_grant"})),
            "oversize" => answer["filler"] = "x".repeat(1_000_000).into(),
            "no-token" => _ = answer.as_object_mut().unwrap().remove("id_token"),
            "not-a-token" => answer["id_token"] = "<script>alert(1)</script>".into(),
            _ => {}
        }
        ("200 OK", answer)
    }

    fn answer(&self, stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        let (mut first, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if first.is_empty() {
                line.clone_into(&mut first);
            }
            if let Some(octets) = line.to_lowercase().strip_prefix("content-length: ") {
                length = octets.trim().parse().unwrap_or(0);
            }
            if line.trim_end().is_empty() {
                break;
            }
        }
        let mut body = Vec::new();
        (&mut reader).take(length).read_to_end(&mut body)?;
        let path = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
        let (trick, what) = path.split_once('/').unwrap_or_default();
        let json = "content-type: application/json\r\n".to_owned();
        let (status, headers, text) = match what {
            ".well-known/openid-configuration" => self.document(trick),
            "jwks" => {
                self.fetched.fetch_add(1, Ordering::SeqCst);
                let keys = if trick == "keys-empty" { json!({"keys": []}) } else { self.jwks() };
                ("200 OK", json, keys.to_string())
            }
            "token" => {
                let (status, answer) = self.granted(trick);
                (status, json, answer.to_string())
            }
            "me" => {
                let sub = if trick == "other-user" { "bert" } else { "anna" };
                ("200 OK", json, json!({"sub": sub, "email": "bert@banque.example"}).to_string())
            }
            _ => ("404 Not Found", json, "{}".to_owned()),
        };
        let stream = reader.get_mut();
        let length = text.len();
        write!(stream, "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{text}")?;
        stream.flush()
    }
}
