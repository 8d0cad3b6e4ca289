//! Groups that are made and changed, and who is in them. Somebody leaves a group by the reference
//! alone (`…/members/{id}/$ref`): without it the service would delete the user, and the host lets
//! no such request through.

use estampe_plugin_sdk::http::{Method, Request};
use estampe_plugin_sdk::{FailKind, Failure, Host};
use serde::{Deserialize, Serialize};

use crate::graph::{Graph, Need};
use crate::is_on;
use crate::organisation::is_guid;

/// Octets of a name.
const NAME: usize = 255;

#[derive(Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Kept {
    #[serde(rename = "onPremisesSyncEnabled")]
    at_home: Option<bool>,
    #[serde(rename = "groupTypes", default)]
    kinds: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct New<'a> {
    display_name: &'a str,
    mail_enabled: bool,
    mail_nickname: String,
    security_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Name<'a> {
    display_name: &'a str,
}

#[derive(Serialize)]
struct Reference {
    #[serde(rename = "@odata.id")]
    id: String,
}

/// Graph, where groups are switched on.
fn graph(host: &dyn Host) -> Result<Graph<'_>, Failure> {
    if is_on(host, "write-groups") {
        return Graph::of(host);
    }
    let why = "groups are not written: set `write-groups=true` and grant Group.ReadWrite.All for it";
    Err(Failure::new(FailKind::Unsupported, why))
}

fn named(name: &str) -> Result<&str, Failure> {
    let name = name.trim();
    if name.is_empty() || name.len() > NAME || name.chars().any(char::is_control) {
        return Err(Failure::new(FailKind::Unsupported, format!("a group's name has 1 to {NAME} octets")));
    }
    Ok(name)
}

/// The path of a group that is kept in the tenant itself.
fn own(graph: &Graph<'_>, group: &str, members: bool) -> Result<String, Failure> {
    if !is_guid(group) {
        return Err(Failure::new(FailKind::NotFound, "there is no such group in the tenant"));
    }
    let path = format!("groups/{group}");
    let kept: Kept = graph.read(&format!("{path}?$select=id,onPremisesSyncEnabled,groupTypes"), Need::Groups, None)?;
    if kept.at_home == Some(true) {
        let why = "this group is kept in the directory at home and comes to Entra from there (Entra Connect): change \
                   it there";
        return Err(Failure::new(FailKind::Unsupported, why));
    }
    if members && kept.kinds.iter().any(|kind| kind == "DynamicMembership") {
        let why = "who is in this group follows from a rule in Entra (dynamic membership): change the rule there";
        return Err(Failure::new(FailKind::Unsupported, why));
    }
    Ok(path)
}

fn member(person: &str) -> Result<&str, Failure> {
    if is_guid(person) {
        return Ok(person);
    }
    Err(Failure::new(FailKind::NotFound, "nobody in the tenant has this id"))
}

/// Makes a security group.
pub fn create(host: &dyn Host, name: &str) -> Result<String, Failure> {
    let (graph, name) = (graph(host)?, named(name)?);
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let mail_nickname = if letters.is_empty() { "group".to_owned() } else { letters };
    let new = New { display_name: name, mail_enabled: false, mail_nickname, security_enabled: true };
    let made: Made = graph.change(Request::post(graph.at("groups")).with_json(&new)?)?.json()?;
    if is_guid(&made.id) { Ok(made.id) } else { Err(Failure::internal("Microsoft Graph made a group without an id")) }
}

/// Gives a group another name.
pub fn rename(host: &dyn Host, group: &str, name: &str) -> Result<(), Failure> {
    let (graph, display_name) = (graph(host)?, named(name)?);
    let path = own(&graph, group, false)?;
    graph.change(Request::patch(graph.at(&path)).with_json(&Name { display_name })?).map(drop)
}

/// Puts somebody into a group.
pub fn add(host: &dyn Host, group: &str, person: &str) -> Result<(), Failure> {
    let (graph, person) = (graph(host)?, member(person)?);
    let path = own(&graph, group, true)?;
    let reference = Reference { id: graph.at(&format!("directoryObjects/{person}")) };
    let request = Request::post(graph.at(&format!("{path}/members/$ref"))).with_json(&reference)?;
    match graph.change(request) {
        // they are in it
        Err(failure) if failure.kind == FailKind::Conflict => Ok(()),
        done => done.map(drop),
    }
}

/// Takes somebody out of a group: the reference, never the user.
pub fn remove(host: &dyn Host, group: &str, person: &str) -> Result<(), Failure> {
    let (graph, person) = (graph(host)?, member(person)?);
    let path = own(&graph, group, true)?;
    match graph.change(Request::new(Method::Delete, graph.at(&format!("{path}/members/{person}/$ref")))) {
        // they are not in it; the group itself is there
        Err(failure) if failure.kind == FailKind::NotFound => Ok(()),
        done => done.map(drop),
    }
}
