//! Whether the database's file system is full: what the database said of it, and what
//! the file system itself says.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Result, StoreError};

/// Below so many octets free a file system counts as full: the next file that grows by a
/// step would fail.
const FULL_BELOW: u64 = 1 << 20;

/// The place of the database.
#[derive(Default)]
pub struct Disk {
    /// SQLite's folder; `None` when another machine may hold the database.
    folder: Option<PathBuf>,
    /// The last write found it full.
    full: AtomicBool,
}

impl Disk {
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, full: AtomicBool::new(false) }
    }

    /// Notes how a piece of work went, and tells a full file system by its name: SQLite
    /// calls it an I/O error when it is an auxiliary file that cannot grow.
    pub fn judge<T>(&self, wrote: bool, done: Result<T>) -> Result<T> {
        let done = match done {
            Err(error) if error.is_of_a_file() => match self.low() {
                Some(low) => Err(StoreError::Full(low)),
                None => Err(error),
            },
            other => other,
        };
        match &done {
            Err(StoreError::Full(_)) => self.full.store(true, Ordering::Relaxed),
            Ok(_) if wrote => self.has_room(),
            _ => {}
        }
        done
    }

    /// Notes that something was written.
    pub fn has_room(&self) {
        self.full.store(false, Ordering::Relaxed);
    }

    /// The reason behind an error that follows from an earlier one.
    pub fn explain(&self, error: StoreError) -> StoreError {
        if self.was_full() { StoreError::Full("the transaction was given up".into()) } else { error }
    }

    /// Whether the last write found it full.
    pub fn was_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// How many octets are free, and how many there are; none is free where a write just
    /// failed for want of room. `None` when another machine may hold the database.
    pub fn room(&self) -> Option<(u64, u64)> {
        let stat = rustix::fs::statvfs(self.folder.as_ref()?).ok()?;
        let free = if self.was_full() { 0 } else { stat.f_bavail.saturating_mul(stat.f_frsize) };
        Some((free, stat.f_blocks.saturating_mul(stat.f_frsize)))
    }

    /// What is full, when there is no room now.
    pub fn low(&self) -> Option<String> {
        let folder = self.folder.as_ref()?;
        let stat = rustix::fs::statvfs(folder).ok()?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        (free < FULL_BELOW).then(|| format!("{}: {free} octets free", folder.display()))
    }
}
