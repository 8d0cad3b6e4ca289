//! Card pages are kept rendered and compressed, and never older than the card.

use std::collections::BTreeSet;

use estampe_tests::{Metrics, Options, Server, on_both};
use reqwest::{Response, StatusCode};

fn ldif(title: &str) -> String {
    format!(
        "version: 1\n\ndn: uid=u1,ou=people\nobjectClass: inetOrgPerson\nuid: u1\ncn: Inès Garrigue\nsn: Garrigue\n\
         givenName: Inès\ntitle: {title}\nmail: u1@banque.example\n"
    )
}

async fn ask(server: &Server, card: &str, pairs: &[(&str, &str)]) -> Response {
    let request = pairs.iter().fold(server.client().get(card), |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

on_both! {
    async fn a_change_is_seen_by_the_next_who_asks(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let file = server.folder().join("people.ldif");
        std::fs::write(&file, ldif("Conseillère")).unwrap();
        server.import(&file);
        let card = server.card_of("garrigue");
        let mut tags: BTreeSet<String> = BTreeSet::new();
        for round in 0..5 {
            let title = format!("Directrice {round}");
            std::fs::write(&file, ldif(&title)).unwrap();
            server.sync();
            let answer = ask(&server, &card, &[]).await;
            let tag = header(&answer, "etag").to_owned();
            assert!(answer.text().await.unwrap().contains(&title), "{round}");
            // whoever has it is told so; whoever has an older one gets the new one
            assert_eq!(ask(&server, &card, &[("if-none-match", &tag)]).await.status(), StatusCode::NOT_MODIFIED);
            for old in &tags {
                assert_eq!(ask(&server, &card, &[("if-none-match", old)]).await.status(), StatusCode::OK);
            }
            assert!(tags.insert(tag));
        }
        // a run that changes nothing leaves the page and its tag as they are
        server.sync();
        assert!(tags.contains(header(&ask(&server, &card, &[]).await, "etag")));
        // and who leaves has no card at once, though it was kept
        std::fs::write(&file, ldif("x").replace("u1", "u2").replace("Garrigue", "Autre")).unwrap();
        let run = server.sync();
        if run["state"] == "held" {
            server.json(&["run", "approve", run["id"].as_str().unwrap()]);
        }
        assert_eq!(ask(&server, &card, &[]).await.status(), StatusCode::NOT_FOUND);
    }

    async fn a_page_comes_in_the_coding_that_is_wanted(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let card = server.card_of("lefevre");
        let mut tags = BTreeSet::new();
        let mut sizes = Vec::new();
        for (accepted, coding) in
            [("", ""), ("gzip, deflate, br, zstd", "br"), ("zstd", "zstd"), ("gzip", "gzip"), ("br;q=0", "")]
        {
            let answer = ask(&server, &card, &[("accept-encoding", accepted)]).await;
            assert_eq!(header(&answer, "content-encoding"), coding, "{accepted}");
            assert_eq!(header(&answer, "vary"), "Accept-Encoding, Accept-Language");
            assert_eq!(header(&answer, "cache-control"), "no-cache");
            tags.insert(header(&answer, "etag").to_owned());
            sizes.push(answer.bytes().await.unwrap().len());
        }
        assert_eq!(tags.len(), 4, "a strong tag for each coding: {tags:?}");
        assert!(sizes[1..4].iter().all(|size| *size * 2 < sizes[0]), "{sizes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_page_is_answered_as_the_first_one_was() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let ask = async || {
        let answer = ask(&server, &card, &[("accept-encoding", "gzip"), ("accept-language", "fr")]).await;
        assert_eq!(answer.status(), 200);
        let mut headers: Vec<_> =
            answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
        headers.retain(|(name, _)| name != "date");
        headers.sort_by(|a, b| a.0.cmp(&b.0));
        let (ids, others): (Vec<_>, Vec<_>) = headers.into_iter().partition(|(name, _)| name == "x-request-id");
        assert_eq!(ids.len(), 1);
        (others, ids, answer.bytes().await.unwrap())
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!(first.0, second.0);
    assert!(first.0.iter().any(|(name, _)| name == "content-security-policy"), "{first:?}");
    assert_ne!(first.1, second.1, "an id of its own");
    assert_eq!(first.2, second.2);
    // and it is counted like every other
    let figures = Metrics::of(&server).await;
    let route = [("surface", "public"), ("route", "/c/{public_id}"), ("status", "2xx")];
    assert_eq!(figures.sum("estampe_http_requests_total", &route), 2.0);
    assert_eq!(figures.sum("estampe_page_cache_total", &[("result", "hit")]), 1.0);
    assert_eq!(figures.sum("estampe_page_cache_renders_total", &[]), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_cause_one_rendering() {
    let server = Server::with_sample(Options::default()).await;
    let (card, client) = (server.card_of("lefevre"), server.client());
    let asked: Vec<_> = (0..64)
        .map(|_| {
            let request = client.get(&card).header("accept-language", "fr");
            tokio::spawn(async move { request.send().await.unwrap().status() })
        })
        .collect();
    for status in asked {
        assert_eq!(status.await.unwrap(), 200);
    }
    let figures = Metrics::of(&server).await;
    assert_eq!(figures.sum("estampe_page_cache_renders_total", &[]), 1.0);
    assert_eq!(figures.sum("estampe_page_cache_total", &[]), 64.0);
}
