//! Opening the store, and its units of work.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::PooledConnection;
use estampe_domain::ports::{Clock, Random};
use tokio::sync::Semaphore;

use crate::conn::{Conn, Manager, Pool, Url};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::keyring::{KeyFiles, Keyring};
use crate::meter::{self, Meter};
use crate::migrate;
use crate::schema::appliance_key;
use crate::submit::{Single, Writers};
use crate::tx::Tx;

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// SQLite, in a file of the data folder.
    Sqlite(PathBuf),
    /// PostgreSQL, by URL.
    Postgres(String),
}

/// What opening needs.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Which database.
    pub database: Database,
    /// The data folder; made when missing.
    pub data_dir: PathBuf,
    /// File of the key-encryption key; made together with a new database.
    pub kek_file: PathBuf,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or folder.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process holds the data folder.
    #[error("{0} is in use by another running estampe; stop that one first")]
    InUse(PathBuf),
    /// The database cannot be reached.
    #[error("database: {0}")]
    Connect(String),
    /// A migration failed; the database stands as before it.
    #[error("migration: {0}")]
    Migration(String),
    /// A newer Estampe wrote this database.
    #[error(
        "the database was written by a newer Estampe (schema {database}; this binary, {}, knows {binary}): install {needed}, or restore a backup made with this one", env!("CARGO_PKG_VERSION")
    )]
    TooNew {
        /// The version that brought the database up to it, in words.
        needed: String,
        /// Newest migration applied.
        database: String,
        /// Newest migration known.
        binary: String,
    },
    /// A migration was applied that no release has had: a database of a development build.
    #[error(
        "the database was written by a development build (schema {database}; this binary knows {binary}): it cannot be brought up to date; begin with an empty data folder, or restore a backup"
    )]
    Unreleased {
        /// Newest migration applied that is not known.
        database: String,
        /// Newest migration known.
        binary: String,
    },
    /// The key-encryption key does not fit the database.
    #[error("the key file {0} does not belong to this database: put back the one that it was made with")]
    WrongKey(PathBuf),
}

/// Connections to PostgreSQL that write submissions: few, so that what waits is written
/// together.
const SUBMITTERS: u32 = 3;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// Before the lock of the data folder: what waits is written, then others may open.
    submissions: Writers,
    readers: Pool,
    writers: Pool,
    /// Bounds the tasks that wait for a connection, so that load queues in order here
    /// and not on blocking threads.
    reading: Arc<Semaphore>,
    writing: Arc<Semaphore>,
    read_meter: Meter,
    write_meter: Meter,
    disk: Arc<Disk>,
    keys: Keyring,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    card_changes: AtomicU64,
    people_changes: AtomicU64,
    /// Ids of words that this process knows to be on disk.
    wordings: Mutex<HashSet<String>>,
    is_alone: bool,
    kek_file: PathBuf,
    url: Url,
    _lock: fs::File,
}

impl Store {
    /// Opens, migrates and reads the keys. Blocks: call it before serving.
    pub fn open(settings: &StoreSettings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, OpenError> {
        let lock = hold_data_dir(settings)?;
        let (url, writers, readers) = match &settings.database {
            Database::Sqlite(path) => (Url::Sqlite(path.clone()), 1, 4),
            Database::Postgres(url) => (Url::Postgres(url.clone()), 8, 8),
        };
        let sqlite = matches!(url, Url::Sqlite(_));
        let mut conn = Conn::open(&url).map_err(|e| OpenError::Connect(e.to_string()))?;
        if let Database::Sqlite(path) = &settings.database {
            restrict(path)?;
        }
        migrate::run(&mut conn, &settings.data_dir, clock.now())?;
        let keys = load_keys(&mut conn, settings, &*clock, &*random)?;
        drop(conn);
        let pool = |size: u32, writes: bool| {
            Pool::builder()
                .max_size(size)
                .min_idle(Some(1))
                .test_on_check_out(!sqlite)
                .connection_timeout(Duration::from_secs(5))
                .error_handler(Box::new(PoolErrors))
                .build(Manager { url: url.clone(), writes })
                .map_err(|e| OpenError::Connect(e.to_string()))
        };
        let folder = match &settings.database {
            Database::Sqlite(path) => path.parent().map(PathBuf::from),
            Database::Postgres(_) => None,
        };
        let disk = Arc::new(Disk::new(folder));
        let writing = Arc::new(Semaphore::new(writers as usize));
        let writers = pool(writers, true)?;
        let submissions = if sqlite {
            Writers::start(&writers, Some(&writing), &disk)
        } else {
            Writers::start(&pool(SUBMITTERS, true)?, None, &disk)
        };
        Ok(Self {
            inner: Arc::new(Inner {
                submissions: submissions.map_err(|e| OpenError::Connect(format!("a thread to write: {e}")))?,
                readers: pool(readers, false)?,
                writers,
                reading: Arc::new(Semaphore::new(readers as usize)),
                writing,
                disk,
                read_meter: Meter::new("read"),
                write_meter: Meter::new("write"),
                keys,
                clock,
                random,
                card_changes: AtomicU64::new(0),
                people_changes: AtomicU64::new(0),
                wordings: Mutex::default(),
                is_alone: matches!(settings.database, Database::Sqlite(_)),
                kek_file: settings.kek_file.clone(),
                url,
                _lock: lock,
            }),
        })
    }

    /// The key that authenticates compiled plugins in their cache.
    pub fn plugin_cache_key(&self) -> [u8; 32] {
        *self.inner.keys.plugins.bytes()
    }

    /// A number that rises after every commit here that changed what a card shows. Read
    /// it before a card: while it stays the same, so does the card, as far as this
    /// process writes.
    pub fn card_changes(&self) -> u64 {
        self.inner.card_changes.load(Ordering::Acquire)
    }

    /// A number that rises after every commit here by which a list of people is another: like
    /// [`card_changes`](Self::card_changes), and when somebody is new.
    pub fn people_changes(&self) -> u64 {
        self.inner.people_changes.load(Ordering::Acquire)
    }

    /// How much room there is for the database: octets free, octets in all. `None` when another
    /// machine may hold it.
    pub fn room(&self) -> Option<(u64, u64)> {
        self.inner.disk.room()
    }

    /// Whether nobody but this process writes to the database.
    pub fn is_alone(&self) -> bool {
        self.inner.is_alone
    }

    /// Sets the figures of the connections.
    pub fn measure(&self) {
        meter::connections("read", &self.inner.readers);
        meter::connections("write", &self.inner.writers);
    }

    /// Runs `work` in one reading transaction: everything it sees is of one moment.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.unit(false, work).await
    }

    /// Runs `work` in one writing transaction. `Ok` is given after the commit: what
    /// it wrote is on disk. On an error, nothing of it is.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        self.unit(true, work).await
    }

    /// Queues one small write and answers when it is on disk, as [`write`](Self::write)
    /// does, but together with the others that wait. On an error nothing of it is there,
    /// except that on a broken connection nobody knows.
    ///
    /// `work` makes one call on the [`Single`] that it is given, and gives back what that
    /// said: on PostgreSQL nothing undoes the call after it. The rules: everything
    /// that costs time (sealing, MACs, JSON, ids) is done before, for others wait behind
    /// it; it has no effect but on the database, for it may be rolled back and run again,
    /// or the transaction around it may fail after it ran; it does not wait for anything.
    /// Its error or panic is its own: the
    /// others of its transaction stay. When that transaction cannot be committed, none is
    /// acknowledged. What is queued is written even when its caller is gone, and before
    /// the store is closed. When too many wait already: [`StoreError::Busy`], at once.
    pub async fn submit<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Single<'_>) -> Result<T> + Send + 'static,
    {
        self.inner.submissions.submit(work).await
    }

    pub(crate) fn submissions(&self) -> &Writers {
        &self.inner.submissions
    }

    pub(crate) fn wordings(&self) -> &Mutex<HashSet<String>> {
        &self.inner.wordings
    }

    pub(crate) fn keys(&self) -> &Keyring {
        &self.inner.keys
    }

    pub(crate) fn kek_file(&self) -> &std::path::Path {
        &self.inner.kek_file
    }

    pub(crate) fn now(&self) -> estampe_domain::Ts {
        self.inner.clock.now()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.inner.url
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.inner.random
    }

    /// Whether work can be done: the database answers, and has room to be written to.
    pub async fn ready(&self) -> Result<()> {
        self.read(|tx| tx.accounts().map(|_| ())).await?;
        let disk = &self.inner.disk;
        if let Some(low) = disk.low() {
            return Err(StoreError::Full(low));
        }
        if disk.was_full() {
            // nobody else may be writing, and there may be room again
            self.write(|tx| {
                let now = tx.now();
                tx.set_setting("storage-tried", &now.as_micros().to_string(), now)
            })
            .await?;
        }
        Ok(())
    }

    async fn unit<T, F>(&self, write: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let gate = if write { &self.inner.writing } else { &self.inner.reading };
        let closed = |_| StoreError::Connection("the store is closed".into());
        let asked = Instant::now();
        let permit = Arc::clone(gate).acquire_owned().await.map_err(closed)?;
        let inner = Arc::clone(&self.inner);
        let span = tracing::Span::current();
        // Once begun, a unit runs to its end even when its caller is gone, and holds its
        // place until then.
        tokio::task::spawn_blocking(move || {
            let (_permit, _span) = (permit, span.entered());
            let (pool, meter) =
                if write { (&inner.writers, &inner.write_meter) } else { (&inner.readers, &inner.read_meter) };
            let mut conn = pool.get().map_err(|e| {
                meter.no_connection();
                StoreError::Connection(e.to_string())
            })?;
            let begun = meter.begins(asked);
            let done = in_transaction(&inner, meter, &mut conn, write, work);
            meter.ends(begun);
            if done.is_err() {
                conn.doubt();
            }
            inner.disk.judge(write, done)
        })
        .await
        .unwrap_or_else(|e| Err(StoreError::Connection(format!("a unit of work ended early: {e}"))))
    }
}

impl Inner {
    fn tx<'a>(&'a self, conn: &'a mut Conn) -> Tx<'a> {
        Tx {
            conn,
            keys: &self.keys,
            clock: &*self.clock,
            random: &*self.random,
            cards_changed: false,
            people_added: false,
            wrapped: Vec::new(),
        }
    }
}

fn in_transaction<T>(
    inner: &Inner,
    meter: &Meter,
    conn: &mut PooledConnection<Manager>,
    write: bool,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> Result<T> {
    let begin = conn.begin(write);
    let open = OpenTransaction::begin(conn, begin)?;
    let mut tx = inner.tx(open.conn);
    let value = work(&mut tx).inspect_err(|error| {
        if error.is_failure() {
            meter.work_failed();
        }
    })?;
    let (cards_changed, people_added) = (tx.cards_changed, tx.people_added);
    // until after the commit
    let _wrapped = std::mem::take(&mut tx.wrapped);
    let commits = if write { open.conn.ensure_commits().map_err(StoreError::from) } else { Ok(()) };
    commits.and_then(|()| open.commit()).inspect_err(|_| meter.commit_failed())?;
    if cards_changed {
        inner.card_changes.fetch_add(1, Ordering::Release);
    }
    if cards_changed || people_added {
        inner.people_changes.fetch_add(1, Ordering::Release);
    }
    Ok(value)
}

/// Rolls back when it is dropped undone: an error, or a panic in a unit of work.
pub(crate) struct OpenTransaction<'a> {
    pub conn: &'a mut Conn,
    done: bool,
}

impl<'a> OpenTransaction<'a> {
    pub fn begin(conn: &'a mut Conn, begin: &str) -> Result<Self> {
        conn.batch_execute(begin)?;
        Ok(Self { conn, done: false })
    }

    pub fn commit(mut self) -> Result<()> {
        self.conn.batch_execute("COMMIT")?;
        self.done = true;
        Ok(())
    }
}

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        if !self.done
            && let Err(error) = self.conn.batch_execute("ROLLBACK")
        {
            tracing::warn!(db.error = %error, "a transaction could not be rolled back");
        }
    }
}

#[derive(Debug)]
struct PoolErrors;

impl diesel::r2d2::HandleError<diesel::r2d2::Error> for PoolErrors {
    fn handle_error(&self, error: diesel::r2d2::Error) {
        tracing::warn!(db.error = %error, "no database connection");
    }
}

/// One process a data folder, which is made when it is missing: the lock falls with the process, however it
/// ends.
pub fn hold_data_dir(settings: &StoreSettings) -> Result<fs::File, OpenError> {
    let file = |path: &PathBuf| {
        let path = path.clone();
        move |error| OpenError::File { path: path.clone(), error }
    };
    let keys_dir = settings.kek_file.parent().map(PathBuf::from);
    for dir in [Some(settings.data_dir.clone()), keys_dir].into_iter().flatten() {
        if !dir.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(file(&dir))?;
        }
    }
    let path = settings.data_dir.join("lock");
    let lock =
        fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(file(&path))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| OpenError::InUse(settings.data_dir.clone()))?;
    Ok(lock)
}

/// The database is its owner's alone, whatever the umask was.
fn restrict(path: &PathBuf) -> Result<(), OpenError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(|error| OpenError::File { path: path.clone(), error })
}

fn load_keys(
    conn: &mut Conn,
    settings: &StoreSettings,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<Keyring, OpenError> {
    let database = |e: StoreError| OpenError::Connect(e.to_string());
    let keys: i64 = appliance_key::table.count().get_result(conn).map_err(|e| database(e.into()))?;
    let path = &settings.kek_file;
    // a new key beside an old database would hide that the right one is lost
    let files =
        KeyFiles::read(path, keys == 0, random).map_err(|error| OpenError::File { path: path.clone(), error })?;
    let begin = conn.begin(true);
    let transaction = OpenTransaction::begin(conn, begin).map_err(database)?;
    let ring = Keyring::load(transaction.conn, files, random, clock.now()).map_err(|e| match e {
        StoreError::Damaged(_) => OpenError::WrongKey(path.clone()),
        other => database(other),
    })?;
    transaction.commit().map_err(database)?;
    Ok(ring)
}
