//! Group commit: many small writes, each acknowledged only once it is on disk, at the
//! price of a few commits.
//!
//! On SQLite one thread writes what waits into one transaction and acknowledges all of
//! it after the one COMMIT. Savepoints, which would cost a third of the time, are set
//! only once something fails: then all is rolled back and done again, each in a savepoint
//! of its own, so that the bad one spoils only itself. The thread asks for the writer's
//! place like every other unit of work, and in turn: neither a flood of submissions nor a
//! long import keeps the other out. On PostgreSQL, which commits together by itself, a
//! few threads hold a connection each: the leads that wait are one statement, and every
//! other submission is one.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use diesel::connection::SimpleConnection;
use tokio::sync::{Semaphore, oneshot};

use crate::conn::{Conn, Pool};
use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::meter::Meter;
use crate::open::OpenTransaction;
use crate::tx::receive::PreparedLead;
#[cfg(feature = "postgres")]
use crate::tx::receive_together;

/// Submissions that may wait; one more is refused at once ([`StoreError::Busy`]).
const ROOM: usize = 2_048;
/// Submissions of one transaction.
const BATCH: usize = 256;

/// What a submission has of the database: exactly one operation, which takes it.
///
/// So a submission is whole or nothing without a transaction of its own, and on
/// PostgreSQL one statement and one round trip.
pub struct Single<'a> {
    pub(crate) conn: &'a mut Conn,
}

/// A submission, whatever its type.
trait Entry: Send {
    /// When it was queued.
    fn queued(&self) -> Instant;
    /// Does it.
    fn run(&mut self, single: Single<'_>, disk: &Disk) -> Ran;
    /// The lead that it writes, when others of its kind may be written with it.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "SQLite writes all in one transaction anyway"))]
    fn lead(&self) -> Option<&PreparedLead>;
    /// Notes that its lead was written with others, or that it is not new.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "SQLite writes all in one transaction anyway"))]
    fn was_decided(&mut self, written: bool);
    /// Tells its caller, after the commit or with the reason why there was none.
    fn settle(self: Box<Self>, failed: Option<&StoreError>);
}

/// What became of a submission's turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ran {
    /// It may stay.
    Well,
    /// It was refused before it wrote anything.
    Untouched,
    /// It met another and lost, and may have written something.
    Lost,
    /// It failed, and may have written something.
    Failed,
}

impl Ran {
    /// Whether a transaction around it may go on.
    fn left_a_clean_table(self) -> bool {
        matches!(self, Self::Well | Self::Untouched)
    }
}

/// What a submission does.
trait Work: Send {
    type Done: Send;

    fn run(&self, single: Single<'_>) -> Result<Self::Done>;

    /// The lead that it writes, when others of its kind may be written with it.
    fn lead(&self) -> Option<&PreparedLead> {
        None
    }

    /// What came of it when it was written with others.
    fn done(&self) -> Option<Self::Done> {
        None
    }
}

/// Work that a caller wrote down as a closure.
struct Closure<F>(F);

impl<T: Send, F: Fn(Single<'_>) -> Result<T> + Send> Work for Closure<F> {
    type Done = T;

    fn run(&self, single: Single<'_>) -> Result<T> {
        (self.0)(single)
    }
}

impl Work for PreparedLead {
    type Done = ();

    fn run(&self, single: Single<'_>) -> Result<()> {
        single.receive_lead(self)
    }

    fn lead(&self) -> Option<&PreparedLead> {
        Some(self)
    }

    fn done(&self) -> Option<()> {
        Some(())
    }
}

struct Submission<W: Work> {
    queued: Instant,
    work: W,
    outcome: Option<Result<W::Done>>,
    /// The receiver is gone when the caller went away; what was queued is done all the same.
    reply: oneshot::Sender<Result<W::Done>>,
}

impl<W: Work> Entry for Submission<W> {
    fn queued(&self) -> Instant {
        self.queued
    }

    fn run(&mut self, single: Single<'_>, disk: &Disk) -> Ran {
        // a panic is this submission's alone: what it wrote is rolled back
        let outcome = catch_unwind(AssertUnwindSafe(|| self.work.run(single)))
            .unwrap_or_else(|_| Err(StoreError::Connection("a submission ended early".into())));
        match self.outcome.insert(disk.judge(false, outcome)) {
            Ok(_) => Ran::Well,
            Err(StoreError::Moved) => Ran::Untouched,
            Err(error) if error.is_conflict() => Ran::Lost,
            Err(_) => Ran::Failed,
        }
    }

    fn lead(&self) -> Option<&PreparedLead> {
        self.work.lead()
    }

    fn was_decided(&mut self, written: bool) {
        self.outcome = if written { self.work.done().map(Ok) } else { Some(Err(StoreError::Moved)) };
    }

    fn settle(self: Box<Self>, failed: Option<&StoreError>) {
        let outcome = match (self.outcome, failed) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(error)) => Err(error.of_the_batch()),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(gone()),
        };
        let _ = self.reply.send(outcome);
    }
}

fn gone() -> StoreError {
    StoreError::Connection("the store is closed".into())
}

/// What waits to be written.
struct Queue {
    waiting: Mutex<Waiting>,
    more: Condvar,
}

struct Waiting {
    entries: VecDeque<Box<dyn Entry>>,
    /// Threads that sleep until there is more.
    idle: usize,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // nothing in here is ever left half-changed
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, entry: Box<dyn Entry>) -> Result<()> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(gone());
        }
        if waiting.entries.len() >= ROOM {
            return Err(StoreError::Busy);
        }
        waiting.entries.push_back(entry);
        if waiting.idle > 0 {
            self.more.notify_one();
        }
        Ok(())
    }

    /// Waits until something waits; `false` when nothing does and nothing will.
    fn wait(&self) -> bool {
        let mut waiting = self.lock();
        while waiting.entries.is_empty() && !waiting.closed {
            waiting.idle += 1;
            waiting = self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.idle -= 1;
        }
        !waiting.entries.is_empty()
    }

    fn take(&self, most: usize) -> Vec<Box<dyn Entry>> {
        let mut waiting = self.lock();
        let count = waiting.entries.len().min(most);
        waiting.entries.drain(..count).collect()
    }

    /// One thread's part of what waits: the others take theirs.
    fn take_share(&self, most: usize, threads: usize) -> Vec<Box<dyn Entry>> {
        let share = self.lock().entries.len().div_ceil(threads.max(1));
        self.take(most.min(share))
    }

    fn close(&self) {
        self.lock().closed = true;
        self.more.notify_all();
    }
}

/// The threads that write submissions. Dropping it writes what waits, then ends them.
pub struct Writers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Writers {
    /// Over these connections: one thread for each, or, with SQLite's `gate`, one that
    /// asks there for the only writer's place.
    pub fn start(pool: &Pool, gate: Option<&Arc<Semaphore>>, disk: &Arc<Disk>) -> std::io::Result<Self> {
        let waiting = Mutex::new(Waiting { entries: VecDeque::new(), idle: 0, closed: false });
        let mut writers = Self { queue: Arc::new(Queue { waiting, more: Condvar::new() }), threads: Vec::new() };
        for _ in 0..pool.max_size() {
            let (queue, pool) = (Arc::clone(&writers.queue), pool.clone());
            let (gate, disk) = (gate.cloned(), Arc::clone(disk));
            let meter = Meter::new("lead");
            let work = move || match &gate {
                Some(gate) => write_together(&queue, &pool, gate, &disk, &meter),
                None => write_singly(&queue, &pool, &disk, &meter),
            };
            let thread = thread::Builder::new().name("estampe-writer".into()).spawn(move || {
                // a defect of ours costs those in hand their answer, not all others theirs
                while catch_unwind(AssertUnwindSafe(&work)).is_err() {
                    tracing::error!("the writer of submissions failed and begins anew");
                }
            })?;
            writers.threads.push(thread);
        }
        Ok(writers)
    }

    /// Queues a submission; what comes of it.
    pub async fn submit<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Single<'_>) -> Result<T> + Send + 'static,
    {
        self.queue(Closure(work)).await
    }

    /// Queues a lead, which may be written together with others.
    pub async fn lead(&self, lead: PreparedLead) -> Result<()> {
        self.queue(lead).await
    }

    async fn queue<W: Work + 'static>(&self, work: W) -> Result<W::Done> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Box::new(Submission { queued: Instant::now(), work, outcome: None, reply }))?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            // the last owner of a store may have been a submission
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

/// SQLite: all that waits in one transaction, for as long as there is something.
fn write_together(queue: &Queue, pool: &Pool, gate: &Arc<Semaphore>, disk: &Disk, meter: &Meter) {
    while queue.wait() {
        let place = block_on(gate.acquire());
        // taken only now: more came while this waited for its turn
        let mut batch = queue.take(BATCH);
        let begun = meter.begin_together(batch.iter().map(|entry| entry.queued()));
        let failed = disk.judge(true, commit_together(pool, &mut batch, disk)).err();
        meter.ends(begun);
        drop(place);
        if let Some(error) = &failed {
            meter.commit_failed();
            tracing::warn!(db.error = %error, db.submissions = batch.len(), "submissions were not written");
        }
        for entry in batch {
            entry.settle(failed.as_ref());
        }
    }
}

fn commit_together(pool: &Pool, batch: &mut [Box<dyn Entry>], disk: &Disk) -> Result<()> {
    let mut conn = pool.get().map_err(|e| StoreError::Connection(e.to_string()))?;
    let open = OpenTransaction::begin(&mut conn, "BEGIN IMMEDIATE")?;
    if batch.iter_mut().all(|entry| entry.run(Single { conn: open.conn }, disk).left_a_clean_table()) {
        return open.commit();
    }
    drop(open);
    let open = OpenTransaction::begin(&mut conn, "BEGIN IMMEDIATE")?;
    for entry in batch {
        open.conn.batch_execute("SAVEPOINT submission")?;
        if !entry.run(Single { conn: open.conn }, disk).left_a_clean_table() {
            // fails when SQLite gave up the whole transaction, as it may on a full disk: so
            // does the batch
            open.conn.batch_execute("ROLLBACK TO submission").map_err(|error| disk.explain(error.into()))?;
        }
        open.conn.batch_execute("RELEASE submission")?;
    }
    open.commit()
}

/// PostgreSQL: one statement for the leads that wait, one for each other submission, every
/// one committed by itself.
fn write_singly(queue: &Queue, pool: &Pool, disk: &Disk, meter: &Meter) {
    let threads = pool.max_size() as usize;
    while queue.wait() {
        let mut batch = queue.take_share(BATCH, threads);
        let begun = meter.begin_together(batch.iter().map(|entry| entry.queued()));
        let failed = match pool.get() {
            Ok(mut conn) => {
                let decided = leads_together(&mut conn, &mut batch);
                if decided > 0 {
                    disk.has_room();
                }
                for entry in batch.iter_mut().skip(decided) {
                    match entry.run(Single { conn: &mut conn }, disk) {
                        Ran::Well => disk.has_room(),
                        // one statement: nothing of it is there
                        Ran::Untouched | Ran::Lost => {}
                        Ran::Failed => {
                            conn.doubt();
                            meter.work_failed();
                        }
                    }
                }
                None
            }
            Err(error) => {
                meter.no_connection();
                Some(StoreError::Connection(error.to_string()))
            }
        };
        meter.ends(begun);
        for entry in batch {
            entry.settle(failed.as_ref());
        }
    }
}

/// Writes the leads among them that can be written by one statement, and puts them first;
/// how many these are, with those that are not new after all. None when one of them is
/// bad: then each is tried by itself.
fn leads_together(conn: &mut Conn, batch: &mut [Box<dyn Entry>]) -> usize {
    #[cfg(feature = "postgres")]
    if let Conn::Postgres(conn) = conn {
        batch.sort_by_key(|entry| !entry.lead().is_some_and(PreparedLead::of_a_new_human));
        let leads: Vec<_> = batch.iter().map_while(|e| e.lead().filter(|lead| lead.of_a_new_human())).collect();
        let count = leads.len();
        if count < 2 {
            return 0;
        }
        let Ok(are_new) = receive_together::insert_new(conn, &leads) else { return 0 };
        for (entry, is_new) in batch.iter_mut().zip(are_new) {
            entry.was_decided(is_new);
        }
        return count;
    }
    let _ = (conn, batch);
    0
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on a thread that no runtime owns.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
