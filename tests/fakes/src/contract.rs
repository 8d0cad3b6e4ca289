//! What a service's document says that it takes and gives: operations, parameters, shapes.
//! Two readers make it, [`crate::discovery`] and [`crate::openapi`]; what it does not hold is
//! refused.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use serde_json::Value;

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
        Self { kind, read_only: false, nullable: false, longest: None, required: Vec::new() }
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

    /// All fields of a shape, those of the shapes that it is made of too.
    pub fn fields<'a>(&'a self, shape: &'a Shape) -> Fields<'a> {
        let mut all = Fields::default();
        self.gather(shape, &mut all);
        all
    }

    fn gather<'a>(&'a self, shape: &'a Shape, all: &mut Fields<'a>) {
        match &shape.kind {
            Kind::Object { fields, others } => {
                all.fields.extend(fields.iter().map(|(name, shape)| (name.as_str(), shape)));
                if let Some(others) = others {
                    all.others = Some(others);
                }
            }
            Kind::Named(name) => self.gather(self.named(name), all),
            Kind::All(parts) => parts.iter().for_each(|part| self.gather(part, all)),
            _ => {}
        }
    }

    /// The shape of this name: a document that names one it does not have is broken.
    pub fn named(&self, name: &str) -> &Shape {
        self.schemas.get(name).unwrap_or_else(|| panic!("the contract names {name} and does not have it"))
    }

    /// Whether a value is of a shape; `at` is where it stands.
    pub fn check(&self, shape: &Shape, value: &Value, way: Way<'_>, at: &str) -> Result<(), Wrong> {
        let wrong = |why: &str| Err(Wrong::Value(at.to_owned(), format!("{why}: {value}")));
        // null in a patch clears a field, which only Google's lists take without saying so
        if value.is_null() {
            return if shape.nullable || matches!(shape.kind, Kind::Any) { Ok(()) } else { wrong("null is none") };
        }
        match &shape.kind {
            Kind::Any => Ok(()),
            Kind::Text { format, one_of } => {
                let Some(text) = value.as_str() else { return wrong("no text") };
                if way != Way::Answered && shape.longest.is_some_and(|most| text.chars().count() > most) {
                    return wrong("too long");
                }
                textual(format.as_deref(), one_of, text).or_else(|why| wrong(&why))
            }
            Kind::Integer { least, most } => match value.as_i64() {
                Some(number) if (*least..=*most).contains(&number) => Ok(()),
                Some(_) => wrong("out of range"),
                None => wrong("no whole number"),
            },
            Kind::Number => {
                if value.is_number() {
                    Ok(())
                } else {
                    wrong("no number")
                }
            }
            Kind::Boolean => {
                if value.is_boolean() {
                    Ok(())
                } else {
                    wrong("neither true nor false")
                }
            }
            Kind::Array(each) => {
                let Some(values) = value.as_array() else { return wrong("no list") };
                values
                    .iter()
                    .enumerate()
                    .try_for_each(|(number, value)| self.check(each, value, way, &format!("{at}[{number}]")))
            }
            Kind::Named(name) if !self.is_object(shape) => self.check(self.named(name), value, way, at),
            Kind::Object { .. } | Kind::Named(_) | Kind::All(_) => self.check_object(shape, value, way, at),
        }
    }

    fn is_object(&self, shape: &Shape) -> bool {
        match &shape.kind {
            Kind::Object { .. } | Kind::All(_) => true,
            Kind::Named(name) => self.is_object(self.named(name)),
            _ => false,
        }
    }

    fn check_object(&self, shape: &Shape, value: &Value, way: Way<'_>, at: &str) -> Result<(), Wrong> {
        let Some(given) = value.as_object() else {
            return Err(Wrong::Value(at.to_owned(), format!("no object: {value}")));
        };
        // an object that says of which kind it is has the fields of that kind
        let named = value["@odata.type"].as_str().and_then(|name| self.schemas.get(name.trim_start_matches('#')));
        let all = self.fields(named.filter(|_| way == Way::Answered).unwrap_or(shape));
        for (name, value) in given {
            if way == Way::Answered && self.annotations.contains(&name.as_str()) {
                continue;
            }
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let Some(shape) = all.fields.get(name.as_str()).copied().or(all.others) else {
                return Err(Wrong::UnknownField(at));
            };
            if shape.read_only && way != Way::Answered {
                return Err(Wrong::ReadOnly(at));
            }
            self.check(shape, value, way, &at)?;
        }
        for (name, shape) in &all.fields {
            let wanted = shape.required.iter().any(|who| who == "*" || way == Way::Asked(who.as_str()));
            if wanted && !given.contains_key(*name) {
                return Err(Wrong::Value(format!("{at}.{name}"), "it is missing".to_owned()));
            }
        }
        Ok(())
    }
}

/// The fields of an object.
#[derive(Default)]
pub struct Fields<'a> {
    /// By name.
    pub fields: BTreeMap<&'a str, &'a Shape>,
    /// The shape of all others.
    pub others: Option<&'a Shape>,
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

/// A value as a query spells it.
fn spelt(kind: &Kind, value: &str) -> Result<(), String> {
    match kind {
        Kind::Text { format, one_of } => textual(format.as_deref(), one_of, value),
        Kind::Integer { least, most } => match value.parse::<i64>() {
            Ok(number) if (*least..=*most).contains(&number) => Ok(()),
            Ok(_) => Err(format!("{value} is not within [{least}, {most}]")),
            Err(_) => Err(format!("{value:?} is no whole number")),
        },
        Kind::Boolean if matches!(value, "true" | "false") => Ok(()),
        Kind::Boolean => Err(format!("{value:?} is neither true nor false")),
        Kind::Array(each) => spelt(&each.kind, value),
        _ => Ok(()),
    }
}

fn textual(format: Option<&str>, one_of: &[String], text: &str) -> Result<(), String> {
    if !one_of.is_empty() && !one_of.iter().any(|known| known == text) {
        return Err(format!("{text:?} is none of {}", one_of.join(", ")));
    }
    let good = match format {
        Some("int64") => text.parse::<i64>().is_ok(),
        Some("uint64") => text.parse::<u64>().is_ok(),
        Some("date-time" | "google-datetime") => text.parse::<jiff::Timestamp>().is_ok(),
        Some("date") => text.parse::<jiff::civil::Date>().is_ok(),
        Some("byte") => {
            // Google's own signs for padding
            let text = text.replace(['*', '.'], "=");
            let bytes = text.as_bytes();
            [BASE64.decode(bytes), BASE64URL.decode(bytes), BASE64URL_NOPAD.decode(bytes)].iter().any(Result::is_ok)
        }
        Some("uuid") => text.len() == 36 && text.bytes().all(|octet| octet.is_ascii_hexdigit() || octet == b'-'),
        _ => true,
    };
    if good { Ok(()) } else { Err(format!("{text:?} is no {}", format.unwrap_or_default())) }
}
