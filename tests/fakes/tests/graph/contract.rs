//! Each thing that the document does not say, and each answer held against it.

use estampe_fakes::contract::{Contract, Operation, Segment};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Bench, answered, refusal, values};

pub fn document() -> Contract {
    estampe_fakes::openapi::read(include_str!("../../contracts/msgraph.v1.0.subset.openapi.json"), "/v1.0")
}

#[tokio::test]
async fn what_the_document_does_not_say_is_refused() {
    let bench = Bench::new(20);
    let anna = bench.user(|user| user["onPremisesSyncEnabled"].is_null());
    for (method, path, status) in [
        (Method::GET, "/people", 400),
        (Method::GET, "/users/x/messages", 400),
        (Method::POST, "/users", 405),
        (Method::PUT, "/groups", 405),
        (Method::GET, "/groups/x/members/$ref", 405),
    ] {
        assert_eq!(refusal(bench.request(method.clone(), path)).await.0, status, "{method} {path}");
    }
    for query in [
        "limit=5",
        "$top=0",
        "$top=1000",
        "$top=many",
        "$top=-1",
        "$skip=5",
        "$select=shoe",
        "$select=",
        "$count=maybe",
        "$count=true",
        "$orderby=jobTitle",
        "$search=\"displayName:a\"",
        "$filter=endswith(mail,'x')",
        "$expand=memberOf",
        "$expand=manager($select=shoe)",
        "$select=manager",
        "$filter=accountEnabled ne true",
        "$filter=shoe",
        "$top=5&$top=6",
        "$skiptoken=made-up",
        "$format=json",
        "$filter=shoe eq 'x'",
        "$filter=manager eq 'x'",
        "$orderby=displayName sideways",
        "$deltatoken=latest",
        "$deltatoken=",
    ] {
        let (status, _, message) = bench.refused(&format!("/users?{query}")).await;
        assert_eq!(status, 400, "{query}: {message}");
    }
    for (body, named) in [
        (json!({"title": "x"}), "title"),
        (json!({"id": "x"}), "id"),
        (json!({"createdDateTime": "2026-01-01T00:00:00Z"}), "createdDateTime"),
        (json!({"jobTitle": 1}), "jobTitle"),
        (json!({"jobTitle": "x".repeat(129)}), "jobTitle"),
        (json!({"businessPhones": "1"}), "businessPhones"),
        (json!({"businessPhones": ["1", "2"]}), "businessPhones"),
        (json!({"onPremisesSyncEnabled": false}), "onPremisesSyncEnabled"),
        (json!({"displayName": null}), "displayName"),
        (json!({"proxyAddresses": []}), "proxyAddresses"),
        (json!({}), "property"),
    ] {
        let (status, _, message) = refusal(bench.request(Method::PATCH, &format!("/users/{anna}")).json(&body)).await;
        assert_eq!(status, 400, "{body}");
        assert!(message.contains(named), "{body}: {message}");
    }
    let text = bench.request(Method::PATCH, &format!("/users/{anna}")).header("content-type", "text/plain").body("{}");
    assert_eq!(refusal(text).await.0, 400);
    assert_eq!(refusal(bench.request(Method::GET, "/users").body("{}")).await.0, 400);
    let photo = bench
        .request(Method::PUT, &format!("/users/{anna}/photo/$value"))
        .header("content-type", "image/png")
        .body("x");
    assert_eq!(refusal(photo).await.0, 400);
    assert!(bench.graph.control().refused().len() > 15);
    assert_eq!(bench.graph.control().violations(), [""; 0]);
}

#[tokio::test]
async fn each_operation_wants_a_token_and_a_permission() {
    let bench = Bench::new(3);
    let anna = bench.user(|_| true);
    let document = document();
    let none = bench.graph.token(None, &["offline_access"]);
    for operation in &document.operations {
        let method: Method = operation.method.parse().unwrap();
        let url = format!("{}{}", bench.graph.url(), filled(&bench, operation, &anna));
        let naked = refusal(bench.client.request(method.clone(), &url)).await;
        assert_eq!((naked.0, naked.1.as_str()), (401, "InvalidAuthenticationToken"), "{url}");
        let foreign = bench.client.request(method.clone(), &url).bearer_auth("eyJ.made.up");
        assert_eq!(refusal(foreign).await.0, 401, "{url}");
        let (status, code, _) = refusal(bench.client.request(method, &url).bearer_auth(&none)).await;
        let own = url.ends_with("/v1.0/me") || url.contains("/v1.0/me/");
        assert_eq!(
            (status, code.as_str()),
            if own { (400, "BadRequest") } else { (403, "Authorization_RequestDenied") },
            "{url}"
        );
    }
    assert!(document.operations.len() >= 40);
    let reader = bench.graph.token(None, &["User.Read.All"]);
    let groups = bench.client.get(format!("{}/v1.0/groups", bench.graph.url())).bearer_auth(&reader);
    assert_eq!(refusal(groups).await.0, 403);
    let users = bench.client.get(format!("{}/v1.0/users", bench.graph.url())).bearer_auth(&reader);
    assert_eq!(answered(users).await.0, 200);
    bench.graph.expire_tokens();
    assert_eq!(bench.refused("/users").await.0, 401);
}

#[tokio::test]
async fn every_answer_is_one_that_the_contract_has() {
    let bench = Bench::new(60);
    // somebody with a photo, a manager, and groups
    let anna = bench.graph.tenant(|tenant| {
        let has = |id: &&String| tenant.managers.contains_key(*id) && tenant.photos.contains_key(*id);
        tenant.users.keys().find(has).unwrap().clone()
    });
    let me = bench.graph.token(Some(&anna), &["User.Read.All", "Directory.Read.All", "User.Read", "Group.Read.All"]);
    let document = document();
    for operation in &document.operations {
        let url = format!("{}{}", bench.graph.url(), filled(&bench, operation, &anna));
        let token = if url.contains("/v1.0/me") { &me } else { &bench.token };
        let request = match operation.method.as_str() {
            "GET" => bench.client.get(&url),
            "POST" if url.ends_with("checkMemberGroups") => {
                bench.client.post(&url).json(&json!({"groupIds": [bench.group("Tous")]}))
            }
            "POST" if url.ends_with("getMemberObjects") => bench.client.post(&url).json(&json!({})),
            _ => continue,
        };
        let response = request.bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), 200, "{url}: {}", response.text().await.unwrap());
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body = response.bytes().await.unwrap();
        let body: Option<Value> = kind.starts_with("application/json").then(|| serde_json::from_slice(&body).unwrap());
        assert_eq!(document.answer(operation, 200, body.as_ref()), Ok(()), "{url}");
    }
    assert_eq!(bench.graph.control().violations(), [""; 0]);
}

#[tokio::test]
async fn only_what_was_selected() {
    let bench = Bench::new(3);
    let (_, body) = bench.get("/users?$top=1").await;
    let user = values(&body)[0].as_object().unwrap();
    assert!(
        user.contains_key("displayName") && !user.contains_key("department") && !user.contains_key("accountEnabled")
    );
    let (_, body) = bench.get("/users?$top=1&$select=department,accountEnabled").await;
    let keys: Vec<&String> = values(&body)[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["accountEnabled", "department", "id"]);
}

#[tokio::test]
async fn managers_come_with_their_users_when_asked_for() {
    let bench = Bench::new(30);
    let (_, body) = bench.get("/users?$select=id&$expand=manager($select=id,displayName)").await;
    let with: Vec<&Value> = values(&body).iter().filter(|user| user["manager"].is_object()).collect();
    assert_eq!(with.len(), 29, "all but the first");
    let keys: Vec<&String> = with[0]["manager"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["@odata.type", "displayName", "id"]);
    let (status, body) = bench.get(&format!("/users/{}?$expand=manager", with[0]["id"].as_str().unwrap())).await;
    assert_eq!((status, &body["manager"]["id"]), (200, &with[0]["manager"]["id"]));
    assert_eq!(bench.graph.control().violations(), [""; 0]);
}

fn filled(bench: &Bench, operation: &Operation, user: &str) -> String {
    let segment = |segment: &Segment| match segment {
        Segment::Is(text) => text.clone(),
        Segment::Holds(name) => match name.as_str() {
            "user-id" | "directoryObject-id" => user.to_owned(),
            "group-id" => bench.group("Tous"),
            "organization-id" => estampe_fakes::graph::TENANT.to_owned(),
            "directoryRole-id" => bench.graph.role(),
            other => panic!("a parameter that this test does not know: {other}"),
        },
    };
    operation.path.iter().map(|part| format!("/{}", segment(part))).collect()
}

#[tokio::test]
async fn the_fake_is_held_to_its_contract_too() {
    let bench = Bench::new(3);
    let anna = bench.user(|_| true);
    bench.graph.tenant(|tenant| tenant.set(&anna, "jobTitle", 43.into()));
    assert_eq!(bench.refused(&format!("/users/{anna}")).await.0, 500);
    let violations = bench.graph.control().violations();
    assert!(violations.len() == 1 && violations[0].contains("jobTitle"), "{violations:?}");
}
