//! Backups: made when somebody asks or by themselves, kept, verified.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use estampe_domain::audit::AuditEvent;
use estampe_domain::backup::{self, BackupFile, BackupPlan, FORMAT, ListPlace, Manifest, Progress, Restored, is_ahead};
use estampe_domain::ports::Clock;
use estampe_domain::{Context, Error, Result, Right, Ts, metric};
use estampe_store::{Store, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Notify, OnceCell};

use crate::erasures::ErasureList;
use crate::{Service, backup_folder, held};

/// Settings: when the last try began, or that it was still under way; the newest that is good, why the last
/// one failed, why older ones are not removed, the last drill, which one this database comes from.
const BEGUN: &str = "backup-begun";
const GOOD: &str = "backup-good";
const FAILED: &str = "backup-failed";
const UNPRUNED: &str = "backup-unpruned";
const DRILL: &str = "backup-drill";
/// After so many days a backup should be looked into again.
pub const DRILL_DAYS: i64 = 90;
const RESTORED: &str = "backup-restored";
/// After how many seconds a backup that failed is tried again by itself, at most.
const AGAIN: i64 = 3_600;
/// For so many seconds a backup is taken for being under way, if it does not end.
const LONGEST: i64 = 86_400;
/// How long the removal of older ones may take.
const REMOVING: Duration = Duration::from_mins(5);

/// The newest backup that is good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodBackup {
    /// Its file.
    pub file: BackupFile,
    /// How many seconds it took.
    pub seconds: i64,
}

/// A backup that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedBackup {
    /// When.
    pub at: Ts,
    /// Why, for an administrator.
    pub why: String,
}

/// A backup that somebody looked into, whole and opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// When.
    pub at: Ts,
    /// The name of its file.
    pub name: String,
    /// When that backup was made.
    pub made_at: Ts,
}

/// What is known of the last backups, wherever they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupNotes {
    /// When the last try began.
    pub begun: Option<Ts>,
    /// The newest that is good.
    pub good: Option<GoodBackup>,
    /// The last try, where it failed.
    pub failed: Option<FailedBackup>,
    /// Why older ones were not removed after the last one.
    pub unpruned: Option<FailedBackup>,
    /// The last look into one.
    pub drill: Option<Drill>,
}

impl BackupNotes {
    /// Reads them, on a running appliance or a stopped one.
    pub fn read(tx: &mut Tx<'_>) -> estampe_store::Result<Self> {
        fn of<T: serde::de::DeserializeOwned>(tx: &mut Tx<'_>, key: &str) -> estampe_store::Result<Option<T>> {
            // what cannot be read is as if it were not there: the next backup writes it anew
            Ok(tx.setting(key)?.and_then(|text| serde_json::from_str(&text).ok()))
        }
        Ok(Self {
            begun: of(tx, BEGUN)?,
            good: of(tx, GOOD)?,
            failed: of(tx, FAILED)?,
            unpruned: of(tx, UNPRUNED)?,
            drill: of(tx, DRILL)?,
        })
    }

    /// Whether backups need a person: the last one failed, or the newest is older than it should be.
    pub(crate) fn stands(&self, plan: &BackupPlan, now: Ts) -> bool {
        let is_old = |every: i64| {
            self.good.as_ref().is_some_and(|good| {
                let at = good.file.made_at;
                is_ahead(at, now) || now.seconds_since(at) > every.saturating_mul(2)
            })
        };
        self.failed.is_some() || plan.every.is_some_and(is_old)
    }

    /// Whether somebody should look into a backup: nobody did for long, or ever.
    pub(crate) fn wants_drill(&self, now: Ts) -> bool {
        self.drill.as_ref().is_none_or(|drill| now.seconds_since(drill.at) > DRILL_DAYS * 86_400)
    }

    /// Whether one is to be made now by itself.
    fn is_due(&self, every: i64, now: Ts) -> bool {
        // what is dated ahead says nothing: a clock was wrong, and nobody waits until then
        let passed = |since: Option<Ts>, seconds: i64| {
            since.is_none_or(|since| is_ahead(since, now) || now.seconds_since(since) >= seconds)
        };
        passed(self.good.as_ref().map(|good| good.file.made_at), every) && passed(self.begun, every.min(AGAIN))
    }
}

/// How the backup under way, or the last one of this process, fares.
#[derive(Clone, Debug)]
pub struct BackupState {
    /// Its number, from 1 at the start of the process; 0: none yet.
    pub number: u64,
    /// Whether it is under way.
    pub running: bool,
    /// Octets written, of how many.
    pub progress: (u64, u64),
    /// How it ended.
    pub ended: Option<Result<BackupFile, String>>,
    /// What is set.
    pub plan: Option<BackupPlan>,
    /// What is known of the last ones.
    pub notes: BackupNotes,
    /// The files, the newest first; or why they cannot be listed.
    pub files: Result<Vec<BackupFile>, String>,
    /// The lists of who was erased, in the data folder and beside the backups; or why one cannot be read.
    pub lists: Vec<(ListPlace, Result<ErasureList, String>)>,
}

/// What this process knows of the backup under way.
#[derive(Default)]
pub(crate) struct AtWork {
    now: Mutex<Now>,
    begun: Notify,
    /// Whether the folder was looked through for what the last process left.
    cleaned: OnceCell<()>,
}

#[derive(Default)]
struct Now {
    number: u64,
    running: bool,
    /// Whether a person says that the folder is another one than before.
    new_folder: bool,
    progress: Arc<Progress>,
    ended: Option<Result<BackupFile, String>>,
}

impl AtWork {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn cleaned(&self) -> &OnceCell<()> {
        &self.cleaned
    }
}

impl Service {
    /// Work that waits for files, on threads that stand back.
    pub(crate) async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = self.ports.background.spawn_blocking(work).await;
        done.map_err(|error| Error::Internal(format!("work beside: {error}")))?
    }

    /// How backups fare, and which there are.
    pub async fn backup_state(&self, ctx: &Context) -> Result<BackupState> {
        ctx.require(Right::HealthRead)?;
        let notes = self.store.read(BackupNotes::read).await?;
        let plan = self.ports.backups.plan();
        let (mut files, mut lists) = (Ok(Vec::new()), Vec::new());
        if plan.is_some() {
            files = self.at_folder(|backups| backups.list()).await.map_err(|error| error.to_string());
        }
        // whoever waits for a backup asks often
        if !self.backing.now().running {
            for place in [ListPlace::Data, ListPlace::Backups] {
                lists.push((place, self.erasure_list(place).await.map_err(|error| error.to_string())));
            }
        }
        let now = self.backing.now();
        let (number, running, progress) = (now.number, now.running, now.progress.now());
        Ok(BackupState { number, running, progress, ended: now.ended.clone(), plan, notes, files, lists })
    }

    /// Begins a backup, unless one is under way; its number. `new_folder`: a folder that was used and lost its
    /// mark is taken for a new one.
    pub async fn begin_backup(&self, ctx: &Context, new_folder: bool) -> Result<u64> {
        ctx.require(Right::KeysChange)?;
        if self.ports.backups.plan().is_none() {
            let words = "no folder for backups is configured: set backup.folder and backup.recipients \
                         (docs/operator/backup.md), then start the service again";
            return Err(Error::Conflict(words.into()));
        }
        // who asked: what comes of it is noted by the service itself
        let (ctx, random) = (*ctx, self.shared_random());
        let event = AuditEvent::done(&ctx, &*random, "backup.ask", "backup", "next");
        let event = event.with(json!({ "new_folder": new_folder }));
        self.store.write(move |tx| tx.audit(&event)).await?;
        Ok(self.begin(new_folder))
    }

    fn begin(&self, new_folder: bool) -> u64 {
        let mut now = self.backing.now();
        if !now.running {
            let number = now.number + 1;
            *now = Now { number, running: true, new_folder, ..Now::default() };
            self.backing.begun.notify_one();
        }
        now.number
    }

    /// Comes back once a backup was begun.
    pub async fn backup_begun(&self) {
        self.backing.begun.notified().await;
    }

    /// Begins the backup that is due, unless another node does.
    pub async fn begin_due_backup(&self, ctx: &Context) -> Result<()> {
        let Some(every) = self.ports.backups.plan().and_then(|plan| plan.every) else { return Ok(()) };
        if self.backing.now().running {
            return Ok(());
        }
        let now = ctx.now;
        if !self.store.read(BackupNotes::read).await?.is_due(every, now) {
            return Ok(());
        }
        let claim = self.store.write(move |tx| {
            let before = tx.setting(BEGUN)?;
            tx.claim_setting(BEGUN, before.as_deref(), &now.as_micros().to_string(), now)
        });
        if claim.await? {
            self.begin(false);
        }
        Ok(())
    }

    /// Makes the backup that was begun, and notes how it ended.
    pub async fn make_backup(&self, ctx: &Context) -> Result<BackupFile> {
        let made = tokio::select! {
            made = self.copy_and_pack(ctx) => made,
            never = self.say_begun(ctx.now) => match never {},
        };
        let noted = self.note_backup(ctx, &made).await;
        if let (Ok(file), Ok(())) = (&made, &noted) {
            self.prune(file).await;
        }
        let mut now = self.backing.now();
        now.running = false;
        now.ended = Some(made.as_ref().map(Clone::clone).map_err(ToString::to_string));
        drop(now);
        noted?;
        made
    }

    async fn say_begun(&self, since: Ts) -> Infallible {
        let every = self.ports.backups.plan().and_then(|plan| plan.every);
        keep_begun(&self.store, &*self.ports.clock, since, pause(every)).await
    }

    async fn copy_and_pack(&self, ctx: &Context) -> Result<BackupFile> {
        let new_folder = self.backing.now().new_folder;
        self.prepare_folder(new_folder).await?;
        self.clean_backup_folder().await?;
        for place in [ListPlace::Data, ListPlace::Backups] {
            self.note_erasures(place).await?;
        }
        let made_at = self.free_moment().await?;
        let (store, backups) = (self.store.clone(), Arc::clone(&self.ports.backups));
        let (progress, version) = (Arc::clone(&self.backing.now().progress), self.settings.version);
        let made = self.beside(move || {
            let unusable = Error::Unavailable;
            backups.ensure_room(store.copy_size()?).map_err(unusable)?;
            let work = backups.work().map_err(unusable)?;
            let packed = store.copy_into(&work).map_err(Error::from).and_then(|(copy, database)| {
                // a copy takes time, and a disk may go meanwhile
                if !backups.is_marked(&store.installation()).map_err(unusable)? {
                    return Err(unusable("the folder of backups went away meanwhile".to_owned()));
                }
                let (estampe, installation) = (version.to_owned(), store.installation());
                let manifest = Manifest { format: FORMAT, estampe, made_at, installation, database };
                backups.pack(&manifest, &copy, &progress).map_err(unusable)
            });
            backups.clean_work();
            packed
        });
        let file = made.await?;
        tracing::info!(
            backup.file = file.name,
            backup.octets = file.octets,
            backup.seconds = self.ports.clock.now().seconds_since(ctx.now),
            "a backup was made"
        );
        Ok(file)
    }

    /// Removes the oldest after one was made. That one is good whatever comes of this.
    async fn prune(&self, made: &BackupFile) {
        let (name, now) = (made.name.clone(), self.ports.clock.now());
        let why = match self.at_folder_within(REMOVING, move |backups| backups.prune(&name, now)).await {
            Ok(pruned) => {
                for gone in pruned.gone {
                    tracing::info!(backup.file = gone, "an old backup was removed");
                }
                pruned.left.join("; ")
            }
            Err(error) => error.to_string(),
        };
        let noted = if why.is_empty() {
            self.store.write(|tx| tx.remove_setting(UNPRUNED).map(drop)).await
        } else {
            tracing::warn!(error.text = why, "old backups could not be removed");
            let failed = json!(FailedBackup { at: now, why }).to_string();
            self.store.write(move |tx| tx.set_setting(UNPRUNED, &failed, now)).await
        };
        if let Err(error) = noted.map_err(Error::from) {
            tracing::warn!(error.text = %error, "how the removal of old backups went could not be noted");
        }
    }

    /// A moment whose file is not there yet: two of one second would have one name.
    async fn free_moment(&self) -> Result<Ts> {
        loop {
            let now = self.ports.clock.now();
            let files = self.at_folder(|backups| backups.list()).await?;
            let name = backup::file_name(now);
            if files.iter().all(|file| file.name != name) {
                return Ok(now);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn note_backup(&self, ctx: &Context, made: &Result<BackupFile>) -> Result<()> {
        let (ctx, random, now) = (*ctx, self.shared_random(), self.ports.clock.now());
        let folder = self.folder_name().unwrap_or_default();
        let made = match made {
            Ok(file) => Ok(GoodBackup { file: file.clone(), seconds: now.seconds_since(ctx.now) }),
            Err(error) => Err(FailedBackup { at: now, why: error.to_string() }),
        };
        let write = self.store.write(move |tx| match made {
            Ok(good) => {
                tx.set_setting(GOOD, &json!(good).to_string(), now)?;
                tx.remove_setting(FAILED)?;
                backup_folder::remember(tx, &folder, now)?;
                let event = AuditEvent::done(&ctx, &*random, "backup.make", "backup", &good.file.name);
                tx.audit(&event.with(json!({ "octets": good.file.octets })))
            }
            Err(failed) => {
                tx.set_setting(FAILED, &json!(failed).to_string(), now)?;
                let event = AuditEvent::done(&ctx, &*random, "backup.fail", "backup", &folder);
                tx.audit(&event.with(json!({ "why": failed.why })))
            }
        });
        Ok(write.await?)
    }

    /// Notes that somebody looked into a backup and found it whole.
    pub async fn note_drill(&self, ctx: &Context, name: String, made_at: Ts) -> Result<()> {
        ctx.require(Right::KeysChange)?;
        if backup::made_at(&name).is_none() {
            return Err(Error::invalid("name", "it is no backup's: estampe-20261127T120000Z.tar.age"));
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let write = self.store.write(move |tx| {
            let drill = Drill { at: ctx.now, name, made_at };
            tx.set_setting(DRILL, &json!(drill).to_string(), ctx.now)?;
            tx.audit(&AuditEvent::done(&ctx, &*random, "backup.verify", "backup", &drill.name))
        });
        Ok(write.await?)
    }

    /// Notes that this database was brought back from a backup; once, however often it is told. Whether it
    /// was: of another installation's nothing is noted.
    pub async fn note_restore(&self, ctx: &Context, restored: Restored) -> Result<bool> {
        if !restored.installation.is_empty() && restored.installation != self.store.installation() {
            return Ok(false);
        }
        let (ctx, random) = (*ctx, self.shared_random());
        let write = self.store.write(move |tx| {
            let noted = json!(restored).to_string();
            if tx.setting(RESTORED)?.as_deref() == Some(noted.as_str()) {
                return Ok(());
            }
            tx.set_setting(RESTORED, &noted, ctx.now)?;
            held::hold(tx, ctx.now)?;
            let event = AuditEvent::done(&ctx, &*random, "backup.restore", "backup", &restored.name);
            let (made, at) = (restored.made_at.to_string(), restored.restored_at.to_string());
            tx.audit(&event.with(json!({ "made_at": made, "restored_at": at })))
        });
        write.await?;
        Ok(true)
    }

    /// Removes what a backup left in the data folder that was interrupted by the end of the process.
    pub async fn clean_backups(&self) -> Result<()> {
        let backups = Arc::clone(&self.ports.backups);
        self.beside(move || {
            backups.clean_work();
            Ok(())
        })
        .await
    }

    /// Sets the figures of backups.
    #[expect(clippy::cast_precision_loss, reason = "seconds, far below 2^52")]
    pub(crate) fn show_backups(&self, notes: &BackupNotes, now: Ts) {
        // one that is dated ahead has no age
        let newest = notes.good.as_ref().map(|good| good.file.made_at).filter(|at| !is_ahead(*at, now));
        let newest = newest.unwrap_or(self.since);
        let age = self.ports.backups.plan().map_or(0, |_| now.seconds_since(newest).max(0));
        metrics::gauge!(metric::BACKUP_AGE.name).set(age as f64);
        metrics::gauge!(metric::BACKUP_FAILED.name).set(if notes.failed.is_some() { 1.0 } else { 0.0 });
    }
}

/// Says again and again that a backup is under way, so that no other node begins one meanwhile.
async fn keep_begun(store: &Store, clock: &dyn Clock, since: Ts, pause: Duration) -> Infallible {
    loop {
        let now = clock.now();
        if now.seconds_since(since) < LONGEST {
            let note = store.write(move |tx| tx.set_setting(BEGUN, &now.as_micros().to_string(), now));
            if let Err(error) = note.await.map_err(Error::from) {
                tracing::warn!(error.text = %error, "that a backup is under way could not be noted");
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// How long it stands until it is said again: well before another may begin.
fn pause(every: Option<i64>) -> Duration {
    Duration::from_secs((every.unwrap_or(AGAIN).min(AGAIN) / 3).max(1).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use estampe_domain::ports::Random;
    use estampe_store::{Database, StoreSettings};
    use proptest::prelude::*;

    use super::*;

    /// Ten hours later whenever somebody looks at it.
    #[derive(Default)]
    struct TenHours(AtomicI64);

    impl Clock for TenHours {
        fn now(&self) -> Ts {
            Ts::from_micros(0).plus_seconds(self.0.fetch_add(36_000, Ordering::SeqCst))
        }
    }

    impl Random for TenHours {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[tokio::test]
    async fn that_one_is_under_way_is_said_again_and_again_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let database = Database::Sqlite(data_dir.join("estampe.db"));
        let place = StoreSettings { database, kek_file: data_dir.join("keys/kek"), data_dir };
        let store = Store::open(&place, Arc::<TenHours>::default(), Arc::<TenHours>::default()).unwrap();
        let clock = TenHours::default();
        let begun = Ts::from_micros(0);
        let five_looks = async {
            while clock.0.load(Ordering::SeqCst) < 5 * 36_000 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            never = keep_begun(&store, &clock, begun, Duration::from_millis(1)) => match never {},
            () = five_looks => {}
        }
        let noted = store.read(BackupNotes::read).await.unwrap().begun;
        assert_eq!(noted, Some(begun.plus_seconds(72_000)), "the third time, and not after a day");
    }

    #[test]
    fn it_is_said_again_before_another_node_would_begin_one() {
        for every in [None, Some(60), Some(3_600), Some(86_400), Some(604_800)] {
            let begun = Ts::from_micros(0);
            let notes = BackupNotes { begun: Some(begun), ..BackupNotes::default() };
            let pauses = |number: i64| begun.plus_seconds(number * i64::try_from(pause(every).as_secs()).unwrap());
            assert!(!notes.is_due(every.unwrap_or(AGAIN), pauses(2)), "{every:?}: one may come late");
        }
    }

    #[test]
    fn one_is_due_when_the_last_is_old_and_a_failure_is_not_repeated_at_once() {
        const DAY: i64 = 86_400;
        let at = |hours: i64| Ts::from_micros(0).plus_seconds(hours * 3_600);
        let good = |hours: i64| {
            let file = BackupFile { name: String::new(), made_at: at(hours), octets: 1 };
            Some(GoodBackup { file, seconds: 1 })
        };
        let none = BackupNotes::default();
        assert!(none.is_due(DAY, at(100)), "there is none");
        let fresh = BackupNotes { begun: Some(at(100)), good: good(100), ..BackupNotes::default() };
        assert!(!fresh.is_due(DAY, at(123)) && fresh.is_due(DAY, at(124)));
        // one was made by hand meanwhile
        let by_hand = BackupNotes { begun: Some(at(100)), good: good(110), ..BackupNotes::default() };
        assert!(!by_hand.is_due(DAY, at(124)) && by_hand.is_due(DAY, at(134)));
        let failing = BackupNotes { begun: Some(at(124)), good: good(100), ..BackupNotes::default() };
        assert!(!failing.is_due(DAY, at(124)) && failing.is_due(DAY, at(125)));
        // a clock was wrong: a year ahead is no reason to wait for a year
        let year = 365 * 24;
        let ahead = BackupNotes { begun: Some(at(year)), good: good(year), ..BackupNotes::default() };
        assert!(ahead.is_due(DAY, at(100)));
        let plan = BackupPlan { folder: "/backups".into(), every: Some(DAY), keep: 1 };
        assert!(ahead.stands(&plan, at(100)) && !fresh.stands(&plan, at(100)));
        // another node's clock is some seconds ahead
        let other = BackupNotes { begun: Some(at(100)), good: good(100), ..BackupNotes::default() };
        assert!(!other.is_due(DAY, at(100).plus_seconds(-5)));
        // often is as often as that
        assert!(!failing.is_due(60, at(124)) && failing.is_due(60, at(124).plus_seconds(60)));
    }

    proptest! {
        /// Whatever the clocks said: one is due soon, and never two at once.
        #[test]
        fn one_becomes_due_whatever_is_noted(begun in -10_000_000_i64..10_000_000, good in -10_000_000_i64..10_000_000, every in 60_i64..100_000) {
            let (at, now) = (|seconds: i64| Ts::from_micros(0).plus_seconds(seconds), Ts::from_micros(0));
            let file = BackupFile { name: String::new(), made_at: at(good), octets: 1 };
            let good = Some(GoodBackup { file, seconds: 1 });
            let notes = BackupNotes { begun: Some(at(begun)), good, ..BackupNotes::default() };
            // within the time between two, and what clocks may differ
            prop_assert!((0..=every + 5_000).step_by(60).any(|later| notes.is_due(every, at(later))));
            let just = BackupNotes { begun: Some(now), ..notes };
            prop_assert!(!just.is_due(every, now));
        }
    }
}
