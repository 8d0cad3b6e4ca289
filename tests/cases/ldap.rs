//! The connector `ldap` through the running server, against OpenLDAP.

// the same directory as the adapter's own tests have
#[path = "../../core/adapters/tests/ldap/slapd.rs"]
pub mod slapd;

use estampe_tests::{Options, Output, Server, on_both};
use slapd::{Certificate, More, PASSWORD, PEOPLE, READER, Slapd};

/// A new value of an attribute of `uid=p{number}`.
fn replace(number: usize, attribute: &str, value: &str) -> String {
    format!("dn: uid=p{number},{PEOPLE}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n")
}

/// The counts of a run that has to be done, and how it read.
pub(super) fn done(run: &serde_json::Value) -> (&str, [u64; 4]) {
    assert_eq!(run["state"], "done", "{run}");
    let count = |name: &str| run["counts"][name].as_u64().unwrap();
    (run["mode"].as_str().unwrap(), ["created", "changed", "disabled", "unchanged"].map(count))
}

pub(super) fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

/// A source that reads this directory.
pub(super) fn add(server: &Server, slapd: &Slapd) -> Output {
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
        assert!(checked.contains("answers") && checked.contains("150 on the first page, and more"), "{checked}");
        let run = server.sync();
        assert_eq!((run["state"].as_str(), run["counts"]["created"].as_u64()), (Some("done"), Some(450)), "{run}");
        let again = well(&server, &["source", "sync", "siege", "--full", "--json"]).stdout;
        assert_eq!(done(&serde_json::from_str(&again).unwrap()), ("full", [0, 0, 0, 450]), "{again}");
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

    async fn a_mapping_may_name_any_attribute_but_a_password(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let slapd = Slapd::start(3, Certificate::Good);
        slapd.change(&replace(1, "description", "Palier 4, badge bleu"));
        well(&server, &["plugin", "install", "ldap", "--yes"]);
        assert_eq!(add(&server, &slapd).code, 0);
        assert_eq!(done(&server.sync()), ("full", [3, 0, 0, 0]));

        // tried before it is saved, on attributes that nothing was made of until now
        let mapping = ["source", "mapping", "siege", "--set", "office=description"];
        let preview = server.json(&[&mapping[..], &["--preview"]].concat()).to_string();
        assert!(preview.contains("Palier 4, badge bleu"), "{preview}");
        well(&server, &mapping);
        let run = server.sync();
        assert_eq!(done(&run), ("full", [0, 1, 0, 2]), "{run}");
        let card = server.client().get(server.card_of("Person 1")).send().await.unwrap().text().await.unwrap();
        assert!(card.contains("Palier 4, badge bleu"), "{card}");

        let refused = server.cli(&["source", "mapping", "siege", "--set", "title=cn or userPassword"]);
        assert!(refused.code == 1 && refused.stderr.contains("\"userPassword\" proves who somebody is"), "{refused:?}");

        // taken back, whichever of the two, it is gone from the cards, and the rest stays
        for taken in ["field read-mapped", "ldap read-mapped"] {
            well(&server, &["plugin", "revoke", "ldap", taken]);
            let run = server.sync();
            assert_eq!(done(&run), ("full", [0, 1, 0, 2]), "{taken}: {run}");
            let card = server.client().get(server.card_of("Person 1")).send().await.unwrap().text().await.unwrap();
            assert!(!card.contains("Palier 4") && card.contains("p1@example.org"), "{taken}: {card}");
            well(&server, &["plugin", "grant", "ldap", taken]);
            assert_eq!(done(&server.sync()), ("full", [0, 1, 0, 2]), "{taken} again");
        }
    }

    async fn later_runs_read_what_changed(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let mut slapd = Slapd::start(300, Certificate::Good);
        well(&server, &["plugin", "install", "ldap", "--yes"]);
        assert_eq!(add(&server, &slapd).code, 0);
        assert_eq!(done(&server.sync()), ("full", [300, 0, 0, 0]));
        let card = server.card_of("Person 249");
        assert_eq!(done(&server.sync()), ("incremental", [0, 0, 0, 0]));

        // one changed, one new, one renamed, one moved away, one deleted
        slapd.change(&replace(249, "title", "Head of prints"));
        slapd.change(&format!(
            "dn: uid=new,{PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: new\ncn: Nina New\nsn: New\n\n\
             dn: uid=p8,{PEOPLE}\nchangetype: modrdn\nnewrdn: uid=p8-married\ndeleteoldrdn: 1\n\n\
             dn: uid=p9,{PEOPLE}\nchangetype: modrdn\nnewrdn: uid=p9\ndeleteoldrdn: 0\n\
             newsuperior: ou=other,dc=example,dc=org\n\n\
             dn: uid=p10,{PEOPLE}\nchangetype: delete\n\n"
        ));
        let run = server.sync();
        // the renamed one reads as before: nothing on the card comes from the name of the entry
        assert_eq!(done(&run), ("incremental", [1, 1, 2, 1]), "{run}");
        let shown = server.client().get(&card).send().await.unwrap().text().await.unwrap();
        assert!(shown.contains("Head of prints"), "{shown}");
        assert_eq!(done(&server.sync()), ("incremental", [0, 0, 0, 0]));

        // many: page by page, and the same people as a full run finds
        let many: String = (20..280).map(|number| replace(number, "title", &format!("Title {number}"))).collect();
        slapd.change(&many);
        assert_eq!(done(&server.sync()), ("incremental", [0, 260, 0, 0]));
        let all = well(&server, &["source", "sync", "siege", "--full", "--json"]);
        let all = serde_json::from_str(&all.stdout).unwrap();
        assert_eq!(done(&all), ("full", [0, 0, 0, 299]), "{all}");

        // another filter is another source: what changed says nothing about it
        well(&server, &["source", "set", "siege", "--set", "filter=(title=Title*)"]);
        let held = server.sync();
        assert_eq!((held["mode"].as_str(), held["state"].as_str()), (Some("full"), Some("held")), "{held}");
        well(&server, &["run", "discard", held["id"].as_str().unwrap()]);
        well(&server, &["source", "set", "siege", "--unset", "filter"]);
        assert_eq!(done(&server.sync()), ("full", [0, 0, 0, 299]));

        // a server that was restored knows less than was seen
        let backup = slapd.backup();
        slapd.change(&replace(30, "title", "Lost with the backup"));
        // what it remembers of deletions is gone with a restart
        assert_eq!(done(&server.sync()), ("full", [0, 1, 0, 298]));
        slapd.restore(&backup);
        assert_eq!(done(&server.sync()), ("full", [0, 1, 0, 298]));
    }

    async fn a_directory_that_does_not_tell_what_changed_is_asked_for_times(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let slapd = Slapd::start_with(40, Certificate::Good, &More { sessionlog: 0, ..More::default() });
        well(&server, &["plugin", "install", "ldap", "--yes"]);
        assert_eq!(add(&server, &slapd).code, 0);
        assert_eq!(done(&server.sync()), ("full", [40, 0, 0, 0]));
        // all have the time of the load, and are read again
        assert_eq!(done(&server.sync()), ("incremental", [0, 0, 0, 40]));
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        slapd.change(&replace(7, "title", "Head of prints"));
        assert_eq!(done(&server.sync()), ("incremental", [0, 1, 0, 39]));
        assert_eq!(done(&server.sync()), ("incremental", [0, 0, 0, 1]));
        // the last that was changed is gone, by hand or by a restored backup: everybody is read
        slapd.change(&format!("dn: uid=p7,{PEOPLE}\nchangetype: delete\n\n"));
        assert_eq!(done(&server.sync()), ("full", [0, 0, 1, 39]));
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
