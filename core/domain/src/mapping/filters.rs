//! The filters of expressions. Those that change a text change each text of a list.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Object, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};
use regex::Regex;

use super::expression::is_list;
use super::reading::LOOKED_AT;

/// Octets of what a filter makes.
const LONGEST: usize = 16 << 10;
/// Under this name an expression's patterns stand beside the attributes; none of those has a
/// space in front.
pub(super) const PATTERNS: &str = " patterns";

/// Every filter.
pub(super) const NAMES: &[&str] =
    &["first", "join", "last", "lower", "match", "replace", "replace_regex", "split", "title_case", "trim", "upper"];
/// Those whose first argument is a pattern.
pub(super) const PATTERNED: [&str; 2] = ["match", "replace_regex"];

/// The patterns of one expression, ready.
#[derive(Debug)]
pub(super) struct Patterns(pub(super) BTreeMap<String, Regex>);

impl Object for Patterns {}

pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter("upper", |value: &Value| each(value, |text| Ok(text.to_uppercase())));
    environment.add_filter("lower", |value: &Value| each(value, |text| Ok(text.to_lowercase())));
    environment.add_filter("trim", |value: &Value| each(value, |text| Ok(text.trim().to_owned())));
    environment.add_filter("title_case", |value: &Value| each(value, |text| Ok(title_case(text))));
    environment.add_filter("replace", |value: &Value, from: &str, to: &str| {
        each(value, |text| {
            // counted first: a text of one letter may stand there a thousand times
            let times = if from.is_empty() { 0 } else { text.matches(from).count() };
            if times == 0 {
                return Ok(text.to_owned());
            }
            fits(text.len().saturating_add(times.saturating_mul(to.len())))?;
            Ok(text.replace(from, to))
        })
    });
    environment.add_filter("match", |state: &State<'_, '_>, value: &Value, pattern: &str| {
        let regex = regex(state, pattern)?;
        each(value, |text| {
            let Some(found) = regex.captures(text) else { return Ok(String::new()) };
            let part = if regex.captures_len() > 1 { found.get(1) } else { found.get(0) };
            Ok(part.map(|part| part.as_str().to_owned()).unwrap_or_default())
        })
    });
    environment.add_filter("replace_regex", |state: &State<'_, '_>, value: &Value, pattern: &str, to: &str| {
        let regex = regex(state, pattern)?;
        each(value, |text| {
            let mut made = String::new();
            let mut end = 0;
            for found in regex.captures_iter(text) {
                let Some(whole) = found.get(0) else { continue };
                made.push_str(text.get(end..whole.start()).unwrap_or_default());
                found.expand(to, &mut made);
                fits(made.len())?;
                end = whole.end();
            }
            made.push_str(text.get(end..).unwrap_or_default());
            Ok(made)
        })
    });
    environment.add_filter("join", |value: &Value, between: Option<&str>| {
        let texts: Vec<_> = texts_of(value).into_iter().filter(|text| !text.trim().is_empty()).collect();
        let between = between.unwrap_or_default();
        fits(texts.iter().map(|text| text.len() + between.len()).sum())?;
        Ok::<_, Error>(texts.join(between))
    });
    environment.add_filter("split", |value: &str, between: Option<&str>| match between {
        None | Some("") => value.split_whitespace().take(LOOKED_AT).map(Value::from).collect::<Vec<_>>(),
        Some(between) => value.split(between).take(LOOKED_AT).map(|part| Value::from(part.trim())).collect(),
    });
    environment.add_filter("first", |value: &Value| texts_of(value).into_iter().next().unwrap_or_default());
    environment.add_filter("last", |value: &Value| texts_of(value).pop().unwrap_or_default());
}

/// The texts of a value; of whatever is neither a text nor a number, none.
pub(super) fn texts_of(value: &Value) -> Vec<String> {
    if is_list(value) {
        let items = value.try_iter().into_iter().flatten().take(LOOKED_AT);
        return items.filter_map(|item| text_of(&item)).collect();
    }
    text_of(value).into_iter().collect()
}

fn text_of(value: &Value) -> Option<String> {
    match value.kind() {
        ValueKind::String => value.as_str().map(ToOwned::to_owned),
        ValueKind::Number => Some(value.to_string()),
        _ => None,
    }
}

fn each(value: &Value, change: impl Fn(&str) -> Result<String, Error>) -> Result<Value, Error> {
    let checked = |text: &str| {
        let made = change(text)?;
        fits(made.len())?;
        Ok::<_, Error>(Value::from(made))
    };
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => checked(""),
        _ if is_list(value) => {
            let made: Result<Vec<Value>, Error> = texts_of(value).iter().map(|text| checked(text)).collect();
            Ok(Value::from(made?))
        }
        _ => match text_of(value) {
            Some(text) => checked(&text),
            None => {
                Err(Error::new(ErrorKind::InvalidOperation, format!("a filter takes texts, not a {}", value.kind())))
            }
        },
    }
}

fn fits(octets: usize) -> Result<(), Error> {
    if octets <= LONGEST {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidOperation, "the text grows longer than a value may be"))
}

fn regex(state: &State<'_, '_>, pattern: &str) -> Result<Regex, Error> {
    let patterns = state.lookup(PATTERNS).and_then(|value| value.downcast_object::<Patterns>());
    let found = patterns.as_ref().and_then(|patterns: &Arc<Patterns>| patterns.0.get(pattern)).cloned();
    found.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "a pattern has to stand there as a text in quotes"))
}

/// "JEAN-PIERRE d'arc" as "Jean-Pierre D'Arc".
fn title_case(text: &str) -> String {
    let mut begins = true;
    let mut made = String::with_capacity(text.len());
    for c in text.chars() {
        if begins {
            made.extend(c.to_uppercase());
        } else {
            made.extend(c.to_lowercase());
        }
        begins = !c.is_alphanumeric();
    }
    made
}
