//! Reading: a connector's pages, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use estampe_domain::plugin::{FailKind, LogLevel, LogLine, Page, Photos, PluginFailure, SyncCall, SyncMode};
use estampe_domain::source::Source;
use estampe_domain::{Error, Result, RunId};
use estampe_store::Lease;
use tokio::sync::mpsc;

use super::checkpoint::Basis;
use super::patience::Patience;
use super::photos::PhotosOf;
use super::standstill::Standstill;
use super::{LEASE, Planner, keep_lease};
use crate::Service;

/// How often a lease is renewed while a run waits.
const RENEWED: Duration = Duration::from_secs(30);

/// Where a connector's pages are read from, and on what terms.
pub(super) struct Reading {
    run: RunId,
    source: Arc<Source>,
    plan_only: bool,
    mode: SyncMode,
    /// The version of the plugin: cursors and state are one version's own.
    version: Option<String>,
    basis: Basis,
    /// Where the next page begins.
    cursor: Option<Vec<u8>>,
    /// What the plugin is told of the last run.
    checkpoint: Option<Vec<u8>>,
    state: BTreeMap<String, Vec<u8>>,
    /// What photos it need not fetch.
    photos: Photos,
    lease: Lease,
    /// Whether it asks another side by requests, each of which may fail for a moment.
    asks: bool,
}

impl Service {
    /// Finds out where to begin, and whether with what changed or with everybody.
    pub(super) async fn begin_reading(&self, planner: &mut Planner) -> Result<Reading> {
        let source = planner.source.id;
        let (state, stored) = self.store.read(move |tx| Ok((tx.source_state(source)?, tx.checkpoint(source)?))).await?;
        // first: what is not callable yet is made so
        let given = self.given(&planner.source, planner.plan_only).await?;
        let version = self.ports.plugins.active(&planner.source.connector.plugin);
        let basis = Basis::of(&planner.source, &given, version.as_deref());
        let checkpoint = stored.and_then(|stored| basis.opened(&stored));
        let mut cursor = None;
        if planner.mode == SyncMode::Incremental {
            cursor.clone_from(&checkpoint);
            if cursor.is_none() {
                // nothing tells what changed since the last run
                planner.mode = SyncMode::Full;
                let run = planner.run;
                self.store.write(move |tx| tx.set_run_mode(run, SyncMode::Full)).await?;
            }
        }
        Ok(Reading {
            run: planner.run,
            source: Arc::clone(&planner.source),
            plan_only: planner.plan_only,
            mode: planner.mode,
            version,
            basis,
            cursor,
            checkpoint: checkpoint.filter(|_| planner.compares),
            photos: if planner.compares {
                Photos::new(Arc::new(PhotosOf { store: self.store.clone(), source }))
            } else {
                Photos::default()
            },
            state,
            lease: planner.lease,
            asks: self.asks_by_http(&planner.source.connector.plugin),
        })
    }

    /// Reads until there is no more; ends early, and well, when nobody takes the pages.
    pub(super) async fn read_pages(&self, mut reading: Reading, pages: mpsc::Sender<Page>) -> Result<()> {
        let (mut standstill, mut number) = (Standstill::default(), 0_u32);
        // one page waits at most while another is staged
        while let Ok(place) = pages.reserve().await {
            number += 1;
            let page = self.read_page_in_time(&reading).await.map_err(|error| on_page(error, number))?;
            let next = page.next.clone();
            if next.is_some() {
                standstill.page(&page.events)?;
            }
            overlay(&mut reading.state, &page.state);
            place.send(page);
            match next {
                None => return Ok(()),
                Some(next) if reading.cursor.as_ref() == Some(&next) => {
                    return Err(PluginFailure::new(
                        FailKind::Internal,
                        "the connector gave the same cursor twice: the run would never end",
                    )
                    .into());
                }
                Some(next) => reading.cursor = Some(next),
            }
        }
        Ok(())
    }

    /// Whether a plugin makes requests.
    fn asks_by_http(&self, plugin: &str) -> bool {
        self.ports.directory.plugins().iter().any(|info| info.id == plugin && !info.asks.http.is_empty())
    }

    /// Asks for a page again when the other side is busy or away for a moment.
    async fn read_page_in_time(&self, reading: &Reading) -> Result<Page> {
        let mut patience = Patience::default();
        loop {
            let failure = match self.read_page(reading).await {
                Err(Error::Plugin(failure)) if reading.asks => failure,
                done => return done,
            };
            let Some(wait) = patience.after(&failure) else { return Err(failure.into()) };
            let (run, now) = (reading.run, self.ports.clock.now());
            let text = format!("waits {} s and asks again: {}", wait.as_secs().max(1), failure.message);
            let line = LogLine { at: now, level: LogLevel::Info, text };
            self.store.write(move |tx| tx.add_run_log(run, &[line])).await?;
            let end = tokio::time::Instant::now() + wait;
            // the run stays this worker's while it waits
            while let Some(left) =
                end.checked_duration_since(tokio::time::Instant::now()).filter(|left| !left.is_zero())
            {
                let (lease, until) = (reading.lease, self.ports.clock.now().plus_seconds(LEASE));
                self.store.write(move |tx| keep_lease(tx, lease, until)).await?;
                tokio::time::sleep(left.min(RENEWED)).await;
            }
        }
    }

    async fn read_page(&self, reading: &Reading) -> Result<Page> {
        let connector = &reading.source.connector;
        // anew for each page: what was taken back or disabled counts from the next call on
        let (given, failures) = self.given_after(&reading.source, reading.plan_only).await?;
        let answer = self
            .ports
            .directory
            .sync_page(SyncCall {
                run: reading.run,
                connector: connector.clone(),
                given: given.clone(),
                mode: reading.mode,
                cursor: reading.cursor.clone(),
                checkpoint: reading.checkpoint.clone(),
                state: reading.state.clone(),
                photos: reading.photos.clone(),
            })
            .await;
        let (run, lines) = (reading.run, given.log.take());
        if !lines.is_empty() {
            self.store.write(move |tx| tx.add_run_log(run, &lines)).await?;
        }
        if failures > 0 || answer.is_err() {
            self.note_call(&connector.plugin, answer.as_ref().err()).await?;
        }
        let mut page = answer?;
        if self.ports.plugins.active(&connector.plugin) != reading.version {
            let words = "the plugin was replaced while the run went on; nothing was changed: run it again";
            return Err(PluginFailure::new(FailKind::Conflict, words).into());
        }
        page.checkpoint = page.checkpoint.map(|checkpoint| reading.basis.sealed(&checkpoint));
        Ok(page)
    }
}

/// What the plugin is to blame for names its page: whoever mends it looks there.
fn on_page(error: Error, number: u32) -> Error {
    match error {
        Error::Plugin(failure) if failure.is_own_fault() => {
            let message = format!("{} (page {number} of the run)", failure.message);
            PluginFailure { message, ..failure }.into()
        }
        other => other,
    }
}

pub(crate) fn overlay(state: &mut BTreeMap<String, Vec<u8>>, writes: &BTreeMap<String, Option<Vec<u8>>>) {
    for (key, value) in writes {
        match value {
            Some(value) => state.insert(key.clone(), value.clone()),
            None => state.remove(key),
        };
    }
}
