//! The mail about a sign-in from a browser that was not known: when, which, from where, and what to do.

use estampe_tests::{MailCatcher, Options, Server, on_both};
use reqwest::Client;

use crate::console::signed_in;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";

/// Signs in with a browser that says this of itself.
async fn sign_in(server: &Server, browser: &Client, agent: &str) {
    let request = browser.post(format!("{}/sign-in", server.internal)).header("origin", &server.internal);
    let form = [("email", "mireille@banque.example"), ("password", "violet hortensia 47")];
    assert_eq!(request.header("user-agent", agent).form(&form).send().await.unwrap().status(), 303);
}

on_both! {
    async fn a_new_browser_is_told_by_mail_with_all_that_helps(database) {
        let mail = MailCatcher::start();
        let mut server = Server::start(Options { database, extra: mail.configuration() }).await;
        drop(signed_in(&server).await);
        server.stop();
        server.start_again_with(&[("TZ", "Europe/Paris")]).await;
        let known = server.console();
        sign_in(&server, &known, FIREFOX).await;
        let mails = mail.wait_for(1).await;
        let text = mails[0].plain_text().replace('\r', "");
        for said in [
            "Quand\u{202f}: ",
            "\u{202f}h\u{202f}",
            " (Europe/Paris)\n",
            "Navigateur\u{202f}: Firefox · Linux\n",
            "Adresse réseau\u{202f}: 127.0.0.1\n",
            "Si c’était vous, il n’y a rien à faire.",
            "terminez-y toutes les sessions, changez de mot de passe",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(mails[0].html().contains("Firefox · Linux") && mails[0].wrong_spaces().is_empty(), "{text}");
        // a job holds references alone
        let jobs = server.sql("SELECT reference FROM job WHERE kind = 'mail.account-browser'").join("\n");
        assert!(!jobs.contains("Firefox") && !jobs.contains("127.0.0.1") && jobs.len() == 73, "{jobs}");

        // in English, from what says nothing of itself; the browser before is known and tells nothing
        server.stop();
        server.configure_more("locale = \"en\"\n");
        server.start_again_with(&[("TZ", "UTC")]).await;
        sign_in(&server, &known, FIREFOX).await;
        sign_in(&server, &server.console(), "x").await;
        let mails = mail.wait_for(2).await;
        let text = mails[1].plain_text().replace('\r', "");
        for said in ["When: ", " (UTC)\n", "Browser: unknown\n", "Network address: 127.0.0.1\n", "change your password"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(mails.len(), 2);
    }
}
