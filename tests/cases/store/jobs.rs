//! Durable work: leased once, tried again, given up visibly.

use estampe_domain::{JobId, LeadId, RequestId};
use estampe_store::{Job, JobState, Lease, NewJob, Queue};
use estampe_tests::on_both;

use super::{Bench, System};

on_both! {
    async fn a_job_is_leased_once_retried_given_up_and_revived(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let id = JobId::new(now, &System);
        let job = Job::LeadNotice(LeadId::new(now, &System));
        let (queued, request) = (job.clone(), RequestId::new(now, &System));
        store.write(move |tx| tx.enqueue(&NewJob { id, job: queued, request, run_at: now.plus_seconds(60) })).await.unwrap();
        let lease_of = move |attempt| Lease { job: id, attempt };
        let due = async |at| store.read(move |tx| tx.due_jobs(Queue::Mail, at, 10)).await.unwrap();
        let lease = async |at| store.write(move |tx| tx.lease_job(id, at, at.plus_seconds(120))).await.unwrap();
        assert!(due(now).await.is_empty(), "not before its time");
        let later = now.plus_seconds(61);
        assert_eq!(due(later).await, [id]);
        let leased = lease(later).await.expect("the first worker has it");
        assert_eq!((leased.job, leased.attempts), (job, 1));
        assert!(lease(later).await.is_none(), "the second does not");
        // the worker died: its lease runs out
        let orphaned = later.plus_seconds(121);
        assert_eq!(due(orphaned).await, [id]);
        assert_eq!(lease(orphaned).await.unwrap().attempts, 2);
        // and wakes up again: what it says changes nothing any more
        assert!(!store.write(move |tx| tx.extend_lease(lease_of(1), orphaned)).await.unwrap());
        store.write(move |tx| tx.finish_job(lease_of(1), orphaned)).await.unwrap();
        store.write(move |tx| tx.retry_job(lease_of(2), orphaned.plus_seconds(30), "SMTP answer 451")).await.unwrap();
        assert!(due(orphaned).await.is_empty());
        let again = orphaned.plus_seconds(31);
        assert_eq!(lease(again).await.unwrap().attempts, 3);
        store.write(move |tx| tx.kill_job(lease_of(3), again, "SMTP answer 550")).await.unwrap();
        let dead = store.read(|tx| tx.mails(JobState::Dead, 10)).await.unwrap();
        assert_eq!(dead[0].last_error.as_deref(), Some("SMTP answer 550"));
        assert!(due(again.plus_seconds(1_000_000)).await.is_empty());
        assert!(store.write(move |tx| tx.revive_job(id, again)).await.unwrap());
        assert!(!store.write(move |tx| tx.revive_job(id, again)).await.unwrap(), "only once");
        assert_eq!(lease(again).await.unwrap().attempts, 1);
        assert_eq!(store.write(|tx| tx.release_jobs()).await.unwrap(), 1);
        assert_eq!(due(again).await, [id]);
        lease(again).await.unwrap();
        store.write(move |tx| tx.finish_job(lease_of(2), again)).await.unwrap();
        assert!(!store.write(move |tx| tx.extend_lease(lease_of(2), again)).await.unwrap(), "a done job has no worker");
        bench.clock.pass(1);
    }
}
