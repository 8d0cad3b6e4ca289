//! Answers that a program is given again when it asks again (Idempotency-Key).
//!
//! They may hold personal data and secrets. They are sealed under a key made of what the
//! program sent, the text of its token and its Idempotency-Key; neither is kept, so that an
//! answer opens for who got it and for nobody else, whatever else of ours they hold.

use diesel::prelude::*;
use estampe_domain::{ApiTokenId, Ts};
use sha2::{Digest, Sha256};

use super::Tx;
use crate::crypto::{self, Place, SecretKey};
use crate::error::{Result, StoreError};
use crate::schema::idempotency;

/// What names an answer, and opens it.
#[derive(Clone)]
pub struct AnswerKey {
    token: ApiTokenId,
    hash: String,
    seal: SecretKey,
}

impl AnswerKey {
    /// Of a token, its text, and the Idempotency-Key that came with it.
    pub fn new(token: ApiTokenId, secret: &str, key: &str) -> Self {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(format!("estampe idempotency name\0{key}")));
        let digest: [u8; 32] = Sha256::digest(format!("estampe idempotency seal\0{secret}\0{key}")).into();
        Self { token, hash, seal: SecretKey::of(digest) }
    }

    fn row(&self) -> String {
        format!("{}/{}", self.token, self.hash)
    }
}

/// What is known of a request that came before.
#[derive(Debug)]
pub struct Before {
    /// The hash of what it asked.
    pub fingerprint: String,
    /// When it came.
    pub begun: Ts,
    /// What was answered; none as long as it is under way.
    pub answer: Option<Vec<u8>>,
}

impl Tx<'_> {
    /// What was asked with this key before.
    pub fn answer_before(&mut self, key: &AnswerKey) -> Result<Option<Before>> {
        let row: Option<(String, i64, Option<Vec<u8>>)> = idempotency::table
            .find((key.token.to_string(), &key.hash))
            .select((idempotency::fingerprint, idempotency::begun_at, idempotency::sealed))
            .get_result(self.conn)
            .optional()?;
        let Some((fingerprint, begun, sealed)) = row else { return Ok(None) };
        let answer = sealed.map(|sealed| crypto::open(&key.seal, place(&key.row()), &sealed)).transpose()?;
        Ok(Some(Before { fingerprint, begun: Ts::from_micros(begun), answer }))
    }

    /// Notes that a request with this key begins. Fails with a conflict where there is one.
    pub fn begin_answer(&mut self, key: &AnswerKey, fingerprint: &str, now: Ts) -> Result<()> {
        diesel::insert_into(idempotency::table)
            .values((
                idempotency::token_id.eq(key.token.to_string()),
                idempotency::key_hash.eq(&key.hash),
                idempotency::fingerprint.eq(fingerprint),
                idempotency::begun_at.eq(now.as_micros()),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Keeps what was answered.
    pub fn keep_answer(&mut self, key: &AnswerKey, answer: &[u8]) -> Result<()> {
        let sealed = crypto::seal(&key.seal, self.random, place(&key.row()), answer)?;
        let kept = diesel::update(idempotency::table.find((key.token.to_string(), &key.hash)))
            .set(idempotency::sealed.eq(Some(sealed.0)))
            .execute(self.conn)?;
        if kept == 0 { Err(StoreError::Moved) } else { Ok(()) }
    }

    /// Forgets a request that did nothing.
    pub fn forget_answer(&mut self, key: &AnswerKey) -> Result<()> {
        diesel::delete(idempotency::table.find((key.token.to_string(), &key.hash))).execute(self.conn)?;
        Ok(())
    }

    /// Forgets what was asked before this.
    pub fn forget_answers_before(&mut self, before: Ts) -> Result<usize> {
        let old = idempotency::table.filter(idempotency::begun_at.lt(before.as_micros()));
        Ok(diesel::delete(old).execute(self.conn)?)
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "idempotency", row, column: "sealed", key: "answer" }
}
