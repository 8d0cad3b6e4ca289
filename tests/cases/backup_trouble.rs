//! What goes wrong around backups: clocks, disks that are away, folders where others write, keys and users
//! that are not the right ones. None of it may cost a backup that is good, or do what nobody asked for.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use estampe_tests::{Database, MailCatcher, Options, Server, on_both, until};
use serde_json::Value;

use crate::backup::{Place, Vault, create, kek, leave, run, text};
use crate::doctor::{doctor, find};

const FUTURE: &str =
    r#"{"file":{"name":"estampe-20990101T000000Z.tar.age","made_at":4070908800000000,"octets":1},"seconds":1}"#;

/// All that a check found, with how each ended.
fn told(server: &Server, check: &str) -> String {
    let of = |finding: &&Value| finding["check"] == check;
    let line = |finding: &Value| format!("{}: {}\n", finding["status"].as_str().unwrap(), finding["found"]);
    doctor(server).1.iter().filter(of).map(line).collect()
}

fn audited(server: &Server, operation: &str) -> String {
    server.sql(&format!("SELECT count(*) FROM audit_event WHERE operation = '{operation}'"))[0].clone()
}

async fn with_vault(database: Database, vault: &Vault, more: &str) -> Server {
    Server::with_sample(Options { database, extra: vault.configuration(more) }).await
}

/// Whether these tests can do what only root can.
fn is_root(what: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().metadata().unwrap().uid() == 0;
    let waived = std::env::var("ESTAMPE_TEST_NO_MOUNT").is_ok_and(|v| v == "1");
    assert!(root || waived, "{what} CANNOT BE TESTED here: run the tests as root, or set ESTAMPE_TEST_NO_MOUNT=1");
    root && !waived
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_wrong_costs_no_backup_and_stops_none() {
    let vault = Vault::new();
    let server = with_vault(Database::Sqlite, &vault, "every = \"1d\"\nkeep = 1").await;
    let made = || async { server.json(&["backup", "list"])["good"]["file"]["name"].as_str().map(ToOwned::to_owned) };
    let first = until("the first", 30, made).await;
    let ahead = ["estampe-20980101T000000Z.tar.age", "estampe-20990101T000000Z.tar.age"];
    for name in ahead {
        std::fs::write(vault.backups().join(name), "dated ahead").unwrap();
    }
    let second = create(&server);
    let names = vault.names();
    assert!(names.contains(&second) && !names.contains(&first), "{names:?}");
    assert!(ahead.iter().all(|name| names.contains(&(*name).to_owned())), "{names:?}");
    let found = told(&server, "backup");
    assert!(found.contains("ok: ") && found.contains("warning: \"2 of the files are dated after today"), "{found}");

    // the newest that is known, and the last try, are of a year that is to come
    server.sql(&format!("UPDATE setting SET value = '{FUTURE}' WHERE key = 'backup-good'"));
    std::fs::remove_file(vault.path(&second)).unwrap();
    let found = told(&server, "backup");
    assert!(found.contains("yet to come") && !found.contains("0 minutes old"), "{found}");
    server.sql("UPDATE setting SET value = '4070908800000000' WHERE key = 'backup-begun'");
    until("the next", 40, async || (vault.names().len() == 3).then_some(())).await;
    until("its note", 30, async || made().await.filter(|name| *name != "estampe-20990101T000000Z.tar.age")).await;
    assert!(told(&server, "backup").contains("ok: "));
}

on_both! {
    async fn a_line_that_others_wrote_beside_the_backups_erases_nobody(database) {
        let vault = Vault::new();
        let mut server = with_vault(database, &vault, "every = \"off\"").await;
        create(&server);
        let people = server.people();
        let source = server.sql("SELECT id FROM source")[0].clone();
        let mac = "00".repeat(32);
        let mut lines = format!("source/{source} 1764000000000000\nsource/{source} 1764000000000000 {mac}\n");
        for id in server.sql("SELECT id FROM person") {
            lines.extend(["person/", &id, " 1764000000000000 ", &mac, "\n"]);
        }
        let list = vault.backups().join("erasures");
        let mut there = std::fs::read(&list).unwrap();
        there.extend(lines.as_bytes());
        // and some that is no text at all
        there.extend(b"\xff\xfe\xff\n");
        std::fs::write(&list, there).unwrap();
        server.stop();
        server.start_again().await;
        until("the list to be read", 30, async || server.log().contains("did not write").then_some(())).await;
        assert_eq!(server.people(), people);
        assert_eq!(server.json(&["source", "list"])["sources"].as_array().unwrap().len(), 1);
        assert_eq!(audited(&server, "person.erase"), "0");
        let found = told(&server, "erasures");
        assert!(found.contains("warning: ") && found.contains("not written by this installation"), "{found}");
        server.stop();
        let stopped = told(&server, "erasures");
        assert!(stopped.contains("not written by this installation"), "{stopped}");
    }

    async fn a_restore_is_audited_and_another_key_in_the_place_is_refused_before_anything_is_done(database) {
        let vault = Vault::new();
        let server = with_vault(database, &vault, "every = \"off\"").await;
        let name = create(&server);
        let place = Place::new(database);
        // a fresh install made a key
        let own = place.data().join("keys/kek");
        std::fs::create_dir_all(own.parent().unwrap()).unwrap();
        std::fs::write(&own, "11".repeat(32)).unwrap();
        std::fs::set_permissions(&own, PermissionsExt::from_mode(0o400)).unwrap();
        let refused = place.restore(&vault.path(&name), &vault.identity(), &kek(&server));
        let needed = server.json(&["key", "show"])["id"].as_str().unwrap().to_owned();
        let words = [text(&own), needed, "holds another key".to_owned(), "aside".to_owned()];
        assert!(refused.code == 1 && words.iter().all(|words| refused.stderr.contains(words)), "{refused:?}");
        assert_eq!(place.left(), [text(&own)]);
        std::fs::remove_file(&own).unwrap();
        // a list that cannot be brought along: nothing is there, and the database was not filled
        let list = vault.backups().join("erasures");
        std::fs::rename(&list, vault.folder.path().join("list")).unwrap();
        std::fs::create_dir(&list).unwrap();
        let refused = place.restore(&vault.path(&name), &vault.identity(), &kek(&server));
        assert!(refused.code == 1 && refused.stderr.contains("erasures"), "{refused:?}");
        assert_eq!(place.left(), [""; 0]);
        std::fs::remove_dir(&list).unwrap();
        std::fs::rename(vault.folder.path().join("list"), &list).unwrap();
        // the same place, which is as empty as before
        let restored = place.restore(&vault.path(&name), &vault.identity(), &kek(&server));
        assert_eq!(restored.code, 0, "{restored:?}");
        let left = std::fs::read(place.data().join("restored.json")).unwrap();
        let mut copy = place.start("").await;
        copy.stop();
        copy.start_again().await;
        let events = copy.sql("SELECT object_id FROM audit_event WHERE operation = 'backup.restore'");
        assert_eq!(events, [name]);
        assert!(!copy.data().join("restored.json").exists());
        assert_eq!(audited(&server, "backup.restore"), "0");
        // killed before the database was there: whoever starts on it has another one
        let place = Place::new(database);
        std::fs::create_dir_all(place.data().join("keys")).unwrap();
        std::fs::copy(kek(&server), place.data().join("keys/kek")).unwrap();
        std::fs::write(place.data().join("restored.json"), left).unwrap();
        let fresh = place.start("").await;
        assert_eq!(audited(&fresh, "backup.restore"), "0");
        assert!(fresh.log().contains("a restore did not end") && !fresh.data().join("restored.json").exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_hangs_or_is_away_holds_up_nothing() {
    let vault = Vault::new();
    let mut server = with_vault(Database::Sqlite, &vault, "every = \"off\"").await;
    create(&server);
    server.stop();
    // whoever opens this waits without end, as on a mount whose server is away
    let list = vault.backups().join("erasures");
    std::fs::remove_file(&list).unwrap();
    assert!(Command::new("mkfifo").arg(&list).status().unwrap().success());
    let begun = Instant::now();
    server.start_again().await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // the worker works: a run is its
    let run = server.sync();
    assert_eq!(run["state"], "done", "{run}");
    let refused = server.cli(&["backup", "create"]);
    assert!(refused.code == 1 && refused.stderr.contains("does not answer"), "{refused:?}");
    server.stop();

    std::fs::remove_file(&list).unwrap();
    let away = vault.folder.path().join("away");
    std::fs::rename(vault.backups(), &away).unwrap();
    std::fs::write(vault.backups(), "no folder").unwrap();
    server.start_again().await;
    until("a warning", 30, async || server.log().contains("could not be noted outside").then_some(())).await;
    std::fs::remove_file(vault.backups()).unwrap();
    std::fs::rename(&away, vault.backups()).unwrap();
    create(&server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_not_mounted_and_anothers_folder_are_refused() {
    let vault = Vault::new();
    let server = with_vault(Database::Sqlite, &vault, "every = \"off\"").await;
    let first = create(&server);
    // one that was asked for keeps other nodes from beginning one, as scheduled ones do
    assert_eq!(server.sql("SELECT count(*) FROM setting WHERE key = 'backup-begun'"), ["1"]);
    // an empty folder where the disk was
    let away = vault.folder.path().join("away");
    std::fs::rename(vault.backups(), &away).unwrap();
    std::fs::create_dir(vault.backups()).unwrap();
    let refused = server.cli(&["backup", "create"]);
    let words = ["mounted", "--new-folder"];
    assert!(refused.code == 1 && words.iter().all(|words| refused.stderr.contains(words)), "{refused:?}");
    assert_eq!(vault.names(), [""; 0]);
    assert!(told(&server, "backup").contains("failed: \"the last try failed"));
    assert_eq!(audited(&server, "backup.fail"), "1");
    // a person says that it is another disk
    let made = server.cli(&["backup", "create", "--new-folder"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(vault.names().len(), 1);
    // mounted again, it is known
    std::fs::remove_dir_all(vault.backups()).unwrap();
    std::fs::rename(&away, vault.backups()).unwrap();
    let second = create(&server);
    assert_eq!(vault.names(), [first, second]);

    // another house that names the same folder removes nothing
    let other =
        Server::start(Options { extra: vault.configuration("every = \"off\"\nkeep = 1"), ..Options::default() });
    let other = other.await;
    for more in [&["backup", "create"][..], &["backup", "create", "--new-folder"]] {
        let refused = other.cli(more);
        assert!(refused.code == 1 && refused.stderr.contains("another installation"), "{refused:?}");
    }
    assert_eq!(vault.names().len(), 2);
    // and one that keeps its backups with its data is told
    let inside = other.data().join("backups");
    let recipient = vault.configuration("").replace(&text(&vault.backups()), &text(&inside));
    other.configure(&recipient);
    assert!(told(&other, "backup").contains("lies in data_dir"), "{}", told(&other, "backup"));
}

/// A file that cannot be removed, for something is mounted on it.
struct Held(PathBuf);

impl Held {
    fn new(path: &Path) -> Self {
        let mounted = Command::new("mount").arg("--bind").args([path, path]).output().unwrap();
        assert!(mounted.status.success(), "{mounted:?}");
        Self(path.to_owned())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_one_that_cannot_be_removed_costs_nothing() {
    if !is_root("a file that cannot be removed") {
        return;
    }
    let vault = Vault::new();
    let server = with_vault(Database::Sqlite, &vault, "every = \"off\"\nkeep = 1").await;
    let oldest = "estampe-20200101T000000Z.tar.age";
    let first = create(&server);
    std::fs::write(vault.backups().join(oldest), "older still").unwrap();
    let held = Held::new(&vault.backups().join(&first));
    let second = create(&server);
    assert_eq!(vault.names(), [&first, &second].map(ToOwned::to_owned), "others are removed all the same");
    assert_eq!(server.json(&["backup", "list"])["good"]["file"]["name"], second.as_str());
    assert_eq!(audited(&server, "backup.fail"), "0");
    let found = told(&server, "backup");
    assert!(found.contains("ok: ") && found.contains("warning: \"old ones were not removed"), "{found}");
    assert!(server.log().contains("old backups could not be removed"));
    drop(held);
    let third = create(&server);
    assert_eq!(vault.names(), [third]);
    assert!(!told(&server, "backup").contains("not removed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_refused_restore_leaves_belongs_to_the_service() {
    const NOBODY: u32 = 65_534;
    if !is_root("a restore by root for another user") {
        return;
    }
    let (vault, other) = (Vault::new(), Vault::new());
    let server = with_vault(Database::Sqlite, &vault, "every = \"off\"").await;
    let name = create(&server);
    let place = tempfile::tempdir().unwrap();
    let (data, keys) = (place.path().join("data"), place.path().join("secrets/keys"));
    std::fs::create_dir(&data).unwrap();
    std::os::unix::fs::chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
    let config = text(&place.path().join("restore.toml"));
    let content = format!("data_dir = {data:?}\n[database]\nkey_file = {:?}\n", keys.join("kek"));
    std::fs::write(&config, content).unwrap();
    let restore = |identity: &str| {
        let kek = text(&kek(&server));
        run(&["--config", &config, "restore", &vault.path(&name), "--identity", identity, "--key-file", &kek])
    };
    let owner = |path: &Path| path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).uid();
    let refused = restore(&other.identity());
    assert!(refused.code == 1 && refused.stderr.contains("another recipient"), "{refused:?}");
    for path in [data.join("lock"), keys.clone(), keys.parent().unwrap().to_owned()] {
        assert_eq!(owner(&path), NOBODY, "{}", path.display());
    }
    let restored = restore(&vault.identity());
    assert_eq!(restored.code, 0, "{restored:?}");
    for path in [data.join("estampe.db"), data.join("erasures"), data.join("restored.json"), keys.join("kek")] {
        assert_eq!(owner(&path), NOBODY, "{}", path.display());
    }
}

on_both! {
    async fn what_was_restored_sends_nothing_before_somebody_says_so(database) {
        let (vault, mail) = (Vault::new(), MailCatcher::start());
        let server = Server::with_sample(Options { database, extra: vault.configuration("every = \"off\"") }).await;
        // the notice waits: there is no mail server
        assert!(leave(&server.client(), &server.card_of("lefevre"), 1).await);
        let name = create(&server);
        let runs = |server: &Server| server.json(&["run", "list"])["runs"].as_array().unwrap().len();

        let place = Place::new(database);
        let restored = place.restore(&vault.path(&name), &vault.identity(), &kek(&server));
        assert!(restored.code == 0 && restored.stdout.contains("estampe resume"), "{restored:?}");
        let extra = format!("{}{}", mail.configuration(), vault.configuration("every = \"1d\""));
        let mut copy = place.start(&extra).await;
        copy.sql("UPDATE source SET every_minutes = 1");
        copy.sql("UPDATE run SET started_at = started_at - 120000000");
        copy.sql("UPDATE setting SET value = '1577836800000000' WHERE key = 'backup-begun'");
        let waits = || copy.json(&["outbox", "list"])["waiting"].as_u64().unwrap();
        assert_eq!((waits(), runs(&copy)), (2, 1));
        let refused = copy.cli(&["source", "sync", "siege"]);
        assert!(refused.code == 1 && refused.stderr.contains("estampe resume"), "{refused:?}");
        // longer than the worker ever sleeps
        tokio::time::sleep(Duration::from_secs(16)).await;
        assert_eq!((waits(), runs(&copy), mail.mails().len(), vault.names().len()), (2, 1, 0, 1));
        assert_eq!(find(&doctor(&copy).1, "restored")["status"], "warning");
        // and after another start
        copy.stop();
        copy.start_again().await;
        // visitors are served meanwhile
        assert!(leave(&copy.client(), &copy.card_of("lefevre"), 2).await);
        assert_eq!((copy.cli(&["resume"]).code, copy.cli(&["resume"]).code), (0, 1));
        until("the mails", 30, async || (mail.mails().len() == 4).then_some(())).await;
        until("a run", 30, async || (runs(&copy) == 2).then_some(())).await;
        until("a backup", 30, async || (vault.names().len() == 2).then_some(())).await;
        assert!(doctor(&copy).1.iter().all(|finding| finding["check"] != "restored"));
        let told = copy.sql("SELECT operation FROM audit_event WHERE operation IN ('backup.restore', 'service.resume') ORDER BY id");
        assert_eq!(told, ["backup.restore", "service.resume"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_was_killed_can_be_tried_again_and_none_follows_a_link() {
    let vault = Vault::new();
    let server = with_vault(Database::Sqlite, &vault, "every = \"off\"").await;
    let name = create(&server);
    let restore = |place: &Place| place.restore(&vault.path(&name), &vault.identity(), &kek(&server));

    // somebody may write where the data goes, and where the backups are; root restores
    let valuable = vault.folder.path().join("valuable");
    std::fs::write(&valuable, "valuable").unwrap();
    let place = Place::new(Database::Sqlite);
    std::fs::create_dir(place.data()).unwrap();
    std::os::unix::fs::symlink(&valuable, place.data().join("erasures")).unwrap();
    let refused = restore(&place);
    assert!(refused.code == 1 && refused.stderr.contains("is no file"), "{refused:?}");
    std::fs::remove_file(place.data().join("erasures")).unwrap();
    std::os::unix::fs::symlink(&valuable, place.data().join("restored.json.new")).unwrap();
    let list = vault.backups().join("erasures");
    std::fs::rename(&list, vault.folder.path().join("list")).unwrap();
    std::os::unix::fs::symlink(&valuable, &list).unwrap();
    let refused = restore(&place);
    assert!(refused.code == 1 && refused.stderr.contains("erasures"), "{refused:?}");
    std::fs::rename(vault.folder.path().join("list"), &list).unwrap();

    // killed with the certificates in their place, and the database not yet
    let make = |path: &str, text: &str| {
        let path = place.data().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    make("tls/ca.key", "half");
    make("restoring/copy", "everybody");
    let refused = restore(&place);
    assert!(refused.code == 1 && refused.stderr.contains("an empty place only"), "{refused:?}");
    make("restored.json", "{}");
    let restored = restore(&place);
    assert_eq!(restored.code, 0, "{restored:?}");
    let file = |data: &Path| std::fs::read(data.join("tls/ca.key")).unwrap();
    assert_eq!(file(&place.data()), file(&server.data()));
    assert!(!place.data().join("restoring").exists());
    assert_eq!(std::fs::read_to_string(&valuable).unwrap(), "valuable");
    // what a kill left is taken away by a start as well
    make("restoring/copy", "everybody");
    let copy = place.start("").await;
    assert!(!copy.data().join("restoring").exists() && copy.people().len() == server.people().len());
}
