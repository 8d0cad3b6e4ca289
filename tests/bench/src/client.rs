//! A client of our own: HTTP/1.1 over TLS 1.3, one connection at a time, so that a load
//! decides itself what is kept alive, resumed and timed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{
    ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HOST, HeaderMap, HeaderName, ORIGIN,
};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

use crate::certificate::Certificates;

/// What browsers say that they can unpack.
pub const ENCODINGS: &str = "gzip, deflate, br, zstd";
/// No answer takes longer, else it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A listener and how to speak to it.
#[derive(Clone)]
pub struct Target {
    address: SocketAddr,
    /// `localhost:8443`
    pub host: String,
    tls: TlsConnector,
}

/// An answer, read to its end.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came, still packed.
    pub body: Bytes,
}

impl Answer {
    /// `br`; nothing when it came plain.
    pub fn encoding(&self) -> Option<&str> {
        self.headers.get(CONTENT_ENCODING)?.to_str().ok()
    }

    /// The entity tag.
    pub fn etag(&self) -> Option<&str> {
        self.headers.get(ETAG)?.to_str().ok()
    }
}

impl Target {
    /// The listener on this port of the loopback, trusting the bench's CA alone. No
    /// session is resumed: every connection is a full handshake.
    pub fn new(port: u16, certificates: &Certificates) -> Result<Self, String> {
        Self::with_provider(port, certificates, aws_lc_rs::default_provider())
    }

    /// The same, offering X25519 alone: for peers that know no post-quantum exchange.
    pub fn with_x25519(port: u16, certificates: &Certificates) -> Result<Self, String> {
        let kx_groups = vec![aws_lc_rs::kx_group::X25519];
        Self::with_provider(port, certificates, CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
    }

    fn with_provider(port: u16, certificates: &Certificates, provider: CryptoProvider) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add(certificates.root.clone()).map_err(|e| e.to_string())?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| e.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Self { address, host: format!("localhost:{port}"), tls: TlsConnector::from(Arc::new(config)) })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `https://localhost:8443`
    pub fn origin(&self) -> String {
        format!("https://{}", self.host)
    }

    /// A new connection, from the loopback address with this number.
    pub async fn connect(&self, from: usize) -> Result<Connection, String> {
        let socket = TcpSocket::new_v4().map_err(|e| format!("socket: {e}"))?;
        // a port is taken for each pair of addresses: several addresses, many ports
        let source = Ipv4Addr::new(127, 0, 1 + (from / 250 % 250) as u8, 1 + (from % 250) as u8);
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0)).map_err(|e| format!("bind: {e}"))?;
        let stream = socket.connect(self.address).await.map_err(|e| format!("connect: {e}"))?;
        stream.set_nodelay(true).map_err(|e| format!("connect: {e}"))?;
        let name = ServerName::try_from("localhost").map_err(|e| e.to_string())?;
        let stream = self.tls.connect(name, stream).await.map_err(|e| format!("TLS: {e}"))?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| format!("HTTP: {e}"))?;
        // ends with the connection; what went wrong is told to whoever sends
        tokio::spawn(connection);
        Ok(Connection { sender, host: self.host.clone() })
    }

    /// One page over a connection of its own.
    pub async fn get(&self, path: &str, language: &str) -> Result<Answer, String> {
        self.connect(0).await?.get(path, language).await
    }
}

/// A connection that is kept alive.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    /// Whether the other side closed it.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// A page.
    pub async fn get(&mut self, path: &str, language: &str) -> Result<Answer, String> {
        self.ask(Method::GET, path, language, &[], Bytes::new()).await
    }

    /// A form, as a browser sends it.
    pub async fn post(&mut self, path: &str, form: String) -> Result<Answer, String> {
        let origin = format!("https://{}", self.host);
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded"), (ORIGIN, origin.as_str())];
        self.ask(Method::POST, path, "fr", &headers, form.into()).await
    }

    /// A page to be read: not packed.
    pub async fn read(&mut self, path: &str, language: &str) -> Result<String, String> {
        let headers = [(ACCEPT_LANGUAGE, language)];
        let answer = self.send(Method::GET, path, &headers, Bytes::new()).await?;
        if answer.status == 200 {
            Ok(String::from_utf8_lossy(&answer.body).into_owned())
        } else {
            Err(format!("{path} got status {}", answer.status))
        }
    }

    /// Any request of a browser.
    pub async fn ask(
        &mut self,
        method: Method,
        path: &str,
        language: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Answer, String> {
        let mut all = vec![(ACCEPT_ENCODING, ENCODINGS), (ACCEPT_LANGUAGE, language)];
        all.extend_from_slice(headers);
        self.send(method, path, &all, body).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::new(body)).map_err(|e| e.to_string())?;
        let exchange = async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer.map_err(|e: hyper::Error| format!("{path}: {e}")),
            Err(_) => Err(format!("{path}: no answer within 30 s")),
        }
    }
}
