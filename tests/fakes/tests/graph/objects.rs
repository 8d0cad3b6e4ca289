//! Writing back, members, photos, and what deletes people by mistake.

use reqwest::Method;
use serde_json::json;

use crate::{Bench, answered, refusal, values};

#[tokio::test]
async fn profiles_are_written_unless_they_come_from_home() {
    let bench = Bench::new(30);
    let anna = bench.user(|user| user["onPremisesSyncEnabled"].is_null());
    let synced = bench.user(|user| user["onPremisesSyncEnabled"] == true);
    let admin = bench.graph.tenant(|tenant| tenant.administrators.first().unwrap().clone());
    let patch = |id: &str, body| bench.request(Method::PATCH, &format!("/users/{id}")).json(&body);
    assert_eq!(answered(patch(&anna, json!({"jobTitle": "Directrice", "mobilePhone": null}))).await.0, 204);
    let (_, body) = bench.get(&format!("/users/{anna}")).await;
    assert_eq!((&body["jobTitle"], &body["mobilePhone"]), (&json!("Directrice"), &json!(null)));
    let (status, _, message) = refusal(patch(&synced, json!({"jobTitle": "x"}))).await;
    assert!(status == 400 && message.contains("on-premises mastered"), "{message}");
    assert_eq!(refusal(patch(&admin, json!({"mobilePhone": "+33 1"}))).await.0, 403);
    assert_eq!(answered(patch(&admin, json!({"jobTitle": "x"}))).await.0, 204);
    assert_eq!(refusal(patch(&anna, json!({"accountEnabled": false}))).await.0, 403);
    assert_eq!(refusal(patch("nobody", json!({"jobTitle": "x"}))).await.1, "Request_ResourceNotFound");
    assert_eq!(bench.graph.control().violations(), [""; 0]);
    assert_eq!(refusal(patch(&anna, json!({"passwordProfile": {"password": "x"}}))).await.0, 403);
    assert_eq!(bench.graph.control().violations().len(), 1, "a password is never touched");
}

#[tokio::test]
async fn members_come_and_go_and_a_wrong_path_deletes() {
    let bench = Bench::new(60);
    let team = bench.group("Équipe 1");
    let anna = bench
        .graph
        .tenant(|tenant| tenant.users.keys().find(|id| !tenant.members[&team].contains(*id)).unwrap().clone());
    let path = format!("/groups/{team}/members/$ref");
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{anna}")});
    assert_eq!(answered(bench.request(Method::POST, &path).json(&link)).await.0, 204);
    assert_eq!(refusal(bench.request(Method::POST, &path).json(&link)).await.0, 400, "already there");
    for bad in [json!({}), json!({"@odata.id": 1}), json!({"@odata.id": anna}), json!({"id": anna})] {
        assert_eq!(refusal(bench.request(Method::POST, &path).json(&bad)).await.0, 400, "{bad}");
    }
    let (_, body) = bench.get(&format!("/groups/{team}/members?$select=id")).await;
    assert!(values(&body).contains(&json!({"@odata.type": "#microsoft.graph.user", "id": anna})));
    let reference = format!("/groups/{team}/members/{anna}/$ref");
    assert_eq!(answered(bench.request(Method::DELETE, &reference)).await.0, 204);
    assert_eq!(refusal(bench.request(Method::DELETE, &reference)).await.0, 404);
    assert_eq!(bench.get(&format!("/users/{anna}")).await.0, 200);
    assert_eq!(bench.graph.control().violations(), [""; 0]);
    let wrong = reference.trim_end_matches("/$ref");
    let weak = bench.graph.token(None, &["Group.ReadWrite.All"]);
    let url = format!("{}/v1.0{wrong}", bench.graph.url());
    assert_eq!(refusal(bench.client.delete(url).bearer_auth(&weak)).await.0, 403);
    assert_eq!(answered(bench.request(Method::DELETE, wrong)).await.0, 204);
    assert_eq!(bench.refused(&format!("/users/{anna}")).await.0, 404, "the user is gone");
    assert_eq!(bench.graph.control().violations().len(), 2);
}

#[tokio::test]
async fn groups_photos_filters() {
    let bench = Bench::new(60);
    let new =
        json!({"displayName": "Nouveau", "mailEnabled": false, "mailNickname": "nouveau", "securityEnabled": true});
    let (status, body) = answered(bench.request(Method::POST, "/groups").json(&new)).await;
    assert_eq!(status, 201, "{body}");
    let path = format!("/groups/{}", body["id"].as_str().unwrap());
    assert_eq!(answered(bench.request(Method::PATCH, &path).json(&json!({"description": "d"}))).await.0, 204);
    assert_eq!(bench.get(&path).await.1["description"], "d");
    assert_eq!(refusal(bench.request(Method::POST, "/groups").json(&json!({"displayName": "x"}))).await.0, 400);
    let anna = bench.user(|_| true);
    let photo = format!("/users/{anna}/photo/$value");
    let image = estampe_fakes::portrait("anna");
    let put = bench.request(Method::PUT, &photo).header("content-type", "image/jpeg").body(image.clone());
    assert_eq!(answered(put).await.0, 204);
    let back = bench.request(Method::GET, &photo).send().await.unwrap().bytes().await.unwrap();
    assert!(back == image, "the photo comes back as it was");
    let without =
        bench.graph.tenant(|tenant| tenant.users.keys().find(|id| !tenant.photos.contains_key(*id)).unwrap().clone());
    assert_eq!(bench.refused(&format!("/users/{without}/photo/$value")).await.0, 404);
    let (_, body) = bench.get("/users?$filter=userType eq 'Guest'&$select=userType").await;
    assert_eq!(values(&body).len(), 4, "{body}");
    let hard = bench.request(Method::GET, "/users?$filter=endswith(mail,'ailleurs.example')&$count=true");
    let (_, body) = answered(hard.header("consistencylevel", "eventual")).await;
    assert_eq!(body["@odata.count"], 4, "{body}");
    let (_, body) = bench.get(&format!("/groups/{}/transitiveMembers", bench.group("Tous"))).await;
    assert_eq!(values(&body).len(), 62);
}
