//! Keeps the certificate of both listeners true to its files while they run: looks at
//! them every two seconds and on SIGHUP, and renews the local one in time. What cannot be
//! used changes nothing but the log and the warnings.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use estampe_domain::Ts;
use estampe_domain::ports::Clock;
use estampe_web::TlsFacts;
use estampe_web::plain::Warning;
use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::live::Base;
use super::local::{self, LocalCa};
use super::pair::Pair;
use crate::config::{CheckedSettings, TlsSource};
use crate::telemetry;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often dates are looked at, in seconds, though no file changed.
const DATES: i64 = 3600;
/// A certificate that is not ours to renew is warned of so many seconds before its end.
const SOON: i64 = 14 * 86_400;
/// The local authority's end is warned of so many seconds before: devices take long.
const CA_SOON: i64 = 180 * 86_400;

const NOT_RELOADED: Warning = Warning {
    code: "certificate_not_reloaded",
    text: "The certificate's files cannot be used; the former certificate is still served.",
};
const ENDED: Warning = Warning { code: "certificate_ended", text: "The certificate is out of date." };
const ENDS_SOON: Warning = Warning { code: "certificate_ends_soon", text: "The certificate ends within 14 days." };
const CA_ENDS_SOON: Warning =
    Warning { code: "local_ca_ends_soon", text: "The local certificate authority ends within 180 days." };

/// By which a changed file is known: its time, size and inode.
type Stamp = Option<(SystemTime, u64, u64)>;

/// Keeps the certificate.
pub struct Keeper {
    source: TlsSource,
    data_dir: PathBuf,
    clock: Arc<dyn Clock>,
    facts: Arc<TlsFacts>,
    current: Base,
    ca_not_after: Option<Ts>,
    stamps: Vec<Stamp>,
    looked: Ts,
    problem: Option<String>,
}

impl Keeper {
    /// Reads the certificate for the first time, or makes the local one.
    pub fn open(settings: &CheckedSettings, clock: Arc<dyn Clock>, facts: Arc<TlsFacts>) -> Result<Self, String> {
        let now = clock.now();
        let (pair, ca) = match &settings.tls {
            TlsSource::Files { certificate, key } => (Pair::read(certificate, key)?, None),
            TlsSource::Local { names } => {
                let ca = LocalCa::open_or_make(&settings.data_dir, names, now)?;
                (ca.leaf(names, now)?, Some(ca))
            }
        };
        if let Err(problem) = pair.usable(now) {
            // the console over a certificate that browsers warn of is better than no console
            tracing::error!(tls.problem = problem, "the certificate is served though it is out of date");
        }
        telemetry::serving("own", pair.leaf.not_after);
        let mut keeper = Self {
            source: settings.tls.clone(),
            data_dir: settings.data_dir.clone(),
            clock,
            facts,
            current: Arc::new(ArcSwap::from_pointee(pair)),
            ca_not_after: None,
            stamps: Vec::new(),
            looked: now,
            problem: None,
        };
        keeper.stamps = keeper.stamps();
        keeper.show(ca);
        keeper.warn(now);
        Ok(keeper)
    }

    /// What is served; it changes under whoever holds it.
    pub fn base(&self) -> Base {
        Arc::clone(&self.current)
    }

    /// Looks until told to stop.
    pub async fn run(mut self, mut hangup: Signal, mut stopped: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                _ = ticks.tick() => false,
                Some(()) = hangup.recv() => true,
                _ = stopped.changed() => return,
            };
            // files may stand on a disk that is slow, or gone
            let looked = tokio::task::spawn_blocking(move || {
                self.look(asked);
                self
            });
            match looked.await {
                Ok(keeper) => self = keeper,
                Err(error) => {
                    tracing::error!(%error, "certificates are no longer looked after; restart the service");
                    return;
                }
            }
        }
    }

    fn look(&mut self, asked: bool) {
        let now = self.clock.now();
        let stamps = self.stamps();
        // what could not be used is tried again: it may have been half written
        let due = asked || self.problem.is_some() || stamps != self.stamps || now.seconds_since(self.looked) >= DATES;
        if !due {
            return;
        }
        (self.stamps, self.looked) = (stamps, now);
        match self.load(now) {
            Ok((pair, ca)) => {
                self.show(ca);
                self.take(pair, asked);
            }
            Err(problem) => self.keep(problem),
        }
        self.warn(now);
    }

    /// What the files hold; refused when it is worse than what is served.
    fn load(&self, now: Ts) -> Result<(Pair, Option<LocalCa>), String> {
        let (pair, ca) = match &self.source {
            TlsSource::Files { certificate, key } => (Pair::read(certificate, key)?, None),
            TlsSource::Local { names } => {
                let ca = LocalCa::open(&self.data_dir, names, now)?;
                (ca.leaf(names, now)?, Some(ca))
            }
        };
        if pair.served.cert != self.current.load().served.cert {
            pair.usable(now)?;
        }
        Ok((pair, ca))
    }

    fn take(&mut self, pair: Pair, asked: bool) {
        let mended = self.problem.take().is_some();
        if pair.served.cert != self.current.load().served.cert {
            tracing::info!(
                tls.names = pair.leaf.told(),
                tls.not_after = %pair.leaf.not_after.timestamp(),
                tls.fingerprint = pair.leaf.fingerprint,
                "a new certificate is served from now on"
            );
            telemetry::serving("own", pair.leaf.not_after);
            self.current.store(Arc::new(pair));
        } else if mended || asked {
            tracing::info!(tls.fingerprint = pair.leaf.fingerprint, "the certificate's files hold what is served");
        }
    }

    fn keep(&mut self, problem: String) {
        if self.problem.as_ref() != Some(&problem) {
            tracing::error!(
                tls.problem = problem,
                "the certificate on disk cannot be used; the former one is still served"
            );
        }
        self.problem = Some(problem);
    }

    fn show(&mut self, ca: Option<LocalCa>) {
        self.ca_not_after = ca.as_ref().map(|ca| ca.root.not_after);
        self.facts.set_root(ca.map(|ca| estampe_web::LocalRoot { pem: ca.root.pem, fingerprint: ca.root.fingerprint }));
    }

    fn warn(&self, now: Ts) {
        let left = self.current.load().leaf.not_after.seconds_since(now);
        let ours = matches!(self.source, TlsSource::Local { .. });
        let found = [
            (self.problem.is_some(), NOT_RELOADED),
            (left <= 0, ENDED),
            (left > 0 && left <= SOON && !ours, ENDS_SOON),
            (self.ca_not_after.is_some_and(|end| end.seconds_since(now) <= CA_SOON), CA_ENDS_SOON),
        ];
        self.facts.set_warnings("certificate", found.into_iter().filter(|(is, _)| *is).map(|(_, w)| w).collect());
    }

    fn stamps(&self) -> Vec<Stamp> {
        let files = match &self.source {
            TlsSource::Files { certificate, key } => vec![certificate.clone(), key.clone()],
            TlsSource::Local { .. } => {
                let folder = self.data_dir.join("tls");
                vec![local::file(&self.data_dir), folder.join("leaf.pem"), folder.join("leaf.key")]
            }
        };
        let stamp = |file: &PathBuf| {
            let found = fs::metadata(file).ok()?;
            Some((found.modified().ok()?, found.size(), found.ino()))
        };
        files.iter().map(stamp).collect()
    }
}
