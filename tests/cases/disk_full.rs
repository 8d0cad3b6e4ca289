//! A full disk: said clearly, nothing lost, nothing half-written, and over by itself
//! once there is room.

use std::process::Command;

use estampe_tests::{Options, Server, SmallDisk, UNLIMITED, sample, until};
use reqwest::Client;
use serde_json::Value;

use crate::hostile::administrator;

async fn post(server: &Server, card: &str, key: &str) -> reqwest::Response {
    let form = [
        ("name", "Amélie Traoré"),
        ("email", "amelie@atelier.example"),
        ("message", "Suite à notre échange au salon"),
        ("consent", "invitations"),
        ("idempotency_key", key),
    ];
    let request = server.client().post(format!("{card}/leads")).header("accept-language", "fr").form(&form);
    request.send().await.unwrap()
}

async fn ready(server: &Server) -> (u16, Value) {
    let answer = server.client().get(format!("{}/health/ready", server.internal)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn reads_go_on(server: &Server, card: &str, browser: &Client) {
    for url in [card.to_owned(), format!("{card}/exchange"), format!("{card}.vcf")] {
        assert_eq!(server.client().get(&url).send().await.unwrap().status(), 200, "{url}");
    }
    for path in ["/", "/people", "/leads", "/outbox", "/sources"] {
        let answer = browser.get(format!("{}{path}", server.internal)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let live = server.client().get(format!("{}/health/live", server.internal)).send().await.unwrap();
    assert_eq!(live.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_and_is_over_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let (data, logs) = (folder.path().join("data"), folder.path().join("logs"));
    let Some(disk) = SmallDisk::mount(&data, 16) else { return };
    let Some(log_disk) = SmallDisk::mount(&logs, 2) else { return };
    let server = Server::start_in(folder, Options { extra: UNLIMITED.to_owned(), ..Options::default() }).await;
    server.import(&sample());
    let card = server.card_of("lefevre");
    let browser = administrator(&server).await;
    assert_eq!(post(&server, &card, "before-it-was-full").await.status(), 200);
    let mut acknowledged = 1;

    // the log's file system too: nobody can even be told there
    disk.fill();
    log_disk.fill();
    let (status, said) = ready(&server).await;
    assert_eq!((status, &said["ready"], &said["code"]), (503, &false.into(), &"storage_full".into()));
    assert!(said["full"].as_str().unwrap().contains(data.to_str().unwrap()), "{said}");
    reads_go_on(&server, &card, &browser).await;
    // what SQLite has room for in its files already is taken; then nothing is
    let mut refused = None;
    for n in 0..400 {
        let key = format!("while-it-was-full-{n}");
        let answer = post(&server, &card, &key).await;
        if answer.status() == 200 {
            acknowledged += 1;
            continue;
        }
        assert_eq!(answer.status(), 507);
        refused = Some((key, answer.text().await.unwrap()));
        break;
    }
    let (key, page) = refused.expect("a write that did not fit");
    assert!(page.contains("n’a plus de place"), "{page}");
    for kept in ["Amélie Traoré", "amelie@atelier.example", "Suite à notre échange au salon", "invitations", &key] {
        assert!(page.contains(kept), "{kept} is kept: {page}");
    }
    for _ in 0..20 {
        assert_eq!(post(&server, &card, &key).await.status(), 507);
    }
    let sign_in = [("email", "mireille@banque.example"), ("password", "violet hortensia 47")];
    let request = server.console().post(format!("{}/sign-in", server.internal)).header("accept-language", "fr");
    let answer = request.form(&sign_in).send().await.unwrap();
    assert_eq!(answer.status(), 507);
    let page = answer.text().await.unwrap();
    assert!(page.contains("le stockage du serveur est plein") && page.contains("mireille@banque.example"), "{page}");
    reads_go_on(&server, &card, &browser).await;
    assert_eq!(ready(&server).await.0, 503);

    // room again: the same process goes on, and the refused form goes through by its key
    disk.empty();
    log_disk.empty();
    until("ready again", 30, async || (ready(&server).await.0 == 200).then_some(())).await;
    for _ in 0..2 {
        assert_eq!(post(&server, &card, &key).await.status(), 200);
    }
    acknowledged += 1;
    let page = browser.get(format!("{}/leads", server.internal)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(!server.log().contains("panicked"), "{}", server.log());

    let check = "import sys,sqlite3\nc=sqlite3.connect(sys.argv[1])\n\
        print(c.execute('pragma integrity_check').fetchall(), c.execute('pragma foreign_key_check').fetchall())\n\
        for q in ['lead',\"job where kind like 'mail.%'\",\"audit_event where operation='lead.receive'\",'consent']:\n\
        \x20 print(c.execute('select count(*) from '+q).fetchone()[0])";
    let found = Command::new("/usr/bin/python3").args(["-c", check]).arg(data.join("estampe.db")).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let counts = format!("{a}\n{b}\n{a}\n{b}\n", a = acknowledged, b = acknowledged * 2);
    assert_eq!(found, format!("[('ok',)] []\n{counts}"), "nothing half-written");
}
