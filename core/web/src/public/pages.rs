//! The cache of card pages: rendered and compressed once for each version and
//! language. Many who ask at once wait for one rendering; a change of the card is seen
//! by the next who asks.

use std::sync::Arc;
use std::time::Instant;

use estampe_domain::{Locale, PublicId, metric};
use estampe_service::TRUSTED;
use metrics::Counter;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::encoded::Encoded;
use crate::error::Fault;
use crate::visit::Visit;

/// Octets of memory that pages may take.
const CAPACITY: u64 = 64 * 1024 * 1024;

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
    meters: Meters,
}

/// Registered once: a hit looks nothing up by name.
struct Meters {
    hits: Counter,
    confirmed: Counter,
    misses: Counter,
    renders: Counter,
}

impl Meters {
    fn new() -> Self {
        let result = |result: &'static str| metrics::counter!(metric::PAGE_CACHE.name, "result" => result);
        Self {
            hits: result("hit"),
            confirmed: result("confirmed"),
            misses: result("miss"),
            renders: metrics::counter!(metric::PAGE_CACHE_RENDERS.name),
        }
    }
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self { cache: Cache::with_weighter(4096, CAPACITY, Octets), meters: Meters::new() }
    }

    /// Sets the figures of what is kept.
    pub(crate) fn measure(&self) {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let set = |metric: &metric::Metric, value: u64| metrics::gauge!(metric.name).set(value as f64);
        set(&metric::PAGE_CACHE_ENTRIES, self.cache.len() as u64);
        set(&metric::PAGE_CACHE_BYTES, self.cache.weight());
    }

    /// The page, when it is there and still true: no look at the database.
    pub(crate) fn ready(&self, visit: &impl Source, key: &Key) -> Option<Arc<Encoded>> {
        let entry = self.cache.get(key).filter(|entry| entry.is_true(visit))?;
        self.meters.hits.increment(1);
        Some(entry.page)
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
                // another who asked at the same time had it rendered
                Ok(entry) if entry.is_true(service) => {
                    self.meters.hits.increment(1);
                    return Ok(entry.page);
                }
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
                        self.meters.confirmed.increment(1);
                        let page = Arc::clone(&stale.page);
                        // a full cache keeps nothing, and the page is right all the same
                        let _ = guard.insert(Entry { changes, read, ..stale });
                        return Ok(page);
                    }
                    self.meters.misses.increment(1);
                    let (page, version) = render().await?;
                    self.meters.renders.increment(1);
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
