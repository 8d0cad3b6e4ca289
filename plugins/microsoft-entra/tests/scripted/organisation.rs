//! The organisation, and who administers it.

use estampe_plugin_microsoft_entra::MicrosoftEntra;
use estampe_plugin_sdk::testing::ScriptedHost;
use estampe_plugin_sdk::{FailKind, Organisation, Role};

use super::{Answers, host};

const ID: &str = "6f1e0f3a-0000-4000-8000-000000000009";

fn with_roles() -> ScriptedHost {
    host().with_config("administrators", "true")
}

fn known() -> ScriptedHost {
    with_roles().answers(&format!("users/{ID}?$select=id,accountEnabled"), 200, &format!(r#"{{"id":"{ID}"}}"#))
}

fn holders() -> String {
    format!("users/{ID}/transitiveMemberOf?$top=999")
}

fn role(template: &str) -> String {
    format!(r##"{{"@odata.type":"#microsoft.graph.directoryRole","id":"r"{template}}}"##)
}

const GLOBAL: &str = r#","roleTemplateId":"62E90394-69f5-4237-9190-012177145e10""#;
const READER: &str = r#","roleTemplateId":"88d8e3e3-8f55-4a1e-953a-9b9898b8876b""#;

#[test]
fn the_organisation_has_an_id_and_a_name() {
    let at = "organization?$select=id,displayName";
    let about = |value: &str| MicrosoftEntra::about(&host().page(at, value, ""));
    let details = about(r#"{"id":"t","displayName":"Bank"}"#).unwrap();
    assert_eq!((details.id.as_str(), details.name.as_str()), ("t", "Bank"));
    assert_eq!(about(r#"{"id":"t","displayName":null}"#).unwrap().name, "t");
    assert_eq!(about("").unwrap_err().kind, FailKind::NotFound);
}

#[test]
fn global_administrators_are_administrators_and_others_are_not() {
    let group = r##"{"@odata.type":"#microsoft.graph.group","id":"g"}"##;
    let host = known()
        .page(&holders(), &format!("{group},{}", role(READER)), &format!("users/{ID}/transitiveMemberOf?$skiptoken=1"))
        .page(&format!("users/{ID}/transitiveMemberOf?$skiptoken=1"), &role(GLOBAL), "");
    assert_eq!(MicrosoftEntra::roles_of(&host, ID), Ok(vec![Role::Member, Role::Administrator]));
    let host = known().page(&holders(), &format!("{group},{}", role(READER)), "");
    assert_eq!(MicrosoftEntra::roles_of(&host, ID), Ok(vec![Role::Member]));
}

#[test]
fn a_role_that_is_not_said_is_nobodys() {
    let host = known().page(&holders(), &role(""), "");
    let failure = MicrosoftEntra::roles_of(&host, ID).unwrap_err();
    assert_eq!(failure.kind, FailKind::Denied);
    assert!(failure.message.contains("Directory.Read.All"));
}

#[test]
fn people_are_found_by_address_and_exactly_one_has_it() {
    let at = "users?$filter=mail%20eq%20%27o%27%27neill%40bank.example%27%20or%20userPrincipalName%20eq%20%27o%27%27neill\
              %40bank.example%27&$select=id,accountEnabled&$top=2";
    let address = "o'neill@bank.example";
    let one = format!(r#"{{"id":"{ID}","accountEnabled":true}}"#);
    let host = with_roles().page(at, &one, "").page(&holders(), &role(GLOBAL), "");
    assert_eq!(MicrosoftEntra::roles_of(&host, address), Ok(vec![Role::Member, Role::Administrator]));
    let host = with_roles().page(at, "", "");
    assert_eq!(MicrosoftEntra::roles_of(&host, address).unwrap_err().kind, FailKind::NotFound);
    let host = with_roles().page(at, &format!("{one},{one}"), "");
    assert_eq!(MicrosoftEntra::roles_of(&host, address).unwrap_err().kind, FailKind::Conflict);
    // whoever is disabled there is nothing
    let host = with_roles().page(at, &one.replace("true", "false"), "");
    assert_eq!(MicrosoftEntra::roles_of(&host, address), Ok(vec![]));
}

#[test]
fn what_is_no_name_is_not_asked_for_and_roles_have_to_be_switched_on() {
    let long = "x".repeat(400);
    for user in ["", " ", "a\nb", long.as_str()] {
        let host = with_roles();
        assert_eq!(MicrosoftEntra::roles_of(&host, user).unwrap_err().kind, FailKind::NotFound);
        assert_eq!(host.requests().len(), 0);
    }
    let host = host();
    assert_eq!(MicrosoftEntra::roles_of(&host, ID).unwrap_err().kind, FailKind::Unsupported);
    assert_eq!(host.requests().len(), 0);
}
