//! The process: clean stops, restarts, one a folder, TLS alone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use estampe_tests::{Metrics, Options, Server, UNLIMITED, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_flight_ends_before_the_server_does() {
    let mut server = Server::with_sample(Options { extra: UNLIMITED.into(), ..Options::default() }).await;
    let card = server.card_of("lefevre");
    let client = server.client();
    // so many that some are under way when the signal comes
    let mut requests: Vec<_> = (0..200)
        .map(|n| {
            let form = [
                ("name".to_owned(), format!("Visitor {n}")),
                ("email".to_owned(), format!("v{n}@visitors.example")),
                ("idempotency_key".to_owned(), format!("0123456789abcdef{n}")),
            ];
            tokio::spawn(client.post(format!("{card}/leads")).form(&form).send())
        })
        .collect();
    // the first answer says that the others are under way
    let first = requests.remove(0).await.unwrap().unwrap();
    assert!(first.status().as_u16() < 400, "{}", first.status());
    server.ask_to_stop();
    let mut acknowledged = 1;
    for request in requests {
        if request.await.unwrap().is_ok_and(|a| a.status().as_u16() < 400) {
            acknowledged += 1;
        }
    }
    assert_eq!(server.wait(), 0, "{}", server.log());
    server.start_again().await;
    let stored = server.json(&["lead", "list"])["total"].as_u64().unwrap();
    assert!(stored >= acknowledged, "{stored} stored, {acknowledged} acknowledged");
}

/// Over TLS, with this protocol, after an answer if it has one.
async fn kept_open(server: &Server, origin: &str, protocol: &[u8]) -> TlsStream<tokio::net::TcpStream> {
    let mut config = server.trusting();
    config.alpn_protocols = vec![protocol.to_vec()];
    let address = origin.replace("https://localhost", "127.0.0.1");
    let io = tokio::net::TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), io).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_connection_that_idles() {
    let mut server = Server::start_default().await;
    let mut idle = Vec::new();
    let (mut talking, mut clients) = (Vec::new(), Vec::new());
    for origin in [server.public.clone(), server.internal.clone()] {
        let mut io = kept_open(&server, &origin, b"http/1.1").await;
        io.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = [0; 512];
        assert!(io.read(&mut answer).await.unwrap() > 0);
        idle.push(io);
        // as a browser does: HTTP/2, an answer, and then the connection stays
        let (client, connection) = h2::client::handshake(kept_open(&server, &origin, b"h2").await).await.unwrap();
        talking.push(tokio::spawn(connection));
        let mut client = client.ready().await.unwrap();
        let request = http::Request::get(format!("{origin}/")).body(()).unwrap();
        client.send_request(request, true).unwrap().0.await.unwrap();
        // one that asked for nothing yet, and one that does not even shake hands
        idle.push(kept_open(&server, &origin, b"h2").await);
        let silent = tokio::net::TcpStream::connect(origin.replace("https://localhost", "127.0.0.1")).await.unwrap();
        talking.push(tokio::spawn(async move {
            let mut silent = silent;
            let _ = silent.read(&mut [0; 8]).await;
            Ok(())
        }));
        // kept, or it says goodbye itself
        clients.push(client);
    }
    let begun = Instant::now();
    server.ask_to_stop();
    assert_eq!(server.wait(), 0, "{}", server.log());
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    drop((idle, clients));
    for one in talking {
        let _ = one.await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_request_in_flight_is_answered_after_the_signal() {
    let mut server = Server::with_sample(Options { extra: UNLIMITED.into(), ..Options::default() }).await;
    let path = server.card_of("lefevre").replace(&server.public, "");
    let form = b"name=Slow&email=slow%40visitors.example&idempotency_key=0123456789abcdefslow";
    let host = server.public.replace("https://", "");
    // over HTTP/1.1, whose body comes in two halves with the signal between them
    let mut io = kept_open(&server, &server.public, b"http/1.1").await;
    let head = format!(
        "POST {path}/leads HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n",
        form.len()
    );
    io.write_all(head.as_bytes()).await.unwrap();
    io.write_all(&form[..20]).await.unwrap();
    io.flush().await.unwrap();
    // and over HTTP/2
    let (client, connection) = h2::client::handshake(kept_open(&server, &server.public, b"h2").await).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = http::Request::post(format!("{}{path}/leads", server.public))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(())
        .unwrap();
    let (answered, mut body) = client.send_request(request, false).unwrap();
    let other = String::from_utf8_lossy(form).replace("slow", "h2").into_bytes();
    body.send_data(other[..20].to_vec().into(), false).unwrap();
    until("both are under way", 30, async || {
        let now = Metrics::of(&server).await;
        (now.sum("estampe_http_requests_in_flight", &[("surface", "public")]) == 2.0).then_some(())
    })
    .await;
    server.ask_to_stop();
    tokio::time::sleep(Duration::from_secs(3)).await;
    io.write_all(&form[20..]).await.unwrap();
    body.send_data(other[20..].to_vec().into(), true).unwrap();
    let mut answer = vec![0; 64];
    io.read_exact(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert!(answered.await.unwrap().status().is_success());
    let begun = Instant::now();
    assert_eq!(server.wait(), 0, "{}", server.log());
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    drop((io, client));
    let _ = connection.await;
    server.start_again().await;
    assert_eq!(server.json(&["lead", "list"])["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_and_a_folder_serves_one_process() {
    let mut server = Server::with_sample(Options::default()).await;
    let people = server.people();
    let ca = server.json(&["ca"]);
    let second = server.cli(&["serve"]);
    assert!(second.code == 1 && second.stderr.contains("in use"), "{second:?}");
    server.stop();
    server.start_again().await;
    assert_eq!(server.people(), people);
    assert_eq!(server.json(&["ca"]), ca);
    for (file, mode) in [("keys/kek", 0o400), ("estampe.db", 0o600), ("operator.sock", 0o600), ("tls/ca.key", 0o600)] {
        let meta = std::fs::metadata(server.data().join(file)).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777, mode, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ca_can_be_fetched_with_its_fingerprint() {
    let server = Server::start_default().await;
    let page = server.client().get(format!("{}/ca", server.public)).send().await.unwrap().text().await.unwrap();
    let fingerprint = server.json(&["ca"])["fingerprint_sha256"].as_str().unwrap().to_owned();
    let dense = |text: &str| text.chars().filter(|c| c.is_ascii_hexdigit() || *c == ':').collect::<String>();
    assert!(dense(&page).contains(&dense(&fingerprint)), "{fingerprint} is not in {page}");
    let pem = server.client().get(format!("{}/ca.pem", server.public)).send().await.unwrap().text().await.unwrap();
    assert_eq!(pem, std::fs::read_to_string(server.data().join("tls/ca.pem")).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_in_clear() {
    let server = Server::start_default().await;
    for origin in [&server.public, &server.internal] {
        let address = origin.trim_start_matches("https://").replace("localhost", "127.0.0.1");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_with_the_sample_is_small() {
    let server = Server::importing_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    for _ in 0..50 {
        server.client().get(&card).send().await.unwrap();
    }
    let resident = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let of = |name: &str| -> u64 {
            let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").trim().parse().unwrap()
        };
        // without its code: of a program that is built for debugging how much is resident (80 MiB, 38 of a
        // release) depends on what runs beside it
        of("RssAnon:") + of("RssShmem:")
    };
    // of a release, `cargo xtask bench idle` tells what is resident
    let small = async || Some(resident()).filter(|resident| *resident <= 44 * 1024);
    until("an idle server of 44 MiB and its code", 90, small).await;
}
