//! The Directory API: users, groups, members, units, roles, the customer.

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use serde_json::{Map, Value, json};

use super::errors::{error, invalid, not_authorized, not_found};
use super::groups::{group, groups, member, members};
use super::pages::{next_page, paged};
use super::people::etag;
use super::{CUSTOMER, Call, DOMAIN, State};
use crate::wire::Answer;

pub(super) type Answered = Result<Value, Answer>;

pub(super) fn answer(state: &mut State, call: &Call<'_>) -> Answered {
    let method = call.operation.id.as_str();
    // what everybody in the domain may see of the others; the rest is the administrators'
    let public = matches!(method, "directory.users.list" | "directory.users.get")
        && call.asked.said("viewType") == Some("domain_public");
    if !public && call.user["isAdmin"] != true && call.user["isDelegatedAdmin"] != true {
        return Err(not_authorized());
    }
    for name in ["customer", "customerId", "customerKey"] {
        let named = call.path.get(name).map(String::as_str).or_else(|| call.asked.said(name));
        if let Some(named) = named.filter(|named| *named != "my_customer" && *named != CUSTOMER) {
            let primary = name == "customerKey" && named == DOMAIN;
            if !primary {
                return Err(if call.path.contains_key(name) { not_found(name) } else { invalid(name) });
            }
        }
    }
    if let Some(token) = call.asked.said("pageToken") {
        return next_page(state, call, token);
    }
    match method {
        "directory.customers.get" => Ok(customer()),
        "directory.domains.list" => Ok(json!({"kind": "admin#directory#domains", "etag": "\"domains\"", "domains": [{
            "kind": "admin#directory#domain", "etag": "\"domain\"", "domainName": DOMAIN, "isPrimary": true,
            "verified": true, "creationTime": "1500000000000",
        }]})),
        "directory.users.list" => users(state, call),
        "directory.users.get" => user(state, call).map(|user| viewed(&user, call)),
        "directory.users.patch" => patch(state, call),
        "directory.users.aliases.list" => aliases(state, call),
        "directory.users.photos.get" => photo(state, call),
        "directory.users.photos.update" | "directory.users.photos.patch" => put_photo(state, call),
        "directory.users.photos.delete" => {
            let id = id_of(state, call)?;
            state.people.photographed(&id)?;
            state.people.photograph(&id, None);
            Ok(Value::Null)
        }
        "directory.groups.list" => groups(state, call),
        "directory.groups.get" => group(state, call).map(|(_, group)| group),
        "directory.members.list" => members(state, call),
        "directory.members.get" => {
            let member = member(state, call)?;
            member.ok_or_else(|| not_found("memberKey"))
        }
        "directory.members.hasMember" => Ok(json!({"isMember": member(state, call)?.is_some()})),
        "directory.orgunits.list" => units(state, call),
        "directory.roles.list" => {
            paged(state, call, ("admin#directory#roles", "items"), state.people.roles.clone(), (100, 100))
        }
        "directory.roles.get" => one(&state.people.roles, "roleId", call),
        "directory.roleAssignments.list" => assignments(state, call),
        "directory.roleAssignments.get" => one(&state.people.assignments, "roleAssignmentId", call),
        other => Err(error(501, "notImplemented", &format!("this fake does not know {other}"))),
    }
}

fn customer() -> Value {
    json!({
        "kind": "admin#directory#customer", "etag": "\"customer\"", "id": CUSTOMER, "customerDomain": DOMAIN,
        "alternateEmail": "secours@exemple.example", "customerCreationTime": "2017-07-14T02:40:00.000Z", "language": "fr",
        "postalAddress": {"organizationName": "Banque Exemple", "countryCode": "FR", "locality": "Lyon"},
    })
}

fn one(all: &[Value], key: &str, call: &Call<'_>) -> Answered {
    all.iter().find(|one| one[key] == call.part(key)).cloned().ok_or_else(|| not_found(key))
}

fn id_of(state: &State, call: &Call<'_>) -> Result<String, Answer> {
    let user = state.people.user(call.part("userKey"));
    user.and_then(|user| user["id"].as_str()).map(str::to_owned).ok_or_else(|| not_found("userKey"))
}

fn user(state: &State, call: &Call<'_>) -> Answered {
    state.people.user(call.part("userKey")).cloned().ok_or_else(|| not_found("userKey"))
}

/// A user as far as the question goes.
fn viewed(user: &Value, call: &Call<'_>) -> Value {
    const PUBLIC: [&str; 13] = [
        "kind",
        "id",
        "etag",
        "primaryEmail",
        "name",
        "emails",
        "phones",
        "organizations",
        "addresses",
        "locations",
        "relations",
        "thumbnailPhotoUrl",
        "thumbnailPhotoEtag",
    ];
    let public = call.asked.said("viewType") == Some("domain_public");
    let projection = call.asked.said("projection").unwrap_or("basic");
    let mask: Vec<&str> = call.asked.said("customFieldMask").unwrap_or_default().split(',').collect();
    let mut seen = Map::new();
    for (name, value) in user.as_object().into_iter().flatten() {
        if public && !PUBLIC.contains(&name.as_str()) {
            continue;
        }
        let value = match (name.as_str(), projection) {
            ("customSchemas", "basic") => continue,
            ("customSchemas", "custom") => {
                let schemas = value.as_object().into_iter().flatten();
                let kept = schemas.filter(|(name, _)| mask.contains(&name.as_str()));
                Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
            }
            _ => value.clone(),
        };
        seen.insert(name.clone(), value);
    }
    Value::Object(seen)
}

pub(super) fn in_domain(call: &Call<'_>) -> Result<(), Answer> {
    match (call.asked.said("customer"), call.asked.said("domain")) {
        (None, None) => Err(error(400, "badRequest", "Bad Request")),
        (_, Some(domain)) if domain != DOMAIN => Err(error(404, "notFound", "Domain not found.")),
        _ => Ok(()),
    }
}

fn users(state: &mut State, call: &Call<'_>) -> Answered {
    in_domain(call)?;
    if call.asked.said("event").is_some() {
        return Err(invalid("event"));
    }
    let deleted = match call.asked.said("showDeleted") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(invalid("showDeleted")),
    };
    let terms: Vec<&str> = call.asked.said("query").unwrap_or_default().split_ascii_whitespace().collect();
    let mut all = Vec::new();
    for user in state.people.users.values().filter(|user| user["deletionTime"].is_null() != deleted) {
        let mut meets = true;
        for term in &terms {
            meets &= matches(user, term).ok_or_else(|| invalid("query"))?;
        }
        if meets {
            all.push(viewed(user, call));
        }
    }
    let sort = call.asked.said("orderBy");
    let key = |user: &Value| {
        let of = match sort {
            Some("familyName") => &user["name"]["familyName"],
            Some("givenName") => &user["name"]["givenName"],
            Some(_) => &user["primaryEmail"],
            None => &user["id"],
        };
        of.as_str().unwrap_or_default().to_lowercase()
    };
    all.sort_by_cached_key(key);
    match (sort, call.asked.said("sortOrder")) {
        (None, Some(_)) => return Err(invalid("sortOrder: it needs orderBy")),
        (_, Some("DESCENDING")) => all.reverse(),
        _ => {}
    }
    paged(state, call, ("admin#directory#users", "users"), all, (500, 100))
}

/// One condition of the search: `isSuspended=true`, `orgUnitPath=/x`, `email:anna*`.
fn matches(user: &Value, term: &str) -> Option<bool> {
    let (name, value, whole) = match (term.split_once('='), term.split_once(':')) {
        (Some((name, value)), _) => (name, value, true),
        (None, Some((name, value))) => (name, value, false),
        (None, None) => return None,
    };
    let value = value.trim_matches(['\'', '"']);
    let field = match name {
        "email" => &user["primaryEmail"],
        "givenName" | "familyName" => &user["name"][name],
        "orgUnitPath" => &user["orgUnitPath"],
        "isSuspended" if matches!(value, "true" | "false") => {
            return Some((user["suspended"] == true) == (value == "true"));
        }
        "isAdmin" if matches!(value, "true" | "false") => return Some((user["isAdmin"] == true) == (value == "true")),
        _ => return None,
    };
    let (field, value) = (field.as_str().unwrap_or_default().to_lowercase(), value.to_lowercase());
    Some(match (whole, value.strip_suffix('*')) {
        (true, None) => field == value,
        (true, Some(_)) => return None,
        (false, Some(start)) => field.starts_with(start),
        (false, None) => field.contains(&value),
    })
}

fn patch(state: &mut State, call: &Call<'_>) -> Answered {
    let id = id_of(state, call)?;
    let name = &call.body["name"];
    let long = |field: &str| name[field].as_str().is_some_and(|text| text.chars().count() > 60);
    if long("givenName") || long("familyName") {
        return Err(invalid("name"));
    }
    for (field, most) in [("phones", 1_000), ("organizations", 10_000)] {
        let value = &call.body[field];
        let good = value.is_null() || value.is_array() && value.to_string().len() <= most;
        if !good {
            return Err(invalid(field));
        }
    }
    let Some(user) = state.people.users.get_mut(&id) else { return Err(not_found("userKey")) };
    for (field, value) in call.body.as_object().into_iter().flatten() {
        match (field.as_str(), value) {
            // what is written and never read
            ("password" | "hashFunction", _) => {}
            ("name", Value::Object(parts)) => {
                for (part, value) in parts {
                    user["name"][part] = value.clone();
                }
                let text = |part: &str| user["name"][part].as_str().unwrap_or_default().to_owned();
                user["name"]["fullName"] = format!("{} {}", text("givenName"), text("familyName")).into();
            }
            _ => user[field] = value.clone(),
        }
    }
    state.people.touch(&id);
    self::user(state, call)
}

fn aliases(state: &State, call: &Call<'_>) -> Answered {
    let user = user(state, call)?;
    let mut answer = json!({"kind": "admin#directory#aliases", "etag": user["etag"]});
    let alias = |alias: &Value| json!({"kind": "admin#directory#alias", "id": user["id"], "primaryEmail": user["primaryEmail"], "alias": alias});
    let all: Vec<Value> = user["aliases"].as_array().into_iter().flatten().map(alias).collect();
    if !all.is_empty() {
        answer["aliases"] = all.into();
    }
    Ok(answer)
}

impl super::People {
    fn photographed(&self, id: &str) -> Result<&Vec<u8>, Answer> {
        self.photos.get(id).ok_or_else(|| not_found("photo"))
    }
}

fn photo(state: &State, call: &Call<'_>) -> Answered {
    let user = user(state, call)?;
    let id = user["id"].as_str().unwrap_or_default();
    let photo = state.people.photographed(id)?;
    Ok(json!({
        "kind": "admin#directory#user#photo", "id": id, "etag": etag(photo), "primaryEmail": user["primaryEmail"],
        "mimeType": "image/jpeg", "width": 96, "height": 96, "photoData": BASE64URL.encode(photo),
    }))
}

fn put_photo(state: &mut State, call: &Call<'_>) -> Answered {
    let id = id_of(state, call)?;
    let data = call.body["photoData"].as_str().unwrap_or_default().replace(['*', '.'], "=");
    let data = data.as_bytes();
    let decoded =
        [BASE64URL.decode(data), BASE64URL_NOPAD.decode(data), BASE64.decode(data)].into_iter().find_map(Result::ok);
    let image = decoded.filter(|image| image.starts_with(&[0xff, 0xd8]) || image.starts_with(b"\x89PNG"));
    state.people.photograph(&id, Some(image.ok_or_else(|| invalid("photoData"))?));
    photo(state, call)
}

fn units(state: &State, call: &Call<'_>) -> Answered {
    let wanted = call.asked.said("type").unwrap_or("children").to_ascii_lowercase();
    let parent = call.asked.said("orgUnitPath").unwrap_or("/");
    let parent = if parent.starts_with('/') { parent.to_owned() } else { format!("/{parent}") };
    if parent != "/" && !state.people.units.iter().any(|unit| unit["orgUnitPath"] == parent.as_str()) {
        return Err(error(404, "notFound", "Org unit not found"));
    }
    let under = format!("{}/", parent.trim_end_matches('/'));
    let within = |unit: &&Value| {
        let path = unit["orgUnitPath"].as_str().unwrap_or_default();
        let itself = wanted == "allincludingparent" && path == parent;
        itself || path.starts_with(&under) && (wanted != "children" || unit["parentOrgUnitPath"] == parent.as_str())
    };
    let found: Vec<&Value> = state.people.units.iter().filter(within).collect();
    let mut answer = json!({"kind": "admin#directory#orgUnits", "etag": "\"units\""});
    if !found.is_empty() {
        answer["organizationUnits"] = json!(found);
    }
    Ok(answer)
}

fn assignments(state: &mut State, call: &Call<'_>) -> Answered {
    let mut all = state.people.assignments.clone();
    if let Some(role) = call.asked.said("roleId") {
        all.retain(|assignment| assignment["roleId"] == role);
    }
    if let Some(key) = call.asked.said("userKey") {
        let id = state.people.id_of(key).ok_or_else(|| not_found("userKey"))?;
        all.retain(|assignment| assignment["assignedTo"] == id.as_str());
    }
    paged(state, call, ("admin#directory#roleAssignments", "items"), all, (200, 200))
}
