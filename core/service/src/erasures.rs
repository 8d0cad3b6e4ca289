//! Who was erased stays so: it is noted outside of the database too, and done again when an older backup
//! was restored. Ids and moments, no personal data.

use std::collections::BTreeMap;
use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::ending::PeopleFate;
use estampe_domain::{Context, Error, PersonId, Result, SourceId, Ts};
use estampe_store::Tx;
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
        let (people, sources) = self.store.read(move |tx| back_again(tx, noted.into_keys())).await?;
        let mut count = 0;
        for person in people {
            count += u64::from(self.erase_again(ctx, person).await?);
        }
        for (source, name) in sources {
            self.end_again(ctx, source, &name).await;
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

    async fn end_again(&self, ctx: &Context, source: SourceId, name: &str) {
        match self.end_source(ctx, name, PeopleFate::Erase, None).await {
            Ok(_) => tracing::warn!(source.id = %source, "a source that ended after the backup was made ends again"),
            // a run of before that still stands: within an hour once more
            Err(error) => tracing::error!(
                source.id = %source, error.code = error.code(), error.text = %error,
                "a source that ended after the backup was made could not be ended again"
            ),
        }
    }
}

type Back = (Vec<PersonId>, Vec<(SourceId, String)>);

/// Who of them is there although they were erased, and which sources although they ended.
fn back_again(tx: &mut Tx<'_>, noted: impl Iterator<Item = String>) -> estampe_store::Result<Back> {
    let (mut people, mut sources) = (Vec::new(), Vec::new());
    let known = tx.source_overviews()?;
    for key in noted {
        match key.split_once('/') {
            // a backup from before they came knows nothing of them
            Some(("person", id)) => {
                if let Ok(id) = id.parse()
                    && tx.person(id)?.is_some()
                {
                    people.push(id);
                }
            }
            Some(("source", id)) => {
                let Ok(id) = id.parse::<SourceId>() else { continue };
                if let Some(known) = known.iter().find(|known| known.source.id == id)
                    && tx.ending(id)?.is_none()
                {
                    sources.push((id, known.source.name.clone()));
                }
            }
            _ => {}
        }
    }
    Ok((people, sources))
}
