//! Groups of directories, nested ones too: read, followed, listed.

use std::fmt::Write as _;

use estampe_tests::{Options, Server, on_both};
use serde_json::Value;

use super::active_directory::samba::{GROUPS as DOMAIN_GROUPS, LEAVERS, STAFF, Samba, WATCHER};
use super::ad_changes;
use super::ldap::slapd::{Certificate, More, PEOPLE, Slapd};
use super::ldap::{add, done, well};

pub(crate) const GROUPS: &str = "ou=groups,dc=example,dc=org";

/// A group of OpenLDAP as LDIF to be added.
pub(crate) fn group(name: &str, members: &[String]) -> String {
    let mut ldif = format!("dn: cn={name},{GROUPS}\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\n");
    for member in members {
        writeln!(ldif, "member: {member}").unwrap();
    }
    ldif + "\n"
}

pub(crate) fn person(number: usize) -> String {
    format!("uid=p{number},{PEOPLE}")
}

fn change(name: &str, changes: &str) -> String {
    format!("dn: cn={name},{GROUPS}\nchangetype: modify\n{changes}\n")
}

/// The names of the people in a group, and how many they are.
fn members(server: &Server, group: &str) -> (Vec<String>, u64) {
    let shown = server.json(&["group", "show", group]);
    let people = shown["people"].as_array().unwrap_or_else(|| panic!("{group}: {shown}"));
    let names = people.iter().map(|person| person["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(shown["total"], shown["group"]["people"], "{shown}");
    (names, shown["total"].as_u64().unwrap())
}

fn names(numbers: &[usize]) -> (Vec<String>, u64) {
    (numbers.iter().map(|number| format!("Person {number}")).collect(), numbers.len() as u64)
}

/// What a run says of groups.
fn said(run: &Value) -> Option<String> {
    let counts = ["created", "changed", "gone", "unchanged"].map(|name| run["groups"][name].as_u64().unwrap());
    let [created, changed, gone, unchanged] = counts;
    let words = || format!("{created} new, {changed} changed, {gone} gone, {unchanged} unchanged");
    (counts != [0; 4]).then(words)
}

/// A run that waits because many groups would go, approved.
fn approved(server: &Server, held: &Value) -> Value {
    assert_eq!((held["state"].as_str(), held["hold"].as_str()), (Some("held"), Some("too-many-groups-gone")), "{held}");
    server.json(&["run", "approve", held["id"].as_str().unwrap()])
}

/// A server with the source "siege" that reads people and groups of a directory.
pub(crate) async fn start(database: estampe_tests::Database, slapd: &Slapd) -> Server {
    let server = Server::start(Options { database, ..Options::default() }).await;
    well(&server, &["plugin", "install", "ldap", "--yes"]);
    assert_eq!(add(&server, slapd).code, 0);
    let base = format!("group-base={GROUPS}");
    well(&server, &["source", "set", "siege", "--set", "groups=true", "--set", &base]);
    server
}

pub(crate) fn container() -> String {
    format!("dn: {GROUPS}\nchangetype: add\nobjectClass: organizationalUnit\nou: groups\n\n")
}

on_both! {
    async fn groups_in_groups_and_in_circles_have_all_their_people(database) {
        let slapd = Slapd::start(20, Certificate::Good);
        let within = |name: &str| format!("cn={name},{GROUPS}");
        slapd.change(&[
            container(),
            group("staff", &[person(0), person(1)]),
            group("bank", &[person(2), within("all")]),
            // in capitals, with spaces, and somebody whom nobody knows
            group("all", &[within("bank"), within("staff").to_uppercase().replace(',', " , "), within("nobody")]),
            format!("dn: cn=unix,{GROUPS}\nchangetype: add\nobjectClass: posixGroup\ncn: unix\ngidNumber: 7\nmemberUid: p5\nmemberUid: p6\n\n"),
        ].concat());
        let server = start(database, &slapd).await;
        let checked = well(&server, &["source", "check", "siege"]).stdout;
        assert!(checked.contains("groups") && checked.contains("4 on the first page"), "{checked}");
        let run = server.sync();
        assert_eq!((done(&run), said(&run).as_deref()), (("full", [20, 0, 0, 0]), Some("4 new, 0 changed, 0 gone, 0 unchanged")));
        for (name, people) in [("staff", vec![0, 1]), ("bank", vec![0, 1, 2]), ("all", vec![0, 1, 2]), ("unix", vec![5, 6])] {
            assert_eq!(members(&server, name), names(&people), "{name}");
        }
        // a run in which nothing changed asks for no group
        let run = server.sync();
        assert_eq!((done(&run), said(&run).as_deref()), (("incremental", [0; 4]), None), "{run}");

        // one leaves and one comes; a person is renamed, and the group says so; a login is added
        let (old, new) = (person(1), format!("uid=p1-married,{PEOPLE}"));
        slapd.change(&[
            format!("dn: {old}\nchangetype: modrdn\nnewrdn: uid=p1-married\ndeleteoldrdn: 1\n\n"),
            change("staff", &format!("delete: member\nmember: {}\nmember: {old}\n-\nadd: member\nmember: {new}\nmember: {}\n", person(0), person(3))),
            change("unix", "add: memberUid\nmemberUid: p8\n"),
        ].concat());
        let run = server.sync();
        assert_eq!((done(&run).0, said(&run).as_deref()), ("incremental", Some("0 new, 2 changed, 0 gone, 2 unchanged")), "{run}");
        assert_eq!(members(&server, "all"), names(&[1, 2, 3]));
        assert_eq!(members(&server, "unix"), names(&[5, 6, 8]));

        // a group alone changes: no person does, and it is seen
        slapd.change(&change("staff", &format!("delete: member\nmember: {}\n", person(3))));
        let run = server.sync();
        assert_eq!((done(&run), said(&run).as_deref()), (("incremental", [0; 4]), Some("0 new, 1 changed, 0 gone, 3 unchanged")), "{run}");
        assert_eq!(members(&server, "all"), names(&[1, 2]));

        // a plan that is held changes no group, nor one that is discarded
        slapd.change(&format!("dn: {}\nchangetype: delete\n\n", within("bank")));
        let held = server.json(&["source", "sync", "siege", "--dry-run"]);
        assert_eq!((held["state"].as_str(), said(&held).as_deref()), (Some("held"), Some("0 new, 0 changed, 1 gone, 3 unchanged")), "{held}");
        assert_eq!(members(&server, "bank"), names(&[1, 2]));
        well(&server, &["run", "discard", held["id"].as_str().unwrap()]);
        assert_eq!(members(&server, "bank"), names(&[1, 2]));
        let run = server.sync();
        assert_eq!(said(&run).as_deref(), Some("0 new, 0 changed, 1 gone, 3 unchanged"), "{run}");
        assert_eq!(members(&server, "all"), names(&[1]));
        let missing = server.cli(&["group", "show", "bank"]);
        assert!(missing.code == 1 && missing.stderr.contains("estampe group list"), "{missing:?}");

        // somebody who comes later is in the group that waited for them
        slapd.change(&change("all", &format!("add: member\nmember: uid=late,{PEOPLE}\n")));
        server.sync();
        assert_eq!(members(&server, "all"), names(&[1]));
        slapd.change(&format!("dn: uid=late,{PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: late\ncn: Person 99\nsn: 99\n\n"));
        let run = server.sync();
        assert_eq!((done(&run), said(&run).as_deref()), (("incremental", [1, 0, 0, 0]), Some("0 new, 0 changed, 0 gone, 3 unchanged")), "{run}");
        assert_eq!(members(&server, "all"), names(&[1, 99]));

        // another person gets the name of one who left: the group means them alone
        slapd.change(&format!("dn: uid=late,{PEOPLE}\nchangetype: delete\n\n"));
        server.sync();
        slapd.change(&format!(
            "dn: uid=late,{PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: late\ncn: Person 98\nsn: 98\n\n"
        ));
        server.sync();
        assert_eq!(members(&server, "all"), names(&[1, 98]));

        // pages
        let listed = server.json(&["group", "list", "--source", "siege"]);
        let found: Vec<_> = listed["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
        assert_eq!((found, listed["total"].as_u64()), (vec!["all", "staff", "unix"], Some(3)));
        let browser = server.console();
        let token = server.json(&["first-run"])["token"].as_str().unwrap().to_owned();
        let form = [("token", token.as_str()), ("name", "M"), ("email", "m@banque.example"), ("password", "violet hortensia 47")];
        browser.post(format!("{}/first-run", server.internal)).form(&form).send().await.unwrap();
        let page = async |path: &str| {
            let request = browser.get(format!("{}{path}", server.internal)).header("accept-language", "en");
            request.send().await.unwrap().text().await.unwrap()
        };
        let groups = page("/sources/siege/groups").await;
        let within = format!("/people?group={}", listed["groups"][0]["id"].as_str().unwrap());
        assert!(groups.contains(&format!("href=\"{within}\">all</a>")) && groups.contains("3 groups"), "{groups}");
        let people = page(&within).await;
        assert!(people.contains("<h1>all</h1>") && people.contains("Person 98") && !people.contains("Person 5"), "{people}");
        let late = server.json(&["person", "list", "Person 98"])["people"][0]["id"].as_str().unwrap().to_owned();
        let shown = page(&format!("/people/{late}")).await;
        assert!(shown.contains(&format!("href=\"{within}\">all</a>")), "{shown}");

        // who may not tell of groups any more tells of none
        well(&server, &["plugin", "revoke", "ldap", "groups read"]);
        let held = server.cli(&["source", "sync", "siege"]);
        assert!(held.stdout.contains("Groups: 0 to add, 0 to change, 3 to go, 0 unchanged"), "{held:?}");
        assert!(held.code == 1 && held.stdout.contains("Held: of the groups 3 would go"), "{held:?}");
        assert!(held.stdout.contains("Groups that would go:\n  all\n  staff\n  unix\n"), "{held:?}");
        let held = server.json(&["run", "list"])["runs"][0].clone();
        let shown = page(&format!("/runs/{}", held["id"].as_str().unwrap())).await;
        assert!(shown.contains("3 groups of 3 would go (100%)") && shown.contains("Let the 3 groups go"), "{shown}");
        assert!(shown.contains("<li>unix</li>") && !shown.contains("Nothing changes"), "{shown}");
        assert_eq!(server.json(&["group", "list"])["total"], 3);
        let run = approved(&server, &held);
        assert_eq!((done(&run).0, said(&run).as_deref()), ("full", Some("0 new, 0 changed, 3 gone, 0 unchanged")), "{run}");
        assert_eq!(server.json(&["group", "list"])["total"], 0);
    }

    async fn a_group_of_ten_thousand_and_a_bad_one(database) {
        let slapd = Slapd::start(60, Certificate::Good);
        let all: Vec<_> = (0..10_500).map(person).collect();
        slapd.change(&(container() + &group("everybody", &all) + &group("few", &all[..2])));
        let server = start(database, &slapd).await;
        let run = server.sync();
        assert_eq!(said(&run).as_deref(), Some("2 new, 0 changed, 0 gone, 0 unchanged"), "{run}");
        assert_eq!(members(&server, "everybody").1, 60);
        assert_eq!(members(&server, "few"), names(&[0, 1]));
        // a full run that finds the same writes nothing
        let run = server.json(&["source", "sync", "siege", "--full"]);
        assert_eq!(said(&run).as_deref(), Some("0 new, 0 changed, 0 gone, 2 unchanged"), "{run}");
        // without the option there are none
        well(&server, &["source", "set", "siege", "--set", "groups=false"]);
        let run = approved(&server, &server.sync());
        assert_eq!((done(&run), said(&run).as_deref()), (("full", [0, 0, 0, 60]), Some("0 new, 0 changed, 2 gone, 0 unchanged")), "{run}");
        let run = server.sync();
        assert_eq!((done(&run), said(&run).as_deref()), (("incremental", [0; 4]), None), "{run}");
    }

    async fn active_directory_has_groups_too(database) {
        let server = Server::start(Options { database, ..Options::default() }).await;
        let samba = Samba::start(250);
        ad_changes::add(&server, &samba, WATCHER);
        let base = format!("group-base={DOMAIN_GROUPS}");
        well(&server, &["source", "set", "siege", "--set", "groups=true", "--set", &base]);
        let run = server.sync();
        assert_eq!((done(&run), said(&run).as_deref()), (("full", [250, 0, 0, 1]), Some("3 new, 0 changed, 0 gone, 0 unchanged")), "{run}");
        assert_eq!(members(&server, "Everyone").1, 250);
        assert_eq!(members(&server, "Bank"), names(&[0, 1]));
        assert_eq!(members(&server, "All"), names(&[0, 1]));
        let run = server.sync();
        assert_eq!((done(&run), said(&run).as_deref()), (("incremental", [0; 4]), None), "{run}");

        // the server itself follows who is renamed or moves: the group was not changed
        samba.rename(&format!("CN=Person 1,{STAFF}"), "CN=Person 1 married", STAFF);
        samba.modify(&format!("dn: CN=Bank,{DOMAIN_GROUPS}\nchangetype: modify\nadd: member\nmember: CN=Person 7,{STAFF}\n\n"));
        let run = server.sync();
        assert_eq!(done(&run).0, "incremental", "{run}");
        assert_eq!(members(&server, "All").1, 3, "{run}");
        assert_eq!(members(&server, "Everyone").1, 250);
        // who left the staff is disabled, and no group names them there any more
        samba.modify(&format!("dn: CN=Bank,{DOMAIN_GROUPS}\nchangetype: modify\ndelete: member\nmember: CN=Person 0,{STAFF}\n\n"));
        samba.rename(&format!("CN=Person 249,{STAFF}"), "CN=Person 249", LEAVERS);
        samba.delete(&format!("CN=All,{DOMAIN_GROUPS}"));
        let run = server.sync();
        assert_eq!(done(&run).0, "incremental", "{run}");
        assert_eq!(members(&server, "Bank").1, 2, "{run}");
        assert_eq!(members(&server, "Everyone").1, 249, "{run}");
        assert_eq!(server.json(&["group", "list"])["total"], 2);
    }
}

/// As the same directory without content synchronisation tells it.
#[tokio::test(flavor = "multi_thread")]
async fn groups_are_read_again_where_a_directory_does_not_tell_what_changed() {
    let slapd = Slapd::start_with(10, Certificate::Good, &More { sessionlog: 0, ..More::default() });
    slapd.change(&(container() + &group("few", &[person(0)])));
    let server = start(estampe_tests::Database::Sqlite, &slapd).await;
    server.sync();
    slapd.change(&change("few", &format!("add: member\nmember: {}\n", person(1))));
    let run = server.sync();
    assert_eq!(
        (done(&run).0, said(&run).as_deref()),
        ("incremental", Some("0 new, 1 changed, 0 gone, 0 unchanged")),
        "{run}"
    );
    assert_eq!(members(&server, "few"), names(&[0, 1]));
}
