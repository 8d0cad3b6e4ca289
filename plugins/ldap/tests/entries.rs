//! The connector against a scripted directory: no network, no WebAssembly.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use estampe_plugin_ldap::Ldap;
use estampe_plugin_sdk::ldap::{Changes, Entry, LdapAttribute, Scope, entry};
use estampe_plugin_sdk::testing::{ScriptedHost, full_run};
use estampe_plugin_sdk::{Connector, Event, FailKind, Gone, Person, SyncMode};

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
fn what_the_mapping_names_is_read_and_no_more() {
    let fields = ["displayName", "title", "extensionAttribute3", "phoneNumbers.work", "x_y"];
    let entry = zoe(&[
        ("entryUUID", &["u-1"]),
        ("title", &["Directrice"]),
        ("extensionAttribute3", &["Toulouse", "Pau"]),
        ("homePhone", &["+33 5 61 00 42 17"]),
    ]);
    let host = ScriptedHost::new().with_fields(&fields).with_ldap(PEOPLE, [entry]);
    let events = full_run::<Ldap>(&host).unwrap().concat();
    let Some(Event::Person(person)) = events.first() else { panic!("{events:?}") };
    let names: Vec<_> = person.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["title", "extensionattribute3"], "of a mail nothing would come");
    let queries = host.ldap_queries();
    let asked = |name: &str| queries[0].attributes.iter().any(|asked| asked.eq_ignore_ascii_case(name));
    for name in ["displayName", "title", "extensionAttribute3", "entryUUID", "userAccountControl", "jpegPhoto"] {
        assert!(asked(name), "{name}");
    }
    for name in ["mail", "telephoneNumber", "homePhone", "phoneNumbers.work", "x_y"] {
        assert!(!asked(name), "{name}");
    }
    // what is no text is left out, and nobody for it
    let mut binary = zoe(&[("entryUUID", &["u-1"])]);
    binary.attributes.push(LdapAttribute { name: "employeeType".into(), values: vec![vec![0xff, 0xfe]] });
    let host = ScriptedHost::new().with_fields(&["cn", "employeeType"]).with_ldap(PEOPLE, [binary]);
    assert!(matches!(&full_run::<Ldap>(&host).unwrap().concat()[..], [Event::Person(_)]));
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

/// A page of a run: events, where it goes on, the checkpoint.
fn page(host: &ScriptedHost, mode: SyncMode, from: Option<Vec<u8>>) -> estampe_plugin_sdk::Page {
    Ldap::sync_page(host, mode, from).unwrap()
}

fn numbered(number: u8, modified: &str) -> Entry {
    let uuid = format!("00000000-0000-0000-0000-0000000000{number:02x}");
    let attributes = [("entryUUID", uuid.as_str()), ("cn", "Somebody"), ("modifyTimestamp", modified)];
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, std::slice::from_ref(value))).collect();
    entry(&format!("uid=p{number},dc=x"), &attributes)
}

#[test]
fn photos_are_read_again_of_whom_was_modified() {
    let all = || [numbered(1, "20260101000000Z"), numbered(2, "20260301000000Z")];
    let first = page(&ScriptedHost::new().with_ldap(PEOPLE, all()), SyncMode::Full, None);
    let known = first.checkpoint.unwrap();
    let mut changed = all();
    changed[1] = numbered(2, "20260302000000Z");
    let photo = entry("uid=p2,dc=x", &[("jpegPhoto", &["a photo"])]);
    let host = ScriptedHost::new()
        .with_ldap(PEOPLE, changed)
        .with_ldap("(objectClass=*)", [photo])
        .with_checkpoint(known.clone());
    let again = page(&host, SyncMode::Full, None);
    let photos: Vec<_> = again
        .events
        .iter()
        .map(|event| match event {
            Event::Person(person) => (person.photo.as_deref(), person.photo_etag.is_some()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(photos, [(None, true), (Some(&b"a photo"[..]), false)]);
    let asked = host.ldap_queries();
    assert!(!asked[0].attributes.iter().any(|name| name.ends_with("Photo")), "{asked:?}");
    assert_eq!((asked.len(), asked[1].base.as_deref(), asked[1].scope), (2, Some("uid=p2,dc=x"), Scope::Base));

    // who begins to fit a filter was not modified by that: all are read
    let filtered = ScriptedHost::new().with_ldap(PEOPLE, all()).with_checkpoint(known).with_config("filter", "(a=b)");
    page(&filtered, SyncMode::Full, None);
    assert!(filtered.ldap_queries()[0].attributes.iter().any(|name| name == "jpegPhoto"));
}

#[test]
fn changes_are_read_in_batches_from_one_position() {
    let id = |number: u8| [[0; 15].as_slice(), &[number]].concat();
    let told = |changed: &[u8], gone: &[u8], position: &str, more| {
        let ids = |numbers: &[u8]| numbers.iter().map(|number| id(*number)).collect();
        Ok(Changes { changed: ids(changed), gone: ids(gone), position: position.into(), more })
    };
    let root = || {
        let control: &[&str] = &["1.3.6.1.4.1.4203.1.9.1.1"];
        entry("", &[("objectClass", &["top", "OpenLDAProotDSE"]), ("supportedControl", control)])
    };
    let host = ScriptedHost::new()
        .with_root_dse(root())
        .with_ldap_changes(told(&[], &[], "here", false))
        .with_ldap(PEOPLE, [numbered(1, "20260101000000Z")]);
    let checkpoint = page(&host, SyncMode::Full, None).checkpoint.unwrap();
    assert_eq!(host.ldap_positions(), [None]);

    let all: Vec<u8> = (1..=150).collect();
    let filter = |numbers: std::ops::RangeInclusive<u8>| {
        let ids = numbers.map(|number| format!("(entryUUID=00000000-0000-0000-0000-0000000000{number:02x})"));
        format!("(&{PEOPLE}(|{}))", ids.collect::<String>())
    };
    let host = ScriptedHost::new()
        .with_root_dse(root())
        .with_ldap(&filter(1..=100), (1..=100).map(|number| numbered(number, "20260101000000Z")))
        .with_ldap(&filter(101..=150), (101..=149).map(|number| numbered(number, "20260101000000Z")))
        .with_ldap_changes(told(&all, &[200], "there", false))
        // more was changed meanwhile, which is for the next run
        .with_ldap_changes(told(&all, &[200, 201], "beyond", false));
    let first = page(&host, SyncMode::Incremental, Some(checkpoint.clone()));
    let gone = |number: u8, why| Event::PersonGone((format!("00000000-0000-0000-0000-0000000000{number:02x}"), why));
    assert_eq!((first.events.len(), &first.events[0]), (101, &gone(200, Gone::Deleted)));
    let second = page(&host, SyncMode::Incremental, first.next);
    // one of them is not there: they left what is read
    assert_eq!((second.events.len(), &second.events[0]), (50, &gone(150, Gone::OutOfScope)));
    assert_eq!(host.ldap_positions(), [Some(b"here".to_vec()), Some(b"here".to_vec())]);
    let after = second.checkpoint.unwrap();
    let host = ScriptedHost::new().with_root_dse(root()).with_ldap_changes(told(&[], &[], "there", false));
    page(&host, SyncMode::Incremental, Some(after));
    assert_eq!(host.ldap_positions(), [Some(b"there".to_vec())]);

    // another version's cursor, and a full run's, are none
    for foreign in [b"{}".to_vec(), b"nothing".to_vec()] {
        let failure = Ldap::sync_page(&host, SyncMode::Incremental, Some(foreign)).unwrap_err();
        assert_eq!(failure.kind, FailKind::CursorExpired, "{failure:?}");
    }
}
