//! The public listener's certificate from an ACME server: ordered in the background,
//! renewed when a third of its lifetime is left. A failure changes nothing but the log
//! and the warnings, and is tried again later and later; SIGHUP tries at once.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use estampe_adapters::{AcmeAccount, Issued};
use estampe_domain::Ts;
use estampe_domain::ports::Clock;
use estampe_web::TlsFacts;
use estampe_web::plain::Warning;
use tokio::signal::unix::Signal;
use tokio::sync::watch;

use super::files::{self, PRIVATE};
use super::live::Signed;
use super::pair::Pair;
use crate::config::{AcmeSource, CheckedSettings, Name};
use crate::telemetry;

/// The wait after a first failure, in seconds; it doubles. Let's Encrypt allows five
/// failures an hour.
const FIRST_WAIT: i64 = 5 * 60;
/// The longest wait after a failure, in seconds.
const LONGEST_WAIT: i64 = 12 * 3600;
/// The longest sleep, in seconds: a suspended machine notices its dates after it.
const LONGEST_SLEEP: i64 = 3600;

const NONE_YET: Warning = Warning {
    code: "acme_no_certificate",
    text: "The ACME server has issued no certificate yet; the public listener serves its own.",
};
const FAILING: Warning = Warning {
    code: "acme_failing",
    text: "The ACME certificate could not be renewed; the former one is still served.",
};

/// Where an ACME certificate is kept.
#[derive(Clone)]
pub struct Kept {
    folder: PathBuf,
    directory: String,
    names: Vec<Name>,
}

impl Kept {
    /// In this data folder.
    pub fn new(settings: &CheckedSettings, source: &AcmeSource) -> Self {
        Self {
            folder: settings.data_dir.join("tls/acme"),
            directory: source.settings.directory.clone(),
            names: source.names.iter().cloned().map(Name::Dns).collect(),
        }
    }

    /// Key and chain in one file, so that they are replaced together.
    fn file(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    fn account_file(&self) -> PathBuf {
        self.folder.join("account.json")
    }

    /// By this line a certificate of another server (of a trial) is known.
    fn head(&self) -> String {
        format!("Issued by {}\n", self.directory)
    }

    /// The certificate that is there, when it is of this server and for these names.
    pub fn read(&self) -> Option<Pair> {
        let text = fs::read_to_string(self.file()).ok()?;
        if !text.starts_with(&self.head()) {
            return None;
        }
        let read = Pair::of_pem(&text, &text);
        if let Err(problem) = &read {
            tracing::warn!(tls.problem = problem, "the ACME certificate on disk cannot be used; a new one is ordered");
        }
        read.ok().filter(|pair| pair.leaf.names == self.names)
    }

    fn write(&self, issued: &Issued) -> Result<(), String> {
        files::folder(&self.folder)?;
        let text = format!("{}{}\n{}", self.head(), issued.key, issued.chain);
        files::write(&self.file(), text.as_bytes(), PRIVATE)
    }

    /// The account with this server. It is kept with the server's address.
    fn account(&self) -> Option<String> {
        let text = fs::read_to_string(self.account_file()).ok()?;
        Some(text.strip_prefix(&self.head())?.to_owned())
    }

    fn write_account(&self, account: &str) -> Result<(), String> {
        files::folder(&self.folder)?;
        files::write(&self.account_file(), format!("{}{account}", self.head()).as_bytes(), PRIVATE)
    }
}

/// Orders and renews.
pub struct Acme {
    source: AcmeSource,
    kept: Kept,
    clock: Arc<dyn Clock>,
    facts: Arc<TlsFacts>,
    signed: Signed,
    failures: u32,
}

impl Acme {
    /// Takes up the certificate that is there, if any.
    pub fn open(settings: &CheckedSettings, source: &AcmeSource, clock: Arc<dyn Clock>, facts: Arc<TlsFacts>) -> Self {
        let kept = Kept::new(settings, source);
        let now = clock.now();
        let found = kept.read().filter(|pair| pair.usable(now).is_ok());
        if found.is_none() {
            facts.set_warnings("acme", vec![NONE_YET]);
        }
        if let Some(pair) = &found {
            telemetry::serving("acme", pair.leaf.not_after);
        }
        let signed = Arc::new(ArcSwapOption::new(found.map(Arc::new)));
        Self { source: source.clone(), kept, clock, facts, signed, failures: 0 }
    }

    /// What is served; it changes under whoever holds it.
    pub fn signed(&self) -> Signed {
        Arc::clone(&self.signed)
    }

    /// Orders whenever it is time, until told to stop.
    pub async fn run(mut self, mut hangup: Signal, mut stopped: watch::Receiver<bool>) {
        let mut not_before = self.clock.now();
        loop {
            let due = self.due().max(not_before);
            let wait = due.seconds_since(self.clock.now());
            if wait > 0 {
                tokio::select! {
                    () = tokio::time::sleep(seconds(wait.min(LONGEST_SLEEP))) => {}
                    Some(()) = hangup.recv() => not_before = self.clock.now(),
                    _ = stopped.changed() => return,
                }
                continue;
            }
            let ordered = tokio::select! {
                ordered = self.order() => ordered,
                _ = stopped.changed() => return,
            };
            self.facts.clear_challenges();
            not_before = self.clock.now().plus_seconds(self.after(ordered));
        }
    }

    /// When a certificate has to be ordered: a third of the lifetime before its end.
    fn due(&self) -> Ts {
        let served = self.signed.load();
        served.as_ref().map_or(Ts::from_micros(0), |pair| pair.leaf.not_after.plus_seconds(-pair.leaf.lifetime() / 3))
    }

    async fn order(&self) -> Result<Pair, String> {
        let names = &self.source.names;
        tracing::info!(acme.directory = self.kept.directory, acme.names = names.join(", "), "ordering a certificate");
        let kept = self.kept.account();
        let (account, new) = AcmeAccount::open(&self.source.settings, kept.as_deref()).await?;
        if let Some(new) = new {
            self.kept.write_account(&new)?;
        }
        let facts = Arc::clone(&self.facts);
        let issued = account.order(names, move |token, answer| facts.add_challenge(token, answer)).await?;
        let pair = Pair::of_pem(&issued.chain, &issued.key).map_err(|e| format!("what the server issued: {e}"))?;
        pair.usable(self.clock.now())?;
        if pair.leaf.names != self.kept.names {
            return Err(format!("the server issued a certificate for other names: {}", pair.leaf.told()));
        }
        self.kept.write(&issued)?;
        Ok(pair)
    }

    /// Takes up what came of an order; how many seconds to wait at least before the next.
    fn after(&mut self, ordered: Result<Pair, String>) -> i64 {
        match ordered {
            Ok(pair) => {
                self.failures = 0;
                tracing::info!(
                    tls.names = pair.leaf.told(),
                    tls.not_after = %pair.leaf.not_after.timestamp(),
                    tls.fingerprint = pair.leaf.fingerprint,
                    "a new certificate of the ACME server is served from now on"
                );
                telemetry::serving("acme", pair.leaf.not_after);
                self.signed.store(Some(Arc::new(pair)));
                self.facts.set_warnings("acme", Vec::new());
                // a server that issues what is late at once is not asked in a loop
                1
            }
            Err(problem) => {
                let wait = FIRST_WAIT.saturating_mul(1_i64 << self.failures.min(16)).min(LONGEST_WAIT);
                self.failures = self.failures.saturating_add(1);
                let served = self.signed.load();
                let instead = if served.is_some() { "the former one" } else { "the listener's own one" };
                tracing::error!(
                    acme.directory = self.kept.directory,
                    acme.names = self.source.names.join(", "),
                    acme.problem = problem,
                    acme.retry_in_seconds = wait,
                    "no certificate from the ACME server: {instead} is served; port 80 of these names must lead to listen.http"
                );
                self.facts.set_warnings("acme", vec![if served.is_some() { FAILING } else { NONE_YET }]);
                wait
            }
        }
    }
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or_default().max(1))
}
