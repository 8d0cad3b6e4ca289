//! The offline check: what may be done with the database of an appliance that is stopped.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use estampe_domain::backup::CopyFacts;
use estampe_domain::ports::{Clock, Random};

use crate::conn::{Conn, Url};
use crate::copy;
use crate::error::{Result, StoreError};
use crate::keyring::{self, KeyFiles, Keyring};
use crate::open::{Database, OpenError, StoreSettings};
use crate::tx::Tx;
use crate::tx::checkup::{DatabaseFacts, facts};

/// The database of a stopped appliance, opened to be looked at and nothing else.
pub struct Offline {
    conn: Conn,
    keys: Result<Keyring, OpenError>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Offline {
    /// Opens it for reading. Migrates nothing, makes nothing. The keys may be wrong: then
    /// what needs none can still be looked at.
    pub fn open(settings: &StoreSettings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, OpenError> {
        refuse_when_held(settings)?;
        let mut conn = read_only(settings)?;
        let keys = keys(&mut conn, settings, &*clock, &*random);
        Ok(Self { conn, keys, clock, random })
    }

    /// What is wrong with the key file, if anything.
    pub fn key_problem(&self) -> Option<&OpenError> {
        self.keys.as_ref().err()
    }

    /// What the database says of itself; needs no key.
    pub fn facts(&mut self) -> Result<DatabaseFacts> {
        facts(&mut self.conn)
    }

    /// What a backup says of it, counted anew: the tables that are named there.
    pub fn facts_beside(&mut self, told: &CopyFacts) -> Result<CopyFacts> {
        copy::facts_beside(&mut self.conn, told)
    }

    /// Looks at it with the keys.
    pub fn look<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let keys = self.keys.as_ref().map_err(|e| StoreError::Connection(e.to_string()))?;
        let mut tx = Tx {
            conn: &mut self.conn,
            keys,
            clock: &*self.clock,
            random: &*self.random,
            cards_changed: false,
            people_added: false,
            wrapped: Vec::new(),
        };
        work(&mut tx)
    }
}

/// Connects for reading. Migrates nothing, makes nothing, and leaves alone whoever writes meanwhile.
pub(crate) fn read_only(settings: &StoreSettings) -> Result<Conn, OpenError> {
    let connect = |e: &dyn std::fmt::Display| OpenError::Connect(e.to_string());
    match &settings.database {
        Database::Sqlite(path) => copy::open_to_read(path).map_err(|e| connect(&e)),
        Database::Postgres(url) => {
            let mut conn = Conn::open(&Url::Postgres(url.clone())).map_err(|e| connect(&e))?;
            conn.batch_execute("SET default_transaction_read_only = on; SET statement_timeout = 0;")
                .map_err(|e| connect(&e))?;
            Ok(conn)
        }
    }
}

fn keys(
    conn: &mut Conn,
    settings: &StoreSettings,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Keyring, OpenError> {
    let path = &settings.kek_file;
    let file = |error| OpenError::File { path: path.clone(), error };
    let files = KeyFiles::read(path, false, random).map_err(file)?;
    Keyring::load(conn, files, random, clock.now()).map_err(|error| match error {
        StoreError::Damaged(_) => OpenError::WrongKey(path.clone()),
        other => OpenError::Connect(other.to_string()),
    })
}

/// Whether a process holds the data folder: its database is then that one's to open.
fn refuse_when_held(settings: &StoreSettings) -> Result<(), OpenError> {
    let Ok(lock) = std::fs::File::open(settings.data_dir.join("lock")) else { return Ok(()) };
    // given back at once: a service may start while we look
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockShared)
        .map_err(|_| OpenError::InUse(settings.data_dir.clone()))
}

/// The id of the key in a key file: a hash of it, which says nothing of the key.
pub fn key_file_id(path: &std::path::Path, random: &dyn Random) -> std::io::Result<String> {
    keyring::read_kek(path, false, random).map(|kek| keyring::kek_id(&kek))
}

/// The id of the key that a key file's text holds, if it holds one.
pub fn key_text_id(text: &str) -> Option<String> {
    keyring::kek_of(text).map(|kek| keyring::kek_id(&kek))
}
