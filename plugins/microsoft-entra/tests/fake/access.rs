//! Permissions: what the check says is missing, consent that was withdrawn, roles.

use estampe_fakes::graph::{Graph, TENANT};
use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::{Connector, FailKind, Organisation, Role};
use serde_json::json;

use crate::world::{Entra, World};

const ALL: [(&str, &str); 3] = [("groups", "true"), ("photos", "true"), ("administrators", "true")];

fn check(world: &World) -> Vec<(String, bool, String)> {
    let probes = world.host.call(|host| MicrosoftEntra::check(host));
    probes.into_iter().map(|probe| (probe.name, probe.passed, probe.detail)).collect()
}

#[test]
fn the_check_says_what_is_missing_one_by_one() {
    let graph = Graph::start(30);
    let world = World::of(&graph, &ALL);
    let probes = check(&world);
    assert_eq!(probes.len(), 5);
    assert!(probes.iter().all(|(_, passed, _)| *passed), "{probes:?}");
    assert!(probes[0].2.contains("Banque Exemple"));

    for (granted, missing) in [
        (&["User.Read.All"][..], &[("groups", "Group.Read.All"), ("administrators", "Directory.Read.All")][..]),
        (&["User.Read.All", "Group.Read.All"], &[("administrators", "Directory.Read.All")]),
        (
            &["Group.Read.All"],
            &[("tenant", "User.Read.All"), ("people", "User.Read.All"), ("photos", ""), ("administrators", "")],
        ),
    ] {
        let world = World::of(&graph, &ALL);
        graph.consent(granted);
        let failed: Vec<_> = check(&world).into_iter().filter(|(_, passed, _)| !passed).collect();
        for (name, permission) in missing {
            let found = failed.iter().find(|(failed, ..)| failed == name);
            let words = found.map(|(.., detail)| detail.as_str());
            // of photos and roles nothing can be said without somebody to look at
            assert!(
                permission.is_empty() || words.is_some_and(|words| words.contains(permission)),
                "{name}: {words:?}"
            );
        }
        assert!(failed.len() <= missing.len(), "{failed:?}");
    }
    world.was_polite(&graph);
}

#[test]
fn the_least_is_enough_for_what_is_switched_on() {
    let graph = Graph::start(60);
    let mut world = World::of(&graph, &[("photos", "true")]);
    graph.consent(&["User.Read.All"]);
    world.full();
    world.is_as_in(&graph);
    assert!(check(&world).iter().all(|(_, passed, _)| *passed));
    let mut world = World::of(&graph, &ALL);
    graph.consent(&["Directory.Read.All", "ProfilePhoto.Read.All"]);
    world.full();
    world.is_as_in(&graph);
    world.was_polite(&graph);
}

#[test]
fn consent_that_was_withdrawn_is_said_plainly() {
    let graph = Graph::start(60);
    let mut world = World::of(&graph, &[]);
    world.full();
    // the next token has no permissions in it
    graph.consent(&[]);
    graph.expire_tokens();
    let failure = world.host.incremental_run::<Entra>().unwrap_err();
    assert_eq!(failure.kind, FailKind::Denied);
    for words in ["consent was withdrawn", "User.Read.All", "Grant admin consent"] {
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    graph.consent(&["User.Read.All"]);
    graph.expire_tokens();
    assert_eq!(world.incremental(), 0);

    graph.remove_application(true);
    let failure = world.host.incremental_run::<Entra>().unwrap_err();
    assert_eq!(failure.kind, FailKind::Auth);
    assert!(failure.message.contains("Enterprise applications"), "{}", failure.message);
    graph.remove_application(false);
    assert_eq!(world.incremental(), 0);
    world.was_polite(&graph);
}

#[test]
fn the_organisation_and_who_administers_it() {
    let graph = Graph::start(60);
    let world = World::of(&graph, &ALL);
    let about = world.host.call(|host| MicrosoftEntra::about(host)).unwrap();
    assert_eq!((about.id.as_str(), about.name.as_str()), (TENANT, "Banque Exemple"));
    let (chief, address, other) = graph.tenant(|tenant| {
        let chief = tenant.administrators.iter().next().cloned().unwrap();
        let address = tenant.users[&chief]["mail"].as_str().unwrap().to_owned();
        let other = tenant.users.keys().find(|id| **id != chief).cloned().unwrap();
        (chief, address, other)
    });
    let roles = |user: &str| world.host.call(|host| MicrosoftEntra::roles_of(host, user));
    let both = Ok(vec![Role::Member, Role::Administrator]);
    assert_eq!(roles(&chief), both);
    assert_eq!(roles(&address), both);
    assert_eq!(roles(&address.to_uppercase()), both);
    assert!(!roles(&other).unwrap_or_default().contains(&Role::Administrator));
    assert_eq!(roles("nobody@banque.example").unwrap_err().kind, FailKind::NotFound);
    assert_eq!(roles("6f1e0f3a-0000-4000-8000-000000000009").unwrap_err().kind, FailKind::NotFound);
    graph.tenant(|tenant| tenant.set(&chief, "accountEnabled", json!(false)));
    assert_eq!(roles(&chief), Ok(vec![]));
    world.was_polite(&graph);
}
