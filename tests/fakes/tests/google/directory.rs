//! Listings: pages, suspended and deleted, groups in groups, photos.

use data_encoding::BASE64URL;
use reqwest::Method;
use serde_json::json;

use crate::{Bench, answered, refusal};

const USERS: &str = "/admin/directory/v1/users?customer=my_customer";

#[tokio::test]
async fn a_thousand_users_come_in_pages() {
    let bench = Bench::new(1_000);
    for (size, pages) in [("", 11), ("&maxResults=500", 3)] {
        let (mut seen, mut next, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let (status, body) = bench.get(&format!("{USERS}{size}{next}")).await;
            assert_eq!(status, 200, "{body}");
            seen.extend(body["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
            count += 1;
            match body["nextPageToken"].as_str() {
                Some(token) => next = format!("&pageToken={token}"),
                None => break,
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), count), (1_001, pages));
    }
    let (_, body) = bench.get(USERS).await;
    let token = body["nextPageToken"].as_str().unwrap().to_owned();
    let (_, _, message) = bench.refused(&format!("{USERS}&maxResults=50&pageToken={token}")).await;
    assert!(message.contains("pageToken"), "{message}");
    bench.google.expire_pages();
    assert_eq!(bench.refused(&format!("{USERS}&pageToken={token}")).await.0, 400);
}

#[tokio::test]
async fn suspended_and_deleted_are_told_apart() {
    let bench = Bench::new(20);
    let (anna, emile) = (bench.email(1), bench.email(2));
    let id = bench.google.people(|people| {
        people.suspend(&anna, true);
        people.delete(&emile);
        people.users.values().find(|user| user["primaryEmail"] == emile.as_str()).unwrap()["id"].clone()
    });
    let (_, body) = bench.get(USERS).await;
    let users = body["users"].as_array().unwrap();
    assert_eq!(users.len(), 20, "the administrator and nineteen");
    assert!(users.iter().any(|user| user["primaryEmail"] == anna.as_str() && user["suspended"] == true));
    let (_, body) = bench.get(&format!("{USERS}&showDeleted=true")).await;
    assert_eq!(body["users"].as_array().unwrap().len(), 1);
    assert_eq!(body["users"][0]["id"], id);
    assert!(body["users"][0]["deletionTime"].is_string());
    let (status, reason, _) = bench.refused(&format!("/admin/directory/v1/users/{emile}")).await;
    assert_eq!((status, reason.as_str()), (404, "notFound"));
    let (_, body) = bench.get(&format!("{USERS}&query=isSuspended=true")).await;
    assert_eq!(body["users"].as_array().unwrap().len(), 2, "{body}");
    bench.google.people(|people| people.users.retain(|_, user| user["deletionTime"].is_null()));
    let (_, body) = bench.get(&format!("{USERS}&showDeleted=true")).await;
    assert!(body.get("users").is_none(), "an empty list's key is left out: {body}");
}

#[tokio::test]
async fn only_administrators_see_the_directory() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    let token = bench.as_user(&anna, &["admin.directory.user.readonly"]);
    let ask = |path: &str| bench.client.get(format!("{}{path}", bench.google.url())).bearer_auth(&token);
    let (status, reason, _) = refusal(ask(USERS)).await;
    assert_eq!((status, reason.as_str()), (403, "forbidden"));
    let (status, body) = answered(ask(&format!("{USERS}&viewType=domain_public"))).await;
    assert_eq!(status, 200);
    assert!(body["users"][0]["suspended"].is_null() && body["users"][0]["primaryEmail"].is_string());
    let patch = bench.client.patch(format!("{}/admin/directory/v1/users/{anna}", bench.google.url()));
    let (status, reason, _) = refusal(patch.bearer_auth(&token).json(&json!({"suspended": true}))).await;
    assert_eq!((status, reason.as_str()), (403, "insufficientPermissions"));
}

#[tokio::test]
async fn groups_hold_groups_and_people() {
    let bench = Bench::new(120);
    let (_, body) = bench.get("/admin/directory/v1/groups?customer=my_customer&maxResults=2").await;
    assert_eq!(body["groups"].as_array().unwrap().len(), 2);
    assert!(body["nextPageToken"].is_string());
    let (_, body) = bench.get("/admin/directory/v1/groups/03groupall/members").await;
    assert!(body["members"].as_array().unwrap().iter().all(|member| member["type"] == "GROUP"));
    let (_, body) = bench.get("/admin/directory/v1/groups/03groupall/members?includeDerivedMembership=true").await;
    assert!(body["members"].as_array().unwrap().iter().any(|member| member["type"] == "USER"));
    let anna = bench.email(1);
    let inside = |path: &str| format!("/admin/directory/v1/groups/{path}/hasMember/{anna}");
    assert_eq!(bench.get(&inside("03groupall")).await.1["isMember"], true);
    assert_eq!(bench.get(&inside("03group00001")).await.1["isMember"], false);
    assert_eq!(bench.refused("/admin/directory/v1/groups/03group00000/members?maxResults=201").await.0, 400);
}

#[tokio::test]
async fn photos_come_and_go() {
    let bench = Bench::new(3);
    let (with, without) = (bench.email(1), bench.email(2));
    let photo = |email: &str| format!("/admin/directory/v1/users/{email}/photos/thumbnail");
    let (_, body) = bench.get(&photo(&with)).await;
    let image = BASE64URL.decode(body["photoData"].as_str().unwrap().as_bytes()).unwrap();
    assert!(image.starts_with(&[0xff, 0xd8]) && body["mimeType"] == "image/jpeg");
    assert_eq!(bench.refused(&photo(&without)).await.0, 404);
    let data = json!({"photoData": BASE64URL.encode(&image)});
    assert_eq!(answered(bench.request(Method::PUT, &photo(&without)).json(&data)).await.0, 200);
    assert_eq!(bench.get(&photo(&without)).await.0, 200);
    assert_eq!(bench.request(Method::DELETE, &photo(&with)).send().await.unwrap().status(), 204);
    assert_eq!(bench.refused(&photo(&with)).await.0, 404);
    let missing = bench.request(Method::PUT, &photo(&with)).json(&json!({}));
    assert_eq!(refusal(missing).await.0, 400, "photoData is wanted");
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let bench = Bench::new(3);
    let path = format!("/admin/directory/v1/users/{}", bench.email(1));
    let (_, before) = bench.get(&path).await;
    let change = json!({"name": {"givenName": "Anne"}, "phones": [{"value": "+33 1 99 00 99 99", "type": "work"}]});
    let (status, after) = answered(bench.request(Method::PATCH, &path).json(&change)).await;
    assert_eq!(status, 200, "{after}");
    assert_eq!(after["name"]["givenName"], "Anne");
    assert_eq!(after["name"]["familyName"], before["name"]["familyName"]);
    assert_eq!(after["phones"], change["phones"]);
    assert_ne!(after["etag"], before["etag"]);
}

#[tokio::test]
async fn roles_say_who_is_an_administrator() {
    let bench = Bench::new(3);
    let anna = bench.email(1);
    bench.google.people(|people| people.assign(&anna, "103"));
    let path = "/admin/directory/v1/customer/my_customer/roleassignments";
    let (_, body) = bench.get(&format!("{path}?userKey={anna}")).await;
    assert_eq!(body["items"].as_array().unwrap().len(), 1);
    assert_eq!(body["items"][0]["roleId"], "103");
    let (_, role) = bench.get("/admin/directory/v1/customer/my_customer/roles/103").await;
    assert_eq!((&role["roleName"], &role["isSuperAdminRole"]), (&json!("Communication"), &json!(false)));
    let (_, none) = bench.get(&format!("{path}?userKey={}", bench.email(2))).await;
    assert!(none.get("items").is_none(), "{none}");
    let token = bench.as_user(&anna, &["admin.directory.user.readonly"]);
    let listing = bench.client.get(format!("{}{USERS}", bench.google.url())).bearer_auth(token);
    assert_eq!(answered(listing).await.0, 200, "a delegated administrator sees people");
}
