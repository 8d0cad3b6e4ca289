//! The way to a mail server that is ready for mail: name, connection, greeting, TLS,
//! sign-in. What fails here is no mail's fault.

use std::error::Error as _;
use std::time::Duration;

use estampe_domain::mail::{MailFailure, MailFault, ServerFault};
use estampe_domain::text::{Email, Line};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::{ClientId, Extension};

/// From the name to the sign-in: the whole of it, so that a server which drips its words
/// is cut too.
const ENTERING: Duration = Duration::from_mins(1);
/// Saying goodbye; nothing depends on it.
const GOODBYE: Duration = Duration::from_secs(2);

/// How the connection is protected. There is no fall-back from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// STARTTLS, required (RFC 3207).
    StartTls,
    /// TLS from the first octet (RFC 8314).
    Tls,
    /// None: for a relay on this machine.
    None,
}

/// The next mail server.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Protection.
    pub encryption: Encryption,
    /// User name and password, when it asks for them.
    pub credentials: Option<(String, String)>,
    /// Sender.
    pub from: (Line, Email),
    /// PEM of a private CA that signed its certificate; the system's CAs otherwise.
    pub ca_pem: Option<Vec<u8>>,
    /// How we greet; the domain of the sender otherwise.
    pub hello: Option<String>,
}

/// What was found on the way.
#[derive(Debug)]
pub struct Examined {
    /// What succeeded, in order, in words.
    pub passed: Vec<String>,
    /// Where it ended, if it did.
    pub failed: Option<MailFailure>,
}

/// A failure before the content.
pub(crate) enum Failed {
    /// At a step of the protocol.
    At(&'static str, SmtpError),
    /// Known already.
    Known(MailFailure),
}

impl Failed {
    /// Whether the server was just leaving: the connection ended, or 421 (RFC 5321 3.8).
    pub(crate) fn is_goodbye(&self) -> bool {
        match self {
            Self::At(_, error) => code_of(error).map_or_else(|| is_lost(error), |(code, _)| code == 421),
            Self::Known(_) => false,
        }
    }
}

/// Knows the way.
pub(crate) struct Door {
    host: String,
    port: u16,
    encryption: Encryption,
    tls: Option<TlsParameters>,
    hello: ClientId,
    credentials: Option<Credentials>,
}

impl Door {
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, String> {
        let parameters = || {
            let mut builder = TlsParameters::builder(settings.host.clone());
            if let Some(pem) = &settings.ca_pem {
                let ca = Certificate::from_pem(pem).map_err(|e| format!("smtp.ca_file: {e}"))?;
                builder = builder.certificate_store(CertificateStore::None).add_root_certificate(ca);
            }
            builder.build().map_err(|e| format!("smtp: {e}"))
        };
        let hello = settings.hello.clone().unwrap_or_else(|| settings.from.1.domain().to_owned());
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            encryption: settings.encryption,
            tls: (settings.encryption != Encryption::None).then(parameters).transpose()?,
            hello: ClientId::Domain(hello),
            credentials: settings.credentials.clone().map(|(user, password)| Credentials::new(user, password)),
        })
    }

    /// A connection that is ready for mail.
    pub(crate) async fn enter(&self) -> Result<AsyncSmtpConnection, MailFailure> {
        let mut passed = Vec::new();
        tokio::time::timeout(ENTERING, self.steps(&mut passed)).await.unwrap_or_else(|_| Err(silent(&passed)))
    }

    pub(crate) async fn examine(&self) -> Examined {
        let mut passed = Vec::new();
        let entered = tokio::time::timeout(ENTERING, self.steps(&mut passed)).await;
        let failed = match entered {
            Ok(Ok(connection)) => {
                let offers =
                    |feature, name: &'static str| connection.server_info().supports_feature(feature).then_some(name);
                let offered: Vec<_> =
                    [offers(Extension::EightBitMime, "8BITMIME"), offers(Extension::SmtpUtfEight, "SMTPUTF8")]
                        .into_iter()
                        .flatten()
                        .collect();
                if !offered.is_empty() {
                    passed.push(format!("offers {}", offered.join(", ")));
                }
                closed(connection).await;
                None
            }
            Ok(Err(failure)) => Some(failure),
            Err(_) => Some(silent(&passed)),
        };
        Examined { passed, failed }
    }

    async fn steps(&self, passed: &mut Vec<String>) -> Result<AsyncSmtpConnection, MailFailure> {
        let resolved = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let mut addresses = resolved.map(Iterator::peekable).ok();
        if addresses.as_mut().and_then(|found| found.peek().copied()).is_none() {
            return Err(server(ServerFault::Name, format!("the name {} has no address", self.host)));
        }
        passed.push("name resolved".into());
        let wrapped = (self.encryption == Encryption::Tls).then(|| self.tls.clone()).flatten();
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(ENTERING),
            &self.hello,
            wrapped,
            None,
        )
        .await
        .map_err(|e| entering(&e))?;
        passed.push("connected".into());
        if let (Encryption::StartTls, Some(tls)) = (self.encryption, &self.tls) {
            if !connection.can_starttls() {
                closed(connection).await;
                return Err(server(ServerFault::Tls, "the server does not offer STARTTLS".into()));
            }
            connection.starttls(tls.clone(), &self.hello).await.map_err(|e| entering(&e))?;
        }
        passed.push(match self.encryption {
            Encryption::None => "no TLS (smtp.encryption is \"none\")".into(),
            Encryption::StartTls => "STARTTLS with a trusted certificate".into(),
            Encryption::Tls => "TLS with a trusted certificate".to_owned(),
        });
        if let Some(credentials) = &self.credentials {
            if let Err(error) = connection.auth(DEFAULT_MECHANISMS, credentials).await {
                let failure = signing_in(&error);
                closed(connection).await;
                return Err(failure);
            }
            passed.push("signed in".into());
        }
        Ok(connection)
    }
}

/// Says goodbye and closes; what the server says to it does not matter.
pub(crate) async fn closed(mut connection: AsyncSmtpConnection) {
    if !connection.has_broken() {
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
    }
}

fn server(fault: ServerFault, detail: String) -> MailFailure {
    MailFailure { fault: MailFault::Server(fault), detail }
}

fn silent(passed: &[String]) -> MailFailure {
    let reached = passed.last().map_or("before the name was resolved", String::as_str);
    server(ServerFault::Silent, format!("no answer within {} s (reached: {reached})", ENTERING.as_secs()))
}

/// A failure of connection, greeting or TLS.
fn entering(error: &SmtpError) -> MailFailure {
    if let Some((_, words)) = code_of(error) {
        return server(ServerFault::Answer, format!("{words} instead of a greeting"));
    }
    if let Some(why) = tls_problem(error) {
        return server(ServerFault::Tls, format!("TLS failed: {why}"));
    }
    if is_silent(error) {
        return server(ServerFault::Silent, "no answer to the connection".into());
    }
    if error.is_response() {
        return if is_lost(error) {
            server(ServerFault::Connection, "the server closed the connection without a greeting".into())
        } else {
            server(ServerFault::Answer, "the server's greeting cannot be understood: is it a mail server?".into())
        };
    }
    server(ServerFault::Connection, words_of(error))
}

fn signing_in(error: &SmtpError) -> MailFailure {
    match code_of(error) {
        // RFC 4954 4.7: 454 is a temporary failure of the server, not of the password
        Some((code, words)) if code >= 500 => server(ServerFault::SignIn, format!("{words} at the sign-in")),
        Some((_, words)) => server(ServerFault::Answer, format!("{words} at the sign-in")),
        None if error.is_client() => {
            server(ServerFault::SignIn, "the server offers no sign-in with a password (AUTH PLAIN or LOGIN)".into())
        }
        None => server(ServerFault::Connection, format!("{} at the sign-in", words_of(error))),
    }
}

/// The code of an answer, and it in words: `SMTP answer 550 5.1.1`. The text of the answer
/// may hold addresses; the enhanced code (RFC 3463) in front of it cannot.
pub(crate) fn code_of(error: &SmtpError) -> Option<(u16, String)> {
    let code = u16::from(error.status()?);
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    let first = text.split([' ', '\n']).next().unwrap_or_default();
    let is_enhanced = first.split('.').count() == 3
        && first.split('.').all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    Some((code, if is_enhanced { format!("SMTP answer {code} {first}") } else { format!("SMTP answer {code}") }))
}

/// Whether the connection ended.
pub(crate) fn is_lost(error: &SmtpError) -> bool {
    // lettre's words for an end in the middle of an answer, or before its first octet
    let cut = error.is_response() && error.source().is_some_and(|s| s.to_string().contains("incomplete"));
    cut || io_error(error).is_some_and(|io| io.kind() != std::io::ErrorKind::TimedOut)
}

/// Whether the other side does not answer.
pub(crate) fn is_silent(error: &SmtpError) -> bool {
    io_error(error).is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut)
}

/// A failure of ours or of the network in words without addresses.
pub(crate) fn words_of(error: &SmtpError) -> String {
    use std::io::ErrorKind as K;
    match io_error(error).map(std::io::Error::kind) {
        Some(K::ConnectionRefused) => "the connection was refused".into(),
        Some(K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof) => {
            "the server closed the connection".into()
        }
        Some(K::HostUnreachable | K::NetworkUnreachable | K::NetworkDown) => "there is no way to the server".into(),
        Some(kind) => format!("no connection ({kind})"),
        None if error.is_client() => "the server does not offer what is needed".into(),
        None if error.is_response() => "the server's answer could not be understood".into(),
        None => "no connection".into(),
    }
}

fn causes(error: &SmtpError) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |cause| (*cause).source())
}

fn io_error(error: &SmtpError) -> Option<&std::io::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// What rustls said, when it was TLS that failed.
fn tls_problem(error: &SmtpError) -> Option<String> {
    let ours = |cause: &(dyn std::error::Error + 'static)| cause.downcast_ref::<rustls::Error>().map(tls_words);
    causes(error).find_map(|cause| {
        let inside = cause.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        ours(cause).or_else(|| inside.and_then(|inner| inner.downcast_ref::<rustls::Error>().map(tls_words)))
    })
}

fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(C::UnknownIssuer) => {
            "its certificate is not from a trusted CA (smtp.ca_file)".into()
        }
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "its certificate has expired".into()
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "its certificate is for another name than smtp.host".into()
        }
        other => other.to_string(),
    }
}
