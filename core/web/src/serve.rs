//! Binds the applications to their listeners.

use std::future::Future as _;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use actix_server::{Server, ServerBuilder, ServerHandle};
use actix_web::{App, HttpServer, web};
use rustls::ServerConfig;
use tokio::task::JoinHandle;

use crate::connection::{Door, Places, listen, watch};
use crate::headers::{Surface, headers};
use crate::state::AppState;
use crate::telemetry::Telemetry;
use crate::{console, operator, plain, public};

/// What to answer on. HTTP/2 and HTTP/1.1 are offered by ALPN over both TLS listeners.
pub struct Listeners {
    /// Cards and forms, for anybody.
    pub public: (TcpListener, ServerConfig),
    /// The console and the health checks.
    pub internal: (TcpListener, ServerConfig),
    /// The operator's socket; its file mode keeps others out.
    pub operator: UnixListener,
    /// How many connections one client may hold, on both TLS listeners together.
    pub places: Arc<Places>,
    /// The redirect, ACME's answers and the root certificate, in clear, where wanted.
    pub plain: Option<TcpListener>,
}

/// The running applications.
pub struct Servers {
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<io::Result<()>>>,
}

/// Starts the applications; must be called within a tokio runtime. Signals are
/// left to the caller.
pub fn serve(listeners: Listeners, state: Arc<AppState>) -> io::Result<Servers> {
    let state = web::Data::from(state);
    let Listeners { public: (public, public_tls), internal: (internal, internal_tls), operator, plain, places } =
        listeners;

    let shared = state.clone();
    let door = Door { cards: Some(state.clone()), ..door("public", public_tls, &places) };
    let public = listen(builder(2), public, door, move || {
        App::new()
            .app_data(shared.clone())
            .wrap(headers(Surface::Public))
            .wrap(Telemetry::new(&shared.service, Surface::Public))
            .wrap(watch())
            .configure(public::configure)
    })?
    .run();

    let shared = state.clone();
    let door = self::door("internal", internal_tls, &places);
    let internal = listen(builder(1), internal, door, move || {
        App::new()
            .app_data(shared.clone())
            .wrap(headers(Surface::Console))
            .wrap(Telemetry::new(&shared.service, Surface::Console))
            .wrap(watch())
            .configure(console::configure)
    })?
    .run();

    let shared = state.clone();
    let operator = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .wrap(headers(Surface::Operator))
            .wrap(Telemetry::new(&shared.service, Surface::Operator))
            .configure(operator::configure)
    })
    .workers(1)
    .shutdown_timeout(SHUTDOWN)
    .disable_signals()
    .listen_uds(operator)?
    .run();

    let plain = plain.map(|plain| {
        let application = move || {
            App::new()
                .app_data(state.clone())
                .wrap(headers(Surface::Plain))
                .wrap(Telemetry::new(&state.service, Surface::Plain))
                .wrap(watch())
                .configure(plain::configure)
        };
        let door = Door { name: "plain", tls: None, places, cards: None };
        listen(builder(1), plain, door, application).map(ServerBuilder::run)
    });

    Ok(Servers::spawn([public, internal, operator].into_iter().chain(plain.transpose()?)))
}

/// How long requests under way may take at a stop, seconds.
const SHUTDOWN: u64 = 20;

fn builder(workers: usize) -> ServerBuilder {
    ServerBuilder::default().workers(workers).shutdown_timeout(SHUTDOWN).disable_signals()
}

fn door(name: &'static str, mut tls: ServerConfig, places: &Arc<Places>) -> Door {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Door { name, tls: Some(Arc::new(tls)), places: Arc::clone(places), cards: None }
}

impl Servers {
    fn spawn(servers: impl IntoIterator<Item = Server>) -> Self {
        let (mut handles, mut tasks) = (Vec::new(), Vec::new());
        for server in servers {
            handles.push(server.handle());
            tasks.push(tokio::spawn(server));
        }
        Self { handles, tasks }
    }

    /// Stops listening; graceful waits up to 20 seconds for requests under way, and cuts
    /// connections that ask for nothing ([`crate::connection`]).
    pub async fn stop(self, graceful: bool) {
        let stopping: Vec<_> = self.handles.iter().map(|handle| tokio::spawn(handle.stop(graceful))).collect();
        for stopped in stopping {
            // a server that died before has nothing left to stop
            let _ = stopped.await;
        }
        for task in self.tasks.into_iter().filter(|task| !task.is_finished()) {
            let _ = task.await;
        }
    }

    /// Waits until one of them ends by itself, which it should not.
    pub async fn ended(&mut self) -> io::Result<()> {
        let ended = std::future::poll_fn(|context| {
            for task in &mut self.tasks {
                let task = std::pin::Pin::new(task);
                if let std::task::Poll::Ready(result) = task.poll(context) {
                    return std::task::Poll::Ready(result);
                }
            }
            std::task::Poll::Pending
        });
        match ended.await {
            Ok(result) => result,
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
