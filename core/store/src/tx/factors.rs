//! Second factors of accounts, and the codes for whoever lost them.

use diesel::prelude::*;
use estampe_domain::credential::Secret;
use estampe_domain::session::{Factor, FactorKind};
use estampe_domain::{AccountId, FactorId, Ts};
use zeroize::Zeroizing;

use super::{Tx, count, id};
use crate::crypto::{self, Place};
use crate::error::{Result, StoreError};
use crate::schema::{account_factor, recovery_code};

/// A passkey as it is checked: its factor, and what the adapter wrote.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// The factor.
    pub factor: FactorId,
    /// Credential id, base64url.
    pub credential: String,
    /// What it is checked by, as JSON of the adapter.
    pub passkey: String,
}

/// The seed of an app that shows codes.
#[derive(Debug)]
pub struct StoredTotp {
    /// The factor.
    pub factor: FactorId,
    /// The seed, in base32.
    pub seed: Secret,
    /// The last step that a code was taken for.
    pub step: i64,
}

/// The name of the appliance's key that seeds are sealed under.
const KEY: &str = "secrets";

fn place(row: &str) -> Place<'_> {
    Place { table: "account_factor", row, column: "seed", key: KEY }
}

impl Tx<'_> {
    /// The second factors of an account, the oldest first.
    pub fn factors(&mut self, account_id: AccountId) -> Result<Vec<Factor>> {
        type Row = (String, String, String, i64, Option<i64>);
        let rows: Vec<Row> = account_factor::table
            .filter(account_factor::account_id.eq(account_id.to_string()))
            .order((account_factor::created_at, account_factor::id))
            .select((
                account_factor::id,
                account_factor::kind,
                account_factor::name,
                account_factor::created_at,
                account_factor::used_at,
            ))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(factor_id, kind, name, created, used)| {
                let unreadable = || StoreError::Unreadable("account_factor");
                Ok(Factor {
                    id: id(&factor_id, "account_factor")?,
                    kind: FactorKind::from_stored(&kind).ok_or_else(unreadable)?,
                    name: name.parse().map_err(|_| unreadable())?,
                    created_at: Ts::from_micros(created),
                    used_at: used.map(Ts::from_micros),
                })
            })
            .collect()
    }

    /// How many second factors an account has.
    pub fn factor_count(&mut self, account_id: AccountId) -> Result<u64> {
        let of = account_factor::table.filter(account_factor::account_id.eq(account_id.to_string()));
        Ok(count(of.count().get_result(self.conn)?))
    }

    /// The passkeys of an account.
    pub fn passkeys(&mut self, account_id: AccountId) -> Result<Vec<StoredPasskey>> {
        let rows: Vec<(String, Option<String>, Option<String>)> = account_factor::table
            .filter(account_factor::account_id.eq(account_id.to_string()))
            .filter(account_factor::kind.eq(FactorKind::Passkey.as_str()))
            .order(account_factor::id)
            .select((account_factor::id, account_factor::credential, account_factor::passkey))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(factor, credential, passkey)| {
                let (Some(credential), Some(passkey)) = (credential, passkey) else {
                    return Err(StoreError::Unreadable("account_factor"));
                };
                Ok(StoredPasskey { factor: id(&factor, "account_factor")?, credential, passkey })
            })
            .collect()
    }

    /// The apps of an account, with their seeds.
    pub fn totps(&mut self, account_id: AccountId) -> Result<Vec<StoredTotp>> {
        let rows: Vec<(String, Option<Vec<u8>>, i64)> = account_factor::table
            .filter(account_factor::account_id.eq(account_id.to_string()))
            .filter(account_factor::kind.eq(FactorKind::Totp.as_str()))
            .order(account_factor::id)
            .select((account_factor::id, account_factor::seed, account_factor::step))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(factor, seed, step)| {
                let unreadable = || StoreError::Unreadable("account_factor");
                let seed =
                    Zeroizing::new(crypto::open(&self.keys.secrets, place(&factor), &seed.ok_or_else(unreadable)?)?);
                let seed = String::from_utf8(seed.to_vec()).map_err(|_| unreadable())?;
                Ok(StoredTotp { factor: id(&factor, "account_factor")?, seed: Secret::new(seed), step })
            })
            .collect()
    }

    /// Stores a passkey.
    pub fn insert_passkey(
        &mut self,
        account_id: AccountId,
        factor: &Factor,
        credential: &str,
        passkey: &str,
    ) -> Result<()> {
        diesel::insert_into(account_factor::table)
            .values((
                account_factor::id.eq(factor.id.to_string()),
                account_factor::account_id.eq(account_id.to_string()),
                account_factor::kind.eq(factor.kind.as_str()),
                account_factor::name.eq(factor.name.as_str()),
                account_factor::credential.eq(Some(credential)),
                account_factor::passkey.eq(Some(passkey)),
                account_factor::step.eq(0),
                account_factor::created_at.eq(factor.created_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Stores an app, with the step that its first code was for.
    pub fn insert_totp(&mut self, account_id: AccountId, factor: &Factor, seed: &Secret, step: i64) -> Result<()> {
        let row = factor.id.to_string();
        let sealed = crypto::seal(&self.keys.secrets, self.random, place(&row), seed.reveal().as_bytes())?;
        diesel::insert_into(account_factor::table)
            .values((
                account_factor::id.eq(&row),
                account_factor::account_id.eq(account_id.to_string()),
                account_factor::kind.eq(factor.kind.as_str()),
                account_factor::name.eq(factor.name.as_str()),
                account_factor::seed.eq(Some(sealed.0)),
                account_factor::step.eq(step),
                account_factor::created_at.eq(factor.created_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Takes a code's step, once: `false` when it or a later one was taken already.
    pub fn take_totp_step(&mut self, factor: FactorId, step: i64, now: Ts) -> Result<bool> {
        let of = account_factor::table
            .filter(account_factor::id.eq(factor.to_string()))
            .filter(account_factor::step.lt(step));
        let taken = diesel::update(of)
            .set((account_factor::step.eq(step), account_factor::used_at.eq(Some(now.as_micros()))))
            .execute(self.conn)?;
        Ok(taken > 0)
    }

    /// Notes that a passkey was used, with what it is checked by from now on.
    pub fn use_passkey(&mut self, factor: FactorId, passkey: Option<&str>, now: Ts) -> Result<()> {
        let of = account_factor::table.find(factor.to_string());
        diesel::update(of).set(account_factor::used_at.eq(Some(now.as_micros()))).execute(self.conn)?;
        if let Some(passkey) = passkey {
            let of = account_factor::table.find(factor.to_string());
            diesel::update(of).set(account_factor::passkey.eq(Some(passkey))).execute(self.conn)?;
        }
        Ok(())
    }

    /// Removes a second factor of an account; whether there was one. Recovery codes are for
    /// whoever has a factor: they go with the last.
    pub fn delete_factor(&mut self, account_id: AccountId, factor: FactorId) -> Result<bool> {
        let of = account_factor::table
            .filter(account_factor::id.eq(factor.to_string()))
            .filter(account_factor::account_id.eq(account_id.to_string()));
        let gone = diesel::delete(of).execute(self.conn)? > 0;
        if gone && self.factor_count(account_id)? == 0 {
            self.put_recovery_codes(account_id, &[])?;
        }
        Ok(gone)
    }

    /// Removes all second factors of an account and its recovery codes; how many factors.
    pub fn delete_factors(&mut self, account_id: AccountId) -> Result<usize> {
        self.put_recovery_codes(account_id, &[])?;
        let of = account_factor::table.filter(account_factor::account_id.eq(account_id.to_string()));
        Ok(diesel::delete(of).execute(self.conn)?)
    }

    /// Puts these recovery codes in the place of earlier ones.
    pub fn put_recovery_codes(&mut self, account_id: AccountId, hashes: &[String]) -> Result<()> {
        let text = account_id.to_string();
        diesel::delete(recovery_code::table.filter(recovery_code::account_id.eq(&text))).execute(self.conn)?;
        for hash in hashes {
            diesel::insert_into(recovery_code::table)
                .values((recovery_code::account_id.eq(&text), recovery_code::code_hash.eq(hash)))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// How many recovery codes are left.
    pub fn recovery_codes(&mut self, account_id: AccountId) -> Result<u64> {
        let of = recovery_code::table.filter(recovery_code::account_id.eq(account_id.to_string()));
        Ok(count(of.count().get_result(self.conn)?))
    }

    /// Takes a recovery code, once; whether there was one.
    pub fn take_recovery_code(&mut self, account_id: AccountId, hash: &str) -> Result<bool> {
        Ok(diesel::delete(recovery_code::table.find((account_id.to_string(), hash))).execute(self.conn)? > 0)
    }
}
