//! Keys: the key-encryption key (KEK) from its file, the appliance's own keys and
//! the data keys of subjects and runs, all of them wrapped by the KEK in the database.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use diesel::prelude::*;
use estampe_domain::Ts;
use estampe_domain::ports::Random;
use zeroize::Zeroizing;

use crate::conn::Conn;
use crate::crypto::{self, Place, SecretKey};
use crate::error::{Result, StoreError};
use crate::schema::appliance_key;

/// A key-encryption key and its id.
pub(crate) struct Kek {
    id: String,
    key: SecretKey,
}

impl Kek {
    pub(crate) fn new(key: SecretKey) -> Arc<Self> {
        Arc::new(Self { id: kek_id(&key), key })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

/// The key that wraps, and while it takes the place of another one, that one too.
struct Keks {
    current: Arc<Kek>,
    former: Option<Arc<Kek>>,
    /// Since when nothing on disk needs the former one.
    replaced: Option<Ts>,
}

/// A wrapped key. While it lives, the key that wrapped it is known to be needed: it may be on its
/// way into the database.
pub(crate) struct Wrapped {
    pub kek: Arc<Kek>,
    pub octets: Vec<u8>,
}

/// The keys of a running appliance.
pub struct Keyring {
    keks: RwLock<Keks>,
    /// Held while the files of these are changed.
    files: Mutex<()>,
    /// MAC of audit rows.
    pub audit: SecretKey,
    /// Blind indexes and the keyed hashes of submissions and identities.
    pub index: SecretKey,
    /// Authenticates compiled plugins in their cache.
    pub plugins: SecretKey,
    /// Seals the secrets of sources.
    pub secrets: SecretKey,
}

/// Seconds that a former KEK is remembered after its place was taken.
const REMEMBERED: i64 = 3_600;

/// Names of the appliance's own keys.
const AUDIT: &str = "audit-mac";
const INDEX: &str = "blind-index";
const PLUGINS: &str = "plugin-cache";
const SECRETS: &str = "secrets";

impl Keyring {
    /// Reads the appliance's keys, or makes them in a new database.
    pub fn load(conn: &mut Conn, files: KeyFiles, random: &dyn Random, now: Ts) -> Result<Self> {
        let any = || SecretKey::of([0; 32]);
        let keks = match files.next {
            Some(next) => Keks { current: Kek::new(next), former: Some(Kek::new(files.kek)), replaced: None },
            None => Keks { current: Kek::new(files.kek), former: None, replaced: None },
        };
        let keks = RwLock::new(keks);
        let mut ring = Self { audit: any(), index: any(), plugins: any(), secrets: any(), keks, files: Mutex::new(()) };
        ring.audit = ring.appliance_key(conn, AUDIT, random, now)?;
        ring.index = ring.appliance_key(conn, INDEX, random, now)?;
        ring.plugins = ring.appliance_key(conn, PLUGINS, random, now)?;
        ring.secrets = ring.appliance_key(conn, SECRETS, random, now)?;
        Ok(ring)
    }

    fn appliance_key(&self, conn: &mut Conn, name: &'static str, random: &dyn Random, now: Ts) -> Result<SecretKey> {
        let stored: Option<(String, Vec<u8>)> = appliance_key::table
            .find(name)
            .select((appliance_key::kek_id, appliance_key::wrapped))
            .get_result(conn)
            .optional()?;
        if let Some((kek_id, wrapped)) = stored {
            return self.unwrap_key("appliance_key", name, &kek_id, &wrapped);
        }
        let key = SecretKey::new(random);
        let wrapped = self.wrap_key("appliance_key", name, &key, random)?;
        diesel::insert_into(appliance_key::table)
            .values((
                appliance_key::name.eq(name),
                appliance_key::kek_id.eq(wrapped.kek.id()),
                appliance_key::wrapped.eq(wrapped.octets),
                appliance_key::created_at.eq(now.as_micros()),
            ))
            .execute(conn)?;
        Ok(key)
    }

    fn keks(&self) -> RwLockReadGuard<'_, Keks> {
        self.keks.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn keks_to_change(&self) -> RwLockWriteGuard<'_, Keks> {
        self.keks.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of the KEK that wraps: a hash of it, which says nothing of the key.
    pub fn kek_id(&self) -> String {
        self.keks().current.id.clone()
    }

    /// The id of the KEK whose place is being taken. What the files are is no measure of it: somebody may have
    /// tidied them away.
    pub(crate) fn leaving(&self) -> Option<String> {
        let keks = self.keks();
        keks.former.as_ref().filter(|_| keks.replaced.is_none()).map(|former| former.id.clone())
    }

    /// Makes another KEK beside the key file at `path`, on disk before it wraps anything; the one before still
    /// unwraps. Nothing happens while one is taking the other's place.
    pub(crate) fn begin(&self, path: &Path, random: &dyn Random) -> io::Result<()> {
        let _held = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if self.leaving().is_some() {
            return Ok(());
        }
        let file = next_file(path);
        if file.exists() {
            // nobody knows who else has what stands there, and it may be needed by another copy
            return Err(io::Error::other(format!(
                "{} is there, of no rotation of this one: put it aside",
                file.display()
            )));
        }
        write_kek(&file, &SecretKey::new(random)).inspect_err(|_| _ = fs::remove_file(&file))?;
        let next = Kek::new(read_kek(&file, false, random)?);
        let mut keks = self.keks_to_change();
        let former = std::mem::replace(&mut keks.current, next);
        (keks.former, keks.replaced) = (Some(former), None);
        Ok(())
    }

    /// Sees to it that the KEK that is taking the place of another one is on disk: whatever it wraps is lost
    /// otherwise with the next stop. Whether it was written anew.
    pub(crate) fn keep_next(&self, path: &Path, random: &dyn Random) -> io::Result<bool> {
        let _held = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if self.leaving().is_none() {
            return Ok(false);
        }
        self.write_next_unless_there(path, random)
    }

    fn write_next_unless_there(&self, path: &Path, random: &dyn Random) -> io::Result<bool> {
        let (file, current) = (next_file(path), Arc::clone(&self.keks().current));
        if read_kek(&file, false, random).is_ok_and(|there| kek_id(&there) == current.id) {
            return Ok(false);
        }
        write_kek(&file, &current.key)?;
        Ok(true)
    }

    /// Puts the next KEK into the place of the key file: from then on the former one is gone from disk.
    pub(crate) fn end(&self, path: &Path, random: &dyn Random, now: Ts) -> io::Result<()> {
        let _held = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if self.leaving().is_none() {
            return Ok(());
        }
        self.write_next_unless_there(path, random)?;
        fs::rename(next_file(path), path)?;
        sync_folder(path)?;
        self.keks_to_change().replaced = Some(now);
        Ok(())
    }

    /// How many wrapped keys of the former KEK may be on their way into the database.
    pub(crate) fn on_the_way(&self) -> usize {
        self.keks().former.as_ref().map_or(0, |former| Arc::strong_count(former) - 1)
    }

    /// Forgets the former KEK an hour after its place was taken: what it wrapped cannot be opened any more.
    /// Until then whoever read a row before it was wrapped anew may still open it.
    pub(crate) fn forget_former(&self, now: Ts) {
        let mut keks = self.keks_to_change();
        if keks.replaced.is_some_and(|at| now.seconds_since(at) >= REMEMBERED) {
            (keks.former, keks.replaced) = (None, None);
        }
    }

    /// Wraps a key for its row.
    pub(crate) fn wrap_key(
        &self,
        table: &'static str,
        row: &str,
        key: &SecretKey,
        random: &dyn Random,
    ) -> Result<Wrapped> {
        let kek = Arc::clone(&self.keks().current);
        let place = Place { table, row, column: "wrapped", key: &kek.id };
        let octets = crypto::seal(&kek.key, random, place, key.bytes())?.0;
        Ok(Wrapped { kek, octets })
    }

    /// Unwraps a key of a row.
    pub fn unwrap_key(&self, table: &'static str, row: &str, kek_id: &str, wrapped: &[u8]) -> Result<SecretKey> {
        let kek = {
            let keks = self.keks();
            let known = [Some(&keks.current), keks.former.as_ref()].into_iter().flatten();
            known.into_iter().find(|kek| kek.id == kek_id).map(Arc::clone).ok_or(StoreError::Damaged(table))?
        };
        let place = Place { table, row, column: "wrapped", key: kek_id };
        let bytes = Zeroizing::new(crypto::open(&kek.key, place, wrapped)?);
        SecretKey::from_bytes(&bytes).ok_or(StoreError::Damaged(table))
    }
}

/// What stands in the key file, and in the one beside it while a key takes the place of another.
pub struct KeyFiles {
    /// The key file.
    pub kek: SecretKey,
    /// The key that takes its place.
    pub next: Option<SecretKey>,
}

impl KeyFiles {
    /// Reads both. `create` makes the first when it is missing.
    pub fn read(path: &Path, create: bool, random: &dyn Random) -> io::Result<Self> {
        let kek = read_kek(path, create, random)?;
        let next = next_file(path);
        let next = if next.exists() { Some(read_kek(&next, false, random)?) } else { None };
        Ok(Self { kek, next })
    }
}

/// Where the key lies that takes the place of the one in the key file, until it has.
pub fn next_file(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    path.with_file_name(name)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => fs::File::open(".")?.sync_all(),
    }
}

pub(crate) fn kek_id(kek: &SecretKey) -> String {
    let mac = kek.mac(&[b"estampe kek id"]);
    data_encoding::HEXLOWER.encode(mac.get(..8).unwrap_or_default())
}

/// Reads the KEK from its file: 64 hexadecimal digits. `create` makes one when the
/// file is missing, readable by its owner alone and on disk before this returns.
pub fn read_kek(path: &Path, create: bool, random: &dyn Random) -> io::Result<SecretKey> {
    let mut text = Zeroizing::new(String::new());
    match fs::File::open(path) {
        Ok(file) => {
            let mode = file.metadata()?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(io::Error::other(format!(
                    "others may read it (mode {:o}); run: chmod 0400 {}",
                    mode & 0o777,
                    path.display()
                )));
            }
            file.take(1024).read_to_string(&mut text)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
            let key = SecretKey::new(random);
            write_kek(path, &key)?;
            return Ok(key);
        }
        Err(error) => return Err(error),
    }
    kek_of(&text).ok_or_else(|| io::Error::other("it does not hold 64 hexadecimal digits"))
}

/// Writes a KEK, readable by its owner alone: whole or not at all, for half a key would stop every later start.
fn write_kek(path: &Path, key: &SecretKey) -> io::Result<()> {
    let mut text = Zeroizing::new(data_encoding::HEXLOWER.encode(key.bytes()));
    text.push('\n');
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path)
}

/// The KEK that a key file's text holds.
pub(crate) fn kek_of(text: &str) -> Option<SecretKey> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map(Zeroizing::new).ok()?;
    SecretKey::from_bytes(&bytes)
}
