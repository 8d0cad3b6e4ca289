//! What only an own clock can show: the local certificate's renewals.

use estampe_domain::Ts;

use super::local::{LocalCa, LocalRoot};
use crate::config::Name;

const DAY: i64 = 86_400;

fn now() -> Ts {
    Ts::from_micros(1_795_507_920_000_000)
}

fn names(list: &[&str]) -> Vec<Name> {
    let mut names: Vec<Name> = list.iter().map(|name| name.parse().unwrap()).collect();
    names.sort();
    names
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("estampe-tls-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_leaf_is_renewed_when_a_third_of_it_is_left_and_never_outlives_its_ca() {
    let (folder, names) = (folder("leaf"), names(&["localhost", "127.0.0.1"]));
    let ca = LocalCa::open_or_make(&folder, &names, now()).unwrap();
    let first = ca.leaf(&names, now()).unwrap().leaf;
    assert!(first.lifetime() <= 90 * DAY, "{}", first.lifetime() / DAY);
    let later = |days: i64| now().plus_seconds(days * DAY);
    assert_eq!(ca.leaf(&names, later(57)).unwrap().leaf, first);
    let second = ca.leaf(&names, later(60)).unwrap().leaf;
    assert_ne!(second.fingerprint, first.fingerprint);
    assert!(second.not_after > first.not_after);
    // in the last weeks of the CA
    let last = ca.leaf(&names, later(3640)).unwrap().leaf;
    assert!(last.not_after <= ca.root.not_after);
    let ended = LocalCa::open(&folder, &names, later(3651)).err().unwrap();
    assert!(ended.contains("has ended") && ended.contains("estampe ca --renew"), "{ended}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn names_that_the_ca_may_not_sign_for_are_named_with_the_remedy() {
    let (folder, old) = (folder("names"), names(&["cards.example.com", "127.0.0.1", "::1"]));
    let first = LocalCa::open_or_make(&folder, &old, now()).unwrap();
    // what stands below a permitted name is permitted; what only ends like it is not
    for (wanted, permitted) in [
        (vec!["cards.example.com"], true),
        (vec!["a.cards.example.com", "*.cards.example.com"], true),
        (vec!["evilcards.example.com"], false),
        (vec!["example.com"], false),
        (vec!["127.0.0.1", "::1"], true),
        (vec!["127.0.0.2"], false),
    ] {
        let wanted = names(&wanted);
        let opened = LocalCa::open(&folder, &wanted, now());
        match opened {
            Ok(_) => assert!(permitted, "{wanted:?}"),
            Err(problem) => {
                assert!(!permitted && problem.contains("estampe ca --renew"), "{problem}");
                assert!(problem.contains(&wanted[0].to_string()) && problem.contains("cards.example.com"), "{problem}");
            }
        }
    }
    let new = names(&["127.0.0.2", "::1"]);
    let second = LocalCa::make(&folder, &new, now()).unwrap();
    assert_ne!(second.root.fingerprint, first.root.fingerprint);
    assert_eq!(second.leaf(&new, now()).unwrap().leaf.names, new);
    // an authority of addresses alone signs for no host name at all
    let root = LocalRoot::read(&folder).unwrap();
    assert!(root.check(&names(&["localhost"]), now()).is_err());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_key_of_another_ca_is_found_out() {
    let (one, other) = (folder("one"), folder("other"));
    let wanted = names(&["localhost"]);
    LocalCa::open_or_make(&one, &wanted, now()).unwrap();
    LocalCa::open_or_make(&other, &wanted, now()).unwrap();
    std::fs::copy(other.join("tls/ca.key"), one.join("tls/ca.key")).unwrap();
    let problem = LocalCa::open_or_make(&one, &wanted, now()).err().unwrap();
    assert!(problem.contains("ca.key") && problem.contains("estampe ca --renew"), "{problem}");
    for folder in [one, other] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}
