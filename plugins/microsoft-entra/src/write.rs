//! Some properties of a user, set where the host asks for it. The host lets no other property
//! through (`json-keys` in the manifest), and no other address than a user's own.

use std::collections::BTreeMap;

use estampe_plugin_sdk::{Attribute, FailKind, Failure, Host, Value};
use serde::{Deserialize, Serialize};

use crate::graph::{Graph, Need};
use crate::organisation::is_guid;
use crate::person::{self, User};

/// What can be set, by its standard name, and the property of Graph's `user`.
pub const WRITTEN: [(&str, &str); 11] = [
    ("title", "jobTitle"),
    ("o", "companyName"),
    ("department", "department"),
    ("physicalDeliveryOfficeName", "officeLocation"),
    ("telephoneNumber", PHONES),
    ("mobile", "mobilePhone"),
    ("street", "streetAddress"),
    ("postalCode", "postalCode"),
    ("l", "city"),
    ("st", "state"),
    ("co", "country"),
];
/// The one property that is a list; Graph keeps one number in it all the same.
const PHONES: &str = "businessPhones";

#[derive(Deserialize)]
struct Kept {
    #[serde(rename = "onPremisesSyncEnabled")]
    at_home: Option<bool>,
}

/// What a property is set to.
#[derive(Serialize)]
#[serde(untagged)]
enum Set {
    One(Option<String>),
    Many(Vec<String>),
}

fn property(field: &str) -> Result<(&'static str, &'static str), Failure> {
    let found = WRITTEN.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
    found.ok_or_else(|| {
        let why = format!("Microsoft Entra's \"{field}\" is not written by this plugin");
        Failure::new(FailKind::Unsupported, why)
    })
}

fn path(id: &str) -> Result<String, Failure> {
    if is_guid(id) {
        return Ok(format!("users/{id}"));
    }
    Err(Failure::new(FailKind::NotFound, "nobody in the tenant has this id"))
}

/// What Graph has in these fields.
pub fn read(host: &dyn Host, id: &str, fields: &[String]) -> Result<Vec<Attribute>, Failure> {
    let wanted = fields.iter().map(|field| property(field)).collect::<Result<Vec<_>, _>>()?;
    read_from(&Graph::of(host)?, id, &wanted)
}

fn read_from(graph: &Graph<'_>, id: &str, wanted: &[(&str, &str)]) -> Result<Vec<Attribute>, Failure> {
    let names: Vec<_> = wanted.iter().map(|(_, property)| *property).collect();
    let user: User = graph.read(&format!("{}?$select=id,{}", path(id)?, names.join(",")), Need::Users, None)?;
    let attribute = |(name, property): &(&str, &str)| {
        let texts = person::texts(&user, property);
        (!texts.is_empty()).then(|| Attribute { name: (*name).to_owned(), value: Value::Texts(texts) })
    };
    Ok(wanted.iter().filter_map(attribute).collect())
}

/// Sets these fields in one request, and gives what Graph has then.
pub fn set(host: &dyn Host, id: &str, changes: &[Attribute]) -> Result<Vec<Attribute>, Failure> {
    let (graph, path) = (Graph::of(host)?, path(id)?);
    let (mut body, mut fields) = (BTreeMap::new(), Vec::new());
    for change in changes {
        let (name, property) = property(&change.name)?;
        fields.push((name, property));
        body.insert(property, to_set(property, change)?);
    }
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let kept: Kept = graph.read(&format!("{path}?$select=id,onPremisesSyncEnabled"), Need::Users, None)?;
    if kept.at_home == Some(true) {
        let why = "this person is kept in the directory at home and comes to Entra from there (Entra Connect): \
                   change it there; Entra takes no change of it";
        return Err(Failure::new(FailKind::Unsupported, why));
    }
    let about_phones = fields.iter().any(|(_, property)| matches!(*property, PHONES | "mobilePhone"));
    graph.patch(&path, &body, about_phones)?;
    read_from(&graph, id, &fields)
}

fn to_set(property: &str, change: &Attribute) -> Result<Set, Failure> {
    let texts = match &change.value {
        Value::Texts(texts) => texts.clone(),
        Value::Text(text) => vec![text.clone()],
        Value::Flag(_) | Value::Number(_) => return Err(Failure::internal("a field is set to texts")),
    };
    if texts.len() > 1 {
        let why = format!("Microsoft Entra keeps one value in \"{}\": leave one", change.name);
        return Err(Failure::new(FailKind::Unsupported, why));
    }
    Ok(if property == PHONES { Set::Many(texts) } else { Set::One(texts.into_iter().next()) })
}
