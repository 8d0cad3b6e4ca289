//! Accounts, their sessions, and the appliance's own settings.

use estampe_domain::access::{Role, Roles, Scope};
use estampe_domain::account::Account;
use estampe_domain::plugin::SyncMode;
use estampe_domain::session::{Agent, How};
use estampe_domain::{AccountId, GroupId, RunId, SecretToken, SessionId};
use estampe_store::{GroupContent, MemberChange, NewRun, NewSession, PeopleQuery};
use estampe_tests::on_both;

use super::leads::person;
use super::runs::new_source;
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
            person: None,
            roles: Roles::ADMINISTRATOR,
            active: true,
        };
        let (first, again) = (account("Zoe@X.example"), account("zoe@x.EXAMPLE"));
        let id = first.id;
        store.write(move |tx| tx.insert_account(&first, Some("hash"), now)).await.unwrap();
        let twice = store.write(move |tx| tx.insert_account(&again, None, now)).await;
        assert!(twice.unwrap_err().is_conflict());
        let (found, hash) = store.read(|tx| tx.account_by_email("ZOE@x.example")).await.unwrap().unwrap();
        assert_eq!((found.id, found.email.as_str(), hash.as_deref()), (id, "Zoe@X.example", Some("hash")), "as it was written");
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
            person: None,
            roles: Roles::from_iter([Role::Employee, Role::Auditor]),
            active: true,
        };
        let id = account.id;
        store.write(move |tx| tx.insert_account(&account, Some("hash"), now)).await.unwrap();
        let mut hashes = Vec::new();
        // begun now, in 100 s and in 200 s
        for after in [0, 100, 200] {
            let hash = SecretToken::new(&System).hash();
            hashes.push(hash.clone());
            let at = now.plus_seconds(after);
            store.write(move |tx| {
                let session = SessionId::new(at, &System);
                tx.insert_session(&NewSession { id: session, token_hash: &hash, account: id, csrf: "csrf", how: &How::Password, agent: &Agent::default(), address: "", with_factor: false }, at)
            }).await.unwrap();
        }
        let known = async |hash: &String| {
            let hash = hash.clone();
            store.read(move |tx| tx.session(&hash)).await.unwrap().map(|s| (s.account.id, s.csrf, s.begun, s.seen))
        };
        assert_eq!(known(&hashes[0]).await, Some((id, "csrf".into(), now, now)));
        assert_eq!(known(&"0".repeat(64)).await, None);
        let (hash, used) = (hashes[0].clone(), now.plus_seconds(500));
        store.write(move |tx| tx.touch_session(&hash, used)).await.unwrap();
        assert_eq!(known(&hashes[0]).await.map(|s| s.3), Some(used));
        // idle since 150 s, whoever was used later stays, exactly 200 s is not before 200 s
        store.write(move |tx| tx.end_sessions_before(now.plus_seconds(200), now, now)).await.unwrap();
        assert!(known(&hashes[0]).await.is_some() && known(&hashes[1]).await.is_none() && known(&hashes[2]).await.is_some());
        // too old, however lately it was used
        store.write(move |tx| tx.end_sessions_before(now, now.plus_seconds(1), now)).await.unwrap();
        assert!(known(&hashes[0]).await.is_none() && known(&hashes[2]).await.is_some());
        let hash = hashes[2].clone();
        let end = async || { let hash = hash.clone(); store.write(move |tx| tx.end_session(&hash)).await.unwrap() };
        assert!(end().await);
        assert!(!end().await, "it has ended already");
        assert_eq!(bench.ask("SELECT count(*) FROM session"), ["0"]);
    }

    async fn a_team_manager_sees_their_teams_and_themselves(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = new_source(&store, "one", now).await;
        let mut ids = Vec::new();
        for name in ["Anna", "Bert", "Carla"] {
            ids.push(person(&store, now, name, "Advisor").await.person);
        }
        let [anna, bert, carla] = ids[..] else { panic!("{ids:?}") };
        let account = Account {
            id: AccountId::new(now, &System),
            name: "Bert".parse().unwrap(),
            email: "bert@x.example".parse().unwrap(),
            person: Some(bert),
            roles: Roles::from_iter([Role::TeamManager]),
            active: true,
        };
        let (id, team) = (account.id, GroupId::new(now, &System));
        store.write(move |tx| {
            let run = RunId::new(now, &System);
            tx.insert_run(&NewRun { id: run, source, plan_only: false, mode: SyncMode::Full, at: now })?;
            let content = GroupContent { external_id: "team".into(), name: "Team".into(), ..GroupContent::default() };
            tx.insert_group(team, source, &content, run, now)?;
            tx.change_members(&[MemberChange { group: team, person: anna, joins: true }])?;
            tx.insert_account(&account, None, now)?;
            tx.put_teams(account.id, &[team])
        }).await.unwrap();
        let seen = async |scope: Scope| {
            let query = PeopleQuery { scope: Some(scope), limit: 10, ..PeopleQuery::default() };
            let found = store.read(move |tx| {
                let people = tx.people(&query)?;
                assert_eq!(tx.people_count(&query)?, people.len() as u64);
                let mut each = Vec::new();
                for person in [anna, bert, carla] {
                    each.push(tx.is_within(person, scope)?);
                }
                assert_eq!(tx.leads(scope, None, 10)?.len(), 0);
                assert_eq!(tx.leads_in_all(scope)?, 0);
                Ok((people, each))
            }).await.unwrap();
            let names: Vec<_> = found.0.iter().map(|(person, _)| person.profile.display_name.to_string()).collect();
            assert_eq!(found.1.iter().filter(|within| **within).count(), names.len());
            names
        };
        assert_eq!(seen(Scope::All).await, ["Anna", "Bert", "Carla"]);
        assert_eq!(seen(Scope::Own(carla)).await, ["Carla"]);
        assert_eq!(seen(Scope::Team(id, Some(bert))).await, ["Anna", "Bert"]);
        assert_eq!(seen(Scope::Team(id, None)).await, ["Anna"]);
        // a group that is no more is nobody's team
        store.write(move |tx| tx.delete_group(team)).await.unwrap();
        assert_eq!(seen(Scope::Team(id, Some(bert))).await, ["Bert"]);
        let detail = store.read(move |tx| tx.account_detail(id)).await.unwrap().unwrap();
        assert!(detail.teams.is_empty() && !detail.has_password && detail.account.roles.has(Role::TeamManager));
    }

    async fn a_token_for_a_password_is_good_once_and_for_a_while(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let account = Account {
            id: AccountId::new(now, &System),
            name: "Zoé".parse().unwrap(),
            email: "zoe@x.example".parse().unwrap(),
            person: None,
            roles: Roles::ADMINISTRATOR,
            active: true,
        };
        let (id, later) = (account.id, now.plus_seconds(10));
        store.write(move |tx| tx.insert_account(&account, None, now)).await.unwrap();
        let of = async |hash: &'static str, at| {
            store.read(move |tx| tx.account_of_token(hash, at)).await.unwrap().map(|account| account.id)
        };
        store.write(move |tx| tx.put_account_token(id, "first", later)).await.unwrap();
        assert_eq!((of("first", now).await, of("first", later).await, of("other", now).await), (Some(id), None, None));
        // another one makes it void, and so does a password
        store.write(move |tx| tx.put_account_token(id, "second", later)).await.unwrap();
        assert_eq!((of("first", now).await, of("second", now).await), (None, Some(id)));
        store.write(move |tx| tx.set_password(id, "hash")).await.unwrap();
        assert_eq!(of("second", now).await, None);
        let (_, hash) = store.read(move |tx| tx.account(id)).await.unwrap().unwrap();
        assert_eq!(hash.as_deref(), Some("hash"));
        // nor is it good for an account that is disabled
        store.write(move |tx| tx.put_account_token(id, "third", later)).await.unwrap();
        store.write(move |tx| {
            let (found, _) = tx.account(id)?.unwrap();
            tx.update_account(&Account { active: false, ..found })
        }).await.unwrap();
        assert_eq!(of("third", now).await, None);
        assert_eq!(store.read(|tx| tx.accounts_with(Role::Administrator)).await.unwrap(), 0);
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
