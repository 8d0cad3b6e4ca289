//! Signatures into mailboxes and fields into directories, with a provider that a test holds in its
//! hands: rings, kills at any point, waits, refusals, restore to the octet.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod trouble;
mod world;
mod write_back;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::signature::is_same;
use estampe_domain::signature::publication::{LineState, PublicationKind, PublicationState, code};
use estampe_domain::{Error, PublicationId};
use estampe_service::{NewPublication, Ring, Whom};

use world::{Answer, Op, World, before, mailbox, ours};

fn first(count: u64) -> Ring {
    Ring { first: Some(count), ..Ring::default() }
}

/// Codes of the lines in a state.
async fn codes(world: &World, id: PublicationId, state: LineState) -> Vec<Option<String>> {
    let lines = world.service.publication_lines(&world.operator(), id, Some(state), (0, 100)).await.unwrap();
    lines.into_iter().map(|(line, _)| line.code).collect()
}

async fn apply(world: &World, id: PublicationId, ring: Ring) -> u32 {
    world.service.apply_publication(&world.operator(), id, ring).await.unwrap();
    world.work().await
}

async fn published(world: &World) -> PublicationId {
    let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.work().await;
    apply(world, id, Ring::default()).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_applied_in_rings_and_brought_back_to_the_octet() {
    let world = World::new(6).await;
    world.provider.set(&mailbox(5), "<P>Person 5, Banque</P>");
    let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.work().await;
    let plan = world.publication(id).await;
    assert_eq!(
        (plan.state, plan.count(LineState::Planned), plan.count(LineState::Unchanged)),
        (PublicationState::Planned, 5, 1)
    );
    assert_eq!(world.provider.all_pushes(), 0);
    let lines = world.service.publication_lines(&world.operator(), id, None, (0, 10)).await.unwrap();
    assert_eq!(lines[0].1, "Person 0");
    assert_eq!(lines[0].0.content.found.as_deref(), Some(before(0).as_str()));
    assert_eq!(lines[0].0.content.wanted.as_deref(), Some(ours(0).as_str()));
    // another plan has to wait for this one
    assert!(matches!(world.begin(PublicationKind::Drift, &[]).await, Err(Error::Conflict(_))));

    apply(&world, id, first(2)).await;
    let ring = world.publication(id).await;
    assert_eq!((ring.state, ring.ring, ring.count(LineState::Done)), (PublicationState::Planned, 1, 2));
    assert_eq!(world.provider.all_pushes(), 2);
    let named = Ring { people: vec![world.people[4]], ..Ring::default() };
    apply(&world, id, named.clone()).await;
    assert_eq!((world.provider.pushes(&mailbox(4)), world.provider.all_pushes()), (1, 3));
    assert!(matches!(world.service.apply_publication(&world.operator(), id, named).await, Err(Error::Conflict(_))));
    apply(&world, id, Ring::default()).await;
    let done = world.publication(id).await;
    assert_eq!((done.state, done.count(LineState::Done), done.ended_at.is_some()), (PublicationState::Done, 5, true));
    for number in 0..6 {
        assert!(is_same(&world.provider.of(&mailbox(number)), &ours(number)));
        assert_eq!(world.provider.pushes(&mailbox(number)), usize::from(number != 5));
    }

    // what somebody changed since is found
    world.provider.set(&mailbox(1), "<p>mine</p>");
    world.provider.set(&mailbox(2), &format!("<div>{}</div>", ours(2)));
    let drift = world.begin(PublicationKind::Drift, &[]).await.unwrap();
    world.work().await;
    let drift = world.publication(drift).await;
    assert_eq!(
        (drift.state, drift.count(LineState::Drifted), drift.count(LineState::Unchanged)),
        (PublicationState::Done, 1, 4)
    );

    // a second publication does not take our own signature for what was there before
    let again = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.work().await;
    assert_eq!(world.publication(again).await.count(LineState::Planned), 1);
    apply(&world, again, Ring::default()).await;

    let one = world.begin(PublicationKind::Restore, &world.people[..1]).await.unwrap();
    world.work().await;
    apply(&world, one, Ring::default()).await;
    assert_eq!(world.provider.of(&mailbox(0)), before(0));
    assert!(is_same(&world.provider.of(&mailbox(1)), &ours(1)), "nobody else's");
    let all = world.begin(PublicationKind::Restore, &[]).await.unwrap();
    world.work().await;
    assert_eq!(world.publication(all).await.count(LineState::Planned), 4);
    apply(&world, all, Ring::default()).await;
    for number in 0..5 {
        assert_eq!(world.provider.of(&mailbox(number)), before(number));
    }
    let nothing = world.begin(PublicationKind::Restore, &[]).await;
    assert!(matches!(nothing, Err(Error::Conflict(_))), "what is there again is kept no more");
}

/// Killed at each request in turn, before and after it had its effect: every mailbox ends right,
/// none is written twice, and what stood there before comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_goes_on_and_writes_nobody_twice() {
    let people = 2;
    // of each mailbox: a read for the plan, a read and a push, a read for the drift, and for the
    // restore what there was for the plan
    for at in 0..people * 7 {
        for after in [false, true] {
            let world = World::new(people).await;
            let kill = move |_: Op, _: &str, number: usize| {
                if number == at { Answer::Killed { after } } else { Answer::Well }
            };
            world.provider.in_mood(kill);
            let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
            let mut kills = world.work().await;
            kills += apply(&world, id, Ring::default()).await;
            assert_eq!(world.publication(id).await.count(LineState::Done), people as u64, "killed at {at}, {after}");
            for number in 0..people {
                assert!(is_same(&world.provider.of(&mailbox(number)), &ours(number)));
                assert_eq!(world.provider.pushes(&mailbox(number)), 1, "killed at {at}, {after}");
            }
            let drift = world.begin(PublicationKind::Drift, &[]).await.unwrap();
            kills += world.work().await;
            assert_eq!(world.publication(drift).await.count(LineState::Unchanged), people as u64, "killed at {at}");
            let back = world.begin(PublicationKind::Restore, &[]).await.unwrap();
            kills += world.work().await;
            kills += apply(&world, back, Ring::default()).await;
            for number in 0..people {
                assert_eq!(world.provider.of(&mailbox(number)), before(number), "killed at {at}, {after}");
                assert_eq!(world.provider.pushes(&mailbox(number)), 2, "killed at {at}, {after}");
            }
            assert_eq!(kills, 1, "killed at {at}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_are_kept_and_what_is_away_is_tried_again() {
    let world = World::new(8).await;
    // every third request is refused for half a minute, every fifth finds nobody
    world.provider.in_mood(|_, _, number| {
        if number % 3 == 1 {
            Answer::Fail(PluginFailure::new(FailKind::RateLimited, "slower").after(Some(30_500)))
        } else if number % 5 == 1 {
            Answer::Fail(PluginFailure::new(FailKind::Unavailable, "away"))
        } else {
            Answer::Well
        }
    });
    let id = published(&world).await;
    let done = world.publication(id).await;
    assert_eq!((done.state, done.count(LineState::Done)), (PublicationState::Done, 8));
    assert_eq!(*world.provider.ignored.lock().unwrap(), 0, "nobody asks before the time that was told");
    for number in 0..8 {
        assert_eq!(world.provider.pushes(&mailbox(number)), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_refuses_fails_and_all_that_refuse_make_it_wait() {
    let world = World::new(9).await;
    let refused = mailbox(3);
    world.provider.in_mood(move |_, mailbox, _| {
        if mailbox == refused { Answer::Fail(PluginFailure::new(FailKind::Denied, "no")) } else { Answer::Well }
    });
    let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.work().await;
    let plan = world.publication(id).await;
    assert_eq!((plan.count(LineState::Planned), plan.count(LineState::Failed)), (8, 1));
    assert_eq!(codes(&world, id, LineState::Failed).await, [Some("denied".to_owned())]);

    world.provider.in_mood(|op, _, _| match op {
        Op::Push => Answer::Fail(PluginFailure::new(FailKind::Auth, "revoked")),
        Op::Read => Answer::Well,
    });
    apply(&world, id, Ring::default()).await;
    let paused = world.publication(id).await;
    assert_eq!((paused.state, paused.why.as_deref()), (PublicationState::Paused, Some("auth")));
    assert_eq!(
        (paused.count(LineState::Failed), paused.count(LineState::Planned)),
        (6, 3),
        "five of them, and no more"
    );
    // mended: those that failed by it are tried again
    world.provider.in_mood(|_, _, _| Answer::Well);
    world.service.resume_publication(&world.operator(), id).await.unwrap();
    world.work().await;
    let done = world.publication(id).await;
    assert_eq!(
        (done.state, done.count(LineState::Done), done.count(LineState::Failed)),
        (PublicationState::Done, 8, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_since_the_plan_is_left_and_what_is_mangled_is_said() {
    let world = World::new(3).await;
    let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.work().await;
    world.provider.set(&mailbox(0), "<p>mine, since this morning</p>");
    let mangled = mailbox(1);
    world.provider.in_mood(
        move |op, mailbox, _| {
            if op == Op::Push && mailbox == mangled { Answer::Mangle } else { Answer::Well }
        },
    );
    apply(&world, id, Ring::default()).await;
    assert_eq!(world.provider.of(&mailbox(0)), "<p>mine, since this morning</p>");
    assert_eq!(codes(&world, id, LineState::Skipped).await, [Some(code::CHANGED.to_owned())]);
    assert_eq!(codes(&world, id, LineState::Done).await, [Some(code::REWRITTEN.to_owned()), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_paused_resumed_and_stopped_by_a_word() {
    let world = World::new(4).await;
    let ctx = world.operator();
    let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.service.pause_publication(&ctx, id).await.unwrap();
    world.work().await;
    assert_eq!(world.provider.requests.lock().unwrap().len(), 0, "a paused one asks nobody");
    assert!(matches!(world.service.pause_publication(&ctx, id).await, Err(Error::Conflict(_))));
    assert!(matches!(world.service.apply_publication(&ctx, id, Ring::default()).await, Err(Error::Conflict(_))));
    world.service.resume_publication(&ctx, id).await.unwrap();
    world.work().await;
    // paused while the first mailbox is written: that one is finished, the next is not begun
    let (service, pushes) = (Arc::clone(&world.service), Arc::new(AtomicUsize::new(0)));
    let handle = tokio::runtime::Handle::current();
    let counted = Arc::clone(&pushes);
    world.provider.in_mood(move |op, _, _| {
        if op == Op::Push && counted.fetch_add(1, Ordering::SeqCst) == 0 {
            let (service, handle) = (Arc::clone(&service), handle.clone());
            tokio::task::block_in_place(|| handle.block_on(service.pause_publication(&ctx, id))).unwrap();
        }
        Answer::Well
    });
    apply(&world, id, Ring::default()).await;
    let paused = world.publication(id).await;
    assert_eq!(
        (paused.state, paused.count(LineState::Done), pushes.load(Ordering::SeqCst)),
        (PublicationState::Paused, 1, 1)
    );
    assert_eq!(paused.why.as_deref(), Some(code::ASKED));
    world.service.stop_publication(&ctx, id).await.unwrap();
    world.work().await;
    assert!(matches!(world.service.resume_publication(&ctx, id).await, Err(Error::Conflict(_))));
    assert!(matches!(world.service.stop_publication(&ctx, id).await, Err(Error::Conflict(_))));
    // what was written stays, and can be brought back
    let back = world.begin(PublicationKind::Restore, &[]).await.unwrap();
    world.work().await;
    assert_eq!(world.publication(back).await.count(LineState::Planned), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_publishes_administers_the_organisation_there_and_a_second_one_agrees() {
    let world = World::with(2, true).await;
    let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.work().await;
    let asker = world.administrator("asker@banque.example").await;
    let words = world.service.apply_publication(&asker, id, first(1)).await.unwrap_err().to_string();
    assert!(words.contains("administers nothing at the provider"), "{words}");
    world.provider.administrators.lock().unwrap().push("asker@banque.example".into());
    let Err(Error::Awaits(waits)) = world.service.apply_publication(&asker, id, first(1)).await else { panic!() };
    assert_eq!(world.provider.all_pushes(), 0);
    let stale = estampe_domain::Context { proof: None, ..asker };
    assert!(matches!(world.service.apply_publication(&stale, id, first(1)).await, Err(Error::Unconfirmed)));
    // another ring that waits, which is none any more once the first one was begun
    let Err(Error::Awaits(other)) = world.service.apply_publication(&asker, id, Ring::default()).await else {
        panic!()
    };
    let second = world.administrator("second@banque.example").await;
    world.service.approve(&second, waits).await.unwrap();
    world.work().await;
    assert_eq!(world.provider.all_pushes(), 1, "the ring that was asked for, and no more");
    let again = world.service.approve(&second, waits).await;
    assert!(matches!(again, Err(Error::NotFound)), "agreed to once: {again:?}");
    let changed = world.service.approve(&second, other).await;
    assert!(matches!(changed, Err(Error::Changed(_))), "{changed:?}");
    world.work().await;
    assert_eq!(world.provider.all_pushes(), 1, "nobody agreed to what remains");
    // a source without mailboxes is none to publish by
    let day = "2026-12-24".parse().unwrap();
    let (source, kind, whom) = ("Plain".into(), PublicationKind::Publish, Whom::Everybody);
    let none = world.service.begin_publication(&asker, NewPublication { source, kind, day, whom }).await;
    assert!(none.unwrap_err().to_string().contains("reaches no mailboxes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_somebody_erased_nothing_is_kept_or_written() {
    let world = World::new(3).await;
    let id = world.begin(PublicationKind::Publish, &[]).await.unwrap();
    world.work().await;
    apply(&world, id, first(1)).await;
    let (written, planned, now) = (world.people[0], world.people[1], world.operator().now);
    for person in [written, planned] {
        world.store.write(move |tx| tx.erase_person(person, now)).await.unwrap();
    }
    apply(&world, id, Ring::default()).await;
    assert_eq!(world.provider.pushes(&mailbox(1)), 0);
    assert_eq!(world.provider.pushes(&mailbox(2)), 1);
    let back = world.begin(PublicationKind::Restore, &[]).await.unwrap();
    world.work().await;
    let back = world.publication(back).await;
    assert_eq!(back.counts.values().sum::<u64>(), 1, "the backup of who was erased is gone");
}
