//! Secrets of a source that another service replaces.

use std::sync::Arc;

use async_trait::async_trait;
use estampe_domain::Context;
use estampe_domain::audit::AuditEvent;
use estampe_domain::credential::Secret;
use estampe_domain::ids::SourceId;
use estampe_domain::ports::{Clock, Random, SecretKeeper};
use estampe_store::Store;
use serde_json::json;

/// The secrets of one source, in the store.
pub struct SourceSecrets {
    /// Where they are.
    pub store: Store,
    /// For sealing them.
    pub random: Arc<dyn Random>,
    /// For the audit.
    pub clock: Arc<dyn Clock>,
    /// Whose they are.
    pub source: SourceId,
    /// The circumstances of the call that they are used in.
    pub ctx: Context,
}

#[async_trait]
impl SecretKeeper for SourceSecrets {
    async fn replace(&self, key: &str, old: &[Secret], new: &Secret) -> Result<bool, String> {
        let (key, old, new) = (key.to_owned(), old.to_vec(), new.clone());
        let ctx = Context { now: self.clock.now(), ..self.ctx };
        let (source, random) = (self.source, Arc::clone(&self.random));
        let written = self.store.write(move |tx| {
            tx.lock_source(source)?;
            if tx.source_secrets(source)?.get(&key).is_none_or(|stands| !old.contains(stands)) {
                return Ok(false);
            }
            tx.set_source_secret(source, &key, &new)?;
            let event = AuditEvent::done(&ctx, &*random, "source.secret.renew", "source", source);
            tx.audit(&event.with(json!({"config": [key]})))?;
            Ok(true)
        });
        written.await.map_err(|error| error.to_string())
    }
}
