//! Accounts, and what they are for.

use diesel::prelude::*;
use estampe_domain::access::{Role, Roles};
use estampe_domain::account::{Account, AccountDetail};
use estampe_domain::{AccountId, GroupId, PersonId, Ts};

use super::{Tx, id};
use crate::error::{Result, StoreError};
use crate::schema::{account, account_role, account_team, account_token, directory_group};

type Row = (String, Option<String>, String, String, Option<String>, bool);

const COLUMNS: (
    account::id,
    account::person_id,
    account::name,
    account::email,
    account::password_hash,
    account::active,
) = (account::id, account::person_id, account::name, account::email, account::password_hash, account::active);

impl Tx<'_> {
    /// How many accounts there are.
    pub fn accounts(&mut self) -> Result<u64> {
        let accounts: i64 = account::table.count().get_result(self.conn)?;
        Ok(super::count(accounts))
    }

    /// Stores an account with its roles.
    pub fn insert_account(&mut self, new: &Account, password_hash: Option<&str>, now: Ts) -> Result<()> {
        diesel::insert_into(account::table)
            .values((
                account::id.eq(new.id.to_string()),
                account::person_id.eq(new.person.map(|person| person.to_string())),
                account::name.eq(new.name.as_str()),
                account::email.eq(new.email.as_str()),
                account::email_key.eq(new.email.as_str().to_lowercase()),
                account::password_hash.eq(password_hash),
                account::active.eq(new.active),
                account::created_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        self.put_roles(new.id, new.roles)
    }

    /// Writes what may change of an account: all but its address.
    pub fn update_account(&mut self, changed: &Account) -> Result<()> {
        diesel::update(account::table.find(changed.id.to_string()))
            .set((
                account::person_id.eq(changed.person.map(|person| person.to_string())),
                account::name.eq(changed.name.as_str()),
                account::active.eq(changed.active),
            ))
            .execute(self.conn)?;
        self.put_roles(changed.id, changed.roles)
    }

    fn put_roles(&mut self, account_id: AccountId, roles: Roles) -> Result<()> {
        let text = account_id.to_string();
        diesel::delete(account_role::table.filter(account_role::account_id.eq(&text))).execute(self.conn)?;
        for role in roles.iter() {
            diesel::insert_into(account_role::table)
                .values((account_role::account_id.eq(&text), account_role::role.eq(role.as_str())))
                .execute(self.conn)?;
        }
        // given again it is given by hand
        self.forget_mapped(account_id, roles)
    }

    /// Writes the groups whose people an account sees as a team manager.
    pub fn put_teams(&mut self, account_id: AccountId, teams: &[GroupId]) -> Result<()> {
        let text = account_id.to_string();
        diesel::delete(account_team::table.filter(account_team::account_id.eq(&text))).execute(self.conn)?;
        for team in teams {
            diesel::insert_into(account_team::table)
                .values((account_team::account_id.eq(&text), account_team::group_id.eq(team.to_string())))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Writes a password's hash; the token by which it was chosen is void.
    pub fn set_password(&mut self, account_id: AccountId, hash: &str) -> Result<()> {
        let text = account_id.to_string();
        diesel::update(account::table.find(&text)).set(account::password_hash.eq(Some(hash))).execute(self.conn)?;
        diesel::delete(account_token::table.find(&text)).execute(self.conn)?;
        Ok(())
    }

    /// Keeps the hash of the token by which an account chooses its password; an earlier one
    /// is void.
    pub fn put_account_token(&mut self, account_id: AccountId, hash: &str, ends: Ts) -> Result<()> {
        let text = account_id.to_string();
        diesel::delete(account_token::table.find(&text)).execute(self.conn)?;
        diesel::insert_into(account_token::table)
            .values((
                account_token::account_id.eq(&text),
                account_token::token_hash.eq(hash),
                account_token::ends_at.eq(ends.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The active account that a token is for, while it is good.
    pub fn account_of_token(&mut self, hash: &str, now: Ts) -> Result<Option<Account>> {
        let found: Option<String> = account_token::table
            .filter(account_token::token_hash.eq(hash))
            .filter(account_token::ends_at.gt(now.as_micros()))
            .select(account_token::account_id)
            .first(self.conn)
            .optional()?;
        let Some(found) = found else { return Ok(None) };
        Ok(self.account(id(&found, "account_token")?)?.map(|(account, _)| account).filter(|account| account.active))
    }

    /// One account, with its password's hash.
    pub fn account(&mut self, account_id: AccountId) -> Result<Option<(Account, Option<String>)>> {
        let row: Option<Row> =
            account::table.find(account_id.to_string()).select(COLUMNS).first(self.conn).optional()?;
        row.map(|row| self.read_account(row)).transpose()
    }

    /// The account of an address (in any case), with its password's hash.
    pub fn account_by_email(&mut self, email: &str) -> Result<Option<(Account, Option<String>)>> {
        let row: Option<Row> = account::table
            .filter(account::email_key.eq(email.to_lowercase()))
            .select(COLUMNS)
            .first(self.conn)
            .optional()?;
        row.map(|row| self.read_account(row)).transpose()
    }

    /// Accounts by their address, after one, with their teams.
    pub fn account_list(&mut self, after: Option<AccountId>, limit: i64) -> Result<Vec<AccountDetail>> {
        let after: Option<String> = match after {
            Some(after) => {
                account::table.find(after.to_string()).select(account::email_key).first(self.conn).optional()?
            }
            None => None,
        };
        let mut query = account::table.order(account::email_key).limit(limit).select(COLUMNS).into_boxed();
        if let Some(after) = after {
            query = query.filter(account::email_key.gt(after));
        }
        let rows: Vec<Row> = query.load(self.conn)?;
        rows.into_iter().map(|row| self.read_detail(row)).collect()
    }

    /// One account, with its teams.
    pub fn account_detail(&mut self, account_id: AccountId) -> Result<Option<AccountDetail>> {
        let row: Option<Row> =
            account::table.find(account_id.to_string()).select(COLUMNS).first(self.conn).optional()?;
        row.map(|row| self.read_detail(row)).transpose()
    }

    /// Active accounts that have a role.
    pub fn accounts_with(&mut self, role: Role) -> Result<u64> {
        let accounts: i64 = account_role::table
            .inner_join(account::table)
            .filter(account_role::role.eq(role.as_str()))
            .filter(account::active.eq(true))
            .count()
            .get_result(self.conn)?;
        Ok(super::count(accounts))
    }

    /// Waits for whoever changes accounts, and makes others wait until the transaction ends. On
    /// SQLite there is one writer anyway.
    pub fn lock_accounts(&mut self, now: Ts) -> Result<()> {
        self.set_setting("accounts-changed", &now.as_micros().to_string(), now)
    }

    /// The same for one account, for what its password opens.
    pub fn lock_account(&mut self, account_id: AccountId) -> Result<()> {
        diesel::update(account::table.find(account_id.to_string()))
            .set(account::active.eq(account::active))
            .execute(self.conn)?;
        Ok(())
    }

    /// Administrators who can sign in: active, with a password, and nobody who left.
    pub fn usable_administrators(&mut self) -> Result<Vec<AccountId>> {
        let of: Vec<(String, Option<String>)> = account_role::table
            .inner_join(account::table)
            .filter(account_role::role.eq(Role::Administrator.as_str()))
            .filter(account::active.eq(true))
            .filter(account::password_hash.is_not_null())
            .select((account::id, account::person_id))
            .load(self.conn)?;
        let mut usable = Vec::new();
        for (account_id, person) in of {
            let left = match person {
                Some(person) => !self.person(id(&person, "account")?)?.is_some_and(|person| person.active),
                None => false,
            };
            if !left {
                usable.push(id(&account_id, "account")?);
            }
        }
        Ok(usable)
    }

    /// Whether an account leads a group as a team manager.
    pub fn leads_team(&mut self, account_id: AccountId, group: GroupId) -> Result<bool> {
        let one: Option<String> = account_team::table
            .find((account_id.to_string(), group.to_string()))
            .select(account_team::group_id)
            .first(self.conn)
            .optional()?;
        Ok(one.is_some())
    }

    /// The token by which a password could be chosen is void.
    pub fn drop_account_token(&mut self, account_id: AccountId) -> Result<()> {
        diesel::delete(account_token::table.find(account_id.to_string())).execute(self.conn)?;
        Ok(())
    }

    /// Whether some account of this person may come in.
    pub fn signs_in(&mut self, person_id: PersonId) -> Result<bool> {
        let theirs = account::table.filter(account::person_id.eq(person_id.to_string()).and(account::active.eq(true)));
        Ok(diesel::select(diesel::dsl::exists(theirs)).get_result(self.conn)?)
    }

    /// Lets the accounts of somebody who is erased go: they sign in no more, with what was signed
    /// in, invited and led. The last administrator who can sign in stays one, without the person.
    /// Says whose these were.
    pub(super) fn release_accounts_of(&mut self, person_id: PersonId, now: Ts) -> Result<Vec<AccountId>> {
        let text = person_id.to_string();
        let of: Vec<String> =
            account::table.filter(account::person_id.eq(&text)).select(account::id).load(self.conn)?;
        if of.is_empty() {
            return Ok(Vec::new());
        }
        self.lock_accounts(now)?;
        let of: Vec<AccountId> = of.iter().map(|account| id(account, "account")).collect::<Result<_>>()?;
        for &account_id in &of {
            let row = account::table.find(account_id.to_string());
            // a directory's identity is the person's own
            self.drop_identities_of(account_id)?;
            if self.usable_administrators()? == [account_id] {
                diesel::update(row).set(account::person_id.eq(None::<String>)).execute(self.conn)?;
                continue;
            }
            diesel::update(row)
                .set((
                    account::person_id.eq(None::<String>),
                    account::active.eq(false),
                    account::password_hash.eq(None::<String>),
                    // the row stays for what the audit says of it (RFC 2606: nobody's address)
                    account::name.eq("—"),
                    account::email.eq(format!("{account_id}@erased.invalid")),
                ))
                .execute(self.conn)?;
            self.end_sessions_of(account_id)?;
            self.revoke_api_tokens_of(account_id, now)?;
            self.drop_account_token(account_id)?;
            self.delete_factors(account_id)?;
            self.forget_browsers_of(account_id)?;
            self.put_teams(account_id, &[])?;
        }
        Ok(of)
    }

    fn read_account(&mut self, row: Row) -> Result<(Account, Option<String>)> {
        let (account_id, person, name, email, hash, active) = row;
        let roles: Vec<String> = account_role::table
            .filter(account_role::account_id.eq(&account_id))
            .select(account_role::role)
            .load(self.conn)?;
        let unreadable = || StoreError::Unreadable("account");
        let roles =
            roles.iter().map(|role| Role::from_stored(role).ok_or_else(unreadable)).collect::<Result<Roles>>()?;
        let (Ok(name), Ok(email)) = (name.parse(), email.parse()) else { return Err(unreadable()) };
        let person = person.map(|person| id(&person, "account")).transpose()?;
        Ok((Account { id: id(&account_id, "account")?, name, email, person, roles, active }, hash))
    }

    fn read_detail(&mut self, row: Row) -> Result<AccountDetail> {
        let (account, hash) = self.read_account(row)?;
        let teams: Vec<(String, String)> = account_team::table
            .inner_join(directory_group::table)
            .filter(account_team::account_id.eq(account.id.to_string()))
            .order((directory_group::sort_key, directory_group::id))
            .select((directory_group::id, directory_group::name))
            .load(self.conn)?;
        let teams = teams.into_iter().map(|(team, name)| Ok((id(&team, "account_team")?, name)));
        let factors = self.factor_count(account.id)?;
        let teams = teams.collect::<Result<_>>()?;
        let identities = self.account_identities(account.id)?;
        let mut providers = Vec::new();
        if !identities.is_empty() {
            let is_joined = |issuer: &String| identities.iter().any(|identity| identity.issuer == *issuer);
            let joined = self.providers()?.into_iter().filter(|provider| is_joined(&provider.issuer()));
            providers.extend(joined.map(|provider| provider.label));
        }
        Ok(AccountDetail { factors, has_password: hash.is_some(), providers, teams, account })
    }
}
