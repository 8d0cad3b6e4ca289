//! What a query of OData wants: which properties, which objects, how many.

use serde_json::{Map, Value, json};

use super::errors::error;
use super::{Call, delta};
use crate::contract::{Kind, Shape};
use crate::shape::Fields;
use crate::wire::Answer;

/// What Graph gives of a user when nobody says what is wanted.
const DEFAULT: [&str; 11] = [
    "id",
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

fn bad(message: &str) -> Answer {
    error(400, "BadRequest", message)
}

fn advanced(call: &Call<'_>) -> bool {
    call.asked.header("consistencylevel").eq_ignore_ascii_case("eventual")
}

/// The properties that are wanted, all of which the type has.
pub(super) fn select(call: &Call<'_>, kind: &str, also: &[&str]) -> Result<Option<Vec<String>>, Answer> {
    call.asked.said("$select").map(|text| checked(call, kind, text, also)).transpose()
}

fn checked(call: &Call<'_>, kind: &str, text: &str, also: &[&str]) -> Result<Vec<String>, Answer> {
    let shape = Shape::of(Kind::Named(kind.to_owned()));
    let all = call.inner.contract.fields(&shape);
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    for name in &names {
        let property = all.fields.get(name.as_str()).is_some_and(|shape| !shape.navigation);
        if !property && !also.contains(&name.as_str()) {
            return Err(bad(&format!("Could not find a property named '{name}' on type '{kind}'.")));
        }
    }
    Ok(names)
}

/// Objects as far as their properties are wanted.
pub(super) fn all_viewed(call: &Call<'_>, kind: &str, objects: &[&Value], select: Option<&[String]>) -> Vec<Value> {
    let shape = Shape::of(Kind::Named(kind.to_owned()));
    let fields = call.inner.contract.fields(&shape);
    objects.iter().map(|object| seen(&fields, kind, object, select, false)).collect()
}

/// An object as far as its properties are wanted. `say`: with its type.
pub(super) fn viewed(call: &Call<'_>, kind: &str, object: &Value, select: Option<&[String]>, say: bool) -> Value {
    let shape = Shape::of(Kind::Named(kind.to_owned()));
    let all = call.inner.contract.fields(&shape);
    seen(&all, kind, object, select, say)
}

pub(super) fn seen(all: &Fields<'_>, kind: &str, object: &Value, select: Option<&[String]>, say: bool) -> Value {
    let mut seen = Map::new();
    if say {
        seen.insert("@odata.type".to_owned(), format!("#{kind}").into());
    }
    seen.insert("id".to_owned(), object["id"].clone());
    let names: Vec<&str> = match select {
        Some(names) => names.iter().map(String::as_str).collect(),
        None if kind == "microsoft.graph.user" => DEFAULT.to_vec(),
        None => object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect(),
    };
    for name in names {
        let Some(shape) = all.fields.get(name).filter(|shape| !shape.navigation) else { continue };
        let value = match (&object[name], &shape.kind) {
            (Value::Null, Kind::Array(_)) => json!([]),
            (Value::Null, _) if !shape.nullable => continue,
            (value, _) => value.clone(),
        };
        seen.insert(name.to_owned(), value);
    }
    Value::Object(seen)
}

/// What is wanted of each user's manager; nothing: no manager.
pub(super) fn expand(call: &Call<'_>, kind: &str) -> Result<Option<Vec<String>>, Answer> {
    let Some(text) = call.asked.said("$expand") else { return Ok(None) };
    let rest = text.strip_prefix("manager").filter(|_| kind == "microsoft.graph.user");
    let rest = rest.ok_or_else(|| bad("this fake expands the manager of users alone"))?;
    if rest.is_empty() {
        return Ok(Some(DEFAULT.map(str::to_owned).to_vec()));
    }
    let names = rest.strip_prefix("($select=").and_then(|rest| rest.strip_suffix(')'));
    let names = names.ok_or_else(|| bad("Invalid $expand: manager($select=…)"))?;
    checked(call, kind, names, &[]).map(Some)
}

/// Puts the managers into users that are already as they are answered.
pub(super) fn expanded(state: &super::State, call: &Call<'_>, users: &mut [Value]) -> Result<(), Answer> {
    let kind = "microsoft.graph.user";
    let Some(names) = expand(call, kind)? else { return Ok(()) };
    for user in users {
        let manager = user["id"].as_str().and_then(|id| state.tenant.managers.get(id));
        if let Some(manager) = manager.and_then(|id| state.tenant.users.get(id)) {
            user["manager"] = viewed(call, kind, manager, Some(&names), true);
        }
    }
    Ok(())
}

/// Objects by their filter, search and order.
pub(super) fn chosen<'a>(call: &Call<'_>, kind: &str, mut all: Vec<&'a Value>) -> Result<Vec<&'a Value>, Answer> {
    expand(call, kind)?;
    if call.asked.said("$skip").is_some() {
        return Err(bad("'$skip' is not supported by the service."));
    }
    if call.asked.said("$count") == Some("true") && !advanced(call) {
        return Err(error(
            400,
            "Request_BadRequest",
            "$count is not currently supported without ConsistencyLevel: eventual.",
        ));
    }
    let objects = kind == "microsoft.graph.directoryObject";
    if objects && ["$filter", "$search", "$orderby"].iter().any(|name| call.asked.said(name).is_some()) {
        return Err(bad("this fake neither filters, searches nor sorts here"));
    }
    if let Some(filter) = call.asked.said("$filter") {
        let conditions: Vec<(Condition<'_>, bool)> =
            conditions(filter).ok_or_else(|| bad("Invalid filter clause: this fake does not know it"))?;
        if let Some((condition, _)) = conditions.iter().find(|(condition, _)| !has(call, kind, condition.field)) {
            return Err(bad(&format!("Could not find a property named '{}' on type '{kind}'.", condition.field)));
        }
        let hard = conditions
            .iter()
            .any(|(condition, not)| *not || condition.operator == "endswith" || condition.operator == "ne");
        if hard && !(advanced(call) && call.asked.said("$count") == Some("true")) {
            return Err(error(
                400,
                "Request_UnsupportedQuery",
                "Unsupported or invalid query filter clause specified.",
            ));
        }
        let any = filter.contains(" or ");
        all.retain(|object| {
            let mut each = conditions.iter().map(|(condition, not)| condition.meets(object) != *not);
            if any { each.any(|met| met) } else { each.all(|met| met) }
        });
    }
    if let Some(search) = call.asked.said("$search") {
        if !advanced(call) {
            return Err(error(
                400,
                "Request_UnsupportedQuery",
                "Request with $search needs the header ConsistencyLevel: eventual.",
            ));
        }
        let (field, value) = search.trim_matches('"').split_once(':').ok_or_else(|| bad("Invalid $search"))?;
        if !matches!(field, "displayName" | "mail" | "userPrincipalName" | "description") || !has(call, kind, field) {
            return Err(bad(&format!("Searching by {field} is not supported.")));
        }
        let value = value.to_lowercase();
        all.retain(|object| object[field].as_str().is_some_and(|text| text.to_lowercase().contains(&value)));
    }
    if let Some(order) = call.asked.said("$orderby") {
        let (field, down) = order.split_once(' ').map_or((order, false), |(field, way)| (field, way == "desc"));
        let way = order.split_once(' ').map_or("asc", |(_, way)| way);
        let known = matches!(field, "displayName" | "userPrincipalName") && has(call, kind, field);
        if !known || !matches!(way, "asc" | "desc") {
            return Err(error(400, "Request_UnsupportedQuery", &format!("Sorting by {field} is not supported.")));
        }
        all.sort_by_key(|object| object[field].as_str().unwrap_or_default().to_lowercase());
        if down {
            all.reverse();
        }
    }
    Ok(all)
}

/// Whether a type has this property.
fn has(call: &Call<'_>, kind: &str, name: &str) -> bool {
    let shape = Shape::of(Kind::Named(kind.to_owned()));
    call.inner.contract.fields(&shape).fields.get(name).is_some_and(|shape| !shape.navigation)
}

/// How many on a page.
pub(super) fn top(call: &Call<'_>) -> Result<usize, Answer> {
    let size: usize = call.asked.said("$top").map_or(Ok(100), str::parse).map_err(|_| bad("Invalid $top"))?;
    if !(1..=999).contains(&size) {
        return Err(bad(&format!("Invalid page size specified: '{size}'. Must be between 1 and 999 inclusive.")));
    }
    Ok(size)
}

/// The first page of these, all of them already as they are answered.
pub(super) fn listed(state: &mut super::State, call: &Call<'_>, all: Vec<Value>) -> Result<Answer, Answer> {
    let count = (call.asked.said("$count") == Some("true")).then_some(all.len());
    let place = delta::Place::list(call.asked.path.clone(), all, top(call)?);
    delta::page(state, call, place, count)
}

struct Condition<'a> {
    operator: &'a str,
    field: &'a str,
    value: Value,
}

impl Condition<'_> {
    fn meets(&self, object: &Value) -> bool {
        let field = &object[self.field];
        let texts = || Some((field.as_str()?.to_lowercase(), self.value.as_str()?.to_lowercase()));
        match self.operator {
            "eq" | "ne" => {
                let same = texts().map_or_else(|| *field == self.value, |(field, value)| field == value);
                same == (self.operator == "eq")
            }
            "startswith" => texts().is_some_and(|(field, value)| field.starts_with(&value)),
            _ => texts().is_some_and(|(field, value)| field.ends_with(&value)),
        }
    }
}

/// `a eq 'x' and startswith(b,'y')`, or the same with `or`; whether each one is negated.
fn conditions(filter: &str) -> Option<Vec<(Condition<'_>, bool)>> {
    if filter.contains(" and ") && filter.contains(" or ") {
        return None;
    }
    filter.split(" and ").flat_map(|part| part.split(" or ")).map(condition).collect()
}

fn condition(text: &str) -> Option<(Condition<'_>, bool)> {
    let text = text.trim();
    let (inner, not) = match text.strip_prefix("not") {
        Some(rest) => (rest.trim().trim_start_matches('(').trim(), true),
        None => (text, false),
    };
    for operator in ["startswith", "endswith"] {
        if let Some(rest) = inner.strip_prefix(operator).and_then(|rest| rest.trim().strip_prefix('(')) {
            let (field, value) = rest.split_once(')')?.0.split_once(',')?;
            return Some((Condition { operator, field: field.trim(), value: literal(value.trim())? }, not));
        }
    }
    let inner = inner.trim_end_matches(')');
    let (field, rest) = inner.split_once(' ')?;
    let (operator, value) = rest.trim().split_once(' ')?;
    let operator = ["eq", "ne"].into_iter().find(|known| *known == operator)?;
    Some((Condition { operator, field, value: literal(value.trim())? }, not))
}

fn literal(text: &str) -> Option<Value> {
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        "null" => Some(Value::Null),
        _ => text.strip_prefix('\'')?.strip_suffix('\'').map(|text| text.replace("''", "'").into()),
    }
}
