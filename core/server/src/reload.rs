//! SIGHUP: reads the configuration anew and lets what may change while we run apply. Whatever is
//! wrong in it changes nothing, and is told by the log, a metric, the health check and the console. Certificates have a keeper of their own ([`crate::tls`]).

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use estampe_adapters::{SmtpMailer, SmtpSettings};
use estampe_domain::mail::{MailFailure, OutgoingMail};
use estampe_domain::metric;
use estampe_domain::ports::Mailer;
use estampe_web::AppState;
use tokio::signal::unix::Signal;
use tokio::sync::watch;

use crate::config::{self, Settings};
use crate::manager;
use crate::telemetry::Level;

/// Keys, or sections, that apply at once. Of the mail server only another one in its place: whether
/// there is one at all is known to the texts that visitors are shown.
const LIVE: &[&str] = &[
    "log.level",
    "limits.requests_per_minute",
    "limits.leads_per_minute",
    "limits.card_leads_per_minute",
    "limits.api_requests_per_minute",
    "smtp.host",
    "smtp.port",
    "smtp.encryption",
    "smtp.username",
    "smtp.password_file",
    "smtp.from",
    "smtp.ca_file",
];

/// Whether another value of this key applies at a reload, to an appliance that is configured so.
pub fn takes(settings: &Settings, key: &str) -> bool {
    LIVE.contains(&key) && !(key.starts_with("smtp.") && settings.smtp.host.is_empty())
}

/// The mail server that is used now.
pub struct LiveMailer(ArcSwap<SmtpMailer>);

impl LiveMailer {
    /// Begins with this one.
    pub fn new(settings: &SmtpSettings) -> Result<Self, String> {
        Ok(Self(ArcSwap::from_pointee(SmtpMailer::new(settings)?)))
    }
}

#[async_trait]
impl Mailer for LiveMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailFailure> {
        self.0.load_full().send(mail).await
    }

    async fn probe(&self) -> Result<(), MailFailure> {
        self.0.load_full().probe().await
    }
}

/// What a new configuration is applied to.
pub struct Reload {
    /// Where it is read from; none for the usual place.
    pub file: Option<PathBuf>,
    /// The one that we began with, with what was applied since.
    pub settings: Settings,
    pub level: Level,
    pub mailer: Option<Arc<LiveMailer>>,
    pub state: Arc<AppState>,
}

impl Reload {
    /// Reads it anew as often as asked, until told to stop.
    pub async fn run(mut self, mut hangup: Signal, mut stopped: watch::Receiver<bool>) {
        refused(false);
        loop {
            tokio::select! {
                Some(()) = hangup.recv() => {}
                _ = stopped.changed() => return,
            }
            manager::reloading();
            // files may stand on a disk that is slow
            let read = tokio::task::spawn_blocking(move || {
                let outcome = self.again();
                (self, outcome)
            });
            match read.await {
                Ok((reload, outcome)) => {
                    self = reload;
                    if let Err(problems) = outcome {
                        tracing::error!(
                            config.problems = problems,
                            "the configuration cannot be used; what applied before still does"
                        );
                        self.state.refuse_reload();
                        refused(true);
                        manager::ready_as_before();
                        continue;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the configuration is no longer read anew; restart the service");
                    return;
                }
            }
            refused(false);
            manager::ready();
        }
    }

    fn again(&mut self) -> Result<(), String> {
        let (new, origins) = config::load(self.file.as_deref()).map_err(|e| e.to_string())?;
        let checked = new.check().map_err(|e| crate::cmd::placed(&origins, &e))?;
        let changed = changed(&self.settings, &new);
        let appears = self.settings.smtp.host.is_empty() != new.smtp.host.is_empty();
        let (live, fixed): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|key| LIVE.contains(&key.as_str()) && !(appears && key.starts_with("smtp.")));
        // the password may have changed behind the name of its file
        if let (Some(mailer), Some(smtp)) = (&self.mailer, &checked.smtp) {
            mailer.0.store(Arc::new(SmtpMailer::new(smtp)?));
        }
        self.state.reload(&checked.edge, config::shown(&new, &origins));
        tracing::info!(config.changed = live.join(" "), "the configuration was read anew");
        if !fixed.is_empty() {
            tracing::warn!(config.keys = fixed.join(" "), "these keys changed and apply after a restart");
        }
        // last, for it may be that nothing of this would be told any more
        self.level.set(&checked.log_filter)?;
        // what wants a restart is said again next time
        self.settings.log = new.log;
        self.settings.limits = new.limits;
        if !appears {
            self.settings.smtp = new.smtp;
        }
        Ok(())
    }
}

/// Whether the configuration that was read last was refused, for whoever watches.
fn refused(is_refused: bool) {
    metrics::gauge!(metric::CONFIGURATION_REFUSED.name).set(if is_refused { 1.0 } else { 0.0 });
}

/// The keys whose values differ.
fn changed(old: &Settings, new: &Settings) -> Vec<String> {
    let flat = |settings: &Settings| config::shown(settings, &config::Origins::new());
    let (old_facts, new_facts) = (flat(old), flat(new));
    let pairs = old_facts.into_iter().zip(new_facts);
    // an address with a password is not shown: it is compared as it stands
    let hidden = (old.database != new.database).then(|| "database.url".to_owned());
    let mut keys: Vec<String> = pairs.filter(|(old, new)| old.value != new.value).map(|(old, _)| old.key).collect();
    if let Some(key) = hidden.filter(|_| !keys.iter().any(|key| key.starts_with("database."))) {
        keys.push(key);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_by_its_key() {
        let old = Settings::default();
        let mut new = old.clone();
        assert!(changed(&old, &new).is_empty());
        new.log.level = "debug".into();
        new.tls.names.push("cards.example".into());
        assert_eq!(changed(&old, &new), ["log.level", "tls.names"]);
        let mut new = old.clone();
        new.database.url = "postgres://a:one@db/x".into();
        let mut other = new.clone();
        other.database.url = "postgres://a:two@db/x".into();
        assert_eq!(changed(&new, &other), ["database.url"]);
    }

    #[test]
    fn the_settings_say_what_a_reload_takes() {
        let taken = |settings: &Settings, key: &str| {
            let facts = config::shown(settings, &config::Origins::new());
            facts.iter().find(|fact| fact.key == key).map(|fact| fact.reloads)
        };
        let mut settings = Settings::default();
        assert_eq!(taken(&settings, "log.level"), Some(true));
        assert_eq!(taken(&settings, "listen.public"), Some(false));
        // the first mail server of all waits for a restart
        assert_eq!(taken(&settings, "smtp.port"), Some(false));
        settings.smtp.host = "mail.example".into();
        assert_eq!(taken(&settings, "smtp.port"), Some(true));
    }

    #[test]
    fn every_live_key_is_one_of_the_configuration() {
        let facts = config::shown(&Settings::default(), &config::Origins::new());
        for key in LIVE {
            assert!(facts.iter().any(|fact| fact.key == *key), "{key}");
        }
    }
}
