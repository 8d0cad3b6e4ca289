//! Figures of the database, read when somebody looks, and seldom enough that nobody can
//! load the database by looking.

use std::time::{Duration, Instant};

use estampe_domain::access::Scope;
use estampe_domain::{Ts, metric};
use estampe_store::{OutboxDepth, PeopleQuery};
use tokio::sync::Mutex;

use crate::Service;
use crate::backups::BackupNotes;

/// Figures are this old before they are read again, at least.
const LEAST: Duration = Duration::from_secs(5);
/// And so many times older than what reading them took: it never costs more than 2 %.
const REST: u32 = 50;
/// How long somebody who looks waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// When figures may be read again.
#[derive(Default)]
pub struct Reading(Mutex<Option<Instant>>);

struct Figures {
    outbox: OutboxDepth,
    held: u64,
    /// Since when the mail server cannot be used.
    away: Option<Ts>,
    people: u64,
    cards: u64,
    leads: u64,
    plugin_problems: u64,
    backups: BackupNotes,
    key_copied: bool,
}

impl Service {
    /// Sets the gauges that the database knows the values of. When it does not answer,
    /// they keep their last values and [`metric::DB_READABLE`] says so.
    pub async fn measure(&self) {
        self.store.measure();
        // one reads at a time; others see what it last found
        let Ok(mut next) = self.gauges.0.try_lock() else { return };
        let begun = Instant::now();
        if next.is_some_and(|next| begun < next) {
            return;
        }
        let now = self.ports.clock.now();
        let read = tokio::time::timeout(PATIENCE, self.figures(now)).await;
        *next = Some(Instant::now() + LEAST.max(begun.elapsed() * REST));
        match read {
            Ok(Ok(figures)) => {
                figures.show(now);
                self.show_backups(&figures.backups, now);
            }
            Ok(Err(error)) => {
                tracing::warn!(error.code = error.code(), error.text = %error, "the figures for metrics could not be read");
                metrics::gauge!(metric::DB_READABLE.name).set(0.0);
            }
            Err(_) => {
                tracing::warn!(
                    db.patience_seconds = PATIENCE.as_secs(),
                    "the database did not give the figures for metrics in time"
                );
                metrics::gauge!(metric::DB_READABLE.name).set(0.0);
            }
        }
    }

    async fn figures(&self, now: Ts) -> estampe_domain::Result<Figures> {
        let read = self.store.read(move |tx| {
            Ok(Figures {
                outbox: tx.outbox_depth(now)?,
                held: tx.held_runs()?,
                away: tx.mail_outage()?.map(|outage| outage.since),
                people: tx.people_count(&PeopleQuery::default())?,
                cards: tx.shown_cards()?,
                leads: tx.leads_in_all(Scope::All)?,
                plugin_problems: tx.plugin_problems()?,
                backups: BackupNotes::read(tx)?,
                key_copied: tx.key_copied()?.is_some(),
            })
        });
        Ok(read.await?)
    }
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "counts of rows and microseconds, far below 2^52")]
    fn show(&self, now: Ts) {
        let OutboxDepth { due, waiting, sending, dead, oldest_due } = self.outbox;
        for (state, mails) in [("due", due), ("waiting", waiting), ("sending", sending), ("dead", dead)] {
            metrics::gauge!(metric::OUTBOX_MAILS.name, "state" => state).set(mails as f64);
        }
        let age = oldest_due.map_or(0, |since| (now.as_micros() - since.as_micros()).max(0));
        metrics::gauge!(metric::OUTBOX_OLDEST_DUE_AGE.name).set(age as f64 / 1e6);
        let away = self.away.map_or(0, |since| (now.as_micros() - since.as_micros()).max(0));
        metrics::gauge!(metric::MAIL_SERVER_AWAY.name).set(away as f64 / 1e6);
        metrics::gauge!(metric::RUNS_HELD.name).set(self.held as f64);
        metrics::gauge!(metric::PEOPLE.name).set(self.people as f64);
        metrics::gauge!(metric::CARDS.name).set(self.cards as f64);
        metrics::gauge!(metric::LEADS.name).set(self.leads as f64);
        metrics::gauge!(metric::PLUGIN_PROBLEMS.name).set(self.plugin_problems as f64);
        metrics::gauge!(metric::KEY_NOT_COPIED.name).set(if self.key_copied { 0.0 } else { 1.0 });
        metrics::gauge!(metric::DB_READABLE.name).set(1.0);
    }
}
