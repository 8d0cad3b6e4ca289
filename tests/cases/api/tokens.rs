//! Tokens: made, narrowed, revoked, refused.

use estampe_domain::access::Role;
use estampe_tests::api::{Program, json};
use estampe_tests::{Options, Server, on_both};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::access::{Signed, welcomed};
use super::{sample, text};

/// A token of an account, made where its owner makes it.
pub(super) async fn personal(server: &Server, signed: &Signed, scopes: &[&str]) -> Program {
    let (status, page) = made(server, signed, scopes, "30").await;
    assert_eq!(status, 200, "{page}");
    Program::new(server, secret(&page))
}

async fn made(server: &Server, signed: &Signed, scopes: &[&str], days: &str) -> (u16, String) {
    let mut form = vec![("csrf", signed.csrf.as_str()), ("name", "A script"), ("days", days)];
    form.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let answer = signed.browser.post(format!("{}/tokens", server.internal)).form(&form).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn secret(page: &str) -> &str {
    let at = page.find("estp_").unwrap_or_else(|| panic!("{page}"));
    &page[at..at + 65]
}

fn holder(server: &Server) -> String {
    text(&server.json(&["person", "list", "lefevre"])["people"][0]["id"]).to_owned()
}

on_both! {
    async fn a_personal_token_does_what_its_account_may_within_its_scopes(database) {
        let server = sample(database).await;
        let person = holder(&server);
        let signed = welcomed(&server, Role::Employee, Some(&person)).await;
        let program = personal(&server, &signed, &["people:read"]).await;
        server.never_logs(&[program.token()]);
        let me = program.get("/me", 200).await;
        assert_eq!((text(&me["account"]["email"]), text(&me["account"]["person"])), ("employee@banque.example", person.as_str()));
        let seen = program.get("/people", 200).await;
        assert_eq!((&seen["total"], text(&seen["items"][0]["id"])), (&json!(1), person.as_str()));
        // its account may, the token may not
        assert_eq!(program.get("/leads", 403).await["code"], "forbidden");
        // the token might, its account may not
        let (status, page) = made(&server, &signed, &["accounts:write"], "30").await;
        assert!(status == 422 && !page.contains("estp_"), "{page}");
        for (scopes, days) in [(&[][..], "30"), (&["people:read"][..], "366"), (&["people:read"][..], "x"), (&["x"][..], "3")] {
            assert_eq!(made(&server, &signed, scopes, days).await.0, 422, "{scopes:?} {days}");
        }

        // roles narrow at once
        let wide = welcomed(&server, Role::Administrator, None).await;
        let wide = personal(&server, &wide, &["people:read", "accounts:read", "tokens:write", "tokens:read"]).await;
        wide.get("/accounts", 200).await;
        welcomed_again(&server).await;
        let changed = server.cli(&["account", "set", "administrator@banque.example", "--role", "card-designer"]);
        assert_eq!(changed.code, 0, "{changed:?}");
        assert_eq!(wide.get("/accounts", 403).await["code"], "forbidden");
        assert!(wide.get("/people", 200).await["total"].as_u64().unwrap() > 1);

        // whoever may not sign in has no token; neither has one that was enabled again
        assert_eq!(server.cli(&["account", "disable", "employee@banque.example"]).code, 0);
        let refused = program.ask(Method::GET, "/me").send().await.unwrap();
        assert_eq!(refused.headers()["www-authenticate"], "Bearer realm=\"estampe\", error=\"invalid_token\"");
        assert_eq!(json(refused, 401).await["code"], "unauthenticated");
        assert_eq!(server.cli(&["account", "enable", "employee@banque.example"]).code, 0);
        program.get("/me", 401).await;
    }

    async fn a_token_makes_none_that_reaches_farther(database) {
        let server = sample(database).await;
        let signed = welcomed(&server, Role::Administrator, None).await;
        let program = personal(&server, &signed, &["people:read", "tokens:read", "tokens:write"]).await;
        let new = |scopes: &[&str], days: u32| json!({ "name": "narrower", "scopes": scopes, "days": days });
        let problem = program.post("/tokens", &new(&["people:read", "leads:read"], 3), 422).await;
        assert_eq!(problem["errors"][0]["pointer"], "/scopes", "{problem}");
        let made = program.post("/tokens", &new(&["people:read"], 365), 201).await;
        // nor does it last longer
        let me = program.get("/me", 200).await;
        assert_eq!(made["token"]["expires_at"], me["token"]["expires_at"]);
        let narrow = Program::new(&server, text(&made["secret"]));
        narrow.get("/people", 200).await;
        narrow.post("/tokens", &new(&["people:read"], 3), 403).await;
        narrow.get("/tokens", 403).await;
        let listed = program.get("/tokens", 200).await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        assert!(!listed.to_string().contains("estp_"));
        assert!(listed["items"][0]["last_used_at"].is_string(), "{listed}");
        for sneaked in ["account", "id", "expires_at", "secret"] {
            let mut body = new(&["people:read"], 3);
            body[sneaked] = json!("01a21960-04a2-7123-92d9-15a7d089b201");
            program.post("/tokens", &body, 422).await;
        }

        // revoked, it is over; twice is no mistake
        let path = format!("/tokens/{}", text(&made["token"]["id"]));
        for _ in 0..2 {
            assert_eq!(program.ask(Method::DELETE, &path).send().await.unwrap().status(), 204);
        }
        narrow.get("/people", 401).await;
        // another's is none
        let other = Program::service(&server, &["people:read"]);
        let other = text(&other.get("/me", 200).await["token"]["id"]).to_owned();
        assert_eq!(program.ask(Method::DELETE, &format!("/tokens/{other}")).send().await.unwrap().status(), 404);
    }

    async fn a_service_s_token_is_an_administrator_s_word(database) {
        let server = sample(database).await;
        for (scopes, why) in [("people:all", "there is no scope"), ("tokens:write", "is for tokens of accounts")] {
            let refused = server.cli(&["token", "create", "x", "--scope", scopes]);
            assert!(refused.code == 1 && refused.stderr.contains(why), "{refused:?}");
        }
        let refused = server.cli(&["token", "create", "x", "--scope", "people:read", "--days", "366"]);
        assert!(refused.code == 1 && refused.stderr.contains("1 to 365"), "{refused:?}");
        let program = Program::service(&server, &["sources:read"]);
        program.get("/sources", 200).await;
        for path in ["/people", "/accounts", "/tokens", "/leads"] {
            assert_eq!(program.get(path, 403).await["code"], "forbidden", "{path}");
        }
        let listed = server.cli(&["token", "list"]);
        assert!(listed.stdout.contains("service") && listed.stdout.contains("sources:read"), "{listed:?}");
        assert!(!listed.stdout.contains("estp_"));
        let id = server.json(&["token", "list"])["tokens"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(server.cli(&["token", "revoke", &id]).code, 0);
        program.get("/sources", 401).await;
        assert!(server.cli(&["token", "list"]).stdout.contains("No token yet"));
        let unknown = server.cli(&["token", "revoke", "01a21960-04a2-7123-92d9-15a7d089b201"]);
        assert!(unknown.code == 1 && unknown.stderr.contains("estampe token list"), "{unknown:?}");

        // in the console
        let administrator = welcomed(&server, Role::Administrator, None).await;
        let url = format!("{}/tokens/services", server.internal);
        let form = [("csrf", administrator.csrf.as_str()), ("name", "Backup"), ("days", "9"), ("scope", "health:read")];
        let page = administrator.browser.post(&url).form(&form).send().await.unwrap().text().await.unwrap();
        let program = Program::new(&server, secret(&page));
        assert_eq!(program.get("/health", 200).await["ready"], true);
        assert_eq!(program.get("/checkup", 200).await["findings"], json!([]));
        let id = text(&program.get("/me", 200).await["token"]["id"]).to_owned();
        let page = administrator.browser.get(&url).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Backup") && !page.contains("estp_"));
        let form = [("csrf", administrator.csrf.as_str())];
        let revoked = administrator.browser.post(format!("{url}/{id}/revoke")).form(&form).send().await.unwrap();
        assert_eq!(revoked.status(), 303);
        program.get("/health", 401).await;
    }
}

/// A second administrator, so that the first may become something else.
async fn welcomed_again(server: &Server) {
    let add = ["account", "add", "second@banque.example", "--name", "Second", "--role", "administrator"];
    let invited = server.json(&add);
    let form = [("token", text(&invited["token"])), ("password", "violet hortensia 47")];
    let entered = server.console().post(format!("{}/welcome", server.internal)).form(&form).send().await.unwrap();
    assert_eq!(entered.status(), 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_opens_nothing_and_keeps_no_good_one_out() {
    let extra = "[limits]\napi_requests_per_minute = 100\n".to_owned();
    let server = Server::start(Options { extra, ..Options::default() }).await;
    let good = Program::service(&server, &["people:read"]);
    let ask = |client: reqwest::RequestBuilder| async move { client.send().await.unwrap() };
    let url = format!("{}/api/v1/me", server.internal);

    let none = ask(server.client().get(&url)).await;
    assert_eq!(none.headers()["www-authenticate"], "Bearer realm=\"estampe\"");
    assert_eq!(json(none, 401).await["code"], "unauthenticated");
    // the public listener has no such address
    for path in ["/api/v1/me", "/api/v1/openapi.json"] {
        assert_eq!(ask(good.anywhere(&format!("{}{path}", server.public))).await.status(), 404, "{path}");
    }
    // neither a query nor a cookie nor another scheme
    let token = good.token().to_owned();
    assert_eq!(ask(server.client().get(format!("{url}?access_token={token}"))).await.status(), 401);
    assert_eq!(ask(server.client().get(&url).header("cookie", format!("__Host-estampe={token}"))).await.status(), 401);
    assert_eq!(ask(server.client().get(&url).basic_auth("estampe", Some(&token))).await.status(), 401);
    let twice = server.client().get(&url).header("authorization", format!("Bearer {token}"));
    assert_eq!(ask(twice.header("authorization", "Bearer x")).await.status(), 401);

    // five at once are a tenth of half a minute's; then it is time to wait
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let answer = ask(server.client().get(&url).bearer_auth("estp_wrong")).await;
        if answer.status() == 429 {
            assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
        }
        statuses.push(answer.status().as_u16());
    }
    assert!(statuses.contains(&429) && !statuses.contains(&200), "{statuses:?}");
    // from the same address
    let answer = ask(good.ask(Method::GET, "/me")).await;
    assert_eq!(answer.headers()["ratelimit-policy"], "\"token\";q=50;w=30");
    let left = answer.headers()["ratelimit"].to_str().unwrap().to_owned();
    assert!(left.starts_with("\"token\";r=4"), "{left}");
    json(answer, 200).await;
    let mut last = 200;
    for _ in 0..80 {
        let answer = ask(good.ask(Method::GET, "/me")).await;
        last = answer.status().as_u16();
        if last == 429 {
            assert!(answer.headers().contains_key("retry-after"));
            assert_eq!(json(answer, 429).await["code"], "too_many");
            break;
        }
    }
    assert_eq!(last, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_needs_no_token_and_is_the_kept_one() {
    let server = Server::start_default().await;
    let url = format!("{}/api/v1/openapi.json", server.internal);
    let answer = server.client().get(&url).send().await.unwrap();
    let tag = answer.headers()["etag"].clone();
    let given: Value = json(answer, 200).await;
    let kept = std::fs::read_to_string(estampe_tests::workspace().join("docs/api/openapi.json")).unwrap();
    assert_eq!(given, serde_json::from_str::<Value>(&kept).unwrap());
    assert_eq!(server.client().get(&url).header("if-none-match", tag).send().await.unwrap().status(), 304);
}

on_both! {
    async fn whoever_leaves_and_whatever_is_over_asks_nothing_more(database) {
        let server = Server::start(Options { database, extra: estampe_tests::UNLIMITED.to_owned() }).await;
        let file = server.folder().join("people.ldif");
        let write = |count: u32| {
            let person = |n| {
                format!(
                    "dn: uid=u{n},ou=people\nobjectClass: inetOrgPerson\nuid: u{n}\ncn: Person Number{n}\n\
                     sn: Number{n}\nmail: u{n}@banque.example\n\n"
                )
            };
            let people: String = (1..=count).map(person).collect();
            std::fs::write(&file, format!("version: 1\n\n{people}")).unwrap();
        };
        write(30);
        server.import(&file);
        let person = text(&server.json(&["person", "list", "Number30"])["people"][0]["id"]).to_owned();
        let signed = welcomed(&server, Role::Employee, Some(&person)).await;
        let program = personal(&server, &signed, &["people:write"]).await;
        program.get(&format!("/people/{person}"), 200).await;
        write(29);
        assert_eq!(server.sync()["counts"]["disabled"], 1);
        program.get("/me", 401).await;

        // past its end
        let service = Program::service(&server, &["people:write"]);
        let id = text(&service.get("/me", 200).await["token"]["id"]).to_owned();
        let found = service.get("/people?q=Number7", 200).await;
        let path = format!("/people/{}", text(&found["items"][0]["id"]));
        let edit = service.ask(Method::PATCH, &path).header("if-match", "*").json(&json!({ "office": "Pau" }));
        json(edit.send().await.unwrap(), 200).await;
        server.sql(&format!("UPDATE api_token SET expires_at = 1 WHERE id = '{id}'"));
        service.get("/me", 401).await;

        // all of it is in the audit: by whom, through which token
        let of = |operation: &str| {
            let columns = "actor_kind, coalesce(actor_id, ''), object_id, outcome, details";
            server.sql(&format!("SELECT {columns} FROM audit_event WHERE operation = '{operation}' ORDER BY id"))
        };
        assert_eq!(of("token.make").len(), 2);
        assert!(of("token.make")[0].starts_with("account|") && of("token.make")[1].starts_with("operator||"));
        assert!(of("token.use").iter().all(|event| event.starts_with("visitor||") && event.contains("|refused|")));
        assert_eq!(of("token.use").len(), 2);
        assert!(of("person.edit")[0].starts_with(&format!("service|{id}|")), "{:?}", of("person.edit"));
    }

    async fn what_an_account_does_through_a_token_says_which(database) {
        let server = sample(database).await;
        let signed = welcomed(&server, Role::Administrator, None).await;
        let program = personal(&server, &signed, &["people:write"]).await;
        let me = program.get("/me", 200).await;
        let found = program.get("/people?q=lefevre", 200).await;
        let path = format!("/people/{}", text(&found["items"][0]["id"]));
        let edit = program.ask(Method::PATCH, &path).header("if-match", "*").json(&json!({ "office": "Pau" }));
        json(edit.send().await.unwrap(), 200).await;
        let events = server.sql("SELECT actor_kind, actor_id, details FROM audit_event WHERE operation = 'person.edit'");
        let (account, token) = (text(&me["account"]["id"]), text(&me["token"]["id"]));
        assert!(events[0].starts_with(&format!("account|{account}|")), "{events:?}");
        assert!(events[0].contains(token), "{events:?}");
    }
}
