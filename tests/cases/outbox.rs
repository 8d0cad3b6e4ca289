//! The outbox: what cannot go now goes later, what never can stays visible.

use std::collections::BTreeSet;

use estampe_tests::{MailCatcher, Options, Server, on_both, until};

use crate::hostile::administrator;

/// Leaves details at the sample's first card.
async fn leave(server: &Server) {
    let form =
        [("name", "Amélie Traoré"), ("email", "amelie@atelier.example"), ("idempotency_key", "0123456789abcdefghij")];
    let sent = server.client().post(format!("{}/leads", server.card_of("lefevre"))).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 200);
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
        let outbox = async || browser.get(format!("{}/outbox", server.internal)).send().await.unwrap().text().await.unwrap();
        let page = until("both are in the outbox", 10, async || {
            let page = outbox().await;
            (page.matches("/resend\"").count() == 2).then_some(page)
        })
        .await;
        assert!(page.contains("550"), "why is said: {page}");
        assert!(!page.contains("amelie") && !page.contains("Amélie"), "references alone: {page}");
        let csrf = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
        for action in page.split("action=\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(action, _)| action) {
            if action.ends_with("/resend") {
                let url = format!("{}{action}", server.internal);
                let forged = browser.post(&url).header("origin", &server.internal).form(&[("csrf", "x")]).send().await.unwrap();
                assert_eq!(forged.status(), 403);
                let sent = browser.post(&url).header("origin", &server.internal).form(&[("csrf", csrf)]).send().await.unwrap();
                assert_eq!(sent.status(), 303);
            }
        }
        mail.wait_for(2).await;
        assert_eq!(message_ids(&mail), mail.refused().into_iter().collect());
        assert_eq!(outbox().await.matches("/resend\"").count(), 0);
    }
}
