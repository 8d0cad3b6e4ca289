//! Against a fake Graph that refuses whatever its contract does not have.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod access;
mod changes;
mod faults;
mod world;
mod writing;

use estampe_fakes::graph::{Graph, Removed};
use estampe_plugin_sdk::{FailKind, SyncMode};

use world::World;

#[test]
fn everybody_comes_over_several_pages_and_nothing_changed_is_two_requests() {
    let graph = Graph::start(1_200);
    let mut world = World::of(&graph, &[("groups", "true")]);
    world.full();
    world.is_as_in(&graph);
    assert!(graph.control().count_of("GET", "/users/delta") >= 4, "several pages");
    for _ in 0..2 {
        let before = graph.control().count();
        assert_eq!(world.incremental(), 0);
        assert_eq!(graph.control().count() - before, 2);
    }
    world.was_polite(&graph);
}

#[test]
fn a_tenant_without_anybody_is_read_too() {
    let graph = Graph::start(0);
    let mut world = World::of(&graph, &[("groups", "true"), ("photos", "true")]);
    world.full();
    world.is_as_in(&graph);
    assert_eq!(world.people.len(), 0);
    world.was_polite(&graph);
}

#[test]
fn guests_come_where_they_are_wanted() {
    let graph = Graph::start(100);
    let mut members = World::of(&graph, &[]);
    members.full();
    members.is_as_in(&graph);
    let mut all = World::of(&graph, &[("guests", "true")]);
    all.full();
    all.is_as_in(&graph);
    assert_eq!((members.people.len(), all.people.len()), (93, 100));
    all.was_polite(&graph);
}

#[test]
fn old_places_lead_to_a_full_run() {
    let graph = Graph::start(100);
    let mut world = World::of(&graph, &[("groups", "true")]);
    world.full();
    let gone = graph.tenant(|tenant| tenant.users.keys().next().cloned().unwrap());
    graph.tenant(|tenant| tenant.remove(&gone, Removed::Deleted));
    graph.expire_links();
    let failure = world.host.incremental_run::<world::Entra>().unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired);
    world.full();
    world.is_as_in(&graph);
    world.was_polite(&graph);
}

#[test]
fn links_that_expire_within_a_full_run_begin_it_anew() {
    let graph = Graph::start(1_200);
    let mut world = World::of(&graph, &[]);
    let first = world.host.page::<world::Entra>(SyncMode::Full, None).unwrap();
    graph.expire_links();
    let failure = world.host.page::<world::Entra>(SyncMode::Full, first.next).unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired);
    world.full();
    world.is_as_in(&graph);
    world.was_polite(&graph);
}
