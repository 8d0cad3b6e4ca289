//! What strangers type and directories hold is text, wherever it is shown or sent.

use estampe_tests::{MailCatcher, Options, Server};
use reqwest::Client;

/// Makes the first administrator and gives the signed-in browser.
pub async fn administrator(server: &Server) -> Client {
    let token = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
    let browser = server.console();
    let form = [
        ("token", token.as_str()),
        ("name", "Mireille Barrau"),
        ("email", "mireille@banque.example"),
        ("password", "violet hortensia 47"),
    ];
    let entered = browser.post(format!("{}/first-run", server.internal)).form(&form).send().await.unwrap();
    assert_eq!(entered.status(), 303);
    browser
}

const SCRIPT: &str = "<script>alert(1)</script>";

#[tokio::test(flavor = "multi_thread")]
async fn markup_that_a_visitor_types_stays_text_in_pages_and_mails() {
    let mail = MailCatcher::start();
    let server = Server::with_sample(Options { extra: mail.configuration(), ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let name = format!("\"A\" {SCRIPT}");
    let form = [
        ("name", name.as_str()),
        ("email", "a@atelier.example"),
        ("company", "<img src=x onerror=alert(2)>"),
        ("message", "{{7*7}} <a href=\"javascript:alert(3)\">x</a>\n.\nQUIT"),
        ("idempotency_key", "0123456789abcdefghij"),
    ];
    let sent = server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    assert!(!sent.text().await.unwrap().contains(SCRIPT));
    let lead = server.json(&["lead", "list"])["leads"][0].clone();
    assert_eq!(lead["details"]["name"], name.as_str(), "kept as typed");
    let browser = administrator(&server).await;
    for path in ["/leads".to_owned(), format!("/leads/{}", lead["id"].as_str().unwrap()), "/".to_owned()] {
        let page = browser.get(format!("{}{path}", server.internal)).send().await.unwrap().text().await.unwrap();
        for raw in [SCRIPT, "<img src=x", "<a href=\"javascript"] {
            assert!(!page.contains(raw), "{path} holds {raw}");
        }
    }
    for mail in mail.wait_for(2).await {
        assert!(mail.plain_text().contains("QUIT"), "a lone dot does not end it");
        let html = mail.text.replace("=\r\n", "");
        for raw in [SCRIPT, "<img src=3Dx", "<img src=x"] {
            assert!(!html.split("text/html").nth(1).unwrap().contains(raw), "{html}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_break_never_becomes_a_header_of_a_mail() {
    let mail = MailCatcher::start();
    let server = Server::with_sample(Options { extra: mail.configuration(), ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let send = async |name: &str, email: &str, key: &str| {
        let form = [("name", name), ("email", email), ("idempotency_key", key)];
        server.client().post(format!("{card}/leads")).form(&form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("A", "a@b.example\r\nBcc: c@d.example", "0123456789abcdef-1").await, 422);
    // white space within a name is folded to one space
    assert_eq!(send("A\r\nBcc: c@d.example", "a@b.example", "0123456789abcdef-2").await, 200);
    for mail in mail.wait_for(2).await {
        assert_eq!(mail.recipients.len(), 1);
        assert!(mail.header("bcc").is_none(), "{}", mail.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_in_a_directory_stays_text_on_cards_and_in_the_console() {
    let server = Server::start_default().await;
    let file = server.folder().join("people.ldif");
    let text = format!(
        "dn: uid=x\nobjectClass: person\nuid: x\ncn: Mallory {SCRIPT}\ntitle: \"><svg onload=alert(1)>\n\
         labeledURI: javascript:alert(4) click\nmail: m@banque.example\n\n\
         dn: uid=y\nobjectClass: person\nuid: y\ndescription: {SCRIPT}\n\n"
    );
    std::fs::write(&file, text).unwrap();
    let run = server.import(&file);
    assert_eq!(run["counts"]["created"], 1, "{run}");
    let person = server.json(&["person", "list"])["people"][0].clone();
    let card = person["card_url"].as_str().unwrap();
    let browser = administrator(&server).await;
    let inside = |path: String| format!("{}{path}", server.internal);
    let pages = [
        card.to_owned(),
        format!("{card}/exchange"),
        format!("{card}/qr"),
        inside("/people".to_owned()),
        inside(format!("/people/{}", person["id"].as_str().unwrap())),
        inside(format!("/runs/{}", run["id"].as_str().unwrap())),
    ];
    for url in pages {
        let answer = browser.get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{url}");
        let page = answer.text().await.unwrap();
        for raw in [SCRIPT, "<svg onload", "javascript:alert"] {
            assert!(!page.contains(raw), "{url} holds {raw}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_plan_is_decided_in_the_console_by_who_may() {
    let server = Server::start_default().await;
    let file = server.folder().join("people.ldif");
    let people = |range: std::ops::RangeInclusive<u32>| -> String {
        range.map(|n| format!("dn: uid=u{n}\nobjectClass: person\nuid: u{n}\ncn: Person {n}\n\n")).collect()
    };
    std::fs::write(&file, people(1..=10)).unwrap();
    server.import(&file);
    let card = server.card_of("person 10");
    std::fs::write(&file, people(1..=5)).unwrap();
    let browser = administrator(&server).await;
    let decide = async |browser: &Client, run: &str, word: &str, csrf: &str| {
        let url = format!("{}/runs/{run}/{word}", server.internal);
        let request = browser.post(url).header("origin", &server.internal).form(&[("csrf", csrf)]);
        request.send().await.unwrap().status().as_u16()
    };
    for (word, state) in [("discard", "discarded"), ("approve", "done")] {
        let held = server.sync();
        assert_eq!(held["state"], "held");
        let run = held["id"].as_str().unwrap();
        let page = browser.get(format!("{}/runs/{run}", server.internal)).send().await.unwrap().text().await.unwrap();
        let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
        assert_eq!(decide(&server.console(), run, word, csrf).await, 303, "to the door");
        assert_eq!(decide(&browser, run, word, "forged").await, 403);
        assert_eq!(server.json(&["run", "show", run])["state"], "held", "neither decided anything");
        assert_eq!(decide(&browser, run, word, csrf).await, 303);
        estampe_tests::until("it is decided", 20, async || {
            (server.json(&["run", "show", run])["state"] == state).then_some(())
        })
        .await;
        let shown = server.client().get(&card).send().await.unwrap().status();
        assert_eq!(shown, if word == "discard" { 200 } else { 404 });
        // once decided, it is decided
        assert_eq!(decide(&browser, run, word, csrf).await, 409);
    }
}
