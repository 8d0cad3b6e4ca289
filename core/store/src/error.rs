//! The store's error, and what the domain sees of it.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// The result of a store operation.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a unit of work failed. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no.
    #[error("database: {0}")]
    Database(#[from] Diesel),
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
}

impl StoreError {
    /// Whether two transactions met and the loser may simply try again.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Database(Diesel::DatabaseError(
                DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
                _
            ))
        )
    }
}

impl StoreError {
    /// Whether the database or what it holds is at fault, rather than what was asked of it.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Database(Diesel::NotFound) | Self::Domain(_) => false,
            Self::Database(_) => !self.is_conflict(),
            Self::Damaged(_) | Self::Unreadable(_) | Self::Connection(_) => true,
        }
    }
}

impl From<StoreError> for estampe_domain::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Domain(error) => error,
            StoreError::Database(Diesel::NotFound) => Self::NotFound,
            StoreError::Connection(why) => Self::Unavailable(format!("database: {why}")),
            StoreError::Database(Diesel::DatabaseError(kind, info)) => {
                let message = info.message();
                match kind {
                    DatabaseErrorKind::ClosedConnection => Self::Unavailable("database: connection closed".into()),
                    _ if message.contains("full") || message.contains("locked") || message.contains("No space") => {
                        Self::Unavailable(format!("database: {message}"))
                    }
                    // the message names tables and constraints; details with values are left out
                    _ => Self::Internal(format!("database: {message}")),
                }
            }
            StoreError::Database(other) => Self::Internal(format!("database: {other}")),
            StoreError::Damaged(_) | StoreError::Unreadable(_) => Self::Internal(error.to_string()),
        }
    }
}
