//! Secret values of a source's configuration, sealed.

use std::collections::BTreeSet;

use diesel::prelude::*;
use estampe_domain::SourceId;
use estampe_domain::credential::{Secret, Secrets};
use zeroize::Zeroizing;

use super::Tx;
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::source_secret;

/// Where a secret stands.
fn place<'a>(row: &'a str, key_id: &'a str) -> Place<'a> {
    Place { table: "source_secret", row, column: "sealed", key: key_id }
}

/// The name of the appliance's key that secrets are sealed under.
const KEY: &str = "secrets";

impl Tx<'_> {
    /// Seals a secret of a source.
    pub fn set_source_secret(&mut self, source: SourceId, key: &str, secret: &Secret) -> Result<()> {
        let row = format!("{source}/{key}");
        let sealed = crypto::seal(&self.keys.secrets, self.random, place(&row, KEY), secret.reveal().as_bytes())?;
        diesel::delete(source_secret::table.find((source.to_string(), key))).execute(self.conn)?;
        diesel::insert_into(source_secret::table)
            .values((
                source_secret::source_id.eq(source.to_string()),
                source_secret::key.eq(key),
                source_secret::sealed.eq(sealed.0),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets a secret of a source.
    pub fn delete_source_secret(&mut self, source: SourceId, key: &str) -> Result<()> {
        diesel::delete(source_secret::table.find((source.to_string(), key))).execute(self.conn)?;
        Ok(())
    }

    /// Keys of the secrets of a source.
    pub fn source_secret_keys(&mut self, source: SourceId) -> Result<BTreeSet<String>> {
        let keys: Vec<String> = source_secret::table
            .filter(source_secret::source_id.eq(source.to_string()))
            .select(source_secret::key)
            .load(self.conn)?;
        Ok(keys.into_iter().collect())
    }

    /// The secrets of a source.
    pub fn source_secrets(&mut self, source: SourceId) -> Result<Secrets> {
        let rows: Vec<(String, Vec<u8>)> = source_secret::table
            .filter(source_secret::source_id.eq(source.to_string()))
            .select((source_secret::key, source_secret::sealed))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(key, sealed)| {
                let row = format!("{source}/{key}");
                let opened = Zeroizing::new(crypto::open(&self.keys.secrets, place(&row, KEY), &sealed)?);
                let text = std::str::from_utf8(&opened).map_err(|_| StoreError::Damaged("source_secret"))?;
                Ok((key, Secret::new(text)))
            })
            .collect()
    }
}
