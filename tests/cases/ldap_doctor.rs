//! `estampe doctor` about the directories of sources: a line for each server and for what is
//! needed there, and what to do.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use estampe_tests::{Answer, LdapServer, Options, Server};
use serde_json::Value;

use crate::ldap::slapd::{Certificate, PASSWORD, PEOPLE, READER, Slapd, free_port};

fn well(server: &Server, arguments: &[&str]) {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
}

/// A server with a source "siege" that reads this directory.
async fn reading(slapd: &Slapd) -> Server {
    let server = Server::start(Options::default()).await;
    server.never_logs(&[PASSWORD]);
    well(&server, &["plugin", "install", "ldap", "--yes"]);
    let (servers, ca) = (format!("servers={}", slapd.ldaps()), format!("ca-file={}", slapd.ca().display()));
    let (base, dn, password) = (format!("base={PEOPLE}"), format!("bind-dn={READER}"), format!("password={PASSWORD}"));
    let set = ["--set", &servers, "--set", &ca, "--set", &base, "--set", &dn, "--set", &password];
    well(&server, &[&["source", "add", "siege", "--plugin", "ldap"], &set[..]].concat());
    server
}

fn set(server: &Server, values: &[&str]) {
    let password = format!("password={PASSWORD}");
    let all = values.iter().copied().chain([password.as_str()]).flat_map(|value| ["--set", value]);
    let arguments: Vec<_> = ["source", "set", "siege"].into_iter().chain(all).collect();
    well(server, &arguments);
}

/// Status, what was found, advice: of the lines about directories.
fn directories(server: &Server) -> Vec<(String, String, String)> {
    let output = server.cli(&["--json", "doctor"]);
    let findings: Vec<Value> = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert!(!output.stdout.contains(PASSWORD));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let ours = findings.iter().filter(|finding| finding["check"] == "directory");
    ours.map(|finding| (text(finding, "status"), text(finding, "found"), text(finding, "advice"))).collect()
}

/// A line of this status with these words, and advice with this one where something is wrong.
fn says(server: &Server, status: &str, words: &[&str], advice: &str) {
    let found = directories(server);
    let fits = |(of, found, to_do): &(String, String, String)| {
        of == status && words.iter().all(|word| found.contains(word)) && to_do.contains(advice)
    };
    assert!(found.iter().any(fits), "{status} {words:?} {advice}: {found:#?}");
    let helps =
        |(status, _, advice): &(String, String, String)| ["ok", "skipped"].contains(&&**status) || !advice.is_empty();
    assert!(found.iter().all(helps), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_and_each_right_is_looked_at() {
    let mut slapd = Slapd::start(5, Certificate::Good);
    let mut server = reading(&slapd).await;
    let found = directories(&server);
    assert!(found.iter().all(|(status, ..)| status == "ok"), "{found:#?}");
    for words in [
        &["siege: ldaps://127.0.0.1:", "connected, TLS with a trusted certificate, bound", "days left"][..],
        &["siege: the base can be read"],
        &["modifyTimestamp"],
        &["people: 5 on the first page"],
        &["first entries: all of them can be used"],
    ] {
        says(&server, "ok", words, "");
    }
    let text = server.cli(&["doctor"]).stdout;
    assert!(text.contains("directory") && !text.contains("Person 1"), "{text}");

    // one of two is away: it works
    let both = format!("servers=ldaps://127.0.0.1:{} {}", free_port(), slapd.ldaps());
    set(&server, &[&both]);
    says(&server, "warning", &["the connection was refused"], "firewall");
    says(&server, "ok", &["first entries"], "");
    let only = format!("servers={}", slapd.ldaps());
    set(&server, &[&only, "base=ou=nowhere,dc=example,dc=org"]);
    says(&server, "failed", &["noSuchObject (32)"], "\"base\"");
    let base = format!("base={PEOPLE}");
    set(&server, &[&base, "filter=(uid=nobody)"]);
    says(&server, "failed", &["nobody is found there"], "\"filter\"");
    well(&server, &["source", "set", "siege", "--unset", "filter", "--set", "password=quince"]);
    says(&server, "failed", &["invalidCredentials (49)", "(after: connected, TLS"], "\"bind-dn\"");
    set(&server, &["identity=ipaUniqueID"]);
    says(&server, "failed", &["none can be used: it has no `ipaUniqueID`"], "source check \"siege\"");
    set(&server, &["identity=auto", "servers=ldap://localhost"]);
    says(&server, "failed", &["clear text"], "source set \"siege\"");
    set(&server, &[&only]);
    slapd.kill();
    says(&server, "failed", &["the connection was refused"], "\"servers\"");
    assert_eq!(server.cli(&["doctor"]).code, 1);
    server.stop();
    says(&server, "skipped", &["the running service asks it"], "");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_looked_at() {
    let soon = Slapd::start(1, Certificate::EndsSoon);
    let server = reading(&soon).await;
    says(&server, "warning", &["its certificate ends at", "(10 days left)"], "renew");
    for (certificate, words) in [(Certificate::Expired, "expired"), (Certificate::OtherName, "another name")] {
        let slapd = Slapd::start(1, certificate);
        let (servers, ca) = (format!("servers={}", slapd.ldaps()), format!("ca-file={}", slapd.ca().display()));
        set(&server, &[&servers, &ca]);
        says(&server, "failed", &[words, "(after: connected)"], "the server's certificate");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_hangs_does_not_hang_doctor() {
    let slapd = Slapd::start(1, Certificate::Good);
    let server = reading(&slapd).await;
    // takes connections and never speaks; lets in and never answers
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("servers=ldaps://{}", listener.local_addr().unwrap());
    set(&server, &[&silent]);
    let begun = Instant::now();
    says(&server, "failed", &["no answer to TLS within 3s"], "the server's certificate");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let strange = LdapServer::start(Answer::Silence);
    let servers = format!("servers={}", strange.url());
    set(&server, &[&servers, "clear-text=true"]);
    let begun = Instant::now();
    says(&server, "failed", &["no answer within 10s"], "");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}
