//! Connections: TLS, how many one client may hold, and when a silent or slow one is
//! cut. actix has time-outs for the first request's head and between requests; a
//! socket that says nothing, drips, or does not read, can stay below them for ever.
//!
//! Three rules, each ending a connection within half a minute:
//! - nothing is asked: [`IDLE`] after the last answer, or after the handshake;
//! - a request's body, or an answer, goes slower than [`Pace`] allows;
//! - the handshake does not end within [`HANDSHAKE`].
//!
//! A server that stops waits for requests under way, and for nothing else: actix closes idle
//! connections of HTTP/1.1 then, and [`LEAVING`] ends those of HTTP/2 (browsers keep theirs open)
//! and handshakes.

mod body;
mod places;
mod watched;

use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request, Response};
use actix_server::{GracefulShutdownSignal, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Service};
use actix_web::rt::net::TcpStream;
use actix_web::web;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) use body::{Answer, going, is_too_slow, watch};
pub use places::Places;
use watched::Watched;

use crate::public::hot::HotFactory;
use crate::state::AppState;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may ask for nothing. Phones come back to it while they fetch
/// a card's parts; nobody needs it longer.
const IDLE: Duration = Duration::from_secs(25);
/// The same once the server stops: long enough for the last octets of an answer.
const LEAVING: Duration = Duration::from_millis(250);
/// Requests of one connection that may be under way, unless it speaks for many: browsers
/// have a hundred at most. One more ends the connection, for actix sets HTTP/2 no limit.
const REQUESTS: usize = 128;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);

/// How long octets may take: some seconds, and more for each that has come through.
#[derive(Clone, Copy, Debug)]
struct Pace {
    grace: Duration,
    /// Octets in a second that are fast enough to go on.
    rate: u64,
}

/// Two bars of mobile network are faster.
const PACE: Pace = Pace { grace: Duration::from_secs(20), rate: 4096 };

impl Pace {
    /// How long so many octets may take.
    fn allows(self, octets: u64) -> Duration {
        self.grace.saturating_add(Duration::from_millis(octets.saturating_mul(1000) / self.rate))
    }
}

/// What is known of a connection: shared by its stream, its requests and its answers,
/// which all live on one thread.
pub(crate) struct Watch {
    /// Requests that may be under way.
    most: usize,
    /// Requests that have begun and whose answers have not gone.
    under_way: Cell<usize>,
    /// When the last of them ended.
    idle_since: Cell<Instant>,
    /// Since when octets wait to be written, and how many went since.
    writing: Cell<Option<(Instant, u64)>>,
    /// Until when each answer has to be gone.
    answers: RefCell<Vec<(u64, Instant)>>,
    next_answer: Cell<u64>,
    /// Set when a body came too slowly: no more is read of this connection.
    is_given_up: Cell<bool>,
    /// Set when too many requests were under way: nothing is read or written any more.
    is_flooded: Cell<bool>,
    /// The server stops: what idles is not waited for.
    is_leaving: Cell<bool>,
}

impl Watch {
    fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most,
            under_way: Cell::new(0),
            idle_since: Cell::new(Instant::now()),
            writing: Cell::new(None),
            answers: RefCell::new(Vec::new()),
            next_answer: Cell::new(0),
            is_given_up: Cell::new(false),
            is_flooded: Cell::new(false),
            is_leaving: Cell::new(false),
        })
    }

    /// When to look again; none when the connection has to be cut now.
    fn look(&self, now: Instant) -> Option<Instant> {
        let writing = self.writing.get();
        let rest = if self.is_leaving.get() && writing.is_none() { LEAVING } else { IDLE };
        let mut next = now + if self.is_leaving.get() { LEAVING } else { IDLE };
        let mut due = |end: Instant| {
            next = next.min(end);
            now >= end
        };
        let idle = self.under_way.get() == 0 && due(self.idle_since.get() + rest);
        let stuck = writing.is_some_and(|(since, sent)| due(since + PACE.allows(sent)));
        let late = self.answers.borrow().iter().filter(|(_, end)| due(*end)).count() > 0;
        if idle || stuck || late { None } else { Some(next) }
    }

    fn begin(&self) {
        let under_way = self.under_way.get() + 1;
        self.under_way.set(under_way);
        if under_way > self.most {
            self.is_flooded.set(true);
        }
    }

    fn end(&self) {
        let left = self.under_way.get().saturating_sub(1);
        self.under_way.set(left);
        if left == 0 {
            self.idle_since.set(Instant::now());
        }
    }

    /// An answer of so many octets begins to go.
    fn answer(&self, octets: u64) -> u64 {
        let id = self.next_answer.get();
        self.next_answer.set(id.wrapping_add(1));
        self.answers.borrow_mut().push((id, Instant::now() + PACE.allows(octets)));
        id
    }

    fn answered(&self, id: u64) {
        self.answers.borrow_mut().retain(|(other, _)| *other != id);
    }
}

/// What a listener needs besides its application.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) name: &'static str,
    /// None answers in clear.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    pub(crate) places: Arc<Places>,
    /// Whose cards are answered on the shortest way; none for what has no cards.
    pub(crate) cards: Option<web::Data<AppState>>,
}

/// What an `App` of actix is made into.
pub(crate) trait Application<B>:
    ServiceFactory<
        Request,
        Config = AppConfig,
        Error: Into<actix_web::Error> + 'static,
        InitError: Debug,
        Response: Into<Response<B>> + 'static,
        Service: Service<Request, Future: 'static>,
    > + 'static
{
}

impl<B, S> Application<B> for S where
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Error: Into<actix_web::Error> + 'static,
            InitError: Debug,
            Response: Into<Response<B>> + 'static,
            Service: Service<Request, Future: 'static>,
        > + 'static
{
}

/// Serves an application on a listener.
pub(crate) fn listen<I, S, B>(
    builder: ServerBuilder,
    listener: TcpListener,
    door: Door,
    application: impl Fn() -> I + Send + Clone + 'static,
) -> io::Result<ServerBuilder>
where
    I: IntoServiceFactory<S, Request>,
    S: Application<B>,
    B: MessageBody + 'static,
{
    let (shutdown, places) = (builder.graceful_shutdown_signal(), door.places);
    if let Some(tls) = door.tls {
        builder.listen(door.name, listener, move || {
            let http =
                http::<TlsStream<Watched<TcpStream>>, _, _, _>(application(), door.cards.clone(), shutdown.clone());
            let (acceptor, places) = (TlsAcceptor::from(Arc::clone(&tls)), Arc::clone(&places));
            let shutdown = shutdown.clone();
            fn_service(move |io: TcpStream| {
                let (acceptor, places, shutdown) = (acceptor.clone(), Arc::clone(&places), shutdown.clone());
                async move { accept(io, &acceptor, &places, shutdown).await.ok_or(()) }
            })
            .and_then(http)
        })
    } else {
        builder.listen(door.name, listener, move || {
            let http = http::<Watched<TcpStream>, _, _, _>(application(), door.cards.clone(), shutdown.clone());
            let (places, shutdown) = (Arc::clone(&places), shutdown.clone());
            fn_service(move |io: TcpStream| {
                let watched = watched(io, &places, shutdown.clone())
                    .map(|(io, peer)| (io, Protocol::Http1, Some(peer)))
                    .ok_or(());
                async move { watched }
            })
            .and_then(http)
        })
    }
}

/// The part that speaks HTTP.
fn http<T, I, S, B>(
    application: I,
    cards: Option<web::Data<AppState>>,
    shutdown: GracefulShutdownSignal,
) -> impl ServiceFactory<Accepted<T>, Config = (), Response = (), Error = (), InitError = ()>
where
    T: HasWatch + AsyncRead + AsyncWrite + Unpin + 'static,
    I: IntoServiceFactory<S, Request>,
    S: Application<B>,
    B: MessageBody + 'static,
{
    let application = application.into_factory().map_err(|error: S::Error| error.into().error_response());
    HttpService::build()
        .graceful_shutdown_signal(move || told(shutdown.clone()))
        .keep_alive(IDLE)
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(Duration::from_secs(5))
        .on_connect_ext(|io: &T, data| {
            data.insert(io.watch());
        })
        .finish(map_config(HotFactory::new(application, cards), |()| AppConfig::default()))
        .map_err(|_| ())
}

/// A connection that is ready for requests.
type Accepted<T> = (T, Protocol, Option<SocketAddr>);

/// A stream that its requests can be told to.
trait HasWatch {
    fn watch(&self) -> Rc<Watch>;
}

impl HasWatch for Watched<TcpStream> {
    fn watch(&self) -> Rc<Watch> {
        self.watch()
    }
}

impl HasWatch for TlsStream<Watched<TcpStream>> {
    fn watch(&self) -> Rc<Watch> {
        self.get_ref().0.watch()
    }
}

/// A connection under watch; none when there is no place for this client.
fn watched(
    io: TcpStream,
    places: &Arc<Places>,
    shutdown: GracefulShutdownSignal,
) -> Option<(Watched<TcpStream>, SocketAddr)> {
    let peer = io.peer_addr().ok()?;
    let place = places.take(peer.ip())?;
    // small answers go at once (actix leaves Nagle's algorithm on)
    io.set_nodelay(true).ok()?;
    Some((Watched::new(io, place, told(shutdown)), peer))
}

/// Ends when the server begins to stop.
async fn told(shutdown: GracefulShutdownSignal) {
    shutdown.notified().await;
}

/// The handshake; none when it does not end, or there is no place.
async fn accept(
    io: TcpStream,
    acceptor: &TlsAcceptor,
    places: &Arc<Places>,
    shutdown: GracefulShutdownSignal,
) -> Option<Accepted<TlsStream<Watched<TcpStream>>>> {
    let (io, peer) = watched(io, places, shutdown)?;
    let io = tokio::time::timeout(HANDSHAKE, acceptor.accept(io)).await.ok()?.ok()?;
    let protocol = match io.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    };
    io.watch().idle_since.set(Instant::now());
    Some((io, protocol, Some(peer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_cut_by_the_rule_that_it_breaks() {
        let begun = Instant::now();
        // what was begun a moment later ends a moment later
        let later = |seconds: u64| begun + Duration::from_millis(seconds * 1000 + 500);
        // nothing asked
        let silent = Watch::new(REQUESTS);
        assert!(silent.look(later(24)).is_some());
        assert_eq!(silent.look(later(25)), None);
        // a use case may take its time, once the request is there
        let busy = Watch::new(REQUESTS);
        busy.begin();
        assert!(busy.look(later(300)).is_some());
        busy.end();
        assert!(busy.look(later(24)).is_some());
        // an answer that is not fetched, though others are
        let unread = Watch::new(REQUESTS);
        unread.begin();
        let small = unread.answer(0);
        unread.answer(40_960);
        unread.answered(small);
        assert!(unread.look(later(29)).is_some());
        assert_eq!(unread.look(later(30)), None);
        // a server that stops waits for what is under way, and for what is being written
        let leaving = Watch::new(REQUESTS);
        leaving.is_leaving.set(true);
        leaving.begin();
        assert!(leaving.look(later(19)).is_some_and(|next| next < later(20)), "it looks again soon");
        leaving.end();
        leaving.writing.set(Some((begun, 0)));
        assert!(leaving.look(later(1)).is_some());
        leaving.writing.set(None);
        assert_eq!(leaving.look(later(1)), None);
        // more requests than anybody has
        let flood = Watch::new(REQUESTS);
        (0..REQUESTS).for_each(|_| flood.begin());
        assert!(!flood.is_flooded.get());
        flood.begin();
        assert!(flood.is_flooded.get());
        // octets that do not go
        let full = Watch::new(REQUESTS);
        full.begin();
        full.writing.set(Some((begun, 0)));
        assert_eq!(full.look(later(20)), None);
        full.writing.set(Some((begun, 409_600)));
        assert!(full.look(later(119)).is_some(), "slow, and fast enough");
        assert_eq!(full.look(later(120)), None);
    }
}
