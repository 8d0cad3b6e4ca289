//! Whether a value is of a shape.

use std::collections::BTreeMap;

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use serde_json::Value;

use crate::contract::{Contract, Kind, Shape, Way, Wrong};

impl Contract {
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

/// A value as a query spells it.
pub(crate) fn spelt(kind: &Kind, value: &str) -> Result<(), String> {
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
