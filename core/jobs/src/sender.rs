//! Sends the mails of the outbox, a few at a time while the server can be used.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use estampe_domain::mail::{MailFailure, MailFault, Occasion, OutgoingMail, ServerFault};
use estampe_domain::ports::Mailer;
use estampe_domain::{Actor, Locale, Result, Ts, metric};
use estampe_service::{DueJob, Lease, MailHistory, Queue, Retry, Service, Work};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::backoff::{self, MAIL_PATIENCE};
use crate::mail::{self, Verdict};
use crate::weather::{Leave, Weather};
use crate::worker::{NAP, RENEWAL, later, span_of, take};

/// Counts what came of a try.
fn tried(about: Occasion, outcome: &'static str) {
    metrics::counter!(metric::MAILS.name, "mail" => about.kind(), "outcome" => outcome).increment(1);
}

/// Sends mails.
pub struct Sender {
    service: Arc<Service>,
    mailer: Arc<dyn Mailer>,
    /// What stands after the `@` of a Message-ID.
    domain: String,
    weather: Mutex<Weather>,
}

impl Sender {
    /// Takes up what the last start knew of the mail server.
    pub async fn new(service: Arc<Service>, mailer: Arc<dyn Mailer>, domain: String) -> Self {
        let outage = service.mail_outage().await.unwrap_or_else(|error| {
            tracing::warn!(error.code = error.code(), error.text = %error, "how the mail server fared is not known");
            None
        });
        let now = service.context(Actor::System, Locale::En).now;
        let weather = Mutex::new(Weather::after_restart(outage, now));
        Self { service, mailer, domain, weather }
    }

    /// Begins what may be done now; how long to sleep after.
    pub async fn begin_due(self: &Arc<Self>, hands: &mut JoinSet<()>) -> Result<Duration> {
        if !self.service.settings().mail_configured {
            return Ok(NAP);
        }
        let (hurried, now) = (self.service.mail_hurried(), self.now());
        let leave = self.with_weather(|weather| {
            if hurried {
                weather.hurry(now);
            }
            weather.leave(now)
        });
        match leave {
            Leave::Wait(at) => Ok(crate::worker::nap_until(at, now)),
            Leave::Probe => {
                let sender = Arc::clone(self);
                hands.spawn(async move { sender.probe().await });
                Ok(NAP)
            }
            Leave::Mails(most) => {
                let room = most.saturating_sub(hands.len());
                let (jobs, nap) = take(&self.service, Queue::Mail, room).await?;
                for job in jobs {
                    let sender = Arc::clone(self);
                    let span = span_of(&job);
                    hands.spawn(async move { sender.work(job).await }.instrument(span));
                }
                Ok(nap)
            }
        }
    }

    async fn work(&self, job: DueJob) {
        let Work::Mail(about) = job.work else { return };
        if let Err(error) = self.send(&job, about).await {
            // the lease runs out and the mail is tried again, under the same Message-ID
            tracing::error!(job.id = %job.lease.job, error.code = error.code(), error.text = %error, "a mail's end could not be noted");
        }
    }

    async fn send(&self, job: &DueJob, about: Occasion) -> Result<()> {
        let composed = async {
            let history = self.service.mail_history(job.lease.job).await?;
            let mail = mail::compose(&self.service, &self.domain, job.lease.job, about, history).await?;
            Ok((history, mail))
        };
        let (history, mail) = match composed.await {
            Ok(composed) => composed,
            Err(error) => return later(&self.service, job, &error, backoff::MAIL_TRIES).await,
        };
        let Some(mail) = mail else {
            tried(about, "void");
            return self.service.finish_job(job.lease).await;
        };
        match self.hand_over(&mail, job.lease).await {
            Ok(()) => {
                self.with_weather(Weather::answered);
                tracing::info!(job.id = %job.lease.job, job.attempt = job.attempt, "a mail was handed over");
                tried(about, "sent");
                self.service.finish_job(job.lease).await
            }
            Err(failure) => self.failed(job, about, failure, history).await,
        }
    }

    /// Sends while the lease is kept. What is under way is not broken off when the lease
    /// is lost: that would leave one more mail of which nobody knows.
    async fn hand_over(&self, mail: &OutgoingMail, lease: Lease) -> Result<(), MailFailure> {
        let mut sending = self.mailer.send(mail);
        loop {
            tokio::select! {
                sent = &mut sending => return sent,
                () = tokio::time::sleep(RENEWAL) => {
                    if let Err(error) = self.service.renew_lease(lease).await {
                        tracing::warn!(job.id = %lease.job, error.code = error.code(), "a lease was not renewed");
                    }
                }
            }
        }
    }

    async fn failed(&self, job: &DueJob, about: Occasion, failure: MailFailure, history: MailHistory) -> Result<()> {
        let now = self.now();
        let id = job.lease.job;
        match mail::judge(&failure, job.attempt, history, now) {
            Verdict::GiveUp(last_words) => {
                tracing::warn!(job.id = %id, job.attempt = job.attempt, mail.failure = last_words, "a mail was given up");
                tried(about, "dead");
                self.service.kill_job(job.lease, last_words).await?;
            }
            Verdict::Again(retry) => {
                tried(about, "later");
                if let Retry::Refused { at } | Retry::Unanswered { at } = retry {
                    let wait = at.seconds_since(now);
                    tracing::warn!(job.id = %id, job.attempt = job.attempt, mail.failure = %failure, mail.retry_seconds = wait, "a mail could not go yet");
                }
                self.service.retry_mail(job.lease, retry, failure.detail.clone()).await?;
            }
        }
        match failure.fault {
            MailFault::Server(fault) => self.server_failed(fault, &failure.detail, false).await,
            MailFault::Later | MailFault::Refused => {
                self.with_weather(Weather::answered);
                Ok(())
            }
            MailFault::Unanswered => {
                self.with_weather(|weather| weather.unanswered(now));
                Ok(())
            }
        }
    }

    /// Asks for all waiting mails whether the server is back.
    async fn probe(&self) {
        let noted = match self.mailer.probe().await {
            Ok(()) => {
                let since = self.with_weather(Weather::cleared);
                let away = since.map_or(0, |since| self.now().seconds_since(since));
                tracing::info!(mail.away_seconds = away, "the mail server can be used again");
                self.service.note_recovery().await
            }
            Err(failure) => {
                let fault = match failure.fault {
                    MailFault::Server(fault) => fault,
                    MailFault::Later | MailFault::Refused | MailFault::Unanswered => ServerFault::Answer,
                };
                self.server_failed(fault, &failure.detail, true).await
            }
        };
        if let Err(error) = noted {
            tracing::error!(error.code = error.code(), error.text = %error, "how the mail server fares could not be noted");
        }
    }

    async fn server_failed(&self, fault: ServerFault, detail: &str, probe: bool) -> Result<()> {
        let now = self.now();
        let outage = self.with_weather(|weather| weather.failed(fault, detail, probe, now));
        let Some(outage) = outage else { return Ok(()) };
        let away = now.seconds_since(outage.since);
        tracing::warn!(
            mail.failure = detail,
            mail.away_seconds = away,
            "the mail server cannot be used; mails wait for it"
        );
        let given_up = self.service.note_outage(outage, MAIL_PATIENCE).await?;
        if given_up > 0 {
            tracing::warn!(mail.given_up = given_up, "mails were given up: the server was away for too long");
        }
        Ok(())
    }

    fn with_weather<T>(&self, look: impl FnOnce(&mut Weather) -> T) -> T {
        look(&mut self.weather.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> Ts {
        self.service.context(Actor::System, Locale::En).now
    }
}
