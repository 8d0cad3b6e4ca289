//! Accounts and their sessions.

use diesel::prelude::*;
use estampe_domain::account::Account;
use estampe_domain::{AccountId, SessionId, Ts};

use super::{Tx, id};
use crate::error::{Result, StoreError};
use crate::schema::{account, session};

/// A session to be stored.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: SessionId,
    /// Hash of the token in the browser.
    pub token_hash: &'a str,
    /// Whose.
    pub account: AccountId,
    /// Secret for its CSRF tokens.
    pub csrf: &'a str,
}

impl Tx<'_> {
    /// How many accounts there are.
    pub fn accounts(&mut self) -> Result<u64> {
        let accounts: i64 = account::table.count().get_result(self.conn)?;
        Ok(super::count(accounts))
    }

    /// Stores an account.
    pub fn insert_account(&mut self, new: &Account, password_hash: &str, now: Ts) -> Result<()> {
        diesel::insert_into(account::table)
            .values((
                account::id.eq(new.id.to_string()),
                account::name.eq(new.name.as_str()),
                account::email.eq(new.email.as_str()),
                account::email_key.eq(new.email.as_str().to_lowercase()),
                account::password_hash.eq(password_hash),
                account::created_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The account of an address (in any case), with its password's hash.
    pub fn account_by_email(&mut self, email: &str) -> Result<Option<(Account, String)>> {
        let row: Option<(String, String, String, String)> = account::table
            .filter(account::email_key.eq(email.to_lowercase()))
            .select((account::id, account::name, account::email, account::password_hash))
            .get_result(self.conn)
            .optional()?;
        row.map(|(account_id, name, email, hash)| Ok((read_account(&account_id, &name, &email)?, hash))).transpose()
    }

    /// Stores a session.
    pub fn insert_session(&mut self, new: &NewSession<'_>, now: Ts) -> Result<()> {
        diesel::insert_into(session::table)
            .values((
                session::id.eq(new.id.to_string()),
                session::token_hash.eq(new.token_hash),
                session::account_id.eq(new.account.to_string()),
                session::csrf.eq(new.csrf),
                session::created_at.eq(now.as_micros()),
                session::seen_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The session of a token's hash: its account, CSRF secret, beginning, last use.
    pub fn session(&mut self, token_hash: &str) -> Result<Option<(Account, String, Ts, Ts)>> {
        let row: Option<(String, String, i64, i64)> = session::table
            .filter(session::token_hash.eq(token_hash))
            .select((session::account_id, session::csrf, session::created_at, session::seen_at))
            .get_result(self.conn)
            .optional()?;
        let Some((account_id, csrf, created, seen)) = row else { return Ok(None) };
        let (name, email): (String, String) =
            account::table.find(&account_id).select((account::name, account::email)).get_result(self.conn)?;
        let account = read_account(&account_id, &name, &email)?;
        Ok(Some((account, csrf, Ts::from_micros(created), Ts::from_micros(seen))))
    }

    /// Notes that a session was used.
    pub fn touch_session(&mut self, token_hash: &str, now: Ts) -> Result<()> {
        diesel::update(session::table.filter(session::token_hash.eq(token_hash)))
            .set(session::seen_at.eq(now.as_micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Ends a session; whether there was one.
    pub fn end_session(&mut self, token_hash: &str) -> Result<bool> {
        Ok(diesel::delete(session::table.filter(session::token_hash.eq(token_hash))).execute(self.conn)? > 0)
    }

    /// Removes sessions that nobody may use any more.
    pub fn end_sessions_before(&mut self, idle: Ts, begun: Ts) -> Result<()> {
        diesel::delete(
            session::table.filter(session::seen_at.lt(idle.as_micros()).or(session::created_at.lt(begun.as_micros()))),
        )
        .execute(self.conn)?;
        Ok(())
    }
}

fn read_account(account_id: &str, name: &str, email: &str) -> Result<Account> {
    let unreadable = StoreError::Unreadable("account");
    let (Ok(name), Ok(email)) = (name.parse(), email.parse()) else { return Err(unreadable) };
    Ok(Account { id: id(account_id, "account")?, name, email })
}
