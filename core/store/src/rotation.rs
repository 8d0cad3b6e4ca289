//! Another key takes the place of the one that wraps all others.
//!
//! The next key lies beside the key file while both are needed: whoever starts in the middle reads
//! both and goes on. From the first moment on the next one wraps whatever is new; then every row is
//! wrapped anew, some at a time; when nothing of the former one is left, nor on its way, the next
//! one is put into the place of the key file, and the former one is gone.

use diesel::prelude::*;
use estampe_domain::Ts;

use crate::crypto::SecretKey;
use crate::error::{Result, StoreError};
use crate::keyring::{self, Kek};
use crate::open::Store;
use crate::schema::{appliance_key, data_key};
use crate::tx::Tx;

/// Rows wrapped anew in one transaction: some milliseconds, so that leads wait no longer.
const ROWS: i64 = 500;
/// The setting that says since when which key wraps.
pub(crate) const SINCE: &str = "key-since";
/// The setting that says of which key somebody looked at a copy, and when.
pub(crate) const COPIED: &str = "key-copied";

/// What [`Tx::note_key`] and [`Tx::note_key_copied`] wrote.
pub(crate) fn read_moment(text: &str) -> Option<(String, Ts)> {
    let (id, at) = text.split_once(' ')?;
    Some((id.to_owned(), Ts::from_micros(at.parse().ok()?)))
}

/// The key that wraps all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// Its id: a hash of it, which says nothing of the key.
    pub id: String,
    /// Since when it wraps, as far as that is known.
    pub since: Option<Ts>,
    /// When somebody last showed a copy of it; nothing of it may be known elsewhere if nobody did.
    pub copied: Option<Ts>,
    /// Whether it is taking the place of another one.
    pub rotating: bool,
}

impl Store {
    /// Which key wraps, and since when.
    pub async fn key_state(&self) -> Result<KeyState> {
        let (id, rotating) = (self.keys().kek_id(), self.is_rotating());
        let of = id.clone();
        let (since, copied) = self.read(move |tx| Ok((tx.moment_of_key(SINCE, &of)?, tx.moment_of_key(COPIED, &of)?))).await?;
        Ok(KeyState { id, since, copied, rotating })
    }

    /// Whether a key is taking the place of another one: begun here, or before the last start.
    pub fn is_rotating(&self) -> bool {
        keyring::next_file(self.kek_file()).exists()
    }

    /// Makes the next key, on disk before anything is wrapped by it, and lets it wrap.
    pub fn begin_rotation(&self) -> Result<()> {
        if self.is_rotating() {
            return Ok(());
        }
        let next: SecretKey = keyring::read_kek(&keyring::next_file(self.kek_file()), true, self.random())
            .map_err(|error| StoreError::KeyFile(error.to_string()))?;
        self.keys().take(Kek::new(next));
        Ok(())
    }

    /// Wraps some rows anew; how many. None: nothing is left that another key wraps.
    pub async fn rewrap_some(&self) -> Result<u64> {
        self.write(rewrap_some).await
    }

    /// Puts the next key into the place of the former one. `false`: something may still be on its
    /// way that the former one wrapped.
    pub async fn end_rotation(&self) -> Result<bool> {
        if self.keys().on_the_way() > 0 || self.rewrap_some().await? > 0 {
            return Ok(false);
        }
        keyring::put_in_place(self.kek_file()).map_err(|error| StoreError::KeyFile(error.to_string()))?;
        self.keys().replaced(self.now());
        Ok(true)
    }

    /// Forgets the key whose place was taken an hour ago or more: who reads rows as they were before has
    /// that time.
    pub fn forget_former_key(&self) {
        self.keys().forget_former(self.now());
    }
}

impl Tx<'_> {
    /// Notes since when a key wraps.
    pub fn note_key(&mut self, id: &str, since: Ts) -> Result<()> {
        self.set_setting(SINCE, &format!("{id} {}", since.as_micros()), since)
    }

    /// Notes that somebody showed a copy of a key.
    pub fn note_key_copied(&mut self, id: &str, at: Ts) -> Result<()> {
        self.set_setting(COPIED, &format!("{id} {}", at.as_micros()), at)
    }

    /// When somebody last showed a copy of the key that wraps.
    pub fn key_copied(&mut self) -> Result<Option<Ts>> {
        let id = self.keys.kek_id();
        self.moment_of_key(COPIED, &id)
    }

    fn moment_of_key(&mut self, setting: &str, id: &str) -> Result<Option<Ts>> {
        let noted = self.setting(setting)?;
        Ok(noted.as_deref().and_then(read_moment).filter(|(of, _)| of == id).map(|(_, at)| at))
    }
}

fn rewrap_some(tx: &mut Tx<'_>) -> Result<u64> {
    let id = tx.keys.kek_id();
    let rows: Vec<(String, String, Option<Vec<u8>>)> = data_key::table
        .filter(data_key::kek_id.ne(&id).and(data_key::wrapped.is_not_null()))
        .limit(ROWS)
        .select((data_key::id, data_key::kek_id, data_key::wrapped))
        .load(tx.conn)?;
    let mut count = 0;
    for (row, kek, wrapped) in rows {
        let Some(before) = wrapped else { continue };
        let key = tx.keys.unwrap_key("data_key", &row, &kek, &before)?;
        let after = tx.keys.wrap_key("data_key", &row, &key, tx.random)?;
        // one that was destroyed meanwhile stays so
        let here = data_key::table.filter(data_key::id.eq(&row).and(data_key::wrapped.eq(&before)));
        diesel::update(here)
            .set((data_key::kek_id.eq(after.kek.id()), data_key::wrapped.eq(&after.octets)))
            .execute(tx.conn)?;
        count += 1;
    }
    let rows: Vec<(String, String, Vec<u8>)> = appliance_key::table
        .filter(appliance_key::kek_id.ne(&id))
        .select((appliance_key::name, appliance_key::kek_id, appliance_key::wrapped))
        .load(tx.conn)?;
    for (row, kek, before) in rows {
        let key = tx.keys.unwrap_key("appliance_key", &row, &kek, &before)?;
        let after = tx.keys.wrap_key("appliance_key", &row, &key, tx.random)?;
        diesel::update(appliance_key::table.find(&row))
            .set((appliance_key::kek_id.eq(after.kek.id()), appliance_key::wrapped.eq(&after.octets)))
            .execute(tx.conn)?;
        count += 1;
    }
    Ok(count)
}
