//! `security.txt`: whom to tell about a weakness (RFC 9116).

use estampe_tests::{Options, Server};
use rustls_pki_types::UnixTime;

use crate::headers::assert_headers;

const PATH: &str = "/.well-known/security.txt";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_a_weakness_reads_whom_to_tell() {
    let extra = "[security]\ncontact = \"mailto:security@banque.example\"\npolicy = \"https://banque.example/r\"\n";
    let server = Server::start(Options { extra: extra.to_owned(), ..Options::default() }).await;
    let answer = server.client().get(format!("{}{PATH}", server.public)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_headers(&answer, PATH);
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    let text = answer.text().await.unwrap();
    let field = |name: &str| {
        let all: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect();
        assert_eq!(all.len(), 1, "{name}: {text}");
        all[0].to_owned()
    };
    assert_eq!(field("Contact"), "mailto:security@banque.example");
    assert_eq!(field("Policy"), "https://banque.example/r");
    assert_eq!(field("Canonical"), format!("{}{PATH}", server.public));
    assert_eq!(field("Preferred-Languages"), "fr, en");
    let expires: jiff::Timestamp = field("Expires").parse().unwrap();
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap();
    let days = (expires.as_second() - now) / 86_400;
    assert!((179..=180).contains(&days) && expires.as_second() % 86_400 == 0, "{expires}");
    // the public listener alone
    let inside = server.client().get(format!("{}{PATH}", server.internal)).send().await.unwrap();
    assert_ne!(inside.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_contact_there_is_no_file() {
    let server = Server::start_default().await;
    let answer = server.client().get(format!("{}{PATH}", server.public)).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    server.configure("[security]\ncontact = \"security@banque.example\"\n");
    let refused = server.cli(&["check-config"]);
    assert!(refused.code == 1 && refused.stderr.contains("mailto:security@example.com"), "{refused:?}");
}
