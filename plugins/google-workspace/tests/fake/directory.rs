//! People, photos, groups, and what the Workspace is called.

use estampe_fakes::google::{ADMIN, CUSTOMER};
use estampe_fakes::portrait;
use estampe_plugin_google_workspace::GoogleWorkspace;
use estampe_plugin_sdk::{Connector, FailKind, LogLevel, Organisation, Role, SyncMode};
use serde_json::{Value, json};

use crate::{Bench, text};

#[test]
fn everybody_is_told_once_and_as_what_they_are() {
    let bench = Bench::new(620);
    let (left, stays, alias) = (bench.id(5), bench.id(10), bench.id(1));
    bench.google.people(|people| {
        people.delete(&left);
        people.set(&somebody(people), "archived", true.into());
    });
    let told = bench.run();
    // two pages of 500, in as many calls as the photos take
    assert_eq!(told.people.len(), 620);
    assert_eq!(told.gone, std::slice::from_ref(&left));
    assert!(!told.people.contains_key(&left));
    let suspended = bench.google.people(|people| {
        let alive = people.users.values().filter(|user| user["deletionTime"].is_null());
        alive.filter(|user| user["suspended"] == true || user["archived"] == true).count()
    });
    assert_eq!(told.people.values().filter(|person| !person.active).count(), suspended);
    assert!(!told.people[&stays].active && suspended > 50);
    let anna = &told.people[&alias];
    let user = bench.google.people(|people| people.users[&alias].clone());
    for (name, expected) in [
        ("mail", &user["primaryEmail"]),
        ("displayName", &user["name"]["fullName"]),
        ("givenName", &user["name"]["givenName"]),
        ("sn", &user["name"]["familyName"]),
        ("title", &user["organizations"][0]["title"]),
        ("o", &user["organizations"][0]["name"]),
        ("department", &user["organizations"][0]["department"]),
        ("departmentNumber", &user["organizations"][0]["costCenter"]),
        ("employeeNumber", &user["externalIds"][0]["value"]),
        ("telephoneNumber", &user["phones"][0]["value"]),
        ("mobile", &user["phones"][1]["value"]),
        ("aliases", &user["aliases"][0]),
        ("orgUnitPath", &user["orgUnitPath"]),
    ] {
        assert_eq!(text(anna, name), expected.as_str(), "{name}");
    }
    assert_eq!((told.rejected, bench.host.logged().len()), (0, 0));
    // nothing is read that nobody asked for
    let masks: Vec<_> = bench.google.control().log().into_iter().flat_map(|asked| asked.query).collect();
    assert!(
        masks.iter().filter(|(name, _)| name == "fields").all(|(_, mask)| !mask.contains("addresses")),
        "{masks:?}"
    );
    assert_eq!(bench.count("GET", "/groups"), 0);
}

/// The id of somebody who is neither suspended nor an administrator.
fn somebody(people: &estampe_fakes::google::People) -> String {
    let found = people
        .users
        .values()
        .find(|user| user["suspended"] == false && user["isAdmin"] == false && user["deletionTime"].is_null());
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_photo_is_fetched_once_for_each_version() {
    let bench = Bench::new(320);
    let photographed = bench.google.people(|people| people.photos.len());
    assert!(photographed > 100);
    let first = bench.run();
    assert_eq!(first.with_photo(), photographed);
    assert_eq!(bench.count("GET", "/photos/"), photographed);
    // a call fetches a hundred, and no page is asked for in vain
    assert!(bench.count("GET", "/users") - photographed <= 2 + photographed / 100, "{}", first.pages);
    for (id, photo) in bench.google.people(|people| people.photos.clone()) {
        assert_eq!(first.people[&id].photo.as_ref(), Some(&photo));
        assert_eq!(first.people[&id].photo_etag, bench.host.photo_of(&id));
    }

    bench.google.control().forget();
    let again = bench.run();
    assert_eq!((again.with_photo(), bench.count("GET", "/photos/")), (0, 0));
    // those who are there, and those who were deleted
    assert_eq!(bench.count("GET", "/users"), 2);
    assert_eq!(again.people.values().filter(|person| person.photo_etag.is_some()).count(), photographed);
    assert_eq!(again.people.len(), 321);

    // one new, one another, one taken away
    let (new, other, gone) = (bench.id(2), bench.id(1), bench.id(4));
    bench.google.people(|people| {
        assert!(!people.photos.contains_key(&new) && people.photos.contains_key(&other));
        people.photograph(&new, Some(portrait("new@banque.example")));
        people.photograph(&other, Some([portrait("x@y.example"), b"longer".to_vec()].concat()));
        people.photograph(&gone, None);
    });
    bench.google.control().forget();
    let third = bench.run();
    assert_eq!(bench.count("GET", "/photos/"), 2);
    assert!(third.people[&new].photo.is_some() && third.people[&other].photo.is_some());
    assert_eq!((third.people[&gone].photo.as_ref(), third.people[&gone].photo_etag.as_ref()), (None, None));

    let without = Bench::new(20).with("photos", "false");
    assert_eq!((without.run().with_photo(), without.count("GET", "/photos/")), (0, 0));
}

#[test]
fn what_is_no_picture_is_left_out_and_said() {
    let bench = Bench::new(3);
    let id = bench.id(2);
    bench.google.people(|people| people.photograph(&id, Some(b"GIF89a".to_vec())));
    let told = bench.run();
    assert_eq!((told.people[&id].photo.as_ref(), told.people[&id].photo_etag.as_ref()), (None, None));
    let logged = bench.host.logged();
    assert!(logged.iter().any(|(level, line)| *level == LogLevel::Warn && line.contains("no JPEG")), "{logged:?}");
}

#[test]
fn groups_are_told_with_their_members_nested_ones_too() {
    let bench = Bench::new(430).with("groups", "true");
    // one with more members than a page, one with none, one whose members are of all kinds
    let member = |id: &str, kind: &str| {
        json!({
            "kind": "admin#directory#member", "etag": "\"x\"", "id": id, "role": "MEMBER", "type": kind,
            "status": "ACTIVE",
        })
    };
    let group = |id: &str, count: usize| {
        json!({
            "kind": "admin#directory#group", "id": id, "etag": "\"x\"", "email": format!("{id}@banque.example"),
            "name": format!("Groupe {id}"), "directMembersCount": count.to_string(), "description": "",
            "adminCreated": true,
        })
    };
    bench.google.people(|people| {
        let huge: Vec<Value> = (0..1_456).map(|number| member(&format!("9{number:04}"), "USER")).collect();
        let kinds = [member("1", "USER"), member("2", "GROUP"), member("3", "EXTERNAL"), member("C03", "CUSTOMER")];
        for (id, members) in [("huge", huge), ("none", Vec::new()), ("kinds", kinds.to_vec())] {
            people.groups.insert(id.to_owned(), group(id, members.len()));
            people.members.insert(id.to_owned(), members);
        }
        // more than a call asks about, and than a page lists
        for number in 0..230 {
            let id = format!("small{number:03}");
            people.groups.insert(id.clone(), group(&id, 1));
            people.members.insert(id, vec![member("1", "USER")]);
        }
    });
    let told = bench.run();
    let own = bench.google.people(|people| people.members.clone());
    assert_eq!(told.groups.len(), own.len());
    for (id, members) in own.iter().filter(|(id, _)| *id != "kinds") {
        let expected: Vec<_> = members.iter().map(|member| member["id"].as_str().unwrap()).collect();
        assert_eq!(told.groups[id].members, expected, "{id}");
    }
    assert_eq!(told.groups["kinds"].members, ["1", "2"]);
    assert_eq!(told.groups["03groupall"].name, "Groupe tous");
    assert!(told.groups["03groupall"].members.iter().all(|id| told.groups.contains_key(id)));
    assert!(told.groups["03group00000"].members.iter().all(|id| told.people.contains_key(id)));
    assert!(bench.host.logged().iter().any(|(_, line)| line.contains("the group kinds has everybody")));
    assert_eq!(told.groups["none"].members, [""; 0]);
}

#[test]
fn without_people_nobody_is_read() {
    let bench = Bench::new(3).with("people", "false").with("groups", "true");
    let told = bench.run();
    assert_eq!((told.people.len(), told.groups.len(), bench.google.control().count()), (0, 0, 0));
    let failure = GoogleWorkspace::sync_page(&bench.host, SyncMode::Incremental, Some(b"{}".to_vec())).unwrap_err();
    assert_eq!(failure.kind, FailKind::CursorExpired);
}

#[test]
fn the_workspace_says_what_it_is_and_who_administers_it() {
    let bench = Bench::new(5);
    let about = bench.host.call(|host| GoogleWorkspace::about(host)).unwrap();
    assert_eq!((about.id.as_str(), about.name.as_str()), (CUSTOMER, "Banque Exemple"));
    let (helper, member) = (bench.email(1), bench.email(2));
    bench.google.people(|people| people.assign(&helper, "102"));
    let roles = |user: &str| bench.host.call(|host| GoogleWorkspace::roles_of(host, user));
    assert_eq!(roles(ADMIN), Ok(vec![Role::Administrator]));
    assert_eq!(roles(&bench.id(0)), Ok(vec![Role::Administrator]));
    assert_eq!(roles(&helper), Ok(vec![Role::Member]));
    assert_eq!(roles(&member), Ok(vec![Role::Member]));
    assert_eq!(roles("nobody@banque.example").unwrap_err().kind, FailKind::NotFound);
    // a role that counts for a part of the Workspace alone
    bench.google.people(|people| {
        people.assign(&member, "101");
        let last = people.assignments.last_mut().unwrap();
        last["scopeType"] = "ORG_UNIT".into();
    });
    assert_eq!(roles(&member), Ok(vec![Role::Member]));
}
