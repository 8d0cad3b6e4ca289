//! `estampe upgrade-check`: what a new version would make of what is there, said without a change.

use std::collections::BTreeMap;
use std::path::Path;

use estampe_tests::{Bundle, Database, Options, Server, Signer, on_both};
use serde_json::{Value, json};

use super::doctor::find;

const NEWER: &str = "99990101000000";

/// Its exit code and what it found; what failed or warns says what to do.
fn check(server: &Server) -> (i32, Vec<Value>) {
    let output = server.cli(&["--json", "upgrade-check"]);
    let findings: Vec<Value> = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    for finding in &findings {
        let is_well = finding["status"] == "ok" || finding["status"] == "skipped";
        assert!(is_well || !finding["advice"].as_str().unwrap().is_empty(), "{finding}");
    }
    (output.code, findings)
}

/// All findings of a check.
fn found(findings: &[Value], check: &str) -> String {
    let of = findings.iter().filter(|finding| finding["check"] == check);
    let line =
        |finding: &Value| format!("{} {}\n", finding["status"].as_str().unwrap(), finding["found"].as_str().unwrap());
    of.map(line).collect::<Vec<_>>().concat()
}

/// Every file with its octets, but what SQLite shares between those who have it open.
fn files(folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let name = path.display().to_string();
        if kind.is_dir() {
            files(&path, into);
        } else if kind.is_file() && !name.ends_with("-shm") && !name.ends_with("-wal") {
            into.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

on_both! {
    async fn the_same_version_has_nothing_to_do_and_nothing_is_changed(database) {
        let mut server = Server::with_sample(Options { database, ..Options::default() }).await;
        for running in [true, false] {
            if !running {
                server.stop();
            }
            let look = || {
                let mut there = BTreeMap::new();
                files(&server.data(), &mut there);
                (there, server.sql("SELECT count(*) FROM audit_event"), server.sql("SELECT * FROM setting ORDER BY key"))
            };
            let before = look();
            let (code, findings) = check(&server);
            assert!(code == 0 && findings.iter().all(|f| f["status"] == "ok" || f["check"] == "room"), "{findings:#?}");
            assert!(look() == before, "it changed something");
            let version = env!("CARGO_PKG_VERSION");
            assert_eq!(found(&findings, "version"), format!("ok {version} ran here last, this is {version}\n"));
            assert!(found(&findings, "schema").starts_with("ok stays as it is"));
            assert!(found(&findings, "plugins").contains("directory-file 0.1.0: contract 0.1.0 is spoken, lies compiled"));
            assert!(found(&findings, "service").contains(if running { "running" } else { "stopped" }));
            assert_eq!(found(&findings, "new keys"), format!("ok none since {version}\n"));
            let text = server.cli(&["upgrade-check"]).stdout;
            assert!(text.contains("schema") && text.contains("It can be upgraded."), "{text}");
        }
        // compiled plugins that are gone are compiled anew
        std::fs::remove_dir_all(server.data().join("plugin-cache")).unwrap();
        let (_, findings) = check(&server);
        assert!(found(&findings, "plugins").contains("is compiled anew at the start"), "{findings:#?}");
    }

    async fn before_the_first_start_there_is_nothing_to_upgrade(database) {
        let mut server = Server::start(Options { database, ..Options::default() }).await;
        server.stop();
        match database {
            Database::Sqlite => std::fs::remove_file(server.data().join("estampe.db")).unwrap(),
            Database::Postgres => drop(server.sql("DROP TABLE __diesel_schema_migrations")),
        }
        let (code, findings) = check(&server);
        let schema = find(&findings, "schema");
        // a wrong data_dir looks the same
        assert_eq!((code, &schema["status"]), (0, &json!("warning")), "{findings:#?}");
        assert!(schema["found"].as_str().unwrap().contains("no database yet"), "{schema}");
        assert!(!server.data().join("estampe.db").exists(), "none was made");
    }

    async fn an_older_schema_is_migrated_and_a_newer_one_is_refused(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let newest = server.sql("SELECT max(version) FROM __diesel_schema_migrations")[0].clone();
        server.sql(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{newest}'"));
        let (code, findings) = check(&server);
        let (schema, room) = (find(&findings, "schema"), find(&findings, "room"));
        assert!(code == 0 && schema["found"].as_str().unwrap().contains(&newest), "{findings:#?}");
        if database == Database::Sqlite {
            assert!(schema["status"] == "ok" && room["found"].as_str().unwrap().contains("a copy"), "{findings:#?}");
        } else {
            let advice = schema["advice"].as_str().unwrap();
            assert!(schema["status"] == "warning" && advice.contains("back it up"), "{schema}");
        }
        server.sql(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{newest}')"));

        server.sql(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{NEWER}')"));
        server.sql("UPDATE setting SET value = '{\"version\":\"9.9.0\",\"keys\":[]}' WHERE key = 'last-start'");
        let (code, findings) = check(&server);
        let schema = find(&findings, "schema");
        assert_eq!((code, &schema["status"]), (1, &json!("failed")), "{findings:#?}");
        assert!(schema["found"].as_str().unwrap().contains(NEWER), "{schema}");
        assert!(schema["advice"].as_str().unwrap().contains("version 9.9.0"), "{schema}");
        assert_eq!(find(&findings, "version")["status"], "warning", "that is going back");
        server.sql(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{NEWER}'"));
    }

    async fn a_plugin_of_another_contract_is_named(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let later = Bundle::shipped("directory-file").replacing("contract = \"0.1.0\"", "contract = \"0.9.0\"");
        let octets: String = later.cut().octets(None).iter().map(|octet| format!("{octet:02x}")).collect();
        let literal = if database == Database::Sqlite { format!("x'{octets}'") } else { format!("'\\x{octets}'") };
        server.sql(&format!("UPDATE plugin_version SET bundle = {literal}"));
        let (code, findings) = check(&server);
        let plugin = find(&findings, "plugins");
        assert_eq!((code, &plugin["status"]), (1, &json!("failed")), "{findings:#?}");
        assert!(plugin["found"].as_str().unwrap().contains("contract \"0.9.0\""), "{plugin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_this_version_does_not_know_or_that_are_new_are_named() {
    let server = Server::start_default().await;
    server.configure("[smpt]\nhost = \"x\"\n[old]\nway = 1\n");
    server.sql("UPDATE setting SET value = '{\"version\":\"0.0.9\",\"keys\":[\"old.way\",\"organisation\"]}' WHERE key = 'last-start'");
    let (code, findings) = check(&server);
    let wrong = found(&findings, "configuration");
    assert!(
        code == 1 && wrong.contains("unknown key smpt; did you mean smtp") && wrong.contains("estampe.toml"),
        "{wrong}"
    );
    assert!(wrong.lines().any(|line| line.contains("unknown key old") && line.contains("0.0.9 knew it")), "{wrong}");
    assert_eq!(find(&findings, "schema")["status"], "ok", "the rest is looked at all the same");
    let new = found(&findings, "new keys");
    assert!(new.contains("sync.hold_percent = \"10\"") && !new.contains("organisation"), "{new}");
    assert!(new.contains("data_dir (set already)"), "{new}");

    server.configure("[sync]\nhold_percent = 300\n");
    let (code, findings) = check(&server);
    assert!(code == 1 && found(&findings, "configuration").contains("sync.hold_percent"), "{findings:#?}");
    assert_eq!(server.cli(&["upgrade-check", "--now"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_that_lie_ready_work_in_hand_and_a_key_on_its_way_are_told() {
    let (signer, other) = (Signer::new(), Signer::new());
    let mut server = Server::start_default().await;
    let offered = server.folder().join("offered");
    std::fs::create_dir(&offered).unwrap();
    let keys = [signer.public(), other.public()];
    server.configure_more(&format!("[plugins]\ndir = {offered:?}\ntrusted_keys = {keys:?}\n"));
    server.stop();
    server.start_again().await;
    let shipped = Bundle::shipped("directory-file");
    let first = shipped.write(server.folder(), "first", Some(&signer)).display().to_string();
    assert_eq!(server.cli(&["plugin", "install", &first, "--yes"]).code, 0);
    let people = format!("people={}", estampe_tests::sample().display());
    assert_eq!(server.cli(&["source", "add", "siege", "--input", &people]).code, 0);
    server.cli(&["source", "sync", "siege", "--dry-run"]);
    let (code, findings) = check(&server);
    assert!(code == 0 && found(&findings, "offered plugins").contains("none is newer"), "{findings:#?}");
    assert!(found(&findings, "work in hand").contains("run of \"siege\" (held)"), "{findings:#?}");

    let newer = shipped.version("0.2.0");
    newer.write(&offered, "newer", Some(&signer));
    assert!(found(&check(&server).1, "offered plugins").starts_with("ok directory-file 0.2.0 instead of 0.1.0"));
    newer.write(&offered, "newer", Some(&other));
    assert!(found(&check(&server).1, "offered plugins").contains("another key signed it"));
    let more = newer.clone().replacing("[config.format]", "[limits]\nmemory-mib = 128\n\n[config.format]");
    more.write(&offered, "newer", Some(&signer));
    let told = found(&check(&server).1, "offered plugins");
    assert!(told.starts_with("warning") && told.contains("asks for more") && told.contains("memory 128"), "{told}");

    server.sql("UPDATE run SET state = 'applying' WHERE state = 'held'");
    let (_, findings) = check(&server);
    assert!(
        found(&findings, "work in hand").starts_with("warning under way: run of \"siege\" (applying)"),
        "{findings:#?}"
    );
    server.sql("UPDATE run SET state = 'held' WHERE state = 'applying'");
    let next = server.data().join("keys/kek.next");
    std::fs::write(&next, "ab".repeat(32)).unwrap();
    assert_eq!(find(&check(&server).1, "keys")["status"], "warning");
    std::fs::remove_file(&next).unwrap();
    // a key that counts no longer
    server.configure_more(&format!("[plugins]\ndir = {offered:?}\nrevoked_keys = {:?}\n", [signer.public()]));
    let (code, findings) = check(&server);
    assert!(code == 1 && found(&findings, "plugins").contains("is revoked"), "{findings:#?}");
}
