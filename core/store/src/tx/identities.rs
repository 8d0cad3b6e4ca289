//! Who accounts are elsewhere, and the roles that follow from it.

use diesel::prelude::*;
use estampe_domain::access::{Role, Roles};
use estampe_domain::provider::AccountIdentity;
use estampe_domain::{AccountId, PersonId, ProviderId, Ts};

use super::{Tx, id};
use crate::error::{Result, StoreError};
use crate::schema::{account, account_identity, account_mapped_role};

type Row = (String, String, String, i64, Option<i64>);

fn read((issuer, subject, account_id, created_at, used_at): Row) -> Result<AccountIdentity> {
    Ok(AccountIdentity {
        account: id(&account_id, "account_identity")?,
        issuer,
        subject,
        created_at: Ts::from_micros(created_at),
        used_at: used_at.map(Ts::from_micros),
    })
}

impl Tx<'_> {
    /// The account that somebody is here.
    pub fn account_of_identity(&mut self, issuer: &str, subject: &str) -> Result<Option<AccountId>> {
        let found: Option<String> = account_identity::table
            .find((issuer, subject))
            .select(account_identity::account_id)
            .get_result(self.conn)
            .optional()?;
        found.map(|found| id(&found, "account_identity")).transpose()
    }

    /// Joins an identity to an account. It is nobody else's: the database sees to that.
    pub fn insert_account_identity(&mut self, new: &AccountIdentity) -> Result<()> {
        diesel::insert_into(account_identity::table)
            .values((
                account_identity::issuer.eq(&new.issuer),
                account_identity::subject.eq(&new.subject),
                account_identity::account_id.eq(new.account.to_string()),
                account_identity::created_at.eq(new.created_at.as_micros()),
                account_identity::used_at.eq(new.used_at.map(Ts::as_micros)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes that somebody signed in by it.
    pub fn touch_identity(&mut self, issuer: &str, subject: &str, now: Ts) -> Result<()> {
        diesel::update(account_identity::table.find((issuer, subject)))
            .set(account_identity::used_at.eq(Some(now.as_micros())))
            .execute(self.conn)?;
        Ok(())
    }

    /// Who an account is elsewhere.
    pub fn account_identities(&mut self, account_id: AccountId) -> Result<Vec<AccountIdentity>> {
        let rows: Vec<Row> = account_identity::table
            .filter(account_identity::account_id.eq(account_id.to_string()))
            .order((account_identity::issuer, account_identity::subject))
            .select((
                account_identity::issuer,
                account_identity::subject,
                account_identity::account_id,
                account_identity::created_at,
                account_identity::used_at,
            ))
            .load(self.conn)?;
        rows.into_iter().map(read).collect()
    }

    /// Takes away who an account is at an issuer; how many identities that were.
    pub fn drop_identities_at(&mut self, account_id: AccountId, issuer: &str) -> Result<usize> {
        let of = account_identity::table
            .filter(account_identity::account_id.eq(account_id.to_string()))
            .filter(account_identity::issuer.eq(issuer));
        Ok(diesel::delete(of).execute(self.conn)?)
    }

    /// Takes away everybody that an issuer knows.
    pub fn drop_identities_of_issuer(&mut self, issuer: &str) -> Result<usize> {
        let of = account_identity::table.filter(account_identity::issuer.eq(issuer));
        Ok(diesel::delete(of).execute(self.conn)?)
    }

    /// Takes away all that an account is elsewhere, and what followed from it.
    pub fn drop_identities_of(&mut self, account_id: AccountId) -> Result<()> {
        let text = account_id.to_string();
        diesel::delete(account_identity::table.filter(account_identity::account_id.eq(&text))).execute(self.conn)?;
        diesel::delete(account_mapped_role::table.filter(account_mapped_role::account_id.eq(&text)))
            .execute(self.conn)?;
        Ok(())
    }

    /// The accounts of a person.
    pub fn accounts_of_person(&mut self, person: PersonId) -> Result<Vec<AccountId>> {
        let found: Vec<String> = account::table
            .filter(account::person_id.eq(person.to_string()))
            .order(account::id)
            .select(account::id)
            .load(self.conn)?;
        found.iter().map(|found| id(found, "account")).collect()
    }

    /// The roles that rules gave an account, with whose rules.
    pub fn mapped_roles(&mut self, account_id: AccountId) -> Result<Vec<(ProviderId, Role)>> {
        let rows: Vec<(String, String)> = account_mapped_role::table
            .filter(account_mapped_role::account_id.eq(account_id.to_string()))
            .select((account_mapped_role::provider_id, account_mapped_role::role))
            .load(self.conn)?;
        let unreadable = || StoreError::Unreadable("account_mapped_role");
        let read = |(provider, role): (String, String)| {
            Ok((id(&provider, "account_mapped_role")?, Role::from_stored(&role).ok_or_else(unreadable)?))
        };
        rows.into_iter().map(read).collect()
    }

    /// The accounts that a provider's rules gave roles.
    pub fn accounts_mapped_by(&mut self, provider: ProviderId) -> Result<Vec<AccountId>> {
        let found: Vec<String> = account_mapped_role::table
            .filter(account_mapped_role::provider_id.eq(provider.to_string()))
            .select(account_mapped_role::account_id)
            .distinct()
            .load(self.conn)?;
        found.iter().map(|found| id(found, "account_mapped_role")).collect()
    }

    /// Writes the roles that a provider's rules give an account.
    pub fn put_mapped_roles(&mut self, account_id: AccountId, provider: ProviderId, roles: Roles) -> Result<()> {
        let (account_text, provider) = (account_id.to_string(), provider.to_string());
        let of = account_mapped_role::table
            .filter(account_mapped_role::account_id.eq(&account_text))
            .filter(account_mapped_role::provider_id.eq(&provider));
        diesel::delete(of).execute(self.conn)?;
        for role in roles.iter() {
            diesel::insert_into(account_mapped_role::table)
                .values((
                    account_mapped_role::account_id.eq(&account_text),
                    account_mapped_role::provider_id.eq(&provider),
                    account_mapped_role::role.eq(role.as_str()),
                ))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// A role that an account has no more was given by nobody's rules.
    pub(super) fn forget_mapped(&mut self, account_id: AccountId, kept: Roles) -> Result<()> {
        let kept: Vec<_> = kept.iter().map(Role::as_str).collect();
        let of = account_mapped_role::table
            .filter(account_mapped_role::account_id.eq(account_id.to_string()))
            .filter(account_mapped_role::role.ne_all(kept));
        diesel::delete(of).execute(self.conn)?;
        Ok(())
    }
}
