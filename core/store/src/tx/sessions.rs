//! Signed-in browsers, those half way in, and those that an account is known by.

use diesel::prelude::*;
use estampe_domain::account::Account;
use estampe_domain::session::{Agent, How, SessionFacts};
use estampe_domain::{AccountId, PersonId, SessionId, Ts};

use super::{Tx, id};
use crate::error::{Result, StoreError};
use crate::schema::{account, account_token, half_session, known_browser, session};

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
    /// How its holder showed who they are.
    pub how: &'a How,
    /// Which browser.
    pub agent: &'a Agent,
    /// Where from.
    pub address: &'a str,
    /// Whether with a second factor.
    pub with_factor: bool,
}

/// A session as it is stored.
#[derive(Debug)]
pub struct StoredSession {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub account: Account,
    /// Secret for its CSRF tokens.
    pub csrf: String,
    /// How its holder showed who they are.
    pub how: How,
    /// When it began.
    pub begun: Ts,
    /// When it was last used.
    pub seen: Ts,
    /// When its holder last showed who they are.
    pub confirmed: Ts,
    /// When with a second factor.
    pub factor: Option<Ts>,
}

impl Tx<'_> {
    /// Stores a session.
    pub fn insert_session(&mut self, new: &NewSession<'_>, now: Ts) -> Result<()> {
        let now = now.as_micros();
        diesel::insert_into(session::table)
            .values((
                session::id.eq(new.id.to_string()),
                session::token_hash.eq(new.token_hash),
                session::account_id.eq(new.account.to_string()),
                session::csrf.eq(new.csrf),
                session::how.eq(new.how.as_stored()),
                session::agent.eq(new.agent.as_str()),
                session::address.eq(new.address),
                session::created_at.eq(now),
                session::seen_at.eq(now),
                session::confirmed_at.eq(now),
                session::factor_at.eq(new.with_factor.then_some(now)),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The session of a token's hash.
    pub fn session(&mut self, token_hash: &str) -> Result<Option<StoredSession>> {
        type Row = (String, String, String, String, i64, i64, i64, Option<i64>);
        let row: Option<Row> = session::table
            .filter(session::token_hash.eq(token_hash))
            .select((
                session::id,
                session::account_id,
                session::csrf,
                session::how,
                session::created_at,
                session::seen_at,
                session::confirmed_at,
                session::factor_at,
            ))
            .get_result(self.conn)
            .optional()?;
        let Some((session_id, account_id, csrf, how, begun, seen, confirmed, factor)) = row else { return Ok(None) };
        let (account, _) = self.account(id(&account_id, "session")?)?.ok_or(StoreError::Unreadable("session"))?;
        Ok(Some(StoredSession {
            id: id(&session_id, "session")?,
            account,
            csrf,
            how: How::from_stored(&how),
            begun: Ts::from_micros(begun),
            seen: Ts::from_micros(seen),
            confirmed: Ts::from_micros(confirmed),
            factor: factor.map(Ts::from_micros),
        }))
    }

    /// The sessions of an account, the one last used first.
    pub fn sessions_of(&mut self, account_id: AccountId) -> Result<Vec<SessionFacts>> {
        type Row = (String, String, String, String, i64, i64, Option<i64>);
        let rows: Vec<Row> = session::table
            .filter(session::account_id.eq(account_id.to_string()))
            .order((session::seen_at.desc(), session::id))
            .select((
                session::id,
                session::how,
                session::agent,
                session::address,
                session::created_at,
                session::seen_at,
                session::factor_at,
            ))
            .load(self.conn)?;
        rows.into_iter()
            .map(|(session_id, how, agent, address, begun, seen, factor)| {
                Ok(SessionFacts {
                    id: id(&session_id, "session")?,
                    how: How::from_stored(&how),
                    agent: Agent::from_stored(agent),
                    address,
                    begun: Ts::from_micros(begun),
                    seen: Ts::from_micros(seen),
                    with_factor: factor.is_some(),
                })
            })
            .collect()
    }

    /// Notes that a session was used.
    pub fn touch_session(&mut self, token_hash: &str, now: Ts) -> Result<()> {
        diesel::update(session::table.filter(session::token_hash.eq(token_hash)))
            .set(session::seen_at.eq(now.as_micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes that its holder showed again who they are, and puts another token in the place of
    /// the one that it had.
    pub fn confirm_session(
        &mut self,
        session_id: SessionId,
        token_hash: &str,
        with_factor: bool,
        now: Ts,
    ) -> Result<()> {
        let of = session::table.find(session_id.to_string());
        diesel::update(of)
            .set((session::token_hash.eq(token_hash), session::confirmed_at.eq(now.as_micros())))
            .execute(self.conn)?;
        if with_factor {
            let of = session::table.find(session_id.to_string());
            diesel::update(of).set(session::factor_at.eq(now.as_micros())).execute(self.conn)?;
        }
        Ok(())
    }

    /// Ends a session; whether there was one.
    pub fn end_session(&mut self, token_hash: &str) -> Result<bool> {
        Ok(diesel::delete(session::table.filter(session::token_hash.eq(token_hash))).execute(self.conn)? > 0)
    }

    /// Ends a session of an account by its id; whether there was one.
    pub fn end_session_of(&mut self, account_id: AccountId, session_id: SessionId) -> Result<bool> {
        let of = session::table
            .filter(session::id.eq(session_id.to_string()))
            .filter(session::account_id.eq(account_id.to_string()));
        Ok(diesel::delete(of).execute(self.conn)? > 0)
    }

    /// Ends all sessions of an account, and what was half way in; how many were signed in.
    pub fn end_sessions_of(&mut self, account_id: AccountId) -> Result<usize> {
        self.end_half_sessions_of(account_id)?;
        let of = session::table.filter(session::account_id.eq(account_id.to_string()));
        Ok(diesel::delete(of).execute(self.conn)?)
    }

    /// The same but for one that goes on.
    pub fn end_other_sessions_of(&mut self, account_id: AccountId, but: SessionId) -> Result<usize> {
        self.end_half_sessions_of(account_id)?;
        let of = session::table
            .filter(session::account_id.eq(account_id.to_string()))
            .filter(session::id.ne(but.to_string()));
        Ok(diesel::delete(of).execute(self.conn)?)
    }

    /// Ends all sessions of a person's accounts, and the tokens for passwords.
    pub fn end_sessions_of_person(&mut self, person_id: PersonId) -> Result<()> {
        let of: Vec<String> =
            account::table.filter(account::person_id.eq(person_id.to_string())).select(account::id).load(self.conn)?;
        for account_id in of {
            diesel::delete(account_token::table.find(&account_id)).execute(self.conn)?;
            self.end_sessions_of(id(&account_id, "account")?)?;
        }
        Ok(())
    }

    /// Removes sessions that nobody may use any more.
    pub fn end_sessions_before(&mut self, idle: Ts, begun: Ts, now: Ts) -> Result<()> {
        diesel::delete(
            session::table.filter(session::seen_at.lt(idle.as_micros()).or(session::created_at.lt(begun.as_micros()))),
        )
        .execute(self.conn)?;
        diesel::delete(half_session::table.filter(half_session::ends_at.lt(now.as_micros()))).execute(self.conn)?;
        Ok(())
    }

    /// Removes browsers that were not seen since.
    pub fn forget_browsers_before(&mut self, unseen: Ts) -> Result<()> {
        diesel::delete(known_browser::table.filter(known_browser::seen_at.lt(unseen.as_micros())))
            .execute(self.conn)?;
        Ok(())
    }

    /// Keeps who is between the first factor and the second.
    pub fn insert_half_session(&mut self, token_hash: &str, account_id: AccountId, how: &How, ends: Ts) -> Result<()> {
        diesel::insert_into(half_session::table)
            .values((
                half_session::token_hash.eq(token_hash),
                half_session::account_id.eq(account_id.to_string()),
                half_session::how.eq(how.as_stored()),
                half_session::ends_at.eq(ends.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Who is half way in with this token, and how they came so far.
    pub fn half_session(&mut self, token_hash: &str, now: Ts) -> Result<Option<(AccountId, How)>> {
        let row: Option<(String, String)> = half_session::table
            .find(token_hash)
            .filter(half_session::ends_at.gt(now.as_micros()))
            .select((half_session::account_id, half_session::how))
            .first(self.conn)
            .optional()?;
        row.map(|(account_id, how)| Ok((id(&account_id, "half_session")?, How::from_stored(&how)))).transpose()
    }

    /// Ends what was half way in with this token; whether there was anything.
    pub fn end_half_session(&mut self, token_hash: &str) -> Result<bool> {
        Ok(diesel::delete(half_session::table.find(token_hash)).execute(self.conn)? > 0)
    }

    fn end_half_sessions_of(&mut self, account_id: AccountId) -> Result<()> {
        let of = half_session::table.filter(half_session::account_id.eq(account_id.to_string()));
        diesel::delete(of).execute(self.conn)?;
        Ok(())
    }

    /// Whether an account was signed in from this browser.
    pub fn knows_browser(&mut self, account_id: AccountId, token_hash: &str) -> Result<bool> {
        let one: Option<String> = known_browser::table
            .find((token_hash, account_id.to_string()))
            .select(known_browser::token_hash)
            .first(self.conn)
            .optional()?;
        Ok(one.is_some())
    }

    /// Whether any account was signed in from this browser.
    pub fn browser_is_known(&mut self, token_hash: &str) -> Result<bool> {
        let of = known_browser::table.filter(known_browser::token_hash.eq(token_hash));
        let one: Option<String> = of.select(known_browser::account_id).first(self.conn).optional()?;
        Ok(one.is_some())
    }

    /// Whether an account was signed in from any browser.
    pub fn has_browsers(&mut self, account_id: AccountId) -> Result<bool> {
        let of = known_browser::table.filter(known_browser::account_id.eq(account_id.to_string()));
        let one: Option<String> = of.select(known_browser::account_id).first(self.conn).optional()?;
        Ok(one.is_some())
    }

    /// Notes that an account was signed in from this browser; whether that is new.
    pub fn know_browser(&mut self, account_id: AccountId, token_hash: &str, now: Ts) -> Result<bool> {
        let text = account_id.to_string();
        let known = diesel::update(known_browser::table.find((token_hash, &text)))
            .set(known_browser::seen_at.eq(now.as_micros()))
            .execute(self.conn)?;
        if known > 0 {
            return Ok(false);
        }
        diesel::insert_into(known_browser::table)
            .values((
                known_browser::token_hash.eq(token_hash),
                known_browser::account_id.eq(text),
                known_browser::seen_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(true)
    }

    /// Forgets the browsers of an account.
    pub fn forget_browsers_of(&mut self, account_id: AccountId) -> Result<()> {
        let of = known_browser::table.filter(known_browser::account_id.eq(account_id.to_string()));
        diesel::delete(of).execute(self.conn)?;
        Ok(())
    }
}
