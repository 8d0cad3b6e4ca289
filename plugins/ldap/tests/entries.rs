//! The connector against a scripted directory: no network, no WebAssembly.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use estampe_plugin_ldap::Ldap;
use estampe_plugin_sdk::ldap::{Entry, LdapAttribute, entry};
use estampe_plugin_sdk::testing::{ScriptedHost, full_run};
use estampe_plugin_sdk::{Connector, Event, Person};

const PEOPLE: &str = "(|(objectClass=person)(objectClass=posixAccount))";

fn zoe(more: &[(&str, &[&str])]) -> Entry {
    let mut zoe = entry("uid=zoe,ou=people,dc=x", &[("cn", &["Zoé Lefèvre-Núñez"]), ("mail", &["zoe@example.org"])]);
    zoe.attributes.extend(entry("", more).attributes);
    zoe
}

fn only(entry: Entry, host: ScriptedHost) -> Event {
    let pages = full_run::<Ldap>(&host.with_ldap(PEOPLE, vec![entry])).unwrap();
    pages.into_iter().flatten().next().unwrap()
}

fn person(entry: Entry) -> Person {
    match only(entry, ScriptedHost::new()) {
        Event::Person(person) => person,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_is_disabled_is_told_apart() {
    for (name, value, active) in [
        ("userAccountControl", "512", true),
        ("userAccountControl", "514", false),
        ("userAccountControl", "66050", false),
        ("userAccountControl", "16", true),
        // the clock stands at 1970
        ("accountExpires", "0", true),
        ("accountExpires", "9223372036854775807", true),
        ("accountExpires", "116444736000000010", true),
        ("accountExpires", "116444736000000000", false),
        ("accountExpires", "1", false),
        ("accountExpires", "never", true),
        ("lockoutTime", "116444736000000000", true),
        ("nsAccountLock", "TRUE", false),
        ("pwdAccountLockedTime", "20240101000000Z", true),
        ("pwdAccountLockedTime", "000001010000Z", false),
    ] {
        let person = person(zoe(&[("entryUUID", &["u-1"]), (name, &[value])]));
        assert_eq!(person.active, active, "{name} {value}");
    }
}

#[test]
fn identities_last_and_the_name_of_the_entry_is_none() {
    let mut windows = zoe(&[]);
    let guid = vec![0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
    windows.attributes.push(LdapAttribute { name: "objectGUID".into(), values: vec![guid] });
    assert_eq!(person(windows).id, "00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!(person(zoe(&[("entryUUID", &["8F0C-A"])])).id, "8f0c-a");
    let Event::Rejected(rejected) = only(zoe(&[]), ScriptedHost::new()) else { panic!("it has no identity") };
    assert!(rejected.reason.contains("none of objectGUID") && rejected.position.starts_with("uid=zoe"), "{rejected:?}");
    let chosen = ScriptedHost::new().with_config("identity", "ipaUniqueID");
    let Event::Rejected(rejected) = only(zoe(&[("entryUUID", &["u"])]), chosen) else { panic!("not that one") };
    assert!(rejected.reason.contains("`ipaUniqueID`"), "{rejected:?}");
}

#[test]
fn machines_outsiders_and_built_in_accounts_are_no_people() {
    for (name, values) in [
        ("objectClass", &["top", "person", "user", "computer"][..]),
        ("objectClass", &["top", "person", "organizationalPerson", "contact"]),
        ("userAccountControl", &["2080"]),
        ("isCriticalSystemObject", &["TRUE"]),
    ] {
        let entry = zoe(&[("entryUUID", &["u-1"]), (name, values)]);
        let pages = full_run::<Ldap>(&ScriptedHost::new().with_ldap(PEOPLE, [entry])).unwrap();
        assert_eq!(pages.concat(), [], "{name} {values:?}");
    }
    assert!(person(zoe(&[("entryUUID", &["u-1"]), ("isCriticalSystemObject", &["FALSE"])])).active);
}

#[test]
fn a_directory_without_people_is_a_failed_check() {
    let host = ScriptedHost::new().with_root_dse(entry("", &[("highestCommittedUSN", &["12"])]));
    let probes = Ldap::check(&host.with_ldap(PEOPLE, Vec::new()));
    assert!(probes[0].passed && probes[0].detail.contains("Active Directory"), "{probes:?}");
    assert!(!probes[1].passed && probes[1].detail.contains("base"), "{probes:?}");
}
