//! Reading: a connector's pages, one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use estampe_domain::plugin::{FailKind, Page, PluginFailure, SyncCall, SyncMode};
use estampe_domain::source::Source;
use estampe_domain::{Result, RunId};
use tokio::sync::mpsc;

use super::Planner;
use super::checkpoint::Basis;
use super::standstill::Standstill;
use crate::Service;

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
            state,
        })
    }

    /// Reads until there is no more; ends early, and well, when nobody takes the pages.
    pub(super) async fn read_pages(&self, mut reading: Reading, pages: mpsc::Sender<Page>) -> Result<()> {
        let mut standstill = Standstill::default();
        // one page waits at most while another is staged
        while let Ok(place) = pages.reserve().await {
            let page = self.read_page(&reading).await?;
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

pub(crate) fn overlay(state: &mut BTreeMap<String, Vec<u8>>, writes: &BTreeMap<String, Option<Vec<u8>>>) {
    for (key, value) in writes {
        match value {
            Some(value) => state.insert(key.clone(), value.clone()),
            None => state.remove(key),
        };
    }
}
