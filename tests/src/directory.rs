//! The small HTTP directory of the plugin tutorial, over TLS: what a connector talks to.
//! Its `/token` hands the same token out to whoever has a refresh token, and a new refresh
//! token with it: each is good once (RFC 6749, section 6).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::tls::Authority;

/// How it answers whoever shows the right token.
#[derive(Clone, Debug)]
pub enum Manners {
    /// As the tutorial says: three people on two pages.
    Good,
    /// With a redirect to this address.
    Redirects(String),
    /// With the request's `authorization` in the answer's text.
    Echoes,
    /// With the same page again and again.
    NeverEnds,
    /// With a body that does not end.
    Floods,
}

/// See the module. Its thread ends with the process.
pub struct HttpDirectory {
    port: u16,
    /// The root that signed its certificate, PEM.
    pub root: String,
    manners: Arc<Mutex<Manners>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl HttpDirectory {
    /// Starts one that answers whoever shows this token (RFC 6750).
    pub fn start(token: &str) -> Self {
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
        let (manners, requests) = (Arc::new(Mutex::new(Manners::Good)), Arc::default());
        let this = Self { port, root, manners: Arc::clone(&manners), requests: Arc::clone(&requests) };
        let (config, token) = (Arc::new(config), token.to_owned());
        let rotations = Arc::new(AtomicU32::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Served {
                    token: token.clone(),
                    rotations: Arc::clone(&rotations),
                    manners: manners.lock().unwrap_or_else(PoisonError::into_inner).clone(),
                    requests: Arc::clone(&requests),
                };
                let config = Arc::clone(&config);
                // who hangs up in the middle is not told
                std::thread::spawn(move || served.answer(stream, config).ok());
            }
        });
        this
    }

    /// `https://localhost:port`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// From the next request on.
    pub fn behave(&self, manners: Manners) {
        *self.manners.lock().unwrap() = manners;
    }

    /// The lines `GET /people?page=1` of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

struct Served {
    token: String,
    /// How often a refresh token was exchanged.
    rotations: Arc<AtomicU32>,
    manners: Manners,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Served {
    fn answer(&self, stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let asked = lines.first().map_or("", |line| line.trim_end_matches(" HTTP/1.1")).to_owned();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
        let header = |wanted: &'static str| {
            let headers = lines.iter().filter_map(|line| line.split_once(": "));
            headers.filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        if asked == "POST /token" {
            let length = header("content-length").next().and_then(|length| length.parse().ok()).unwrap_or_default();
            let mut body = String::new();
            (&mut reader).take(length).read_to_string(&mut body)?;
            return self.exchange(reader.get_mut(), &body);
        }
        let shown: Vec<&str> = header("authorization").collect();
        let (stream, authorization) = (reader.get_mut(), format!("Bearer {}", self.token));
        if shown != [authorization.as_str()] {
            return write(stream, "401 Unauthorized", "www-authenticate: Bearer\r\n", "{}");
        }
        match (&self.manners, asked.as_str()) {
            (Manners::Redirects(to), _) => write(stream, "302 Found", &format!("location: {to}\r\n"), ""),
            (Manners::Echoes, _) => {
                let echo = format!("{{\"people\": [], \"next\": null, \"debug\": \"{authorization} {asked}\"}}");
                write(stream, "200 OK", "content-type: application/json\r\n", &echo)
            }
            (Manners::Floods, _) => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
                loop {
                    stream.write_all(&[b' '; 16_384])?;
                }
            }
            (Manners::NeverEnds, _) | (Manners::Good, "GET /people?page=1") => people(stream, ADA, "2"),
            (Manners::Good, "GET /people?page=2") => people(stream, ALAN, "null"),
            (Manners::Good, _) => write(stream, "404 Not Found", "", "{\"error\": \"no such page\"}"),
        }
    }
}

impl Served {
    fn exchange(&self, stream: &mut impl Write, form: &str) -> std::io::Result<()> {
        let turn = self.rotations.load(Ordering::SeqCst);
        let good = format!("refresh_token={REFRESH}{turn}");
        let (status, answer) = if form.split('&').any(|pair| pair == good) {
            self.rotations.store(turn + 1, Ordering::SeqCst);
            let granted = serde_json::json!({
                "access_token": self.token, "token_type": "Bearer", "expires_in": 600,
                "refresh_token": format!("{REFRESH}{}", turn + 1),
            });
            ("200 OK", granted)
        } else {
            ("400 Bad Request", serde_json::json!({"error": "invalid_grant"}))
        };
        write(stream, status, "content-type: application/json\r\n", &answer.to_string())
    }
}

/// What its refresh tokens begin with; the first one ends with 0.
pub const REFRESH: &str = "a-grant-that-nobody-sees-";

const ADA: &str = r#"{"id": "1", "given": "Ada", "family": "Lovelace", "mail": "ada@example.org", "title": "Analyst", "active": true},
    {"id": "2", "given": "Zoé", "family": "Lefèvre-Núñez", "mail": null, "title": null, "active": true}"#;
const ALAN: &str = r#"{"id": "3", "given": "Alan", "family": "Turing", "mail": "alan@example.org", "title": null,
    "phone": "+44 20 7946 0000", "active": true}"#;

fn people(stream: &mut impl Write, people: &str, next: &str) -> std::io::Result<()> {
    let body = format!("{{\"people\": [{people}], \"next\": {next}}}");
    write(stream, "200 OK", "content-type: application/json\r\n", &body)
}

fn write(stream: &mut impl Write, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
    stream.flush()
}
