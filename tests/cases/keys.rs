//! Another key takes the place of the one that wraps all others, while leads arrive and whenever
//! the server is killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use estampe_tests::{Database, Options, Server, SmallDisk, on_both, until};

use crate::doctor::{doctor, find};

fn key_file(server: &Server) -> PathBuf {
    server.data().join("keys/kek")
}

fn key(server: &Server) -> String {
    server.json(&["key", "show"])["id"].as_str().unwrap().to_owned()
}

/// Leaves details at a card, under an address of its own.
async fn leave(server: &Server, number: usize) {
    let (email, key) = (format!("v{number}@visitors.example"), format!("0123456789abcdef{number:04}"));
    let form = [("name", "Amélie"), ("email", email.as_str()), ("idempotency_key", key.as_str())];
    let sent = server.client().post(format!("{}/leads", server.card_of("lefevre"))).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 200);
}

fn readable(server: &Server) -> usize {
    let leads = server.json(&["lead", "list"]);
    let leads = leads["leads"].as_array().unwrap();
    leads.iter().filter(|lead| lead["details"]["name"] == "Amélie").count()
}

/// The keys that wrap something.
fn wrapping(server: &Server) -> Vec<String> {
    server.sql("SELECT kek_id FROM data_key WHERE wrapped IS NOT NULL UNION SELECT kek_id FROM appliance_key")
}

on_both! {
    async fn a_new_key_takes_the_place_of_the_old_one_while_leads_arrive(database) {
        let is_postgres = matches!(database, Database::Postgres);
        let mut server = Server::with_sample(Options { database, ..Options::default() }).await;
        for number in 0..3 {
            leave(&server, number).await;
        }
        let (before, file) = (key(&server), std::fs::read(key_file(&server)).unwrap());
        let mut rotate = vec!["key", "rotate"];
        if is_postgres {
            let refused = server.cli(&rotate);
            assert!(refused.code == 1 && refused.stderr.contains("--alone"), "{refused:?}");
            rotate.push("--alone");
        }
        let rotating = async { tokio::task::block_in_place(|| server.json(&rotate)) };
        let leaving = async {
            for number in 3..6 {
                leave(&server, number).await;
            }
        };
        let (state, ()) = tokio::join!(rotating, leaving);
        let after = state["id"].as_str().unwrap().to_owned();
        assert!(after != before && state["rotating"] == false && state["since"].is_string(), "{state}");
        assert_eq!(wrapping(&server), std::slice::from_ref(&after));
        assert!(std::fs::read(key_file(&server)).unwrap() != file && !server.data().join("keys/kek.next").exists());
        assert_eq!(readable(&server), 6);
        let told = server.sql("SELECT operation FROM audit_event WHERE operation LIKE 'key.%' ORDER BY id");
        assert_eq!(told, ["key.use", "key.rotate", "key.use"]);
        let (_, findings) = doctor(&server);
        let keys = find(&findings, "keys");
        assert!(keys["status"] == "ok" && keys["found"].as_str().unwrap().contains("in use since"), "{keys}");

        // after a start all is readable, and by the old key nothing is
        server.stop();
        server.start_again().await;
        assert_eq!((key(&server), readable(&server)), (after, 6));
        server.stop();
        let new = std::fs::read(key_file(&server)).unwrap();
        write_key(&key_file(&server), &file);
        let (code, findings) = doctor(&server);
        let keys = find(&findings, "keys");
        assert!(code == 1 && keys["found"].as_str().unwrap().contains("does not belong to this database"), "{keys}");
        write_key(&key_file(&server), &new);
        server.start_again().await;
        assert_eq!(readable(&server), 6);
    }
}

fn write_key(path: &std::path::Path, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    _ = std::fs::remove_file(path);
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_anywhere_it_goes_on_after_the_next_start() {
    let mut server = Server::with_sample(Options::default()).await;
    for number in 0..4 {
        leave(&server, number).await;
    }
    // the next key was made, and nothing more
    server.stop();
    let next = server.data().join("keys/kek.next");
    write_key(&next, b"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
    server.start_again().await;
    until("the end of the rotation", 20, async || (!next.exists()).then_some(())).await;
    assert_eq!((wrapping(&server), readable(&server)), (vec![key(&server)], 4));

    // killed after some moment
    for millis in [0, 2, 5, 10, 20, 40, 80] {
        let mut rotating = server.begin(&["key", "rotate"]);
        until("its beginning", 20, async || (next.exists() || rotating.try_wait().unwrap().is_some()).then_some(()))
            .await;
        tokio::time::sleep(Duration::from_millis(millis)).await;
        server.kill();
        rotating.wait().unwrap();
        server.start_again().await;
        until("the end of the rotation", 20, async || (!next.exists()).then_some(())).await;
        assert_eq!((wrapping(&server), readable(&server)), (vec![key(&server)], 4), "{millis} ms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_old_enough_is_replaced_by_itself() {
    let mut server = Server::with_sample(Options::default()).await;
    let before = key(&server);
    until("the key to be noted", 20, async || server.json(&["key", "show"])["since"].is_string().then_some(())).await;
    let days = |days: i64| {
        format!("UPDATE setting SET value = '{before} ' || (changed_at - {days} * 86400000000) WHERE key = 'key-since'")
    };
    for (age, is_new) in [(89, false), (91, true)] {
        server.sql(&days(age));
        server.stop();
        server.start_again().await;
        if is_new {
            until("another key", 20, async || (key(&server) != before).then_some(())).await;
        } else {
            assert_eq!(key(&server), before);
        }
    }
    until("the end", 20, async || (server.json(&["key", "show"])["rotating"] == false).then_some(())).await;
    // by hand, and then it says what is left to do
    let (last, told) = (key(&server), server.cli(&["key", "rotate"]));
    assert!(told.code == 0 && key(&server) != last, "{told:?}");
    assert!(told.stdout.contains("Copy the new key") && told.stdout.contains("Backups from before"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_warned_until_a_copy_of_the_key_was_shown() {
    let server = Server::with_sample(Options::default()).await;
    let copy = server.folder().join("elsewhere");
    let check = |path: &Path| server.cli(&["key", "check", path.to_str().unwrap()]);
    let warns = || {
        let (code, findings) = doctor(&server);
        let found = find(&findings, "key copy").clone();
        assert!(code == 0 && found["found"].as_str().unwrap().contains(&key(&server)), "{found}");
        found["status"] == "warning"
    };
    assert!(warns());
    let refused = |path: &Path, words: &[&str]| {
        let told = check(path);
        assert!(told.code == 1 && words.iter().all(|word| told.stderr.contains(word)), "{words:?}: {told:?}");
        assert!(server.json(&["key", "show"])["copied"].is_null() && warns());
    };
    // not elsewhere
    refused(&key_file(&server), &["the key file itself"]);
    std::fs::hard_link(key_file(&server), &copy).unwrap();
    refused(&copy, &["the key file itself"]);
    std::fs::remove_file(&copy).unwrap();
    std::os::unix::fs::symlink(key_file(&server), &copy).unwrap();
    refused(&copy, &["the key file itself"]);
    std::fs::remove_file(&copy).unwrap();
    let beside = server.data().join("keys/copy");
    std::fs::copy(key_file(&server), &beside).unwrap();
    refused(&beside, &["lost together with it"]);
    // no key, another key
    refused(&copy, &["No such file"]);
    std::fs::write(&copy, "not a key\n").unwrap();
    refused(&copy, &["holds no key"]);
    std::fs::write(&copy, "ab".repeat(32)).unwrap();
    refused(&copy, &["a copy of the key", "wraps all others now", &key(&server)]);

    std::fs::remove_file(&copy).unwrap();
    std::fs::copy(key_file(&server), &copy).unwrap();
    let told = check(&copy);
    assert!(told.code == 0 && told.stdout.contains(&key(&server)) && !warns(), "{told:?}");
    assert!(server.json(&["key", "show"])["copied"].is_string());
    let noted = server.sql("SELECT object_id FROM audit_event WHERE operation = 'key.copy'");
    assert_eq!(noted, [key(&server)]);
    server.never_logs(&[std::fs::read_to_string(&copy).unwrap().trim()]);

    // the copy of the key before is none of the one that took its place
    assert_eq!(server.cli(&["key", "rotate"]).code, 0);
    refused(&copy, &["a copy of the key", &noted[0]]);
    let told = server.cli_reading(&["key", "check", "-"], &key_file(&server));
    assert!(told.code == 0 && !warns(), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_to_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(keys) = SmallDisk::mount(&folder.path().join("data/keys"), 1) else { return };
    let server = Server::start_in(folder, Options::default()).await;
    server.import(&estampe_tests::sample());
    leave(&server, 0).await;
    until("the key to be noted", 20, async || server.json(&["key", "show"])["since"].is_string().then_some(())).await;
    let look = || {
        let files: Vec<_> = std::fs::read_dir(key_file(&server).parent().unwrap()).unwrap().flatten().collect();
        let names: Vec<_> = files.iter().map(|file| file.file_name()).collect();
        let events = server.sql("SELECT count(*) FROM audit_event WHERE operation LIKE 'key.%'");
        (std::fs::read(key_file(&server)).unwrap(), names, server.json(&["key", "show"]), wrapping(&server), events)
    };
    let before = look();
    keys.read_only();
    let refused = server.cli(&["key", "rotate"]);
    assert!(refused.code == 1 && refused.stderr.contains("nothing was changed"), "{refused:?}");
    assert!(look() == before, "something changed: {:?}", look());
    leave(&server, 1).await;
    assert_eq!(readable(&server), 2);
}
