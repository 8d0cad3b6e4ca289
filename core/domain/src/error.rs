//! The one error of the domain, without a transport: `web` maps its kind to a
//! status and its code to words, the CLI to an exit code.

/// What kind of failure it was; transports decide by this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no such thing, or this actor may not know whether there is.
    NotFound,
    /// What was given cannot be used; the text says why.
    Invalid,
    /// It contradicts what is there now.
    Conflict,
    /// The actor is known and may not do this.
    Forbidden,
    /// The actor has to sign in first.
    Unauthenticated,
    /// The actor has to show once more who they are.
    Unconfirmed,
    /// Something that this needs is away or full; trying later may help.
    Unavailable,
    /// Nothing can be written: the storage is full. Reading goes on.
    StorageFull,
    /// A defect or a damaged part of this appliance.
    Internal,
}

/// A failed use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such object, or none that this actor may know of.
    #[error("not found")]
    NotFound,
    /// A value from outside is unusable. `what` names it, `why` says what would be right.
    #[error("{what}: {why}")]
    Invalid {
        /// The thing that is wrong, as its giver calls it.
        what: String,
        /// Why, and what would be right; no personal data.
        why: String,
    },
    /// A plugin's bundle is not taken.
    #[error("bundle: {0}")]
    Bundle(crate::bundle::BundleRefusal),
    /// It contradicts what is there now.
    #[error("{0}")]
    Conflict(String),
    /// What is to be changed is not what its reader saw.
    #[error("{0} was changed meanwhile; look again")]
    Changed(&'static str),
    /// The actor may not do this.
    #[error("not allowed")]
    Forbidden,
    /// Sign in first.
    #[error("sign in first")]
    Unauthenticated,
    /// Show once more who you are: it was too long ago for this.
    #[error("confirm first who you are")]
    Unconfirmed,
    /// It is kept until a second administrator agrees.
    #[error("it waits for a second administrator")]
    Awaits(crate::ids::ApprovalId),
    /// A plugin failed.
    #[error("plugin: {0}")]
    Plugin(#[from] crate::plugin::PluginFailure),
    /// The database or another needed part cannot work now.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The file system of the database is full.
    #[error("storage full: {0}")]
    StorageFull(String),
    /// A defect here. Logged in full, shown as a code only.
    #[error("internal: {0}")]
    Internal(String),
}

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A value from outside that cannot be used.
    pub fn invalid(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), why: why.into() }
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::Invalid { .. } | Self::Bundle(_) => ErrorKind::Invalid,
            Self::Conflict(_) | Self::Awaits(_) | Self::Changed(_) => ErrorKind::Conflict,
            Self::Forbidden => ErrorKind::Forbidden,
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::Unconfirmed => ErrorKind::Unconfirmed,
            Self::Plugin(_) | Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::StorageFull(_) => ErrorKind::StorageFull,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// Its stable code, for scripts and for the support line.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Invalid { .. } | Self::Bundle(_) => "invalid",
            Self::Conflict(_) => "conflict",
            Self::Awaits(_) => "awaits_second",
            Self::Changed(_) => "changed",
            Self::Forbidden => "forbidden",
            Self::Unauthenticated => "unauthenticated",
            Self::Unconfirmed => "unconfirmed",
            Self::Plugin(_) => "plugin_failed",
            Self::Unavailable(_) => "unavailable",
            Self::StorageFull(_) => "storage_full",
            Self::Internal(_) => "internal",
        }
    }
}
