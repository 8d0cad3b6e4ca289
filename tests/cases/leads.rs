//! Visitor to lead: nothing typed is lost, nothing acknowledged either.

use estampe_domain::access::Role;
use estampe_tests::{MailCatcher, Options, Server, UNLIMITED, on_both, until};
use reqwest::Response;

use super::access::welcomed;

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
        assert!(text.contains("revenir à tout moment sur ce que vous avez accepté"), "{text}");
        // without an address for it, rights are asked for by an answer; that is no failure
        assert!(text.contains("effacer, répondez à ce message"), "{text}");
        let checked = server.json(&["doctor"]);
        let found = checked.as_array().unwrap().iter().find(|one| one["check"] == "privacy").unwrap();
        assert!(found["status"] == "ok" && found["advice"].as_str().unwrap().contains("privacy.contact"), "{found}");
        let notice = to("zoe.lefevre@banque-garonne.example");
        assert!(notice.plain_text().contains("Amélie Canari-Traoré vous a laissé ses coordonnées"));
        // whoever has no account is not sent to a door that stays shut
        assert!(notice.plain_text().contains(&format!("Votre carte\u{202f}: {card}")), "{}", notice.plain_text());
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

    async fn a_holder_comes_by_the_mail_to_the_lead_and_keeps_it(database) {
        let mail = MailCatcher::start();
        let server = Server::with_sample(Options { database, extra: mail.configuration() }).await;
        let holder = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
        let signed = welcomed(&server, Role::Employee, Some(&holder)).await;
        let card = server.card_of("lefevre");
        assert_eq!(post(&server, &card, &form(KEY, "Suite à notre échange.")).await.status(), 200);
        let lead = server.json(&["lead", "list"])["leads"][0]["id"].as_str().unwrap().to_owned();
        let address = format!("{}/leads/{lead}", server.internal);
        // the mail has the address of the page, and nothing of the visitor in it
        let text = until("the notice", 30, async || {
            let mails = mail.mails();
            mails.iter().map(|mail| mail.plain_text()).find(|text| text.contains("vous a laissé ses coordonnées"))
        })
        .await;
        assert!(text.contains(&format!("ou le garder\u{202f}: {address}")), "{text}");
        let page = signed.browser.get(&address).header("accept-language", "fr").send().await.unwrap();
        let page = page.text().await.unwrap();
        let reply = "href=\"mailto:amelie.canari@atelier.example?subject=Votre%20%C3%A9change%20avec%20Zo%C3%A9";
        for said in [reply, "href=\"tel:0612345678\"", &format!("href=\"/leads/{lead}/contact.vcf\"")] {
            assert!(page.contains(said), "{said}: {page}");
        }
        // each time that it is taken along is noted, with whose it is and nothing of it
        let taken = || server.sql("SELECT object_id FROM audit_event WHERE operation = 'lead.vcard'");
        assert!(taken().is_empty());
        let file = signed.browser.get(format!("{address}/contact.vcf")).header("accept-language", "fr").send().await.unwrap();
        assert_eq!(file.headers()["content-type"], "text/vcard; charset=utf-8; version=3.0");
        let disposition = file.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(disposition.starts_with("attachment; filename=\"Amelie Canari-Traore.vcf\""), "{disposition}");
        let vcard = file.text().await.unwrap().replace("\r\n ", "");
        for said in [
            "FN:Amélie Canari-Traoré\r\n",
            "TEL;TYPE=VOICE,PREF:06 12 34 56 78\r\n",
            "ORG:Atelier du Canal\r\n",
            "NOTE:A laissé ses coordonnées sur la carte de Zoé Lefèvre-Núñez\\, ",
            "\\nSuite à notre échange.\\n",
            "Accordé\u{202f}: «",
        ] {
            assert!(vcard.contains(said), "{said}: {vcard}");
        }
        assert_eq!(taken(), std::slice::from_ref(&lead));
        // root has it too; whoever does not see the lead gets nothing, and nothing is noted
        let printed = server.cli(&["lead", "vcard", &lead, "--language", "fr"]);
        assert_eq!((printed.code, printed.stdout.replace("\r\n ", "")), (0, vcard));
        assert_eq!(taken().len(), 2);
        let people = server.json(&["person", "list"]);
        let other = people["people"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).find(|id| *id != holder);
        let manager = welcomed(&server, Role::TeamManager, other).await;
        let refused = manager.browser.get(format!("{address}/contact.vcf")).send().await.unwrap();
        assert_eq!(refused.status(), 404);
        assert_ne!(server.cli(&["lead", "vcard", "01a21960-04a2-7123-92d9-15a7d089b201"]).code, 0);
        assert_eq!(taken().len(), 2);
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
async fn what_is_typed_for_a_card_that_is_gone_is_not_swallowed() {
    let extra = "[privacy]\ncontact = \"dpo@banque-garonne.example\"\n".to_owned();
    let server = Server::with_sample(Options { extra, ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let person = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.cli(&["card", "down", &person]).code, 0);
    let mut pages = Vec::new();
    // taken down, never there, and no address at all: the same answer
    let unknown = format!("{}/c/00000000000000000000000000", server.public);
    for card in [card, unknown, format!("{}/c/ABC", server.public)] {
        let answer = post(&server, &card, &form(KEY, "gardez </p> ceci")).await;
        assert_eq!(answer.status(), 404, "{card}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        pages.push(answer.text().await.unwrap());
    }
    let page = &pages[0];
    for said in ["n’est plus en ligne", "Amélie Canari-Traoré", "06 12 34 56 78", "dpo@banque-garonne.example"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains("ceci") && !page.contains("gardez </p>"), "escaped: {page}");
    assert!(!page.contains("<form"), "nothing can be sent: {page}");
    assert!(pages.iter().all(|other| other == page));
    assert_eq!(leads(&server), 0);
    let log = server.log();
    assert!(!log.contains("Canari") && !log.contains("06 12"), "{log}");
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
