//! Who was erased stays so: it is noted outside of the database too, and done again when an older backup
//! was restored. Ids and moments, no personal data. A list may lie where others write: lines that this
//! installation did not write are told of and never acted on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::backup::ListPlace;
use estampe_domain::ending::PeopleFate;
use estampe_domain::run::RunState;
use estampe_domain::{Context, Error, PersonId, Result, SourceId, Ts};
use estampe_store::Tx;
use serde_json::json;

use crate::Service;
use crate::endings::publication_under_way;

/// What a list of who was erased holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErasureList {
    /// Whom the lines name that this installation wrote, and when.
    pub ours: BTreeMap<String, Ts>,
    /// How many lines it did not write.
    pub strange: usize,
}

impl ErasureList {
    /// Sorts lines by whether `read` takes them for ours.
    pub fn of(lines: &[String], read: impl Fn(&str) -> Option<(String, Ts)>) -> Self {
        let (mut ours, mut genuine, mut others) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for line in lines {
            if let Some((whom, at)) = read(line) {
                ours.insert(whom, at);
                genuine.insert(line.as_str());
            } else {
                others.push(line.as_str());
            }
        }
        // a line that a kill cut was written again
        let is_cut = |line: &str| genuine.range(line..).next().is_some_and(|whole| whole.starts_with(line));
        Self { strange: others.into_iter().filter(|line| !is_cut(line)).count(), ours }
    }
}

/// The lists, in words.
const fn words(place: ListPlace) -> &'static str {
    match place {
        ListPlace::Data => "in the data folder",
        ListPlace::Backups => "beside the backups",
    }
}

impl Service {
    /// What a list holds.
    pub(crate) async fn erasure_list(&self, place: ListPlace) -> Result<ErasureList> {
        let store = self.store.clone();
        let lines = match place {
            ListPlace::Data => {
                let backups = Arc::clone(&self.ports.backups);
                self.beside(move || backups.erasures(place).map_err(Error::Unavailable)).await?
            }
            ListPlace::Backups => self.at_folder(move |backups| backups.erasures(place)).await?,
        };
        self.beside(move || Ok(ErasureList::of(&lines, |line| store.read_erasure(line)))).await
    }

    /// Notes outside of the database who was erased, and which sources ended with that: what a restore has
    /// to do again.
    pub async fn note_erasures(&self, place: ListPlace) -> Result<()> {
        // without a backup nothing is needed beside it
        if place == ListPlace::Backups && !self.is_folder_ours().await? {
            return Ok(());
        }
        let noted = self.erasure_list(place).await?.ours;
        let erased = self.store.read(|tx| tx.erasures()).await?;
        let new = erased.into_iter().filter(|(whom, _)| !noted.contains_key(whom));
        let lines: Vec<_> = new.filter_map(|(whom, at)| self.store.erasure_line(&whom, at)).collect();
        match place {
            ListPlace::Data if lines.is_empty() => Ok(()),
            ListPlace::Data => {
                let backups = Arc::clone(&self.ports.backups);
                self.beside(move || backups.note_erasures(place, &lines).map_err(Error::Unavailable)).await
            }
            ListPlace::Backups => self.at_folder(move |backups| backups.note_erasures(place, &lines)).await,
        }
    }

    /// Erases once more who was erased after the backup was made that this database comes from, and ends
    /// their sources again, so that no run brings them back. How many people, the sources' not counted.
    pub async fn replay_erasures(&self, ctx: &Context, place: ListPlace) -> Result<u64> {
        let ErasureList { ours, strange } = self.erasure_list(place).await?;
        if strange > 0 {
            tracing::warn!(
                erasures.strange = strange,
                "the list of who was erased {} has lines that this installation did not write; nothing is done of them",
                words(place)
            );
        }
        let (people, sources) = self.store.read(move |tx| back_again(tx, ours.into_keys())).await?;
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
        let ended = async {
            self.clear_the_way(ctx, source).await?;
            self.end_source(ctx, name, PeopleFate::Erase, None).await
        };
        match ended.await {
            Ok(_) => tracing::warn!(source.id = %source, "a source that ended after the backup was made ends again"),
            // a run that applies its plan: within an hour once more
            Err(error) => tracing::error!(
                source.id = %source, error.code = error.code(), error.text = %error,
                "a source that ended after the backup was made could not be ended again"
            ),
        }
    }
}

impl Service {
    /// Ends what was open in a source when the backup was made: it would stand there until somebody decides,
    /// and the source with it. While work is held nothing of it is under way.
    async fn clear_the_way(&self, ctx: &Context, source: SourceId) -> Result<()> {
        let open = self.store.read(move |tx| Ok((tx.open_run(source)?, publication_under_way(tx, source)?)));
        let (run, publication) = open.await?;
        match run {
            Some((run, RunState::Held)) => self.discard_run(ctx, run).await?,
            Some((run, RunState::Planning)) if self.is_held() => {
                self.fail_run(ctx, run, "unavailable", "its source ended after this backup was made").await?;
            }
            _ => {}
        }
        match publication.filter(|_| self.is_held()) {
            Some(publication) => self.stop_publication(ctx, publication).await,
            None => Ok(()),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Takes lines that end with a sign for ours.
    fn read(line: &str) -> Option<(String, Ts)> {
        Some((line.strip_suffix(" ok")?.to_owned(), Ts::from_micros(1)))
    }

    #[test]
    fn what_a_kill_cut_is_not_strange_once_it_was_written_again() {
        let of = |lines: &[&str]| {
            ErasureList::of(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), read).strange
        };
        assert_eq!(of(&["person/1 ok", "pers", "person/2 o", "person/2 ok"]), 0);
        assert_eq!(of(&["person/1 ok", "person/3", "person/10"]), 2);
    }

    proptest! {
        #[test]
        fn no_line_of_others_counts(ours in proptest::collection::btree_set("[a-z]{1,8}", 0..20), others in proptest::collection::vec("[A-Z ]{1,8}", 0..20)) {
            let lines: Vec<String> = ours.iter().map(|whom| format!("{whom} ok")).chain(others.clone()).collect();
            let list = ErasureList::of(&lines, read);
            prop_assert_eq!(list.ours.into_keys().collect::<BTreeSet<_>>(), ours);
            prop_assert_eq!(list.strange, others.len());
        }
    }
}
