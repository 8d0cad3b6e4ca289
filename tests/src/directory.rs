//! The small HTTP directory of the plugin tutorial, over TLS: what a connector talks to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
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
        let (config, authorization) = (Arc::new(config), format!("Bearer {token}"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Served {
                    authorization: authorization.clone(),
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
    authorization: String,
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
        let authorization = lines.iter().filter_map(|line| line.split_once(": "));
        let shown =
            authorization.filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value);
        let shown: Vec<&str> = shown.collect();
        let stream = reader.get_mut();
        if shown != [self.authorization.as_str()] {
            return write(stream, "401 Unauthorized", "www-authenticate: Bearer\r\n", "{}");
        }
        match (&self.manners, asked.as_str()) {
            (Manners::Redirects(to), _) => write(stream, "302 Found", &format!("location: {to}\r\n"), ""),
            (Manners::Echoes, _) => {
                let echo = format!("{{\"people\": [], \"next\": null, \"debug\": \"{} {asked}\"}}", self.authorization);
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
