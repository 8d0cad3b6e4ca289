//! Group commit: what is acknowledged is there, whatever happens to the others of its
//! transaction.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use estampe_domain::{CardId, Error, ErrorKind, LeadId, Ts};
use estampe_store::{PreparedLead, Store, StoreError};
use estampe_tests::{Database, SmallDisk, on_both, until};
use tokio::task::JoinSet;

use super::leads::{Holder, details, leave, person, prepare};
use super::{Bench, System};

/// Takes SQLite's only writing place until the sender is dropped: what is submitted
/// meanwhile is written together.
async fn hold(store: &Store) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let store = store.clone();
    tokio::spawn(async move {
        let hold = move |_: &mut estampe_store::Tx<'_>| {
            let _ = ready.send(());
            let _ = released.recv();
            Ok(())
        };
        store.write(hold).await
    });
    is_ready.await.unwrap();
    release
}

/// Queues it, and goes away.
fn begin(submission: impl Future<Output = estampe_store::Result<()>>) {
    let mut submission = pin!(submission);
    // the writer may have been that quick
    if let Poll::Ready(done) = submission.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        done.unwrap();
    }
}

async fn submit(store: &Store, lead: PreparedLead) -> estampe_store::Result<()> {
    store.receive_lead(lead).await
}

async fn count(store: &Store) -> u64 {
    store.read(|tx| tx.lead_count(Ts::from_micros(0))).await.unwrap()
}

async fn is_whole(store: &Store, lead: LeadId) -> bool {
    let found = store
        .read(move |tx| {
            Ok((
                tx.lead(lead)?.is_some(),
                tx.consents(lead)?.len(),
                tx.jobs_of(&lead.to_string())?.len(),
                tx.audit_count("lead.receive", &lead.to_string())?,
            ))
        })
        .await
        .unwrap();
    match found {
        (true, 2, 2, 1) => true,
        (false, 0, 0, 0) => false,
        half => panic!("half-written: {half:?}"),
    }
}

on_both! {
    async fn a_bad_submission_spoils_only_itself(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé", "Directrice").await;
        let nowhere = Holder { card: CardId::new(now, &System), ..holder };
        let mut good = Vec::new();
        let mut tasks = JoinSet::new();
        let release = if database == Database::Sqlite { Some(hold(&store).await) } else { None };
        for n in 0..40 {
            let key = if n % 5 == 4 { "the-same-key-again".to_owned() } else { format!("key-number-{n:06}") };
            // the database refuses these when half of it is written
            let at = if n % 10 == 3 { &nowhere } else { &holder };
            let (id, lead) = prepare(&store, now, at, &key, details(&format!("v{n}@x.example"), "1")).await.unwrap();
            good.push((n, id));
            let store = store.clone();
            tasks.spawn(async move {
                if n % 5 == 2 {
                    let done: Result<(), _> = store.submit(|_| panic!("in a submission")).await;
                    assert!(matches!(done, Err(StoreError::Connection(_))), "its own: {done:?}");
                }
                (n, submit(&store, lead).await)
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(release);
        let done = tasks.join_all().await;
        let refused: Vec<_> = done.iter().filter_map(|(n, r)| r.as_ref().err().map(|e| (n, e))).collect();
        let (lost, twice): (Vec<_>, Vec<_>) = refused.iter().partition(|(n, _)| *n % 10 == 3);
        assert_eq!(lost.len(), 4, "{refused:?}");
        assert!(lost.iter().all(|(_, e)| !e.is_conflict()), "{refused:?}");
        assert_eq!(twice.len(), 7, "of eight with the same key one is taken: {refused:?}");
        assert!(twice.iter().all(|(n, e)| *n % 5 == 4 && e.is_conflict()), "{refused:?}");
        for (n, id) in good {
            let acknowledged = done.iter().any(|(m, r)| *m == n && r.is_ok());
            assert_eq!(is_whole(&store, id).await, acknowledged, "{n}");
        }
        assert_eq!(count(&store).await, 29);
    }

    async fn known_humans_among_new_ones_hold_nobody_up(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé", "Directrice").await;
        let mut leads = Vec::new();
        for n in 0..30 {
            let address = format!("v{n}@x.example");
            leads.push((n, prepare(&store, now, &holder, &format!("key-number-{n:06}"), details(&address, "1")).await.unwrap()));
        }
        // every third was here before, which those that prepared could not know
        for n in (0..30).step_by(3) {
            leave(&store, now, &holder, &format!("key-before-{n:06}"), details(&format!("V{n}@X.example"), "0")).await.unwrap();
        }
        let mut tasks = JoinSet::new();
        for (n, (_, lead)) in leads {
            let store = store.clone();
            tasks.spawn(async move { (n, submit(&store, lead).await) });
        }
        for (n, done) in tasks.join_all().await {
            match done {
                Ok(()) => assert_ne!(n % 3, 0, "{n}"),
                Err(error) => assert!(n % 3 == 0 && error.is_conflict(), "{n}: {error}"),
            }
        }
        assert_eq!(count(&store).await, 30);
    }

    async fn nobody_is_acknowledged_when_the_commit_fails(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé", "Directrice").await;
        // a rule that only the commit looks at
        bench.ask("CREATE TABLE nowhere (id TEXT NOT NULL PRIMARY KEY)");
        bench.ask("CREATE TABLE trap (id TEXT NOT NULL REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED)");
        match database {
            Database::Sqlite => {
                bench.ask("CREATE TRIGGER trapped AFTER INSERT ON lead BEGIN INSERT INTO trap VALUES ('x'); END");
            }
            Database::Postgres => {
                bench.ask(
                    "CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS \
                     'BEGIN INSERT INTO trap VALUES (''x''); RETURN NULL; END'",
                );
                bench.ask(
                    "CREATE TRIGGER trapped AFTER INSERT ON lead FOR EACH ROW EXECUTE FUNCTION spring()",
                );
            }
        }
        let mut tasks = JoinSet::new();
        let release = if database == Database::Sqlite { Some(hold(&store).await) } else { None };
        let mut ids = Vec::new();
        for n in 0..20 {
            let (id, lead) =
                prepare(&store, now, &holder, &format!("key-number-{n:06}"), details(&format!("v{n}@x.example"), "1")).await.unwrap();
            ids.push(id);
            let store = store.clone();
            tasks.spawn(async move { submit(&store, lead).await });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(release);
        let done = tasks.join_all().await;
        assert!(done.iter().all(|r| r.is_err()), "{done:?}");
        for id in &ids {
            assert!(!is_whole(&store, *id).await);
        }
        bench.ask(if database == Database::Sqlite { "DROP TRIGGER trapped" } else { "DROP TRIGGER trapped ON lead" });
        let id = leave(&store, now, &holder, "key-number-000000", details("v0@x.example", "1")).await.unwrap();
        assert!(is_whole(&store, id).await, "and the writer goes on");
    }

    async fn what_is_queued_is_written_though_its_caller_is_gone_and_the_store_closes(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé", "Directrice").await;
        // its words are on disk from then on
        leave(&store, now, &holder, "key-of-the-first", details("first@x.example", "1")).await.unwrap();
        let mut ids = Vec::new();
        let mut leads = Vec::new();
        for n in 0..30 {
            let (id, lead) =
                prepare(&store, now, &holder, &format!("key-number-{n:06}"), details(&format!("v{n}@x.example"), "1")).await.unwrap();
            ids.push(id);
            leads.push(lead);
        }
        for lead in leads {
            begin(submit(&store, lead));
        }
        drop(store);
        let store = bench.open();
        for id in ids {
            assert!(is_whole(&store, id).await);
        }
    }

    async fn floods_of_submissions_and_other_work_do_not_keep_each_other_out(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé", "Directrice").await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut flood = JoinSet::new();
        for task in 0..24 {
            let (store, holder, stopped) = (store.clone(), holder, stopped.clone());
            flood.spawn(async move {
                let mut done = 0;
                while !*stopped.borrow() {
                    if task % 2 == 0 {
                        let key = format!("flood-{task:04}-{done:06}");
                        leave(&store, now, &holder, &key, details(&format!("f{task}.{done}@x.example"), "1")).await.unwrap();
                    } else {
                        let key = format!("flood {task}");
                        store.write(move |tx| tx.set_setting(&key, "v", now)).await.unwrap();
                    }
                    done += 1;
                }
                (task % 2 == 0, done)
            });
        }
        for n in 0..10 {
            let turn = async {
                store.write(move |tx| tx.set_setting("turn", &n.to_string(), now)).await.unwrap();
                leave(&store, now, &holder, &format!("turn-number-{n:06}"), details(&format!("t{n}@x.example"), "1")).await.unwrap();
            };
            tokio::time::timeout(Duration::from_secs(20), turn).await.expect("a turn comes");
        }
        stop.send(true).unwrap();
        for (submissions, done) in flood.join_all().await {
            assert!(done > 0, "kept out: {submissions}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_first_is_written_first_and_too_much_is_refused_at_once() {
    let bench = Bench::new(Database::Sqlite);
    let store = bench.open();
    let now = bench.context().now;
    let holder = person(&store, now, "Zoé", "Directrice").await;
    // its words are on disk from then on
    leave(&store, now, &holder, "key-of-the-first", details("first@x.example", "1")).await.unwrap();
    let release = hold(&store).await;
    let (first, lead) = prepare(&store, now, &holder, "one-key-for-both", details("a@x.example", "1")).await.unwrap();
    let (second, late) = prepare(&store, now, &holder, "one-key-for-both", details("b@x.example", "2")).await.unwrap();
    begin(submit(&store, lead));
    begin(submit(&store, late));
    let refused = loop {
        let one_more = store.submit(|_| Ok(()));
        let mut one_more = pin!(one_more);
        if let Poll::Ready(answer) = one_more.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            break answer.unwrap_err();
        }
    };
    assert!(matches!(refused, StoreError::Busy));
    assert_eq!(Error::from(refused).kind(), ErrorKind::Unavailable);
    drop(release);
    until("room again", 30, async || store.submit(|_| Ok(())).await.ok()).await;
    assert!(is_whole(&store, first).await && !is_whole(&store, second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_tablespace_is_told_and_is_over_once_there_is_room() {
    let folder = std::env::temp_dir().join(format!("estampe-tablespace-{}", std::process::id()));
    let Some(disk) = SmallDisk::mount(&folder, 40) else { return };
    let space = folder.join("space");
    std::fs::create_dir(&space).unwrap();
    assert!(std::process::Command::new("chown").arg("postgres:").arg(&space).status().unwrap().success());
    let bench = Bench::new(Database::Postgres);
    let name = format!("small_{}", std::process::id());
    bench.ask(&format!("CREATE TABLESPACE {name} LOCATION '{}'", space.display()));
    let store = bench.open();
    let now = bench.context().now;
    let holder = person(&store, now, "Zoé", "Directrice").await;
    for table in ["lead", "consent", "setting"] {
        bench.ask(&format!("ALTER TABLE {table} SET TABLESPACE {name}"));
    }
    leave(&store, now, &holder, "key-before-it-was", details("a@x.example", "1")).await.unwrap();
    store.ready().await.unwrap();
    disk.fill();
    let mut taken = 1;
    let refused = loop {
        let (key, email) = (format!("key-number-{taken:06}"), format!("v{taken}@x.example"));
        let left = leave(&store, now, &holder, &key, details(&email, &"m".repeat(900)));
        match left.await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full(_)), "{refused:?}");
    assert_eq!(Error::from(refused).kind(), ErrorKind::StorageFull);
    assert_eq!(count(&store).await, taken, "reads go on, and nothing is half there");
    disk.empty();
    leave(&store, now, &holder, "key-after-it-was-full", details("z@x.example", "1")).await.unwrap();
    store.ready().await.unwrap();
    drop(store);
    for table in ["lead", "consent", "setting"] {
        bench.ask(&format!("ALTER TABLE {table} SET TABLESPACE pg_default"));
    }
    bench.ask(&format!("DROP TABLESPACE {name}"));
}
