//! Directory to card: plan, apply, hold, refuse.

use std::fmt::Write as _;

use estampe_tests::{Options, Server, on_both, sample};
use serde_json::{Value, json};

/// An LDIF of people numbered by `numbers`, with a title.
fn ldif(numbers: impl IntoIterator<Item = u32>, title: &str) -> String {
    let mut text = String::from("version: 1\n\n");
    for n in numbers {
        let _ = write!(
            text,
            "dn: uid=u{n},ou=people\nobjectClass: inetOrgPerson\nuid: u{n}\ncn: Person Number{n}\nsn: Number{n}\n\
             givenName: Person\ntitle: {title}\nmail: u{n}@banque.example\n\n"
        );
    }
    text
}

fn counts(run: &Value) -> [u64; 5] {
    ["created", "changed", "disabled", "unchanged", "refused"].map(|k| run["counts"][k].as_u64().unwrap())
}

on_both! {
    async fn the_sample_is_imported_once_and_the_second_run_changes_nothing(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let first = server.import(&sample());
        assert_eq!(first["state"], "done");
        assert_eq!(counts(&first), [198, 0, 0, 2, 6]);
        let before = server.people();
        let second = server.sync();
        assert_eq!(counts(&second), [0, 0, 0, 200, 6]);
        assert_eq!(server.people(), before);
        // two of them are marked as gone and were never here: nothing is to be done for them either
        let said = server.cli(&["source", "sync", "siege"]).stdout;
        assert!(said.contains("0 disabled, 200 with nothing to do, 6 refused"), "{said}");
        let schedule = |more: &[&str]| server.cli(&[&["source", "schedule", "siege"], more].concat()).stdout;
        assert_eq!(schedule(&[]), "read every hour\n");
        assert_eq!(schedule(&["--every", "2h"]), "read every 2 hours\n");
        assert_eq!(schedule(&[]), "read every 2 hours\n");
        assert_eq!(schedule(&["--every", "off"]), "read when you say so\n");
        assert_eq!(server.json(&["source", "schedule", "siege"])["every_minutes"], serde_json::Value::Null);
        // refused entries say where they stand and why
        let refusals = second["refusals"].as_array().unwrap();
        assert_eq!(refusals.len(), 6);
        assert!(refusals.iter().all(|r| r["position"].as_str().unwrap().starts_with("line ")), "{refusals:?}");
        assert!(refusals.iter().any(|r| r["reason"].as_str().unwrap().contains("base64")));
        assert!(refusals.iter().any(|r| r["code"] == "no-name-no-mail"));
    }

    async fn who_disappears_is_disabled_and_comes_back_to_the_same_card(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let file = server.folder().join("people.ldif");
        std::fs::write(&file, ldif(1..=30, "Clerk")).unwrap();
        assert_eq!(counts(&server.import(&file)), [30, 0, 0, 0, 0]);
        let card = server.card_of("number7");
        std::fs::write(&file, ldif((1..=30).filter(|n| *n != 7), "Clerk")).unwrap();
        let run = server.sync();
        assert_eq!((run["state"].as_str(), counts(&run)), (Some("done"), [0, 0, 1, 29, 0]));
        assert_eq!(server.client().get(&card).send().await.unwrap().status(), 404);
        assert_eq!(server.people().len(), 30, "nobody is deleted");
        std::fs::write(&file, ldif(1..=30, "Clerk")).unwrap();
        assert_eq!(counts(&server.sync()), [0, 1, 0, 29, 0]);
        assert_eq!(server.client().get(&card).send().await.unwrap().status(), 200);
    }

    async fn too_many_disappearances_are_held_and_change_nobody(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let file = server.folder().join("people.ldif");
        std::fs::write(&file, ldif(1..=30, "Clerk")).unwrap();
        server.import(&file);
        let before = server.people();
        // 4 of 30 are more than 10 %; the others' titles changed too
        std::fs::write(&file, ldif(5..=30, "Director")).unwrap();
        let output = server.cli(&["source", "sync", "siege"]);
        assert_eq!(output.code, 1, "{output:?}");
        assert!(output.stdout.contains("Held") && output.stdout.contains("Nothing was changed"));
        assert_eq!(server.people(), before);
        let card = server.card_of("number2");
        assert_eq!(server.client().get(&card).send().await.unwrap().status(), 200);
        // one at a time
        let again = server.cli(&["source", "sync", "siege"]);
        assert_eq!(again.code, 1);
        assert!(again.stderr.contains("waits for a word"), "{again:?}");
        let held = output.stdout.lines().find_map(|l| l.trim().strip_prefix("estampe run discard ")).unwrap().to_owned();
        assert_eq!(server.cli(&["run", "discard", &held]).code, 0);
        assert_eq!(server.people(), before);
        let run = server.sync();
        assert_eq!(run["state"], "held");
        let approved = server.json(&["run", "approve", run["id"].as_str().unwrap()]);
        assert_eq!((approved["state"].as_str(), counts(&approved)), (Some("done"), [0, 26, 4, 0, 0]));
        assert_eq!(server.client().get(&card).send().await.unwrap().status(), 404);
        let changed = server.json(&["person", "list", "number9"]);
        assert_eq!(changed["people"][0]["title"], "Director");
    }

    async fn exactly_a_tenth_is_not_held(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let file = server.folder().join("people.ldif");
        std::fs::write(&file, ldif(1..=30, "Clerk")).unwrap();
        server.import(&file);
        std::fs::write(&file, ldif(4..=30, "Clerk")).unwrap();
        assert_eq!(counts(&server.sync()), [0, 0, 3, 27, 0]);
    }

    async fn a_dry_run_changes_nothing(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let input = format!("people={}", sample().display());
        server.install();
        assert_eq!(server.cli(&["source", "add", "siege", "--input", &input]).code, 0);
        let planned = server.json(&["source", "sync", "siege", "--dry-run"]);
        assert_eq!((planned["state"].as_str(), planned["hold"].as_str()), (Some("held"), Some("plan-only")));
        assert_eq!(counts(&planned), [198, 0, 0, 2, 6]);
        assert!(server.people().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_comes_twice_is_refused_the_second_time() {
    let server = Server::start_default().await;
    let file = server.folder().join("people.ldif");
    std::fs::write(&file, ldif([1, 2, 1], "Clerk")).unwrap();
    let run = server.import(&file);
    assert_eq!(counts(&run), [2, 0, 0, 0, 1]);
    assert_eq!(run["refusals"][0]["code"], "twice");
    // across pages of the connector (500 entries), and when both are known already
    std::fs::write(&file, ldif((1..=700).chain([1]), "Clerk")).unwrap();
    assert_eq!(counts(&server.sync()), [698, 0, 0, 2, 1]);
    assert_eq!(counts(&server.sync()), [0, 0, 0, 700, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_there_but_cannot_be_read_keeps_their_card() {
    let server = Server::start_default().await;
    let file = server.folder().join("people.ldif");
    std::fs::write(&file, ldif(1..=20, "Clerk")).unwrap();
    server.import(&file);
    let card = server.card_of("number3");
    // the export lost their name and address
    let nameless = "dn: uid=u3,ou=people\nobjectClass: inetOrgPerson\nuid: u3\n\n";
    std::fs::write(&file, ldif((1..=20).filter(|n| *n != 3), "Clerk") + nameless).unwrap();
    let run = server.sync();
    assert_eq!((run["state"].as_str(), counts(&run)), (Some("done"), [0, 0, 0, 19, 1]));
    assert_eq!(server.client().get(&card).send().await.unwrap().status(), 200);
    // or the connector cannot read a value, before the line that says whose it is
    let broken = "dn: uid=u3,ou=people\nobjectClass: inetOrgPerson\ntitle:: ###\nuid: u3\ncn: Person Number3\n\n";
    std::fs::write(&file, ldif((1..=20).filter(|n| *n != 3), "Clerk") + broken).unwrap();
    let run = server.sync();
    assert_eq!((run["state"].as_str(), counts(&run)), (Some("done"), [0, 0, 0, 19, 1]));
    assert_eq!(server.client().get(&card).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_with_french_headers_is_read() {
    let server = Server::start_default().await;
    let file = estampe_tests::workspace().join("config/sample/agence-pau.csv");
    let run = server.import(&file);
    assert_eq!(run["state"], "done");
    assert_eq!(run["counts"]["created"], 11);
    assert_eq!(run["counts"]["refused"], 0, "{run}");
    assert!(!server.people()[0]["title"].as_str().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_fails_the_run_in_words_and_changes_nobody() {
    let server = Server::start_default().await;
    let file = server.folder().join("people.ldif");
    std::fs::write(&file, ldif(1..=3, "Clerk")).unwrap();
    server.import(&file);
    std::fs::remove_file(&file).unwrap();
    let output = server.cli(&["source", "sync", "siege"]);
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("Failed") && output.stdout.contains("Nothing was changed"), "{output:?}");
    assert!(server.people().iter().all(|p| p["active"] == json!(true)));
    let check = server.cli(&["source", "check", "siege"]);
    assert_eq!(check.code, 1, "{check:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_appliances_own_files_are_never_an_input() {
    let mut server = Server::start_default().await;
    let link = server.folder().join("link");
    std::os::unix::fs::symlink(server.data(), &link).unwrap();
    server.install();
    // a secret of the configuration, wherever it lies
    let secret = server.folder().join("smtp-secret");
    std::fs::write(&secret, "a-password-that-nobody-sees\n").unwrap();
    server.configure_more(&format!(
        "[smtp]\nhost = \"mail.example\"\nfrom = \"cards@example.org\"\nusername = \"estampe\"\npassword_file = {secret:?}\n"
    ));
    server.never_logs(&["a-password-that-nobody-sees"]);
    server.stop();
    server.start_again().await;
    for (name, file) in [
        ("direct", server.data().join("tls/ca.key")),
        ("linked", link.join("keys/kek")),
        ("secret", secret),
        ("configuration", server.config()),
    ] {
        server.cli(&["source", "add", name, "--input", &format!("people={}", file.display())]);
        let run = server.json(&["source", "sync", name]);
        assert_eq!(run["failure"]["code"], "denied", "{run}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_in_the_middle_is_finished_after_the_next_start() {
    let mut server = Server::start_default().await;
    let file = server.folder().join("people.ldif");
    std::fs::write(&file, ldif(1..=20_000, "Clerk")).unwrap();
    let input = format!("people={}", file.display());
    server.install();
    server.cli(&["source", "add", "siege", "--input", &input]);
    // a command that does not wait, as the console does
    let begun = std::process::Command::new("curl")
        .args(["-sS", "--fail", "--unix-socket"])
        .arg(server.data().join("operator.sock"))
        .args(["-H", "content-type: application/json", "-d", "{\"plan_only\":false}"])
        .arg("http://operator/v1/sources/siege/sync")
        .output()
        .unwrap();
    assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
    let run: Value = serde_json::from_slice(&begun.stdout).unwrap();
    let id = run["run"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        server.kill();
        server.start_again().await;
    }
    let done = estampe_tests::until("the run ends", 120, async || {
        let run = server.json(&["run", "show", &id]);
        (run["state"] == "done").then_some(run)
    })
    .await;
    assert_eq!(done["counts"]["created"], 20_000);
    assert_eq!(server.json(&["person", "list"])["total"], 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_read_in_flat_memory() {
    let server = Server::start_default().await;
    let file = server.folder().join("people.ldif");
    // 24 MB here; ESTAMPE_TEST_BIG=1 makes it the 200 MB
    let big = std::env::var_os("ESTAMPE_TEST_BIG").is_some();
    let filler = "x".repeat(if big { 4000 } else { 2000 });
    let people = if big { 50_000 } else { 12_000 };
    std::fs::write(&file, ldif(1..=people, "Clerk").replace("title:", &format!("description: {filler}\ntitle:")))
        .unwrap();
    let run = server.import(&file);
    assert_eq!(run["counts"]["created"], people);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    assert!(peak <= 160 * 1024, "{peak} kB resident at its highest");
}
