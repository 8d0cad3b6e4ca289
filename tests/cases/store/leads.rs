//! Leads and people: sealed, found again, one for each submission.

use std::sync::Arc;

use estampe_domain::audit::AuditEvent;
use estampe_domain::lead::{IdempotencyKey, LeadDetails};
use estampe_domain::mapping::Mapping;
use estampe_domain::person::Profile;
use estampe_domain::plugin::{AttributeValue, SourcePerson, SourcePhoto};
use estampe_domain::{Actor, CardId, Context, JobId, LeadId, Locale, PersonId, PublicId, RequestId, SubjectId, Ts};
use estampe_store::{
    Database as Place, Job, NewJob, NewLead, PeopleQuery, PreparedLead, ShownPurpose, Store, StoredConsent,
};
use estampe_tests::on_both;

use super::{Bench, System};

fn profile(name: &str, title: &str) -> Profile {
    let text = |key: &str, value: &str| (key.to_owned(), AttributeValue::Text(value.to_owned()));
    let attributes = vec![text("cn", name), text("title", title)];
    let source = SourcePerson {
        external_id: name.to_owned(),
        active: true,
        attributes,
        photo: SourcePhoto::None,
        position: None,
        handles: Vec::new(),
        withheld: Vec::new(),
    };
    Mapping::standard().apply(&source).unwrap().profile
}

/// Somebody with a card.
#[derive(Clone, Copy)]
pub(super) struct Holder {
    pub person: PersonId,
    pub card: CardId,
}

pub(super) async fn person(store: &Store, now: Ts, name: &str, title: &str) -> Holder {
    let holder = Holder { person: PersonId::new(now, &System), card: CardId::new(now, &System) };
    let (public, profile) = (PublicId::new(&System), profile(name, title));
    store.write(move |tx| tx.insert_person(holder.person, holder.card, &public, &profile, now)).await.unwrap();
    holder
}

pub(super) fn details(email: &str, message: &str) -> LeadDetails {
    LeadDetails {
        name: "Amélie Secrète".parse().unwrap(),
        email: email.parse().unwrap(),
        phone: None,
        company: None,
        message: Some(message.parse().unwrap()),
    }
}

/// A lead ready to be written.
pub(super) async fn prepare(
    store: &Store,
    now: Ts,
    holder: &Holder,
    key: &str,
    details: LeadDetails,
) -> estampe_store::Result<(LeadId, PreparedLead)> {
    let key: IdempotencyKey = key.parse().unwrap();
    let id = LeadId::new(now, &System);
    let email = details.email.clone();
    let known = store.read(move |tx| tx.known_subject(&email)).await?;
    let purposes = store.read(|tx| tx.card_form_purposes(Locale::Fr)).await?;
    let consents = purposes
        .into_iter()
        .map(|purpose| {
            let wording = purpose.wording("X");
            StoredConsent {
                shown: Arc::new(ShownPurpose::new(purpose, Locale::Fr, wording)),
                granted: true,
                channel: "test",
            }
        })
        .collect();
    let ctx = Context::new(Actor::Visitor, Locale::Fr, RequestId::new(now, &System), now);
    let audit = AuditEvent::done(&ctx, &System, "lead.receive", "lead", id);
    let job = |job| NewJob { id: JobId::new(now, &System), job, request: ctx.request, run_at: now };
    let new = NewLead {
        id,
        subject: SubjectId::new(now, &System),
        card: holder.card,
        person: holder.person,
        details: &details,
        locale: Locale::Fr,
        key: &key,
        consents,
        at: now,
        audit: &audit,
        jobs: vec![job(Job::LeadAcknowledgement(id)), job(Job::LeadNotice(id))],
    };
    Ok((id, store.prepare_lead(new, known)?))
}

pub(super) async fn leave(
    store: &Store,
    now: Ts,
    holder: &Holder,
    key: &str,
    details: LeadDetails,
) -> estampe_store::Result<LeadId> {
    let (id, prepared) = prepare(store, now, holder, key, details).await?;
    store.receive_lead(prepared).await?;
    Ok(id)
}

on_both! {
    async fn a_lead_is_sealed_on_disk_and_opens_again(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé Lefèvre", "Directrice").await;
        let left = details("amelie@secret.example", "un message confidentiel");
        let id = leave(&store, now, &holder, "0123456789abcdef", left.clone()).await.unwrap();
        let (lead, locale) = store.read(move |tx| tx.lead(id)).await.unwrap().unwrap();
        assert_eq!((lead.details, locale), (Some(left.clone()), Locale::Fr));
        let consents = store.read(move |tx| tx.consents(id)).await.unwrap();
        assert_eq!(consents.len(), 2);
        assert!(consents.iter().all(|c| c.wording.contains('X') && c.text_version == 1 && c.at == now));
        let key: IdempotencyKey = "0123456789abcdef".parse().unwrap();
        let granted = vec!["invitations".to_owned()];
        for (tried, same) in [(left, true), (details("amelie@secret.example", "autre"), false)] {
            let (key, granted, card) = (key.clone(), granted.clone(), holder.card);
            let earlier = store.read(move |tx| tx.earlier_submission(card, &key, &tried, &granted)).await.unwrap();
            assert_eq!(earlier.map(|e| (e.lead, e.same)), Some((id, same)));
        }
        drop(store);
        let stored = match &bench.settings.database {
            Place::Sqlite(path) => {
                let mut bytes = std::fs::read(path).unwrap();
                bytes.extend(std::fs::read(path.with_extension("db-wal")).unwrap_or_default());
                bytes
            }
            Place::Postgres(url) => {
                std::process::Command::new("pg_dump").args(["--data-only", "-d", url]).output().unwrap().stdout
            }
        };
        assert!(stored.windows(6).any(|w| w == "Lefèvr".as_bytes().get(..6).unwrap()), "employees stand plain");
        for secret in ["Secr", "secret.example", "confidentiel", "0123456789abcdef"] {
            // pg_dump writes octets in hexadecimal
            for form in [secret.to_owned(), data_encoding::HEXLOWER.encode(secret.as_bytes())] {
                assert!(!stored.windows(form.len()).any(|w| w == form.as_bytes()), "{secret} stands plain");
            }
        }
    }

    async fn the_same_human_is_one_subject_and_the_same_key_one_lead(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé", "Directrice").await;
        let first = leave(&store, now, &holder, "key-number-one-aaa", details("A@x.example", "1")).await.unwrap();
        let second = leave(&store, now, &holder, "key-number-two-bbb", details("a@X.example", "2")).await.unwrap();
        let subject = async |id| store.read(move |tx| tx.lead(id)).await.unwrap().unwrap().0.subject;
        assert_eq!(subject(first).await, subject(second).await);
        let again = leave(&store, now, &holder, "key-number-one-aaa", details("A@x.example", "1")).await;
        assert!(again.unwrap_err().is_conflict());
        assert_eq!(store.read(|tx| tx.lead_count(Ts::from_micros(0))).await.unwrap(), 2);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let store = store.clone();
            tasks.spawn(async move { leave(&store, now, &holder, "key-of-sixteen-ccc", details("new@x.example", "3")).await });
        }
        let done: Vec<_> = tasks.join_all().await;
        assert_eq!(done.iter().filter(|r| r.is_ok()).count(), 1);
        assert!(done.into_iter().filter_map(Result::err).all(|e| e.is_conflict()));
        assert_eq!(store.read(|tx| tx.lead_count(Ts::from_micros(0))).await.unwrap(), 3);
        assert_eq!(store.read(move |tx| tx.lead_count(now.plus_seconds(-60))).await.unwrap(), 3);
        assert_eq!(store.read(move |tx| tx.lead_count(now.plus_seconds(60))).await.unwrap(), 0);
        // an erased human who comes back is a new subject, and what was left stays unreadable
        bench.ask(&format!(
            "UPDATE data_key SET wrapped = NULL WHERE id = (SELECT s.data_key_id FROM lead l JOIN subject s \
             ON s.id = l.subject_id WHERE l.id = '{first}')"
        ));
        bench.ask(&format!(
            "UPDATE subject SET email_mac = NULL WHERE id = (SELECT subject_id FROM lead WHERE id = '{first}')"
        ));
        let back = leave(&store, now, &holder, "key-number-four-dd", details("a@x.example", "4")).await.unwrap();
        assert_ne!(subject(back).await, subject(first).await);
        let details_of = async |id| store.read(move |tx| tx.lead(id)).await.unwrap().unwrap().0.details;
        assert!(details_of(first).await.is_none() && details_of(back).await.is_some());
        let again = leave(&store, now, &holder, "key-number-five-ee", details("a@x.example", "5")).await.unwrap();
        assert_eq!(subject(again).await, subject(back).await);
    }

    async fn people_are_found_and_sorted_alike(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        for (name, title) in [
            ("Zoé Zola", "100 % clerk"), ("Élise Abadie", "Clerk_A"), ("eric abadie", "ClerkXA"),
            ("Éric Ábel", "Boss"), ("Nguyễn Thị Ánh", "Boss"), ("O’Neil", "back\\slash"),
        ] {
            person(&store, now, name, title).await;
        }
        let found = async |words: &[&str], after: Option<(String, String)>, limit| {
            let words = words.iter().map(|w| (*w).to_owned()).collect();
            let query = PeopleQuery { words, after, limit, ..PeopleQuery::default() };
            let people = store.read(move |tx| tx.people(&query)).await.unwrap();
            people.into_iter().map(|(p, key)| (p.profile.display_name.to_string(), p.id.to_string(), key)).collect::<Vec<_>>()
        };
        let names = |found: Vec<(String, String, String)>| found.into_iter().map(|f| f.0).collect::<Vec<_>>();
        let all = ["Élise Abadie", "eric abadie", "Éric Ábel", "Nguyễn Thị Ánh", "O’Neil", "Zoé Zola"];
        assert_eq!(names(found(&[], None, 50).await), all);
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = found(&[], after.clone(), 2).await;
            let Some((_, id, key)) = page.last().cloned() else { break };
            after = Some((key, id));
            paged.extend(names(page));
        }
        assert_eq!(paged, all);
        for (words, wanted) in [
            (&["ABADIE"][..], &["Élise Abadie", "eric abadie"][..]),
            (&["eric", "boss"], &["Éric Ábel"]),
            (&["anh"], &["Nguyễn Thị Ánh"]),
            (&["%"], &["Zoé Zola"]),
            (&["k_a"], &["Élise Abadie"]),
            (&["\\"], &["O’Neil"]),
            (&["nobody"], &[]),
        ] {
            assert_eq!(names(found(words, None, 50).await), wanted, "{words:?}");
        }
    }
}
