//! The folder of backups. It may lie on a machine that is away, where whoever asks waits without end; and on
//! a disk that is not mounted, where an empty folder stands in its place.

use std::sync::Arc;
use std::time::Duration;

use estampe_domain::backup::MARK;
use estampe_domain::ports::Backups;
use estampe_domain::{Error, Result};
use estampe_store::Tx;

use crate::Service;

/// Settings: the folders in which good backups were made.
const FOLDERS: &str = "backup-folders";
/// So many of them are remembered: several nodes may call one folder by several names.
const REMEMBERED: usize = 8;
/// How long something short may take there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Remembers that a good backup was made in a folder.
pub(crate) fn remember(tx: &mut Tx<'_>, folder: &str, now: estampe_domain::Ts) -> estampe_store::Result<()> {
    let mut known = known(tx)?;
    if known.iter().any(|known| known == folder) {
        return Ok(());
    }
    known.insert(0, folder.to_owned());
    known.truncate(REMEMBERED);
    tx.set_setting(FOLDERS, &serde_json::json!(known).to_string(), now)
}

fn known(tx: &mut Tx<'_>) -> estampe_store::Result<Vec<String>> {
    Ok(tx.setting(FOLDERS)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

impl Service {
    /// Does something short in the folder of backups.
    pub(crate) async fn at_folder<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Backups) -> Result<T, String> + Send + 'static,
    ) -> Result<T> {
        self.at_folder_within(PATIENCE, work).await
    }

    /// Does something in the folder of backups, one after the other. What takes longer goes on by itself, and
    /// whoever comes then is told the same: no more than one thread waits for a machine that is away.
    pub(crate) async fn at_folder_within<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce(&dyn Backups) -> Result<T, String> + Send + 'static,
    ) -> Result<T> {
        let (gate, backups) = (Arc::clone(&self.folder_gate), Arc::clone(&self.ports.backups));
        let done = async {
            let held = gate.lock_owned().await;
            self.beside(move || {
                let done = work(&*backups).map_err(Error::Unavailable);
                drop(held);
                done
            })
            .await
        };
        tokio::time::timeout(patience, done).await.unwrap_or_else(|_| {
            Err(Error::Unavailable(format!(
                "{} does not answer: is the machine that it lies on away?",
                self.folder_name().unwrap_or_default()
            )))
        })
    }

    /// The folder's path, where one is set.
    pub(crate) fn folder_name(&self) -> Option<String> {
        self.ports.backups.plan().map(|plan| plan.folder.to_string_lossy().into_owned())
    }

    /// Whether the folder is the one of this installation; none was used where nothing is there yet. Refuses
    /// another installation's, and one where its mark is missing although backups were made there.
    pub(crate) async fn is_folder_ours(&self) -> Result<bool> {
        let Some(folder) = self.folder_name() else { return Ok(false) };
        let installation = self.store.installation();
        if self.at_folder(move |backups| backups.is_marked(&installation)).await? {
            return Ok(true);
        }
        if self.store.read(known).await?.contains(&folder) {
            return Err(Error::Unavailable(format!(
                "{folder} is not as it was left: backups were made there, and the file {MARK} is missing. Is its disk \
                 mounted? Mount it; where the folder is a new one: estampe backup create --new-folder"
            )));
        }
        Ok(false)
    }

    /// Sees to it that the folder is this installation's. `new`: a person says that it is another folder than
    /// before.
    pub(crate) async fn prepare_folder(&self, new: bool) -> Result<()> {
        match self.is_folder_ours().await {
            Ok(true) => return Ok(()),
            Err(error) if !new => return Err(error),
            Ok(false) | Err(_) => {}
        }
        // one of another installation is refused here too
        let installation = self.store.installation();
        self.at_folder(move |backups| backups.mark(&installation)).await
    }

    /// Removes what a backup left in the folder that was interrupted by the end of a process; once.
    pub async fn clean_backup_folder(&self) -> Result<()> {
        let clean = || async {
            if self.is_folder_ours().await? {
                self.at_folder(|backups| {
                    backups.clean_folder();
                    Ok(())
                })
                .await?;
            }
            Ok::<_, Error>(())
        };
        self.backing.cleaned().get_or_try_init(clean).await.copied()
    }
}
