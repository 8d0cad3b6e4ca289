//! The way to a server: name, connection, StartTLS, TLS; and the library at its end.

use std::sync::Arc;
use std::time::Duration;

use estampe_domain::Ts;
use estampe_domain::ldap::examine::Step;
use estampe_domain::plugin::{FailKind, PluginFailure};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::guard::{Stream, Watch, carry};
use super::server::{Protection, Server};
use super::{tls, words};

/// StartTLS (RFC 4511, section 4.14.1) as the first message: an extended request with the
/// name 1.3.6.1.4.1.1466.20037.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Inside, not yet bound.
pub(super) struct Entered {
    pub ldap: Ldap,
    pub watch: Arc<Watch>,
    /// When the server's certificate ends.
    pub certificate_until: Option<Ts>,
}

/// A server that one could not get into: how far one got, and why no further.
pub(super) struct Shut {
    pub server: String,
    pub step: Step,
    pub kind: FailKind,
    pub why: String,
}

impl From<Shut> for PluginFailure {
    fn from(shut: Shut) -> Self {
        Self::new(shut.kind, format!("{}: {}", shut.server, shut.why))
    }
}

/// Connects to one server, all within `limit`.
pub(super) async fn enter(server: &Server, tls: Option<&Arc<ClientConfig>>, limit: Duration) -> Result<Entered, Shut> {
    let mut step = Step::Connection;
    let stream = tokio::time::timeout(limit, stream(server, tls, &mut step)).await;
    let entered = match stream {
        Ok(Ok((stream, certificate_until))) => {
            library(stream, certificate_until).await.map_err(|why| (FailKind::Internal, why))
        }
        Ok(Err(failed)) => Err(failed),
        Err(_) if step == Step::Tls => Err((FailKind::Unavailable, format!("no answer to TLS within {limit:?}"))),
        Err(_) => Err((FailKind::Unavailable, format!("no connection within {limit:?}"))),
    };
    entered.map_err(|(kind, why)| Shut { server: server.name.clone(), step, kind, why })
}

type Failed = (FailKind, String);

/// The stream, and when the server's certificate ends; `step` says how far one got.
async fn stream(
    server: &Server,
    tls: Option<&Arc<ClientConfig>>,
    step: &mut Step,
) -> Result<(Box<dyn Stream>, Option<Ts>), Failed> {
    let away = |error: &std::io::Error| (FailKind::Unavailable, words(error));
    let resolved = tokio::net::lookup_host((server.host.as_str(), server.port)).await;
    let addresses: Vec<_> = resolved.map(Iterator::collect).unwrap_or_default();
    if addresses.is_empty() {
        return Err((FailKind::Unavailable, format!("the name {} has no address", server.host)));
    }
    let mut tcp = TcpStream::connect(addresses.as_slice()).await.map_err(|error| away(&error))?;
    tcp.set_nodelay(true).map_err(|error| away(&error))?;
    if server.protection != Protection::None {
        *step = Step::Tls;
    }
    match server.protection {
        Protection::None => return Ok((Box::new(tcp), None)),
        Protection::StartTls => start_tls(&mut tcp).await?,
        Protection::Tls => {}
    }
    let config = tls.ok_or_else(|| (FailKind::Internal, "TLS is not made ready".to_owned()))?;
    let connector = TlsConnector::from(Arc::clone(config));
    let secured = connector.connect(server.certified.clone(), tcp).await.map_err(|error| tls::refusal(&error))?;
    let certificate_until = tls::certificate_until(secured.get_ref().1.peer_certificates());
    Ok((Box::new(secured), certificate_until))
}

/// Asks for StartTLS and reads its answer and not one octet more: what somebody slipped in
/// behind it would be taken for the beginning of TLS.
async fn start_tls(tcp: &mut TcpStream) -> Result<(), Failed> {
    let cut = |error: std::io::Error| (FailKind::Unavailable, format!("StartTLS failed: {}", words(&error)));
    tcp.write_all(START_TLS).await.map_err(cut)?;
    let mut head = [0; 2];
    tcp.read_exact(&mut head).await.map_err(cut)?;
    let no_ldap = || (FailKind::Unavailable, "StartTLS failed: the server's answer is no LDAP".to_owned());
    let [0x30, first] = head else { return Err(no_ldap()) };
    let length = match first {
        0..=0x7f => usize::from(first),
        // Active Directory writes four octets of length where one would do
        0x81..=0x84 => {
            let mut length = vec![0; usize::from(first & 0x7f)];
            tcp.read_exact(&mut length).await.map_err(cut)?;
            length.into_iter().fold(0, |length, octet| length << 8 | usize::from(octet))
        }
        _ => return Err(no_ldap()),
    };
    if length > 4_096 {
        return Err(no_ldap());
    }
    let mut answer = vec![0; length];
    tcp.read_exact(&mut answer).await.map_err(cut)?;
    match result_code(&answer).ok_or_else(no_ldap)? {
        0 => Ok(()),
        code => Err((FailKind::Unavailable, format!("the server refused StartTLS ({code})"))),
    }
}

/// The result code of the extended response to the first message.
fn result_code(answer: &[u8]) -> Option<u8> {
    let rest = answer.strip_prefix(&[2, 1, 1, 0x78])?;
    let (first, rest) = rest.split_first()?;
    let skipped = if *first < 0x80 { 0 } else { usize::from(first & 0x7f) };
    match rest.get(skipped..)? {
        [10, 1, code, ..] => Some(*code),
        _ => None,
    }
}

/// The library behind the guard.
async fn library(stream: Box<dyn Stream>, certificate_until: Option<Ts>) -> Result<Entered, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the LDAP library could not be started: {error}");
    let (inside, outside) = std::os::unix::net::UnixStream::pair().map_err(|error| failed(&error))?;
    outside.set_nonblocking(true).map_err(|error| failed(&error))?;
    let outside = UnixStream::from_std(outside).map_err(|error| failed(&error))?;
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(inside));
    let opened = LdapConnAsync::with_settings(settings, "ldapi:///").await;
    let (connection, ldap) = opened.map_err(|error| failed(&error))?;
    let watch = Arc::new(Watch::default());
    tokio::spawn(carry(stream, outside, Arc::clone(&watch)));
    // it ends with the last handle, or with the stream
    tokio::spawn(async move {
        let _ = connection.drive().await;
    });
    Ok(Entered { ldap, watch, certificate_until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_starttls_is_read() {
        assert_eq!(result_code(&[2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]), Some(0));
        assert_eq!(result_code(&[2, 1, 1, 0x78, 0x84, 0, 0, 0, 7, 10, 1, 52, 4, 0, 4, 0]), Some(52));
        for bad in [&[][..], &[2, 1, 2, 0x78, 7, 10, 1, 0], &[2, 1, 1, 0x61, 7, 10, 1, 0], &[2, 1, 1, 0x78, 0x84]] {
            assert_eq!(result_code(bad), None);
        }
    }
}
