//! People, lists and edits.

use estampe_tests::api::{Program, json};
use estampe_tests::on_both;
use reqwest::Method;
use serde_json::{Value, json};

use super::{sample, text};

on_both! {
    async fn people_are_listed_page_by_page(database) {
        let server = sample(database).await;
        let program = Program::service(&server, &["people:read"]);
        let me = program.get("/me", 200).await;
        assert_eq!((&me["token"]["kind"], &me["account"]), (&json!("service"), &Value::Null));
        let all: Vec<Value> = server.people();
        let (mut seen, mut path) = (Vec::new(), "/people?limit=7".to_owned());
        loop {
            let answer = program.ask(Method::GET, &path).send().await.unwrap();
            let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            let page = json(answer, 200).await;
            assert!(page["items"].as_array().unwrap().len() <= 7);
            assert_eq!(page["total"], all.len());
            seen.extend(page["items"].as_array().unwrap().iter().map(|person| text(&person["id"]).to_owned()));
            let Some(next) = page["next"].as_str() else {
                assert_eq!(link, None);
                break;
            };
            // the link is what a program that knows no cursors follows
            let link = link.unwrap();
            let link = link.strip_prefix("</api/v1").and_then(|l| l.strip_suffix(">; rel=\"next\"")).unwrap();
            assert_eq!(link, format!("/people?limit=7&cursor={next}"));
            link.clone_into(&mut path);
        }
        let wanted: Vec<_> = all.iter().map(|person| text(&person["id"]).to_owned()).collect();
        assert_eq!(seen, wanted);

        let found = program.get("/people?q=lefevre&active=true", 200).await;
        assert_eq!(found["total"], 1);
        let id = text(&found["items"][0]["id"]);
        let person = program.get(&format!("/people/{id}"), 200).await;
        assert_eq!(person["source"], "siege");
        assert_eq!(person["card"]["url"], server.card_of("lefevre").as_str());
        assert_eq!(person["fields"].as_array().unwrap().len(), 12);

        // what cannot be asked is said, part by part
        for (path, parameter) in [
            ("/people?limit=0", "limit"),
            ("/people?limit=201", "limit"),
            ("/people?limit=many", "limit"),
            ("/people?group=x", "group"),
            ("/people?cursor=bm9wZQ", "cursor"),
            ("/people?active=yes", "active"),
        ] {
            let problem = program.get(path, 422).await;
            assert_eq!((text(&problem["code"]), text(&problem["errors"][0]["parameter"])), ("invalid", parameter), "{problem}");
            assert_eq!(problem["type"], "urn:estampe:problem:invalid");
        }
        program.get("/people?nmae=x", 422).await;
        program.get("/people?q=a&q=b", 422).await;
        assert_eq!(program.get("/people/nobody", 404).await["code"], "not_found");
        assert_eq!(program.get("/people/01a21960-04a2-7123-92d9-15a7d089b201", 404).await["code"], "not_found");
        program.get(&format!("/people?q={}", "x".repeat(201)), 422).await;
        for path in ["/people?q=%00", "/plugins/%00", "/sources/%00"] {
            assert_eq!(program.get(path, 400).await["code"], "malformed", "{path}");
        }

        // the photo, and only in its own format
        let with = program.get("/people?limit=200", 200).await;
        let with = with["items"].as_array().unwrap().iter().find(|person| person["has_photo"] == true).cloned();
        if let Some(with) = with {
            let path = format!("/people/{}/photo", text(&with["id"]));
            let photo = program.ask(Method::GET, &path).send().await.unwrap();
            assert_eq!((photo.status().as_u16(), &photo.headers()["content-type"]), (200, &"image/jpeg".parse().unwrap()));
            let request = program.ask(Method::GET, &path).header("accept", "application/json");
            assert_eq!(json(request.send().await.unwrap(), 406).await["code"], "not_acceptable");
        }
    }

    async fn an_edit_changes_what_its_maker_saw(database) {
        let server = sample(database).await;
        let program = Program::service(&server, &["people:write"]);
        let found = program.get("/people?q=lefevre", 200).await;
        let path = format!("/people/{}", text(&found["items"][0]["id"]));
        let answer = program.ask(Method::GET, &path).send().await.unwrap();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        let before = json(answer, 200).await;
        assert!(tag.starts_with('"'), "a strong one: {tag}");
        let known = program.ask(Method::GET, &path).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(known.status(), 304);

        let patch = async |tag: Option<&str>, body: Value| {
            let mut request = program.ask(Method::PATCH, &path).json(&body);
            if let Some(tag) = tag {
                request = request.header("if-match", tag);
            }
            request.send().await.unwrap()
        };
        let change = json!({ "office": "Pau", "phones": [{ "kind": "mobile", "number": "+33 6 12 34 56 78" }] });
        assert_eq!(json(patch(None, change.clone()).await, 428).await["code"], "precondition_required");
        assert_eq!(json(patch(Some("\"other\""), change.clone()).await, 412).await["code"], "changed");
        assert_eq!(json(patch(Some(&format!("W/{tag}")), change.clone()).await, 412).await["code"], "changed");
        let answer = patch(Some(&tag), change.clone()).await;
        let next = answer.headers()["etag"].to_str().unwrap().to_owned();
        let after = json(answer, 200).await;
        assert_eq!((text(&after["office"]), text(&after["phones"][0]["kind"])), ("Pau", "mobile"));
        assert_eq!(after["title"], before["title"]);
        assert_ne!(next, tag);
        // whoever saw the old state changes nothing
        assert_eq!(json(patch(Some(&tag), json!({ "office": "Tarbes" })).await, 412).await["code"], "changed");
        let cleared = json(patch(Some(&next), json!({ "office": null })).await, 200).await;
        assert_eq!(cleared["office"], Value::Null);

        // what was entered goes, and the directory is heard again
        let give_back = async |fields: Value| {
            let request = program.ask(Method::POST, &format!("{path}/give-back")).header("if-match", "*");
            request.json(&json!({ "fields": fields })).send().await.unwrap()
        };
        let back = json(give_back(json!(["office", "phones"])).await, 200).await;
        assert_eq!((&back["office"], &back["phones"]), (&before["office"], &before["phones"]));
        let problem = json(give_back(json!(["office"])).await, 422).await;
        assert_eq!(problem["errors"][0]["pointer"], "/office", "{problem}");
        assert_eq!(json(give_back(json!(["title", "x"])).await, 422).await["errors"][0]["pointer"], "/fields/1");
        let bare = program.ask(Method::POST, &format!("{path}/give-back")).json(&json!({ "fields": ["title"] }));
        json(bare.send().await.unwrap(), 428).await;

        // what is wrong is said by its place, and nothing is stored
        let bad = json!({ "emails": ["ok@banque.example", "nonsense"], "name": "" });
        let problem = json(patch(Some("*"), bad).await, 422).await;
        let places: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| text(&e["pointer"])).collect();
        assert_eq!(places, ["/emails/1", "/name"], "{problem}");

        // what a profile does not have is not taken along
        for sneaked in [json!({ "active": false }), json!({ "id": "x" }), json!({ "card": {} }), json!({ "source": "x" })] {
            let problem = json(patch(Some("*"), sneaked.clone()).await, 422).await;
            assert!(text(&problem["errors"][0]["detail"]).contains("unknown field"), "{sneaked}: {problem}");
        }
        let request = program.ask(Method::PATCH, &path).header("if-match", "*");
        let broken = request.header("content-type", "application/json").body("{\"office\": ").send().await.unwrap();
        assert_eq!(json(broken, 400).await["code"], "malformed");
        let request = program.ask(Method::PATCH, &path).header("if-match", "*");
        let form = request.header("content-type", "application/x-www-form-urlencoded").body("office=Pau");
        let form = json(form.send().await.unwrap(), 415).await;
        assert!(form["code"] == "media_type" && text(&form["detail"]).contains("application/json"), "{form}");
        let request = program.ask(Method::PATCH, &path).header("if-match", "*").json(&json!([1]));
        let list = json(request.send().await.unwrap(), 422).await;
        assert!(!list.to_string().contains("struct"), "{list}");
        let request = program.ask(Method::PATCH, &path).header("if-match", "*");
        let large = request.json(&json!({ "office": "x".repeat(70_000) })).send().await.unwrap();
        assert_eq!(json(large, 413).await["code"], "too_large");
        let none = program.ask(Method::PATCH, &path).header("if-match", "*").send().await.unwrap();
        assert_eq!(json(none, 400).await["code"], "malformed");
        let wrong = program.ask(Method::PUT, &path).send().await.unwrap();
        assert_eq!(wrong.headers()["allow"], "GET, HEAD, PATCH");
        assert_eq!(json(wrong, 405).await["code"], "method_not_allowed");
        assert_eq!(program.get("/nowhere", 404).await["code"], "not_found");

        // a token that reads does not write
        let reader = Program::service(&server, &["people:read"]);
        let refused = reader.ask(Method::PATCH, &path).header("if-match", "*").json(&change).send().await.unwrap();
        assert_eq!(json(refused, 403).await["code"], "forbidden");
    }
}
