//! The cache of card pages: rendered and compressed once for each version and
//! language. Many who ask at once wait for one rendering; a change of the card is seen
//! by the next who asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use estampe_domain::{Locale, PublicId};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::encoded::Encoded;
use crate::error::Fault;
use crate::visit::Visit;

/// Octets of memory that pages may take.
const CAPACITY: u64 = 64 * 1024 * 1024;
/// How long a page is taken for true without asking the database, where others write
/// to it too.
const TRUSTED: Duration = Duration::from_secs(1);

/// What distinguishes one page from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) card: PublicId,
    pub(crate) locale: Locale,
    /// Whether the address names the language: its links do so, too.
    pub(crate) chosen: bool,
}

/// A page as it was at some moment.
#[derive(Clone)]
struct Entry {
    page: Arc<Encoded>,
    version: i64,
    /// The count of changes before it was read.
    changes: u64,
    read: Instant,
}

#[derive(Clone)]
struct Octets;

impl Weighter<Key, Entry> for Octets {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        entry.page.weight()
    }
}

/// The pages.
pub(crate) struct Pages {
    cache: Cache<Key, Entry, Octets>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self { cache: Cache::with_weighter(4096, CAPACITY, Octets) }
    }

    /// The page, when it is there and still true: no look at the database.
    pub(crate) fn ready(&self, visit: &impl Source, key: &Key) -> Option<Arc<Encoded>> {
        self.cache.get(key).filter(|entry| entry.is_true(visit)).map(|entry| entry.page)
    }

    /// The page: as it is kept, or rendered by the first who asks.
    pub(crate) async fn get<F>(&self, visit: &Visit, key: Key, render: F) -> Result<Arc<Encoded>, Fault>
    where
        F: AsyncFn() -> Result<(Encoded, i64), Fault>,
    {
        let service = visit.service();
        let mut stale: Option<Entry> = None;
        loop {
            match self.cache.get_value_or_guard_async(&key).await {
                Ok(entry) if entry.is_true(service) => return Ok(entry.page),
                Ok(entry) => {
                    // out of the way, so that one of those who ask looks again
                    self.cache.remove_if(&key, |kept| Arc::ptr_eq(&kept.page, &entry.page) && kept.read == entry.read);
                    stale = Some(entry);
                }
                Err(guard) => {
                    let (changes, read) = (service.card_changes(), Instant::now());
                    if let Some(stale) = stale.take()
                        && visit.ok(service.card_version(&visit.ctx, &key.card).await)? == stale.version
                    {
                        let page = Arc::clone(&stale.page);
                        // a full cache keeps nothing, and the page is right all the same
                        let _ = guard.insert(Entry { changes, read, ..stale });
                        return Ok(page);
                    }
                    let (page, version) = render().await?;
                    let page = Arc::new(page);
                    let _ = guard.insert(Entry { page: Arc::clone(&page), version, changes, read });
                    return Ok(page);
                }
            }
        }
    }
}

/// Who tells of changes.
pub(crate) trait Source {
    fn changes(&self) -> u64;
    fn is_alone(&self) -> bool;
}

impl Source for estampe_service::Service {
    fn changes(&self) -> u64 {
        self.card_changes()
    }

    fn is_alone(&self) -> bool {
        self.changes_alone()
    }
}

impl Entry {
    fn is_true(&self, source: &impl Source) -> bool {
        self.changes == source.changes() && (source.is_alone() || self.read.elapsed() < TRUSTED)
    }
}
