//! The key that wraps all others, and the one that takes its place.

use std::time::Duration;

use estampe_domain::audit::AuditEvent;
use estampe_domain::{Context, Error, Result, Right};
pub use estampe_store::KeyState;
use estampe_store::{Rewrapped, StoreError};
use serde_json::json;

use crate::Service;

/// How long to wait for what is on its way into the database.
const PATIENCE: Duration = Duration::from_millis(200);
/// Lost keys that an audit event names at most.
const NAMED: usize = 100;
/// Seconds of a day.
const DAY: i64 = 86_400;

impl Service {
    /// Which key wraps all others, and since when.
    pub async fn key_state(&self, ctx: &Context) -> Result<KeyState> {
        ctx.require(Right::HealthRead)?;
        Ok(self.store.key_state().await?)
    }

    /// Lets another key take the place of the one that wraps all others: from now on it wraps what is
    /// new; [`finish_rotation`](Self::finish_rotation) does the rest. Where others may use the same
    /// database, `alone` has to say that none does: they would not have the key.
    pub async fn begin_rotation(&self, ctx: &Context, alone: bool) -> Result<KeyState> {
        ctx.require(Right::KeysChange)?;
        if !self.store.is_alone() && !alone {
            let words = "another node of this database would not have the new key: stop it, and say --alone; \
                then hand it the key file before it starts again";
            return Err(Error::Conflict(words.into()));
        }
        if !self.store.is_rotating() {
            let from = self.store.key_state().await?.id;
            // a key that cannot be written says so before anything is noted; that it was made is noted at the
            // end once more (`key.use`)
            self.store.begin_rotation().map_err(|error| match error {
                StoreError::KeyFile(why) => {
                    let words = "another key cannot be written beside the key file, so nothing was changed";
                    Error::Conflict(format!("{words}: {why}"))
                }
                other => other.into(),
            })?;
            let (ctx, random) = (*ctx, self.shared_random());
            self.store.write(move |tx| tx.audit(&AuditEvent::done(&ctx, &*random, "key.rotate", "key", &from))).await?;
        }
        self.rotation.notify_one();
        Ok(self.store.key_state().await?)
    }

    /// Notes that somebody showed a copy of the key that wraps all others, which has the id `id`. Any other
    /// key's is refused: what is sealed from now on needs this one.
    pub async fn note_key_copied(&self, ctx: &Context, id: String) -> Result<KeyState> {
        ctx.require(Right::KeysChange)?;
        let state = self.store.key_state().await?;
        if state.id != id {
            return Err(Error::Conflict(format!(
                "that is a copy of the key {id}, and {} wraps all others now: copy the key file anew; keep the copy of {id} \
                 as long as backups that need it",
                state.id
            )));
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let noted = self.store.write(move |tx| {
            tx.note_key_copied(&id, ctx.now)?;
            tx.audit(&AuditEvent::done(&ctx, &*random, "key.copy", "key", &id))
        });
        noted.await?;
        Ok(KeyState { copied: Some(ctx.now), ..state })
    }

    /// Whether a key is taking the place of another one.
    pub fn is_rotating(&self) -> bool {
        self.store.is_rotating()
    }

    /// Comes back once a rotation was begun.
    pub async fn rotation_begun(&self) {
        self.rotation.notified().await;
    }

    /// Goes on with a rotation to its end, wherever it stands. Interrupted, it is done again.
    pub async fn finish_rotation(&self, ctx: &Context) -> Result<()> {
        let mut lost = Vec::new();
        while self.store.is_rotating() {
            loop {
                let done = self.store.rewrap_some().await?;
                if done == Rewrapped::default() {
                    break;
                }
                for key in &done.lost {
                    tracing::error!(
                        data_key = key,
                        "a key does not open, and what it sealed is lost; the rotation goes on"
                    );
                }
                lost.extend(done.lost);
            }
            if !self.store.end_rotation().await? {
                tokio::time::sleep(PATIENCE).await;
            }
        }
        self.note_key(ctx, &lost).await
    }

    /// Looks after the key, every hour and at the start: notes since when it wraps, forgets the one before
    /// once it was replaced an hour ago, and begins a rotation that is due.
    pub async fn keep_key(&self, ctx: &Context) -> Result<()> {
        self.store.forget_former_key();
        if !self.store.is_rotating() {
            self.note_key(ctx, &[]).await?;
        }
        let state = self.store.key_state().await?;
        let Some((days, since)) = self.settings.key_rotation_days.zip(state.since) else { return Ok(()) };
        if !state.rotating && ctx.now.seconds_since(since) >= i64::from(days) * DAY {
            self.begin_rotation(ctx, true).await?;
        }
        Ok(())
    }

    /// Notes once for each key that it wraps from now on. `lost`: keys of rows that it could not wrap anew.
    async fn note_key(&self, ctx: &Context, lost: &[String]) -> Result<()> {
        let state = self.store.key_state().await?;
        if state.since.is_some() {
            return Ok(());
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let named: Vec<_> = lost.iter().take(NAMED).cloned().collect();
        let details = if lost.is_empty() { json!({}) } else { json!({ "lost": lost.len(), "data_keys": named }) };
        let noted = self.store.write(move |tx| {
            tx.note_key(&state.id, ctx.now)?;
            tx.audit(&AuditEvent::done(&ctx, &*random, "key.use", "key", &state.id).with(details))
        });
        Ok(noted.await?)
    }
}
