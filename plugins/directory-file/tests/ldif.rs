//! LDIF files, good and bad, read through the connector.

#![expect(clippy::panic, clippy::format_collect, reason = "a test, and its helpers")]

use estampe_plugin_directory_file::DirectoryFile;
use estampe_plugin_sdk::testing::{ScriptedHost, full_run};
use estampe_plugin_sdk::{Connector, Event, FailKind, Failure, Person, SyncMode, Value};

fn read(file: impl Into<Vec<u8>>) -> Result<Vec<Event>, Failure> {
    full_run::<DirectoryFile>(&ScriptedHost::new().with_file("people", "export.ldif", file)).map(|pages| pages.concat())
}

fn person(event: &Event) -> &Person {
    match event {
        Event::Person(person) => person,
        other => panic!("no person: {other:?}"),
    }
}

fn refused(event: &Event) -> (&str, &str) {
    match event {
        Event::Rejected(rejected) => (&rejected.position, &rejected.reason),
        other => panic!("not refused: {other:?}"),
    }
}

fn text(person: &Person, name: &str) -> Option<String> {
    person.attributes.iter().find(|a| a.name == name).map(|a| match &a.value {
        Value::Text(text) => text.clone(),
        Value::Texts(texts) => texts.join(" | "),
        other => format!("{other:?}"),
    })
}

#[test]
fn reads_what_rfc_2849_allows() {
    let events = read(concat!(
        "\u{feff}version: 1\r\n",
        "# a comment\r\n",
        "  that is folded\r\n",
        "dn:: dWlkPXpvw6ksZGM9eA==\r\n",
        "objectClass: top\r\n",
        "objectclass: inetOrgPerson\r\n",
        "UID: zoe\r\n",
        "sn;lang-en: Lefevre\r\n",
        "sn:: TGVmw6h2cmUt\r\n",
        " TsO6w7Fleg==\r\n",
        "gn:Zo\r\n",
        " é\r\n",
        "mail:   zoe@banque.example\r\n",
        "userPassword: secret\r\n",
        "title:\r\n",
        "# within\r\n",
        "jpegPhoto;binary:: /9j/\r\n",
        "\r\n",
        "\r\n",
        "dn: ou=people,dc=x\r\n",
        "objectClass: organizationalUnit\r\n",
        "\r\n",
        "dn: uid=bo,dc=x\n",
        "changetype: add\n",
        "cn: Bo",
    ))
    .unwrap();
    assert_eq!(events.len(), 2);
    let zoe = person(&events[0]);
    assert_eq!((zoe.id.as_str(), zoe.position.as_deref(), zoe.active), ("zoe", Some("line 4"), true));
    assert_eq!(text(zoe, "sn").as_deref(), Some("Lefèvre-Núñez | Lefevre"));
    assert_eq!(text(zoe, "givenName").as_deref(), Some("Zoé"));
    assert_eq!(text(zoe, "mail").as_deref(), Some("zoe@banque.example"));
    assert_eq!(zoe.attributes.len(), 3);
    assert_eq!(zoe.photo.as_deref(), Some(&[0xff, 0xd8, 0xff][..]));
    let bo = person(&events[1]);
    assert_eq!((bo.id.as_str(), bo.position.as_deref()), ("uid=bo,dc=x", Some("line 23")));
}

#[test]
fn one_bad_entry_does_not_spoil_the_others() {
    let mut file = b"dn: uid=a,dc=x\ncn: A\n\n".to_vec();
    let bad: [&[u8]; 9] = [
        b"dn: uid=b,dc=x\nsn:: %%%\ncn: B\n",
        b"cn: without a name\nsn: C\n",
        b"dn: uid=d,dc=x\ncn: D\xe9sir\xe9\n",
        b"dn: uid=e,dc=x\njpegPhoto:< file:///etc/passwd\n",
        b"dn: uid=f,dc=x\nchangetype: modify\nreplace: cn\ncn: F\n-\n",
        b"dn: uid=g,dc=x\nchangetype: delete\n",
        b"dn: uid=h,dc=x\nno colon here\n",
        b"dn: uid=i,dc=x\ndn: uid=j,dc=x\n",
        b"dn: uid=k,dc=x\ntitle:: 6Q==\n",
    ];
    for entry in bad {
        file.extend_from_slice(entry);
        file.extend_from_slice(b"\n");
    }
    file.extend_from_slice(b"dn: uid=z,dc=x\ncn: Z\n");
    let events = read(file).unwrap();
    assert_eq!(events.len(), 11);
    assert_eq!((person(&events[0]).id.as_str(), person(&events[10]).id.as_str()), ("uid=a,dc=x", "uid=z,dc=x"));
    let expected = [
        ("line 4", "line 5: the value of `sn` is not base64"),
        ("line 8", "an entry without `dn`: it begins with `cn`"),
        ("line 11", "line 12: the value of `cn` is not UTF-8"),
        ("line 14", "line 15: the value of `jpegPhoto` is a URL"),
        ("line 17", "line 18: `changetype: modify` changes"),
        ("line 23", "line 24: `changetype: delete` changes"),
        ("line 26", "line 27: neither `attribute: value`"),
        ("line 29", "line 30: a second `dn`"),
        ("line 32", "line 33: the value of `title` is not UTF-8"),
    ];
    for (event, (position, reason)) in events[1..10].iter().zip(expected) {
        let (found, why) = refused(event);
        assert_eq!(found, position);
        assert!(why.starts_with(reason), "{why}");
    }
}

#[test]
fn a_search_that_was_cut_short_is_no_list_of_everybody() {
    let cut = "dn: uid=a,dc=x\ncn: A\n\nsearch: 2\nresult: 4 Size limit exceeded\n";
    let failure = read(cut).unwrap_err();
    assert_eq!(failure.kind, FailKind::Limit);
    assert!(failure.message.starts_with("line 5: the search"), "{}", failure.message);
    let whole = "dn: uid=a,dc=x\ncn: A\n\n# search result\nsearch: 2\nresult: 0 Success\n\n# numEntries: 1\n";
    assert_eq!(read(whole).unwrap().len(), 1);
}

#[test]
fn what_is_no_usable_file_fails_the_run() {
    let kind = |file: &[u8]| read(file).unwrap_err();
    assert_eq!(kind(b" \n").kind, FailKind::Config);
    assert!(kind(b"\xff\xfed\0n\0").message.contains("UTF-16"));
    assert_eq!(kind(b"version: 2\n").kind, FailKind::Unsupported);
    let none = full_run::<DirectoryFile>(&ScriptedHost::new()).unwrap_err();
    assert_eq!(none.kind, FailKind::Denied);
    let host = ScriptedHost::new().with_file("people", "a.ldif", "dn: x=y\n");
    let incremental = DirectoryFile::sync_page(&host, SyncMode::Incremental, None).unwrap_err();
    assert_eq!(incremental.kind, FailKind::Unsupported);
    let foreign = DirectoryFile::sync_page(&host, SyncMode::Full, Some(b"{}".to_vec())).unwrap_err();
    assert_eq!(foreign.kind, FailKind::CursorExpired);
}

#[test]
fn a_file_of_another_size_is_another_file() {
    let entries: String = (0..600).map(|n| format!("dn: uid={n}\ncn: {n}\n\n")).collect();
    let host = ScriptedHost::new().with_file("people", "a.ldif", entries.clone());
    let next = DirectoryFile::sync_page(&host, SyncMode::Full, None).unwrap().next;
    let host = ScriptedHost::new().with_file("people", "a.ldif", entries + "\n");
    assert_eq!(DirectoryFile::sync_page(&host, SyncMode::Full, next).unwrap_err().kind, FailKind::CursorExpired);
}

#[test]
fn entries_that_are_too_long_are_refused_in_flat_memory() {
    const MIB: usize = 1024 * 1024;
    let mut file = b"dn: uid=a,dc=x\ncn: A\n\ndn: uid=b,dc=x\ncn: ".to_vec();
    file.resize(file.len() + 40 * MIB, b'x');
    file.extend_from_slice(b"\nsn: B\n\ndn: uid=c,dc=x\n");
    for _ in 0..3 {
        file.extend_from_slice(b"description: ");
        file.resize(file.len() + 4 * MIB, b'y');
        file.extend_from_slice(b"\n");
    }
    file.extend_from_slice(b"cn: C\n\ndn: uid=d,dc=x\ncn: D\n");
    let host = ScriptedHost::new().with_file("people", "a.ldif", file);
    let pages = full_run::<DirectoryFile>(&host).unwrap();
    assert!(pages.len() > 2, "a page reads a part of it");
    let events = pages.concat();
    assert_eq!(events.len(), 4);
    assert_eq!((person(&events[0]).id.as_str(), person(&events[3]).id.as_str()), ("uid=a,dc=x", "uid=d,dc=x"));
    assert_eq!(refused(&events[1]).0, "line 4");
    assert!(refused(&events[1]).1.starts_with("line 5: longer than"), "{}", refused(&events[1]).1);
    assert_eq!(refused(&events[2]).0, "line 8");
    assert!(refused(&events[2]).1.starts_with("line 11: longer than"), "{}", refused(&events[2]).1);
    assert_eq!(person(&events[3]).position.as_deref(), Some("line 14"));
}

#[test]
fn pages_hold_at_most_what_they_should() {
    let photo = "A".repeat(800_000);
    let entries: String = (0..700)
        .map(|n| {
            let photo = if n < 5 { format!("jpegPhoto:: {photo}\n") } else { String::new() };
            format!("dn: uid={n}\ncn: {n}\n{photo}\n")
        })
        .collect();
    let host = ScriptedHost::new().with_file("people", "a.ldif", entries);
    let pages = full_run::<DirectoryFile>(&host).unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 500, 197]);
    assert!(host.logged().iter().any(|(_, line)| line.contains("700 people, 0 entries refused")));
}

#[test]
fn the_check_says_what_was_found() {
    let host = ScriptedHost::new().with_file("people", "a.ldif", "dn: uid=a\ncn: A\n\ncn: B\n");
    let probes = DirectoryFile::check(&host);
    assert!(probes.iter().all(|probe| probe.passed));
    assert_eq!(probes.last().unwrap().detail, "1 people, 1 refused, and that is the whole file");
    let probes = DirectoryFile::check(&ScriptedHost::new().with_config("format", "xml"));
    assert_eq!(probes.len(), 1);
    assert_eq!(probes[0].detail, "`format` is \"xml\"; expected one of: auto, ldif, csv");
}

#[test]
fn what_the_host_would_not_take_is_refused_here() {
    let long = format!("dn: uid=a\ncn: {}\n\n", "x".repeat(70_000));
    let many = format!("dn: uid=b\n{}\n", (0..1001).map(|n| format!("mail: {n}@x\n")).collect::<String>());
    let dn = format!("dn: cn={}\ncn: C\n\n", "y".repeat(300));
    let flood = format!("dn: uid=d\n{}\n", "o:a\n".repeat(2_000_000));
    let events = read(long + &many + &dn + &flood + "dn: uid=z\ncn: Z\n").unwrap();
    assert_eq!(events.len(), 5);
    assert!(refused(&events[0]).1.contains("`cn` is longer than a text may be (64 KiB)"));
    assert!(refused(&events[1]).1.contains("`mail` has more than 1000 values"));
    assert!(refused(&events[2]).1.contains("1 to 255 octets"));
    assert!(refused(&events[3]).1.contains("more than 10000 values"));
    assert_eq!(person(&events[4]).id, "uid=z");
}
