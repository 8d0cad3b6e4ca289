//! Groups and who is in them.

use serde_json::Value;

use super::directory::{Answered, in_domain};
use super::errors::{invalid, not_found};
use super::pages::paged;
use super::{Call, State};
use crate::wire::Answer;

pub(super) fn group(state: &State, call: &Call<'_>) -> Result<(String, Value), Answer> {
    let key = call.part("groupKey");
    let is = |group: &Value| group["email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(key));
    let found = state.people.groups.iter().find(|(id, group)| *id == key || is(group));
    found.map(|(id, group)| (id.clone(), group.clone())).ok_or_else(|| not_found("groupKey"))
}

pub(super) fn groups(state: &mut State, call: &Call<'_>) -> Answered {
    let mut all: Vec<Value> = state.people.groups.values().cloned().collect();
    match call.asked.said("userKey") {
        Some(key) => {
            let id = state.people.id_of(key).ok_or_else(|| not_found("userKey"))?;
            let has = |group: &Value| {
                let members = state.people.members.get(group["id"].as_str().unwrap_or_default());
                members.into_iter().flatten().any(|member| member["id"] == id.as_str())
            };
            all.retain(has);
        }
        None => in_domain(call)?,
    }
    if call.asked.said("query").is_some() {
        return Err(invalid("query"));
    }
    all.sort_by_cached_key(|group| group["email"].as_str().unwrap_or_default().to_owned());
    match (call.asked.said("orderBy"), call.asked.said("sortOrder")) {
        (None, Some(_)) => return Err(invalid("sortOrder: it needs orderBy")),
        (_, Some("DESCENDING")) => all.reverse(),
        _ => {}
    }
    paged(state, call, ("admin#directory#groups", "groups"), all, (200, 200))
}

pub(super) fn members(state: &mut State, call: &Call<'_>) -> Answered {
    let (id, _) = group(state, call)?;
    let mut all = Vec::new();
    let derived = call.asked.said("includeDerivedMembership") == Some("true");
    gather(state, &id, derived, &mut all, 0);
    if let Some(roles) = call.asked.said("roles") {
        let roles: Vec<&str> = roles.split(',').collect();
        if roles.iter().any(|role| !matches!(*role, "OWNER" | "MANAGER" | "MEMBER")) {
            return Err(invalid("roles"));
        }
        all.retain(|member| member["role"].as_str().is_some_and(|role| roles.contains(&role)));
    }
    paged(state, call, ("admin#directory#members", "members"), all, (200, 200))
}

fn gather(state: &State, group: &str, derived: bool, all: &mut Vec<Value>, depth: usize) {
    for member in state.people.members.get(group).into_iter().flatten() {
        if all.iter().any(|known| known["id"] == member["id"]) {
            continue;
        }
        all.push(member.clone());
        if derived && member["type"] == "GROUP" && depth < 10 {
            gather(state, member["id"].as_str().unwrap_or_default(), derived, all, depth + 1);
        }
    }
}

pub(super) fn member(state: &State, call: &Call<'_>) -> Result<Option<Value>, Answer> {
    let (id, _) = group(state, call)?;
    let key = call.part("memberKey");
    let user = state.people.id_of(key).unwrap_or_else(|| key.to_owned());
    let mut all = Vec::new();
    gather(state, &id, call.operation.id.ends_with("hasMember"), &mut all, 0);
    let is = |member: &Value| {
        member["id"] == user.as_str() || member["email"].as_str().is_some_and(|email| email.eq_ignore_ascii_case(key))
    };
    Ok(all.into_iter().find(is))
}
