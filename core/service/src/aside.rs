//! Work that computes for a while.

use estampe_domain::{Error, Result};

/// Does it off the async threads.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(format!("work aside: {error}")))
}
