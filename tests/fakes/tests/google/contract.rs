//! Each thing that the documents do not say, and each answer held against them.

use estampe_fakes::discovery;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Bench, answered, refusal};

const USERS: &str = "/admin/directory/v1/users";

#[tokio::test]
async fn what_the_documents_do_not_say_is_refused() {
    let bench = Bench::new(5);
    let anna = bench.email(1);
    // paths and methods
    for (method, path) in [
        (Method::GET, "/admin/directory/v1/people"),
        (Method::GET, "/gmail/v1/users/me/settings/vacation"),
        (Method::GET, "/admin/directory/v1/users/"),
        (Method::POST, USERS),
        (Method::DELETE, USERS),
        (Method::DELETE, "/gmail/v1/users/me/settings/sendAs/x"),
        (Method::GET, "/token"),
        (Method::POST, "/oauth2/v2/userinfo"),
    ] {
        let response = bench.request(method.clone(), path).send().await.unwrap();
        assert_eq!(response.status(), 404, "{method} {path}");
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"), "{method} {path}");
    }
    // parameters
    for (query, named) in [
        ("customer=my_customer&limit=5", "limit"),
        ("customer=my_customer&maxresults=5", "maxresults"),
        ("customer=my_customer&maxResults=501", "maxResults"),
        ("customer=my_customer&maxResults=0", "maxResults"),
        ("customer=my_customer&maxResults=many", "maxResults"),
        ("customer=my_customer&orderBy=age", "orderBy"),
        ("customer=my_customer&projection=most", "projection"),
        ("customer=my_customer&customer=my_customer", "customer"),
        ("customer=other", "customer"),
        ("customer=my_customer&showDeleted=yes", "showDeleted"),
        ("customer=my_customer&pageToken=made-up", "pageToken"),
        ("customer=my_customer&query=shoe=43", "query"),
        ("customer=my_customer&sortOrder=ASCENDING", "sortOrder"),
        ("customer=my_customer&prettyPrint=maybe", "prettyPrint"),
    ] {
        let (status, reason, message) = bench.refused(&format!("{USERS}?{query}")).await;
        assert_eq!((status, reason.as_str()), (400, "invalid"), "{query}");
        assert!(message.contains(named), "{query}: {message}");
    }
    assert_eq!(bench.refused(USERS).await.0, 400, "neither customer nor domain");
    assert_eq!(bench.refused(&format!("{USERS}?domain=other.example")).await.0, 404);
    // bodies
    let user = format!("{USERS}/{anna}");
    for (body, named) in [
        (json!({"title": "Directrice"}), "title"),
        (json!({"name": {"nick": "A"}}), "name.nick"),
        (json!({"isAdmin": true}), "isAdmin"),
        (json!({"etag": "x"}), "etag"),
        (json!({"suspended": "yes"}), "suspended"),
        (json!({"name": "Anna"}), "name"),
        (json!({"suspended": null}), "suspended"),
        (json!({"phones": "none"}), "phones"),
        (json!({"name": {"givenName": "x".repeat(61)}}), "name"),
        (json!([1]), ""),
    ] {
        let (status, _, message) = refusal(bench.request(Method::PATCH, &user).json(&body)).await;
        assert_eq!(status, 400, "{body}");
        assert!(message.contains(named), "{body}: {message}");
    }
    let broken = bench.request(Method::PATCH, &user).header("content-type", "application/json").body("{");
    assert_eq!(refusal(broken).await.0, 400);
    let form = bench.request(Method::PATCH, &user).header("content-type", "text/plain").body("{}");
    assert_eq!(refusal(form).await.0, 400);
    assert_eq!(refusal(bench.request(Method::GET, &user).body("{}")).await.0, 400);
    assert!(bench.google.control().refused().len() >= 25, "what was refused is noted");
    assert_eq!(bench.google.control().violations(), [""; 0]);
}

#[tokio::test]
async fn each_operation_wants_a_token_and_a_scope() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    let (documents, mut tried) = (crate::contract::documents(), 0);
    for operation in documents.iter().flat_map(|document| &document.operations) {
        let path = filled(operation, &anna);
        let method: Method = operation.method.parse().unwrap();
        let request = |token: &str| {
            let url = format!("{}{path}", bench.google.url());
            let request = bench.client.request(method.clone(), url).bearer_auth(token);
            if operation.request.is_some() { request.json(&json!({})) } else { request }
        };
        let naked = bench.client.request(method.clone(), format!("{}{path}", bench.google.url()));
        assert_eq!(refusal(naked).await.0, 401, "{}", operation.id);
        assert_eq!(refusal(request("ya29.made-up")).await.0, 401, "{}", operation.id);
        let other = bench.as_user(estampe_fakes::google::ADMIN, &["drive"]);
        let (status, reason, _) = refusal(request(&other)).await;
        assert_eq!((status, reason.as_str()), (403, "insufficientPermissions"), "{}", operation.id);
        tried += 1;
    }
    assert!(tried > 25, "{tried} operations");
    bench.google.expire_tokens();
    assert_eq!(bench.refused(&format!("{USERS}?customer=my_customer")).await.0, 401);
}

#[tokio::test]
async fn every_answer_is_one_that_the_contract_has() {
    let bench = Bench::new(30);
    let anna = bench.email(1);
    let mut answered_well = 0;
    for document in &documents() {
        for operation in document.operations.iter().filter(|operation| operation.method == "GET") {
            let path = filled(operation, &anna);
            let query = operation.parameters.iter().any(|parameter| parameter.name == "domain" && !parameter.in_path);
            let path = if query { format!("{path}?customer=my_customer") } else { path };
            let token = if operation.id.starts_with("gmail") {
                bench.as_user(&anna, &["gmail.settings.basic", "gmail.readonly"])
            } else {
                bench.token.clone()
            };
            let (status, body) =
                answered(bench.client.get(format!("{}{path}", bench.google.url())).bearer_auth(token)).await;
            assert_eq!(status, 200, "{path}: {body}");
            assert_eq!(document.answer(operation, status, Some(&body)), Ok(()), "{path}");
            answered_well += 1;
        }
    }
    assert!(answered_well > 20, "{answered_well} operations");
    assert_eq!(bench.google.control().violations(), [""; 0]);
}

#[tokio::test]
async fn of_an_answer_only_what_was_asked_for() {
    let bench = Bench::new(3);
    let (status, body) = bench
        .get(&format!("{USERS}?customer=my_customer&maxResults=1&fields=nextPageToken,users(id,name/fullName)"))
        .await;
    assert_eq!(status, 200);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&body), ["nextPageToken", "users"]);
    assert_eq!(keys(&body["users"][0]), ["id", "name"]);
    assert_eq!(bench.refused(&format!("{USERS}?customer=my_customer&fields=users(")).await.0, 400);
}

fn documents() -> [estampe_fakes::contract::Contract; 3] {
    [
        discovery::read(include_str!("../../contracts/google.admin.directory_v1.json")),
        discovery::read(include_str!("../../contracts/google.gmail.v1.json")),
        discovery::read(include_str!("../../contracts/google.oauth2.v2.json")),
    ]
}

/// A path for things that are there.
fn filled(operation: &estampe_fakes::contract::Operation, user: &str) -> String {
    use estampe_fakes::contract::Segment;
    let segment = |segment: &Segment| match segment {
        Segment::Is(text) => text.clone(),
        Segment::Holds(name) => match name.as_str() {
            "userKey" | "sendAsEmail" | "memberKey" => user.to_owned(),
            "userId" => "me".to_owned(),
            "groupKey" => "03group00000".to_owned(),
            "roleId" => "101".to_owned(),
            "roleAssignmentId" => "9001".to_owned(),
            "customer" | "customerId" | "customerKey" => "my_customer".to_owned(),
            other => panic!("a parameter that this test does not know: {other}"),
        },
    };
    operation.path.iter().map(|part| format!("/{}", segment(part))).collect()
}

#[tokio::test]
async fn the_fake_is_held_to_its_contract_too() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    bench.google.people(|people| people.set(&anna, "shoe", 43.into()));
    assert_eq!(bench.refused(&format!("{USERS}/{anna}")).await.0, 500);
    let violations = bench.google.control().violations();
    assert!(violations.len() == 1 && violations[0].contains("shoe"), "{violations:?}");
}
