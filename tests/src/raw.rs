//! A client that writes what it likes, over TLS: for requests that no library sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::Server;

/// What a server answered.
#[derive(Debug)]
pub struct Raw {
    /// All of it, head and body.
    pub text: String,
}

impl Raw {
    /// The status; 0 for none.
    pub fn status(&self) -> u16 {
        self.text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next()?;
        head.lines()
            .find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }
}

impl Server {
    /// Sends these bytes over HTTP/1.1 to a listener (`origin`) and reads until it
    /// closes. They should ask for that: `connection: close`.
    pub fn raw(&self, origin: &str, bytes: &[u8]) -> Raw {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.data().join("tls/ca.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let address = origin.trim_start_matches("https://").replace("localhost", "127.0.0.1");
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let mut stream = StreamOwned::new(session, socket);
        // it may close before all of it is sent, and need not say goodbye
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Raw { text: String::from_utf8_lossy(&answer).into_owned() }
    }
}
