//! What changes from run to run.

use estampe_fakes::graph::{Graph, Removed};
use serde_json::{Value, json};

use crate::world::{World, text};

/// Ids of members of the organisation.
fn members(graph: &Graph) -> Vec<String> {
    let is_member = |user: &Value| user["userType"] == "Member";
    graph.tenant(|tenant| tenant.users.values().filter(|user| is_member(user)).map(id).collect())
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

#[test]
fn changes_departures_and_returns_are_told() {
    let graph = Graph::start(300);
    let mut world = World::of(&graph, &[]);
    world.full();
    let all = members(&graph);
    graph.tenant(|tenant| {
        tenant.set(&all[0], "jobTitle", json!("Directrice"));
        tenant.set(&all[1], "accountEnabled", json!(false));
        tenant.set(&all[2], "userType", json!("Guest"));
        tenant.set(&all[3], "businessPhones", json!([]));
        tenant.set(&all[4], "mobilePhone", Value::Null);
        tenant.remove(&all[5], Removed::Changed);
        tenant.remove(&all[6], Removed::Deleted);
    });
    assert_eq!(world.incremental(), 7);
    world.is_as_in(&graph);
    assert_eq!(text(&world.people[&all[0]], "title"), Some("Directrice"));
    assert!(!world.people[&all[1]].active);
    for gone in [&all[2], &all[5], &all[6]] {
        assert!(!world.people.contains_key(gone));
    }
    // out of the deleted again, and a member again
    graph.tenant(|tenant| {
        tenant.restore(&all[5]);
        tenant.set(&all[2], "userType", json!("Member"));
    });
    assert_eq!(world.incremental(), 2);
    world.is_as_in(&graph);
    assert_eq!(world.incremental(), 0);
    world.was_polite(&graph);
}

#[test]
fn empty_pages_and_replays_do_no_harm() {
    let graph = Graph::start(1_200);
    let mut world = World::of(&graph, &[("groups", "true")]);
    graph.replay(true);
    graph.empty_pages(3);
    world.full();
    world.is_as_in(&graph);
    for round in 0..3 {
        graph.empty_pages(round);
        let all = members(&graph);
        graph.tenant(|tenant| {
            for (number, id) in all.iter().enumerate() {
                tenant.set(id, "jobTitle", json!(format!("Titre {number}.{round}")));
            }
        });
        world.incremental();
        world.is_as_in(&graph);
    }
    // what the last run could not know of is told once more, and then there is peace
    world.incremental();
    assert_eq!(world.incremental(), 0);
    world.is_as_in(&graph);
    world.was_polite(&graph);
}

#[test]
fn what_changes_during_a_run_is_told_by_the_next_one() {
    let graph = Graph::start(1_300);
    let mut world = World::of(&graph, &[]);
    let all = members(&graph);
    // the run before it, so that there is a checkpoint to go on from
    world.full();
    graph.tenant(|tenant| {
        for id in &all {
            tenant.set(id, "jobTitle", json!("Avant"));
        }
    });
    // half of the way
    let from = estampe_plugin_sdk::Host::checkpoint(&world.host);
    let mode = estampe_plugin_sdk::SyncMode::Incremental;
    let first = world.host.page::<crate::world::Entra>(mode, from).unwrap();
    assert!(first.next.is_some());
    graph.tenant(|tenant| {
        tenant.set(&all[0], "jobTitle", json!("Pendant"));
        tenant.remove(&all[1], Removed::Deleted);
    });
    let (mut next, mut checkpoint) = (first.next, None);
    while next.is_some() {
        let page = world.host.page::<crate::world::Entra>(mode, next).unwrap();
        (next, checkpoint) = (page.next, page.checkpoint);
    }
    // whoever changed meanwhile is told from there
    let page = world.host.page::<crate::world::Entra>(mode, checkpoint).unwrap();
    let ids: Vec<String> = page
        .events
        .iter()
        .map(|event| match event {
            estampe_plugin_sdk::Event::Person(person) => person.id.clone(),
            estampe_plugin_sdk::Event::PersonGone((id, _)) => id.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(ids.contains(&all[0]) && ids.contains(&all[1]), "{ids:?}");
    world.was_polite(&graph);
}

#[test]
fn groups_their_members_and_groups_in_groups_follow() {
    let graph = Graph::start(400);
    let mut world = World::of(&graph, &[("groups", "true")]);
    world.full();
    world.is_as_in(&graph);
    let all = members(&graph);
    let group = |name: &str| {
        graph.tenant(|tenant| tenant.groups.values().find(|group| group["displayName"] == name).map(id).unwrap())
    };
    let (first, second, everyone) = (group("Équipe 0"), group("Équipe 1"), group("Tous"));
    let mut inner = String::new();
    graph.tenant(|tenant| {
        tenant.leave(&first, &tenant.members[&first].iter().next().cloned().unwrap());
        tenant.join(&first, &all[399 * 12 / 13 - 1]);
        tenant.set(&second, "displayName", json!("Équipe une"));
        inner = tenant.add_group("Dans une autre");
        tenant.join(&inner, &all[0]);
        tenant.join(&second, &inner);
        // and in a circle
        tenant.join(&inner, &second);
    });
    assert_eq!(world.incremental(), 3);
    world.is_as_in(&graph);
    assert!(world.groups[&second].1.contains(&inner) && world.groups[&inner].1.contains(&second));
    graph.tenant(|tenant| tenant.remove(&inner, Removed::Changed));
    world.incremental();
    world.is_as_in(&graph);
    assert!(!world.groups.contains_key(&inner) && world.groups.contains_key(&everyone));
    assert_eq!(world.incremental(), 0);
    world.was_polite(&graph);
}

#[test]
fn a_group_of_thousands_comes_whole() {
    let graph = Graph::start(2_500);
    let mut world = World::of(&graph, &[("groups", "true")]);
    let large = graph.tenant(|tenant| {
        let large = tenant.add_group("Presque tous");
        let all: Vec<String> = tenant.users.keys().cloned().collect();
        for id in &all {
            tenant.join(&large, id);
        }
        large
    });
    world.full();
    world.is_as_in(&graph);
    assert_eq!(world.groups[&large].1.len(), 2_500);
    world.was_polite(&graph);
}

#[test]
fn many_groups_take_several_calls() {
    let graph = Graph::start(20);
    let mut world = World::of(&graph, &[("groups", "true")]);
    graph.tenant(|tenant| {
        for number in 0..330 {
            let group = tenant.add_group(&format!("Projet {number}"));
            let member = tenant.users.keys().next().cloned().unwrap();
            tenant.join(&group, &member);
        }
    });
    world.full();
    world.is_as_in(&graph);
    world.was_polite(&graph);
}

#[test]
fn photos_are_fetched_once_and_again_when_they_changed() {
    let graph = Graph::start(300);
    let mut world = World::of(&graph, &[("photos", "true")]);
    world.full();
    world.is_as_in(&graph);
    let fetched = graph.control().count_of("GET", "/photo/$value");
    assert_eq!(fetched, world.photos.len());
    assert!(fetched > 50);
    // the second full run looks at all of them and fetches none
    world.full();
    world.is_as_in(&graph);
    assert_eq!(graph.control().count_of("GET", "/photo/$value"), fetched);
    // no delta tells of photos: those of who changed are looked at, the others by a full run
    let with: Vec<String> = world.photos.keys().cloned().collect();
    let other = graph.tenant(|tenant| tenant.photos[&with[9]].clone());
    graph.tenant(|tenant| {
        tenant.set(&with[0], "jobTitle", json!("Directrice"));
        tenant.set(&with[1], "jobTitle", json!("Directrice"));
        tenant.photos.insert(with[1].clone(), other.clone());
        tenant.photos.remove(&with[2]);
        tenant.photos.insert(with[3].clone(), other.clone());
    });
    assert_eq!(world.incremental(), 2);
    assert_eq!(graph.control().count_of("GET", "/photo/$value"), fetched + 1);
    assert_eq!(world.photos[&with[1]], other);
    world.full();
    world.is_as_in(&graph);
    assert_eq!(graph.control().count_of("GET", "/photo/$value"), fetched + 2);
    world.was_polite(&graph);
}
