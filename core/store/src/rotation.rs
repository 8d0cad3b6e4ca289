//! Another key takes the place of the one that wraps all others.
//!
//! The next key lies beside the key file while both are needed: whoever starts in the middle reads
//! both and goes on. From the first moment on the next one wraps whatever is new; then every row is
//! wrapped anew, some at a time; when nothing of the former one is left, nor on its way, the next
//! one is put into the place of the key file, and the former one is gone.

use diesel::prelude::*;
use estampe_domain::Ts;

use crate::error::{Result, StoreError};
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

/// What a batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// How many rows it wrapped anew.
    pub rows: u64,
    /// Keys of rows (`data_key`) that do not open: what they sealed is lost. They no longer name the former key,
    /// and stay as they are beside that.
    pub lost: Vec<String>,
}

fn key_file(error: std::io::Error) -> StoreError {
    StoreError::KeyFile(error.to_string())
}

impl Store {
    /// Which key wraps, and since when.
    pub async fn key_state(&self) -> Result<KeyState> {
        let (id, rotating) = (self.keys().kek_id(), self.is_rotating());
        let of = id.clone();
        let (since, copied) =
            self.read(move |tx| Ok((tx.moment_of_key(SINCE, &of)?, tx.moment_of_key(COPIED, &of)?))).await?;
        Ok(KeyState { id, since, copied, rotating })
    }

    /// Whether a key is taking the place of another one: begun here, or before the last start.
    pub fn is_rotating(&self) -> bool {
        self.keys().leaving().is_some()
    }

    /// Makes the next key, on disk before anything is wrapped by it, and lets it wrap.
    pub fn begin_rotation(&self) -> Result<()> {
        self.keys().begin(self.kek_file(), self.random()).map_err(key_file)
    }

    /// Wraps some rows anew. None: nothing is left that the key before wraps. The next key's file is looked at
    /// first, and written again where somebody took it away.
    pub async fn rewrap_some(&self) -> Result<Rewrapped> {
        if self.keys().keep_next(self.kek_file(), self.random()).map_err(key_file)? {
            tracing::warn!(
                "the file of the key that is taking the place of another one was gone or changed, and is written again"
            );
        }
        self.write(rewrap_some).await
    }

    /// Puts the next key into the place of the former one. `false`: something may still be on its
    /// way that the former one wrapped.
    pub async fn end_rotation(&self) -> Result<bool> {
        if self.keys().on_the_way() > 0 || self.rewrap_some().await? != Rewrapped::default() {
            return Ok(false);
        }
        self.keys().end(self.kek_file(), self.random(), self.now()).map_err(key_file)?;
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

fn rewrap_some(tx: &mut Tx<'_>) -> Result<Rewrapped> {
    let mut done = Rewrapped::default();
    let Some(former) = tx.keys.leaving() else { return Ok(done) };
    let rows: Vec<(String, Option<Vec<u8>>)> = data_key::table
        .filter(data_key::kek_id.eq(&former).and(data_key::wrapped.is_not_null()))
        .limit(ROWS)
        .select((data_key::id, data_key::wrapped))
        .load(tx.conn)?;
    for (row, wrapped) in rows {
        let Some(before) = wrapped else { continue };
        // one that was destroyed meanwhile stays so
        let here = data_key::table.filter(data_key::id.eq(&row).and(data_key::wrapped.eq(&before)));
        match tx.keys.unwrap_key("data_key", &row, &former, &before) {
            Ok(key) => {
                let after = tx.keys.wrap_key("data_key", &row, &key, tx.random)?;
                diesel::update(here)
                    .set((data_key::kek_id.eq(after.kek.id()), data_key::wrapped.eq(&after.octets)))
                    .execute(tx.conn)?;
                done.rows += 1;
            }
            // one flipped bit must not keep the former key for ever, and with it all that was erased
            Err(StoreError::Damaged(_)) => {
                diesel::update(here).set(data_key::kek_id.eq(tx.keys.kek_id())).execute(tx.conn)?;
                done.lost.push(row);
            }
            Err(other) => return Err(other),
        }
    }
    let rows: Vec<(String, Vec<u8>)> = appliance_key::table
        .filter(appliance_key::kek_id.eq(&former))
        .select((appliance_key::name, appliance_key::wrapped))
        .load(tx.conn)?;
    for (row, before) in rows {
        let key = tx.keys.unwrap_key("appliance_key", &row, &former, &before)?;
        let after = tx.keys.wrap_key("appliance_key", &row, &key, tx.random)?;
        diesel::update(appliance_key::table.find(&row))
            .set((appliance_key::kek_id.eq(after.kek.id()), appliance_key::wrapped.eq(&after.octets)))
            .execute(tx.conn)?;
        done.rows += 1;
    }
    Ok(done)
}
