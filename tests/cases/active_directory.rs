//! The connector `ldap` through the running server, against Samba as a domain controller.

// the same domain as the adapter's own tests have
#[path = "../../core/adapters/tests/ldap/samba.rs"]
#[expect(dead_code, reason = "a part of it is for those")]
pub mod samba;

use estampe_tests::{Database, Options, Output, Server, on_both};
use samba::{GROUPS, LEAVERS, PASSWORD, READER, STAFF, SUFFIX, Samba};
use serde_json::Value;

use crate::ldap::slapd::base64;
use crate::ldap_sign_in::{SECRET, accepted, refused};

fn well(server: &Server, arguments: &[&str]) -> Output {
    let output = server.cli(arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {output:?}");
    output
}

/// A server with a source that reads the staff of a domain of 20 people, and its first run.
async fn started(database: estampe_tests::Database, samba: &Samba) -> (Server, Value) {
    let server = Server::start(Options { database, ..Options::default() }).await;
    server.never_logs(&[PASSWORD]);
    let secret = server.folder().join("ldap-password");
    std::fs::write(&secret, PASSWORD).unwrap();
    well(&server, &["plugin", "install", "ldap", "--yes"]);
    let set = [
        format!("servers={}", samba.ldaps()),
        format!("ca-file={}", samba.ca().display()),
        format!("base={STAFF}"),
        format!("bind-dn={READER}"),
    ];
    let mut add = vec!["source", "add", "siege", "--plugin", "ldap"];
    add.extend(set.iter().flat_map(|set| ["--set", set.as_str()]));
    let password = format!("password={}", secret.display());
    add.extend(["--set-file", &password]);
    well(&server, &add);
    let run = everybody(&server);
    (server, run)
}

fn counts(run: &Value) -> (Option<&str>, [u64; 5]) {
    let counts = ["created", "changed", "disabled", "unchanged", "refused"];
    (run["state"].as_str(), counts.map(|name| run["counts"][name].as_u64().unwrap()))
}

/// `objectGUID` as Windows writes it.
fn guid(samba: &Samba, dn: &str) -> String {
    let o: [u8; 16] = samba.value(dn, "objectGUID").unwrap().try_into().unwrap();
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    let little = |octets: &[u8]| hex(&octets.iter().rev().copied().collect::<Vec<_>>());
    format!("{}-{}-{}-{}-{}", little(&o[..4]), little(&o[4..6]), little(&o[6..8]), hex(&o[8..10]), hex(&o[10..]))
}

async fn status(server: &Server, url: &str) -> u16 {
    server.client().get(url).send().await.unwrap().status().as_u16()
}

async fn text(server: &Server, url: &str) -> String {
    server.client().get(url).send().await.unwrap().text().await.unwrap()
}

/// A run that reads everybody; what changed alone is tried elsewhere.
fn everybody(server: &Server) -> serde_json::Value {
    server.json(&["source", "sync", "siege", "--full"])
}

on_both! {
    async fn a_domain_becomes_cards_of_people_and_of_nobody_else(database) {
        let samba = Samba::start(20);
        let (server, run) = started(database, &samba).await;
        // the disabled account is known, and has no card
        assert_eq!(counts(&run), (Some("done"), [20, 0, 0, 1, 0]), "{run}");
        let checked = well(&server, &["source", "check", "siege"]).stdout;
        assert!(checked.contains("answers: Active Directory") && checked.contains("all of them can be used"), "{checked}");
        let people = server.people();
        assert!(people.iter().all(|person| person["name"].as_str().unwrap().starts_with("Person ")), "{people:?}");
        let identities = server.sql("select external_id from person_identity");
        assert_eq!(identities.len(), 20);
        assert!(identities.contains(&guid(&samba, &format!("CN=Person 7,{STAFF}"))), "{identities:?}");

        let card = server.card_of("Person 10");
        let page = text(&server, &card).await;
        for shown in ["Person 10", "Adviser", "p10@bank.example", "+33 1 99 00 00 10"] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(page.contains("photo.jpg"), "{page}");
        let photo = server.client().get(format!("{card}/photo.jpg")).send().await.unwrap();
        assert_eq!((photo.status().as_u16(), &photo.headers()["content-type"]), (200, &"image/jpeg".parse().unwrap()));
        assert_eq!(status(&server, &format!("{}/photo.jpg", server.card_of("Person 11"))).await, 404);

        // the whole domain: its services are people to it, its built-in accounts are not to us
        let set = |what: &str| { well(&server, &["source", "set", "siege", "--set", what]); };
        set(&format!("base={SUFFIX}"));
        assert_eq!(counts(&everybody(&server)), (Some("done"), [2, 0, 0, 21, 0]));
        let names: Vec<_> = server.people().iter().map(|person| person["name"].as_str().unwrap().to_owned()).collect();
        assert!(names.contains(&"Estampe".to_owned()) && !names.contains(&"Administrator".to_owned()), "{names:?}");
        // members of a group, by whatever groups: these have a cycle
        set(&format!("filter=(memberOf:1.2.840.113556.1.4.1941:=CN=All,{GROUPS})"));
        let checked = well(&server, &["source", "check", "siege"]).stdout;
        assert!(checked.contains("2 on the first page"), "{checked}");
        // most are gone then, and that waits for a word
        assert_eq!(everybody(&server)["hold"], "too-many-gone");
    }

    async fn a_card_follows_its_person(database) {
        let samba = Samba::start(20);
        let (server, run) = started(database, &samba).await;
        assert_eq!(counts(&run).0, Some("done"), "{run}");
        let sixteen = format!("CN=Person 16,{STAFF}");
        let card = server.card_of("Person 16");

        // another name, another unit, and so another DN
        samba.add(&format!("dn: OU=Private,{STAFF}\nobjectClass: organizationalUnit\n"));
        samba.rename(&sixteen, "CN=Zoé Martin", &format!("OU=Private,{STAFF}"));
        let zoe = format!("CN=Zoé Martin,OU=Private,{STAFF}");
        samba.modify(&format!(
            "dn: {zoe}\nchangetype: modify\nreplace: sn\nsn: Martin\n-\nreplace: displayName\ndisplayName: Zoé Martin\n"
        ));
        assert_eq!(counts(&everybody(&server)), (Some("done"), [0, 1, 0, 20, 0]));
        assert_eq!(server.card_of("Zoé Martin"), card);
        let page = text(&server, &card).await;
        assert!(page.contains("Zoé Martin") && !page.contains("Person 16"), "{page}");

        // each of these takes the card down, and its opposite brings the same one back
        let replace = |dn: &str, name: &str, value: &str| {
            samba.modify(&format!("dn: {dn}\nchangetype: modify\nreplace: {name}\n{name}: {value}\n"));
        };
        // without a password the domain enables only who needs none (32)
        for (name, gone, back) in [
            ("userAccountControl", "514", "544"),
            ("accountExpires", "132539328000000000", "0"),
            ("accountExpires", "132539328000000000", "9223372036854775807"),
        ] {
            replace(&zoe, name, gone);
            assert_eq!(counts(&everybody(&server)), (Some("done"), [0, 0, 1, 20, 0]), "{name}");
            assert_eq!(status(&server, &card).await, 404, "{name}");
            replace(&zoe, name, back);
            assert_eq!(counts(&everybody(&server)), (Some("done"), [0, 1, 0, 20, 0]), "{name}");
            assert_eq!(status(&server, &card).await, 200, "{name}");
        }
        samba.rename(&zoe, "CN=Zoé Martin", LEAVERS);
        assert_eq!(counts(&everybody(&server)), (Some("done"), [0, 0, 1, 20, 0]));
        assert_eq!(status(&server, &card).await, 404);
        samba.rename(&format!("CN=Zoé Martin,{LEAVERS}"), "CN=Person 16", STAFF);
        assert_eq!(counts(&everybody(&server)), (Some("done"), [0, 1, 0, 20, 0]));
        assert_eq!(status(&server, &card).await, 200);

        // a photo that is taken away is gone from the card
        let ten = server.card_of("Person 10");
        samba.modify(&format!("dn: CN=Person 10,{STAFF}\nchangetype: modify\ndelete: thumbnailPhoto\n"));
        assert_eq!(counts(&everybody(&server)), (Some("done"), [0, 1, 0, 20, 0]));
        assert_eq!(status(&server, &format!("{ten}/photo.jpg")).await, 404);

        // somebody new under a name that was somebody else's is somebody else
        samba.delete(&sixteen);
        samba.add(&format!(
            "dn: {sixteen}\nobjectClass: user\nsAMAccountName: p16\nuserAccountControl: 544\ndisplayName: Person 16\nsn: Sixteen\n"
        ));
        assert_eq!(counts(&everybody(&server)), (Some("done"), [1, 0, 1, 20, 0]));
        assert_eq!(status(&server, &card).await, 404);
        assert_ne!(server.card_of("Person 16"), card);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_an_account_in_the_domain_signs_in() {
    let samba = Samba::start(20);
    let (server, run) = started(Database::Sqlite, &samba).await;
    assert_eq!(run["state"], "done", "{run}");
    let change = |number: u32, attribute: &str, value: &str| {
        samba.modify(&format!(
            "dn: CN=Person {number},{STAFF}\nchangetype: modify\nreplace: {attribute}\n{attribute}:{value}\n"
        ));
    };
    // [MS-ADTS] 3.1.1.3.1.5: in quotes, as UTF-16
    let quoted: Vec<u8> = format!("\"{SECRET}\"").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for number in [7, 8, 9, 10] {
        change(number, "unicodePwd", &format!(": {}", base64(&quoted)));
        change(number, "userAccountControl", " 512");
    }
    for login in ["p7", "P7", "p7@bank.example"] {
        accepted(&server, login);
    }
    refused(&server, "p7", "quince", "wrong-password");
    for injected in ["*", "p*", "p7)(sAMAccountName=*"] {
        refused(&server, injected, SECRET, "nobody");
    }
    // an account outside of the base, with its own password
    refused(&server, READER, PASSWORD, "nobody");
    change(8, "userAccountControl", " 514");
    change(9, "accountExpires", " 130000000000000000");
    change(10, "pwdLastSet", " 0");
    for (login, reason) in [("p8", "disabled"), ("p9", "expired"), ("p10", "password-to-change")] {
        refused(&server, login, SECRET, reason);
    }
    accepted(&server, "p7");
}
