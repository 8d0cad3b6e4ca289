//! OpenAPI 3 as Microsoft Graph's subset has it, read as a contract.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::contract::{Contract, Kind, Operation, Parameter, Segment, Shape};

/// Reads one; `base` stands before each path. A document that cannot be read is a mistake of
/// ours: it panics.
pub fn read(document: &str, base: &str) -> Contract {
    let document: Value = serde_json::from_str(document).expect("an OpenAPI document is JSON");
    let mut contract = Contract {
        annotations: vec![
            "@odata.type",
            "@odata.context",
            "@odata.mediaContentType",
            "@odata.mediaEtag",
            "@removed",
            "members@delta",
        ],
        ..Contract::default()
    };
    for (name, schema) in entries(&document["components"]["schemas"]) {
        contract.schemas.insert(name.clone(), shape(schema));
    }
    for (path, methods) in entries(&document["paths"]) {
        for (method, operation) in entries(methods) {
            contract.operations.push(read_operation(method, &format!("{base}{path}"), operation));
        }
    }
    contract
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn read_operation(method: &str, path: &str, value: &Value) -> Operation {
    let segment = |text: &str| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => Segment::Holds(name.to_owned()),
        None => Segment::Is(text.to_owned()),
    };
    let content = &value["requestBody"]["content"];
    let request = &content["application/json"]["schema"];
    let json = |answer: &Value| {
        let schema = &answer["content"]["application/json"]["schema"];
        schema.is_object().then(|| shape(schema))
    };
    let responses: BTreeMap<u16, Option<Shape>> = entries(&value["responses"])
        .filter_map(|(status, answer)| Some((status.parse().ok()?, json(answer))))
        .collect();
    Operation {
        id: value["operationId"].as_str().unwrap_or_default().to_owned(),
        method: method.to_ascii_uppercase(),
        path: path.trim_start_matches('/').split('/').map(segment).collect(),
        parameters: value["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        scopes: texts(&value["x-ms-permissions"]["DelegatedWork"]["anyOf"]),
        application: texts(&value["x-ms-permissions"]["Application"]["anyOf"]),
        media: entries(content).map(|(kind, _)| kind.clone()).find(|kind| kind != "application/json"),
        request: request.is_object().then(|| shape(request)),
        responses,
    }
}

fn parameter(value: &Value) -> Parameter {
    let listed = value["schema"]["type"] == "array";
    Parameter {
        name: value["name"].as_str().unwrap_or_default().to_owned(),
        in_path: value["in"] == "path",
        required: value["required"] == true,
        repeated: listed && value["explode"] != false,
        listed: listed && value["explode"] == false,
        shape: shape(&value["schema"]),
    }
}

fn shape(value: &Value) -> Shape {
    let required = texts(&value["required"]);
    let fields = || {
        let field = |(name, value): (&String, &Value)| {
            let mut field = shape(value);
            if required.contains(name) {
                field.required = vec!["*".to_owned()];
            }
            (name.clone(), field)
        };
        let mut fields: BTreeMap<String, Shape> = entries(&value["properties"]).map(field).collect();
        fields.extend(
            entries(&value["x-navigation"]).filter_map(|(name, to)| Some((name.clone(), navigation(to.as_str()?)))),
        );
        fields
    };
    let kind = match (value["$ref"].as_str(), value["type"].as_str()) {
        (Some(name), _) => Kind::Named(name.trim_start_matches("#/components/schemas/").to_owned()),
        (_, Some("string")) => {
            Kind::Text { format: value["format"].as_str().map(str::to_owned), one_of: texts(&value["enum"]) }
        }
        (_, Some("integer")) => {
            let (least, most) = match value["format"].as_str() {
                Some("int64") => (i64::MIN, i64::MAX),
                _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
            };
            let bound = |name: &str, other| value[name].as_i64().unwrap_or(other);
            Kind::Integer { least: bound("minimum", least), most: bound("maximum", most) }
        }
        (_, Some("number")) => Kind::Number,
        (_, Some("boolean")) => Kind::Boolean,
        (_, Some("array")) => Kind::Array(Box::new(shape(&value["items"]))),
        (_, Some("object")) => Kind::Object { fields: fields(), others: None },
        _ => match value["allOf"].as_array() {
            Some(parts) => Kind::All(parts.iter().map(shape).collect()),
            None => panic!("a shape that this reader does not know: {value}"),
        },
    };
    Shape {
        read_only: value["readOnly"] == true,
        nullable: value["nullable"] == true,
        longest: longest(value["description"].as_str().unwrap_or_default()),
        ..Shape::of(kind)
    }
}

/// Another object, or several; those that the subset leaves out are whatever.
fn navigation(to: &str) -> Shape {
    let several = to.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')'));
    let one = match several.unwrap_or(to) {
        known @ ("graph.directoryObject" | "graph.user" | "graph.group") => Kind::Named(format!("microsoft.{known}")),
        _ => Kind::Any,
    };
    let kind = if several.is_some() { Kind::Array(Box::new(Shape::of(one))) } else { one };
    Shape { read_only: true, navigation: true, ..Shape::of(kind) }
}

/// Lengths stand in the descriptions: "Maximum length is 64 characters".
fn longest(description: &str) -> Option<usize> {
    let after = description.split_once("aximum length is ")?.1;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    after[digits.len()..].starts_with(" characters").then_some(())?;
    digits.parse().ok()
}
