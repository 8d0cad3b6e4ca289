//! Sources: one configured connector instance.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::ending::PeopleFate;
use crate::ids::{RunId, SourceId};
use crate::mapping::Mapping;
use crate::plugin::{ConfigProblem, ConnectorSpec, PluginInfo};
use crate::run::RunState;
use crate::time::Ts;

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its id.
    pub id: SourceId,
    /// Its name, unique, chosen by the administrator.
    pub name: String,
    /// The connector and what it was given.
    pub connector: ConnectorSpec,
    /// How often its runs begin by themselves, once one was applied; none: never.
    pub every_minutes: Option<u32>,
    /// How its attributes become profiles.
    pub mapping: Mapping,
    /// Made when.
    pub created_at: Ts,
}

/// How often a new source's runs begin by themselves, minutes.
pub const EVERY_MINUTES: u32 = 60;
/// The longest time between two runs, minutes: four weeks.
pub const MAX_EVERY_MINUTES: u32 = 28 * 24 * 60;

/// A source and how it fares.
#[derive(Clone, Debug)]
pub struct SourceOverview {
    /// The source.
    pub source: Source,
    /// People it counts as active.
    pub people: u64,
    /// Its last run.
    pub last_run: Option<(RunId, RunState, Ts)>,
    /// What becomes of its people, while it is being disconnected.
    pub ending: Option<PeopleFate>,
    /// What its provider calls the organisation, as it last said.
    pub organisation: Option<String>,
}

/// What is to be changed of a source; what is not named stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SourceChange {
    /// Values of its configuration, secrets among them.
    pub set: BTreeMap<String, String>,
    /// Keys of its configuration that are no longer set.
    pub unset: BTreeSet<String>,
    /// Files that the connector may read.
    pub inputs: BTreeMap<String, PathBuf>,
}

/// How a source is configured, and what it may be configured with.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// The source. No secret is in it.
    pub source: Source,
    /// The plugin's version in use.
    pub info: PluginInfo,
    /// Keys of the secrets that are set.
    pub secrets: BTreeSet<String>,
}

impl SourceSettings {
    /// The configuration after a change, secrets that stay left out. What the plugin no
    /// longer knows goes, unless the change names it.
    pub fn changed(&self, change: &SourceChange) -> BTreeMap<String, String> {
        let before = self.source.connector.config.iter();
        let kept = before.filter(|(key, _)| self.info.config.contains_key(*key) && !change.unset.contains(*key));
        kept.chain(&change.set).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Secrets that stay as they are.
    pub fn kept_secrets(&self, change: &SourceChange) -> BTreeSet<&str> {
        let known = |key: &str| self.info.config.get(key).is_some_and(|known| known.secret);
        let stays = |key: &&String| known(key) && !change.set.contains_key(*key) && !change.unset.contains(*key);
        self.secrets.iter().filter(stays).map(String::as_str).collect()
    }

    /// What is wrong with a change: key and reason, for each.
    pub fn problems(&self, change: &SourceChange) -> Vec<(String, ConfigProblem)> {
        let (after, kept) = (self.changed(change), self.kept_secrets(change));
        let mut problems = self.info.config_problems(&after);
        problems.retain(|(key, problem)| *problem != ConfigProblem::Missing || !kept.contains(key.as_str()));
        let known: Vec<_> = self.info.config.keys().cloned().collect();
        let is_there = |key: &String| {
            let set = self.source.connector.config.contains_key(key) || self.secrets.contains(key);
            set || self.info.config.contains_key(key)
        };
        let unknown = change.unset.iter().filter(|key| !is_there(key));
        problems.extend(unknown.map(|key| (key.clone(), ConfigProblem::Unknown(known.clone()))));
        let value = |config: &BTreeMap<String, String>, key: &str| {
            let default = self.info.config.get(key).and_then(|known| known.default.clone());
            config.get(key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).or(default)
        };
        let before = &self.source.connector.config;
        let moved = self.info.destinations().into_iter().find(|key| value(before, key) != value(&after, key));
        if let Some(moved) = moved {
            problems.extend(kept.iter().map(|key| ((*key).to_owned(), ConfigProblem::Again(moved.to_owned()))));
        }
        problems
    }
}
