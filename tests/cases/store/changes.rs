//! Changes of people's fields for the directory: one of a field, moved from where they were seen,
//! gone with the person and with the source.

use estampe_domain::access::Scope;
use estampe_domain::ownership::FieldValue;
use estampe_domain::person::ProfileField;
use estampe_domain::write_back::{ChangeState, DirectoryChange};
use estampe_domain::{CardId, ChangeId, PersonId, PublicId, SourceId, Ts};
use estampe_store::Store;
use estampe_tests::on_both;

use super::runs::{bare, new_source};
use super::{Bench, System};

fn change(person: PersonId, source: SourceId, at: Ts) -> DirectoryChange {
    DirectoryChange {
        id: ChangeId::new(at, &System),
        person,
        source,
        before: FieldValue::Title(None),
        wanted: FieldValue::Title("Chief".parse().ok()),
        state: ChangeState::Asked,
        code: None,
        detail: None,
        found: None,
        tries: 0,
        asked_by: None,
        asked_at: at,
        agreed_at: None,
    }
}

async fn somebody(store: &Store, now: Ts) -> PersonId {
    let id = PersonId::new(now, &System);
    let insert = store
        .write(move |tx| tx.insert_person(id, CardId::new(now, &System), &PublicId::new(&System), &bare("One"), now));
    insert.await.unwrap();
    id
}

async fn put(store: &Store, new: &DirectoryChange) -> estampe_store::Result<()> {
    let new = new.clone();
    store.write(move |tx| tx.insert_change(&new)).await
}

on_both! {
    async fn a_change_is_read_back_and_moves_from_where_it_was_seen(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let source = new_source(&store, "Dir", now).await;
        let (person, other) = (somebody(&store, now).await, somebody(&store, now).await);
        let new = change(person, source, now);
        put(&store, &new).await.unwrap();
        assert!(put(&store, &change(person, source, now)).await.is_err(), "one of a field");
        put(&store, &change(other, source, now.plus_seconds(1))).await.unwrap();
        let id = new.id;
        assert_eq!(store.read(move |tx| tx.change(id)).await.unwrap(), Some(new.clone()));
        let found = store.read(move |tx| tx.change_of(person, ProfileField::Title)).await.unwrap();
        assert_eq!(found, Some(new.clone()));
        assert_eq!(store.read(move |tx| tx.change_of(person, ProfileField::Office)).await.unwrap(), None);
        let all = store.read(move |tx| tx.changes(Scope::All, None, None, 10)).await.unwrap();
        assert_eq!((all.len(), all[0].source_name.as_str(), all[0].person_name.as_str()), (2, "Dir", "One"));
        assert_eq!(all[0].asked_by_name, None);
        let last = Some((all[0].change.asked_at, all[0].change.id));
        let rest = store.read(move |tx| tx.changes(Scope::All, None, last, 10)).await.unwrap();
        assert_eq!(rest.iter().map(|named| named.change.id).collect::<Vec<_>>(), [all[1].change.id]);
        let own = store.read(move |tx| Ok((tx.changes(Scope::Own(person), None, None, 10)?, tx.change_count(Scope::Own(person))?)));
        let (own, count) = own.await.unwrap();
        assert_eq!((own.len(), count, &own[0].change), (1, 1, &new));

        let moved = DirectoryChange {
            state: ChangeState::Conflict,
            code: Some("x".into()),
            detail: Some("y".into()),
            found: Some(FieldValue::Title("Boss".parse().ok())),
            tries: 2,
            agreed_at: Some(now),
            ..new.clone()
        };
        let next = moved.clone();
        assert!(!store.write(move |tx| tx.move_change(&next, ChangeState::Approved)).await.unwrap());
        let next = moved.clone();
        assert!(store.write(move |tx| tx.move_change(&next, ChangeState::Asked)).await.unwrap());
        assert_eq!(store.read(move |tx| tx.change(id)).await.unwrap(), Some(moved));
        assert!(!store.write(move |tx| tx.forget_change(id, ChangeState::Asked)).await.unwrap());
        assert!(store.write(move |tx| tx.forget_change(id, ChangeState::Conflict)).await.unwrap());
        assert_eq!(store.read(move |tx| tx.change(id)).await.unwrap(), None);
    }
}

on_both! {
    async fn changes_go_with_the_person_and_with_the_source(database) {
        let bench = Bench::new(database);
        let (store, now) = (bench.open(), bench.context().now);
        let (source, other) = (new_source(&store, "Dir", now).await, new_source(&store, "Other", now).await);
        let (one, two, three) = (somebody(&store, now).await, somebody(&store, now).await, somebody(&store, now).await);
        for new in [change(one, source, now), change(two, source, now), change(three, other, now)] {
            put(&store, &new).await.unwrap();
        }
        let count = async || store.read(move |tx| tx.change_count(Scope::All)).await.unwrap();
        store.write(move |tx| tx.erase_person(one, now).map(drop)).await.unwrap();
        assert_eq!(count().await, 2);
        store.write(move |tx| tx.forget_identities(two, other)).await.unwrap();
        assert_eq!(count().await, 2);
        store.write(move |tx| tx.forget_identities(two, source)).await.unwrap();
        assert_eq!(count().await, 1);
        store.write(move |tx| tx.end_source(other, now)).await.unwrap();
        assert_eq!(count().await, 0);
    }
}
