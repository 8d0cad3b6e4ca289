//! Sources: one configured connector instance.

use crate::ids::{RunId, SourceId};
use crate::plugin::ConnectorSpec;
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
    /// Made when.
    pub created_at: Ts,
}

/// A source and how it fares.
#[derive(Clone, Debug)]
pub struct SourceOverview {
    /// The source.
    pub source: Source,
    /// People it counts as active.
    pub people: u64,
    /// Its last run.
    pub last_run: Option<(RunId, RunState, Ts)>,
}
