//! A signature sent to whoever looks at it: to the address of their account, and to nobody else.

use estampe_domain::access::Role;
use estampe_tests::{Mail, MailCatcher, Options, Server, on_both, until};
use reqwest::Response;

use crate::access::{Signed, welcomed};
use crate::signatures::for_everybody;

async fn post(server: &Server, by: &Signed, path: &str, more: &[(&str, &str)]) -> Response {
    let form = [&[("csrf", by.csrf.as_str())], more].concat();
    let request = by.browser.post(format!("{}{path}", server.internal)).header("accept-language", "en").form(&form);
    request.send().await.unwrap()
}

/// So many mails with a signature, once they came.
async fn signatures(mail: &MailCatcher, count: usize) -> Vec<Mail> {
    until("mails with a signature", 60, async || {
        let mut found = mail.mails();
        found.retain(|one| one.plain_text().starts_with("L’aspect de votre signature"));
        (found.len() == count).then_some(found)
    })
    .await
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

on_both! {
    async fn it_goes_to_whoever_asks_and_to_nobody_else(database) {
        let mail = MailCatcher::start();
        let server = Server::with_sample(Options { database, extra: mail.configuration() }).await;
        for_everybody(&server);
        let people = server.people();
        let zoe = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
        let other = people.iter().map(|one| one["id"].as_str().unwrap()).find(|id| *id != zoe).unwrap().to_owned();
        let employee = welcomed(&server, Role::Employee, Some(&zoe)).await;
        let designer = welcomed(&server, Role::CardDesigner, None).await;
        let own = format!("/people/{zoe}/signature/mail");
        // whatever else is sent along
        let to = location(&post(&server, &employee, &own, &[("day", "2026-12-24"), ("to", "x@evil.example")]).await);
        assert_eq!(to, format!("/people/{zoe}/signature?day=2026-12-24&mailed=sent"));
        let page = employee.browser.get(format!("{}{to}", server.internal)).header("accept-language", "en");
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(page.contains("It is on its way to employee@banque.example."), "{page}");
        let got = signatures(&mail, 1).await.remove(0);
        assert_eq!(got.recipients, ["employee@banque.example"]);
        let (html, text) = (got.html(), got.plain_text().replace('\r', ""));
        assert!(html.contains("Lefèvre") && html.contains("<table"), "{html}");
        assert!(text.contains("\n-- \n") && text.contains("Lefèvre"), "{text}");
        // somebody else's is not theirs to see
        assert_eq!(post(&server, &employee, &format!("/people/{other}/signature/mail"), &[]).await.status(), 404);
        let design = server.json(&["signature", "design", "list"])["designs"][0]["id"].as_str().unwrap().to_owned();
        let of_design = format!("/signatures/designs/{design}/mail");
        assert_eq!(post(&server, &employee, &of_design, &[]).await.status(), 403);
        assert!(location(&post(&server, &designer, &of_design, &[]).await).ends_with("?mailed=sent"));
        let both = signatures(&mail, 2).await;
        assert!(both.iter().any(|one| one.recipients == ["card-designer@banque.example"]), "{both:?}");
        // five within a quarter of an hour
        for _ in 0..4 {
            assert!(location(&post(&server, &designer, &of_design, &[]).await).ends_with("sent"));
        }
        assert!(location(&post(&server, &designer, &of_design, &[]).await).ends_with("many"));

        // root names an account; an address that is none gets nothing
        let sent = server.json(&["signature", "test-mail", "lefevre", "--to", "employee@banque.example"]);
        assert_eq!(sent["to"], "employee@banque.example");
        let told = server.cli(&["signature", "test-mail", "lefevre", "--to", "x@evil.example"]);
        assert!(told.code == 1 && told.stderr.contains("no account has the address"), "{told:?}");
        let told = server.cli(&["signature", "test-mail", "--design", "Nope", "--to", "employee@banque.example"]);
        assert!(told.code == 1 && told.stderr.contains("there is no design \"Nope\""), "{told:?}");
        let all = signatures(&mail, 7).await;
        assert!(all.iter().all(|one| one.recipients.iter().all(|to| to.ends_with("@banque.example"))), "{all:?}");
        let audit = server.sql("SELECT object_kind FROM audit_event WHERE operation = 'signature.mail'");
        assert_eq!(audit.len(), 7, "{audit:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_sent_that_is_said() {
    let server = Server::with_sample(Options::default()).await;
    for_everybody(&server);
    let designer = welcomed(&server, Role::Administrator, None).await;
    let zoe = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
    let to = location(&post(&server, &designer, &format!("/people/{zoe}/signature/mail"), &[]).await);
    assert!(to.ends_with("mailed=no-server"), "{to}");
    assert_eq!(server.sql("SELECT count(*) FROM job WHERE kind = 'mail.signature-test'"), ["0"]);
}
