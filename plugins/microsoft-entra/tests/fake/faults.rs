//! Graph is busy, away, slow or breaks off.

use std::time::Duration;

use estampe_fakes::Broken;
use estampe_fakes::graph::Graph;

use crate::world::World;

#[test]
fn who_is_told_to_wait_waits() {
    let graph = Graph::start(600);
    let mut world = World::of(&graph, &[("groups", "true"), ("photos", "true")]);
    graph.control().only(Some("/v1.0/"));
    graph.control().throttle_next(2, 1);
    world.full();
    world.is_as_in(&graph);
    let throttled = graph.control().log().iter().filter(|asked| asked.status == 429).count();
    assert_eq!(throttled, 2);
    world.was_polite(&graph);
}

#[test]
fn a_small_budget_is_enough_to_come_to_an_end() {
    let graph = Graph::start(100);
    let mut world = World::of(&graph, &[("photos", "true")]);
    graph.control().only(Some("/v1.0/"));
    // fewer requests than one call makes: what was done has to stay done
    graph.control().rate(30, Duration::from_millis(500), 1);
    world.full();
    world.is_as_in(&graph);
    assert!(graph.control().log().iter().any(|asked| asked.status == 429));
    world.was_polite(&graph);
}

#[test]
fn what_fails_now_and_then_is_asked_for_again() {
    let graph = Graph::start(300);
    let mut world = World::of(&graph, &[("groups", "true"), ("photos", "true")]);
    graph.control().only(Some("/v1.0/"));
    graph.control().flaky(7, 5, 503);
    world.full();
    world.is_as_in(&graph);
    assert!(graph.control().log().iter().any(|asked| asked.status == 503));
    graph.control().well_again();
    graph.control().break_next(1, Broken::WithinBody);
    world.incremental();
    graph.control().break_next(1, Broken::BeforeAnswer);
    world.incremental();
    world.is_as_in(&graph);
    world.was_polite(&graph);
}

#[test]
fn tokens_that_end_are_fetched_anew() {
    let graph = Graph::start(50);
    let mut world = World::of(&graph, &[]);
    world.full();
    graph.expire_tokens();
    assert_eq!(world.incremental(), 0);
    assert_eq!(graph.control().count_of("POST", "/token"), 2);
    world.was_polite(&graph);
}
