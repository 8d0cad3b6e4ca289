//! What a second administrator agrees to is what was asked for: a provider that moves, a download
//! of some leads.

use estampe_domain::access::Role;
use estampe_tests::api::Program;
use estampe_tests::{Options, Server, on_both, until};
use reqwest::{Client, Response};
use serde_json::json;

use super::access::{PASSWORD, welcomed};
use super::groups::{GROUPS, container, group, person};
use super::ldap::slapd::{Certificate, Slapd};
use super::ldap::{add, well};
use super::sign_in::with_app;
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

fn secret(page: &str) -> Option<&str> {
    page.find("estp_").map(|at| &page[at..at + 65])
}

on_both! {
    async fn a_token_that_opens_leads_is_the_download_that_somebody_sees(database) {
        let server = Server::with_sample(Options { database, extra: WANTED.to_owned() }).await;
        let first = signed_in(&server).await;
        let second = welcomed(&server, Role::Administrator, None).await;
        let form = [("name", "Bruno Weiss"), ("email", "b@visitors.example"), ("idempotency_key", "0123456789abcdefghij")];
        let url = format!("{}/leads", server.card_of("lefevre"));
        assert_eq!(server.client().post(url).form(&form).send().await.unwrap().status(), 200);
        let of_first = csrf(&page(&first, format!("{}/account", server.internal)).await);
        let make = async |path: &str, scope: &str, days: &str| {
            let form = [("csrf", of_first.as_str()), ("name", "CRM"), ("days", days), ("scope", scope)];
            post(&first, &server, path, &form).await
        };
        let tokens = || server.sql("SELECT count(*) FROM api_token")[0].clone();
        // what opens nothing of others is made at once
        let answer = make("/tokens/services", "health:read", "9").await;
        assert!(answer.status() == 200 && secret(&answer.text().await.unwrap()).is_some());
        for (path, scope) in [("/tokens/services", "leads:read"), ("/tokens/services", "people:write"), ("/tokens", "leads:read")] {
            assert_eq!(location(&make(path, scope, "9").await), "/approvals", "{path} {scope}");
        }
        assert_eq!(tokens(), "1", "nothing happens before somebody agrees");
        let asked = waiting(&server);
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert!(asked[0].1.contains("of a service") && asked[0].1.contains("leads:read"), "{asked:?}");
        let path = format!("/approvals/{}/agree", asked[0].0);
        assert_eq!(location(&post(&second.browser, &server, &path, &[("csrf", &second.csrf)]).await), "/approvals");
        // agreed to is not made: whoever asked makes it, as it was asked for, and sees its text once
        assert_eq!(tokens(), "1");
        let theirs = page(&second.browser, format!("{}/approvals", server.internal)).await;
        assert!(!theirs.contains("action=\"/tokens/services\""), "{theirs}");
        let own = page(&first, format!("{}/approvals", server.internal)).await;
        assert!(own.contains("action=\"/tokens/services\"") && own.contains("value=\"leads:read\""), "{own}");
        assert_eq!(location(&make("/tokens/services", "leads:read", "365").await), "/approvals", "longer is something else");
        let made = make("/tokens/services", "leads:read", "9").await.text().await.unwrap();
        let program = Program::new(&server, secret(&made).unwrap_or_else(|| panic!("{made}")));
        assert_eq!(location(&make("/tokens/services", "leads:read", "9").await), "/approvals", "once");
        assert!(!server.sql("SELECT act FROM approval").join("").contains("estp_"));

        // that it reads is noted once a day
        let noted = || server.sql("SELECT details FROM audit_event WHERE operation = 'lead.read'");
        assert!(noted().is_empty());
        for _ in 0..3 {
            assert_eq!(program.get("/leads", 200).await["total"], 1);
        }
        let id = program.get("/me", 200).await["token"]["id"].as_str().unwrap().to_owned();
        assert!(noted().len() == 1 && noted()[0].contains(&id), "{:?}", noted());
        server.sql("UPDATE api_token SET leads_read_at = leads_read_at - 86400000000 WHERE leads_read_at IS NOT NULL");
        program.get("/leads", 200).await;
        program.get("/leads", 200).await;
        assert_eq!(noted().len(), 2);
    }

    async fn one_s_own_leads_are_one_s_own_by_a_token_too(database) {
        let server = Server::with_sample(Options { database, extra: WANTED.to_owned() }).await;
        let person = server.json(&["person", "list", "lefevre"])["people"][0]["id"].as_str().unwrap().to_owned();
        let employee = welcomed(&server, Role::Employee, Some(&person)).await;
        let make = async |csrf: &str, browser: &Client, scopes: &[&str]| {
            let mut form = vec![("csrf", csrf), ("name", "A script"), ("days", "9")];
            form.extend(scopes.iter().map(|scope| ("scope", *scope)));
            post(browser, &server, "/tokens", &form).await
        };
        let answer = make(&employee.csrf, &employee.browser, &["leads:read", "people:write", "tokens:write"]).await;
        assert_eq!(answer.status(), 200);
        let program = Program::new(&server, secret(&answer.text().await.unwrap()).unwrap());
        program.get("/leads", 200).await;
        // and by that token another
        let new = json!({ "name": "narrower", "scopes": ["leads:read"], "days": 3 });
        program.post("/tokens", &new, 201).await;
        // whoever reaches more than that cannot be shown what a program wants, whatever was agreed to
        let wide = welcomed(&server, Role::DataProtectionOfficer, None).await;
        let scopes = ["leads:read", "tokens:write"];
        assert_eq!(location(&make(&wide.csrf, &wide.browser, &scopes).await), "/approvals");
        let [(id, what)] = &waiting(&server)[..] else { panic!("{:?}", waiting(&server)) };
        assert!(what.contains("of their own"), "{what}");
        well(&server, &["approval", "agree", id]);
        let made = make(&wide.csrf, &wide.browser, &scopes).await.text().await.unwrap();
        let program = Program::new(&server, secret(&made).unwrap());
        program.post("/tokens", &new, 403).await;
    }

    async fn a_source_does_not_end_with_its_people_before_somebody_agreed(database) {
        let mut server = Server::with_sample(Options { database, extra: WANTED.to_owned() }).await;
        let first = signed_in(&server).await;
        let second = welcomed(&server, Role::Administrator, None).await;
        let of_first = csrf(&page(&first, format!("{}/account", server.internal)).await);
        let source = server.json(&["source", "list"])["sources"][0]["name"].as_str().unwrap().to_owned();
        let path = format!("/sources/{source}/disconnect");
        let people = server.people().len();
        let decide = async |fate: &str| {
            let shown = page(&first, format!("{}{path}", server.internal)).await;
            let (_, rest) = shown.split_once("name=\"seen\" value=\"").unwrap();
            let seen = rest.split_once('"').unwrap().0.to_owned();
            let form = [("csrf", of_first.as_str()), ("people", fate), ("name", &source), ("seen", &seen)];
            post(&first, &server, &path, &form).await
        };
        // who they are is asked once more, for each fate
        server.sql("UPDATE session SET confirmed_at = confirmed_at - 3600000000");
        for fate in ["keep", "disable", "erase"] {
            assert_eq!(decide(fate).await.status(), 403, "{fate}");
        }
        server.sql("UPDATE session SET confirmed_at = confirmed_at + 3600000000");
        for fate in ["disable", "erase"] {
            assert_eq!(location(&decide(fate).await), "/approvals", "{fate}");
        }
        assert_eq!((server.people().len(), server.sql("SELECT count(*) FROM source_ending")[0].as_str()), (people, "0"));
        let asked = waiting(&server);
        assert!(asked.len() == 2 && asked[1].1.contains(&format!("erase {people} people")), "{asked:?}");
        let agree = format!("/approvals/{}/agree", asked[1].0);
        let answer = post(&second.browser, &server, &agree, &[("csrf", &second.csrf)]).await;
        assert!(location(&answer).starts_with("/endings/"), "{answer:?}");
        until("the end", 30, async || {
            (server.sql("SELECT count(*) FROM source_ending WHERE ended_at IS NOT NULL")[0] == "1").then_some(())
        })
        .await;
        assert!(server.people().is_empty());
        // and what was agreed to of a source that is gone is nothing
        let agree = format!("/approvals/{}/agree", asked[0].0);
        let answer = post(&second.browser, &server, &agree, &[("csrf", &second.csrf)]).await;
        assert!(answer.text().await.unwrap().contains("This cannot be done"));

        // what nobody decided in time is emptied, and goes; so do jobs that were given up long ago
        let form = [("csrf", of_first.as_str()), ("name", "Iris Canari"), ("email", "iris@banque.example"), ("role", "auditor")];
        assert_eq!(location(&post(&first, &server, "/accounts", &form).await), "/approvals");
        let acts = |server: &Server| server.sql("SELECT act FROM approval WHERE act <> '{}'").join("\n");
        assert!(acts(&server).contains("Iris Canari"));
        server.stop();
        server.sql("UPDATE approval SET ends_at = ends_at - 8 * 86400000000");
        server.sql("UPDATE approval SET ends_at = 1 WHERE decided_at IS NOT NULL");
        for (id, days) in [("old", 181_i64), ("new", 179)] {
            server.sql(&format!(
                "INSERT INTO job (id, queue, kind, reference, request_id, state, attempts, run_at, created_at, finished_at) \
                 SELECT '{id}', queue, kind, reference, request_id, 'dead', 3, run_at - {days} * 86400000000, created_at, \
                 finished_at - {days} * 86400000000 FROM job WHERE kind = 'source.disconnect' AND state = 'done'"
            ));
        }
        server.start_again().await;
        until("tidied", 20, async || acts(&server).is_empty().then_some(())).await;
        assert_eq!(server.sql("SELECT count(*) FROM approval"), ["2"], "those that ended just now");
        let expired = server.sql("SELECT count(*) FROM audit_event WHERE operation = 'approval.expire'");
        assert_eq!(expired, ["2"]);
        assert_eq!(server.sql("SELECT id FROM job WHERE state = 'dead'"), ["new"]);
    }
}

on_both! {
    async fn a_way_into_somebody_elses_account_waits(database) {
        let server = Server::start(Options { database, extra: WANTED.to_owned() }).await;
        let first = signed_in(&server).await;
        let second = welcomed(&server, Role::Administrator, None).await;
        let victim = server.json(&["account", "add", "c@banque.example", "--name", "Claire Aubin", "--role", "administrator"]);
        let (id, of_old) = (victim["account"]["id"].as_str().unwrap(), victim["token"].as_str().unwrap());
        let browser = server.console();
        let form = [("token", of_old), ("password", PASSWORD)];
        assert_eq!(post(&browser, &server, "/welcome", &form).await.status(), 303);
        drop(with_app(&browser, &server).await);
        let (invite, reset) = (format!("/accounts/{id}/invite"), format!("/accounts/{id}/factors"));
        let of_first = csrf(&page(&first, format!("{}/account", server.internal)).await);
        let standing = || {
            let tokens = server.sql("SELECT count(*) FROM account_token")[0].clone();
            (tokens, server.json(&["account", "show", id])["factors"].as_u64().unwrap())
        };

        // nobody is shown a token, and nothing is taken
        let asked = post(&first, &server, &invite, &[("csrf", &of_first)]).await;
        assert_eq!((asked.status().as_u16(), location(&asked)), (303, "/approvals"));
        assert_eq!(location(&post(&first, &server, &reset, &[("csrf", &of_first)]).await), "/approvals");
        assert_eq!(standing(), ("0".to_owned(), 1));
        let done = "SELECT operation FROM audit_event WHERE operation IN ('account.invite', 'account.factors-reset')";
        assert!(server.sql(done).is_empty());
        let waits = waiting(&server);
        // whose account it is stands in the line itself, on the command line and in both languages
        let whose = "Claire Aubin <c@banque.example>";
        assert!(waits.iter().all(|(_, what)| what.ends_with(whose)) && waits.len() == 2, "{waits:?}");
        let at = format!("{}/approvals", server.internal);
        for (language, words) in [("en", ["Another token for ", "Take the second factors from "]), ("fr", ["Un nouveau jeton pour que ", "Retirer ses seconds facteurs à "])] {
            let asked = second.browser.get(&at).header("accept-language", language).send().await.unwrap();
            let shown = asked.text().await.unwrap();
            for words in words {
                assert!(shown.contains(&format!("{words}Claire Aubin &#60;c@banque.example&#62;")), "{words}: {shown}");
            }
        }
        assert!(waits[0].1.contains("a new token") && waits[1].1.contains("second factors"), "{waits:?}");
        let agree = async |browser: &Client, token: &str, id: &str| {
            post(browser, &server, &format!("/approvals/{id}/agree"), &[("csrf", token)]).await
        };
        // not by whoever asked
        agree(&first, &of_first, &waits[0].0).await;
        assert_eq!(standing(), ("0".to_owned(), 1));

        // whoever agrees is shown the token
        let shown = agree(&second.browser, &second.csrf, &waits[0].0).await;
        assert_eq!(shown.status(), 200);
        assert!(shown.text().await.unwrap().contains("/welcome"));
        assert_eq!(location(&agree(&second.browser, &second.csrf, &waits[1].0).await), format!("/accounts/{id}"));
        assert_eq!(standing(), ("1".to_owned(), 0));
        let audit = server.sql("SELECT operation FROM audit_event WHERE operation LIKE 'approval.%' ORDER BY id");
        assert_eq!(audit, ["approval.ask", "approval.ask", "approval.agree", "approval.agree"]);
        // nobody is asked about what cannot be
        well(&server, &["account", "disable", id]);
        assert_eq!(post(&first, &server, &invite, &[("csrf", &of_first)]).await.status(), 409);
        assert!(waiting(&server).is_empty());
        // root is not held up
        well(&server, &["account", "enable", id]);
        assert_eq!(server.cli(&["account", "invite", "c@banque.example"]).code, 0);
    }
}
