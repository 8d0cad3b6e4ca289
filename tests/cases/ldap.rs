//! The connector `ldap` through the running server, against OpenLDAP.

// the same directory as the adapter's own tests have
#[path = "../../core/adapters/tests/ldap/slapd.rs"]
pub mod slapd;

use estampe_tests::{Options, Output, Server, on_both};
use slapd::{Certificate, More, PASSWORD, PEOPLE, READER, Slapd};

fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

/// A source that reads this directory.
fn add(server: &Server, slapd: &Slapd) -> Output {
    let secret = server.folder().join("ldap-password");
    std::fs::write(&secret, PASSWORD).unwrap();
    let (servers, ca) = (format!("servers={}", slapd.ldaps()), format!("ca-file={}", slapd.ca().display()));
    let (base, dn, password) =
        (format!("base={PEOPLE}"), format!("bind-dn={READER}"), format!("password={}", secret.display()));
    let set = ["--set", &servers, "--set", &ca, "--set", &base, "--set", &dn, "--set-file", &password];
    server.cli(&[&["source", "add", "siege", "--plugin", "ldap"], &set[..]].concat())
}

on_both! {
    async fn a_directory_becomes_cards_and_its_failure_changes_nobody(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        server.never_logs(&[PASSWORD]);
        let mut slapd = Slapd::start(450, Certificate::Good);
        well(&server, &["plugin", "install", "ldap", "--yes"]);
        assert_eq!(add(&server, &slapd).code, 0);
        let checked = well(&server, &["source", "check", "siege"]).stdout;
        assert!(checked.contains("answers") && checked.contains("200 on the first page, and more"), "{checked}");
        let run = server.sync();
        assert_eq!((run["state"].as_str(), run["counts"]["created"].as_u64()), (Some("done"), Some(450)), "{run}");
        let again = server.sync();
        assert_eq!((again["counts"]["unchanged"].as_u64(), again["state"].as_str()), (Some(450), Some("done")), "{again}");
        let card = server.client().get(server.card_of("Person 449")).send().await.unwrap();
        assert!(card.text().await.unwrap().contains("p449@example.org"));

        // a wrong base, a wrong password, no directory: each is said, and nobody changes
        let before = server.people().len();
        well(&server, &["source", "set", "siege", "--set", "base=ou=nowhere,dc=example,dc=org"]);
        assert_eq!(server.sync()["failure"]["code"], "not-found");
        well(&server, &["source", "set", "siege", "--set", &format!("base={PEOPLE}"), "--set", "password=wrong"]);
        assert_eq!(server.sync()["failure"]["code"], "auth");
        let password = format!("password={PASSWORD}");
        well(&server, &["source", "set", "siege", "--set", &password]);
        slapd.kill();
        assert_eq!(server.sync()["failure"]["code"], "unavailable");
        assert_eq!(server.people().len(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_stands_for_the_account_that_reads() {
    let global = format!(
        "TLSCACertificateFile {{folder}}/ca.pem\nTLSVerifyClient demand\nauthz-regexp \"^cn=estampe$\" \"{READER}\"\n"
    );
    let slapd = Slapd::start_with(3, Certificate::Good, &More { global, ..More::default() });
    let server = Server::start(Options::default()).await;
    well(&server, &["plugin", "install", "ldap", "--yes"]);
    let (certificate, key) = slapd.client();
    let (servers, ca) = (format!("servers={}", slapd.ldaps()), format!("ca-file={}", slapd.ca().display()));
    let base = format!("base={PEOPLE}");
    let certificate = format!("client-certificate={}", certificate.display());
    let key = format!("client-key={}", key.display());
    let set = ["--set", &servers, "--set", &ca, "--set", &base, "--set", &certificate, "--set", &key];
    well(&server, &[&["source", "add", "siege", "--plugin", "ldap"], &set[..]].concat());
    let run = server.sync();
    assert_eq!((run["state"].as_str(), run["counts"]["created"].as_u64()), (Some("done"), Some(3)), "{run}");
    // it needs its key, and TLS
    well(&server, &["source", "set", "siege", "--unset", "client-key"]);
    let run = server.sync();
    assert_eq!(run["failure"]["code"], "config", "{run}");
    assert!(run["failure"]["message"].as_str().unwrap().contains("stand together"), "{run}");
    let clear = format!("servers={}", slapd.ldap());
    well(&server, &["source", "set", "siege", "--set", &key, "--set", &clear, "--set", "clear-text=true"]);
    let run = server.sync();
    assert!(run["failure"]["message"].as_str().unwrap().contains("a client certificate needs it"), "{run}");
}
