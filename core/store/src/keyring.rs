//! Keys: the key-encryption key (KEK) from its file, the appliance's own keys and
//! the data keys of subjects and runs, all of them wrapped by the KEK in the database.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use diesel::prelude::*;
use estampe_domain::Ts;
use estampe_domain::ports::Random;
use zeroize::Zeroizing;

use crate::conn::Conn;
use crate::crypto::{self, Place, SecretKey};
use crate::error::{Result, StoreError};
use crate::schema::appliance_key;

/// The keys of a running appliance.
pub struct Keyring {
    kek: SecretKey,
    kek_id: String,
    /// MAC of audit rows.
    pub audit: SecretKey,
    /// Blind indexes and the keyed hashes of submissions and identities.
    pub index: SecretKey,
    /// Authenticates compiled plugins in their cache.
    pub plugins: SecretKey,
    /// Seals the secrets of sources.
    pub secrets: SecretKey,
}

/// Names of the appliance's own keys.
const AUDIT: &str = "audit-mac";
const INDEX: &str = "blind-index";
const PLUGINS: &str = "plugin-cache";
const SECRETS: &str = "secrets";

impl Keyring {
    /// Reads the appliance's keys, or makes them in a new database.
    pub fn load(conn: &mut Conn, kek: SecretKey, random: &dyn Random, now: Ts) -> Result<Self> {
        let kek_id = kek_id(&kek);
        let any = || kek.clone();
        let mut ring = Self { audit: any(), index: any(), plugins: any(), secrets: any(), kek: kek.clone(), kek_id };
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
                appliance_key::kek_id.eq(&self.kek_id),
                appliance_key::wrapped.eq(wrapped),
                appliance_key::created_at.eq(now.as_micros()),
            ))
            .execute(conn)?;
        Ok(key)
    }

    /// The id of the KEK in use: a hash of it, which says nothing of the key.
    pub fn kek_id(&self) -> &str {
        &self.kek_id
    }

    /// Wraps a key for its row.
    pub fn wrap_key(&self, table: &'static str, row: &str, key: &SecretKey, random: &dyn Random) -> Result<Vec<u8>> {
        let place = Place { table, row, column: "wrapped", key: &self.kek_id };
        Ok(crypto::seal(&self.kek, random, place, key.bytes())?.0)
    }

    /// Unwraps a key of a row.
    pub fn unwrap_key(&self, table: &'static str, row: &str, kek_id: &str, wrapped: &[u8]) -> Result<SecretKey> {
        let place = Place { table, row, column: "wrapped", key: kek_id };
        let bytes = Zeroizing::new(crypto::open(&self.kek, place, wrapped)?);
        SecretKey::from_bytes(&bytes).ok_or(StoreError::Damaged(table))
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
            text.push_str(&data_encoding::HEXLOWER.encode(key.bytes()));
            text.push('\n');
            // whole or not at all: half a key would stop every later start
            let new = path.with_extension("new");
            let _ = fs::remove_file(&new);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, path)?;
            if let Some(folder) = path.parent() {
                fs::File::open(folder)?.sync_all()?;
            }
        }
        Err(error) => return Err(error),
    }
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.trim().as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| io::Error::other("it does not hold 64 hexadecimal digits"))?;
    SecretKey::from_bytes(&bytes).ok_or_else(|| io::Error::other("it does not hold 64 hexadecimal digits"))
}
