//! The service manager, where one started us: the sockets that it opened for us
//! (sd_listen_fds(3)), and what it is told (sd_notify(3)). Without one nothing here does anything.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;

/// The names that sockets may have (`FileDescriptorName=`), and the key of the configuration whose
/// address each stands for.
const NAMES: [(&str, &str); 3] =
    [("public", "listen.public"), ("internal", "listen.internal"), ("http", "listen.http")];

/// The sockets that the service manager opened.
pub struct Sockets {
    opened: ListenFd,
    names: Vec<String>,
}

impl Sockets {
    /// Takes what was handed over. A name that nobody knows, or one that stands twice, is refused:
    /// whoever connected there would wait for ever.
    pub fn take() -> Result<Self, String> {
        let opened = ListenFd::from_env();
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names: Vec<String> = names.split(':').take(opened.len()).map(str::to_owned).collect();
        let mut seen = BTreeSet::new();
        for name in &names {
            if !NAMES.iter().any(|(known, _)| known == name) {
                let known: Vec<_> = NAMES.iter().map(|(known, _)| *known).collect();
                return Err(format!(
                    "the service manager hands over a socket called \"{name}\"; its unit needs FileDescriptorName= one of {}",
                    known.join(", ")
                ));
            }
            if !seen.insert(name) {
                return Err(format!(
                    "the service manager hands over two sockets called \"{name}\"; one ListenStream= to a unit, please"
                ));
            }
        }
        Ok(Self { opened, names })
    }

    /// The unit that opened the socket for this key.
    pub fn unit(&self, key: &str) -> Option<String> {
        let (name, _) = NAMES.iter().find(|(name, of)| *of == key && self.names.iter().any(|given| given == name))?;
        Some(format!("estampe-{name}.socket"))
    }

    /// The socket for this key: the one that was handed over, or one bound to this address; none
    /// where there is neither.
    pub fn listener(&mut self, key: &str, address: Option<SocketAddr>) -> Result<Option<TcpListener>, String> {
        let name = NAMES.iter().find(|(_, of)| *of == key).map(|(name, _)| *name);
        if let Some(at) = self.names.iter().position(|given| Some(given.as_str()) == name) {
            let taken = self.opened.take_tcp_listener(at).map_err(|e| format!("{key}: the socket handed over: {e}"))?;
            if let Some(listener) = taken {
                listener.set_nonblocking(true).map_err(|e| format!("{key}: {e}"))?;
                return Ok(Some(listener));
            }
        }
        let bind = |address: SocketAddr| {
            TcpListener::bind(address).map_err(|e| {
                // systemd opens such ports, so that the service needs no right for it
                let socket = match name {
                    Some(name) if e.kind() == ErrorKind::PermissionDenied && address.port() < 1024 => {
                        format!("; start estampe-{name}.socket, which opens it for the service")
                    }
                    _ => String::new(),
                };
                format!("{key}: {address}: {e}{socket}")
            })
        };
        address.map(bind).transpose()
    }
}

/// Says that everybody is answered from now on, or is again.
pub fn ready() {
    tell(&[NotifyState::Ready, NotifyState::Status("Cards and the console are answered.")]);
}

/// The same after a configuration that cannot be used.
pub fn ready_as_before() {
    let status = "Answered as before: the configuration was read anew and cannot be used (estampe check-config).";
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Says that the configuration is being read anew; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Says that what is under way is being ended.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("Requests and work in hand end first.")]);
}

/// Says that what takes long before the first answer is still under way, and how long it may.
pub fn starting(longest: Duration) {
    let longest = u32::try_from(longest.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::ExtendTimeoutUsec(longest), NotifyState::Status("The database is opened.")]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(error.text = %error, "the service manager cannot be told how the service fares");
    }
}

/// Shows signs of life as often as the manager wants them (`WatchdogSec=`). They come from the
/// runtime that answers: when it hangs they stay away, and the manager starts the service anew. A
/// database that is away is no reason for that.
pub async fn watched() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(limit / 3);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // not by this task alone: another thread of the runtime has to take one as well
        if tokio::spawn(std::future::ready(())).await.is_ok() {
            tell(&[NotifyState::Watchdog]);
        }
    }
}
