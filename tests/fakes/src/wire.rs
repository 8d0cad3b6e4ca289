//! A listener over TCP or TLS, in a runtime of its own, that hands requests to a service.

use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use crate::contract::decoded;
use crate::control::{Broken, Control, Fate};

/// A certificate and its key, PEM.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The chain, the leaf first.
    pub certificates: String,
    /// Its key.
    pub key: String,
}

/// A request, read whole.
pub struct Asked {
    /// In capitals.
    pub method: String,
    /// As it came, percents and all.
    pub path: String,
    /// Path and query as they came.
    pub target: String,
    /// As it came, in order.
    pub query: Vec<(String, String)>,
    /// Its fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// When it was there.
    pub received: Instant,
}

impl Asked {
    /// A field's value.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The token that it brings.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")
            .split_once(' ')
            .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"))
            .map(|it| it.1)
    }

    /// Whether it was asked by a real name rather than by the address of the fake.
    pub(crate) fn real_host(&self) -> Option<&str> {
        let host = self.header("host").split(':').next().unwrap_or_default();
        let real = ["googleapis.com", "google.com", "microsoftonline.com", "microsoft.com"];
        real.iter().any(|name| host.strip_suffix(name).is_some_and(|before| before.ends_with('.'))).then_some(host)
    }

    /// Where links lead back to: the name that it was asked by when that is a real one.
    pub(crate) fn origin(&self, own: &str) -> String {
        self.real_host().map_or_else(|| own.to_owned(), |host| format!("https://{host}"))
    }

    /// A parameter of the query.
    pub fn said(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as a form's fields; a client that names itself by Basic (RFC 6749, 2.3.1) is among
    /// them.
    pub fn form(&self) -> Vec<(String, String)> {
        let mut form: Vec<(String, String)> = url::form_urlencoded::parse(&self.body).into_owned().collect();
        let basic = self.header("authorization").split_once(' ').filter(|(kind, _)| kind.eq_ignore_ascii_case("basic"));
        let text = basic.and_then(|(_, text)| BASE64.decode(text.as_bytes()).ok());
        let text = text.and_then(|text| String::from_utf8(text).ok()).unwrap_or_default();
        if let Some((id, secret)) = text.split_once(':') {
            let plain = |text: &str| decoded(&text.replace('+', "%20"));
            form.push(("client_id".to_owned(), plain(id)));
            form.push(("client_secret".to_owned(), plain(secret)));
        }
        form
    }

    /// Who is throttled as one: a token; without one, everybody.
    pub(crate) fn caller(&self) -> String {
        self.bearer().unwrap_or("nobody").to_owned()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its fields.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Whose request it was.
    pub who: Option<String>,
}

impl Answer {
    /// Without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), who: None }
    }

    /// With JSON.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::empty(status).of("application/json; charset=UTF-8", value.to_string().into_bytes())
    }

    /// With that body.
    pub fn of(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.with("content-type", content_type)
    }

    /// With this field too.
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// What stands behind a listener.
pub trait Service: Send + Sync + 'static {
    /// Answers.
    fn answer(&self, asked: &Asked) -> Answer;
    /// Its handle.
    fn control(&self) -> &Control;
    /// How it says that somebody asks too often; the time to wait is added.
    fn throttled(&self) -> Answer;
    /// How it says that something is broken.
    fn failed(&self, status: u16) -> Answer;
}

/// A service that listens; it stops when this is dropped.
pub struct Listening {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// A port that is taken and not served yet, so that a service may know its own address.
pub struct Bound(std::net::TcpListener);

impl Bound {
    /// A free one of the loopback.
    pub fn new() -> Self {
        Self(std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"))
    }

    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound listener has an address")
    }

    /// Begins to serve.
    pub fn serve(self, service: Arc<dyn Service>, tls: Option<&Tls>) -> Listening {
        let address = self.address();
        let acceptor = tls.map(acceptor);
        let (stop, stopped) = oneshot::channel();
        self.0.set_nonblocking(true).expect("a listener that does not block");
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(self.0).expect("a listener for tokio");
                tokio::select! {
                    () = accept(listener, service, acceptor) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Listening { address, stop: Some(stop), thread: Some(thread) }
    }
}

impl Default for Bound {
    fn default() -> Self {
        Self::new()
    }
}

impl Listening {
    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn acceptor(tls: &Tls) -> TlsAcceptor {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(tls.certificates.as_bytes()).collect();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(
            chain.expect("certificates in PEM"),
            PrivateKeyDer::from_pem_slice(tls.key.as_bytes()).expect("a key in PEM"),
        )
        .expect("a key that fits its certificate");
    TlsAcceptor::from(Arc::new(config))
}

async fn accept(listener: TcpListener, service: Arc<dyn Service>, acceptor: Option<TlsAcceptor>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let (service, acceptor) = (Arc::clone(&service), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                Some(acceptor) => {
                    // who hangs up in the middle is not told
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, service).await;
                    }
                }
                None => converse(stream, service).await,
            }
        });
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, service: Arc<dyn Service>) {
    let answers = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { answer(&*service, request).await }
    });
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answers).await.ok();
}

/// The connection ends here.
#[derive(Debug)]
struct Cut;

impl Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the fake broke the connection")
    }
}

impl std::error::Error for Cut {}

async fn answer(service: &dyn Service, request: Request<Incoming>) -> Result<Response<Pieces>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    let asked = Asked {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        target: head.uri.path_and_query().map_or_else(String::new, |target| target.as_str().to_owned()),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: head.headers,
        body,
        received: Instant::now(),
    };
    let control = service.control();
    let pause = control.pause(&asked);
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    let mut cut = false;
    let answer = match control.fate(&asked) {
        Fate::Served => service.answer(&asked),
        Fate::Throttled(seconds) => service.throttled().with("retry-after", seconds),
        Fate::Failed(status) => service.failed(status),
        Fate::Broken(Broken::BeforeAnswer) => {
            control.logged(&asked, None);
            return Err(Cut);
        }
        Fate::Broken(Broken::WithinBody) => {
            cut = true;
            service.answer(&asked)
        }
    };
    control.logged(&asked, Some(&answer));
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    let body = Pieces {
        cut: cut.then_some(answer.body.len() / 2),
        rest: Bytes::from(answer.body),
        slow: control.slowness(),
        sleep: None,
    };
    Ok(response.body(body).expect("fields that HTTP allows"))
}

/// A body, in one piece or slowly in several, whole or cut.
struct Pieces {
    rest: Bytes,
    /// The connection breaks when so much is left.
    cut: Option<usize>,
    slow: Option<(usize, Duration)>,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.cut.is_some_and(|left| self.rest.len() <= left) {
            return Poll::Ready(Some(Err(Cut)));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let Some((piece, pause)) = self.slow else {
            let length = self.rest.len() - self.cut.unwrap_or(0);
            return Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))));
        };
        let mut sleep = self.sleep.take().unwrap_or_else(|| Box::pin(tokio::time::sleep(pause)));
        if sleep.as_mut().poll(context).is_pending() {
            self.sleep = Some(sleep);
            return Poll::Pending;
        }
        let length = piece.min(self.rest.len());
        let first = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(first))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.cut.is_none()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.rest.len() as u64)
    }
}
