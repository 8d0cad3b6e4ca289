//! What is posted once and comes twice; runs, which are begun and decided about.

use std::time::Duration;

use estampe_domain::access::Role;
use estampe_tests::api::{Program, json};
use estampe_tests::{Options, Server, on_both, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::access::welcomed;
use super::tokens::personal;
use super::{sample, text};

on_both! {
    async fn what_comes_twice_under_a_key_is_done_once(database) {
        let server = sample(database).await;
        let program = Program::service(&server, &["accounts:write"]);
        let other = Program::service(&server, &["accounts:write"]);
        let keyed = |program: &Program, key: &str, body: &Value| {
            program.ask(Method::POST, "/accounts").header("idempotency-key", key).json(body)
        };
        let new = json!({ "name": "Ada", "email": "ada@banque.example", "roles": ["auditor"] });
        let first = keyed(&program, "k1", &new).send().await.unwrap();
        assert!(first.headers()["location"].to_str().unwrap().starts_with("/api/v1/accounts/"));
        assert!(!first.headers().contains_key("idempotency-replayed"));
        let first = json(first, 201).await;
        let again = keyed(&program, "k1", &new).send().await.unwrap();
        assert_eq!(again.headers()["idempotency-replayed"], "true");
        assert!(again.headers().contains_key("location"));
        assert_eq!(json(again, 201).await, first);
        // another request under the same key
        let changed = json!({ "name": "Eve", "email": "ada@banque.example", "roles": ["auditor"] });
        assert_eq!(json(keyed(&program, "k1", &changed).send().await.unwrap(), 422).await["code"], "key_used");
        // without a key, with another, and by another token it is a request of its own
        assert_eq!(program.post("/accounts", &new, 409).await["code"], "conflict");
        assert_eq!(json(keyed(&program, "k2", &new).send().await.unwrap(), 409).await["code"], "conflict");
        assert_eq!(json(keyed(&other, "k1", &new).send().await.unwrap(), 409).await["code"], "conflict");
        // a refusal is an answer too
        let wrong = json!({ "name": "Bob", "email": "nonsense", "roles": ["auditor"] });
        let refused = json(keyed(&program, "k3", &wrong).send().await.unwrap(), 422).await;
        assert_eq!(json(keyed(&program, "k3", &wrong).send().await.unwrap(), 422).await, refused);
        for key in ["", &"x".repeat(256)] {
            let problem = json(keyed(&program, key, &new).send().await.unwrap(), 422).await;
            assert_eq!(problem["errors"][0]["header"], "Idempotency-Key", "{problem}");
        }
        // many at once: one does it
        let many = json!({ "name": "Zoe", "email": "zoe@banque.example", "roles": ["auditor"] });
        let sent: Vec<_> = (0..6).map(|_| tokio::spawn(keyed(&program, "k4", &many).send())).collect();
        let mut statuses = Vec::new();
        for sent in sent {
            statuses.push(sent.await.unwrap().unwrap().status().as_u16());
        }
        assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
        assert!(statuses.contains(&201), "{statuses:?}");
        let found = program.get("/accounts", 200).await;
        let emails: Vec<_> = found["items"].as_array().unwrap().iter().map(|one| text(&one["email"])).collect();
        assert_eq!(emails, ["ada@banque.example", "zoe@banque.example"]);

        // one that never ended: nobody knows, and a new key is the way out
        server.sql("UPDATE idempotency SET sealed = NULL");
        assert_eq!(json(keyed(&program, "k1", &new).send().await.unwrap(), 409).await["code"], "under_way");
        server.sql("UPDATE idempotency SET begun_at = begun_at - 600000000");
        assert_eq!(json(keyed(&program, "k1", &new).send().await.unwrap(), 409).await["code"], "outcome_unknown");
    }

    async fn whoever_goes_away_and_comes_again_finds_it_done_once(database) {
        let server = sample(database).await;
        let program = Program::service(&server, &["accounts:write"]);
        for at in 0..24_u64 {
            let new = json!({ "name": "Ada", "email": format!("ada{at}@banque.example"), "roles": ["auditor"] });
            let ask = || {
                let key = format!("key {at}");
                program.ask(Method::POST, "/accounts").header("idempotency-key", key).json(&new)
            };
            // hangs up before, while and after it is done
            let _ = ask().timeout(Duration::from_millis(at)).send().await;
            let made = until("it is done", 20, async || {
                let answer = ask().send().await.unwrap();
                (answer.status() != 409).then_some(answer)
            })
            .await;
            json(made, 201).await;
        }
        assert_eq!(program.get("/accounts", 200).await["total"], 24);
    }

    async fn no_answer_that_is_kept_lies_open(database) {
        let server = sample(database).await;
        let program = Program::service(&server, &["accounts:write"]);
        let new = json!({ "name": "Ada", "email": "ada@banque.example", "roles": ["auditor"] });
        let first = program.ask(Method::POST, "/accounts").header("idempotency-key", "k1").json(&new);
        let first = json(first.send().await.unwrap(), 201).await;
        // neither the invitation nor what was asked lies open in the database
        let kept = server.sql("SELECT * FROM idempotency").join("\n");
        for words in ["ada@banque", text(&first["invitation"]["token"]), "k1|"] {
            let hex: String = words.bytes().map(|octet| format!("{octet:02x}")).collect();
            assert!(kept.len() > 500 && !kept.contains(words) && !kept.contains(&hex), "{words}: {kept}");
        }
    }

    async fn accounts_are_edited_under_their_tag(database) {
        let server = sample(database).await;
        let signed = welcomed(&server, Role::Administrator, None).await;
        let program = personal(&server, &signed, &["accounts:write"]).await;
        let id = text(&program.get("/me", 200).await["account"]["id"]).to_owned();
        let path = format!("/accounts/{id}");
        let tag = program.ask(Method::GET, &path).send().await.unwrap().headers()["etag"].to_str().unwrap().to_owned();
        let patch = async |tag: &str, body: Value| {
            program.ask(Method::PATCH, &path).header("if-match", tag).json(&body).send().await.unwrap()
        };
        // the last administrator stays one
        let refused = json(patch(&tag, json!({ "roles": ["auditor"] })).await, 409).await;
        assert_eq!(refused["code"], "conflict");
        assert_eq!(json(patch("\"x\"", json!({ "roles": ["administrator"] })).await, 412).await["code"], "changed");
        let after = json(patch(&tag, json!({ "roles": ["administrator", "auditor"] })).await, 200).await;
        assert_eq!(after["roles"], json!(["auditor", "administrator"]));
        json(patch(&tag, json!({ "roles": ["administrator"] })).await, 412).await;
        // neither address nor password is anybody's to change here
        for sneaked in [json!({ "email": "x@x.example" }), json!({ "password": "x" }), json!({ "has_password": true })] {
            json(patch("*", sneaked).await, 422).await;
        }
        json(patch("*", json!({ "roles": ["root"] })).await, 422).await;
        json(patch("*", json!({ "roles": [] })).await, 422).await;
        json(patch("*", json!({ "person": "01a21960-04a2-7123-92d9-15a7d089b201" })).await, 422).await;
    }

    async fn a_run_is_begun_looked_at_and_decided_about(database) {
        let server = Server::start(Options { database, extra: estampe_tests::UNLIMITED.to_owned() }).await;
        let (file, people) = (server.folder().join("people.ldif"), std::fs::read(estampe_tests::sample()).unwrap());
        std::fs::write(&file, &people).unwrap();
        server.import(&file);
        // somebody gets another title, so that there is something to plan
        let (title, senior) = (b"\ntitle: ", b"\ntitle: Senior ");
        let at = people.windows(title.len()).position(|octets| octets == title).unwrap();
        std::fs::write(&file, [&people[..at], senior, &people[at + title.len()..]].concat()).unwrap();
        let program = Program::service(&server, &["sources:run", "plugins:read"]);
        assert_eq!(program.get("/plugins/directory-file", 200).await["state"], "enabled");
        let source = program.get("/sources/siege", 200).await;
        assert_eq!((text(&source["plugin"]), text(&source["last_run"]["state"])), ("directory-file", "done"));
        let start = program.ask(Method::POST, "/sources/siege/runs").json(&json!({ "plan_only": true, "full": true }));
        let started = start.header("idempotency-key", "tonight").send().await.unwrap();
        let place = started.headers()["location"].to_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
        let run = json(started, 202).await;
        assert_eq!(place, format!("/runs/{}", text(&run["id"])));
        let again = program.ask(Method::POST, "/sources/siege/runs").json(&json!({ "plan_only": true, "full": true }));
        let again = json(again.header("idempotency-key", "tonight").send().await.unwrap(), 202).await;
        assert_eq!(again["id"], run["id"]);
        let ended = until("the run waits or ended", 30, async || {
            let run = program.get(&place, 200).await;
            (!matches!(text(&run["state"]), "planning" | "applying")).then_some(run)
        })
        .await;
        assert_eq!(ended["state"], "held", "{ended}");
        assert_eq!(ended["hold"], "plan-only");
        let keyed = async |status| {
            let start = program.ask(Method::POST, "/sources/siege/runs").json(&json!({ "plan_only": true }));
            let answer = start.header("idempotency-key", "once more").send().await.unwrap();
            assert!(!answer.headers().contains_key("idempotency-replayed"), "{answer:?}");
            json(answer, status).await
        };
        assert_eq!(keyed(409).await["code"], "conflict");
        let discarded = program.ask(Method::POST, &format!("{place}/discard")).send().await.unwrap();
        assert_eq!(json(discarded, 200).await["state"], "discarded");
        assert_eq!(program.post(&format!("{place}/approve"), &json!({}), 409).await["code"], "conflict");
        let runs = program.get("/runs?source=siege", 200).await;
        assert_eq!(runs["items"].as_array().unwrap().len(), 2);
        // a conflict is over one day: under the same key it is done now
        assert!(text(&keyed(202).await["id"]) != text(&run["id"]));
        program.get("/runs?source=nosuch", 404).await;
        program.post("/sources/siege/runs", &json!({ "pla_only": true }), 422).await;
        program.post("/sources/nosuch/runs", &json!({}), 404).await;
    }
}
