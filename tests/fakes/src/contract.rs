//! What a service's document says that it takes and gives: operations, parameters, shapes.
//! Two readers make it, [`crate::discovery`] and [`crate::openapi`]; what it does not hold is
//! refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::shape::spelt;

/// A service's whole document.
#[derive(Debug, Default)]
pub struct Contract {
    /// What can be asked.
    pub operations: Vec<Operation>,
    /// Shapes by name.
    pub schemas: BTreeMap<String, Shape>,
    /// Parameters of the query that every operation takes.
    pub common: Vec<Parameter>,
    /// Fields that stand in answers beside those of the shapes (OData's annotations).
    pub annotations: Vec<&'static str>,
}

/// One method on one path.
#[derive(Debug)]
pub struct Operation {
    /// As the document names it.
    pub id: String,
    /// In capitals.
    pub method: String,
    /// Its path's segments.
    pub path: Vec<Segment>,
    /// Of the path and of the query.
    pub parameters: Vec<Parameter>,
    /// Any one of them opens it to a person's token. Empty: the document names none.
    pub scopes: Vec<String>,
    /// Any one of them opens it to an application's token (Graph alone tells the two apart).
    pub application: Vec<String>,
    /// The body that it takes.
    pub request: Option<Shape>,
    /// The body's type when it is no JSON.
    pub media: Option<String>,
    /// What it answers, by status; nothing: an answer without JSON.
    pub responses: BTreeMap<u16, Option<Shape>>,
}

/// A part of a path between two slashes.
#[derive(Debug, PartialEq, Eq)]
pub enum Segment {
    /// Itself.
    Is(String),
    /// Whatever stands there is the parameter of this name.
    Holds(String),
}

/// What can be said in a path or a query.
#[derive(Debug)]
pub struct Parameter {
    /// As it is spelt.
    pub name: String,
    /// In the path rather than in the query.
    pub in_path: bool,
    /// Without it there is no answer.
    pub required: bool,
    /// It may be there more than once.
    pub repeated: bool,
    /// Several values with commas between them.
    pub listed: bool,
    /// Each value's shape.
    pub shape: Shape,
}

/// What a value looks like.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Its type.
    pub kind: Kind,
    /// Only the service writes it.
    pub read_only: bool,
    /// It may be null.
    pub nullable: bool,
    /// Another object, which is there only when it was asked for.
    pub navigation: bool,
    /// The most characters that may be written.
    pub longest: Option<usize>,
    /// The operations that want it (discovery documents), or "*" for all.
    pub required: Vec<String>,
}

/// The type of a value.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Whatever.
    Any,
    /// A text.
    Text {
        /// Such as `date-time`.
        format: Option<String>,
        /// The only values; empty: any.
        one_of: Vec<String>,
    },
    /// A whole number with its bounds.
    Integer {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Several of one shape.
    Array(Box<Shape>),
    /// Fields; others than those only when there is a shape for them.
    Object {
        /// By name.
        fields: BTreeMap<String, Shape>,
        /// The shape of all others.
        others: Option<Box<Shape>>,
    },
    /// The shape of this name.
    Named(String),
    /// The fields of them all.
    All(Vec<Shape>),
}

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way<'a> {
    /// A body for this operation.
    Asked(&'a str),
    /// An answer.
    Answered,
}

/// What is wrong with a request, by the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// No such path.
    Path,
    /// The path is there for other methods.
    Method,
    /// A parameter that the operation does not have.
    UnknownParameter(String),
    /// A parameter with a value that it cannot have, and why.
    Parameter(String, String),
    /// A parameter that has to be there.
    MissingParameter(String),
    /// A field of the body that does not exist: where.
    UnknownField(String),
    /// A field that only the service writes.
    ReadOnly(String),
    /// A value of the body that is none: where and why.
    Value(String, String),
    /// A body where none is taken, none where one is, or one that is no JSON.
    Body(String),
}

/// A request that the contract has.
pub struct Matched<'a> {
    /// What is asked.
    pub operation: &'a Operation,
    /// The parameters of its path.
    pub path: BTreeMap<String, String>,
}

impl Shape {
    /// Of this type, without conditions.
    pub fn of(kind: Kind) -> Self {
        Self { kind, read_only: false, nullable: false, navigation: false, longest: None, required: Vec::new() }
    }
}

impl Contract {
    /// The operation for a method and a path (percent-encoded); the most literal one.
    pub fn find(&self, method: &str, path: &str) -> Result<Matched<'_>, Wrong> {
        let segments: Vec<String> = path.trim_start_matches('/').split('/').map(decoded).collect();
        let mut best: Option<(usize, Matched<'_>)> = None;
        let mut elsewhere = false;
        for operation in &self.operations {
            let Some(found) = fits(&operation.path, &segments) else { continue };
            let literal = operation.path.iter().filter(|part| matches!(part, Segment::Is(_))).count();
            if operation.method != method {
                elsewhere = true;
                continue;
            }
            if best.as_ref().is_none_or(|(most, _)| literal > *most) {
                best = Some((literal, Matched { operation, path: found }));
            }
        }
        match best {
            Some((_, matched)) => Ok(matched),
            None => Err(if elsewhere { Wrong::Method } else { Wrong::Path }),
        }
    }

    /// The first thing in the query that the operation does not take.
    pub fn query(&self, operation: &Operation, query: &[(String, String)]) -> Result<(), Wrong> {
        let mut seen = BTreeSet::new();
        for (name, value) in query {
            let parameter = operation
                .parameters
                .iter()
                .chain(&self.common)
                .find(|parameter| !parameter.in_path && parameter.name == *name)
                .ok_or_else(|| Wrong::UnknownParameter(name.clone()))?;
            if !seen.insert(name) && !parameter.repeated {
                return Err(Wrong::Parameter(name.clone(), "it is there twice".to_owned()));
            }
            let values: Vec<&str> = if parameter.listed { value.split(',').collect() } else { vec![value] };
            for value in values {
                spelt(&parameter.shape.kind, value).map_err(|why| Wrong::Parameter(name.clone(), why))?;
            }
        }
        let missing = operation
            .parameters
            .iter()
            .find(|wanted| wanted.required && !wanted.in_path && !query.iter().any(|(name, _)| *name == wanted.name));
        missing.map_or(Ok(()), |parameter| Err(Wrong::MissingParameter(parameter.name.clone())))
    }

    /// The body as JSON, when the operation takes such a one.
    pub fn body(&self, operation: &Operation, content_type: &str, body: &[u8]) -> Result<Value, Wrong> {
        let kind = content_type.split(';').next().unwrap_or("").trim();
        let Some(shape) = &operation.request else {
            if body.is_empty() || operation.media.as_deref() == Some(kind) {
                return Ok(Value::Null);
            }
            return Err(Wrong::Body("this method takes no body".to_owned()));
        };
        if kind != "application/json" {
            return Err(Wrong::Body(format!("its type is {content_type:?}, not application/json")));
        }
        let value: Value = serde_json::from_slice(body).map_err(|error| Wrong::Body(error.to_string()))?;
        self.check(shape, &value, Way::Asked(&operation.id), "")?;
        Ok(value)
    }

    /// Whether an answer is one that the contract has.
    pub fn answer(&self, operation: &Operation, status: u16, value: Option<&Value>) -> Result<(), Wrong> {
        let Some(shape) = operation.responses.get(&status) else {
            return Err(Wrong::Body(format!("{} does not answer {status}", operation.id)));
        };
        match (shape, value) {
            (Some(shape), Some(value)) => self.check(shape, value, Way::Answered, ""),
            (None, None) => Ok(()),
            (wanted, _) => {
                let what = if wanted.is_some() { "JSON" } else { "nothing in JSON" };
                Err(Wrong::Body(format!("{} answers {what}", operation.id)))
            }
        }
    }
}

fn fits(path: &[Segment], segments: &[String]) -> Option<BTreeMap<String, String>> {
    if path.len() != segments.len() {
        return None;
    }
    let mut found = BTreeMap::new();
    for (part, segment) in path.iter().zip(segments) {
        match part {
            Segment::Is(text) if text == segment => {}
            Segment::Holds(name) if !segment.is_empty() => {
                found.insert(name.clone(), segment.clone());
            }
            _ => return None,
        }
    }
    Some(found)
}

/// A segment without its percents.
pub fn decoded(segment: &str) -> String {
    let joined = format!("a={}", segment.replace('+', "%2B"));
    url::form_urlencoded::parse(joined.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}
