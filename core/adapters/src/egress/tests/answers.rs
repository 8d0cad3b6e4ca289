//! What may come back.

use super::*;

#[tokio::test]
async fn an_answer_is_given_as_it_came_without_what_is_the_hosts() {
    let server = Server::start(|_| {
        answer(418, "Set-Cookie: a=b\r\nAuthorization: x\r\nX-One: 1\r\nx-one: 2\r\nLink: <http://x>\r\n", "short")
    });
    let request = HttpRequest {
        method: Method::Post,
        headers: vec![("x-a".into(), "1".into()), ("x-a".into(), "2".into())],
        body: Some(b"body".to_vec()),
        ..get(&server.url("/p?q=1"))
    };
    let given = Bench::new().send(request).await.unwrap();
    assert_eq!((given.status, given.body.as_slice()), (418, b"short".as_slice()));
    let names: Vec<_> = given.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(names, ["content-length=5", "connection=close", "x-one=1", "x-one=2", "link=<http://x>"]);
    let heard = &server.heard()[0];
    assert_eq!((heard.method.as_str(), heard.target.as_str(), heard.body.as_str()), ("POST", "/p?q=1", "body"));
    assert_eq!(heard.header("accept-encoding"), Some("identity"));
    assert!(heard.header("user-agent").unwrap().starts_with("Estampe/"));
    assert_eq!(heard.headers.iter().filter(|(name, _)| name == "x-a").count(), 2);
    assert!(heard.header("cookie").is_none() && heard.header("authorization").is_none());
}

#[tokio::test]
async fn redirects_and_cookies_are_not_followed() {
    let server = Server::start(|heard| match heard.target.as_str() {
        "/from" => answer(302, "location: /to\r\nset-cookie: a=b\r\n", ""),
        _ => answer(200, "", "followed"),
    });
    let bench = Bench::new();
    let given = bench.send(get(&server.url("/from"))).await.unwrap();
    assert_eq!(given.status, 302);
    assert!(given.headers.contains(&("location".to_owned(), "/to".to_owned())));
    bench.send(get(&server.url("/to"))).await.unwrap();
    assert!(server.heard().iter().all(|heard| heard.header("cookie").is_none()));
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn large_and_lying_answers_are_cut() {
    let server = Server::raw(|heard, stream| {
        let _ = match heard.target.as_str() {
            "/fits" => stream.write_all(answer(200, "", &"x".repeat(1_000)).as_bytes()),
            "/announced" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"),
            "/endless" => stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").and_then(|()| {
                loop {
                    stream.write_all(&[b'x'; 4_096])?;
                }
            }),
            "/chunked" => stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").and_then(|()| {
                loop {
                    stream.write_all(b"400\r\n")?;
                    stream.write_all(&[b'x'; 1_024])?;
                    stream.write_all(b"\r\n")?;
                }
            }),
            "/less" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"),
            "/more" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcdefHTTP/1.1 200 OK\r\n\r\n"),
            "/twice" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd"),
            "/heads" => stream.write_all(b"HTTP/1.1 200 OK\r\n").and_then(|()| {
                loop {
                    stream.write_all(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n")?;
                }
            }),
            "/gzip" => stream.write_all(answer(200, "content-encoding: gzip\r\n", "x").as_bytes()),
            _ => stream.write_all(b"SSH-2.0-OpenSSH\r\n"),
        };
    });
    let bench = Bench::new();
    let asked = |path: &str| HttpRequest { max_response: 1_000, ..get(&server.url(path)) };
    assert_eq!(bench.send(asked("/fits")).await.unwrap().body.len(), 1_000);
    assert_eq!(bench.send(asked("/more")).await.unwrap().body, b"abc");
    for (path, kind) in [
        ("/announced", FailKind::Limit),
        ("/endless", FailKind::Limit),
        ("/chunked", FailKind::Limit),
        ("/less", FailKind::Unavailable),
        ("/twice", FailKind::Unavailable),
        ("/heads", FailKind::Unavailable),
        ("/gzip", FailKind::Unsupported),
        ("/ssh", FailKind::Unavailable),
    ] {
        let (got, message) = bench.fails(asked(path)).await;
        assert_eq!(got, kind, "{path}: {message}");
    }
}

#[tokio::test]
async fn a_slow_answer_ends_with_the_time_that_it_has() {
    let server = Server::raw(|heard, stream| {
        if heard.target == "/body" {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        }
        for _ in 0..100 {
            thread::sleep(Duration::from_millis(50));
            if stream.write_all(b"x").and_then(|()| stream.flush()).is_err() {
                return;
            }
        }
    });
    let bench = Bench::new();
    for path in ["/body", "/head"] {
        let begun = std::time::Instant::now();
        let request = HttpRequest { timeout: Duration::from_millis(300), ..get(&server.url(path)) };
        let (kind, message) = bench.fails(request).await;
        assert_eq!(kind, FailKind::Unavailable, "{path}: {message}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is() {
    let server = Server::start(|heard| match heard.target.as_str() {
        "/busy" => answer(429, "retry-after: 30\r\n", ""),
        "/down" => answer(503, "Retry-After: Tue, 24 Nov 2026 12:02:00 GMT\r\n", ""),
        "/silent" => answer(503, "", ""),
        _ => answer(200, "", "ok"),
    });
    let bench = Bench::new();
    let key = |key: &str| Credential::ApiKey { header: "x-key".into(), value: secret(key) };
    assert_eq!(bench.send(get(&server.url("/silent"))).await.unwrap().status, 503);
    assert_eq!(bench.send(with(get(&server.url("/busy")), key("key-of-one"))).await.unwrap().status, 429);
    let refused = bench.send(with(get(&server.url("/ok")), key("key-of-one"))).await.unwrap_err();
    assert_eq!((refused.kind, refused.retry_after_ms), (FailKind::RateLimited, Some(30_000)));
    // others may still ask
    assert!(bench.send(with(get(&server.url("/ok")), key("key-of-two"))).await.is_ok());
    assert!(bench.send(get(&server.url("/ok"))).await.is_ok());
    assert_eq!(server.heard().len(), 4);
    bench.clock.forward(31);
    assert!(bench.send(with(get(&server.url("/ok")), key("key-of-one"))).await.is_ok());
    bench.send(get(&server.url("/down"))).await.unwrap();
    assert_eq!(bench.fails(get(&server.url("/ok"))).await.0, FailKind::RateLimited);
    bench.clock.forward(90);
    assert!(bench.send(get(&server.url("/ok"))).await.is_ok());
}

#[tokio::test]
async fn a_credential_that_is_shown_back_is_withheld() {
    let server = Server::start(|heard| {
        let sent = heard.header("authorization").or(heard.header("x-key")).unwrap_or_default();
        let last = sent.rsplit(' ').next().unwrap_or_default();
        match heard.target.as_str() {
            "/body" => answer(200, "", &format!("you sent: {last}")),
            "/header" => answer(200, &format!("x-echo: {last}\r\n"), ""),
            "/auth" => answer(200, &format!("authorization: {sent}\r\n"), ""),
            "/error" => answer(401, "", &format!("bad: {last}")),
            "/password" => answer(200, "", "the password is correct horse, isn't it"),
            _ => answer(200, "", "fine"),
        }
    });
    let bench = Bench::new();
    let all = [
        Credential::Basic { username: "estampe".into(), password: secret("correct horse") },
        Credential::Bearer { token: secret(" t0ken-t0ken-t0ken\n") },
        Credential::ApiKey { header: "X-Key".into(), value: secret("k3y-k3y-k3y") },
    ];
    for credential in all {
        for path in ["/body", "/header", "/auth", "/error"] {
            if path == "/auth" && matches!(credential, Credential::ApiKey { .. }) {
                continue;
            }
            let (kind, message) = bench.fails(with(get(&server.url(path)), credential.clone())).await;
            assert_eq!(kind, FailKind::Denied, "{path}: {message}");
            assert!(message.contains("withheld"), "{message}");
            for leak in ["horse", "t0ken", "k3y", "ZXN0YW1wZTp"] {
                assert!(!message.contains(leak), "{message}");
            }
        }
        assert_eq!(bench.send(with(get(&server.url("/fine")), credential)).await.unwrap().body, b"fine");
    }
    let basic = Credential::Basic { username: "estampe".into(), password: secret("correct horse") };
    assert_eq!(bench.fails(with(get(&server.url("/password")), basic)).await.0, FailKind::Denied);
}

#[tokio::test]
async fn nothing_is_smuggled_by_headers_or_secrets() {
    let server = Server::start(|_| answer(200, "", "ok"));
    let bench = Bench::new();
    let url = server.url("/");
    for header in [("x", "a\r\nhost: b"), ("x\r\ny", "a"), ("", "a"), ("x", "a\0")] {
        let headers = vec![(header.0.to_owned(), header.1.to_owned())];
        assert_eq!(bench.fails(HttpRequest { headers, ..get(&url) }).await.0, FailKind::Denied, "{header:?}");
    }
    for credential in [
        Credential::Bearer { token: secret("a\r\nhost: b") },
        Credential::ApiKey { header: "Host".into(), value: secret("evil.example") },
        Credential::ApiKey { header: "content-length".into(), value: secret("0") },
        Credential::ApiKey { header: "x y".into(), value: secret("a") },
        Credential::Basic { username: "a:b".into(), password: secret("c") },
    ] {
        let (kind, message) = bench.fails(with(get(&url), credential)).await;
        assert_eq!(kind, FailKind::Config);
        assert!(message.contains("the credential \"api\"") && !message.contains("host: b"), "{message}");
    }
    assert!(server.heard().is_empty());
    // the host's header stands, whatever a plugin put there
    let mut request = with(get(&url), Credential::ApiKey { header: "x-key".into(), value: secret("right") });
    request.headers = vec![("X-Key".into(), "wrong".into())];
    bench.send(request).await.unwrap();
    assert_eq!(server.heard()[0].headers.iter().filter(|(name, _)| name == "x-key").count(), 1);
    assert_eq!(server.heard()[0].header("x-key"), Some("right"));
}
