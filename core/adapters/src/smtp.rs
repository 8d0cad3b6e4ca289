//! Mail by SMTP (RFC 5321) with verified TLS, by lettre.
//!
//! The steps are taken one by one, because what a failure means depends on where it
//! happened: before the server was ready it is no mail's fault, before the content a mail
//! surely did not go, and after it, without an answer, nobody knows.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use estampe_domain::mail::{MailFailure, MailFault, OutgoingMail, ServerFault};
use estampe_domain::ports::Mailer;
use estampe_domain::text::{Email, Line};
use lettre::message::{Mailbox, MultiPart, header};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailParameter};
use lettre::{Message, transport::smtp::Error as SmtpError};
use tokio::sync::Mutex;

use crate::smtp_door::{Door, Failed, closed, code_of, is_lost, is_silent, words_of};

pub use crate::smtp_door::{Encryption, Examined, SmtpSettings};

/// Until the server took the recipients and asks for the content.
const ENVELOPE: Duration = Duration::from_mins(1);
/// From the content to its answer. RFC 5321 4.5.3.2.6: ten minutes, because giving up
/// early is what makes duplicates.
const CONTENT: Duration = Duration::from_mins(10);
/// The answer of a kept connection to "are you there?".
const STILL_THERE: Duration = Duration::from_secs(5);
/// A connection is kept for the next mail so long.
const KEPT: Duration = Duration::from_secs(20);
/// Connections kept at most.
const MOST_KEPT: usize = 4;

/// Sends by one server, over a few kept connections.
pub struct SmtpMailer {
    door: Door,
    from: Mailbox,
    kept: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl SmtpMailer {
    /// Makes ready; no connection is opened yet. The error says what of the settings
    /// cannot be used.
    pub fn new(settings: &SmtpSettings) -> Result<Self, String> {
        let from = mailbox(Some(&settings.from.0), &settings.from.1).map_err(|e| format!("smtp.from: {e}"))?;
        Ok(Self { door: Door::new(settings)?, from, kept: Mutex::default() })
    }

    /// Tries everything but a mail, a step after another, and tells what was found.
    pub async fn examine(&self) -> Examined {
        self.door.examine().await
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

    /// A kept connection that still answers. One that the server closed meanwhile is
    /// nobody's failure.
    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let (mut connection, since) = self.kept.lock().await.pop()?;
            if since.elapsed() < KEPT
                && tokio::time::timeout(STILL_THERE, connection.test_connected()).await.unwrap_or(false)
            {
                return Some(connection);
            }
        }
    }

    async fn keep(&self, connection: AsyncSmtpConnection) {
        let mut kept = self.kept.lock().await;
        kept.retain(|(_, since)| since.elapsed() < KEPT);
        if kept.len() < MOST_KEPT && !connection.has_broken() {
            kept.push((connection, Instant::now()));
        } else {
            drop(kept);
            closed(connection).await;
        }
    }

    /// Sender, recipient and the wish to send: until here the mail surely did not go.
    async fn envelope(&self, connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failed> {
        let envelope = message.envelope();
        let mut options = Vec::new();
        // RFC 6531: an address beyond ASCII needs a server that takes it
        let addresses = envelope.to().iter().chain(envelope.from());
        if !addresses.clone().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let detail = "the server does not take addresses beyond ASCII (SMTPUTF8)".into();
                return Err(Failed::Known(MailFailure { fault: MailFault::Refused, detail }));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        let from = envelope.from().cloned();
        connection.command(Mail::new(from, options)).await.map_err(|e| Failed::At("MAIL FROM", e))?;
        for to in envelope.to() {
            connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|e| Failed::At("RCPT TO", e))?;
        }
        connection.command(Data).await.map_err(|e| Failed::At("DATA", e))?;
        Ok(())
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailFailure> {
        let refused = |detail| MailFailure { fault: MailFault::Refused, detail };
        let message = self.compose(mail).map_err(refused)?;
        let mut kept = self.kept().await;
        let mut connection = loop {
            let was_kept = kept.is_some();
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => self.door.enter().await?,
            };
            let failed = match tokio::time::timeout(ENVELOPE, self.envelope(&mut connection, &message)).await {
                Ok(Ok(())) => break connection,
                Ok(Err(failed)) => Some(failed),
                Err(_) => None,
            };
            // a kept connection that ends just now: once more over a new one, nothing was sent
            if was_kept && failed.as_ref().is_none_or(Failed::is_goodbye) {
                continue;
            }
            closed(connection).await;
            return Err(failed.map_or_else(
                || MailFailure { fault: MailFault::Later, detail: "the server stopped answering".into() },
                before_content,
            ));
        };
        let octets = message.formatted();
        let answer = tokio::time::timeout(CONTENT, connection.message(&octets)).await;
        let Ok(answer) = answer else {
            let detail = "no answer in time after the content".into();
            return Err(MailFailure { fault: MailFault::Unanswered, detail });
        };
        match answer {
            Ok(_) => {
                self.keep(connection).await;
                Ok(())
            }
            Err(error) => {
                closed(connection).await;
                Err(after_content(&error))
            }
        }
    }

    async fn probe(&self) -> Result<(), MailFailure> {
        self.kept.lock().await.clear();
        let connection = self.door.enter().await?;
        self.keep(connection).await;
        Ok(())
    }
}

fn mailbox(name: Option<&Line>, address: &Email) -> Result<Mailbox, String> {
    let address = address.as_str().parse().map_err(|_| "not an address that SMTP can carry".to_owned())?;
    Ok(Mailbox::new(name.map(ToString::to_string), address))
}

/// What a failure before the content means for the mail. The server's own words may hold
/// addresses, so its codes alone are told.
fn before_content(failed: Failed) -> MailFailure {
    let (step, error) = match failed {
        Failed::Known(failure) => return failure,
        Failed::At(step, error) => (step, error),
    };
    let (fault, detail) = match code_of(&error) {
        // RFC 4954: a sign-in that is asked for after all says nothing of this mail
        Some((530 | 534 | 535 | 538, words)) => {
            (MailFault::Server(ServerFault::SignIn), format!("{words} at {step}: it asks for another sign-in"))
        }
        Some((500.., words)) => (MailFault::Refused, format!("{words} at {step}")),
        Some((_, words)) => (MailFault::Later, format!("{words} at {step}")),
        None if is_silent(&error) => (MailFault::Later, format!("the server stopped answering at {step}")),
        None if is_lost(&error) => (MailFault::Later, format!("the server closed the connection at {step}")),
        None => (MailFault::Later, format!("{} at {step}", words_of(&error))),
    };
    MailFailure { fault, detail }
}

/// What a failure from the content on means. Without an answer nobody knows.
fn after_content(error: &SmtpError) -> MailFailure {
    let (fault, detail) = match code_of(error) {
        Some((500.., words)) => (MailFault::Refused, format!("{words} after the content")),
        Some((_, words)) => (MailFault::Later, format!("{words} after the content")),
        None => (MailFault::Unanswered, "the connection ended after the content, before the answer".into()),
    };
    MailFailure { fault, detail }
}

/// Stands in while no server is configured: mail waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMailer;

impl NoMailer {
    fn failure() -> MailFailure {
        let detail = "no mail server is configured (smtp.host)".into();
        MailFailure { fault: MailFault::Server(ServerFault::Name), detail }
    }
}

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _mail: &OutgoingMail) -> Result<(), MailFailure> {
        Err(Self::failure())
    }

    async fn probe(&self) -> Result<(), MailFailure> {
        Err(Self::failure())
    }
}
