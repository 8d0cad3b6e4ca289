//! What a unit of work can do, one file for each subject.
//!
//! A row that is alone is fetched by `get_result`, not by `first`: the LIMIT that diesel
//! would bind makes SQLite prepare the statement anew at every call.

pub mod accounts;
pub mod answers;
mod api_tokens;
mod approvals;
pub(crate) mod audit;
mod blobs;
mod bulks;
mod card_list;
mod cards;
pub mod checkup;
pub mod directory_changes;
mod endings;
mod erasing;
pub mod factors;
pub mod gauges;
pub mod group_plans;
pub mod groups;
mod identities;
pub mod jobs;
pub mod leads;
mod mailboxes;
pub mod outbox;
mod ownership;
pub mod people;
mod pictures;
mod plan_pages;
pub mod plans;
mod plugins;
mod providers;
mod publication_lines;
mod publications;
mod purposes;
pub mod receive;
#[cfg(feature = "postgres")]
mod receive_postgres;
#[cfg(feature = "postgres")]
pub(crate) mod receive_together;
pub mod roll;
mod run_log;
pub mod runs;
mod scope;
mod secrets;
pub mod sessions;
mod settings;
mod signatures;
mod sources;
mod teams;

use std::sync::Arc;

use diesel::prelude::*;
use estampe_domain::Ts;
use estampe_domain::ports::{Clock, Random};

use crate::conn::Conn;
use crate::crypto::SecretKey;
use crate::error::{Result, StoreError};
use crate::keyring::{Kek, Keyring};
use crate::schema::data_key;

/// An open transaction.
pub struct Tx<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) keys: &'a Keyring,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) random: &'a dyn Random,
    /// Whether this transaction changed what a card shows, or whether it is shown.
    pub(crate) cards_changed: bool,
    /// Whether somebody was added to the people.
    pub(crate) people_added: bool,
    /// Keys that it wrapped: until they are committed or rolled back, nobody may forget what wraps them.
    pub(crate) wrapped: Vec<Arc<Kek>>,
}

/// A data key with its id.
pub(crate) struct DataKey {
    pub id: String,
    pub key: SecretKey,
}

impl Tx<'_> {
    /// Makes a data key and stores it wrapped.
    pub(crate) fn new_data_key(&mut self, now: Ts) -> Result<DataKey> {
        let key = SecretKey::new(self.random);
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
        let wrapped = self.keys.wrap_key("data_key", &id, &key, self.random)?;
        diesel::insert_into(data_key::table)
            .values((
                data_key::id.eq(&id),
                data_key::kek_id.eq(wrapped.kek.id()),
                data_key::wrapped.eq(Some(wrapped.octets)),
                data_key::created_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        self.wrapped.push(wrapped.kek);
        Ok(DataKey { id, key })
    }

    /// Fetches a data key; `None` when it was destroyed.
    pub(crate) fn data_key(&mut self, id: &str) -> Result<Option<DataKey>> {
        let (kek_id, wrapped): (String, Option<Vec<u8>>) =
            data_key::table.find(id).select((data_key::kek_id, data_key::wrapped)).get_result(self.conn)?;
        let Some(wrapped) = wrapped else { return Ok(None) };
        let key = self.keys.unwrap_key("data_key", id, &kek_id, &wrapped)?;
        Ok(Some(DataKey { id: id.to_owned(), key }))
    }

    /// Destroys a data key: what it sealed cannot be read again.
    pub(crate) fn destroy_data_key(&mut self, id: &str, now: Ts) -> Result<()> {
        diesel::update(data_key::table.find(id))
            .set((data_key::wrapped.eq(None::<Vec<u8>>), data_key::destroyed_at.eq(Some(now.as_micros()))))
            .execute(self.conn)?;
        Ok(())
    }

    /// This moment, by the store's clock.
    pub fn now(&self) -> Ts {
        self.clock.now()
    }
}

/// Reads a stored id.
pub(crate) fn id<T: std::str::FromStr>(text: &str, table: &'static str) -> Result<T> {
    text.parse().map_err(|_| StoreError::Unreadable(table))
}

/// Reads stored JSON.
pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str, table: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(table))
}

/// Writes JSON to be stored.
pub(crate) fn to_json<T: serde::Serialize>(value: &T, table: &'static str) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Unreadable(table))
}

/// A count as the domain has it.
pub(crate) fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// A count as the database has it.
pub(crate) fn stored_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
