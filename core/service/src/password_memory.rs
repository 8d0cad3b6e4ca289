//! The memory that argon2id fills, kept from one sign-in to the next.
//!
//! Fresh memory comes page by page, and the kernel does not let go of a processor while it gives
//! 19 MiB and takes them back: cards waited for milliseconds beside people who sign in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::{Block, Params};
use tokio::runtime::Handle;

/// What nobody used for so long goes back to the machine.
const KEPT: Duration = Duration::from_secs(5);

/// Blocks for one hash at a time and hasher.
#[derive(Clone)]
pub(crate) struct Memory {
    kept: Arc<Mutex<Kept>>,
    threads: Handle,
}

struct Kept {
    free: Vec<Vec<Block>>,
    used: Instant,
    /// Somebody looks after it.
    watched: bool,
}

impl Memory {
    pub(crate) fn new(threads: Handle) -> Self {
        let kept = Kept { free: Vec::new(), used: Instant::now(), watched: false };
        Self { kept: Arc::new(Mutex::new(kept)), threads }
    }

    /// Lends what a hash with the default parameters fills.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let kept = self.lock(|kept| kept.free.pop());
        let mut blocks = kept.unwrap_or_else(|| vec![Block::default(); Params::DEFAULT.block_count()]);
        let done = work(&mut blocks);
        let begins = self.lock(|kept| {
            kept.free.push(blocks);
            kept.used = Instant::now();
            !std::mem::replace(&mut kept.watched, true)
        });
        if begins {
            self.threads.spawn(self.clone().watch());
        }
        done
    }

    async fn watch(self) {
        loop {
            tokio::time::sleep(KEPT).await;
            let ended = self.lock(|kept| {
                if kept.used.elapsed() < KEPT {
                    return false;
                }
                kept.free = Vec::new();
                kept.watched = false;
                true
            });
            if ended {
                return;
            }
        }
    }

    fn lock<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
