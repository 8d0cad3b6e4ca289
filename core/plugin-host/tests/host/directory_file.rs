//! The first plugin, as `cargo xtask build` makes it, on a small file.

use std::io::Write;
use std::path::{Path, PathBuf};

use estampe_domain::plugin::{DirectoryEvent, FailKind, PluginInfo, SyncCall};
use estampe_domain::ports::Directory;
use estampe_plugin_host::HostSettings;

use crate::support::{Loaded, Place, call};

/// The folder of built bundles.
pub fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let bundle = folder.join("directory-file.estampe");
    assert!(bundle.exists(), "{} is not there: run `cargo xtask build`", bundle.display());
    folder
}

/// An LDIF file of this many people.
pub fn ldif(path: &Path, people: usize) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(file, "version: 1\n").unwrap();
    for number in 0..people {
        writeln!(
            file,
            "dn: uid=p{number},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\n\
             entryUUID: 00000000-0000-4000-8000-{number:012}\nuid: p{number}\n\
             cn: Person {number}\ngivenName: Person\nsn: Number {number}\n\
             mail: p{number}@example.org\ntelephoneNumber: +33 1 00 00 00 00\n\
             title: Engineer\no: Example\n"
        )
        .unwrap();
    }
    file.flush().unwrap();
}

/// A host with the shipped plugin, and a call that reads this file.
pub async fn host(place: &Place, folder: PathBuf, file: &Path) -> (Loaded, SyncCall) {
    let settings = HostSettings { offered: folder, ..place.settings() };
    let host = Loaded::start(settings).await;
    assert_eq!(host.problems, []);
    let mut call = call("directory-file");
    let asked = host.plugins().iter().flat_map(PluginInfo::asked).map(|asked| asked.permission).collect();
    call.given.grants = asked;
    call.connector.inputs.insert("people".to_owned(), file.to_owned());
    (host, call)
}

#[tokio::test]
async fn pages_arrive_until_the_file_ends() {
    let folder = built();
    let place = Place::new();
    let file = place.path("people.ldif");
    ldif(&file, 3_000);
    let (host, mut call) = host(&place, folder, &file).await;

    let probes = host.check(&call.connector, &call.given).await.unwrap();
    assert!(!probes.is_empty() && probes.iter().all(|probe| probe.passed), "{probes:?}");

    let (mut people, mut pages) = (0, 0);
    loop {
        let page = host.sync_page(call.clone()).await.unwrap();
        pages += 1;
        for event in &page.events {
            let DirectoryEvent::Person(person) = event else { panic!("{event:?}") };
            assert!(person.attributes.iter().any(|(name, _)| name == "mail"), "{person:?}");
            people += 1;
        }
        call.cursor = page.next;
        if call.cursor.is_none() {
            break;
        }
    }
    assert_eq!(people, 3_000);
    assert!(pages > 1, "{pages}");

    call.connector.inputs.clear();
    let failure = host.sync_page(call).await.unwrap_err();
    assert_eq!(failure.kind, FailKind::Denied, "{failure}");
}

#[tokio::test]
async fn a_file_that_changes_during_a_run_ends_it() {
    let folder = built();
    let place = Place::new();
    let file = place.path("people.ldif");
    ldif(&file, 3_000);
    let (host, mut call) = host(&place, folder, &file).await;
    let page = host.sync_page(call.clone()).await.unwrap();
    call.cursor = page.next;
    assert!(call.cursor.is_some());
    ldif(&file, 3_001);
    for _ in 0..2 {
        let failure = host.sync_page(call.clone()).await.unwrap_err();
        assert_eq!(failure.kind, FailKind::Conflict, "{failure}");
    }
    call.cursor = None;
    host.sync_page(call).await.expect("a new beginning reads the new file");
}
