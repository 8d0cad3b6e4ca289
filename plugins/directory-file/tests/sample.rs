//! The sample data of config/sample, as its README describes it.

use estampe_plugin_directory_file::DirectoryFile;
use estampe_plugin_sdk::Event;
use estampe_plugin_sdk::testing::{ScriptedHost, full_run};

#[test]
fn garonne_is_as_described() {
    let file = include_bytes!("../../../config/sample/garonne.ldif");
    let host = ScriptedHost::new().with_file("people", "garonne.ldif", &file[..]);
    let events = full_run::<DirectoryFile>(&host).unwrap().concat();
    let mut refused = Vec::new();
    let (mut people, mut photos, mut gone, mut nobody) = (0, 0, 0, 0);
    for event in &events {
        match event {
            Event::Rejected(rejected) => refused.push(rejected.reason.as_str()),
            Event::Person(person) if person.attributes.is_empty() => nobody += 1,
            Event::Person(person) => {
                people += 1;
                photos += i32::from(person.photo.is_some());
                gone += i32::from(!person.active);
            }
            Event::PersonGone(_) | Event::Group(_) | Event::GroupGone(_) | Event::AllGroups => panic!("{event:?}"),
        }
    }
    assert_eq!((people, photos, gone, nobody), (200, 6, 2, 2));
    assert_eq!(refused.len(), 4);
    for (reason, part) in refused.iter().zip(["not base64", "without `dn`", "not UTF-8", "is a URL"]) {
        assert!(reason.contains(part), "{reason}");
    }
    let Some(Event::Person(zoe)) = events.first() else { panic!("Zoé is not the first") };
    assert_eq!(zoe.attributes.len(), 16);
    assert!(zoe.photo.as_ref().unwrap().starts_with(b"\xff\xd8\xff"));
}

#[test]
fn pau_is_as_described() {
    let file = include_bytes!("../../../config/sample/agence-pau.csv");
    let host = ScriptedHost::new().with_file("people", "agence-pau.csv", &file[..]);
    let events = full_run::<DirectoryFile>(&host).unwrap().concat();
    let active: Vec<bool> = events
        .iter()
        .map(|event| match event {
            Event::Person(person) => person.active,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((active.len(), active.iter().filter(|active| **active).count()), (12, 11));
}
