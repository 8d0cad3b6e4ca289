//! The outbox: what cannot go now goes later, what never can stays visible.

use std::collections::BTreeSet;
use std::time::Duration;

use estampe_tests::{MailCatcher, Options, PostOffice, Server, Weather, on_both, until};
use serde_json::Value;

use crate::hostile::administrator;

/// Leaves details at the sample's first card: two mails.
async fn leave(server: &Server) {
    leave_as(server, "0123456789abcdefghij").await;
}

async fn leave_as(server: &Server, key: &str) {
    let form = [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", key)];
    let sent = server.client().post(format!("{}/leads", server.card_of("lefevre"))).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 200);
}

fn outbox(server: &Server) -> Value {
    let outbox = server.json(&["outbox", "list"]);
    let text = outbox.to_string();
    assert!(!text.contains("amelie") && !text.contains("Traor") && !text.contains("lefevre"), "{text}");
    outbox
}

fn resend_all(server: &Server) {
    let said = server.cli(&["outbox", "resend", "--all"]);
    assert_eq!(said.code, 0, "{said:?}");
}

/// Waits until this fault is known.
async fn outage(server: &Server, fault: &str) -> Value {
    until(fault, 90, async || Some(outbox(server)).filter(|o| o["outage"]["fault"] == fault)).await
}

/// Waits until nothing waits, none given up.
async fn all_gone(server: &Server) {
    until("the outbox is empty", 60, async || {
        let outbox = outbox(server);
        (outbox["waiting"] == 0 && outbox["given_up"] == 0 && outbox["outage"].is_null()).then_some(())
    })
    .await;
}

fn once_each(ids: &[String]) -> BTreeSet<String> {
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(distinct.len(), ids.len(), "twice: {ids:?}");
    distinct
}

async fn with_post(database: estampe_tests::Database, office: &PostOffice) -> Server {
    Server::with_sample(Options { database, extra: office.configuration() }).await
}

fn message_ids(mail: &MailCatcher) -> BTreeSet<String> {
    mail.mails().iter().map(|m| m.header("message-id").unwrap().to_owned()).collect()
}

on_both! {
    async fn a_mail_that_must_wait_is_tried_again_under_the_same_message_id(database) {
        let mail = MailCatcher::start_refusing(2, "451 4.3.0 Come back later");
        let server = Server::with_sample(Options { database, extra: mail.configuration() }).await;
        leave(&server).await;
        // the first pause is half a minute
        until("both mails at the second try", 60, async || (mail.mails().len() == 2).then_some(())).await;
        let refused: BTreeSet<String> = mail.refused().into_iter().collect();
        assert_eq!(refused.len(), 2);
        assert_eq!(message_ids(&mail), refused);
    }

    async fn a_mail_that_nobody_takes_is_given_up_visibly_and_can_be_sent_anew(database) {
        let mail = MailCatcher::start_refusing(2, "550 5.7.1 Not wanted here");
        let server = Server::with_sample(Options { database, extra: mail.configuration() }).await;
        leave(&server).await;
        until("both mails are refused", 30, async || (mail.refused().len() == 2).then_some(())).await;
        let browser = administrator(&server).await;
        let outbox = async || browser.get(format!("{}/outbox?lang=en", server.internal)).send().await.unwrap().text().await.unwrap();
        let page = until("both are in the outbox", 10, async || {
            let page = outbox().await;
            // each, and all of them
            (page.matches("/resend\"").count() == 3).then_some(page)
        })
        .await;
        assert!(page.contains("550"), "why is said: {page}");
        assert!(!page.contains("amelie") && !page.contains("Amélie"), "references alone: {page}");
        let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
        assert!(page.contains("Send all 2 again") && page.contains("given up on"), "since when: {page}");
        let one = page.split("action=\"").filter_map(|rest| rest.split_once('"')).map(|(action, _)| action);
        let one = one.filter(|action| action.ends_with("/resend")).nth(1).unwrap();
        for action in [one, "/outbox/resend"] {
            let url = format!("{}{action}", server.internal);
            let forged = browser.post(&url).header("origin", &server.internal).form(&[("csrf", "x")]).send().await.unwrap();
            assert_eq!(forged.status(), 403);
            let sent = browser.post(&url).header("origin", &server.internal).form(&[("csrf", csrf)]).send().await.unwrap();
            assert_eq!(sent.status(), 303);
        }
        mail.wait_for(2).await;
        assert_eq!(message_ids(&mail), mail.refused().into_iter().collect());
        until("the outbox is empty", 10, async || (outbox().await.matches("/resend\"").count() == 0).then_some(())).await;
    }

    async fn a_server_that_is_down_for_long_costs_no_mail_a_try(database) {
        let office = PostOffice::closed(Weather::Fair);
        let mut server = with_post(database, &office).await;
        for key in ["0123456789abcdefghi1", "0123456789abcdefghi2", "0123456789abcdefghi3"] {
            leave_as(&server, key).await;
        }
        let known = outage(&server, "connection").await;
        assert_eq!((&known["waiting"], &known["given_up"]), (&Value::from(6), &Value::from(0)));
        let since = known["outage"]["since"].as_str().unwrap().to_owned();
        for _ in 0..3 {
            resend_all(&server);
            server.stop();
            server.start_again().await;
        }
        let still = outage(&server, "connection").await;
        assert_eq!(still["outage"]["since"], since.as_str(), "a restart does not forget");
        for mail in still["mails"].as_array().unwrap() {
            assert!(mail["tries"].as_u64().unwrap() <= 1, "no try is used up: {mail}");
            assert!(mail["error"].as_str().is_none_or(|e| e.contains("refused")), "{mail}");
        }
        let home = administrator(&server).await.get(format!("{}/?lang=en", server.internal)).send().await.unwrap();
        let home = home.text().await.unwrap();
        assert!(home.contains("The mail server cannot be used since") && home.contains("6 mails wait"), "{home}");
        // other work goes on
        assert_eq!(server.sync()["state"], "done");
        office.listen();
        all_gone(&server).await;
        assert_eq!(once_each(&office.taken()).len(), 6);
    }

    async fn what_may_have_arrived_is_sent_again_under_the_same_message_id(database) {
        let office = PostOffice::open(Weather::Vanishing);
        let server = with_post(database, &office).await;
        leave(&server).await;
        until("both were handed over", 30, async || (office.lost().len() >= 2).then_some(())).await;
        let waiting = until("both wait", 10, async || {
            Some(outbox(&server)).filter(|o| o["mails"].as_array().unwrap().iter().all(|m| m["state"] == "waiting"))
        })
        .await;
        assert_eq!(waiting["waiting"], 2, "{waiting}");
        assert_eq!(office.lost().len(), 2, "and are not sent again at once");
        for mail in waiting["mails"].as_array().unwrap() {
            assert!(mail["error"].as_str().unwrap().contains("before the answer"), "{mail}");
        }
        office.turn(Weather::Fair);
        resend_all(&server);
        all_gone(&server).await;
        assert_eq!(once_each(&office.taken()), once_each(&office.lost()));
    }

    async fn one_recipient_refused_for_good_does_not_hold_the_other(database) {
        let office = PostOffice::open(Weather::Refusing { recipient: "amelie", answer: "550 5.1.1 No amelie here" });
        let server = with_post(database, &office).await;
        leave(&server).await;
        let dead = until("one is given up", 30, async || Some(outbox(&server)).filter(|o| o["given_up"] == 1)).await;
        let mail = &dead["mails"][0];
        assert_eq!(mail["error"], "SMTP answer 550 5.1.1 at RCPT TO");
        assert_eq!((&mail["state"], &mail["tries"]), (&Value::from("given-up"), &Value::from(1)));
        until("the other went", 30, async || (office.taken().len() == 1).then_some(())).await;
        assert!(outbox(&server)["outage"].is_null(), "the server is well");
        let id = mail["id"].as_str().unwrap();
        for wrong in ["nothing", "01935e1c-7f00-7000-8000-070707070707"] {
            assert_eq!(server.cli(&["outbox", "resend", wrong]).code, 1);
        }
        assert_eq!(server.cli(&["outbox", "resend"]).code, 2, "which?");
        office.turn(Weather::Fair);
        assert_eq!(server.cli(&["outbox", "resend", id]).code, 0);
        all_gone(&server).await;
        assert_eq!(once_each(&office.taken()).len(), 2);
    }

    async fn a_week_end_is_waited_for_and_a_week_is_not(database) {
        let office = PostOffice::closed(Weather::Fair);
        let mut server = with_post(database, &office).await;
        leave(&server).await;
        let known = outage(&server, "connection").await;
        until("both wait", 10, async || Some(outbox(&server)).filter(|o| o["waiting"] == 2)).await;
        let (first, second) = (known["mails"][0]["id"].as_str().unwrap(), known["mails"][1]["id"].as_str().unwrap());
        server.stop();
        let days = |days: i64| days * 86_400_000_000;
        for (id, age) in [(first, days(3)), (second, days(6))] {
            server.sql(&format!("UPDATE job SET tried_since = created_at - {age} WHERE id = '{id}'"));
        }
        server.start_again().await;
        let given_up = until("one is given up", 30, async || Some(outbox(&server)).filter(|o| o["given_up"] == 1)).await;
        assert_eq!(given_up["waiting"], 1);
        let dead = &given_up["mails"][0];
        assert_eq!(dead["id"], second);
        assert!(dead["error"].as_str().unwrap().starts_with("given up after 5 days"), "{dead}");
        office.listen();
        resend_all(&server);
        all_gone(&server).await;
        assert_eq!(once_each(&office.taken()).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_holds_up_nothing_else() {
    let office = PostOffice::open(Weather::Silent);
    let server = with_post(estampe_tests::Database::Sqlite, &office).await;
    for key in ["0123456789abcdefghi1", "0123456789abcdefghi2", "0123456789abcdefghi3", "0123456789abcdefghi4"] {
        leave_as(&server, key).await;
    }
    until("mails are under way", 30, async || (office.connections() > 0).then_some(())).await;
    assert_eq!(server.sync()["state"], "done", "a run goes on meanwhile");
    let known = outage(&server, "silent").await;
    assert_eq!((&known["waiting"], &known["given_up"]), (&Value::from(8), &Value::from(0)));
    // four at first, then one probe after another for all eight
    assert!(office.connections() <= 6, "{}", office.connections());
    office.turn(Weather::Fair);
    resend_all(&server);
    // a probe may hang in a connection of before
    until("all went", 120, async || (office.taken().len() == 8).then_some(())).await;
    all_gone(&server).await;
    assert_eq!(once_each(&office.taken()).len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drips_its_words_is_cut_and_one_that_is_late_is_waited_for() {
    let office = PostOffice::open(Weather::Dripping);
    let server = with_post(estampe_tests::Database::Sqlite, &office).await;
    leave(&server).await;
    let known = outage(&server, "silent").await;
    assert!(known["outage"]["detail"].as_str().unwrap().contains("no answer within"), "{known}");
    office.turn(Weather::Late(Duration::from_secs(7)));
    resend_all(&server);
    until("both went", 120, async || (office.taken().len() == 2).then_some(())).await;
    all_gone(&server).await;
    once_each(&office.taken());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_in_the_content_loses_nothing() {
    let office = PostOffice::open(Weather::DroppingContent);
    let server = with_post(estampe_tests::Database::Sqlite, &office).await;
    leave(&server).await;
    until("both wait again", 30, async || {
        let outbox = outbox(&server);
        let mails = outbox["mails"].as_array().unwrap();
        mails.iter().all(|m| m["state"] == "waiting" && m["tries"] == 1).then_some(())
    })
    .await;
    office.turn(Weather::Fair);
    resend_all(&server);
    all_gone(&server).await;
    assert_eq!(once_each(&office.taken()).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_connections_that_the_server_closed_hurt_nobody() {
    let office = PostOffice::open(Weather::ClosingIdle);
    let server = with_post(estampe_tests::Database::Sqlite, &office).await;
    for (round, key) in ["0123456789abcdefghi1", "0123456789abcdefghi2", "0123456789abcdefghi3"].iter().enumerate() {
        leave_as(&server, key).await;
        until("both went", 30, async || (office.taken().len() == 2 * (round + 1)).then_some(())).await;
        // the server has closed by now
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    once_each(&office.taken());
    all_gone(&server).await;
    let log = server.log();
    assert!(!log.contains("could not go yet") && !log.contains("cannot be used"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_has_to_mend_keeps_the_mails_waiting() {
    let mail = MailCatcher::start();
    let extra = mail.configuration_with_wrong_password();
    let mut server = Server::with_sample(Options { extra, ..Options::default() }).await;
    leave(&server).await;
    let known = outage(&server, "sign-in").await;
    assert_eq!(known["outage"]["detail"], "SMTP answer 535 5.7.8 at the sign-in");
    for (configuration, fault) in [(mail.configuration_without_trust(), Some("tls")), (mail.configuration(), None)] {
        server.stop();
        server.configure(&configuration);
        server.start_again().await;
        if let Some(fault) = fault {
            outage(&server, fault).await;
        }
    }
    assert_eq!(mail.wait_for(2).await.len(), 2);
    all_gone(&server).await;
    assert_eq!(message_ids(&mail).len(), 2);
}
