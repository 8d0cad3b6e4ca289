//! What stands before every handler: hosts, proxies, sizes, rates; and the form's way
//! of telling people from programs.

use std::time::Duration;

use estampe_tests::{Database, Options, Server, on_both, until};
use reqwest::{Client, Response};

use crate::headers::assert_headers;

fn limits(text: &str) -> Options {
    Options { extra: format!("[limits]\n{text}\n"), ..Options::default() }
}

fn form<'a>(key: &'a str, message: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("name", "Amélie Traoré"),
        ("email", "amelie@atelier.example"),
        ("message", message),
        ("consent", "invitations"),
        ("idempotency_key", key),
    ]
}

fn leads(server: &Server) -> u64 {
    server.json(&["lead", "list"])["total"].as_u64().unwrap()
}

async fn send(client: &Client, card: &str, from: &str, form: &[(&str, &str)]) -> Response {
    let request = client.post(format!("{card}/leads")).header("accept-language", "fr");
    request.header("x-forwarded-for", from).form(form).send().await.unwrap()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name} in {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_own_hosts_are_served() {
    let names = "[tls]\nnames = [\"cards.garonne.example\"]\n";
    let server = Server::start(Options { extra: names.into(), ..Options::default() }).await;
    for origin in [&server.public, &server.internal] {
        let port = origin.rsplit(':').next().unwrap();
        let ask = |host: &str| {
            let request = format!("GET /ca.pem HTTP/1.1\r\n{host}connection: close\r\n\r\n");
            server.raw(origin, request.as_bytes())
        };
        for host in [
            format!("localhost:{port}"),
            "localhost".into(),
            "127.0.0.1".into(),
            "[::1]:1".into(),
            "Cards.Garonne.example.".into(),
        ] {
            assert_eq!(ask(&format!("host: {host}\r\n")).status(), 200, "{origin}: {host}");
        }
        for (host, status) in [
            ("host: evil.example\r\n", 421),
            ("host: localhost.evil.example\r\n", 421),
            ("host: 203.0.113.9\r\n", 421),
            ("", 400),
            ("host: localhost\r\nhost: localhost\r\n", 400),
            ("host: localhost\r\nhost: evil.example\r\n", 400),
            ("host: local host\r\n", 400),
            ("host: evil.example@localhost\r\n", 400),
            ("host: localhost:99999\r\n", 400),
            ("host:\r\n", 400),
            // nobody's word about the host counts but its own
            ("host: evil.example\r\nx-forwarded-host: localhost\r\nforwarded: host=localhost\r\n", 421),
        ] {
            let answer = ask(host);
            assert_eq!(answer.status(), status, "{origin}: {host}: {}", answer.text);
            assert!(!answer.text.contains("evil"), "{}", answer.text);
            if answer.text.ends_with("\r\n\r\n") {
                // the parser's own answer: no page that headers could protect
                assert_eq!((status, answer.header("content-length")), (400, Some("0")), "{host}");
                continue;
            }
            for name in ["content-security-policy", "strict-transport-security", "x-content-type-options"] {
                assert!(answer.header(name).is_some(), "{host}: {name} in {}", answer.text);
            }
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{host}");
        }
        let absolute = |target: &str, host: &str| {
            let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            server.raw(origin, request.as_bytes()).status()
        };
        assert_eq!(absolute("https://localhost/ca.pem", "localhost"), 200);
        assert_eq!(absolute("https://evil.example/ca.pem", "evil.example"), 421);
        assert_eq!(absolute("https://evil.example/ca.pem", "localhost"), 400);
        assert_eq!(absolute("https://localhost/ca.pem", "evil.example"), 400);
        // and by :authority over HTTP/2
        let address = format!("127.0.0.1:{port}").parse().unwrap();
        let client =
            Client::builder().danger_accept_invalid_certs(true).resolve("evil.example", address).build().unwrap();
        let answer = client.get(format!("https://evil.example:{port}/ca")).send().await.unwrap();
        assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 421));
        assert_headers(&answer, "421");
        assert!(!answer.text().await.unwrap().contains("evil"));
    }
    // the operator's socket is nobody's host
    let operator = Client::builder().unix_socket(server.data().join("operator.sock")).build().unwrap();
    assert_eq!(operator.get("http://any.example/v1/ready").send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origin_is_the_configured_one_whatever_a_header_says() {
    let proxy = "[proxy]\ntrusted = [\"127.0.0.1\"]\n";
    let server = Server::with_sample(Options { extra: proxy.into(), ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let ask = |path: &str| {
        let request = server.client().get(format!("{card}{path}")).header("x-forwarded-host", "evil.example");
        let request = request
            .header("x-forwarded-proto", "http")
            .header("x-original-url", "/evil")
            .header("x-forwarded-port", "1");
        request.header("forwarded", "for=192.0.2.1;host=evil.example;proto=http").send()
    };
    for path in ["", "/qr", ".vcf", "/exchange", "/leads"] {
        let answer = ask(path).await.unwrap();
        assert!(answer.headers().get("location").is_none_or(|to| !to.to_str().unwrap().contains("evil")), "{path}");
        assert!(!answer.text().await.unwrap().contains("evil"), "{path}");
    }
    assert!(ask("/qr").await.unwrap().text().await.unwrap().contains(&card));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_trusted_proxy_may_say_who_asks() {
    let narrow = "[limits]\nleads_per_minute = 2\n";
    // nobody is trusted: whatever is said, the peer asks
    let server = Server::with_sample(Options { extra: narrow.into(), ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let client = server.client();
    assert_eq!(send(&client, &card, "192.0.2.1", &form("0123456789abcdefghi0", "a")).await.status(), 200);
    assert_eq!(send(&client, &card, "192.0.2.2", &form("0123456789abcdefghi1", "b")).await.status(), 429);
    drop(server);
    for (header, say) in [("x-forwarded-for", ""), ("forwarded", "for=")] {
        let extra = format!("{narrow}[proxy]\ntrusted = [\"127.0.0.0/8\", \"10.0.0.0/8\"]\nheader = \"{header}\"\n");
        let server = Server::with_sample(Options { extra, ..Options::default() }).await;
        let card = server.card_of("lefevre");
        let client = server.client();
        let keys = std::cell::Cell::new(0);
        let status = async |chain: &[&str]| {
            keys.set(keys.get() + 1);
            let said = chain.iter().map(|address| format!("{say}{address}")).collect::<Vec<_>>().join(", ");
            // the other header is the client's own: it is not read
            let other = if header == "forwarded" {
                ("x-forwarded-for", "198.51.100.1")
            } else {
                ("forwarded", "for=198.51.100.1")
            };
            let request = client.post(format!("{card}/leads")).header(header, said).header(other.0, other.1);
            let key = format!("0123456789abcdefg{:03}", keys.get());
            request.form(&form(&key, "x")).send().await.unwrap().status().as_u16()
        };
        assert_eq!(status(&["192.0.2.1"]).await, 200, "{header}");
        assert_eq!(status(&["192.0.2.1"]).await, 429, "{header}: the same client");
        assert_eq!(status(&["192.0.2.2"]).await, 200, "{header}: another");
        assert_eq!(status(&["192.0.2.77", "192.0.2.1"]).await, 429, "{header}: what a client invents does not help");
        assert_eq!(status(&["192.0.2.1", "10.1.1.1"]).await, 429, "{header}: through two proxies");
        assert_eq!(status(&["192.0.2.3", "10.1.1.1"]).await, 200, "{header}: another through two");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_said_to_be() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let client = server.client();
    let post = |body: Vec<u8>| {
        let request = client.post(format!("{card}/leads")).header("content-type", "application/x-www-form-urlencoded");
        request.body(body)
    };
    let body = |size: usize| {
        let mut body = b"name=A&email=a%40b.example&idempotency_key=0123456789abcdefghij&junk=".to_vec();
        body.resize(size, b'x');
        body
    };
    assert_eq!(post(body(64 * 1024)).send().await.unwrap().status(), 200, "all that is allowed");
    let many = "a=b&".repeat(300).into_bytes();
    let one_more = body(64 * 1024 + 1);
    for (body, what) in [(one_more, "one byte more"), (body(5_000_000), "five megabytes"), (many, "300 fields")] {
        let answer = post(body).header("accept-language", "fr").send().await.unwrap();
        assert_eq!(answer.status(), 413, "{what}");
        assert_headers(&answer, what);
        assert!(answer.text().await.unwrap().contains("trop volumineux"), "{what}");
    }
    // in pieces, without saying how many
    let path = card.trim_start_matches(&server.public);
    let head = format!(
        "POST {path}/leads HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    let piece = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let answer = server.raw(&server.public, (head + &piece.repeat(5)).as_bytes());
    assert_eq!(answer.status(), 413, "{}", answer.text);
    // 2 KB that would be 2 MB: nothing is decompressed
    for coding in ["gzip", "br", "zstd", "deflate", "gzip, gzip", "x-unknown"] {
        for url in [format!("{card}/leads"), format!("{}/sign-in", server.internal)] {
            let answer =
                client.post(&url).header("content-encoding", coding).body(vec![0; 2_000]).send().await.unwrap();
            assert_eq!(answer.status(), 415, "{url} {coding}");
            assert_headers(&answer, coding);
        }
    }
    for kind in ["multipart/form-data; boundary=x", "text/plain", "application/json"] {
        let request =
            client.post(format!("{card}/leads")).header("content-type", kind).body("name=A&email=a%40b.example");
        assert_eq!(request.send().await.unwrap().status(), 415, "{kind}");
    }
    let operator = Client::builder().unix_socket(server.data().join("operator.sock")).build().unwrap();
    let answer = operator.post("http://localhost/v1/sources").body(vec![b' '; 300_000]).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(leads(&server), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_have_an_end() {
    let server = Server::with_sample(Options::default()).await;
    let client = server.client();
    let card = server.card_of("lefevre");
    let get = |url: String| client.get(url);
    let long = |length: usize| format!("{card}?x={}", "y".repeat(length));
    assert_eq!(get(long(8_000)).send().await.unwrap().status(), 200);
    let answer = get(long(9_000)).send().await.unwrap();
    assert_eq!(answer.status(), 414);
    assert_headers(&answer, "414");
    // over HTTP/2, where the library below would take 16 MiB
    let with = |size: usize| get(card.clone()).header("x-filling", "z".repeat(size)).send();
    let answer = with(16_000).await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    let answer = with(40_000).await.unwrap();
    assert_eq!(answer.status(), 431);
    assert_headers(&answer, "431");
    let mut many = get(card.clone());
    for n in 0..97 {
        many = many.header(format!("x-filling-{n}"), "z");
    }
    assert_eq!(many.send().await.unwrap().status(), 431);
    // over HTTP/1.1: what we refuse, and what the parser does, without a page
    let path = card.trim_start_matches(&server.public);
    let raw = |fields: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{fields}connection: close\r\n\r\n");
        server.raw(&server.public, request.as_bytes())
    };
    assert_eq!(raw("x-filling: z\r\n").status(), 200);
    for (fields, status) in [
        (format!("x-filling: {}\r\n", "z".repeat(40_000)), 431),
        ("x-filling: z\r\n".repeat(120), 431),
        ("x filling: z\r\n".into(), 400),
        ("transfer-encoding: chunked\r\ncontent-length: 5\r\n".into(), 400),
    ] {
        let answer = raw(&fields);
        assert_eq!(answer.status(), status, "{:.60}: {:.300}", fields, answer.text);
    }
    // cut while it still sends: the answer may be lost on its way
    let cut = raw(&format!("x-filling: {}\r\n", "z".repeat(1_000_000)));
    assert!([431, 0].contains(&cut.status()), "{:.300}", cut.text);
    assert_eq!(get(card.clone()).send().await.unwrap().status(), 200, "and it goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_so_often_and_then_waits() {
    // two a second, twenty at once
    let server = Server::with_sample(limits("requests_per_minute = 120")).await;
    let card = server.card_of("lefevre");
    let client = server.client();
    // what does not exist counts like what does: ids cannot be tried out
    let unknown = format!("{}/c/00000000000000000000000000", server.public);
    let mut refused = None;
    for n in 0..200 {
        let url = [&unknown, &card][n % 2];
        let answer = client.get(url).header("accept-language", "fr").send().await.unwrap();
        match answer.status().as_u16() {
            429 => {
                assert!(n >= 60, "{n}: half of a minute's budget comes at once");
                refused = Some(answer);
                break;
            }
            status => assert_eq!(status, [404, 200][n % 2]),
        }
    }
    let refused = refused.expect("a limit");
    assert_headers(&refused, "429");
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert!(refused.text().await.unwrap().contains("Trop de demandes"));
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(client.get(&card).send().await.unwrap().status(), 200, "what Retry-After says is true");
    // the console has its own door: nobody outside can close it
    for _ in 0..100 {
        assert_eq!(client.get(format!("{}/health/live", server.internal)).send().await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_page_answers_is_counted_too() {
    // two at once
    let extra = "[limits]\nrequests_per_minute = 4\n".to_owned();
    let server = Server::start(Options { extra, ..Options::default() }).await;
    let client = server.client();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let sent = client.post(format!("{}/x/leads", server.public)).form(&[("name", "x")]).send().await.unwrap();
        statuses.push(sent.status().as_u16());
    }
    assert_eq!(statuses.pop(), Some(429), "{statuses:?}");
    assert!(statuses.iter().all(|status| *status != 429), "{statuses:?}");
}

on_both! {
    async fn a_refused_lead_keeps_all_that_was_typed_and_a_retry_is_not_refused(database) {
        // one at once, the next half a minute later
        let extra = "[limits]\nleads_per_minute = 2\n".to_owned();
        let server = Server::with_sample(Options { database, extra }).await;
        let card = server.card_of("lefevre");
        let client = server.client();
        let keys = ["0123456789abcdefghi0", "0123456789abcdefghi1"];
        assert_eq!(send(&client, &card, "", &form(keys[0], "premier")).await.status(), 200);
        let refused = send(&client, &card, "", &form(keys[1], "gardez <ceci>")).await;
        assert_eq!(refused.status(), 429);
        assert_headers(&refused, "429");
        let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=31).contains(&wait), "{wait}");
        let page = refused.text().await.unwrap();
        assert!(page.contains("Trop d’envois") && page.contains("Amélie Traoré") && page.contains("gardez &#60;ceci&#62;"), "{page}");
        assert_eq!(hidden(&page, "idempotency_key"), keys[1], "the same submission");
        assert_eq!(hidden(&page, "consent"), "invitations");
        // what is on disk is confirmed again, however many came since
        assert_eq!(send(&client, &card, "", &form(keys[0], "premier")).await.status(), 200);
        assert_eq!(send(&client, &card, "", &form(keys[0], "changed")).await.status(), 429);
        let unknown = format!("{}/c/00000000000000000000000000", server.public);
        assert_eq!(send(&client, &unknown, "", &form(keys[1], "x")).await.status(), 429);
        assert_eq!(leads(&server), 1);
        until("there is room again", 90, async || {
            (send(&client, &card, "", &form(keys[1], "gardez <ceci>")).await.status() == 200).then_some(())
        })
        .await;
        assert_eq!(leads(&server), 2);
    }

    async fn a_form_sent_sooner_than_anybody_types_comes_back_whole(database) {
        let server = Server::with_sample(Options { database, ..Options::default() }).await;
        let card = server.card_of("lefevre");
        let client = server.client();
        let fresh = async || client.get(format!("{card}/exchange")).send().await.unwrap().text().await.unwrap();
        assert!(fresh().await.contains("name=\"website\""));
        // a machine may be so busy that it takes as long as a person
        let mut slow = 0;
        let (key, quick) = loop {
            let begun = std::time::Instant::now();
            let key = hidden(&fresh().await, "idempotency_key");
            let answer = send(&client, &card, "", &form(&key, "vite")).await;
            if begun.elapsed() < Duration::from_secs(2) {
                break (key, answer);
            }
            slow += u64::from(answer.status() == 200);
        };
        assert_eq!(quick.status(), 422);
        assert_headers(&quick, "too quick");
        let page = quick.text().await.unwrap();
        assert!(page.contains("Rien n’est parti") && page.contains("Amélie Traoré") && page.contains("vite"), "{page}");
        assert!(page.contains(" checked") && page.contains("value=\"amelie@atelier.example\""), "{page}");
        assert_eq!(leads(&server), slow);
        let again = hidden(&page, "idempotency_key");
        assert_ne!(again, key, "a new moment");
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert_eq!(send(&client, &card, "", &form(&again, "vite")).await.status(), 200);
        assert_eq!(leads(&server), slow + 1);
        // a key that is not ours, or was ours and is bent, is a script's
        let bent = hidden(&fresh().await, "idempotency_key");
        let bent = format!("{}{}", if bent.starts_with('B') { 'C' } else { 'B' }, &bent[1..]);
        assert_eq!(send(&client, &card, "", &form(&bent, "script")).await.status(), 200);
        assert_eq!(send(&client, &card, "", &form("my-own-key-of-a-script", "script")).await.status(), 200);
        // none at all as well
        let bare = [("name", "A"), ("email", "a@visitors.example")];
        assert_eq!(send(&client, &card, "", &bare).await.status(), 200);
        assert_eq!(leads(&server), slow + 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_takes_so_many_leads_from_however_many_clients() {
    let extra = "[limits]\ncard_leads_per_minute = 4\n[proxy]\ntrusted = [\"127.0.0.1\"]\n".to_owned();
    let server = Server::with_sample(Options { extra, ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let people = server.people();
    let other = people.iter().map(|person| person["card_url"].as_str().unwrap()).find(|url| *url != card).unwrap();
    let client = server.client();
    let mut taken = 0;
    for n in 0..20 {
        let answer =
            send(&client, &card, &format!("192.0.2.{n}"), &form(&format!("0123456789abcdef{n:04}"), "x")).await;
        if answer.status() == 429 {
            assert!(answer.headers().contains_key("retry-after"));
            break;
        }
        taken += 1;
    }
    assert!((2..=5).contains(&taken), "{taken}");
    assert_eq!(send(&client, other, "192.0.2.99", &form("0123456789abcdefghij", "x")).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filled_trap_costs_a_human_one_more_click() {
    let server = Server::with_sample(Options { database: Database::Sqlite, ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let client = server.client();
    let mut filled = form("0123456789abcdefghij", "par un gestionnaire");
    filled.push(("website", "https://a.example"));
    let caught = send(&client, &card, "", &filled).await;
    assert_eq!(caught.status(), 422);
    let page = caught.text().await.unwrap();
    assert!(page.contains("par un gestionnaire") && page.contains("gestionnaire de mots de passe"), "{page}");
    assert!(!page.contains("https://a.example"), "the trap is empty again");
    let trap = page.split("<div class=\"trap\"").nth(1).unwrap().split("</div>").next().unwrap();
    for wanted in ["aria-hidden=\"true\"", "tabindex=\"-1\"", "autocomplete=\"off\"", "Laissez ce champ vide"] {
        assert!(trap.contains(wanted), "{wanted} in {trap}");
    }
    assert_eq!(leads(&server), 0);
    assert_eq!(hidden(&page, "idempotency_key"), "0123456789abcdefghij");
    assert_eq!(send(&client, &card, "", &form("0123456789abcdefghij", "par un gestionnaire")).await.status(), 200);
    assert_eq!(leads(&server), 1);
}
