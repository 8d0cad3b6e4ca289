//! What stands at the doors themselves: versions of TLS, a request cut by a stop, every
//! address of the console, the proof of what a visitor was told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use estampe_tests::{Options, Server, until};

fn address(origin: &str) -> String {
    origin.trim_start_matches("https://").replace("localhost", "127.0.0.1")
}

#[tokio::test(flavor = "multi_thread")]
async fn both_listeners_speak_tls_1_3_alone() {
    let server = Server::start_default().await;
    for origin in [&server.public, &server.internal] {
        for (version, wanted) in [("-tls1_3", true), ("-tls1_2", false)] {
            let mut client = Command::new("openssl");
            client.args(["s_client", "-connect", &address(origin), "-servername", "localhost", "-verify_return_error"]);
            client.arg("-CAfile").arg(server.data().join("tls/ca.pem")).arg(version);
            let output = client.stdin(Stdio::null()).output().unwrap();
            assert_eq!(output.status.success(), wanted, "{origin} {version}: {output:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_half_sent_when_the_stop_comes_is_still_taken() {
    let mut server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let body = "name=Visiteuse&email=v%40visitors.example&idempotency_key=0123456789abcdefghij";
    let (begun, rest) = body.split_at(20);
    let mut client = Command::new("openssl");
    client.args(["s_client", "-quiet", "-connect", &address(&server.public), "-servername", "localhost"]);
    client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = estampe_tests::Process::start(&mut client);
    let mut to = client.0.stdin.take().unwrap();
    let mut from = BufReader::new(client.0.stdout.take().unwrap());
    let path = card.trim_start_matches(&server.public);
    write!(
        to,
        "POST {path}/leads HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        server.public.trim_start_matches("https://"),
        body.len(),
    )
    .unwrap();
    // the server has read the head: the request is under way
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100"), "{line}");
    to.write_all(begun.as_bytes()).unwrap();
    server.ask_to_stop();
    let closed = address(&server.public);
    until("no new visitor is let in", 20, async || TcpStream::connect(&closed).is_err().then_some(())).await;
    to.write_all(rest.as_bytes()).unwrap();
    let mut answer = Vec::new();
    from.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.trim_start().starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.wait(), 0, "{}", server.log());
    server.start_again().await;
    assert_eq!(server.json(&["lead", "list"])["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lead_shows_what_was_told_and_nothing_of_it_without_a_session() {
    let server = Server::with_sample(Options::default()).await;
    let card = server.card_of("lefevre");
    let form = [
        ("name", "Amélie Traoré"),
        ("email", "amelie@atelier.example"),
        ("consent", "invitations"),
        ("idempotency_key", "0123456789abcdefghij"),
    ];
    let sent = server.client().post(format!("{card}/leads?lang=en")).form(&form).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let shown = server.client().get(format!("{card}/exchange?lang=en")).send().await.unwrap().text().await.unwrap();
    let (_, wording) = shown.split_once("<label for=\"consent-invitations\">").expect("the consent is asked");
    let wording = wording.split_once("</label>").unwrap().0;
    let token = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
    let browser = server.console();
    let form =
        [("token", token.as_str()), ("name", "M"), ("email", "m@banque.example"), ("password", "violet hortensia 47")];
    let entered = browser.post(format!("{}/first-run", server.internal)).form(&form).send().await.unwrap();
    assert_eq!(entered.status(), 303);
    let id = |list: &str| {
        server.json(&[list, "list"])[if list == "lead" { "leads" } else { "people" }][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (lead, person) = (id("lead"), id("person"));
    let run = server.sync()["id"].as_str().unwrap().to_owned();
    let page = browser.get(format!("{}/leads/{lead}", server.internal)).header("accept-language", "en");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains(wording), "{wording:?} is not in {page}");
    assert!(page.contains("<code>invitations</code>") && page.contains("<p lang=\"en\">"), "{page}");
    for path in [
        format!("/leads/{lead}"),
        format!("/people/{person}"),
        format!("/people/{person}/photo.jpg"),
        format!("/runs/{run}"),
    ] {
        let answer = server.client().get(format!("{}{path}", server.internal)).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        assert!(answer.headers()["location"].to_str().unwrap().starts_with("/sign-in"), "{path}");
    }
}
