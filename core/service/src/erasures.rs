//! Who was erased stays so: it is noted outside of the database too, and done again when an older backup
//! was restored. Ids and moments, no personal data.

use std::collections::BTreeMap;
use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ending::PeopleFate;
use estampe_domain::{Context, Error, PersonId, Result, SourceId, Ts};
use serde_json::json;

use crate::Service;

impl Service {
    /// Notes outside of the database who was erased, and which sources ended with that: what a restore has
    /// to do again.
    pub async fn note_erasures(&self) -> Result<()> {
        let erased: BTreeMap<String, Ts> = self.store.read(|tx| tx.erasures()).await?.into_iter().collect();
        let backups = Arc::clone(&self.ports.backups);
        self.beside(move || backups.note_erased(&erased).map_err(Error::Unavailable)).await
    }

    /// Erases once more who was erased after the backup was made that this database comes from, and ends
    /// their sources again, so that no run brings them back. How many people, the sources' not counted.
    pub async fn replay_erasures(&self, ctx: &Context) -> Result<u64> {
        let backups = Arc::clone(&self.ports.backups);
        let noted = self.beside(move || backups.erased().map_err(Error::Unavailable)).await?;
        let there: BTreeMap<String, Ts> = self.store.read(|tx| tx.erasures()).await?.into_iter().collect();
        let mut count = 0;
        for key in noted.into_keys().filter(|key| !there.contains_key(key)) {
            match key.split_once('/') {
                Some(("person", id)) => {
                    let Ok(person) = id.parse() else { continue };
                    count += u64::from(self.erase_again(ctx, person).await?);
                }
                Some(("source", id)) => {
                    let Ok(source) = id.parse() else { continue };
                    self.end_again(ctx, source).await?;
                }
                _ => {}
            }
        }
        if count > 0 {
            tracing::warn!(people.erased = count, "who was erased after the backup was made was erased again");
        }
        Ok(count)
    }

    /// Whether there was somebody to erase.
    async fn erase_again(&self, ctx: &Context, person: PersonId) -> Result<bool> {
        let (ctx, random) = (*ctx, self.shared_random());
        let erase = self.store.write(move |tx| {
            tx.lock_person(person)?;
            // a backup from before they came knows nothing of them
            if tx.person(person)?.is_none() {
                return Ok(false);
            }
            for account in tx.erase_person(person, ctx.now)? {
                tx.audit(&AuditEvent::done(&ctx, &*random, "account.release", "account", account))?;
            }
            let event = AuditEvent::done(&ctx, &*random, "person.erase", "person", person);
            tx.audit(&event.with(json!({ "replayed": true })))?;
            Ok(true)
        });
        Ok(erase.await?)
    }

    async fn end_again(&self, ctx: &Context, source: SourceId) -> Result<()> {
        let named =
            self.store.read(move |tx| Ok(tx.source_overviews()?.into_iter().find(|known| known.source.id == source)));
        let Some(known) = named.await? else { return Ok(()) };
        match self.end_source(ctx, &known.source.name, PeopleFate::Erase, None).await {
            Ok(_) => tracing::warn!(source.id = %source, "a source that ended after the backup was made ends again"),
            // a run of before that still stands: within an hour once more
            Err(error) => tracing::error!(
                source.id = %source, error.code = error.code(), error.text = %error,
                "a source that ended after the backup was made could not be ended again"
            ),
        }
        Ok(())
    }
}
