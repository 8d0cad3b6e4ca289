//! The store's error, and what the domain sees of it.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// The result of a store operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a unit of work failed. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("database: {0}")]
    Database(Diesel),
    /// A stored value is damaged or of another key.
    #[error("sealed value of {0} does not open: it is damaged or belongs to another key")]
    Damaged(&'static str),
    /// A stored value does not read as what it should be.
    #[error("stored value of {0} is not readable")]
    Unreadable(&'static str),
    /// A rule of the domain inside a transaction.
    #[error(transparent)]
    Domain(#[from] estampe_domain::Error),
    /// No connection could be had, or the blocking pool is gone.
    #[error("no connection: {0}")]
    Connection(String),
    /// The file system of the database is full.
    #[error("storage full: {0}")]
    Full(String),
    /// What this was prepared for is not so any more: seen before anything was written.
    #[error("changed meanwhile")]
    Moved,
    /// Too many submissions wait already.
    #[error("too many submissions wait to be written")]
    Busy,
    /// The key file, or the one beside it.
    #[error("the key file: {0}")]
    KeyFile(String),
    /// A copy of the database could not be made or used.
    #[error("{0}")]
    Copy(String),
    /// The transaction that this was written with could not be committed.
    #[error("not committed: {0}")]
    NotCommitted(String),
}

impl StoreError {
    /// Whether two transactions met and the loser may simply try again.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Moved
                | Self::Database(Diesel::DatabaseError(
                    DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
                    _
                ))
        )
    }

    /// The error of everybody in a transaction that could not be committed.
    pub(crate) fn of_the_batch(&self) -> Self {
        match self {
            Self::Full(what) => Self::Full(what.clone()),
            Self::Connection(why) => Self::Connection(why.clone()),
            other => Self::NotCommitted(other.to_string()),
        }
    }
}

/// How a full file system is told: by SQLite (`SQLITE_FULL`), and by PostgreSQL
/// (`53100`, whose number diesel does not hand on) in the system's words, in the
/// language of the database server.
const FULL: [&str; 5] = [
    "database or disk is full",
    "No space left on device",
    "Aucun espace disponible sur le périphérique",
    "Auf dem Gerät ist kein Speicherplatz mehr verfügbar",
    "No queda espacio en el dispositivo",
];

/// What SQLite says when it could not grow or make one of its files, whatever the reason.
const FAILED_FILE: [&str; 3] =
    ["disk I/O error", "unable to open database file", "attempt to write a readonly database"];

impl From<Diesel> for StoreError {
    fn from(error: Diesel) -> Self {
        match &error {
            Diesel::DatabaseError(_, info) if FULL.iter().any(|words| info.message().contains(words)) => {
                Self::Full(info.message().to_owned())
            }
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// Whether a file could not be written, which a full file system may explain.
    pub(crate) fn is_of_a_file(&self) -> bool {
        matches!(
            self,
            Self::Database(Diesel::DatabaseError(DatabaseErrorKind::Unknown, info))
                if FAILED_FILE.iter().any(|words| info.message().starts_with(words))
        )
    }
}

impl StoreError {
    /// Whether the database or what it holds is at fault, rather than what was asked of it.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Database(Diesel::NotFound) | Self::Domain(_) | Self::Moved => false,
            Self::Database(_) => !self.is_conflict(),
            Self::Damaged(_)
            | Self::Unreadable(_)
            | Self::Connection(_)
            | Self::Full(_)
            | Self::Busy
            | Self::KeyFile(_)
            | Self::Copy(_)
            | Self::NotCommitted(_) => true,
        }
    }
}

impl From<StoreError> for estampe_domain::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Domain(error) => error,
            StoreError::Database(Diesel::NotFound) => Self::NotFound,
            StoreError::Connection(why) => Self::Unavailable(format!("database: {why}")),
            StoreError::Copy(why) => Self::Unavailable(why),
            StoreError::KeyFile(why) => Self::Unavailable(format!("the key file: {why}")),
            StoreError::Full(why) => Self::StorageFull(format!("database: {why}")),
            StoreError::Busy | StoreError::NotCommitted(_) => Self::Unavailable(format!("database: {error}")),
            StoreError::Database(Diesel::DatabaseError(kind, info)) => {
                let message = info.message();
                match kind {
                    DatabaseErrorKind::ClosedConnection => Self::Unavailable("database: connection closed".into()),
                    _ if message.contains("locked") => Self::Unavailable(format!("database: {message}")),
                    // the message names tables and constraints; details with values are left out
                    _ => Self::Internal(format!("database: {message}")),
                }
            }
            StoreError::Database(other) => Self::Internal(format!("database: {other}")),
            StoreError::Damaged(_) | StoreError::Unreadable(_) | StoreError::Moved => Self::Internal(error.to_string()),
        }
    }
}
