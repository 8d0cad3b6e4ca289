//! Binds the three applications to their listeners.

use std::future::Future as _;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, web};
use rustls::ServerConfig;
use tokio::task::JoinHandle;

use crate::headers::{Surface, headers};
use crate::state::AppState;
use crate::telemetry::Telemetry;
use crate::{console, operator, public};

/// What to answer on. HTTP/2 and HTTP/1.1 are offered by ALPN over both TLS listeners.
pub struct Listeners {
    /// Cards and forms, for anybody.
    pub public: (TcpListener, ServerConfig),
    /// The console and the health checks.
    pub internal: (TcpListener, ServerConfig),
    /// The operator's socket; its file mode keeps others out.
    pub operator: UnixListener,
}

/// The running applications.
pub struct Servers {
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<io::Result<()>>>,
}

/// Starts the three applications; must be called within a tokio runtime. Signals are
/// left to the caller.
pub fn serve(listeners: Listeners, state: Arc<AppState>) -> io::Result<Servers> {
    let state = web::Data::from(state);
    let Listeners { public: (public, public_tls), internal: (internal, internal_tls), operator } = listeners;

    let shared = state.clone();
    let public = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .wrap(headers(Surface::Public))
            .wrap(Telemetry::new(&shared.service, Surface::Public))
            .configure(public::configure)
    })
    .workers(2)
    .tcp_nodelay(true)
    .keep_alive(Duration::from_secs(30))
    .client_request_timeout(Duration::from_secs(10))
    .shutdown_timeout(20)
    .disable_signals()
    .listen_rustls_0_23(public, public_tls)?
    .run();

    let shared = state.clone();
    let internal = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .wrap(headers(Surface::Console))
            .wrap(Telemetry::new(&shared.service, Surface::Console))
            .configure(console::configure)
    })
    .workers(1)
    .tcp_nodelay(true)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(10))
    .shutdown_timeout(20)
    .disable_signals()
    .listen_rustls_0_23(internal, internal_tls)?
    .run();

    let operator = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(headers(Surface::Operator))
            .wrap(Telemetry::new(&state.service, Surface::Operator))
            .configure(operator::configure)
    })
    .workers(1)
    .shutdown_timeout(20)
    .disable_signals()
    .listen_uds(operator)?
    .run();

    Ok(Servers::spawn([public, internal, operator]))
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

    /// Stops listening; graceful waits up to 20 seconds for requests under way.
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
