//! Accounts in the console: whose an account is, which teams it leads, and a form that tells
//! everything that is wrong with it at once.

use estampe_domain::access::Role;
use estampe_tests::{Options, Server, on_both};
use reqwest::{Client, Response};

use super::access::{PASSWORD, welcomed};
use super::groups::{container, group, person, start};
use super::ldap::slapd::{Certificate, Slapd};
use crate::console::{csrf, page, signed_in};

async fn post(server: &Server, browser: &Client, path: &str, form: &[(&str, &str)]) -> Response {
    let request = browser.post(format!("{}{path}", server.internal)).header("origin", &server.internal);
    request.header("accept-language", "en").form(form).send().await.unwrap()
}

async fn refused(answer: Response) -> String {
    assert_eq!(answer.status(), 422);
    answer.text().await.unwrap()
}

on_both! {
    async fn a_manager_sees_the_team_that_was_chosen_and_nobody_else(database) {
        let slapd = Slapd::start(20, Certificate::Good);
        slapd.change(&(container() + &group("Agence de Pau", &[person(3), person(7)])));
        let server = start(database, &slapd).await;
        server.sync();
        let manager = welcomed(&server, Role::TeamManager, None).await;
        let browser = signed_in(&server).await;
        let account = server.json(&["account", "show", "team-manager@banque.example"])["id"].as_str().unwrap().to_owned();
        let path = format!("/accounts/{account}");
        let token = csrf(&page(&browser, format!("{}{path}", server.internal)).await);
        let manages = ("role", "team-manager");

        let unknown = [("csrf", token.as_str()), manages, ("find", "Person"), ("team", "No such team")];
        let told = refused(post(&server, &browser, &path, &unknown).await).await;
        for said in ["2 fields", "href=\"#f-find\"", "href=\"#f-team\"", "Several people fit", "No group has this name"] {
            assert!(told.contains(said), "{said}: {told}");
        }
        for kept in ["value=\"Person\"", "value=\"No such team\"", "value=\"team-manager\" checked"] {
            assert!(told.contains(kept), "{kept}: {told}");
        }
        // one of those who fit
        let candidate = told.split("name=\"candidate\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = [
            ("csrf", token.as_str()), manages, ("find", "Person"), ("found-by", "Person"), ("candidate", candidate),
            ("team", "Agence de Pau"),
        ];
        assert_eq!(post(&server, &browser, &path, &form).await.status(), 303);
        let shown = server.json(&["account", "show", &account]);
        assert_eq!(shown["person"], candidate);
        assert_eq!(shown["teams"][0]["name"], "Agence de Pau");
        // by the whole name, and the team goes with its tick
        let form = [("csrf", token.as_str()), manages, ("person", candidate), ("find", "Person 9")];
        assert_eq!(post(&server, &browser, &path, &form).await.status(), 303);
        let shown = server.json(&["account", "show", &account]);
        assert_ne!(shown["person"], candidate);
        assert!(shown["teams"].as_array().unwrap().is_empty(), "{shown}");
        let form = [("csrf", token.as_str()), manages, ("person", ""), ("team", "Agence de Pau")];
        assert_eq!(post(&server, &browser, &path, &form).await.status(), 303);
        assert!(server.json(&["account", "show", &account])["person"].is_null());

        // the manager signs in anew, and searches their team alone
        let form = [("email", "team-manager@banque.example"), ("password", PASSWORD)];
        assert_eq!(post(&server, &manager.browser, "/sign-in", &form).await.status(), 303);
        let list = page(&manager.browser, format!("{}/people?q=person", server.internal)).await;
        assert!(list.contains("Person 3") && list.contains("Person 7") && list.contains("2 personnes"), "{list}");
        assert!(!list.contains("Person 4") && !list.contains("name=\"person\""), "{list}");
        let teams = page(&manager.browser, format!("{}/teams", server.internal)).await;
        assert!(teams.contains("Agence de Pau") && teams.contains("Somebody") && !teams.contains("/accounts/"), "{teams}");
        assert!(page(&browser, format!("{}/teams", server.internal)).await.contains(&format!("/accounts/{account}")));
        assert!(page(&manager.browser, format!("{}/people?q=person+4", server.internal)).await.contains("Personne ne correspond"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_account_is_told_all_that_is_wrong_and_keeps_what_was_typed() {
    let server = Server::with_sample(Options::default()).await;
    let browser = signed_in(&server).await;
    let token = csrf(&page(&browser, format!("{}/accounts/new", server.internal)).await);
    let form = [("csrf", token.as_str()), ("name", "Zoé"), ("email", "zoe"), ("find", "nobodyiscalledthis")];
    let told = refused(post(&server, &browser, "/accounts", &form).await).await;
    for said in ["3 fields", "href=\"#f-email\"", "href=\"#f-roles\"", "Choose at least one role", "Nobody fits"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    for kept in ["value=\"Zoé\"", "value=\"zoe\"", "value=\"nobodyiscalledthis\""] {
        assert!(told.contains(kept), "{kept}: {told}");
    }
    let good = [
        ("csrf", token.as_str()),
        ("name", "Zoé"),
        ("email", "zoe@banque.example"),
        ("find", "lefevre"),
        ("role", "employee"),
    ];
    let made = post(&server, &browser, "/accounts", &good).await;
    assert_eq!(made.status(), 200);
    assert!(made.text().await.unwrap().contains("Hand over this token"));
    let holder = server.json(&["person", "list", "lefevre"])["people"][0]["id"].clone();
    assert_eq!(server.json(&["account", "show", "zoe@banque.example"])["person"], holder);
    // the same address once more: at its field, with the role still ticked
    let told = refused(post(&server, &browser, "/accounts", &good).await).await;
    assert!(
        told.contains("An account has this address already") && told.contains("value=\"employee\" checked"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_section_is_told_so() {
    let server = Server::with_sample(Options::default()).await;
    let invited = server.json(&["account", "add", "e@banque.example", "--name", "Emil", "--role", "employee"]);
    let (browser, token) = (server.console(), invited["token"].as_str().unwrap());
    let form = [("token", token), ("password", PASSWORD)];
    assert_eq!(post(&server, &browser, "/welcome", &form).await.status(), 303);
    let home = browser.get(format!("{}/", server.internal)).header("accept-language", "en").send().await.unwrap();
    assert_eq!(home.status(), 200);
    let text = home.text().await.unwrap();
    assert!(text.contains("There is nothing here for you yet") && text.contains("not tied to a person"), "{text}");
    assert!(!text.contains("href=\"/people\"") && !text.contains("href=\"/settings\""), "{text}");
}
