//! The self-check: a harmless call for each thing that is switched on.

use estampe_plugin_sdk::{FailKind, Failure, Host, Probe};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::graph::{Graph, Listed, Need, encoded};
use crate::person::Reader;
use crate::{groups, is_on, organisation};

#[derive(Deserialize)]
struct Object {
    id: String,
}

/// Tries each thing; those that are switched off are not tried.
pub fn probes(host: &dyn Host) -> Vec<Probe> {
    let graph = match Graph::of(host) {
        Ok(graph) => graph,
        Err(failure) => return vec![Probe::failed("settings", failure.message)],
    };
    let mut probes = vec![probe("tenant", organisation::about(host).map(|tenant| format!("answers: {}", tenant.name)))];
    // without a token nothing works, and a wrong secret is not tried again and again
    let failed = probes.first().is_some_and(|probe| !probe.passed);
    let mut people = users(&graph);
    probes.push(probe("people", people.as_ref().map(|_| changes()).map_err(Failure::clone)));
    if failed && people.as_ref().is_err_and(|failure| failure.kind == FailKind::Auth) {
        return probes;
    }
    if is_on(host, "groups") {
        probes.push(probe("groups", groups_too(&graph)));
    }
    if is_on(host, "photos") {
        let somebody = people.as_mut().ok().and_then(Option::take);
        probes.push(probe("photos", photo(&graph, somebody)));
    }
    if is_on(host, "administrators") {
        let somebody = people.ok().flatten().or_else(|| somebody(&graph).ok().flatten());
        probes.push(probe("administrators", roles(&graph, somebody)));
    }
    probes
}

fn probe(name: &str, result: Result<String, Failure>) -> Probe {
    match result {
        Ok(detail) => Probe::passed(name, detail),
        Err(failure) => Probe::failed(name, failure.message),
    }
}

fn changes() -> String {
    "can be read, and what changes of them".to_owned()
}

/// Somebody, when people and their changes can be read.
fn users(graph: &Graph<'_>) -> Result<Option<String>, Failure> {
    let select = Reader::of(graph.host).select();
    let path = format!("users/delta?$select={select}&$deltatoken=latest");
    graph.read::<Listed<IgnoredAny>>(&path, Need::Users, None)?;
    somebody(graph)
}

fn somebody(graph: &Graph<'_>) -> Result<Option<String>, Failure> {
    let all: Listed<Object> = graph.read("users?$select=id&$top=1", Need::Users, None)?;
    Ok(all.value.into_iter().next().map(|user| user.id))
}

fn groups_too(graph: &Graph<'_>) -> Result<String, Failure> {
    let path = format!("groups/delta?$select={}&$deltatoken=latest", groups::SELECT);
    graph.read::<Listed<IgnoredAny>>(&path, Need::Groups, None)?;
    let all: Listed<Object> = graph.read("groups?$select=id&$top=1", Need::Groups, None)?;
    let Some(group) = all.value.first() else { return Ok("there are none".to_owned()) };
    let path = format!("groups/{}/members?$select=id&$top=1", encoded(&group.id));
    graph.read::<Listed<IgnoredAny>>(&path, Need::Groups, None)?;
    Ok(changes())
}

fn photo(graph: &Graph<'_>, somebody: Option<String>) -> Result<String, Failure> {
    let Some(somebody) = somebody else { return Ok("there is nobody to look at".to_owned()) };
    match graph.read::<IgnoredAny>(&format!("users/{}/photo", encoded(&somebody)), Need::Photos, None) {
        Ok(_) => Ok("can be read".to_owned()),
        // whoever may not look is refused before it is said that there is none
        Err(failure) if failure.kind == FailKind::NotFound => Ok("can be read".to_owned()),
        Err(failure) => Err(failure),
    }
}

fn roles(graph: &Graph<'_>, somebody: Option<String>) -> Result<String, Failure> {
    // with less, a user's roles come without their names
    graph.read::<Listed<IgnoredAny>>("directoryRoles?$select=id", Need::Roles, None)?;
    let Some(somebody) = somebody else { return Ok("there is nobody to look at".to_owned()) };
    organisation::roles_of(graph.host, &somebody).map(|_| "can be read".to_owned())
}
