//! What changed of an Active Directory (Samba), through the running server.

use estampe_tests::{Options, Server, on_both};

use super::active_directory::samba::{LEAVERS, PASSWORD, READER, STAFF, Samba, WATCHER};

use super::ldap::{done, well};

/// A source that reads this domain as this account.
pub(super) fn add(server: &Server, samba: &Samba, reader: &str) {
    let secret = server.folder().join("ldap-password");
    std::fs::write(&secret, PASSWORD).unwrap();
    let values = [
        format!("servers={}", samba.ldaps()),
        format!("ca-file={}", samba.ca().display()),
        format!("base={STAFF}"),
        format!("bind-dn={reader}"),
    ];
    let password = format!("password={}", secret.display());
    let mut arguments = vec!["source", "add", "siege", "--plugin", "ldap", "--set-file", &password];
    arguments.extend(values.iter().flat_map(|value| ["--set", value]));
    well(server, &["plugin", "install", "ldap", "--yes"]);
    well(server, &arguments);
}

fn replace(number: usize, attribute: &str, value: &str) -> String {
    format!("dn: CN=Person {number},{STAFF}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n")
}

on_both! {
    async fn active_directory_tells_what_changed(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let mut samba = Samba::start(250);
        add(&server, &samba, WATCHER);
        assert_eq!(done(&server.sync()), ("full", [250, 0, 0, 1]));
        let run = server.sync();
        assert_eq!(done(&run), ("incremental", [0, 0, 0, 0]), "{run}");

        samba.modify(&replace(249, "title", "Head of prints"));
        samba.modify(&replace(248, "userAccountControl", "514"));
        samba.rename(&format!("CN=Person 247,{STAFF}"), "CN=Person 247", LEAVERS);
        samba.delete(&format!("CN=Person 246,{STAFF}"));
        samba.rename(&format!("CN=Person 245,{STAFF}"), "CN=Person 245 married", STAFF);
        let run = server.sync();
        assert_eq!(done(&run).0, "incremental", "{run}");
        assert_eq!(run["counts"]["disabled"], 3, "{run}");
        let card = server.client().get(server.card_of("Person 249")).send().await.unwrap();
        assert!(card.text().await.unwrap().contains("Head of prints"));
        assert_eq!(done(&server.sync()), ("incremental", [0, 0, 0, 0]));

        // back from where they were
        samba.rename(&format!("CN=Person 247,{LEAVERS}"), "CN=Person 247", STAFF);
        samba.modify(&replace(248, "userAccountControl", "512"));
        assert_eq!(done(&server.sync()), ("incremental", [0, 2, 0, 0]));

        // put back as nobody should: it counts its changes again from there
        let backup = samba.back_up();
        samba.modify(&replace(30, "title", "Lost with the backup"));
        let run = server.sync();
        assert_eq!((done(&run).0, run["counts"]["changed"].as_u64()), ("incremental", Some(1)), "{run}");
        samba.put_back(&backup);
        let run = server.sync();
        assert_eq!((done(&run).0, run["counts"]["changed"].as_u64()), ("full", Some(1)), "{run}");
    }

    async fn an_account_without_rights_learns_of_departures_by_comparing(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let samba = Samba::start(20);
        add(&server, &samba, READER);
        assert_eq!(done(&server.sync()), ("full", [20, 0, 0, 1]));
        samba.delete(&format!("CN=Person 1,{STAFF}"));
        samba.modify(&replace(2, "title", "Head of prints"));
        let run = server.sync();
        assert_eq!((done(&run).0, run["counts"]["changed"].as_u64()), ("incremental", Some(1)), "{run}");
        let all = well(&server, &["source", "sync", "siege", "--full", "--json"]);
        let all: serde_json::Value = serde_json::from_str(&all.stdout).unwrap();
        assert_eq!((done(&all).0, all["counts"]["disabled"].as_u64()), ("full", Some(1)), "{all}");
        // the account that is disabled and was never known is no reason to read all photos again
        assert!(!all["log"].to_string().contains("reads everybody"), "{all}");
    }
}
