//! Tokens of the API.

use diesel::prelude::*;
use estampe_domain::text::Line;
use estampe_domain::token::{ApiToken, TokenScope, TokenScopes};
use estampe_domain::{AccountId, ApiTokenId, Ts};

use super::{Tx, id};
use crate::error::{Result, StoreError};
use crate::schema::api_token;

type Row = (String, Option<String>, String, String, i64, i64, Option<i64>, Option<i64>);

const COLUMNS: (
    api_token::id,
    api_token::account_id,
    api_token::name,
    api_token::scopes,
    api_token::created_at,
    api_token::expires_at,
    api_token::last_used_at,
    api_token::revoked_at,
) = (
    api_token::id,
    api_token::account_id,
    api_token::name,
    api_token::scopes,
    api_token::created_at,
    api_token::expires_at,
    api_token::last_used_at,
    api_token::revoked_at,
);

impl Tx<'_> {
    /// Stores a token with the hash of its text.
    pub fn insert_api_token(&mut self, token: &ApiToken, hash: &str) -> Result<()> {
        let scopes: Vec<_> = token.scopes.iter().map(TokenScope::as_str).collect();
        diesel::insert_into(api_token::table)
            .values((
                api_token::id.eq(token.id.to_string()),
                api_token::account_id.eq(token.account.map(|account| account.to_string())),
                api_token::name.eq(token.name.as_str()),
                api_token::scopes.eq(scopes.join(" ")),
                api_token::token_hash.eq(hash),
                api_token::created_at.eq(token.created_at.as_micros()),
                api_token::expires_at.eq(token.expires_at.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The token whose text has this hash, good or not.
    pub fn api_token_of_hash(&mut self, hash: &str) -> Result<Option<ApiToken>> {
        let row: Option<Row> =
            api_token::table.filter(api_token::token_hash.eq(hash)).select(COLUMNS).get_result(self.conn).optional()?;
        row.map(read).transpose()
    }

    /// One token.
    pub fn api_token(&mut self, token: ApiTokenId) -> Result<Option<ApiToken>> {
        let row: Option<Row> =
            api_token::table.find(token.to_string()).select(COLUMNS).get_result(self.conn).optional()?;
        row.map(read).transpose()
    }

    /// Tokens of an account, the newest first.
    pub fn api_tokens_of(&mut self, account: AccountId) -> Result<Vec<ApiToken>> {
        let rows: Vec<Row> = api_token::table
            .filter(api_token::account_id.eq(account.to_string()))
            .order(api_token::id.desc())
            .limit(500)
            .select(COLUMNS)
            .load(self.conn)?;
        rows.into_iter().map(read).collect()
    }

    /// Tokens of services, the newest first.
    pub fn service_tokens(&mut self) -> Result<Vec<ApiToken>> {
        let rows: Vec<Row> = api_token::table
            .filter(api_token::account_id.is_null())
            .order(api_token::id.desc())
            .limit(500)
            .select(COLUMNS)
            .load(self.conn)?;
        rows.into_iter().map(read).collect()
    }

    /// Every token that was not revoked, the newest first.
    pub fn api_tokens(&mut self) -> Result<Vec<ApiToken>> {
        let rows: Vec<Row> = api_token::table
            .filter(api_token::revoked_at.is_null())
            .order(api_token::id.desc())
            .limit(5_000)
            .select(COLUMNS)
            .load(self.conn)?;
        rows.into_iter().map(read).collect()
    }

    /// Revokes a token; whether it was not yet.
    pub fn revoke_api_token(&mut self, token: ApiTokenId, now: Ts) -> Result<bool> {
        let open = api_token::table.find(token.to_string()).filter(api_token::revoked_at.is_null());
        let revoked = diesel::update(open).set(api_token::revoked_at.eq(Some(now.as_micros()))).execute(self.conn)?;
        Ok(revoked > 0)
    }

    /// Revokes all tokens of an account; how many.
    pub fn revoke_api_tokens_of(&mut self, account: AccountId, now: Ts) -> Result<usize> {
        let open = api_token::table
            .filter(api_token::account_id.eq(account.to_string()))
            .filter(api_token::revoked_at.is_null());
        Ok(diesel::update(open).set(api_token::revoked_at.eq(Some(now.as_micros()))).execute(self.conn)?)
    }

    /// Whether it was noted that a token read leads on this day.
    pub fn leads_reading_is_noted(&mut self, token: ApiTokenId, day: Ts) -> Result<bool> {
        let noted: Option<Option<i64>> =
            api_token::table.find(token.to_string()).select(api_token::leads_read_at).first(self.conn).optional()?;
        Ok(noted.flatten().is_some_and(|noted| noted >= day.as_micros()))
    }

    /// Notes that a token read leads on this day; whether it was not yet.
    pub fn note_leads_reading(&mut self, token: ApiTokenId, day: Ts) -> Result<bool> {
        let day = day.as_micros();
        let open = api_token::leads_read_at.is_null().or(api_token::leads_read_at.lt(day).assume_not_null());
        let noted = diesel::update(api_token::table.find(token.to_string()).filter(open))
            .set(api_token::leads_read_at.eq(Some(day)))
            .execute(self.conn)?;
        Ok(noted > 0)
    }

    /// Notes when a token was used.
    pub fn touch_api_token(&mut self, token: ApiTokenId, at: Ts) -> Result<()> {
        diesel::update(api_token::table.find(token.to_string()))
            .set(api_token::last_used_at.eq(Some(at.as_micros())))
            .execute(self.conn)?;
        Ok(())
    }
}

fn read(row: Row) -> Result<ApiToken> {
    let (token, account, name, scopes, created, expires, used, revoked) = row;
    let unreadable = || StoreError::Unreadable("api_token");
    let scopes = scopes
        .split_whitespace()
        .map(|scope| TokenScope::from_stored(scope).ok_or_else(unreadable))
        .collect::<Result<TokenScopes>>()?;
    Ok(ApiToken {
        id: id(&token, "api_token")?,
        account: account.map(|account| id(&account, "api_token")).transpose()?,
        name: name.parse::<Line>().map_err(|_| unreadable())?,
        scopes,
        created_at: Ts::from_micros(created),
        expires_at: Ts::from_micros(expires),
        last_used_at: used.map(Ts::from_micros),
        revoked_at: revoked.map(Ts::from_micros),
    })
}
