//! Sign-in providers, our secrets there, and sign-ins that were begun.

use diesel::prelude::*;
use estampe_domain::credential::Secret;
use estampe_domain::provider::Provider;
use estampe_domain::{ProviderId, Ts};
use zeroize::Zeroizing;

use super::{Tx, id, json, to_json};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{account_mapped_role, pending_sign_in, sign_in_provider};

/// The name of the appliance's key that these are sealed under.
const KEY: &str = "secrets";

fn secret_place(row: &str) -> Place<'_> {
    Place { table: "sign_in_provider", row, column: "sealed", key: KEY }
}

fn pending_place(row: &str) -> Place<'_> {
    Place { table: "pending_sign_in", row, column: "sealed", key: KEY }
}

type Row = (String, String, String, String, String, i64);
type Columns = (
    sign_in_provider::id,
    sign_in_provider::name,
    sign_in_provider::label,
    sign_in_provider::settings,
    sign_in_provider::coming,
    sign_in_provider::created_at,
);
const COLUMNS: Columns = (
    sign_in_provider::id,
    sign_in_provider::name,
    sign_in_provider::label,
    sign_in_provider::settings,
    sign_in_provider::coming,
    sign_in_provider::created_at,
);

fn read((provider_id, name, label, settings, coming, created_at): &Row) -> Result<Provider> {
    Ok(Provider {
        id: id(provider_id, "sign_in_provider")?,
        name: name.clone(),
        label: label.clone(),
        kind: json(settings, "sign_in_provider")?,
        coming: json(coming, "sign_in_provider")?,
        created_at: Ts::from_micros(*created_at),
    })
}

impl Tx<'_> {
    /// Every provider, by name.
    pub fn providers(&mut self) -> Result<Vec<Provider>> {
        let rows: Vec<Row> = sign_in_provider::table.order(sign_in_provider::name).select(COLUMNS).load(self.conn)?;
        rows.iter().map(read).collect()
    }

    /// The provider of this name.
    pub fn provider_by_name(&mut self, name: &str) -> Result<Option<Provider>> {
        let row: Option<Row> = sign_in_provider::table
            .filter(sign_in_provider::name.eq(name))
            .select(COLUMNS)
            .get_result(self.conn)
            .optional()?;
        row.as_ref().map(read).transpose()
    }

    /// The provider of this id.
    pub fn provider(&mut self, provider: ProviderId) -> Result<Option<Provider>> {
        let row: Option<Row> =
            sign_in_provider::table.find(provider.to_string()).select(COLUMNS).get_result(self.conn).optional()?;
        row.as_ref().map(read).transpose()
    }

    /// Stores a provider.
    pub fn insert_provider(&mut self, new: &Provider) -> Result<()> {
        diesel::insert_into(sign_in_provider::table)
            .values((
                sign_in_provider::id.eq(new.id.to_string()),
                sign_in_provider::name.eq(&new.name),
                sign_in_provider::label.eq(&new.label),
                sign_in_provider::settings.eq(to_json(&new.kind, "sign_in_provider")?),
                sign_in_provider::coming.eq(to_json(&new.coming, "sign_in_provider")?),
                sign_in_provider::created_at.eq(new.created_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes what may change of a provider: all but when it was made. Sign-ins that were begun
    /// with what it was before are void.
    pub fn update_provider(&mut self, changed: &Provider) -> Result<()> {
        diesel::update(sign_in_provider::table.find(changed.id.to_string()))
            .set((
                sign_in_provider::name.eq(&changed.name),
                sign_in_provider::label.eq(&changed.label),
                sign_in_provider::settings.eq(to_json(&changed.kind, "sign_in_provider")?),
                sign_in_provider::coming.eq(to_json(&changed.coming, "sign_in_provider")?),
            ))
            .execute(self.conn)?;
        self.drop_pending(changed.id)
    }

    /// Removes a provider, with what was begun by it and what its rules gave.
    pub fn delete_provider(&mut self, provider: ProviderId) -> Result<()> {
        let text = provider.to_string();
        self.drop_pending(provider)?;
        diesel::delete(account_mapped_role::table.filter(account_mapped_role::provider_id.eq(&text)))
            .execute(self.conn)?;
        diesel::delete(sign_in_provider::table.find(&text)).execute(self.conn)?;
        Ok(())
    }

    fn drop_pending(&mut self, provider: ProviderId) -> Result<()> {
        let of = pending_sign_in::table.filter(pending_sign_in::provider_id.eq(provider.to_string()));
        diesel::delete(of).execute(self.conn)?;
        Ok(())
    }

    /// Seals our secret at a provider, or forgets it.
    pub fn set_provider_secret(&mut self, provider: ProviderId, secret: Option<&Secret>) -> Result<()> {
        let row = provider.to_string();
        let sealed = secret
            .map(|secret| crypto::seal(&self.keys.secrets, self.random, secret_place(&row), secret.reveal().as_bytes()))
            .transpose()?;
        diesel::update(sign_in_provider::table.find(&row))
            .set(sign_in_provider::sealed.eq(sealed.map(|sealed| sealed.0)))
            .execute(self.conn)?;
        Ok(())
    }

    /// Our secret at a provider.
    pub fn provider_secret(&mut self, provider: ProviderId) -> Result<Option<Secret>> {
        let row = provider.to_string();
        let sealed: Option<Option<Vec<u8>>> =
            sign_in_provider::table.find(&row).select(sign_in_provider::sealed).get_result(self.conn).optional()?;
        let Some(sealed) = sealed.flatten() else { return Ok(None) };
        let opened = Zeroizing::new(crypto::open(&self.keys.secrets, secret_place(&row), &sealed)?);
        let text = std::str::from_utf8(&opened).map_err(|_| StoreError::Damaged("sign_in_provider"))?;
        Ok(Some(Secret::new(text)))
    }

    /// Keeps what only one sign-in knows, under the hash of its state. What is over goes.
    /// `false` when `most` wait already.
    pub fn put_pending(
        &mut self,
        state_hash: &str,
        provider: ProviderId,
        plain: &[u8],
        (now, ends): (Ts, Ts),
        most: i64,
    ) -> Result<()> {
        diesel::delete(pending_sign_in::table.filter(pending_sign_in::ends_at.le(now.as_micros())))
            .execute(self.conn)?;
        let waiting: i64 = pending_sign_in::table.count().get_result(self.conn)?;
        if waiting >= most {
            // whoever began them last comes back the soonest
            let oldest: Vec<String> = pending_sign_in::table
                .select(pending_sign_in::state_hash)
                .order((pending_sign_in::ends_at, pending_sign_in::state_hash))
                .limit(waiting - most + 1)
                .load(self.conn)?;
            diesel::delete(pending_sign_in::table.filter(pending_sign_in::state_hash.eq_any(oldest)))
                .execute(self.conn)?;
        }
        let sealed = crypto::seal(&self.keys.secrets, self.random, pending_place(state_hash), plain)?;
        diesel::insert_into(pending_sign_in::table)
            .values((
                pending_sign_in::state_hash.eq(state_hash),
                pending_sign_in::provider_id.eq(provider.to_string()),
                pending_sign_in::sealed.eq(sealed.0),
                pending_sign_in::ends_at.eq(ends.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Takes it out: it is there once. Of several that ask at once, one gets it.
    pub fn take_pending(&mut self, state_hash: &str, now: Ts) -> Result<Option<(ProviderId, Zeroizing<Vec<u8>>)>> {
        let row: Option<(String, Vec<u8>, i64)> = pending_sign_in::table
            .find(state_hash)
            .select((pending_sign_in::provider_id, pending_sign_in::sealed, pending_sign_in::ends_at))
            .get_result(self.conn)
            .optional()?;
        let Some((provider, sealed, ends)) = row else { return Ok(None) };
        let taken = diesel::delete(pending_sign_in::table.find(state_hash)).execute(self.conn)?;
        if taken != 1 || ends <= now.as_micros() {
            return Ok(None);
        }
        let opened = crypto::open(&self.keys.secrets, pending_place(state_hash), &sealed)?;
        Ok(Some((id(&provider, "pending_sign_in")?, Zeroizing::new(opened))))
    }
}
