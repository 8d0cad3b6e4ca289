//! What a second administrator agrees to is what was asked for: a provider that moves, a download
//! of some leads.

use estampe_domain::access::Role;
use estampe_tests::{Options, Server, on_both};
use reqwest::{Client, Response};

use super::access::{PASSWORD, welcomed};
use super::groups::{GROUPS, container, group, person};
use super::ldap::slapd::{Certificate, Slapd};
use super::ldap::{add, well};
use crate::console::{csrf, page, signed_in};

const WANTED: &str = "[sign_in]\nsecond_administrator = true\n";

async fn post(browser: &Client, server: &Server, path: &str, form: &[(&str, &str)]) -> Response {
    let request = browser.post(format!("{}{path}", server.internal)).header("origin", &server.internal);
    request.header("accept-language", "en").form(form).send().await.unwrap()
}

fn location(answer: &Response) -> &str {
    answer.headers().get("location").unwrap_or_else(|| panic!("{answer:?}")).to_str().unwrap()
}

/// The acts that wait, as the command line says them: ids and words.
fn waiting(server: &Server) -> Vec<(String, String)> {
    let all = server.json(&["approval", "list"])["approvals"].clone();
    let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(|one| (text(one, "id"), text(one, "what"))).collect()
}

on_both! {
    async fn a_provider_that_moves_forgets_its_secret_and_says_so_before(database) {
        let server = Server::start(Options { database, extra: WANTED.to_owned() }).await;
        server.never_logs(&["hush-hush-47"]);
        let first = signed_in(&server).await;
        let second = welcomed(&server, Role::Administrator, None).await;
        let file = server.folder().join("secret");
        std::fs::write(&file, "hush-hush-47\n").unwrap();
        // root is not held up
        well(&server, &[
            "provider", "add", "sso", "--kind", "oidc", "--label", "House SSO", "--issuer", "https://sso.banque.example",
            "--client-id", "estampe", "--client-secret-file", file.to_str().unwrap(),
        ]);
        let secrets = || server.sql("SELECT count(*) FROM sign_in_provider WHERE sealed IS NOT NULL")[0].clone();
        let of_first = csrf(&page(&first, format!("{}/account", server.internal)).await);
        let set = async |issuer: &str, more: (&str, &str)| {
            let form = [
                ("csrf", of_first.as_str()), ("name", "sso"), ("label", "House SSO"), ("kind", "oidc"),
                ("issuer", issuer), ("client-id", "estampe"), more,
            ];
            location(&post(&first, &server, "/accounts/providers/sso", &form).await).to_owned()
        };
        let agree = async |id: &str| {
            let path = format!("/approvals/{id}/agree");
            post(&second.browser, &server, &path, &[("csrf", &second.csrf)]).await
        };

        assert_eq!(set("https://elsewhere.example", ("client-secret", "hush-hush-47")).await, "/approvals");
        assert_eq!(secrets(), "1", "nothing happens before somebody agrees");
        let [(id, what)] = &waiting(&server)[..] else { panic!("{:?}", waiting(&server)) };
        assert!(what.contains("its secret is forgotten"), "{what}");
        let request = second.browser.get(format!("{}/approvals", server.internal)).header("accept-language", "en");
        let shown = request.send().await.unwrap().text().await.unwrap();
        assert!(shown.contains("is forgotten, and never sent to the new address"), "{shown}");
        assert_eq!(location(&agree(id).await), "/accounts/providers/sso");
        let settings = server.sql("SELECT settings FROM sign_in_provider")[0].clone();
        assert!(settings.contains("https://elsewhere.example"), "{settings}");
        assert_eq!(secrets(), "0", "it was given to another one");
        let audit = server.sql("SELECT details FROM audit_event WHERE operation = 'provider.change'");
        assert!(audit.len() == 1 && audit[0].replace(' ', "").contains("\"secret_dropped\":true"), "{audit:?}");
        // it is given anew, which waits for nobody
        assert_eq!(set("https://elsewhere.example", ("client-secret", "hush-hush-47")).await, "/accounts/providers/sso");
        assert_eq!(secrets(), "1");

        // what was not said is not done: a secret that came after the question stays where it is
        assert_eq!(set("https://elsewhere.example", ("no-secret", "yes")).await, "/accounts/providers/sso");
        assert_eq!((set("https://third.example", ("no-secret", "yes")).await.as_str(), secrets().as_str()), ("/approvals", "0"));
        let [(id, what)] = &waiting(&server)[..] else { panic!("{:?}", waiting(&server)) };
        assert!(!what.contains("forgotten"), "{what}");
        assert_eq!(set("https://elsewhere.example", ("client-secret", "hush-hush-47")).await, "/accounts/providers/sso");
        let refused = agree(id).await;
        assert_eq!(refused.status(), 200);
        assert!(refused.text().await.unwrap().contains("This cannot be done"));
        let settings = server.sql("SELECT settings FROM sign_in_provider")[0].clone();
        assert!(settings.contains("https://elsewhere.example") && secrets() == "1", "{settings}");
    }
}

on_both! {
    async fn a_download_that_was_agreed_to_holds_what_was_asked_for(database) {
        let slapd = Slapd::start(9, Certificate::Good);
        slapd.change(&[container(), group("staff", &[person(1)]), group("bank", &[person(2)])].concat());
        let server = Server::start(Options { database, extra: WANTED.to_owned() }).await;
        well(&server, &["plugin", "install", "ldap", "--yes"]);
        assert_eq!(add(&server, &slapd).code, 0);
        let base = format!("group-base={GROUPS}");
        well(&server, &["source", "set", "siege", "--set", "groups=true", "--set", &base]);
        server.sync();
        for (name, visitor) in [("Person 1", "Amélie Traoré"), ("Person 2", "Bruno Weiss")] {
            let form = [("name", visitor), ("email", "a@visitors.example"), ("idempotency_key", "0123456789abcdefghij")];
            let url = format!("{}/leads", server.card_of(name));
            assert_eq!(server.client().post(url).form(&form).send().await.unwrap().status(), 200);
        }
        drop(welcomed(&server, Role::TeamManager, None).await);
        // other teams end sessions: they sign in anew, and ask for their leads
        let take = async |team: &str| {
            well(&server, &["account", "set", "team-manager@banque.example", "--team", team]);
            let browser = server.console();
            let form = [("email", "team-manager@banque.example"), ("password", PASSWORD)];
            assert_eq!(post(&browser, &server, "/sign-in", &form).await.status(), 303);
            let token = csrf(&page(&browser, format!("{}/leads", server.internal)).await);
            post(&browser, &server, "/leads/export", &[("csrf", &token)]).await
        };
        let exported = || server.sql("SELECT details FROM audit_event WHERE operation = 'lead.export'");
        assert_eq!(location(&take("staff").await), "/approvals");
        let staff = server.json(&["group", "show", "staff"])["group"]["id"].as_str().unwrap().to_owned();
        let [(id, what)] = &waiting(&server)[..] else { panic!("{:?}", waiting(&server)) };
        assert!(what.contains(&staff), "{what}");
        well(&server, &["approval", "agree", id]);
        // another team: that is another question, and nothing is given
        assert_eq!(location(&take("bank").await), "/approvals");
        assert!(exported().is_empty());
        // the same again: what was agreed to, and that alone
        let given = take("staff").await;
        assert_eq!(given.headers()["content-type"], "text/csv; charset=utf-8");
        let text = given.text().await.unwrap();
        assert!(text.contains("Amélie Traoré") && !text.contains("Bruno Weiss"), "{text}");
        assert!(exported().len() == 1 && exported()[0].contains(&staff), "{:?}", exported());
        assert_eq!(location(&take("staff").await), "/approvals", "once");
    }
}
