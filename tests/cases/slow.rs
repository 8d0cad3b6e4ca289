//! Connections that say nothing, drip, or do not read are cut within half a minute,
//! and one client cannot hold them all.

use std::sync::Arc;
use std::time::Duration;

use estampe_tests::{Options, Server, until};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The longest that any of them may last.
const LONGEST: Duration = Duration::from_secs(30);

async fn tcp(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // little room, so that a reader who does not read is felt soon
    socket.set_recv_buffer_size(4096).unwrap();
    let address = server.public.replace("https://localhost", "127.0.0.1").parse().unwrap();
    socket.connect(address).await.unwrap()
}

async fn tls(server: &Server, protocol: &[u8]) -> TlsStream<TcpStream> {
    let mut config = server.trusting();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp(server).await).await.unwrap()
}

/// Reads until the other side is gone.
async fn gone(mut io: impl AsyncReadExt + Unpin) {
    let mut buffer = [0; 4096];
    while matches!(io.read(&mut buffer).await, Ok(1..)) {}
}

/// Writes an octet in every second until the other side is gone.
async fn drip(io: TlsStream<TcpStream>) {
    let (reader, mut writer) = tokio::io::split(io);
    let dripping = async {
        while writer.write_all(b"x").await.is_ok() && writer.flush().await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        () = gone(reader) => {}
        () = dripping => {}
    }
}

async fn silent_before_tls(server: &Server, _: &str) {
    gone(tcp(server).await).await;
}

async fn silent_after_tls(server: &Server, _: &str) {
    gone(tls(server, b"http/1.1").await).await;
}

async fn silent_http2(server: &Server, _: &str) {
    let io = tls(server, b"h2").await;
    let (_client, connection) = h2::client::handshake(io).await.unwrap();
    // answers pings, asks nothing
    let _ = connection.await;
}

async fn idle_after_an_answer(server: &Server, card: &str) {
    let mut io = tls(server, b"http/1.1").await;
    io.write_all(format!("GET {card} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    gone(io).await;
}

async fn dripping_head(server: &Server, card: &str) {
    let mut io = tls(server, b"http/1.1").await;
    io.write_all(format!("GET {card} HTTP/1.1\r\nhost: localhost\r\nx-drip: ").as_bytes()).await.unwrap();
    drip(io).await;
}

async fn dripping_body(server: &Server, card: &str) {
    let mut io = tls(server, b"http/1.1").await;
    let head = format!("POST {card}/leads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\nname=");
    io.write_all(head.as_bytes()).await.unwrap();
    drip(io).await;
}

async fn silent_body(server: &Server, card: &str) {
    let mut io = tls(server, b"http/1.1").await;
    let head = format!("POST {card}/leads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5000\r\n\r\nname=");
    io.write_all(head.as_bytes()).await.unwrap();
    gone(io).await;
}

/// Asks much and reads nothing, until asking fails because the server hung up.
async fn reads_nothing(server: &Server, _: &str) {
    let mut io = tls(server, b"http/1.1").await;
    let request = b"GET /ca HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(50);
    // both directions fill, then nothing moves
    loop {
        if io.write_all(&request).await.is_err() || io.flush().await.is_err() {
            return;
        }
    }
}

/// Opens no window for the answer's body, and answers pings.
async fn reads_nothing_over_http2(server: &Server, card: &str) {
    let io = tls(server, b"h2").await;
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(1);
    let (client, connection) = builder.handshake::<_, bytes::Bytes>(io).await.unwrap();
    let mut client = client.ready().await.unwrap();
    let request = http::Request::get(format!("https://localhost{card}")).body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    let held = tokio::spawn(answer);
    let _ = connection.await;
    drop(held);
}

/// Asks for more at once than any browser, and takes nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_streams_on_one_connection_ends_it() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre").replace(&server.public, "");
    let flood = async |count: usize, path: &str, open_ended: bool| {
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(0);
        let (client, connection) = builder.handshake::<_, bytes::Bytes>(tls(&server, b"h2").await).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut held = Vec::new();
        for _ in 0..count {
            let Ok(mut client) = client.clone().ready().await else { break };
            let method = if open_ended { "POST" } else { "GET" };
            let request = http::Request::builder().method(method).uri(format!("https://localhost{path}"));
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(()).unwrap();
            let Ok(stream) = client.send_request(request, !open_ended) else { break };
            held.push(stream);
        }
        let ended = timeout(Duration::from_secs(5), connection).await.is_ok();
        drop(held);
        ended
    };
    assert!(!flood(100, &card, false).await, "as many as a browser has");
    assert!(flood(200, &card, false).await, "answers that nobody takes");
    assert!(flood(200, &format!("{card}/leads"), true).await, "bodies that never end");
    let card = format!("{}{card}", server.public);
    assert_eq!(server.client().get(card).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_nothing_or_drips_is_cut() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre").replace(&server.public, "");
    let begun = Instant::now();
    macro_rules! all {
        ($($kind:ident),+) => {
            tokio::join!($(async {
                let ended = timeout(LONGEST + Duration::from_secs(15), $kind(&server, &card)).await;
                assert!(ended.is_ok(), "{}: still there after {:?}", stringify!($kind), begun.elapsed());
                (stringify!($kind), begun.elapsed())
            }),+)
        };
    }
    let ended = all!(
        silent_before_tls,
        silent_after_tls,
        silent_http2,
        idle_after_an_answer,
        dripping_head,
        dripping_body,
        silent_body,
        reads_nothing,
        reads_nothing_over_http2
    );
    println!("{ended:#?}");
    // and somebody who is no trouble is served
    let card = format!("{}{card}", server.public);
    assert_eq!(server.client().get(card).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_cannot_hold_every_connection() {
    let server = Server::start_default().await;
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..280 {
        let mut config = server.trusting();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        match TlsConnector::from(Arc::new(config)).connect(name, tcp(&server).await).await {
            Ok(io) => held.push(io),
            Err(_) => refused += 1,
        }
    }
    assert!(held.len() >= 200 && refused >= 20, "{} held, {refused} refused", held.len());
    // another address is served, and so is this one once it lets go
    drop(held);
    let health = format!("{}/ca", server.public);
    until("a place again", 20, async || server.client().get(&health).send().await.ok().map(drop)).await;
}
