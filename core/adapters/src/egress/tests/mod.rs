//! The egress against real sockets: a small server that answers whatever a test wants,
//! octet by octet, a resolver that changes its mind, and a clock that a test moves.

mod answers;
mod client_assertion;
mod credentials;
mod network;
mod tls;

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use estampe_domain::Ts;
use estampe_domain::credential::{Credential, Keeper, Secret};
use estampe_domain::egress::{Attached, HttpRequest, HttpResponse, Method, parse_url};
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::ports::{Clock, HttpEgress, Random, SecretKeeper};

use super::dns::Resolver;
use super::{CheckedEgress, EgressSettings};

/// 2026-11-24T12:00:00Z.
const NOON: i64 = 1_795_521_600_000_000;

/// A clock that stands until it is moved.
struct Watch(AtomicI64);

impl Watch {
    fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Watch {
    fn now(&self) -> Ts {
        Ts::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Names with their addresses: one list for each question, the last again and again.
#[derive(Default)]
struct Names {
    lists: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: Mutex<HashMap<String, usize>>,
}

impl Names {
    fn new(names: &[(&str, &[&[&str]])]) -> Self {
        let ip = |text: &&str| text.parse().unwrap();
        let lists = |lists: &&[&[&str]]| lists.iter().map(|list| list.iter().map(ip).collect()).collect();
        let lists = names.iter().map(|(name, given)| ((*name).to_owned(), lists(given))).collect();
        Self { lists, asked: Mutex::default() }
    }
}

#[async_trait]
impl Resolver for Names {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let lists = self.lists.get(host).ok_or_else(|| io::Error::other("nobody knows it"))?;
        let mut asked = self.asked.lock().unwrap();
        let times = asked.entry(host.to_owned()).or_default();
        *times += 1;
        Ok(lists[(*times - 1).min(lists.len() - 1)].clone())
    }
}

/// An egress with its clock.
struct Bench {
    egress: CheckedEgress,
    clock: Arc<Watch>,
}

impl Bench {
    fn new() -> Self {
        Self::with(&EgressSettings::default(), Names::default())
    }

    fn with(settings: &EgressSettings, names: Names) -> Self {
        let clock = Arc::new(Watch(AtomicI64::new(NOON)));
        let egress = CheckedEgress::with_resolver(settings, clock.clone(), Arc::new(Sevens), Arc::new(names)).unwrap();
        Self { egress, clock }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PluginFailure> {
        self.egress.send(request).await
    }

    async fn fails(&self, request: HttpRequest) -> (FailKind, String) {
        let failure = self.send(request).await.unwrap_err();
        (failure.kind, failure.message)
    }
}

/// What the server was asked.
#[derive(Clone, Debug)]
struct Heard {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A server on 127.0.0.1. Each connection is one request; what the handler gives is written
/// as it is.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Server {
    fn start(handler: impl Fn(&Heard) -> String + Send + Sync + 'static) -> Self {
        Self::raw(move |heard, stream| {
            let _ = stream.write_all(handler(heard).as_bytes());
        })
    }

    fn raw(handler: impl Fn(&Heard, &mut dyn Stream) + Send + Sync + 'static) -> Self {
        Self::wrapped(|stream| Box::new(stream), handler)
    }

    fn wrapped(
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static,
        handler: impl Fn(&Heard, &mut dyn Stream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Heard>>>::default());
        let (shared, notes) = (Arc::new((wrap, handler)), Arc::clone(&heard));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, notes) = (Arc::clone(&shared), Arc::clone(&notes));
                thread::spawn(move || {
                    let mut stream = shared.0(stream);
                    if let Some(heard) = hear(&mut *stream) {
                        notes.lock().unwrap().push(heard.clone());
                        shared.1(&heard, &mut *stream);
                        let _ = stream.flush();
                    }
                });
            }
        });
        Self { address, heard }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

fn hear(stream: &mut dyn Stream) -> Option<Heard> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Heard { method, target, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// A whole answer.
fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} Test\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

/// A GET without anything; loopback is granted.
fn get(url: &str) -> HttpRequest {
    HttpRequest {
        method: Method::Get,
        url: parse_url(url).unwrap(),
        headers: Vec::new(),
        body: None,
        credential: None,
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        max_response: 1 << 20,
        timeout: Duration::from_secs(10),
    }
}

fn with(request: HttpRequest, credential: Credential) -> HttpRequest {
    let credential =
        Some(Attached { name: "api".into(), credential, subject: None, keeper: Keeper::default(), revoke_url: None });
    HttpRequest { credential, ..request }
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}
