//! Pages and deltas.

use estampe_fakes::graph::Removed;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Bench, answered, refusal, values};

impl Bench {
    /// Follows a delta to its end: all that it held, and the link for later.
    async fn follow(&self, from: &str) -> (Vec<Value>, String, usize) {
        let (mut all, mut next, mut pages) = (Vec::new(), from.to_owned(), 0);
        loop {
            let request = self.request(Method::GET, &next).header("prefer", "odata.maxpagesize=40");
            let (status, body) = answered(request).await;
            assert_eq!(status, 200, "{body}");
            all.extend(values(&body).iter().cloned());
            pages += 1;
            if let Some(link) = body["@odata.deltaLink"].as_str() {
                assert!(body.get("@odata.nextLink").is_none());
                return (all, link.to_owned(), pages);
            }
            body["@odata.nextLink"].as_str().unwrap().clone_into(&mut next);
        }
    }
}

#[tokio::test]
async fn a_thousand_users_come_in_pages() {
    let bench = Bench::new(1_000);
    let (mut seen, mut next, mut pages) = (Vec::new(), "/users?$top=999&$select=id".to_owned(), 0);
    loop {
        let (_, body) = bench.get(&next).await;
        seen.extend(values(&body).iter().map(|user| user["id"].to_string()));
        pages += 1;
        match body["@odata.nextLink"].as_str() {
            Some(link) => link.clone_into(&mut next),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), pages), (1_000, 2));
    let (_, body) = bench.get("/users").await;
    assert_eq!(values(&body).len(), 100);
    let link = body["@odata.nextLink"].as_str().unwrap().to_owned();
    assert_eq!(bench.refused(&format!("{link}&$top=5")).await.0, 400, "links come back as they were given");
    bench.graph.expire_links();
    assert_eq!(bench.refused(&link).await.1, "Directory_ExpiredPageToken");
}

#[tokio::test]
async fn a_delta_tells_what_changed() {
    let bench = Bench::new(100);
    let (all, link, pages) = bench.follow("/users/delta?$select=displayName,accountEnabled").await;
    assert_eq!((all.len(), pages), (100, 3));
    let keys: Vec<&String> = all[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["accountEnabled", "displayName", "id"]);
    let (none, link, _) = bench.follow(&link).await;
    assert_eq!(none, [json!(null); 0]);
    let ids: Vec<String> = all.iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect();
    bench.graph.tenant(|tenant| {
        tenant.set(&ids[0], "displayName", "Une autre".into());
        tenant.remove(&ids[1], Removed::Changed);
        tenant.remove(&ids[2], Removed::Deleted);
    });
    let (mut changes, later, _) = bench.follow(&link).await;
    changes.sort_by_key(|change| ids.iter().position(|id| change["id"] == id.as_str()));
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[0]["displayName"], "Une autre");
    assert_eq!(changes[1], json!({"id": ids[1], "@removed": {"reason": "changed"}}));
    assert_eq!(changes[2], json!({"id": ids[2], "@removed": {"reason": "deleted"}}));
    // the same link again tells the same again
    assert_eq!(bench.follow(&link).await.0.len(), 3);
    bench.graph.tenant(|tenant| tenant.restore(&ids[1]));
    let (back, ..) = bench.follow(&later).await;
    assert_eq!(back[0]["id"], ids[1].as_str());
    assert!(back[0].get("@removed").is_none());
    let (latest, link, _) = bench.follow("/users/delta?$deltatoken=latest").await;
    assert!(latest.is_empty());
    assert!(bench.follow(&link).await.0.is_empty());
    for query in [
        "$top=5",
        "$orderby=displayName",
        "$filter=accountEnabled eq true",
        "$count=true",
        "$expand=manager",
        "$select=shoe",
        "$deltatoken=latest&limit=5",
        "$deltatoken=&$top=5",
        "$deltatoken=made-up",
    ] {
        assert_eq!(bench.refused(&format!("/users/delta?{query}")).await.0, 400, "{query}");
    }
    let (some, ..) = bench.follow(&format!("/users/delta?$filter=id eq '{}'", ids[0])).await;
    assert_eq!(some.len(), 1);
}

#[tokio::test]
async fn empty_pages_replays_and_tokens_that_are_too_old() {
    let bench = Bench::new(100);
    bench.graph.empty_pages(2);
    let (_, first) = bench.get("/users/delta").await;
    assert!(values(&first).is_empty() && first["@odata.nextLink"].is_string());
    let (all, link, pages) = bench.follow(first["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!((all.len(), pages), (100, 2), "the size of pages is the first request's; one is empty");
    bench.graph.replay(true);
    assert_eq!(bench.follow("/users/delta").await.0.len(), 102, "each page but the first repeats one");
    bench.graph.replay(false);
    bench.graph.expire_links();
    let response = bench.request(Method::GET, &link).send().await.unwrap();
    assert_eq!(response.status(), 410);
    let again = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(refusal(bench.request(Method::GET, &link)).await.1, "syncStateNotFound");
    assert_eq!(bench.follow(&again).await.0.len(), 100);
}

#[tokio::test]
async fn groups_tell_who_came_and_went() {
    let bench = Bench::new(60);
    let (all, link, _) = bench.follow("/groups/delta?$select=displayName,members").await;
    let whole: usize = all.iter().filter_map(|group| group["members@delta"].as_array()).map(Vec::len).sum();
    assert_eq!((all.len(), whole), (3, 62), "two groups of people, and the one that holds both");
    let team = bench.group("Équipe 1");
    let (gone, come) = bench.graph.tenant(|tenant| {
        let gone = tenant.members[&team].first().unwrap().clone();
        let come = tenant.users.keys().find(|id| !tenant.members[&team].contains(*id)).unwrap().clone();
        tenant.leave(&team, &gone);
        tenant.join(&team, &come);
        (gone, come)
    });
    let (changes, link, _) = bench.follow(&link).await;
    assert_eq!(changes.len(), 1);
    let members = changes[0]["members@delta"].as_array().unwrap();
    assert!(members.contains(&json!({"@odata.type": "#microsoft.graph.user", "id": come})));
    assert!(
        members
            .contains(&json!({"@odata.type": "#microsoft.graph.user", "id": gone, "@removed": {"reason": "deleted"}}))
    );
    bench.graph.tenant(|tenant| tenant.remove(&team, Removed::Changed));
    let (changes, ..) = bench.follow(&link).await;
    assert!(changes.contains(&json!({"id": team, "@removed": {"reason": "changed"}})));
}
