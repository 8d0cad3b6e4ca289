//! Fields that are set in the fake, which refuses whatever its contract does not have.

use estampe_fakes::graph::Graph;
use estampe_plugin_sdk::{Attribute, FailKind, Failure, Value, WriteBack, WriteGroups};
use serde_json::{Value as Json, json};

use super::world::{Entra, World};

/// What each field is set to; all of them.
const VALUES: [(&str, &str, &str); 11] = [
    ("title", "jobTitle", "Directrice"),
    ("o", "companyName", "Banque Garonne"),
    ("department", "department", "Export"),
    ("physicalDeliveryOfficeName", "officeLocation", "Pau"),
    ("telephoneNumber", "businessPhones", "+33 5 61 00 42 17"),
    ("mobile", "mobilePhone", "+33 6 12 00 42 17"),
    ("street", "streetAddress", "1, rue du Château"),
    ("postalCode", "postalCode", "64000"),
    ("l", "city", "Pau"),
    ("st", "state", "Nouvelle-Aquitaine"),
    ("co", "country", "France"),
];

fn attribute(name: &str, texts: &[&str]) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::Texts(texts.iter().map(|text| (*text).to_owned()).collect()) }
}

fn set(world: &World, id: &str, changes: &[Attribute]) -> Result<Vec<Attribute>, Failure> {
    Entra::write_person(&world.host, id, changes)
}

/// Somebody who comes from a directory at home, or does not, and has no role.
fn somebody(graph: &Graph, at_home: bool) -> String {
    graph.tenant(|tenant| {
        let is = |user: &Json| (user["onPremisesSyncEnabled"] == true) == at_home;
        let found = tenant.users.iter().find(|(id, user)| is(user) && !tenant.administrators.contains(*id));
        found.unwrap().0.clone()
    })
}

#[test]
fn every_field_is_set_and_emptied_again_and_the_next_run_reads_the_same() {
    let graph = Graph::start(30);
    let mut world = World::of(&graph, &[]);
    world.full();
    graph.consent(&["User.Read.All", "User.ReadWrite.All"]);
    graph.expire_tokens();
    let id = somebody(&graph, false);
    let changes: Vec<_> = VALUES.map(|(name, _, text)| attribute(name, &[text])).into();
    assert_eq!(set(&world, &id, &changes), Ok(changes.clone()));
    // again comes to the same
    assert_eq!(set(&world, &id, &changes), Ok(changes.clone()));
    let user = graph.tenant(|tenant| tenant.users[&id].clone());
    for (_, property, text) in VALUES {
        let stands = if property == "businessPhones" { json!([text]) } else { json!(text) };
        assert_eq!(user[property], stands, "{property}");
    }
    assert_eq!(world.incremental(), 1);
    world.is_as_in(&graph);
    let names: Vec<_> = VALUES.map(|(name, ..)| name.to_owned()).into();
    assert_eq!(Entra::read_person(&world.host, &id, &names), Ok(changes));
    let none: Vec<_> = VALUES.map(|(name, ..)| attribute(name, &[])).into();
    assert_eq!(set(&world, &id, &none), Ok(Vec::new()));
    assert_eq!(world.incremental(), 1);
    world.is_as_in(&graph);
    assert_eq!(graph.control().violations(), [""; 0]);
    assert_eq!(graph.control().refused(), [""; 0]);
}

#[test]
fn what_the_service_does_not_take_is_explained() {
    let graph = Graph::start(30);
    let world = World::of(&graph, &[]);
    let title = [attribute("title", &["Chief"])];
    let id = somebody(&graph, false);
    // reading alone was granted
    let denied = set(&world, &id, &title).unwrap_err();
    assert!(denied.kind == FailKind::Denied && denied.message.contains("User.ReadWrite.All"), "{denied:?}");
    graph.consent(&["User.Read.All", "User.ReadWrite.All"]);
    graph.expire_tokens();
    // who is kept at home is not even tried
    let at_home = set(&world, &somebody(&graph, true), &title).unwrap_err();
    assert!(at_home.kind == FailKind::Unsupported && at_home.message.contains("at home"), "{at_home:?}");
    // numbers of an administrator are no application's, their title is
    let privileged = graph.tenant(|tenant| {
        let first = tenant.administrators.iter().next().unwrap().clone();
        tenant.set(&first, "onPremisesSyncEnabled", Json::Null);
        first
    });
    let phone = set(&world, &privileged, &[attribute("mobile", &["+33 6 12 00 42 17"])]).unwrap_err();
    assert!(phone.kind == FailKind::Denied && phone.message.contains("administrator"), "{phone:?}");
    assert!(set(&world, &privileged, &title).is_ok());
    let gone = set(&world, "6f1e0f3a-0000-4000-8000-00000000ffff", &title).unwrap_err();
    assert_eq!(gone.kind, FailKind::NotFound);
    graph.control().throttle_next(1, 3);
    let busy = set(&world, &id, &title).unwrap_err();
    assert_eq!((busy.kind, busy.retry_after_ms), (FailKind::RateLimited, Some(3_000)));
    assert_eq!(graph.control().violations(), [""; 0]);
}

#[test]
fn groups_are_made_renamed_and_filled_and_nobody_is_deleted() {
    let graph = Graph::start(30);
    let world = World::of(&graph, &[("groups", "true"), ("write-groups", "true")]);
    let host = &world.host;
    let id = somebody(&graph, false);
    let denied = Entra::create_group(host, "Export").unwrap_err();
    assert!(denied.kind == FailKind::Denied && denied.message.contains("Group.ReadWrite.All"), "{denied:?}");
    graph.consent(&["User.Read.All", "User.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All"]);
    graph.expire_tokens();
    let group = Entra::create_group(host, " Équipe Export ").unwrap();
    let name = || graph.tenant(|tenant| tenant.groups[&group]["displayName"].clone());
    let is_in = || graph.tenant(|tenant| tenant.members.get(&group).is_some_and(|members| members.contains(&id)));
    assert_eq!(name(), "Équipe Export");
    Entra::rename_group(host, &group, "Export").unwrap();
    assert_eq!(name(), "Export");
    // each twice: done is done
    for _ in 0..2 {
        Entra::add_member(host, &group, &id).unwrap();
        assert!(is_in());
    }
    for _ in 0..2 {
        Entra::remove_member(host, &group, &id).unwrap();
        assert!(!is_in());
    }
    assert!(graph.tenant(|tenant| tenant.users.contains_key(&id)), "they are still there");
    // what is kept at home, or made by a rule, is said before anything is tried
    graph.tenant(|tenant| tenant.set(&group, "groupTypes", json!(["DynamicMembership"])));
    let rule = Entra::add_member(host, &group, &id).unwrap_err();
    assert!(rule.kind == FailKind::Unsupported && rule.message.contains("dynamic"), "{rule:?}");
    graph.tenant(|tenant| tenant.set(&group, "onPremisesSyncEnabled", json!(true)));
    for refused in [Entra::rename_group(host, &group, "X"), Entra::remove_member(host, &group, &id)] {
        let refused = refused.unwrap_err();
        assert!(refused.kind == FailKind::Unsupported && refused.message.contains("at home"), "{refused:?}");
    }
    for nobody in ["", "../users", "6f1e0f3a-0000-4000-8000-00000000ffff/x"] {
        assert_eq!(Entra::remove_member(host, &group, nobody).unwrap_err().kind, FailKind::NotFound);
        assert_eq!(Entra::rename_group(host, nobody, "X").unwrap_err().kind, FailKind::NotFound);
    }
    assert_eq!(graph.control().violations(), [""; 0]);
    let off = World::of(&graph, &[]);
    assert_eq!(Entra::create_group(&off.host, "X").unwrap_err().kind, FailKind::Unsupported);
}
