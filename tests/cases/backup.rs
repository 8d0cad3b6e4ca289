//! Backups by their doors: made while leads arrive, looked into, restored elsewhere; refused where they
//! cannot be used; by themselves, and not half when the server is killed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use estampe_tests::{Database, Options, Output, Server, UNLIMITED, binary, fresh_postgres, on_both, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::doctor::{doctor, find};

/// Where backups go, and what opens them: elsewhere than the server.
pub struct Vault {
    pub folder: TempDir,
    recipient: String,
}

impl Vault {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = run(&["--json", "backup", "key", &text(&folder.path().join("identity"))]);
        let made: Value = serde_json::from_str(&made.stdout).unwrap_or_else(|_| panic!("{made:?}"));
        Self { folder, recipient: made["recipient"].as_str().unwrap().to_owned() }
    }

    pub fn identity(&self) -> String {
        text(&self.folder.path().join("identity"))
    }

    pub fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    pub fn configuration(&self, more: &str) -> String {
        format!("{UNLIMITED}[backup]\nfolder = {:?}\nrecipients = [{:?}]\n{more}\n", self.backups(), self.recipient)
    }

    /// The names of what lies there, whatever it is.
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.backups()) else { return Vec::new() };
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "erasures" && name != "estampe-installation");
        names.sort();
        names
    }

    pub fn path(&self, name: &str) -> String {
        text(&self.backups().join(name))
    }
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub fn run(arguments: &[&str]) -> Output {
    let output = Command::new(binary()).args(arguments).output().unwrap();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An empty place with a copy of the key, kept elsewhere.
pub struct Place {
    pub folder: TempDir,
    url: String,
}

impl Place {
    pub fn new(database: Database) -> Self {
        let url = match database {
            Database::Sqlite => String::new(),
            Database::Postgres => fresh_postgres(),
        };
        Self { folder: tempfile::tempdir().unwrap(), url }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn restore(&self, backup: &str, identity: &str, kek: &Path) -> Output {
        let config = self.folder.path().join("restore.toml");
        let content = format!("data_dir = {:?}\n[database]\nurl = {:?}\n", self.data(), self.url);
        std::fs::write(&config, content).unwrap();
        run(&["--config", &text(&config), "restore", backup, "--identity", identity, "--key-file", &text(kek)])
    }

    pub async fn start(self, extra: &str) -> Server {
        Server::start_on(self.folder, &self.url, extra).await
    }

    /// What is there beside the lock and empty folders.
    pub fn left(&self) -> Vec<String> {
        let (mut found, mut folders) = (Vec::new(), vec![self.data()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() { folders.push(entry.path()) } else { found.push(text(&entry.path())) }
            }
        }
        found.retain(|path| !path.ends_with("/lock"));
        found
    }
}

pub fn kek(server: &Server) -> PathBuf {
    server.data().join("keys/kek")
}

/// Makes a backup: its name.
pub fn create(server: &Server) -> String {
    let made = server.json(&["backup", "create"]);
    made["name"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

pub fn verify(server: &Server, vault: &Vault, name: &str) -> Output {
    server.cli(&["--json", "backup", "verify", &vault.path(name), "--identity", &vault.identity()])
}

pub async fn leave(client: &reqwest::Client, card: &str, number: usize) -> bool {
    let (email, key) = (format!("v{number}@visitors.example"), format!("0123456789abcdef{number:04}"));
    let form = [("name", "Amélie"), ("email", email.as_str()), ("idempotency_key", key.as_str())];
    client.post(format!("{card}/leads")).form(&form).send().await.is_ok_and(|answer| answer.status() == 200)
}

/// Every lead's address.
fn stored(server: &Server) -> BTreeSet<String> {
    let (mut all, mut after) = (BTreeSet::new(), None::<String>);
    loop {
        let more = after.as_deref().map_or(Vec::new(), |after| vec!["--after", after]);
        let page = server.json(&[&["lead", "list"][..], &more].concat());
        let leads = page["leads"].as_array().unwrap();
        all.extend(leads.iter().map(|lead| lead["details"]["email"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => return all,
        }
    }
}

/// The rows of the tables that hold what people gave and are shown.
fn content(server: &Server) -> Vec<Vec<String>> {
    ["person", "card", "lead", "consent", "subject", "data_key", "source", "blob", "plugin_grant"]
        .map(|table| server.sql(&format!("SELECT * FROM {table} ORDER BY 1, 2")))
        .to_vec()
}

on_both! {
    async fn a_restore_has_all_that_was_acknowledged_before_the_backup_began(database) {
        let vault = Vault::new();
        let server = Server::with_sample(Options { database, extra: vault.configuration("every = \"off\"") }).await;
        let (client, card) = (server.client(), server.card_of("lefevre"));
        for number in 0..8 {
            assert!(leave(&client, &card, number).await);
        }
        let before = stored(&server);
        assert_eq!(before.len(), 8);
        let arriving = async {
            let mut acknowledged = 0;
            for number in 8..60 {
                acknowledged += usize::from(leave(&client, &card, number).await);
            }
            acknowledged
        };
        let backing = async { tokio::task::block_in_place(|| create(&server)) };
        let (acknowledged, name) = tokio::join!(arriving, backing);
        assert_eq!(acknowledged, 52, "no lead is refused meanwhile");

        let place = Place::new(database);
        let restored = place.restore(&vault.path(&name), &vault.identity(), &kek(&server));
        assert!(restored.code == 0 && restored.stdout.contains("estampe doctor"), "{restored:?}");
        let copy = place.start("").await;
        let there = stored(&copy);
        let lost: Vec<_> = before.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let all = stored(&server);
        assert!(there.is_subset(&all) && all.len() == 60, "{} of {}", there.len(), all.len());
        assert_eq!(copy.people().len(), server.people().len());
        drop(copy);

        // with nobody at work a backup is the very same
        let name = create(&server);
        let looked = verify(&server, &vault, &name);
        assert_eq!(looked.code, 0, "{looked:?}");
        let looked: Value = serde_json::from_str(&looked.stdout).unwrap();
        assert_eq!((&looked["database"]["counts"]["lead"], &looked["noted"]), (&60.into(), &true.into()), "{looked}");
        let place = Place::new(database);
        let restored = place.restore(&vault.path(&name), &vault.identity(), &kek(&server));
        assert_eq!(restored.code, 0, "{restored:?}");
        let copy = place.start("").await;
        assert_eq!(content(&copy), content(&server));
        assert!(copy.data().join("tls/ca.key").is_file(), "devices trust the same authority");
        assert_eq!(
            std::fs::read(copy.data().join("tls/ca.pem")).unwrap(),
            std::fs::read(server.data().join("tls/ca.pem")).unwrap()
        );
        let (code, findings) = doctor(&copy);
        let sealed = find(&findings, "sealed data");
        assert!(sealed["status"] == "ok", "{code} {sealed}");
    }

    async fn what_was_erased_since_stays_so(database) {
        let vault = Vault::new();
        let server = Server::with_sample(Options { database, extra: vault.configuration("every = \"off\"") }).await;
        let name = create(&server);
        assert!(!server.people().is_empty());
        // a new key wraps all others meanwhile: the lines are known by what outlives that, and the restore
        let old_kek = vault.folder.path().join("kek");
        std::fs::copy(kek(&server), &old_kek).unwrap();
        assert_eq!(server.cli(&["key", "rotate", "--alone"]).code, 0);
        assert_ne!(std::fs::read(&old_kek).unwrap(), std::fs::read(kek(&server)).unwrap());
        let ended = server.cli(&["source", "disconnect", "siege", "--people", "erase", "--yes"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let noted = vault.backups().join("erasures");
        until("who was erased to be noted", 30, async || {
            std::fs::read_to_string(&noted).is_ok_and(|text| text.contains("person/")).then_some(())
        })
        .await;
        // a list that did not come along is told of; one that is empty is not
        let elsewhere = Place::new(database);
        let alone = elsewhere.folder.path().join(&name);
        std::fs::copy(vault.path(&name), &alone).unwrap();
        let restored = elsewhere.restore(&text(&alone), &vault.identity(), &old_kek);
        assert!(restored.code == 0 && restored.stdout.contains("No list of erasures"), "{restored:?}");
        let place = Place::new(database);
        // what was brought before, and cut
        std::fs::create_dir_all(place.data()).unwrap();
        std::fs::write(place.data().join("erasures"), "person/01").unwrap();
        let restored = place.restore(&vault.path(&name), &vault.identity(), &old_kek);
        assert!(restored.code == 0 && restored.stdout.contains("done again at the start"), "{restored:?}");
        let list = std::fs::read_to_string(place.data().join("erasures")).unwrap();
        assert!(list.starts_with("person/01\n") && list.ends_with('\n'), "{list}");
        let copy = place.start("").await;
        assert_eq!(copy.people(), Vec::<Value>::new());
        until("the end of the source", 30, async || {
            copy.json(&["source", "list"])["sources"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
        let replayed = copy.sql("SELECT count(*) FROM audit_event WHERE operation = 'person.erase'");
        assert_ne!(replayed, ["0"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_restored_says_why_and_leaves_nothing() {
    let (vault, other) = (Vault::new(), Vault::new());
    let server =
        Server::with_sample(Options { extra: vault.configuration("every = \"off\""), ..Options::default() }).await;
    assert!(leave(&server.client(), &server.card_of("lefevre"), 0).await);
    let name = create(&server);
    let file = vault.path(&name);
    let refused = |file: &str, identity: &str, kek: &Path, words: &[&str]| {
        let place = Place::new(Database::Sqlite);
        let said = place.restore(file, identity, kek);
        assert!(said.code == 1 && words.iter().all(|words| said.stderr.contains(words)), "{words:?}: {said:?}");
        assert_eq!(place.left(), [""; 0], "{words:?}");
    };
    let identity = vault.identity();
    refused(&file, &other.identity(), &kek(&server), &["another recipient"]);
    refused(&file, &identity, Path::new("/nowhere/kek"), &["needs the key", "keys.md"]);
    let wrong = vault.folder.path().join("kek");
    std::fs::write(&wrong, "11".repeat(32)).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o400);
    std::fs::set_permissions(&wrong, private).unwrap();
    let id = server.json(&["key", "show"])["id"].as_str().unwrap().to_owned();
    refused(&file, &identity, &wrong, &["needs the key", &id]);

    let octets = std::fs::read(&file).unwrap();
    let damaged = text(&vault.folder.path().join("damaged"));
    for cut in [octets.len() - 1, octets.len() / 2, 3_000] {
        std::fs::write(&damaged, &octets[..cut]).unwrap();
        refused(&damaged, &identity, &kek(&server), &["damaged"]);
    }
    for at in [octets.len() - 20, octets.len() / 2, octets.len() / 3] {
        let mut flipped = octets.clone();
        flipped[at] ^= 4;
        std::fs::write(&damaged, &flipped).unwrap();
        refused(&damaged, &identity, &kek(&server), &["damaged"]);
        let looked = server.cli(&["backup", "verify", &damaged, "--identity", &identity]);
        assert!(looked.code == 1 && looked.stderr.contains("damaged"), "{looked:?}");
    }
    std::fs::write(&damaged, "no backup at all").unwrap();
    refused(&damaged, &identity, &kek(&server), &["no backup of Estampe"]);

    // a place that is not empty stays as it is
    let place = Place::new(Database::Sqlite);
    let there = place.data().join("estampe.db");
    std::fs::create_dir_all(place.data()).unwrap();
    std::fs::write(&there, "mine").unwrap();
    let said = place.restore(&file, &identity, &kek(&server));
    assert!(said.code == 1 && said.stderr.contains("empty place"), "{said:?}");
    assert_eq!(std::fs::read(&there).unwrap(), b"mine");

    // a newer version's
    server.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
    let newer = vault.path(&create(&server));
    server.sql("DELETE FROM __diesel_schema_migrations WHERE version = '99990101000000'");
    refused(&newer, &identity, &kek(&server), &["99990101000000", "or newer"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_go_and_a_kill_leaves_no_half_of_one() {
    let vault = Vault::new();
    let extra = vault.configuration("every = \"off\"\nkeep = 2");
    let mut server = Server::with_sample(Options { extra, ..Options::default() }).await;
    let made = [create(&server), create(&server), create(&server)];
    assert_eq!(vault.names(), made[1..], "two are kept");
    std::fs::write(vault.backups().join("estampe-notes.txt"), "mine").unwrap();
    // as much as takes some time to copy and to pack
    server.sql("INSERT INTO setting (key, value, changed_at) VALUES ('filler', hex(randomblob(8000000)), 0)");
    let copying = |server: &Server| server.data().join("backup-work/copy").exists();
    let packing = || vault.names().iter().any(|name| name.contains(".age.new"));
    let mut cut = [0; 2];
    for round in 0..6 {
        let of_the_copy = round % 2 == 0;
        let mut creating = server.begin(&["backup", "create"]);
        let begun = Instant::now();
        while !(if of_the_copy { copying(&server) } else { packing() }) && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(1));
        }
        server.kill();
        cut[0] += usize::from(copying(&server));
        cut[1] += usize::from(packing());
        creating.wait().unwrap();
        server.start_again().await;
        assert!(!server.data().join("backup-work/copy").exists(), "round {round}");
        until("what the kill left to go", 30, async || (!packing()).then_some(())).await;
        assert!(vault.names().contains(&"estampe-notes.txt".to_owned()), "{:?}", vault.names());
        for file in server.json(&["backup", "list"])["files"].as_array().unwrap() {
            let looked = verify(&server, &vault, file["name"].as_str().unwrap());
            assert_eq!(looked.code, 0, "round {round}: {looked:?}");
        }
    }
    assert!(cut[0] > 0 && cut[1] > 0, "no kill fell into a copy, or none into a file: {cut:?}");
    // and one can be made again
    let name = create(&server);
    assert!(vault.names().contains(&name));
    // the list of them needs no service
    let (running, rows) = (server.json(&["backup", "list"]), server.cli(&["backup", "list"]).stdout);
    server.stop();
    let stopped = server.json(&["backup", "list"]);
    for key in ["plan", "files", "good", "failed", "drill"] {
        assert_eq!(stopped[key], running[key], "{key}");
    }
    assert_eq!(server.cli(&["backup", "list"]).stdout, rows);
    // nobody was ever erased: nothing is said of a list
    let place = Place::new(Database::Sqlite);
    let restored = place.restore(&vault.path(&name), &vault.identity(), &kek(&server));
    assert!(restored.code == 0 && !restored.stdout.contains("erasures"), "{restored:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_made_by_themselves_and_whoever_watches_is_told() {
    const OLD: &str =
        r#"{"file":{"name":"estampe-20200101T000000Z.tar.age","made_at":1577836800000000,"octets":1},"seconds":1}"#;
    let server = Server::start_default().await;
    let (code, findings) = doctor(&server);
    let found = find(&findings, "backup");
    assert!(code == 0 && found["status"] == "warning", "{found}");
    let refused = server.cli(&["backup"]);
    assert!(refused.code == 1 && refused.stderr.contains("backup.folder"), "{refused:?}");
    drop(server);

    let vault = Vault::new();
    let server = Server::start(Options { extra: vault.configuration("every = \"1d\""), ..Options::default() }).await;
    let figures = |name: &str| {
        let (server, name) = (&server, name.to_owned());
        async move {
            let text = server.client().get(format!("{}/metrics", server.internal)).send().await.unwrap();
            let text = text.text().await.unwrap();
            let line = text.lines().find(|line| line.starts_with(&name)).unwrap_or_else(|| panic!("{text}"));
            line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
        }
    };
    until("the first", 30, async || (vault.names().len() == 1).then_some(())).await;
    until("its note", 30, async || server.json(&["backup", "list"])["good"].is_object().then_some(())).await;
    let (code, findings) = doctor(&server);
    assert!(code == 0 && find(&findings, "backup")["status"] == "ok", "{findings:#?}");
    assert_eq!(find(&findings, "backup drill")["status"], "warning");
    assert_eq!(verify(&server, &vault, &vault.names()[0]).code, 0);
    let findings = doctor(&server).1;
    assert_eq!(find(&findings, "backup drill")["status"], "ok");
    // with the key file itself nothing was shown of a copy
    assert_eq!(find(&findings, "key copy")["status"], "warning");
    let copy = vault.folder.path().join("copy-of-kek");
    std::fs::copy(kek(&server), &copy).unwrap();
    let (file, identity, copy) = (vault.path(&vault.names()[0]), vault.identity(), text(&copy));
    let looked = server.cli(&["backup", "verify", &file, "--identity", &identity, "--key-file", &copy]);
    assert!(looked.code == 0 && looked.stdout.contains("a copy of the key was shown"), "{looked:?}");
    assert_eq!(find(&doctor(&server).1, "key copy")["status"], "ok");
    until("the figure", 30, async || (figures("estampe_key_not_copied").await < 1.0).then_some(())).await;

    // a day passes
    server.sql(&format!("UPDATE setting SET value = '{OLD}' WHERE key = 'backup-good'"));
    let (code, findings) = doctor(&server);
    assert!(code == 1 && find(&findings, "backup")["status"] == "failed", "{findings:#?}");
    server.sql("UPDATE setting SET value = '1577836800000000' WHERE key = 'backup-begun'");
    until("the next", 40, async || (vault.names().len() == 2).then_some(())).await;
    until("its note", 30, async || (find(&doctor(&server).1, "backup")["status"] == "ok").then_some(())).await;
    until("its age", 30, async || (figures("estampe_backup_age_seconds").await < 60.0).then_some(())).await;

    // the disk of the backups is gone
    std::fs::rename(vault.backups(), vault.folder.path().join("away")).unwrap();
    std::fs::write(vault.backups(), "no folder").unwrap();
    let failed = server.cli(&["backup", "create"]);
    assert!(failed.code == 1 && failed.stderr.contains("no backup was made"), "{failed:?}");
    let found = find(&doctor(&server).1, "backup").clone();
    assert!(found["status"] == "failed" && found["found"].as_str().unwrap().contains("last try failed"), "{found}");
    until("the figure", 30, async || (figures("estampe_backup_failed").await > 0.0).then_some(())).await;
    assert_eq!(server.log().matches("no backup was made").count(), 1, "{}", server.log());
    std::fs::remove_file(vault.backups()).unwrap();
    std::fs::rename(vault.folder.path().join("away"), vault.backups()).unwrap();
    create(&server);
    assert_eq!(find(&doctor(&server).1, "backup")["status"], "ok");
}
