//! Users, groups, members, photos, the organisation, roles.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::errors::{denied, error, identifier, not_found};
use super::query::{all_viewed, chosen, expand, expanded, listed, select, viewed};
use super::{Access, Call, DOMAIN, Inner, State, TENANT, delta};
use crate::wire::{Answer, Asked};

type Answered = Result<Answer, Answer>;

const USER: &str = "microsoft.graph.user";
const GROUP: &str = "microsoft.graph.group";
const ROLE: &str = "microsoft.graph.directoryRole";
/// The one role that this tenant has.
pub(super) const ADMINISTRATOR: &str = "Global Administrator";

/// What the real service does and nobody wants: a member's address without `/$ref` is the
/// member, and DELETE deletes it.
pub(super) fn pitfall(inner: &Inner, state: &mut State, asked: &Asked, access: &Access) -> Option<Answer> {
    if asked.method != "DELETE" {
        return None;
    }
    let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
    let id = match parts.as_slice() {
        ["v1.0", "groups", _, "members", id] | ["v1.0", "users", id] => (*id).to_owned(),
        _ => return None,
    };
    let may = ["Directory.ReadWrite.All", "User.ReadWrite.All"].iter().any(|name| access.permissions.contains(*name));
    let deletes = may && state.tenant.users.contains_key(&id);
    inner.control.violation(format!(
        "DELETE {}: {}",
        asked.path,
        if deletes { "it deletes the user" } else { "it would delete the user" }
    ));
    if !deletes {
        return Some(denied());
    }
    state.tenant.remove(&id, super::Removed::Changed);
    Some(Answer::empty(204))
}

pub(super) fn answer(state: &mut State, call: &Call<'_>) -> Answered {
    if call.link {
        return delta::followed(state, call);
    }
    let path = call.asked.path.trim_start_matches("/v1.0/");
    let parts: Vec<&str> = path.split('/').collect();
    match (call.asked.method.as_str(), parts.as_slice()) {
        ("GET", ["users" | "groups", "delta" | "delta()"]) => delta::begin(state, call),
        ("GET", ["users"]) => {
            let select = select(call, USER, &[])?;
            let all = chosen(call, USER, state.tenant.users.values().collect())?;
            let mut all = all_viewed(call, USER, &all, select.as_deref());
            expanded(state, call, &mut all)?;
            listed(state, call, all)
        }
        ("GET", ["groups"]) => {
            let select = select(call, GROUP, &[])?;
            let all = chosen(call, GROUP, state.tenant.groups.values().collect())?;
            let all = all_viewed(call, GROUP, &all, select.as_deref());
            listed(state, call, all)
        }
        ("GET", ["me"] | ["users", _]) => one(state, call, USER, &user(state, call)?),
        ("PATCH", ["me"] | ["users", _]) => patch_user(state, call),
        (_, ["me", rest @ ..] | ["users", _, rest @ ..]) => of_user(state, call, rest),
        ("POST", ["groups"]) => create_group(state, call),
        ("GET", ["groups", _]) => one(state, call, GROUP, &group(state, call)?),
        ("PATCH", ["groups", _]) => patch_group(state, call),
        (_, ["groups", _, rest @ ..]) => of_group(state, call, rest),
        ("GET", ["organization"]) => {
            let all = vec![organization()];
            listed(state, call, all)
        }
        ("GET", ["organization", id]) if *id == TENANT => Ok(Answer::json(200, &organization())),
        ("GET", ["organization", id]) => Err(not_found(id)),
        ("GET", ["directoryRoles"]) => {
            let all = vec![role(false)];
            listed(state, call, all)
        }
        ("GET", ["directoryRoles", id, "members"]) => {
            if role(false)["id"] != *id {
                return Err(not_found(id));
            }
            let members: Vec<String> = state.tenant.administrators.iter().cloned().collect();
            objects(state, call, members)
        }
        _ => Err(error(501, "NotImplemented", &format!("this fake does not know {}", call.operation.id))),
    }
}

fn one(state: &State, call: &Call<'_>, kind: &str, object: &Value) -> Answered {
    expand(call, kind)?;
    let select = select(call, kind, &[])?;
    let mut seen = viewed(call, kind, object, select.as_deref(), false);
    expanded(state, call, std::slice::from_mut(&mut seen))?;
    let set = if kind == USER { "users" } else { "groups" };
    seen["@odata.context"] = format!("https://graph.microsoft.com/v1.0/$metadata#{set}/$entity").into();
    Ok(Answer::json(200, &seen))
}

fn user(state: &State, call: &Call<'_>) -> Result<Value, Answer> {
    let key = match &call.access.user {
        Some(user) if call.asked.path.starts_with("/v1.0/me") => user.as_str(),
        _ => call.part("user-id"),
    };
    state.tenant.user(key).cloned().ok_or_else(|| not_found(key))
}

fn group(state: &State, call: &Call<'_>) -> Result<Value, Answer> {
    let key = call.part("group-id");
    state.tenant.groups.get(key).cloned().ok_or_else(|| not_found(key))
}

fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_default().to_owned()
}

fn organization() -> Value {
    json!({
        "id": TENANT, "deletedDateTime": null, "displayName": "Banque Exemple", "countryLetterCode": "FR",
        "createdDateTime": "2018-05-02T07:00:00Z", "preferredLanguage": "fr", "onPremisesSyncEnabled": true,
        "verifiedDomains": [
            {"capabilities": "Email", "isDefault": true, "isInitial": false, "name": DOMAIN, "type": "Managed"},
            {"capabilities": "Email", "isDefault": false, "isInitial": true, "name": "banqueexemple.onmicrosoft.com", "type": "Managed"},
        ],
    })
}

fn role(say: bool) -> Value {
    let mut role = json!({
        "id": identifier(ADMINISTRATOR), "deletedDateTime": null, "displayName": ADMINISTRATOR,
        "description": "Can manage all aspects of the directory", "roleTemplateId": "62e90394-69f5-4237-9190-012177145e10",
    });
    if say {
        role["@odata.type"] = format!("#{ROLE}").into();
    }
    role
}

/// These users, groups and roles, each with its type.
fn objects(state: &mut State, call: &Call<'_>, ids: Vec<String>) -> Answered {
    let casting = call.asked.path.rsplit('/').next().and_then(|last| last.strip_prefix("graph."));
    let select = match casting {
        Some("user") | None => select(call, USER, &[])?,
        Some(_) => select(call, GROUP, &[])?,
    };
    let mut all: Vec<Value> = Vec::new();
    for id in &ids {
        let say = casting.is_none();
        if let Some(user) = state.tenant.users.get(id).filter(|_| matches!(casting, None | Some("user"))) {
            all.push(viewed(call, USER, user, select.as_deref(), say));
        } else if let Some(group) = state.tenant.groups.get(id).filter(|_| matches!(casting, None | Some("group"))) {
            all.push(viewed(call, GROUP, group, select.as_deref(), say));
        } else if *id == identifier(ADMINISTRATOR) && matches!(casting, None | Some("directoryRole")) {
            all.push(role(say));
        }
    }
    let chosen: Vec<Value> =
        chosen(call, "microsoft.graph.directoryObject", all.iter().collect())?.into_iter().cloned().collect();
    listed(state, call, chosen)
}

/// The groups that hold it; all that those are in too.
fn holders(state: &State, id: &str, deep: bool) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![id.to_owned()];
    while let Some(next) = open.pop() {
        for (group, _) in state.tenant.members.iter().filter(|(_, members)| members.contains(&next)) {
            if state.tenant.groups.contains_key(group) && found.insert(group.clone()) && deep {
                open.push(group.clone());
            }
        }
    }
    found.into_iter().collect()
}

fn of_user(state: &mut State, call: &Call<'_>, rest: &[&str]) -> Answered {
    let user = user(state, call)?;
    let id = id(&user);
    let no_photo = || error(404, "ImageNotFound", "Exception of type 'ImageNotFoundException' was thrown.");
    match (call.asked.method.as_str(), rest) {
        ("GET", ["photo"]) => {
            let photo = state.tenant.photos.get(&id).ok_or_else(no_photo)?;
            let version = format!("W/\"{}\"", identifier(&BASE64.encode(photo)));
            Ok(Answer::json(
                200,
                &json!({
                    "@odata.mediaContentType": "image/jpeg", "@odata.mediaEtag": version,
                    "id": "96x96", "height": 96, "width": 96,
                }),
            ))
        }
        ("GET", ["photo", "$value"]) => {
            let photo = state.tenant.photos.get(&id).ok_or_else(no_photo)?;
            Ok(Answer::empty(200).of("image/jpeg", photo.clone()))
        }
        ("PUT", ["photo", "$value"]) => {
            if !call.asked.body.starts_with(&[0xff, 0xd8]) {
                return Err(error(400, "ErrorInvalidImage", "The image is not a JPEG."));
            }
            state.tenant.photos.insert(id, call.asked.body.to_vec());
            Ok(Answer::empty(204))
        }
        ("GET", ["manager"]) => {
            let manager = state.tenant.managers.get(&id).and_then(|id| state.tenant.users.get(id));
            let manager = manager.ok_or_else(|| not_found("manager"))?;
            let select = select(call, USER, &[])?;
            Ok(Answer::json(200, &viewed(call, USER, manager, select.as_deref(), true)))
        }
        ("GET", [which @ ("memberOf" | "transitiveMemberOf"), ..]) => {
            let mut all = holders(state, &id, *which == "transitiveMemberOf");
            if state.tenant.administrators.contains(&id) {
                all.push(identifier(ADMINISTRATOR));
            }
            objects(state, call, all)
        }
        ("POST", ["checkMemberGroups"]) => {
            let asked: Vec<&str> =
                call.body["groupIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if asked.is_empty() || asked.len() > 20 {
                return Err(error(400, "Request_BadRequest", "groupIds has between one and twenty ids."));
            }
            let all = holders(state, &id, true);
            let value: Vec<&String> = all.iter().filter(|id| asked.contains(&id.as_str())).collect();
            Ok(Answer::json(200, &json!({"value": value})))
        }
        ("POST", ["getMemberObjects"]) => {
            let mut value = holders(state, &id, true);
            if state.tenant.administrators.contains(&id) && call.body["securityEnabledOnly"] != true {
                value.push(identifier(ADMINISTRATOR));
            }
            Ok(Answer::json(200, &json!({"value": value})))
        }
        _ => Err(error(501, "NotImplemented", &format!("this fake does not know {}", call.operation.id))),
    }
}

/// What belongs to the directory at home when the user comes from there.
const MASTERED: [&str; 20] = [
    "accountEnabled",
    "businessPhones",
    "city",
    "companyName",
    "country",
    "department",
    "displayName",
    "employeeId",
    "faxNumber",
    "givenName",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "postalCode",
    "state",
    "streetAddress",
    "surname",
    "userPrincipalName",
];

fn patch_user(state: &mut State, call: &Call<'_>) -> Answered {
    let user = user(state, call)?;
    let id = id(&user);
    let fields = call.body.as_object().cloned().unwrap_or_default();
    if fields.is_empty() {
        return Err(error(400, "Request_BadRequest", "No property to update."));
    }
    let has = |name: &str| call.access.permissions.contains(name);
    if fields.contains_key("passwordProfile") || fields.contains_key("passwordPolicies") {
        call.inner.control.violation(format!("PATCH {}: a password", call.asked.path));
        return Err(denied());
    }
    if fields.contains_key("accountEnabled") && !has("User.EnableDisableAccount.All") {
        return Err(denied());
    }
    let phones = ["businessPhones", "mobilePhone", "otherMails"].iter().any(|name| fields.contains_key(*name));
    if phones && call.access.user.is_none() && state.tenant.administrators.contains(&id) {
        return Err(denied());
    }
    if user["onPremisesSyncEnabled"] == true && fields.keys().any(|name| MASTERED.contains(&name.as_str())) {
        let why = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects \
                   currently undergoing migration.";
        return Err(error(400, "Request_BadRequest", why));
    }
    if fields.get("businessPhones").and_then(Value::as_array).is_some_and(|all| all.len() > 1) {
        return Err(error(
            400,
            "Request_BadRequest",
            "Invalid value specified for property 'businessPhones': one number only",
        ));
    }
    if fields.get("displayName").is_some_and(Value::is_null) {
        return Err(error(
            400,
            "Request_BadRequest",
            "Invalid value specified for property 'displayName': it cannot be cleared",
        ));
    }
    for (name, value) in fields {
        state.tenant.set(&id, &name, value);
    }
    Ok(Answer::empty(204))
}

fn create_group(state: &mut State, call: &Call<'_>) -> Answered {
    for name in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
        if call.body.get(name).is_none_or(Value::is_null) {
            return Err(error(
                400,
                "Request_BadRequest",
                &format!("A value is required for property '{name}' of resource 'Group'."),
            ));
        }
    }
    let unified = call.body["groupTypes"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "Unified"));
    if call.body["mailEnabled"] == true && !unified {
        let why = "The service does not currently support creation of mail-enabled groups. Please ensure that the \
                   mailEnabled property is set to false and the request is retried.";
        return Err(error(400, "Request_BadRequest", why));
    }
    let id = state.tenant.add_group(call.body["displayName"].as_str().unwrap_or_default());
    for (name, value) in call.body.as_object().into_iter().flatten() {
        state.tenant.set(&id, name, value.clone());
    }
    let group = state.tenant.groups.get(&id).cloned().unwrap_or_default();
    Ok(Answer::json(201, &viewed(call, GROUP, &group, None, false)))
}

fn mastered(group: &Value) -> Result<(), Answer> {
    if group["onPremisesSyncEnabled"] == true {
        let why = "Unable to update the specified properties for on-premises mastered Directory Sync objects.";
        return Err(error(400, "Request_BadRequest", why));
    }
    Ok(())
}

fn patch_group(state: &mut State, call: &Call<'_>) -> Answered {
    let group = group(state, call)?;
    mastered(&group)?;
    for (name, value) in call.body.as_object().into_iter().flatten() {
        state.tenant.set(&id(&group), name, value.clone());
    }
    Ok(Answer::empty(204))
}

fn of_group(state: &mut State, call: &Call<'_>, rest: &[&str]) -> Answered {
    let group = group(state, call)?;
    let id = id(&group);
    let members = state.tenant.members.get(&id).cloned().unwrap_or_default();
    match (call.asked.method.as_str(), rest) {
        ("GET", ["members"] | ["members", "graph.user"]) => objects(state, call, members.into_iter().collect()),
        ("GET", ["transitiveMembers"]) => {
            let (mut all, mut open) = (BTreeSet::new(), vec![id]);
            while let Some(next) = open.pop() {
                for member in state.tenant.members.get(&next).into_iter().flatten() {
                    if all.insert(member.clone()) {
                        open.push(member.clone());
                    }
                }
            }
            objects(state, call, all.into_iter().collect())
        }
        ("POST", ["members", "$ref"]) => {
            mastered(&group)?;
            let link = call.body["@odata.id"].as_str().unwrap_or_default();
            let bases = ["https://graph.microsoft.com".to_owned(), call.inner.origin.clone()];
            let member = bases.iter().find_map(|base| link.strip_prefix(base.as_str())).and_then(|rest| {
                let rest = rest.strip_prefix("/v1.0/")?;
                ["directoryObjects/", "users/", "groups/"].iter().find_map(|set| rest.strip_prefix(set))
            });
            let member =
                member.ok_or_else(|| error(400, "Request_BadRequest", "Invalid URL format specified in @odata.id."))?;
            if !state.tenant.users.contains_key(member) && !state.tenant.groups.contains_key(member) {
                return Err(not_found(member));
            }
            if members.contains(member) {
                let why = "One or more added object references already exist for the following modified properties: 'members'.";
                return Err(error(400, "Request_BadRequest", why));
            }
            state.tenant.join(&id, member);
            Ok(Answer::empty(204))
        }
        ("DELETE", ["members", member, "$ref"]) => {
            mastered(&group)?;
            if !members.contains(*member) {
                return Err(not_found(member));
            }
            state.tenant.leave(&id, member);
            Ok(Answer::empty(204))
        }
        _ => Err(error(501, "NotImplemented", &format!("this fake does not know {}", call.operation.id))),
    }
}
