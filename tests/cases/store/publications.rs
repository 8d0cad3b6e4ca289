//! Publications of signatures: one open a source, lines sealed and chosen, what stood in a mailbox
//! kept once and for as long as it is wanted.

use std::collections::BTreeMap;

use estampe_domain::plan::Fingerprint;
use estampe_domain::plugin::SyncMode;
use estampe_domain::signature::fingerprint;
use estampe_domain::signature::publication::{
    LineContent, LineState, Publication, PublicationKind, PublicationState, code,
};
use estampe_domain::{CardId, JobId, PersonId, PublicId, PublicationId, RunId, SourceId, Ts};
use estampe_store::{CheckupPart, IdentityOf, NewRun, Store};
use estampe_tests::on_both;

use super::runs::{bare, new_source};
use super::{Bench, System};

fn publication(source: SourceId, now: Ts) -> Publication {
    Publication {
        id: PublicationId::new(now, &System),
        kind: PublicationKind::Publish,
        source,
        source_name: "Mail".into(),
        day: "2026-12-24".parse().unwrap(),
        state: PublicationState::Planning,
        resumes_in: None,
        why: None,
        ring: 0,
        refused_in_row: 0,
        not_before: None,
        counts: BTreeMap::new(),
        released: 0,
        left: 0,
        started_at: now,
        ended_at: None,
    }
}

/// Whether the word `secret` can be read in each of these.
fn readable(bench: &Bench, sql: &str) -> Vec<bool> {
    let secret = "736563726574";
    bench.ask(sql).iter().map(|octets| octets.contains(secret)).collect()
}

async fn people(store: &Store, count: usize, now: Ts) -> Vec<PersonId> {
    let people: Vec<_> = (0..count).map(|_| PersonId::new(now, &System)).collect();
    let inserted = people.clone();
    store
        .write(move |tx| {
            for person in inserted {
                tx.insert_person(person, CardId::new(now, &System), &PublicId::new(&System), &bare("One"), now)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    people
}

/// A publication about these people.
async fn begin(store: &Store, new: &Publication, people: &[PersonId]) -> estampe_store::Result<()> {
    let (new, job) = (new.clone(), JobId::new(new.started_at, &System));
    let content = |mailbox: String| LineContent { mailbox, ..LineContent::default() };
    let lines: Vec<_> =
        people.iter().enumerate().map(|(at, person)| (*person, content(format!("secret-{at}@a.example")))).collect();
    store.write(move |tx| tx.insert_publication(&new, job, &lines)).await
}

on_both! {
    async fn lines_wait_are_chosen_written_and_counted(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let source = new_source(&store, "Mail", now).await;
        let people = people(&store, 4, now).await;
        let new = publication(source, now);
        let id = new.id;
        begin(&store, &new, &people).await.unwrap();
        let second = begin(&store, &publication(source, now), &people).await;
        assert!(second.is_err_and(|error| error.is_conflict()), "one open publication a source");
        let stored = store.read(move |tx| tx.publication(id)).await.unwrap().unwrap();
        assert_eq!(stored, Publication { counts: BTreeMap::from([(LineState::Waiting, 4)]), ..new.clone() });
        assert_eq!(store.read(move |tx| tx.open_publication(source)).await.unwrap(), Some(id));

        // planned, all but one that has to wait for its time
        let soon = now.plus_seconds(60);
        for _ in 0..3 {
            let mut line = store.read(move |tx| tx.next_to_plan(id, now)).await.unwrap().unwrap();
            assert_eq!(line.content.mailbox, format!("secret-{}@a.example", line.seq));
            line.content.wanted = Some("<p>ours</p>".into());
            line.state = LineState::Planned;
            store.write(move |tx| tx.set_publication_line(id, &line, None)).await.unwrap();
        }
        let mut last = store.read(move |tx| tx.next_to_plan(id, now)).await.unwrap().unwrap();
        (last.tries, last.code) = (1, Some("unavailable".into()));
        let waits = last.clone();
        store.write(move |tx| tx.set_publication_line(id, &waits, Some(soon))).await.unwrap();
        assert_eq!(store.read(move |tx| tx.next_to_plan(id, now)).await.unwrap(), None);
        assert_eq!(store.read(move |tx| tx.next_line_at(id, true)).await.unwrap(), Some(soon));
        assert_eq!(store.read(move |tx| tx.next_to_plan(id, soon)).await.unwrap().as_ref(), Some(&last));

        // nothing is written that was not chosen
        assert_eq!(store.read(move |tx| tx.next_to_write(id, now)).await.unwrap(), None);
        assert_eq!(store.write(move |tx| tx.choose_lines(id, &[], Some(1))).await.unwrap(), 1);
        let third = people[2];
        assert_eq!(store.write(move |tx| tx.choose_lines(id, &[third], None)).await.unwrap(), 1);
        assert_eq!(store.write(move |tx| tx.choose_lines(id, &[third], None)).await.unwrap(), 0, "once");
        let mut first = store.read(move |tx| tx.next_to_write(id, now)).await.unwrap().unwrap();
        assert_eq!((first.seq, first.content.wanted.as_deref()), (0, Some("<p>ours</p>")));
        (first.state, first.code) = (LineState::Failed, Some("auth".into()));
        store.write(move |tx| tx.set_publication_line(id, &first, None)).await.unwrap();
        // what a killed process may have written comes first
        let mut other = store.read(move |tx| tx.next_to_write(id, now)).await.unwrap().unwrap();
        assert_eq!(other.seq, 2);
        other.state = LineState::Applying;
        store.write(move |tx| tx.set_publication_line(id, &other, None)).await.unwrap();
        assert_eq!(store.write(move |tx| tx.renew_failed(id, &["denied"], false)).await.unwrap(), 0);
        assert_eq!(store.write(move |tx| tx.renew_failed(id, &["auth"], true)).await.unwrap(), 0, "it was planned");
        assert_eq!(store.write(move |tx| tx.renew_failed(id, &["auth"], false)).await.unwrap(), 1);
        assert_eq!(store.read(move |tx| tx.next_to_write(id, now)).await.unwrap().unwrap().seq, 2);
        let counts = store.read(move |tx| tx.publication(id)).await.unwrap().unwrap().counts;
        assert_eq!(counts, [(LineState::Waiting, 1), (LineState::Planned, 2), (LineState::Applying, 1)].into());
        let planned = store.read(move |tx| tx.publication_lines(id, Some(LineState::Planned), 1, 10)).await.unwrap();
        assert_eq!(planned.iter().map(|line| line.seq).collect::<Vec<_>>(), [1]);

        // nobody reads an address in the database
        assert_eq!(readable(&bench, "SELECT sealed FROM signature_publication_line"), [false; 4]);

        let ended = Publication {
            state: PublicationState::Stopped,
            why: Some("asked".into()),
            ring: 2,
            refused_in_row: 3,
            not_before: Some(soon),
            ended_at: Some(now),
            counts,
            released: 2,
            left: 2,
            ..new
        };
        let written = ended.clone();
        store.write(move |tx| tx.set_publication(&written)).await.unwrap();
        assert_eq!(store.read(move |tx| tx.publication(id)).await.unwrap().unwrap(), ended);
        assert_eq!(store.read(move |tx| tx.open_publication(source)).await.unwrap(), None);
        begin(&store, &publication(source, soon), &people).await.unwrap();
        assert_eq!(store.write(move |tx| tx.forget_publications(None, now, soon)).await.unwrap(), 0, "not old yet");
        assert_eq!(store.write(move |tx| tx.forget_publications(None, soon, soon)).await.unwrap(), 1);
        assert_eq!(store.read(|tx| tx.publications(10)).await.unwrap().len(), 1, "one that is open is never old");
        assert_eq!(bench.ask("SELECT count(*) FROM data_key WHERE wrapped IS NULL"), ["1"]);
    }
}

on_both! {
    async fn what_stood_in_a_mailbox_is_kept_once_and_forgotten_with_its_key(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let (source, other) = (new_source(&store, "Mail", now).await, new_source(&store, "Other", now).await);
        let people = people(&store, 3, now).await;
        let keep = async |source, person, address: &'static str, before: &'static str| {
            let sent = fingerprint("<p>ours</p>");
            store.write(move |tx| tx.back_up_mailbox(source, person, (address, address), before, &sent, now)).await.unwrap()
        };
        let kept = async |source| {
            store.read(move |tx| tx.mailbox_backup(source, "zoe@a.example")).await.unwrap().map(|kept| (kept.before, kept.written.is_some(), kept.tried.is_some()))
        };
        // a push that never was answered: what stands there the next time is somebody's own
        assert!(keep(source, people[0], "Zoe@a.example", "<b>secret first</b>").await);
        assert!(keep(source, people[0], "Zoe@a.example", "<b>secret é</b>\r\n").await, "nothing got there yet");
        assert_eq!(kept(source).await, Some(("<b>secret é</b>\r\n".into(), false, true)));
        // unless it is what was sent
        assert!(!keep(source, people[0], "zoe@A.example", "<P>ours</P>").await, "what was there first is kept");
        assert_eq!(kept(source).await, Some(("<b>secret é</b>\r\n".into(), true, true)));
        assert!(!keep(source, people[0], "zoe@A.example", "<p>another</p>").await, "what was there first is kept");
        // refused: what was written stays written, and of what never was nothing is kept
        let refuse = async |source| store.write(move |tx| tx.mailbox_refused(source, "zoe@a.example", now)).await.unwrap();
        refuse(source).await;
        assert_eq!(kept(source).await, Some(("<b>secret é</b>\r\n".into(), true, false)));
        assert!(keep(other, people[0], "zoe@a.example", "").await);
        refuse(other).await;
        assert_eq!(kept(other).await, None);
        assert!(keep(other, people[0], "zoe@a.example", "").await);
        assert!(keep(source, people[1], "max@a.example", "max").await);
        let backup = store.read(move |tx| tx.mailbox_backup(source, "zoe@a.example")).await.unwrap().unwrap();
        assert_eq!((backup.before.as_str(), backup.address.as_str()), ("<b>secret é</b>\r\n", "Zoe@a.example"));
        assert!(backup.is_ours("<P>ours</P>") && !backup.is_ours("<p>another</p>"));
        store.write(move |tx| tx.set_mailbox_tried(source, "zoe@a.example", "def")).await.unwrap();
        store.write(move |tx| tx.set_mailbox_written(source, "ZOE@a.example", "abc")).await.unwrap();
        let backup = store.read(move |tx| tx.mailbox_backup(source, "zoe@a.example")).await.unwrap().unwrap();
        assert_eq!((backup.written.as_deref(), backup.tried), (Some("abc"), None));
        let of_one = people[..1].to_vec();
        let kept = store.read(move |tx| tx.kept_mailboxes(source, &of_one)).await.unwrap();
        assert_eq!((kept.len(), kept[0].person, kept[0].address.as_str()), (1, people[0], "Zoe@a.example"));
        assert_eq!(store.read(move |tx| tx.kept_mailboxes(source, &[])).await.unwrap().len(), 2);
        assert_eq!(readable(&bench, "SELECT sealed FROM signature_mailbox"), [false; 3]);

        // the doctor opens them, and notices one that does not
        let page = store.read(|tx| tx.checkup(CheckupPart::Mailboxes, None)).await.unwrap();
        assert_eq!((page.checked, page.damaged.len()), (3, 0));
        bench.ask(
            "UPDATE signature_mailbox SET sealed = (SELECT sealed FROM signature_mailbox ORDER BY data_key_id LIMIT 1) \
             WHERE data_key_id = (SELECT max(data_key_id) FROM signature_mailbox)",
        );
        let page = store.read(|tx| tx.checkup(CheckupPart::Mailboxes, None)).await.unwrap();
        assert_eq!((page.checked, page.damaged.len()), (3, 1));

        // of somebody erased nothing is kept
        let erased = people[0];
        store.write(move |tx| tx.erase_person(erased, now)).await.unwrap();
        assert_eq!(bench.ask("SELECT count(*) FROM signature_mailbox"), ["1"]);
        assert_eq!(bench.ask("SELECT count(*) FROM data_key WHERE wrapped IS NULL"), ["3"]);
        store.write(move |tx| tx.forget_mailbox(source, "MAX@a.example", now)).await.unwrap();
        assert_eq!(store.read(move |tx| tx.mailbox_count(source)).await.unwrap(), 0);
        assert_eq!(bench.ask("SELECT count(*) FROM data_key WHERE wrapped IS NULL"), ["4"]);
    }
}

on_both! {
    async fn a_source_has_the_mailboxes_of_whom_it_counts(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let (source, other) = (new_source(&store, "Mail", now).await, new_source(&store, "Other", now).await);
        let people = people(&store, 4, now).await;
        let (known, gone, run) = ([people[0], people[1], people[2]], people[2], RunId::new(now, &System));
        store
            .write(move |tx| {
                tx.insert_run(&NewRun { id: run, source, plan_only: false, mode: SyncMode::Full, at: now })?;
                for person in known {
                    let (external, fingerprint) = (person.to_string(), Fingerprint::from_stored("f".into()));
                    let external_id = external.as_str();
                    let identity = IdentityOf { source, external_id, fingerprint: &fingerprint, photo: None, run };
                    tx.insert_identity(&identity, person)?;
                }
                tx.deactivate_identity(source, &known[1].to_string())?;
                tx.disable_person(gone, now)
            })
            .await
            .unwrap();
        assert_eq!(store.read(move |tx| tx.active_people_of(source)).await.unwrap(), [people[0]]);
        assert!(store.read(move |tx| tx.active_people_of(other)).await.unwrap().is_empty());
    }
}

on_both! {
    async fn with_its_source_everything_of_a_publication_goes(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let source = new_source(&store, "Mail", now).await;
        let people = people(&store, 2, now).await;
        let person = people[0];
        begin(&store, &publication(source, now), &people).await.unwrap();
        store
            .write(move |tx| tx.back_up_mailbox(source, person, ("a@a.example", "a@a.example"), "before", "sent", now))
            .await
            .unwrap();
        while store.write(move |tx| tx.forget_runs(source, now)).await.unwrap() > 0 {}
        store.write(move |tx| tx.end_source(source, now)).await.unwrap();
        for table in ["signature_publication", "signature_publication_line", "signature_mailbox", "source"] {
            assert_eq!(bench.ask(&format!("SELECT count(*) FROM {table}")), ["0"], "{table}");
        }
        assert_eq!(bench.ask("SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL"), ["0"]);
    }
}

on_both! {
    async fn two_who_meet_at_one_address_both_fail(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let source = new_source(&store, "Mail", now).await;
        let people = people(&store, 3, now).await;
        let new = publication(source, now);
        let id = new.id;
        begin(&store, &new, &people).await.unwrap();
        let plan = async |seq: u64, address: &'static str| {
            let (of, at) = (new.clone(), seq);
            let meets = store.write(move |tx| tx.meets_another(&of, at, address)).await.unwrap();
            let mut line = store.read(move |tx| tx.publication_lines(id, None, seq, 1)).await.unwrap().remove(0);
            line.state = if meets { LineState::Failed } else { LineState::Planned };
            store.write(move |tx| tx.set_publication_line(id, &line, None)).await.unwrap();
            meets
        };
        assert!(!plan(0, "zoe@a.example").await);
        assert!(!plan(1, "max@a.example").await);
        assert!(!plan(1, "max@a.example").await, "nobody meets themselves");
        assert!(plan(2, "ZOE@a.example").await);
        let lines = store.read(move |tx| tx.publication_lines(id, None, 0, 10)).await.unwrap();
        let states: Vec<_> = lines.iter().map(|line| (line.state, line.code.as_deref())).collect();
        let failed = (LineState::Failed, Some(code::SHARED));
        assert_eq!(states, [failed, (LineState::Planned, None), (LineState::Failed, None)]);
    }
}

on_both! {
    async fn a_large_publication_is_forgotten_by_and_by(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let source = new_source(&store, "Mail", now).await;
        let one = people(&store, 1, now).await[0];
        begin(&store, &publication(source, now), &vec![one; 5001]).await.unwrap();
        let left = || bench.ask("SELECT count(*) FROM signature_publication_line")[0].clone();
        for (forgotten, lines) in [(1, "1"), (1, "0"), (0, "0")] {
            let count = store.write(move |tx| tx.forget_publications(Some(source), now, now)).await.unwrap();
            assert_eq!((count, left().as_str()), (forgotten, lines));
        }
        assert_eq!(bench.ask("SELECT count(*) FROM signature_publication"), ["0"]);
    }
}
