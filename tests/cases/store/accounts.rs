//! Accounts, their sessions, and the appliance's own settings.

use estampe_domain::account::Account;
use estampe_domain::{AccountId, SecretToken, SessionId};
use estampe_store::NewSession;
use estampe_tests::on_both;

use super::{Bench, System};

on_both! {
    async fn an_account_is_found_by_its_address_in_any_case_and_is_alone_with_it(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let account = |email: &str| Account {
            id: AccountId::new(now, &System),
            name: "Zoé".parse().unwrap(),
            email: email.parse().unwrap(),
        };
        let (first, again) = (account("Zoe@X.example"), account("zoe@x.EXAMPLE"));
        let id = first.id;
        store.write(move |tx| tx.insert_account(&first, "hash", now)).await.unwrap();
        let twice = store.write(move |tx| tx.insert_account(&again, "other", now)).await;
        assert!(twice.unwrap_err().is_conflict());
        let (found, hash) = store.read(|tx| tx.account_by_email("ZOE@x.example")).await.unwrap().unwrap();
        assert_eq!((found.id, found.email.as_str(), hash.as_str()), (id, "Zoe@X.example", "hash"), "as it was written");
        assert!(store.read(|tx| tx.account_by_email("zoe@y.example")).await.unwrap().is_none());
        assert_eq!(store.read(|tx| tx.accounts()).await.unwrap(), 1);
    }

    async fn a_session_lives_until_it_is_ended_idle_or_old(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let account = Account {
            id: AccountId::new(now, &System),
            name: "Zoé".parse().unwrap(),
            email: "zoe@x.example".parse().unwrap(),
        };
        let id = account.id;
        store.write(move |tx| tx.insert_account(&account, "hash", now)).await.unwrap();
        let mut hashes = Vec::new();
        // begun now, in 100 s and in 200 s
        for after in [0, 100, 200] {
            let hash = SecretToken::new(&System).hash();
            hashes.push(hash.clone());
            let at = now.plus_seconds(after);
            store.write(move |tx| {
                let session = SessionId::new(at, &System);
                tx.insert_session(&NewSession { id: session, token_hash: &hash, account: id, csrf: "csrf" }, at)
            }).await.unwrap();
        }
        let known = async |hash: &String| {
            let hash = hash.clone();
            store.read(move |tx| tx.session(&hash)).await.unwrap().map(|(a, csrf, begun, seen)| (a.id, csrf, begun, seen))
        };
        assert_eq!(known(&hashes[0]).await, Some((id, "csrf".into(), now, now)));
        assert_eq!(known(&"0".repeat(64)).await, None);
        let (hash, used) = (hashes[0].clone(), now.plus_seconds(500));
        store.write(move |tx| tx.touch_session(&hash, used)).await.unwrap();
        assert_eq!(known(&hashes[0]).await.map(|s| s.3), Some(used));
        // idle since 150 s, whoever was used later stays, exactly 200 s is not before 200 s
        store.write(move |tx| tx.end_sessions_before(now.plus_seconds(200), now)).await.unwrap();
        assert!(known(&hashes[0]).await.is_some() && known(&hashes[1]).await.is_none() && known(&hashes[2]).await.is_some());
        // too old, however lately it was used
        store.write(move |tx| tx.end_sessions_before(now, now.plus_seconds(1))).await.unwrap();
        assert!(known(&hashes[0]).await.is_none() && known(&hashes[2]).await.is_some());
        let hash = hashes[2].clone();
        let end = async || { let hash = hash.clone(); store.write(move |tx| tx.end_session(&hash)).await.unwrap() };
        assert!(end().await);
        assert!(!end().await, "it has ended already");
        assert_eq!(bench.ask("SELECT count(*) FROM session"), ["0"]);
    }

    async fn a_setting_is_written_overwritten_and_removed(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let get = async || store.read(|tx| tx.setting("k")).await.unwrap();
        assert_eq!(get().await, None);
        for value in ["v", "", "été\n🦀 'quoted'"] {
            store.write(move |tx| tx.set_setting("k", value, now)).await.unwrap();
            assert_eq!(get().await.as_deref(), Some(value));
        }
        assert!(store.write(|tx| tx.remove_setting("k")).await.unwrap());
        assert!(!store.write(|tx| tx.remove_setting("k")).await.unwrap(), "it is gone");
        assert_eq!(get().await, None);
    }
}
