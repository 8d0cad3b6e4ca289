//! Runs and their plans: one open run a source, lines sealed, opened, applied, forgotten.

use std::collections::BTreeMap;

use estampe_domain::difference::{PlanPlace, PlanReason};
use estampe_domain::mapping::{Mapping, Target};
use estampe_domain::person::{FieldChange, LabelledPhone, PhoneKind, Profile, ProfileField};
use estampe_domain::plan::Fingerprint;
use estampe_domain::plugin::{ConnectorSpec, SyncMode};
use estampe_domain::run::{HoldReason, PlanAction, Refusal, RunCounts, RunState};
use estampe_domain::source::Source;
use estampe_domain::{CardId, PersonId, PublicId, RunId, SourceId, Ts};
use estampe_store::{IdentityOf, NewRun, PlanPayload, StagedItem, Store, StoreError};
use estampe_tests::on_both;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{Bench, System};

pub(super) fn source(name: &str, now: Ts) -> Source {
    let connector = ConnectorSpec { plugin: "directory-file".into(), config: BTreeMap::new(), inputs: BTreeMap::new() };
    let (id, mapping) = (SourceId::new(now, &System), Mapping::default());
    Source { id, name: name.into(), connector, mapping, every_minutes: None, created_at: now }
}

pub(super) async fn new_source(store: &Store, name: &str, now: Ts) -> SourceId {
    let source = source(name, now);
    let id = source.id;
    store.write(move |tx| tx.insert_source(&source)).await.unwrap();
    id
}

async fn begin(store: &Store, source: SourceId, at: Ts) -> estampe_store::Result<RunId> {
    let id = RunId::new(at, &System);
    store.write(move |tx| tx.insert_run(&NewRun { id, source, plan_only: false, mode: SyncMode::Full, at })).await?;
    Ok(id)
}

pub(super) fn bare(name: &str) -> Profile {
    Profile {
        display_name: name.parse().unwrap(),
        given_name: None,
        family_name: None,
        pronouns: None,
        title: None,
        organisation: None,
        department: None,
        office: None,
        phones: Vec::new(),
        emails: Vec::new(),
        links: Vec::new(),
        address: None,
        locale: None,
        photo: None,
    }
}

fn line(seq: i64, action: PlanAction, name: &str) -> StagedItem {
    let payload = PlanPayload {
        external_id: format!("confidential-{seq}"),
        name: name.into(),
        changes: vec![FieldChange { field: ProfileField::Title, old: "Clerk".into(), new: "Boss".into() }],
        reason: (action == PlanAction::Disable).then_some(PlanReason::Moved),
        kept: Vec::new(),
        profile: Some(Profile { title: "Clerk".parse().ok(), ..bare(name) }),
        fingerprint: Some("print".into()),
        photo_digest: None,
        photo: Some(b"a photo of somebody".to_vec()),
    };
    let person = PersonId::new(Ts::from_micros(seq.max(0)), &System);
    StagedItem { seq, action, person, payload }
}

on_both! {
    async fn a_source_has_one_open_run_and_a_new_one_once_that_ended(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let (one, other) = (new_source(&store, "one", now).await, new_source(&store, "other", now).await);
        let first = begin(&store, one, now).await.unwrap();
        begin(&store, other, now).await.expect("another source may run at the same time");
        for (from, to) in [(RunState::Planning, RunState::Held), (RunState::Held, RunState::Applying)] {
            assert!(begin(&store, one, now).await.unwrap_err().is_conflict(), "while {from:?}");
            let hold = (to == RunState::Held).then_some(HoldReason::TooManyGone);
            assert!(store.write(move |tx| tx.move_run(first, from, to, hold, now)).await.unwrap());
            assert!(!store.write(move |tx| tx.move_run(first, from, to, hold, now)).await.unwrap(), "one decider wins");
        }
        assert!(begin(&store, one, now).await.unwrap_err().is_conflict(), "while applying");
        let ended = now.plus_seconds(5);
        assert!(store.write(move |tx| tx.move_run(first, RunState::Applying, RunState::Done, None, ended)).await.unwrap());
        let run = store.read(move |tx| tx.run(first)).await.unwrap().unwrap();
        assert_eq!((run.state, run.hold, run.ended_at), (RunState::Done, None, Some(ended)));
        let second = begin(&store, one, now.plus_seconds(10)).await.unwrap();
        let runs = store.read(move |tx| tx.runs(Some(one), 10)).await.unwrap();
        assert_eq!(runs.iter().map(|r| r.id).collect::<Vec<_>>(), [second, first], "newest first");
    }

    async fn a_source_that_is_configured_anew_remembers_nothing(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let (id, other) = (new_source(&store, "siege", now).await, new_source(&store, "agences", now).await);
        store
            .write(move |tx| {
                for source in [id, other] {
                    tx.set_source_state(source, "last", Some(b"2026"))?;
                    tx.set_checkpoint(source, Some(b"here"))?;
                }
                let connector = ConnectorSpec { config: [("url".into(), "x".into())].into(), ..source("", now).connector };
                tx.set_connector(id, &connector)
            })
            .await
            .unwrap();
        let read = async |source| {
            let read = store.read(move |tx| {
                let connector = tx.source(source)?.connector;
                Ok((tx.source_state(source)?.len(), tx.checkpoint(source)?, connector.config.len()))
            });
            read.await.unwrap()
        };
        assert_eq!(read(id).await, (0, None, 1));
        assert_eq!(read(other).await, (1, Some(b"here".to_vec()), 0), "of another source nothing changes");
    }

    async fn a_source_that_is_mapped_anew_begins_anew(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let one = new_source(&store, "one", bench.context().now).await;
        assert_eq!(&store.read(move |tx| tx.source(one)).await.unwrap().mapping, Mapping::standard());
        let mut mapping = Mapping::default();
        mapping.rules.insert(Target::Title, r#"[title, grade]|join(", ")"#.parse().unwrap());
        mapping.country = "FR".parse().ok();
        let written = mapping.clone();
        let begin_at = |mapping: Mapping| {
            store.write(move |tx| {
                tx.set_checkpoint(one, Some(b"later"))?;
                tx.set_source_state(one, "key", Some(b"kept"))?;
                tx.set_mapping(one, &mapping)
            })
        };
        begin_at(mapping).await.unwrap();
        let (found, checkpoint, state) = store
            .read(move |tx| Ok((tx.source(one)?.mapping, tx.checkpoint(one)?, tx.source_state(one)?)))
            .await
            .unwrap();
        assert_eq!((found, checkpoint), (written, None));
        assert_eq!(state.len(), 1, "the plugin's own state is none of the mapping's");
        begin_at(Mapping::default()).await.unwrap();
        let found = store.read(move |tx| Ok(tx.source_by_name("one")?.unwrap().mapping)).await.unwrap();
        assert_eq!(&found, Mapping::standard());
    }

    async fn of_sixteen_who_begin_a_run_at_once_one_succeeds(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let store = store.clone();
            tasks.spawn(async move { begin(&store, source, now).await });
        }
        let done = tasks.join_all().await;
        assert_eq!(done.iter().filter(|r| r.is_ok()).count(), 1);
        assert!(done.into_iter().filter_map(Result::err).all(|e| e.is_conflict()));
    }

    async fn a_plan_is_staged_read_applied_and_forgotten_with_its_key(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let run = begin(&store, source, now).await.unwrap();
        let person = PersonId::new(now, &System);
        store.write(move |tx| {
            tx.insert_person(person, CardId::new(now, &System), &PublicId::new(&System), &bare("Known"), now)
        }).await.unwrap();
        let items = vec![
            line(1, PlanAction::Create, "Carla Created"),
            line(2, PlanAction::Update, "Ursula Updated"),
            line(3, PlanAction::Disable, "Didier Disabled"),
        ];
        let refusal = Refusal { position: "line 7".into(), code: "bad-name".into(), detail: "Raoul Refused".into() };
        let refused = refusal.clone();
        let state = BTreeMap::from([("kept".to_owned(), Some(vec![0, 255])), ("gone".to_owned(), None)]);
        store.write(move |tx| {
            tx.stage(run, &items)?;
            tx.refuse(run, 1, &[refused])?;
            tx.stage_state(run, &state)?;
            tx.set_run_counts(run, &RunCounts { created: 1, changed: 1, disabled: 1, unchanged: 0, refused: 1 })
        }).await.unwrap();
        let mut kept = store.read(move |tx| tx.staged_state(run)).await.unwrap();
        kept.sort();
        assert_eq!(kept, [("gone".to_owned(), None), ("kept".to_owned(), Some(vec![0, 255]))]);

        // what waits for an administrator's word names nobody in the database
        let (items, refusals) = (bench.ask("SELECT sealed, photo FROM run_item"), bench.ask("SELECT sealed FROM run_refusal"));
        assert_eq!((items.len(), refusals.len()), (3, 1));
        for secret in ["confidential", "Carla", "Boss", "a photo of", "Raoul"] {
            let hidden = |row: &String| !row.contains(&data_encoding::HEXLOWER.encode(secret.as_bytes()));
            assert!(items.iter().chain(&refusals).all(hidden), "{secret} stands plain");
        }

        let lines = store.read(move |tx| tx.plan_lines(run, None, None, 10)).await.unwrap();
        let names: Vec<_> = lines.iter().map(|l| (l.action, l.name.as_str())).collect();
        assert_eq!(names, [
            (PlanAction::Disable, "Didier Disabled"),
            (PlanAction::Update, "Ursula Updated"),
            (PlanAction::Create, "Carla Created"),
        ], "what needs a look comes first");
        assert_eq!(lines[0].reason, Some(PlanReason::Moved));
        assert_eq!(store.read(move |tx| tx.plan_lines(run, None, None, 2)).await.unwrap().len(), 2);
        assert_eq!(store.read(move |tx| tx.refusals(run, 10)).await.unwrap(), [refusal]);

        let pending = store.read(move |tx| tx.pending_items(run, 0, 2, 1 << 20)).await.unwrap();
        assert_eq!(pending.iter().map(|i| i.seq).collect::<Vec<_>>(), [1, 2]);
        let photo = store.read(move |tx| tx.staged_photo(run, 1)).await.unwrap();
        assert_eq!(photo.as_deref(), Some(&b"a photo of somebody"[..]));
        let room = i64::try_from(photo.map_or(0, |photo| photo.len())).unwrap() * 3;
        let pending_beside = store.read(move |tx| tx.pending_items(run, 0, 3, room)).await.unwrap();
        assert_eq!(pending_beside.len(), 1, "photos weigh more than their lines");
        assert_eq!(pending[0].payload.fingerprint().as_ref().map(Fingerprint::as_str), Some("print"));
        let person = pending[0].person;
        assert_eq!(lines[2].person, None, "who is new is not there yet");
        store.write(move |tx| tx.items_applied(run, 1)).await.unwrap();
        for from in [0, 2] {
            let pending = store.read(move |tx| tx.pending_items(run, from, 10, 1 << 20)).await.unwrap();
            assert_eq!(pending.iter().map(|i| i.seq).collect::<Vec<_>>(), [2, 3]);
        }
        let without = bench.ask("SELECT seq FROM run_item WHERE photo IS NULL");
        assert_eq!(without, ["1"], "the photo is stored elsewhere now");
        let lines = store.read(move |tx| tx.plan_lines(run, None, None, 10)).await.unwrap();
        assert_eq!((lines[2].person, lines[2].changes.len()), (Some(person), 1), "still readable when applied");

        store.write(move |tx| {
            tx.set_run_failure(run, "source-unreachable", "words of Wanda")?;
            tx.move_run(run, RunState::Planning, RunState::Failed, None, now)
        }).await.unwrap();
        let failure = store.read(move |tx| tx.run(run)).await.unwrap().unwrap().failure;
        assert_eq!(failure, Some(("source-unreachable".into(), "words of Wanda".into())));
        store.write(move |tx| tx.prune_runs(source, 1, now)).await.unwrap();
        assert_eq!(store.read(move |tx| tx.plan_lines(run, None, None, 10)).await.unwrap().len(), 3, "the newest is kept");
        store.write(move |tx| tx.prune_runs(source, 0, now)).await.unwrap();
        assert!(store.read(move |tx| tx.plan_lines(run, None, None, 10)).await.unwrap().is_empty());
        assert!(store.read(move |tx| tx.refusals(run, 10)).await.unwrap().is_empty());
        assert!(store.read(move |tx| tx.staged_state(run)).await.unwrap().is_empty());
        let pruned = store.read(move |tx| tx.run(run)).await.unwrap().unwrap();
        assert_eq!((pruned.counts.changes(), pruned.failure), (3, Some(("source-unreachable".into(), String::new()))));
        let left = bench.ask("SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL");
        assert_eq!(left, ["0"], "the key is destroyed");
    }

    async fn a_plan_is_read_page_by_page_and_by_action(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let run = begin(&store, source, now).await.unwrap();
        // seq in the order in which a source names them: actions in turn
        let action = |seq: i64| PlanAction::READING[usize::try_from(seq).unwrap() % 3];
        let items: Vec<_> = (0..31).map(|seq| line(seq, action(seq), &format!("Number {seq}"))).collect();
        store.write(move |tx| tx.stage(run, &items)).await.unwrap();
        let mut wanted: Vec<(usize, i64)> = (0..31).map(|seq| (usize::try_from(seq).unwrap() % 3, seq)).collect();
        wanted.sort_unstable();
        let walk = async |only, limit| {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = store.read(move |tx| tx.plan_lines(run, only, after, limit)).await.unwrap();
                assert!(page.len() <= usize::try_from(limit).unwrap());
                let Some(last) = page.last() else { return found };
                after = Some(PlanPlace { action: last.action, seq: last.seq });
                found.extend(page.iter().map(|line| line.seq));
            }
        };
        let all: Vec<i64> = wanted.iter().map(|(_, seq)| *seq).collect();
        for limit in [1, 2, 7, 11, 31, 100] {
            assert_eq!(walk(None, limit).await, all, "{limit}");
            for (rank, action) in PlanAction::READING.into_iter().enumerate() {
                let wanted: Vec<i64> = wanted.iter().filter(|(r, _)| *r == rank).map(|(_, seq)| *seq).collect();
                assert_eq!(walk(Some(action), limit).await, wanted, "{action:?} {limit}");
            }
        }
        let refusals: Vec<_> =
            (0..7).map(|n| Refusal { position: format!("line {n}"), code: "twice".into(), detail: String::new() }).collect();
        store.write(move |tx| tx.refuse(run, 0, &refusals)).await.unwrap();
        let page = store.read(move |tx| tx.refusals_after(run, Some(4), 10)).await.unwrap();
        assert_eq!(page.iter().map(|(seq, r)| (*seq, r.position.as_str())).collect::<Vec<_>>(), [(5, "line 5"), (6, "line 6")]);
        assert_eq!(store.read(move |tx| tx.kept_refusals(run)).await.unwrap(), 7);
    }

    async fn a_line_moved_to_another_place_does_not_open(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let run = begin(&store, source, now).await.unwrap();
        let items = [line(1, PlanAction::Create, "A"), line(2, PlanAction::Create, "B")];
        store.write(move |tx| tx.stage(run, &items)).await.unwrap();
        bench.ask("UPDATE run_item SET sealed = (SELECT sealed FROM run_item WHERE seq = 2) WHERE seq = 1");
        let read = store.read(move |tx| tx.plan_lines(run, None, None, 10)).await;
        assert!(matches!(read, Err(StoreError::Damaged("run_item"))));
    }

    async fn a_plan_begun_anew_is_empty(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let run = begin(&store, source, now).await.unwrap();
        store.write(move |tx| {
            tx.stage(run, &[line(1, PlanAction::Create, "A")])?;
            tx.refuse(run, 1, &[Refusal { position: "line 1".into(), code: "twice".into(), detail: String::new() }])?;
            tx.reset_plan(run)?;
            tx.stage(run, &[line(1, PlanAction::Create, "A again")])
        }).await.unwrap();
        let lines = store.read(move |tx| tx.plan_lines(run, None, None, 10)).await.unwrap();
        assert_eq!(lines.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["A again"]);
        assert!(store.read(move |tx| tx.refusals(run, 10)).await.unwrap().is_empty());
    }

    async fn identities_unseen_by_a_run_are_found_page_by_page(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let (before, run) = (begin(&store, source, now).await.unwrap(), RunId::new(now, &System));
        // an order that leans on the database's own would differ here
        let known = ["Zoé", "a-1", "a1", "B", "É", "é"];
        store.write(move |tx| {
            let person = PersonId::new(now, &System);
            tx.insert_person(person, CardId::new(now, &System), &PublicId::new(&System), &bare("All"), now)?;
            for id in known {
                let fingerprint = Fingerprint::from_stored("f".into());
                let identity =
                    IdentityOf { source, external_id: id, fingerprint: &fingerprint, photo: None, run: before };
                tx.insert_identity(&identity, person)?;
            }
            tx.move_run(before, RunState::Planning, RunState::Done, None, now)?;
            tx.insert_run(&NewRun { id: run, source, plan_only: false, mode: SyncMode::Full, at: now })?;
            tx.mark_seen(source, &["B", "a1"], run)
        }).await.unwrap();
        let mut found: Vec<String> = Vec::new();
        loop {
            let after = found.last().cloned().unwrap_or_default();
            let page = store.read(move |tx| tx.unseen(source, run, &after, 1)).await.unwrap();
            let Some((id, _)) = page.into_iter().next() else { break };
            found.push(id);
        }
        assert_eq!(found, ["Zoé", "a-1", "É", "é"], "in the order of the octets, on both");
        let of = store.read(move |tx| tx.identities(source, &["B", "É", "nobody"])).await.unwrap();
        assert_eq!(of.len(), 2);
        store.write(move |tx| tx.deactivate_identity(source, "É")).await.unwrap();
        assert_eq!(store.read(move |tx| tx.known_active(source)).await.unwrap(), 5);
    }

    async fn any_payload_seals_and_opens_to_itself(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let run = begin(&store, source, now).await.unwrap();
        let here = tokio::runtime::Handle::current();
        // three commits each: 48 by default, more when more are asked for
        let cases = Config::default().cases * 3 / 16;
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let tried = tokio::task::block_in_place(|| {
            runner.run(&(0..i64::MAX, payload()), |(seq, payload)| {
                let (light, photo) = (PlanPayload { photo: None, ..payload.clone() }, payload.photo.clone());
                let opened = here.block_on(store.write(move |tx| {
                    tx.reset_plan(run)?;
                    let person = PersonId::new(Ts::from_micros(0), &System);
                    tx.stage(run, &[StagedItem { seq, action: PlanAction::Create, person, payload }])?;
                    Ok((tx.pending_items(run, i64::MIN, 10, 0)?, tx.staged_photo(run, seq)?))
                }));
                let (opened, opened_photo) = opened.map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert_eq!(opened_photo, photo);
                prop_assert_eq!(opened.len(), 1);
                prop_assert_eq!(opened[0].seq, seq);
                prop_assert_eq!(format!("{:?}", opened[0].payload), format!("{light:?}"));
                Ok(())
            })
        });
        tried.unwrap();
    }
}

/// Texts from every plane, NUL and line breaks among them.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect())
}

/// Whatever such a text gives when it is read as what it is for.
fn parsed<T: std::str::FromStr + std::fmt::Debug>() -> impl Strategy<Value = Option<T>> {
    text().prop_map(|text| text.parse().ok())
}

fn profile() -> impl Strategy<Value = Profile> {
    let digits = proptest::option::of("\\+[0-9]{3,15}");
    (parsed(), parsed(), parsed(), digits).prop_map(|(name, title, office, digits)| Profile {
        display_name: name.unwrap_or_else(|| "Zoé".parse().unwrap()),
        title,
        office,
        phones: digits.iter().map(|d| LabelledPhone { kind: PhoneKind::Mobile, number: d.parse().unwrap() }).collect(),
        ..bare("x")
    })
}

fn payload() -> impl Strategy<Value = PlanPayload> {
    let change = || (text(), text()).prop_map(|(old, new)| FieldChange { field: ProfileField::Name, old, new });
    let changes = (proptest::collection::vec(change(), 0..4), proptest::collection::vec(change(), 0..4));
    // a photo is a JPEG, so never empty
    let photo = proptest::option::of(proptest::collection::vec(any::<u8>(), 1..3000));
    let optional = (proptest::option::of(profile()), proptest::option::of(text()), photo);
    (text(), text(), changes, optional).prop_map(
        |(external_id, name, (changes, kept), (profile, fingerprint, photo))| PlanPayload {
            external_id,
            name,
            changes,
            kept,
            reason: None,
            profile,
            fingerprint,
            photo_digest: None,
            photo,
        },
    )
}
