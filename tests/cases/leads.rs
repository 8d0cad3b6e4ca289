//! Visitor to lead: nothing typed is lost, nothing acknowledged either.

use estampe_tests::{MailCatcher, Options, Server, UNLIMITED, on_both, until};
use reqwest::Response;

const KEY: &str = "0123456789abcdefghij";

fn form<'a>(key: &'a str, message: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("name", "Amélie Canari-Traoré"),
        ("email", "amelie.canari@atelier.example"),
        ("phone", "06 12 34 56 78"),
        ("company", "Atelier du Canal"),
        ("message", message),
        ("consent", "invitations"),
        ("idempotency_key", key),
    ]
}

async fn post(server: &Server, card: &str, form: &[(&str, &str)]) -> Response {
    let request = server.client().post(format!("{card}/leads")).header("accept-language", "fr").form(form);
    request.send().await.unwrap()
}

fn leads(server: &Server) -> usize {
    server.json(&["lead", "list"])["leads"].as_array().unwrap().len()
}

on_both! {
    async fn what_a_visitor_leaves_is_stored_and_both_are_written_to(database) {
        let mail = MailCatcher::start();
        let server = Server::with_sample(Options { database, extra: mail.configuration() }).await;
        let card = server.card_of("lefevre");
        let page = server.client().get(format!("{card}/exchange?lang=fr")).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("intérêt légitime") && page.contains("36") && page.contains("Envoyer à Zoé"));
        let answer = post(&server, &card, &form(KEY, "Suite à notre échange.")).await;
        assert!(answer.status().is_success() || answer.status() == 303, "{}", answer.status());
        let stored = server.json(&["lead", "list"]);
        assert_eq!(stored["leads"][0]["details"]["email"], "amelie.canari@atelier.example");
        let mails = mail.wait_for(2).await;
        assert!(mails.iter().all(|m| m.protected), "over TLS, signed in");
        let to = |address: &str| mails.iter().find(|m| m.recipients == [address]).unwrap_or_else(|| panic!("{address}"));
        let receipt = to("amelie.canari@atelier.example");
        let text = receipt.plain_text();
        assert!(text.contains("Zoé Lefèvre-Núñez") && text.contains("06 12 34 56 78") && text.contains("Suite à notre échange."));
        assert!(text.contains("invitations"), "the consent's words: {text}");
        // without an address for it, rights are asked for by an answer; that is no failure
        assert!(text.contains("effacer, répondez à ce message"), "{text}");
        let checked = server.json(&["doctor"]);
        let found = checked.as_array().unwrap().iter().find(|one| one["check"] == "privacy").unwrap();
        assert!(found["status"] == "ok" && found["advice"].as_str().unwrap().contains("privacy.contact"), "{found}");
        let notice = to("zoe.lefevre@banque-garonne.example");
        assert!(notice.plain_text().contains("Amélie Canari-Traoré vous a laissé ses coordonnées"));
        for mail in [receipt, notice] {
            assert!(mail.header("message-id").is_some_and(|id| id.ends_with("@banque-garonne.example>")));
            assert_eq!(mail.header("auto-submitted"), Some("auto-generated"));
        }
        for mail in [receipt, notice] {
            assert!(mail.wrong_spaces().is_empty(), "{:#?}", mail.wrong_spaces());
        }
        assert!(text.contains("Téléphone\u{202f}: 06 12 34 56 78"), "{text}");
        // no personal data in the log
        let log = server.log();
        assert!(!log.to_lowercase().contains("canari") && !log.contains("lefevre"), "{log}");
    }

    async fn whoever_answers_for_data_is_named_in_the_form_and_in_the_receipt(database) {
        let mail = MailCatcher::start();
        let extra = format!("{}[privacy]\ncontact = \"dpo@banque-garonne.example\"\n", mail.configuration());
        let server = Server::with_sample(Options { database, extra }).await;
        let card = server.card_of("lefevre");
        let page = server.client().get(format!("{card}/exchange?lang=fr")).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Pour cela, écrivez à dpo@banque-garonne.example."), "{page}");
        post(&server, &card, &form(KEY, "Suite à notre échange.")).await;
        let mails = mail.wait_for(2).await;
        let receipt = mails.iter().find(|m| m.recipients == ["amelie.canari@atelier.example"]).unwrap();
        let text = receipt.plain_text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("effacer, écrivez à dpo@banque-garonne.example."), "{text}");
        assert!(!text.contains("répondez à ce message") && !text.contains("répondant à ce message"), "{text}");
        let checked = server.json(&["doctor"]);
        let found = checked.as_array().unwrap().iter().find(|one| one["check"] == "privacy").unwrap();
        assert!(found["found"].as_str().unwrap().contains("dpo@banque-garonne.example"), "{found}");
    }

    async fn a_double_submit_and_a_retry_are_one_lead(database) {
        let mail = MailCatcher::start();
        let server = Server::with_sample(Options { database, extra: mail.configuration() }).await;
        let card = server.card_of("lefevre");
        let data = form(KEY, "Bonjour");
        let (a, b, c) = tokio::join!(post(&server, &card, &data), post(&server, &card, &data), post(&server, &card, &data));
        for answer in [a, b, c] {
            assert!(answer.status().is_success() || answer.status() == 303, "{}", answer.status());
        }
        assert_eq!(leads(&server), 1);
        mail.wait_for(2).await;
        // changed since: nothing is lost silently, and the form says so
        let changed = post(&server, &card, &form(KEY, "Un autre message")).await;
        assert_eq!(changed.status(), 409);
        let page = changed.text().await.unwrap();
        assert!(page.contains("Un autre message") && !page.contains(KEY), "as typed, with a fresh key");
        assert_eq!(leads(&server), 1);
        assert_eq!(mail.mails().len(), 2);
    }

    async fn nobody_gets_many_copies_of_what_anybody_types(database) {
        let mail = MailCatcher::start();
        let extra = format!("{}{UNLIMITED}", mail.configuration());
        let server = Server::with_sample(Options { database, extra }).await;
        let card = server.card_of("lefevre");
        for n in 0..8 {
            assert_eq!(post(&server, &card, &form(&format!("{KEY}{n}"), &format!("n° {n}"))).await.status(), 200);
        }
        assert_eq!(leads(&server), 8, "all of them are stored");
        // five copies, eight notices
        let mails = mail.wait_for(13).await;
        assert_eq!(mails.iter().filter(|m| m.recipients == ["amelie.canari@atelier.example"]).count(), 5);
    }

    async fn bad_input_comes_back_as_typed_with_every_problem(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let card = server.card_of("lefevre");
        let hostile = "\"><script>alert(1)</script>";
        let data = [
            ("name", "  "),
            ("email", "amelie@atelier,fr"),
            ("phone", "appelez-moi"),
            ("company", hostile),
            ("message", "gardez </textarea> ceci"),
            ("consent", "invitations"),
            ("idempotency_key", KEY),
        ];
        let answer = post(&server, &card, &data).await;
        assert_eq!(answer.status(), 422);
        let page = answer.text().await.unwrap();
        assert!(page.contains("amelie@atelier,fr") && page.contains("appelez-moi"));
        assert!(page.contains("atelier.fr"), "what was meant");
        assert!(page.contains("gardez &#60;/textarea&#62; ceci") || page.contains("gardez &lt;/textarea&gt; ceci"));
        assert!(!page.contains("<script>alert"), "escaped");
        assert!(page.contains("checked") && page.contains(KEY), "the box and the key are kept");
        assert_eq!(page.matches("aria-invalid=\"true\"").count(), 3);
        assert_eq!(leads(&server), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_is_refused() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let request = server.client().post(format!("{card}/leads")).header(name, value).form(&form(KEY, "x"));
        assert_eq!(request.send().await.unwrap().status(), 403, "{name}");
    }
    assert_eq!(leads(&server), 0);
    let request = server.client().post(format!("{card}/leads")).header("origin", &server.public).form(&form(KEY, "x"));
    assert!(request.send().await.unwrap().status().as_u16() < 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_at_no_card_is_a_404() {
    let server = Server::start_default().await;
    let card = format!("{}/c/00000000000000000000000000", server.public);
    assert_eq!(post(&server, &card, &form(KEY, "x")).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_promised_a_copy_where_no_mail_can_be_sent() {
    let mail = MailCatcher::start();
    for (extra, promised) in [(String::new(), false), (mail.configuration(), true)] {
        let server = Server::with_sample(Options { extra, ..Options::default() }).await;
        let card = server.card_of("lefevre");
        for (language, form_says, then_says) in [
            ("fr", "Vous en recevrez une copie.", "Une copie vous parvient"),
            ("en", "You get a copy", "A copy is on its way"),
        ] {
            let at = format!("{card}/exchange?lang={language}");
            let page = server.client().get(at).send().await.unwrap().text().await.unwrap();
            assert_eq!(page.contains(form_says), promised, "{page}");
            let key = format!("{KEY}{language}");
            let request = server.client().post(format!("{card}/leads?lang={language}"));
            let request = request.header("origin", &server.public).form(&form(&key, "x"));
            let sent = request.send().await.unwrap().text().await.unwrap();
            assert_eq!(sent.contains(then_says), promised, "{sent}");
            assert!(sent.contains("Zoé"), "{sent}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_for_a_server_that_can_be_trusted_and_then_goes() {
    let mail = MailCatcher::start();
    let extra = mail.configuration_without_trust();
    let mut server = Server::with_sample(Options { extra, ..Options::default() }).await;
    let card = server.card_of("lefevre");
    assert!(post(&server, &card, &form(KEY, "x")).await.status().as_u16() < 400, "taken all the same");
    until("a try that failed", 30, async || server.log().contains("the mail server cannot be used").then_some(()))
        .await;
    assert!(mail.mails().is_empty());
    server.stop();
    server.configure(&mail.configuration());
    server.start_again().await;
    let mails = mail.wait_for(2).await;
    assert_eq!(mails.len(), 2);
    assert_eq!(leads(&server), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill() {
    let mut server = Server::with_sample(Options { extra: UNLIMITED.into(), ..Options::default() }).await;
    let card = server.card_of("lefevre");
    for n in 0..20 {
        let key = format!("{KEY}{n}");
        assert!(post(&server, &card, &form(&key, "x")).await.status().as_u16() < 400);
    }
    server.kill();
    server.start_again().await;
    assert_eq!(leads(&server), 20);
    // a retry of the last, as a browser would
    let key = format!("{KEY}19");
    assert!(post(&server, &card, &form(&key, "x")).await.status().as_u16() < 400);
    assert_eq!(leads(&server), 20);
}
