//! Signing in: passwords, the second factor, sessions, and what strangers try.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use estampe_tests::{MailCatcher, Options, Server, on_both};
use reqwest::{Client, Response};
use totp_rs::{Algorithm, Builder, Secret};

use crate::console::{csrf, page, signed_in};

const EMAIL: &str = "mireille@banque.example";
const PASSWORD: &str = "violet hortensia 47";
const OTHER: &str = "onze girafes sous la pluie";

async fn post(browser: &Client, server: &Server, path: &str, form: &[(&str, &str)]) -> Response {
    let request = browser.post(format!("{}{path}", server.internal)).header("origin", &server.internal);
    request.form(form).send().await.unwrap()
}

async fn sign_in(browser: &Client, server: &Server, password: &str) -> Response {
    post(browser, server, "/sign-in", &[("email", EMAIL), ("password", password)]).await
}

async fn status(browser: &Client, server: &Server, path: &str) -> u16 {
    browser.get(format!("{}{path}", server.internal)).send().await.unwrap().status().as_u16()
}

fn location(answer: &Response) -> &str {
    answer.headers()["location"].to_str().unwrap()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

/// The code of an app, so many steps from now.
pub(crate) fn code(seed: &str, steps: u64) -> String {
    let octets = data_encoding::BASE32_NOPAD.decode(seed.replace(' ', "").as_bytes()).unwrap();
    let app = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(30);
    let app = app.with_secret(Secret::new(octets.into_boxed_slice())).build().unwrap();
    let now = rustls_pki_types::UnixTime::now().as_secs();
    app.generate(now + 30 * steps).to_string()
}

/// Adds an app in a signed-in browser; its seed and the recovery codes.
pub(crate) async fn with_app(browser: &Client, server: &Server) -> (String, Vec<String>) {
    let offered = page(browser, format!("{}/account/app", server.internal)).await;
    let seed = between(&offered, "<code class=\"wrap-any\">", "</code>").to_owned();
    let state = between(&offered, "name=\"state\" value=\"", "\"");
    let token = csrf(&offered);
    let enter = async |typed: &str| {
        let form = [("csrf", token.as_str()), ("state", state), ("name", "Téléphone"), ("code", typed)];
        post(browser, server, "/account/app", &form).await
    };
    // mistyped: the same seed is offered again
    let wrong = enter("000000").await;
    assert_eq!(wrong.status(), 422);
    assert!(wrong.text().await.unwrap().contains(&seed));
    let added = enter(&code(&seed, 0)).await;
    assert_eq!(added.status(), 200);
    let shown = added.text().await.unwrap();
    let codes: Vec<_> = shown.split("<li><code>").skip(1).map(|c| c.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10, "{shown}");
    (seed, codes)
}

on_both! {
    async fn a_second_factor_is_asked_for_and_no_code_is_taken_twice(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let (seed, codes) = with_app(&browser, &server).await;
        assert_eq!(status(&browser, &server, "/").await, 200, "the browser that added it goes on");

        let other = server.console();
        let half = sign_in(&other, &server, PASSWORD).await;
        assert_eq!((half.status().as_u16(), location(&half)), (303, "/sign-in/second"));
        assert_eq!(status(&other, &server, "/").await, 303, "half way in is not in");
        assert_eq!(status(&other, &server, "/account").await, 303);
        assert_eq!(post(&other, &server, "/sign-in/second", &[("code", "000000")]).await.status(), 422);
        // the code by which the app was added was taken
        assert_eq!(post(&other, &server, "/sign-in/second", &[("code", &code(&seed, 0))]).await.status(), 422);
        let entered = post(&other, &server, "/sign-in/second", &[("code", &code(&seed, 1)), ("next", "/people")]).await;
        assert_eq!((entered.status().as_u16(), location(&entered)), (303, "/people"));
        assert_eq!(status(&other, &server, "/people").await, 200);

        // a recovery code is good once, however it is typed
        let third = server.console();
        let typed = codes[0].to_uppercase().replace('-', " ");
        for (code, wanted) in [("no-such-code", 422), (typed.as_str(), 303)] {
            sign_in(&third, &server, PASSWORD).await;
            assert_eq!(post(&third, &server, "/sign-in/second", &[("code", code)]).await.status(), wanted, "{code}");
        }
        let fourth = server.console();
        sign_in(&fourth, &server, PASSWORD).await;
        assert_eq!(post(&fourth, &server, "/sign-in/second", &[("code", &typed)]).await.status(), 422);
        assert!(page(&third, format!("{}/account", server.internal)).await.contains("Il en reste 9"));

        // who lost all of it is helped by whoever administers, and hears of it in the audit
        let id = server.json(&["account", "list"])["accounts"][0]["id"].as_str().unwrap().to_owned();
        let reset = server.cli(&["account", "reset-factors", EMAIL]);
        assert_eq!(reset.code, 0, "{reset:?}");
        assert_eq!(status(&third, &server, "/account").await, 303, "sessions end");
        let again = server.console();
        assert_eq!(location(&sign_in(&again, &server, PASSWORD).await), "/", "{id}");
    }
}

on_both! {
    async fn who_forgot_their_password_gets_a_code_and_keeps_the_second_factor(database) {
        let catcher = MailCatcher::start();
        let options = Options { database, extra: catcher.configuration() };
        let server = Server::start(options).await;
        let browser = signed_in(&server).await;
        let (_, codes) = with_app(&browser, &server).await;
        let stranger = server.console();
        let ask = async |email: &str| {
            let answer = post(&stranger, &server, "/forgotten", &[("email", email)]).await;
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        // the same answer for whoever exists and whoever does not
        assert_eq!(ask("nobody@banque.example").await, ask(" Mireille@Banque.example ").await);
        // the second factor, then the code
        let mails = catcher.wait_for(2).await;
        let factors = mails.iter().find(|mail| mail.plain_text().contains("second facteur"));
        assert!(factors.is_some());
        let text = mails.iter().map(|mail| mail.plain_text()).find(|text| text.contains("/welcome#")).unwrap();
        let code = between(&text, "/welcome#", "\n").trim().to_owned();
        assert!(text.contains(&format!("Code\u{202f}: {code}")), "{text}");
        for (password, wanted) in [("Motdepasse2026!", 422), ("Mireille-Barrau-1", 422), (OTHER, 303), (OTHER, 422)] {
            let welcome = server.console();
            let answer = post(&welcome, &server, "/welcome", &[("token", &code), ("password", password)]).await;
            assert_eq!(answer.status(), wanted, "{password}");
            if wanted == 303 {
                assert_eq!(location(&answer), "/sign-in/second");
                assert_eq!(status(&welcome, &server, "/").await, 303);
            }
        }
        assert_eq!(status(&browser, &server, "/").await, 303, "signed out everywhere");
        assert_eq!(sign_in(&stranger, &server, PASSWORD).await.status(), 422);
        assert_eq!(location(&sign_in(&stranger, &server, OTHER).await), "/sign-in/second");
        // an invitation goes the same way
        let added = server.json(&["account", "add", "karim@banque.example", "--name", "Karim", "--role", "auditor"]);
        let id = added["account"]["id"].as_str().unwrap();
        let administrator = server.console();
        sign_in(&administrator, &server, OTHER).await;
        assert_eq!(post(&administrator, &server, "/sign-in/second", &[("code", &codes[0])]).await.status(), 303);
        let shown = page(&administrator, format!("{}/accounts/{id}", server.internal)).await;
        let form = [("csrf", csrf(&shown)), ("by", "mail".to_owned())].map(|(name, value)| (name, value));
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(post(&administrator, &server, &format!("/accounts/{id}/invite"), &form).await.status(), 303);
        let invited = estampe_tests::until("the invitation", 30, async || {
            let mails = catcher.mails();
            mails.iter().find(|mail| mail.recipients.iter().any(|to| to.contains("karim"))).map(|mail| mail.plain_text())
        })
        .await;
        let new = between(&invited, "/welcome#", "\n").trim().to_owned();
        let form = [("token", new.as_str()), ("password", PASSWORD)];
        assert_eq!(post(&server.console(), &server, "/welcome", &form).await.status(), 303);
        // no code stands in the database, and none in the log
        assert!(!server.log().contains(&code));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_guess_lock_out_each_other_and_not_the_holder() {
    let server = Server::start_default().await;
    let holder = signed_in(&server).await;
    let token = csrf(&page(&holder, format!("{}/account", server.internal)).await);
    assert_eq!(post(&holder, &server, "/sign-out", &[("csrf", &token)]).await.status(), 303);
    let stranger = server.console();
    let mut seen = Vec::new();
    for n in 0..12 {
        seen.push(sign_in(&stranger, &server, &format!("guess number {n} of many")).await.status().as_u16());
    }
    assert_eq!(seen, [[422; 10].as_slice(), &[503; 2]].concat());
    // from the same address, by the browser that was there before
    assert_eq!(sign_in(&holder, &server, PASSWORD).await.status(), 303);
    assert_eq!(sign_in(&stranger, &server, PASSWORD).await.status(), 503, "and nobody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_new_at_sign_in_and_another_after_each_confirmation() {
    let server = Server::start_default().await;
    drop(signed_in(&server).await);
    // a session that somebody else chose is not taken over
    let fixed = "A".repeat(43);
    let client = server.client();
    let request = client.post(format!("{}/sign-in", server.internal)).header("origin", &server.internal);
    let request = request.header("cookie", format!("__Host-estampe={fixed}; __Host-estampe-browser={fixed}"));
    let answer = request.form(&[("email", EMAIL), ("password", PASSWORD)]).send().await.unwrap();
    let cookies: Vec<_> =
        answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect();
    assert!(cookies.len() >= 2 && !cookies.iter().any(|cookie| cookie.contains(&fixed)), "{cookies:?}");
    for cookie in cookies.iter().filter(|cookie| !cookie.starts_with("__Host-estampe-step")) {
        for wanted in ["__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(wanted), "{wanted}: {cookie}");
        }
    }
    let session = |cookies: &[String]| {
        let of = cookies.iter().find(|cookie| cookie.starts_with("__Host-estampe=")).unwrap();
        of.split(';').next().unwrap().to_owned()
    };
    let first = session(&cookies);
    let account = client.get(format!("{}/account", server.internal)).header("cookie", &first).send().await.unwrap();
    let token = csrf(&account.text().await.unwrap());
    let request = client.post(format!("{}/account/password", server.internal)).header("origin", &server.internal);
    let form = [("csrf", token.as_str()), ("current", PASSWORD), ("password", OTHER)];
    let changed = request.header("cookie", &first).form(&form).send().await.unwrap();
    assert_eq!(changed.status(), 303);
    let renewed = session(&[changed.headers()["set-cookie"].to_str().unwrap().to_owned()]);
    assert_ne!(first, renewed);
    let reach = async |cookie: &str| {
        let answer = client.get(format!("{}/account", server.internal)).header("cookie", cookie).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!((reach(&first).await, reach(&renewed).await), (303, 200));
}

on_both! {
    async fn ones_sessions_are_listed_and_ended(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
        let others = [server.console(), server.console()];
        for other in &others {
            let request = other.post(format!("{}/sign-in", server.internal)).header("origin", &server.internal);
            let form = [("email", EMAIL), ("password", PASSWORD)];
            assert_eq!(request.header("user-agent", agent).form(&form).send().await.unwrap().status(), 303);
        }
        let shown = page(&browser, format!("{}/account", server.internal)).await;
        assert_eq!(shown.matches("Firefox · Linux</span>").count(), 2, "{shown}");
        assert_eq!(shown.matches("127.0.0.1").count(), 3);
        let token = csrf(&shown);
        let end = between(&shown, "action=\"/account/sessions/", "/end").to_owned();
        let ended = post(&browser, &server, &format!("/account/sessions/{end}/end"), &[("csrf", &token)]).await;
        assert_eq!(ended.status(), 303);
        let left = async || {
            let mut left = 0;
            for other in &others {
                left += usize::from(status(other, &server, "/account").await == 200);
            }
            left
        };
        assert_eq!(left().await, 1);
        // somebody else's cannot be ended
        let added = server.json(&["account", "add", "a@banque.example", "--name", "A", "--role", "auditor"]);
        let stranger = server.console();
        let form = [("token", added["token"].as_str().unwrap()), ("password", PASSWORD)];
        assert_eq!(post(&stranger, &server, "/welcome", &form).await.status(), 303);
        let theirs = page(&stranger, format!("{}/account", server.internal)).await;
        let own = server.sql("SELECT id FROM session ORDER BY created_at LIMIT 1");
        let path = format!("/account/sessions/{}/end", own[0]);
        assert_eq!(post(&stranger, &server, &path, &[("csrf", &csrf(&theirs))]).await.status(), 404);
        assert_eq!(post(&browser, &server, "/account/sessions/end", &[("csrf", &token)]).await.status(), 303);
        assert_eq!((left().await, status(&browser, &server, "/account").await), (0, 200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_may_ask_for_a_second_factor_before_anything_else() {
    let extra = "[sign_in]\nsecond_factor_for = [\"administrator\"]\n".to_owned();
    let server = Server::start(Options { extra, ..Options::default() }).await;
    let browser = signed_in(&server).await;
    for path in ["/", "/people", "/accounts", "/plugins", "/no-such-page"] {
        let answer = browser.get(format!("{}{path}", server.internal)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/account"), "{path}");
    }
    let (_, _) = with_app(&browser, &server).await;
    assert_eq!(status(&browser, &server, "/people").await, 200);
    // and the last one stays
    let shown = page(&browser, format!("{}/account", server.internal)).await;
    let factor = between(&shown, "action=\"/account/factors/", "/remove");
    let removed =
        post(&browser, &server, &format!("/account/factors/{factor}/remove"), &[("csrf", &csrf(&shown))]).await;
    assert!(
        removed.text().await.unwrap().contains("Ajoutez-en un autre") || status(&browser, &server, "/").await == 200
    );
    assert!(page(&browser, format!("{}/account", server.internal)).await.contains(factor));
}

on_both! {
    async fn a_sensitive_act_asks_again_and_loses_nothing_that_was_typed(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let browser = signed_in(&server).await;
        let token = csrf(&page(&browser, format!("{}/accounts/new", server.internal)).await);
        // as if they had signed in an hour ago
        server.sql("UPDATE session SET confirmed_at = confirmed_at - 3600000000");
        let form =
            [("csrf", token.as_str()), ("name", "Iris & Co"), ("email", "iris@banque.example"), ("role", "auditor")];
        let asked = post(&browser, &server, "/accounts", &form).await;
        assert_eq!(asked.status(), 403);
        let shown = asked.text().await.unwrap();
        assert!(shown.contains("value=\"Iris &#38; Co\"") || shown.contains("value=\"Iris &amp; Co\""), "{shown}");
        assert_eq!(server.json(&["account", "list"])["accounts"].as_array().unwrap().len(), 1);
        let carried = |password: &'static str| {
            let mut carried: Vec<(&str, &str)> = form.to_vec();
            carried.extend([("confirm-to", "/accounts"), ("confirm-posts", "yes"), ("confirm-password", password)]);
            carried
        };
        let wrong = post(&browser, &server, "/confirm", &carried("not this one at all")).await;
        assert_eq!(wrong.status(), 422);
        assert!(wrong.text().await.unwrap().contains("iris@banque.example"));
        let confirmed = post(&browser, &server, "/confirm", &carried(PASSWORD)).await;
        assert_eq!((confirmed.status().as_u16(), location(&confirmed)), (307, "/accounts"));
        // as a browser does then
        assert_eq!(post(&browser, &server, "/accounts", &carried(PASSWORD)).await.status(), 200);
        assert_eq!(server.json(&["account", "list"])["accounts"].as_array().unwrap().len(), 2);
        // nobody is led elsewhere
        for next in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"] {
            server.sql("UPDATE session SET confirmed_at = confirmed_at - 3600000000");
            let form = [("csrf", token.as_str()), ("confirm-to", next), ("confirm-password", PASSWORD)];
            assert_eq!(location(&post(&browser, &server, "/confirm", &form).await), "/", "{next}");
        }
    }
}

on_both! {
    async fn what_one_administrator_asks_for_another_has_to_agree_to(database) {
        let extra = "[sign_in]\nsecond_administrator = true\n".to_owned();
        let server = Server::start(Options { database, extra }).await;
        let first = signed_in(&server).await;
        // root is not held up: that is how the second one comes to be
        let added = server.json(&["account", "add", "b@banque.example", "--name", "B", "--role", "administrator"]);
        let second = server.console();
        let form = [("token", added["token"].as_str().unwrap()), ("password", PASSWORD)];
        assert_eq!(post(&second, &server, "/welcome", &form).await.status(), 303);
        let token_of = async |browser: &Client| csrf(&page(browser, format!("{}/account", server.internal)).await);
        let (of_first, of_second) = (token_of(&first).await, token_of(&second).await);
        let accounts = || server.json(&["account", "list"])["accounts"].as_array().unwrap().len();

        let new = [("csrf", of_first.as_str()), ("name", "Iris"), ("email", "iris@banque.example"), ("role", "auditor")];
        let asked = post(&first, &server, "/accounts", &new).await;
        assert_eq!((asked.status().as_u16(), location(&asked)), (303, "/approvals"));
        assert_eq!(accounts(), 2, "it waits");
        let shown = page(&second, format!("{}/approvals", server.internal)).await;
        assert!(shown.contains("iris@banque.example") && shown.contains("Mireille Barrau"), "{shown}");
        let path = format!("/approvals/{}", between(&shown, "action=\"/approvals/", "/agree"));
        // not by whoever asked
        let own = page(&first, format!("{}/approvals", server.internal)).await;
        assert!(!own.contains("/agree"), "{own}");
        post(&first, &server, &format!("{path}/agree"), &[("csrf", &of_first)]).await;
        assert_eq!(accounts(), 2);
        let agreed = post(&second, &server, &format!("{path}/agree"), &[("csrf", &of_second)]).await;
        assert_eq!((agreed.status().as_u16(), accounts()), (200, 3));
        // once
        assert_eq!(post(&second, &server, &format!("{path}/agree"), &[("csrf", &of_second)]).await.status(), 404);

        // what is refused is not done
        let disable = [("csrf", of_first.as_str()), ("active", "no")];
        let b = added["account"]["id"].as_str().unwrap();
        assert_eq!(location(&post(&first, &server, &format!("/accounts/{b}"), &disable).await), "/approvals");
        let shown = page(&second, format!("{}/approvals", server.internal)).await;
        let path = format!("/approvals/{}/refuse", between(&shown, "action=\"/approvals/", "/agree"));
        assert_eq!(post(&second, &server, &path, &[("csrf", &of_second)]).await.status(), 303);
        assert_eq!(status(&second, &server, "/accounts").await, 200);
        // nothing of what was to be done stays, and the audit has both
        assert_eq!(server.sql("SELECT act FROM approval"), ["{}", "{}"]);
        let audit = || server.sql("SELECT operation FROM audit_event WHERE operation LIKE 'approval.%' ORDER BY id");
        assert_eq!(audit(), ["approval.ask", "approval.agree", "approval.ask", "approval.refuse"]);

        // leads as a file: whoever asked takes them along once another one agreed, once
        let taking = [("csrf", of_first.as_str())];
        let export = || post(&first, &server, "/leads/export", &taking);
        assert_eq!(location(&export().await), "/approvals");
        let waiting = server.json(&["approval", "list"])["approvals"].clone();
        let (id, what) = (waiting[0]["id"].as_str().unwrap(), waiting[0]["what"].as_str().unwrap());
        assert!(waiting.as_array().unwrap().len() == 1 && what.contains("leads"), "{waiting}");
        assert_eq!(location(&export().await), "/approvals", "nobody agreed yet");
        assert_eq!(server.json(&["approval", "list"])["approvals"], waiting, "asked for twice is asked for once");
        assert!(server.cli(&["approval", "agree", id]).code == 0);
        assert!(server.cli(&["approval", "agree", id]).code != 0, "once");
        let own = page(&first, format!("{}/approvals", server.internal)).await;
        assert!(own.contains("action=\"/leads/export\""), "{own}");
        let other = page(&second, format!("{}/approvals", server.internal)).await;
        assert!(!other.contains("action=\"/leads/export\""), "{other}");
        let not_theirs = post(&second, &server, "/leads/export", &[("csrf", of_second.as_str())]).await;
        assert_eq!(location(&not_theirs), "/approvals");
        assert_eq!(export().await.headers()["content-type"], "text/csv; charset=utf-8");
        assert_eq!(location(&export().await), "/approvals", "used up");

        // a sign-in provider, whose secret stays out of what waits
        let provider = [
            ("csrf", of_first.as_str()), ("name", "sso"), ("label", "House SSO"), ("kind", "oidc"),
            ("issuer", "https://sso.banque.example"), ("client-id", "estampe"), ("client-secret", "hush-hush-47"),
            ("create", "yes"), ("role", "administrator"),
        ];
        assert_eq!(location(&post(&first, &server, "/accounts/providers", &provider).await), "/approvals");
        assert!(server.json(&["provider", "list"])["providers"].as_array().unwrap().is_empty());
        assert!(server.sql("SELECT act FROM approval WHERE act LIKE '%hush%'").is_empty());
        let waiting = server.json(&["approval", "list"])["approvals"].clone();
        let wanted = |one: &&serde_json::Value| one["what"].as_str().unwrap().contains("https://sso.banque.example");
        let one = waiting.as_array().unwrap().iter().find(wanted).unwrap_or_else(|| panic!("{waiting}"));
        let path = format!("/approvals/{}/agree", one["id"].as_str().unwrap());
        let agreed = post(&second, &server, &path, &[("csrf", &of_second)]).await;
        assert_eq!(location(&agreed), "/accounts/providers/sso");
        // the secret alone lets nobody in and waits for nobody; other settings do
        assert_eq!(location(&post(&first, &server, "/accounts/providers/sso", &provider).await), "/accounts/providers/sso");
        let mut wider = provider;
        wider[4] = ("issuer", "https://elsewhere.example");
        assert_eq!(location(&post(&first, &server, "/accounts/providers/sso", &wider).await), "/approvals");
        // nobody is asked about what cannot be
        assert_eq!(post(&first, &server, "/accounts/providers", &provider).await.status(), 422, "the name is taken");
        // whoever asked takes it back
        let last = server.json(&["approval", "list"])["approvals"].as_array().unwrap().last().unwrap().clone();
        let path = format!("/approvals/{}/refuse", last["id"].as_str().unwrap());
        assert_eq!(post(&first, &server, &path, &[("csrf", &of_first)]).await.status(), 303);
    }
}

on_both! {
    async fn leads_are_taken_along_by_whoever_shows_who_they_are(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        for (name, company) in [("Amélie Traoré", "=1+1"), ("B", "Atelier, \"Sud\"")] {
            // the first one ticks the box
            let key = format!("0123456789abcdef{}", name.len());
            let mut form = vec![
                ("name", name), ("email", "a@visitors.example"), ("company", company), ("phone", "+33 6 12 34 56 78"),
                ("idempotency_key", key.as_str()),
            ];
            if name != "B" {
                form.push(("consent", "invitations"));
            }
            let sent = server.client().post(format!("{}/leads", server.card_of("lefevre"))).form(&form).send().await;
            assert_eq!(sent.unwrap().status(), 200);
        }
        let browser = signed_in(&server).await;
        let token = csrf(&page(&browser, format!("{}/leads", server.internal)).await);
        server.sql("UPDATE session SET confirmed_at = confirmed_at - 3600000000");
        let form = [("csrf", token.as_str())];
        assert_eq!(post(&browser, &server, "/leads/export", &form).await.status(), 403);
        assert!(server.sql("SELECT id FROM audit_event WHERE operation = 'lead.export'").is_empty());
        let confirm = [("csrf", token.as_str()), ("confirm-to", "/leads"), ("confirm-password", PASSWORD)];
        assert_eq!(post(&browser, &server, "/confirm", &confirm).await.status(), 303);
        // whoever is asked on the way to the file comes to its page: the question does not stand there for ever
        server.sql("UPDATE session SET confirmed_at = confirmed_at - 3600000000");
        let confirm = [
            ("csrf", token.as_str()),
            ("confirm-to", "/leads/export"),
            ("confirm-posts", "yes"),
            ("confirm-password", PASSWORD),
        ];
        let confirmed = post(&browser, &server, "/confirm", &confirm).await;
        assert_eq!((confirmed.status().as_u16(), &confirmed.headers()["location"]), (303, &"/leads/export?confirmed=yes".parse().unwrap()));
        let ready = page(&browser, format!("{}/leads/export?confirmed=yes", server.internal)).await;
        assert!(ready.contains("votre fichier est prêt") && ready.contains("href=\"/leads\""), "{ready}");
        assert!(server.sql("SELECT id FROM audit_event WHERE operation = 'lead.export'").is_empty());
        let token = csrf(&ready);
        let form = [("csrf", token.as_str())];
        let table = post(&browser, &server, "/leads/export", &form).await;
        assert_eq!(table.headers()["content-type"], "text/csv; charset=utf-8");
        assert!(table.headers()["content-disposition"].to_str().unwrap().contains(".csv\""));
        let text = table.text().await.unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        // whoever takes it along sees who agreed to be written to
        let agreed = |of: &str| text.lines().find(|line| line.contains(of)).unwrap().rsplit(',').next().unwrap().to_owned();
        assert!(text.lines().next().unwrap().ends_with("Agreed: invitations"), "{text}");
        assert_eq!((agreed("Traoré"), agreed("Sud")), ("yes".into(), "no".into()), "{text}");
        for wanted in ["Amélie Traoré", ",'=1+1,", "\"Atelier, \"\"Sud\"\"\"", "Zoé Lefèvre-Núñez", "+33"] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        let details = server.sql("SELECT details FROM audit_event WHERE operation = 'lead.export'");
        assert_eq!(details.len(), 1);
        assert!(details[0].contains('2'), "{details:?}");
        assert!(text.starts_with("\u{feff}Received (") && text.contains("\u{a0}+33"), "{text}");
        // in French as programs expect it there
        let french = browser.post(format!("{}/leads/export", server.internal)).header("accept-language", "fr");
        let french = french.header("origin", &server.internal).form(&form).send().await.unwrap().text().await.unwrap();
        assert!(french.starts_with("\u{feff}Reçu (") && french.lines().next().unwrap().contains(";Nom;"), "{french}");
        let cli = server.cli(&["lead", "export", "--language", "fr"]).stdout;
        assert_eq!(cli, french);
        // root has the same table
        let printed = server.cli(&["lead", "export"]);
        assert_eq!((printed.code == 0, printed.stdout.lines().count()), (true, 3));
        let file = tempfile::tempdir().unwrap();
        let file = file.path().join("leads.csv");
        let out = ["lead", "export", "--out", file.to_str().unwrap()];
        assert!(server.cli(&out).code == 0);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), printed.stdout);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(server.cli(&out).code != 0, "nothing is overwritten");
        assert_eq!(server.sql("SELECT id FROM audit_event WHERE operation = 'lead.export'").len(), 5);
        // somebody else's leads are not in an employee's
        let people = server.json(&["person", "list"]);
        let other = people["people"].as_array().unwrap().iter().find(|one| !one["name"].as_str().unwrap().contains("Zoé"));
        let other = other.unwrap()["id"].as_str().unwrap();
        let args = ["account", "add", "e@banque.example", "--name", "E", "--role", "employee", "--person", other];
        let added = server.json(&args);
        let employee = server.console();
        let form = [("token", added["token"].as_str().unwrap()), ("password", PASSWORD)];
        assert_eq!(post(&employee, &server, "/welcome", &form).await.status(), 303);
        let token = csrf(&page(&employee, format!("{}/account", server.internal)).await);
        let own = post(&employee, &server, "/leads/export", &[("csrf", &token)]).await.text().await.unwrap();
        assert_eq!(own.lines().count(), 1, "{own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_looked_up_in_a_file_that_is_kept_at_home() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pwned.txt");
    // of "onze girafes sous la pluie", among others
    let lines = ["0018A45C4D1DEF81644B54AB7F969B88D65B47E5:1", &format!("{}:3", sha1(OTHER)), &"F".repeat(40)];
    let mut lines = lines.map(str::to_owned);
    lines.sort();
    std::fs::write(&file, lines.join("\r\n")).unwrap();
    let extra = format!("[sign_in]\nbreached_passwords_file = {file:?}\n");
    let server = Server::start(Options { extra, ..Options::default() }).await;
    let browser = signed_in(&server).await;
    let token = csrf(&page(&browser, format!("{}/account", server.internal)).await);
    for (new, wanted) in [(OTHER, 422), ("douze girafes sous la pluie", 303)] {
        let form = [("csrf", token.as_str()), ("current", PASSWORD), ("password", new)];
        assert_eq!(post(&browser, &server, "/account/password", &form).await.status(), wanted, "{new}");
    }
}

fn sha1(text: &str) -> String {
    use std::io::Write as _;
    let mut child = std::process::Command::new("sha1sum")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().next().unwrap().to_uppercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_who_has_an_account() {
    let server = Server::start_default().await;
    drop(signed_in(&server).await);
    let mut answers = Vec::new();
    let mut times = [Duration::MAX; 2];
    for round in 0..4 {
        for (n, email) in [EMAIL, "nobody@banque.example"].into_iter().enumerate() {
            let begun = std::time::Instant::now();
            let form = [("email", email), ("password", "not this one at all")];
            let answer = post(&server.console(), &server, "/sign-in", &form).await;
            // the quickest of each: whatever else runs here only adds to some
            times[n] = times[n].min(begun.elapsed());
            let text = answer.text().await.unwrap();
            // the address that was typed, and what is drawn anew for each page
            let text = text.replace(email, "…");
            let sealed = between(&text, "name=\"state\" value=\"", "\"").to_owned();
            let options = between(&text, "data-options=\"", "\"").to_owned();
            answers.push(text.replace(&sealed, "").replace(&options, ""));
            let _ = round;
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    // the same work: neither takes half of the other
    assert!(times[0] < times[1] * 2 && times[1] < times[0] * 2, "{times:?}");
}
