//! Runs: one execution of a connector, from plan to report.

use serde::{Deserialize, Serialize};

use crate::group::GroupCounts;
use crate::ids::{RunId, SourceId};
use crate::plugin::SyncMode;
use crate::time::Ts;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Reading the source; nobody's state is changed.
    Planning,
    /// The plan stands and waits for an administrator's word.
    Held,
    /// The plan is being applied.
    Applying,
    /// Done.
    Done,
    /// Ended before it could be applied; nobody's state was changed.
    Failed,
    /// An administrator said no; nobody's state was changed.
    Discarded,
}

impl RunState {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Planning, Self::Held, Self::Applying, Self::Done, Self::Failed, Self::Discarded];

    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Held => "held",
            Self::Applying => "applying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Whether the source is busy with it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Planning | Self::Held | Self::Applying)
    }
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// People created.
    pub created: u64,
    /// People changed, those who came back included.
    pub changed: u64,
    /// People disabled.
    pub disabled: u64,
    /// People as they were.
    pub unchanged: u64,
    /// Entries refused.
    pub refused: u64,
}

impl RunCounts {
    /// So many changes turned out to change nothing of what is shown.
    pub fn noted(&mut self, notes: u64) {
        self.changed -= notes;
        self.unchanged += notes;
    }

    /// What applying would do.
    pub const fn changes(&self) -> u64 {
        self.created + self.changed + self.disabled
    }
}

/// Why a plan waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// More people would be disabled than the threshold allows.
    TooManyGone,
    /// More groups would go than the threshold allows.
    TooManyGroupsGone,
    /// The run was asked to plan only.
    PlanOnly,
}

impl HoldReason {
    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooManyGone => "too-many-gone",
            Self::TooManyGroupsGone => "too-many-groups-gone",
            Self::PlanOnly => "plan-only",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::TooManyGone, Self::TooManyGroupsGone, Self::PlanOnly].into_iter().find(|s| s.as_str() == text)
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Whose.
    pub source: SourceId,
    /// The source's name.
    pub source_name: String,
    /// Where it stands.
    pub state: RunState,
    /// Whether it reads everybody or what changed. One that cannot tell what changed becomes
    /// a full one.
    pub mode: SyncMode,
    /// Why it is held, while it is.
    pub hold: Option<HoldReason>,
    /// How many of what, planned or done.
    pub counts: RunCounts,
    /// People that the source counted as active when it began.
    pub known_active: u64,
    /// What becomes of groups, planned or done.
    pub groups: GroupCounts,
    /// Groups that the source had when the plan stood.
    pub known_groups: u64,
    /// Why it failed: a stable code and the connector's words.
    pub failure: Option<(String, String)>,
    /// Begun.
    pub started_at: Ts,
    /// Ended.
    pub ended_at: Option<Ts>,
}

/// What a plan does with one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanAction {
    /// New here.
    Create,
    /// Known, and something differs, or they are back.
    Update,
    /// Gone or disabled there: the card is taken down, nothing is deleted.
    Disable,
    /// Known, and what differs is not shown: it is noted, and counted as unchanged.
    Note,
}

impl PlanAction {
    /// Every action, in the order in which a plan is read: what needs a look first.
    pub const READING: [Self; 3] = [Self::Disable, Self::Update, Self::Create];

    /// As the database keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Disable => "disable",
            Self::Note => "note",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Disable, Self::Note].into_iter().find(|s| s.as_str() == text)
    }
}

/// An entry that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Where it stands in the source.
    pub position: String,
    /// Why: a code of the host's ([`crate::person::NotAPerson::code`],
    /// `photo`) or `connector`.
    pub code: String,
    /// The connector's own words, or more about the code.
    pub detail: String,
}
