//! Where a mailbox must not be written, or not be forgotten: refusals, answers that never came,
//! holders who write their own meanwhile, addresses that somebody typed, two jobs at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use estampe_domain::ownership::FieldValue;
use estampe_domain::plugin::{FailKind, PluginFailure};
use estampe_domain::signature::is_same;
use estampe_domain::signature::publication::{LineState, PublicationKind, PublicationState, code};
use estampe_domain::{Actor, CardId, Locale, PersonId, PublicId, PublicationId, SourceId};
use estampe_service::{DueJob, Queue, Ring, Whom};

use crate::world::{Answer, Op, System, World, before, mailbox, ours};
use crate::{apply, codes, published};

const V2: &str = "<div>my own, of the second day</div>";

impl World {
    async fn source(&self, name: &'static str) -> SourceId {
        self.store.read(move |tx| tx.source_by_name(name)).await.unwrap().unwrap().id
    }

    /// How many mailboxes something is kept of.
    async fn kept(&self) -> u64 {
        let source = self.source("Mail").await;
        self.store.read(move |tx| tx.mailbox_count(source)).await.unwrap()
    }

    /// What is asked of the provider by pushing fails like this.
    fn refuses_pushes(&self, kind: FailKind) {
        self.provider.in_mood(move |op, _, _| match op {
            Op::Push => Answer::Fail(PluginFailure::new(kind, "no")),
            Op::Read => Answer::Well,
        });
    }

    /// Planned and worked off; nothing is written yet.
    async fn planned(&self, kind: PublicationKind) -> PublicationId {
        let id = self.begin(kind, &[]).await.unwrap();
        self.work().await;
        id
    }

    async fn count(&self, id: PublicationId, state: LineState) -> u64 {
        self.publication(id).await.count(state)
    }

    /// The job that is due, in a worker's hand.
    async fn leased(&self) -> DueJob {
        let (due, _) = self.service.due_work(Queue::House, 10).await.unwrap();
        self.service.lease_job(due[0]).await.unwrap().unwrap()
    }

    async fn enter_email(&self, person: PersonId, email: &str) {
        let (emails, now) = (vec![email.parse().unwrap()], self.operator().now);
        self.store
            .write(move |tx| {
                let (_, before) = tx.made(person)?.unwrap();
                let mut after = before.clone();
                after.enter(vec![FieldValue::Emails(emails)]);
                tx.put_made(person, &before, &after, now)
            })
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_what_stands_there_later_is_what_comes_back() {
    for kind in [FailKind::Denied, FailKind::Unavailable, FailKind::Limit] {
        let world = World::new(1).await;
        world.refuses_pushes(kind);
        let refused = published(&world).await;
        assert_eq!(world.count(refused, LineState::Failed).await, 1, "{kind:?}");
        let never = world.begin(PublicationKind::Drift, &[]).await;
        if kind == FailKind::Denied {
            assert!(never.is_err_and(|error| error.to_string().contains("has written no mailbox")));
            assert_eq!(world.kept().await, 0, "nothing of it stands anywhere");
        } else {
            // nobody knows; that is said, and nothing is made of it
            world.provider.set(&mailbox(0), V2);
            world.work().await;
            assert_eq!(codes(&world, never.unwrap(), LineState::Skipped).await, [Some(code::UNSURE.to_owned())]);
            let back = world.planned(PublicationKind::Restore).await;
            assert_eq!(codes(&world, back, LineState::Skipped).await, [Some(code::UNSURE.to_owned())]);
        }
        world.provider.set(&mailbox(0), V2);
        world.provider.in_mood(|_, _, _| Answer::Well);
        published(&world).await;
        assert!(is_same(&world.provider.of(&mailbox(0)), &ours(0)));
        let back = world.planned(PublicationKind::Restore).await;
        apply(&world, back, Ring::default()).await;
        assert_eq!(world.provider.of(&mailbox(0)), V2, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_came_does_not_cost_what_stood_there() {
    let world = World::new(1).await;
    let pushes = AtomicUsize::new(0);
    world.provider.in_mood(move |op, _, _| match op {
        Op::Push if pushes.fetch_add(1, Ordering::SeqCst) == 5 => Answer::Lost,
        Op::Push => Answer::Fail(PluginFailure::new(FailKind::Unavailable, "away")),
        Op::Read => Answer::Well,
    });
    let lost = published(&world).await;
    assert_eq!(world.count(lost, LineState::Failed).await, 1);
    assert!(is_same(&world.provider.of(&mailbox(0)), &ours(0)), "it got there");
    world.provider.in_mood(|_, _, _| Answer::Well);
    let drift = world.planned(PublicationKind::Drift).await;
    assert_eq!(world.count(drift, LineState::Unchanged).await, 1);
    let back = world.planned(PublicationKind::Restore).await;
    apply(&world, back, Ring::default()).await;
    assert_eq!(world.provider.of(&mailbox(0)), before(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_not_called_changed() {
    let world = World::new(2).await;
    published(&world).await;
    let first = world.provider.of(&mailbox(0));
    world.provider.set(&mailbox(0), "<p>mine</p>");
    let again = world.planned(PublicationKind::Publish).await;
    world.refuses_pushes(FailKind::Denied);
    apply(&world, again, Ring::default()).await;
    world.provider.in_mood(|_, _, _| Answer::Well);
    world.provider.set(&mailbox(0), &first);
    let drift = world.planned(PublicationKind::Drift).await;
    assert_eq!(world.count(drift, LineState::Unchanged).await, 2);
    // and what stood there before the first one still comes back
    let back = world.planned(PublicationKind::Restore).await;
    apply(&world, back, Ring::default()).await;
    assert_eq!(world.provider.of(&mailbox(0)), before(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_to_restore_forgets_nothing() {
    let world = World::new(2).await;
    published(&world).await;
    let now = world.provider.of(&mailbox(0));
    // a mailbox that is read late, or a write that is still under way
    world.provider.set(&mailbox(0), &before(0));
    let back = world.planned(PublicationKind::Restore).await;
    assert_eq!((world.count(back, LineState::Planned).await, world.kept().await), (2, 2));
    world.service.stop_publication(&world.operator(), back).await.unwrap();
    world.provider.set(&mailbox(0), &now);
    let back = world.planned(PublicationKind::Restore).await;
    apply(&world, back, Ring::default()).await;
    for number in 0..2 {
        assert_eq!(world.provider.of(&mailbox(number)), before(number));
    }
    assert_eq!(world.kept().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_address_leads_into_nobodys_mailbox() {
    let world = World::new(2).await;
    world.enter_email(world.people[0], &mailbox(1)).await;
    // known from no source: what was entered is all there is
    let (typed, now) = (PersonId::new(world.operator().now, &System), world.operator().now);
    let profile = world.store.read({
        let of = world.people[1];
        move |tx| Ok(tx.person(of)?.unwrap().profile)
    });
    let profile = profile.await.unwrap();
    let insert = world
        .store
        .write(move |tx| tx.insert_person(typed, CardId::new(now, &System), &PublicId::new(&System), &profile, now));
    insert.await.unwrap();
    for source in ["Mail", "Boxes"] {
        let id = world.begin_at(source, PublicationKind::Publish, Whom::Everybody).await.unwrap();
        world.work().await;
        let lines = world.service.publication_lines(&world.operator(), id, None, (0, 10)).await.unwrap();
        let of = |person| lines.iter().find(|(line, _)| line.person == person).map(|(line, _)| line);
        for number in 0..2 {
            let line = of(world.people[number]).unwrap();
            assert_eq!((line.content.mailbox.as_str(), line.state), (mailbox(number).as_str(), LineState::Planned));
        }
        let line = of(typed);
        assert_eq!(line.is_some(), source == "Boxes");
        assert!(line.is_none_or(|line| line.code.as_deref() == Some(code::NO_ADDRESS)), "{line:?}");
        world.service.stop_publication(&world.operator(), id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_meet_at_one_address_are_not_written() {
    let world = World::new(3).await;
    let (source, first, second) = (world.source("Mail").await, world.people[0], world.people[1]);
    world
        .store
        .write(move |tx| {
            let (theirs, mut own) = (tx.person(first)?.unwrap().profile, tx.person(second)?.unwrap().profile);
            own.emails = theirs.emails;
            tx.set_said(source, "1", Some(&own))
        })
        .await
        .unwrap();
    let id = published(&world).await;
    assert_eq!(codes(&world, id, LineState::Failed).await, [code::SHARED; 2].map(|code| Some(code.to_owned())));
    assert_eq!((world.provider.all_pushes(), world.provider.pushes(&mailbox(2))), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_holder_wrote_while_nobody_worked_stays() {
    for (edit, state, why) in [
        ("<p>mine, since the outage</p>", LineState::Skipped, Some(code::CHANGED)),
        ("<div><b>Person 0</b>, Banque</div>", LineState::Done, Some(code::REWRITTEN)),
    ] {
        let world = World::new(1).await;
        let id = world.planned(PublicationKind::Publish).await;
        let (provider, pushes) = (Arc::clone(&world.provider), AtomicUsize::new(0));
        world.provider.in_mood(move |op, mailbox, _| {
            if op == Op::Push && pushes.fetch_add(1, Ordering::SeqCst) == 0 {
                provider.set(mailbox, edit);
                return Answer::Killed { after: false };
            }
            Answer::Well
        });
        assert_eq!(apply(&world, id, Ring::default()).await, 1);
        assert_eq!((world.provider.of(&mailbox(0)).as_str(), world.provider.all_pushes()), (edit, 0));
        assert_eq!(codes(&world, id, state).await, [why.map(str::to_owned)]);
        world.provider.in_mood(|_, _, _| Answer::Well);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_resumed_while_a_mailbox_is_written_writes_it_once() {
    let world = World::new(3).await;
    let ctx = world.operator();
    let id = world.planned(PublicationKind::Publish).await;
    let pushes = AtomicUsize::new(0);
    world.provider.in_mood(move |op, _, _| {
        let is_first = op == Op::Push && pushes.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first { Answer::Slow } else { Answer::Well }
    });
    world.service.apply_publication(&ctx, id, Ring::default()).await.unwrap();
    let job = world.leased().await;
    let (service, system) =
        (Arc::clone(&world.service), world.service.context_of(Actor::System, Locale::En, job.request));
    let slow = tokio::spawn(async move { service.do_publication(&system, id, job.lease).await });
    world.provider.came.notified().await;
    world.service.pause_publication(&ctx, id).await.unwrap();
    world.service.resume_publication(&ctx, id).await.unwrap();
    world.work().await;
    assert_eq!(world.provider.all_pushes(), 0, "it is in somebody's hand");
    world.provider.goes_on.notify_one();
    assert_eq!(slow.await.unwrap().unwrap(), None);
    world.work().await;
    let done = world.publication(id).await;
    assert_eq!((done.state, done.count(LineState::Done)), (PublicationState::Done, 3));
    for number in 0..3 {
        assert_eq!(world.provider.pushes(&mailbox(number)), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_a_stopped_one_still_writes_is_waited_for() {
    let world = World::new(1).await;
    let ctx = world.operator();
    let id = world.planned(PublicationKind::Publish).await;
    world.provider.in_mood(|op, _, _| if op == Op::Push { Answer::Slow } else { Answer::Well });
    world.service.apply_publication(&ctx, id, Ring::default()).await.unwrap();
    let job = world.leased().await;
    let (service, system) =
        (Arc::clone(&world.service), world.service.context_of(Actor::System, Locale::En, job.request));
    let slow = tokio::spawn(async move { service.do_publication(&system, id, job.lease).await });
    world.provider.came.notified().await;
    world.service.stop_publication(&ctx, id).await.unwrap();
    // what stood there before is still there, and yet not brought back
    let back = world.planned(PublicationKind::Restore).await;
    assert_eq!((world.count(back, LineState::Planned).await, world.kept().await), (1, 1));
    world.service.apply_publication(&ctx, back, Ring::default()).await.unwrap();
    let other = world.leased().await;
    let asked = world.provider.requests.lock().unwrap().len();
    let waits = world.service.do_publication(&system, back, other.lease).await.unwrap();
    assert!(waits.is_some_and(|until| until > ctx.now));
    assert_eq!(world.provider.requests.lock().unwrap().len(), asked, "nobody is asked anything meanwhile");
    world.service.retry_job(other.lease, 5, "waits".into()).await.unwrap();
    world.provider.goes_on.notify_one();
    assert_eq!(slow.await.unwrap().unwrap(), None);
    assert!(is_same(&world.provider.of(&mailbox(0)), &ours(0)));
    world.provider.in_mood(|_, _, _| Answer::Well);
    // the plan saw something else: it is left, and what is kept stays
    world.work().await;
    assert_eq!(codes(&world, back, LineState::Skipped).await, [Some(code::CHANGED.to_owned())]);
    let back = world.planned(PublicationKind::Restore).await;
    apply(&world, back, Ring::default()).await;
    assert_eq!(world.provider.of(&mailbox(0)), before(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_never_ran_has_nobodys_mailboxes() {
    let world = World::new(2).await;
    for whom in [Whom::Everybody, Whom::found("Person", ""), Whom::These(world.people.clone())] {
        let refused = world.begin_at("New", PublicationKind::Publish, whom).await.unwrap_err();
        assert!(refused.to_string().contains("estampe source sync \"New\""), "{refused}");
    }
    let boxes = world.begin_at("Boxes", PublicationKind::Publish, Whom::Everybody).await.unwrap();
    assert_eq!(world.publication(boxes).await.mailboxes(), 2, "another source brings the people");

    let (left, now) = (world.people[0], world.operator().now);
    world.store.write(move |tx| tx.disable_person(left, now)).await.unwrap();
    let refused = world.begin(PublicationKind::Publish, &world.people).await.unwrap_err();
    assert!(refused.to_string().contains("who left gets no signature: Person 0"), "{refused}");

    // what a look found is about its own source
    let drift = published(&world).await;
    let refused = world.begin_at("Boxes", PublicationKind::Publish, Whom::Drifted(drift)).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("mailboxes of another source")));
}
