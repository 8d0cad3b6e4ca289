//! Google's discovery documents, read as contracts.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::{Contract, Kind, Operation, Parameter, Segment, Shape};

/// Reads one. A document that cannot be read is a mistake of ours: it panics.
pub fn read(document: &str) -> Contract {
    let document: Value = serde_json::from_str(document).expect("a discovery document is JSON");
    let mut contract = Contract::default();
    for (name, schema) in entries(&document["schemas"]) {
        contract.schemas.insert(name.clone(), shape(schema));
    }
    contract.common =
        entries(&document["parameters"]).map(|(name, parameter)| read_parameter(name, parameter)).collect();
    resources(&document, &mut contract.operations);
    contract
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn resources(within: &Value, operations: &mut Vec<Operation>) {
    for (_, method) in entries(&within["methods"]) {
        operations.push(operation(method));
    }
    for (_, resource) in entries(&within["resources"]) {
        resources(resource, operations);
    }
}

fn operation(method: &Value) -> Operation {
    let text = |name: &str| method[name].as_str().unwrap_or_default().to_owned();
    let named = |value: &Value| value["$ref"].as_str().map(|name| Shape::of(Kind::Named(name.to_owned())));
    let response = named(&method["response"]);
    Operation {
        id: text("id"),
        method: text("httpMethod"),
        path: text("path").split('/').map(segment).collect(),
        parameters: entries(&method["parameters"]).map(|(name, parameter)| read_parameter(name, parameter)).collect(),
        scopes: texts(&method["scopes"]),
        application: Vec::new(),
        media: None,
        request: named(&method["request"]),
        // a method without a shape answers 204 without a body
        responses: BTreeMap::from([(if response.is_some() { 200 } else { 204 }, response)]),
    }
}

fn segment(text: &str) -> Segment {
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => Segment::Holds(name.trim_start_matches('+').to_owned()),
        None => Segment::Is(text.to_owned()),
    }
}

fn read_parameter(name: &str, value: &Value) -> Parameter {
    Parameter {
        name: name.to_owned(),
        in_path: value["location"] == "path",
        required: value["required"] == true,
        repeated: value["repeated"] == true,
        listed: false,
        shape: shape(value),
    }
}

/// A number that the document writes as a text.
fn bound(value: &Value, other: i64) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(other)
}

fn shape(value: &Value) -> Shape {
    let format = value["format"].as_str().map(str::to_owned);
    let kind = match value["type"].as_str() {
        Some("string") => Kind::Text { format, one_of: texts(&value["enum"]) },
        Some("integer") => {
            let (least, most) = match format.as_deref() {
                Some("uint32") => (0, i64::from(u32::MAX)),
                _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
            };
            Kind::Integer { least: bound(&value["minimum"], least), most: bound(&value["maximum"], most) }
        }
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Boolean,
        Some("array") => Kind::Array(Box::new(shape(&value["items"]))),
        Some("object") => {
            let others = &value["additionalProperties"];
            Kind::Object {
                fields: entries(&value["properties"]).map(|(name, value)| (name.clone(), shape(value))).collect(),
                others: others.is_object().then(|| Box::new(shape(others))),
            }
        }
        Some("any") => Kind::Any,
        _ => match value["$ref"].as_str() {
            Some(name) => Kind::Named(name.to_owned()),
            None => panic!("a shape that this reader does not know: {value}"),
        },
    };
    let required = texts(&value["annotations"]["required"]);
    Shape { read_only: read_only(value), required, ..Shape::of(kind) }
}

/// Some of Google's fields are marked, others say it in words.
fn read_only(value: &Value) -> bool {
    let words = value["description"].as_str().unwrap_or_default().to_ascii_lowercase();
    let said = ["(read-only", " is read-only", " read-only."];
    value["readOnly"] == true
        || ["read-only", "output only"].iter().any(|words_of| words.starts_with(words_of))
        || said.iter().any(|part| words.contains(part))
}
