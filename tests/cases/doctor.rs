//! `estampe doctor`: says that a healthy appliance is healthy, and finds what is broken.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use estampe_tests::{Database, MailCatcher, Options, Server, on_both};
use serde_json::Value;

/// What it found, by check, after its exit code. The throw-away PostgreSQL of the tests
/// does not wait for its disk: that must be found too, and is then taken as well.
pub(crate) fn doctor(server: &Server) -> (i32, Vec<Value>) {
    let output = server.cli(&["--json", "doctor"]);
    let mut findings: Vec<Value> = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let failed = |findings: &[Value]| findings.iter().filter(|f| f["status"] == "failed").count();
    assert_eq!(output.code, i32::from(failed(&findings) > 0), "{findings:#?}");
    for finding in &findings {
        let is_well = finding["status"] == "ok" || finding["status"] == "skipped";
        assert!(is_well || !finding["advice"].as_str().unwrap().is_empty(), "what to do: {finding}");
    }
    for finding in &mut findings {
        let found = finding["found"].as_str().unwrap().to_owned();
        if finding["check"] == "database" && found.starts_with("PostgreSQL") && found.contains("fsync off") {
            assert_eq!(finding["status"], "failed", "an answer would be lost with the machine: {found}");
            finding["status"] = "ok".into();
        }
    }
    (i32::from(failed(&findings) > 0), findings)
}

pub(crate) fn find<'a>(findings: &'a [Value], check: &str) -> &'a Value {
    findings.iter().find(|f| f["check"] == check).unwrap_or_else(|| panic!("{check}: {findings:#?}"))
}

/// Asserts that this check, and it alone, failed with these words.
fn failed_alone(server: &Server, check: &str, words: &[&str]) {
    let (code, findings) = doctor(server);
    let failed: Vec<_> = findings.iter().filter(|f| f["status"] == "failed").map(|f| &f["check"]).collect();
    assert_eq!(failed, [check], "{findings:#?}");
    assert_eq!(code, 1);
    let found = find(&findings, check);
    for word in words {
        assert!(found["found"].as_str().unwrap().contains(word), "{word}: {found}");
    }
    assert!(!found["advice"].as_str().unwrap().is_empty(), "what to do: {found}");
}

async fn healthy(database: Database, mail: &MailCatcher) -> Server {
    let server = Server::with_sample(Options { database, extra: mail.configuration() }).await;
    let form =
        [("name", "Amélie Canari"), ("email", "canari@atelier.example"), ("idempotency_key", "0123456789abcdefghij")];
    let sent = server.client().post(format!("{}/leads", server.card_of("lefevre"))).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    mail.wait_for(2).await;
    server
}

/// Alters one octet behind the server's back.
pub(crate) fn flip(server: &Server, database: Database, table: &str, column: &str, key: &str, id: &str) {
    let sql = match database {
        Database::Sqlite => {
            // the last octet becomes another
            format!(
                "UPDATE {table} SET {column} = CAST(substr({column}, 1, length({column}) - 1) || \
                 CASE WHEN substr({column}, -1) = x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE {key} = '{id}'"
            )
        }
        Database::Postgres => format!(
            "UPDATE {table} SET {column} = set_byte({column}, length({column}) - 1, \
             get_byte({column}, length({column}) - 1) # 1) WHERE {key} = '{id}'"
        ),
    };
    server.sql(&sql);
}

on_both! {
    async fn a_healthy_appliance_is_healthy_running_and_stopped(database) {
        let mail = MailCatcher::start();
        let mut server = healthy(database, &mail).await;
        for running in [true, false] {
            if !running {
                server.stop();
            }
            let (code, findings) = doctor(&server);
            assert_eq!(code, 0, "running {running}: {findings:#?}");
            assert!(findings.iter().all(|f| f["status"] != "failed"), "{findings:#?}");
            let found = |check: &str| find(&findings, check)["found"].as_str().unwrap().to_owned();
            assert!(found("service").contains(if running { "running" } else { "offline check" }), "{}", found("service"));
            assert!(found("sealed data").contains("lead 1,") && found("sealed data").contains("run_item "), "{}", found("sealed data"));
            let events: u64 = found("audit").split(' ').next().unwrap().parse().unwrap();
            let stored: u64 = server.sql("SELECT count(*) FROM audit_event")[0].parse().unwrap();
            assert_eq!(events, stored, "every event was checked");
            assert!(found("mail server").contains("signed in") && found("mail server").contains("no mail was sent"));
            assert!(found("keys").contains("belongs to the database") && found("keys").contains("replaced"));
            let asked = if running { "nobody signs in by one" } else { "the running service asks it" };
            assert_eq!(found("provider"), asked);
            assert_eq!(found("sources").contains("siege"), running, "{}", found("sources"));
            assert!(found("certificate").contains("localhost") && found("certificate").contains("days left"));
            let engine = if database == Database::Sqlite { "SQLite 3." } else { "PostgreSQL 1" };
            assert!(found("database").starts_with(engine), "{}", found("database"));
            for check in ["configuration", "data folder", "disk", "clock", "plugins", "outbox", "listeners"] {
                assert!(!found(check).is_empty());
            }
            let text = server.cli(&["doctor"]).stdout;
            assert!(text.contains("database") && !text.to_lowercase().contains("canari"), "{text}");
        }
        assert_eq!(mail.mails().len(), 2, "no mail was sent by looking");
    }

    async fn a_flipped_bit_is_found_and_named_by_its_row(database) {
        let mail = MailCatcher::start();
        let mut server = healthy(database, &mail).await;
        let lead = server.sql("SELECT id FROM lead")[0].clone();
        flip(&server, database, "lead", "sealed", "id", &lead);
        failed_alone(&server, "sealed data", &[&format!("lead {lead}")]);
        server.stop();
        failed_alone(&server, "sealed data", &[&format!("lead {lead}"), "lead 1,"]);
        let (_, findings) = doctor(&server);
        assert_eq!(find(&findings, "audit")["status"], "ok", "and nothing else");
    }

    async fn an_altered_audit_event_is_found(database) {
        let mail = MailCatcher::start();
        let mut server = healthy(database, &mail).await;
        let event = server.sql("SELECT id FROM audit_event WHERE operation = 'lead.receive'")[0].clone();
        server.sql(&format!("UPDATE audit_event SET outcome = 'refused' WHERE id = '{event}'"));
        failed_alone(&server, "audit", &[&format!("audit_event {event}"), "1 altered"]);
        server.stop();
        failed_alone(&server, "audit", &[&format!("audit_event {event}")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_others_may_read_and_a_foreign_key_are_found() {
    let mail = MailCatcher::start();
    let mut server = healthy(Database::Sqlite, &mail).await;
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let database = server.data().join("estampe.db");
    mode(&database, 0o644);
    failed_alone(&server, "data folder", &["estampe.db", "644"]);
    mode(&database, 0o600);
    let kek = server.data().join("keys/kek");
    mode(&kek, 0o640);
    let (code, findings) = doctor(&server);
    assert_eq!((code, &find(&findings, "keys")["status"]), (1, &Value::from("failed")));
    let right = std::fs::read(&kek).unwrap();
    server.stop();
    mode(&kek, 0o600);
    std::fs::write(&kek, "ab".repeat(32)).unwrap();
    failed_alone(&server, "keys", &["does not belong to this database"]);
    let (_, findings) = doctor(&server);
    assert_eq!(find(&findings, "sealed data")["status"], "skipped", "it says what it did not look at");
    std::fs::write(&kek, right).unwrap();
    assert_eq!(doctor(&server).0, 0);
}

/// A certificate for a name that ends in so many days, as PEM beside the server.
fn certificate(server: &Server, name: &str, days: u32) -> String {
    let (certificate, key) = (server.folder().join("own.pem"), server.folder().join("own.key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-subj", "/CN=own", "-days", &days.to_string()])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext", &format!("subjectAltName=DNS:{name}")])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    format!("[tls]\ncertificate_file = {certificate:?}\nkey_file = {key:?}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ends_soon_or_does_not_fit_is_found() {
    let mut server = Server::with_sample(Options::default()).await;
    server.stop();
    server.configure(&certificate(&server, "localhost", 90));
    let (code, findings) = doctor(&server);
    assert_eq!((code, &find(&findings, "certificate")["status"]), (0, &Value::from("ok")), "{findings:#?}");
    server.configure(&certificate(&server, "localhost", 9));
    let (code, findings) = doctor(&server);
    let found = find(&findings, "certificate");
    assert_eq!((code, &found["status"]), (0, &Value::from("warning")), "a warning breaks nothing");
    assert!(
        found["found"].as_str().unwrap().contains("days left") && found["advice"].as_str().unwrap().contains("renew")
    );
    let other = certificate(&server, "cards.example.com", 90);
    server.configure(&other);
    // as it should be behind a proxy that has its own
    let (code, findings) = doctor(&server);
    let found = find(&findings, "certificate");
    assert_eq!((code, &found["status"]), (0, &Value::from("warning")), "{findings:#?}");
    assert!(found["found"].as_str().unwrap().contains("not for localhost"), "{found}");
    let key = std::fs::read(server.data().join("tls/leaf.key")).unwrap();
    certificate(&server, "localhost", 90);
    std::fs::write(server.folder().join("own.key"), key).unwrap();
    failed_alone(&server, "certificate", &["the key is not the one of"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_cannot_be_used_is_found_with_the_reason() {
    let mail = MailCatcher::start();
    let server = Server::with_sample(Options { extra: mail.configuration_without_trust(), ..Options::default() }).await;
    failed_alone(&server, "mail server", &["not from a trusted CA", "connected"]);
    server.configure(&mail.configuration_with_wrong_password());
    failed_alone(&server, "mail server", &["535", "STARTTLS with a trusted certificate"]);
    server.configure("[smtp]\nhost = \"127.0.0.1\"\nport = 9\nencryption = \"none\"\nfrom = \"a@b.example\"\n");
    failed_alone(&server, "mail server", &["refused"]);
    server.configure("[smtp]\nhost = \"nowhere.invalid\"\nfrom = \"a@b.example\"\n");
    failed_alone(&server, "mail server", &["has no address"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_whose_cards_these_are_and_where() {
    let mut server = Server::start_default().await;
    let base = std::fs::read_to_string(server.config()).unwrap();
    let house = |from: &str, to: &str| {
        assert!(base.contains(from), "{from}");
        std::fs::write(server.config(), base.replacen(from, to, 1)).unwrap();
        let found = find(&doctor(&server).1, "house").clone();
        ["status", "found", "advice"].map(|of| found[of].as_str().unwrap_or_default().to_owned())
    };
    let here = format!("[public]\norigin = {:?}\n", server.public);
    let there = "[public]\norigin = \"https://cards.banque.example\"\n";
    // of what runs, whatever the configuration became since
    for to in [here.as_str(), there] {
        let [status, found, advice] = house(&here, to);
        let local = format!("cards of Banque Garonne are at {}, which this machine alone can open", server.public);
        assert_eq!((status.as_str(), found), ("ok", local));
        assert!(advice.contains("public.origin"), "{advice}");
    }
    let [status, found, advice] = house("organisation = \"Banque Garonne\"\n", "");
    assert_eq!(status, "warning");
    assert!(found.starts_with("cards and consents name ") && advice.contains("organisation"), "{found}: {advice}");
    server.stop();
    let house = |to: &str| {
        std::fs::write(server.config(), base.replacen(&here, to, 1)).unwrap();
        find(&doctor(&server).1, "house").clone()
    };
    let found = house(there);
    assert_eq!(
        (&found["status"], &found["found"]),
        (&"ok".into(), &"cards of Banque Garonne are at https://cards.banque.example".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_even_be_looked_at_is_said() {
    let server = Server::start_default().await;
    server.configure("[sync]\nhold_percent = 300\n");
    failed_alone(&server, "configuration", &["sync.hold_percent"]);
    // a folder in memory, and nothing in it yet
    let folder = Path::new("/dev/shm").join(format!("estampe-doctor-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let base = std::fs::read_to_string(server.folder().join("base.toml")).unwrap();
    let data = format!("data_dir = {:?}", server.data());
    assert!(base.contains(&data));
    std::fs::write(server.config(), base.replace(&data, &format!("data_dir = {folder:?}"))).unwrap();
    let (code, findings) = doctor(&server);
    std::fs::remove_dir_all(&folder).unwrap();
    // before the first start nothing is broken
    let (before, nothing) = doctor(&server);
    assert_eq!((before, &find(&nothing, "data folder")["status"]), (0, &Value::from("warning")), "{nothing:#?}");
    assert_eq!(find(&findings, "database")["status"], "skipped", "{findings:#?}");
    assert_eq!(find(&findings, "keys")["status"], "skipped");
    let disk = find(&findings, "disk");
    assert!(disk["status"] != "ok" && code == i32::from(disk["status"] == "failed"), "{findings:#?}");
}
