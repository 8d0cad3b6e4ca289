//! What a connector gives, in the domain's own types; the host translates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::credential::{Keeper, Secrets};
use crate::ids::RunId;
pub use crate::manifest::{
    Asked, Asks, ConfigKey, ConfigKind, ConfigProblem, FieldsAsk, GroupsAsk, HttpAsk, LdapArea, LdapAsk, LimitsAsk,
    Offer, PluginInfo, PluginInput, PluginKind, Texts,
};
use crate::permission::Grants;
use crate::ports::KnownPhotos;
use crate::time::Ts;

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// A text.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Several texts.
    Texts(Vec<String>),
}

/// A person as a source knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePerson {
    /// The identity the source gives, which never changes for one human.
    pub external_id: String,
    /// Whether the source counts them as present and enabled.
    pub active: bool,
    /// The bag, standard names (RFC 2798, SCIM).
    pub attributes: Vec<(String, AttributeValue)>,
    /// The photo.
    pub photo: SourcePhoto,
    /// Where the entry stands in the source, for people: `line 120`.
    pub position: Option<String>,
    /// Other names by which groups of the source refer to them today.
    pub handles: Vec<String>,
    /// Fields that the plugin gave of them and nobody granted: the host left them out.
    pub withheld: Vec<String>,
}

/// A group as a source knows it, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGroup {
    /// The identity the source gives, which never changes for one group.
    pub external_id: String,
    /// What people call it.
    pub name: String,
    /// Other names by which groups of the source refer to it today.
    pub handles: Vec<String>,
    /// Ids or handles of people and groups of the source.
    pub members: Vec<String>,
    /// Whether further members follow in the next event about groups.
    pub more: bool,
    /// Where the entry stands in the source, for people.
    pub position: Option<String>,
}

/// What a source says of a person's photo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SourcePhoto {
    /// There is none.
    #[default]
    None,
    /// It is the same as at the checkpoint.
    Same,
    /// Any image, undecoded.
    Image(Vec<u8>),
    /// The same, with the version that the source gives to it.
    Versioned(Vec<u8>, String),
}

/// Why someone left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Deleted in the directory.
    Deleted,
    /// Moved out of what this source reads.
    OutOfScope,
}

/// One thing that a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryEvent {
    /// A person, new or changed or neither.
    Person(SourcePerson),
    /// Someone who left.
    PersonGone(String, Gone),
    /// An entry that the connector could not read.
    Rejected {
        /// Whose entry it is, when that could still be read: they are there all the same.
        external_id: Option<String>,
        /// Where it stands: `line 120`.
        position: String,
        /// Why, and what would be right.
        reason: String,
    },
    /// A group, new or changed or neither.
    Group(SourceGroup),
    /// A group that is no more, by its id.
    GroupGone(String),
    /// Every group was told in this run.
    AllGroups,
}

/// A position in a source; opaque to the host, at most 16 KiB.
pub type Cursor = Vec<u8>;

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncMode {
    /// Everybody. A finished full run knows who is missing.
    Full,
    /// Only what changed since the checkpoint.
    Incremental,
}

impl SyncMode {
    /// As the database keeps it, and the command line shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Full, Self::Incremental].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// One page of a synchronisation.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What it says, in order.
    pub events: Vec<DirectoryEvent>,
    /// Where this run goes on; `None` when it is done.
    pub next: Option<Cursor>,
    /// Where the next incremental run begins, once this page's events are stored.
    pub checkpoint: Option<Cursor>,
    /// State that the plugin wrote, to be committed with the events.
    pub state: BTreeMap<String, Option<Vec<u8>>>,
}

/// One call of `sync-page`, with all that the plugin may see.
#[derive(Clone, Debug)]
pub struct SyncCall {
    /// The run it belongs to.
    pub run: RunId,
    /// Which plugin, with which configuration and inputs.
    pub connector: ConnectorSpec,
    /// What it may use of it.
    pub given: Given,
    /// Full or incremental.
    pub mode: SyncMode,
    /// `None` at the start of a full run.
    pub cursor: Option<Cursor>,
    /// The last checkpoint, while it is good.
    pub checkpoint: Option<Cursor>,
    /// The plugin's durable state.
    pub state: BTreeMap<String, Vec<u8>>,
    /// What photos are known.
    pub photos: Photos,
}

/// The photos that runs brought before. The default knows none.
#[derive(Clone, Default)]
pub struct Photos(Option<Arc<dyn KnownPhotos>>);

impl Photos {
    /// Those.
    pub fn new(known: Arc<dyn KnownPhotos>) -> Self {
        Self(Some(known))
    }

    /// Of people by their external ids, each with the version of the photo that the source has
    /// now: whether that is known.
    pub async fn same(&self, photos: Vec<(String, String)>) -> Vec<bool> {
        match &self.0 {
            Some(known) => known.same(photos).await,
            None => vec![false; photos.len()],
        }
    }
}

impl std::fmt::Debug for Photos {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Photos(…)")
    }
}

/// Which plugin runs, and what it was given. This is the whole of its world: a
/// plugin reaches nothing that is not named here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorSpec {
    /// Id of the plugin: `directory-file`.
    pub plugin: String,
    /// Its configuration.
    pub config: BTreeMap<String, String>,
    /// Files it may read, by the name it asks for.
    pub inputs: BTreeMap<String, std::path::PathBuf>,
}

/// What the host acts by in a call, and shows to no plugin.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// What an administrator granted.
    pub grants: Grants,
    /// Secret values of the configuration.
    pub secrets: Secrets,
    /// The fields of people that something is made of, in lower case: what the mapping of the
    /// source names.
    pub fields: Arc<BTreeSet<String>>,
    /// Whether nothing may be changed outside: such requests are recorded, not sent.
    pub dry_run: bool,
    /// Where its lines go.
    pub log: CallLog,
    /// Where secrets are kept that take the place of those.
    pub keeper: Keeper,
}

/// A line that a plugin wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub at: Ts,
    /// How much it matters.
    pub level: LogLevel,
    /// One line, at most 1,000 octets.
    pub text: String,
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// For whoever writes the plugin.
    Debug,
    /// Worth knowing.
    Info,
    /// Something to mend.
    Warn,
    /// Something failed.
    Error,
}

/// The lines of calls, until somebody takes them. Whoever holds a copy writes to the same.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Vec<LogLine>>>);

impl CallLog {
    /// Adds a line.
    pub fn push(&self, line: LogLine) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Takes what there is.
    pub fn take(&self) -> Vec<LogLine> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One line of a connector's self-check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What was tried.
    pub name: String,
    /// Whether it went well.
    pub passed: bool,
    /// What was found, or what would mend it.
    pub detail: String,
}

/// Kinds of failure of the plugin contract, and those that the host finds itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailKind {
    /// The configuration is wrong.
    Config,
    /// The credential was refused.
    Auth,
    /// The credential is good and may not do this, or the grant does not name it.
    Denied,
    /// What was asked for is not there.
    NotFound,
    /// It contradicts what is there.
    Conflict,
    /// Too many requests.
    RateLimited,
    /// The other side is away.
    Unavailable,
    /// The cursor is no longer valid: a full run is needed.
    CursorExpired,
    /// The other side cannot do this.
    Unsupported,
    /// A limit of the other side or of the host.
    Limit,
    /// A defect of the plugin.
    Internal,
    /// The host stopped it: it used more memory than it may.
    OutOfMemory,
    /// The host stopped it: it computed longer than it may.
    Deadline,
    /// It panicked or trapped.
    Trapped,
}

impl FailKind {
    /// Whether it is always the plugin that is to blame ([`PluginFailure::is_own_fault`]).
    const fn is_own_fault(self) -> bool {
        matches!(self, Self::Internal | Self::OutOfMemory | Self::Deadline | Self::Trapped)
    }

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::CursorExpired => "cursor-expired",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::Internal => "internal",
            Self::OutOfMemory => "out-of-memory",
            Self::Deadline => "deadline",
            Self::Trapped => "trapped",
        }
    }
}

/// A failed call of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.as_str())]
pub struct PluginFailure {
    /// What kind.
    pub kind: FailKind,
    /// For people: what happened and what would mend it.
    pub message: String,
    /// When it may be tried again, as the other side said: milliseconds from now.
    pub retry_after_ms: Option<u64>,
    /// Whether the host itself found that the plugin broke the contract, whatever the kind: a
    /// limit of the other side is not the plugin's doing, one of the contract is.
    pub breach: bool,
}

impl PluginFailure {
    /// A failure of this kind.
    pub fn new(kind: FailKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after_ms: None, breach: false }
    }

    /// A failure of this kind that the host found, and not the plugin told.
    pub fn breach(kind: FailKind, message: impl Into<String>) -> Self {
        Self { breach: true, ..Self::new(kind, message) }
    }

    /// Whether the plugin itself is to blame, not its configuration and not the other side.
    pub const fn is_own_fault(&self) -> bool {
        self.breach || self.kind.is_own_fault()
    }

    /// The same, to be tried again in so many milliseconds.
    pub fn after(mut self, milliseconds: Option<u64>) -> Self {
        self.retry_after_ms = milliseconds;
        self
    }
}

/// An address that a mailbox sends from, as its provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSender {
    /// The address, as the provider writes it.
    pub address: String,
    /// Whether it is the mailbox's own rather than an alias.
    pub primary: bool,
    /// The signature that stands there, in the provider's HTML; empty where there is none.
    pub signature: String,
}

/// What a provider says of the organisation whose credentials a source has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOrganisation {
    /// Stays the same for ever.
    pub id: String,
    /// What people call it.
    pub name: String,
}
