//! Where requests may go.

use super::*;

fn without_grant(url: &str) -> HttpRequest {
    HttpRequest { networks: Vec::new(), ..get(url) }
}

#[tokio::test]
async fn addresses_inside_are_refused_until_their_network_is_granted() {
    let server = Server::start(|_| answer(200, "", "hello"));
    let port = server.address.port();
    let names = Names::new(&[("inside.example", &[&["127.0.0.1"]]), ("mapped.example", &[&["::ffff:127.0.0.1"]])]);
    let bench = Bench::with(&EgressSettings::default(), names);
    for host in ["127.0.0.1", "127.1", "0x7f000001", "[::ffff:127.0.0.1]", "inside.example", "mapped.example"] {
        let url = format!("http://{host}:{port}/?token=hidden");
        let (kind, message) = bench.fails(without_grant(&url)).await;
        assert_eq!(kind, FailKind::Denied, "{host}: {message}");
        assert!(message.contains("no public address") && message.contains("\"network 127.0.0.1\""), "{message}");
        assert!(!message.contains("hidden"), "{message}");
        assert_eq!(bench.send(get(&url)).await.unwrap().body, b"hello", "{host}");
    }
    for host in ["169.254.169.254", "[fd00:ec2::254]", "[::1]", "0.0.0.0", "10.0.0.1", "[64:ff9b::7f00:1]", "[::]"] {
        let (kind, message) = bench.fails(without_grant(&format!("http://{host}:{port}/"))).await;
        assert_eq!(kind, FailKind::Denied, "{host}: {message}");
    }
    assert_eq!(server.heard().len(), 6);
}

#[tokio::test]
async fn a_grant_of_one_source_opens_nothing_for_another() {
    // the connection stays open for the next request
    let server = Server::start(|_| "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".into());
    let names = Names::new(&[("inside.example", &[&["127.0.0.1"]])]);
    let bench = Bench::with(&EgressSettings::default(), names);
    let url = format!("http://inside.example:{}/", server.address.port());
    assert!(bench.send(get(&url)).await.is_ok());
    assert_eq!(bench.fails(without_grant(&url)).await.0, FailKind::Denied);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere_else() {
    let server = Server::start(|_| answer(200, "", "inside"));
    let names = Names::new(&[
        // public when it is asked first, this machine afterwards
        ("rebind.example", &[&["192.88.98.1"], &["127.0.0.1"]]),
        ("mixed.example", &[&["10.9.9.9", "127.0.0.1"]]),
        ("none.example", &[&[]]),
    ]);
    let bench = Bench::with(&EgressSettings::default(), names);
    let url = format!("http://rebind.example:{}/", server.address.port());
    let quick = HttpRequest { timeout: Duration::from_millis(300), ..without_grant(&url) };
    // what was checked is what is connected to: nobody answers there
    assert_eq!(bench.fails(quick).await.0, FailKind::Unavailable);
    // and the next question is checked as the first was
    assert_eq!(bench.fails(without_grant(&url)).await.0, FailKind::Denied);
    assert!(server.heard().is_empty());
    // of several addresses only the granted one is used
    let mixed = format!("http://mixed.example:{}/", server.address.port());
    assert_eq!(bench.send(get(&mixed)).await.unwrap().body, b"inside");
    assert_eq!(bench.fails(get("http://none.example/")).await.0, FailKind::Unavailable);
    let (kind, message) = bench.fails(get("http://nobody.example/")).await;
    assert_eq!(kind, FailKind::Unavailable);
    assert!(message.contains("nobody.example cannot be resolved: nobody knows it"), "{message}");
}

#[tokio::test]
async fn who_does_not_answer_is_unavailable() {
    let bench = Bench::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (kind, message) = bench.fails(get(&format!("http://{closed}/secret?token=hidden"))).await;
    assert_eq!(kind, FailKind::Unavailable);
    assert!(message.contains(&format!("no connection to http://{closed}")), "{message}");
    assert!(!message.contains("hidden") && !message.contains("/secret"), "{message}");
}

#[tokio::test]
async fn credentials_cross_public_networks_encrypted_alone() {
    let server = Server::start(|_| answer(200, "", "ok"));
    let port = server.address.port();
    let names = || {
        Names::new(&[
            ("public.example", &[&["192.88.98.1"]]),
            ("inside.example", &[&["127.0.0.1"]]),
            ("both.example", &[&["192.88.98.1", "127.0.0.1"]]),
        ])
    };
    let bearer = || Credential::Bearer { token: secret("a-long-token") };
    for proxy in [None, Some("http://127.0.0.1:9".to_owned())] {
        let proxied = proxy.is_some();
        let bench = Bench::with(&EgressSettings { proxy, ca_pem: None }, names());
        for host in ["public.example", "192.88.98.1"] {
            let (kind, message) = bench.fails(with(get(&format!("http://{host}:{port}/")), bearer())).await;
            assert_eq!(kind, FailKind::Denied, "{host}");
            assert!(message.contains("over https alone"), "{message}");
        }
        let inside = with(get(&format!("http://inside.example:{port}/")), bearer());
        assert_eq!(bench.send(inside).await.unwrap().status, 200);
        let both = with(get(&format!("http://both.example:{port}/")), bearer());
        assert_eq!(bench.send(both).await.is_ok(), !proxied);
    }
    let heard = server.heard();
    assert!(heard.len() == 3 && heard.iter().all(|heard| heard.header("authorization") == Some("Bearer a-long-token")));
}

#[tokio::test]
async fn a_proxy_is_asked_for_what_is_public_and_for_what_only_it_knows() {
    let proxy = Server::start(|_| answer(200, "", "by the proxy"));
    let server = Server::start(|_| answer(200, "", "directly"));
    let names = Names::new(&[
        ("public.example", &[&["192.88.98.1"]]),
        ("inside.example", &[&["127.0.0.1"]]),
        ("private.example", &[&["10.0.0.1"]]),
        ("mixed.example", &[&["192.88.98.1", "10.0.0.1"]]),
    ]);
    let settings = EgressSettings { proxy: Some(format!("http://{}", proxy.address)), ca_pem: None };
    let bench = Bench::with(&settings, names);
    for host in ["public.example", "only-the-proxy-knows.example", "192.88.98.1"] {
        let answered = bench.send(get(&format!("http://{host}/x?y"))).await.unwrap();
        assert_eq!(answered.body, b"by the proxy", "{host}");
        assert_eq!(proxy.heard().last().unwrap().target, format!("http://{host}/x?y"));
    }
    // what an administrator granted by its network is inside the house
    let inside = format!("http://inside.example:{}/", server.address.port());
    assert_eq!(bench.send(get(&inside)).await.unwrap().body, b"directly");
    assert_eq!(bench.send(get(&server.url("/"))).await.unwrap().body, b"directly");
    for host in ["private.example", "mixed.example", "10.0.0.1", "169.254.169.254"] {
        assert_eq!(bench.fails(get(&format!("http://{host}/"))).await.0, FailKind::Denied, "{host}");
    }
    // over TLS the proxy is told host and port and nothing else
    let (kind, _) = bench.fails(get("https://only-the-proxy-knows.example/x?token=hidden")).await;
    assert_eq!(kind, FailKind::Unavailable);
    let heard = proxy.heard();
    assert_eq!(heard.len(), 4);
    assert_eq!((heard[3].method.as_str(), heard[3].target.as_str()), ("CONNECT", "only-the-proxy-knows.example:443"));
}

#[test]
fn settings_that_cannot_be_used_are_told() {
    let random: Arc<dyn Random> = Arc::new(Sevens);
    let clock: Arc<dyn Clock> = Arc::new(Watch(AtomicI64::new(NOON)));
    let error = |proxy: Option<&str>, ca: Option<&str>| {
        let settings =
            EgressSettings { proxy: proxy.map(str::to_owned), ca_pem: ca.map(|pem| pem.as_bytes().to_vec()) };
        CheckedEgress::new(&settings, clock.clone(), random.clone()).err().unwrap()
    };
    for (proxy, words) in [
        ("proxy:3128", "http://"),
        ("https://proxy:3128", "http://"),
        ("socks5://proxy:3128", "http://"),
        ("http://proxy:3128/path", "more than"),
        ("http://user:hidden@proxy:3128", "user or password"),
        ("", "no web address"),
    ] {
        let told = error(Some(proxy), None);
        assert!(told.starts_with("egress.proxy: ") && told.contains(words) && !told.contains("hidden"), "{told}");
    }
    assert!(error(None, Some("nothing")).contains("egress.ca_file: there is no certificate"));
}
