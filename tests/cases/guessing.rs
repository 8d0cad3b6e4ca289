//! Guessing and flooding at the doors: what is counted by whom, what is written of it, and what a
//! new password or sign-in leaves behind.

use std::net::Ipv4Addr;

use estampe_domain::access::Role;
use estampe_tests::{Options, Server, on_both};
use reqwest::{Client, Response};

use super::access::{PASSWORD, welcomed};
use super::sign_in::{code, with_app};
use crate::console::{csrf, page, signed_in};

const EMAIL: &str = "mireille@banque.example";
const OTHER: &str = "onze girafes sous la pluie";

async fn post(browser: &Client, server: &Server, path: &str, form: &[(&str, &str)]) -> Response {
    let request = browser.post(format!("{}{path}", server.internal)).header("origin", &server.internal);
    request.form(form).send().await.unwrap()
}

async fn sign_in(browser: &Client, server: &Server) -> Response {
    post(browser, server, "/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await
}

fn location(answer: &Response) -> &str {
    answer.headers().get("location").unwrap_or_else(|| panic!("{answer:?}")).to_str().unwrap()
}

async fn own_csrf(browser: &Client, server: &Server) -> String {
    csrf(&page(browser, format!("{}/account", server.internal)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_session_guesses_no_more_by_another_cookie_each_time() {
    let server = Server::start_default().await;
    drop(signed_in(&server).await);
    let client = server.client();
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let request = client.post(format!("{}/sign-in", server.internal)).header("origin", &server.internal);
    let entered = request.form(&form).send().await.unwrap();
    let cookie = |name: &str| {
        let all = entered.headers().get_all("set-cookie").iter();
        let mut all = all.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        all.find(|cookie| cookie.starts_with(name)).unwrap()
    };
    let (session, known) = (cookie("__Host-estampe="), cookie("__Host-estampe-browser="));
    let own = client.get(format!("{}/account", server.internal)).header("cookie", &session).send().await.unwrap();
    let token = csrf(&own.text().await.unwrap());
    let confirm = async |browser: &str, password: &str| {
        let request = client.post(format!("{}/confirm", server.internal)).header("origin", &server.internal);
        let request = request.header("cookie", format!("{session}; {browser}"));
        let form = [("csrf", token.as_str()), ("confirm-to", "/"), ("confirm-password", password)];
        request.form(&form).send().await.unwrap().status().as_u16()
    };
    let mut seen = Vec::new();
    for n in 0..12 {
        seen.push(confirm(&format!("__Host-estampe-browser={n:043}"), &format!("guess number {n} of many")).await);
    }
    assert_eq!(seen, [[422; 10].as_slice(), &[503; 2]].concat());
    // the browser that the account knows is counted apart
    assert_eq!(confirm(&known, PASSWORD).await, 303);
}

on_both! {
    async fn codes_are_few_a_day_and_whoever_holds_more_comes_in(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let holder = signed_in(&server).await;
        let (seed, recovery) = with_app(&holder, &server).await;
        // strangers who know the password, from as many addresses as they like
        let mut seen = Vec::new();
        for n in 2..6 {
            let stranger = server.console_from(Ipv4Addr::new(127, 0, 0, n));
            assert_eq!(location(&sign_in(&stranger, &server).await), "/sign-in/second");
            for guess in 0..6 {
                let form = [("code", format!("0000{n}{guess}"))];
                let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                seen.push(post(&stranger, &server, "/sign-in/second", &form).await.status().as_u16());
            }
        }
        assert_eq!(seen, [[422; 20].as_slice(), &[503; 4]].concat());
        let events = "SELECT count(*) FROM audit_event WHERE operation = 'session.begin' AND outcome = 'refused' \
                      AND object_kind = 'account'";
        assert_eq!(server.sql(events), ["20"], "each names the account that was meant");
        // a right code from elsewhere waits as well, a recovery code does not
        let elsewhere = server.console_from(Ipv4Addr::new(127, 0, 0, 9));
        sign_in(&elsewhere, &server).await;
        assert_eq!(post(&elsewhere, &server, "/sign-in/second", &[("code", &code(&seed, 1))]).await.status(), 503);
        assert_eq!(post(&elsewhere, &server, "/sign-in/second", &[("code", &recovery[0])]).await.status(), 303);
        // and the browser that was there before comes in by its code
        let token = own_csrf(&holder, &server).await;
        assert_eq!(post(&holder, &server, "/sign-out", &[("csrf", &token)]).await.status(), 303);
        sign_in(&holder, &server).await;
        assert_eq!(post(&holder, &server, "/sign-in/second", &[("code", &code(&seed, 1))]).await.status(), 303);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_without_a_sign_in_ends() {
    let server = Server::start_default().await;
    drop(signed_in(&server).await);
    let refused = || {
        server.sql("SELECT count(*) FROM audit_event WHERE operation = 'session.begin' AND outcome = 'refused'")[0]
            .parse::<usize>()
            .unwrap()
    };
    let flood = server.console_from(Ipv4Addr::new(127, 0, 0, 2));
    let mut seen = Vec::new();
    for _ in 0..104 {
        let form = [("state", "made up"), ("passkey", "{}")];
        seen.push(post(&flood, &server, "/sign-in/passkey", &form).await.status().as_u16());
    }
    assert_eq!(seen, [[422; 100].as_slice(), &[503; 4]].concat());
    assert_eq!(refused(), 100);
    let mut seen = Vec::new();
    for _ in 0..104 {
        let back = flood.get(format!("{}/sign-in/back?state=x&code=y", server.internal));
        seen.push(back.send().await.unwrap().status().as_u16());
    }
    assert_eq!(seen, [[303; 100].as_slice(), &[503; 4]].concat());
    assert_eq!(refused(), 200);
    // of others nothing was used up
    let other = server.console_from(Ipv4Addr::new(127, 0, 0, 3));
    let form = [("state", "made up"), ("passkey", "{}")];
    assert_eq!(post(&other, &server, "/sign-in/passkey", &form).await.status(), 422);
    let back = other.get(format!("{}/sign-in/back?state=x", server.internal)).send().await.unwrap();
    assert_eq!(location(&back), "/sign-in?why=state-unknown");
}

on_both! {
    async fn a_new_password_and_lost_factors_forget_the_browsers(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let known = || server.sql("SELECT count(*) FROM known_browser")[0].parse::<u32>().unwrap();
        let elsewhere = server.console();
        sign_in(&elsewhere, &server).await;
        assert_eq!(known(), 2);
        let token = own_csrf(&browser, &server).await;
        let form = [("csrf", token.as_str()), ("current", PASSWORD), ("password", OTHER)];
        assert_eq!(post(&browser, &server, "/account/password", &form).await.status(), 303);
        assert_eq!(known(), 0, "a new password");
        // by a token: but for the browser where it is chosen
        let enter = async |browser: &Client, password: &str| {
            post(browser, &server, "/sign-in", &[("email", EMAIL), ("password", password)]).await;
        };
        enter(&elsewhere, OTHER).await;
        enter(&server.console(), OTHER).await;
        assert_eq!(known(), 2);
        let invited = server.json(&["account", "invite", EMAIL]);
        let form = [("token", invited["token"].as_str().unwrap()), ("password", PASSWORD)];
        let chosen = server.console();
        assert_eq!(post(&chosen, &server, "/welcome", &form).await.status(), 303);
        assert_eq!(known(), 1);
        // without a factor that was there before
        drop(with_app(&chosen, &server).await);
        assert_eq!(known(), 1);
        let shown = page(&chosen, format!("{}/account", server.internal)).await;
        let factor = shown.split("action=\"/account/factors/").nth(1).unwrap().split('/').next().unwrap();
        let token = csrf(&shown);
        let removed = post(&chosen, &server, &format!("/account/factors/{factor}/remove"), &[("csrf", &token)]).await;
        assert_eq!((removed.status().as_u16(), known()), (303, 0));
        enter(&server.console(), PASSWORD).await;
        assert_eq!(known(), 1);
        assert_eq!(server.cli(&["account", "reset-factors", EMAIL]).code, 0);
        assert_eq!(known(), 0);
    }
}

on_both! {
    async fn who_signs_in_anew_leaves_no_session_behind(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let sessions = || server.sql("SELECT id FROM session");
        let before = sessions();
        assert_eq!(location(&sign_in(&browser, &server).await), "/");
        let after = sessions();
        assert!(before.len() == 1 && after.len() == 1 && before != after, "{before:?} {after:?}");
        let ended = server.sql("SELECT details FROM audit_event WHERE operation = 'session.end'");
        assert!(ended.len() == 1 && ended[0].contains("sign-in"), "{ended:?}");
        // half way in nothing ended yet
        let (seed, _) = with_app(&browser, &server).await;
        assert_eq!(location(&sign_in(&browser, &server).await), "/sign-in/second");
        assert_eq!(sessions(), after);
        assert_eq!(post(&browser, &server, "/sign-in/second", &[("code", &code(&seed, 1))]).await.status(), 303);
        assert!(sessions().len() == 1 && sessions() != after);
        // other browsers go on, and who signs out leaves nothing in this one
        sign_in(&server.console(), &server).await;
        let token = own_csrf(&browser, &server).await;
        let out = post(&browser, &server, "/sign-out", &[("csrf", &token)]).await;
        assert_eq!(out.headers()["clear-site-data"], "\"cache\", \"storage\"");
        assert_eq!(sessions().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_said_and_counted() {
    let server = Server::start_default().await;
    let browser = signed_in(&server).await;
    let auditor = welcomed(&server, Role::Auditor, None).await;
    let counted = async |reason: &str| {
        let text = server.client().get(format!("{}/metrics", server.internal)).send().await.unwrap();
        let text = text.text().await.unwrap();
        let name = format!("estampe_refusals_total{{reason=\"{reason}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.parse::<f64>().unwrap()
    };
    assert!(counted("origin").await + counted("form").await + counted("right").await < 0.5);
    let evil = browser.post(format!("{}/sign-in", server.internal)).header("origin", "https://evil.example");
    assert_eq!(evil.form(&[("email", EMAIL)]).send().await.unwrap().status(), 403);
    assert_eq!(post(&browser, &server, "/sign-out", &[("csrf", "another")]).await.status(), 403);
    for _ in 0..30 {
        let form = [("csrf", auditor.csrf.as_str()), ("name", "A"), ("email", "a@banque.example"), ("role", "auditor")];
        assert_eq!(post(&auditor.browser, &server, "/accounts", &form).await.status(), 403);
    }
    for (reason, wanted) in [("origin", 1.0), ("form", 1.0), ("right", 30.0)] {
        assert!((counted(reason).await - wanted).abs() < 0.5, "{reason}");
    }
    let log = server.log();
    let lines = |reason: &str| {
        let of = |line: &&str| line.contains("a request was refused") && line.contains(reason);
        log.lines().filter(of).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!((lines("origin").len(), lines("form").len()), (1, 1), "{log}");
    let of_right = lines("right");
    assert!((20..=30).contains(&of_right.len()) && of_right.len() != 30, "{}", of_right.len());
    let id = server.json(&["account", "show", "auditor@banque.example"])["id"].as_str().unwrap().to_owned();
    assert!(of_right[0].contains("WARN") && of_right[0].contains(&id), "{}", of_right[0]);
}
