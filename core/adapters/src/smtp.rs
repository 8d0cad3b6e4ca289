//! Mail by SMTP (RFC 5321) with verified TLS, by lettre.

use std::time::Duration;

use async_trait::async_trait;
use estampe_domain::mail::{MailFailure, OutgoingMail};
use estampe_domain::ports::Mailer;
use estampe_domain::text::{Email, Line};
use lettre::message::{Mailbox, MultiPart, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, PoolConfig, extension::ClientId};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

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

/// Sends by one server, over a few kept connections.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Makes ready; no connection is opened yet. The error says what of the settings
    /// cannot be used.
    pub fn new(settings: &SmtpSettings) -> Result<Self, String> {
        let parameters = || {
            let mut builder = TlsParameters::builder(settings.host.clone());
            if let Some(pem) = &settings.ca_pem {
                let ca = Certificate::from_pem(pem).map_err(|e| format!("smtp.ca_file: {e}"))?;
                builder = builder.certificate_store(CertificateStore::None).add_root_certificate(ca);
            }
            builder.build().map_err(|e| format!("smtp: {e}"))
        };
        let tls = match settings.encryption {
            Encryption::StartTls => Tls::Required(parameters()?),
            Encryption::Tls => Tls::Wrapper(parameters()?),
            Encryption::None => Tls::None,
        };
        let hello = settings.hello.clone().unwrap_or_else(|| settings.from.1.domain().to_owned());
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .hello_name(ClientId::Domain(hello))
            .timeout(Some(Duration::from_secs(30)))
            .pool_config(PoolConfig::new().max_size(4).idle_timeout(Duration::from_secs(20)));
        if let Some((user, password)) = &settings.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        let from = mailbox(Some(&settings.from.0), &settings.from.1).map_err(|e| format!("smtp.from: {e}"))?;
        Ok(Self { transport: builder.build(), from })
    }

    fn compose(&self, mail: &OutgoingMail) -> Result<Message, String> {
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}>", mail.message_id)))
            .from(self.from.clone())
            .to(mailbox(mail.to.0.as_ref(), &mail.to.1)?)
            .subject(&mail.subject)
            // RFC 3834: no holiday notice answers this
            .raw_header(header::HeaderValue::new(
                header::HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ));
        if let Some((name, address)) = &mail.reply_to {
            builder = builder.reply_to(mailbox(name.as_ref(), address)?);
        }
        builder
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|e| e.to_string())
    }
}

fn mailbox(name: Option<&Line>, address: &Email) -> Result<Mailbox, String> {
    let address = address.as_str().parse().map_err(|_| "not an address that SMTP can carry".to_owned())?;
    Ok(Mailbox::new(name.map(ToString::to_string), address))
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailFailure> {
        let message = self.compose(mail).map_err(|detail| MailFailure { temporary: false, detail })?;
        self.transport.send(message).await.map(|_| ()).map_err(|error| failure(&error))
    }
}

/// What failed, in classes and codes: a server's own words may hold addresses.
fn failure(error: &SmtpError) -> MailFailure {
    let detail = match error.status() {
        Some(code) => format!("SMTP answer {code}"),
        None if error.is_timeout() => "the server did not answer in time".into(),
        None if error.is_tls() => "TLS with the server failed: is its certificate from a known CA?".into(),
        None if error.is_response() => "the server's answer could not be understood".into(),
        None if error.is_client() => "the server does not offer what is needed (TLS, sign-in or UTF-8)".into(),
        None => "no connection to the server".into(),
    };
    // RFC 4954: a refused sign-in says nothing of this mail; it goes once that is mended
    let sign_in = error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538));
    MailFailure { temporary: !error.is_permanent() || sign_in, detail }
}

/// Stands in while no server is configured: mail waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _mail: &OutgoingMail) -> Result<(), MailFailure> {
        Err(MailFailure { temporary: true, detail: "no mail server is configured (smtp.host)".into() })
    }
}
